//! Tests of TLSA records: usage, selector and matching type, faults of the chain, digests of different strength.

use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use sha2::{Digest, Sha256, Sha512};

use super::{ChainMiss, TlsaMatch, TlsaOutcome, TlsaRecord, TlsaReferences, TlsaUnusable, der, evaluate, hex, needed};
use crate::evidence::{ChainFault, NameMatch, Presented, RecordData, Trust, TrustStore};
use crate::wire::DnsName;

const NOW: i64 = 1_790_000_000;

/// A root, an intermediate and a server certificate for `mx.example.com`.
pub(crate) struct Made {
    pub(crate) ders: [Vec<u8>; 3],
}

pub(crate) fn made(leaf_days: (i64, i64)) -> Made {
    let time = |days: i64| time::OffsetDateTime::from_unix_timestamp(NOW + days * 86_400).expect("a time");
    let params = |name: &str, names: &[&str], days: (i64, i64)| {
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).expect("names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (time(days.0), time(days.1));
        params
    };
    let authority = |name: &str| {
        let mut params = params(name, &[], (-900, 900));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let keys: Vec<KeyPair> = (0..3).map(|_| KeyPair::generate().expect("a key")).collect();
    let [root_key, middle_key, leaf_key] = keys.as_slice() else { unreachable!("three keys were made") };
    let (root, middle, leaf) = (authority("root"), authority("middle"), params("leaf", &["mx.example.com"], leaf_days));
    let root_der = root.self_signed(root_key).expect("a certificate").der().to_vec();
    let by_root = middle.signed_by(middle_key, &Issuer::from_params(&root, root_key)).expect("a certificate");
    let by_middle = leaf.signed_by(leaf_key, &Issuer::from_params(&middle, middle_key)).expect("a certificate");
    Made { ders: [by_middle.der().to_vec(), by_root.der().to_vec(), root_der] }
}

/// The evidence about a server that sends these certificates.
pub(crate) fn sent(ders: &[&Vec<u8>]) -> Presented {
    let ders: Vec<Vec<u8>> = ders.iter().map(|der| (*der).clone()).collect();
    let (chain, _) = crate::gather::certificates(&ders, &[]);
    Presented {
        chain_length: chain.len(),
        chain,
        trust: Trust::Untrusted { why: ChainFault::UnknownIssuer, detail: "private".to_owned() },
        path: Vec::new(),
        name: NameMatch::Unreadable { expected: "mx.example.com".to_owned() },
        store: TrustStore::System { anchors: 0 },
        anchor: None,
        faults: Vec::new(),
        limits: Vec::new(),
    }
}

pub(crate) fn record(usage: u8, selector: u8, matching: u8, der: &[u8]) -> TlsaRecord {
    let selected = match selector {
        1 => der::certificate_parts(der).expect("a certificate").public_key,
        _ => der,
    };
    let data = match matching {
        1 => Sha256::digest(selected).to_vec(),
        2 => Sha512::digest(selected).to_vec(),
        _ => selected.to_vec(),
    };
    literal(usage, selector, matching, &hex(&data))
}

pub(crate) fn literal(usage: u8, selector: u8, matching: u8, data: &str) -> TlsaRecord {
    let data = data.to_owned();
    TlsaRecord::read(&RecordData::Tlsa { usage, selector, matching, data }).expect("a TLSA record")
}

fn references(name: &str) -> TlsaReferences {
    TlsaReferences {
        names: vec![DnsName::parse(name).expect("a name")],
        now: Timestamp::from_second(NOW).expect("a time"),
    }
}

fn outcome(records: &[TlsaRecord], presented: &Presented) -> TlsaOutcome {
    evaluate(records, presented, &references("mx.example.com"))
}

fn first(records: &[TlsaRecord], presented: &Presented) -> TlsaMatch {
    outcome(records, presented).records.swap_remove(0).result
}

#[test]
fn every_combination_matches_the_certificate_that_it_is_about() {
    let Made { ders: [leaf, middle, root] } = made((-1, 30));
    let presented = sent(&[&leaf, &middle, &root]);
    let mut cases = 0;
    for usage in 0..=4 {
        for selector in 0..=2 {
            for matching in 0..=3 {
                for (at, der) in [&leaf, &middle, &root].into_iter().enumerate() {
                    let found = first(&[record(usage, selector, matching, der)], &presented);
                    let expected = match (usage, selector, matching) {
                        (0 | 1, ..) => TlsaMatch::Unusable(TlsaUnusable::PkixUsage),
                        (4.., ..) => TlsaMatch::Unusable(TlsaUnusable::UnknownUsage),
                        (_, 2.., _) => TlsaMatch::Unusable(TlsaUnusable::UnknownSelector),
                        (_, _, 3..) => TlsaMatch::Unusable(TlsaUnusable::UnknownMatching),
                        (3, ..) if at > 0 => TlsaMatch::Misses(ChainMiss::OtherCertificate),
                        (2, ..) if at == 0 => TlsaMatch::Misses(ChainMiss::IsLeaf),
                        _ => TlsaMatch::Matches,
                    };
                    assert_eq!(found, expected, "{usage} {selector} {matching} of certificate {at}");
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 180);
}

#[test]
fn usage_3_ignores_names_and_dates_and_usage_2_does_not() {
    let Made { ders: [leaf, middle, root] } = made((-60, -1));
    let expired = sent(&[&leaf, &middle, &root]);
    for (matching, selector) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)] {
        assert_eq!(first(&[record(3, selector, matching, &leaf)], &expired), TlsaMatch::Matches);
        let anchor = [record(2, selector, matching, &root)];
        assert_eq!(first(&anchor, &expired), TlsaMatch::Misses(ChainMiss::OutOfDate));
    }
    let Made { ders: [leaf, middle, root] } = made((-1, 30));
    let current = sent(&[&leaf, &middle, &root]);
    let other = |records: &[TlsaRecord]| evaluate(records, &current, &references("mx.example.net"));
    assert!(other(&[record(3, 1, 1, &leaf)]).matches_strictly());
    assert_eq!(other(&[record(2, 0, 1, &middle)]).misses(), [&ChainMiss::Name]);
    assert!(!evaluate(&[record(2, 0, 1, &middle)], &current, &references("a.mx.example.com")).matches_leniently());
}

#[test]
fn usage_2_needs_the_certificate_in_the_chain() {
    let Made { ders: [leaf, middle, root] } = made((-1, 30));
    let without_root = sent(&[&leaf, &middle]);
    assert_eq!(first(&[record(2, 0, 1, &root)], &without_root), TlsaMatch::Misses(ChainMiss::AnchorNotSent));
    assert_eq!(first(&[record(2, 1, 1, &root)], &without_root), TlsaMatch::Misses(ChainMiss::AnchorNotSent));
    // Only a record with the complete certificate or the complete key can replace the certificate that was not sent, and
    // only for some senders.
    for selector in [0, 1] {
        let complete = outcome(&[record(2, selector, 0, &root)], &without_root);
        assert!(complete.matches_with_record() && !complete.matches_leniently(), "selector {selector}");
    }
    assert_eq!(first(&[record(2, 1, 2, &root)], &without_root), TlsaMatch::Misses(ChainMiss::AnchorNotSent));
    assert_eq!(first(&[record(2, 0, 1, &middle)], &without_root), TlsaMatch::Matches);
    // There is no path if an intermediate certificate is missing.
    let with_gap = sent(&[&leaf, &root]);
    assert_eq!(first(&[record(2, 0, 1, &root)], &with_gap), TlsaMatch::Misses(ChainMiss::NoPath));
    assert_eq!(first(&[record(2, 0, 1, &root)], &sent(&[&leaf, &root, &middle])), TlsaMatch::Matches);
}

#[test]
fn the_key_in_a_record_counts_only_if_it_signed_the_topmost_certificate() {
    let Made { ders: [leaf, middle, root] } = made((-1, 30));
    let bare = |der: &[u8]| [record(2, 1, 0, der)];
    let in_record = TlsaMatch::Misses(ChainMiss::AnchorInRecord);
    assert_eq!(first(&bare(&root), &sent(&[&leaf, &middle])), in_record);
    assert_eq!(first(&bare(&middle), &sent(&[&leaf])), in_record);
    let not_sent = TlsaMatch::Misses(ChainMiss::AnchorNotSent);
    assert_eq!(first(&bare(&root), &sent(&[&leaf])), not_sent, "the certificate between them is missing");
    let Made { ders: [_, _, other_root] } = made((-1, 30));
    assert_eq!(first(&bare(&other_root), &sent(&[&leaf, &middle])), not_sent, "a root of the same name");
    // Dates and names count.
    let Made { ders: [old, old_middle, old_root] } = made((-60, -1));
    let expired = first(&bare(&old_root), &sent(&[&old, &old_middle]));
    assert_eq!(expired, TlsaMatch::Misses(ChainMiss::OutOfDate));
    let other = evaluate(&bare(&root), &sent(&[&leaf, &middle]), &references("mx.example.net"));
    assert_eq!(other.misses(), [&ChainMiss::Name]);
}

#[test]
fn only_the_strongest_digest_counts_for_strict_senders() {
    let Made { ders: [leaf, middle, root] } = made((-1, 30));
    let presented = sent(&[&leaf, &middle, &root]);
    let (good, stale) = (record(3, 1, 1, &leaf), record(3, 1, 2, &middle));
    // Each case contains a list of records, and the results for strict and for lenient senders.
    let cases: &[(&[TlsaRecord], bool, bool)] = &[
        (std::slice::from_ref(&good), true, true),
        (&[good.clone(), stale.clone()], false, true),
        (&[good.clone(), record(3, 1, 2, &leaf)], true, true),
        (&[record(3, 1, 1, &middle), record(3, 1, 2, &leaf)], true, true),
        (&[good.clone(), literal(3, 1, 2, "00")], true, true),
        (&[good.clone(), record(3, 0, 2, &middle)], true, true),
        (&[record(3, 1, 0, &leaf), stale.clone()], true, true),
        (&[good.clone(), record(2, 1, 2, &leaf)], true, true),
        (&[good.clone(), record(3, 1, 1, &middle)], true, true),
        (std::slice::from_ref(&stale), false, false),
        (&[literal(3, 1, 1, &"0".repeat(64))], false, false),
    ];
    for (records, strict, lenient) in cases {
        let found = outcome(records, &presented);
        assert_eq!((found.matches_strictly(), found.matches_leniently()), (*strict, *lenient), "{records:?}");
    }
    let kinds = |records: &[TlsaRecord]| outcome(records, &presented).stale_kinds().into_iter().collect::<Vec<_>>();
    assert_eq!(kinds(&[good.clone(), stale]), ["3 1 2"]);
    assert!(kinds(&[good, record(3, 1, 1, &middle)]).is_empty(), "a record for the next key is not a fault");
}

/// The cases in mox's DANE test (`dane_test.go`) that are about records and chains, with mox's results. mox accepts any
/// matching record. Usages 0 and 1 and lookups are tested elsewhere.
#[test]
fn chains_are_evaluated_as_by_mox() {
    let Made { ders: [leaf, middle, root] } = made((-1, 30));
    let (complete, leaf_only) = (sent(&[&leaf, &middle]), sent(&[&leaf]));
    let Made { ders: [expired, expired_issuer, _] } = made((-60, -1));
    let old = sent(&[&expired, &expired_issuer]);
    let stale = |usage, selector| literal(usage, selector, 1, &"0".repeat(64));
    let good = record(3, 1, 1, &leaf);
    let short = literal(3, 1, 1, &hex(&[0; 16]));
    let unknown = literal(10, 1, 1, &"0".repeat(64));
    let cut = literal(2, 0, 0, &hex(middle.get(1..).expect("a certificate")));
    let accepts = |records: &[TlsaRecord], chain: &Presented, name: &str| {
        let found = evaluate(records, chain, &references(name));
        found.matches_leniently() || found.matches_with_record()
    };
    let host = "mx.example.com";
    let cases: &[(&[TlsaRecord], &Presented, &str, bool)] = &[
        (std::slice::from_ref(&good), &complete, host, true),
        (&[stale(2, 0), good.clone()], &complete, host, true),
        (&[record(2, 0, 1, &middle)], &complete, host, true),
        (&[], &complete, host, false),
        (&[stale(3, 1)], &complete, host, false),
        (&[record(3, 1, 2, &leaf)], &complete, host, true),
        (&[record(3, 1, 0, &leaf)], &complete, host, true),
        (&[record(2, 0, 0, &middle)], &complete, host, true),
        (&[stale(2, 0)], &complete, host, false),
        (&[record(2, 0, 1, &middle)], &complete, "example.com", false),
        (&[record(2, 0, 1, &expired_issuer)], &old, host, false),
        (std::slice::from_ref(&short), &complete, host, false),
        (&[short.clone(), good.clone()], &complete, host, true),
        (std::slice::from_ref(&unknown), &complete, host, false),
        (&[unknown.clone(), good.clone()], &complete, host, true),
        (std::slice::from_ref(&cut), &complete, host, false),
        (&[record(2, 0, 0, &middle)], &leaf_only, host, true),
        (&[record(2, 0, 0, &root)], &leaf_only, host, false),
    ];
    for (number, (records, chain, name, expected)) in cases.iter().enumerate() {
        assert_eq!(accepts(records, chain, name), *expected, "case {number}");
    }
}

#[test]
fn malformed_records_are_unusable() {
    let Made { ders: [leaf, _, root] } = made((-1, 30));
    let cut = hex(root.get(1..).expect("a certificate"));
    for (record, expected) in [
        (literal(3, 1, 1, "0011"), TlsaUnusable::DigestLength { expected: 32, found: 2 }),
        (literal(3, 1, 2, &"0".repeat(64)), TlsaUnusable::DigestLength { expected: 64, found: 32 }),
        (literal(2, 0, 0, &cut), TlsaUnusable::NotParsed),
        (literal(3, 1, 0, &hex(&leaf)), TlsaUnusable::NotParsed),
        (literal(3, 1, 1, "zz"), TlsaUnusable::NotParsed),
        (literal(3, 1, 1, "012"), TlsaUnusable::NotParsed),
        (literal(3, 1, 255, ""), TlsaUnusable::UnknownMatching),
    ] {
        assert_eq!(record.unusable(), Some(expected), "{record}");
    }
    assert_eq!(literal(3, 1, 1, "AB").to_string(), "3 1 1 ab");
}

#[test]
fn cut_certificates_never_panic() {
    let Made { ders: [leaf, ..] } = made((-1, 30));
    for end in 0..leaf.len() {
        assert!(der::certificate_parts(leaf.get(..end).expect("a prefix")).is_none());
    }
    for at in 0..leaf.len() {
        for value in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
            let mut changed = leaf.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte = value;
            }
            let _ = (der::certificate_parts(&changed), der::is_public_key(&changed));
        }
    }
}

#[test]
fn the_suggested_record_is_the_digest_of_the_key() {
    let Made { ders: [leaf, ..] } = made((-1, 30));
    let presented = sent(&[&leaf]);
    let certificate = presented.leaf().expect("a certificate");
    let expected = format!("_25._tcp.mx.example.com. IN TLSA 3 1 1 {}", certificate.spki_sha256);
    assert_eq!(super::suggested("_25._tcp.mx.example.com", certificate), Some(expected));
}

#[test]
fn the_server_must_send_what_usage_2_needs() {
    let Made { ders: [leaf, middle, root] } = made((-1, 30));
    let presented = sent(&[&leaf, &middle, &root]);
    let needed_for = |records: &[TlsaRecord]| needed(records, &presented).into_iter().collect::<Vec<_>>();
    assert_eq!(needed_for(&[record(2, 0, 1, &root)]), [0, 1, 2]);
    assert_eq!(needed_for(&[record(2, 1, 1, &root)]), [0, 1, 2]);
    // Nothing above the CA of the record is needed.
    assert_eq!(needed_for(&[record(2, 1, 1, &middle)]), [0, 1]);
    let none: [usize; 0] = [];
    assert_eq!(needed_for(&[record(3, 1, 1, &leaf), record(1, 0, 1, &root)]), none);
    assert_eq!(needed_for(&[literal(2, 1, 1, "00")]), none);
    // A certificate that is not in the path is not needed.
    let other = made((-1, 30)).ders;
    let presented = sent(&[&leaf, &middle, &other[1], &root]);
    let found: Vec<usize> = needed(&[record(2, 0, 1, &root)], &presented).into_iter().collect();
    assert_eq!(found, [0, 1, 3]);
}
