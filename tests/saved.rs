//! Additional and saved reports from the built program: `--report`, `--format ndjson` as events happen, `smtpcheck
//! report`, and how the monitoring plugin reports usage errors.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpListener;
use std::path::Path;

use crate::support;
use crate::support::program::{Run, command, finish, run, run_with};
use serde_json::Value;
use smtpcheck::render::{ExitCodes, FORMATS};

/// A local port on which no program listens.
const CLOSED_PORT: &str = "127.0.0.1:1";

fn in_folder(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// The names of the files in a folder, which include incomplete files.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn report_files_are_complete_and_no_temporary_file_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let formats: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    let flags: Vec<String> =
        formats.iter().map(|format| format!("--report={format}={}", in_folder(folder.path(), format))).collect();
    let words: Vec<&str> = std::iter::once(CLOSED_PORT).chain(flags.iter().map(String::as_str)).collect();
    let run = run(&words);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("connection-refused"), "the result on standard output is the text format: {run}");
    let mut expected = formats.clone();
    expected.sort_unstable();
    assert_eq!(names(folder.path()), expected);
    for format in formats {
        let text = std::fs::read_to_string(folder.path().join(format)).unwrap();
        assert!(text.contains("connection-refused"), "{format}: {text}");
        assert!(!text.contains('\u{1b}'), "{format}");
    }
}

#[test]
fn a_report_path_that_cannot_be_written_is_reported_before_anything_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let missing = format!("junit={}", in_folder(folder.path(), "nowhere/x.xml"));
    let itself = format!("junit={}", folder.path().display());
    let twice = format!("html={}", in_folder(folder.path(), "x"));
    let again = format!("json={}", in_folder(folder.path(), "./x"));
    for (report, expected_text) in [
        (vec![missing.as_str()], "nowhere"),
        (vec![&itself], "directory"),
        (vec!["junit"], "FORMAT=FILE"),
        (vec!["junit="], "no file given"),
        (vec!["junit=-"], "--format junit"),
        (vec!["joomla=x"], "junit"),
        (vec![&twice, &twice], "two outputs"),
        (vec![&twice, &again], "two outputs"),
    ] {
        let flags: Vec<&str> = report.iter().flat_map(|report| ["--report", report]).collect();
        let run = run(&[&[target.as_str()], flags.as_slice()].concat());
        assert_eq!(run.code, 2, "{report:?} {run}");
        assert!(run.stderr.contains(expected_text) && run.stdout.is_empty(), "{report:?} {run}");
    }
    assert_eq!(listener.accept().map(|_| ()).unwrap_err().kind(), ErrorKind::WouldBlock, "something was sent");
    assert_eq!(names(folder.path()), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_becomes_full_causes_exit_code_74_and_other_reports_are_still_written() {
    let folder = tempfile::tempdir().unwrap();
    let good = format!("junit={}", in_folder(folder.path(), "good.xml"));
    let run = run(&[CLOSED_PORT, "--report", "html=/dev/full", "--report", &good]);
    assert_eq!(run.code, 74, "{run}");
    assert!(run.stderr.contains("cannot be written"), "{run}");
    assert!(std::fs::read_to_string(folder.path().join("good.xml")).unwrap().ends_with("</testsuites>\n"));
}

#[test]
fn the_step_summary_of_github_is_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let summary = in_folder(folder.path(), "summary.md");
    std::fs::write(&summary, "# before\n\n").unwrap();
    let variables = [("GITHUB_STEP_SUMMARY", summary.as_str())];
    let run = run_with(&[CLOSED_PORT, "--format", "github"], None, &variables);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.starts_with("::error title=127.0.0.1%3A1%3A connection-refused::"), "{run}");
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("# before\n\n# smtpcheck: FAIL 127.0.0.1:1\n"), "{text}");
    let elsewhere = run_with(&[CLOSED_PORT, "--format", "github"], None, &[("GITHUB_STEP_SUMMARY", "/nowhere/at/all")]);
    assert_eq!(elsewhere.code, 2, "{elsewhere}");
    // The summary is written only with the `github` format.
    run_with(&[CLOSED_PORT], None, &variables);
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), text);
}

#[cfg(unix)]
#[test]
fn ndjson_records_are_written_as_events_happen_and_a_signal_still_ends_them_properly() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let mut child = command(&[&target, "--format", "ndjson"]).spawn().unwrap();
    let id = child.id().to_string();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["event"], "start");
    assert_eq!(next()["event"], "check");
    // The server has sent no data yet, and the program still waits for it.
    let dialled = next();
    assert_eq!(dialled["happened"]["kind"], "dialled", "{dialled}");
    std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    let mut rest = Vec::new();
    while rest.last().is_none_or(|line: &Value| line["event"] != "end") {
        rest.push(next());
    }
    let result = &rest[rest.len() - 2];
    assert_eq!(result["event"], "result");
    assert_eq!(result["report"]["exit"]["code"], 143);
    assert_eq!(rest[rest.len() - 1]["by_exit"]["143"], 1);
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

fn saved(folder: &Path, name: &str, words: &[&str]) -> String {
    let file = in_folder(folder, name);
    run(&[words, &["-o", &file]].concat());
    file
}

#[test]
fn a_saved_report_is_shown_in_every_format_with_the_exit_code_of_its_check() {
    let folder = tempfile::tempdir().unwrap();
    let json = saved(folder.path(), "a.json", &[CLOSED_PORT, "--json"]);
    let lines = saved(folder.path(), "a.ndjson", &[CLOSED_PORT, "--format", "ndjson"]);
    for file in [&json, &lines] {
        for format in FORMATS.iter().filter(|format| format.exit_codes == ExitCodes::Own) {
            let format = format.name;
            let run = run(&["report", file, "--format", format]);
            assert_eq!(run.code, 3, "{format} {run}");
            assert!(run.stdout.contains("connection-refused") && run.stderr.is_empty(), "{format} {run}");
        }
        assert_eq!(run(&["report", file, "--format", "nagios"]).code, 2);
        assert_eq!(run(&["report", file, "--rejudge"]).code, 3);
    }
    assert_eq!(run(&["report", &json, "--json"]).stdout, std::fs::read_to_string(&json).unwrap());
    let piped = run_with(&["report", "-", "-q"], Some(&std::fs::read_to_string(&json).unwrap()), &[]);
    assert!(piped.stdout.starts_with("FAIL  127.0.0.1:1"), "{piped}");
}

#[test]
fn two_files_are_compared_and_the_changes_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let one = saved(folder.path(), "one.json", &[CLOSED_PORT, "--json"]);
    let same = run(&["report", &one, &one]);
    assert_eq!((same.code, same.stdout.as_str()), (0, "no changes\n"), "{same}");
    let other = in_folder(folder.path(), "other.json");
    let mut report: Value = serde_json::from_str(&std::fs::read_to_string(&one).unwrap()).unwrap();
    report["findings"][0]["rule"] = "connection-timed-out\u{1b}[31m".into();
    std::fs::write(&other, report.to_string()).unwrap();
    let changed = run(&["report", &one, &other]);
    assert_eq!(changed.code, 1, "{changed}");
    assert!(changed.stdout.contains("finding connection-refused  removed: error"), "{changed}");
    assert!(changed.stdout.contains("finding connection-timed-out\\x1b[31m  new: error"), "{changed}");
    let json: Value = serde_json::from_str(&run(&["report", &one, &other, "--json"]).stdout).unwrap();
    assert_eq!(json["changed"], true);
    let merged = run(&["report", &one, &other, "--merge", "--format", "junit"]);
    assert_eq!(merged.stdout.matches("<testcase ").count(), 2, "{merged}");
    assert_eq!(run(&["report", &one, &other, "--format", "html"]).code, 2);
}

#[test]
fn each_kind_of_invalid_file_has_its_own_message() {
    let folder = tempfile::tempdir().unwrap();
    let cut = saved(folder.path(), "cut.ndjson", &[CLOSED_PORT, CLOSED_PORT, "--format", "ndjson"]);
    let lines = std::fs::read_to_string(&cut).unwrap();
    let at = lines.rfind("{\"event\":\"result\"").unwrap();
    std::fs::write(&cut, &lines[..at + 40]).unwrap();
    let run_cut = run(&["report", &cut, "-q"]);
    assert_eq!(run_cut.code, 3, "{run_cut}");
    assert!(run_cut.stderr.contains("truncated") && run_cut.stderr.contains("1 check has no result"), "{run_cut}");
    // The check of the damaged line failed.
    let damaged = lines.replacen("\"event\":\"result\"", "\"event\":\"result", 1);
    std::fs::write(&cut, damaged).unwrap();
    let run_damaged = run(&["report", &cut, "-q"]);
    assert_eq!(run_damaged.code, 3, "{run_damaged}");
    let words = "1 line is damaged and was ignored, and 1 check has no result";
    assert!(run_damaged.stderr.contains(words) && !run_damaged.stderr.contains("truncated"), "{run_damaged}");
    for (name, text, expected_text) in [
        ("empty", "", "empty"),
        ("blank", " \n\n", "empty"),
        ("text", "220 mx.example.net ESMTP", "not JSON"),
        ("half", "{\"schema_version\": \"1.0\", ", "not JSON"),
        ("other", "{\"a\": 1}", "schema_version"),
        ("ports", "{\"schema_version\": \"1.0\", \"ports\": []}", "transcript"),
        ("broken", "{\"schema_version\": \"1.0\", \"transcript\": 7}", "cannot"),
        ("new", "{\"schema_version\": \"9.0\", \"transcript\": []}", "9.0"),
        ("started", "{\"event\":\"start\",\"checks\":1}\n", "stopped before"),
        ("list", "[1, 2]", "schema_version"),
        ("deep", &"[".repeat(100_000), "not JSON"),
    ] {
        let file = in_folder(folder.path(), name);
        std::fs::write(&file, text).unwrap();
        let run = run(&["report", &file]);
        assert_eq!(run.code, 2, "{name} {run}");
        assert!(
            run.stderr.contains(expected_text) || expected_text == "cannot" && run.stderr.contains("can be read"),
            "{name} {run}"
        );
        assert!(run.stderr.lines().last().unwrap().contains(name), "the message must name the file: {run}");
    }
    let bytes = in_folder(folder.path(), "bytes");
    std::fs::File::create(&bytes).unwrap().write_all(b"\xff\xfe{\0}\0").unwrap();
    assert!(run(&["report", &bytes]).stderr.contains("UTF-8"));
    assert_eq!(run(&["report", "/nowhere/at/all"]).code, 2);
    assert!(run(&["report"]).stderr.contains("no file given"));
    let none = in_folder(folder.path(), "none");
    std::fs::write(&none, "[]").unwrap();
    assert_eq!(run(&["report", &none]).code, 2);
}

/// The plugin's output for an error: one line on standard output, and none on standard error.
#[track_caller]
fn is_unknown(run: &Run, expected_text: &str) {
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.starts_with("SMTP UNKNOWN - ") && run.stdout.lines().count() == 1, "{run}");
    assert!(run.stdout.contains(expected_text) && run.stderr.is_empty(), "{expected_text}: {run}");
}

#[test]
fn the_plugin_reports_every_usage_error_as_unknown() {
    for (words, expected_text) in [
        (&["host:0", "--format", "nagios"][..], "not a port"),
        (&["--format=nagios"], "no target given"),
        (&["mx.example.net", "--format", "nagios", "--no-such-flag"], "--no-such-flag"),
        (&["mx.example.net", "--format", "nagios", "--warning", "lots"], "--warning lots"),
        (&["mx.example.net", "--format", "nagios", "--cacert", "/nowhere"], "/nowhere"),
    ] {
        is_unknown(&run(words), expected_text);
    }
    is_unknown(&run_with(&["host:0"], None, &[("SMTPCHECK_FORMAT", "nagios")]), "not a port");
    assert_eq!(run(&["host:0", "--format", "json"]).code, 2);
}

#[cfg(unix)]
fn check_smtp(words: &[&str]) -> Run {
    use std::os::unix::process::CommandExt;
    let mut command = command(words);
    command.arg0("/usr/lib/nagios/plugins/check_smtp");
    finish(command.spawn().unwrap())
}

#[cfg(unix)]
#[test]
fn under_the_name_check_smtp_the_flags_of_that_plugin_are_accepted() {
    let refused = check_smtp(&["-H", "127.0.0.1", "-p", "1", "-t", "5", "-w", "3", "-c", "4"]);
    assert_eq!(refused.code, 2, "{refused}");
    let first = refused.stdout.lines().next().unwrap();
    assert!(first.starts_with("SMTP CRITICAL - connection-refused: "), "{first}");
    assert!(first.contains(" sec. response time|time=0.") && first.contains("s;3.000000;4.000000;0.000000"), "{first}");
    is_unknown(&check_smtp(&[]), "check_smtp -H");
    is_unknown(&check_smtp(&["-H", "127.0.0.1", "-U", "u", "-P", "hunter2hunter2"]), "--password-file");
    assert!(!check_smtp(&["-H", "127.0.0.1", "-U", "u", "-P", "hunter2hunter2"]).stdout.contains("hunter2"));
    is_unknown(&check_smtp(&["-H", "127.0.0.1", "-C", "DATA"]), "never a message");
    is_unknown(&check_smtp(&["-H", "127.0.0.1", "-C", "RCPT TO:<a@b.example>", "-R", "("]), "-R (");
    is_unknown(&check_smtp(&["-H", "127.0.0.1", "-R", "250"]), "more -R flags than -C flags");
    is_unknown(&check_smtp(&["-H", "127.0.0.1", "-t", "soon"]), "-t soon");
    is_unknown(&check_smtp(&["-H", "127.0.0.1", "-w", "x"]), "--warning x");
    assert_eq!(check_smtp(&["-h"]).code, 3);
    assert_eq!(check_smtp(&["-V"]).code, 3);
}

#[cfg(unix)]
#[test]
fn the_plugin_checks_the_expected_replies() {
    let script = "S: 220 mx.example.net ESMTP
C
S: 250 mx.example.net
C
S: 250 2.1.0 ok
C
S: 550 5.7.1 relaying denied
C
S: 250 2.0.0 ok
C
S: 221 bye
";
    let ask = |flags: &[&str]| {
        let server = support::server::Server::start(&[script], &support::server::Identity::new());
        let port = server.port();
        let envelope = ["-f", "a@example.org", "-C", "RCPT TO:<x@example.com>"];
        check_smtp(&[&["-H", "127.0.0.1", "-p", &port], envelope.as_slice(), flags].concat())
    };
    let refused = ask(&[]);
    assert_eq!(refused.code, 2, "without -R every reply must be successful: {refused}");
    let wanted = ask(&["-R", "^550"]);
    assert!(wanted.code == 0 && wanted.stdout.starts_with("SMTP OK - "), "an expected rejection is OK: {wanted}");
    let other = ask(&["-R", "^550", "-e", "220 mail.example.net"]);
    assert_eq!(other.code, 1, "{other}");
    assert!(other.stdout.contains("the greeting does not contain 220 mail.example.net"), "{other}");
}

#[test]
fn every_attempt_is_in_the_ndjson_output_and_in_the_output_of_report() {
    let folder = tempfile::tempdir().unwrap();
    let lines = in_folder(folder.path(), "tries.ndjson");
    let run_lines = run(&[CLOSED_PORT, "--retry", "1", "--format", "ndjson", "-o", &lines]);
    assert_eq!(run_lines.code, 3, "{run_lines}");
    let text = std::fs::read_to_string(&lines).unwrap();
    let all: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tried: Vec<&Value> = all.iter().filter(|line| line["event"] == "retry").collect();
    assert_eq!(tried.len(), 1, "{text}");
    assert_eq!((tried[0]["number"].as_u64(), tried[0]["exit_code"].as_u64()), (Some(1), Some(3)));
    let again = run(&["report", &lines, "--format", "ndjson"]);
    assert_eq!(again.stdout, text, "the report command prints the same as the live output");
    let junit = run(&["report", &lines, "--format", "junit"]).stdout;
    assert_eq!((junit.matches("<testcase ").count(), junit.matches("run 1: exit 3").count()), (1, 1), "{junit}");
    // A JSON report also contains the attempts.
    let json = saved(folder.path(), "tries.json", &[CLOSED_PORT, "--retry", "1", "--json"]);
    assert!(run(&["report", &json, "--format", "markdown"]).stdout.contains("- run 1: exit 3"));
}

#[test]
fn expectations_of_a_saved_report_are_evaluated_again() {
    let folder = tempfile::tempdir().unwrap();
    let expected = saved(folder.path(), "a.json", &[CLOSED_PORT, "--json", "--expect", "exit.code == 3"]);
    for words in [&["report", &expected][..], &["report", &expected, "--rejudge"]] {
        let run = run(words);
        assert_eq!(run.code, 0, "the server was expected to be unreachable: {run}");
    }
    let failed = saved(folder.path(), "b.json", &[CLOSED_PORT, "--json", "--expect", "exit.code == 0"]);
    let run = run(&["report", &failed, "--rejudge", "--format", "junit"]);
    assert_eq!(run.code, 3, "{run}");
    assert!(run.stdout.contains("expectation: exit.code == 0: expected"), "{run}");
}
