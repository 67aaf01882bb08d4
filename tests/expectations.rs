//! The built program's `--expect`, `--retry`, `--wait` and `--write-out`: met and failed expectations, the resulting
//! exit code, and errors that are reported before anything is sent. `docs/expectations.md` must list exactly the names
//! that the program has.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;
use smtpcheck::expect::Expression;
use smtpcheck::report::fields::{Field, ValueType};
use smtpcheck::report::{CheckOutcome, CheckResult, Document, Report};
use smtpcheck::sandbox::scenario::ClientTrust;
use smtpcheck::sandbox::{Options, Remote, Running, Sandbox, Scenario, scenario};

use crate::support::golden;
use crate::support::program::{self, Run, run};
use crate::support::replay;
use crate::support::server::{Identity, Server};

const SCENARIOS: [&str; 4] = ["healthy-relay", "relay-denied", "greylisted", "one-of-three-refused"];

/// A sandbox with the scenarios of this file.
struct TestSandbox {
    addresses: Vec<(&'static Scenario, String)>,
    authority: String,
    _folder: tempfile::TempDir,
    _running: Running,
}

fn sandbox() -> &'static TestSandbox {
    static SANDBOX: OnceLock<TestSandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| {
        let all: Vec<&'static Scenario> = SCENARIOS.iter().map(|name| scenario(name).unwrap()).collect();
        let listen = std::net::Ipv4Addr::LOCALHOST.into();
        let options = Options { listen, port: None, remote: Remote::Refused, fleet: None, dns: None, domains: None };
        let sandbox = Sandbox::open(&all, &options).unwrap();
        let addresses = sandbox.services().iter().map(|one| (one.scenario, one.address.to_string())).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, sandbox.authorities().unwrap()).unwrap();
        let authority = path.to_str().unwrap().to_owned();
        TestSandbox { addresses, authority, _folder: folder, _running: sandbox.spawn(None).unwrap() }
    })
}

/// Checks a scenario with these expectations.
fn check(name: &str, flags: &[&str], expectations: &[&str]) -> Run {
    let sandbox = sandbox();
    let (scenario, address) = sandbox.addresses.iter().find(|(one, _)| one.name == name).unwrap();
    let mut words = vec![address.as_str()];
    words.extend(scenario.client.flags);
    if scenario.client.trust == ClientTrust::Sandbox {
        words.extend(["--cacert", &sandbox.authority]);
    }
    words.extend(flags);
    for expectation in expectations {
        words.extend(["--expect", expectation]);
    }
    run(&words)
}

fn held(report: &Value) -> Vec<bool> {
    report["expectations"].as_array().unwrap().iter().map(|one| one["held"].as_bool().unwrap()).collect()
}

#[test]
fn expectations_that_a_healthy_server_meets_change_nothing() {
    let expected =
        ["tls.version >= 1.2", "rcpt.code == 250", "findings excludes starttls-not-offered", "exit.code == 0"];
    let report = check("healthy-relay", &["--json"], &expected).exits(0);
    assert_eq!(held(&report), [true; 4]);
    assert_eq!(report["verdict"], "pass");
}

#[test]
fn a_failed_expectation_causes_exit_code_1_when_the_session_completed() {
    let run = check("healthy-relay", &["--json"], &["rcpt.class == 5", "tls.version >= 1.2"]);
    let report = run.exits(1);
    assert_eq!(held(&report), [false, true]);
    assert_eq!(report["verdict"], "fail");
    assert_eq!(report["expectations"][0]["expected"], "5");
    assert_eq!(report["expectations"][0]["seen"], "2");
    let text = check("healthy-relay", &[], &["rcpt.class == 5"]);
    assert_eq!(text.code, 1, "{text}");
    assert!(text.stdout.contains("FAIL rcpt.class == 5\n         expected 5, got 2\n"), "{text}");
    assert!(text.stdout.contains("1 of 1 expectations failed"), "{text}");
}

#[test]
fn an_expected_rejection_is_shown_and_does_not_fail_the_check() {
    for expectation in [
        "rcpt.class == 5",
        "rcpt[0].code == 554",
        "exit.code == 5",
        "exit.name != ok",
        "findings contains relay-denied",
    ] {
        let report = check("relay-denied", &["--json"], &[expectation]).exits(0);
        assert_eq!(report["findings"][0]["rule"], "relay-denied", "{expectation}");
        assert_eq!(report["findings"][0]["expected"], true, "{expectation}");
        assert_eq!(report["verdict"], "pass", "{expectation}");
    }
    let text = check("relay-denied", &[], &["rcpt.class == 5"]);
    assert!(text.stdout.contains("OK   relay-denied (expected)"), "{text}");
    assert!(text.stdout.contains("HELD rcpt.class == 5"), "{text}");
    assert!(text.stdout.contains("PASS  the expectation held"), "{text}");
}

#[test]
fn an_expectation_that_success_would_also_meet_does_not_excuse_a_rejection() {
    for expectation in
        ["rcpt.code != 250", "rcpt.text contains Relay", "tls.version >= 1.2", "findings excludes greylisted"]
    {
        let report = check("relay-denied", &["--json"], &[expectation]).exits(5);
        assert_eq!(held(&report), [true], "{expectation}");
        assert_eq!(report["findings"][0]["expected"], false, "{expectation}");
    }
}

#[test]
fn a_rejection_that_differs_from_the_expected_one_keeps_its_exit_code() {
    check("greylisted", &["--json"], &["rcpt.class == 5"]).exits(4);
    check("greylisted", &["--json"], &["exit.code == 5"]).exits(4);
    check("greylisted", &["--json"], &["rcpt.class == 4"]).exits(0);
}

#[test]
fn one_expected_rejection_does_not_excuse_other_recipients() {
    let report = check("one-of-three-refused", &["--json"], &["rcpt[1].class == 5"]).exits(0);
    assert_eq!(held(&report), [true]);
    check("one-of-three-refused", &["--json"], &["rcpt[0].class == 5"]).exits(5);
    check("one-of-three-refused", &["--json"], &["rcpt.class == 5"]).exits(5);
}

#[test]
fn without_a_connection_the_exit_code_is_that_of_the_phase_and_unknown_values_do_not_meet_expectations() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap().to_string();
    drop(listener);
    let report = run(&[&closed, "--json", "--max-connections", "1", "--expect", "tls.version >= 1.2"]).exits(3);
    assert_eq!(report["expectations"][0]["seen"], Value::Null);
    let text = run(&[&closed, "--max-connections", "1", "--expect", "tls.version >= 1.2"]);
    assert!(text.stdout.contains("expected at least 1.2, but the check did not get this value"), "{text}");
    // An expectation can also state that a firewall blocks the connection.
    run(&[&closed, "--json", "--max-connections", "1", "--expect", "exit.name == unreachable"]).exits(0);
}

#[test]
fn errors_in_expectations_are_reported_with_their_position_before_anything_is_sent() {
    // The program must end before it connects to this listener.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    for (expectation, needle) in [
        (
            "tls.verson >= 1.2",
            "--expect: unknown name tls.verson; did you mean tls.version?\n  tls.verson >= 1.2\n  ^^^^^^^^^^\n",
        ),
        ("tls.version >= high", "  tls.version >= high\n                 ^^^^\n"),
        ("rcpt.class == 5", "rcpt.class requires a recipient that is not given"),
        ("auth.code == 235", "auth.code requires a login, but no user is given"),
        ("mail.code == 250", "mail.code requires MAIL FROM"),
        ("rcpt[0].code == 550", "rcpt[0].code requires a recipient"),
    ] {
        let run = run(&[&address, "--expect", expectation]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stdout.is_empty() && run.stderr.contains(needle), "{run}");
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let hostile = run(&[&address, "--expect", "tls.version \u{1b}[31m\n >= 1.2"]);
    assert!(hostile.code == 2 && !hostile.stderr.contains('\u{1b}'), "{hostile}");
}

#[test]
fn a_saved_report_contains_its_expectations() {
    let run = check("relay-denied", &["--json"], &["rcpt.class == 5"]);
    let report = Report::load(&run.stdout).unwrap();
    assert_eq!(report.expectations.len(), 1);
    assert!(report.expectations[0].held && report.findings[0].expected && report.exit.code() == 0);
    let again = serde_json::to_value(Document::from(&report)).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(&run.stdout).unwrap());
}

#[test]
fn every_name_has_a_value_in_some_transcript() {
    let played = replay::all();
    let domain = replay::domain();
    let reports: Vec<Document> = played.iter().chain([&domain]).map(|one| Document::from(&one.report)).collect();
    let mut unseen = Vec::new();
    for name in Field::all() {
        let value = match name.kind {
            ValueType::Number => "> -1",
            ValueType::Text => "matches ''",
            ValueType::Fact => "== true",
            ValueType::Version => ">= 0.0",
            ValueType::Moment => "> 1970-01-01",
            ValueType::Word(words) => &format!("in [{}]", words.join(", ")),
            ValueType::Rules => "excludes greylisted",
            ValueType::Names | ValueType::Keywords => "excludes nothing-of-the-kind",
        };
        let text = format!("{} {value}", name.name.replace("[N]", "[0]").replace("mx[*]", "mx[0]"));
        let expression = Expression::parse(&text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
        if !reports.iter().any(|report| expression.judge(report, None).judged.seen.is_some()) {
            unseen.push(name.name);
        }
    }
    // No transcript has a server that supports ALPN.
    assert_eq!(unseen, ["tls.alpn"]);
}

#[test]
fn docs_expectations_md_lists_every_name() {
    const BEGIN: &str = "<!-- names: generated by SNAPSHOTS=overwrite cargo test --test program -->\n";
    const END: &str = "<!-- end of names -->";
    let mut table = String::from("| name | type | unit | meaning |\n|---|---|---|---|\n");
    for name in Field::all() {
        table.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            name.name,
            name.kind.word(),
            name.unit.word(),
            name.about
        ));
    }
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/expectations.md");
    let page = std::fs::read_to_string(&file).unwrap().replace("\r\n", "\n");
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let whole = format!("{before}{BEGIN}{table}{END}{after}");
    golden::compare(&file, &whole).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_examples_in_docs_expectations_md_are_valid() {
    let page = include_str!("../docs/expectations.md");
    let mut read = 0;
    for line in page.lines().filter(|line| line.starts_with("    --expect '")) {
        let text = line.trim().trim_start_matches("--expect '").split('\'').next().unwrap();
        Expression::parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
        read += 1;
    }
    assert!(read >= 8, "{read} examples");
}

/// A server that defers the first connections and accepts the next.
fn server_that_defers(first: usize) -> Server {
    let busy = "S: 421 4.3.2 busy, come back later\nclose";
    let fine = "S: 220 mx.example.net ESMTP\nC\nS: 250 mx.example.net\nC\nS: 221 bye";
    let scripts: Vec<&str> = std::iter::repeat_n(busy, first).chain([fine]).collect();
    Server::start(&scripts, &Identity::new())
}

fn check_server(server: &Server, flags: &[&str]) -> Run {
    let target = format!("127.0.0.1:{}", server.port());
    run(&[&[target.as_str(), "--tls", "none"], flags].concat())
}

#[test]
fn a_deferred_check_is_retried_and_the_report_contains_every_attempt() {
    let report = check_server(&server_that_defers(2), &["--json", "--retry", "3", "--wait", "70ms"]).exits(0);
    let earlier = report["earlier"].as_array().unwrap();
    let codes: Vec<&Value> = earlier.iter().map(|one| &one["exit"]["code"]).collect();
    assert_eq!(codes, [4, 4]);
    let text = check_server(&server_that_defers(1), &["--retry", "1", "--wait", "10ms"]);
    assert_eq!(text.code, 0, "{text}");
    assert!(text.stdout.contains("run 1  ") && text.stdout.contains("exit 4 (temporarily rejected)"), "{text}");
    let case =
        CheckResult::load(&check_server(&server_that_defers(1), &["--json", "--retry", "1", "--wait", "10ms"]).stdout)
            .unwrap();
    assert!(matches!(case.outcome, CheckOutcome::Checked { earlier, .. } if earlier.len() == 1));
}

#[test]
fn retries_are_limited_and_a_permanent_rejection_is_not_retried() {
    let report = check_server(&server_that_defers(3), &["--json", "--retry", "2", "--wait", "30ms"]).exits(4);
    assert_eq!(report["earlier"].as_array().unwrap().len(), 2);
    let report = check("relay-denied", &["--json", "--retry", "3", "--wait", "10ms"], &[]).exits(5);
    assert_eq!(report["earlier"], serde_json::json!([]));
    // The deferral is expected, so the check succeeds and is not retried.
    let report = check("greylisted", &["--json", "--retry", "3", "--wait", "10ms"], &["rcpt.class == 4"]).exits(0);
    assert_eq!(report["earlier"], serde_json::json!([]));
    for flags in [["--retry", "many"], ["--retry", "101"], ["--wait", "10"]] {
        let run = run(&[&["127.0.0.1:9"], &flags[..]].concat());
        assert!(run.code == 2 && run.stderr.contains(flags[0]), "{run}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_during_the_delay_before_a_retry_leaves_a_complete_report() {
    let server = server_that_defers(1);
    let target = format!("127.0.0.1:{}", server.port());
    let mut child = program::command(&[&target, "--tls", "none", "--wait", "10m", "--retry", "1"]).spawn().unwrap();
    let mut output = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !output.contains("run 1") {
        output += &lines.next().expect("the line about the first attempt").unwrap();
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{output}{rest:?}");
    assert!(rest.iter().any(|line| line.contains("exit 130")), "{rest:?}");
}

#[test]
fn write_out_prints_one_line_for_scripts() {
    let run = check(
        "healthy-relay",
        &["--write-out", r"%{exit.code} %{tls.version} %{rcpt.code} 100%%\t%{auth.code}|\n"],
        &[],
    );
    assert_eq!((run.code, run.stdout.as_str()), (0, "0 1.3 250 100%\t|\n"), "{run}");
    let failed = check("relay-denied", &["--write-out", "%{exit.name} %{findings} %{verdict} %{retries}\n"], &[]);
    assert_eq!((failed.code, failed.stdout.as_str()), (5, "refused_permanent relay-denied fail 0\n"), "{failed}");
    let ms = check("healthy-relay", &["--write-out", "%{total_ms} %{tls.ms} %{address}"], &[]).stdout;
    let parts: Vec<&str> = ms.split(' ').collect();
    assert!(parts[0].parse::<f64>().unwrap() > parts[1].parse::<f64>().unwrap() && parts[2] == "127.0.0.1", "{ms}");
    let unknown = check("healthy-relay", &["--write-out", "%{tls.verson}"], &[]);
    assert!(unknown.code == 2 && unknown.stderr.contains("did you mean %{tls.version}?"), "{unknown}");
}
