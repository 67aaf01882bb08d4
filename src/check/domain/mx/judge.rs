//! Findings about MX records and the addresses of MX hosts.
//!
//! A failed lookup, a name that does not exist and a missing record are different results. Only the second and the
//! third are faults of the domain. If the response is bogus, only the DNSSEC check reports it.

use std::fmt::Display;
use std::net::IpAddr;

use super::super::direct::{self, AliasSteps};
use super::super::sight::{Known, Sight, is_bogus};
use super::known::{
    KINDS, all_addresses, as_address, before_other_records, code_words, fault_words, is_looked_up, is_unanswered,
    mail_hosts, published, usable, was_stopped,
};
use super::resolver::{fault_of_resolver, redirected};
use super::rules::{
    DNS_ANSWER_TRUNCATED, MX_ALIAS_LOOP, MX_DOMAIN_NOT_FOUND, MX_HOST_LOOKUP_FAILED, MX_HOST_MISSING, MX_IMPLICIT,
    MX_IS_ADDRESS, MX_IS_ALIAS, MX_LOOKUP_FAILED, MX_LOOKUP_UNANSWERED, MX_MISSING, MX_NAME_NOT_VALID, MX_NONE_USABLE,
    MX_NULL, MX_NULL_INVALID,
};
use super::set::{dangling_alias, domain_alias, duplicates, families, finding, names_not_valid, reserved, too_many};
use super::special::not_public;
use crate::check::finding::{Finding, PhaseFailure, Severity, in_shell};
use crate::evidence::{DnsCode, DnsFaultKind, Evidence, Fault, MAX_ALIASES, Probe, RecordData, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::wire::{DnsName, RecordKind};

pub(super) fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let domain = sight.name();
    if let Some(found) = redirected(sight) {
        return vec![found];
    }
    let mut findings = match sight.records(&domain, RecordKind::Mx) {
        Known::Unasked | Known::Waiting | Known::Skipped => return Vec::new(),
        // A limit of this check ended the lookup; it is listed as not tested.
        Known::Failed(_, fault) if was_stopped(fault) => return Vec::new(),
        Known::Failed(probe, fault) => vec![lookup_failed(sight, probe, fault)],
        Known::Seen(_, seen) if is_bogus(seen) => return Vec::new(),
        Known::Seen(probe, seen) => match seen.code {
            DnsCode::NxDomain => {
                vec![dangling_alias(&domain, probe, seen).unwrap_or_else(|| not_found(&domain, probe))]
            }
            DnsCode::NoError => with_records(sight, probe, seen),
            code => vec![bad_code(&domain, probe, code)],
        },
    };
    findings.extend(domain_alias(sight));
    findings.extend(names_not_valid(sight));
    findings
}

fn not_found(domain: &DnsName, probe: &Probe) -> Finding {
    let summary = format!("{domain} does not exist (NXDOMAIN)");
    Finding {
        cause: "DNS has no records of any type for this name, so senders return mail for it immediately.".to_owned(),
        fixes: vec![
            Fix::text("Compare the domain with the email address, letter by letter"),
            Fix::run(
                "Domain owner: check whether the registration has expired, and whether the parent zone delegates the domain",
                format!("dig +trace {domain} NS"),
            ),
        ],
        ..finding(&MX_DOMAIN_NOT_FOUND, probe, Confidence::Certain, summary)
    }
}

/// SERVFAIL, REFUSED and other codes do not show where the fault is.
fn bad_code(domain: &DnsName, probe: &Probe, code: DnsCode) -> Finding {
    let summary = format!("the MX records of {domain} could not be looked up: {}", code_words(code));
    let cause = match code {
        DnsCode::ServFail => {
            "The resolver could not find the records. The domain's name servers may not respond, or the resolver itself may be faulty."
        }
        DnsCode::Refused => {
            "The resolver refused the query. It may not serve this machine, or the domain's name servers may refuse its queries."
        }
        _ => "The resolver responded with an error, so it is not known whether the domain has MX records.",
    };
    Finding {
        cause: cause.to_owned(),
        otherwise: Some("If another resolver finds the records, the fault is in this resolver. If the other resolver also fails, the fault is in the domain's name servers.".to_owned()),
        fixes: other_resolver(domain, RecordKind::Mx),
        failure: Some(PhaseFailure::Unreachable),
        ..finding(&MX_LOOKUP_FAILED, probe, Confidence::Likely, summary)
    }
}

/// What to do if the responses exceed smtpcheck's limit.
const SMALLER_RESPONSES: &str =
    "Domain owner: publish fewer or smaller records. To find the largest responses, use -v to show the lookups";

fn lookup_failed(sight: Sight<'_>, probe: &Probe, fault: &Fault) -> Finding {
    let domain = sight.name();
    let kind = match fault {
        Fault::Dns { kind, .. } => Some(*kind),
        _ => None,
    };
    match kind {
        Some(DnsFaultKind::AliasLoop) => {
            return Finding { failure: Some(PhaseFailure::Unreachable), ..alias_loop(&domain, probe, &[]) };
        }
        Some(DnsFaultKind::AliasLimit) => {
            return Finding { failure: Some(PhaseFailure::Unreachable), ..alias_limit(&domain, probe) };
        }
        Some(DnsFaultKind::TcpFailed) => return truncated(sight, probe),
        _ => {}
    }
    let summary = format!("the MX records of {domain} could not be looked up: {}", fault_words(fault));
    let rule = match kind {
        Some(DnsFaultKind::Malformed) => &MX_LOOKUP_FAILED,
        _ => &MX_LOOKUP_UNANSWERED,
    };
    let (cause, confidence) = match kind {
        Some(DnsFaultKind::SizeLimit) => (
            "smtpcheck's limit on the total size of DNS responses was reached, so it is not known whether the domain has MX records.",
            Confidence::Certain,
        ),
        Some(DnsFaultKind::NoResolver) => (
            "No DNS server is configured on this machine, so no name can be looked up. This is not a fault of the domain.",
            Confidence::Certain,
        ),
        Some(DnsFaultKind::Malformed) => (
            "The response is not valid DNS, or does not match the query. A device on the network path may change DNS packets.",
            Confidence::Likely,
        ),
        _ => (
            "No response arrived. The fault may be on this machine, in its resolver, or in the domain's name servers.",
            Confidence::Likely,
        ),
    };
    let otherwise = (confidence != Confidence::Certain).then(|| {
        "To find out, look up another domain. If that lookup also fails, the fault is not in this domain.".to_owned()
    });
    Finding {
        cause: cause.to_owned(),
        otherwise,
        fixes: match kind {
            Some(DnsFaultKind::SizeLimit) => vec![Fix::text(SMALLER_RESPONSES)],
            Some(DnsFaultKind::NoResolver) => {
                vec![Fix::text(
                    "Configure a DNS server in /etc/resolv.conf, or specify one for this check with --resolver",
                )]
            }
            _ => other_resolver(&domain, RecordKind::Mx),
        },
        failure: Some(match kind {
            Some(DnsFaultKind::SizeLimit) => PhaseFailure::Incomplete,
            _ => PhaseFailure::Unreachable,
        }),
        ..finding(rule, probe, confidence, summary)
    }
}

/// The resolver does not respond over TCP. It is not known whether the authoritative servers do.
fn truncated(sight: Sight<'_>, probe: &Probe) -> Finding {
    let domain = sight.name();
    let resolver = sight
        .plan
        .resolver
        .map_or_else(|| "this machine's DNS server".to_owned(), |at| format!("the DNS server {}", at.ip()));
    let summary =
        format!("the MX records of {domain} do not fit into a UDP packet, and {resolver} does not respond over TCP");
    let tcp = match sight.plan.resolver {
        Some(at) => format!("dig +tcp {domain} MX @{} -p {}", at.ip(), at.port()),
        None => format!("dig +tcp {domain} MX"),
    };
    Finding {
        cause: "Long DNS responses need a TCP connection to port 53. Without this connection, the MX records cannot be looked up."
            .to_owned(),
        otherwise: Some(
            "This machine's network may block DNS over TCP. If the command below works from another network, this is the cause."
                .to_owned(),
        ),
        fixes: vec![
            Fix::run("DNS server operator: open TCP port 53 in the firewall. This command tests the port", tcp),
            Fix::text("Alternatively, repeat the check with another resolver (--resolver)"),
        ],
        failure: Some(PhaseFailure::Unreachable),
        ..finding(&DNS_ANSWER_TRUNCATED, probe, Confidence::Likely, summary)
    }
}

fn other_resolver(name: &DnsName, kind: RecordKind) -> Vec<Fix> {
    vec![
        Fix::run("Repeat the lookup with another resolver", format!("dig {} {kind} @9.9.9.9", in_shell(name.as_str()))),
        Fix::text(
            "If that lookup works, use the other resolver (--resolver), or fix the current one. If it also fails, the operator of the DNS zone must check the name servers.",
        ),
    ]
}

/// The chain of aliases has an end, but it is longer than the limit of smtpcheck and of most resolvers.
fn alias_limit(name: &dyn Display, probe: &Probe) -> Finding {
    let summary = format!("the chain of CNAME records of {name} is too long");
    Finding {
        cause: format!(
            "smtpcheck follows at most {MAX_ALIASES} CNAME records. Most resolvers have a similar limit, and respond with SERVFAIL if a chain is longer, so many senders do not find an IP address."
        ),
        otherwise: Some(
            "A resolver with a higher limit finds the IP address, so senders that use such a resolver deliver mail."
                .to_owned(),
        ),
        fixes: vec![Fix::run(
            "Domain owner: replace the CNAME records of this name with an A record (and an AAAA record if the server has IPv6). This command shows the CNAME records",
            format!("dig {} CNAME", in_shell(&name.to_string())),
        )],
        ..finding(&MX_ALIAS_LOOP, probe, Confidence::Likely, summary)
    }
}

/// `names` contains the names of the loop, if they are known.
fn alias_loop(name: &dyn Display, probe: &Probe, names: &[DnsName]) -> Finding {
    let shown = names.iter().map(DnsName::as_str).collect::<Vec<_>>().join(" -> ");
    let summary = match names {
        [] => format!("the CNAME records of {name} form a loop"),
        _ => format!("the CNAME records of {name} form a loop: {}", probe.quote(shown)),
    };
    Finding {
        cause: "The name has no IP address, so senders cannot deliver mail to it.".to_owned(),
        fixes: vec![Fix::run(
            "Domain owner: replace the CNAME records of this name with an A record (and an AAAA record if the server has IPv6). This command shows the CNAME records",
            format!("dig {} CNAME", in_shell(&name.to_string())),
        )],
        ..finding(&MX_ALIAS_LOOP, probe, Confidence::Certain, summary)
    }
}

fn with_records(sight: Sight<'_>, probe: &Probe, seen: &RecordsSeen) -> Vec<Finding> {
    if seen.records.is_empty() {
        return without_mx(sight, probe);
    }
    let mut findings = Vec::new();
    findings.extend(null_records(sight, probe, seen));
    findings.extend(addresses_as_hosts(sight, probe, seen));
    findings.extend(unreadable(sight, probe, seen));
    findings.extend(reserved(sight, probe, seen));
    findings.extend(hosts_without_address(sight, probe));
    findings.extend(aliases(sight, probe));
    findings.extend(not_public(sight, probe));
    findings.extend(duplicates(sight, probe, seen));
    findings.extend(families(sight, probe));
    findings.extend(too_many(sight, probe, seen));
    findings
}

/// The domain has no MX record. Senders use its own addresses, if it has any.
fn without_mx(sight: Sight<'_>, probe: &Probe) -> Vec<Finding> {
    let domain = sight.name();
    if !is_looked_up(sight, &domain) {
        return Vec::new();
    }
    if !all_addresses(sight, &domain).is_empty() {
        let summary = format!("{domain} has no MX record: senders use the domain's own IP addresses");
        let mut found = vec![Finding {
            cause: "Without an MX record, the domain itself is the mail host (implicit MX).".to_owned(),
            fixes: mx_to_publish(sight),
            ..finding(&MX_IMPLICIT, probe, Confidence::Certain, summary)
        }];
        found.extend(not_public(sight, probe));
        return found;
    }
    let failed = failed_lookups(sight, &domain);
    if let Some((failed, why)) = failed.first() {
        return vec![host_lookup_failed(sight, &domain, failed, why, Severity::Error)];
    }
    let summary = format!("{domain} has neither MX records nor an IP address");
    let found = Finding {
        cause: "The domain exists, but senders find no host that receives its mail, and return messages immediately."
            .to_owned(),
        fixes: mx_to_publish(sight),
        ..finding(&MX_MISSING, probe, Confidence::Certain, summary)
    };
    vec![sight.tried(found, of_addresses(&domain))]
}

/// Suggests publishing an MX record.
fn mx_to_publish(sight: Sight<'_>) -> Vec<Fix> {
    let domain = sight.name();
    let records = [
        Fix::text(format!(
            "Domain owner: publish an MX record that names the mail server, for example: {domain}. MX 10 mail.{domain}."
        )),
        Fix::text(format!("If the domain receives no mail, publish a null MX: {domain}. MX 0 .")),
    ];
    before_other_records(sight).into_iter().chain(records).collect()
}

/// The lookups of the addresses of a name.
fn of_addresses(name: &DnsName) -> [(DnsName, RecordKind); 2] {
    KINDS.map(|kind| (name.clone(), kind))
}

fn null_records(sight: Sight<'_>, probe: &Probe, seen: &RecordsSeen) -> Option<Finding> {
    let domain = sight.name();
    let (preference, _) = published(seen).find(|(_, host)| host.is_root())?;
    let has_others = published(seen).any(|(_, host)| !host.is_root());
    if !has_others && preference == 0 && seen.records.len() == 1 {
        let summary = format!("{domain} declares that it receives no mail (null MX)");
        let cause = "Senders return mail for this domain immediately, without connecting to any server. No mail servers were tested.";
        let mut found = Finding { cause: cause.to_owned(), ..finding(&MX_NULL, probe, Confidence::Certain, summary) };
        if let Some(recipient) = &sight.domain.recipient {
            // RFC 7505 §4.1: senders return such a message with 556 5.1.10.
            found.severity = Severity::Error;
            found.failure = Some(PhaseFailure::RefusedPermanent);
            found.fixes.push(Fix::text(format!(
                "Compare the domain of {recipient} with the intended address, letter by letter. Domain owner: if the domain should receive mail, replace the null MX with MX records of its mail servers"
            )));
        }
        return Some(found);
    }
    let summary = if has_others {
        format!("{domain} has a null MX (`MX {preference} .`) and other MX records")
    } else if seen.records.len() > 1 {
        format!("{domain} has several null MX records")
    } else {
        format!("the null MX of {domain} has preference {preference} instead of 0")
    };
    let mut found = Finding {
        cause: "A null MX must be the only MX record, with preference 0. Senders handle this record in different ways."
            .to_owned(),
        ..finding(&MX_NULL_INVALID, probe, Confidence::Certain, summary)
    };
    found.fixes.push(Fix::text(if has_others {
        format!("Domain owner: delete the record `{domain}. MX {preference} .`, because the domain has mail servers")
    } else {
        format!("Domain owner: publish exactly one MX record: {domain}. MX 0 .")
    }));
    if has_others {
        found.fixes.push(Fix::text(format!(
            "If the domain receives no mail, delete all other MX records and publish only: {domain}. MX 0 ."
        )));
    } else {
        found.severity = Severity::Warning;
    }
    Some(found)
}

fn addresses_as_hosts(sight: Sight<'_>, probe: &Probe, seen: &RecordsSeen) -> Option<Finding> {
    let domain = sight.name();
    let wrong: Vec<(u16, IpAddr)> =
        published(seen).filter_map(|(preference, host)| Some((preference, as_address(host)?))).collect();
    let (preference, first) = wrong.first()?;
    let list: Vec<String> = wrong.iter().map(|(_, ip)| probe.quote(ip.to_string()).to_string()).collect();
    let summary = format!("MX records of {domain} with an IP address instead of a host name: {}", list.join(", "));
    let kind = if first.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa };
    Some(Finding {
        cause:
            "Senders look up the IP address as a host name. That name does not exist, so they cannot use the record."
                .to_owned(),
        fixes: vec![
            Fix::text(format!(
                "Domain owner: create a host name for the mail server, for example: mail.{domain}. {kind} {}",
                probe.quote(first.to_string())
            )),
            Fix::text(format!("Then use this host name in the MX record: {domain}. MX {preference} mail.{domain}.")),
        ],
        failure: without_hosts(sight),
        ..finding(&MX_IS_ADDRESS, probe, Confidence::Certain, summary)
    })
}

fn unreadable(sight: Sight<'_>, probe: &Probe, seen: &RecordsSeen) -> Option<Finding> {
    let text = seen.records.iter().find_map(|record| match &record.data {
        RecordData::Unreadable { text } => Some(text.clone()),
        _ => None,
    })?;
    let summary =
        format!("an MX record of {} contains a name that is not a host name: {}", sight.name(), probe.quote(text));
    Some(Finding {
        cause: "The name contains characters that host names must not contain, so senders cannot use the record."
            .to_owned(),
        fixes: vec![Fix::text(
            "Domain owner: use only letters, digits and hyphens in the name; write international names in their ASCII form (xn--...)",
        )],
        failure: without_hosts(sight),
        ..finding(&MX_NAME_NOT_VALID, probe, Confidence::Certain, summary)
    })
}

/// The finding if no MX record names a host.
fn without_hosts(sight: Sight<'_>) -> Option<PhaseFailure> {
    mail_hosts(sight).is_empty().then_some(PhaseFailure::Unreachable)
}

/// The failed lookups of a host's addresses, each with the reason.
fn failed_lookups<'s>(sight: Sight<'s>, host: &DnsName) -> Vec<(&'s Probe, String)> {
    let failure = |kind: RecordKind| match sight.records(host, kind) {
        Known::Failed(_, fault) if was_stopped(fault) => None,
        Known::Failed(probe, fault) => Some((probe, format!("{kind}: {}", fault_words(fault)))),
        Known::Seen(probe, seen) if !seen.is_answer() => Some((probe, format!("{kind}: {}", code_words(seen.code)))),
        Known::Seen(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
    };
    KINDS.into_iter().filter_map(failure).collect()
}

/// The state of a host's addresses.
enum HostAddresses<'s> {
    /// The host has addresses, or they are not known yet, or the DNSSEC check reports that they are bogus.
    Present,
    /// The CNAME records form a loop of these names, if the name servers show them.
    Loop(&'s Probe, Vec<DnsName>),
    /// The chain of CNAME records is too long, so the addresses are not known.
    Limit(&'s Probe),
    /// A lookup failed, and no address is known.
    Unknown(&'s Probe, String),
    /// The host has no IP address.
    Missing(&'s Probe, &'static str),
}

fn addresses_of<'s>(sight: Sight<'s>, host: &DnsName) -> HostAddresses<'s> {
    let known = KINDS.map(|kind| sight.records(host, kind));
    let bogus = known.iter().any(|known| known.answer().is_some_and(is_bogus));
    let is_cut = known.iter().any(|known| matches!(known, Known::Failed(_, fault) if was_stopped(fault)));
    if !is_looked_up(sight, host) || !all_addresses(sight, host).is_empty() || bogus || is_cut {
        return HostAddresses::Present;
    }
    for one in known {
        if let Known::Failed(probe, Fault::Dns { kind: DnsFaultKind::AliasLoop, .. }) = one {
            return HostAddresses::Loop(probe, Vec::new());
        }
        if let Known::Failed(probe, Fault::Dns { kind: DnsFaultKind::AliasLimit, .. }) = one {
            return HostAddresses::Limit(probe);
        }
    }
    if let Some((probe, why)) = failed_lookups(sight, host).into_iter().next() {
        if is_unanswered(sight, host)
            && let (AliasSteps::Loop(names), _) = direct::aliases(sight, host)
        {
            return HostAddresses::Loop(probe, names);
        }
        return HostAddresses::Unknown(probe, why);
    }
    let Some(probe) = known.iter().find_map(|known| known.probe()) else { return HostAddresses::Present };
    let exists = !known.iter().any(|known| known.answer().is_some_and(|seen| seen.code == DnsCode::NxDomain));
    HostAddresses::Missing(probe, if exists { "has no IP address" } else { "does not exist" })
}

fn hosts_without_address(sight: Sight<'_>, probe: &Probe) -> Vec<Finding> {
    let domain = sight.name();
    let hosts = mail_hosts(sight);
    if hosts.is_empty() {
        // The domain has a null MX, or records without a host name. Separate findings report them.
        return Vec::new();
    }
    let states: Vec<(&DnsName, HostAddresses<'_>)> =
        hosts.iter().map(|host| (&host.name, addresses_of(sight, &host.name))).collect();
    let has_none = states.iter().all(|(_, state)| !matches!(state, HostAddresses::Present));
    let is_known =
        states.iter().all(|(_, state)| !matches!(state, HostAddresses::Unknown(..) | HostAddresses::Limit(_)));
    // If the CNAME records of every host are wrong, the findings about them contain the fix.
    let all_loop = states.iter().all(|(_, state)| matches!(state, HostAddresses::Loop(..) | HostAddresses::Limit(_)));
    let mut findings = Vec::new();
    for (host, state) in &states {
        match state {
            HostAddresses::Present => {
                // One lookup may have failed although the other found addresses.
                if let Some((failed, why)) = failed_lookups(sight, host).first() {
                    findings.push(host_lookup_failed(sight, host, failed, why, Severity::Notice));
                }
                findings.extend(fault_of_resolver(sight, host));
            }
            HostAddresses::Loop(failed, names) if all_loop || !(has_none && is_known) => findings.push(Finding {
                failure: all_loop.then_some(PhaseFailure::Unreachable),
                ..alias_loop(&failed.quote(host.as_str()), failed, names)
            }),
            HostAddresses::Limit(failed) => findings.push(Finding {
                failure: all_loop.then_some(PhaseFailure::Unreachable),
                ..alias_limit(&failed.quote(host.as_str()), failed)
            }),
            HostAddresses::Unknown(failed, why) => {
                let severity = if has_none { Severity::Error } else { Severity::Warning };
                findings.push(host_lookup_failed(sight, host, failed, why, severity));
            }
            HostAddresses::Missing(found, why) if !(has_none && is_known) => {
                findings.push(sight.tried(host_missing(sight, host, found, why), of_addresses(host)));
            }
            HostAddresses::Missing(..) | HostAddresses::Loop(..) => {}
        }
    }
    if !has_none || !is_known || all_loop {
        return findings;
    }
    let mut summary = format!("no MX host of {domain} has an IP address");
    let missing: Vec<String> = states
        .iter()
        .filter_map(|(host, state)| match state {
            HostAddresses::Missing(_, why) => Some(format!("{} {why}", probe.quote(host.as_str()))),
            HostAddresses::Loop(..) => Some(format!("{} has a CNAME loop", probe.quote(host.as_str()))),
            HostAddresses::Present | HostAddresses::Unknown(..) | HostAddresses::Limit(_) => None,
        })
        .collect();
    if !missing.is_empty() {
        summary = format!("{summary}: {}", missing.join(", "));
    }
    let mut none = finding(&MX_NONE_USABLE, probe, Confidence::Certain, summary);
    none.cause = "Senders cannot deliver mail to this domain. They must not use the domain's own IP addresses, because MX records exist.".to_owned();
    none.failure = Some(PhaseFailure::Unreachable);
    none.fixes.extend(hosts.first().map(|host| {
        Fix::text(format!(
            "Domain owner: publish an A record for {} (and an AAAA record if the host has IPv6), or name another host in the MX record",
            probe.quote(host.name.as_str())
        ))
    }));
    for (host, state) in &states {
        if let HostAddresses::Missing(found, _) | HostAddresses::Loop(found, _) = state {
            none = sight.tried(none.tried(found.id), of_addresses(host));
        }
    }
    findings.push(none);
    findings
}

fn host_missing(sight: Sight<'_>, host: &DnsName, probe: &Probe, why: &str) -> Finding {
    let quoted = probe.quote(host.as_str());
    let summary = format!("{quoted} is an MX host of {}, but {why}", sight.name());
    let mut found = Finding {
        cause: "Senders skip this host and use the others.".to_owned(),
        fixes: vec![Fix::text(format!(
            "Domain owner: delete the MX record of {quoted}, or publish an A record for this host (and an AAAA record if it has IPv6)"
        ))],
        ..finding(&MX_HOST_MISSING, probe, Confidence::Certain, summary)
    };
    if why == "does not exist" && !host.is_within(&sight.name()) {
        found.consequences.push(
            "If the domain in the host's name is no longer registered, an attacker could register it and receive mail"
                .to_owned(),
        );
    }
    found
}

fn host_lookup_failed(sight: Sight<'_>, host: &DnsName, probe: &Probe, why: &str, severity: Severity) -> Finding {
    let summary = format!("the IP addresses of {} could not be looked up ({why})", probe.quote(host.as_str()));
    let mut found = finding(&MX_HOST_LOOKUP_FAILED, probe, Confidence::Likely, summary);
    found.cause = match severity {
        Severity::Notice => "The host may have more IP addresses.".to_owned(),
        _ => "It is not known whether the host has IP addresses, so it was not tested.".to_owned(),
    };
    found.otherwise = Some(
        "The fault may be in this machine's resolver. If another resolver finds the addresses, this is the cause."
            .to_owned(),
    );
    found.fixes = other_resolver(host, RecordKind::A);
    found.severity = severity;
    if let Some(Fault::Dns { kind: DnsFaultKind::SizeLimit, .. }) = probe.fault() {
        // The other tests of the host have no result either, so the report must not appear complete.
        found.confidence = Confidence::Certain;
        found.otherwise = None;
        found.fixes = vec![Fix::text(SMALLER_RESPONSES)];
        found.severity = Severity::Error;
        found.failure = Some(PhaseFailure::Incomplete);
        return found;
    }
    if severity == Severity::Error && mail_hosts(sight).iter().all(|host| usable(sight, &host.name).is_empty()) {
        found.failure = Some(PhaseFailure::Unreachable);
    }
    found
}

fn aliases(sight: Sight<'_>, probe: &Probe) -> Vec<Finding> {
    let alias = |host: &DnsName| {
        KINDS.into_iter().find_map(|kind| {
            let known = sight.records(host, kind);
            // Validating senders do not see a bogus alias.
            let is_seen = |seen: &&RecordsSeen| seen.is_answer() && !is_bogus(seen);
            let (seen, of_host) = (known.answer().filter(is_seen)?, known.probe()?);
            Some((of_host, seen.aliases.last()?.to.clone()))
        })
    };
    mail_hosts(sight)
        .iter()
        .filter_map(|host| {
            let (of_host, target) = alias(&host.name)?;
            let name = of_host.quote(host.name.as_str());
            let summary = format!("the MX host {name} is an alias (CNAME) for {}", of_host.quote(target.as_str()));
            let preference = host.preference?;
            let found = Finding {
                cause: "The standard requires an MX host to have its own address records. Most senders follow the alias, but some do not deliver mail to it.".to_owned(),
                fixes: vec![
                    Fix::text(format!(
                        "Domain owner: replace the CNAME record of {name} with A and AAAA records"
                    )),
                    Fix::text(format!(
                        "Alternatively, name the target in the MX record: {}. MX {preference} {}. First check that the certificate and the domain's policies include this host",
                        sight.name(),
                        of_host.quote(target.as_str())
                    )),
                ],
                ..finding(&MX_IS_ALIAS, probe, Confidence::Certain, summary)
            };
            Some(found.tried(of_host.id))
        })
        .collect()
}
