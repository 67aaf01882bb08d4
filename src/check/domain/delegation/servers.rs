//! The authoritative name servers that are queried, and their responses.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::super::sight::{Known, Sight};
use super::super::{parent, zone};
use super::compared::compared;
use crate::evidence::{DnsCode, DnsFaultKind, Fault, Probe, RecordData, RecordsSeen};
use crate::question::RecordsRequest;
use crate::wire::{DnsName, RecordKind};

/// The maximum number of IP addresses of name servers that are queried.
pub(super) const MAX_SERVERS: usize = 8;

/// The maximum number of name servers whose addresses are looked up.
const MAX_NAMES: usize = 13;

/// A name that does not exist, among the records of [`normalised`].
pub(super) const NXDOMAIN: &str = "NXDOMAIN";

/// The address record types.
const KINDS: [RecordKind; 2] = [RecordKind::A, RecordKind::Aaaa];

/// An IP address of a name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameServer {
    pub(super) name: DnsName,
    pub(super) ip: IpAddr,
}

/// The response of a server to the query for the SOA record.
#[derive(Clone, Copy, Debug)]
pub(super) enum ServerReply<'s> {
    /// It is authoritative for the zone.
    Authoritative { probe: &'s Probe, serial: u32 },
    /// It responded, but does not answer for the zone.
    Lame { probe: &'s Probe, code: DnsCode },
    /// It did not respond.
    Silent { probe: &'s Probe },
    /// It has not been queried yet, or cannot be queried from this machine.
    Unknown,
}

/// Servers with the same response.
pub(super) struct ServerGroup {
    /// The records, in a form in which their order and their TTL do not matter.
    pub(super) records: Vec<String>,
    pub(super) servers: Vec<NameServer>,
}

/// The names in the NS records of the zone and of its parent zone, in order.
pub(super) fn name_servers(sight: Sight<'_>, apex: &DnsName) -> Vec<DnsName> {
    let mut names = match sight.records(apex, RecordKind::Ns).answer() {
        Some(seen) if seen.aliases.is_empty() => parent::names_of(seen),
        // The records belong to the target of an alias.
        Some(_) => Vec::new(),
        None if zone::is_contradicted(sight, apex) => Vec::new(),
        None => return Vec::new(),
    };
    let at_parent = match zone::is_contradicted(sight, apex) {
        true => parent::zone_cuts(sight, apex),
        false => parent::referrals(sight, apex),
    };
    names.extend(at_parent.into_iter().flat_map(|referral| referral.names));
    names.sort();
    names.dedup();
    names.truncate(MAX_NAMES);
    names
}

/// Whether the lookups of all addresses of the name servers have ended.
pub(super) fn addresses_known(sight: Sight<'_>, apex: &DnsName) -> bool {
    let names = name_servers(sight, apex);
    let is_known = |name: &DnsName| KINDS.iter().all(|&kind| !sight.records(name, kind).is_open());
    !names.is_empty() && names.iter().all(|name| is_known(name) || uses_glue(sight, apex, name))
}

fn addresses(sight: Sight<'_>, apex: &DnsName, name: &DnsName) -> Vec<IpAddr> {
    if uses_glue(sight, apex, name) {
        return parent::glue(sight, apex, name);
    }
    at_resolver(sight, name).flat_map(RecordsSeen::addresses).collect()
}

fn at_resolver<'s>(sight: Sight<'s>, name: &DnsName) -> impl Iterator<Item = &'s RecordsSeen> {
    KINDS.into_iter().filter_map(move |kind| sight.records(name, kind).answer())
}

/// Whether the addresses of a name server are taken from the parent zone's delegation: the resolver contradicts the
/// delegation, or returns an alias or no address for this name (RFC 2181 §10.3: the name must not be an alias).
pub(super) fn uses_glue(sight: Sight<'_>, apex: &DnsName, name: &DnsName) -> bool {
    let is_redirected = || {
        let is_known = KINDS.iter().all(|&kind| !sight.records(name, kind).is_open());
        let is_plain = |seen: &RecordsSeen| seen.aliases.is_empty() && seen.addresses().next().is_some();
        is_known && !at_resolver(sight, name).any(is_plain)
    };
    !parent::glue(sight, apex, name).is_empty() && (zone::is_contradicted(sight, apex) || is_redirected())
}

/// The number of different IP addresses of all name servers.
pub(super) fn addresses_total(sight: Sight<'_>, apex: &DnsName) -> usize {
    let all: BTreeSet<IpAddr> =
        name_servers(sight, apex).iter().flat_map(|name| addresses(sight, apex, name)).collect();
    all.len()
}

/// Whether DNS proves that a name server has no IP address.
pub(super) fn has_no_address(sight: Sight<'_>, apex: &DnsName, name: &DnsName) -> bool {
    let is_redirected = zone::is_contradicted(sight, apex) && uses_glue(sight, apex, name);
    !is_redirected && KINDS.iter().all(|&kind| sight.records(name, kind).answer().is_some_and(RecordsSeen::is_void))
}

/// The IP addresses to query: the first address of each server, then the second of each, and so on.
pub(super) fn tested(sight: Sight<'_>, apex: &DnsName) -> Vec<NameServer> {
    let all: Vec<(DnsName, Vec<IpAddr>)> =
        name_servers(sight, apex).into_iter().map(|name| (name.clone(), addresses(sight, apex, &name))).collect();
    let longest = all.iter().map(|(_, ips)| ips.len()).max().unwrap_or(0);
    let mut chosen: Vec<NameServer> = Vec::new();
    for at in 0..longest {
        for (name, ips) in &all {
            if let Some(&ip) = ips.get(at)
                && chosen.len() < MAX_SERVERS
                && chosen.iter().all(|server| server.ip != ip)
            {
                chosen.push(NameServer { name: name.clone(), ip });
            }
        }
    }
    chosen
}

/// One IP address of each server.
pub(super) fn one_of_each(servers: &[NameServer]) -> Vec<&NameServer> {
    let is_first =
        |(at, server): &(usize, &NameServer)| servers.iter().take(*at).all(|earlier| earlier.name != server.name);
    servers.iter().enumerate().filter(is_first).map(|(_, server)| server).collect()
}

/// A server in a sentence: its name and its IP address.
pub(super) fn shown_as(server: &NameServer, probe: &Probe) -> String {
    format!("{} [{}]", probe.quote(server.name.as_str()), server.ip)
}

/// The query to one server.
pub(super) fn request(sight: Sight<'_>, name: &DnsName, kind: RecordKind, ip: IpAddr) -> RecordsRequest {
    RecordsRequest::to_server(name.clone(), kind, SocketAddr::new(ip, sight.domain.dns_port))
}

/// The response of one server.
pub(super) fn answer<'s>(
    sight: Sight<'s>,
    name: &DnsName,
    kind: RecordKind,
    server: &NameServer,
) -> Known<'s, RecordsSeen> {
    sight.records_of(&request(sight, name, kind, server.ip))
}

/// The state of a server, according to its response about the zone.
pub(super) fn reply<'s>(sight: Sight<'s>, apex: &DnsName, server: &NameServer) -> ServerReply<'s> {
    match answer(sight, apex, RecordKind::Soa, server) {
        Known::Seen(probe, seen) => {
            let serial = seen.records.iter().find_map(|record| match record.data {
                RecordData::Soa { serial, .. } => Some(serial),
                _ => None,
            });
            match serial.filter(|_| seen.authoritative && seen.code == DnsCode::NoError) {
                // The SOA record belongs to the target of an alias, which the server publishes at the apex of the zone.
                _ if seen.authoritative && !seen.aliases.is_empty() => ServerReply::Unknown,
                Some(serial) => ServerReply::Authoritative { probe, serial },
                None => ServerReply::Lame { probe, code: seen.code },
            }
        }
        Known::Failed(probe, Fault::Dns { kind, .. }) => match kind {
            DnsFaultKind::Timeout => ServerReply::Silent { probe },
            // Without an IPv6 connection, this machine cannot reach any IPv6 address.
            DnsFaultKind::Unreachable if server.ip.is_ipv4() => ServerReply::Silent { probe },
            _ => ServerReply::Unknown,
        },
        Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => ServerReply::Unknown,
    }
}

/// Whether at least one of these servers is silent, and none of them responds to this machine.
pub(super) fn is_blocked_here(sight: Sight<'_>, apex: &DnsName, servers: &[NameServer]) -> bool {
    let replies: Vec<ServerReply<'_>> = servers.iter().map(|server| reply(sight, apex, server)).collect();
    let responds =
        |reply: &ServerReply<'_>| matches!(reply, ServerReply::Authoritative { .. } | ServerReply::Lame { .. });
    replies.iter().any(|reply| matches!(reply, ServerReply::Silent { .. })) && !replies.iter().any(responds)
}

/// The records in which the authoritative servers differ, each with the groups of servers that have the same records,
/// largest group first.
pub(super) fn differing(
    sight: Sight<'_>,
    apex: &DnsName,
    servers: &[NameServer],
) -> Vec<(DnsName, RecordKind, Vec<ServerGroup>)> {
    compared(sight, apex)
        .into_iter()
        .map(|(name, kind)| {
            let groups = groups(sight, &name, kind, servers);
            (name, kind, groups)
        })
        .filter(|(_, kind, groups)| groups.len() > 1 && (!KINDS.contains(kind) || has_nothing_in_common(groups)))
        .collect()
}

/// Whether two groups of servers have no record in common. A server may send a different selection of the addresses of a
/// host in each response.
fn has_nothing_in_common(groups: &[ServerGroup]) -> bool {
    let is_apart = |one: &ServerGroup, other: &ServerGroup| !one.records.iter().any(|ip| other.records.contains(ip));
    groups.iter().enumerate().any(|(at, one)| groups.iter().skip(at + 1).any(|other| is_apart(one, other)))
}

/// The servers, grouped by their authoritative response to the query for records of one name and type.
pub(super) fn groups(sight: Sight<'_>, name: &DnsName, kind: RecordKind, servers: &[NameServer]) -> Vec<ServerGroup> {
    let mut groups: Vec<ServerGroup> = Vec::new();
    for server in servers {
        let Known::Seen(_, seen) = answer(sight, name, kind, server) else { continue };
        if !seen.authoritative || !seen.is_answer() {
            continue;
        }
        let records = records_of(sight, name, seen);
        match groups.iter_mut().find(|group| group.records == records) {
            Some(group) => group.servers.push(server.clone()),
            None => groups.push(ServerGroup { records, servers: vec![server.clone()] }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.servers.len()));
    groups
}

/// The records of a response in a form that can be compared. Below the domain, a name that does not exist counts as a
/// name without records.
pub(super) fn records_of(sight: Sight<'_>, name: &DnsName, seen: &RecordsSeen) -> Vec<String> {
    let mut records = normalised(seen);
    if *name != sight.name() && seen.code == DnsCode::NxDomain && seen.records.is_empty() && seen.aliases.is_empty() {
        records.clear();
    }
    records
}

/// The records of a response in a form that can be compared.
pub(super) fn normalised(seen: &RecordsSeen) -> Vec<String> {
    // A server that also serves the target of an alias adds the records of the target; other servers do not.
    if let Some(alias) = seen.aliases.first() {
        return vec![format!("CNAME {}", alias.to)];
    }
    let mut records: Vec<String> = seen
        .records
        .iter()
        .map(|record| match &record.data {
            RecordData::Mx { preference, host } => format!("{preference} {host}"),
            RecordData::Txt { text, .. } => text.clone(),
            RecordData::A { ip } => ip.to_string(),
            RecordData::Aaaa { ip } => ip.to_string(),
            RecordData::Tlsa { usage, selector, matching, data } => format!("{usage} {selector} {matching} {data}"),
            other => format!("{other:?}"),
        })
        .collect();
    if seen.code == DnsCode::NxDomain {
        records.push(NXDOMAIN.to_owned());
    }
    records.sort();
    records.dedup();
    records
}

/// The NS records of the zone, from each server that is authoritative for it.
pub(super) fn own_names<'s>(
    sight: Sight<'s>,
    apex: &DnsName,
    servers: &[NameServer],
) -> Vec<(NameServer, &'s Probe, Vec<DnsName>)> {
    let of = |server: &NameServer| match answer(sight, apex, RecordKind::Ns, server) {
        Known::Seen(probe, seen) if seen.authoritative && seen.is_answer() && !seen.records.is_empty() => {
            Some((server.clone(), probe, parent::names_of(seen)))
        }
        Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    };
    servers.iter().filter_map(of).collect()
}
