//! Resolvers that redirect the domain or its hosts, with name servers that return other records.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::net::SocketAddr;

use super::super::world::{MailServer, World, name, plan, response};
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::evidence::{
    Answer, BogusReason, DnsAlias, DnsCode, DnsFaultKind, DnsRecord, DnssecState, Evidence, Fault, IndeterminateReason,
    Outcome, RecordData, RecordsSeen,
};
use crate::lexicon::Confidence;
use crate::question::Question;
use crate::wire::{Host, RecordKind};

/// A name server of `com`.
fn parent_server() -> SocketAddr {
    SocketAddr::from(([8, 8, 0, 1], 53))
}

/// The name server of `example.com`.
fn own_server() -> SocketAddr {
    SocketAddr::from(([8, 8, 8, 1], 53))
}

fn done(seen: RecordsSeen) -> Outcome {
    Outcome::Done { answer: Answer::Records(seen) }
}

fn failed(kind: DnsFaultKind) -> Outcome {
    Outcome::Failed { fault: Fault::Dns { kind, detail: "test".to_owned() } }
}

fn soa() -> RecordData {
    RecordData::Soa { primary: name("ns1.example.com"), serial: 1, expire: 1, minimum: 1 }
}

fn mx(host: &str) -> RecordData {
    RecordData::Mx { preference: 10, host: name(host) }
}

fn text(text: &str) -> RecordData {
    RecordData::Txt { text: text.to_owned(), lengths: vec![text.len()], raw_b64: None }
}

fn address(ip: &str) -> RecordData {
    RecordData::A { ip: ip.parse().unwrap() }
}

/// How the domain and its name servers answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Servers {
    /// The server of the domain has plain records. It answers without valid signatures.
    Plain,
    /// The same, with valid signatures.
    Signed,
    /// The server of the domain has the alias, too.
    Alias,
    /// No server responds.
    Silent,
}

/// The names of the domain with their records, according to its name server.
fn own_records() -> Vec<(&'static str, RecordKind, Vec<RecordData>)> {
    let host = "mx.example.com";
    let tlsa = RecordData::Tlsa { usage: 3, selector: 1, matching: 1, data: "ab".repeat(32) };
    vec![
        ("example.com", RecordKind::Soa, vec![soa()]),
        ("example.com", RecordKind::Ns, vec![RecordData::Ns { host: name("ns1.example.com") }]),
        ("example.com", RecordKind::Mx, vec![mx(host)]),
        ("example.com", RecordKind::Txt, vec![text("v=spf1 mx -all")]),
        ("example.com", RecordKind::Cname, Vec::new()),
        (host, RecordKind::A, vec![address("8.8.4.4")]),
        (host, RecordKind::Aaaa, Vec::new()),
        (host, RecordKind::Cname, Vec::new()),
        ("_25._tcp.mx.example.com", RecordKind::Tlsa, vec![tlsa]),
        ("_dmarc.example.com", RecordKind::Txt, vec![text("v=DMARC1; p=reject")]),
        ("_mta-sts.example.com", RecordKind::Txt, Vec::new()),
        ("_smtp._tls.example.com", RecordKind::Txt, Vec::new()),
    ]
}

/// A domain in the signed zone `com`, whose servers delegate it with the address of its name server. The resolver knows only
/// `com`, and whatever the test adds.
fn world(servers: Servers) -> World {
    let mut world = World::new();
    world.zone("com NS ns.registry.example\nns.registry.example A 8.8.0.1\nwall.example.net A 8.8.6.6");
    let of_com = RecordsSeen { dnssec: DnssecState::Secure, ..response(&name("com"), vec![soa()]) };
    world.answer("com", RecordKind::Soa, of_com);
    world.server("8.8.4.4", MailServer::new("mx.example.com")).server("8.8.6.6", MailServer::new("portal.example.net"));
    let glue = DnsRecord { name: name("ns1.example.com"), ttl: 60, data: address("8.8.8.1") };
    let mut referral = response(&name("example.com"), vec![RecordData::Ns { host: name("ns1.example.com") }]);
    referral.records.push(glue);
    let silent = servers == Servers::Silent;
    let at_parent = if silent { failed(DnsFaultKind::Timeout) } else { done(referral) };
    world.outcome("example.com", RecordKind::Ns, Some(parent_server()), at_parent);
    for (at, kind, records) in own_records() {
        let state = match servers {
            Servers::Signed => DnssecState::Secure,
            _ => DnssecState::Indeterminate { why: IndeterminateReason::NotValidated },
        };
        let mut seen = RecordsSeen { authoritative: true, dnssec: state, ..response(&name(at), records) };
        if servers == Servers::Alias && at == "example.com" && !matches!(kind, RecordKind::Soa | RecordKind::Ns) {
            let dnssec = DnssecState::Indeterminate { why: IndeterminateReason::NotValidated };
            seen.records.clear();
            match kind {
                RecordKind::Cname => {
                    let data = RecordData::Cname { target: name("wall.example.net") };
                    seen.records.push(DnsRecord { name: name(at), ttl: 60, data });
                }
                _ => seen.aliases = vec![DnsAlias { from: name(at), to: name("wall.example.net"), dnssec }],
            }
        }
        let outcome = if silent { failed(DnsFaultKind::Timeout) } else { done(seen) };
        world.outcome(at, kind, Some(own_server()), outcome);
    }
    world
}

/// Makes the resolver return an alias for every type at this name.
fn redirects(world: &mut World, at: &str) {
    world.record(&format!("{at} CNAME wall.example.net"));
}

fn findings(world: &mut World) -> (Evidence, Vec<Finding>) {
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let findings = crate::check::judge(&plan, &evidence);
    (evidence, findings)
}

fn sessions(evidence: &Evidence) -> Vec<String> {
    let of = |question: &Question| match question {
        Question::Session(request) => match &request.host {
            Host::Ip(ip) => Some(ip.to_string()),
            _ => None,
        },
        _ => None,
    };
    evidence.probes.iter().filter_map(|probe| of(&probe.question)).collect()
}

fn rules(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|one| format!("{} {:?} {:?}", one.rule, one.severity, one.confidence)).collect()
}

fn find<'f>(findings: &'f [Finding], rule: &str) -> Option<&'f Finding> {
    findings.iter().find(|one| one.rule == rule)
}

/// The domain has TLSA records without signatures, and no DKIM key. Only the difference itself is certain.
fn assert_healthy(findings: &[Finding]) {
    let rules = rules(findings);
    let is_expected = |rule: &str| ["dane-not-signed", "dmarc-without-dkim"].contains(&rule);
    let unexpected = findings.iter().filter(|one| one.severity != Severity::Notice && !is_expected(&one.rule));
    assert_eq!(unexpected.count(), 0, "{rules:?}");
    let is_certain = |one: &&Finding| one.confidence == Confidence::Certain;
    let certain: Vec<&str> = findings.iter().filter(is_certain).map(|one| one.rule.as_ref()).collect();
    assert_eq!(certain, ["delegation-resolver-differs"], "{rules:?}");
}

#[test]
fn an_alias_at_a_delegated_name_is_replaced_by_the_records_of_the_name_servers() {
    let mut world = world(Servers::Plain);
    redirects(&mut world, "example.com");
    let (evidence, found) = findings(&mut world);
    assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()), "{:?}", sessions(&evidence));
    let differs = find(&found, "delegation-resolver-differs").unwrap();
    assert!(differs.cause.contains("redirects the name") && differs.consequences.len() > 1, "{differs:?}");
    assert_eq!(found.iter().filter(|one| one.rule == "delegation-resolver-differs").count(), 1);
    assert_healthy(&found);
    assert_eq!(find(&found, "mx-domain-alias"), None);
}

#[test]
fn every_name_below_may_be_redirected_too() {
    let mut world = world(Servers::Plain);
    for (at, ..) in own_records() {
        redirects(&mut world, at);
    }
    redirects(&mut world, "ns1.example.com");
    let (evidence, found) = findings(&mut world);
    assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()));
    assert_healthy(&found);
}

#[test]
fn a_redirected_domain_is_not_tested_if_no_name_server_answers() {
    for (state, is_certain) in [
        (DnssecState::Insecure, false),
        (DnssecState::Indeterminate { why: IndeterminateReason::ProofMissing }, false),
        // The zone `com` would contain the alias, with a signature.
        (DnssecState::Secure, true),
    ] {
        let mut world = world(Servers::Silent);
        let cname = RecordData::Cname { target: name("wall.example.net") };
        let seen = RecordsSeen { dnssec: state.clone(), ..response(&name("example.com"), vec![cname]) };
        world.answer("example.com", RecordKind::Cname, seen);
        let (_, found) = findings(&mut world);
        let error = find(&found, "mx-lookup-failed");
        assert_eq!(error.is_none(), is_certain, "{state:?} {:?}", rules(&found));
        if is_certain {
            assert_eq!(find(&found, "mx-domain-alias").unwrap().confidence, Confidence::Certain);
            continue;
        }
        let error = error.unwrap();
        assert_eq!((error.severity, error.confidence), (Severity::Error, Confidence::Likely));
        assert_eq!(error.failure, Some(PhaseFailure::Unreachable));
        assert!(error.summary.contains("wall.example.net") && error.cause.contains("redirects the name"));
        assert!(found.iter().all(|one| one.confidence != Confidence::Certain), "{:?}", rules(&found));
        assert!(found.iter().all(|one| one.rule == "mx-lookup-failed" || one.failure.is_none()));
    }
}

#[test]
fn an_alias_that_the_name_servers_have_is_a_certain_notice() {
    let mut world = world(Servers::Alias);
    redirects(&mut world, "example.com");
    world.record("wall.example.net MX 10 mx.example.com").record("mx.example.com A 8.8.4.4");
    let (_, found) = findings(&mut world);
    let alias = find(&found, "mx-domain-alias").unwrap();
    assert_eq!((alias.severity, alias.confidence), (Severity::Notice, Confidence::Certain));
    for rule in ["mx-lookup-failed", "delegation-lame"] {
        assert_eq!(find(&found, rule), None);
    }
}

#[test]
fn a_denial_without_a_soa_record_at_a_delegated_name_is_not_used() {
    let mut world = world(Servers::Plain);
    world.hides_soa();
    let (evidence, found) = findings(&mut world);
    assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()));
    assert_eq!(find(&found, "mx-domain-not-found"), None);
    assert!(found.iter().all(|one| one.severity != Severity::Error), "{:?}", rules(&found));
    let mut silent = self::world(Servers::Silent);
    silent.hides_soa();
    assert_eq!(find(&findings(&mut silent).1, "mx-missing").unwrap().confidence, Confidence::Likely);
}

#[test]
fn loops_of_aliases_that_only_the_resolver_has_are_no_fault_of_the_domain() {
    let mut world = world(Servers::Plain);
    for kind in super::KINDS {
        world.fails("example.com", kind, DnsFaultKind::AliasLoop);
    }
    let (evidence, found) = findings(&mut world);
    assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()));
    assert!(find(&found, "delegation-resolver-differs").unwrap().summary.contains("a loop of CNAME records"));
    assert_eq!(find(&found, "mx-alias-loop"), None);
    assert_healthy(&found);
}

/// The domain with a resolver that has its records, except for loops at the host and its TLSA records.
fn with_loops(servers: Servers) -> World {
    let mut world = world(servers);
    for (at, kind, records) in own_records() {
        if at == "example.com" || records.is_empty() {
            let soa = records.is_empty();
            let seen = RecordsSeen { without_soa: false, ..response(&name(at), records) };
            assert!(!soa || seen.is_void());
            world.answer(at, kind, seen);
        }
    }
    world.record("ns1.example.com A 8.8.8.1");
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        world.fails("mx.example.com", kind, DnsFaultKind::AliasLoop);
    }
    world.fails("_25._tcp.mx.example.com", RecordKind::Tlsa, DnsFaultKind::AliasLoop);
    world
}

#[test]
fn a_loop_at_a_host_is_certain_only_if_a_name_server_confirms_it() {
    let (evidence, found) = findings(&mut with_loops(Servers::Plain));
    assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()));
    assert_eq!(find(&found, "mx-alias-loop"), None);
    assert_eq!(find(&found, "mx-host-lookup-failed").unwrap().severity, Severity::Notice);
    let (_, found) = findings(&mut with_loops(Servers::Silent));
    assert_eq!(find(&found, "mx-alias-loop").unwrap().confidence, Confidence::Likely);
    let mut confirmed = with_loops(Servers::Plain);
    for kind in [RecordKind::A, RecordKind::Aaaa] {
        confirmed.outcome("mx.example.com", kind, Some(own_server()), failed(DnsFaultKind::AliasLoop));
    }
    let (_, found) = findings(&mut confirmed);
    assert_eq!(find(&found, "mx-alias-loop").unwrap().confidence, Confidence::Certain);
}

#[test]
fn addresses_of_an_unsigned_zone_that_the_resolver_does_not_return_come_from_its_name_servers() {
    for code in [DnsCode::ServFail, DnsCode::Refused] {
        let mut world = with_loops(Servers::Plain);
        let lookup_failed = DnssecState::Indeterminate { why: IndeterminateReason::LookupFailed };
        for kind in [RecordKind::A, RecordKind::Aaaa] {
            let seen =
                RecordsSeen { code, dnssec: lookup_failed.clone(), ..response(&name("mx.example.com"), Vec::new()) };
            world.answer("mx.example.com", kind, seen);
        }
        let (evidence, found) = findings(&mut world);
        assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()), "{:?}", rules(&found));
        assert!(found.iter().all(|one| one.severity != Severity::Error), "{:?}", rules(&found));
    }
}

#[test]
fn valid_signatures_of_the_name_servers_outweigh_an_alias_into_an_unsigned_zone() {
    let mut world = world(Servers::Signed);
    let is_own = |at: &str| at != "example.com" && at != "mx.example.com";
    for (at, kind, records) in own_records() {
        if is_own(at) || matches!(kind, RecordKind::Soa | RecordKind::Ns) {
            world.answer(at, kind, RecordsSeen { dnssec: DnssecState::Secure, ..response(&name(at), records) });
        }
    }
    let secure =
        |ip: &str| RecordsSeen { dnssec: DnssecState::Secure, ..response(&name("ns1.example.com"), vec![address(ip)]) };
    world.answer("ns1.example.com", RecordKind::A, secure("8.8.8.1"));
    // The alias is bogus, but the records at its end are in an unsigned zone.
    let alias = |at: &str| DnsAlias {
        from: name(at),
        to: name("wall.example.net"),
        dnssec: DnssecState::Bogus { why: BogusReason::NoSignature, zone: Some(name("example.com")) },
    };
    for (at, kind) in
        [("example.com", RecordKind::Mx), ("mx.example.com", RecordKind::A), ("mx.example.com", RecordKind::Aaaa)]
    {
        world.answer(at, kind, RecordsSeen { aliases: vec![alias(at)], ..response(&name(at), Vec::new()) });
    }
    let (evidence, found) = findings(&mut world);
    assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()), "{:?}", rules(&found));
    for rule in ["dane-mx-not-signed", "dane-not-signed"] {
        assert_eq!(find(&found, rule), None, "{:?}", rules(&found));
    }
    let plan = plan("example.com");
    let seen = crate::check::domain::results(&plan, &evidence).unwrap();
    assert_eq!(seen.dane, Some(crate::check::domain::seen::DaneState::Invalid));
}

#[test]
fn an_alias_whose_target_cannot_be_looked_up_is_no_reason_to_give_up() {
    let mut world = world(Servers::Plain);
    let lookup_failed = DnssecState::Indeterminate { why: IndeterminateReason::LookupFailed };
    redirects(&mut world, "example.com");
    for kind in super::KINDS {
        let alias = DnsAlias { from: name("example.com"), to: name("loop.example.net"), dnssec: lookup_failed.clone() };
        let seen = RecordsSeen {
            code: DnsCode::ServFail,
            aliases: vec![alias],
            dnssec: lookup_failed.clone(),
            // Records in a response with an error code are not used.
            ..response(&name("loop.example.net"), vec![address("8.8.6.6")])
        };
        world.answer("example.com", kind, seen);
    }
    let (evidence, found) = findings(&mut world);
    assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()), "{:?}", rules(&found));
    assert!(find(&found, "delegation-resolver-differs").unwrap().summary.contains("an alias, SERVFAIL"));
    assert_healthy(&found);
}

#[test]
fn an_alias_of_an_unsigned_zone_into_a_signed_zone_is_not_a_fault_of_the_unsigned_zone() {
    let mut world = world(Servers::Plain);
    redirects(&mut world, "example.com");
    let denied = RecordsSeen { dnssec: DnssecState::Secure, ..response(&name("example.com"), Vec::new()) };
    world.answer("example.com", RecordKind::Ds, denied);
    let bogus = DnssecState::Bogus { why: BogusReason::NoSignature, zone: None };
    for kind in [RecordKind::Mx, RecordKind::Txt] {
        let alias = DnsAlias { from: name("example.com"), to: name("web.example.net"), dnssec: bogus.clone() };
        let seen = RecordsSeen {
            aliases: vec![alias],
            dnssec: DnssecState::Secure,
            ..response(&name("web.example.net"), Vec::new())
        };
        world.answer("example.com", kind, seen);
    }
    let (evidence, found) = findings(&mut world);
    assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()), "{:?}", rules(&found));
    assert_eq!(find(&found, "dnssec-bogus"), None);
    assert_healthy(&found);
}

#[test]
fn an_alias_directly_below_a_public_suffix_is_not_certain_without_signatures() {
    let mut world = world(Servers::Silent);
    let stripped = DnssecState::Indeterminate { why: IndeterminateReason::SignaturesStripped };
    let of_com = RecordsSeen { dnssec: stripped.clone(), ..response(&name("com"), vec![soa()]) };
    world.answer("com", RecordKind::Soa, of_com);
    let cname = RecordData::Cname { target: name("wall.example.net") };
    let seen = RecordsSeen { dnssec: stripped, ..response(&name("example.com"), vec![cname]) };
    world.answer("example.com", RecordKind::Cname, seen);
    let (_, found) = findings(&mut world);
    assert!(find(&found, "mx-lookup-failed").is_some(), "{:?}", rules(&found));
    assert!(found.iter().all(|one| one.confidence != Confidence::Certain), "{:?}", rules(&found));
}

#[test]
fn a_loop_at_a_name_inside_a_zone_is_compared_with_the_servers_of_this_zone() {
    let mut world = World::new();
    let seen = response(&name("example.com"), vec![soa()]);
    world.answer("example.com", RecordKind::Soa, seen);
    world.zone("example.com NS ns1.example.com\nns1.example.com A 8.8.8.1\nmail.example.com CNAME mail.example.com");
    for kind in super::KINDS {
        world.fails("mail.example.com", kind, DnsFaultKind::AliasLoop);
    }
    world.record("mx.example.com A 8.8.4.4").server("8.8.4.4", MailServer::new("mx.example.com"));
    for (at, kind, records) in [
        ("mail.example.com", RecordKind::Mx, vec![mx("mx.example.com")]),
        ("mail.example.com", RecordKind::Txt, vec![text("v=spf1 mx -all")]),
        ("mail.example.com", RecordKind::Cname, Vec::new()),
        ("example.com", RecordKind::Soa, vec![soa()]),
        ("mx.example.com", RecordKind::A, vec![address("8.8.4.4")]),
    ] {
        let seen = RecordsSeen { authoritative: true, ..response(&name(at), records) };
        world.outcome(at, kind, Some(own_server()), done(seen));
    }
    let plan = plan("mail.example.com");
    let evidence = world.evidence(&plan);
    let found = crate::check::judge(&plan, &evidence);
    assert!(sessions(&evidence).contains(&"8.8.4.4".to_owned()), "{:?}", rules(&found));
    for rule in ["mx-alias-loop", "mx-domain-alias"] {
        assert_eq!(find(&found, rule), None, "{:?}", rules(&found));
    }
}

#[test]
fn name_servers_that_only_the_resolver_lists_are_not_certainly_without_address() {
    let mut world = with_loops(Servers::Plain);
    world.record("example.com NS ns9.example.net");
    let (_, found) = findings(&mut world);
    assert_eq!(find(&found, "delegation-server-without-address").unwrap().confidence, Confidence::Likely);
}

#[test]
fn the_response_code_of_an_alias_is_about_its_target() {
    let mut world = World::new();
    world.record("example.com CNAME gone.example.net");
    let (_, found) = findings(&mut world);
    let missing = find(&found, "mx-domain-not-found").unwrap();
    assert!(missing.summary.contains("alias (CNAME) for gone.example.net, which does not exist"), "{missing:?}");
}
