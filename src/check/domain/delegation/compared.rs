//! The records that are compared between the authoritative servers: the MX and TXT records of the domain, and the
//! records below it that decide how its mail is delivered and authenticated.
//!
//! The queries start as soon as the addresses of the servers are known, at the same time as the query for the SOA
//! record, so no other lookup waits for them. Their number is limited: [`MAX_KEYS`] keys, [`MAX_HOSTS`] hosts, and one
//! IP address of each name server.

use super::super::{dane, dkim, mx, sts};
use crate::check::domain::sight::{Known, Sight, may_be_of_resolver};
use crate::evidence::RecordsSeen;
use crate::wire::{DnsName, RecordKind};

/// The maximum number of DKIM keys.
const MAX_KEYS: usize = 5;
/// The maximum number of MX hosts whose IP addresses and TLSA records are compared.
const MAX_HOSTS: usize = 4;

/// Records of the domain itself, which are requested from each IP address.
pub(super) fn of_domain(sight: Sight<'_>) -> [(DnsName, RecordKind); 2] {
    [(sight.name(), RecordKind::Mx), (sight.name(), RecordKind::Txt)]
}

/// Records below the domain or for its hosts, which are requested from one IP address of each server. Names outside the
/// zone are left out, because other servers are responsible for them. A record that the resolver does not find may
/// still exist at one of the servers.
pub(super) fn below(sight: Sight<'_>, apex: &DnsName) -> Vec<(DnsName, RecordKind)> {
    let domain = sight.name();
    let labels = ["_dmarc", "_mta-sts", "_smtp._tls"];
    let policies = labels.into_iter().filter_map(|label| domain.below(label).ok());
    let keys = dkim::known_names(sight).into_iter().take(MAX_KEYS);
    let hosts = mx::mail_hosts(sight).into_iter().take(MAX_HOSTS).filter_map(|host| dane::owner(sight, &host.name));
    let is_asked = |owner: &DnsName| match sight.records(owner, RecordKind::Tlsa) {
        Known::Unasked | Known::Skipped => false,
        Known::Waiting | Known::Seen(..) | Known::Failed(..) => true,
    };
    let mut names: Vec<(DnsName, RecordKind)> = policies.chain(keys).map(|name| (name, RecordKind::Txt)).collect();
    names.extend(hosts.filter(is_asked).map(|owner| (owner, RecordKind::Tlsa)));
    let hosts = mx::known_hosts(sight).into_iter().take(MAX_HOSTS);
    names.extend(hosts.flat_map(|host| mx::KINDS.map(|kind| (host.clone(), kind))));
    let web = sts::policy_host(sight).filter(|_| sts::is_policy_missing(sight));
    names.extend(web.into_iter().flat_map(|host| mx::KINDS.map(|kind| (host.clone(), kind))));
    names.retain(|(name, _)| name.is_within(apex));
    names
}

/// Records that are requested from one IP address of each server only if the resolver's responses are suspicious:
///
/// 1. The CNAME record and the addresses of the domain, if the resolver returned an alias. The resolver or the network may
///    redirect the name.
/// 2. The keys of a zone that the parent zone declares unsigned.
pub(super) fn of_signs(sight: Sight<'_>, apex: &DnsName) -> Vec<(DnsName, RecordKind)> {
    let domain = sight.name();
    let is_alias = |kind: RecordKind| match sight.at_resolver(&domain, kind) {
        Known::Seen(_, seen) => match kind {
            RecordKind::Cname => !seen.records.is_empty(),
            _ => !seen.aliases.is_empty(),
        },
        known => may_be_of_resolver(known),
    };
    let kinds = [RecordKind::Cname, RecordKind::Mx, RecordKind::A, RecordKind::Aaaa, RecordKind::Txt];
    let of_alias = [RecordKind::Cname, RecordKind::A, RecordKind::Aaaa].map(|kind| (domain.clone(), kind));
    let alias = kinds.into_iter().any(is_alias).then_some(of_alias);
    let has_keys = sight.at_resolver(apex, RecordKind::Dnskey).answer().is_some_and(|seen| !seen.records.is_empty());
    let is_unsigned = || sight.at_resolver(apex, RecordKind::Ds).answer().is_some_and(RecordsSeen::is_void);
    let keys = (has_keys && is_unsigned()).then(|| (apex.clone(), RecordKind::Dnskey));
    alias.into_iter().flatten().chain(keys).collect()
}

/// All compared records.
pub(super) fn compared(sight: Sight<'_>, apex: &DnsName) -> Vec<(DnsName, RecordKind)> {
    of_domain(sight).into_iter().chain(below(sight, apex)).collect()
}

/// The records, in words.
pub(super) fn words(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> String {
    if *name == sight.name() { kind.to_string() } else { format!("{kind} {name}") }
}
