//! Findings about the MX records as a set, and about the names of the domain and its hosts.

use std::net::IpAddr;

use super::super::redirect;
use super::super::sight::{Known, Sight, is_conclusive};
use super::known::{
    KINDS, MAX_ADDRESSES, MAX_HOSTS, all_addresses, all_hosts, is_never_a_host, is_test_server, mail_hosts, published,
    usable,
};
use super::rules::{
    MX_DOMAIN_ALIAS, MX_DOMAIN_NOT_FOUND, MX_DUPLICATE, MX_HOST_MISSING, MX_MANY, MX_NAME_NOT_VALID, MX_NO_IPV4,
    MX_NO_IPV6, MX_NONE_USABLE,
};
use crate::check::finding::{Finding, PhaseFailure, Rule, Severity};
use crate::evidence::{Phase, Probe, RecordData, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::wire::{DnsName, RecordKind};

/// A finding about a lookup.
pub(super) fn finding(rule: &'static Rule, probe: &Probe, confidence: Confidence, summary: String) -> Finding {
    Finding::new(rule, Phase::Dns, confidence, summary).tried(probe.id)
}

/// MX hosts with a reserved name (RFC 6761). Resolvers answer queries for `localhost` with the loopback address, so a
/// sender may connect to itself.
pub(super) fn reserved(sight: Sight<'_>, probe: &Probe, seen: &RecordsSeen) -> Option<Finding> {
    let domain = sight.name();
    let (_, first) = published(seen).find(|(_, host)| is_never_a_host(sight, host))?;
    let quoted = probe.quote(first.as_str());
    let has_others = !all_hosts(sight).is_empty();
    let rule = if has_others { &MX_HOST_MISSING } else { &MX_NONE_USABLE };
    let summary =
        format!("{quoted} is an MX host of {domain}, but no server on the internet can have this reserved name");
    let mut found = finding(rule, probe, Confidence::Certain, summary);
    found.cause = match first.reserved_suffix() {
        Some("localhost") => {
            "The name refers to the machine that looks it up. A sender that uses the record connects to itself, or returns the message."
        }
        Some("onion") => "Only Tor can connect to such a name. DNS has no IP address for it.",
        _ => "DNS has no IP address for such a name.",
    }
    .to_owned();
    if has_others {
        found.fixes.push(Fix::text(format!("Domain owner: delete the MX record of {quoted}")));
        return Some(found);
    }
    found.failure = Some(PhaseFailure::Unreachable);
    found.fixes = vec![
        Fix::text(format!(
            "Domain owner: if the domain receives no mail, replace the record with a null MX: {domain}. MX 0 ."
        )),
        Fix::text(format!(
            "If the domain should receive mail, name the mail server in the record, for example: {domain}. MX 10 mail.{domain}."
        )),
    ];
    Some(found)
}

pub(super) fn duplicates(sight: Sight<'_>, probe: &Probe, seen: &RecordsSeen) -> Option<Finding> {
    let names: Vec<&DnsName> = published(seen).map(|(_, host)| host).filter(|host| !host.is_root()).collect();
    let twice = names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|other| other == *name));
    let hosts = mail_hosts(sight);
    let shared = || {
        hosts.iter().enumerate().find_map(|(at, host)| {
            let ours = all_addresses(sight, &host.name);
            hosts.iter().take(at).find_map(|other| {
                let ip = all_addresses(sight, &other.name).into_iter().find(|ip| ours.contains(ip))?;
                Some((other.name.clone(), host.name.clone(), ip))
            })
        })
    };
    let summary = if let Some((_, name)) = twice {
        format!("{} is in more than one MX record of {}", probe.quote(name.as_str()), sight.name())
    } else {
        let (one, other, ip) = shared()?;
        format!(
            "the MX hosts {} and {} have the same IP address {ip}",
            probe.quote(one.as_str()),
            probe.quote(other.as_str())
        )
    };
    Some(Finding {
        cause: "The second record does not add a server.".to_owned(),
        ..finding(&MX_DUPLICATE, probe, Confidence::Certain, summary)
    })
}

/// No MX host has an IPv4 address, or none has an IPv6 address. There is no finding while a lookup is pending.
pub(super) fn families(sight: Sight<'_>, probe: &Probe) -> Option<Finding> {
    let hosts = mail_hosts(sight);
    let all_known =
        |kind: RecordKind| hosts.iter().all(|host| sight.records(&host.name, kind).answer().is_some_and(is_conclusive));
    let lookups = |kind: RecordKind| hosts.iter().map(move |host| (host.name.clone(), kind));
    let addresses: Vec<IpAddr> = hosts.iter().flat_map(|host| all_addresses(sight, &host.name)).collect();
    let domain = sight.name();
    let first = hosts.first()?;
    let name = probe.quote(first.name.as_str());
    if addresses.is_empty() || all_hosts(sight).len() > hosts.len() {
        None
    } else if addresses.iter().all(IpAddr::is_ipv6) && all_known(RecordKind::A) {
        let summary = format!("no MX host of {domain} has an IPv4 address");
        Some(Finding {
            cause: "Many senders do not have IPv6 and cannot deliver mail to this domain.".to_owned(),
            fixes: vec![Fix::text(format!("Domain owner: publish an A record for {name} or for another MX host"))],
            ..sight.tried(finding(&MX_NO_IPV4, probe, Confidence::Certain, summary), lookups(RecordKind::A))
        })
    } else if addresses.iter().all(|ip| is_test_server(sight.plan, *ip)) {
        None
    } else if addresses.iter().all(IpAddr::is_ipv4) && all_known(RecordKind::Aaaa) {
        let summary = format!("no MX host of {domain} has an IPv6 address");
        Some(Finding {
            cause: "Mail arrives only over IPv4, which almost every sender supports.".to_owned(),
            ..sight.tried(finding(&MX_NO_IPV6, probe, Confidence::Certain, summary), lookups(RecordKind::Aaaa))
        })
    } else {
        None
    }
}

pub(super) fn too_many(sight: Sight<'_>, probe: &Probe, seen: &RecordsSeen) -> Option<Finding> {
    let hosts = all_hosts(sight).len();
    let addresses: usize = mail_hosts(sight).iter().map(|host| usable(sight, &host.name).len()).sum();
    let domain = sight.name();
    let summary = if hosts > MAX_HOSTS {
        let published = seen.records.len() + seen.left_out;
        format!("{domain} has {published} MX records; the first {MAX_HOSTS} hosts were tested")
    } else if addresses > MAX_ADDRESSES {
        format!("the MX hosts of {domain} have {addresses} IP addresses; at most {MAX_ADDRESSES} were tested")
    } else {
        return None;
    };
    Some(Finding {
        cause:
            "The other hosts and addresses were not tested, and may have other faults. When a domain has so many hosts, senders try only some of them."
                .to_owned(),
        ..finding(&MX_MANY, probe, Confidence::Certain, summary)
    })
}

/// The domain is an alias for a name that does not exist. The response code is about the end of the aliases (RFC 2308 §2.1).
pub(super) fn dangling_alias(domain: &DnsName, probe: &Probe, seen: &RecordsSeen) -> Option<Finding> {
    let target = probe.quote(seen.aliases.last()?.to.as_str());
    let summary = format!("{domain} is an alias (CNAME) for {target}, which does not exist (NXDOMAIN)");
    Some(Finding {
        cause: "The domain has no records except the alias, so senders return mail for it immediately.".to_owned(),
        fixes: vec![Fix::text(format!(
            "Domain owner: replace the CNAME record of {domain} with the domain's own records, or correct the name of its target"
        ))],
        ..finding(&MX_DOMAIN_NOT_FOUND, probe, Confidence::Certain, summary)
    })
}

/// The domain is an alias, so its MX records are those of the target. If queries for CNAME and for MX records both find
/// a record at the domain itself, the name has both, which is not allowed.
pub(super) fn domain_alias(sight: Sight<'_>) -> Option<Finding> {
    let domain = sight.name();
    if redirect::is_alias_of_resolver(sight, &domain) {
        return None;
    }
    let Known::Seen(probe, cname) = sight.records(&domain, RecordKind::Cname) else { return None };
    let target = cname.records.iter().find_map(|record| match &record.data {
        RecordData::Cname { target } => Some(target),
        _ => None,
    });
    let Some(target) = target else { return alias_of_other_types(sight, &domain) };
    let mx = sight.records(&domain, RecordKind::Mx);
    let has_both = mx.answer().is_some_and(|seen| seen.aliases.is_empty() && !seen.records.is_empty());
    let target = probe.quote(target.as_str());
    let summary = if has_both {
        format!("{domain} has MX records and a CNAME record (to {target})")
    } else {
        format!("{domain} is an alias (CNAME) for {target}")
    };
    let mut found = finding(&MX_DOMAIN_ALIAS, probe, Confidence::Certain, summary);
    if let Some(of_mx) = mx.probe() {
        found = found.tried(of_mx.id);
    }
    if has_both {
        found.severity = Severity::Error;
        found.cause = "A name with a CNAME record must not have other records. Some resolvers return only the CNAME record, so some senders do not find the MX records.".to_owned();
        found.fixes.push(Fix::text(format!(
            "Domain owner: delete the CNAME record of {domain}, and publish A and AAAA records there"
        )));
    } else {
        found.cause =
            "All records of the domain, including the MX, SPF and other TXT records, come from the target.".to_owned();
    }
    Some(found)
}

/// The domain has MX records, but the responses to queries for its IP addresses contain a CNAME record of the domain. A
/// name with a CNAME record can have no other records (RFC 1034 §3.6.2, RFC 2181 §10.1).
fn alias_of_other_types(sight: Sight<'_>, domain: &DnsName) -> Option<Finding> {
    let mx = sight.records(domain, RecordKind::Mx);
    let of_mx = mx.probe()?;
    mx.answer().filter(|seen| seen.aliases.is_empty() && !seen.records.is_empty() && is_conclusive(seen))?;
    let (kind, probe, alias) = KINDS.into_iter().find_map(|kind| {
        let Known::Seen(probe, seen) = sight.records(domain, kind) else { return None };
        let alias = seen.aliases.first().filter(|alias| is_conclusive(seen) && alias.from == *domain)?;
        Some((kind, probe, alias))
    })?;
    let target = probe.quote(alias.to.as_str());
    let summary = format!(
        "{domain} has MX records, but is an alias (CNAME) for {target} in responses to queries for {kind} records"
    );
    let mut found = finding(&MX_DOMAIN_ALIAS, probe, Confidence::Certain, summary).tried(of_mx.id);
    found.severity = Severity::Warning;
    found.cause = "A name with a CNAME record must not have other records. A resolver that has the CNAME record in its cache may return it instead of the MX records, so some senders do not find them.".to_owned();
    found.fixes.push(Fix::text(format!("Domain owner: replace the CNAME record of {domain} with A and AAAA records")));
    Some(found)
}

pub(super) fn names_not_valid(sight: Sight<'_>) -> Vec<Finding> {
    let domain = sight.name();
    let known = sight.records(&domain, RecordKind::Mx);
    let Some(probe) = known.probe() else { return Vec::new() };
    let is_wrong =
        |name: &DnsName| !name.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let mut findings = Vec::new();
    if domain.labels().count() == 1 {
        let summary = format!("{domain} is a single label, not a fully qualified domain name");
        findings.push(Finding {
            cause: "The domain of an email address must be a fully qualified name. Most senders and mail programs reject an address that has a top-level domain or a local name after the @.".to_owned(),
            fixes: vec![Fix::text(
                "Check whether the name is complete (example.com, not example). Domain owner: use a domain with at least two labels for email addresses.",
            )],
            ..finding(&MX_NAME_NOT_VALID, probe, Confidence::Certain, summary)
        });
    } else if is_wrong(&domain) {
        let summary = format!("{domain} contains a character that is not allowed in the domain of an email address");
        findings.push(Finding {
            cause: "The domain of an email address consists of letters, digits and hyphens. Some senders and mail programs reject other characters.".to_owned(),
            fixes: vec![Fix::text(
                "Domain owner: for email addresses, use a domain that consists of letters, digits and hyphens",
            )],
            ..finding(&MX_NAME_NOT_VALID, probe, Confidence::Certain, summary)
        });
    }
    let hosts: Vec<String> = mail_hosts(sight)
        .iter()
        .filter(|host| host.preference.is_some() && is_wrong(&host.name))
        .map(|host| probe.quote(host.name.as_str()).to_string())
        .collect();
    if !hosts.is_empty() {
        let summary = format!("MX hosts with a character that host names must not contain: {}", hosts.join(", "));
        findings.push(Finding {
            cause: "Host names consist of letters, digits and hyphens. Some senders do not use hosts with other names, for example names with an underscore.".to_owned(),
            fixes: vec![Fix::text(
                "Domain owner: give the host a name that consists of letters, digits and hyphens, and use this name in the MX record",
            )],
            ..finding(&MX_NAME_NOT_VALID, probe, Confidence::Certain, summary)
        });
    }
    findings
}
