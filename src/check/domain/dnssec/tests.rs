//! Tests of the findings about DNSSEC.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use super::super::seen::{DnssecWord, PublishedState};
use super::super::world::{NOW, World, name, plan, response};
use crate::check::domain::results;
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::evidence::{Answer, BogusReason, DnssecState, IndeterminateReason, Outcome, RecordData, RecordsSeen};
use crate::wire::RecordKind;

const ZONE: &str = "example.com MX 10 mx.example.com
    mx.example.com A 8.8.4.4";

fn findings(world: &mut World) -> Vec<Finding> {
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    super::judge::judge(&plan, &evidence)
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.as_ref()).collect()
}

/// A signed zone with these keys, DS digests and NSEC3 iterations.
fn signed(algorithm: u8, digest: u8, iterations: u16) -> World {
    let mut world = World::new();
    let apex = name("example.com");
    let soa = RecordData::Soa { primary: name("ns.example.com"), serial: 1, expire: 1, minimum: 1 };
    world.zone(ZONE).answer("example.com", RecordKind::Soa, response(&apex, vec![soa]));
    let key = RecordData::Dnskey { flags: 257, algorithm, tag: 1 };
    world.answer("example.com", RecordKind::Dnskey, response(&apex, vec![key]));
    world.answer("example.com", RecordKind::Ds, response(&apex, vec![RecordData::Ds { tag: 1, algorithm, digest }]));
    let nsec3 = RecordData::Nsec3Param { iterations, salt: 0 };
    world.answer("example.com", RecordKind::Nsec3Param, response(&apex, vec![nsec3]));
    world.signed();
    world
}

/// The domain whose MX records have this state.
fn with_state(dnssec: DnssecState) -> Vec<Finding> {
    let mut world = World::new();
    let record = RecordData::Mx { preference: 10, host: name("mx.example.com") };
    let seen = RecordsSeen { dnssec, ..response(&name("example.com"), vec![record]) };
    world.zone("mx.example.com A 8.8.4.4").answer("example.com", RecordKind::Mx, seen);
    findings(&mut world)
}

fn bogus(why: BogusReason) -> Vec<Finding> {
    with_state(DnssecState::Bogus { why, zone: Some(name("example.com")) })
}

#[test]
fn a_signed_and_an_unsigned_domain_have_no_finding() {
    assert_eq!(rules(&findings(&mut signed(13, 2, 0))), Vec::<&str>::new());
    assert_eq!(rules(&with_state(DnssecState::Insecure)), Vec::<&str>::new());
}

#[test]
fn bogus_records_prevent_delivery_and_have_a_rule_by_their_reason() {
    let end = u32::try_from(NOW - 5 * 86_400).expect("a time");
    let expired = bogus(BogusReason::Expired { at: end });
    assert_eq!(rules(&expired), ["dnssec-signature-expired"]);
    assert_eq!(expired[0].failure, Some(PhaseFailure::Unreachable));
    assert!(expired[0].cause.contains("5 days ago") && expired[0].cause.contains("do not deliver mail to the domain"));
    let early = bogus(BogusReason::NotYetValid { at: u32::try_from(NOW + 100).expect("a time") });
    assert_eq!(rules(&early), ["dnssec-signature-not-yet-valid"]);
    assert!(early[0].fixes[0].text.contains("clock"));
    assert_eq!(rules(&bogus(BogusReason::DsMismatch)), ["dnssec-ds-mismatch"]);
    assert_eq!(rules(&bogus(BogusReason::NoSignature)), ["dnssec-bogus"]);
    assert_eq!(rules(&bogus(BogusReason::DelegationUnproven)), ["dnssec-bogus"]);
    let without_keys = bogus(BogusReason::KeysMissing);
    assert_eq!(rules(&without_keys), ["dnssec-ds-mismatch"]);
    assert!(without_keys[0].fixes[0].text.contains("delete the DS record"), "{:?}", without_keys[0].fixes);
}

#[test]
fn a_resolver_that_changes_records_is_not_a_fault_of_the_domain() {
    let bogus = || DnssecState::Bogus { why: BogusReason::NoSignature, zone: Some(name("example.com")) };
    let mx = |host: &str| vec![RecordData::Mx { preference: 10, host: name(host) }];
    let with_servers = |of_servers: [DnssecState; 2]| {
        let apex = name("example.com");
        let mut world = World::new();
        world.zone(
            "mx.example.com A 8.8.4.4\nevil.example.net A 8.8.4.5
             example.com NS ns1.example.com\nexample.com NS ns2.example.com
             ns1.example.com A 8.8.8.1\nns2.example.com A 8.8.8.2",
        );
        let soa = RecordData::Soa { primary: name("ns1.example.com"), serial: 1, expire: 1, minimum: 1 };
        world.answer("example.com", RecordKind::Soa, response(&apex, vec![soa]));
        let seen = RecordsSeen { dnssec: bogus(), ..response(&apex, mx("evil.example.net")) };
        world.answer("example.com", RecordKind::Mx, seen);
        for (number, dnssec) in (1..).zip(of_servers) {
            let server = std::net::SocketAddr::from(([8, 8, 8, number], 53));
            let seen = RecordsSeen { authoritative: true, dnssec, ..response(&apex, mx("mx.example.com")) };
            let outcome = Outcome::Done { answer: Answer::Records(seen) };
            world.outcome("example.com", RecordKind::Mx, Some(server), outcome);
        }
        let plan = plan("example.com");
        let evidence = world.evidence(&plan);
        super::judge::judge(&plan, &evidence)
    };
    let found = with_servers([DnssecState::Secure, DnssecState::Secure]);
    assert_eq!(rules(&found), ["dnssec-bogus"]);
    assert_eq!((found[0].severity, found[0].failure), (Severity::Warning, None));
    assert!(found[0].fixes.iter().all(|fix| !fix.text.contains("sign")), "{:?}", found[0].fixes);
    // If one server sends wrong signatures, the domain is at fault.
    let found = with_servers([DnssecState::Secure, bogus()]);
    assert_eq!((rules(&found), found[0].severity), (vec!["dnssec-bogus"], Severity::Error));
}

#[test]
fn bogus_addresses_of_one_of_two_hosts_do_not_prevent_delivery() {
    let mut world = World::new();
    world.zone(ZONE).zone("example.com MX 20 mx2.example.com\nmx2.example.com A 8.8.4.5");
    let dnssec = DnssecState::Bogus { why: BogusReason::NoSignature, zone: None };
    let address = RecordData::A { ip: [8, 8, 4, 5].into() };
    let seen = RecordsSeen { dnssec, ..response(&name("mx2.example.com"), vec![address]) };
    let found = findings(world.answer("mx2.example.com", RecordKind::A, seen));
    assert_eq!(rules(&found), ["dnssec-bogus"]);
    assert_eq!((found[0].severity, found[0].failure), (Severity::Error, None));
    assert!(found[0].cause.contains("deliver mail to the other IP addresses or MX hosts"), "{}", found[0].cause);
}

#[test]
fn an_unknown_state_is_a_notice_and_not_insecure() {
    let found = with_state(DnssecState::Indeterminate { why: IndeterminateReason::SignaturesStripped });
    assert_eq!(rules(&found), ["dnssec-not-tested"]);
    assert_eq!((found[0].severity, found[0].failure), (Severity::Notice, None));
    let found = with_state(DnssecState::Indeterminate { why: IndeterminateReason::AnchorMismatch });
    assert_eq!((rules(&found), found[0].severity), (vec!["dnssec-not-tested"], Severity::Warning));
    assert!(found[0].fixes[0].text.contains("--trust-anchor"));
    let found = with_state(DnssecState::Indeterminate { why: IndeterminateReason::UnsupportedAlgorithm });
    assert_eq!((rules(&found), found[0].severity), (vec!["dnssec-not-tested"], Severity::Notice));
    assert!(found[0].summary.contains("Ed448"), "{}", found[0].summary);
    let found = with_state(DnssecState::Indeterminate { why: IndeterminateReason::NotValidated });
    assert_eq!(rules(&found), Vec::<&str>::new());
}

#[test]
fn weak_algorithms_digests_and_iterations_are_found() {
    assert_eq!(rules(&findings(&mut signed(7, 2, 0))), ["dnssec-weak"]);
    assert_eq!(rules(&findings(&mut signed(13, 1, 0))), ["dnssec-weak"]);
    let unknown = findings(&mut signed(200, 2, 0));
    assert_eq!(rules(&unknown), ["dnssec-weak"]);
    assert!(unknown[0].summary.ends_with("do not support: 200") && unknown[0].cause.contains("unsigned"));
    let low = findings(&mut signed(13, 2, 1));
    assert_eq!((rules(&low), low[0].severity), (vec!["dnssec-weak"], Severity::Notice));
    let high = findings(&mut signed(13, 2, 150));
    assert_eq!(high[0].severity, Severity::Warning);
}

#[test]
fn keys_without_a_ds_record_are_a_notice_if_that_is_proven() {
    let mut world = signed(13, 2, 0);
    let none = RecordsSeen { dnssec: DnssecState::Secure, ..response(&name("example.com"), Vec::new()) };
    world.answer("example.com", RecordKind::Ds, none.clone());
    assert_eq!(rules(&findings(&mut world)), ["dnssec-not-active"]);
    let why = IndeterminateReason::LookupFailed;
    let unknown = RecordsSeen { dnssec: DnssecState::Indeterminate { why }, ..none };
    world.answer("example.com", RecordKind::Ds, unknown);
    assert_eq!(rules(&findings(&mut world)), Vec::<&str>::new());
}

#[test]
fn the_results_contain_the_states() {
    let plan = plan("example.com");
    let evidence = signed(13, 2, 0).evidence(&plan);
    let seen = results(&plan, &evidence).expect("results");
    assert_eq!(seen.dnssec.state, Some(DnssecWord::Secure));
    assert_eq!(seen.mx[0].dnssec.state, Some(DnssecWord::Insecure), "AAAA is not in the tables, so it is not signed");
}

#[test]
fn an_algorithm_that_signs_nothing_is_found() {
    let with = |keys: &str, signed_with: Vec<u8>| {
        let mut world = signed(13, 2, 0);
        world.zone(keys);
        let soa =
            crate::evidence::RecordData::Soa { primary: name("ns1.example.com"), serial: 1, expire: 1, minimum: 1 };
        let signatures =
            Some(crate::evidence::RecordSignatures { original_ttl: 300, algorithms: signed_with, validity: None });
        let seen = response(&name("example.com"), vec![soa]);
        let seen = RecordsSeen { dnssec: DnssecState::Secure, signatures, ..seen };
        world.answer("example.com", RecordKind::Soa, seen);
        findings(&mut world)
    };
    assert_eq!(rules(&with("", vec![13])), Vec::<&str>::new());
    assert_eq!(rules(&with("example.com DNSKEY 257 8 77", vec![8, 13])), Vec::<&str>::new());
    let found = with("example.com DNSKEY 257 8 77", vec![13]);
    assert_eq!((rules(&found), found[0].severity), (vec!["dnssec-weak"], Severity::Notice));
    assert!(found[0].summary.contains("algorithm 8"), "{}", found[0].summary);
    let found = with("example.com DNSKEY 257 8 77\nexample.com DS 77 8 2", vec![13]);
    assert_eq!(found[0].severity, Severity::Warning);
}

/// The TXT record of a name, with this state.
fn text(of: &str, dnssec: DnssecState) -> RecordsSeen {
    let text = "v=spf1 -all".to_owned();
    let record = RecordData::Txt { lengths: vec![text.len()], text, raw_b64: None };
    RecordsSeen { dnssec, ..response(&name(of), vec![record]) }
}

fn wrong_signature() -> DnssecState {
    DnssecState::Bogus { why: BogusReason::WrongSignature, zone: Some(name("example.com")) }
}

#[test]
fn bogus_text_records_count_as_failed_lookups_and_are_reported_once() {
    let mut world = signed(13, 2, 0);
    world.answer("example.com", RecordKind::Txt, text("example.com", wrong_signature()));
    world.answer("_dmarc.example.com", RecordKind::Txt, text("_dmarc.example.com", wrong_signature()));
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let found = super::judge::judge(&plan, &evidence);
    assert_eq!(rules(&found), ["dnssec-bogus"]);
    assert_eq!((found[0].severity, found[0].failure), (Severity::Error, None));
    assert!(found[0].cause.contains("cannot evaluate SPF"), "{}", found[0].cause);
    for of in ["TXT of", "_dmarc.example.com"] {
        assert!(found[0].summary.contains(of), "{}", found[0].summary);
    }
    let all = crate::check::judge(&plan, &evidence);
    assert!(!rules(&all).contains(&"spf-lookup-failed"), "{:?}", rules(&all));
    let seen = results(&plan, &evidence).unwrap();
    assert_eq!((seen.spf.state, seen.spf.record), (PublishedState::Unknown, None));
}

#[test]
fn a_resolver_that_changes_records_is_not_a_fault_of_the_zone() {
    let with = |at_server: DnssecState| {
        let mut world = signed(13, 2, 0);
        world.zone("example.com NS ns.example.com\nns.example.com A 8.8.8.53");
        world.answer("example.com", RecordKind::Txt, text("example.com", wrong_signature()));
        let seen = RecordsSeen { authoritative: true, ..text("example.com", at_server) };
        let answer = crate::evidence::Answer::Records(seen);
        let outcome = crate::evidence::Outcome::Done { answer };
        world.outcome("example.com", RecordKind::Txt, Some(([8, 8, 8, 53], 53).into()), outcome);
        findings(&mut world)
    };
    let of_resolver = with(DnssecState::Secure);
    assert_eq!((rules(&of_resolver), of_resolver[0].severity), (vec!["dnssec-bogus"], Severity::Warning));
    assert!(of_resolver[0].fixes[0].text.contains("--resolver"), "{:?}", of_resolver[0].fixes);
    let of_zone = with(wrong_signature());
    assert_eq!((rules(&of_zone), of_zone[0].severity), (vec!["dnssec-bogus"], Severity::Error));
}

#[test]
fn digest_types_that_resolvers_do_not_support_are_found() {
    let found = findings(&mut signed(13, 6, 0));
    assert_eq!(rules(&found), ["dnssec-weak"]);
    assert!(found[0].summary.contains("digest types") && found[0].summary.ends_with(": 6"), "{}", found[0].summary);
}

#[test]
fn a_bogus_key_at_a_guessed_selector_is_a_notice() {
    let with = |requested: &[&str]| {
        let mut world = signed(13, 2, 0);
        let at = "default._domainkey.example.com";
        world.zone("_domainkey.example.com TXT none").answer(at, RecordKind::Txt, text(at, wrong_signature()));
        let mut plan = plan("example.com");
        plan.domain.as_mut().unwrap().selectors = requested.iter().map(|&one| one.to_owned()).collect();
        let evidence = world.evidence(&plan);
        super::judge::judge(&plan, &evidence).into_iter().map(|one| (one.rule.into_owned(), one.severity)).collect()
    };
    let guessed: Vec<(String, Severity)> = with(&[]);
    assert_eq!(guessed, [("dnssec-bogus".to_owned(), Severity::Notice)]);
    let requested: Vec<(String, Severity)> = with(&["default"]);
    assert_eq!(requested, [("dnssec-bogus".to_owned(), Severity::Error)]);
}

#[test]
fn a_zone_without_keys_has_one_finding() {
    let mut world = World::new();
    let zone = Some(name("example.com"));
    let record = RecordData::Mx { preference: 10, host: name("mx.example.com") };
    let dnssec = DnssecState::Bogus { why: BogusReason::DenialUnproven, zone: zone.clone() };
    let seen = RecordsSeen { dnssec, ..response(&name("example.com"), vec![record]) };
    world.zone("mx.example.com A 8.8.4.4").answer("example.com", RecordKind::Mx, seen);
    let missing = DnssecState::Bogus { why: BogusReason::KeysMissing, zone };
    world.answer("_dmarc.example.com", RecordKind::Txt, text("_dmarc.example.com", missing));
    let found = findings(&mut world);
    assert_eq!((rules(&found), found[0].failure), (vec!["dnssec-ds-mismatch"], Some(PhaseFailure::Unreachable)));
    assert!(found[0].fixes.iter().all(|fix| !fix.text.contains("again")), "{:?}", found[0].fixes);
}
