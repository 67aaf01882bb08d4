//! A rejection because of a domain: whether the domain of the sender or the recipient exists and can receive mail.

use super::answers::{DomainState, state_of_domain};
use crate::evidence::Evidence;
use crate::lexicon::{Cause, Confidence, Fix, Reading};
use crate::wire::DnsName;

/// Whose domain it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Sender,
    Recipient,
}

/// Corrects the reading of a rejected domain with what the lookups show.
pub(super) fn corrected(evidence: &Evidence, text: &str, domains: &[(Owner, DnsName)], reading: Reading) -> Reading {
    let seen: Vec<_> =
        domains.iter().map(|(owner, domain)| (*owner, domain, state_of_domain(evidence, domain))).collect();
    let is_bad = |state: DomainState| {
        matches!(state, DomainState::Missing | DomainState::WithoutServer | DomainState::AddressAsMx)
    };
    let mut bad = seen.iter().filter(|(_, _, state)| is_bad(*state));
    match (bad.next(), bad.next()) {
        (Some((owner, domain, state)), None) => of_bad_domain(*owner, domain, *state, reading),
        (None, _) if seen.iter().all(|(_, _, state)| *state == DomainState::ForMail) => {
            of_good_domain(text, domains, reading)
        }
        _ => reading,
    }
}

fn of_bad_domain(owner: Owner, domain: &DnsName, state: DomainState, reading: Reading) -> Reading {
    let what = match state {
        DomainState::Missing => "does not exist: a lookup from here does not find it either",
        DomainState::AddressAsMx => {
            "has an IP address in its MX record instead of a host name, so other servers cannot deliver to it"
        }
        _ => "cannot receive mail: a lookup from here finds neither an MX record nor an IP address for it",
    };
    let whose = match owner {
        Owner::Sender => "sender",
        Owner::Recipient => "recipient",
    };
    let mut reading = Reading {
        means: format!("The {whose}'s domain, {domain}, {what}."),
        otherwise: None,
        confidence: Confidence::Certain,
        ..reading
    };
    let publish = "Domain owner: publish an MX record that names a mail server of the domain by its host name";
    match (owner, state) {
        (Owner::Sender, DomainState::Missing) => {
            reading.fixes = vec![Fix::text("Use a sender address whose domain exists and can receive mail")];
        }
        (Owner::Sender, _) => {
            reading.fixes =
                vec![Fix::text(publish), Fix::text("Or use a sender address in a domain that can receive mail")];
        }
        (Owner::Recipient, _) if reading.cause != Cause::DomainUnknown => {
            reading.cause = Cause::DomainUnknown;
            reading.fixes = vec![Fix::text("Check the spelling of the part after the @")];
        }
        (Owner::Recipient, _) => {}
    }
    reading
}

/// The domain exists, so the server's own lookup fails, or its words mean something else.
fn of_good_domain(text: &str, domains: &[(Owner, DnsName)], mut reading: Reading) -> Reading {
    let text = text.to_ascii_lowercase();
    let is_missing = ["not found", "not exist", "find", "resolv", "lookup", "unknown", "non-existent", "no such"];
    let ([(owner, domain)], true) = (domains, is_missing.iter().any(|words| text.contains(words))) else {
        return reading;
    };
    reading.means = format!(
        "The server could not find the domain {domain} in DNS. However, the domain exists: a lookup from here finds it. The server's own DNS lookup probably fails."
    );
    reading.confidence = reading.confidence.min(Confidence::Likely);
    reading.otherwise = Some(match owner {
        Owner::Sender => "If the domain or its records are new, the server may remember for a while that they did not exist; or the server has a rule of its own for this domain.".to_owned(),
        Owner::Recipient => "If the domain or its records are new, the server may remember for a while that they did not exist.".to_owned(),
    });
    reading.fixes = vec![
        Fix::text("Retry later. If the error remains, tell the server's operator that its DNS lookups fail"),
        Fix::run(
            "Server operator: check whether the server can look up the domain; in a container, run the command there. If it fails, correct the server's resolver (/etc/resolv.conf, for Postfix also /var/spool/postfix/etc/resolv.conf) or the firewall on port 53",
            format!("getent ahosts {domain}"),
        ),
    ];
    reading
}
