//! Findings about authoritative name servers.

use super::super::mx::{DNS_ANSWER_TRUNCATED, code_words};
use super::super::sight::{Known, Sight};
use super::super::{parent, redirect, zone};
use super::compared::compared;
use super::differs;
use super::letter_case;
use super::rules::{
    DELEGATION_LAME, DELEGATION_RECORDS_DIFFER, DELEGATION_RESOLVER_DIFFERS, DELEGATION_SERIAL_DIFFERS,
    DELEGATION_SERVER_ALIAS, DELEGATION_SERVER_WITHOUT_ADDRESS, MX_DIFFERS_BETWEEN_SERVERS,
};
use super::servers::{
    NameServer, ServerGroup, ServerReply, addresses_known, answer, differing, groups, has_no_address, is_blocked_here,
    name_servers, own_names, records_of, reply, shown_as, tested,
};
use super::signatures;
use crate::check::finding::{Finding, Severity};
use crate::evidence::{DnsCode, DnsFaultKind, Evidence, Fault, Phase, Probe, RecordsSeen};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::wire::{DnsName, RecordKind};

pub(super) fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(sight) = Sight::new(plan, evidence) else { return Vec::new() };
    let Some(apex) = zone::apex(sight) else { return Vec::new() };
    let Some(probe) = sight.records(&apex, RecordKind::Ns).probe() else { return Vec::new() };
    if !addresses_known(sight, &apex) {
        return Vec::new();
    }
    let servers = tested(sight, &apex);
    let mut findings = Vec::new();
    findings.extend(without_address(sight, &apex, probe));
    findings.extend(server_alias(sight, &apex, probe));
    findings.extend(truncated(sight, &apex, &servers));
    if is_blocked_here(sight, &apex, &servers) {
        return findings;
    }
    let at_parent = differs::at_parent(sight, &apex, &servers);
    // The finding about the parent zone covers the servers that only the parent zone lists.
    let of_zone: Vec<NameServer> = match &at_parent {
        Some(found) => servers.iter().filter(|server| !found.stale.contains(&server.name)).cloned().collect(),
        None => servers.clone(),
    };
    findings.extend(lame(sight, &apex, &of_zone));
    findings.extend(at_parent.map(|found| found.finding));
    let differing = differing(sight, &apex, &servers);
    let (of_domain, below): (Vec<&ServerDifference>, Vec<&ServerDifference>) =
        differing.iter().partition(|(name, ..)| *name == sight.name());
    for (name, kind, groups) in &of_domain {
        findings.extend(differs(sight, &apex, (name, *kind), groups, &servers));
    }
    // If the MX records differ, the hosts of an old copy of the zone differ, too.
    let is_mx = |(_, kind, _): &&ServerDifference| *kind == RecordKind::Mx;
    let is_address = |(_, kind, _): &&ServerDifference| matches!(kind, RecordKind::A | RecordKind::Aaaa);
    let has_mx = of_domain.iter().any(is_mx);
    let below: Vec<&ServerDifference> = below.into_iter().filter(|one| !(has_mx && is_address(one))).collect();
    findings.extend(below_differ(sight, &apex, &below, &servers));
    findings.extend(letter_case::finding(sight, &servers));
    findings.extend(signatures::findings(sight, &apex, &servers));
    if differing.is_empty() {
        findings.extend(serials(sight, &apex, &servers));
    }
    findings.extend(resolver_differs(sight, &apex, &servers));
    findings
}

/// Records of one name and type, with the groups of servers.
type ServerDifference = (DnsName, RecordKind, Vec<ServerGroup>);

/// The finding about differences in records below the domain. An old copy of the zone often differs in many records, so
/// one finding covers all of them. TLSA records come first, because mail depends on them.
fn below_differ(
    sight: Sight<'_>,
    apex: &DnsName,
    below: &[&ServerDifference],
    servers: &[NameServer],
) -> Option<Finding> {
    let is_tlsa = |(_, kind, _): &&&ServerDifference| *kind == RecordKind::Tlsa;
    let (name, kind, groups) = below.iter().find(is_tlsa).or(below.first())?;
    let mut finding = differs(sight, apex, (name, *kind), groups, servers)?;
    for (other, of, groups) in below.iter().filter(|(other, ..)| other != name) {
        let servers = groups.iter().flat_map(|group| &group.servers);
        let probes: Vec<&Probe> = servers.filter_map(|server| answer(sight, other, *of, server).probe()).collect();
        if let Some(probe) = probes.first() {
            finding.consequences.push(format!("The {of} records of {} differ, too", probe.quote(other.as_str())));
        }
        finding = probes.into_iter().fold(finding, |finding, probe| finding.tried(probe.id));
    }
    Some(finding)
}

/// Name servers whose names are aliases.
fn server_alias(sight: Sight<'_>, apex: &DnsName, probe: &Probe) -> Option<Finding> {
    let alias = |name: &DnsName| {
        // The resolver redirects the domain.
        if zone::is_contradicted(sight, apex) {
            return None;
        }
        let lookups = [RecordKind::A, RecordKind::Aaaa].map(|kind| sight.records(name, kind));
        lookups.into_iter().find_map(|known| match known {
            Known::Seen(lookup, seen) => Some((lookup, seen.aliases.last()?.to.clone())),
            _ => None,
        })
    };
    let wrong: Vec<(DnsName, &Probe, DnsName)> = name_servers(sight, apex)
        .into_iter()
        .filter_map(|name| alias(&name).map(|(lookup, target)| (name, lookup, target)))
        .collect();
    let names: Vec<String> = wrong
        .iter()
        .map(|(name, lookup, target)| {
            format!("{} (for {})", lookup.quote(name.as_str()), lookup.quote(target.as_str()))
        })
        .collect();
    let (_, _, target) = wrong.first()?;
    let summary = format!("name servers of {apex} whose names are aliases (CNAME): {}", names.join(", "));
    let finding = Finding::new(&DELEGATION_SERVER_ALIAS, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    let finding = Finding {
        cause: "The name in an NS record must not be an alias. Some resolvers do not use such a server.".to_owned(),
        fixes: vec![Fix::text(format!(
            "DNS operator: in the zone {apex} and at the registrar, enter the target of the alias ({}), or replace the CNAME record with A and AAAA records",
            probe.quote(target.as_str())
        ))],
        ..finding
    };
    Some(wrong.iter().fold(finding, |finding, (_, lookup, _)| finding.tried(lookup.id)))
}

fn without_address(sight: Sight<'_>, apex: &DnsName, probe: &Probe) -> Option<Finding> {
    let wrong: Vec<DnsName> =
        name_servers(sight, apex).into_iter().filter(|name| has_no_address(sight, apex, name)).collect();
    if wrong.is_empty() {
        return None;
    }
    let names: Vec<String> = wrong.iter().map(|name| probe.quote(name.as_str()).to_string()).collect();
    let summary = format!("name servers of {apex} without an IP address: {}", names.join(", "));
    let mut found = Finding {
        cause: "Resolvers cannot use these servers.".to_owned(),
        fixes: vec![Fix::text(format!(
            "DNS operator: remove the NS record of {} from the zone {apex} and at the registrar, or publish IP addresses for this name",
            names.first().cloned().unwrap_or_default()
        ))],
        ..Finding::new(&DELEGATION_SERVER_WITHOUT_ADDRESS, Phase::Dns, Confidence::Certain, summary).tried(probe.id)
    };
    for name in &wrong {
        for kind in [RecordKind::A, RecordKind::Aaaa] {
            if let Some(of_name) = sight.records(name, kind).probe() {
                found = found.tried(of_name.id);
            }
        }
    }
    // A resolver may return false NS records.
    let of_zone = own_names(sight, apex, &tested(sight, apex)).into_iter().map(|(.., names)| names);
    let mut others = of_zone.chain(parent::referrals(sight, apex).into_iter().map(|one| one.names)).peekable();
    if others.peek().is_some() {
        let listed: Vec<DnsName> = others.flatten().collect();
        if !wrong.iter().any(|name| listed.contains(name)) {
            found.confidence = Confidence::Likely;
            found.otherwise = Some("Only this machine's resolver lists these name servers, but neither the parent zone nor the zone itself. The resolver may return old or false NS records. Repeat the check with another resolver (--resolver).".to_owned());
        }
    }
    if wrong.iter().any(|name| !name.is_within(apex)) {
        found.consequences.push(
            "If the domain in such a name server's name is no longer registered, an attacker could register it and answer for the zone"
                .to_owned(),
        );
    }
    Some(found)
}

/// Servers that need TCP for a response and do not respond over TCP.
fn truncated(sight: Sight<'_>, apex: &DnsName, servers: &[NameServer]) -> Option<Finding> {
    let domain = sight.name();
    let mut failed: Vec<(&DnsName, RecordKind, &NameServer, &Probe)> = Vec::new();
    for server in servers {
        for (name, kind) in [(apex, RecordKind::Soa), (&domain, RecordKind::Mx), (&domain, RecordKind::Txt)] {
            if let Known::Failed(probe, Fault::Dns { kind: DnsFaultKind::TcpFailed, .. }) =
                answer(sight, name, kind, server)
            {
                failed.push((name, kind, server, probe));
            }
        }
    }
    let (name, first, server, probe) = failed.first()?;
    let places: Vec<String> = failed
        .iter()
        .map(|(name, kind, server, probe)| format!("{kind} of {name} from {}", shown_as(server, probe)))
        .collect();
    let summary =
        format!("responses that do not fit into a UDP packet are not available over TCP: {}", places.join(", "));
    let finding = Finding::new(&DNS_ANSWER_TRUNCATED, Phase::Dns, Confidence::Likely, summary);
    let port = match sight.domain.dns_port {
        53 => String::new(),
        port => format!(" -p {port}"),
    };
    let mut fixes = vec![Fix::run(
        format!(
            "DNS operator: open TCP port 53 of {} in the firewall. This command tests the port",
            shown_as(server, probe)
        ),
        format!("dig +tcp {name} {first} @{}{port}", server.ip),
    )];
    // Only TXT records can be removed without affecting mail.
    if failed.iter().any(|(_, kind, ..)| *kind == RecordKind::Txt) {
        fixes.push(Fix::text(format!(
            "Domain owner: to make the response smaller, remove TXT records of {domain} that are no longer needed"
        )));
    }
    let finding = Finding {
        cause: "Resolvers cannot get these records from this server. Lookups fail or time out for some senders and receivers.".to_owned(),
        otherwise: Some("This machine's network may block DNS over TCP. If the command below also fails from another network, the server blocks DNS over TCP.".to_owned()),
        fixes,
        ..finding
    };
    Some(failed.iter().fold(finding, |finding, (.., probe)| finding.tried(probe.id)))
}

/// Servers that do not answer for the zone, or do not respond although other servers of the same address family do.
fn lame(sight: Sight<'_>, apex: &DnsName, servers: &[NameServer]) -> Option<Finding> {
    let replies: Vec<(&NameServer, ServerReply<'_>)> =
        servers.iter().map(|server| (server, reply(sight, apex, server))).collect();
    let responds = |is_ipv4: bool| {
        replies.iter().any(|(server, reply)| {
            server.ip.is_ipv4() == is_ipv4
                && matches!(reply, ServerReply::Authoritative { .. } | ServerReply::Lame { .. })
        })
    };
    let mut places = Vec::new();
    let mut names = Vec::new();
    let mut probes = Vec::new();
    let mut confidence = Confidence::Certain;
    for (server, reply) in &replies {
        match reply {
            ServerReply::Lame { probe, code } => {
                let why = match code {
                    DnsCode::NoError => "not authoritative".to_owned(),
                    code => code_words(*code),
                };
                places.push(format!("{} ({why})", shown_as(server, probe)));
                names.push(shown_as(server, probe));
                probes.push(probe.id);
            }
            ServerReply::Silent { probe } if responds(server.ip.is_ipv4()) => {
                places.push(format!("{} (no response)", shown_as(server, probe)));
                names.push(shown_as(server, probe));
                probes.push(probe.id);
                confidence = Confidence::Likely;
            }
            ServerReply::Authoritative { .. } | ServerReply::Silent { .. } | ServerReply::Unknown => {}
        }
    }
    if places.is_empty() {
        return None;
    }
    let summary = format!("name servers that do not answer for the zone {apex}: {}", places.join(", "));
    let mut finding = Finding::new(&DELEGATION_LAME, Phase::Dns, confidence, summary);
    finding.cause = "Resolvers query these servers because the NS records of the zone or of its parent zone list them. Lookups are delayed, and fail if the other servers are not available.".to_owned();
    if confidence != Confidence::Certain {
        finding.otherwise = Some("A server that does not respond may be unreachable only from this network. Repeat the check from another network to find out.".to_owned());
    }
    if !replies.iter().any(|(_, reply)| matches!(reply, ServerReply::Authoritative { .. })) {
        finding.severity = Severity::Error;
        finding.cause =
            "No queried server answers for the zone. Resolvers without a cached response cannot find the mail servers."
                .to_owned();
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("A device on the network path may intercept or block DNS queries to servers other than the resolver. Repeat the check from another network to find out.".to_owned());
        // The servers of the parent zone do not answer either, so a device on the network path probably does.
        if parent::do_servers_refuse(sight, apex) {
            finding.severity = Severity::Notice;
        }
    }
    let first = names.first().cloned().unwrap_or_default();
    finding.fixes.push(Fix::text(format!(
        "DNS operator: load the zone {apex} on the server {first}, or remove its NS record from the zone and at the registrar"
    )));
    Some(probes.into_iter().fold(finding, Finding::tried))
}

fn differs(
    sight: Sight<'_>,
    apex: &DnsName,
    (domain, kind): (&DnsName, RecordKind),
    groups: &[ServerGroup],
    servers: &[NameServer],
) -> Option<Finding> {
    let quoted = |group: &ServerGroup| {
        let first = group.servers.first()?;
        let probe = answer(sight, domain, kind, first).probe()?;
        let names: Vec<String> = group.servers.iter().map(|server| shown_as(server, probe)).collect();
        let records = match group.records.is_empty() {
            true => "no record".to_owned(),
            false => probe.quote(shortened(&group.records.join(", "))).to_string(),
        };
        Some(format!("{}: {records}", names.join(", ")))
    };
    let shown: Vec<String> = groups.iter().take(3).filter_map(quoted).collect();
    let summary =
        format!("the name servers of {apex} have different {kind} records for {domain}: {}", shown.join("; "));
    let rule = if kind == RecordKind::Mx { &MX_DIFFERS_BETWEEN_SERVERS } else { &DELEGATION_RECORDS_DIFFER };
    let mut finding = Finding::new(rule, Phase::Dns, Confidence::Certain, summary);
    finding.cause = match kind {
        RecordKind::Tlsa => "Senders that use DANE get different records, depending on the name server that their resolver queries. If the records of one server match no certificate, these senders deliver mail only some of the time.",
        RecordKind::Txt if *domain != sight.name() => "Which record senders and receivers use, or whether they find one, depends on the name server that their resolver queries.",
        RecordKind::A | RecordKind::Aaaa => "Which server receives the mail, or whether senders find one, depends on the name server that the sender's resolver queries.",
        RecordKind::Mx => "Which hosts receive the mail depends on the name server that the sender's resolver queries.",
        _ => "The result of an SPF check, for example, depends on which name server the receiver's resolver queries.",
    }
    .to_owned();
    if kind == RecordKind::Tlsa {
        finding.severity = Severity::Error;
    }
    if matches!(kind, RecordKind::A | RecordKind::Aaaa) {
        finding.severity = Severity::Notice;
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("The name servers may return different IP addresses on purpose, for example to distribute the load. In this case, no action is required.".to_owned());
    }
    if serials_of(sight, apex, servers).len() > 1 {
        // An old copy of the zone is no way to distribute the load.
        finding.severity = finding.severity.max(Severity::Warning);
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("The zone's serial numbers also differ, so a change may not have reached all servers yet. To find out, repeat the check in a few minutes.".to_owned());
    }
    let odd = groups.last().and_then(|group| {
        let first = group.servers.first()?;
        Some(shown_as(first, answer(sight, domain, kind, first).probe()?))
    });
    finding.fixes.push(Fix::text(format!(
        "DNS operator: check the zone transfer to {}; if you use several DNS providers, publish the same records at all of them",
        odd.unwrap_or_default()
    )));
    for server in groups.iter().flat_map(|group| &group.servers) {
        if let Some(probe) = answer(sight, domain, kind, server).probe() {
            finding = finding.tried(probe.id);
        }
    }
    Some(finding)
}

/// At most 200 characters of a string.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The serial numbers of the zone, each with the servers that have it.
fn serials_of<'s>(
    sight: Sight<'s>,
    apex: &DnsName,
    servers: &[NameServer],
) -> Vec<(u32, Vec<(NameServer, &'s Probe)>)> {
    let mut serials: Vec<(u32, Vec<(NameServer, &'s Probe)>)> = Vec::new();
    for server in servers {
        let ServerReply::Authoritative { probe, serial } = reply(sight, apex, server) else { continue };
        match serials.iter_mut().find(|(known, _)| *known == serial) {
            Some((_, group)) => group.push((server.clone(), probe)),
            None => serials.push((serial, vec![(server.clone(), probe)])),
        }
    }
    serials
}

fn serials(sight: Sight<'_>, apex: &DnsName, servers: &[NameServer]) -> Option<Finding> {
    let serials = serials_of(sight, apex, servers);
    if serials.len() < 2 {
        return None;
    }
    let list: Vec<String> = serials
        .iter()
        .map(|(serial, group)| {
            let names: Vec<String> = group.iter().map(|(server, probe)| shown_as(server, probe)).collect();
            format!("{serial} ({})", names.join(", "))
        })
        .collect();
    let summary = format!("the name servers of {apex} have different serial numbers: {}", list.join(", "));
    let finding = Finding::new(&DELEGATION_SERIAL_DIFFERS, Phase::Dns, Confidence::Certain, summary);
    let finding = Finding {
        cause: "Their MX and TXT records are the same. A change may not have reached all servers yet, or the servers use independent serial numbers.".to_owned(),
        ..finding
    };
    Some(serials.iter().flat_map(|(_, group)| group).fold(finding, |finding, (_, probe)| finding.tried(probe.id)))
}

/// The resolver's response to a query for records, and the records in a form that can be compared.
struct ResolverRecords<'s> {
    probe: &'s Probe,
    records: Vec<String>,
    /// `None` if the aliases lead to no answer.
    seen: Option<&'s RecordsSeen>,
}

impl<'s> ResolverRecords<'s> {
    fn of(sight: Sight<'s>, domain: &DnsName, kind: RecordKind) -> Option<ResolverRecords<'s>> {
        match sight.at_resolver(domain, kind) {
            Known::Seen(probe, seen) if seen.is_answer() => {
                Some(ResolverRecords { probe, records: records_of(sight, domain, seen), seen: Some(seen) })
            }
            Known::Failed(probe, Fault::Dns { kind: DnsFaultKind::AliasLoop, .. }) => {
                Some(ResolverRecords { probe, records: vec!["a loop of CNAME records".to_owned()], seen: None })
            }
            known @ Known::Seen(probe, seen) if sight.has_broken_alias(domain, known) => {
                let records = vec![format!("an alias, {}", code_words(seen.code))];
                Some(ResolverRecords { probe, records, seen: None })
            }
            Known::Seen(..) | Known::Failed(..) | Known::Unasked | Known::Waiting | Known::Skipped => None,
        }
    }

    fn has_alias(&self) -> bool {
        self.seen.is_none_or(|seen| !seen.aliases.is_empty())
    }
}

/// The records of all authoritative servers, if the resolver returned different ones.
pub(super) fn contradiction(
    sight: Sight<'_>,
    domain: &DnsName,
    kind: RecordKind,
    servers: &[NameServer],
) -> Option<ServerGroup> {
    let of_resolver = ResolverRecords::of(sight, domain, kind)?;
    let groups = groups(sight, domain, kind, servers);
    let is_unanimous = groups.len() == 1;
    let group = groups.into_iter().next().filter(|group| is_unanimous && !group.servers.is_empty())?;
    // The authoritative servers do not follow an alias into another zone.
    let follows_alias = group.records.iter().any(|record| record.starts_with("CNAME "));
    let mut addresses = of_resolver.seen.into_iter().flat_map(RecordsSeen::addresses);
    let is_address = matches!(kind, RecordKind::A | RecordKind::Aaaa);
    let is_same = follows_alias
        || of_resolver.records == group.records
        // A server may send a different selection of the addresses in each response.
        || (is_address && addresses.any(|ip| group.records.contains(&ip.to_string())));
    (!is_same).then_some(group)
}

/// The finding that records from the resolver differ from those of all authoritative servers. If the resolver redirects
/// names, many records differ, so one finding covers all of them.
fn resolver_differs(sight: Sight<'_>, apex: &DnsName, servers: &[NameServer]) -> Vec<Finding> {
    let all = compared(sight, apex).into_iter();
    let all = all.filter_map(|(name, kind)| Some((one_difference(sight, &name, kind, servers)?, name, kind)));
    if redirect::redirected_name(sight).is_none() {
        return all.map(|(finding, ..)| finding).collect();
    }
    let merged = all.reduce(|(finding, ..), (other, name, kind)| {
        let mut finding = other.evidence.probes.iter().fold(finding, |finding, probe| finding.tried(*probe));
        let quoted = other
            .evidence
            .probes
            .first()
            .and_then(|id| sight.evidence.probe(*id))
            .map(|probe| probe.quote(name.as_str()).to_string());
        finding.consequences.extend(quoted.map(|quoted| format!("The {kind} records of {quoted} differ, too")));
        (finding, name, kind)
    });
    merged.map(|(finding, ..)| finding).into_iter().collect()
}

fn one_difference(sight: Sight<'_>, domain: &DnsName, kind: RecordKind, servers: &[NameServer]) -> Option<Finding> {
    let group = contradiction(sight, domain, kind, servers)?;
    let of_resolver = ResolverRecords::of(sight, domain, kind)?;
    let probe = of_resolver.probe;
    let shown = |records: &[String]| match records.is_empty() {
        true => "no record".to_owned(),
        false => probe.quote(shortened(&records.join(", "))).to_string(),
    };
    let summary = format!(
        "the resolver returned {kind} records for {domain} ({}) that differ from those of its name servers ({})",
        shown(&of_resolver.records),
        shown(&group.records)
    );
    let finding = Finding::new(&DELEGATION_RESOLVER_DIFFERS, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    let results = match sight.uses_servers(domain, kind) {
        true => "The results of this check apply to the records of the name servers.",
        false => "The results of this check apply to the records that the resolver returned.",
    };
    let why = match of_resolver.has_alias() {
        true => {
            "The resolver, or a device on the network path to it, redirects the name: it returned an alias (CNAME) that the name servers do not have. This may be a filter or the login page of a network, or the resolver may have cached an older response."
        }
        false => {
            "The resolver may have cached an older response, or the local network has its own records for the domain."
        }
    };
    let finding = Finding {
        cause: format!("{why} {results}"),
        fixes: vec![Fix::text(
            "If the records were not changed recently, repeat the check with another resolver (--resolver)",
        )],
        ..finding
    };
    let probes = group.servers.iter().filter_map(|server| answer(sight, domain, kind, server).probe());
    Some(probes.fold(finding, |finding, probe| finding.tried(probe.id)))
}
