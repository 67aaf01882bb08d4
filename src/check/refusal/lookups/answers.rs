//! The answers to the lookups of a check. Only answers that can be relied on are used.

use std::net::IpAddr;

use crate::check::domain::sight::is_conclusive;
use crate::check::place;
use crate::evidence::{Answer, DnsCode, Evidence, Outcome, Phase, Probe, RecordData, RecordsSeen, Session};
use crate::plan::Plan;
use crate::question::{Question, RecordsRequest};
use crate::wire::{DnsName, RecordKind, reverse_name};

/// The maximum number of MX hosts whose IP addresses are compared with that of the server.
pub(super) const MAX_HOSTS: usize = 5;

/// The maximum number of names of an IP address that are looked up.
const MAX_NAMES: usize = 3;

/// An answer that can be relied on.
pub(super) fn answer<'e>(
    evidence: &'e Evidence,
    name: &DnsName,
    kind: RecordKind,
) -> Option<(&'e Probe, &'e RecordsSeen)> {
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

pub(super) fn address_kind(ip: IpAddr) -> RecordKind {
    if ip.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa }
}

/// The first names of an IP address.
pub(super) fn names_of(evidence: &Evidence, ip: IpAddr) -> Vec<DnsName> {
    let seen = answer(evidence, &reverse_name(ip), RecordKind::Ptr).map(|(_, seen)| seen);
    seen.into_iter()
        .flat_map(|seen| &seen.records)
        .filter_map(|record| match &record.data {
            RecordData::Ptr { host } => Some(host.clone()),
            _ => None,
        })
        .take(MAX_NAMES)
        .collect()
}

/// The MX hosts of a domain, the most preferred first; empty if they are not known or the MX is null.
pub(super) fn hosts_of(evidence: &Evidence, domain: &DnsName) -> Vec<DnsName> {
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

/// The number of MX hosts of a rejected domain whose IP addresses are looked up.
pub(super) const MAX_TRIED: usize = 2;

/// What a lookup shows about a domain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DomainState {
    /// It has an MX record with a host that has an IP address. An IP address of the domain proves little: some resolvers
    /// return one for every name.
    ForMail,
    /// The first hosts in its MX record have no IP address.
    HostsMissing,
    /// It does not exist.
    Missing,
    /// It has neither an MX record nor an IP address.
    WithoutServer,
    /// Its MX record contains an IP address instead of a host name, which RFC 1035 §3.3.9 does not allow.
    AddressAsMx,
    /// The lookup failed.
    Unknown,
}

pub(super) fn state_of_domain(evidence: &Evidence, domain: &DnsName) -> DomainState {
    let Some((_, seen)) = answer(evidence, domain, RecordKind::Mx) else { return DomainState::Unknown };
    if seen.code == DnsCode::NxDomain {
        return DomainState::Missing;
    }
    let hosts = hosts_of(evidence, domain);
    if hosts.iter().any(|host| host.as_str().parse::<IpAddr>().is_ok()) {
        return DomainState::AddressAsMx;
    }
    if !hosts.is_empty() {
        let seen: Vec<_> = hosts
            .iter()
            .take(MAX_TRIED)
            .flat_map(|host| [RecordKind::A, RecordKind::Aaaa].map(|kind| answer(evidence, host, kind)))
            .collect();
        let has_address = |(_, seen): &(&Probe, &RecordsSeen)| seen.addresses().next().is_some();
        return match () {
            () if seen.iter().flatten().any(has_address) => DomainState::ForMail,
            () if seen.iter().all(|one| one.is_some_and(|(_, seen)| seen.is_void())) => DomainState::HostsMissing,
            () => DomainState::Unknown,
        };
    }
    match [RecordKind::A, RecordKind::Aaaa].map(|kind| answer(evidence, domain, kind)) {
        [Some((_, a)), Some((_, aaaa))] if a.records.is_empty() && aaaa.records.is_empty() => {
            DomainState::WithoutServer
        }
        _ => DomainState::Unknown,
    }
}

/// Where the MX record of a domain leads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MxPlace {
    /// To the server of this check.
    Here,
    /// To other servers.
    Elsewhere,
    /// Not known.
    Unknown,
}

pub(super) fn place_of(plan: &Plan, evidence: &Evidence, session: Session<'_>, domain: &DnsName) -> MxPlace {
    let hosts = hosts_of(evidence, domain);
    let Some((server, _)) = session.connected() else { return MxPlace::Unknown };
    // A provider's servers have several names, and its customers cannot change what they accept.
    if place::public_provider(plan).is_some() {
        return MxPlace::Unknown;
    }
    let kind = address_kind(server.ip());
    let addresses: Vec<_> = hosts.iter().take(MAX_HOSTS).filter_map(|host| answer(evidence, host, kind)).collect();
    let is_named = plan.target.host.name().is_some_and(|name| hosts.contains(&DnsName::from(name)));
    if is_named
        || shows_name(session, &hosts)
        || addresses.iter().any(|(_, seen)| seen.addresses().any(|ip| ip == server.ip()))
    {
        return MxPlace::Here;
    }
    // Every host must have an address of the same family before the server can be said to be another one.
    let is_known = |(_, seen): &(&Probe, &RecordsSeen)| seen.addresses().next().is_some();
    let all_known = !hosts.is_empty() && hosts.len() <= MAX_HOSTS && addresses.len() == hosts.len();
    if all_known && addresses.iter().all(is_known) { MxPlace::Elsewhere } else { MxPlace::Unknown }
}

/// Whether the server calls itself by one of the names, in its greeting or its certificate. A server can have several IP
/// addresses.
fn shows_name(session: Session<'_>, hosts: &[DnsName]) -> bool {
    let is_host = |name: &str| hosts.iter().any(|host| host.as_str().eq_ignore_ascii_case(name.trim_end_matches('.')));
    let greeting = session.reply_at(Phase::Greeting).and_then(|received| received.reply.text.first().cloned());
    let in_greeting = greeting.is_some_and(|line| line.split_whitespace().next().is_some_and(is_host));
    let leaf = session.handshake().and_then(|(_, handshake)| handshake.leaf());
    in_greeting || leaf.is_some_and(|leaf| leaf.names.iter().any(|name| is_host(name)))
}
