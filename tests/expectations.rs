//! `--expect`, `--retry`, `--wait` and `--write-out` of the built program: what holds and what does not, the exit code that follows, and that mistakes are told
//! before anything is sent. The list of names in `docs/expectations.md` is held to the program's.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;
use smtpcheck::expect::Expression;
use smtpcheck::report::fields::{Field, ValueType};
use smtpcheck::report::{CheckOutcome, CheckResult, Document, Report};
use smtpcheck::sandbox::scenario::ClientTrust;
use smtpcheck::sandbox::{Options, Remote, Running, Sandbox, Scenario, scenario};

use support::golden;
use support::program::{self, Run, run};
use support::replay;
use support::server::{Identity, Server};

const SCENARIOS: [&str; 4] = ["healthy-relay", "relay-denied", "greylisted", "one-of-three-refused"];

/// The sandbox with the scenarios of this file.
struct House {
    addresses: Vec<(&'static Scenario, String)>,
    authority: String,
    _folder: tempfile::TempDir,
    _running: Running,
}

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let all: Vec<&'static Scenario> = SCENARIOS.iter().map(|name| scenario(name).unwrap()).collect();
        let listen = std::net::Ipv4Addr::LOCALHOST.into();
        let options = Options { listen, port: None, remote: Remote::Refused, fleet: None, dns: None };
        let sandbox = Sandbox::open(&all, &options).unwrap();
        let addresses = sandbox.services().iter().map(|one| (one.scenario, one.address.to_string())).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, sandbox.authorities().unwrap()).unwrap();
        let authority = path.to_str().unwrap().to_owned();
        House { addresses, authority, _folder: folder, _running: sandbox.spawn(None).unwrap() }
    })
}

/// Checks a scenario, expecting this.
fn check(name: &str, flags: &[&str], expectations: &[&str]) -> Run {
    let house = house();
    let (scenario, address) = house.addresses.iter().find(|(one, _)| one.name == name).unwrap();
    let mut words = vec![address.as_str()];
    words.extend(scenario.client.flags);
    if scenario.client.trust == ClientTrust::Sandbox {
        words.extend(["--cacert", &house.authority]);
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
fn what_holds_of_a_healthy_server_changes_nothing() {
    let expected =
        ["tls.version >= 1.2", "rcpt.code == 250", "findings excludes starttls-not-offered", "exit.code == 0"];
    let report = check("healthy-relay", &["--json"], &expected).exits(0);
    assert_eq!(held(&report), [true; 4]);
    assert_eq!(report["verdict"], "pass");
}

#[test]
fn an_expectation_that_fails_is_exit_1_when_the_talk_went_through() {
    let run = check("healthy-relay", &["--json"], &["rcpt.class == 5", "tls.version >= 1.2"]);
    let report = run.exits(1);
    assert_eq!(held(&report), [false, true]);
    assert_eq!(report["verdict"], "fail");
    assert_eq!(report["expectations"][0]["expected"], "5");
    assert_eq!(report["expectations"][0]["seen"], "2");
    let text = check("healthy-relay", &[], &["rcpt.class == 5"]);
    assert_eq!(text.code, 1, "{text}");
    assert!(text.stdout.contains("FAIL rcpt.class == 5\n         expected 5, seen 2\n"), "{text}");
    assert!(text.stdout.contains("1 of 1 expectations failed"), "{text}");
}

#[test]
fn a_refusal_that_was_expected_does_not_count_and_is_shown() {
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
fn an_expectation_that_success_would_satisfy_too_excuses_nothing() {
    for expectation in
        ["rcpt.code != 250", "rcpt.text contains Relay", "tls.version >= 1.2", "findings excludes greylisted"]
    {
        let report = check("relay-denied", &["--json"], &[expectation]).exits(5);
        assert_eq!(held(&report), [true], "{expectation}");
        assert_eq!(report["findings"][0]["expected"], false, "{expectation}");
    }
}

#[test]
fn another_refusal_than_the_expected_one_keeps_its_code() {
    check("greylisted", &["--json"], &["rcpt.class == 5"]).exits(4);
    check("greylisted", &["--json"], &["exit.code == 5"]).exits(4);
    check("greylisted", &["--json"], &["rcpt.class == 4"]).exits(0);
}

#[test]
fn one_expected_recipient_does_not_excuse_the_others() {
    let report = check("one-of-three-refused", &["--json"], &["rcpt[1].class == 5"]).exits(0);
    assert_eq!(held(&report), [true]);
    check("one-of-three-refused", &["--json"], &["rcpt[0].class == 5"]).exits(5);
    check("one-of-three-refused", &["--json"], &["rcpt.class == 5"]).exits(5);
}

#[test]
fn where_nobody_answers_the_step_decides_and_what_was_not_seen_does_not_hold() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap().to_string();
    drop(listener);
    let report = run(&[&closed, "--json", "--max-connections", "1", "--expect", "tls.version >= 1.2"]).exits(3);
    assert_eq!(report["expectations"][0]["seen"], Value::Null);
    let text = run(&[&closed, "--max-connections", "1", "--expect", "tls.version >= 1.2"]);
    assert!(text.stdout.contains("expected at least 1.2, but the check did not get this value"), "{text}");
    // A firewall that should keep us out is a thing to expect, too.
    run(&[&closed, "--json", "--max-connections", "1", "--expect", "exit.name == unreachable"]).exits(0);
}

#[test]
fn mistakes_are_told_with_their_place_before_anything_is_sent() {
    // Nothing may be sent to this listener: the program ends before it.
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
fn a_saved_report_keeps_its_expectations() {
    let run = check("relay-denied", &["--json"], &["rcpt.class == 5"]);
    let report = Report::load(&run.stdout).unwrap();
    assert_eq!(report.expectations.len(), 1);
    assert!(report.expectations[0].held && report.findings[0].expected && report.exit.code() == 0);
    let again = serde_json::to_value(Document::from(&report)).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(&run.stdout).unwrap());
}

#[test]
fn every_name_is_seen_in_some_transcript() {
    let reports: Vec<Document> = replay::all().iter().map(|one| Document::from(&one.report)).collect();
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
        let text = format!("{} {value}", name.name.replace("[N]", "[0]"));
        let expression = Expression::parse(&text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
        if !reports.iter().any(|report| expression.judge(report, None).judged.seen.is_some()) {
            unseen.push(name.name);
        }
    }
    // No transcript has a server with ALPN.
    assert_eq!(unseen, ["tls.alpn"]);
}

#[test]
fn the_page_lists_every_name() {
    const BEGIN: &str = "<!-- names: generated by SNAPSHOTS=overwrite cargo test --test expectations -->\n";
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
fn the_examples_of_the_page_are_sound() {
    let page = include_str!("../docs/expectations.md");
    let mut read = 0;
    for line in page.lines().filter(|line| line.starts_with("    --expect '")) {
        let text = line.trim().trim_start_matches("--expect '").split('\'').next().unwrap();
        Expression::parse(text).unwrap_or_else(|mistake| panic!("{text}: {mistake}"));
        read += 1;
    }
    assert!(read >= 8, "{read} examples");
}

/// A server that puts off the first connections and takes the next.
fn busy(first: usize) -> Server {
    let busy = "S: 421 4.3.2 busy, come back later\nclose";
    let fine = "S: 220 mx.example.net ESMTP\nC\nS: 250 mx.example.net\nC\nS: 221 bye";
    let scripts: Vec<&str> = std::iter::repeat_n(busy, first).chain([fine]).collect();
    Server::start(&scripts, &Identity::new())
}

fn tried(server: &Server, flags: &[&str]) -> Run {
    let target = format!("127.0.0.1:{}", server.port());
    run(&[&[target.as_str(), "--tls", "none"], flags].concat())
}

#[test]
fn what_is_put_off_is_tried_again_and_every_try_is_kept() {
    let report = tried(&busy(2), &["--json", "--retry", "3", "--wait", "70ms"]).exits(0);
    let earlier = report["earlier"].as_array().unwrap();
    let codes: Vec<&Value> = earlier.iter().map(|one| &one["exit"]["code"]).collect();
    assert_eq!(codes, [4, 4]);
    let text = tried(&busy(1), &["--retry", "1", "--wait", "10ms"]);
    assert_eq!(text.code, 0, "{text}");
    assert!(text.stdout.contains("run 1  ") && text.stdout.contains("exit 4 (temporarily rejected)"), "{text}");
    let case = CheckResult::load(&tried(&busy(1), &["--json", "--retry", "1", "--wait", "10ms"]).stdout).unwrap();
    assert!(matches!(case.outcome, CheckOutcome::Checked { earlier, .. } if earlier.len() == 1));
}

#[test]
fn tries_end_and_what_is_refused_for_good_is_not_tried_again() {
    let report = tried(&busy(3), &["--json", "--retry", "2", "--wait", "30ms"]).exits(4);
    assert_eq!(report["earlier"].as_array().unwrap().len(), 2);
    let report = check("relay-denied", &["--json", "--retry", "3", "--wait", "10ms"], &[]).exits(5);
    assert_eq!(report["earlier"], serde_json::json!([]));
    // Put off is what was expected: there is nothing to wait for.
    let report = check("greylisted", &["--json", "--retry", "3", "--wait", "10ms"], &["rcpt.class == 4"]).exits(0);
    assert_eq!(report["earlier"], serde_json::json!([]));
    for flags in [["--retry", "many"], ["--retry", "101"], ["--wait", "10"]] {
        let run = run(&[&["127.0.0.1:9"], &flags[..]].concat());
        assert!(run.code == 2 && run.stderr.contains(flags[0]), "{run}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_in_the_pause_ends_it_with_a_whole_report() {
    let server = busy(1);
    let target = format!("127.0.0.1:{}", server.port());
    let mut child = program::command(&[&target, "--tls", "none", "--wait", "10m", "--retry", "1"]).spawn().unwrap();
    let mut heard = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !heard.contains("run 1") {
        heard += &lines.next().expect("the line about the first try").unwrap();
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{heard}{rest:?}");
    assert!(rest.iter().any(|line| line.contains("exit 130")), "{rest:?}");
}

#[test]
fn one_line_for_scripts() {
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
