//! Tests of the MX records and their findings.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use super::super::world::{MailServer, World, name, plan, plan_with_recipient, response};
use super::{addresses, is_null, mail_hosts};
use crate::check::domain::sight::Sight;
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::evidence::{DnsCode, DnsFaultKind, Fault, Outcome};
use crate::lexicon::Confidence;
use crate::wire::RecordKind;

fn findings(world: &mut World) -> Vec<Finding> {
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    super::judge::judge(&plan, &evidence)
}

fn of_zone(zone: &str) -> Vec<Finding> {
    findings(World::new().zone(zone))
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.as_ref()).collect()
}

fn with_code(code: DnsCode) -> Vec<Finding> {
    let mut world = World::new();
    let seen = crate::evidence::RecordsSeen { code, ..response(&name("example.com"), Vec::new()) };
    findings(world.answer("example.com", RecordKind::Mx, seen))
}

const GOOD: &str = "example.com MX 10 mx.example.com
    mx.example.com A 8.8.4.4
    mx.example.com AAAA 2a00:1450::1";

#[test]
fn a_good_domain_has_no_finding() {
    assert_eq!(rules(&of_zone(GOOD)), Vec::<&str>::new());
}

#[test]
fn addresses_that_a_resolver_made_for_nat64_are_not_those_of_the_host() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nmx.example.com A 8.8.4.4\nmx.example.com AAAA 64:ff9b::808:404");
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let found = addresses(Sight::new(&plan, &evidence).unwrap(), &name("mx.example.com"));
    assert_eq!(found, ["8.8.4.4".parse::<std::net::IpAddr>().unwrap()]);
}

#[test]
fn nonexistence_failure_and_silence_are_three_outcomes() {
    let missing = findings(&mut World::new());
    assert_eq!(rules(&missing), ["mx-domain-not-found"]);
    assert_eq!(missing[0].failure, None);
    let failed = with_code(DnsCode::ServFail);
    assert_eq!(rules(&failed), ["mx-lookup-failed"]);
    assert_eq!(failed[0].failure, Some(PhaseFailure::Unreachable));
    assert!(failed[0].otherwise.is_some());
    let silent = findings(World::new().fails("example.com", RecordKind::Mx, DnsFaultKind::Timeout));
    assert_eq!(rules(&silent), ["mx-lookup-unanswered"]);
    assert_eq!(silent[0].failure, Some(PhaseFailure::Unreachable));
    let unset = findings(World::new().fails("example.com", RecordKind::Mx, DnsFaultKind::NoResolver));
    assert!(unset[0].cause.contains("No DNS server"));
}

#[test]
fn a_domain_without_mx_uses_its_addresses_or_has_none() {
    let implicit = of_zone("example.com A 8.8.4.4");
    assert_eq!(rules(&implicit), ["mx-implicit"]);
    assert_eq!(implicit[0].severity, Severity::Notice);
    assert_eq!(rules(&of_zone("example.com TXT hello")), ["mx-missing"]);
    let mut world = World::new();
    world.record("example.com TXT hello").fails("example.com", RecordKind::A, DnsFaultKind::Timeout);
    assert_eq!(rules(&findings(&mut world)), ["mx-host-lookup-failed"]);
}

#[test]
fn a_recipient_in_a_domain_with_a_null_mx_is_rejected() {
    let plan = plan_with_recipient("example.com");
    let evidence = World::new().zone("example.com MX 0 .").evidence(&plan);
    let found = super::judge::judge(&plan, &evidence);
    assert_eq!((rules(&found), found[0].severity), (vec!["mx-null"], Severity::Error));
    assert_eq!(found[0].failure, Some(PhaseFailure::RefusedPermanent));
}

#[test]
fn a_null_mx_must_be_alone_and_have_preference_zero() {
    assert_eq!(rules(&of_zone("example.com MX 0 .")), ["mx-null"]);
    let other = of_zone("example.com MX 10 .");
    assert_eq!(rules(&other), ["mx-null-invalid"]);
    assert_eq!(other[0].severity, Severity::Warning);
    let beside = of_zone(&format!("example.com MX 0 .\n{GOOD}"));
    assert_eq!(rules(&beside), ["mx-null-invalid"]);
    assert_eq!(beside[0].severity, Severity::Error);
}

#[test]
fn a_null_mx_has_no_hosts_although_the_domain_has_an_address() {
    let plan = plan("example.com");
    let evidence = World::new().zone("example.com MX 0 .\nexample.com A 8.8.4.4").evidence(&plan);
    let sight = Sight::new(&plan, &evidence).expect("a domain");
    assert!(is_null(sight));
    assert!(mail_hosts(sight).is_empty());
}

#[test]
fn an_address_is_not_a_host() {
    let found = of_zone("example.com MX 10 8.8.4.4");
    assert_eq!(rules(&found), ["mx-is-address"]);
    assert!(found[0].fixes[0].text.contains("mail.example.com. A"));
    assert_eq!(found[0].failure, Some(PhaseFailure::Unreachable));
}

#[test]
fn hosts_without_an_address_are_reported_once() {
    let none = of_zone("example.com MX 10 gone.example.com\nexample.com A 8.8.4.4");
    assert_eq!(rules(&none), ["mx-none-usable"]);
    assert_eq!(none[0].failure, Some(PhaseFailure::Unreachable));
    assert_eq!(rules(&of_zone(&format!("{GOOD}\nexample.com MX 20 gone.example.net"))), ["mx-host-missing"]);
}

#[test]
fn a_failed_lookup_of_a_host_is_not_a_missing_address() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com");
    for kind in super::KINDS {
        world.fails("mx.example.com", kind, DnsFaultKind::Timeout);
    }
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mx-host-lookup-failed"]);
    assert_eq!(found[0].failure, Some(PhaseFailure::Unreachable));
}

#[test]
fn aliases_of_hosts_and_loops_are_found() {
    let alias = of_zone(
        "example.com MX 10 mx.example.com
         mx.example.com CNAME host.example.net
         host.example.net A 8.8.4.4
         host.example.net AAAA 2a00:1450::1",
    );
    assert_eq!(rules(&alias), ["mx-is-alias"]);
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com");
    for kind in super::KINDS {
        world.fails("mx.example.com", kind, DnsFaultKind::AliasLoop);
    }
    let alone = findings(&mut world);
    assert_eq!(rules(&alone), ["mx-alias-loop"]);
    assert_eq!(alone[0].failure, Some(PhaseFailure::Unreachable));
    world.zone("example.com MX 20 gone.example.com");
    let with_missing = findings(&mut world);
    assert_eq!(rules(&with_missing), ["mx-none-usable"]);
    assert!(with_missing[0].summary.contains("has a CNAME loop"), "{}", with_missing[0].summary);
}

#[test]
fn a_chain_of_aliases_that_is_too_long_is_not_a_missing_address() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com");
    for kind in super::KINDS {
        world.fails("mx.example.com", kind, DnsFaultKind::AliasLimit);
    }
    let alone = findings(&mut world);
    assert_eq!(rules(&alone), ["mx-alias-loop"]);
    assert_eq!((alone[0].confidence, alone[0].failure), (Confidence::Likely, Some(PhaseFailure::Unreachable)));
    assert!(alone[0].summary.contains("too long") && alone[0].otherwise.is_some());
    assert!(!alone[0].cause.contains("has no IP address"), "{}", alone[0].cause);
    world.zone("example.com MX 20 gone.example.com");
    let with_missing = findings(&mut world);
    assert!(!rules(&with_missing).contains(&"mx-none-usable"), "{with_missing:?}");
}

#[test]
fn a_resolver_without_tcp_is_named() {
    let found = findings(World::new().fails("example.com", RecordKind::Mx, DnsFaultKind::TcpFailed));
    assert_eq!(rules(&found), ["dns-answer-truncated"]);
    assert_eq!(found[0].failure, Some(PhaseFailure::Unreachable));
}

#[test]
fn addresses_that_are_not_public_are_found() {
    let found = of_zone(&GOOD.replace("8.8.4.4", "127.0.0.1"));
    assert_eq!(rules(&found), ["mx-address-not-public"]);
    assert_eq!(found[0].severity, Severity::Error);
    assert_eq!(found[0].failure, None, "the host has another address");
    for address in ["127.0.0.1", "0.0.0.0"] {
        let alone = of_zone(&format!("example.com MX 10 mx.example.com\nmx.example.com A {address}"));
        assert_eq!(rules(&alone), ["mx-address-not-public", "mx-no-ipv6"]);
        assert_eq!(alone[0].failure, Some(PhaseFailure::Unreachable), "{address}");
    }
    let private = of_zone(&GOOD.replace("8.8.4.4", "10.0.0.1").replace("2a00:1450::1", "fd00::1"));
    assert_eq!(private[0].severity, Severity::Warning);
}

#[test]
fn loopback_addresses_are_tested_only_in_a_test_setup() {
    let mut plan = plan("example.com");
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nmx.example.com A 127.0.0.1");
    let evidence = world.evidence(&plan);
    let host = name("mx.example.com");
    assert!(addresses(Sight::new(&plan, &evidence).expect("a domain"), &host).is_empty());
    plan.target.port = 2525;
    assert_eq!(addresses(Sight::new(&plan, &evidence).expect("a domain"), &host).len(), 1);
}

#[test]
fn loopback_addresses_of_a_test_setup_are_no_finding_but_are_stated() {
    let checked = |port: u16, resolver: Option<&str>| {
        let mut plan = plan("example.com");
        plan.target.port = port;
        plan.resolver = resolver.map(|server| server.parse().unwrap());
        let mut world = World::new();
        world.zone("example.com MX 10 mx.example.com\nmx.example.com A 127.90.0.1");
        let evidence = world.evidence(&plan);
        let sight = Sight::new(&plan, &evidence).unwrap();
        let stated = super::not_tested(sight).iter().any(|one| one.why.contains("loopback"));
        let found = super::judge::judge(&plan, &evidence);
        (rules(&found).into_iter().map(str::to_owned).collect::<Vec<_>>(), stated)
    };
    for (port, resolver) in [(2525, None), (25, Some("127.0.0.1:5353"))] {
        assert_eq!(checked(port, resolver), (Vec::new(), true));
    }
    // This machine's resolver may return records of a real domain.
    let (found, stated) = checked(25, Some("127.0.0.1:53"));
    assert_eq!((found, stated), (vec!["mx-address-not-public".to_owned(), "mx-no-ipv6".to_owned()], false));
    // Another private address may still be a fault.
    let mut plan = plan("example.com");
    plan.target.port = 2525;
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nmx.example.com A 10.0.0.1");
    let evidence = world.evidence(&plan);
    assert_eq!(super::judge::judge(&plan, &evidence)[0].rule, "mx-address-not-public");
}

#[test]
fn the_same_server_twice_is_a_notice() {
    assert_eq!(rules(&of_zone(&format!("{GOOD}\nexample.com MX 20 mx.example.com"))), ["mx-duplicate"]);
    let shared = of_zone(&format!("{GOOD}\nexample.com MX 20 mx2.example.com\nmx2.example.com A 8.8.4.4"));
    assert_eq!(rules(&shared), ["mx-duplicate"]);
    assert_eq!(shared[0].severity, Severity::Notice);
}

#[test]
fn missing_families_are_found() {
    assert_eq!(rules(&of_zone("example.com MX 10 mx.example.com\nmx.example.com A 8.8.4.4")), ["mx-no-ipv6"]);
    assert_eq!(rules(&of_zone("example.com MX 10 mx.example.com\nmx.example.com AAAA 2a00:1450::1")), ["mx-no-ipv4"]);
}

#[test]
fn hosts_and_addresses_are_bounded() {
    let mut zone = String::new();
    for number in 0..60 {
        zone.push_str(&format!("example.com MX 10 mx{number:02}.example.com\n"));
        zone.push_str(&format!(
            "mx{number:02}.example.com A 8.8.{number}.1\nmx{number:02}.example.com A 8.8.{number}.2\n"
        ));
    }
    let plan = plan("example.com");
    let evidence = World::new().zone(&zone).evidence(&plan);
    let sight = Sight::new(&plan, &evidence).expect("a domain");
    let hosts = mail_hosts(sight);
    assert_eq!(hosts.len(), super::MAX_HOSTS);
    let tested: usize = hosts.iter().map(|host| addresses(sight, &host.name).len()).sum();
    assert_eq!(tested, 20);
    assert!(rules(&super::judge::judge(&plan, &evidence)).contains(&"mx-many"));
}

#[test]
fn an_alias_at_the_domain_is_a_notice_and_with_mx_an_error() {
    let alias =
        of_zone(&format!("example.com CNAME other.example\n{}", GOOD.replace("example.com MX", "other.example MX")));
    assert_eq!(rules(&alias), ["mx-domain-alias"]);
    assert_eq!(alias[0].severity, Severity::Notice);
    let both = of_zone(&format!("example.com CNAME other.example\n{GOOD}"));
    assert_eq!(rules(&both), ["mx-domain-alias"]);
    assert_eq!(both[0].severity, Severity::Error);
}

#[test]
fn names_that_are_not_host_names_are_found() {
    let zone = GOOD.replace("mx.example.com", "mx_1.example.com");
    assert_eq!(rules(&of_zone(&zone)), ["mx-name-not-valid"]);
    let plan = plan("example");
    let evidence = World::new().zone(&GOOD.replace("example.com MX", "example MX")).evidence(&plan);
    assert_eq!(rules(&super::judge::judge(&plan, &evidence)), ["mx-name-not-valid"]);
}

#[test]
fn a_lookup_that_the_time_limit_ended_is_not_a_fault() {
    let plan = plan("example.com");
    let mut evidence = World::new().zone(GOOD).evidence(&plan);
    for probe in &mut evidence.probes {
        probe.outcome = Outcome::Failed { fault: Fault::Interrupted };
    }
    assert!(super::judge::judge(&plan, &evidence).is_empty());
    let sight = Sight::new(&plan, &evidence).expect("a domain");
    let list: Vec<String> = super::not_tested(sight).into_iter().map(|one| one.what).collect();
    assert_eq!(list, ["MX records and mail servers"]);
}

#[test]
fn a_limit_of_smtpcheck_makes_the_check_incomplete_and_blames_no_server() {
    let found = findings(World::new().fails("example.com", RecordKind::Mx, DnsFaultKind::SizeLimit));
    assert_eq!(found[0].failure, Some(PhaseFailure::Incomplete));
    assert!(found[0].cause.contains("smtpcheck") && found[0].otherwise.is_none(), "{found:?}");
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com");
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        world.fails("mx.example.com", kind, DnsFaultKind::SizeLimit);
    }
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mx-host-lookup-failed"]);
    assert_eq!((found[0].failure, found[0].severity), (Some(PhaseFailure::Incomplete), Severity::Error));
    assert!(found[0].summary.contains("smtpcheck's limit") && found[0].otherwise.is_none(), "{found:?}");
}

#[test]
fn a_reserved_name_is_no_host_and_needs_a_null_mx() {
    for (host, cause) in [
        ("localhost", "connects to itself"),
        ("mx.localhost", "connects to itself"),
        ("mail.invalid", "no IP address"),
        ("abc.onion", "Tor"),
    ] {
        // Resolvers answer queries for localhost themselves.
        let found = of_zone(&format!("example.com MX 0 {host}\nlocalhost A 127.0.0.1\nmx.localhost A 127.0.0.1"));
        assert_eq!((rules(&found), found[0].failure), (vec!["mx-none-usable"], Some(PhaseFailure::Unreachable)));
        assert!(found[0].cause.contains(cause), "{}", found[0].cause);
        assert!(found[0].fixes[0].text.ends_with("null MX: example.com. MX 0 ."), "{}", found[0].fixes[0].text);
    }
    let beside = of_zone(&format!("example.com MX 5 localhost\n{GOOD}"));
    assert_eq!((rules(&beside), beside[0].severity), (vec!["mx-host-missing"], Severity::Warning));
    // Names for private networks may exist in such networks.
    assert_eq!(
        rules(&of_zone(
            "example.com MX 5 mx.corp.internal\nmx.corp.internal A 8.8.4.4\nmx.corp.internal AAAA 2a00:1450::1"
        )),
        Vec::<&str>::new()
    );
    assert_eq!(rules(&of_zone("example.com MX 5 mx.home.arpa")), ["mx-none-usable"]);
}

#[test]
fn a_loop_of_aliases_behind_a_resolver_is_named() {
    let server = std::net::SocketAddr::from(([8, 8, 8, 1], 53));
    let world = |target: &str| {
        let mut world = World::new();
        world.zone("example.com MX 10 a.example.com\nexample.com NS ns1.example.com\nns1.example.com A 8.8.8.1");
        let soa =
            crate::evidence::RecordData::Soa { primary: name("ns1.example.com"), serial: 1, expire: 1, minimum: 1 };
        world.answer("example.com", RecordKind::Soa, response(&name("example.com"), vec![soa]));
        for kind in [RecordKind::A, RecordKind::Aaaa] {
            let seen = crate::evidence::RecordsSeen {
                code: DnsCode::ServFail,
                ..response(&name("a.example.com"), Vec::new())
            };
            world.answer("a.example.com", kind, seen);
        }
        for (from, to) in [("a.example.com", "b.example.com"), ("b.example.com", target)] {
            let alias = crate::evidence::RecordData::Cname { target: name(to) };
            let seen = crate::evidence::RecordsSeen { authoritative: true, ..response(&name(from), vec![alias]) };
            let answer = crate::evidence::Answer::Records(seen);
            world.outcome(from, RecordKind::Cname, Some(server), Outcome::Done { answer });
        }
        world
    };
    let found = findings(&mut world("a.example.com"));
    assert_eq!(rules(&found), ["mx-alias-loop"]);
    assert!(found[0].summary.contains("a.example.com -> b.example.com -> a.example.com"), "{}", found[0].summary);
    // Without a loop, the resolver or the name servers are at fault.
    assert_eq!(rules(&findings(&mut world("c.example.com"))), ["mx-host-lookup-failed"]);
}

#[test]
fn addresses_that_the_resolver_does_not_return_come_from_the_name_servers() {
    let server = std::net::SocketAddr::from(([8, 8, 8, 1], 53));
    let world = |fault: DnsFaultKind| {
        let mut world = World::new();
        world.zone("example.com MX 10 mx.example.com\nexample.com NS ns1.example.com\nns1.example.com A 8.8.8.1");
        let soa =
            crate::evidence::RecordData::Soa { primary: name("ns1.example.com"), serial: 1, expire: 1, minimum: 1 };
        world.answer("example.com", RecordKind::Soa, response(&name("example.com"), vec![soa]));
        world.fails("mx.example.com", RecordKind::A, fault);
        world
    };
    let judged = |world: &mut World| {
        let plan = plan("example.com");
        let evidence = world.evidence(&plan);
        let sight = Sight::new(&plan, &evidence).expect("a domain");
        let found: Vec<Finding> = crate::check::judge(&plan, &evidence);
        let ours = found.into_iter().find(|one| one.rule == "mx-host-lookup-failed");
        (super::addresses(sight, &name("mx.example.com")), ours.map(|one| (one.severity, one.failure, one.summary)))
    };
    let mut silent = world(DnsFaultKind::Timeout);
    let (addresses, found) = judged(&mut silent);
    assert!(addresses.is_empty());
    assert_eq!(
        found.map(|(severity, failure, _)| (severity, failure)),
        Some((Severity::Error, Some(PhaseFailure::Unreachable)))
    );
    let mut answered = world(DnsFaultKind::Timeout);
    let ip: std::net::IpAddr = [8, 8, 4, 4].into();
    let data = crate::evidence::RecordData::A { ip: [8, 8, 4, 4].into() };
    let seen = crate::evidence::RecordsSeen { authoritative: true, ..response(&name("mx.example.com"), vec![data]) };
    let answer = crate::evidence::Answer::Records(seen);
    answered.outcome("mx.example.com", RecordKind::A, Some(server), Outcome::Done { answer });
    answered.server("8.8.4.4", MailServer::new("mx.example.com"));
    let (addresses, found) = judged(&mut answered);
    let (severity, failure, summary) = found.expect("a finding");
    assert_eq!((addresses, severity, failure), (vec![ip], Severity::Notice, None));
    assert!(summary.contains("but the name servers of the zone do"), "{summary}");
}

#[test]
fn mx_records_beside_an_alias_of_other_types_are_reported() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nmx.example.com A 8.8.4.4");
    let (from, to) = (name("example.com"), name("web.example.net"));
    let alias = crate::evidence::DnsAlias { from, to: to.clone(), dnssec: crate::evidence::DnssecState::Insecure };
    let plan = plan("example.com");
    let mut evidence = world.evidence(&plan);
    assert!(!rules(&super::judge::judge(&plan, &evidence)).contains(&"mx-domain-alias"));
    let question = crate::check::domain::sight::records(&name("example.com"), RecordKind::A);
    let probe = evidence.probes.iter_mut().find(|probe| probe.question == question).expect("a lookup");
    let data = crate::evidence::RecordData::A { ip: [8, 8, 4, 5].into() };
    let seen = crate::evidence::RecordsSeen { aliases: vec![alias], ..response(&to, vec![data]) };
    probe.outcome = Outcome::Done { answer: crate::evidence::Answer::Records(seen) };
    let found = super::judge::judge(&plan, &evidence);
    let alias = found.iter().find(|one| one.rule == "mx-domain-alias").expect("a finding");
    assert_eq!((alias.severity, alias.failure), (Severity::Warning, None));
    assert!(alias.summary.contains("in responses to queries for A records"), "{}", alias.summary);
}
