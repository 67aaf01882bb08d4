//! Lookups at the authoritative name servers of a name, without the resolver. They show whether the resolver or the
//! zone is at fault if a lookup fails. They start only after the resolver has failed, so they delay no other check.

use std::net::SocketAddr;

use super::sight::{Known, Sight, is_valid_answer, records};
use super::{parent, zone};
use crate::evidence::{RecordData, RecordsSeen};
use crate::question::{Question, RecordsRequest};
use crate::wire::{DnsName, RecordKind};

/// The maximum number of name servers that are queried.
const MAX_SERVERS: usize = 2;
/// The maximum number of names, from the name upwards, that are tried to find the zone.
const MAX_LEVELS: usize = 6;
/// The maximum number of aliases that are followed.
const MAX_STEPS: usize = 8;

/// A chain of aliases, as the authoritative servers publish it.
pub(super) enum AliasSteps {
    /// The lookups have not ended yet.
    Open,
    /// The names of the loop, in order. The first name appears again at the end.
    Loop(Vec<DnsName>),
    /// The chain ends, or the servers do not show it.
    Ends,
}

/// The name and the names above it, without the root.
fn levels(name: &DnsName) -> impl Iterator<Item = DnsName> {
    std::iter::successors(Some(name.clone()), DnsName::parent).take_while(|name| !name.is_root()).take(MAX_LEVELS)
}

/// The lookups that find the zone, and the zone once it is known. The lookups run at the same time, so names without an
/// answer delay the check only once. A failed lookup shows nothing: the zone may begin at a name above.
fn zone_of(sight: Sight<'_>, name: &DnsName) -> (Vec<Question>, Option<DnsName>) {
    let mut questions: Vec<Question> = levels(name).map(|level| records(&level, RecordKind::Soa)).collect();
    for level in levels(name) {
        // The resolver may redirect the zone. A response without a SOA record alone is no sign of this at each name.
        if zone::has_alias(sight, &level) {
            questions.extend(parent::questions(sight, &level));
            if parent::is_pending(sight, &level) {
                return (questions, None);
            }
        }
        if zone::is_contradicted(sight, &level) {
            return (questions, Some(level));
        }
        match sight.records(&level, RecordKind::Soa) {
            Known::Unasked | Known::Waiting => return (questions, None),
            Known::Seen(_, seen) if !seen.records.is_empty() && seen.aliases.is_empty() => {
                return (questions, Some(level));
            }
            Known::Seen(..) | Known::Failed(..) | Known::Skipped => {}
        }
    }
    (questions, None)
}

/// The name servers to query, at one IPv4 or IPv6 address each, with the lookups that find them.
fn servers(sight: Sight<'_>, name: &DnsName) -> (Vec<Question>, Vec<SocketAddr>) {
    let (mut questions, zone) = zone_of(sight, name);
    let Some(zone) = zone else { return (questions, Vec::new()) };
    questions.push(records(&zone, RecordKind::Ns));
    let of_zone = sight.records(&zone, RecordKind::Ns).answer();
    let is_contradicted = zone::is_contradicted(sight, &zone);
    let hosts = match parent::zone_cuts(sight, &zone).into_iter().next().filter(|_| is_contradicted) {
        Some(referral) => referral.names,
        None => of_zone.filter(|seen| seen.aliases.is_empty()).map(parent::names_of).unwrap_or_default(),
    };
    let mut servers = Vec::new();
    for host in hosts.iter().take(MAX_SERVERS) {
        let glue = parent::glue(sight, &zone, host);
        if let Some(ip) = glue.first().filter(|_| is_contradicted) {
            servers.push(SocketAddr::new(*ip, sight.domain.dns_port));
            continue;
        }
        let kinds = [RecordKind::A, RecordKind::Aaaa];
        questions.extend(kinds.map(|kind| records(host, kind)));
        if kinds.iter().any(|&kind| sight.records(host, kind).is_open()) {
            continue;
        }
        let addresses = kinds.iter().filter_map(|&kind| sight.records(host, kind).answer());
        let ip = addresses.flat_map(RecordsSeen::addresses).next();
        servers.extend(ip.map(|ip| SocketAddr::new(ip, sight.domain.dns_port)));
    }
    (questions, servers)
}

/// The lookup of records at the authoritative servers, with the lookups that find these servers.
pub(super) fn questions(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> Vec<Question> {
    let (mut questions, servers) = servers(sight, name);
    let to = |server| Question::Records(RecordsRequest::to_server(name.clone(), kind, server));
    questions.extend(servers.into_iter().map(to));
    questions
}

/// The states of the lookups at the authoritative servers; `None` while it is not known which servers to query. A
/// report of an earlier version contains no such lookups, so a question that was not asked does not count as open.
pub(super) fn replies<'s>(sight: Sight<'s>, name: &DnsName, kind: RecordKind) -> Option<Vec<Known<'s, RecordsSeen>>> {
    let (questions, servers) = servers(sight, name);
    let is_waiting = |question: &Question| match question {
        Question::Records(request) => matches!(sight.records_of(request), Known::Waiting),
        _ => false,
    };
    if questions.iter().any(is_waiting) {
        return None;
    }
    let to = |server| sight.records_of(&RecordsRequest::to_server(name.clone(), kind, server));
    Some(servers.into_iter().map(to).collect())
}

/// Follows the aliases of a name one by one. The second value is the list of lookups that this needs.
pub(super) fn aliases(sight: Sight<'_>, name: &DnsName) -> (AliasSteps, Vec<Question>) {
    let mut names = vec![name.clone()];
    let mut asked = Vec::new();
    for _ in 0..MAX_STEPS {
        let Some(at) = names.last().cloned() else { break };
        asked.extend(questions(sight, &at, RecordKind::Cname));
        let Some(replies) = replies(sight, &at, RecordKind::Cname) else { return (AliasSteps::Open, asked) };
        if replies.iter().any(|reply| matches!(reply, Known::Waiting)) {
            return (AliasSteps::Open, asked);
        }
        let target =
            replies.iter().filter_map(|reply| reply.answer()).filter(|seen| seen.authoritative).find_map(|seen| {
                match &seen.records.first()?.data {
                    RecordData::Cname { target } => Some(target.clone()),
                    _ => None,
                }
            });
        let Some(target) = target else { break };
        let start = names.iter().position(|known| *known == target);
        names.push(target);
        if let Some(start) = start {
            return (AliasSteps::Loop(names.split_off(start)), asked);
        }
    }
    (AliasSteps::Ends, asked)
}

/// Whether every authoritative server that was queried sends these records with valid signatures.
pub(super) fn is_valid_at_servers(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    let is_valid = |reply: &Known<'_, RecordsSeen>| reply.answer().is_some_and(is_valid_answer);
    replies(sight, name, kind).is_some_and(|replies| !replies.is_empty() && replies.iter().all(is_valid))
}

/// Whether lookups at the authoritative servers, or those that find the servers, have not ended yet.
pub(super) fn is_pending(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    questions(sight, name, kind).iter().any(|question| match question {
        Question::Records(request) => sight.records_of(request).is_open(),
        _ => false,
    })
}
