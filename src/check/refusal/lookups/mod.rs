//! DNS lookups after a rejection. They verify what the reply says about an IP address or a domain: whether the PTR
//! record is really missing, whether the domain exists, and whether this server is the one in the domain's MX record.
//!
//! Nothing is looked up unless the server was found by DNS and is on the internet: a machine without DNS would have to
//! wait, and public DNS does not know private names.
//!
//! Modules: [`answers`] (the answers), [`client`] (the client's IP address), [`domains`] (domains of the sender and the
//! recipient) and [`mailboxes`] (the place of the recipient's mailboxes).

mod answers;
mod client;
mod domains;
mod mailboxes;

use std::net::IpAddr;

use self::answers::{MAX_HOSTS, address_kind, answer, hosts_of, names_of};
use self::client::address_in;
pub(super) use self::client::client_address;
use self::domains::Owner;
use crate::check::finding::Finding;
use crate::check::place;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{DnsCode, Evidence, NameSource, Phase, Session};
use crate::lexicon::{Cause, Reading};
use crate::plan::Plan;
use crate::question::{Question, RecordsRequest};
use crate::wire::{DnsName, DomainName, RecordKind, reverse_name};

/// What a reply leads to, if anything.
enum Subject {
    /// The server rejects this IP address because of its name.
    Client(IpAddr),
    /// The server rejects a domain: that of the sender, that of the recipient, or one of both.
    Domains(Vec<(Owner, DnsName)>),
    /// The server treats the recipient's domain as its own, or does not.
    Mailboxes(DnsName),
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

fn subject(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>, cause: Cause) -> Option<Subject> {
    let text = received.reply.joined();
    match (cause, received.event.phase) {
        (Cause::ReverseDns, _) => client_address(session, received).map(Subject::Client),
        // Only a private address shows something about these.
        (Cause::Reputation | Cause::SenderAuthentication | Cause::Greylisted | Cause::ContentPolicy, _) => {
            address_in(&text).filter(|ip| place::is_private(*ip)).map(Subject::Client)
        }
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
        (Cause::AuthRequired, Phase::Rcpt) if plan.login.is_some() || plan.target.port != 25 => None,
        (Cause::UnknownUser | Cause::RelayDenied | Cause::RecipientRestricted | Cause::AuthRequired, Phase::Rcpt) => {
            recipient_domain(plan, received).map(Subject::Mailboxes)
        }
        _ => None,
    }
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

/// Corrects the reading of a rejection with what the lookups show.
pub(super) fn corrected(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    received: ReceivedReply<'_>,
    reading: Reading,
) -> Reading {
    match subject(plan, session, received, reading.cause) {
        Some(Subject::Domains(domains)) => domains::corrected(evidence, &received.reply.joined(), &domains, reading),
        Some(Subject::Mailboxes(domain)) => match reading.cause {
            Cause::RecipientRestricted => mailboxes::of_outsider(plan, evidence, session, &domain, reading),
            Cause::AuthRequired => mailboxes::of_receiver(plan, evidence, session, &domain, reading),
            _ => reading,
        },
        _ => reading,
    }
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
        Some(Subject::Client(ip)) if place::is_private(ip) => client::private_client(session, ip, finding),
        Some(Subject::Client(ip)) => client::weigh_client(evidence, received, ip, finding),
        Some(Subject::Domains(domains)) => {
            let probes = domains.iter().filter_map(|(_, domain)| answer(evidence, domain, RecordKind::Mx));
            finding.evidence.probes.extend(probes.map(|(probe, _)| probe.id));
        }
        Some(Subject::Mailboxes(domain)) => {
            mailboxes::weigh_mailboxes(plan, evidence, session, cause, &domain, finding)
        }
        None => {}
    }
}
