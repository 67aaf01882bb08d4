//! Tests of the findings about authoritative name servers.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::net::SocketAddr;

use super::super::seen::NameServerState;
use super::super::world::{World, name, plan, response};
use crate::check::domain::results;
use crate::check::domain::sight::Sight;
use crate::check::finding::{Finding, Severity};
use crate::evidence::{Answer, DnsCode, DnsFaultKind, Fault, Outcome, RecordData, RecordsSeen};
use crate::lexicon::Confidence;
use crate::wire::RecordKind;

fn server(number: u8) -> SocketAddr {
    SocketAddr::from(([8, 8, 8, number], 53))
}

fn soa(serial: u32) -> RecordData {
    RecordData::Soa { primary: name("ns1.example.com"), serial, expire: 1, minimum: 1 }
}

fn mx(host: &str) -> RecordData {
    RecordData::Mx { preference: 10, host: name(host) }
}

fn done(records: Vec<RecordData>) -> Outcome {
    let seen = RecordsSeen { authoritative: true, ..response(&name("example.com"), records) };
    Outcome::Done { answer: Answer::Records(seen) }
}

fn coded(code: DnsCode) -> Outcome {
    let seen = RecordsSeen { code, ..response(&name("example.com"), Vec::new()) };
    Outcome::Done { answer: Answer::Records(seen) }
}

fn failed(kind: DnsFaultKind) -> Outcome {
    Outcome::Failed { fault: Fault::Dns { kind, detail: "test".to_owned() } }
}

/// A zone with two name servers that return the same records.
fn two() -> World {
    let mut world = World::new();
    world.zone(
        "example.com MX 10 mx.example.com
         example.com TXT v=spf1 -all
         mx.example.com A 8.8.4.4
         example.com NS ns1.example.com
         example.com NS ns2.example.com
         ns1.example.com A 8.8.8.1
         ns2.example.com A 8.8.8.2",
    );
    world.answer("example.com", RecordKind::Soa, response(&name("example.com"), vec![soa(7)]));
    for number in [1, 2] {
        let text = RecordData::Txt { text: "v=spf1 -all".to_owned(), lengths: vec![11], raw_b64: None };
        world.outcome("example.com", RecordKind::Soa, Some(server(number)), done(vec![soa(7)]));
        world.outcome("example.com", RecordKind::Mx, Some(server(number)), done(vec![mx("mx.example.com")]));
        world.outcome("example.com", RecordKind::Txt, Some(server(number)), done(vec![text]));
    }
    world
}

fn findings(world: &mut World) -> Vec<Finding> {
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    super::judge::judge(&plan, &evidence)
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.as_ref()).collect()
}

/// The findings if the second server has this outcome for one record type.
fn with_second(kind: RecordKind, outcome: Outcome) -> Vec<Finding> {
    findings(two().outcome("example.com", kind, Some(server(2)), outcome))
}

#[test]
fn servers_with_the_same_answers_have_no_finding() {
    assert_eq!(rules(&findings(&mut two())), Vec::<&str>::new());
    let plan = plan("example.com");
    let evidence = two().evidence(&plan);
    let seen = results(&plan, &evidence).expect("results").delegation;
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|one| one.state == NameServerState::Authoritative && one.serial == Some(7)));
}

#[test]
fn lame_and_silent_servers_are_named() {
    let refused = with_second(RecordKind::Soa, coded(DnsCode::Refused));
    assert_eq!(rules(&refused), ["delegation-lame"]);
    assert!(refused[0].summary.contains("ns2.example.com") && !refused[0].summary.contains("ns1.example.com"));
    assert_eq!(refused[0].severity, Severity::Warning);
    let silent = with_second(RecordKind::Soa, failed(DnsFaultKind::Timeout));
    assert_eq!(rules(&silent), ["delegation-lame"]);
    assert!(silent[0].otherwise.is_some());
}

#[test]
fn if_no_server_responds_this_machine_is_the_reason() {
    let mut world = two();
    for number in [1, 2] {
        for kind in [RecordKind::Soa, RecordKind::Mx, RecordKind::Txt] {
            world.outcome("example.com", kind, Some(server(number)), failed(DnsFaultKind::Timeout));
        }
    }
    assert_eq!(rules(&findings(&mut world)), Vec::<&str>::new());
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let seen = results(&plan, &evidence).expect("results");
    assert!(seen.not_tested.iter().any(|one| one.what == "authoritative name servers"));
}

#[test]
fn if_every_server_is_lame_it_is_an_error() {
    let mut world = two();
    for number in [1, 2] {
        world.outcome("example.com", RecordKind::Soa, Some(server(number)), coded(DnsCode::Refused));
    }
    assert_eq!(findings(&mut world)[0].severity, Severity::Error);
}

#[test]
fn different_records_and_serial_numbers_are_found() {
    let found = with_second(RecordKind::Mx, done(vec![mx("old.example.net")]));
    assert_eq!(rules(&found), ["mx-differs-between-servers"]);
    assert!(found[0].summary.contains("old.example.net"));
    let text = RecordData::Txt { text: "\"v=spf1 -all\"".to_owned(), lengths: vec![13], raw_b64: None };
    assert_eq!(rules(&with_second(RecordKind::Txt, done(vec![text]))), ["delegation-records-differ"]);
    let serial = with_second(RecordKind::Soa, done(vec![soa(6)]));
    assert_eq!((rules(&serial), serial[0].severity), (vec!["delegation-serial-differs"], Severity::Notice));
}

#[test]
fn different_records_during_a_transfer_are_not_certain() {
    let mut world = two();
    world.outcome("example.com", RecordKind::Soa, Some(server(2)), done(vec![soa(6)]));
    world.outcome("example.com", RecordKind::Mx, Some(server(2)), done(vec![mx("old.example.net")]));
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["mx-differs-between-servers"]);
    assert!(found[0].otherwise.is_some());
}

#[test]
fn a_resolver_with_other_records_is_a_notice() {
    let mut world = two();
    world.answer("example.com", RecordKind::Mx, response(&name("example.com"), vec![mx("internal.example.com")]));
    assert_eq!(rules(&findings(&mut world)), ["delegation-resolver-differs"]);
}

#[test]
fn a_host_that_only_the_resolver_returns_is_recognised() {
    let is_only_at_resolver = |world: &mut World, host: &str| {
        let plan = plan("example.com");
        let evidence = world.evidence(&plan);
        super::is_host_only_at_resolver(Sight::new(&plan, &evidence).expect("a domain"), &name(host))
    };
    let lies = || {
        let mut world = two();
        world.answer("example.com", RecordKind::Mx, response(&name("example.com"), vec![mx("evil.example.net")]));
        world
    };
    assert!(is_only_at_resolver(&mut lies(), "evil.example.net"));
    assert!(!is_only_at_resolver(&mut lies(), "mx.example.com"));
    let mut differing = lies();
    differing.outcome("example.com", RecordKind::Mx, Some(server(2)), done(vec![mx("evil.example.net")]));
    assert!(!is_only_at_resolver(&mut differing, "evil.example.net"));
    let mut silent = lies();
    for number in [1, 2] {
        silent.outcome("example.com", RecordKind::Mx, Some(server(number)), failed(DnsFaultKind::Timeout));
    }
    assert!(!is_only_at_resolver(&mut silent, "evil.example.net"));
}

#[test]
fn a_name_server_without_an_address_is_found() {
    assert_eq!(rules(&findings(two().zone("example.com NS gone.example.net"))), ["delegation-server-without-address"]);
}

#[test]
fn a_response_that_needs_tcp_names_the_server() {
    let found = with_second(RecordKind::Txt, failed(DnsFaultKind::TcpFailed));
    assert_eq!(rules(&found), ["dns-answer-truncated"]);
    assert!(found[0].summary.contains("TXT of example.com from"));
    assert_eq!(found[0].fixes[0].command.as_deref(), Some("dig +tcp example.com TXT @8.8.8.2"));
    assert!(found[0].fixes[0].text.contains("ns2.example.com"), "{}", found[0].fixes[0].text);
    assert_eq!(found[0].fixes.len(), 2);
}

#[test]
fn the_command_queries_the_records_that_need_tcp() {
    let found = with_second(RecordKind::Mx, failed(DnsFaultKind::TcpFailed));
    assert_eq!(found[0].fixes[0].command.as_deref(), Some("dig +tcp example.com MX @8.8.8.2"));
    assert_eq!(found[0].fixes.len(), 1, "fewer TXT records do not make this response smaller");
    let found = with_second(RecordKind::Soa, failed(DnsFaultKind::TcpFailed));
    assert_eq!(found[0].fixes[0].command.as_deref(), Some("dig +tcp example.com SOA @8.8.8.2"));
}

#[test]
fn a_subdomain_is_in_the_zone_of_its_parent() {
    let plan = plan("mail.example.com");
    let mut world = two();
    world.zone("mail.example.com MX 10 mx.example.com");
    let evidence = world.evidence(&plan);
    let seen = results(&plan, &evidence).expect("results");
    assert_eq!(seen.delegation.len(), 2);
}

fn ns(hosts: &[&str]) -> Vec<RecordData> {
    hosts.iter().map(|host| RecordData::Ns { host: name(host) }).collect()
}

/// A referral to these servers.
fn referral(hosts: &[&str]) -> Outcome {
    Outcome::Done { answer: Answer::Records(response(&name("example.com"), ns(hosts))) }
}

const BOTH: [&str; 2] = ["ns1.example.com", "ns2.example.com"];

/// The zone of [`two`], below a zone with one name server that refers to these servers.
fn delegated(hosts: &[&str]) -> World {
    let mut world = two();
    world.zone(
        "com NS a.gtld.example
         a.gtld.example A 8.8.9.1
         old.example.net A 8.8.8.3",
    );
    world.answer("com", RecordKind::Soa, response(&name("com"), vec![soa(1)]));
    world.outcome("example.com", RecordKind::Ns, Some(SocketAddr::from(([8, 8, 9, 1], 53))), referral(hosts));
    for number in [1, 2] {
        world.outcome("example.com", RecordKind::Ns, Some(server(number)), done(ns(&BOTH)));
    }
    world.outcome("example.com", RecordKind::Soa, Some(server(3)), coded(DnsCode::Refused));
    world
}

#[test]
fn the_same_name_servers_in_both_zones_have_no_finding() {
    for hosts in [["ns1.example.com", "ns2.example.com"], ["NS2.Example.COM", "ns1.example.com."]] {
        assert_eq!(rules(&findings(&mut delegated(&hosts))), Vec::<&str>::new());
    }
    // Other addresses of the name servers in the parent zone (glue) are not compared.
    let mut world = delegated(&BOTH);
    world.record("ns1.example.com A 8.8.8.9");
    assert!(!rules(&findings(&mut world)).contains(&"delegation-parent-differs"));
}

#[test]
fn a_name_server_that_only_the_parent_zone_lists_is_found() {
    let found = findings(&mut delegated(&["ns1.example.com", "ns2.example.com", "old.example.net"]));
    assert_eq!(rules(&found), ["delegation-parent-differs"], "the server that does not answer is part of it");
    assert_eq!((found[0].severity, found[0].confidence), (Severity::Warning, Confidence::Certain));
    assert!(
        found[0].summary.contains("only the parent zone (com) lists") && found[0].summary.contains("old.example.net")
    );
    assert!(found[0].consequences[0].contains("does not answer for the zone"), "{found:?}");
    assert!(found[0].evidence.probes.len() >= 3, "the referral and the records of both servers");
}

#[test]
fn a_name_server_that_only_the_zone_lists_is_found() {
    let found = findings(&mut delegated(&["ns1.example.com"]));
    assert_eq!(rules(&found), ["delegation-parent-differs"]);
    assert!(found[0].summary.contains("only the zone itself lists"), "{}", found[0].summary);
    assert_eq!(found[0].confidence, Confidence::Certain);
}

#[test]
fn name_servers_that_disagree_or_do_not_answer_make_the_finding_likely() {
    let mut world = delegated(&["ns1.example.com"]);
    world.outcome("example.com", RecordKind::Ns, Some(server(2)), done(ns(&["ns2.example.com"])));
    let found = findings(&mut world);
    assert_eq!((rules(&found), found[0].confidence), (vec!["delegation-parent-differs"], Confidence::Likely));
    let mut world = delegated(&["ns1.example.com"]);
    for number in [1, 2] {
        world.outcome("example.com", RecordKind::Ns, Some(server(number)), failed(DnsFaultKind::Timeout));
    }
    let found = findings(&mut world);
    assert_eq!((rules(&found), found[0].confidence), (vec!["delegation-parent-differs"], Confidence::Likely));
    assert!(found[0].otherwise.as_ref().is_some_and(|text| text.contains("resolver")));
}

#[test]
fn a_server_with_both_zones_does_not_show_the_delegation() {
    let mut world = delegated(&["ns1.example.com"]);
    let gtld = Some(SocketAddr::from(([8, 8, 9, 1], 53)));
    world.outcome("example.com", RecordKind::Ns, gtld, done(ns(&["other.example.com"])));
    assert_eq!(rules(&findings(&mut world)), Vec::<&str>::new());
    world.outcome("example.com", RecordKind::Ns, gtld, failed(DnsFaultKind::Timeout));
    assert_eq!(rules(&findings(&mut world)), Vec::<&str>::new());
}

#[test]
fn the_parent_zone_can_be_several_labels_above() {
    let mut world = World::new();
    world.zone("example.co.uk MX 0 .\nuk NS a.nic.example\na.nic.example A 8.8.9.1\nexample.co.uk NS ns1.example.com\nns1.example.com A 8.8.8.1");
    world.answer("example.co.uk", RecordKind::Soa, response(&name("example.co.uk"), vec![soa(7)]));
    world.answer("uk", RecordKind::Soa, response(&name("uk"), vec![soa(1)]));
    let gtld = Some(SocketAddr::from(([8, 8, 9, 1], 53)));
    world.outcome("example.co.uk", RecordKind::Ns, gtld, referral(&["ns1.example.com"]));
    let plan = plan("example.co.uk");
    let evidence = world.evidence(&plan);
    let to_parent = |probe: &crate::evidence::Probe| match &probe.question {
        crate::question::Question::Records(request) => request.server == gtld && request.kind == RecordKind::Ns,
        _ => false,
    };
    assert_eq!(evidence.probes.iter().filter(|probe| to_parent(probe)).count(), 1);
}

#[test]
fn a_server_with_other_records_for_upper_case_is_found() {
    let mut world = two();
    world.upper_case("example.com", RecordKind::Mx, server(2), done(vec![]));
    let found = findings(&mut world);
    assert_eq!((rules(&found), found[0].severity), (vec!["mx-case-dependent"], Severity::Error));
    let summary = &found[0].summary;
    assert!(summary.contains("EXAMPLE.COM") && summary.contains("no record instead of"), "{summary}");
    assert!(summary.contains("ns2.example.com") && !summary.contains("ns1.example.com"), "{summary}");
    assert_eq!(found[0].fixes[0].command.as_deref(), Some("dig +norecurse EXAMPLE.COM MX @8.8.8.2"));
}

#[test]
fn the_same_records_in_another_order_or_no_response_show_nothing_about_the_case() {
    for outcome in [
        done(vec![mx("mx.example.com")]),
        coded(DnsCode::Refused),
        coded(DnsCode::ServFail),
        failed(DnsFaultKind::Timeout),
        failed(DnsFaultKind::TcpFailed),
    ] {
        let mut world = two();
        world.upper_case("example.com", RecordKind::Mx, server(2), outcome);
        assert_eq!(rules(&findings(&mut world)), Vec::<&str>::new());
    }
}

fn text(text: &str) -> RecordData {
    RecordData::Txt { text: text.to_owned(), lengths: vec![text.len()], raw_b64: None }
}

fn tlsa(data: &str) -> RecordData {
    RecordData::Tlsa { usage: 3, selector: 1, matching: 1, data: data.to_owned() }
}

#[test]
fn differences_below_the_domain_are_found_in_one_finding() {
    let mut world = two();
    world.record("_dmarc.example.com TXT v=DMARC1; p=reject");
    for (number, policy) in [(1, "v=DMARC1; p=reject"), (2, "v=DMARC1; p=none")] {
        world.outcome("_dmarc.example.com", RecordKind::Txt, Some(server(number)), done(vec![text(policy)]));
    }
    let found = findings(&mut world);
    assert_eq!((rules(&found), found[0].severity), (vec!["delegation-records-differ"], Severity::Warning));
    assert!(found[0].summary.contains("TXT records for _dmarc.example.com"), "{}", found[0].summary);
    let plan = plan("example.com");
    let seen = results(&plan, &world.evidence(&plan)).expect("results").delegation;
    assert_eq!(seen[1].differs, ["TXT _dmarc.example.com"]);

    // TLSA records come first, because mail depends on them.
    world.record("_25._tcp.mx.example.com TLSA 3 1 1 aa");
    for (number, data) in [(1, "aa"), (2, "bb")] {
        world.outcome("_25._tcp.mx.example.com", RecordKind::Tlsa, Some(server(number)), done(vec![tlsa(data)]));
    }
    world.signed();
    let found = findings(&mut world);
    let found: Vec<&Finding> = found.iter().filter(|one| one.rule == "delegation-records-differ").collect();
    assert_eq!((found.len(), found[0].severity), (1, Severity::Error));
    assert!(found[0].summary.contains("TLSA records for _25._tcp.mx.example.com"), "{}", found[0].summary);
    let [consequence] = found[0].consequences.as_slice() else { panic!("{:?}", found[0].consequences) };
    assert!(consequence.contains("_dmarc.example.com"), "{consequence}");
}

#[test]
fn the_keys_that_the_resolver_finds_are_compared() {
    let mut world = two();
    let key = "selector1._domainkey.example.com";
    world.record(&format!("{key} TXT v=DKIM1; p=AAAA"));
    world.outcome(key, RecordKind::Txt, Some(server(1)), done(vec![text("v=DKIM1; p=AAAA")]));
    world.outcome(key, RecordKind::Txt, Some(server(2)), done(Vec::new()));
    let found = findings(&mut world);
    assert_eq!(rules(&found), ["delegation-records-differ"]);
    assert!(found[0].summary.contains(key) && found[0].summary.contains("no record"), "{}", found[0].summary);
    // An alias of the same name is the same record, whether or not the server also serves its target.
    let mut world = two();
    let target = "key.example.net";
    world.record(&format!("{key} TXT v=DKIM1; p=AAAA"));
    for (number, records) in [(1, vec![text("v=DKIM1; p=AAAA")]), (2, Vec::new())] {
        let alias = RecordData::Cname { target: name(target) };
        world.outcome(key, RecordKind::Cname, Some(server(number)), done(vec![alias]));
        world.outcome(target, RecordKind::Txt, Some(server(number)), done(records));
    }
    assert_eq!(rules(&findings(&mut world)), Vec::<&str>::new());
}

#[test]
fn one_server_with_signatures_that_are_not_valid_is_named() {
    use crate::evidence::{BogusReason, DnssecState};
    let with = |first: DnssecState, second: DnssecState| {
        let mut world = two();
        for (number, dnssec) in [(1, first), (2, second)] {
            for (kind, data) in [
                (RecordKind::Soa, soa(7)),
                (RecordKind::Mx, mx("mx.example.com")),
                (RecordKind::Txt, text("v=spf1 -all")),
                (RecordKind::Ns, RecordData::Ns { host: name("ns1.example.com") }),
            ] {
                let seen = response(&name("example.com"), vec![data]);
                let seen = RecordsSeen { authoritative: true, dnssec: dnssec.clone(), ..seen };
                let answer = Answer::Records(seen);
                world.outcome("example.com", kind, Some(server(number)), Outcome::Done { answer });
            }
            for label in ["_dmarc", "_mta-sts", "_smtp._tls"] {
                let of = format!("{label}.example.com");
                let seen = response(&name(&of), Vec::new());
                let seen = RecordsSeen { authoritative: true, dnssec: dnssec.clone(), ..seen };
                let answer = Answer::Records(seen);
                world.outcome(&of, RecordKind::Txt, Some(server(number)), Outcome::Done { answer });
            }
        }
        findings(&mut world)
    };
    let bogus = |why| DnssecState::Bogus { why, zone: Some(name("example.com")) };
    let expired = || bogus(BogusReason::Expired { at: 1_700_000_000 });
    assert_eq!(rules(&with(DnssecState::Secure, DnssecState::Secure)), Vec::<&str>::new());
    let found = with(DnssecState::Secure, expired());
    assert_eq!((rules(&found), found[0].severity), (vec!["dnssec-signature-expired"], Severity::Warning));
    let summary = &found[0].summary;
    assert!(summary.contains("ns2.example.com") && !summary.contains("ns1.example.com"), "{summary}");
    assert!(summary.contains("2023-11-14") && found[0].failure.is_none(), "{summary}");
    let found = with(bogus(BogusReason::NoSignature), DnssecState::Secure);
    assert_eq!((rules(&found), found[0].confidence), (vec!["dnssec-bogus"], Confidence::Certain));
    // If no server has valid signatures, the finding about the domain covers them.
    assert_eq!(rules(&with(expired(), expired())), Vec::<&str>::new());
}

#[test]
fn a_resolver_that_hides_records_does_not_make_them_missing() {
    let mut world = two();
    world.answer("example.com", RecordKind::Txt, response(&name("example.com"), Vec::new()));
    for number in [1, 2] {
        let policy = done(vec![text("v=DMARC1; p=reject")]);
        world.outcome("_dmarc.example.com", RecordKind::Txt, Some(server(number)), policy);
    }
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let found = super::judge::judge(&plan, &evidence);
    assert_eq!(rules(&found), ["delegation-resolver-differs", "delegation-resolver-differs"]);
    assert!(found[0].summary.contains("TXT records for example.com") && found[0].summary.contains("v=spf1 -all"));
    for check in [&crate::check::domain::spf::CHECK, &crate::check::domain::dmarc::CHECK] {
        let others = (check.judge)(&plan, &evidence);
        let others = rules(&others);
        assert!(!others.contains(&"spf-missing") && !others.contains(&"dmarc-missing"), "{others:?}");
    }
}

#[test]
fn a_name_server_whose_name_is_an_alias_is_found() {
    let mut world = two();
    world.zone("example.com NS ns3.example.com\nns3.example.com CNAME ns1.example.com");
    let found = findings(&mut world);
    assert_eq!((rules(&found), found[0].severity), (vec!["delegation-server-alias"], Severity::Warning));
    assert!(found[0].summary.contains("ns3.example.com") && found[0].fixes[0].text.contains("ns1.example.com"));
}

/// The MX hosts of a domain whose resolver returns another host than its name servers, with this state.
fn hosts_with(dnssec: crate::evidence::DnssecState) -> Vec<String> {
    let mut world = two();
    let seen = RecordsSeen { dnssec, ..response(&name("example.com"), vec![mx("other.example.net")]) };
    world.zone("other.example.net A 8.8.4.66").answer("example.com", RecordKind::Mx, seen);
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let sight = Sight::new(&plan, &evidence).expect("a domain");
    super::super::mx::mail_hosts(sight).into_iter().map(|host| host.name.to_string()).collect()
}

#[test]
fn records_of_the_name_servers_replace_others_unless_their_signatures_are_valid() {
    use crate::evidence::DnssecState;
    assert_eq!(hosts_with(DnssecState::Insecure), ["mx.example.com"]);
    assert_eq!(hosts_with(DnssecState::Secure), ["other.example.net"]);
    // The name servers' records must be signed in a signed zone.
    let why = crate::evidence::BogusReason::NoSignature;
    assert_eq!(hosts_with(DnssecState::Bogus { why, zone: None }), ["other.example.net"]);
}

#[test]
fn addresses_of_hosts_that_have_nothing_in_common_differ() {
    let with = |second: &str| {
        let mut world = two();
        for (number, ip) in [(1, "8.8.4.4"), (2, second)] {
            let record = RecordData::A { ip: ip.parse().expect("an address") };
            let seen = RecordsSeen { authoritative: true, ..response(&name("mx.example.com"), vec![record]) };
            let outcome = Outcome::Done { answer: Answer::Records(seen) };
            world.outcome("mx.example.com", RecordKind::A, Some(server(number)), outcome);
        }
        rules(&findings(&mut world)).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(with("8.8.4.4"), Vec::<String>::new());
    assert_eq!(with("8.8.4.66"), ["delegation-records-differ"]);
}
