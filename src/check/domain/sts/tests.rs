//! Tests of MTA-STS: the record, the request for the policy, the policy, and the hosts that it covers.

#![allow(clippy::indexing_slicing, reason = "tests may panic")]

use super::judge::findings;
use super::published::{questions, result, summary};
use crate::check::domain::seen::{Delivery, PublishedState, StsSeen};
use crate::check::domain::senders::servers::{PolicyHost, PolicyServer, ServerTls};
use crate::check::domain::sight::{Sight, records};
use crate::check::domain::tls::{StarttlsFailure, StarttlsResult};
use crate::check::domain::world::{World, name, plan, response};
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{
    BogusReason, ChainFault, ConnectFault, DnsCode, DnsFaultKind, DnssecState, Evidence, Fault, FetchSeen,
    HttpResponse, NameMatch, Outcome, Phase, Presented, RecordData, RecordsSeen, Trust,
};
use crate::lexicon::Confidence;
use crate::plan::Plan;
use crate::policy::tlsa::tests::{made, sent};
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

const HOST: &str = "mta-sts.example.com";
const PATH: &str = "/.well-known/mta-sts.txt";
const RECORD: &str = "_mta-sts.example.com TXT v=STSv1; id=20260101";
const POLICY: &str = "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\n";

/// A chain with a trusted root and a matching name.
fn trusted(days: (i64, i64)) -> Presented {
    let made = made(days);
    let mut presented = sent(&made.ders.iter().collect::<Vec<_>>());
    presented.trust = Trust::Trusted { path: vec!["leaf".to_owned(), "middle".to_owned(), "root".to_owned()] };
    presented.path = vec![0, 1, 2];
    presented.name = NameMatch::Matches { expected: HOST.to_owned() };
    presented
}

fn other_name() -> Presented {
    let name = NameMatch::Differs { expected: HOST.to_owned(), presented: vec!["mx.example.com".to_owned()] };
    Presented { name, ..trusted((-1, 30)) }
}

fn private_ca() -> Presented {
    let trust = Trust::Untrusted { why: ChainFault::UnknownIssuer, detail: "private".to_owned() };
    Presented { trust, ..trusted((-1, 30)) }
}

fn page(body: &str) -> FetchSeen {
    FetchSeen {
        address: "192.0.2.80:443".parse().expect("an address"),
        tls_version: Some("TLS 1.3".to_owned()),
        presented: Some(Box::new(trusted((-1, 30)))),
        response: Some(HttpResponse {
            status: 200,
            content_type: Some("text/plain; charset=utf-8".to_owned()),
            location: None,
            body: body.to_owned(),
            body_bytes: body.len(),
            too_long: false,
            is_cut: false,
            timed_out: false,
        }),
    }
}

fn page_with(change: impl Fn(&mut HttpResponse)) -> FetchSeen {
    let mut page = page(POLICY);
    page.response.iter_mut().for_each(change);
    page
}

/// A check with these records and this policy (if there is one).
struct Case {
    plan: Plan,
    evidence: Evidence,
}

fn case_in(mut world: World) -> Case {
    let plan = plan("example.com");
    let evidence = world.evidence_for(&plan, |plan, evidence| {
        let sight = Sight::new(plan, evidence).expect("a check of a domain");
        std::iter::once(records(&sight.name(), RecordKind::Mx)).chain(questions(sight)).collect()
    });
    Case { plan, evidence }
}

fn case(zone: &str, page: Option<FetchSeen>) -> Case {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com").zone(zone);
    if let Some(page) = page {
        world.page(HOST, PATH, page);
    }
    case_in(world)
}

impl Case {
    fn sight(&self) -> Sight<'_> {
        Sight::new(&self.plan, &self.evidence).expect("a check of a domain")
    }

    fn summary(&self) -> StsSeen {
        summary(self.sight())
    }

    fn with(&self, hosts: &[PolicyHost<'_>]) -> Vec<Finding> {
        findings(self.sight(), hosts)
    }

    fn ids(&self) -> Vec<(String, Severity)> {
        pairs(&self.with(&[]))
    }
}

fn pairs(findings: &[Finding]) -> Vec<(String, Severity)> {
    findings.iter().map(|one| (one.rule.clone().into_owned(), one.severity)).collect()
}

fn expect(id: &str, severity: Severity) -> Vec<(String, Severity)> {
    vec![(id.to_owned(), severity)]
}

fn host<'s>(host: &str, tls: ServerTls<'s>) -> PolicyHost<'s> {
    let ip = "192.0.2.1".parse().expect("an address");
    PolicyHost { name: name(host), servers: vec![PolicyServer { ip, probe: None, tls }] }
}

#[test]
fn a_valid_policy_raises_nothing() {
    let case = case(RECORD, Some(page(POLICY)));
    assert_eq!(case.ids(), []);
    let seen = case.summary();
    assert_eq!((seen.state, seen.mode.as_deref()), (PublishedState::Valid, Some("enforce")));
    assert_eq!((seen.id.as_deref(), seen.max_age, seen.status), (Some("20260101"), Some(604_800), Some(200)));
    // CRLF and spaces at the end of a line are not a fault.
    let body = POLICY.replace('\n', " \r\n");
    assert_eq!(self::case(RECORD, Some(page(&body))).ids(), []);
}

#[test]
fn record_and_policy_are_requested_at_the_same_time() {
    let plan = plan("example.com");
    let evidence = World::new().evidence_for(&plan, |_, _| Vec::new());
    let sight = Sight::new(&plan, &evidence).expect("a check of a domain");
    let asked = questions(sight);
    assert!(matches!(asked.as_slice(), [Question::Records(_), Question::Fetch(_)]), "{asked:?}");
}

#[test]
fn a_domain_without_mta_sts_raises_nothing() {
    let case = case("example.com TXT v=spf1 -all", None);
    assert_eq!((case.ids(), case.summary().state), (vec![], PublishedState::Absent));
    // An unrelated record at the same name is discarded.
    let unrelated = self::case("_mta-sts.example.com TXT google-site-verification=x", None);
    assert_eq!((unrelated.ids(), unrelated.summary().state), (vec![], PublishedState::Absent));
    let beside = self::case(&format!("{RECORD}\n_mta-sts.example.com TXT unrelated"), Some(page(POLICY)));
    assert_eq!((beside.ids(), beside.summary().state), (vec![], PublishedState::Valid));
}

#[test]
fn invalid_records_are_reported_with_the_record_to_publish() {
    let of = |text: &str| case(&format!("_mta-sts.example.com TXT {text}"), Some(page(POLICY)));
    for text in ["v=STSv1;", "v=STSv1; id=a-b", "v=STSV1; id=1", "id=1; v=STSv1;", "v=STSv1 id=1"] {
        let found = of(text).with(&[]);
        assert_eq!(pairs(&found), expect("sts-record-invalid", Severity::Warning), "{text}");
        let command = found[0].fixes[0].command.as_deref().expect("a record");
        assert_eq!(command, "_mta-sts.example.com. IN TXT \"v=STSv1; id=20260921141320;\"");
        assert_eq!(of(text).summary().state, PublishedState::Invalid);
    }
    assert_eq!(of("v=STSv1 ; id=1").ids(), expect("sts-record-invalid", Severity::Notice));
    let two = case(&format!("{RECORD}\n{RECORD}1"), Some(page(POLICY)));
    assert_eq!(two.ids(), expect("sts-record-invalid", Severity::Warning));
    let beside = case("_mta-sts.example.com TXT v=STSv1 ; id=1\n_mta-sts.example.com TXT other", Some(page(POLICY)));
    assert_eq!(beside.ids(), expect("sts-record-invalid", Severity::Warning));
}

#[test]
fn each_failure_of_the_request_is_named() {
    let certificate =
        |presented: Presented| FetchSeen { presented: Some(Box::new(presented)), response: None, ..page("") };
    let redirect = page_with(|response| {
        response.status = 301;
        response.location = Some("https://www.example.com/".to_owned());
    });
    let cases = [
        (None, "sts-policy-fetch-error: the web server's name does not exist (NXDOMAIN)"),
        (Some(redirect), "sts-policy-fetch-error: redirect (status 301)"),
        (Some(page_with(|response| response.status = 404)), "sts-policy-fetch-error: status 404"),
        (Some(page_with(|response| response.status = 500)), "sts-policy-fetch-error: status 500"),
        (
            Some(page_with(|response| response.too_long = true)),
            "sts-policy-fetch-error: the response is longer than 64 KiB",
        ),
        (Some(page_with(|response| response.is_cut = true)), "sts-policy-fetch-error: the response is not complete"),
        (
            Some(certificate(other_name())),
            "sts-webpki-invalid: the web server's certificate is not valid (certificate-host-mismatch)",
        ),
        (
            Some(certificate(trusted((-60, -1)))),
            "sts-webpki-invalid: the web server's certificate is not valid (certificate-expired)",
        ),
    ];
    for (page, problem) in cases {
        let case = case(RECORD, page);
        let found = case.with(&[]);
        assert_eq!(pairs(&found), expect("sts-policy-unreachable", Severity::Warning), "{problem}");
        assert_eq!(found[0].failure, None, "new senders deliver");
        assert_eq!(case.summary().problem.as_deref(), Some(problem));
        assert_eq!(case.summary().state, PublishedState::Invalid);
    }
}

#[test]
fn a_failure_of_this_machine_is_no_fault_of_the_domain() {
    fn no_route(_: &Plan, question: &Question) -> Option<Outcome> {
        let kind = ConnectFaultKind::NetworkUnreachable;
        let connect = ConnectFault { kind, errno: Some(101), detail: "network unreachable".to_owned() };
        matches!(question, Question::Fetch(_)).then_some(Outcome::Failed { fault: Fault::NotConnected { connect } })
    }
    fn silent(_: &Plan, question: &Question) -> Option<Outcome> {
        let fault = Fault::Silent { phase: Phase::Tls, waited_ms: 60_000.0, partial_bytes: 0 };
        matches!(question, Question::Fetch(_)).then_some(Outcome::Failed { fault })
    }
    let with = |others: fn(&Plan, &Question) -> Option<Outcome>| {
        let mut world = World::new();
        world.record(RECORD);
        world.others = others;
        case_in(world)
    };
    let local = with(no_route);
    assert_eq!((local.ids(), local.summary().state), (vec![], PublishedState::Unknown));
    assert_eq!(with(silent).ids(), expect("sts-policy-unreachable", Severity::Warning));
    let mut world = World::new();
    world.fails("_mta-sts.example.com", RecordKind::Txt, DnsFaultKind::Timeout);
    let failed = case_in(world);
    assert_eq!((failed.ids(), failed.summary().state), (vec![], PublishedState::Unknown));
}

#[test]
fn a_wildcard_record_is_recognised() {
    let zone = format!("{RECORD}\n_mta-sts-wildcard-test.example.com TXT v=STSv1; id=20260101");
    assert_eq!(case(&zone, None).with(&[])[0].consequences.len(), 1);
    assert!(case(RECORD, None).with(&[])[0].consequences.is_empty());
}

#[test]
fn invalid_policies_name_the_line() {
    let of = |body: &str| case(RECORD, Some(page(body))).with(&[]);
    let text = |finding: &Finding| crate::evidence::quote::resolve(&finding.summary, |_, text| text.to_owned());
    let misspelt = of("version: STSv1\nmode: enforce\nnmx: mx0.example.de\nmax_age: 604800\n");
    assert_eq!(pairs(&misspelt), expect("sts-policy-invalid", Severity::Error));
    assert_eq!(
        text(&misspelt[0]),
        "the MTA-STS policy is invalid: it has no mx (line 3, \"nmx: mx0.example.de\", has a misspelt field name)"
    );
    let case_of_mode = of("version: STSv1\nMode: enforce\nmx: mx.example.com\nmax_age: 604800\n");
    assert!(text(&case_of_mode[0]).contains("line 2, \"Mode: enforce\""), "{}", text(&case_of_mode[0]));
    for body in ["", "<html></html>", "version: STSv1\nmode: ENFORCE\nmx: a.example\nmax_age: 1\n"] {
        assert_eq!(pairs(&of(body)), expect("sts-policy-invalid", Severity::Error), "{body}");
    }
    for body in [
        "version: STSv1\nmode: enforce\nmx: mx.example.com.\nmax_age: 604800\n",
        "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 31557601\n",
        "version: STSv1\n\nmode: enforce\nmx: mx.example.com\nmax_age: 604800\n",
    ] {
        assert_eq!(pairs(&of(body)), expect("sts-policy-invalid", Severity::Warning), "{body}");
    }
}

#[test]
fn notes_about_a_valid_policy() {
    let html = page_with(|response| response.content_type = Some("text/html".to_owned()));
    assert_eq!(case(RECORD, Some(html)).ids(), expect("sts-media-type", Severity::Warning));
    assert_eq!(
        case("example.com A 192.0.2.1", Some(page(POLICY))).ids(),
        expect("sts-without-record", Severity::Notice)
    );
    let testing = POLICY.replace("enforce", "testing");
    assert_eq!(case(RECORD, Some(page(&testing))).ids(), expect("sts-not-enforced", Severity::Notice));
    let none = "version: STSv1\nmode: none\nmax_age: 86400\n";
    assert_eq!(case(RECORD, Some(page(none))).ids(), expect("sts-not-enforced", Severity::Notice));
    let short = POLICY.replace("604800", "86400");
    assert_eq!(case(RECORD, Some(page(&short))).ids(), expect("sts-max-age-short", Severity::Notice));
}

/// What postfix-mta-sts-resolver finds for a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolved {
    Valid,
    Nothing,
    FetchError,
}

/// The 23 domains for which the tests of postfix-mta-sts-resolver expect a status, and the one whose lookup times out.
/// Cases that differ only in their parsing are also in [`crate::policy::mta_sts`].
#[test]
fn domains_have_the_results_of_postfix_mta_sts_resolver() {
    use Resolved::{FetchError, Nothing, Valid};
    // The first two and the last two names of the good domain differ only in their dots.
    for (name, is_name) in [("good.loc", true), ("good.loc.", true), (".good.loc", false), (".good.loc.", false)] {
        assert_eq!(crate::wire::DomainName::parse(name).is_ok(), is_name, "{name}");
    }
    let body = |mode: &str, rest: &str| format!("version: STSv1\nmode: {mode}\n{rest}");
    let rest = "mx: mail.loc\nmax_age: 86400";
    let good = body("enforce", rest);
    let served = |text: &str| Some(page(text));
    let changed = |change: fn(&mut HttpResponse)| {
        let mut page = page(&good);
        page.response.iter_mut().for_each(change);
        Some(page)
    };
    let untrusted = |presented| Some(FetchSeen { presented: Some(Box::new(presented)), response: None, ..page("") });
    let record = "_mta-sts.example.com TXT v=STSv1;id=20180907T090909;";
    let cases = [
        ("good", record, served(&good), Valid),
        ("testing", record, served(&body("testing", "max_age: 86400\nmx: mail.loc\n")), Valid),
        ("valid-none", record, served(&body("none", "max_age: 86400")), Valid),
        ("no-record", "", None, Nothing),
        ("no-data", "_mta-sts.example.com A 192.0.2.1", None, Nothing),
        ("bad-record1", "_mta-sts.example.com TXT id=20180907T090909; v=STSv1;", None, Nothing),
        ("bad-record2", "_mta-sts.example.com TXT azazaza;asdasdasdasd", None, Nothing),
        ("bad-record3", "_mta-sts.example.com TXT v=STSv12;id=20180907T090909;", None, Nothing),
        ("bad-policy1", record, served("garbage"), FetchError),
        ("bad-policy2", record, served(&body("enforce", "max_age: 86400")), FetchError),
        ("bad-policy3", record, changed(|page| page.content_type = Some("text/html".to_owned())), FetchError),
        ("bad-policy4", record, changed(|page| page.status = 404), FetchError),
        ("bad-policy5", record, served(&body("enforce", "mx: mail.loc\nmax_age: xxx")), FetchError),
        ("bad-policy6", record, served(&body("enforce", "mx: mail.loc\nmax_age: 31557601")), FetchError),
        ("bad-policy7", record, served(&format!("version: STSv1\n{rest}")), FetchError),
        ("bad-policy8", record, served(&body("doubt", rest)), FetchError),
        ("static-overlength", record, changed(|page| page.too_long = true), FetchError),
        ("chunked-overlength", record, changed(|page| (page.too_long, page.is_cut) = (true, true)), FetchError),
        ("bad-cert1", record, untrusted(private_ca()), FetchError),
        ("bad-cert2", record, untrusted(other_name()), FetchError),
    ];
    let mut others = Vec::new();
    for (name, zone, page, expected) in cases {
        let case = case(zone, page);
        let seen = case.summary();
        let found = match seen.state {
            PublishedState::Valid => Valid,
            PublishedState::Invalid if seen.status.is_some() || seen.id.is_some() => FetchError,
            PublishedState::Invalid | PublishedState::Absent => Nothing,
            PublishedState::Unknown => unreachable!("{name}: {seen:?}"),
        };
        let has_fault = case.ids().iter().any(|(_, severity)| *severity > Severity::Notice);
        assert_eq!(
            has_fault,
            expected == FetchError || name.starts_with("bad-record") && seen.record.is_some(),
            "{name}"
        );
        if found != expected {
            others.push(name);
        }
    }
    // RFC 8461 §3.2 only recommends the media type, and has no rule about a larger max_age. smtpcheck reports both, but
    // uses the policy.
    assert_eq!(others, ["bad-policy3", "bad-policy6"]);
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com").fails(
        "_mta-sts.example.com",
        RecordKind::Txt,
        DnsFaultKind::Timeout,
    );
    assert_eq!(case_in(world).summary().state, PublishedState::Unknown, "blackhole");
}

/// The media types from the tests of postfix-mta-sts-resolver: 7 accepted, 4 rejected.
#[test]
fn media_types_have_the_results_of_postfix_mta_sts_resolver() {
    for (media_type, is_accepted) in [
        ("text/plain", true),
        ("TEXT/PLAIN", true),
        ("TeXT/PlAiN", true),
        ("text/plain;charset=utf-8", true),
        ("text/plain;charset=UTF-8", true),
        ("text/plain; charset=UTF-8", true),
        ("text/plain ; charset=UTF-8", true),
        ("application/octet-stream", false),
        ("application/octet-stream+text/plain", false),
        ("application/json+text/plain", false),
        ("text/plain+", false),
    ] {
        let mut page = page(POLICY);
        page.response.iter_mut().for_each(|response| response.content_type = Some(media_type.to_owned()));
        assert_eq!(case(RECORD, Some(page)).ids().is_empty(), is_accepted, "{media_type}");
    }
}

#[test]
fn an_mx_record_that_fails_validation_is_no_reason_to_change_the_policy() {
    let mut world = World::new();
    world.zone(RECORD).page(HOST, PATH, page(POLICY));
    let dnssec = DnssecState::Bogus { why: BogusReason::NoSignature, zone: None };
    let record = RecordData::Mx { preference: 10, host: name("evil.example.net") };
    let seen = RecordsSeen { dnssec, ..response(&name("example.com"), vec![record]) };
    world.answer("example.com", RecordKind::Mx, seen);
    let good = trusted((-1, 30));
    assert_eq!(case_in(world).with(&[host("evil.example.net", ServerTls::Chains(vec![&good]))]), []);
}

#[test]
fn a_policy_that_only_some_senders_accept_has_no_certain_effect() {
    let good = trusted((-1, 30));
    let policy = POLICY.replace("mx: mx.example.com", "mx: .example.com");
    let found = case(RECORD, Some(page(&policy))).with(&[host("mx.example.com", ServerTls::Chains(vec![&good]))]);
    let found = found.iter().find(|one| one.rule == "sts-mx-not-covered").expect("a finding");
    assert_eq!((found.confidence, found.failure), (Confidence::Likely, None));
}

#[test]
fn a_host_that_does_not_exist_does_not_save_delivery() {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com\nexample.com MX 20 gone.example.com\nmx.example.com A 192.0.2.1");
    world.zone(RECORD).page(HOST, PATH, page(POLICY));
    let plan = plan("example.com");
    let evidence = world.evidence(&plan);
    let case = Case { plan, evidence };
    let gone = PolicyHost { name: name("gone.example.com"), servers: Vec::new() };
    let policy_fails = host("mx.example.com", ServerTls::NotOffered);
    let found = case.with(&[policy_fails, gone]);
    let found = found.iter().find(|one| one.rule == "sts-without-starttls").expect("a finding");
    assert_eq!(found.failure, Some(PhaseFailure::Tls));
}

#[test]
fn hosts_must_be_in_the_policy() {
    let good = trusted((-1, 30));
    let hosts = [
        host("mx.example.com", ServerTls::Chains(vec![&good])),
        host("a.b.example.com", ServerTls::Chains(vec![&good])),
    ];
    let case = case(RECORD, Some(page(POLICY)));
    let found = case.with(&hosts);
    assert_eq!(pairs(&found), expect("sts-mx-not-covered", Severity::Error));
    assert_eq!(found[0].failure, None, "another host is left");
    assert_eq!(case.with(&hosts[1..])[0].failure, Some(PhaseFailure::Tls));
    let wildcard = POLICY.replace("mx: mx.example.com", "mx: *.example.com");
    let found = self::case(RECORD, Some(page(&wildcard))).with(&hosts);
    assert_eq!(pairs(&found), expect("sts-mx-not-covered", Severity::Error));
    let testing = POLICY.replace("enforce", "testing");
    let found = self::case(RECORD, Some(page(&testing))).with(&hosts[1..]);
    assert!(pairs(&found).contains(&("sts-mx-not-covered".to_owned(), Severity::Warning)));
    assert!(found.iter().all(|one| one.failure.is_none()));
}

#[test]
fn hosts_in_the_policy_need_tls_and_a_valid_certificate() {
    let case = case(RECORD, Some(page(POLICY)));
    let (good, expired, other) = (trusted((-1, 30)), trusted((-60, -1)), other_name());
    let mx = |tls| [host("mx.example.com", tls)];
    assert_eq!(case.with(&mx(ServerTls::Chains(vec![&good]))), []);
    let found = case.with(&mx(ServerTls::NotOffered));
    assert_eq!(pairs(&found), expect("sts-without-starttls", Severity::Error));
    assert_eq!(found[0].failure, Some(PhaseFailure::Tls));
    for chain in [&expired, &other] {
        let found = case.with(&mx(ServerTls::Chains(vec![chain])));
        assert_eq!(pairs(&found), expect("sts-certificate-invalid", Severity::Error));
        assert_eq!(found[0].failure, Some(PhaseFailure::Tls));
    }
    let both = Presented { name: other.name.clone(), ..private_ca() };
    let found = case.with(&mx(ServerTls::Chains(vec![&both])));
    assert!(found[0].summary.contains("is for a different name and is not trusted"), "{}", found[0].summary);
    for failure in [StarttlsFailure::Rejected, StarttlsFailure::Handshake] {
        let found = case.with(&mx(ServerTls::Fails(failure)));
        assert_eq!(pairs(&found), expect("sts-tls-fails", Severity::Error));
        assert_eq!(found[0].failure, Some(PhaseFailure::Tls));
    }
    assert_eq!(case.with(&mx(ServerTls::Unknown)), [], "what was not tested is no fault");
    assert_eq!(case.with(&mx(ServerTls::Unreachable)), []);
}

#[test]
fn results_use_the_words_of_tls_reports() {
    let (good, expired, other) = (trusted((-1, 30)), trusted((-60, -1)), other_name());
    let name_matches = NameMatch::Matches { expected: "mx.example.com".to_owned() };
    let self_signed = Presented { name: name_matches, ..sent(&[&made((-1, 30)).ders[0]]) };
    let mx: DnsName = name("mx.example.com");
    let enforce = case(RECORD, Some(page(POLICY)));
    let of = |case: &Case, host: &DnsName, chain: Option<&Presented>| {
        let found = result(case.sight(), host, chain.map_or(StarttlsResult::NotOffered, StarttlsResult::Chain));
        (found.delivers, found.listed, found.result)
    };
    let failed = |word: &str| (Delivery::NotDelivered, Some(true), Some(word.to_owned()));
    assert_eq!(of(&enforce, &mx, Some(&good)), (Delivery::Authenticated, Some(true), None));
    assert_eq!(of(&enforce, &mx, Some(&expired)), failed("certificate-expired"));
    assert_eq!(of(&enforce, &mx, Some(&other)), failed("certificate-host-mismatch"));
    assert_eq!(of(&enforce, &mx, Some(&self_signed)), failed("certificate-not-trusted"));
    assert_eq!(of(&enforce, &mx, None), failed("starttls-not-supported"));
    let unlisted = (Delivery::NotDelivered, Some(false), Some("validation-failure".to_owned()));
    assert_eq!(of(&enforce, &name("mx2.example.com"), Some(&good)), unlisted);
    let testing = case(RECORD, Some(page(&POLICY.replace("enforce", "testing"))));
    let reported = (Delivery::Encrypted, Some(true), Some("certificate-expired".to_owned()));
    assert_eq!(of(&testing, &mx, Some(&expired)), reported);
    let unreachable = case(RECORD, None);
    let fetch = (Delivery::Encrypted, None, Some("sts-policy-fetch-error".to_owned()));
    assert_eq!(of(&unreachable, &mx, Some(&expired)), fetch);
    let absent = case("example.com A 192.0.2.1", None);
    assert_eq!(of(&absent, &mx, None), (Delivery::ClearText, None, None));
}

/// A check whose policy request fails with this DNS fault.
fn case_without_addresses(others: fn(&Plan, &Question) -> Option<Outcome>, code: DnsCode) -> Case {
    let mut world = World::new();
    world.zone("example.com MX 10 mx.example.com").zone(RECORD);
    let at = name(HOST);
    world.answer(HOST, RecordKind::A, RecordsSeen { code, ..response(&at, Vec::new()) });
    world.others = others;
    case_in(world)
}

fn dns_fault(question: &Question, kind: DnsFaultKind) -> Option<Outcome> {
    let fault = Fault::Dns { kind, detail: "test".to_owned() };
    matches!(question, Question::Fetch(_)).then_some(Outcome::Failed { fault })
}

#[test]
fn a_failed_lookup_of_the_policy_host_is_reported_with_its_code() {
    let case = case_without_addresses(|_, question| dns_fault(question, DnsFaultKind::ErrorCode), DnsCode::ServFail);
    let found = case.with(&[]);
    assert_eq!(pairs(&found), expect("sts-policy-unreachable", Severity::Warning));
    assert!(found[0].summary.contains("looked up") && found[0].summary.contains("SERVFAIL"), "{}", found[0].summary);
    assert_eq!(found[0].fixes[0].command.as_deref(), Some("dig mta-sts.example.com A"));
    assert!(case.summary().problem.is_some_and(|problem| problem.contains("SERVFAIL")));
    // Without a response code, the message names the fault.
    let case = case_without_addresses(|_, question| dns_fault(question, DnsFaultKind::Timeout), DnsCode::NoError);
    assert!(case.with(&[])[0].summary.contains("the DNS server did not respond"));
}

#[test]
fn a_limit_of_smtpcheck_is_no_fault_of_the_policy_host() {
    let case = case_without_addresses(|_, question| dns_fault(question, DnsFaultKind::SizeLimit), DnsCode::NoError);
    assert_eq!(case.ids(), []);
    let entry = super::not_tested(case.sight()).expect("an entry");
    assert!(entry.why.contains("smtpcheck's limit"), "{entry:?}");
}

#[test]
fn the_end_of_the_certificate_of_the_policy_host_is_watched() {
    let with = |days: i64| {
        let presented = Some(Box::new(trusted((-60, days))));
        case(RECORD, Some(FetchSeen { presented, ..page(POLICY) })).with(&[])
    };
    assert_eq!(with(30), []);
    let found = with(3);
    assert_eq!(pairs(&found), expect("sts-certificate-expires-soon", Severity::Warning));
    assert!(found[0].summary.contains("expires in 3 days"), "{}", found[0].summary);
}

#[test]
fn a_common_name_alone_is_not_enough() {
    let mut chain = trusted((-1, 30));
    chain.chain[0].names.clear();
    chain.chain[0].names_total = 0;
    chain.chain[0].common_name = Some("mx.example.com".to_owned());
    let in_case = case(RECORD, Some(page(POLICY)));
    let found = in_case.with(&[host("mx.example.com", ServerTls::Chains(vec![&chain]))]);
    assert_eq!(pairs(&found), expect("sts-certificate-invalid", Severity::Error));
    assert_eq!(found[0].confidence, Confidence::Likely, "some senders accept it");
    let of_page = FetchSeen { presented: Some(Box::new(chain)), ..page(POLICY) };
    let found = case(RECORD, Some(of_page)).with(&[]);
    assert_eq!(pairs(&found), expect("sts-policy-unreachable", Severity::Warning));
    assert!(found[0].cause.contains("subjectAltName"), "{}", found[0].cause);
}

#[test]
fn the_effect_depends_on_the_mode() {
    let good = trusted((-1, 30));
    let hosts = [host("a.b.example.com", ServerTls::Chains(vec![&good]))];
    let cause = |policy: &str| case(RECORD, Some(page(policy))).with(&hosts)[0].cause.clone();
    assert!(cause(POLICY).contains("do not deliver mail to the host"), "{}", cause(POLICY));
    let testing = POLICY.replace("enforce", "testing");
    let all = case(RECORD, Some(page(&testing))).with(&hosts);
    let found = all.iter().find(|one| one.rule == "sts-mx-not-covered").expect("a finding");
    assert!(found.cause.contains("would not deliver mail to the host"), "{}", found.cause);
}

#[test]
fn the_intended_policy_is_printed_if_it_is_known() {
    let command = |body: &str| {
        let found = case(RECORD, Some(page(body))).with(&[]);
        let command = found.first().and_then(|one| one.fixes.first()).and_then(|fix| fix.command.clone());
        command.map(|text| crate::evidence::quote::resolve(&text, |_, text| text.to_owned()))
    };
    let lines = "printf '%s\\n' 'version: STSv1' 'mode: enforce' 'mx: mx.example.com' 'max_age: 604800'";
    for body in [
        "version: STSv1\nMode: Enforce\nmx: mx.example.com\nmax_age: 604800\n",
        "mode: enforce\nmx: mx.example.com\nmax_age: 604800\n",
        "\u{feff}version: STSv1\nmode: enforce\n\nmx: mx.example.com\nmax_age: 604800\n",
    ] {
        assert_eq!(command(body).as_deref(), Some(lines), "{body}");
    }
    // The mode is not known.
    assert_eq!(command("version: STSv1\nmx: mx.example.com\nmax_age: 604800\n"), None);
    assert_eq!(command("<html><body>404</body></html>"), None);
}
