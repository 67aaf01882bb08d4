//! Lookups against a resolver on loopback.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

mod changed;
mod zones;

use std::net::SocketAddr;
use std::sync::Mutex;

use hickory_resolver::proto::dnssec::Nsec3HashAlgorithm;
use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, NSEC3, RRSIG};
use hickory_resolver::proto::op::{Message, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, MX, NULL, TXT};
use hickory_resolver::proto::rr::{RData, Record, RecordType, SerialNumber};
use hickory_resolver::proto::serialize::binary::BinEncodable;

use self::zones::{ListensOn, LoopbackResolver, ResponseChange, Signing, TestZone, name, unchanged};
use super::anchors::DnssecAnchors;
use super::exchange::{DnsQuestion, MAX_RECEIVED, NoDnsResponse, ServerRole, exchange};
use super::read;
use super::source::{DnsRecordSource, overridden};
use super::validate::may_hide_delegation;
use crate::cli::{self, Invocation};
use crate::evidence::{BogusReason, DnsCode, DnsFaultKind, DnssecState, IndeterminateReason, RecordData, RecordsSeen};
use crate::plan::Plan;
use crate::question::RecordsRequest;
use crate::wire::{DnsName, RecordKind};

fn a(last: u8) -> RData {
    RData::A(A::new(192, 0, 2, last))
}

fn mx(host: &str) -> RData {
    RData::MX(MX::new(10, name(host)))
}

fn alias(target: &str) -> RData {
    RData::CNAME(CNAME(name(target)))
}

/// The library has no type for DNAME records.
fn dname(target: &str) -> RData {
    let rdata = NULL::with(name(target).to_bytes().expect("a name"));
    RData::Unknown { code: RecordType::DNAME, rdata }
}

/// The zones of the tests, starting with the root. Each zone below `test` has a name that describes it.
fn zones() -> Vec<TestZone> {
    let signed = TestZone::new(
        "signed.test",
        Signing::From(0),
        vec![
            ("signed.test", mx("b.signed.test")),
            ("signed.test", mx("a.signed.test")),
            ("a.signed.test", a(1)),
            ("www.signed.test", alias("a.signed.test")),
            ("out.signed.test", alias("a.unsigned.test")),
            ("gone.signed.test", alias("missing.signed.test")),
            ("dname.signed.test", a(14)),
            ("dname.signed.test", dname("a.signed.test")),
            ("loop.signed.test", alias("loop2.signed.test")),
            ("loop2.signed.test", alias("loop.signed.test")),
            ("text.signed.test", RData::TXT(TXT::from_bytes(vec![b"v=", b"\xff1"]))),
        ],
        &[],
    );
    // Zones with keys and DS records below the unsigned zone.
    let island = TestZone::new("island.unsigned.test", Signing::From(0), vec![("a.island.unsigned.test", a(13))], &[]);
    let old_island = TestZone::new("old.unsigned.test", Signing::From(-30), vec![("a.old.unsigned.test", a(13))], &[]);
    let unsigned = TestZone::new(
        "unsigned.test",
        Signing::Unsigned,
        vec![("a.unsigned.test", a(2)), ("b.unsigned.test", a(3))],
        &[&island, &old_island],
    );
    let expired = TestZone::new("expired.test", Signing::From(-30), vec![("a.expired.test", a(3))], &[]);
    let future = TestZone::new("future.test", Signing::From(30), vec![("a.future.test", a(4))], &[]);
    let mut forged =
        TestZone::new("forged.test", Signing::From(0), vec![("a.forged.test", a(5)), ("b.forged.test", a(6))], &[]);
    forged.falsify("a.forged.test", a(66));
    forged.strip("b.forged.test", RecordType::A);
    let nsec3 = |count: u16| {
        let data = NSEC3::new(Nsec3HashAlgorithm::SHA1, false, count, Vec::new(), vec![1; 20], [RecordType::A]);
        RData::DNSSEC(DNSSECRData::NSEC3(data))
    };
    let of_proofs = |origin: &str| {
        let (host, hash) = (format!("a.{origin}"), format!("0123456789abcdefghijklmnopqrstuv.{origin}"));
        TestZone::new(origin, Signing::From(0), vec![(&host, a(8)), (&hash, nsec3(600))], &[])
    };
    let iterated = of_proofs("iterated.test");
    let mut miscounted = of_proofs("miscounted.test");
    miscounted.falsify("0123456789abcdefghijklmnopqrstuv.miscounted.test", nsec3(700));
    // The parent points to keys, but the zone no longer has any.
    let former = TestZone::new("former.test", Signing::From(0), vec![("a.former.test", a(7))], &[]);
    let no_keys = TestZone::new("former.test", Signing::Unsigned, vec![("a.former.test", a(7))], &[]);
    // The parent points to the key of another zone with this name.
    let announced = TestZone::new("wrong-ds.test", Signing::From(0), vec![("a.wrong-ds.test", a(7))], &[]);
    let wrong_ds = TestZone::new("wrong-ds.test", Signing::From(0), vec![("a.wrong-ds.test", a(7))], &[]);
    let wild = TestZone::new(
        "wild.test",
        Signing::From(0),
        vec![("*.wild.test", a(9)), ("m.wild.test", a(10)), ("x.deep.wild.test", a(11))],
        &[],
    );
    let of_algorithm =
        |zone: &str, number: u8| TestZone::new(zone, Signing::From(0), vec![(zone, a(12))], &[]).announced_with(number);
    let child = TestZone::new("child.ed448.test", Signing::From(0), vec![("a.child.ed448.test", a(12))], &[]);
    let ed448 =
        TestZone::new("ed448.test", Signing::From(0), vec![("ed448.test", a(12))], &[&child]).announced_with(16);
    let gost = of_algorithm("gost.test", 12);
    let below = [
        &signed,
        &unsigned,
        &expired,
        &future,
        &forged,
        &announced,
        &iterated,
        &miscounted,
        &wild,
        &ed448,
        &gost,
        &former,
    ];
    let test = TestZone::new("test", Signing::From(0), vec![], &below);
    let root = TestZone::new(".", Signing::From(0), vec![], &[&test]);
    vec![
        root, test, signed, unsigned, expired, future, forged, wrong_ds, iterated, miscounted, wild, ed448, gost,
        island, old_island, no_keys, child,
    ]
}

fn plan(resolver: SocketAddr, words: &[&str]) -> Plan {
    let resolver = resolver.to_string();
    let all = ["check", "mx.invalid:25", "--resolver", &resolver];
    let words = all.iter().chain(words).map(Into::into).collect();
    let Ok(Invocation::Check(args, matches)) = cli::parse(words) else { unreachable!("a check was parsed") };
    cli::plan::plan(&args, &matches, "mx.invalid:25", Some("client.example.org")).expect("a plan")
}

struct World {
    resolver: LoopbackResolver,
    source: DnsRecordSource,
}

impl World {
    async fn new(transports: ListensOn, change: ResponseChange) -> World {
        let zones = zones();
        let anchor = zones.first().expect("the root").anchor();
        let resolver = LoopbackResolver::start(zones, transports, change).await;
        let mut plan = plan(resolver.address, &[]);
        plan.limits.connect_ms = 2000;
        let source = DnsRecordSource::new(&plan, DnssecAnchors::parse(&anchor).expect("an anchor"));
        World { resolver, source }
    }

    async fn ask(&self, at: &str, kind: RecordKind) -> Result<RecordsSeen, NoDnsResponse> {
        let request = RecordsRequest::to_resolver(DnsName::parse(at).expect("a name"), kind);
        let query = Query::query(name(at), read::record_type(kind));
        self.source.look_up(&request, &query).await
    }

    async fn seen(&self, at: &str, kind: RecordKind) -> RecordsSeen {
        self.ask(at, kind).await.expect("a response")
    }

    async fn state(&self, at: &str) -> DnssecState {
        self.seen(at, RecordKind::A).await.dnssec
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test)
}

fn honest() -> impl Future<Output = World> {
    World::new(ListensOn::UdpAndTcp, unchanged())
}

fn bogus(why: BogusReason, zone: &str) -> DnssecState {
    DnssecState::Bogus { why, zone: Some(DnsName::parse(zone).expect("a name")) }
}

fn indeterminate(why: IndeterminateReason) -> DnssecState {
    DnssecState::Indeterminate { why }
}

#[test]
fn signed_records_are_secure_and_keep_their_order() {
    run(async {
        let seen = honest().await.seen("signed.test", RecordKind::Mx).await;
        assert_eq!((seen.code, &seen.dnssec, seen.records.len()), (DnsCode::NoError, &DnssecState::Secure, 2));
        let hosts: Vec<String> = seen
            .records
            .iter()
            .map(|record| match &record.data {
                RecordData::Mx { host, .. } => host.to_string(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(hosts, ["b.signed.test", "a.signed.test"]);
    });
}

#[test]
fn an_unsigned_delegation_is_insecure_even_for_missing_names() {
    run(async {
        let world = honest().await;
        assert_eq!(world.state("a.unsigned.test").await, DnssecState::Insecure);
        let asked = world.resolver.log().len();
        assert_eq!(world.state("b.unsigned.test").await, DnssecState::Insecure);
        let again = world.seen("missing.unsigned.test", RecordKind::Txt).await;
        assert_eq!((again.code, again.dnssec), (DnsCode::NxDomain, DnssecState::Insecure));
        let more: Vec<String> = world.resolver.log().iter().skip(asked).map(|one| one.query.to_string()).collect();
        assert!(more.iter().all(|query| !query.contains(" NS") && !query.contains("SOA")), "{more:?}");
    });
}

#[test]
fn denials_are_secure() {
    run(async {
        let world = honest().await;
        let missing = world.seen("missing.signed.test", RecordKind::A).await;
        assert_eq!((missing.code, missing.dnssec), (DnsCode::NxDomain, DnssecState::Secure));
        let empty = world.seen("a.signed.test", RecordKind::Tlsa).await;
        assert_eq!((empty.code, empty.records.len(), empty.dnssec), (DnsCode::NoError, 0, DnssecState::Secure));
    });
}

#[test]
fn every_kind_of_bogus_zone_has_its_reason() {
    run(async {
        let world = honest().await;
        let DnssecState::Bogus { why: BogusReason::Expired { .. }, zone: Some(zone) } =
            world.state("a.expired.test").await
        else {
            unreachable!("the signature has expired")
        };
        assert_eq!(zone.as_str(), "expired.test");
        let state = world.state("a.future.test").await;
        assert!(matches!(state, DnssecState::Bogus { why: BogusReason::NotYetValid { .. }, .. }), "{state:?}");
        assert_eq!(world.state("a.forged.test").await, bogus(BogusReason::WrongSignature, "forged.test"));
        assert_eq!(world.state("b.forged.test").await, bogus(BogusReason::NoSignature, "forged.test"));
        assert_eq!(world.state("a.wrong-ds.test").await, bogus(BogusReason::DsMismatch, "wrong-ds.test"));
        assert_eq!(world.state("a.former.test").await, bogus(BogusReason::KeysMissing, "former.test"));
        let missing = world.seen("missing.expired.test", RecordKind::A).await.dnssec;
        assert!(matches!(missing, DnssecState::Bogus { why: BogusReason::Expired { .. }, .. }), "{missing:?}");
    });
}

#[test]
fn an_answer_from_a_wildcard_needs_a_proof_for_the_next_closer_name_only() {
    run(async {
        let world = honest().await;
        for at in ["b.wild.test", "z.wild.test", "two.labels.wild.test"] {
            assert_eq!(world.state(at).await, DnssecState::Secure, "{at}");
        }
    });
}

#[test]
fn a_wildcard_does_not_answer_for_a_name_that_exists() {
    let unproven = DnssecState::Bogus { why: BogusReason::DenialUnproven, zone: None };
    run(async {
        // The proof is missing.
        let change: ResponseChange = Box::new(|received, mut message| {
            if received.query.name() == &name("b.wild.test") {
                message.authorities.clear();
            }
            vec![message]
        });
        let world = World::new(ListensOn::UdpOnly, change).await;
        assert_eq!(world.state("b.wild.test").await, unproven);

        // The answer for another name is sent again, for a name that exists, and for a name below another one.
        let sent: Mutex<Vec<(Vec<Record>, Vec<Record>)>> = Mutex::default();
        let change: ResponseChange = Box::new(move |received, mut message| {
            let (at, mut sent) = (received.query.name(), sent.lock().expect("the answers"));
            if at == &name("b.wild.test") {
                sent.push((message.answers.clone(), message.authorities.clone()));
            } else if (at == &name("m.wild.test") || at == &name("y.deep.wild.test"))
                && received.query.query_type() == RecordType::A
                && let Some((answers, authorities)) = sent.first().cloned()
            {
                message.metadata.response_code = ResponseCode::NoError;
                message.answers = answers;
                message.answers.iter_mut().for_each(|record| record.name = at.clone());
                message.authorities = authorities;
            }
            vec![message]
        });
        let world = World::new(ListensOn::UdpOnly, change).await;
        assert_eq!(world.state("b.wild.test").await, DnssecState::Secure);
        for at in ["m.wild.test", "y.deep.wild.test"] {
            assert_eq!(world.state(at).await, unproven, "{at}");
        }
    });
}

#[test]
fn an_unsigned_delegation_to_a_server_without_a_soa_record_is_insecure() {
    run(async {
        let change: ResponseChange = Box::new(|received, mut message| {
            let is_below = name("unsigned.test").zone_of(received.query.name());
            if is_below && received.query.query_type() != RecordType::DS {
                let is_soa = |record: &Record| record.record_type() == RecordType::SOA;
                message.answers.retain(|record| !is_soa(record));
                message.authorities.retain(|record| !is_soa(record));
                message.metadata.response_code = ResponseCode::NoError;
            }
            vec![message]
        });
        let world = World::new(ListensOn::UdpOnly, change).await;
        for at in ["a.unsigned.test", "missing.unsigned.test"] {
            assert_eq!(world.state(at).await, DnssecState::Insecure, "{at}");
        }
    });
}

#[test]
fn a_signed_zone_below_an_unsigned_one_is_insecure() {
    run(async {
        let world = honest().await;
        for at in ["a.island.unsigned.test", "none.island.unsigned.test", "a.old.unsigned.test"] {
            assert_eq!(world.state(at).await, DnssecState::Insecure, "{at}");
        }
    });
}

#[test]
fn a_missing_type_beside_a_dname_record_is_secure() {
    run(async {
        let world = honest().await;
        let seen = world.seen("dname.signed.test", RecordKind::Mx).await;
        assert_eq!((seen.records.len(), seen.code, seen.dnssec), (0, DnsCode::NoError, DnssecState::Secure));
        assert_eq!(world.state("dname.signed.test").await, DnssecState::Secure);
        // The proof about the owner proves nothing about names below it.
        let change: ResponseChange = Box::new(|received, mut message| {
            if received.query.name() == &name("below.dname.signed.test") {
                message.metadata.response_code = ResponseCode::NoError;
            }
            vec![message]
        });
        let world = World::new(ListensOn::UdpOnly, change).await;
        let state = world.state("below.dname.signed.test").await;
        assert!(matches!(state, DnssecState::Bogus { .. }), "{state:?}");
    });
}

#[test]
fn a_denial_whose_soa_record_has_a_wrong_signature_is_bogus() {
    run(async {
        let change: ResponseChange = Box::new(|_, mut message| {
            for record in &mut message.authorities {
                if let RData::SOA(soa) = &mut record.data {
                    soa.serial += 1;
                }
            }
            vec![message]
        });
        let world = World::new(ListensOn::UdpOnly, change).await;
        let seen = world.seen("a.signed.test", RecordKind::Mx).await;
        assert_eq!(seen.dnssec, bogus(BogusReason::WrongSignature, "signed.test"));
    });
}

#[test]
fn a_zone_with_an_algorithm_that_only_others_support_is_not_unsigned() {
    run(async {
        let world = honest().await;
        assert_eq!(world.state("ed448.test").await, indeterminate(IndeterminateReason::UnsupportedAlgorithm));
        assert_eq!(world.state("none.ed448.test").await, indeterminate(IndeterminateReason::UnsupportedAlgorithm));
        let below = world.state("a.child.ed448.test").await;
        assert_eq!(below, indeterminate(IndeterminateReason::UnsupportedAlgorithm));
        assert_eq!(world.state("gost.test").await, DnssecState::Insecure);
    });
}

#[test]
fn a_denial_without_proof_is_bogus() {
    run(async {
        let change: ResponseChange = Box::new(|received, mut message| {
            if received.query.name() == &name("missing.signed.test") {
                message.authorities.retain(|record| {
                    let of = super::cache::covered_type(record).unwrap_or_else(|| record.record_type());
                    of != RecordType::NSEC
                });
            }
            vec![message]
        });
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        assert_eq!(world.state("missing.signed.test").await, bogus(BogusReason::DenialUnproven, "signed.test"));
    });
}

#[test]
fn a_resolver_that_strips_signatures_makes_nothing_bogus() {
    run(async {
        let change: ResponseChange = Box::new(|_, message| vec![message.maybe_strip_dnssec_records(false)]);
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        for at in ["a.signed.test", "a.unsigned.test", "a.forged.test", "missing.signed.test"] {
            assert_eq!(world.state(at).await, indeterminate(IndeterminateReason::SignaturesStripped), "{at}");
        }
    });
}

#[test]
fn one_lost_packet_changes_nothing_and_a_lost_key_is_not_bogus() {
    run(async {
        let change: ResponseChange =
            Box::new(|received, message| if received.repeats == 0 { vec![] } else { vec![message] });
        let mut world = World::new(ListensOn::UdpAndTcp, change).await;
        assert_eq!(world.state("a.signed.test").await, DnssecState::Secure);
        for lost in [RecordType::DNSKEY, RecordType::DS] {
            let change: ResponseChange = Box::new(move |received, message| {
                let is_lost = received.query.query_type() == lost && received.query.name() == &name("signed.test");
                if is_lost { vec![] } else { vec![message] }
            });
            world = World::new(ListensOn::UdpAndTcp, change).await;
            let state = world.state("a.signed.test").await;
            assert_eq!(state, indeterminate(IndeterminateReason::LookupFailed), "{lost}");
        }
    });
}

#[test]
fn aliases_have_their_own_state() {
    run(async {
        let world = honest().await;
        let inside = world.seen("www.signed.test", RecordKind::A).await;
        assert_eq!((inside.aliases.len(), inside.records.len(), &inside.dnssec), (1, 1, &DnssecState::Secure));
        let out = world.seen("out.signed.test", RecordKind::A).await;
        let states: Vec<&DnssecState> = out.aliases.iter().map(|alias| &alias.dnssec).collect();
        assert_eq!((states, &out.dnssec), (vec![&DnssecState::Secure], &DnssecState::Insecure));
        let gone = world.seen("gone.signed.test", RecordKind::A).await;
        assert_eq!((gone.code, gone.aliases.len(), gone.dnssec), (DnsCode::NxDomain, 1, DnssecState::Secure));
        let none = world.ask("loop.signed.test", RecordKind::A).await.expect_err("a loop");
        assert_eq!(none.kind, DnsFaultKind::AliasLoop);
    });
}

#[test]
fn a_truncated_response_is_requested_again_over_tcp() {
    run(async {
        let truncates = || -> ResponseChange {
            Box::new(|received, message| {
                let is_long = !received.over_tcp && received.query.query_type() == RecordType::MX;
                vec![if is_long { message.truncate() } else { message }]
            })
        };
        let seen = World::new(ListensOn::UdpAndTcp, truncates()).await.seen("signed.test", RecordKind::Mx).await;
        assert_eq!((seen.over_tcp, seen.records.len(), seen.dnssec), (true, 2, DnssecState::Secure));
        let closed = World::new(ListensOn::UdpOnly, truncates()).await;
        let none = closed.ask("signed.test", RecordKind::Mx).await.expect_err("no TCP");
        assert_eq!(none.kind, DnsFaultKind::TcpFailed, "{}", none.detail);
        assert!(none.detail.contains("bytes"), "{}", none.detail);
    });
}

#[test]
fn a_response_over_tcp_that_is_not_valid_is_not_a_missing_one() {
    run(async {
        let change: ResponseChange = Box::new(|received, mut message| {
            if received.over_tcp {
                message.metadata.id = message.metadata.id.wrapping_add(1);
                return vec![message];
            }
            let is_long = received.query.query_type() == RecordType::MX;
            vec![if is_long { message.truncate() } else { message }]
        });
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        let failure = world.ask("signed.test", RecordKind::Mx).await.expect_err("no valid response");
        assert_eq!(failure.kind, DnsFaultKind::Malformed, "{}", failure.detail);
        assert!(failure.detail.contains("over TCP failed: "), "{}", failure.detail);
        assert!(failure.detail.contains("another question"), "{}", failure.detail);
    });
}

#[test]
fn a_response_with_another_id_or_question_is_ignored() {
    run(async {
        let change: ResponseChange = Box::new(|_, message| {
            let mut stray = message.clone();
            stray.metadata.id = stray.metadata.id.wrapping_add(1);
            stray.metadata.response_code = ResponseCode::NXDomain;
            let mut other = message.clone();
            other.queries = vec![Query::query(name("other.test"), RecordType::A)];
            vec![stray, other, message]
        });
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        assert_eq!(world.state("a.signed.test").await, DnssecState::Secure);
    });
}

#[test]
fn a_closed_port_is_unreachable_and_silence_is_a_timeout() {
    run(async {
        let free = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
        let source = DnsRecordSource::new(&plan(free, &[]), DnssecAnchors::default());
        let request = RecordsRequest::to_resolver(DnsName::parse("a.test").expect("a name"), RecordKind::A);
        let query = Query::query(name("a.test"), RecordType::A);
        let none = source.look_up(&request, &query).await.expect_err("a closed port");
        assert_eq!(none.kind, DnsFaultKind::Unreachable, "{}", none.detail);

        let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let mut plan = plan(silent.local_addr().expect("an address"), &[]);
        plan.limits.connect_ms = 20;
        let source = DnsRecordSource::new(&plan, DnssecAnchors::default());
        let none = source.look_up(&request, &query).await.expect_err("silence");
        assert_eq!(none.kind, DnsFaultKind::Timeout, "{}", none.detail);
    });
}

#[test]
fn servfail_is_a_result_and_never_a_missing_record() {
    run(async {
        let change: ResponseChange = Box::new(|received, mut message| {
            if received.query.query_type() == RecordType::MX {
                message.answers.clear();
                message.metadata.response_code = ResponseCode::ServFail;
            }
            vec![message]
        });
        let seen = World::new(ListensOn::UdpAndTcp, change).await.seen("signed.test", RecordKind::Mx).await;
        assert_eq!((seen.code, seen.is_void()), (DnsCode::ServFail, false));
        assert_eq!(seen.dnssec, indeterminate(IndeterminateReason::LookupFailed));
    });
}

#[test]
fn each_query_is_sent_once() {
    run(async {
        let world = honest().await;
        let (first, second) =
            tokio::join!(world.seen("a.signed.test", RecordKind::A), world.seen("a.signed.test", RecordKind::A));
        assert_eq!(first, second);
        let mut asked: Vec<String> = world.resolver.log().iter().map(|one| one.query.to_string()).collect();
        let total = asked.len();
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), total);
        assert!(world.source.cache.received() > 0);
    });
}

#[test]
fn a_response_without_records_needs_a_soa_record_of_a_zone_that_contains_the_name() {
    async fn is_without_soa(change: ResponseChange) -> Vec<bool> {
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        let names = ["missing.unsigned.test", "a.unsigned.test", "www.signed.test"];
        let mut seen = Vec::new();
        for at in names {
            seen.push(world.seen(at, RecordKind::Txt).await.without_soa);
        }
        // A response with records needs none.
        assert!(!world.seen("a.unsigned.test", RecordKind::A).await.without_soa);
        seen
    }
    run(async {
        assert_eq!(is_without_soa(unchanged()).await, [false; 3]);
        let hidden: ResponseChange = Box::new(|_, mut message| {
            message.authorities.retain(|record| record.record_type() != RecordType::SOA);
            vec![message]
        });
        assert_eq!(is_without_soa(hidden).await, [true; 3]);
        let of_other_zone: ResponseChange = Box::new(|_, mut message| {
            for record in &mut message.authorities {
                record.name = name("forged.test");
            }
            vec![message]
        });
        assert_eq!(is_without_soa(of_other_zone).await, [true; 3]);
    });
}

#[test]
fn the_validity_of_the_signatures_is_kept() {
    run(async {
        let seen = honest().await.seen("signed.test", RecordKind::Mx).await;
        let validity = seen.signatures.and_then(|signatures| signatures.validity).expect("signatures");
        assert!(validity.begins < validity.ends, "{validity:?}");
    });
}

/// An authoritative server's response to a query for A records.
async fn at_server(world: &World, at: &str) -> RecordsSeen {
    let request = RecordsRequest::to_server(DnsName::parse(at).expect("a name"), RecordKind::A, world.resolver.address);
    let query = Query::query(name(at), RecordType::A);
    world.source.authoritative(&request, &query, world.resolver.address).await.expect("a response")
}

/// A server that is authoritative for queries without recursion.
fn authoritative_without_recursion() -> ResponseChange {
    Box::new(|_, mut message| {
        assert_eq!(message.metadata.recursion_desired, message.metadata.checking_disabled);
        message.metadata.authoritative = !message.metadata.recursion_desired;
        vec![message]
    })
}

#[test]
fn an_authoritative_server_is_queried_without_recursion_and_its_own_signatures_are_verified() {
    run(async {
        let world = World::new(ListensOn::UdpAndTcp, authoritative_without_recursion()).await;
        let seen = at_server(&world, "a.signed.test").await;
        assert_eq!((seen.authoritative, seen.dnssec), (true, DnssecState::Secure));
        assert_eq!(at_server(&world, "missing.signed.test").await.dnssec, DnssecState::Secure);
        assert_eq!(at_server(&world, "a.forged.test").await.dnssec, bogus(BogusReason::WrongSignature, "forged.test"));
        assert_eq!(at_server(&world, "b.forged.test").await.dnssec, bogus(BogusReason::NoSignature, "forged.test"));
        let expired = at_server(&world, "a.expired.test").await.dnssec;
        assert!(matches!(expired, DnssecState::Bogus { why: BogusReason::Expired { .. }, .. }), "{expired:?}");
        // The keys of these zones are not valid, so the server's own signatures prove nothing.
        for at in ["a.unsigned.test", "b.unsigned.test", "a.wrong-ds.test"] {
            assert_eq!(at_server(&world, at).await.dnssec, indeterminate(IndeterminateReason::NotValidated), "{at}");
        }
    });
}

#[test]
fn one_server_with_old_signatures_is_recognised() {
    run(async {
        // The resolver has the current copy of the zone, and the server has an old one.
        let old = |message: &mut Message| {
            for record in &mut message.answers {
                if let RData::DNSSEC(DNSSECRData::RRSIG(signature)) = &record.data {
                    let mut input = signature.input().clone();
                    input.sig_expiration = SerialNumber::new(1_700_000_000);
                    let signature = RRSIG::from_sig(input, signature.sig().to_vec());
                    record.data = RData::DNSSEC(DNSSECRData::RRSIG(signature));
                }
            }
        };
        let change: ResponseChange = Box::new(move |_, mut message| {
            message.metadata.authoritative = !message.metadata.recursion_desired;
            if message.metadata.authoritative {
                old(&mut message);
            }
            vec![message]
        });
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        assert_eq!(world.state("a.signed.test").await, DnssecState::Secure);
        let expired = bogus(BogusReason::Expired { at: 1_700_000_000 }, "signed.test");
        assert_eq!(at_server(&world, "a.signed.test").await.dnssec, expired);
    });
}

#[test]
fn the_ttl_in_the_zone_comes_from_the_signature() {
    run(async {
        let change: ResponseChange = Box::new(|_, mut message| {
            message.answers.iter_mut().for_each(|record| record.ttl = 7);
            vec![message]
        });
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        let seen = world.seen("a.signed.test", RecordKind::A).await;
        let signatures = seen.signatures.expect("signatures");
        assert_eq!((seen.records[0].ttl, signatures.original_ttl, signatures.algorithms), (7, 300, vec![13]));
        assert_eq!(world.seen("a.unsigned.test", RecordKind::A).await.signatures, None);
    });
}

#[test]
fn a_proof_with_many_iterations_is_insecure_and_never_bogus() {
    run(async {
        let world = honest().await;
        assert_eq!(world.state("a.iterated.test").await, DnssecState::Secure);
        assert_eq!(world.state("missing.iterated.test").await, DnssecState::Insecure);
        // The signature of such a proof still counts.
        let missing = world.seen("missing.miscounted.test", RecordKind::A).await;
        assert_eq!(missing.dnssec, bogus(BogusReason::WrongSignature, "miscounted.test"));
    });
}

#[test]
fn packets_that_do_not_belong_to_the_query_are_not_silence() {
    run(async {
        let change: ResponseChange = Box::new(|_, mut message| {
            message.metadata.id = message.metadata.id.wrapping_add(1);
            vec![message]
        });
        let zones = zones();
        let anchor = zones.first().expect("the root").anchor();
        let resolver = LoopbackResolver::start(zones, ListensOn::UdpOnly, change).await;
        let mut plan = plan(resolver.address, &[]);
        plan.limits.connect_ms = 50;
        let source = DnsRecordSource::new(&plan, DnssecAnchors::parse(&anchor).expect("an anchor"));
        let none = World { resolver, source }.ask("a.signed.test", RecordKind::A).await.expect_err("wrong IDs");
        assert_eq!(none.kind, DnsFaultKind::Malformed);
        assert!(none.detail.contains("(number: 1)"), "{}", none.detail);
    });
}

#[test]
fn a_referral_of_an_authoritative_server_has_the_records_of_the_delegation() {
    run(async {
        let change: ResponseChange = Box::new(|_, mut message| {
            let delegation: Vec<_> = message.answers.drain(..).collect();
            message.add_authorities(delegation);
            vec![message]
        });
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        let server = world.resolver.address;
        let ask = async |at: &str, kind: RecordKind| {
            let request = RecordsRequest::to_server(DnsName::parse(at).expect("a name"), kind, server);
            let query = Query::query(name(at), read::record_type(kind));
            world.source.authoritative(&request, &query, server).await.expect("a response")
        };
        let seen = ask("unsigned.test", RecordKind::Ns).await;
        assert!(!seen.authoritative);
        let host = DnsName::parse("ns.invalid").expect("a name");
        assert_eq!(seen.records.iter().map(|record| &record.data).collect::<Vec<_>>(), [&RecordData::Ns { host }]);
        // Other records in the authority section are not an answer.
        assert!(ask("a.unsigned.test", RecordKind::A).await.records.is_empty());
        assert!(ask("a.unsigned.test", RecordKind::Ns).await.records.is_empty());
    });
}

#[test]
fn the_limit_of_all_responses_has_its_own_fault() {
    run(async {
        let world = honest().await;
        let query = Query::query(name("a.signed.test"), RecordType::A);
        let question = DnsQuestion { query, role: ServerRole::Resolver };
        let ask = async |received: usize| {
            let received = std::sync::atomic::AtomicUsize::new(received);
            exchange(world.resolver.address, &question, std::time::Duration::from_secs(2), &received).await
        };
        assert!(ask(MAX_RECEIVED).await.is_ok());
        assert_eq!(ask(MAX_RECEIVED + 1).await.expect_err("the limit").kind, DnsFaultKind::SizeLimit);
    });
}

#[test]
fn the_name_of_a_question_is_sent_in_upper_case() {
    let lower = read::library_name(&DnsName::parse("mx1.example.com").expect("a name")).expect("a name");
    let upper = read::in_upper_case(&lower);
    assert_eq!(upper.to_ascii(), "MX1.EXAMPLE.COM.");
    assert_eq!(upper, lower, "names are compared case-insensitively");
}

#[test]
fn keys_that_match_no_trust_anchor_make_nothing_bogus() {
    run(async {
        let anchored = async |zones: Vec<TestZone>, anchor: &str| {
            let resolver = LoopbackResolver::start(zones, ListensOn::UdpAndTcp, unchanged()).await;
            let plan = plan(resolver.address, &[]);
            let source = DnsRecordSource::new(&plan, DnssecAnchors::parse(anchor).expect("an anchor"));
            World { resolver, source }
        };
        let other = TestZone::new(".", Signing::From(0), vec![], &[]).anchor();
        let world = anchored(zones(), &other).await;
        for at in ["a.signed.test", "a.unsigned.test", "a.forged.test", "missing.signed.test"] {
            assert_eq!(world.state(at).await, indeterminate(IndeterminateReason::AnchorMismatch), "{at}");
        }
        // One anchor that matches is enough, for example while the keys of the root zone are changed.
        let zones = zones();
        let both = format!("{other}{}", zones.first().expect("the root").anchor());
        assert_eq!(anchored(zones, &both).await.state("a.signed.test").await, DnssecState::Secure);
    });
}

#[test]
fn resolve_replaces_addresses_and_nothing_else() {
    let server = SocketAddr::from(([127, 0, 0, 1], 53));
    let plan = plan(server, &["--resolve", "mx.example:25:192.0.2.9", "--resolve", "*:25:192.0.2.8"]);
    let request = |at: &str, kind| RecordsRequest::to_resolver(DnsName::parse(at).expect("a name"), kind);
    let given = overridden(&plan, &request("mx.example", RecordKind::A)).expect("an address");
    assert_eq!(given.addresses().collect::<Vec<_>>(), [std::net::IpAddr::from([192, 0, 2, 9])]);
    assert_eq!(given.dnssec, indeterminate(IndeterminateReason::NotValidated));
    assert!(overridden(&plan, &request("mx.example", RecordKind::Aaaa)).expect("no address").is_void());
    assert!(overridden(&plan, &request("mx.example", RecordKind::Mx)).is_none());
    assert!(overridden(&plan, &request("2.0.0.127.list.example", RecordKind::A)).is_none());
}

#[test]
fn strings_are_joined_and_unusual_records_are_kept_as_text() {
    run(async {
        let seen = honest().await.seen("text.signed.test", RecordKind::Txt).await;
        let data = seen.records.into_iter().next().expect("a record").data;
        let raw_b64 = Some("dj3/MQ==".to_owned());
        assert_eq!(data, RecordData::Txt { text: "v=\u{fffd}1".to_owned(), lengths: vec![2, 2], raw_b64 });
    });
    let strange = hickory_resolver::proto::rr::Name::from_labels([b"a b".as_slice(), b"test"]).expect("a name");
    let record = Record::from_rdata(name("a.test"), 1, RData::CNAME(CNAME(strange)));
    let kept = read::dns_record(&record, &DnsName::root());
    assert!(matches!(kept.data, RecordData::Unreadable { .. }), "{kept:?}");
}

#[test]
fn a_chain_of_aliases_has_a_limit() {
    let link = |at: usize| Record::from_rdata(name(&format!("a{at}.test")), 1, alias(&format!("a{}.test", at + 1)));
    let chain = |length: usize| (0..length).map(link).collect::<Vec<_>>();
    assert!(read::follow_aliases(&name("a0.test"), RecordType::A, &chain(12)).is_ok());
    let thirteen = chain(13);
    let long = read::follow_aliases(&name("a0.test"), RecordType::A, &thirteen);
    assert_eq!(long.err(), Some(read::EndlessAliases::Limit));
}

#[test]
fn trust_anchors_are_keys_or_digests() {
    assert!(
        DnssecAnchors::parse(
            ". 86400 IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
        )
        .is_ok()
    );
    assert!(DnssecAnchors::parse(". IN DNSKEY 257 3 13 (\n AAAA\n BBBB ) ; a key\n").is_ok());
    for wrong in [
        "",
        "; nothing",
        ". DS x",
        ". IN DS 1 2 3 zz",
        "DS",
        ". IN DNSKEY 257 3 13 !!",
        "a.test. 1 IN A 1.2.3.4",
        ". IN DS 1 13 2 \u{e9}a",
    ] {
        assert!(DnssecAnchors::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn hostile_packets_never_panic() {
    run(async {
        let change: ResponseChange = Box::new(|received, message| {
            let mut shifted: Message = message.clone();
            if received.query.query_type() == RecordType::DNSKEY {
                shifted.answers.reverse();
                shifted.answers.truncate(1);
            }
            vec![shifted]
        });
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        for at in ["a.signed.test", "missing.signed.test", "a.unsigned.test"] {
            let _ = world.ask(at, RecordKind::A).await;
        }
    });
}

#[test]
fn names_outside_the_zone_of_the_trust_anchor_are_not_validated() {
    run(async {
        let zones = zones();
        let anchor = zones.get(2).expect("the zone signed.test").anchor();
        let resolver = LoopbackResolver::start(zones, ListensOn::UdpAndTcp, unchanged()).await;
        let plan = plan(resolver.address, &[]);
        let source = DnsRecordSource::new(&plan, DnssecAnchors::parse(&anchor).expect("an anchor"));
        let world = World { resolver, source };
        assert_eq!(world.state("a.signed.test").await, DnssecState::Secure);
        assert_eq!(world.state("missing.signed.test").await, DnssecState::Secure);
        let outside = indeterminate(IndeterminateReason::NotValidated);
        assert_eq!(world.state("a.unsigned.test").await, outside);
        assert_eq!(world.state("a.expired.test").await, outside);
        let alias = world.seen("out.signed.test", RecordKind::A).await;
        assert_eq!((&alias.aliases[0].dnssec, &alias.dnssec), (&DnssecState::Secure, &outside));
    });
}

#[test]
fn ns_records_of_a_signed_zone_are_secure_after_other_lookups() {
    run(async {
        let world = honest().await;
        assert_eq!(world.state("a.signed.test").await, DnssecState::Secure);
        assert_eq!(world.state("nothing.unsigned.test").await, DnssecState::Insecure);
        assert_eq!(world.seen("signed.test", RecordKind::Soa).await.dnssec, DnssecState::Secure);
        assert_eq!(world.seen("signed.test", RecordKind::Ns).await.dnssec, DnssecState::Secure);
    });
}

#[test]
fn an_opt_out_proof_that_a_name_does_not_exist_is_not_secure() {
    let nsec3 = |opt_out: bool| {
        let data = NSEC3::new(Nsec3HashAlgorithm::SHA1, opt_out, 0, Vec::new(), vec![1; 20], [RecordType::A]);
        Record::from_rdata(name("abc.signed.test"), 300, RData::DNSSEC(DNSSECRData::NSEC3(data)))
    };
    let response = |code, opt_out| {
        let mut message = Message::query().into_response();
        message.metadata.response_code = code;
        message.add_authority(nsec3(opt_out));
        message
    };
    assert!(may_hide_delegation(&response(ResponseCode::NXDomain, true)));
    assert!(!may_hide_delegation(&response(ResponseCode::NXDomain, false)));
    assert!(!may_hide_delegation(&response(ResponseCode::NoError, true)));
}

#[test]
fn records_of_other_names_are_neither_an_answer_nor_a_denial() {
    run(async {
        let lie: ResponseChange = Box::new(|_, mut message| {
            message.answers = vec![Record::from_rdata(name("bank.example"), 300, a(66))];
            vec![message]
        });
        let world = World::new(ListensOn::UdpAndTcp, lie).await;
        let failure = world.ask("a.unsigned.test", RecordKind::A).await.expect_err("no answer");
        assert_eq!(failure.kind, DnsFaultKind::Malformed);
        assert!(failure.detail.contains("other names"), "{}", failure.detail);
    });
}

#[test]
fn a_lost_packet_is_sent_again_within_the_attempt() {
    run(async {
        let loses_the_first: ResponseChange =
            Box::new(|question, message| if question.repeats == 0 { Vec::new() } else { vec![message] });
        let resolver = LoopbackResolver::start(zones(), ListensOn::UdpAndTcp, loses_the_first).await;
        let plan = plan(resolver.address, &[]);
        let source = DnsRecordSource::new(&plan, DnssecAnchors::default());
        let query = Query::query(name("a.unsigned.test"), RecordType::A);
        let started = std::time::Instant::now();
        let response = source.cache.ask(&query).await.expect("a response");
        assert_eq!(response.message.answers.len(), 1);
        assert!(started.elapsed() < std::time::Duration::from_secs(4), "{:?}", started.elapsed());
    });
}
