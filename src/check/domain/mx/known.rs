//! What is known about the hosts that receive mail and about their IP addresses.

use std::net::{IpAddr, SocketAddr};

use super::super::seen::NotTested;
use super::super::sight::{Known, Sight, is_bogus, is_conclusive, may_be_of_resolver};
use super::super::{direct, redirect};
use crate::evidence::{DnsCode, DnsFaultKind, DnssecState, Fault, RecordData, RecordsSeen};
use crate::lexicon::Fix;
use crate::plan::{Family, OverrideHost, Plan};
use crate::wire::{DnsName, Host, RecordKind};

/// The maximum number of hosts that are looked up and tested.
pub(in crate::check::domain) const MAX_HOSTS: usize = 20;

/// The maximum number of IP addresses that are tested.
pub(in crate::check::domain) const MAX_ADDRESSES: usize = 24;

/// A host that receives mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check::domain) struct MxHost {
    /// The preference; `None` for the domain itself if it has no MX record.
    pub(in crate::check::domain) preference: Option<u16>,
    /// The host name.
    pub(in crate::check::domain) name: DnsName,
}

/// The hosts that receive mail, in the order in which senders try them, without duplicates, and at most [`MAX_HOSTS`].
/// Empty while unknown, for a null MX, and for MX records that are unusable.
pub(in crate::check::domain) fn mail_hosts(sight: Sight<'_>) -> Vec<MxHost> {
    let mut hosts = all_hosts(sight);
    hosts.truncate(MAX_HOSTS);
    hosts
}

/// Like [`mail_hosts`], but without the limit.
pub(in crate::check::domain) fn all_hosts(sight: Sight<'_>) -> Vec<MxHost> {
    let Some(seen) = sight.records(&sight.name(), RecordKind::Mx).answer() else { return Vec::new() };
    // The resolver's answer is not about the domain.
    if redirect::of_mail_hosts(sight).is_some() {
        return Vec::new();
    }
    if is_implicit(sight, seen) {
        return vec![MxHost { preference: None, name: sight.name() }];
    }
    let mut hosts: Vec<MxHost> = published(seen)
        .filter(|(_, host)| !host.is_root() && as_address(host).is_none() && !is_never_a_host(sight, host))
        .map(|(preference, host)| MxHost { preference: Some(preference), name: host.clone() })
        .collect();
    // Senders choose among hosts of the same preference at random. Here, such hosts are sorted by name to keep reports
    // stable.
    hosts.sort_by(|a, b| (a.preference, &a.name).cmp(&(b.preference, &b.name)));
    let mut names = std::collections::HashSet::new();
    hosts.retain(|host| names.insert(host.name.clone()));
    hosts
}

/// The names of the hosts that are known so far, from the resolver and from authoritative servers.
pub(in crate::check::domain) fn known_hosts(sight: Sight<'_>) -> Vec<DnsName> {
    let at_resolver = sight.at_resolver(&sight.name(), RecordKind::Mx).answer().filter(|seen| !is_bogus(seen));
    let others = at_resolver.into_iter().chain(sight.mx_of_servers()).flat_map(published).map(|(_, host)| host.clone());
    let mut names: Vec<DnsName> = mail_hosts(sight).into_iter().map(|host| host.name).collect();
    let others = others.filter(|host| !host.is_root() && as_address(host).is_none() && !is_never_a_host(sight, host));
    names.extend(others.take(MAX_HOSTS));
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// The IP addresses of a host that are known so far and that this machine can connect to. [`MAX_ADDRESSES`] limits
/// their number for each host.
pub(in crate::check::domain) fn addresses(sight: Sight<'_>, host: &DnsName) -> Vec<IpAddr> {
    let mut addresses = usable(sight, host);
    addresses.truncate(limit_of_each(sight));
    addresses
}

/// Whether the domain declares that it receives no mail (RFC 7505).
pub(in crate::check::domain) fn is_null(sight: Sight<'_>) -> bool {
    let Some(seen) = sight.records(&sight.name(), RecordKind::Mx).answer() else { return false };
    let mut hosts = published(seen).map(|(_, host)| host).peekable();
    hosts.peek().is_some() && hosts.all(DnsName::is_root)
}

/// What to do before a record is published at the domain, if the domain is an alias. A name with a CNAME record can have
/// no other records (RFC 2181 §10.1).
pub(super) fn before_other_records(sight: Sight<'_>) -> Option<Fix> {
    let Known::Seen(probe, seen) = sight.records(&sight.name(), RecordKind::Mx) else { return None };
    let target = &seen.aliases.last()?.to;
    Some(Fix::text(format!(
        "Domain owner: first replace the CNAME record of {} with copies of all records of {}, because a name with a CNAME record can have no other records",
        sight.name(),
        probe.quote(target.as_str())
    )))
}

/// Whether both address lookups of a host have ended.
pub(in crate::check::domain) fn is_looked_up(sight: Sight<'_>, host: &DnsName) -> bool {
    KINDS.iter().all(|&kind| !sight.records(host, kind).is_open())
}

/// Whether lookups of a host's addresses at the authoritative servers have not ended, although the resolver failed.
pub(in crate::check::domain) fn waits_for_servers(sight: Sight<'_>, host: &DnsName) -> bool {
    KINDS.iter().any(|&kind| sight.needs_servers(host, kind) && direct::is_pending(sight, host, kind))
}

/// Whether both address lookups of a host ended with an error code of the resolver or without a response.
pub(super) fn is_unanswered(sight: Sight<'_>, host: &DnsName) -> bool {
    KINDS.iter().all(|&kind| may_be_of_resolver(sight.records(host, kind)))
}

/// Whether the resolver's response to the lookup of a host's addresses of this kind is bogus.
pub(super) fn is_bogus_at_resolver(sight: Sight<'_>, host: &DnsName, kind: RecordKind) -> bool {
    sight.at_resolver(host, kind).answer().is_some_and(is_bogus)
}

/// Whether IP addresses of a host are bogus. A server at such an address may not belong to the domain.
pub(in crate::check::domain) fn has_bogus_address(sight: Sight<'_>, host: &DnsName) -> bool {
    KINDS.iter().any(|&kind| sight.records(host, kind).answer().is_some_and(is_bogus))
}

/// Every IP address that DNS has for a host, IPv4 first.
pub(in crate::check::domain) fn all_addresses(sight: Sight<'_>, host: &DnsName) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    // A response with an error code may contain records, too. Senders do not use them.
    let responses = KINDS.iter().filter_map(|&kind| sight.records(host, kind).answer());
    for seen in responses.filter(|seen| seen.is_answer()) {
        for ip in seen.addresses() {
            if !addresses.contains(&ip) {
                addresses.push(ip);
            }
        }
    }
    let of_host = addresses.clone();
    addresses.retain(|ip| !translated(ip).is_some_and(|v4| of_host.contains(&v4)));
    addresses
}

/// The IPv4 address in an IPv6 address that a resolver of a network with NAT64 makes from it (RFC 6052 §2.1, RFC 6147 §5.1.2).
/// Servers on the internet cannot have such an address.
fn translated(ip: &IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                Some(IpAddr::from([a, b, c, d]))
            }
            _ => None,
        },
        IpAddr::V4(_) => None,
    }
}

/// Whether DNS proves that a host has no IP address, so no sender can use it.
pub(in crate::check::domain) fn has_no_address(sight: Sight<'_>, host: &DnsName) -> bool {
    let is_denied = |seen: &RecordsSeen| is_conclusive(seen) && seen.is_void();
    KINDS.iter().all(|&kind| sight.records(host, kind).answer().is_some_and(is_denied))
}

/// The IP addresses of a host that this machine can connect to, without the limit.
pub(in crate::check::domain) fn usable(sight: Sight<'_>, host: &DnsName) -> Vec<IpAddr> {
    let mut addresses = all_addresses(sight, host);
    addresses.retain(|&ip| is_usable(sight, ip));
    addresses
}

/// How the description of a problem begins if a lookup failed. The host may still have IP addresses.
const LOOKUP_FAILED: &str = "lookup failed";

/// Whether a host's problem is a failed lookup.
pub(in crate::check::domain) fn is_failed_lookup(problem: &str) -> bool {
    problem.starts_with(LOOKUP_FAILED)
}

/// The flag that excludes the family of an IP address, if the user gave it.
pub(in crate::check::domain) fn excluding_flag(plan: &Plan, ip: IpAddr) -> Option<&'static str> {
    match plan.family {
        Family::V4 if ip.is_ipv6() => Some("-4"),
        Family::V6 if ip.is_ipv4() => Some("-6"),
        Family::Any | Family::V4 | Family::V6 => None,
    }
}

/// Whether a host has only IP addresses of the family that the user excluded.
pub(in crate::check::domain) fn is_of_other_family(sight: Sight<'_>, host: &DnsName) -> bool {
    let addresses = all_addresses(sight, host);
    !addresses.is_empty() && addresses.iter().all(|&ip| excluding_flag(sight.plan, ip).is_some())
}

/// Why a host has no usable IP address, as a short phrase; `None` if it has a usable address, if the user excluded
/// the family of all its addresses, or while this is unknown.
pub(in crate::check::domain) fn problem(sight: Sight<'_>, host: &DnsName) -> Option<String> {
    let known = KINDS.map(|kind| sight.records(host, kind));
    if !usable(sight, host).is_empty() || known.iter().any(|known| known.is_open()) {
        return None;
    }
    if is_of_other_family(sight, host) {
        return None;
    }
    if !all_addresses(sight, host).is_empty() {
        return Some("no public IP address".to_owned());
    }
    let failure = known.iter().find_map(|known| match known {
        Known::Failed(_, fault @ Fault::Dns { kind: DnsFaultKind::AliasLoop, .. }) => {
            Some(fault_words(fault).to_owned())
        }
        Known::Failed(_, fault) => Some(format!("{LOOKUP_FAILED} ({})", fault_words(fault))),
        Known::Seen(_, seen) if matches!(seen.dnssec, DnssecState::Bogus { .. }) => Some("DNSSEC: bogus".to_owned()),
        Known::Seen(_, seen) if !seen.is_answer() => Some(format!("{LOOKUP_FAILED} ({})", code_words(seen.code))),
        Known::Skipped => Some(format!("{LOOKUP_FAILED} (a limit of this check was reached)")),
        Known::Seen(..) | Known::Unasked | Known::Waiting => None,
    });
    let is_missing = |known: &Known<'_, RecordsSeen>| known.answer().is_some_and(|seen| seen.code == DnsCode::NxDomain);
    Some(failure.unwrap_or_else(|| match known.iter().any(is_missing) {
        true => "the name does not exist".to_owned(),
        false => "no IP address".to_owned(),
    }))
}

/// Whether a lookup ended because the time limit was reached or the check was interrupted. This reveals nothing about
/// DNS.
pub(super) fn was_stopped(fault: &Fault) -> bool {
    matches!(fault, Fault::TimeUp { .. } | Fault::Interrupted)
}

/// The lookups of MX hosts and their addresses that were not finished.
pub(in crate::check::domain) fn not_tested(sight: Sight<'_>) -> Vec<NotTested> {
    let stopped = |name: &DnsName, kind: RecordKind| match sight.records(name, kind) {
        Known::Failed(_, fault) if was_stopped(fault) => Some(fault_words(fault).to_owned()),
        Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    };
    let records = stopped(&sight.name(), RecordKind::Mx)
        .map(|why| NotTested { what: "MX records and mail servers".to_owned(), why });
    let hosts = mail_hosts(sight);
    let addresses = hosts.iter().filter_map(|host| {
        let why = KINDS.into_iter().find_map(|kind| stopped(&host.name, kind))?;
        Some(NotTested { what: format!("IP addresses of {}", host.name), why })
    });
    let is_test = |host: &MxHost| all_addresses(sight, &host.name).iter().any(|ip| is_test_server(sight.plan, *ip));
    let public = hosts.iter().any(is_test).then(|| NotTested {
        what: "whether mail from the internet can reach the MX hosts".to_owned(),
        why: "the check uses test servers with loopback addresses".to_owned(),
    });
    records.into_iter().chain(addresses).chain(public).collect()
}

/// Why it is not known which records of a type a name has, as a short phrase; `None` if they are known, or while the
/// lookup is pending.
pub(in crate::check::domain) fn why_unknown(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> Option<String> {
    let failed = |why: &str| Some(format!("the lookup of {name} failed: {why}"));
    match sight.records(name, kind) {
        Known::Unasked | Known::Waiting => None,
        Known::Skipped => failed("a limit of this check was reached"),
        Known::Failed(_, fault) => failed(fault_words(fault)),
        Known::Seen(_, seen) if is_conclusive(seen) => None,
        Known::Seen(_, seen) if seen.is_answer() => failed("DNSSEC: bogus"),
        Known::Seen(_, seen) => failed(&code_words(seen.code)),
    }
}

/// Why a lookup failed, as a short phrase.
pub(in crate::check::domain) fn fault_words(fault: &Fault) -> &'static str {
    match fault {
        Fault::Dns { kind, .. } => match kind {
            DnsFaultKind::Timeout => "the DNS server did not respond",
            DnsFaultKind::Unreachable => "the DNS server cannot be reached",
            DnsFaultKind::TcpFailed => "the response needs TCP, and the DNS server does not respond over TCP",
            DnsFaultKind::Malformed => "the DNS server's response is not valid",
            DnsFaultKind::AliasLoop => "CNAME loop",
            DnsFaultKind::AliasLimit => "the chain of CNAME records is too long",
            DnsFaultKind::NoResolver => "this machine has no DNS server",
            DnsFaultKind::ErrorCode => "the DNS server responded with an error",
            DnsFaultKind::SizeLimit => "smtpcheck's limit on the total size of DNS responses was reached",
        },
        Fault::TimeUp { .. } => "the overall time limit was reached",
        Fault::Interrupted => "interrupted",
        _ => "the lookup failed",
    }
}

/// The name of a response code, as DNS tools display it.
pub(in crate::check::domain) fn code_words(code: DnsCode) -> String {
    code.to_string()
}

/// The address record types.
pub(in crate::check::domain) const KINDS: [RecordKind; 2] = [RecordKind::A, RecordKind::Aaaa];

/// The number of IP addresses to test for each host. It is low enough for every host to be tested within the overall
/// limit.
fn limit_of_each(sight: Sight<'_>) -> usize {
    let counts: Vec<usize> = mail_hosts(sight).iter().map(|host| usable(sight, &host.name).len()).collect();
    let total = |limit: usize| counts.iter().map(|&count| count.min(limit)).sum::<usize>();
    (1..=MAX_ADDRESSES).rev().find(|&limit| total(limit) <= MAX_ADDRESSES).unwrap_or(1)
}

/// Whether a connection to this IP address can reveal anything about the domain. A packet to an unspecified or a
/// loopback address reaches this machine, not a server of the domain. Only test setups, which use another port or a DNS
/// server on this machine, have servers there.
fn is_usable(sight: Sight<'_>, ip: IpAddr) -> bool {
    let plan = sight.plan;
    let is_test_setup = is_test_setup(plan);
    let in_family = excluding_flag(plan, ip).is_none();
    let has_host = match ip.to_canonical() {
        IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_multicast() && !v4.is_broadcast(),
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_multicast() && !v6.is_unicast_link_local(),
    };
    in_family && has_host && (is_test_setup || !ip.to_canonical().is_loopback())
}

/// Whether the user runs the servers on this machine: with a port other than 25, a DNS server at a loopback
/// address, or addresses from `--resolve`.
pub(in crate::check::domain) fn is_test_setup(plan: &Plan) -> bool {
    plan.target.port != 25
        || plan.resolver.is_some_and(|server| server.ip().is_loopback())
        || !plan.overrides.is_empty()
}

/// Whether a server at this IP address was set up for a test on this machine. Its IP address need not be public. A
/// resolver on this machine at the usual port does not indicate a test: it may be this machine's normal resolver, and
/// the domain may be real.
pub(in crate::check::domain) fn is_test_server(plan: &Plan, ip: IpAddr) -> bool {
    let is_test_resolver = |server: SocketAddr| server.ip().is_loopback() && server.port() != 53;
    ip.to_canonical().is_loopback() && (plan.target.port != 25 || plan.resolver.is_some_and(is_test_resolver))
}

/// The preferences and hosts of the MX records, as published.
pub(in crate::check::domain) fn published(seen: &RecordsSeen) -> impl Iterator<Item = (u16, &DnsName)> {
    seen.records.iter().filter_map(|record| match &record.data {
        RecordData::Mx { preference, host } => Some((*preference, host)),
        _ => None,
    })
}

/// Whether no server on the internet can have this name: it is below `localhost`, `invalid` or `onion`. A domain with
/// such a name is a test, and `--resolve` can give the name an address.
pub(super) fn is_never_a_host(sight: Sight<'_>, host: &DnsName) -> bool {
    let suffix = host.reserved_suffix().filter(|suffix| matches!(*suffix, "localhost" | "invalid" | "onion"));
    let is_given =
        |name| !sight.plan.overrides_of(&OverrideHost::One(Host::Name(name)), sight.plan.target.port).is_empty();
    suffix.is_some() && suffix != sight.name().reserved_suffix() && !host.host_name().is_some_and(is_given)
}

/// The IP address, if the target of an MX record is an IP address instead of a name.
pub(in crate::check::domain) fn as_address(host: &DnsName) -> Option<IpAddr> {
    let text = host.as_str();
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text).parse().ok()
}

/// Whether the domain itself receives its mail: it exists, has no MX record at all, and has an address.
fn is_implicit(sight: Sight<'_>, seen: &RecordsSeen) -> bool {
    let has_none = seen.code == DnsCode::NoError && seen.records.is_empty();
    has_none && !is_bogus(seen) && !all_addresses(sight, &sight.name()).is_empty()
}
