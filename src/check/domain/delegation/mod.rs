//! The authoritative name servers of the zone that contains the domain: whether they answer for the zone, and whether
//! their records are the same.
//!
//! smtpcheck queries the servers directly, without the resolver. If no server responds to any query, this machine
//! probably cannot send DNS queries to the internet, and there is no finding about the servers.
//!
//! Modules: [`servers`] (the queried servers and their responses), [`compared`] (the records that are compared), [`judge`]
//! (the findings), [`differs`] (the finding that the parent zone has different NS records), [`signatures`] (servers with
//! signatures that are not valid), [`letter_case`] (servers that do not ignore letter case), [`rules`].

mod compared;
mod differs;
mod judge;
mod letter_case;
mod rules;
mod servers;
mod signatures;
#[cfg(test)]
mod tests;

use super::seen::{NameServerSeen, NameServerState, NotTested};
use super::sight::{Sight, records};
use super::{parent, zone};
use crate::check::finding::Check;
use crate::evidence::{DnssecState, Evidence, RecordsSeen};
use crate::plan::Plan;
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};
use servers::{NXDOMAIN, ServerReply, addresses_known, differing, name_servers, request, tested};

pub(super) static CHECK: Check = Check { subject: "domain-delegation", ask, judge: judge::judge, rules: rules::RULES };

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let mut questions = zone::questions(sight);
    let Some(apex) = zone::apex(sight) else { return questions };
    questions.push(records(&apex, RecordKind::Ns));
    questions.extend(parent::questions(sight, &apex));
    for server in name_servers(sight, &apex) {
        questions.extend([RecordKind::A, RecordKind::Aaaa].map(|kind| records(&server, kind)));
    }
    if addresses_known(sight, &apex) {
        let servers = tested(sight, &apex);
        let own = [(apex.clone(), RecordKind::Soa), (apex.clone(), RecordKind::Ns)];
        let own: Vec<(DnsName, RecordKind)> = own.into_iter().chain(compared::of_domain(sight)).collect();
        for server in &servers {
            let to_server =
                |(name, kind): &(DnsName, RecordKind)| Question::Records(request(sight, name, *kind, server.ip));
            questions.extend(own.iter().map(to_server));
            questions.push(Question::Records(letter_case::request(sight, server)));
        }
        let mut below = compared::below(sight, &apex);
        below.extend(compared::of_signs(sight, &apex));
        for server in servers::one_of_each(&servers) {
            questions
                .extend(below.iter().map(|(name, kind)| Question::Records(request(sight, name, *kind, server.ip))));
        }
    }
    questions
}

/// Whether at least one authoritative server has a TXT record at this name that satisfies the condition, although the
/// resolver returned none.
pub(super) fn has_text_at_servers(sight: Sight<'_>, name: &DnsName, is_wanted: impl Fn(&str) -> bool) -> bool {
    let Some(apex) = zone::apex(sight).filter(|apex| addresses_known(sight, apex)) else { return false };
    let servers = tested(sight, &apex);
    let seen = servers.iter().filter_map(|server| servers::answer(sight, name, RecordKind::Txt, server).answer());
    seen.filter(|seen| seen.authoritative).any(|seen| seen.texts().any(&is_wanted))
}

/// Whether at least one authoritative server sends these records with signatures that are valid.
pub(super) fn is_valid_at_a_server(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    let Some(apex) = zone::apex(sight).filter(|apex| addresses_known(sight, apex)) else { return false };
    signatures::is_valid_at_a_server(sight, name, kind, &tested(sight, &apex))
}

/// Whether all authoritative servers that answered send these records with signatures that are valid, and at least one
/// answered.
pub(super) fn is_valid_at_every_server(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    let Some(apex) = zone::apex(sight).filter(|apex| addresses_known(sight, apex)) else { return false };
    signatures::is_valid_at_every_server(sight, name, kind, &tested(sight, &apex))
}

/// Whether all authoritative servers that answered have no such records, and at least one answered.
pub(super) fn is_denied_at_every_server(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    let mut answers = answers(sight, name, kind).into_iter().peekable();
    answers.peek().is_some() && answers.all(|seen| seen.is_void() && seen.aliases.is_empty())
}

/// The same, if all denials have valid signatures.
pub(super) fn is_validly_denied(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    let is_valid = |seen: &RecordsSeen| seen.dnssec == DnssecState::Secure;
    is_denied_at_every_server(sight, name, kind) && answers(sight, name, kind).into_iter().all(is_valid)
}

/// Whether at least one authoritative server sends such records, with or without valid signatures.
pub(super) fn is_sent_by_a_server(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> bool {
    answers(sight, name, kind).into_iter().any(|seen| !seen.records.is_empty() || !seen.aliases.is_empty())
}

/// The authoritative answers to a query.
fn answers<'s>(sight: Sight<'s>, name: &DnsName, kind: RecordKind) -> Vec<&'s RecordsSeen> {
    let Some(apex) = zone::apex(sight).filter(|apex| addresses_known(sight, apex)) else { return Vec::new() };
    let servers = tested(sight, &apex);
    let seen = servers.iter().filter_map(|server| servers::answer(sight, name, kind, server).answer());
    seen.filter(|seen| seen.authoritative && seen.is_answer()).collect()
}

/// Whether only the resolver returns an MX record with this host: all authoritative servers that answer have the same MX
/// records, and this host is not among them.
pub(super) fn is_host_only_at_resolver(sight: Sight<'_>, host: &DnsName) -> bool {
    let Some(apex) = zone::apex(sight).filter(|apex| addresses_known(sight, apex)) else { return false };
    let group = judge::contradiction(sight, &sight.name(), RecordKind::Mx, &tested(sight, &apex));
    group.is_some_and(|group| {
        let names_host = |record: &String| record.split_once(' ').is_some_and(|(_, of)| of == host.as_str());
        !group.records.iter().any(|record| record == NXDOMAIN || names_host(record)) && !group.records.is_empty()
    })
}

/// The authoritative name servers with their state.
pub(super) fn summary(sight: Sight<'_>) -> Vec<NameServerSeen> {
    let Some(apex) = zone::apex(sight) else { return Vec::new() };
    if !addresses_known(sight, &apex) {
        return Vec::new();
    }
    let tested = tested(sight, &apex);
    let differing = differing(sight, &apex, &tested);
    let mut list = Vec::new();
    for name in name_servers(sight, &apex) {
        let of_name: Vec<_> = tested.iter().filter(|server| server.name == name).collect();
        if of_name.is_empty() {
            let state = match servers::has_no_address(sight, &apex, &name) {
                true => NameServerState::NoAddress,
                false => NameServerState::NotTested,
            };
            list.push(NameServerSeen {
                name: name.to_string(),
                address: None,
                state,
                serial: None,
                differs: Vec::new(),
            });
        }
        for server in of_name {
            let reply = servers::reply(sight, &apex, server);
            list.push(NameServerSeen {
                name: name.to_string(),
                address: Some(server.ip),
                state: match reply {
                    ServerReply::Authoritative { .. } => NameServerState::Authoritative,
                    ServerReply::Lame { .. } => NameServerState::Lame,
                    ServerReply::Silent { .. } => NameServerState::Unreachable,
                    ServerReply::Unknown => NameServerState::NotTested,
                },
                serial: match reply {
                    ServerReply::Authoritative { serial, .. } => Some(serial),
                    _ => None,
                },
                differs: differing
                    .iter()
                    .filter(|(.., groups)| groups.iter().skip(1).any(|group| group.servers.contains(server)))
                    .map(|(of, kind, _)| compared::words(sight, of, *kind))
                    .collect(),
            });
        }
    }
    list
}

/// What was not tested about the name servers.
pub(super) fn not_tested(sight: Sight<'_>) -> Vec<NotTested> {
    let Some(apex) = zone::apex(sight) else { return Vec::new() };
    let mut list = Vec::new();
    if addresses_known(sight, &apex) {
        let tested = tested(sight, &apex);
        if servers::is_blocked_here(sight, &apex, &tested) {
            list.push(NotTested {
                what: "authoritative name servers".to_owned(),
                why: "none of them responds; this machine's network probably blocks DNS queries to the internet"
                    .to_owned(),
            });
        }
        if servers::addresses_total(sight, &apex) > tested.len() {
            list.push(NotTested {
                what: format!("other IP addresses of the name servers for {apex}"),
                why: format!("at most {} IP addresses of name servers are queried", servers::MAX_SERVERS),
            });
        }
    }
    list
}
