//! A rejection because of a domain: whether the domain of the sender or the recipient exists and can receive mail.

use super::super::hosting::without_addresses;
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

/// What the words of a reply say about a domain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DomainWords {
    /// The server did not find it in DNS.
    NotFound,
    /// The server tried to verify the sender, which includes a lookup of its domain.
    Verified,
}

/// What a reply says about a domain in DNS; `None` if it does not speak of DNS. Email addresses are left out of the text,
/// because they can contain any word.
pub(super) fn words_about_domain(text: &str) -> Option<DomainWords> {
    const NOT_FOUND: [&str; 18] = [
        "domain not found",
        "domain does not exist",
        "domain doesn't exist",
        "domain not exist",
        "non-existent domain",
        "nonexistent domain",
        "no such domain",
        "unknown domain",
        "domain unknown",
        "host not found",
        "not resolve",
        "cannot resolve",
        "could not be resolved",
        "unable to resolve",
        "unresolvable",
        "nxdomain",
        "invalid dns",
        "no mx",
    ];
    let text = without_addresses(text);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["user", "mailbox", "callout"]) && !has(&["mailbox unavailable invalid dns"]) {
        has(&["sender verify", "verify sender", "sender verification", "callout"]).then_some(DomainWords::Verified)
    } else if has(&NOT_FOUND) {
        Some(DomainWords::NotFound)
    } else {
        has(&["sender verify", "verify sender", "sender verification", "emetteur invalide"])
            .then_some(DomainWords::Verified)
    }
}

/// Adds to the reading of a rejected domain what the lookups show. The resolver of this machine may know other names than
/// that of the server, so this is never certain.
pub(super) fn corrected(
    evidence: &Evidence,
    words: DomainWords,
    domains: &[(Owner, DnsName)],
    reading: Reading,
) -> Reading {
    let seen: Vec<_> =
        domains.iter().map(|(owner, domain)| (*owner, domain, state_of_domain(evidence, domain))).collect();
    let is_bad = |state: DomainState| {
        matches!(
            state,
            DomainState::Missing | DomainState::WithoutServer | DomainState::AddressAsMx | DomainState::HostsMissing
        )
    };
    let mut bad = seen.iter().filter(|(_, _, state)| is_bad(*state));
    match (bad.next(), bad.next()) {
        (Some((owner, domain, state)), None) => of_bad_domain(*owner, domain, *state, reading),
        (None, _) if words == DomainWords::NotFound => match seen.as_slice() {
            [(owner, domain, DomainState::ForMail)] => of_good_domain(*owner, domain, reading),
            _ => reading,
        },
        _ => reading,
    }
}

fn of_bad_domain(owner: Owner, domain: &DnsName, state: DomainState, reading: Reading) -> Reading {
    let what = match state {
        DomainState::Missing => "does not exist in DNS, as a lookup from here confirms",
        DomainState::AddressAsMx => {
            "has an IP address in its MX record instead of a host name, so other servers cannot deliver to it"
        }
        DomainState::HostsMissing => {
            "has an MX record with a mail server that has no IP address, as a lookup from here confirms"
        }
        _ => "has neither an MX record nor an IP address in DNS, as a lookup from here confirms",
    };
    let whose = match owner {
        Owner::Sender => "sender",
        Owner::Recipient => "recipient",
    };
    let mut reading = Reading {
        means: format!("The {whose}'s domain, {domain}, {what}."),
        otherwise: Some(
            "The domain may exist only in an internal network, or the DNS resolver of this machine may filter it."
                .to_owned(),
        ),
        confidence: Confidence::Likely,
        ..reading
    };
    let publish = "Domain owner: publish an MX record that names a mail server of the domain by its host name";
    match (owner, state) {
        (Owner::Sender, DomainState::Missing) => {}
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

/// The domain exists, so the server's own lookup fails.
fn of_good_domain(owner: Owner, domain: &DnsName, mut reading: Reading) -> Reading {
    reading.means = format!(
        "The server could not find the domain {domain} in DNS. However, a lookup from here finds its MX record, so the server's own DNS lookup probably fails."
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

#[cfg(test)]
mod tests {
    use super::{DomainWords, words_about_domain};

    #[test]
    fn only_words_about_dns_lead_to_a_lookup() {
        for (text, words) in [
            ("<a@example.com>: Sender address rejected: Domain not found", Some(DomainWords::NotFound)),
            ("mailbox unavailable invalid DNS MX or A/AAAA resource record", Some(DomainWords::NotFound)),
            ("Sender verify failed", Some(DomainWords::Verified)),
            (
                "Verification failed for <g@example.net> No Such User Here Sender verify failed",
                Some(DomainWords::Verified),
            ),
            ("Sender domain alerts.example.org is not verified in your account", None),
            ("<verify@alerts.example.org>: Sender address rejected: not owned by user b@example.com", None),
            ("Sender address rejected: not allowed to use this domain without login", None),
            ("Sender address rejected: this domain is on our block list", None),
        ] {
            assert!(words_about_domain(text) == words, "{text}");
        }
    }
}
