//! Tests with domains from public reports (`tests/data/domain/*.toml`). Each case contains a zone with its servers and
//! policies, and the findings that it must raise. A case lists every expected error and warning. Notices that a case
//! does not list are ignored.
//!
//! Records that a case does not contain are added from a domain without faults: an MX host that responds, SPF, and
//! DMARC.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use serde::Deserialize;

use super::world::{MailServer, NOW, World, chain, name, plan, plan_with_recipient, response};
use crate::check::finding::{Finding, Severity};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{
    Answer, BogusReason, DnsCode, DnsFaultKind, DnssecState, Fault, FetchSeen, HttpResponse, IndeterminateReason,
    NameMatch, Outcome, Presented, RecordData, RecordsSeen, Trust, quote,
};
use crate::plan::Plan;
use crate::policy::tlsa::tests::{Made, made, record, sent};
use crate::wire::{DnsName, DomainName, RecordKind};

#[derive(Deserialize)]
struct CaseFile {
    case: Vec<DomainCase>,
}

/// One domain.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainCase {
    id: String,
    /// The source of the facts.
    source: String,
    /// The fault of the domain, or a statement that it has none.
    fault: String,
    #[serde(default = "example")]
    domain: String,
    /// Records in the form of [`World::record`]. `{3 1 1 leaf}` is a TLSA record for a certificate of the server. A
    /// line that begins with `*300 ` stands for 300 lines, in which `{n}` is replaced by 1 to 300.
    #[serde(default)]
    zone: String,
    /// TXT records that consist of several strings: the name, then the strings.
    #[serde(default)]
    strings: Vec<Vec<String>>,
    /// Lookups without an ordinary response: the name, the type, the word for [`failure`], the server (if it is not the
    /// resolver), and `upper` (if only the name in upper case fails).
    #[serde(default)]
    fails: Vec<String>,
    /// Answers of authoritative servers: the address of the server, then a record.
    #[serde(default)]
    at: Vec<String>,
    /// Mail servers: address, name, then words of [`mail_server`].
    #[serde(default)]
    servers: Vec<String>,
    /// Whether all records are signed.
    #[serde(default)]
    signed: bool,
    /// Whether the case is used unchanged, without added records.
    #[serde(default)]
    bare: bool,
    /// The body of the MTA-STS policy.
    policy: Option<String>,
    /// How the web server responds: a status, `html`, `long`, `redirect`, or `other-name`.
    #[serde(default)]
    web: String,
    #[serde(default)]
    recipient: bool,
    #[serde(default)]
    sending: Vec<String>,
    host: Option<String>,
    #[serde(default)]
    selectors: Vec<String>,
    #[serde(default)]
    lists: Vec<String>,
    /// Rule, severity, confidence, and words that the fixes must contain.
    #[serde(default)]
    expect: Vec<String>,
    /// Rules that may also raise findings.
    #[serde(default)]
    also: Vec<String>,
    /// Text that the findings must contain, such as the record to publish.
    #[serde(default)]
    shows: Vec<String>,
    /// Why the result differs from the expectation.
    differs: Option<String>,
}

fn example() -> String {
    "example.com".to_owned()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Right,
    Partly,
    Wrong,
    WrongAndCertain,
}

/// Default records for cases that have none.
const SOUND: [(&str, &str, &str); 5] = [
    ("{domain}", "MX", "10 mx.{domain}"),
    ("mx.{domain}", "A", "8.8.4.4"),
    ("{domain}", "TXT", "v=spf1 mx -all"),
    ("_dmarc.{domain}", "TXT", "v=DMARC1; p=quarantine; rua=mailto:dmarc@{domain}"),
    ("kept._domainkey.{domain}", "TXT", "v=DKIM1; p=a2VwdA=="),
];

impl DomainCase {
    fn plan(&self) -> Plan {
        let mut plan = if self.recipient { plan_with_recipient(&self.domain) } else { plan(&self.domain) };
        let of_domain = plan.domain.as_mut().expect("a check of a domain");
        of_domain.sending = self.sending.iter().map(|ip| ip.parse().expect("an address")).collect();
        of_domain.sending_host = self.host.as_ref().map(|host| DomainName::parse(host).expect("a host"));
        of_domain.selectors.clone_from(&self.selectors);
        of_domain.lists = self.lists.iter().map(|zone| DomainName::parse(zone).expect("a zone")).collect();
        plan
    }

    /// The lines of the zone.
    fn lines(&self) -> Vec<String> {
        let lines = self.zone.lines().map(str::trim_start).filter(|line| !line.is_empty());
        let repeated = |line: &str| {
            let count = line.strip_prefix('*').and_then(|rest| rest.split_once(' '));
            match count.and_then(|(count, line)| Some((count.parse::<usize>().ok()?, line))) {
                Some((count, line)) => (1..=count).map(|number| line.replace("{n}", &number.to_string())).collect(),
                None => vec![line.to_owned()],
            }
        };
        lines.flat_map(repeated).collect()
    }

    fn world(&self, made: &Made) -> World {
        let mut world = World::new();
        let zone = self.lines();
        for line in &zone {
            let line = with_certificates(line, made);
            match line.contains(" SOA ") {
                true => {
                    let (of, kind, data) = parsed(&line);
                    world.answer(of.as_str(), kind, response(&of, vec![data]))
                }
                false => world.record(&line),
            };
        }
        for strings in &self.strings {
            let (of, strings) = strings.split_first().expect("a name");
            let lengths = strings.iter().map(String::len).collect();
            let text = RecordData::Txt { text: strings.concat(), lengths, raw_b64: None };
            world.answer(of, RecordKind::Txt, response(&name(of), vec![text]));
        }
        let has = |of: &str, kind: &str| {
            let is_txt = |line: &str| of == self.domain && kind == "TXT" && line.to_ascii_lowercase().contains("spf");
            let mut lines = zone.iter().map(String::as_str).filter(|line| {
                let mut words = line.split(' ');
                words.next() == Some(of) && [Some(kind), Some("CNAME")].contains(&words.next())
            });
            let fails = || self.fails.iter().any(|line| line.starts_with(&format!("{of} {kind} ")));
            let strings = || kind == "TXT" && self.strings.iter().any(|strings| strings[0] == of);
            match of == self.domain && kind == "TXT" {
                true => lines.any(is_txt) || fails() || strings(),
                false => lines.next().is_some() || fails() || strings(),
            }
        };
        for (of, kind, value) in SOUND {
            if of.starts_with("kept") && (self.zone.contains("_domainkey.") || !self.strings.is_empty()) {
                continue;
            }
            let (of, value) = (of.replace("{domain}", &self.domain), value.replace("{domain}", &self.domain));
            if !self.bare && !has(&of, kind) {
                world.record(&format!("{of} {kind} {value}"));
            }
        }
        if self.signed {
            world.signed();
        }
        for line in &self.at {
            let (server, line) = line.split_once(' ').expect("a server");
            let server = SocketAddr::new(server.parse().expect("an address"), 53);
            let (of, kind, data) = parsed(line);
            let seen = RecordsSeen { authoritative: true, ..response(&of, vec![data]) };
            world.outcome(of.as_str(), kind, Some(server), Outcome::Done { answer: Answer::Records(seen) });
        }
        for line in &self.fails {
            let words: Vec<&str> = line.split(' ').collect();
            let server = words.get(3).map(|ip| SocketAddr::new(ip.parse().expect("an address"), 53));
            let found = self.zone.lines().map(str::trim).filter(|record| record.starts_with(&words[..2].join(" ")));
            let records = found.map(|record| parsed(&with_certificates(record, made)).2).collect();
            let outcome = failure(words[0], words[2], records);
            match (words.get(4), server) {
                (Some(&"upper"), Some(server)) => {
                    let mut outcome = outcome;
                    if let Outcome::Done { answer: Answer::Records(seen) } = &mut outcome {
                        seen.authoritative = true;
                    }
                    world.upper_case(words[0], kind(words[1]), server, outcome)
                }
                _ => world.outcome(words[0], kind(words[1]), server, outcome),
            };
        }
        let is_given = |ip: &str| self.servers.iter().any(|line| line.split(' ').next() == Some(ip));
        if !self.bare && !is_given("8.8.4.4") {
            world.server("8.8.4.4", mail_server(&[&format!("mx.{}", self.domain)], made));
        }
        for line in &self.servers {
            let words: Vec<&str> = line.split(' ').collect();
            match words[1] {
                "only-443" => world.server(words[0], mail_server(&["web.example.net"], made)).only_on(words[0], 443),
                "timeout" => world.closed(words[0], ConnectFaultKind::TimedOut),
                "refused" => world.closed(words[0], ConnectFaultKind::Refused),
                "no-route" => world.closed(words[0], ConnectFaultKind::NetworkUnreachable),
                _ => world.server(words[0], mail_server(&words[1..], made)),
            };
        }
        if let Some(policy) = &self.policy {
            let host = format!("mta-sts.{}", self.domain);
            world.page(&host, "/.well-known/mta-sts.txt", page(&host, policy, &self.web));
        }
        world
    }
}

fn kind(text: &str) -> RecordKind {
    let known = [
        RecordKind::A,
        RecordKind::Aaaa,
        RecordKind::Mx,
        RecordKind::Ns,
        RecordKind::Txt,
        RecordKind::Ptr,
        RecordKind::Tlsa,
        RecordKind::Cname,
        RecordKind::Soa,
    ];
    known.into_iter().find(|kind| kind.to_string() == text).expect("a type of records")
}

/// One record, as [`World::record`] reads it.
fn parsed(line: &str) -> (DnsName, RecordKind, RecordData) {
    let words: Vec<&str> = line.split(' ').collect();
    if words[1] == "SOA" {
        let serial = words[2].parse().expect("a serial number");
        let soa = RecordData::Soa { primary: name("ns1.example.com"), serial, expire: 1, minimum: 1 };
        return (name(words[0]), RecordKind::Soa, soa);
    }
    let mut world = World::new();
    world.record(line);
    let asked = crate::question::RecordsRequest::to_resolver(name(words[0]), kind(words[1]));
    match world.lookup(&asked) {
        Outcome::Done { answer: Answer::Records(mut seen) } => (asked.name, asked.kind, seen.records.remove(0).data),
        _ => unreachable!("the record was added"),
    }
}

fn with_certificates(line: &str, made: &Made) -> String {
    let Some((before, rest)) = line.split_once("{3 ").map(|(a, b)| (a, ("3", b))).or_else(|| {
        ["0", "1", "2"].iter().find_map(|usage| line.split_once(&format!("{{{usage} ")).map(|(a, b)| (a, (*usage, b))))
    }) else {
        return line.to_owned();
    };
    let (usage, rest) = rest;
    let (inner, after) = rest.split_once('}').expect("an end");
    let words: Vec<&str> = inner.split(' ').collect();
    let number = |text: &str| text.parse::<u8>().expect("a number");
    let der =
        &made.ders[["leaf", "middle", "root"].iter().position(|known| *known == words[2]).expect("a certificate")];
    format!("{before}{}{after}", record(number(usage), number(words[0]), number(words[1]), der))
}

/// The outcome of a lookup.
fn failure(of: &str, word: &str, records: Vec<RecordData>) -> Outcome {
    let fault = |kind| Outcome::Failed { fault: Fault::Dns { kind, detail: "test".to_owned() } };
    let seen = |seen: RecordsSeen| Outcome::Done { answer: Answer::Records(seen) };
    let coded = |code| seen(RecordsSeen { code, ..response(&name(of), Vec::new()) });
    let state = |dnssec| seen(RecordsSeen { dnssec, ..response(&name(of), records.clone()) });
    let bogus = |why| state(DnssecState::Bogus { why, zone: Some(name("example.com")) });
    let days = |days: i64| u32::try_from(NOW + days * 86_400).expect("a time");
    match word {
        "timeout" => fault(DnsFaultKind::Timeout),
        "unreachable" => fault(DnsFaultKind::Unreachable),
        "tcp" => fault(DnsFaultKind::TcpFailed),
        "loop" => fault(DnsFaultKind::AliasLoop),
        "malformed" => fault(DnsFaultKind::Malformed),
        "servfail" => coded(DnsCode::ServFail),
        "refused" => coded(DnsCode::Refused),
        "nxdomain" => coded(DnsCode::NxDomain),
        "nodata" => coded(DnsCode::NoError),
        "insecure" => state(DnssecState::Insecure),
        "secure" => state(DnssecState::Secure),
        "stripped" => state(DnssecState::Indeterminate { why: IndeterminateReason::SignaturesStripped }),
        "expired" => bogus(BogusReason::Expired { at: days(-5) }),
        "future" => bogus(BogusReason::NotYetValid { at: days(1) }),
        "ds" => bogus(BogusReason::DsMismatch),
        "unsigned" => bogus(BogusReason::NoSignature),
        "signature" => bogus(BogusReason::WrongSignature),
        "denial" => bogus(BogusReason::DenialUnproven),
        other => unreachable!("the failure {other} is not supported"),
    }
}

/// A mail server: its name, then `no-starttls`, `relay`, `all`, `greylist`, `other-name`, `expired`, `no-root`,
/// `rsa-other`, `self-signed`.
fn mail_server(words: &[&str], made: &Made) -> MailServer {
    let host = words[0];
    let mut server = MailServer::new(host);
    let mut presented = trusted(host, &made.ders.iter().collect::<Vec<_>>());
    for word in &words[1..] {
        server = match *word {
            "no-starttls" => server.without_starttls(),
            "relay" => server.replying("RCPT TO:<relay-test@", "250 2.1.5 Ok"),
            "all" => server.replying("RCPT TO:<", "250 2.1.5 Ok"),
            "greylist" => server.replying("RCPT TO:<", "450 4.2.0 Greylisted, try again later"),
            "no-null-sender" => server.replying("MAIL FROM:<>", "550 5.7.1 Null sender refused"),
            "no-root" => {
                presented = trusted(host, &[&made.ders[0], &made.ders[1]]);
                server
            }
            "leaf-only" => {
                presented = trusted(host, &[&made.ders[0]]);
                server
            }
            "other-name" => {
                presented.chain[0].names = vec!["other.example.net".to_owned()];
                server
            }
            "expired" => {
                presented.trust = Trust::Outdated { path: Vec::new() };
                presented.chain[0].not_after = presented.chain[0].not_before;
                server
            }
            "rsa-other" => server,
            "self-signed" => {
                presented.trust =
                    Trust::Untrusted { why: crate::evidence::ChainFault::SelfSigned, detail: "self-signed".to_owned() };
                server
            }
            other => unreachable!("the word {other} is not supported"),
        };
    }
    let chains =
        if words.contains(&"rsa-other") { vec![presented, chain(&[host], "RSA 2048", 60)] } else { vec![presented] };
    server.with_chains(chains)
}

fn trusted(host: &str, ders: &[&Vec<u8>]) -> Presented {
    let mut presented = sent(ders);
    presented.chain[0].names = vec![host.to_owned()];
    presented.trust = Trust::Trusted { path: vec!["leaf".to_owned(), "middle".to_owned(), "root".to_owned()] };
    presented.path = (0..presented.chain.len()).collect();
    presented
}

fn page(host: &str, body: &str, how: &str) -> FetchSeen {
    let name = match how {
        "other-name" => NameMatch::Differs { expected: host.to_owned(), presented: vec!["example.com".to_owned()] },
        _ => NameMatch::Matches { expected: host.to_owned() },
    };
    let made = made((-1, 30));
    let presented = Presented { name, ..trusted(host, &made.ders.iter().collect::<Vec<_>>()) };
    let response = HttpResponse {
        status: how.parse().unwrap_or(if how == "redirect" { 301 } else { 200 }),
        content_type: Some(if how == "html" { "text/html" } else { "text/plain" }.to_owned()),
        location: (how == "redirect").then(|| "https://www.example.com/".to_owned()),
        body: body.to_owned(),
        body_bytes: body.len(),
        too_long: how == "long",
        is_cut: false,
        timed_out: false,
    };
    FetchSeen {
        address: "192.0.2.80:443".parse().expect("an address"),
        tls_version: Some("TLS 1.3".to_owned()),
        presented: Some(Box::new(presented)),
        response: (how != "other-name").then_some(response),
    }
}

/// Every sentence of a finding, without the quote marks around received text.
fn sentences(finding: &Finding) -> String {
    let mut finding = finding.clone();
    let texts: Vec<String> = finding.texts().map(|text| quote::resolve(text, |_, text| text.to_owned())).collect();
    texts.join("\n    ")
}

/// Compares the findings with the expectation, and describes the differences in words.
fn compared(case: &DomainCase, findings: &[Finding]) -> (Verdict, Vec<String>) {
    let mut why = Vec::new();
    let mut verdict = Verdict::Right;
    let mut raise = |to: Verdict, reason: String| {
        verdict = verdict.max(to);
        why.push(reason);
    };
    let expected: Vec<Vec<&str>> = case.expect.iter().map(|line| line.split(' ').collect()).collect();
    for words in &expected {
        let Some(finding) = findings.iter().find(|finding| finding.rule == words[0]) else {
            raise(Verdict::Wrong, format!("missing: {}", words.join(" ")));
            continue;
        };
        let severity = format!("{:?}", finding.severity).to_lowercase();
        let confidence = format!("{:?}", finding.confidence).to_lowercase();
        let fixes: Vec<String> = finding.fixes.iter().map(|fix| fix.text.to_lowercase()).collect();
        let fixes = fixes.join(" ");
        for (at, word) in words.iter().enumerate().skip(1) {
            let is_so = match at {
                1 => severity == *word,
                2 => confidence == *word,
                _ => fixes.contains(&word.replace('_', " ")),
            };
            if !is_so {
                raise(Verdict::Partly, format!("{}: {word} is expected, not {severity} {confidence}", words[0]));
            }
        }
    }
    for finding in findings.iter().filter(|finding| finding.severity > Severity::Notice) {
        let is_known =
            expected.iter().any(|words| words[0] == finding.rule) || case.also.iter().any(|also| *also == finding.rule);
        if !is_known {
            let is_certain = finding.confidence == crate::lexicon::Confidence::Certain;
            let to = if is_certain { Verdict::WrongAndCertain } else { Verdict::Wrong };
            raise(to, format!("surplus: {} ({:?})", finding.rule, finding.severity));
        }
        if finding.cause.is_empty() || finding.fixes.is_empty() {
            raise(Verdict::Partly, format!("{} has no cause or no fix", finding.rule));
        }
    }
    let all: String = findings.iter().map(sentences).collect::<Vec<_>>().join("\n");
    for text in case.shows.iter().filter(|text| !all.contains(text.as_str())) {
        raise(Verdict::Partly, format!("not shown: {text}"));
    }
    (verdict, why)
}

#[test]
fn reported_domains_raise_the_findings_of_their_faults_and_no_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/domain");
    let made = made((-1, 60));
    let (mut failed, mut ids) = (Vec::new(), Vec::new());
    let mut counts: BTreeMap<(String, Verdict), usize> = BTreeMap::new();
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a file");
        let cases: CaseFile = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in &cases.case {
            assert!(!case.source.is_empty() && !case.fault.is_empty(), "{}", case.id);
            ids.push(case.id.clone());
            let plan = case.plan();
            let evidence = case.world(&made).evidence(&plan);
            let findings = crate::check::judge(&plan, &evidence);
            let (verdict, why) = compared(case, &findings);
            let group = case.id.split('-').next().unwrap_or_default().to_owned();
            *counts.entry((group, verdict)).or_default() += 1;
            if (verdict == Verdict::Right) == case.differs.is_some() {
                let findings: Vec<String> = findings
                    .iter()
                    .map(|of| format!("  {} {:?} {:?}\n    {}", of.rule, of.severity, of.confidence, sentences(of)))
                    .collect();
                failed.push(format!("{} ({}): {verdict:?}: {why:?}\n{}", case.id, case.fault, findings.join("\n")));
            }
        }
    }
    let total = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), total, "an id occurs twice");
    assert!(failed.is_empty(), "{} of {total}, {counts:?}:\n{}", failed.len(), failed.join("\n"));
}
