//! The built program's `smtpcheck watch` against the sandbox: lines, records, limits, signals, closed pipes, and the
//! report of a saved watch.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod saved;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::sync::OnceLock;

use serde_json::Value;
use smtpcheck::sandbox::{Fleet, Options, Remote, Running, Sandbox, scenarios};
use smtpcheck::watch::record::WATCH_SCHEMA;

use crate::support::program::{Run, command, finish, run, run_with};
use crate::support::sandboxes::{TestSandbox, selective_server};

const SCENARIOS: [&str; 4] = ["healthy-submission", "certificate-expired", "close-at-connect", "backends-differ"];

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

/// Watches a scenario that other tests do not use, because its server counts connections.
fn watch_alone(scenario: &'static str, more: &[&str]) -> Run {
    let own = TestSandbox::start(&[scenario]);
    let common = ["watch", &own.addresses[scenario], "--cacert", &own.authority, "--interval", "20ms"];
    run(&[&common, more].concat())
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

/// The summary of a run with `--json`.
#[track_caller]
fn summary(run: &Run) -> Value {
    let value: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"));
    assert_eq!(value["exit"]["code"], run.code, "{run}");
    value["targets"][0].clone()
}

/// The rules about differences between servers.
fn differences(target: &Value) -> Vec<&str> {
    target["findings"].as_array().unwrap().iter().filter_map(|finding| finding["rule"].as_str()).collect()
}

/// One server on each address of 127.0.0.0/8, and the path of the CA certificate.
struct TestFleet {
    port: u16,
    authority: String,
    _folder: tempfile::TempDir,
    _running: Running,
}

impl TestFleet {
    fn start() -> TestFleet {
        let options = Options {
            listen: std::net::Ipv4Addr::UNSPECIFIED.into(),
            port: None,
            remote: Remote::Refused,
            fleet: Some(Fleet { seed: 1 }),
            dns: None,
            domains: None,
        };
        let sandbox = Sandbox::open(&[], &options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, sandbox.authorities().unwrap()).unwrap();
        let (port, authority) = (sandbox.fleet_port().unwrap(), path.to_str().unwrap().to_owned());
        TestFleet { port, authority, _folder: folder, _running: sandbox.spawn(None).unwrap() }
    }

    /// The address of a scenario.
    fn address(name: &str) -> String {
        let at = scenarios().position(|scenario| scenario.name == name).unwrap();
        format!("127.77.{}.{}", at / 256, at % 256)
    }

    /// Runs a command for a name with the addresses of these scenarios.
    fn run(&self, command: &[&str], names: &[&str]) -> Run {
        let addresses: Vec<String> = names.iter().map(|name| TestFleet::address(name)).collect();
        let target = format!("localhost:{}", self.port);
        let resolve = format!("{target}:{}", addresses.join(","));
        let common = [&target, "--resolve", &resolve, "--cacert", &self.authority, "--every-address"];
        run(&[command, &common].concat())
    }
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
    assert!(
        run.stdout.contains("FAIL  127.0.0.1") && run.stdout.contains("exit 6 tls: the certificate expired"),
        "{run}"
    );
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

/// Runs a watch in a shell, with a redirection.
fn watch_in_shell(before: &str, more: &[&str], redirection: &str) -> std::process::Output {
    let line = format!("{before} exec \"$0\" \"$@\" {redirection}");
    let mut shell = Command::new("bash");
    shell.args(["-c", &line, env!("CARGO_BIN_EXE_smtpcheck")]).args(words("healthy-submission", more));
    shell.output().unwrap()
}

#[test]
fn a_watch_without_an_end_needs_an_output() {
    let output = watch_in_shell("", &[], ">&-");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{stderr}");
    assert!(stderr.contains("standard output is closed; add --count"), "{stderr}");
    // The exit code is a result, too.
    let output = watch_in_shell("", &["--count", "1"], ">&-");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_file_that_cannot_be_written_is_named_as_the_user_wrote_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html").to_str().unwrap().to_owned();
    let report = format!("html={path}");
    // No file may have more than 0 bytes.
    let output = watch_in_shell("trap '' XFSZ; ulimit -f 0;", &["--count", "1", "-q", "--report", &report], "");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{stderr}");
    assert!(stderr.starts_with(&format!("smtpcheck: the output cannot be written: {path}: ")), "{stderr}");
    assert_eq!(stderr.matches(".tmp").count(), path.matches(".tmp").count(), "{stderr}");
    let output = watch_in_shell("", &["--count", "1", "-q", "--report", "json=/dev/full"], "");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.contains("/dev/full: ")), (Some(74), true), "{stderr}");
}

#[test]
fn each_occurrence_of_a_change_is_a_line() {
    let run = watch_alone("backends-every-fifth-fails", &["--count", "11"]);
    let lines: Vec<&str> = run.stdout.lines().take_while(|line| !line.contains("checks in")).collect();
    let changes: Vec<&str> = lines.iter().filter_map(|line| Some(line.split_once("  change  ")?.1)).collect();
    let (fails, works) = ("result: ok → exit 3 (unreachable)", "result: exit 3 (unreachable) → ok");
    let again = |text: &str| format!("{text} (2 times)");
    assert_eq!(changes, [fails, works, &again(fails), &again(works)], "{run}");
    let last = lines.iter().rev().find(|line| line.contains(fails)).unwrap().split("  ").next().unwrap();
    // The summary shows both times.
    assert!(run.stdout.replace("\n      ", " ").contains(&format!("(2 times), the last at {last}")), "{run}");
}

#[test]
fn an_address_that_refuses_connections_is_named() {
    let target = sandbox().addresses["healthy-submission"].replace("127.0.0.1", "localhost");
    let resolve = format!("{target}:127.0.0.1,127.0.0.9");
    let flags = ["--cacert", &sandbox().authority, "--interval", "20ms", "--count", "4"];
    let run = run(&[&["watch", &target, "--resolve", &resolve, "--every-address"], &flags[..]].concat());
    assert_eq!(run.code, 3, "{run}");
    let port = target.rsplit_once(':').unwrap().1;
    let reason =
        format!("exit 3 unreachable: 127.0.0.9, an IP address of localhost, refuses connections on port {port}");
    assert!(run.stdout.lines().any(|line| line.contains("FAIL  127.0.0.9 ") && line.ends_with(&reason)), "{run}");
    assert!(run.stdout.replace("\n      ", " ").contains("1 of 2 backends of localhost fails: 127.0.0.9"), "{run}");
    let mut checks = run.stdout.lines().take_while(|line| !line.contains("checks in"));
    assert!(checks.all(|line| !line.contains("  -  ")), "{run}");
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
        (
            &["watch", "mail.example.net", "--interval", "500ms"],
            "--interval 500ms: more than one check per second is too frequent for mail.example.net",
        ),
        (&["watch", "192.0.2.1", "--interval", "999ms"], "add --force-interval"),
        (
            &["watch", "192.0.2.1", "--tls-scan"],
            "--interval 5s: a TLS scan of 192.0.2.1 needs many connections; use 5m",
        ),
        (&["watch", "127.0.0.1", "--interval", "1ms"], "--interval 1ms: the interval is too short"),
        (&["watch", "a.example", "--format", "junit"], "--format junit: a watch does not support this format"),
        (
            &["watch", "a.example", "--report", "junit=x"],
            "--report junit: the report of a watch cannot have this format",
        ),
        (&["watch", "a.example", "--fail-on-loss", "120%"], "not a percentage"),
        (&["watch", "a.example", "--count", "0"], "--count 0: not a number in the allowed range"),
        (
            &["watch", "a.example", "-c", "-1"],
            "--count -1: not a number in the allowed range; write a number of at least 1",
        ),
        (&["watch", "a.example", "-i", "-5s"], "--interval -5s: a duration cannot be negative"),
        (&["watch", "a.example", "-i", "0s"], "--interval 0s: the duration must be greater than zero"),
        (&["watch", "a.example", "--duration", "-10m"], "--duration -10m: the duration must be greater than zero"),
        (&["watch", "a.example", "--fail-on-loss", "-1"], "--fail-on-loss -1: not a percentage"),
        (&["watch", "a.example", "-c", "--json"], "--count --json: this is a flag, and no value is given"),
        (&["watch", "a.example", "--timeout", "-5s"], "-5: unknown flag; a value cannot be a negative number"),
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

/// The name is not resolved, so nothing is sent to a server.
#[test]
fn a_short_interval_for_another_machine_needs_a_flag() {
    let words = ["watch", "mail.example.net", "--resolver", "127.0.0.1:1", "--interval", "100ms", "--count", "2"];
    let run = run(&[&words[..], &["--connect-timeout", "1s", "--force-interval", "--json"]].concat());
    assert_eq!(summary(&run)["checks"], 2, "{run}");
    assert_eq!(run.code, 3, "{run}");
}

#[test]
fn servers_behind_one_address_are_distinguished_and_the_one_that_differs_is_named() {
    // The sandbox counts connections, and other tests may use this scenario too, so each server is reached at least
    // once.
    let run = watch("backends-differ", &["--count", "12", "--json"]);
    let target = summary(&run);
    assert_eq!(run.code, 6, "{run}");
    assert_eq!(target["backends"].as_array().unwrap().len(), 4, "{run}");
    assert_eq!(differences(&target), ["backend-certificate-differs", "backend-extensions-differ"], "{run}");
    let finding = &target["findings"][0]["summary"];
    assert_eq!(finding, "1 of 4 backends of 127.0.0.1 presents a certificate that has expired: mx3.sandbox.test");
}

#[test]
fn a_fault_that_comes_and_goes_is_counted() {
    let run = watch_alone("backends-every-fifth-fails", &["--count", "10", "--json"]);
    let target = summary(&run);
    assert_eq!(
        (&target["checks"], &target["failures"], &target["loss_percent"]),
        (&10.into(), &2.into(), &20.0.into())
    );
    assert_eq!(run.code, 3, "{run}");
    assert_eq!(differences(&target), [""; 0], "{run}");
}

#[test]
fn a_certificate_that_is_replaced_is_one_change_and_not_a_difference() {
    let run = watch_alone("backends-certificate-replaced", &["--count", "8", "--json"]);
    let target = summary(&run);
    let changes = target["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["subject"], run.code), (1, &"certificate".into(), 0), "{run}");
    assert_eq!((&changes[0]["address"], &changes[0]["times"]), (&"127.0.0.1".into(), &1.into()), "{run}");
    assert_eq!((differences(&target).len(), target["backends"].as_array().unwrap().len()), (0, 1), "{run}");
}

/// The second of two saved reports differs in everything that a watch compares.
#[test]
fn every_kind_of_change_is_listed() {
    let target = sandbox().addresses["healthy-submission"].replace("127.0.0.1", "localhost");
    let resolve = format!("{target}:127.0.0.1");
    let flags = ["--cacert", &sandbox().authority, "--interval", "20ms", "--count", "2", "--format", "ndjson"];
    let watched = run(&[&["watch", &target, "--resolve", &resolve], &flags[..]].concat());
    let mut lines: Vec<String> = watched.stdout.lines().map(str::to_owned).collect();
    let second: Value = serde_json::from_str(&lines[2]).unwrap();
    let events = second["report"]["transcript"].as_array().unwrap();
    let handshake = events.iter().find_map(|event| event.get("handshake")).unwrap();
    let fingerprint = handshake["chain"][0]["sha256"].as_str().unwrap().to_owned();
    for (old, new) in [
        ("ESMTP smtpcheck sandbox", "ESMTP other software"),
        ("\"text\":[\"localhost\",\"PIPELINING\"", "\"text\":[\"mx2.example.net\",\"PIPELINING\""),
        ("SIZE 10240000", "SIZE 20480000"),
        ("\"version\":\"1.3\"", "\"version\":\"1.2\""),
        (&fingerprint, &"0".repeat(fingerprint.len())),
        ("\"addresses\":[\"127.0.0.1\"]", "\"addresses\":[\"127.0.0.1\",\"127.0.0.7\"]"),
    ] {
        assert!(lines[2].contains(old), "{old}");
        lines[2] = lines[2].replace(old, new);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let report = run(&["report", file.path().to_str().unwrap(), "--json"]);
    let target = summary(&report);
    let changes = target["changes"].as_array().unwrap();
    let text = |change: &Value, key: &str| change[key].as_str().unwrap_or_default().to_owned();
    let mut listed: Vec<(String, String)> =
        changes.iter().map(|change| (text(change, "subject"), text(change, "to"))).collect();
    listed.sort();
    let ends = |subject: &str| listed.iter().find(|(one, _)| one == subject).map_or("", |(_, to)| to.as_str());
    let subjects: Vec<&str> = listed.iter().map(|(subject, _)| subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["addresses", "certificate", "ehlo-name", "extensions", "greeting", "tls-version"],
        "{report}"
    );
    assert_eq!((ends("addresses"), ends("ehlo-name")), ("127.0.0.7", "mx2.example.net"), "{report}");
    assert_eq!((ends("extensions"), ends("tls-version")), ("SIZE 20480000", "1.2"), "{report}");
    assert!(ends("certificate").ends_with("(00000000)") && ends("greeting").contains("other software"), "{report}");
    let certificate = changes.iter().find(|change| change["subject"] == "certificate").unwrap();
    assert_eq!(
        (&certificate["address"], &certificate["first"]),
        (&"127.0.0.1".into(), &second["report"]["started_at"])
    );
    assert_eq!(target["addresses"][0]["certificate_since"], second["report"]["started_at"], "{report}");
}

#[test]
fn the_page_of_a_watch_has_the_time_line_and_no_script() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (html, json) = (format!("html={}", file("w.html")), format!("json={}", file("w.json")));
    watch_alone("backends-every-fifth-fails", &["--count", "6", "-q", "--report", &html, "--report", &json]);
    let page = std::fs::read_to_string(file("w.html")).unwrap();
    assert_eq!(page.matches("<rect class=\"permanent\"").count(), 1, "{page}");
    assert!(page.contains("<svg") && page.contains("Timeline: 6 checks") && !page.contains("<script"), "{page}");
    let summary: Value = serde_json::from_str(&std::fs::read_to_string(file("w.json")).unwrap()).unwrap();
    assert_eq!(summary["targets"][0]["timeline"].as_array().unwrap().len(), 6);
}

#[cfg(target_os = "linux")]
#[test]
fn every_address_of_a_name_is_checked_in_turn() {
    let fleet = TestFleet::start();
    let names = ["healthy-relay", "certificate-expired", "healthy-submission"];
    let run = fleet.run(&["watch", "--interval", "20ms", "--count", "7", "--json"], &names);
    let target = summary(&run);
    let counts: Vec<(&str, u64)> = target["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["address"].as_str().unwrap(), one["checks"].as_u64().unwrap()))
        .collect();
    assert_eq!(counts.iter().map(|(_, checks)| checks).sum::<u64>(), 7, "{run}");
    assert!(counts.len() == 3 && counts.iter().all(|(_, checks)| (2..=3).contains(checks)), "{counts:?}");
    assert!(differences(&target).contains(&"backend-certificate-differs"), "{run}");
    let expired = TestFleet::address("certificate-expired");
    let failed = target["failed_checks"].as_array().unwrap();
    assert!(!failed.is_empty() && failed.iter().all(|check| check["address"] == expired.as_str()), "{run}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_check_of_every_address_names_the_server_that_differs() {
    let fleet = TestFleet::start();
    let run = fleet.run(&["check", "--json"], &["healthy-relay", "certificate-expired", "healthy-lower-case"]);
    let report = run.exits(6);
    let address = TestFleet::address("certificate-expired");
    let summary = format!("1 of 3 backends of localhost presents a certificate that has expired: {address}");
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["summary"] == summary.as_str()), "{run}");
    let tried = report["addresses"].as_array().unwrap().iter().filter(|one| one["tried"] == true).count();
    assert_eq!(tried, 3, "{run}");
    let closing = fleet.run(&["check"], &["healthy-relay", "close-at-connect"]);
    assert_eq!(closing.code, 3, "{closing}");
    assert!(closing.stdout.contains("1 of 2 backends of localhost fails"), "{closing}");
}

/// After the first login, words of an unencrypted greeting are left out of the output, which is not a change.
#[test]
fn a_greeting_after_a_login_has_not_changed() {
    let flags = ["--user", "demo@sandbox.test", "--password-stdin", "--with-login", "--count", "3", "--json"];
    let run = run_with(&words("healthy-submission", &flags), Some("open-sesame-42\n"), &[]);
    assert_eq!((run.code, &summary(&run)["changes"]), (0, &serde_json::json!([])), "{run}");
}

#[test]
fn each_target_is_watched_from_each_interface_and_the_summary_names_the_blocked_one() {
    let (server, seen) = selective_server("127.0.0.2");
    let from = ["watch", &server, "--tls", "none", "--interface", "127.0.0.1", "--interface", "127.0.0.2"];
    let words = |more: &[&'static str]| [&from[..], &["--interval", "20ms", "--count", "2"], more].concat();
    let printed = run(&words(&[]));
    assert_eq!(printed.code, 5, "{printed}");
    assert_eq!(seen.lock().unwrap().clone(), [("127.0.0.1".to_owned(), 2), ("127.0.0.2".to_owned(), 2)].into());
    let blocked = format!("{server} from 127.0.0.2  2 checks in");
    let difference = "passes from 127.0.0.1, fails from 127.0.0.2 (exit 5 refused_permanent: reputation)";
    // The line is wrapped at the width of the terminal.
    let unwrapped = printed.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(printed.stdout.contains(&blocked) && unwrapped.contains(&format!("{server} {difference}")), "{printed}");
    let codes = run(&words(&["--write-out", "%{target.interface} %{exit.code}\n"])).stdout;
    let mut codes: Vec<&str> = codes.lines().collect();
    codes.sort_unstable();
    assert_eq!(codes, ["127.0.0.1 0", "127.0.0.1 0", "127.0.0.2 5", "127.0.0.2 5"]);
    let saved = run(&words(&["--format", "ndjson"]));
    let all = records(&saved.stdout);
    assert_eq!(all[0]["interfaces"], serde_json::json!(["127.0.0.1", "127.0.0.2"]));
    let summary = all.last().unwrap();
    assert_eq!(summary["targets"][1]["interface"], "127.0.0.2");
    let expected = serde_json::json!([{
        "target": server, "passes": ["127.0.0.1"],
        "fails": [{"interface": "127.0.0.2", "exit_code": 5, "reason": "reputation"}],
    }]);
    assert_eq!(summary["interfaces"], expected);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("night.ndjson");
    std::fs::write(&path, &saved.stdout).unwrap();
    let page = run(&["report", path.to_str().unwrap(), "--format", "html"]);
    assert!(page.code == 5 && page.stdout.contains(difference), "{page}");
}

#[test]
fn a_check_has_one_interface() {
    let run = run(&["127.0.0.1:1", "--interface", "127.0.0.1", "--interface", "127.0.0.2"]);
    assert!(run.code == 2 && run.stderr.contains("smtpcheck watch and smtpcheck batch compare"), "{run}");
}
