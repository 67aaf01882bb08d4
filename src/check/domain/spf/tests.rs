//! Domains with SPF records, and the findings that they raise.

use super::super::seen::PublishedState;
use super::super::sight::Sight;
use super::super::world::{World, name, plan, response};
use super::{judge, summary};
use crate::check::finding::Finding;
use crate::evidence::{BogusReason, DnsCode, DnsFaultKind, DnssecState, RecordsSeen};
use crate::lexicon::Confidence;
use crate::plan::Plan;
use crate::wire::RecordKind;

/// The findings about SPF for example.com in this zone.
fn findings(zone: &str, change: impl Fn(&mut Plan)) -> Vec<Finding> {
    let mut plan = plan("example.com");
    change(&mut plan);
    let evidence = World::new().zone(zone).evidence(&plan);
    judge(&plan, &evidence)
}

fn sending(ip: &'static str) -> impl Fn(&mut Plan) {
    move |plan| {
        if let Some(domain) = plan.domain.as_mut() {
            domain.sending.push(ip.parse().expect("an address"));
        }
    }
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| &*finding.rule).collect()
}

/// The rules that a single record raises. The names below example.net exist.
fn of_record(record: &str) -> Vec<String> {
    let zone = format!(
        "example.com TXT {record}
        example.com A 192.0.2.1
        example.com MX 10 mx.example.com
        mx.example.com A 192.0.2.2
        _spf.example.net TXT v=spf1 ip4:198.51.100.0/24 -all
        mail.example.net A 198.51.100.1"
    );
    rules(&findings(&zone, |_| {})).into_iter().map(str::to_owned).collect()
}

#[test]
fn records_raise_the_rules_of_their_faults_and_no_others() {
    for (record, expected) in [
        ("v=spf1 mx a include:_spf.example.net -all", &[][..]),
        ("V=SPF1 mx ~all", &[]),
        ("v=spf1 redirect=_spf.example.net", &[]),
        ("v=spf1 mx ra=postmaster -all", &[]),
        ("v=spf1 exists:%{i}.example.net -all", &[]),
        (" v=spf1 mx -all", &["spf-ignored-record"]),
        ("v=spf1; mx -all", &["spf-ignored-record"]),
        ("v=spf1\u{a0}mx -all", &["spf-ignored-record"]),
        ("v=spf2.0/pra mx -all", &["spf-ignored-record"]),
        ("\u{201c}v=spf1 mx -all\u{201d}", &["spf-ignored-record"]),
        ("some-verification=1", &["spf-missing"]),
        ("v=spf1 ip4:192.0.2.1~all", &["spf-syntax"]),
        ("v=spf1 include._spf.example.net -all", &["spf-syntax"]),
        ("v=spf1 a:192.0.2.1 -all", &["spf-syntax"]),
        ("v=spf1 include:a.example|b.example -all", &["spf-include-broken"]),
        ("v=spf1 include=_spf.example.net -all", &["spf-ignored-modifier"]),
        ("v=spf1 +all", &["spf-allows-everyone"]),
        ("v=spf1 ip4:0.0.0.0/0 -all", &["spf-allows-everyone"]),
        ("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", &["spf-allows-everyone"]),
        ("v=spf1 include:_spf.example.net", &["spf-no-all"]),
        ("v=spf1 mx ?all", &["spf-no-all"]),
        ("v=spf1 -all mx", &["spf-unused-terms"]),
        ("v=spf1 mx ~all redirect=_spf.example.net", &["spf-unused-terms"]),
        ("v=spf1 ptr -all", &["spf-ptr-used"]),
        ("v=spf1 exists:%{p}.example.net -all", &["spf-ptr-used"]),
        ("v=spf1 exists:%{i}._p.example.net -all", &[]),
        ("v=spf1 ip4:198.0.0.0/7 -all", &["spf-network-wide"]),
        ("v=spf1 ip4:44.0.0.0/8 ~all", &["spf-network-wide"]),
        ("v=spf1 ip6:2a00::/12 -all", &["spf-network-wide"]),
        ("v=spf1 ip4:198.51.0.0/9 ip4:10.0.0.0/8 ip6:2001:db8::/32 -all", &[]),
        ("v=spf1 -ip4:44.0.0.0/8 mx -all", &[]),
        ("v=spf1 ip4:0.0.0.0/0 ip4:44.0.0.0/8 -all", &["spf-allows-everyone"]),
        ("v=spf1 mx -all exp=nowhere.example.net", &["spf-exp-ignored"]),
        ("v=spf1 include:gone.example.net -all", &["spf-include-broken"]),
        ("v=spf1 include:mail.example.net -all", &["spf-include-broken"]),
        ("v=spf1 include:example.com -all", &["spf-include-broken"]),
        ("v=spf1 a:x.example a:y.example -all", &[]),
        ("v=spf1 a:x.example a:y.example a:z.example -all", &["spf-void-lookups"]),
        ("v=spf1 a a a a a a a a a -all", &["spf-too-many-lookups"]),
        ("v=spf1 a a a a a a a a -all", &[]),
    ] {
        assert_eq!(of_record(record), expected, "{record}");
    }
}

fn commands(findings: &[Finding]) -> Vec<String> {
    let commands = findings.iter().flat_map(|finding| &finding.fixes).filter_map(|fix| fix.command.clone());
    commands.map(|text| crate::evidence::quote::resolve(&text, |_, text| text.to_owned())).collect()
}

#[test]
fn fixes_contain_the_record_to_publish() {
    for (zone, expected) in [
        ("example.com TXT v=spf1 ip4:192.0.2.1~all", "example.com. IN TXT \"v=spf1 ip4:192.0.2.1 ~all\""),
        (
            "example.com TXT v=spf1 ip4:192.0.2.1 -all\nexample.com TXT v=spf1 ip4:192.0.2.2 ~all",
            "example.com. IN TXT \"v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ~all\"",
        ),
        ("example.com TXT v=spf1; ip4:192.0.2.1 -all", "example.com. IN TXT \"v=spf1 ip4:192.0.2.1 -all\""),
        // A corrected record allows no host that the original did not allow.
        ("example.com TXT v=spf1 -all ip4:192.0.2.1", "example.com. IN TXT \"v=spf1 -all\""),
        (
            "example.com A 192.0.2.1\n_spf.example.com TXT v=spf1 -all",
            "example.com. IN TXT \"v=spf1 redirect=_spf.example.com\"",
        ),
    ] {
        let found = commands(&findings(zone, |_| {}));
        assert!(found.iter().any(|command| command == expected), "{zone}: {found:?}");
    }
}

#[test]
fn two_records_are_one_finding() {
    let zone = "example.com TXT v=spf1 mx -all\nexample.com TXT v=spf1 a -all\nexample.com TXT token=1";
    assert_eq!(rules(&findings(zone, |_| {})), ["spf-two-records"]);
}

#[test]
fn a_sending_address_that_is_not_covered_gets_its_mechanism() {
    let zone = "example.com TXT v=spf1 ip4:192.0.2.1 include:_spf.example.net -all
        _spf.example.net TXT v=spf1 ip4:198.51.100.0/24 -all";
    assert!(findings(zone, sending("192.0.2.1")).is_empty());
    assert!(findings(zone, sending("198.51.100.7")).is_empty());
    let found = findings(zone, sending("2001:db8::7"));
    assert_eq!(rules(&found), ["spf-sending-not-covered"]);
    let expected = "example.com. IN TXT \"v=spf1 ip6:2001:db8::7 ip4:192.0.2.1 include:_spf.example.net -all\"";
    assert!(commands(&found).iter().any(|command| command == expected), "{found:?}");
}

/// A record with 11 lookups: the address in the first term passes, but the address in the last term does not.
#[test]
fn too_many_lookups_affect_only_ip_addresses_that_no_earlier_term_matches() {
    let zone = "example.com TXT v=spf1 ip4:192.0.2.1 a a a a a a a a a a a ip4:192.0.2.9 -all
        example.com A 192.0.2.80";
    for (ip, result) in [("192.0.2.1", "pass"), ("192.0.2.9", "permerror")] {
        let mut plan = plan("example.com");
        sending(ip)(&mut plan);
        let evidence = World::new().zone(zone).evidence(&plan);
        assert_eq!(rules(&judge(&plan, &evidence)), ["spf-too-many-lookups"], "{ip}");
        let seen = summary(Sight::new(&plan, &evidence).expect("a domain"));
        assert_eq!(seen.results.first().map(|found| found.result.as_str()), Some(result), "{ip}");
        assert_eq!(seen.lookups, Some(11));
        assert_eq!(
            (seen.state, seen.problem.as_deref()),
            (PublishedState::Invalid, Some("needs more than 10 DNS lookups"))
        );
    }
    let ten = zone.replacen(" a a", " a", 1);
    let mut world = World::new();
    let (plan, sent) = (plan("example.com"), world.zone(&ten));
    let evidence = sent.evidence(&plan);
    assert_eq!(summary(Sight::new(&plan, &evidence).expect("a domain")).state, PublishedState::Valid);
    let found = findings(&ten, sending("192.0.2.9"));
    assert_eq!(rules(&found), ["spf-too-many-lookups"]);
    assert_eq!(found.first().map(|finding| finding.severity), Some(crate::check::finding::Severity::Warning));
}

#[test]
fn a_record_over_450_bytes_is_a_notice() {
    // The name has 11 bytes, and the record 33 and a multiple of 16.
    let record = |terms: usize| format!("v=spf1 mx{} ip4:198.51.100.7 ~all ", " ip4:203.0.113.1".repeat(terms));
    for (terms, extra, expected) in [(25, "", &[][..]), (25, "       ", &[]), (26, "", &["spf-long"])] {
        let text = format!("{}{extra}", record(terms));
        assert_eq!(of_record(&text), expected, "{} bytes", text.len());
    }
}

#[test]
fn the_tree_shows_what_each_term_did() {
    let zone = "example.com TXT v=spf1 mx include:_spf.example.net include:other.example.net -all
        example.com MX 10 mx.example.com
        mx.example.com A 192.0.2.2
        _spf.example.net TXT v=spf1 a:gone.example.net ip4:192.0.2.0/29 -all
        other.example.net TXT v=spf1 a:gone.example.net -all";
    let mut plan = plan("example.com");
    sending("192.0.2.7")(&mut plan);
    let evidence = World::new().zone(zone).evidence(&plan);
    let seen = summary(Sight::new(&plan, &evidence).expect("a domain"));
    let outcomes: Vec<_> = seen.tree.iter().filter_map(|term| term.outcome.as_deref()).collect();
    assert_eq!(outcomes, ["no-match", "match", "not-needed", "not-needed"]);
    assert_eq!((seen.lookups, seen.void_lookups, seen.state), (Some(5), Some(2), PublishedState::Valid));
    let result = seen.results.first().expect("a result");
    assert_eq!(result.decided_by, ["include:_spf.example.net", "ip4:192.0.2.0/29"]);
}

#[test]
fn a_failed_lookup_never_counts_as_no_record() {
    let plan = plan("example.com");
    let mut world = World::new();
    let domain = super::super::world::name("example.com");
    let failed = super::super::world::response(&domain, Vec::new());
    world.answer("example.com", RecordKind::Txt, crate::evidence::RecordsSeen { code: DnsCode::ServFail, ..failed });
    let evidence = world.evidence(&plan);
    assert_eq!(rules(&judge(&plan, &evidence)), ["spf-lookup-failed"]);
    let mut world = World::new();
    world.zone("example.com TXT v=spf1 include:_spf.example.net -all");
    world.fails("_spf.example.net", RecordKind::Txt, DnsFaultKind::Timeout);
    let evidence = world.evidence(&plan);
    assert_eq!(rules(&judge(&plan, &evidence)), ["spf-include-failed"]);
}

#[test]
fn include_loops_and_many_included_names_are_bounded() {
    let circle = "example.com TXT v=spf1 include:a.example -all
        a.example TXT v=spf1 include:b.example -all
        b.example TXT v=spf1 include:a.example -all";
    assert_eq!(rules(&findings(circle, |_| {})), ["spf-include-broken"]);
    let mut zone = String::new();
    let includes = |of: &str| (0..30).map(|at| format!("include:{at}.{of}")).collect::<Vec<_>>().join(" ");
    zone.push_str(&format!("example.com TXT v=spf1 {} -all\n", includes("example.com")));
    for at in 0..30 {
        let name = format!("{at}.example.com");
        zone.push_str(&format!("{name} TXT v=spf1 {} -all\n", includes(&name)));
    }
    let plan = plan("example.com");
    let mut world = World::new();
    let evidence = world.zone(&zone).evidence(&plan);
    assert!(world.asked.len() < 90, "{}", world.asked.len());
    assert!(rules(&judge(&plan, &evidence)).contains(&"spf-too-many-lookups"));
}

#[test]
fn a_deep_tree_of_included_names_is_bounded() {
    let mut zone = String::new();
    let mut level = vec!["example.com".to_owned()];
    for _ in 0..4 {
        let mut next = Vec::new();
        for name in level {
            let children: Vec<String> = (0..5).map(|at| format!("{at}.{name}")).collect();
            let terms: Vec<String> = children.iter().map(|child| format!("include:{child}")).collect();
            zone.push_str(&format!("{name} TXT v=spf1 {} -all\n", terms.join(" ")));
            next.extend(children);
        }
        level = next;
    }
    let plan = plan("example.com");
    let mut world = World::new();
    let evidence = world.zone(&zone).evidence(&plan);
    assert!(world.asked.len() < 90, "{}", world.asked.len());
    assert!(rules(&judge(&plan, &evidence)).contains(&"spf-too-many-lookups"));
}

#[test]
fn an_alias_with_the_same_record_is_no_fault() {
    let zone = "example.com TXT v=spf1 include:a.example include:b.example -all
        a.example TXT v=spf1 ip4:192.0.2.1 -all
        b.example CNAME a.example";
    assert!(findings(zone, |_| {}).is_empty());
    let alias = "example.com CNAME host.example\nhost.example TXT v=spf1 -all";
    assert_eq!(rules(&findings(alias, |_| {})), ["spf-alias"]);
}

#[test]
fn the_record_of_the_ehlo_name_is_evaluated() {
    let zone = "example.com TXT v=spf1 ip4:192.0.2.1 -all
        mail.example.com A 192.0.2.1";
    let plan = |plan: &mut Plan| {
        sending("192.0.2.1")(plan);
        if let Some(domain) = plan.domain.as_mut() {
            domain.sending_host = Some(crate::wire::DomainName::parse("mail.example.com").expect("a name"));
        }
    };
    assert_eq!(rules(&findings(zone, plan)), ["spf-helo"]);
    assert!(findings(&format!("{zone}\nmail.example.com TXT v=spf1 a -all"), plan).is_empty());
}

#[test]
fn one_record_of_the_ehlo_name_allows_all_sending_addresses() {
    let zone = "example.com TXT v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all
        mail.example.com TXT v=spf1 ip4:192.0.2.9 -all";
    let findings = findings(zone, |plan: &mut Plan| {
        if let Some(domain) = plan.domain.as_mut() {
            domain.sending = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse().expect("an address")).to_vec();
            domain.sending_host = Some(crate::wire::DomainName::parse("mail.example.com").expect("a name"));
        }
    });
    assert_eq!(rules(&findings), ["spf-helo"]);
    let finding = findings.first().expect("a finding");
    assert!(finding.summary.ends_with("does not allow 192.0.2.1, 192.0.2.2 (SPF result: fail)"), "{}", finding.summary);
    let record = "mail.example.com. IN TXT \"v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all\"";
    assert_eq!(finding.fixes.first().and_then(|fix| fix.command.as_deref()), Some(record));
}

#[test]
fn an_mx_term_with_eleven_hosts_is_an_error() {
    let hosts: Vec<String> = (0..11).map(|at| format!("big.example MX {at} mx{at}.big.example")).collect();
    let zone = |hosts: &[String]| format!("example.com TXT v=spf1 mx:big.example -all\n{}", hosts.join("\n"));
    assert_eq!(rules(&findings(&zone(&hosts), |_| {})), ["spf-mx-hosts"]);
    assert!(findings(&zone(hosts.get(1..).expect("ten hosts")), |_| {}).is_empty());
}

#[test]
fn a_record_of_the_former_type_is_a_notice_that_compares_it_with_the_txt_record() {
    let found = |zone: &str| findings(zone, |_| {});
    let with =
        |text: &str| found(&format!("example.com TXT {text}\nexample.com SPF v=spf1 mx -all\nexample.com MX 0 ."));
    let former = |findings: &[Finding]| {
        let one = findings.iter().find(|one| one.rule == "spf-former-type").map(|one| one.summary.clone());
        one.unwrap_or_default()
    };
    assert!(former(&with("v=spf1 mx -all")).contains("also has"));
    assert!(former(&with("v=spf1 -all")).contains("differs"));
    let alone = with("other text");
    assert!(former(&alone).contains("has only the record type SPF"), "{:?}", rules(&alone));
    let missing = alone.iter().find(|one| one.rule == "spf-missing").expect("a finding");
    assert!(missing.cause.contains("record type SPF (99)"), "{}", missing.cause);
    let command = missing.fixes.first().and_then(|fix| fix.command.as_ref()).expect("a record");
    assert!(command.contains("v=spf1 mx -all"), "{command}");
    assert_eq!(former(&found("example.com SPF other text\nexample.com TXT v=spf1 -all")), "");
}

#[test]
fn a_record_that_allows_no_client_does_not_contradict_a_null_mx() {
    let allows = |record: &str| {
        let zone = format!(
            "example.com MX 0 .\nexample.com TXT {record}\nminus.example.net TXT v=spf1 -all\nplus.example.net TXT v=spf1 ip4:192.0.2.1 -all"
        );
        rules(&findings(&zone, |_| {})).contains(&"mx-null-but-sends")
    };
    for none in [
        "v=spf1 redirect=minus.example.net",
        "v=spf1 include:minus.example.net ~all",
        "v=spf1 a ~all",
        "v=spf1 ?all",
        "v=spf1 -ip4:192.0.2.1 -all",
    ] {
        assert!(!allows(none), "{none}");
    }
    for some in ["v=spf1 redirect=plus.example.net", "v=spf1 include:plus.example.net -all", "v=spf1 ip4:192.0.2.1"] {
        assert!(allows(some), "{some}");
    }
}

#[test]
fn the_suggested_record_can_be_published_and_matches_the_senders() {
    let command = |zone: &str| {
        let found = findings(zone, |_| {});
        let missing = found.into_iter().find(|one| one.rule == "spf-missing").expect("a finding");
        let commands = missing.fixes.iter().filter_map(|fix| fix.command.as_deref());
        let plain = commands.map(|text| crate::evidence::quote::resolve(text, |_, text| text.to_owned()));
        plain.collect::<Vec<String>>().join(" ")
    };
    assert!(command("example.com MX 10 mx.example.com\nmx.example.com A 8.8.4.4").contains("v=spf1 mx ~all"));
    assert!(command("example.com A 8.8.4.4").contains("v=spf1 a ~all"), "no MX record");
    // A name with a CNAME record can have no other records.
    let record = command("example.com CNAME www.example.net\nwww.example.net A 8.8.4.4");
    assert!(record.starts_with("www.example.net. IN TXT"), "{record}");
}

#[test]
fn a_response_that_always_needs_tcp_is_a_notice() {
    let of_size = |size: usize| {
        let mut world = World::new();
        world.zone("example.com MX 0 .\nexample.com TXT v=spf1 -all");
        let request =
            crate::question::RecordsRequest::to_resolver(super::super::world::name("example.com"), RecordKind::Txt);
        let crate::evidence::Outcome::Done { answer: crate::evidence::Answer::Records(seen) } = world.lookup(&request)
        else {
            unreachable!("records")
        };
        world.answer("example.com", RecordKind::Txt, crate::evidence::RecordsSeen { size, ..seen });
        let plan = plan("example.com");
        let evidence = world.evidence(&plan);
        rules(&judge(&plan, &evidence)).contains(&"spf-long")
    };
    assert!(!of_size(1000));
    assert!(of_size(5000));
}

#[test]
fn only_terms_that_can_pass_allow_everyone() {
    for (record, expected) in [
        ("v=spf1 mx/0 -all", &["spf-allows-everyone"][..]),
        ("v=spf1 a/8 -all", &["spf-network-wide"]),
        ("v=spf1 a -mx/0 -all", &[]),
        ("v=spf1 include:all.example.net -all", &["spf-allows-everyone"]),
        ("v=spf1 mx -include:all.example.net -all", &[]),
        ("v=spf1 mx ?include:all.example.net -all", &[]),
    ] {
        let zone = format!(
            "example.com TXT {record}\nexample.com A 192.0.2.1\nexample.com MX 10 mx.example.com
            mx.example.com A 192.0.2.2\nall.example.net TXT v=spf1 +all"
        );
        assert_eq!(rules(&findings(&zone, |_| {})), expected, "{record}");
    }
}

#[test]
fn an_included_record_with_wrong_signatures_has_a_reason() {
    let zone = "example.com TXT v=spf1 include:_spf.example.net -all";
    let at = name("_spf.example.net");
    let why = BogusReason::WrongSignature;
    let dnssec = DnssecState::Bogus { why, zone: Some(name("example.net")) };
    let mut world = World::new();
    world.zone(zone).answer(at.as_str(), RecordKind::Txt, RecordsSeen { dnssec, ..response(&at, Vec::new()) });
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let found = judge(&plan, &evidence);
    assert_eq!(rules(&found), ["spf-include-failed"]);
    let reason = "the DNSSEC validation failed (the signature does not match";
    assert!(found.iter().all(|one| one.confidence == Confidence::Likely && one.summary.contains(reason)), "{found:?}");
}

#[test]
fn a_result_that_depends_on_the_sender_is_not_certain() {
    let zone = "example.com TXT v=spf1 exists:%{l}.allowed.example.net -all";
    let found = findings(zone, sending("192.0.2.1"));
    assert_eq!(rules(&found), ["spf-sending-not-covered"]);
    let names_sender =
        |one: &Finding| one.otherwise.as_ref().is_some_and(|text| text.contains("postmaster@example.com"));
    assert!(found.iter().all(|one| one.confidence == Confidence::Likely && names_sender(one)), "{found:?}");
}

/// The records that the findings print for the domain, for this record and sending address.
fn printed(record: &str, ip: Option<&'static str>) -> Vec<String> {
    let zone = format!(
        "{record}
        example.com A 192.0.2.1
        example.com MX 10 mx.example.com
        mx.example.com A 192.0.2.2
        _spf.example.net TXT v=spf1 ip4:198.51.100.0/24 -all
        all.example.net TXT v=spf1 +all
        fixed.example.net A 127.0.0.2"
    );
    let found = findings(&zone, |plan| ip.into_iter().for_each(|ip| sending(ip)(plan)));
    let bare = |text: String| text.replace("example.com. IN TXT ", "").replace('"', "");
    commands(&found).into_iter().map(bare).collect()
}

#[test]
fn each_printed_record_contains_the_corrections_of_all_findings() {
    for (record, expected) in [
        ("v=spf1 mx", &["v=spf1 ip4:203.0.113.7 mx ~all"; 2][..]),
        ("v=spf1 mx ?all ip4:203.0.113.7 -all", &["v=spf1 ip4:203.0.113.7 mx ~all"; 3]),
        ("v=spf1 mx -all ip4:203.0.113.9 exp=e.example.net", &["v=spf1 ip4:203.0.113.7 mx -all exp=e.example.net"; 2]),
        (
            "v=spf1 mx include=_spf.example.net",
            &[
                "v=spf1 ip4:203.0.113.7 mx ~all",
                "v=spf1 ip4:203.0.113.7 mx include:_spf.example.net ~all",
                "v=spf1 ip4:203.0.113.7 mx ~all",
                "v=spf1 ip4:203.0.113.7 mx ~all",
            ],
        ),
        (
            "v=spf1 include:_spf.example.net",
            &[
                "v=spf1 ip4:203.0.113.7 redirect=_spf.example.net",
                "v=spf1 ip4:203.0.113.7 include:_spf.example.net ~all",
                "v=spf1 ip4:203.0.113.7 include:_spf.example.net ~all",
            ],
        ),
    ] {
        assert_eq!(printed(&format!("example.com TXT {record}"), Some("203.0.113.7")), expected, "{record}");
    }
    let zone = "example.com TXT v=spf1 mx\nexample.com MX 10 mx.example.com\nmx.example.com A 192.0.2.2";
    let found = findings(zone, sending("203.0.113.7"));
    let no_all = found.iter().find(|one| one.rule == "spf-no-all").expect("a finding");
    let names_term = |fix: &crate::lexicon::Fix| fix.text.contains("remove ip4:203.0.113.7 if its host does not");
    assert!(no_all.fixes.iter().all(names_term), "{no_all:?}");
}

#[test]
fn printed_records_are_valid_and_allow_no_more_hosts() {
    for (record, expected) in [
        // A valid end is kept, and the invalid one is removed.
        ("v=spf1 mx all: -all", &["v=spf1 mx -all"][..]),
        ("v=spf1 mx +al -all", &["v=spf1 mx -all"]),
        ("v=spf1 mx all:", &["v=spf1 mx ~all"]),
        ("v=spf1 mx +all -all", &["v=spf1 mx -all"]),
        ("v=spf1 mx ?all", &["v=spf1 mx ~all"]),
        ("v=spf1 mx ?all ip4:192.0.2.9 -all", &["v=spf1 mx ~all"; 2]),
        ("v=spf1 mx all=-", &["v=spf1 mx -all"; 2]),
        ("v=spf1 mx ip4=0.0.0.0/0 -all", &["v=spf1 mx -all"]),
        // A qualifier is not lost, and a record that receivers never reach is not added.
        ("v=spf1 ?include:_spf.example.net", &["v=spf1 ?include:_spf.example.net ~all"]),
        ("v=spf1 mx exp=e.example.net", &["v=spf1 mx ~all exp=e.example.net"]),
        // The space before the qualifier is missing.
        ("v=spf1 include:_spf.example.net-all", &["v=spf1 include:_spf.example.net -all"; 2]),
        ("v=spf1 a:mail.example.net-all", &["v=spf1 a:mail.example.net -all"]),
        // A name that does not exist is not published again.
        ("v=spf1 include:gone.example.net", &[]),
        ("v=spf1 mx include:gone.example.net -all ip4:192.0.2.9", &[]),
    ] {
        assert_eq!(printed(&format!("example.com TXT {record}"), None), expected, "{record}");
    }
}

#[test]
fn a_merged_record_needs_at_most_ten_lookups() {
    let merged = |one: &str, other: &str| printed(&format!("example.com TXT {one}\nexample.com TXT {other}"), None);
    let includes = |from: usize| (from..from + 7).map(|at| format!("include:i{at}.example.net")).collect::<Vec<_>>();
    let seven = |from: usize| format!("v=spf1 {} -all", includes(from).join(" "));
    assert_eq!(merged(&seven(0), &seven(10)), Vec::<String>::new());
    assert_eq!(merged(&seven(0), "v=spf1 mx -all"), [seven(0).replace(" -all", " mx -all")]);
    assert_eq!(merged("v=spf1 a exp=e.example.net -all", "v=spf1 mx -all exp=f.example.net"), ["v=spf1 a mx -all"]);
    assert_eq!(merged("v=spf1 mx -all include:b.example.net", "v=spf1 a -all"), ["v=spf1 mx a -all"]);
    assert_eq!(merged("v=spf1 ip4:0.0.0.0/0 -all", "v=spf1 a -all"), Vec::<String>::new());
    let zone = format!("example.com TXT {}\nexample.com TXT v=spf1 mx -all", seven(0));
    let found = findings(&zone, |_| {});
    let says_limit = |fix: &crate::lexicon::Fix| fix.text.contains("need 8 DNS lookups in addition to");
    assert!(found.iter().flat_map(|one| &one.fixes).any(says_limit), "{found:?}");
}

#[test]
fn a_record_that_allows_every_host_of_a_family_says_which() {
    for (record, expected) in [
        ("v=spf1 exists:fixed.example.net -all", Some("every host to send: exists")),
        ("v=spf1 include:outer.example.net -all", Some("every host to send: exists")),
        ("v=spf1 -ip4:203.0.113.7 exists:fixed.example.net -all", Some("except those that earlier terms exclude")),
        ("v=spf1 ?exists:fixed.example.net -all", None),
        ("v=spf1 exists:gone.example.net -all", None),
        ("v=spf1 exists:%{i}.example.net -all", None),
        ("v=spf1 -all exists:fixed.example.net", None),
        ("v=spf1 mx//0 -all", Some("every IPv6 host to send: mx//0")),
        ("v=spf1 a//0 -all", None),
        ("v=spf1 a/0 -all", Some("every IPv4 host to send: a/0")),
        ("v=spf1 -include:_spf.example.net include:all.example.net -all", Some("except those that earlier terms")),
        ("v=spf1 ip4:0.0.0.0/0 ip6:::/0 -all", Some("every host to send: ip4")),
    ] {
        let zone = format!(
            "example.com TXT {record}
            example.com A 192.0.2.1
            example.com MX 10 mx.example.com
            mx.example.com AAAA 2001:db8::2
            _spf.example.net TXT v=spf1 ip4:198.51.100.0/24 -all
            all.example.net TXT v=spf1 +all
            outer.example.net TXT v=spf1 exists:fixed.example.net -all
            fixed.example.net A 127.0.0.2"
        );
        let found = findings(&zone, |_| {});
        let everyone = found.iter().find(|one| one.rule == "spf-allows-everyone");
        let plain = everyone.map(|one| crate::evidence::quote::resolve(&one.summary, |_, text| text.to_owned()));
        let is_as_expected = match (&plain, expected) {
            (Some(summary), Some(words)) => summary.contains(words),
            (summary, expected) => summary.is_none() && expected.is_none(),
        };
        assert!(is_as_expected, "{record}: {plain:?}");
    }
}
