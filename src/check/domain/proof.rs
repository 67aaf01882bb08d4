//! Responses of the resolver that do not prove which records exist. This module handles them in one place for all
//! record types: the confidence of a finding that rests on such a response is at most `likely`.
//!
//! | the resolver's response | authoritative servers | the record is |
//! |---|---|---|
//! | no records | all deny the records, with a SOA record | certainly missing |
//! | no records | a server returned records | likely missing |
//! | no records, but a SOA record or a valid proof | not asked, or no answer | certainly missing |
//! | neither records nor a SOA record | not asked, no answer, or no SOA record either | likely missing |
//!
//! If the resolver returns MX, TXT or TLSA records, and each authoritative server that answers returns different
//! records, the confidence of a finding about the resolver's records is also at most `likely`.
//!
//! Without a SOA record, a negative response cannot be distinguished from a referral or from an invented response (RFC
//! 2308 §2.1 and 2.2). A finding about a missing record therefore lists each lookup on which it rests.

use std::net::IpAddr;

use crate::evidence::{
    Answer, DnsFaultKind, DnssecState, Evidence, Fault, IndeterminateReason, Outcome, Probe, RecordsSeen,
};
use crate::lexicon::Confidence;
use crate::plan::Plan;
use crate::question::{Question, RecordsRequest};
use crate::wire::{DnsName, Host, RecordKind};

use super::super::finding::Finding;
use super::mx::{KINDS, mail_hosts};
use super::redirect;
use super::sight::{Known, Sight, has_same_records};

/// Changes the confidence of findings from certain to likely if they rest on a response that proves nothing.
pub(in crate::check) fn limit_confidence(plan: &Plan, evidence: &Evidence, findings: &mut [Finding]) {
    let Some(sight) = Sight::new(plan, evidence) else { return };
    for finding in findings.iter_mut().filter(|finding| finding.confidence == Confidence::Certain) {
        if let Some(doubt) = doubt_about(sight, finding) {
            finding.confidence = Confidence::Likely;
            let words = match doubt {
                FindingDoubt::Missing(words) => words,
                FindingDoubt::Replaced(words) => {
                    finding.failure = None;
                    words
                }
            };
            finding.otherwise = Some(match finding.otherwise.take() {
                Some(known) => format!("{known} {words}"),
                None => words,
            });
        }
    }
}

/// Why a finding is not certain.
fn doubt_about(sight: Sight<'_>, finding: &Finding) -> Option<FindingDoubt> {
    let probes = finding.evidence.probes.iter().filter_map(|id| sight.evidence.probe(*id));
    let lookups: Vec<AnsweredLookup<'_>> = probes.filter_map(AnsweredLookup::of).collect();
    let of_lookups = lookups.iter().find_map(|lookup| lookup.doubt(sight.evidence, &lookups));
    of_lookups
        .map(FindingDoubt::Missing)
        .or_else(|| of_sessions(sight, finding))
        .or_else(|| of_servers(sight, finding))
        .or_else(|| of_requests(sight, finding))
        .or_else(|| of_loops(sight, finding).map(FindingDoubt::Missing))
        .or_else(|| redirect::doubt(sight, finding).map(FindingDoubt::Replaced))
}

/// Why a finding is not certain, in a sentence.
enum FindingDoubt {
    /// The records on which the finding rests may be missing or different.
    Missing(String),
    /// The finding rests on records of the name servers that replaced those of the resolver, and neither have valid
    /// signatures, or on other responses of a resolver that returns false ones. It decides no exit code.
    Replaced(String),
}

/// Why the tested server may not belong to the domain: the resolver did not prove that the domain has no MX records and is
/// its own mail host, or a name server returned other addresses for the host.
fn of_sessions(sight: Sight<'_>, finding: &Finding) -> Option<FindingDoubt> {
    let evidence = sight.evidence;
    let tested = finding.evidence.probes.iter().filter_map(|id| match &evidence.probe(*id)?.question {
        Question::Session(request) => match request.host {
            Host::Ip(ip) => Some(ip),
            Host::Name(_) | Host::Socket(_) => None,
        },
        _ => None,
    });
    let mut tested = tested.peekable();
    tested.peek()?;
    let mx = sight.records(&sight.name(), RecordKind::Mx).probe().and_then(AnsweredLookup::of);
    if let Some(doubt) = mx.filter(|lookup| lookup.seen.records.is_empty()).and_then(|mx| mx.doubt(evidence, &[mx])) {
        return Some(FindingDoubt::Missing(doubt));
    }
    let tested: Vec<IpAddr> = tested.collect();
    let mx = [(sight.name(), RecordKind::Mx)];
    let hosts = mail_hosts(sight).into_iter().flat_map(|host| KINDS.map(|kind| (host.name.clone(), kind)));
    let is_tested = |(name, kind): &(DnsName, RecordKind)| {
        let seen = sight.records(name, *kind).answer();
        *kind == RecordKind::Mx || seen.is_some_and(|seen| seen.addresses().any(|ip| tested.contains(&ip)))
    };
    let replaced = mx.into_iter().chain(hosts).filter(is_tested).find_map(|(name, kind)| replaced(sight, &name, kind));
    replaced.or_else(|| tested.into_iter().find_map(|ip| other_address(evidence, ip)).map(FindingDoubt::Missing))
}

/// The doubt about records of the name servers that the check used instead of those of the resolver, if they have no valid
/// signatures. It is not known which of them are correct.
fn replaced(sight: Sight<'_>, name: &DnsName, kind: RecordKind) -> Option<FindingDoubt> {
    let Known::Seen(probe, seen) = sight.records(name, kind) else { return None };
    // If the resolver returned none, no response contradicts the name servers.
    let is_other = sight.uses_servers(name, kind) && !sight.needs_servers(name, kind);
    let is_doubtful = is_other && seen.dnssec != DnssecState::Secure;
    is_doubtful.then(|| {
        FindingDoubt::Replaced(format!(
            "The resolver returned other {kind} records of {}, and neither response has valid signatures. If a device on the network path answers queries to the name servers, the resolver's records may be the correct ones. Repeat the check from another network to find out.",
            probe.quote(name.as_str())
        ))
    })
}

/// The same for the lookups of a finding. A finding about the difference itself is certain.
fn of_servers(sight: Sight<'_>, finding: &Finding) -> Option<FindingDoubt> {
    let evidence = sight.evidence;
    let requests = || {
        finding.evidence.probes.iter().filter_map(|id| match &evidence.probe(*id)?.question {
            Question::Records(request) => Some(request),
            _ => None,
        })
    };
    let is_compared = |request: &RecordsRequest| {
        requests().any(|other| other.server.is_none() && (&other.name, other.kind) == (&request.name, request.kind))
    };
    let mut of_servers = requests().filter(|request| request.server.is_some() && !request.upper_case);
    of_servers.find_map(|request| match is_compared(request) {
        true => None,
        false => replaced(sight, &request.name, request.kind),
    })
}

/// Why a request may have reached a web server that does not belong to the domain: the name servers returned other IP
/// addresses than the resolver, which the request used.
fn of_requests(sight: Sight<'_>, finding: &Finding) -> Option<FindingDoubt> {
    finding.evidence.probes.iter().find_map(|id| {
        let probe = sight.evidence.probe(*id)?;
        let Question::Fetch(request) = &probe.question else { return None };
        let host = DnsName::from(&request.host);
        KINDS.into_iter().any(|kind| sight.uses_servers(&host, kind)).then(|| {
            FindingDoubt::Replaced(format!(
                "The name servers of {0} return other IP addresses than the resolver, and smtpcheck connected to those of the resolver. Repeat the check with another resolver (--resolver).",
                probe.quote(host.as_str())
            ))
        })
    })
}

/// Why a loop of aliases in the resolver's response is not certain: authoritative servers were queried for the same records,
/// and none of them returned an alias.
fn of_loops(sight: Sight<'_>, finding: &Finding) -> Option<String> {
    finding.evidence.probes.iter().find_map(|id| {
        let probe = sight.evidence.probe(*id)?;
        let Question::Records(request) = &probe.question else { return None };
        let is_endless = |outcome: &Outcome| {
            let Outcome::Failed { fault: Fault::Dns { kind, .. } } = outcome else { return false };
            matches!(kind, DnsFaultKind::AliasLoop | DnsFaultKind::AliasLimit)
        };
        if request.server.is_some() || !is_endless(&probe.outcome) {
            return None;
        }
        let of_servers = redirect::of_servers(sight, &request.name).filter(|(other, _)| other.kind == request.kind);
        let of_servers: Vec<&Probe> = of_servers.map(|(_, probe)| probe).collect();
        let is_confirmed = |other: &&Probe| {
            let seen = sight.records_of_probe(other);
            is_endless(&other.outcome) || seen.is_some_and(|seen| seen.authoritative && !seen.aliases.is_empty())
        };
        // A finding that compares the resolver with a server does not rest on the resolver alone.
        let is_compared = of_servers.iter().any(|other| finding.evidence.probes.contains(&other.id));
        (!of_servers.is_empty() && !is_compared && !of_servers.iter().any(is_confirmed)).then(|| {
            format!(
                "No name server confirmed the CNAME records of {}, so they may be from the resolver only. Repeat the check with another resolver (--resolver).",
                probe.quote(request.name.as_str())
            )
        })
    })
}

/// A sentence about a name server that returned addresses for a host without the one that another server or the resolver
/// returned.
fn other_address(evidence: &Evidence, ip: IpAddr) -> Option<String> {
    let kind = if ip.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa };
    let all = || evidence.probes.iter().filter_map(AnsweredLookup::of).filter(|lookup| lookup.request.kind == kind);
    let with = all().find(|lookup| lookup.seen.addresses().any(|other| other == ip))?;
    let is_other = |lookup: &AnsweredLookup<'_>| {
        let has_others = lookup.seen.addresses().next().is_some() && lookup.seen.addresses().all(|other| other != ip);
        lookup.is_authoritative_for(with.request) && has_others
    };
    let other = all().find(is_other)?;
    let addresses: Vec<String> = other.seen.addresses().take(3).map(|ip| ip.to_string()).collect();
    Some(format!(
        "A name server returned other IP addresses of {}: {}. A sender that uses these addresses may get another result.",
        other.probe.quote(other.request.name.as_str()),
        addresses.join(", ")
    ))
}

/// A lookup with its response.
#[derive(Clone, Copy)]
struct AnsweredLookup<'e> {
    probe: &'e Probe,
    request: &'e RecordsRequest,
    seen: &'e RecordsSeen,
}

impl<'e> AnsweredLookup<'e> {
    fn of(probe: &'e Probe) -> Option<AnsweredLookup<'e>> {
        match (&probe.question, &probe.outcome) {
            (Question::Records(request), Outcome::Done { answer: Answer::Records(seen) }) => {
                Some(AnsweredLookup { probe, request, seen })
            }
            _ => None,
        }
    }

    /// Whether this is the answer of an authoritative server for the same records. An answer with an alias does not
    /// count, because other servers may be responsible for the target of the alias.
    fn is_authoritative_for(&self, request: &RecordsRequest) -> bool {
        let is_same = self.request.name == request.name && self.request.kind == request.kind;
        is_same
            && self.request.server.is_some()
            && !self.request.upper_case
            && self.seen.authoritative
            && self.seen.is_answer()
            && self.seen.aliases.is_empty()
    }

    /// Why this response of the resolver does not show which records exist. `of_finding` contains all lookups of the
    /// finding: if the finding compares the resolver with a server, it does not rest on the resolver alone.
    fn doubt(&self, evidence: &Evidence, of_finding: &[AnsweredLookup<'_>]) -> Option<String> {
        let (request, seen) = (self.request, self.seen);
        let is_compared = || of_finding.iter().any(|other| other.is_authoritative_for(request));
        if request.server.is_some() || !seen.is_answer() || is_compared() {
            return None;
        }
        let answers: Vec<&RecordsSeen> = evidence
            .probes
            .iter()
            .filter_map(AnsweredLookup::of)
            .filter(|lookup| lookup.is_authoritative_for(request))
            .map(|lookup| lookup.seen)
            .collect();
        let is_denial = seen.records.is_empty();
        let is_contradicted = match is_denial {
            true => answers.iter().any(|answer| !answer.records.is_empty()),
            // Other records, such as IP addresses, may depend on the client.
            false if matches!(request.kind, RecordKind::Mx | RecordKind::Txt | RecordKind::Tlsa) => {
                seen.aliases.is_empty()
                    && !answers.is_empty()
                    && !answers.iter().any(|answer| has_same_records(answer, seen))
            }
            false => false,
        };
        let (kind, name) = (request.kind, self.probe.quote(request.name.as_str()));
        if is_contradicted {
            return Some(format!(
                "An authoritative name server returned {kind} records of {name} that differ from those of the resolver. Repeat the check later, or with another resolver (--resolver)."
            ));
        }
        // A server's response without records proves nothing either, unless it contains the SOA record.
        let is_denied = answers.iter().any(|answer| answer.records.is_empty() && !answer.without_soa);
        if !is_denial || is_denied || seen.dnssec == DnssecState::Secure {
            return None;
        }
        let unproven = DnssecState::Indeterminate { why: IndeterminateReason::ProofMissing };
        if seen.dnssec == unproven {
            return Some(format!(
                "The resolver returned no {kind} records of {name}, but omitted the proof (DNSSEC) that there are none. If another resolver (--resolver) returns such records, the fault is in the resolver that this check used."
            ));
        }
        seen.without_soa.then(|| match answers.is_empty() {
            true => format!(
                "The resolver returned no {kind} records of {name} and no SOA record, so its response does not prove that there are no {kind} records. If another resolver (--resolver) returns such records, the fault is in the resolver that this check used."
            ),
            false => format!(
                "The resolver and the name servers returned no {kind} records of {name} and no SOA record, so their responses do not prove that there are no {kind} records (RFC 2308 section 2.2). Make the name servers send the zone's SOA record, and repeat the check."
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

    use std::net::SocketAddr;

    use crate::check::domain::world::{World, name, plan, response};
    use crate::check::finding::Finding;
    use crate::evidence::{Answer, Outcome, RecordData, RecordsSeen};
    use crate::lexicon::Confidence;
    use crate::wire::RecordKind;

    /// A domain in which a record of each type is missing.
    const ZONE: &str = "example.com MX 10 mx.example.com
        example.com MX 20 gone.example.com
        example.com TXT v=spf1 include:spf.example.net -all
        mx.example.com A 8.8.4.4
        _mta-sts.example.com TXT v=STSv1; id=1;";

    /// The rules about missing records, in that domain.
    const OF_ZONE: [&str; 7] = [
        "dkim-key-missing",
        "dmarc-missing",
        "mx-host-missing",
        "mx-no-ipv6",
        "ptr-missing",
        "spf-include-broken",
        "tlsrpt-missing",
    ];

    fn findings(world: &mut World) -> Vec<Finding> {
        let mut plan = plan("example.com");
        plan.domain.as_mut().unwrap().selectors = vec!["s1".to_owned()];
        let evidence = world.evidence(&plan);
        crate::check::judge(&plan, &evidence)
    }

    fn finding(world: &mut World, rule: &str) -> Finding {
        let findings = findings(world);
        let rules: Vec<String> = findings.iter().map(|finding| finding.rule.to_string()).collect();
        findings.into_iter().find(|finding| finding.rule == rule).unwrap_or_else(|| panic!("{rule} in {rules:?}"))
    }

    #[test]
    fn a_denial_without_a_soa_record_is_never_certain() {
        for rule in OF_ZONE {
            let certain = finding(World::new().zone(ZONE), rule);
            assert_eq!((certain.confidence, certain.otherwise), (Confidence::Certain, None), "{rule}");
            let found = finding(World::new().zone(ZONE).hides_soa(), rule);
            let otherwise = found.otherwise.unwrap_or_default();
            assert_eq!(found.confidence, Confidence::Likely, "{rule}");
            assert!(otherwise.contains("no SOA record") && otherwise.contains("--resolver"), "{rule}: {otherwise}");
        }
        for (zone, rule) in [
            ("", "mx-domain-not-found"),
            ("www.example.com A 8.8.4.4", "mx-missing"),
            ("www.example.com A 8.8.4.4", "spf-missing"),
            ("example.com A 8.8.4.4", "mx-implicit"),
            ("example.com MX 10 gone.example.com", "mx-none-usable"),
            (
                "example.com MX 0 .\n_dmarc.example.com TXT v=DMARC1; p=none; rua=mailto:a@gone.example.net",
                "dmarc-report-domain",
            ),
        ] {
            assert_eq!(finding(World::new().zone(zone), rule).confidence, Confidence::Certain, "{rule}");
            let found = finding(World::new().zone(zone).hides_soa(), rule);
            assert_eq!(found.confidence, Confidence::Likely, "{rule}");
            assert!(found.otherwise.unwrap().contains("no SOA record"), "{rule}");
        }
    }

    /// The domain with a name server that answers the query for the records of `_smtp._tls` with these records.
    fn with_server(records: Vec<RecordData>) -> World {
        let mut world = World::new();
        let soa = RecordData::Soa { primary: name("ns.example.com"), serial: 1, expire: 1, minimum: 1 };
        let apex = name("example.com");
        world.zone(ZONE).zone("example.com NS ns.example.com\nns.example.com A 8.8.8.53").hides_soa();
        world.answer("example.com", RecordKind::Soa, response(&apex, vec![soa]));
        let server: SocketAddr = "8.8.8.53:53".parse().unwrap();
        let at = name("_smtp._tls.example.com");
        let seen = RecordsSeen { authoritative: true, ..response(&at, records) };
        let answer = Answer::Records(seen);
        world.outcome(at.as_str(), RecordKind::Txt, Some(server), Outcome::Done { answer });
        world
    }

    #[test]
    fn the_name_servers_decide_whether_a_record_is_missing() {
        let found = finding(&mut with_server(Vec::new()), "tlsrpt-missing");
        assert_eq!((found.confidence, found.otherwise), (Confidence::Certain, None));
        let text = "v=TLSRPTv1; rua=mailto:a@example.com".to_owned();
        let record = RecordData::Txt { lengths: vec![text.len()], text, raw_b64: None };
        // The check uses the records on which all name servers agree.
        let all = findings(&mut with_server(vec![record.clone()]));
        assert!(all.iter().all(|one| one.rule != "tlsrpt-missing"), "{all:?}");
        // The difference itself is certain.
        let found = finding(&mut with_server(vec![record]), "delegation-resolver-differs");
        assert_eq!((found.confidence, found.otherwise), (Confidence::Certain, None));
    }

    #[test]
    fn records_that_only_the_resolver_returns_are_no_fault() {
        let of_server = |text: &str| {
            let mut world = with_server(Vec::new());
            world.record("example.com TXT v=spf1 +all");
            let record = RecordData::Txt { lengths: vec![text.len()], text: text.to_owned(), raw_b64: None };
            let seen = RecordsSeen { authoritative: true, ..response(&name("example.com"), vec![record]) };
            let answer = Answer::Records(seen);
            let server: SocketAddr = "8.8.8.53:53".parse().unwrap();
            world.outcome("example.com", RecordKind::Txt, Some(server), Outcome::Done { answer });
            findings(&mut world).into_iter().map(|one| one.rule.into_owned()).collect::<Vec<String>>()
        };
        let found = of_server("v=spf1 -all");
        assert!(!found.iter().any(|rule| rule == "spf-two-records"), "{found:?}");
        assert!(found.iter().any(|rule| rule == "delegation-resolver-differs"), "{found:?}");
    }
}
