//! Tests of the lookup of TLSA records, of the result for a host, and of the findings.

#![allow(clippy::indexing_slicing, reason = "tests may panic")]

use super::judge::{findings, suggested_records};
use super::lookup::questions;
use super::outcome::{result, unmatched_records, worst};
use crate::check::domain::seen::{DaneState, Delivery};
use crate::check::domain::senders::servers::{PolicyHost, PolicyServer, ServerTls};
use crate::check::domain::sight::{Sight, records};
use crate::check::domain::tls::{StarttlsFailure, StarttlsResult};
use crate::check::domain::world::{World, name, plan, response};
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::evidence::{BogusReason, DnsCode, DnsFaultKind, DnssecState, Evidence, Presented};
use crate::plan::Plan;
use crate::policy::tlsa::tests::{Made, literal, made, record, sent};
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

/// A domain with one MX host, `mx.example.com`, whose server sends the complete chain, and with one record.
struct Case {
    world: World,
    plan: Plan,
    made: Made,
    hosts: Vec<&'static str>,
}

const OWNER: &str = "_25._tcp.mx.example.com";

impl Case {
    fn new() -> Case {
        Case::with(made((-1, 30)))
    }

    fn with(made: Made) -> Case {
        let mut world = World::new();
        world.zone("example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\nmx.example.com AAAA 2001:db8::1");
        Case { world, plan: plan("example.com"), made, hosts: vec!["mx.example.com"] }
    }

    fn publish(&mut self, record: impl std::fmt::Display) -> &mut Case {
        self.publish_at(OWNER, record)
    }

    fn publish_at(&mut self, owner: &str, record: impl std::fmt::Display) -> &mut Case {
        self.world.record(&format!("{owner} TLSA {record}"));
        self
    }

    /// A record with these parameters for the certificate at this position: leaf, intermediate, root.
    fn publish_for(&mut self, (usage, selector, matching): (u8, u8, u8), at: usize) -> &mut Case {
        let record = record(usage, selector, matching, &self.made.ders[at]);
        self.publish(record)
    }

    fn chain(&self) -> Presented {
        sent(&self.made.ders.iter().collect::<Vec<_>>())
    }

    /// The evidence. Every response that the test did not set explicitly is signed.
    fn evidence(&mut self) -> Evidence {
        let hosts: Vec<DnsName> = self.hosts.iter().map(|host| name(host)).collect();
        self.world.evidence_for(&self.plan, move |plan, evidence| {
            let sight = Sight::new(plan, evidence).expect("a check of a domain");
            let mx = records(&sight.name(), RecordKind::Mx);
            std::iter::once(mx).chain(hosts.iter().flat_map(|host| questions(sight, host))).collect()
        })
    }

    fn findings_for(&mut self, tls: ServerTls<'_>) -> Vec<Finding> {
        let evidence = self.evidence();
        let sight = Sight::new(&self.plan, &evidence).expect("a check of a domain");
        findings(sight, &[host("mx.example.com", vec![tls])])
    }

    fn findings(&mut self) -> Vec<Finding> {
        let chain = self.chain();
        self.findings_for(ServerTls::Chains(vec![&chain]))
    }

    fn state(&mut self) -> (Option<DaneState>, Delivery, Option<String>) {
        let (chain, evidence) = (self.chain(), self.evidence());
        let sight = Sight::new(&self.plan, &evidence).expect("a check of a domain");
        let found = result(sight, &name("mx.example.com"), StarttlsResult::Chain(&chain));
        (found.state, found.delivers, found.result)
    }
}

fn host<'s>(host: &str, servers: Vec<ServerTls<'s>>) -> PolicyHost<'s> {
    let server = |(at, tls)| {
        let ip = std::net::IpAddr::from([192, 0, 2, u8::try_from(at).expect("few servers") + 1]);
        PolicyServer { ip, probe: None, tls }
    };
    PolicyHost { name: name(host), servers: servers.into_iter().enumerate().map(server).collect() }
}

fn ids(findings: &[Finding]) -> Vec<(&str, Severity)> {
    findings.iter().map(|finding| (finding.rule.as_ref(), finding.severity)).collect()
}

fn asked_for_tlsa(world: &World) -> Vec<String> {
    let tlsa = |question: &Question| match question {
        Question::Records(request) if request.kind == RecordKind::Tlsa => Some(request.name.to_string()),
        _ => None,
    };
    world.asked.iter().filter_map(tlsa).collect()
}

#[test]
fn a_matching_record_authenticates_the_host() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).world.signed();
    assert_eq!(case.state(), (Some(DaneState::Valid), Delivery::Authenticated, None));
    assert_eq!(ids(&case.findings()), []);
    assert_eq!(asked_for_tlsa(&case.world)[0], OWNER);
}

#[test]
fn usage_3_ignores_dates_and_names() {
    let mut case = Case::with(made((-60, -1)));
    case.publish_for((3, 1, 1), 0).world.signed();
    assert_eq!(case.state().0, Some(DaneState::Valid));
    assert_eq!(ids(&case.findings()), []);
}

#[test]
fn a_stale_record_is_an_error_with_the_record_to_publish() {
    let mut case = Case::new();
    case.publish(literal(3, 1, 1, &"0".repeat(64))).world.signed();
    assert_eq!(case.state(), (Some(DaneState::Invalid), Delivery::NotDelivered, Some("validation-failure".to_owned())));
    let found = case.findings();
    assert_eq!(ids(&found), [("dane-mismatch", Severity::Error)]);
    assert_eq!(found[0].failure, Some(PhaseFailure::Tls));
    let chain = case.chain();
    let expected = format!("{OWNER}. IN TLSA 3 1 1 {}", chain.chain[0].spki_sha256);
    let command = found[0].fixes[0].command.clone().expect("a record");
    assert_eq!(crate::evidence::quote::resolve(&command, |_, text| text.to_owned()), expected);
}

#[test]
fn the_exit_code_counts_only_if_no_host_is_left() {
    let mut case = Case::new();
    case.world.zone("example.com MX 20 mx2.example.com\nmx2.example.com A 192.0.2.2");
    case.hosts.push("mx2.example.com");
    case.publish(literal(3, 1, 1, &"0".repeat(64))).world.signed();
    let (chain, evidence) = (case.chain(), case.evidence());
    let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
    let of = |second: ServerTls<'_>| {
        let hosts =
            [host("mx.example.com", vec![ServerTls::Chains(vec![&chain])]), host("mx2.example.com", vec![second])];
        findings(sight, &hosts)
    };
    let usable = of(ServerTls::Chains(vec![&chain]));
    assert_eq!(ids(&usable), [("dane-mismatch", Severity::Error), ("dane-incomplete", Severity::Notice)]);
    assert_eq!(usable[0].failure, None);
    assert_eq!(of(ServerTls::Unknown)[0].failure, None, "an unknown result is not a failure");
    assert_eq!(of(ServerTls::Unreachable)[0].failure, Some(PhaseFailure::Tls));
}

#[test]
fn a_host_that_does_not_exist_is_no_host_that_is_left() {
    let mut case = Case::new();
    case.world.zone("example.com MX 20 gone.example.com");
    case.hosts.push("gone.example.com");
    case.publish(literal(3, 1, 1, &"0".repeat(64))).world.signed();
    let (chain, evidence) = (case.chain(), case.evidence());
    let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
    let with_address = host("mx.example.com", vec![ServerTls::Chains(vec![&chain])]);
    let found = findings(sight, &[with_address, host("gone.example.com", Vec::new())]);
    assert_eq!((found[0].rule.as_ref(), found[0].failure), ("dane-mismatch", Some(PhaseFailure::Tls)));
}

#[test]
fn a_stale_stronger_digest_fails_only_for_strict_senders() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).publish_for((3, 1, 2), 1).world.signed();
    let found = case.findings();
    assert_eq!(ids(&found), [("dane-stale-digest", Severity::Error)]);
    assert_eq!(found[0].failure, None, "some senders deliver");
    assert_eq!(case.state().1, Delivery::NotDelivered);
    let mut weaker = Case::new();
    weaker.publish_for((3, 1, 1), 1).publish_for((3, 1, 2), 0).world.signed();
    assert_eq!(ids(&weaker.findings()), [("dane-stale-digest", Severity::Warning)]);
}

#[test]
fn a_record_for_the_next_key_is_no_fault() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).publish_for((3, 1, 1), 1).world.signed();
    assert_eq!(ids(&case.findings()), []);
}

#[test]
fn usage_0_and_1_require_tls_only() {
    let mut case = Case::new();
    case.publish_for((1, 1, 1), 0).world.signed();
    assert_eq!(case.state(), (Some(DaneState::Unusable), Delivery::Encrypted, Some("tlsa-invalid".to_owned())));
    assert_eq!(ids(&case.findings()), [("dane-unusable", Severity::Warning)]);
    let mut beside = Case::new();
    beside.publish_for((3, 1, 1), 0).publish(literal(3, 1, 1, "00")).world.signed();
    assert_eq!(ids(&beside.findings()), [("dane-unusable", Severity::Notice)]);
}

#[test]
fn the_root_must_be_sent() {
    let mut case = Case::new();
    case.publish_for((2, 0, 1), 2).world.signed();
    assert_eq!(ids(&case.findings()), []);
    let without = sent(&[&case.made.ders[0], &case.made.ders[1]]);
    let found = case.findings_for(ServerTls::Chains(vec![&without]));
    assert_eq!(ids(&found), [("dane-anchor-not-sent", Severity::Error)]);
    let mut complete = Case::new();
    complete.publish_for((2, 0, 0), 2).world.signed();
    let without = sent(&[&complete.made.ders[0], &complete.made.ders[1]]);
    let found = complete.findings_for(ServerTls::Chains(vec![&without]));
    assert_eq!(ids(&found), [("dane-anchor-not-sent", Severity::Warning)]);
    let mut bare = Case::new();
    bare.publish_for((2, 1, 0), 2).world.signed();
    let found = bare.findings_for(ServerTls::Chains(vec![&without]));
    assert_eq!(ids(&found), [("dane-anchor-not-sent", Severity::Error)]);
    // RFC 7671 §5.2.3: the key in the record signed the topmost certificate.
    let without = sent(&[&bare.made.ders[0], &bare.made.ders[1]]);
    let found = bare.findings_for(ServerTls::Chains(vec![&without]));
    assert_eq!(ids(&found), [("dane-anchor-not-sent", Severity::Warning)]);
    assert!(found[0].failure.is_none() && found[0].cause.contains("this key signed"), "{found:?}");
}

#[test]
fn usage_2_requires_dates_and_names() {
    let mut case = Case::with(made((-60, -1)));
    case.publish_for((2, 0, 1), 1).world.signed();
    assert_eq!(case.state().2.as_deref(), Some("certificate-expired"));
    assert_eq!(ids(&case.findings()), [("dane-certificate-invalid", Severity::Error)]);
    // The certificate is for mx.example.com.
    let mut other = Case::new();
    other.world.record("mx9.example.com A 192.0.2.9");
    other.hosts = vec!["mx9.example.com"];
    let anchor = record(2, 0, 1, &other.made.ders[1]);
    other.publish_at("_25._tcp.mx9.example.com", anchor).world.signed();
    let (chain, evidence) = (other.chain(), other.evidence());
    let sight = Sight::new(&other.plan, &evidence).expect("a check of a domain");
    let found = findings(sight, &[host("mx9.example.com", vec![ServerTls::Chains(vec![&chain])])]);
    assert_eq!(ids(&found), [("dane-certificate-invalid", Severity::Error)]);
}

#[test]
fn records_for_the_full_certificate_stop_matching_at_renewal() {
    let mut case = Case::new();
    case.publish_for((3, 0, 1), 0).world.signed();
    assert_eq!(ids(&case.findings()), [("dane-breaks-at-renewal", Severity::Warning)]);
    let mut both = Case::new();
    both.publish_for((3, 0, 1), 0).publish_for((3, 1, 1), 0).world.signed();
    assert_eq!(ids(&both.findings()), []);
    // The certificate of an intermediate CA (position 1) changes more often than its key, and more often than the root
    // (position 2).
    for (record, at, expected) in
        [((2, 0, 1), 1, &[("dane-breaks-at-renewal", Severity::Notice)][..]), ((2, 0, 1), 2, &[])]
    {
        let mut case = Case::new();
        case.publish_for(record, at).world.signed();
        assert_eq!(ids(&case.findings()), expected, "{record:?} at {at}");
    }
}

#[test]
fn tls_that_fails_makes_delivery_fail() {
    for (failure, word) in
        [(StarttlsFailure::Rejected, "starttls-not-supported"), (StarttlsFailure::Handshake, "validation-failure")]
    {
        let mut case = Case::new();
        case.publish_for((3, 1, 1), 0).world.signed();
        let found = case.findings_for(ServerTls::Fails(failure));
        assert_eq!(ids(&found), [("dane-tls-fails", Severity::Error)]);
        assert_eq!(found[0].failure, Some(PhaseFailure::Tls));
        assert!(found[0].cause.contains(word) && found[0].otherwise.is_some(), "{}", found[0].cause);
        let evidence = case.evidence();
        let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
        let seen = result(sight, &name("mx.example.com"), StarttlsResult::Fails(failure));
        assert_eq!((seen.delivers, seen.result.as_deref()), (Delivery::NotDelivered, Some(word)));
    }
    let mut without = Case::new();
    without.world.signed();
    assert_eq!(ids(&without.findings_for(ServerTls::Fails(StarttlsFailure::Handshake))), []);
}

#[test]
fn a_record_for_the_key_of_a_ca_is_a_notice_with_the_records_to_publish_instead() {
    for (matching, at) in [(1, 1), (2, 2)] {
        let mut case = Case::new();
        case.publish_for((2, 1, matching), at).world.signed();
        let found = case.findings();
        assert_eq!(ids(&found), [("dane-ca-key", Severity::Notice)]);
        let commands: Vec<String> = found[0].fixes.iter().filter_map(|fix| fix.command.clone()).collect();
        let leaf = record(3, 1, 1, &case.made.ders[0]).to_string();
        let authority = record(2, 0, 1, &case.made.ders[at]).to_string();
        assert!(commands[0].contains(&leaf) && commands[1].contains(&authority), "{commands:?}");
    }
    // A record that matches no certificate is reported only as a mismatch.
    let mut other = Case::new();
    other.publish(literal(2, 1, 1, &"0".repeat(64))).publish_for((3, 1, 1), 0).world.signed();
    assert_eq!(ids(&other.findings()), [("dane-stale-digest", Severity::Warning)]);
}

#[test]
fn a_record_for_the_next_key_is_unmatched() {
    let unmatched = |publish: &dyn Fn(&mut Case)| {
        let mut case = Case::new();
        publish(&mut case);
        case.world.signed();
        let (chain, evidence) = (case.chain(), case.evidence());
        let other = made((-1, 30));
        let other = sent(&other.ders.iter().collect::<Vec<_>>());
        let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
        let of = |chain: &Presented| result(sight, &name("mx.example.com"), StarttlsResult::Chain(chain));
        (unmatched_records(&[&of(&chain)]), unmatched_records(&[&of(&chain), &of(&other)]))
    };
    let next = literal(3, 1, 1, &"0".repeat(64)).to_string();
    let rollover = unmatched(&|case| {
        case.publish_for((3, 1, 1), 0).publish(&next);
    });
    // No record matches the second chain, so the record may be intended for that chain.
    assert_eq!(rollover, (vec![next.clone()], Vec::new()));
    let single = unmatched(&|case| {
        case.publish_for((3, 1, 1), 0);
    });
    assert_eq!(single, (Vec::new(), Vec::new()));
    let stale = unmatched(&|case| {
        case.publish_for((3, 1, 1), 0).publish(literal(3, 1, 2, &"0".repeat(128)));
    });
    assert_eq!(stale, (Vec::new(), Vec::new()));
}

#[test]
fn a_host_with_records_must_advertise_starttls() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).world.signed();
    let found = case.findings_for(ServerTls::NotOffered);
    assert_eq!(ids(&found), [("dane-without-starttls", Severity::Error)]);
    assert_eq!(found[0].failure, Some(PhaseFailure::Tls));
    let evidence = case.evidence();
    let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
    let seen = result(sight, &name("mx.example.com"), StarttlsResult::NotOffered);
    assert_eq!((seen.delivers, seen.result.as_deref()), (Delivery::NotDelivered, Some("starttls-not-supported")));
    // Without TLSA records, senders use the host without encryption.
    let mut without = Case::new();
    without.world.signed();
    assert_eq!(ids(&without.findings_for(ServerTls::NotOffered)), []);
}

#[test]
fn unsigned_zones_are_insecure() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0);
    assert_eq!(case.state(), (Some(DaneState::Insecure), Delivery::Encrypted, None));
    assert_eq!(ids(&case.findings()), [("dane-not-signed", Severity::Warning)]);
}

#[test]
fn unsigned_records_in_a_signed_host_have_no_effect() {
    let mut case = Case::new();
    case.world.signed();
    case.publish_for((3, 1, 1), 0);
    assert_eq!(case.state().0, Some(DaneState::Insecure));
    assert_eq!(ids(&case.findings()), [("dane-not-signed", Severity::Warning)]);
}

#[test]
fn failed_lookups_are_errors_and_absence_is_not() {
    let failing: [fn(&mut World); 4] = [
        |world| {
            let seen = response(&name(OWNER), Vec::new());
            world.answer(OWNER, RecordKind::Tlsa, crate::evidence::RecordsSeen { code: DnsCode::ServFail, ..seen });
        },
        |world| {
            let why = BogusReason::NoSignature;
            let seen = response(&name(OWNER), Vec::new());
            let dnssec = DnssecState::Bogus { why, zone: None };
            world.answer(OWNER, RecordKind::Tlsa, crate::evidence::RecordsSeen { dnssec, ..seen });
        },
        |world| {
            world.fails(OWNER, RecordKind::Tlsa, DnsFaultKind::Timeout);
        },
        |world| {
            let seen = response(&name(OWNER), Vec::new());
            world.answer(
                OWNER,
                RecordKind::Tlsa,
                crate::evidence::RecordsSeen { code: DnsCode::NotImplemented, ..seen },
            );
        },
    ];
    for set in failing {
        let mut case = Case::new();
        case.world.signed();
        set(&mut case.world);
        assert_eq!(case.state(), (Some(DaneState::Error), Delivery::NotDelivered, Some("dnssec-invalid".to_owned())));
        let found = case.findings();
        assert_eq!(ids(&found), [("dane-lookup-fails", Severity::Error)]);
        assert_eq!(found[0].failure, Some(PhaseFailure::Tls));
    }
    // A host without TLSA records is not at fault, whether or not the zone is signed.
    let mut absent = Case::new();
    absent.world.signed();
    assert_eq!(absent.state(), (Some(DaneState::Absent), Delivery::Encrypted, None));
    assert_eq!(ids(&absent.findings()), []);
    // A fault of this machine's resolver proves nothing about the host.
    let mut here = Case::new();
    here.world.signed();
    here.world.fails(OWNER, RecordKind::Tlsa, DnsFaultKind::Unreachable);
    assert_eq!(here.state(), (None, Delivery::Unknown, None));
    assert_eq!(ids(&here.findings()), []);
}

#[test]
fn aliases_lead_to_the_final_name_and_then_to_the_original_one() {
    // Each case contains three facts: whether both CNAME records are signed, where the matching record is, and whether
    // senders use it.
    let cases = [
        (true, true, "_25._tcp.c.example.net", true),
        (true, true, OWNER, true),
        (true, true, "_25._tcp.b.example.net", false),
        (true, false, OWNER, true),
        (true, false, "_25._tcp.c.example.net", false),
        (false, true, OWNER, false),
        (false, false, OWNER, false),
    ];
    for (first, second, owner, is_used) in cases {
        let mut world = World::new();
        world.zone("example.com MX 10 mx.example.com\nc.example.net A 192.0.2.1\nc.example.net AAAA 2001:db8::1");
        world.zone("mx.example.com CNAME b.example.net\nb.example.net CNAME c.example.net");
        let mut case = Case { world, plan: plan("example.com"), made: made((-1, 30)), hosts: vec!["mx.example.com"] };
        let good = record(3, 1, 1, &case.made.ders[0]);
        case.publish_at(owner, good).world.signed();
        let mut alias = |of: &str, to: &str, is_signed: bool| {
            let target = crate::evidence::RecordData::Cname { target: name(to) };
            let dnssec = if is_signed { DnssecState::Secure } else { DnssecState::Insecure };
            let seen = crate::evidence::RecordsSeen { dnssec, ..response(&name(of), vec![target]) };
            case.world.answer(of, RecordKind::Cname, seen);
        };
        alias("mx.example.com", "b.example.net", first);
        alias("b.example.net", "c.example.net", second);
        let state = case.state();
        assert_eq!(state.0 == Some(DaneState::Valid), is_used, "{first} {second} {owner}: {state:?}");
    }
}

#[test]
fn an_error_at_the_final_name_does_not_lead_to_the_original_one() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nc.example.net A 192.0.2.1\nmx.example.com CNAME c.example.net");
    let mut case = Case { world, plan: plan("example.com"), made: made((-1, 30)), hosts: vec!["mx.example.com"] };
    case.publish_for((3, 1, 1), 0).world.signed();
    case.world.fails("_25._tcp.c.example.net", RecordKind::Tlsa, DnsFaultKind::Timeout);
    assert_eq!(case.state().0, Some(DaneState::Error));
}

#[test]
fn unsigned_mx_records_are_a_notice() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).world.signed();
    let mx = crate::evidence::RecordData::Mx { preference: 10, host: name("mx.example.com") };
    case.world.answer("example.com", RecordKind::Mx, response(&name("example.com"), vec![mx]));
    assert_eq!(ids(&case.findings()), [("dane-mx-not-signed", Severity::Notice)]);
}

#[test]
fn both_certificate_types_need_a_record() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).world.signed();
    let other = made((-1, 30));
    let (first, second) = (case.chain(), sent(&[&other.ders[0]]));
    let evidence = case.evidence();
    let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
    let hosts =
        [host("mx.example.com", vec![ServerTls::Chains(vec![&first, &second]), ServerTls::Chains(vec![&first])])];
    let found = findings(sight, &hosts);
    assert_eq!(ids(&found), [("dane-mismatch", Severity::Error)]);
    assert_eq!(found[0].failure, None, "senders that see the other certificate deliver");
    let records = suggested_records(sight, &hosts);
    assert_eq!(records.len(), 2);
    assert!(records[1].ends_with(&second.chain[0].spki_sha256));
}

/// The fixes of each finding about a host with two servers, each with its own certificate: text and command.
fn fixes_for_two_certificates(case: &mut Case, second: &Presented) -> Vec<Vec<(String, Option<String>)>> {
    let (first, evidence) = (case.chain(), case.evidence());
    let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
    let servers = vec![ServerTls::Chains(vec![&first]), ServerTls::Chains(vec![second])];
    let plain = |text: &String| crate::evidence::quote::resolve(text, |_, text| text.to_owned());
    let found = findings(sight, &[host("mx.example.com", servers)]);
    let fixes = found
        .into_iter()
        .map(|finding| finding.fixes.iter().map(|fix| (plain(&fix.text), fix.command.as_ref().map(plain))).collect());
    fixes.collect()
}

#[test]
fn no_fix_removes_the_record_of_another_certificate() {
    let other = made((-1, 30));
    let second = sent(&[&other.ders[0]]);
    let of_second = format!("{OWNER}. IN TLSA 3 1 1 {}", second.chain[0].spki_sha256);

    // The record of the other server stays.
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).world.signed();
    let [fixes] = fixes_for_two_certificates(&mut case, &second).try_into().expect("one finding");
    let [(text, command)] = fixes.try_into().expect("one fix");
    assert_eq!(command.as_ref(), Some(&of_second));
    assert!(text.contains("keep the others") && !text.contains("remove"), "{text}");

    // A record that matches neither can be removed.
    case.publish(literal(3, 1, 1, &"0".repeat(64)));
    let [fixes] = fixes_for_two_certificates(&mut case, &second).try_into().expect("one finding");
    assert!(fixes[0].0.ends_with("then remove the records that match no certificate of this host"), "{fixes:?}");

    // Each certificate has a record of its own kind. Both findings suggest the same record, and no record is lost.
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).publish(record(3, 1, 2, &other.ders[0])).world.signed();
    let found = fixes_for_two_certificates(&mut case, &second);
    let ends = ["then remove the 3 1 2 records", "and keep the others"];
    assert_eq!(found.len(), ends.len());
    for (fixes, end) in found.into_iter().zip(ends) {
        let [(text, command)] = fixes.try_into().expect("one fix");
        assert_eq!(command.as_ref(), Some(&of_second));
        assert!(text.ends_with(end), "{text}");
    }
}

#[test]
fn a_record_with_a_stronger_digest_is_replaced_for_every_certificate() {
    let other = made((-1, 30));
    let second = sent(&[&other.ders[0]]);
    let mut case = Case::new();
    case.publish_for((3, 1, 2), 0).publish(literal(3, 1, 1, &"0".repeat(64))).world.signed();
    let first = case.chain();
    let found = fixes_for_two_certificates(&mut case, &second);
    let of_mismatch = found.iter().find(|fixes| fixes.len() == 2).expect("a finding with two records");
    let wanted = [&first, &second].map(|chain| format!("{OWNER}. IN TLSA 3 1 1 {}", chain.chain[0].spki_sha256));
    let commands: Vec<&String> = of_mismatch.iter().filter_map(|(_, command)| command.as_ref()).collect();
    assert_eq!(commands, wanted.iter().collect::<Vec<_>>());
    assert!(of_mismatch[1].0.ends_with("then remove the 3 1 2 records"), "{of_mismatch:?}");
}

#[test]
fn a_record_that_exists_is_not_suggested() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).publish_for((3, 1, 2), 1).world.signed();
    let found = case.findings();
    assert_eq!(ids(&found), [("dane-stale-digest", Severity::Error)]);
    assert!(found[0].fixes.iter().all(|fix| fix.command.is_none()), "{:?}", found[0].fixes);
}

#[test]
fn the_names_of_the_records_contain_the_port() {
    for (port, asked, suggested) in [
        (25, "_25._tcp.mx.example.com", "_25._tcp.mx.example.com."),
        (465, "_465._tcp.mx.example.com", "_465._tcp.mx.example.com."),
        (587, "_587._tcp.mx.example.com", "_587._tcp.mx.example.com."),
        // A check of another port looks up the records for port 25; the suggested record is for the port that was
        // checked.
        (2525, "_25._tcp.mx.example.com", "_2525._tcp.mx.example.com."),
    ] {
        let mut case = Case::new();
        case.plan.target.port = port;
        case.publish_at(asked, literal(3, 1, 1, &"0".repeat(64))).world.signed();
        let (chain, found) = (case.chain(), case.findings());
        // The second name must exist, because some resolvers look it up.
        assert_eq!(asked_for_tlsa(&case.world), [asked, "_tcp.mx.example.com"], "port {port}");
        let command = found[0].fixes[0].command.clone().expect("a record");
        let command = crate::evidence::quote::resolve(&command, |_, text| text.to_owned());
        assert!(command.starts_with(&format!("{asked}. IN TLSA 3 1 1 ")), "port {port}: {command}");
        let evidence = case.evidence();
        let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
        let records = suggested_records(sight, &[host("mx.example.com", vec![ServerTls::Chains(vec![&chain])])]);
        assert!(records[0].starts_with(suggested), "port {port}: {records:?}");
    }
}

#[test]
fn the_worst_state_of_all_hosts_counts() {
    assert_eq!(worst(&[]), None);
    assert!(DaneState::Invalid > DaneState::Error && DaneState::Error > DaneState::Valid);
}

#[test]
fn bogus_mx_records_prevent_delivery_even_if_a_tlsa_record_matches() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0).world.signed();
    let dnssec = DnssecState::Bogus { why: BogusReason::WrongSignature, zone: None };
    let mx = crate::evidence::RecordData::Mx { preference: 10, host: name("mx.example.com") };
    let seen = crate::evidence::RecordsSeen { dnssec, ..response(&name("example.com"), vec![mx]) };
    case.world.answer("example.com", RecordKind::Mx, seen);
    assert_eq!(case.state(), (Some(DaneState::Error), Delivery::NotDelivered, Some("dnssec-invalid".to_owned())));
}

#[test]
fn records_in_an_unsigned_zone_are_found_and_a_failed_lookup_there_is_no_fault() {
    let mut case = Case::new();
    case.publish_for((3, 1, 1), 0);
    assert_eq!(ids(&case.findings()), [("dane-not-signed", Severity::Warning)]);
    assert_eq!(case.state().0, Some(DaneState::Insecure));
    let mut case = Case::new();
    case.world.fails(OWNER, RecordKind::Tlsa, DnsFaultKind::Timeout);
    assert_eq!(ids(&case.findings()), []);
    assert_eq!(case.state().0, Some(DaneState::Insecure));
}

#[test]
fn a_missing_issuer_is_named() {
    let mut case = Case::new();
    case.publish_for((2, 1, 1), 2).world.signed();
    let without = sent(&[&case.made.ders[0], &case.made.ders[1]]);
    let found = case.findings_for(ServerTls::Chains(vec![&without]));
    assert_eq!(ids(&found), [("dane-anchor-not-sent", Severity::Error)]);
    assert!(found[0].cause.contains("The certificate of its issuer, CN=root, is not sent."), "{}", found[0].cause);
    let lone = sent(&[&case.made.ders[0]]);
    let found = case.findings_for(ServerTls::Chains(vec![&lone]));
    assert!(found[0].cause.contains("CN=middle, is not sent"), "{}", found[0].cause);
}

#[test]
fn findings_about_submission_ports_do_not_mention_delivery() {
    let zeros = literal(3, 1, 1, &"0".repeat(64));
    let cases: [fn(&mut Case) -> Vec<Finding>; 5] = [
        |case| case.findings(),
        |case| case.findings_for(ServerTls::NotOffered),
        |case| {
            case.world.fails("_587._tcp.mx.example.com", RecordKind::Tlsa, DnsFaultKind::Timeout);
            case.findings()
        },
        |case| {
            let record = record(3, 1, 1, &case.made.ders[0]);
            case.publish_at("_587._tcp.mx.example.com", record).world.signed();
            case.publish_at("_587._tcp.mx.example.com", literal(3, 1, 2, &"0".repeat(128))).world.signed();
            case.findings()
        },
        |case| {
            let without = sent(&[&case.made.ders[0]]);
            let record = record(2, 1, 1, &case.made.ders[2]);
            case.publish_at("_587._tcp.mx.example.com", record).world.signed();
            case.findings_for(ServerTls::Chains(vec![&without]))
        },
    ];
    for (number, findings) in cases.into_iter().enumerate() {
        let mut case = Case::new();
        case.plan.target.port = 587;
        case.publish_at("_587._tcp.mx.example.com", &zeros).world.signed();
        let found = findings(&mut case);
        assert!(!found.is_empty(), "case {number}");
        for finding in found {
            let text = format!("{} {} {}", finding.summary, finding.cause, finding.consequences.join(" "));
            assert!(!text.contains("enders") && !text.contains("deliver") && !text.contains("port 25"), "{text}");
            assert!(text.contains("ail programs") && finding.failure.is_none(), "{text}");
        }
    }
}

/// A case in which the resolver does not return the TLSA records, and the name server has this response.
fn behind_a_faulty_resolver(at_server: crate::evidence::Outcome) -> Case {
    let server = std::net::SocketAddr::from(([8, 8, 8, 1], 53));
    let mut case = Case::new();
    case.world.zone("example.com NS ns1.example.com\nns1.example.com A 8.8.8.1");
    let soa = crate::evidence::RecordData::Soa { primary: name("ns1.example.com"), serial: 1, expire: 1, minimum: 1 };
    case.world.answer("example.com", RecordKind::Soa, response(&name("example.com"), vec![soa]));
    case.world.signed();
    case.world.fails(OWNER, RecordKind::Tlsa, DnsFaultKind::Timeout);
    case.world.outcome(OWNER, RecordKind::Tlsa, Some(server), at_server);
    case
}

fn from_server(records: Vec<crate::evidence::RecordData>, dnssec: DnssecState) -> crate::evidence::Outcome {
    let seen = response(&name(OWNER), records);
    let seen = crate::evidence::RecordsSeen { authoritative: true, dnssec, ..seen };
    crate::evidence::Outcome::Done { answer: crate::evidence::Answer::Records(seen) }
}

#[test]
fn a_faulty_resolver_is_not_a_fault_of_the_domain() {
    let made = made((-1, 30));
    let matching = || {
        let text = record(3, 1, 1, &made.ders[0]).to_string();
        let mut world = World::new();
        world.record(&format!("{OWNER} TLSA {text}"));
        let request = crate::question::RecordsRequest::to_resolver(name(OWNER), RecordKind::Tlsa);
        match world.lookup(&request) {
            crate::evidence::Outcome::Done { answer: crate::evidence::Answer::Records(seen) } => {
                seen.records[0].data.clone()
            }
            other => unreachable!("{other:?}"),
        }
    };
    let chain = sent(&made.ders.iter().collect::<Vec<_>>());
    let judged_case = |mut case: Case| {
        let evidence = case.evidence();
        let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
        let tls = ServerTls::Chains(vec![&chain]);
        let found = findings(sight, &[host("mx.example.com", vec![tls])]);
        let seen = result(sight, &name("mx.example.com"), StarttlsResult::Chain(&chain));
        let found: Vec<(String, Severity, bool)> =
            found.into_iter().map(|one| (one.rule.into_owned(), one.severity, one.failure.is_some())).collect();
        (found, seen.state, seen.delivers)
    };
    let judged = |outcome| judged_case(behind_a_faulty_resolver(outcome));
    let notice = || vec![("dane-lookup-fails".to_owned(), Severity::Notice, false)];
    let valid = from_server(vec![matching()], DnssecState::Secure);
    assert_eq!(judged(valid), (notice(), Some(DaneState::Valid), Delivery::Authenticated));
    let absent = from_server(Vec::new(), DnssecState::Secure);
    assert_eq!(judged(absent), (notice(), Some(DaneState::Absent), Delivery::Encrypted));
    // Without valid signatures, it is not known what senders find.
    let why = crate::evidence::IndeterminateReason::NotValidated;
    let unknown = from_server(vec![matching()], DnssecState::Indeterminate { why });
    assert_eq!(judged(unknown), (notice(), None, Delivery::Unknown));
    // The resolver's response is bogus. It counts only if the servers do not prove the contrary.
    let bogus = || DnssecState::Bogus { why: BogusReason::DenialUnproven, zone: None };
    let behind_a_lying_resolver = |outcome| {
        let mut case = behind_a_faulty_resolver(outcome);
        let seen = crate::evidence::RecordsSeen { dnssec: bogus(), ..response(&name(OWNER), Vec::new()) };
        let answer = crate::evidence::Answer::Records(seen);
        case.world.outcome(OWNER, RecordKind::Tlsa, None, crate::evidence::Outcome::Done { answer });
        judged_case(case)
    };
    let valid = from_server(vec![matching()], DnssecState::Secure);
    assert_eq!(behind_a_lying_resolver(valid), (notice(), Some(DaneState::Valid), Delivery::Authenticated));
    for at_server in [from_server(vec![matching()], bogus()), from_server(Vec::new(), DnssecState::Secure)] {
        let (found, _, delivers) = behind_a_lying_resolver(at_server);
        assert_eq!(found, [("dane-lookup-fails".to_owned(), Severity::Error, true)]);
        assert_eq!(delivers, Delivery::NotDelivered);
    }
    // The name server does not answer either.
    let fault = crate::evidence::Fault::Dns { kind: DnsFaultKind::Timeout, detail: "test".to_owned() };
    let (found, state, delivers) = judged(crate::evidence::Outcome::Failed { fault });
    assert_eq!(found, [("dane-lookup-fails".to_owned(), Severity::Error, true)]);
    assert_eq!((state, delivers), (Some(DaneState::Error), Delivery::NotDelivered));
}

#[test]
fn the_wait_uses_the_ttl_of_the_zone() {
    let fix = |signatures: Option<crate::evidence::RecordSignatures>| {
        let mut case = Case::new();
        case.publish("3 1 1 0000000000000000000000000000000000000000000000000000000000000000");
        let request = crate::question::RecordsRequest::to_resolver(name(OWNER), RecordKind::Tlsa);
        let crate::evidence::Outcome::Done { answer: crate::evidence::Answer::Records(seen) } =
            case.world.lookup(&request)
        else {
            unreachable!("records")
        };
        let mut seen = crate::evidence::RecordsSeen { signatures, ..seen };
        seen.records[0].ttl = 15;
        case.world.answer(OWNER, RecordKind::Tlsa, seen);
        case.world.signed();
        let found = case.findings();
        assert_eq!(found[0].rule, "dane-mismatch");
        found[0].fixes[0].text.clone()
    };
    let signatures = crate::evidence::RecordSignatures { original_ttl: 3600, algorithms: vec![13], validity: None };
    let text = fix(Some(signatures));
    assert!(text.contains("wait 7200 seconds (two TTLs)"), "{text}");
    // A report of an earlier version contains only the remaining TTL.
    let text = fix(None);
    assert!(text.contains("at least 30 seconds"), "{text}");
}

#[test]
fn a_name_above_the_records_that_does_not_exist_is_found() {
    let found = |code: DnsCode| {
        let mut case = Case::new();
        case.publish_for((3, 1, 1), 0);
        let seen = response(&name("_tcp.mx.example.com"), Vec::new());
        let seen = crate::evidence::RecordsSeen { code, ..seen };
        case.world.answer("_tcp.mx.example.com", RecordKind::Tlsa, seen);
        case.world.signed();
        case.findings()
    };
    assert!(found(DnsCode::NoError).is_empty());
    let denied = found(DnsCode::NxDomain);
    assert_eq!((denied.len(), denied[0].severity), (1, Severity::Warning));
    assert!(denied[0].summary.contains("_tcp.mx.example.com"), "{}", denied[0].summary);
}

#[test]
fn a_host_without_tls_needs_tls_before_it_gets_records() {
    let mut case = Case::new();
    case.world.zone("example.com MX 20 mx2.example.com\nmx2.example.com A 192.0.2.9");
    case.hosts.push("mx2.example.com");
    case.publish_for((3, 1, 1), 0).world.signed();
    let (chain, evidence) = (case.chain(), case.evidence());
    let sight = Sight::new(&case.plan, &evidence).expect("a check of a domain");
    let good = host("mx.example.com", vec![ServerTls::Chains(vec![&chain])]);
    let found = findings(sight, &[good, host("mx2.example.com", vec![ServerTls::NotOffered])]);
    assert_eq!(ids(&found), [("dane-incomplete", Severity::Notice)]);
    assert!(found[0].fixes[0].text.contains("first configure a certificate"), "{:?}", found[0].fixes);
    assert!(found[0].fixes[1].text.contains("then publish"), "{:?}", found[0].fixes);
}
