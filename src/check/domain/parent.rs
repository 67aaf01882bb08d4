//! The delegation in the parent zone, where a resolver first finds the name servers (RFC 1034 §4.3.2, step 3b).
//!
//! The parent zone is the closest zone above the domain's zone. smtpcheck queries at most [`MAX_ASKED`] of its name
//! servers for the NS records of the domain's zone, without recursion. They respond with a referral, which is not
//! authoritative. A server that serves both zones responds with the records of the domain's zone instead, so its
//! response does not show the delegation.

use std::net::{IpAddr, SocketAddr};

use super::sight::{Known, Sight, records};
use crate::evidence::{DnsCode, Probe, RecordData, RecordsSeen};
use crate::question::{Question, RecordsRequest};
use crate::wire::{DnsName, RecordKind};

/// The maximum number of the parent zone's name servers that are queried.
const MAX_ASKED: usize = 2;
/// The maximum number of ancestor names that are tried to find the parent zone.
const MAX_LEVELS: usize = 4;

/// The delegation of a zone.
pub(super) struct Referral<'s> {
    pub(super) probe: &'s Probe,
    /// The name servers, in order.
    pub(super) names: Vec<DnsName>,
    seen: &'s RecordsSeen,
}

/// The names in the NS records of a response, in order.
pub(super) fn names_of(seen: &RecordsSeen) -> Vec<DnsName> {
    let host = |data: &RecordData| match data {
        RecordData::Ns { host } => Some(host.clone()),
        _ => None,
    };
    let mut names: Vec<DnsName> = seen.records.iter().filter_map(|record| host(&record.data)).collect();
    names.sort();
    names.dedup();
    names
}

/// The names above the zone, without the root.
fn above(apex: &DnsName) -> impl Iterator<Item = DnsName> {
    std::iter::successors(apex.parent(), DnsName::parent).take_while(|name| !name.is_root()).take(MAX_LEVELS)
}

/// Whether the response shows that a name is inside a zone and is not the apex of the zone.
fn is_inside(known: Known<'_, RecordsSeen>) -> bool {
    matches!(known, Known::Seen(_, seen) if seen.code == DnsCode::NoError && seen.records.is_empty())
}

/// The parent zone; `None` while unknown.
pub(super) fn zone(sight: Sight<'_>, apex: &DnsName) -> Option<DnsName> {
    let name = above(apex).find(|name| !is_inside(sight.records(name, RecordKind::Soa)))?;
    let seen = sight.records(&name, RecordKind::Soa).answer()?;
    (seen.code == DnsCode::NoError && seen.aliases.is_empty()).then_some(name)
}

/// The name servers of the parent zone to query.
fn asked(sight: Sight<'_>, parent: &DnsName) -> Vec<DnsName> {
    let mut names = sight.records(parent, RecordKind::Ns).answer().map(names_of).unwrap_or_default();
    names.truncate(MAX_ASKED);
    names
}

/// The queries to the parent zone's servers, at one IP address each.
fn requests(sight: Sight<'_>, apex: &DnsName) -> Vec<RecordsRequest> {
    let Some(parent) = zone(sight, apex) else { return Vec::new() };
    let mut ips: Vec<IpAddr> = Vec::new();
    for name in asked(sight, &parent) {
        let known = [RecordKind::A, RecordKind::Aaaa].map(|kind| sight.records(&name, kind));
        // An IPv6 address is used only if the server is known to have no IPv4 address.
        if known.iter().any(|known| known.is_open()) {
            continue;
        }
        let ip = known.iter().filter_map(|known| known.answer()).flat_map(RecordsSeen::addresses).next();
        ips.extend(ip.filter(|ip| !ips.contains(ip)));
    }
    let to = |ip| {
        let server = SocketAddr::new(ip, sight.domain.dns_port);
        RecordsRequest::to_server(apex.clone(), RecordKind::Ns, server)
    };
    ips.into_iter().map(to).collect()
}

/// The queries that find the delegation.
pub(super) fn questions(sight: Sight<'_>, apex: &DnsName) -> Vec<Question> {
    let mut questions = Vec::new();
    for name in above(apex) {
        questions.push(records(&name, RecordKind::Soa));
        if !is_inside(sight.records(&name, RecordKind::Soa)) {
            break;
        }
    }
    let Some(parent) = zone(sight, apex) else { return questions };
    questions.push(records(&parent, RecordKind::Ns));
    for name in asked(sight, &parent) {
        questions.extend([RecordKind::A, RecordKind::Aaaa].map(|kind| records(&name, kind)));
    }
    questions.extend(requests(sight, apex).into_iter().map(Question::Records));
    questions
}

/// Whether lookups that find the delegation have not ended yet.
pub(super) fn is_pending(sight: Sight<'_>, apex: &DnsName) -> bool {
    questions(sight, apex).iter().any(|question| match question {
        Question::Records(request) => sight.records_of(request).is_open(),
        _ => false,
    })
}

/// The IP addresses of a name server in the delegation (glue), IPv4 first.
pub(super) fn glue(sight: Sight<'_>, apex: &DnsName, host: &DnsName) -> Vec<IpAddr> {
    let records = referrals(sight, apex).into_iter().flat_map(|referral| &referral.seen.records);
    let addresses = records.filter(|record| record.name == *host).filter_map(|record| match record.data {
        RecordData::A { ip } => Some(IpAddr::V4(ip)),
        RecordData::Aaaa { ip } => Some(IpAddr::V6(ip)),
        _ => None,
    });
    let mut addresses: Vec<IpAddr> = addresses.collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// Whether all queried servers of the parent zone responded with an error code.
pub(super) fn do_servers_refuse(sight: Sight<'_>, apex: &DnsName) -> bool {
    let requests = requests(sight, apex);
    let is_refused =
        |request: &RecordsRequest| matches!(sight.records_of(request), Known::Seen(_, seen) if !seen.is_answer());
    !requests.is_empty() && requests.iter().all(is_refused)
}

/// The name servers of the zone, from each server of the parent zone that showed that a zone begins at the name: with a
/// referral, or because it serves both zones.
pub(super) fn zone_cuts<'s>(sight: Sight<'s>, apex: &DnsName) -> Vec<Referral<'s>> {
    let of_both = |request: &RecordsRequest| match sight.records_of(request) {
        Known::Seen(probe, seen) if seen.code == DnsCode::NoError && seen.aliases.is_empty() => {
            (!seen.records.is_empty()).then(|| Referral { probe, names: names_of(seen), seen })
        }
        Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    };
    requests(sight, apex).iter().filter_map(of_both).collect()
}

/// The delegation, from each server of the parent zone that showed it.
pub(super) fn referrals<'s>(sight: Sight<'s>, apex: &DnsName) -> Vec<Referral<'s>> {
    let referral = |request: &RecordsRequest| match sight.records_of(request) {
        Known::Seen(probe, seen)
            if !seen.authoritative && seen.code == DnsCode::NoError && !seen.records.is_empty() =>
        {
            Some(Referral { probe, names: names_of(seen), seen })
        }
        Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    };
    requests(sight, apex).iter().filter_map(referral).collect()
}
