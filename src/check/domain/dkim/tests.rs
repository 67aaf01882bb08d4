//! Tests of DKIM keys with simulated DNS servers.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use super::{UNUSED_SELECTOR, not_tested, summary};
use crate::check::Finding;
use crate::check::domain::seen::{DkimSeen, DkimState};
use crate::check::domain::sight::Sight;
use crate::check::domain::world::{World, name, plan, response};
use crate::check::finding::Severity;
use crate::evidence::fault::DnsFaultKind;
use crate::evidence::{DnsCode, RecordsSeen};
use crate::policy::dkim::tests::rsa;
use crate::question::Question;
use crate::wire::RecordKind;

/// The findings about DKIM and the results, with these selectors and records.
fn checked(selectors: &[&str], zone: &str) -> (Vec<Finding>, DkimSeen) {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1").zone(zone);
    in_world(&mut world, selectors)
}

fn in_world(world: &mut World, selectors: &[&str]) -> (Vec<Finding>, DkimSeen) {
    let mut plan = plan("example.com");
    plan.domain.as_mut().unwrap().selectors = selectors.iter().map(|&selector| selector.to_owned()).collect();
    let evidence = world.evidence(&plan);
    let findings = crate::check::judge(&plan, &evidence);
    let findings = findings.into_iter().filter(|finding| finding.rule.starts_with("dkim-")).collect();
    (findings, summary(Sight::new(&plan, &evidence).unwrap()))
}

/// The rules with their severities.
fn rules(findings: &[Finding]) -> Vec<(&str, Severity)> {
    findings.iter().map(|finding| (&*finding.rule, finding.severity)).collect()
}

fn key(bits: usize) -> String {
    format!("v=DKIM1; k=rsa; p={}", rsa(bits))
}

#[test]
fn a_good_key_raises_nothing() {
    let (findings, seen) = checked(&["s1"], &format!("s1._domainkey.example.com TXT {}", key(2048)));
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!((seen.keys[0].state, seen.keys[0].bits, seen.can_exist), (DkimState::Ok, Some(2048), Some(true)));
}

// Case DKM-15 in `tests/data/domain`.
#[test]
fn a_typed_suffix_of_the_selector_is_removed() {
    for typed in ["s1._domainkey", "s1._domainkey.example.com", "S1."] {
        let (findings, seen) = checked(&[typed], &format!("s1._domainkey.example.com TXT {}", key(2048)));
        assert!(findings.is_empty() && seen.keys[0].selector == "s1", "{typed}");
    }
}

// Cases DKM-01, DKM-06, DKM-09, DKM-16, DKM-18 in `tests/data/domain`.
#[test]
fn every_fault_of_a_record_has_its_rule() {
    let cut = key(2048).get(..255).unwrap().to_owned();
    for (text, rule, severity) in [
        (cut, "dkim-key-broken", Severity::Error),
        ("s1.tenant.example.net".to_owned(), "dkim-key-broken", Severity::Error),
        (format!("\"{}\"", key(2048)), "dkim-key-broken", Severity::Error),
        ("hello".to_owned(), "dkim-key-broken", Severity::Error),
        ("v=DKIM1; p=".to_owned(), "dkim-key-revoked", Severity::Error),
        (key(512), "dkim-key-weak", Severity::Error),
        (key(1024), "dkim-key-weak", Severity::Notice),
        (key(8192), "dkim-key-large", Severity::Notice),
        (format!("v=DKIM1; t=y; p={}", rsa(2048)), "dkim-testing", Severity::Warning),
        (format!("v=DKIM1; h=sha1; p={}", rsa(2048)), "dkim-hash", Severity::Error),
        (format!("v=DKIM1; s=tlsrpt; p={}", rsa(2048)), "dkim-service", Severity::Error),
        (
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned(),
            "dkim-ed25519-only",
            Severity::Notice,
        ),
    ] {
        let (findings, _) = checked(&["s1"], &format!("s1._domainkey.example.com TXT {text}"));
        assert_eq!(rules(&findings), [(rule, severity)], "{text}");
        assert!(severity < Severity::Warning || !findings[0].fixes.is_empty(), "{text}");
    }
}

#[test]
fn a_host_name_as_text_gets_the_cname_record_to_publish() {
    let (findings, _) = checked(&["s1"], "s1._domainkey.example.com TXT s1.tenant.example.net.");
    let command = findings[0].fixes[0].command.as_deref();
    assert_eq!(command, Some("s1._domainkey.example.com. CNAME s1.tenant.example.net."));
}

#[test]
fn ed25519_beside_rsa_is_fine() {
    let zone = format!(
        "e._domainkey.example.com TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
         r._domainkey.example.com TXT {}",
        key(2048)
    );
    assert!(checked(&["e", "r"], &zone).0.is_empty());
}

// Case DKM-04 in `tests/data/domain`.
#[test]
fn a_key_in_two_records_is_recognised() {
    let text = key(2048);
    let zone = format!(
        "s1._domainkey.example.com TXT {}\ns1._domainkey.example.com TXT {}",
        text.get(..255).unwrap(),
        text.get(255..).unwrap()
    );
    let (findings, _) = checked(&["s1"], &zone);
    assert_eq!(rules(&findings), [("dkim-two-records", Severity::Error)]);
    assert!(findings[0].cause.contains("several strings"));
    let unrelated = format!("s1._domainkey.example.com TXT {text}\ns1._domainkey.example.com TXT a note");
    assert!(checked(&["s1"], &unrelated).0.is_empty());
}

#[test]
fn a_requested_selector_without_a_key_is_an_error() {
    let (findings, seen) = checked(&["s1"], "");
    assert_eq!(rules(&findings), [("dkim-key-missing", Severity::Error)]);
    assert!(findings[0].cause.contains("under any selector") && seen.can_exist == Some(false));
    let (findings, seen) = checked(&["s1"], &format!("s2._domainkey.example.com TXT {}", key(2048)));
    assert_eq!(rules(&findings), [("dkim-key-missing", Severity::Error)]);
    assert!(!findings[0].cause.contains("under any selector") && seen.can_exist == Some(true));
}

#[test]
fn a_key_at_a_doubled_name_is_found() {
    for wrong in ["s1._domainkey.example.com.example.com", "s1._domainkey._domainkey.example.com"] {
        let (findings, _) = checked(&["s1"], &format!("{wrong} TXT {}", key(2048)));
        assert_eq!(rules(&findings), [("dkim-key-missing", Severity::Error)]);
        assert!(findings[0].cause.contains(wrong), "{}", findings[0].cause);
    }
}

// NXDOMAIN for `_domainkey` is confirmed with a few selectors; the other selectors are then not looked up.
#[test]
fn a_guessed_selector_without_a_key_is_never_a_finding() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com");
    let (findings, seen) = in_world(&mut world, &[]);
    assert!(findings.is_empty() && seen.keys.is_empty());
    assert_eq!((seen.can_exist, seen.tried), (Some(false), 4));
    let (findings, seen) = checked(&[], "unknown._domainkey.example.com TXT v=DKIM1; p=");
    assert!(findings.is_empty() && seen.keys.is_empty());
    assert_eq!((seen.can_exist, seen.tried), (Some(true), 60));
}

#[test]
fn common_selectors_are_found_in_two_rounds_and_at_most_60_questions() {
    let mut world = World::new();
    world.zone("example.com MX 10 example-com.mail.protection.outlook.com");
    world.zone(&format!("selector1._domainkey.example.com TXT {}", key(2048)));
    let (findings, seen) = in_world(&mut world, &[]);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!((seen.keys.len(), seen.keys[0].selector.as_str(), seen.tried), (1, "selector1", 59));
    let names = world.asked.iter().filter(|question| match question {
        Question::Records(request) => request.kind == RecordKind::Txt && request.name.as_str().contains("._domainkey."),
        _ => false,
    });
    assert_eq!(names.count(), 61);
}

// Cases DKM-12, DKM-13 in `tests/data/domain`.
#[test]
fn an_alias_without_a_key_is_a_notice_if_another_selector_has_one() {
    let alias = "selector2._domainkey.example.com CNAME selector2-example-com._domainkey.tenant.example.net";
    let (findings, seen) = checked(&[], &format!("{alias}\nselector1._domainkey.example.com TXT {}", key(2048)));
    assert_eq!(rules(&findings), [("dkim-alias-dangling", Severity::Notice)]);
    assert_eq!(seen.keys[1].via, ["selector2-example-com._domainkey.tenant.example.net"]);
    assert_eq!(rules(&checked(&[], alias).0), [("dkim-alias-dangling", Severity::Warning)]);
    assert_eq!(rules(&checked(&["selector2"], alias).0), [("dkim-alias-dangling", Severity::Error)]);
}

// Case DKM-19 in `tests/data/domain`.
#[test]
fn a_wildcard_record_does_not_count_as_a_key() {
    let wildcard = |text: &str, spf: &str| {
        let mut zone = format!("example.com TXT {spf}\n{UNUSED_SELECTOR}._domainkey.example.com TXT {text}");
        for selector in ["default", "google", "s1"] {
            zone += &format!("\n{selector}._domainkey.example.com TXT {text}");
        }
        checked(&[], &zone)
    };
    let (findings, seen) = wildcard("v=DKIM1; p=", "v=spf1 -all");
    assert!(findings.is_empty() && seen.keys.is_empty(), "{findings:?}");
    let (findings, seen) = wildcard("v=DKIM1; p=", "v=spf1 mx -all");
    assert_eq!(rules(&findings), [("dkim-wildcard", Severity::Notice)]);
    assert!(seen.keys.is_empty());
    assert_eq!(rules(&wildcard("v=spf1 mx -all", "v=spf1 mx -all").0), [("dkim-wildcard", Severity::Notice)]);
}

#[test]
fn a_wildcard_alias_is_one_finding() {
    let zone = ["default", "google", "s1", UNUSED_SELECTOR]
        .map(|selector| format!("{selector}._domainkey.example.com CNAME gone.example.net\n"));
    let (findings, seen) = checked(&[], &zone.concat());
    assert_eq!(rules(&findings), [("dkim-wildcard", Severity::Notice)]);
    assert!(seen.keys.is_empty(), "{:?}", seen.keys);
    let other = format!("{}k1._domainkey.example.com CNAME other.example.net", zone.concat());
    assert_eq!(rules(&checked(&[], &other).0)[0], ("dkim-alias-dangling", Severity::Warning));
    assert_eq!(rules(&checked(&["s1"], &zone.concat()).0)[0], ("dkim-alias-dangling", Severity::Error));
}

#[test]
fn unknown_selectors_are_not_tested() {
    let of = |selectors: &[&str], zone: &str| {
        let mut plan = plan("example.com");
        plan.domain.as_mut().unwrap().selectors = selectors.iter().map(|&selector| selector.to_owned()).collect();
        let evidence = World::new().zone("example.com MX 10 mx.example.com").zone(zone).evidence(&plan);
        not_tested(Sight::new(&plan, &evidence).unwrap()).into_iter().map(|entry| entry.why).collect::<Vec<_>>()
    };
    assert!(of(&[], "other._domainkey.example.com TXT v=DKIM1; p=").concat().contains("60 common selectors"));
    assert!(of(&[], "").is_empty());
    assert!(of(&["x"], "x._domainkey.example.com TXT v=DKIM1; p=").is_empty());
}

#[test]
fn a_failed_lookup_is_not_a_missing_key() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com");
    world.fails("s1._domainkey.example.com", RecordKind::Txt, DnsFaultKind::Timeout);
    let (findings, seen) = in_world(&mut world, &["s1"]);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!((seen.keys[0].state, seen.can_exist), (DkimState::Unknown, Some(true)));
}

#[test]
fn failed_lookups_of_common_selectors_are_not_missing_keys() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nunknown._domainkey.example.com TXT v=DKIM1; p=");
    for selector in ["default", "google", "selector1"] {
        world.fails(&format!("{selector}._domainkey.example.com"), RecordKind::Txt, DnsFaultKind::Timeout);
    }
    let unanswered =
        RecordsSeen { code: DnsCode::ServFail, ..response(&name("selector2._domainkey.example.com"), Vec::new()) };
    world.answer("selector2._domainkey.example.com", RecordKind::Txt, unanswered);
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let sight = Sight::new(&plan, &evidence).unwrap();
    assert_eq!((summary(sight).can_exist, summary(sight).tried), (Some(true), 56));
    let entries = not_tested(sight);
    assert!(entries.len() == 1 && entries[0].why.starts_with("4 lookups of common selectors failed"), "{entries:?}");
}
