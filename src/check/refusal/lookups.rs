//! DNS lookups after a rejection. They verify what the reply says about an IP address or a domain: whether the PTR
//! record is really missing, whether the domain exists, and whether this server is the one in the domain's MX record.
//!
//! Nothing is looked up unless the server was found by DNS and is on the internet: a machine without DNS would have to
//! wait, and public DNS does not know private names.

use std::net::IpAddr;

use super::super::domain::sight::is_conclusive;
use super::super::finding::{Finding, in_shell};
use super::super::place;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Answer, DnsCode, Evidence, NameSource, Outcome, Phase, Probe, RecordData, RecordsSeen, Session};
use crate::lexicon::{Cause, Confidence, Fix, Reading};
use crate::plan::Plan;
use crate::question::{Question, RecordsRequest};
use crate::wire::{DnsName, DomainName, RecordKind, reverse_name};

/// The maximum number of MX hosts whose IP addresses are compared with that of the server.
const MAX_HOSTS: usize = 5;

/// What a reply leads to, if anything.
enum Subject {
    /// The server rejects this IP address because of its name.
    Client(IpAddr),
    /// The server rejects a domain: that of the sender, that of the recipient, or one of both.
    Domains(Vec<(Owner, DnsName)>),
    /// The server treats the recipient's domain as its own, or does not.
    Mailboxes(DnsName),
}

/// Whose domain it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Sender,
    Recipient,
}

/// The lookups that a rejection needs, given the answers so far.
pub(super) fn questions(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    received: ReceivedReply<'_>,
    cause: Cause,
) -> Vec<Question> {
    if !is_found_by_dns(plan, evidence) {
        return Vec::new();
    }
    let wanted = match subject(plan, session, received, cause) {
        Some(Subject::Client(ip)) if !place::is_private(ip) => of_client(evidence, ip),
        Some(Subject::Domains(domains)) => domains.iter().flat_map(|(_, domain)| of_domain(evidence, domain)).collect(),
        Some(Subject::Mailboxes(domain)) => of_mailboxes(evidence, session, &domain),
        Some(Subject::Client(_)) | None => Vec::new(),
    };
    wanted.into_iter().map(|(name, kind)| Question::Records(RecordsRequest::to_resolver(name, kind))).collect()
}

/// Whether DNS returned a public IP address for the target in this run.
fn is_found_by_dns(plan: &Plan, evidence: &Evidence) -> bool {
    plan.resolves_here()
        && evidence.names().and_then(|(_, names)| names).is_some_and(|names| {
            names.source != NameSource::Override
                && names.addresses().next().is_some()
                && names.addresses().all(|ip| !place::is_private(ip))
        })
}

/// The IP address from which this machine reaches the server, as the server shows it: in the rejection, or in its reply
/// to EHLO, as Exim, Exchange and Gmail do.
pub(super) fn client_address(session: Session<'_>, received: ReceivedReply<'_>) -> Option<IpAddr> {
    let hello = || {
        let phases = [Phase::EhloTls, Phase::Ehlo];
        let greeted = phases.into_iter().find_map(|phase| session.reply_at(phase))?;
        address_in(greeted.reply.text.first()?)
    };
    // A server may name its own address instead.
    let server = session.connected().map(|(server, _)| server.ip());
    address_in(&received.reply.joined()).or_else(hello).filter(|ip| Some(*ip) != server)
}

fn subject(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>, cause: Cause) -> Option<Subject> {
    let text = received.reply.joined();
    match (cause, received.event.phase) {
        (Cause::ReverseDns, _) => client_address(session, received).map(Subject::Client),
        (Cause::DomainUnknown | Cause::SenderRejected, phase @ (Phase::Mail | Phase::Rcpt)) => {
            let lower = text.to_ascii_lowercase();
            let is_about_dns = ["domain", "dns", "resolv", " mx", "exist", "invalid sender", "verif"]
                .iter()
                .any(|word| lower.contains(word));
            if !is_about_dns {
                return None;
            }
            let of_sender = sender_domain(plan).map(|domain| (Owner::Sender, domain));
            let of_recipient = recipient_domain(plan, received).map(|domain| (Owner::Recipient, domain));
            let domains: Vec<_> = match (lower.contains("sender"), lower.contains("recipient")) {
                _ if phase == Phase::Mail => of_sender.into_iter().collect(),
                (true, false) => of_sender.into_iter().collect(),
                (false, true) => of_recipient.into_iter().collect(),
                _ => of_sender.into_iter().chain(of_recipient).collect(),
            };
            Some(Subject::Domains(domains))
        }
        (Cause::UnknownUser | Cause::RelayDenied | Cause::RecipientRestricted, Phase::Rcpt) => {
            recipient_domain(plan, received).map(Subject::Mailboxes)
        }
        _ => None,
    }
}

/// The first IP address in a reply.
fn address_in(text: &str) -> Option<IpAddr> {
    text.split(|letter: char| !(letter.is_ascii_hexdigit() || matches!(letter, '.' | ':')))
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| word.len() >= 7 || word.contains("::"))
        .find_map(|word| word.parse().ok())
}

fn public_name(domain: &str) -> Option<DnsName> {
    DomainName::parse(domain).ok().map(|name| DnsName::from(&name))
}

fn sender_domain(plan: &Plan) -> Option<DnsName> {
    let from = plan.from.as_ref()?.mailbox()?.to_string();
    public_name(from.rsplit_once('@')?.1)
}

fn recipient_domain(plan: &Plan, received: ReceivedReply<'_>) -> Option<DnsName> {
    let to = plan.to.get(received.recipient.unwrap_or_default())?.to_string();
    public_name(to.rsplit_once('@')?.1)
}

type Wanted = Vec<(DnsName, RecordKind)>;

fn of_client(evidence: &Evidence, ip: IpAddr) -> Wanted {
    let arpa = reverse_name(ip);
    let names = names_of(evidence, ip).into_iter().map(|name| (name, address_kind(ip)));
    std::iter::once((arpa, RecordKind::Ptr)).chain(names).collect()
}

fn of_domain(evidence: &Evidence, domain: &DnsName) -> Wanted {
    let mut wanted = vec![(domain.clone(), RecordKind::Mx)];
    // Without an MX record, mail is sent to the IP address of the domain (RFC 5321 §5.1).
    if answer(evidence, domain, RecordKind::Mx)
        .is_some_and(|(_, seen)| seen.code == DnsCode::NoError && seen.records.is_empty())
    {
        wanted.extend([(domain.clone(), RecordKind::A), (domain.clone(), RecordKind::Aaaa)]);
    }
    wanted
}

fn of_mailboxes(evidence: &Evidence, session: Session<'_>, domain: &DnsName) -> Wanted {
    let mut wanted = vec![(domain.clone(), RecordKind::Mx)];
    if let Some((server, _)) = session.connected() {
        let hosts = hosts_of(evidence, domain).into_iter().take(MAX_HOSTS);
        wanted.extend(hosts.map(|host| (host, address_kind(server.ip()))));
    }
    wanted
}

fn address_kind(ip: IpAddr) -> RecordKind {
    if ip.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa }
}

/// An answer that can be relied on.
fn answer<'e>(evidence: &'e Evidence, name: &DnsName, kind: RecordKind) -> Option<(&'e Probe, &'e RecordsSeen)> {
    let request = RecordsRequest::to_resolver(name.clone(), kind);
    evidence.probes.iter().find_map(|probe| match (&probe.question, &probe.outcome) {
        (Question::Records(asked), Outcome::Done { answer: Answer::Records(seen) })
            if *asked == request && is_conclusive(seen) =>
        {
            Some((probe, seen))
        }
        _ => None,
    })
}

/// The names of an IP address, at most two.
fn names_of(evidence: &Evidence, ip: IpAddr) -> Vec<DnsName> {
    let seen = answer(evidence, &reverse_name(ip), RecordKind::Ptr).map(|(_, seen)| seen);
    seen.into_iter()
        .flat_map(|seen| &seen.records)
        .filter_map(|record| match &record.data {
            RecordData::Ptr { host } => Some(host.clone()),
            _ => None,
        })
        .take(2)
        .collect()
}

/// The MX hosts of a domain, the most preferred first; empty if they are not known or the MX is null.
fn hosts_of(evidence: &Evidence, domain: &DnsName) -> Vec<DnsName> {
    let seen = answer(evidence, domain, RecordKind::Mx).map(|(_, seen)| seen);
    let mut hosts: Vec<(u16, DnsName)> = seen
        .into_iter()
        .flat_map(|seen| &seen.records)
        .filter_map(|record| match &record.data {
            RecordData::Mx { preference, host } if !host.is_root() => Some((*preference, host.clone())),
            _ => None,
        })
        .collect();
    hosts.sort_by_key(|(preference, _)| *preference);
    hosts.into_iter().map(|(_, host)| host).collect()
}

/// Compares a finding about a rejection with the answers.
pub(super) fn weigh(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    received: ReceivedReply<'_>,
    cause: Cause,
    finding: &mut Finding,
) {
    match subject(plan, session, received, cause) {
        Some(Subject::Client(ip)) if place::is_private(ip) => private_client(session, ip, finding),
        Some(Subject::Client(ip)) => weigh_client(evidence, received, ip, finding),
        Some(Subject::Domains(domains)) => {
            let probes = domains.iter().filter_map(|(_, domain)| answer(evidence, domain, RecordKind::Mx));
            finding.evidence.probes.extend(probes.map(|(probe, _)| probe.id));
        }
        Some(Subject::Mailboxes(domain)) => weigh_mailboxes(plan, evidence, session, cause, &domain, finding),
        None => {}
    }
}

/// The server sees a private address that is not the one of this machine: a gateway in front of it hides its clients.
fn private_client(session: Session<'_>, ip: IpAddr, finding: &mut Finding) {
    let Some((server, local)) = session.connected() else { return };
    if local.ip() == ip || place::is_private(server.ip()) {
        return;
    }
    finding.cause = format!(
        "The server sees your connection as coming from {ip}, a private address, which has no PTR record: a proxy, or the gateway of the server's container network, hides the addresses of all its clients."
    );
    finding.confidence = Confidence::Likely;
    finding.otherwise = Some("You may be connected to the server over a VPN or another private network.".to_owned());
    finding.fixes = vec![
        Fix::text(
            "Log in with your user name on port 587 or 465; most servers do not apply this rule to clients that are logged in",
        ),
        Fix::text(format!(
            "Server operator: make the server see the clients' own addresses: in Docker, use network_mode: host, or switch off the userland proxy and give the network IPv6; behind a proxy, use the PROXY protocol. Do not add {ip} to the trusted networks, because every client has this address"
        )),
    ];
}

fn weigh_client(evidence: &Evidence, received: ReceivedReply<'_>, ip: IpAddr, finding: &mut Finding) {
    let Some((probe, seen)) = answer(evidence, &reverse_name(ip), RecordKind::Ptr) else { return };
    finding.evidence.probes.push(probe.id);
    let names = names_of(evidence, ip);
    let Some(name) = names.first() else {
        if seen.is_void() {
            finding.cause.push_str(&format!(" A lookup from here finds no PTR record for {ip} either."));
        }
        return;
    };
    let shown = probe.quote(name.as_str());
    let forward = answer(evidence, name, address_kind(ip));
    let Some((probe, addresses)) = forward else { return };
    finding.evidence.probes.push(probe.id);
    if !addresses.addresses().any(|found| found == ip) {
        finding.cause.push_str(&format!(
            " A lookup from here finds the name {shown} for {ip}, but this name does not resolve back to {ip}."
        ));
        return;
    }
    // A name that looks like one of a home line exists as well.
    let text = received.reply.joined().to_ascii_lowercase();
    let is_missing = ["find", "lookup", "missing", "no ptr", "no reverse", "not have", "does not", "resolv", "unknown"]
        .iter()
        .any(|word| text.contains(word));
    let is_generic = ["generic", "dynamic", "dial", "residential", "pool"].iter().any(|word| text.contains(word));
    if !is_missing || is_generic {
        return;
    }
    finding.cause = format!(
        "The server found no name for {ip}. However, a lookup from here finds the name {shown}, which resolves back to {ip}. The server's own DNS lookup probably fails."
    );
    finding.confidence = Confidence::Likely;
    finding.otherwise = Some(
        "If the PTR record is new, the server may remember that it did not exist; this lasts for a day at most."
            .to_owned(),
    );
    finding.fixes = vec![
        Fix::run(
            "Server operator: check whether the server can look up the name; in a container, run the command there. If it fails, correct the server's resolver (/etc/resolv.conf) or the firewall on port 53",
            format!("getent hosts {ip}"),
        ),
        Fix::text("If you do not operate the server, tell its postmaster, and retry later: your PTR record is correct"),
    ];
}

/// What a lookup shows about a domain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DomainState {
    /// It has an MX record or an IP address.
    ForMail,
    /// It does not exist.
    Missing,
    /// It has neither an MX record nor an IP address.
    WithoutServer,
    /// Its MX record contains an IP address instead of a host name, which RFC 1035 §3.3.9 does not allow.
    AddressAsMx,
    /// The lookup failed.
    Unknown,
}

fn state_of_domain(evidence: &Evidence, domain: &DnsName) -> DomainState {
    let Some((_, seen)) = answer(evidence, domain, RecordKind::Mx) else { return DomainState::Unknown };
    if seen.code == DnsCode::NxDomain {
        return DomainState::Missing;
    }
    let hosts = hosts_of(evidence, domain);
    if hosts.iter().any(|host| host.as_str().parse::<IpAddr>().is_ok()) {
        return DomainState::AddressAsMx;
    }
    if !hosts.is_empty() {
        return DomainState::ForMail;
    }
    match [RecordKind::A, RecordKind::Aaaa].map(|kind| answer(evidence, domain, kind)) {
        [Some((_, a)), Some((_, aaaa))] if a.records.is_empty() && aaaa.records.is_empty() => {
            DomainState::WithoutServer
        }
        [Some((_, a)), Some((_, aaaa))] if !a.records.is_empty() || !aaaa.records.is_empty() => DomainState::ForMail,
        _ => DomainState::Unknown,
    }
}

/// Corrects the reading of a rejected domain with what the lookups show.
pub(super) fn corrected(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    received: ReceivedReply<'_>,
    reading: Reading,
) -> Reading {
    let domains = match subject(plan, session, received, reading.cause) {
        Some(Subject::Domains(domains)) => domains,
        Some(Subject::Mailboxes(domain)) if reading.cause == Cause::RecipientRestricted => {
            return of_outsider(plan, evidence, session, &domain, reading);
        }
        _ => return reading,
    };
    let seen: Vec<_> =
        domains.iter().map(|(owner, domain)| (*owner, domain, state_of_domain(evidence, domain))).collect();
    let is_bad = |state: DomainState| {
        matches!(state, DomainState::Missing | DomainState::WithoutServer | DomainState::AddressAsMx)
    };
    let mut bad = seen.iter().filter(|(_, _, state)| is_bad(*state));
    match (bad.next(), bad.next()) {
        (Some((owner, domain, state)), None) => of_bad_domain(*owner, domain, *state, reading),
        (None, _) if seen.iter().all(|(_, _, state)| *state == DomainState::ForMail) => {
            of_good_domain(&received.reply.joined(), &domains, reading)
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

/// A server that relays only for clients that have logged in rejects every recipient with the words for a restricted
/// one, for example Postfix with `smtpd_recipient_restrictions = permit_sasl_authenticated, reject`.
fn of_outsider(plan: &Plan, evidence: &Evidence, session: Session<'_>, domain: &DnsName, reading: Reading) -> Reading {
    if plan.login.is_some() || !offers_login(session) || place_of(plan, evidence, session, domain) != MxPlace::Elsewhere
    {
        return reading;
    }
    let target = plan.target.host.with_port(plan.target.port);
    let mut fixes = vec![Fix::run(
        "Log in with your user name before you send; in the application, enable SMTP authentication",
        format!("smtpcheck {target} --user USER"),
    )];
    fixes.push(Fix::text(
        "Server operator: if the program should send without a login, add its IP address to the trusted clients (Postfix: mynetworks)",
    ));
    Reading {
        cause: Cause::RelayDenied,
        means: format!(
            "The server advertises AUTH, the client did not log in, and the MX record of {domain} names another server: this server accepts mail for other domains only after a login."
        ),
        confidence: Confidence::Likely,
        otherwise: Some("The server's operator may have a rule against this recipient.".to_owned()),
        fixes,
        ..reading
    }
}

fn offers_login(session: Session<'_>) -> bool {
    session.final_capabilities().is_some_and(|(_, offers)| offers.has("AUTH"))
}

/// Where the MX record of a domain leads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MxPlace {
    /// To the server of this check.
    Here,
    /// To other servers.
    Elsewhere,
    /// Not known.
    Unknown,
}

fn place_of(plan: &Plan, evidence: &Evidence, session: Session<'_>, domain: &DnsName) -> MxPlace {
    let hosts = hosts_of(evidence, domain);
    let Some((server, _)) = session.connected() else { return MxPlace::Unknown };
    let kind = address_kind(server.ip());
    let addresses: Vec<_> = hosts.iter().take(MAX_HOSTS).filter_map(|host| answer(evidence, host, kind)).collect();
    let is_named = plan.target.host.name().is_some_and(|name| hosts.contains(&DnsName::from(name)));
    if is_named || addresses.iter().any(|(_, seen)| seen.addresses().any(|ip| ip == server.ip())) {
        return MxPlace::Here;
    }
    // Every host has to be known before the server can be said to be another one.
    let all_known = !hosts.is_empty() && hosts.len() <= MAX_HOSTS && addresses.len() == hosts.len();
    if all_known { MxPlace::Elsewhere } else { MxPlace::Unknown }
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

fn weigh_mailboxes(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    cause: Cause,
    domain: &DnsName,
    finding: &mut Finding,
) {
    let hosts = hosts_of(evidence, domain);
    let (Some(first), Some((probe, _))) = (hosts.first(), answer(evidence, domain, RecordKind::Mx)) else { return };
    finding.evidence.probes.push(probe.id);
    let shown = probe.quote(first.as_str());
    let place = place_of(plan, evidence, session, domain);
    if place == MxPlace::Elsewhere {
        finding.consequences.push(format!("The MX record of {domain} names {shown}, not this server"));
    }
    match cause {
        Cause::RelayDenied if place == MxPlace::Here => {
            finding.cause = format!(
                "The MX record of {domain} names this server, but the server does not know that it has to accept mail for the domain."
            );
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some("The MX record may be wrong, if the mailboxes are on another server.".to_owned());
            finding.fixes = vec![
                Fix::run(
                    format!(
                        "Server operator: add {domain} to the domains that the server receives mail for (the command shows Postfix's settings; in a control panel, create the mail domain)"
                    ),
                    "postconf mydestination virtual_mailbox_domains virtual_alias_domains relay_domains",
                ),
                Fix::text(format!("If the mailboxes are on another server, correct the MX record of {domain}")),
            ];
        }
        Cause::RelayDenied | Cause::RecipientRestricted
            if place == MxPlace::Elsewhere && plan.login.is_none() && !offers_login(session) =>
        {
            finding.fixes.insert(
                0,
                Fix::run(
                    format!("Deliver the mail to the server in the MX record of {domain}"),
                    format!("smtpcheck {}:25", in_shell(first.as_str())),
                ),
            );
        }
        Cause::UnknownUser if place == MxPlace::Elsewhere => {
            let at = finding.fixes.len().min(1);
            finding.fixes.insert(
                at,
                Fix::text(format!(
                    "If the mailboxes of {domain} are at {shown}, this server wrongly treats the domain as its own. Server operator: remove the domain from it (Postfix: mydestination, virtual_mailbox_domains; cPanel: Email Routing, Remote; Plesk, Hestia, DirectAdmin: switch off mail for the domain)"
                )),
            );
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_first_ip_address_of_a_reply_is_found() {
        for (text, ip) in [
            ("Client host rejected: cannot find your hostname, [172.18.0.1]", Some("172.18.0.1")),
            ("No PTR record for 2a01:4f8::25.", Some("2a01:4f8::25")),
            ("5.7.25 [203.0.113.9] has no PTR", Some("203.0.113.9")),
            ("4.7.1 Deferred, see 421 4.7.0", None),
            ("12:34:56 deadbeef", None),
        ] {
            assert_eq!(address_in(text), ip.map(|ip| ip.parse().expect("an address")), "{text}");
        }
    }
}
