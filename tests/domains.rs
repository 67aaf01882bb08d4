//! Every mail domain of the sandbox against the built program: the findings and the exit code are those listed for the
//! domain, and every rule of `check/domain` is raised by a domain, or by a unit test for a stated reason.
//!
//! `cargo test --test program -- --nocapture domains::table` prints the table of all domains with their results. The servers
//! need all addresses in 127.0.0.0/8, which only Linux has.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a failing test panics")]

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use smtpcheck::sandbox::domains::case::DomainCase;
use smtpcheck::sandbox::domains::{DOMAIN_CASES, DomainPorts, DomainService};
use smtpcheck::sandbox::{Options, Remote, Running, Sandbox};

use crate::support::program;

/// The time limit for one check of a domain, whatever its servers do.
const LIMIT: Duration = Duration::from_secs(20);

struct DomainSandbox {
    service: DomainService,
    folder: tempfile::TempDir,
    _running: Running,
}

impl DomainSandbox {
    fn open() -> DomainSandbox {
        let options = Options {
            listen: std::net::Ipv4Addr::LOCALHOST.into(),
            port: None,
            remote: Remote::Refused,
            fleet: None,
            dns: None,
            domains: Some(DomainPorts::default()),
        };
        let sandbox = Sandbox::open(&[], &options).unwrap();
        let service = sandbox.domains().unwrap().clone();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), sandbox.authorities().unwrap()).unwrap();
        std::fs::write(folder.path().join("anchor.txt"), &service.anchor).unwrap();
        DomainSandbox { service, folder, _running: sandbox.spawn(None).unwrap() }
    }

    /// The arguments of a domain check.
    fn arguments(&self, case: &DomainCase) -> Vec<String> {
        self.with_files(self.service.arguments(case))
    }

    /// Adds the trust anchor, the CA and the time limit.
    fn with_files(&self, mut words: Vec<String>) -> Vec<String> {
        for (flag, file) in [("--trust-anchor", "anchor.txt"), ("--cacert", "ca.pem")] {
            words.extend([flag.to_owned(), self.folder.path().join(file).display().to_string()]);
        }
        words.extend(["--max-time".to_owned(), format!("{}s", LIMIT.as_secs())]);
        words
    }
}

/// The servers of all domains.
fn sandbox() -> &'static DomainSandbox {
    static SANDBOX: OnceLock<DomainSandbox> = OnceLock::new();
    SANDBOX.get_or_init(DomainSandbox::open)
}

/// The notices that the check of every domain may report, because they are about the sandbox: its servers have no IPv6
/// addresses.
const OF_EVERY_DOMAIN: &[&str] = &["mx-no-ipv6"];

/// The result of a domain check: the rules of errors and warnings in alphabetical order, those of notices without
/// repetition, and the exit code.
struct DomainResult {
    case: &'static DomainCase,
    rules: Vec<String>,
    notices: Vec<String>,
    code: i32,
    text: String,
}

fn results() -> &'static Vec<DomainResult> {
    static RESULTS: OnceLock<Vec<DomainResult>> = OnceLock::new();
    RESULTS.get_or_init(|| {
        let sandbox = sandbox();
        let check = |case: &'static DomainCase| {
            let words = sandbox.arguments(case);
            let words: Vec<&str> = words.iter().map(String::as_str).chain(["--json"]).collect();
            let run = program::run_with(&words, None, &[]);
            let report = run.json();
            let (notices, rules): (Vec<_>, Vec<_>) =
                program::findings(&report).into_iter().partition(|(_, severity)| severity == "notice");
            let names = |findings: Vec<(String, String)>| {
                let mut names: Vec<String> = findings.into_iter().map(|(rule, _)| rule).collect();
                names.sort();
                names
            };
            let (rules, mut notices) = (names(rules), names(notices));
            notices.dedup();
            notices.retain(|rule| !OF_EVERY_DOMAIN.contains(&rule.as_str()));
            DomainResult { case, rules, notices, code: run.code, text: run.to_string() }
        };
        // A check mostly waits, so several run at the same time.
        let check = &check;
        std::thread::scope(|scope| {
            let parts = DOMAIN_CASES.chunks(DOMAIN_CASES.len().div_ceil(4));
            let parts: Vec<_> =
                parts.map(|part| scope.spawn(move || part.iter().map(check).collect::<Vec<DomainResult>>())).collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
        })
    })
}

#[test]
fn every_domain_causes_exactly_its_findings() {
    let mut wrong = Vec::new();
    for result in results() {
        let (mut expected, mut notices) = (result.case.expect.to_vec(), result.case.notices.to_vec());
        expected.sort_unstable();
        notices.sort_unstable();
        if result.notices != notices {
            wrong.push(format!("{}: notices {:?}, expected {notices:?}", result.case.name, result.notices));
        }
        if result.rules != expected || result.code != i32::from(result.case.exit) {
            wrong.push(format!(
                "{}: {:?} exit {}, expected {expected:?} exit {}",
                result.case.name, result.rules, result.code, result.case.exit
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_shown_as_not_tested_without_a_reason() {
    let sandbox = DomainSandbox::open();
    let names =
        ["dns-servfail", "mx-host-servfail", "dnssec-expired", "mx-missing-host", "mx-rejects-clients", "null-mx"];
    for case in DOMAIN_CASES.iter().filter(|case| names.contains(&case.name)) {
        for format in ["text", "markdown", "html"] {
            let words = sandbox.arguments(case);
            let words: Vec<&str> = words.iter().map(String::as_str).chain(["--format", format]).collect();
            let text = program::run_with(&words, None, &[]).stdout;
            let (_, results) = text.split_once("Policies for mail to the domain").unwrap_or_default();
            assert!(!results.is_empty(), "{}, {format}: {text}", case.name);
            for line in results.lines() {
                let end = line.trim_end_matches([' ', '|', '-']).trim_end_matches("<td></td></tr>");
                assert!(!end.ends_with("not tested"), "{}, {format}: {line}", case.name);
            }
        }
    }
}

#[test]
fn table_of_all_domains() {
    for result in results() {
        let (rules, notices) = (result.rules.join(", "), result.notices.join(", "));
        println!("{:28} {:3} {rules} ({notices})", result.case.name, result.code);
        assert!(!result.text.contains("internal error"), "{}", result.text);
    }
}

/// The rules that no domain of the sandbox raises, each with the reason. Unit tests raise them.
const WITHOUT_DOMAIN: &[(&str, &str)] = &[
    ("mx-no-ipv4", "the servers have no IPv6 addresses"),
    ("mx-lookup-unanswered", "the check would take as long as its time limit"),
    ("mx-unreachable", "the servers listen on every loopback address, because all domains use the same port"),
    ("mx-port-blocked-here", "the servers listen on every loopback address, because all domains use the same port"),
    ("mx-behind-web-proxy", "a web proxy has a public IP address"),
    ("mx-not-tested", "this machine reaches every server"),
];

#[test]
fn every_rule_about_domains_is_raised_by_a_domain_of_the_sandbox() {
    let raised: Vec<&str> =
        DOMAIN_CASES.iter().flat_map(|case| case.expect.iter().chain(case.notices)).copied().collect();
    let rules = smtpcheck::check::domain::DOMAIN_CHECKS.iter().flat_map(|check| check.rules.iter());
    let missing: Vec<&str> =
        rules.map(|rule| rule.id).filter(|id| !raised.contains(id) && !OF_EVERY_DOMAIN.contains(id)).collect();
    let mut expected: Vec<&str> = WITHOUT_DOMAIN.iter().map(|(id, _)| *id).collect();
    let mut missing = missing;
    missing.sort_unstable();
    expected.sort_unstable();
    assert_eq!(missing, expected, "a rule without a domain needs one in src/sandbox/domains, or a reason here");
}

#[test]
fn the_tlsa_records_of_the_servers_are_printed() {
    let sandbox = sandbox();
    let printed = |name: &str| {
        let case = DOMAIN_CASES.iter().find(|case| case.name == name).unwrap();
        let words = sandbox.arguments(case);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let report = program::run_with(&[&words[..], &["--json"]].concat(), None, &[]).json();
        let certificate = &report["domain"]["mx"][0]["addresses"][0]["certificates"][0];
        let digest = certificate["spki_sha256"].as_str().map(str::to_owned);
        (program::run_with(&[&words[..], &["--tlsa"]].concat(), None, &[]), digest)
    };
    let port = sandbox.service.mail;
    for (name, code, warning) in [
        ("domain-healthy", 0, None),
        // The exit code is that of the check.
        ("dane-mismatch", 6, None),
        ("domain-plain", 0, Some("until the zones of the following names are signed with DNSSEC: domain-plain.test")),
    ] {
        let (run, digest) = printed(name);
        let expected = format!("_{port}._tcp.mx1.{name}.test. IN TLSA 3 1 1 {}\n", digest.unwrap());
        assert_eq!((run.code, run.stdout.as_str()), (code, expected.as_str()), "{run}");
        match warning {
            Some(warning) => assert!(run.stderr.contains(warning), "{run}"),
            None => assert_eq!(run.stderr, "", "{run}"),
        }
    }
    let (none, digest) = printed("null-mx");
    assert_eq!((none.code, none.stdout.as_str(), digest), (0, "", None));
    assert!(none.stderr.contains("no mail server sent a certificate"), "{none}");
    let clash = program::run(&["domain", "example.test", "--tlsa", "--json"]);
    assert_eq!((clash.code, clash.stdout.as_str()), (2, ""));
}

#[test]
fn every_rule_about_domains_is_raised_by_a_domain_or_by_a_unit_test() {
    let ids: Vec<&str> = smtpcheck::check::domain::DOMAIN_CHECKS
        .iter()
        .flat_map(|check| check.rules.iter().map(|rule| rule.id))
        .collect();
    let mut tests = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/domain")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            match text.split_once("mod tests {") {
                Some((_, part)) => tests.push_str(part),
                None if path.ends_with("tests.rs") => tests.push_str(&text),
                None => {}
            }
        }
    }
    let expected: Vec<&str> =
        DOMAIN_CASES.iter().flat_map(|case| case.expect.iter().chain(case.notices)).copied().collect();
    let is_raised = |id: &&&str| expected.contains(*id) || tests.contains(&format!("\"{id}\""));
    let missing: Vec<&&str> = ids.iter().filter(|id| !is_raised(id)).collect();
    assert!(missing.is_empty(), "no domain of the sandbox and no unit test raises {missing:?}");
    let unknown: Vec<&&str> = expected.iter().filter(|id| smtpcheck::check::rule(id).is_none()).collect();
    assert!(unknown.is_empty(), "no rule is called {unknown:?}");
}

#[test]
fn the_records_of_a_batch_and_their_summary_contain_the_results_of_domains() {
    let sandbox = sandbox();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let case = DOMAIN_CASES.iter().find(|case| case.name == "domain-healthy").unwrap();
    let flags: Vec<String> = sandbox.arguments(case).into_iter().skip(2).collect();
    let batch = |input: &str, words: &[&str]| {
        let words: Vec<&str> = ["batch", "--domain", "-"]
            .into_iter()
            .chain(flags.iter().map(String::as_str))
            .chain(words.iter().copied())
            .collect();
        program::run_with(&words, Some(input), &[])
    };
    let names = "domain-healthy.test\ndomain-plain.test\n";
    let (first, second, summary) = (file("a.ndjson"), file("b.ndjson"), file("summary.json"));
    let run = batch(names, &["--output", &first, "--summary", &summary, "--expect", "domain.mx_count == 1"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let records = std::fs::read_to_string(&first).unwrap();
    let records: Vec<serde_json::Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let healthy = records.iter().find(|record| record["target"]["host"] == "domain-healthy.test").unwrap();
    let domain = &healthy["domain"];
    assert_eq!(domain["mx"][0]["host"], "mx1.domain-healthy.test");
    assert_eq!((&domain["dnssec"]["state"], &domain["dane"]), (&"secure".into(), &"valid".into()));
    assert_eq!((&domain["mta_sts"]["mode"], &domain["dmarc"]["policy"]), (&"enforce".into(), &"reject".into()));
    assert_eq!(domain["senders"][0]["delivers"], "authenticated");
    batch("dane-mismatch.test\ndomain-plain.test\n", &["--output", &second, "--quiet"]);
    let merged = program::run(&["report", &first, &second, "--json"]);
    let merged: serde_json::Value = serde_json::from_str(&merged.stdout).unwrap();
    let counts = &merged["domains"];
    assert_eq!((&counts["domains"], &counts["by_mx"]["1"]), (&3.into(), &3.into()), "a repeated domain counts once");
    assert_eq!(counts["by_dane"], serde_json::json!({"insecure": 1, "invalid": 1, "valid": 1}));
    assert_eq!(counts["by_sender"]["dane"]["not-delivered"], 1);
    let summary: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&summary).unwrap()).unwrap();
    assert_eq!(summary["domains"]["by_mta_sts"], serde_json::json!({"absent": 1, "enforce": 1}));
    let table = batch("domain-healthy.test\n", &["--quiet", "--format", "csv"]).stdout;
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let cell = |name: &str| rows[1][rows[0].iter().position(|head| *head == name).unwrap()];
    assert_eq!((cell("domain.name"), cell("domain.dane")), ("domain-healthy.test", "valid"));
    assert_eq!((cell("domain.mta_sts.mode"), cell("senders.neither")), ("enforce", "encrypted"));
    let wrong = batch(names, &["--format", "csv", "--columns", "line,tls.version"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("--columns tls.version: this column requires a server check"), "{}", wrong.stderr);
}

/// A customer key for a blocklist.
const LIST_KEY: &str = "abcdefghijklmnopqrstuvwx7q";

/// A resolver that knows only the zone of a blocklist with this key. It lists every IP address except 127.0.0.1, and
/// repeats the key in the entry's text.
fn list_resolver() -> std::net::SocketAddr {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, client)) = socket.recv_from(&mut buffer) {
            let question = &buffer[..length];
            let name_end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 1;
            let kind = u16::from_be_bytes([question[name_end], question[name_end + 1]]);
            let name = String::from_utf8_lossy(&question[12..name_end]).to_lowercase();
            let is_listed = name.contains(LIST_KEY) && !name.starts_with("\u{1}1\u{1}0\u{1}0\u{3}127");
            let data = match kind {
                1 if is_listed => vec![127, 0, 0, 2],
                16 if is_listed => [&[29][..], b"by ", LIST_KEY.to_uppercase().as_bytes()].concat(),
                _ => Vec::new(),
            };
            let mut reply = question[..name_end + 4].to_vec();
            reply[2..12].copy_from_slice(&[
                0x81,
                if is_listed { 0x80 } else { 0x83 },
                0,
                1,
                0,
                u8::from(!data.is_empty()),
                0,
                0,
                0,
                0,
            ]);
            if !data.is_empty() {
                reply.extend([0xc0, 12]);
                reply.extend(kind.to_be_bytes());
                reply.extend([0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()]);
                reply.extend(data);
            }
            socket.send_to(&reply, client).unwrap();
        }
    });
    address
}

#[test]
fn the_customer_key_of_a_blocklist_is_used_and_never_shown() {
    let resolver = list_resolver().to_string();
    let zone = format!("{LIST_KEY}.zen.dq.spamhaus.net");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let flags = ["--resolver", &resolver, "--list", &zone, "--sending", "192.0.2.7"];
    let mut shown: Vec<(String, String)> = Vec::new();
    let mut run = |words: &[&str], input: Option<&str>| {
        let words: Vec<&str> = words.iter().copied().chain(flags).collect();
        let run = program::run_with(&words, input, &[("RUST_LOG", "trace")]);
        shown.push((words.join(" "), format!("{}{}", run.stdout, run.stderr)));
        run
    };
    let listed = run(&["domain", "example.test", "--json"], None).json();
    let list = &listed["domain"]["sending"][0]["lists"][0];
    assert_eq!((&list["zone"], &list["state"]), (&"key-not-shown.zen.dq.spamhaus.net".into(), &"listed".into()));
    let formats = ["text", "ndjson", "html", "markdown", "junit", "github", "prometheus", "nagios"];
    for format in formats {
        run(&["domain", "example.test", "--format", format], None);
    }
    let saved = file("saved.json");
    run(&["domain", "example.test", "-v", "--report", &format!("json={saved}")], None);
    for words in [&["--full"][..], &["--format", "csv", "--columns", "findings,sending[*].listed"]] {
        run(&[&["batch", "--domain", "-"], words].concat(), Some("example.test\n"));
    }
    run(&["domain", "example.test", "--list", "none"], None);
    let again = program::run(&["report", &saved, "--rejudge", "--json"]);
    assert!(
        again.stdout.contains("key-not-shown.zen.dq.spamhaus.net is listed at") || again.stdout.contains("list-listed")
    );
    for list in [&format!("{LIST_KEY}..zen.dq.spamhaus.net"), LIST_KEY, &format!("https://{zone}")] {
        let run = program::run(&["domain", "example.test", "--list", list]);
        assert_eq!(run.code, 2);
        shown.push((list.to_string(), run.stderr));
    }
    let suite = file("suite.toml");
    for list in [zone.clone(), format!("{LIST_KEY}..zen.dq.spamhaus.net"), format!("{zone}\" 5 \"")] {
        let text = format!(
            "[[check]]\nname = \"a\"\ndomain = \"example.test\"\nresolver = \"{resolver}\"\nlist = [\"{list}\"]\nsending = [\"192.0.2.7\"]\n"
        );
        std::fs::write(&suite, text).unwrap();
        for words in [&["run", &suite][..], &["run", &suite, "--dry-run"], &["run", &suite, "--json"]] {
            let run = program::run(words);
            shown.push((format!("{words:?} {list}"), format!("{}{}", run.stdout, run.stderr)));
        }
    }
    let config = file("config.toml");
    std::fs::write(&config, format!("[defaults]\nlist = [\"{zone}\"]\n")).unwrap();
    let of_config =
        ["domain", "example.test", "--config", &config, "--resolver", &resolver, "--sending", "192.0.2.7", "--json"];
    for words in [&["config", "show", "--config", &config][..], &of_config] {
        let run = program::run(words);
        shown.push((words.join(" "), format!("{}{}", run.stdout, run.stderr)));
    }
    shown.push(("the saved report".to_owned(), std::fs::read_to_string(&saved).unwrap()));
    shown.push(("--rejudge".to_owned(), again.stdout));
    for (place, text) in shown {
        assert!(!text.to_lowercase().contains(LIST_KEY), "{place}: {text}");
    }
}
