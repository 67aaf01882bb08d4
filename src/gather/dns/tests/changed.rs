//! Resolvers that change or omit the records that validation needs. Some tests have authoritative servers: the same
//! server, which answers queries without recursion correctly.

use std::net::Ipv4Addr;

use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, DS, NSEC, RRSIG};
use hickory_resolver::proto::dnssec::{Algorithm, DigestType};
use hickory_resolver::proto::op::{Message, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::super::anchors::DnssecAnchors;
use super::super::source::DnsRecordSource;
use super::zones::{ListensOn, LoopbackResolver, ReceivedQuestion, ResponseChange, name};
use super::{World, bogus, indeterminate, plan, run, zones};
use crate::evidence::{BogusReason, DnsCode, DnsFaultKind, DnssecState, IndeterminateReason};
use crate::plan::DomainPlan;
use crate::question::RecordsRequest;
use crate::secret::ListKeys;
use crate::wire::{DnsName, DomainName, ForwardPath, RecordKind};

/// Whether the name servers of the zones have an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NameServers {
    Reachable,
    Unknown,
}

/// The zones behind a resolver that changes its responses like this. Authoritative responses are not changed.
async fn world(servers: NameServers, change: fn(&ReceivedQuestion, &mut Message)) -> World {
    let change: ResponseChange = Box::new(move |received, mut message| {
        let at = received.query.name();
        if servers == NameServers::Reachable
            && at == &name("ns.invalid")
            && received.query.query_type() == RecordType::A
        {
            let address = RData::A(A(Ipv4Addr::LOCALHOST));
            message.metadata.response_code = ResponseCode::NoError;
            message.authorities.clear();
            message.answers = vec![Record::from_rdata(at.clone(), 300, address)];
        }
        message.metadata.authoritative = !message.metadata.recursion_desired;
        if message.metadata.recursion_desired {
            change(received, &mut message);
        }
        vec![message]
    });
    let zones = zones();
    let anchor = zones.first().expect("the root").anchor();
    let resolver = LoopbackResolver::start(zones, ListensOn::UdpAndTcp, change).await;
    let mut plan = plan(resolver.address, &[]);
    plan.limits.connect_ms = 2000;
    plan.domain = Some(Box::new(DomainPlan {
        name: DomainName::parse("signed.test").expect("a domain"),
        recipient: None,
        sending: Vec::new(),
        sending_host: None,
        selectors: Vec::new(),
        lists: Vec::new(),
        list_keys: ListKeys::default(),
        relay_recipient: ForwardPath::parse("relay-test@example.org").expect("an address"),
        trust_anchor: None,
        dns_port: resolver.address.port(),
        https_port: 443,
    }));
    let source = DnsRecordSource::new(&plan, DnssecAnchors::parse(&anchor).expect("an anchor"));
    World { resolver, source }
}

fn without_proof() -> DnssecState {
    indeterminate(IndeterminateReason::ProofMissing)
}

fn is_for(received: &ReceivedQuestion, zone: &str, kind: RecordType) -> bool {
    received.query.name() == &name(zone) && received.query.query_type() == kind
}

#[test]
fn a_forwarder_that_removes_the_authority_section_makes_nothing_bogus() {
    run(async {
        let drops = |_: &ReceivedQuestion, message: &mut Message| message.authorities.clear();
        let world = world(NameServers::Unknown, drops).await;
        for at in ["a.unsigned.test", "missing.unsigned.test", "missing.signed.test", "b.wild.test"] {
            assert_eq!(world.state(at).await, without_proof(), "{at}");
        }
        let missing = world.seen("a.signed.test", RecordKind::Tlsa).await;
        assert_eq!((missing.code, missing.dnssec), (DnsCode::NoError, without_proof()));
        assert_eq!(world.state("a.signed.test").await, DnssecState::Secure);
        assert_eq!(world.state("a.forged.test").await, bogus(BogusReason::WrongSignature, "forged.test"));
        assert_eq!(world.state("a.former.test").await, bogus(BogusReason::KeysMissing, "former.test"));
    });
    run(async {
        let drops = |_: &ReceivedQuestion, message: &mut Message| message.authorities.clear();
        let world = world(NameServers::Reachable, drops).await;
        // The name servers prove that the zone is not signed.
        assert_eq!(world.state("a.unsigned.test").await, DnssecState::Insecure);
        assert_eq!(world.state("missing.signed.test").await, without_proof());
    });
}

#[test]
fn one_denial_without_proof_is_a_fault_of_the_zone_only_if_its_servers_send_none() {
    let drops = |received: &ReceivedQuestion, message: &mut Message| {
        if received.query.name() == &name("missing.signed.test") {
            message.authorities.clear();
        }
    };
    let unproven = DnssecState::Bogus { why: BogusReason::DenialUnproven, zone: None };
    assert_eq!(run(async { world(NameServers::Unknown, drops).await.state("missing.signed.test").await }), unproven);
    assert_eq!(
        run(async { world(NameServers::Reachable, drops).await.state("missing.signed.test").await }),
        without_proof()
    );
}

/// The DS record of another key, without a signature.
fn false_digest(at: &Name) -> Record {
    let digest = DS::new(1, Algorithm::ECDSAP256SHA256, DigestType::SHA256, vec![7; 32]);
    Record::from_rdata(at.clone(), 300, RData::DNSSEC(DNSSECRData::DS(digest)))
}

#[test]
fn a_digest_without_a_signature_reveals_nothing_about_the_zone() {
    let adds = |received: &ReceivedQuestion, message: &mut Message| {
        let at = received.query.name();
        let is_of_zone = at == &name("unsigned.test") || at == &name("signed.test");
        if is_of_zone && received.query.query_type() == RecordType::DS {
            message.authorities.clear();
            message.answers = vec![false_digest(at)];
        }
    };
    run(async {
        let world = world(NameServers::Unknown, adds).await;
        for at in ["a.unsigned.test", "a.signed.test", "missing.signed.test"] {
            assert_eq!(world.state(at).await, without_proof(), "{at}");
        }
    });
    run(async {
        let world = world(NameServers::Reachable, adds).await;
        assert_eq!(world.state("a.unsigned.test").await, DnssecState::Insecure);
        assert_eq!(world.state("a.signed.test").await, DnssecState::Secure);
        assert_eq!(world.seen("missing.signed.test", RecordKind::A).await.dnssec, DnssecState::Secure);
        let digests = world.seen("unsigned.test", RecordKind::Ds).await;
        assert_eq!((digests.records.len(), digests.dnssec), (0, DnssecState::Secure));
    });
}

#[test]
fn keys_and_digests_that_the_resolver_hides_come_from_the_name_servers() {
    let hides = |received: &ReceivedQuestion, message: &mut Message| {
        let is_hidden = is_for(received, "signed.test", RecordType::DNSKEY)
            || is_for(received, "wild.test", RecordType::DS)
            || is_for(received, "unsigned.test", RecordType::DS);
        if is_hidden {
            message.answers.clear();
            message.authorities.clear();
        }
    };
    run(async {
        let world = world(NameServers::Reachable, hides).await;
        for at in ["a.signed.test", "m.wild.test"] {
            assert_eq!(world.state(at).await, DnssecState::Secure, "{at}");
        }
        assert_eq!(world.state("a.unsigned.test").await, DnssecState::Insecure);
        // The faults of zones remain.
        assert_eq!(world.state("a.wrong-ds.test").await, bogus(BogusReason::DsMismatch, "wrong-ds.test"));
        assert_eq!(world.state("a.former.test").await, bogus(BogusReason::KeysMissing, "former.test"));
    });
}

#[test]
fn a_child_is_not_unsigned_because_its_own_server_answers_for_the_parent() {
    let answers_itself = |received: &ReceivedQuestion, message: &mut Message| {
        if is_for(received, "unsigned.test", RecordType::DS) {
            let mut soa = message.authorities.iter().find(|record| record.record_type() == RecordType::SOA).cloned();
            soa.iter_mut().for_each(|record| record.name = name("unsigned.test"));
            message.authorities = soa.into_iter().collect();
        }
    };
    assert_eq!(
        run(async { world(NameServers::Unknown, answers_itself).await.state("a.unsigned.test").await }),
        without_proof()
    );
}

#[test]
fn a_zone_with_a_digest_but_without_keys_has_one_reason() {
    run(async {
        let world = super::honest().await;
        let missing = bogus(BogusReason::KeysMissing, "former.test");
        assert_eq!(world.state("a.former.test").await, missing);
        assert_eq!(world.state("missing.former.test").await, missing);
        assert_eq!(world.seen("a.former.test", RecordKind::Mx).await.dnssec, missing);
        // Whether the algorithm in the digest is supported does not matter.
        let change: ResponseChange = Box::new(|received, mut message| {
            if is_for(received, "ed448.test", RecordType::DNSKEY) {
                message.answers.clear();
            }
            vec![message]
        });
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        assert_eq!(world.state("ed448.test").await, bogus(BogusReason::KeysMissing, "ed448.test"));
    });
}

#[test]
fn keys_need_a_valid_signature_even_if_each_of_them_has_a_digest() {
    run(async {
        let change: ResponseChange = Box::new(|received, mut message| {
            if is_for(received, "signed.test", RecordType::DNSKEY) {
                for record in &mut message.answers {
                    if let RData::DNSSEC(DNSSECRData::RRSIG(signature)) = &record.data {
                        let wrong = signature.sig().iter().map(|byte| !byte).collect();
                        let signature = RRSIG::from_sig(signature.input().clone(), wrong);
                        record.data = RData::DNSSEC(DNSSECRData::RRSIG(signature));
                    }
                }
            }
            message.metadata.authoritative = !message.metadata.recursion_desired;
            vec![message]
        });
        let world = World::new(ListensOn::UdpAndTcp, change).await;
        let wrong = bogus(BogusReason::WrongSignature, "signed.test");
        assert_eq!(world.state("a.signed.test").await, wrong);
        assert_eq!(world.seen("a.signed.test", RecordKind::Mx).await.dnssec, wrong);
        assert_eq!(super::at_server(&world, "a.signed.test").await.dnssec, wrong);
        assert_eq!(world.state("a.wild.test").await, DnssecState::Secure);
    });
}

#[test]
fn a_valid_proof_about_another_name_is_no_denial_of_a_digest() {
    let replays = |received: &ReceivedQuestion, message: &mut Message| {
        if is_for(received, "signed.test", RecordType::DS) || is_for(received, "unsigned.test", RecordType::DS) {
            // The proof belongs to the last name of the parent zone.
            message.answers.clear();
            message.authorities.retain(|record| record.record_type() == RecordType::NSEC);
            let rdata = NSEC::new(name("test"), [RecordType::A]);
            let proof = RData::DNSSEC(DNSSECRData::NSEC(rdata));
            message.authorities.push(Record::from_rdata(name("zzz.test"), 300, proof));
        }
    };
    run(async {
        let world = world(NameServers::Reachable, replays).await;
        assert_eq!(world.state("a.signed.test").await, DnssecState::Secure);
        assert_eq!(world.state("a.unsigned.test").await, DnssecState::Insecure);
    });
}

/// An alias of a name, without a signature.
fn alias(from: &Name, to: &str) -> Record {
    Record::from_rdata(from.clone(), 300, RData::CNAME(CNAME(name(to))))
}

#[test]
fn aliases_and_errors_instead_of_keys_and_digests_are_replaced() {
    let redirects = |received: &ReceivedQuestion, message: &mut Message| {
        let kinds = [RecordType::DNSKEY, RecordType::DS, RecordType::NS, RecordType::SOA];
        let at = received.query.name();
        if kinds.contains(&received.query.query_type()) && (at == &name("signed.test") || at == &name("unsigned.test"))
        {
            message.answers = vec![alias(at, "a.wild.test")];
            message.authorities.clear();
        }
        if kinds.contains(&received.query.query_type()) && at == &name("wild.test") {
            message.answers.clear();
            message.authorities.clear();
            message.metadata.response_code = ResponseCode::ServFail;
        }
    };
    run(async {
        let world = world(NameServers::Reachable, redirects).await;
        for at in ["a.signed.test", "m.wild.test"] {
            assert_eq!(world.state(at).await, DnssecState::Secure, "{at}");
        }
        assert_eq!(world.state("a.unsigned.test").await, DnssecState::Insecure);
    });
}

#[test]
fn a_loop_of_unsigned_aliases_in_a_signed_zone_is_bogus() {
    let loops = |received: &ReceivedQuestion, message: &mut Message| {
        let at = received.query.name();
        if at == &name("a.signed.test") || at == &name("a.unsigned.test") {
            message.answers = vec![alias(at, &at.to_ascii())];
            message.authorities.clear();
        }
    };
    run(async {
        let world = world(NameServers::Reachable, loops).await;
        let seen = world.seen("a.signed.test", RecordKind::A).await;
        let is_bogus = |state: &DnssecState| matches!(state, DnssecState::Bogus { .. });
        assert!(is_bogus(&seen.dnssec) && seen.aliases.iter().all(|alias| is_bogus(&alias.dnssec)), "{seen:?}");
        let request = RecordsRequest::to_resolver(DnsName::parse("a.unsigned.test").expect("a name"), RecordKind::A);
        let query = Query::query(name("a.unsigned.test"), RecordType::A);
        let failed = world.source.look_up(&request, &query).await.expect_err("a loop");
        assert_eq!(failed.kind, DnsFaultKind::AliasLoop);
    });
}

#[test]
fn the_soa_record_of_the_name_itself_does_not_prove_that_it_has_none() {
    let invents = |received: &ReceivedQuestion, message: &mut Message| {
        if is_for(received, "unsigned.test", RecordType::SOA) {
            message.authorities =
                message.answers.iter().filter(|one| one.record_type() == RecordType::SOA).cloned().collect();
            message.answers.clear();
        }
    };
    run(async {
        let world = world(NameServers::Reachable, invents).await;
        let seen = world.seen("unsigned.test", RecordKind::Soa).await;
        assert!(seen.records.is_empty() && seen.without_soa, "{seen:?}");
        assert!(!world.seen("missing.unsigned.test", RecordKind::Soa).await.without_soa);
    });
}
