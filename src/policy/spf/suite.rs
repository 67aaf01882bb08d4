//! The test suite of RFC 7208, release 2014.04: 203 cases, in `tests/data/spf-rfc7208.json`.
//!
//! One case has a different result here, because names with spaces are never looked up: see [`DIFFERENT`].

use std::collections::BTreeMap;

use serde::Deserialize;

use super::evaluate::{SpfClient, SpfVerdict, evaluate};
use super::tree::SpfTree;
use super::{SpfKnown, SpfLookup};
use crate::evidence::RecordData;
use crate::wire::{DnsName, RecordKind};

/// Cases with a different result: a space in a DNS name (`%_`) is legal in the DNS, but a `DnsName` contains only
/// visible characters. A term with such a name matches nothing.
const DIFFERENT: &[(&str, &str)] = &[("macro-mania-in-domain", "fail")];

#[derive(Deserialize)]
struct SuiteGroup {
    subject: String,
    cases: Vec<SpfSuiteCase>,
    zone: Vec<(String, String, String)>,
}

#[derive(Deserialize)]
struct SpfSuiteCase {
    name: String,
    section: String,
    helo: String,
    ip: String,
    from: String,
    result: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    explanation: Option<Option<String>>,
}

/// Distinguishes null, which means that there must be no explanation, from an absent value.
fn present<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Deserialize::deserialize(value).map(Some)
}

/// The records of a zone. For a name with `TIMEOUT`, queries for other types receive no response.
struct SuiteZone<'g>(BTreeMap<DnsName, Vec<(&'g str, &'g str)>>);

impl<'g> SuiteZone<'g> {
    fn of(group: &'g SuiteGroup) -> SuiteZone<'g> {
        let mut names: BTreeMap<DnsName, Vec<(&str, &str)>> = BTreeMap::new();
        for (name, kind, value) in &group.zone {
            if let Ok(name) = DnsName::parse(name) {
                names.entry(name).or_default().push((kind, value));
            }
        }
        SuiteZone(names)
    }

    fn lookup(&self, name: &DnsName, kind: RecordKind) -> SpfLookup {
        let Some(all) = self.0.get(name) else {
            let exists = self.0.keys().any(|known| known.is_within(name));
            return if exists { SpfLookup::NoRecord } else { SpfLookup::NxDomain };
        };
        if let Some((_, target)) = all.iter().find(|(of, _)| *of == "CNAME") {
            let target = DnsName::parse(target).expect("a name");
            return if target == *name || self.0.get(&target).is_some_and(|of| of.iter().any(|(of, _)| *of == "CNAME")) {
                // A loop is an error.
                SpfLookup::Failed
            } else {
                self.lookup(&target, kind)
            };
        }
        let records: Vec<RecordData> =
            all.iter().filter(|(of, _)| *of == kind.name()).map(|(_, value)| data(kind, value)).collect();
        if !records.is_empty() {
            SpfLookup::Found(records)
        } else if all.iter().any(|(of, _)| *of == "TIMEOUT") {
            SpfLookup::Failed
        } else {
            SpfLookup::NoRecord
        }
    }
}

fn data(kind: RecordKind, value: &str) -> RecordData {
    let name = |text: &str| DnsName::parse(text).expect("a name");
    match kind {
        RecordKind::A => RecordData::A { ip: value.parse().expect("an address") },
        RecordKind::Aaaa => RecordData::Aaaa { ip: value.parse().expect("an address") },
        RecordKind::Mx => {
            let (preference, host) = value.split_once(' ').expect("two values");
            RecordData::Mx { preference: preference.parse().expect("a number"), host: name(host) }
        }
        RecordKind::Ptr => RecordData::Ptr { host: name(value) },
        _ => RecordData::Txt { text: value.to_owned(), lengths: vec![value.len()], raw_b64: None },
    }
}

fn client(case: &SpfSuiteCase) -> SpfClient<'_> {
    let ip = case.ip.parse().expect("an address");
    // RFC 7208 §2.4 and §4.3: without a sender, the sender is postmaster at the EHLO name. Without a local part, the
    // local part is postmaster.
    let (local, domain) = match case.from.rsplit_once('@') {
        None => ("postmaster", case.helo.as_str()),
        Some(("", domain)) => ("postmaster", domain),
        Some((local, domain)) => (local, domain),
    };
    SpfClient { ip, domain, local, helo: &case.helo }
}

/// Answers only the lookups that were requested, as in a real check, and counts the rounds.
fn step_by_step(client: &SpfClient<'_>, zone: &SuiteZone<'_>) -> (SpfVerdict, usize) {
    let mut answered: Vec<(DnsName, RecordKind)> = Vec::new();
    for round in 0..200 {
        let known = |name: &DnsName, kind: RecordKind| {
            if answered.contains(&(name.clone(), kind)) { zone.lookup(name, kind) } else { SpfLookup::Pending }
        };
        match evaluate(client, &known) {
            Ok(verdict) => return (verdict, round),
            Err(needed) => {
                assert!(!needed.is_empty(), "an evaluation stopped without a reason");
                answered.extend(needed);
            }
        }
    }
    unreachable!("the evaluation does not end");
}

fn groups() -> Vec<SuiteGroup> {
    serde_json::from_str(include_str!("../../../tests/data/spf-rfc7208.json")).expect("the suite")
}

#[test]
fn the_suite_of_the_standard_passes() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for group in &groups() {
        let zone = SuiteZone::of(group);
        let known: SpfKnown<'_> = &|name, kind| zone.lookup(name, kind);
        for case in &group.cases {
            count += 1;
            let client = client(case);
            let verdict = evaluate(&client, known).expect("everything is known");
            assert_eq!(verdict, step_by_step(&client, &zone).0, "{}: the result depends on the order", case.name);
            let result = verdict.result.name();
            let fits = match DIFFERENT.iter().find(|(name, _)| *name == case.name) {
                Some((_, other)) => result == *other,
                None => case.result.iter().any(|expected| expected == result),
            };
            // The standard does not define the letter case of IP addresses.
            let explained = case.explanation.as_ref().is_none_or(|expected| match (expected, &verdict.explanation) {
                (Some(expected), Some(text)) => expected.eq_ignore_ascii_case(text),
                (None, None) => true,
                _ => false,
            });
            if !fits || !explained {
                let SuiteGroup { subject, .. } = group;
                let SpfSuiteCase { name, section, result: expected, .. } = case;
                wrong.push(format!("{subject}: {name} ({section}): {result} {expected:?} {:?}", verdict.explanation));
            }
        }
    }
    assert_eq!(count, 203);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_tree_of_every_domain_of_the_suite_is_bounded() {
    for group in &groups() {
        let zone = SuiteZone::of(group);
        for case in &group.cases {
            let Ok(domain) = DnsName::parse(client(case).domain) else { continue };
            let tree = SpfTree::of(&domain, &|name, kind| zone.lookup(name, kind));
            assert!(tree.needed.is_empty() && !tree.is_cut, "{}", case.name);
        }
    }
}
