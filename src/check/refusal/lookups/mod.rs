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

use self::answers::{MAX_HOSTS, MAX_TRIED, MxPlace, address_kind, answer, hosts_of, names_of, place_of};
pub(super) use self::client::client_address;
use self::domains::{DomainWords, Owner, words_about_domain};
use super::hosting;
use crate::check::finding::Finding;
use crate::check::place;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{DnsCode, Evidence, NameSource, Phase, Session};
use crate::lexicon::{Cause, Reading};
use crate::plan::{Plan, Protocol};
use crate::question::{Question, RecordsRequest};
use crate::wire::{DnsName, DomainName, RecordKind, reverse_name};

/// What a reply leads to, if anything.
enum Subject {
    /// The server rejects this IP address because of its name.
    Client(IpAddr),
    /// The server rejects a domain: that of the sender, that of the recipient, or one of both.
    Domains(DomainWords, Vec<(Owner, DnsName)>),
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
        Some(Subject::Domains(_, domains)) => {
            domains.iter().flat_map(|(_, domain)| of_domain(evidence, domain)).collect()
        }
        Some(Subject::Mailboxes(domain)) => of_mailboxes(evidence, session, &domain),
        Some(Subject::Client(_)) | None => Vec::new(),
    };
    wanted.into_iter().map(|(name, kind)| Question::Records(RecordsRequest::to_resolver(name, kind))).collect()
}

/// Whether DNS returned a public IP address for the target in this run.
fn is_found_by_dns(plan: &Plan, evidence: &Evidence) -> bool {
    plan.used_proxy().is_none()
        && evidence.names().and_then(|(_, names)| names).is_some_and(|names| {
            names.source != NameSource::Override
                && names.addresses().next().is_some()
                && names.addresses().all(|ip| !place::is_private(ip))
        })
}

fn subject(plan: &Plan, session: Session<'_>, received: ReceivedReply<'_>, cause: Cause) -> Option<Subject> {
    let client = || client_address(plan, session, received);
    match (cause, received.event.phase) {
        (Cause::ReverseDns, _) => client().map(Subject::Client),
        // Only a private address shows something about these.
        (Cause::Reputation | Cause::SenderAuthentication | Cause::Greylisted | Cause::ContentPolicy, _) => {
            client().filter(|ip| place::is_private(*ip)).map(Subject::Client)
        }
        (Cause::DomainUnknown | Cause::SenderRejected, Phase::Mail | Phase::Rcpt) => {
            let words = words_about_domain(&received.reply.joined())?;
            Some(Subject::Domains(words, domains_in_question(plan, received)))
        }
        // LMTP servers are never in an MX record.
        (_, Phase::Rcpt) if plan.target.protocol != Protocol::Smtp => None,
        (Cause::AuthRequired, Phase::Rcpt) if plan.login.is_some() || plan.target.port != 25 => None,
        (Cause::UnknownUser | Cause::RelayDenied | Cause::RecipientRestricted | Cause::AuthRequired, Phase::Rcpt) => {
            recipient_domain(plan, received).map(Subject::Mailboxes)
        }
        _ => None,
    }
}

/// The domains that a reply may speak of: the one that it names, or the one that its status is about (RFC 3463 §3.2),
/// or the one that its words are about; otherwise both.
fn domains_in_question(plan: &Plan, received: ReceivedReply<'_>) -> Vec<(Owner, DnsName)> {
    let sender = sender_domain(plan).map(|domain| (Owner::Sender, domain));
    let recipient = recipient_domain(plan, received).map(|domain| (Owner::Recipient, domain));
    if received.event.phase == Phase::Mail {
        return sender.into_iter().collect();
    }
    let text = received.reply.joined().to_ascii_lowercase();
    let is_named = |known: &Option<(Owner, DnsName)>| {
        known.as_ref().is_some_and(|(_, domain)| text.contains(&domain.as_str().to_ascii_lowercase()))
    };
    let bare = hosting::bare_text(received);
    let status = received.reply.enhanced.map(|status| status.kind());
    let (of_sender, of_recipient) = match (is_named(&sender), is_named(&recipient), status) {
        (true, false, _) | (_, _, Some((1, 7 | 8))) => (true, false),
        (false, true, _) | (_, _, Some((1, 1..=3))) => (false, true),
        _ => match (bare.contains("sender"), bare.contains("recipient")) {
            (true, false) => (true, false),
            (false, true) => (false, true),
            _ => (true, true),
        },
    };
    sender.filter(|_| of_sender).into_iter().chain(recipient.filter(|_| of_recipient)).collect()
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
    for host in hosts_of(evidence, domain).into_iter().take(MAX_TRIED) {
        wanted.extend([(host.clone(), RecordKind::A), (host, RecordKind::Aaaa)]);
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
        Some(Subject::Domains(words, domains)) => domains::corrected(evidence, words, &domains, reading),
        Some(Subject::Mailboxes(domain)) => match reading.cause {
            Cause::RecipientRestricted => mailboxes::of_outsider(plan, evidence, session, received, &domain, reading),
            Cause::AuthRequired => mailboxes::of_receiver(plan, evidence, session, received, &domain, reading),
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
        Some(Subject::Client(ip)) => client::weigh_client(plan, evidence, received, ip, finding),
        Some(Subject::Domains(_, domains)) => {
            let probes = domains.iter().filter_map(|(_, domain)| answer(evidence, domain, RecordKind::Mx));
            finding.evidence.probes.extend(probes.map(|(probe, _)| probe.id));
        }
        Some(Subject::Mailboxes(domain)) => {
            mailboxes::weigh_mailboxes(plan, evidence, session, received, cause, &domain, finding)
        }
        None => {}
    }
}

/// Whether the MX record of the recipient's domain names the server.
pub(super) fn is_mx_of_recipient(
    plan: &Plan,
    evidence: &Evidence,
    session: Session<'_>,
    received: ReceivedReply<'_>,
) -> bool {
    let domain = recipient_domain(plan, received);
    domain.is_some_and(|domain| place_of(plan, evidence, session, &domain) == MxPlace::Here)
}
