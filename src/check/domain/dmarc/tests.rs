//! Tests of DMARC records with simulated DNS servers.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use super::summary;
use crate::check::Finding;
use crate::check::domain::alignment::AlignmentWord;
use crate::check::domain::seen::{DmarcSeen, PublishedState};
use crate::check::domain::sight::Sight;
use crate::check::domain::world::{World, name, plan, response};
use crate::check::finding::Severity;
use crate::evidence::fault::DnsFaultKind;
use crate::evidence::{DnsCode, RecordsSeen};
use crate::lexicon::Confidence;
use crate::wire::RecordKind;

const BASE: &str = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1\n\
                    example.com TXT v=spf1 mx -all\ns1._domainkey.example.com TXT v=DKIM1; p=\n\
                    a.example.com MX 10 mx.example.com\na.b.example.com MX 10 mx.example.com";

fn in_world(domain: &str, world: &mut World) -> (Vec<Finding>, DmarcSeen) {
    let plan = plan(domain);
    let evidence = world.evidence(&plan);
    let findings = crate::check::judge(&plan, &evidence);
    let findings = findings.into_iter().filter(|finding| finding.rule.starts_with("dmarc-")).collect();
    (findings, summary(Sight::new(&plan, &evidence).unwrap()))
}

fn checked(domain: &str, zone: &str) -> (Vec<Finding>, DmarcSeen) {
    let mut world = World::new();
    world.zone(BASE).zone(zone);
    in_world(domain, &mut world)
}

fn rules(findings: &[Finding]) -> Vec<(&str, Severity)> {
    findings.iter().map(|finding| (&*finding.rule, finding.severity)).collect()
}

#[test]
fn a_good_record_raises_nothing() {
    let (findings, seen) =
        checked("example.com", "_dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:a@example.com");
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!((seen.state, seen.policy.as_deref()), (PublishedState::Valid, Some("reject")));
    assert_eq!(seen.walk, ["_dmarc.example.com: record", "_dmarc.com: no record"]);
    assert_eq!(seen.policy_by_list, None);
}

#[test]
fn the_aligned_domains_are_those_of_each_mode() {
    let relaxed = |domain: &str| (AlignmentWord::Relaxed, vec![domain.to_owned(), format!("*.{domain}")]);
    let strict = |domain: &str| (AlignmentWord::Strict, vec![domain.to_owned()]);
    for (domain, tags, dkim, spf) in [
        ("example.com", "", relaxed("example.com"), relaxed("example.com")),
        ("example.com", "; adkim=s; aspf=S", strict("example.com"), strict("example.com")),
        ("a.example.com", "; adkim=s; aspf=r", strict("a.example.com"), relaxed("example.com")),
        // An undefined value counts as the default.
        ("example.com", "; aspf=strict", relaxed("example.com"), relaxed("example.com")),
    ] {
        let (_, seen) = checked(domain, &format!("_dmarc.example.com TXT v=DMARC1; p=reject{tags}"));
        let found = [seen.dkim_alignment, seen.spf_alignment].map(|one| one.map(|one| (one.mode, one.domains)));
        assert_eq!(found, [Some(dkim), Some(spf)], "{domain}{tags}");
    }
    let (_, seen) = checked("example.com", "");
    assert_eq!((seen.dkim_alignment, seen.spf_alignment), (None, None));
}

#[test]
fn report_domains_that_are_not_checked_are_listed() {
    for (count, expected) in
        [(10, None), (11, Some("the record names 11 report domains, and only the first 10 are checked"))]
    {
        let addresses: Vec<String> = (0..count).map(|at| format!("mailto:a@r{at}.example.net")).collect();
        let mut world = World::new();
        world.zone(BASE);
        world.zone(&format!("_dmarc.example.com TXT v=DMARC1; p=reject; rua={}", addresses.join(",")));
        let plan = plan("example.com");
        let evidence = world.evidence(&plan);
        let left = super::not_tested(Sight::new(&plan, &evidence).unwrap());
        assert_eq!(left.first().map(|entry| entry.why.as_str()), expected);
    }
}

#[test]
fn a_missing_record_is_reported_with_a_record_to_publish() {
    let (findings, seen) = checked("example.com", "");
    assert_eq!(rules(&findings), [("dmarc-missing", Severity::Warning)]);
    let command = findings[0].fixes[0].command.as_deref();
    assert_eq!(command, Some("_dmarc.example.com. TXT \"v=DMARC1; p=none; rua=mailto:postmaster@example.com\""));
    assert_eq!(seen.state, PublishedState::Absent);
    // The record of the organizational domain applies.
    assert!(checked("a.example.com", "_dmarc.example.com TXT v=DMARC1; p=reject").0.is_empty());
    // A domain that does not exist raises no finding about DMARC.
    assert!(checked("gone.example", "").0.is_empty());
}

#[test]
fn a_failed_lookup_is_not_a_missing_record() {
    for failing in ["_dmarc.a.example.com", "_dmarc.example.com"] {
        let mut world = World::new();
        world.zone(BASE).fails(failing, RecordKind::Txt, DnsFaultKind::Timeout);
        let (findings, seen) = in_world("a.example.com", &mut world);
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(seen.state, PublishedState::Unknown);
        let plan = plan("a.example.com");
        let evidence = world.evidence(&plan);
        let left = super::not_tested(Sight::new(&plan, &evidence).unwrap());
        assert!(left.iter().any(|entry| entry.why.contains(failing)));
    }
}

// Case DMA-08 in `tests/data/domain`.
#[test]
fn two_records_lead_to_different_results() {
    let zone = "_dmarc.example.com TXT v=DMARC1; p=none\n_dmarc.example.com TXT v=DMARC1; p=reject";
    let (findings, seen) = checked("example.com", zone);
    assert_eq!(rules(&findings), [("dmarc-two-records", Severity::Error)]);
    assert_eq!(seen.state, PublishedState::Invalid);
    let zone = "_dmarc.a.example.com TXT v=DMARC1; p=none\n_dmarc.a.example.com TXT v=DMARC1; p=reject\n\
                _dmarc.example.com TXT v=DMARC1; p=reject";
    let (findings, seen) = checked("a.example.com", zone);
    let expected = [("dmarc-two-records", Severity::Error), ("dmarc-results-differ", Severity::Notice)];
    assert_eq!(rules(&findings), expected);
    assert_eq!(seen.policy.as_deref(), Some("reject"));
}

// Cases DMA-02, DMA-04 in `tests/data/domain`.
#[test]
fn every_mistake_has_its_rule_and_the_corrected_record() {
    for (text, rule, severity) in [
        (" v=DMARC1; p=reject", "dmarc-record-invalid", Severity::Error),
        ("v=dmarc1; p=reject", "dmarc-record-invalid", Severity::Error),
        ("p=reject; v=DMARC1", "dmarc-record-invalid", Severity::Error),
        ("v=DMARC1; p=monitor", "dmarc-record-invalid", Severity::Error),
        ("v=DMARC1; p=monitor; rua=mailto:a@example.com", "dmarc-record-invalid", Severity::Error),
        ("v=DMARC1; rua=mailto:a@example.com", "dmarc-record-invalid", Severity::Warning),
        ("v=DMARC1; sp=reject; p=reject", "dmarc-record-invalid", Severity::Notice),
        ("v=DMARC1; p=reject; p=reject", "dmarc-record-invalid", Severity::Error),
        ("v=DMARC1; p=reject; aspf=strict", "dmarc-record-invalid", Severity::Warning),
        ("v=DMARC1; p=reject; rua=a@example.com", "dmarc-report-address", Severity::Warning),
        (
            "v=DMARC1; p=reject; rua=mailto:a@example.com;mailto:b@example.com",
            "dmarc-report-address",
            Severity::Warning,
        ),
        ("v=DMARC1; p=none", "dmarc-policy-none", Severity::Notice),
        ("v=DMARC1; p=reject; sp=none", "dmarc-subdomains-open", Severity::Warning),
        ("v=DMARC1; p=reject; pct=50", "dmarc-percentage", Severity::Warning),
        ("v=DMARC1; p=reject; t=y", "dmarc-testing", Severity::Notice),
        ("v=DMARC1; p=reject; psd=y", "dmarc-psd", Severity::Warning),
        ("v=DMARC1; p=reject; rua=mailto:a@nowhere.example.com", "dmarc-report-domain", Severity::Warning),
    ] {
        let (findings, _) = checked("example.com", &format!("_dmarc.example.com TXT {text}"));
        assert_eq!(rules(&findings), [(rule, severity)], "{text}");
        assert!(!findings[0].fixes.is_empty() && !findings[0].cause.is_empty(), "{text}");
        if matches!(rule, "dmarc-record-invalid" | "dmarc-report-address") {
            let command = findings[0].fixes[0].command.as_deref().unwrap();
            assert!(command.starts_with("_dmarc.example.com. TXT \"v=DMARC1; p="), "{command}");
        }
    }
    let harmless = "v=DMARC1; p=quarantine; pct=100; ri=3600; rua=mailto:a@example.com!10m";
    assert!(checked("example.com", &format!("_dmarc.example.com TXT {harmless}")).0.is_empty());
}

#[test]
fn a_record_at_a_wrong_name_is_found() {
    for wrong in ["example.com", "_dmarc.example.com.example.com", "dmarc.example.com"] {
        let (findings, _) = checked("example.com", &format!("{wrong} TXT v=DMARC1; p=reject"));
        assert_eq!(rules(&findings), [("dmarc-wrong-name", Severity::Error)], "{wrong}");
    }
}

// Cases DMA-01, DMA-07, DMA-02 in `tests/data/domain`.
#[test]
fn texts_without_effect_do_not_hide_the_record() {
    let record = "_dmarc.example.com TXT v=DMARC1; p=reject\n";
    let (findings, seen) = checked("example.com", &format!("{record}example.com TXT v=DMARC1; p=reject"));
    assert_eq!(rules(&findings), [("dmarc-wrong-name", Severity::Notice)]);
    assert_eq!(seen.state, PublishedState::Valid);
    let (findings, seen) = checked("example.com", &format!("{record}_dmarc.example.com TXT token=1"));
    assert_eq!(rules(&findings), [("dmarc-other-text", Severity::Notice)]);
    assert_eq!(seen.policy.as_deref(), Some("reject"));
    let part = format!("{record}_dmarc.example.com TXT rua=mailto:a@example.com;ruf=mailto:a@example.com");
    assert_eq!(rules(&checked("example.com", &part).0), [("dmarc-other-text", Severity::Warning)]);
}

// Cases DMA-05, DMA-10 in `tests/data/domain`.
#[test]
fn report_domains_of_other_organizations_must_agree() {
    let base = "_dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:a@in.example.net,mailto:b@r.example.com\n\
                in.example.net MX 10 mx.example.net\nr.example.com A 192.0.2.3";
    let (findings, seen) = checked("example.com", base);
    assert_eq!(rules(&findings), [("dmarc-reports-not-authorised", Severity::Warning)]);
    let command = findings[0].fixes[0].command.as_deref();
    assert_eq!(command, Some("example.com._report._dmarc.in.example.net. TXT \"v=DMARC1\""));
    assert_eq!(seen.unauthorized, ["in.example.net"]);
    for permission in ["v=DMARC1", "v=DMARC1;"] {
        let zone = format!("{base}\nexample.com._report._dmarc.in.example.net TXT {permission}");
        assert!(checked("example.com", &zone).0.is_empty());
    }
    let mut world = World::new();
    world.zone(BASE).zone(base);
    world.fails("example.com._report._dmarc.in.example.net", RecordKind::Txt, DnsFaultKind::Timeout);
    assert!(in_world("example.com", &mut world).0.is_empty());
}

#[test]
fn a_report_domain_with_a_null_mx_receives_nothing() {
    let zone = "_dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:a@r.example.com\nr.example.com MX 0 .";
    assert_eq!(rules(&checked("example.com", zone).0), [("dmarc-report-domain", Severity::Warning)]);
}

// Case DMA-16 in `tests/data/domain`.
#[test]
fn both_ways_to_find_the_organizational_domain_are_shown() {
    let (findings, seen) = checked("a.example.com", "_dmarc.a.example.com TXT v=DMARC1; p=reject");
    assert_eq!(rules(&findings), [("dmarc-results-differ", Severity::Notice)]);
    assert_eq!(seen.organizational_domain.as_deref(), Some("a.example.com"));
    assert_eq!(seen.organizational_domain_by_list.as_deref(), Some("example.com"));

    let zone = "_dmarc.b.example.com TXT v=DMARC1; p=reject; psd=n\n_dmarc.example.com TXT v=DMARC1; p=none";
    let (findings, seen) = checked("a.b.example.com", zone);
    assert_eq!(rules(&findings), [("dmarc-results-differ", Severity::Notice)]);
    assert_eq!((seen.policy.as_deref(), seen.policy_by_list.as_deref()), (Some("reject"), Some("none")));
}

#[test]
fn a_long_name_needs_at_most_eight_lookups_in_the_tree_walk() {
    let domain = "a.b.c.d.e.f.g.h.i.example.com";
    let mut world = World::new();
    world.zone(&format!("{domain} MX 10 mx.example.com\n_dmarc.example.com TXT v=DMARC1; p=reject"));
    let (_, seen) = in_world(domain, &mut world);
    assert_eq!((seen.walk.len(), seen.found_at.as_deref()), (8, Some("_dmarc.example.com")));
}

#[test]
fn an_enforced_policy_without_any_key_is_reported() {
    let zone =
        "example.com MX 10 mx.example.com\nexample.com TXT v=spf1 mx -all\n_dmarc.example.com TXT v=DMARC1; p=reject";
    let mut world = World::new();
    world.zone(zone);
    let (findings, _) = in_world("example.com", &mut world);
    assert_eq!(rules(&findings), [("dmarc-without-dkim", Severity::Warning)]);
    let mut world = World::new();
    world.zone("example.com MX 0 .\nexample.com TXT v=spf1 -all\n_dmarc.example.com TXT v=DMARC1; p=reject");
    assert!(in_world("example.com", &mut world).0.is_empty());
}

#[test]
fn a_key_of_a_parent_domain_counts_under_relaxed_alignment() {
    let zone = |tags: &str, key: &str| {
        format!(
            "news.example.com MX 10 mx.example.com\nnews.example.com TXT v=spf1 mx -all\nmx.example.com A 192.0.2.1\n\
             _dmarc.example.com TXT v=DMARC1; p=reject{tags}\n{key}"
        )
    };
    let of = |tags: &str, key: &str| {
        let mut world = World::new();
        world.zone(&zone(tags, key));
        in_world("news.example.com", &mut world).0
    };
    let key = "s1._domainkey.example.com TXT v=DKIM1; p=MIGf";
    assert!(of("", key).is_empty());
    // Under strict alignment, only a key of the domain itself counts.
    let strict = of("; adkim=s", key);
    assert_eq!(rules(&strict), [("dmarc-without-dkim", Severity::Warning)]);
    assert_eq!(strict[0].confidence, Confidence::Certain);
    let relaxed = of("", "");
    assert_eq!(rules(&relaxed), [("dmarc-without-dkim", Severity::Warning)]);
    assert_eq!(relaxed[0].confidence, Confidence::Likely, "another subdomain may have a key");
    assert!(relaxed[0].summary.contains("neither news.example.com nor its parent domains"), "{}", relaxed[0].summary);
    // A failed lookup at the parent domain proves nothing.
    let mut world = World::new();
    world.zone(&zone("", "")).fails("_domainkey.example.com", RecordKind::Txt, DnsFaultKind::Timeout);
    assert!(in_world("news.example.com", &mut world).0.is_empty());
}

#[test]
fn a_domain_without_mail_gets_a_record_without_a_report_address() {
    for zone in ["example.com MX 0 .", "example.com MX 0 .\nexample.com TXT v=spf1 ?all"] {
        let (found, _) = in_world("example.com", World::new().zone(zone));
        assert_eq!(rules(&found), [("dmarc-missing", Severity::Warning)], "{zone}");
        let command = found[0].fixes[0].command.as_deref().unwrap();
        assert!(command.ends_with("\"v=DMARC1; p=reject\""), "{command}");
    }
}

#[test]
fn a_record_whose_lookup_fails_alone_is_reported() {
    let mut world = World::new();
    let at = name("_dmarc.example.com");
    let seen = RecordsSeen { code: DnsCode::ServFail, ..response(&at, Vec::new()) };
    world.zone(BASE).answer(at.as_str(), RecordKind::Txt, seen);
    let (found, _) = in_world("example.com", &mut world);
    assert_eq!(rules(&found), [("dmarc-lookup-failed", Severity::Notice)]);
    assert_eq!(found[0].confidence, Confidence::Likely);
    // If every lookup fails, the finding about the MX records reports it.
    let mx = RecordsSeen { code: DnsCode::ServFail, ..response(&name("example.com"), Vec::new()) };
    world.answer("example.com", RecordKind::Mx, mx);
    assert_eq!(rules(&in_world("example.com", &mut world).0), []);
}
