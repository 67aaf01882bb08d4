//! `smtpcheck watch` of the built program against the sandbox: lines, records, limits, signals, closed pipes, and what
//! `smtpcheck report` makes of a saved watch.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::sync::OnceLock;

use serde_json::Value;
use smtpcheck::watch::record::WATCH_SCHEMA;

use support::program::{Run, command, finish, run, run_with};
use support::sandboxes::TestSandbox;

const SCENARIOS: [&str; 3] = ["healthy-submission", "certificate-expired", "close-at-connect"];

fn sandbox() -> &'static TestSandbox {
    static SANDBOX: OnceLock<TestSandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| TestSandbox::start(&SCENARIOS))
}

fn words<'a>(scenario: &str, more: &[&'a str]) -> Vec<&'a str> {
    let sandbox: &'static TestSandbox = sandbox();
    let common = ["watch", &sandbox.addresses[scenario], "--cacert", &sandbox.authority, "--interval", "20ms"];
    common.into_iter().chain(more.iter().copied()).collect()
}

fn watch(scenario: &str, more: &[&str]) -> Run {
    run(&words(scenario, more))
}

/// The records of a run, after validating each against the schema.
#[track_caller]
fn records(text: &str) -> Vec<Value> {
    let schema: Value = serde_json::from_str(WATCH_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let record = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line}: {}", errors.join("; "));
        value
    };
    text.lines().map(record).collect()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn each_check_is_one_line_and_a_summary_follows() {
    let run = watch("healthy-submission", &["--count", "3"]);
    assert_eq!(run.code, 0, "{run}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[..3].iter().all(|line| line.contains("  ok    127.0.0.1")), "{run}");
    assert!(lines[3].contains("3 checks in") && lines[3].contains("0 failed (0 %)"), "{run}");
    assert!(lines[4].contains("p50") && lines[4].contains("jitter"), "{run}");
    for phase in ["connect", "greeting", "EHLO", "STARTTLS", "TLS", "EHLO (TLS)", "total"] {
        assert!(lines.iter().any(|line| line.trim_start().starts_with(phase)), "{phase}: {run}");
    }
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{run}");
}

#[test]
fn a_failed_check_names_its_reason_and_decides_the_exit_code() {
    let run = watch("certificate-expired", &["--count", "2"]);
    assert_eq!(run.code, 6, "{run}");
    assert!(run.stdout.contains("FAIL  127.0.0.1") && run.stdout.contains("exit 6 tls: the certificate expired"), "{run}");
    assert!(run.stdout.contains("2 failed (100.0 %)") && run.stdout.ends_with("FAIL  exit 6 (tls)\n"), "{run}");
}

#[test]
fn several_targets_are_checked_and_the_worst_decides() {
    let sandbox = sandbox();
    let other = sandbox.addresses["close-at-connect"].as_str();
    let run = watch("healthy-submission", &[other, "--count", "2"]);
    assert_eq!(run.code, 3, "{run}");
    for address in [sandbox.addresses["healthy-submission"].as_str(), other] {
        assert_eq!(run.stdout.lines().filter(|line| line.contains(address)).count(), 3, "{run}");
    }
}

#[test]
fn a_permitted_loss_leads_to_exit_code_0() {
    assert_eq!(watch("close-at-connect", &["--count", "2", "--fail-on-loss", "100%"]).code, 0);
    assert_eq!(watch("close-at-connect", &["--count", "2", "--fail-on-loss", "50"]).code, 3);
}

#[test]
fn records_match_the_schema_and_contain_complete_reports() {
    let run = watch("healthy-submission", &["--count", "2", "--format", "ndjson"]);
    let records = records(&run.stdout);
    let events: Vec<&str> = records.iter().filter_map(|record| record["event"].as_str()).collect();
    assert_eq!(events, ["watch", "watched", "watched", "summary"], "{run}");
    assert_eq!((&records[2]["number"], &records[1]["report"]["exit"]["code"]), (&2.into(), &0.into()));
    assert!(!records[1]["report"]["transcript"].as_array().unwrap().is_empty());
    let summary = &records[3];
    assert_eq!((&summary["targets"][0]["checks"], &summary["exit"]["code"]), (&2.into(), &0.into()));
}

#[test]
fn json_is_one_document_with_the_summary() {
    let run = watch("certificate-expired", &["--count", "2", "--json"]);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    let target = &summary["targets"][0];
    assert_eq!((&target["failures"], &target["by_exit"]["6"], run.code), (&2.into(), &2.into(), 6));
    assert_eq!(target["rules"][0]["rule"], "certificate-expired");
}

#[test]
fn write_out_replaces_the_lines_and_the_summary() {
    let run = watch("healthy-submission", &["--count", "2", "--write-out", "%{exit.code} %{tls.version}\\n"]);
    assert_eq!(run.stdout, "0 1.3\n0 1.3\n", "{run}");
}

#[test]
fn quiet_prints_only_the_summary() {
    let run = watch("healthy-submission", &["--count", "2", "--quiet"]);
    assert!(run.stdout.lines().next().unwrap().contains("2 checks in"), "{run}");
}

#[test]
fn the_duration_is_a_limit() {
    let run = watch("healthy-submission", &["--duration", "300ms", "--json"]);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(run.code, 0, "{run}");
    assert!(summary["targets"][0]["checks"].as_u64().unwrap() >= 1, "{run}");
}

#[test]
fn a_signal_ends_the_watch_with_the_summary_and_the_code_of_the_checks() {
    for (name, scenario, code) in [("-INT", "healthy-submission", 0), ("-TERM", "certificate-expired", 6)] {
        let mut child = command(&words(scenario, &[])).spawn().unwrap();
        // The first line shows that a check has ended.
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        reader.read_line(&mut text).unwrap();
        signal(&child, name);
        reader.read_to_string(&mut text).unwrap();
        let end = finish(child);
        assert_eq!((end.code, end.stderr.as_str()), (code, ""), "{text}");
        assert!(text.contains(" failed (") && text.lines().last().unwrap().contains("exit"), "{text}");
    }
}

#[test]
fn a_closed_pipe_ends_the_watch() {
    let mut child = command(&words("healthy-submission", &[])).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    drop(reader);
    let end = finish(child);
    assert_eq!((end.code, end.stderr.as_str()), (0, ""));
}

#[test]
fn a_watch_logs_in_only_on_request() {
    let flags = ["--user", "demo@sandbox.test", "--password-stdin", "--count", "2", "--format", "ndjson"];
    let refused = watch("healthy-submission", &flags);
    assert_eq!(refused.code, 2, "{refused}");
    assert!(refused.stderr.contains("add --with-login"), "{refused}");
    let with_login: Vec<&str> = flags.iter().copied().chain(["--with-login"]).collect();
    let run = run_with(&words("healthy-submission", &with_login), Some("open-sesame-42\n"), &[]);
    assert!(run.stderr.contains("the server may lock the account"), "{run}");
    let records = records(&run.stdout);
    assert!(records[1..3].iter().all(|record| record["report"]["auth"]["outcome"] == "accepted"), "{run}");
    assert!(!run.stdout.contains("open-sesame-42"));
}

#[test]
fn a_user_name_in_the_environment_does_not_make_a_watch_log_in() {
    let words = words("healthy-submission", &["--count", "1", "--format", "ndjson"]);
    let run = run_with(&words, None, &[("SMTPCHECK_USER", "demo@sandbox.test")]);
    assert!(run.stderr.contains("logs in only with --with-login"), "{run}");
    assert_eq!(records(&run.stdout)[1]["report"]["auth"]["outcome"], "not-tried");
}

#[test]
fn usage_errors_name_the_flag_and_nothing_is_sent() {
    for (words, needle) in [
        (&["watch"][..], "no target given"),
        (&["watch", "mail.example.net", "--interval", "500ms"], "--interval 500ms: less than a second is too often for mail.example.net"),
        (&["watch", "192.0.2.1", "--interval", "999ms"], "add --force-interval"),
        (&["watch", "127.0.0.1", "--interval", "1ms"], "--interval 1ms: the interval is too short"),
        (&["watch", "a.example", "--format", "junit"], "a watch prints only text, JSON or NDJSON"),
        (&["watch", "a.example", "--report", "junit=x"], "--report: the report of a watch is HTML or JSON"),
        (&["watch", "a.example", "--fail-on-loss", "120%"], "not a percentage"),
        (&["watch", "a.example", "--count", "0"], "--count 0: not a number in the allowed range"),
        (&["watch", "a.example", "--duration", "10"], "the unit is missing"),
        (&["watch", "a.example", "--with-login"], "--with-login: no user name given"),
        (&["watch", "a.example", "--transcript", "full"], "--transcript: has no effect"),
        (&["watch", "a.example", "587"], "this is a port, not a target"),
        (&["watch", ""], "the argument TARGET is empty"),
    ] {
        let run = run(words);
        assert_eq!(run.code, 2, "{words:?}: {run}");
        assert!(run.stderr.contains(needle) && run.stdout.is_empty(), "{words:?}: {run}");
    }
}
