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

use crate::evidence::{Answer, DnssecState, Evidence, Outcome, Probe, RecordData, RecordsSeen};
use crate::lexicon::Confidence;
use crate::plan::Plan;
use crate::question::{Question, RecordsRequest};
use crate::wire::RecordKind;

use super::super::finding::Finding;

/// Changes the confidence of findings from certain to likely if they rest on a response that proves nothing.
pub(in crate::check) fn limit_confidence(plan: &Plan, evidence: &Evidence, findings: &mut [Finding]) {
    if plan.domain.is_none() {
        return;
    }
    for finding in findings.iter_mut().filter(|finding| finding.confidence == Confidence::Certain) {
        let lookups: Vec<AnsweredLookup<'_>> =
            finding.evidence.probes.iter().filter_map(|id| AnsweredLookup::of(evidence.probe(*id)?)).collect();
        if let Some(doubt) = lookups.iter().find_map(|lookup| lookup.doubt(evidence, &lookups)) {
            finding.confidence = Confidence::Likely;
            finding.otherwise = Some(match finding.otherwise.take() {
                Some(known) => format!("{known} {doubt}"),
                None => doubt,
            });
        }
    }
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
                seen.aliases.is_empty() && !answers.is_empty() && !answers.iter().any(|answer| is_same(answer, seen))
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
        let is_unproven = is_denial && !is_denied && seen.without_soa && seen.dnssec != DnssecState::Secure;
        is_unproven.then(|| match answers.is_empty() {
            true => format!(
                "The resolver returned no {kind} records of {name} and no SOA record, so its response does not prove that there are no {kind} records. If another resolver (--resolver) returns such records, the fault is in the resolver that this check used."
            ),
            false => format!(
                "The resolver and the name servers returned no {kind} records of {name} and no SOA record, so their responses do not prove that there are no {kind} records (RFC 2308 section 2.2). Make the name servers send the zone's SOA record, and repeat the check."
            ),
        })
    }
}

/// Whether two responses contain the same records, in any order.
fn is_same(one: &RecordsSeen, other: &RecordsSeen) -> bool {
    let contains = |seen: &RecordsSeen, data: &RecordData| seen.records.iter().any(|record| record.data == *data);
    let is_within = |one: &RecordsSeen, other| one.records.iter().all(|record| contains(other, &record.data));
    is_within(one, other) && is_within(other, one)
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
        let found = finding(&mut with_server(vec![record.clone()]), "tlsrpt-missing");
        assert_eq!(found.confidence, Confidence::Likely);
        let otherwise = found.otherwise.unwrap();
        assert!(otherwise.contains("An authoritative name server returned TXT records"), "{otherwise}");
        // The difference itself is certain.
        let found = finding(&mut with_server(vec![record]), "delegation-resolver-differs");
        assert_eq!((found.confidence, found.otherwise), (Confidence::Certain, None));
    }

    #[test]
    fn records_that_differ_from_those_of_the_name_servers_are_no_certain_fault() {
        let of_server = |text: &str| {
            let mut world = with_server(Vec::new());
            world.record("example.com TXT v=spf1 +all");
            let record = RecordData::Txt { lengths: vec![text.len()], text: text.to_owned(), raw_b64: None };
            let seen = RecordsSeen { authoritative: true, ..response(&name("example.com"), vec![record]) };
            let answer = Answer::Records(seen);
            let server: SocketAddr = "8.8.8.53:53".parse().unwrap();
            world.outcome("example.com", RecordKind::Txt, Some(server), Outcome::Done { answer });
            let two = finding(&mut world, "spf-two-records");
            (two.confidence, two.otherwise.is_some())
        };
        assert_eq!(of_server("v=spf1 -all"), (Confidence::Likely, true));
    }
}
