//! The built program's `smtpcheck batch` against the sandbox: one record for each line, resume, shards, limits, full
//! disks and signals.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod interfaces;
mod pace;
mod shards;
mod stops;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use smtpcheck::report::batch::BATCH_SCHEMA;
use smtpcheck::sandbox::{Options, Remote, Sandbox, scenario};

use crate::support::leak::CANARY;
use crate::support::program::{self, Run, command, finish};
use crate::support::sandboxes::{TestSandbox, server};

const SCENARIOS: [&str; 5] =
    ["healthy-submission", "healthy-relay", "relay-denied", "certificate-expired", "auth-wrong-password"];

fn sandbox() -> &'static TestSandbox {
    static SANDBOX: OnceLock<TestSandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| TestSandbox::start(&SCENARIOS))
}

/// A directory with an input. `{name}` is replaced by the address of a scenario.
struct Batch {
    folder: tempfile::TempDir,
}

impl Batch {
    fn new(targets: &str) -> Batch {
        let batch = Batch { folder: tempfile::tempdir().unwrap() };
        let mut text = targets.to_owned();
        for (name, address) in &sandbox().addresses {
            text = text.replace(&format!("{{{name}}}"), address);
        }
        batch.write("targets", text.as_bytes());
        batch
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn words(&self, more: &[&str]) -> Vec<String> {
        let targets = self.path("targets");
        let words = ["batch", &targets, "--cacert", &sandbox().authority, "--sni", "localhost"];
        words.iter().copied().chain(more.iter().copied()).map(str::to_owned).collect()
    }

    /// Runs the batch with these flags.
    #[track_caller]
    fn run(&self, more: &[&str]) -> Run {
        self.run_with(more, &[])
    }

    #[track_caller]
    fn run_with(&self, more: &[&str], variables: &[(&str, &str)]) -> Run {
        let words = self.words(more);
        program::run_with(&words.iter().map(String::as_str).collect::<Vec<_>>(), None, variables)
    }
}

/// The records, after validating each against the published schema.
#[track_caller]
fn records(text: &str) -> Vec<Value> {
    static VALIDATOR: OnceLock<jsonschema::Validator> = OnceLock::new();
    let validator =
        VALIDATOR.get_or_init(|| jsonschema::validator_for(&serde_json::from_str(BATCH_SCHEMA).unwrap()).unwrap());
    assert!(text.is_empty() || text.ends_with('\n'), "the last record is incomplete: {text}");
    let record = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {line}", errors.join("; "));
        value
    };
    text.lines().map(record).collect()
}

/// The exit code of each line; -1 for a line that could not be checked.
#[track_caller]
fn codes(text: &str) -> BTreeMap<u64, i64> {
    let code = |record: &Value| record["exit"]["code"].as_i64().unwrap_or(-1);
    records(text).iter().map(|record| (record["line"].as_u64().unwrap(), code(record))).collect()
}

fn ids(text: &str) -> Vec<String> {
    let mut ids: Vec<String> = records(text).iter().map(|one| one["id"].as_str().unwrap_or("-").to_owned()).collect();
    ids.sort();
    ids
}

/// Counts concurrent sessions, and remembers the highest number.
#[derive(Default)]
struct Sessions {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

fn counting_server() -> (u16, Arc<Sessions>) {
    let sessions = Arc::new(Sessions::default());
    let (begun, ended) = (Arc::clone(&sessions), Arc::clone(&sessions));
    let before = move || {
        let now = begun.now.fetch_add(1, Ordering::SeqCst) + 1;
        begun.most.fetch_max(now, Ordering::SeqCst);
        begun.all.fetch_add(1, Ordering::SeqCst);
    };
    let after = move || {
        ended.now.fetch_sub(1, Ordering::SeqCst);
    };
    let port = server("0.0.0.0", before, after).rsplit(':').next().and_then(|port| port.parse().ok()).unwrap();
    (port, sessions)
}

/// A server that accepts connections and never sends a greeting. The receiver gets a message for each connection.
fn silent_server() -> (u16, Receiver<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming().flatten() {
            kept.push(stream);
            if sender.send(()).is_err() {
                return;
            }
        }
    });
    (port, receiver)
}

#[test]
fn every_line_has_one_record_with_its_result_and_its_tags() {
    let batch = Batch::new(
        "# servers\n{healthy-submission}\nsmtp://{healthy-relay}\n\n\
         {\"target\":\"{relay-denied}\",\"from\":\"a@sandbox.test\",\"to\":[\"you@elsewhere.test\"],\"tags\":{\"site\":[1,\"x\"]}}\n\
         {certificate-expired}\nbad host\n{\"target\":\"h.example\",\"prot\":1,\"tags\":7}\n{healthy-submission}\n",
    );
    let run = batch.run(&["--summary", &batch.path("summary")]);
    assert_eq!(run.code, 1, "{run}");
    let by_line: BTreeMap<u64, i64> = [(2, 0), (3, 0), (5, 5), (6, 6), (7, -1), (8, -1)].into();
    assert_eq!(codes(&run.stdout), by_line, "{run}");
    for record in records(&run.stdout) {
        match record["line"].as_u64() {
            Some(5) => {
                assert_eq!(record["tags"], serde_json::json!({"site": [1, "x"]}));
                assert_eq!(record["findings"][0]["rule"], "relay-denied");
                assert_eq!(record["rcpt"][0]["address"], "you@elsewhere.test");
            }
            Some(8) => {
                assert_eq!(record["tags"], 7);
                assert!(record["error"].as_str().unwrap().contains("unknown key prot"));
            }
            Some(2) => {
                assert_eq!((&record["tags"], &record["report"]), (&Value::Null, &Value::Null));
                assert_eq!(record["tls"]["version"], "1.3");
                assert_eq!(record["certificate"]["verifies"], true);
                assert_eq!(record["id"].as_str().unwrap().len(), 32);
            }
            _ => {}
        }
    }
    let summary = &records(&(batch.read("summary").replace('\n', "") + "\n"))[0];
    assert_eq!(summary["targets"], 4);
    assert_eq!((&summary["invalid_lines"], &summary["run"]["duplicates"]), (&2.into(), &1.into()));
    assert_eq!(summary["by_exit"], serde_json::json!({"0": 2, "5": 1, "6": 1}));
    assert_eq!(summary["by_tls_version"]["1.3"], 4);
    assert_eq!(summary["exit"]["code"], 1);
    let rules: Vec<&str> =
        summary["findings"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"certificate-expired") && rules.contains(&"relay-denied"), "{rules:?}");
    assert!(summary["phases"].as_array().unwrap().iter().any(|phase| phase["name"] == "tls"));
    for words in ["4 targets, 2 passed, 2 failed, 2 invalid lines, 1 duplicate", "certificate-expired", "slowest"] {
        assert!(run.stderr.contains(words), "{words}: {run}");
    }
}

#[test]
fn the_exit_code_is_that_of_all_failures_and_exit_zero_ignores_results() {
    let batch = Batch::new("{healthy-relay}\n{certificate-expired}\n");
    assert_eq!(batch.run(&["-q"]).code, 6);
    let run = batch.run(&["-q", "--exit-zero"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
    assert_eq!(Batch::new("{healthy-relay}\n").run(&[]).code, 0);
    assert_eq!(Batch::new("bad host\n").run(&[]).code, 2, "nothing was sent");
}

#[test]
fn invalid_lines_are_records_and_an_input_without_targets_is_an_error() {
    let healthy = &sandbox().addresses["healthy-relay"];
    let batch = Batch::new("");
    for empty in [&b""[..], b"\n\n# only a comment\n"] {
        batch.write("targets", empty);
        let run = batch.run(&[]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
        assert!(run.stderr.contains("the input contains no target"), "{run}");
    }
    let mut bytes = vec![b'x'; 10 * 1024 * 1024];
    bytes.extend(b"\n\xff\xfe\n@nowhere\nuser:hunter2@h.example\n");
    bytes.extend(format!("{healthy}\n").bytes());
    bytes.extend(br#"{"target":"h.example","password":"hunter2"}"#);
    bytes.extend(b"\n{\"target\":");
    batch.write("targets", &bytes);
    let run = batch.run(&[]);
    assert_eq!(codes(&run.stdout), [(1, -1), (2, -1), (3, -1), (4, -1), (5, 0), (6, -1), (7, -1)].into(), "{run}");
    for words in
        ["longer than 64 KiB", "not UTF-8", "user name", "cannot contain a password", "cannot be read as a JSON object"]
    {
        assert!(run.stdout.contains(words), "{words}: {run}");
    }
    assert!(!run.stdout.contains("hunter2"), "{run}");
    let missing = program::run(&["batch", "/nonexistent/targets"]);
    assert_eq!(missing.code, 2, "{missing}");
    assert_eq!(program::run(&["batch", "/"]).code, 2);
}

#[test]
fn the_summary_shows_the_first_invalid_lines_with_their_reasons() {
    let bad: String = (1..=7).map(|number| format!("bad\x1bhost{number}\n")).collect();
    let batch = Batch::new(&format!("{bad}{{\"target\":\"h.example\",\"password\":\"hunter2\"}}\n"));
    let run = batch.run(&["--summary", &batch.path("summary")]);
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("invalid lines\n          1  target bad\\u{1b}host1: "), "{run}");
    assert!(run.stderr.contains("          5  target bad") && run.stderr.contains("and 3 other lines\n"), "{run}");
    let summary: Value = serde_json::from_str(&batch.read("summary")).unwrap();
    let lines: Vec<u64> =
        summary["invalid_examples"].as_array().unwrap().iter().map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5]);
    let records = batch.write("records", run.stdout.as_bytes());
    for (format, needle) in [("html", "and 3 other lines"), ("markdown", "| 5 | target bad"), ("text", "invalid lines")]
    {
        let text = program::run(&["report", &records, "--format", format]).stdout;
        assert!(text.contains(needle) && !text.contains("hunter2") && !text.contains('\x1b'), "{format}: {text}");
    }
}

#[test]
fn the_html_page_shows_up_to_three_targets_of_a_finding() {
    let batch = Batch::new("{relay-denied}\n");
    let line = batch.run(&["-q", "--to", "you@example.org"]).stdout;
    let id = records(&line)[0]["id"].as_str().unwrap().to_owned();
    let other = |number: usize| {
        line.replace(&id, &format!("{number:032x}"))
            .replace("\"host\":\"127.0.0.1\"", &format!("\"host\":\"h{number}.example\""))
    };
    let path = batch.write("records", (1..=5).map(other).collect::<String>().as_bytes());
    let page = program::run(&["report", &path, "--format", "html"]).stdout;
    let summary = program::run(&["report", &path, "--json"]).stdout;
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let examples = summary["findings"][0]["examples"].as_array().unwrap();
    assert_eq!((examples.len(), summary["findings"][0]["targets"].as_u64()), (3, Some(5)), "{summary:#}");
    for host in ["h1.example", "h2.example", "h3.example"] {
        assert!(page.contains(host), "{host}: {page}");
    }
}

#[test]
fn a_report_of_records_can_exit_with_0_and_other_files_are_named() {
    let batch = Batch::new("{certificate-expired}\n");
    let records = batch.write("records.ndjson", batch.run(&["-q"]).stdout.as_bytes());
    for args in [&["report", &records][..], &["report", &records, &records, "--json"]] {
        assert_eq!(program::run(args).code, 6);
        let run = program::run(&[args, &["--exit-zero"]].concat());
        assert!(run.code == 0 && !run.stdout.is_empty(), "{run}");
    }
    let address = &sandbox().addresses["certificate-expired"];
    let saved = program::run(&[address, "--cacert", &sandbox().authority, "--json"]).stdout;
    let saved = batch.write("saved.json", saved.as_bytes());
    assert_eq!(program::run(&["report", &saved]).code, 6);
    assert_eq!(program::run(&["report", &saved, "--exit-zero", "--format", "nagios"]).code, 0);
    for files in [[&saved, &records], [&records, &saved]] {
        let run = program::run(&["report", files[0], files[1], "--exit-zero"]);
        assert_eq!(run.code, 2, "{run}");
        let named = format!("{saved} contains no records of smtpcheck batch, but {records} does");
        assert!(run.stderr.contains(&named) && run.stderr.contains("once for each kind of file"), "{run}");
    }
}

#[test]
fn targets_can_come_from_standard_input() {
    let healthy = &sandbox().addresses["healthy-relay"];
    let words = ["batch", "-", "--cacert", &sandbox().authority, "--sni", "localhost"];
    let run = program::run_with(&words, Some(&format!("{healthy}\n")), &[]);
    assert_eq!((run.code, codes(&run.stdout)), (0, [(1, 0)].into()), "{run}");
}

#[test]
fn duplicates_are_checked_once_or_each_time() {
    let (port, sessions) = counting_server();
    let mut text = format!("127.0.0.1:{port}\nsmtp://127.0.0.1:{port}\n").repeat(3);
    text.push_str(&format!("{{\"target\":\"127.0.0.1:{port}\",\"tls\":\"none\"}}\n"));
    let batch = Batch::new(&text);
    let run = batch.run(&["--tls", "none"]);
    assert_eq!((run.code, records(&run.stdout).len()), (0, 2), "{run}");
    assert_eq!(sessions.all.load(Ordering::SeqCst), 2);
    assert!(run.stderr.contains("5 duplicates"), "{run}");
    let run = batch.run(&["--tls", "none", "--keep-duplicates"]);
    assert_eq!((run.code, records(&run.stdout).len()), (0, 7), "{run}");
    assert!(sessions.most.load(Ordering::SeqCst) <= 2, "at most two on one host by default");
    let many = format!("127.0.0.1:{port}\n").repeat(200_000);
    let run = Batch::new(&many).run(&["--tls", "none"]);
    assert_eq!(records(&run.stdout).len(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("199999 duplicates"), "{}", run.stderr);
}

#[test]
fn hosts_and_addresses_have_a_limit_of_sessions_at_the_same_time() {
    let (port, sessions) = counting_server();
    let names: String = (0..60).map(|number| format!("h{number}.example:{port}\n")).collect();
    let batch = Batch::new(&names);
    let resolve = format!("*:{port}:127.0.0.1");
    let run = batch.run(&["--tls", "none", "--resolve", &resolve, "--per-address", "3"]);
    assert_eq!((run.code, records(&run.stdout).len()), (0, 60), "{run}");
    assert!(sessions.most.load(Ordering::SeqCst) <= 3, "{}", sessions.most.load(Ordering::SeqCst));
    let (port, sessions) = counting_server();
    let batch = Batch::new(&format!("127.0.0.1:{port}\n").repeat(40));
    let run = batch.run(&["--tls", "none", "--keep-duplicates", "--per-host", "1"]);
    assert_eq!((run.code, sessions.most.load(Ordering::SeqCst)), (0, 1), "{run}");
}

#[test]
fn names_are_looked_up_by_one_resolver_and_the_lookup_is_part_of_the_record() {
    let listen = std::net::Ipv4Addr::LOCALHOST.into();
    let options = Options { listen, port: None, remote: Remote::Refused, fleet: None, dns: Some(0), domains: None };
    let names_only = Sandbox::open(&[scenario("healthy-relay").unwrap()], &options).unwrap();
    let resolver = names_only.dns().unwrap().to_string();
    let _running = names_only.spawn(None).unwrap();
    let port = sandbox().addresses["healthy-relay"].rsplit(':').next().unwrap();
    let names = format!("127-0-0-1.test:{port}\n127-0-0-2.test:1\nno-such-name.test\nservfail.test\n");
    let batch = Batch::new(&names);
    let run = batch.run(&["--tls", "none", "--resolver", &resolver]);
    let codes = codes(&run.stdout);
    assert_eq!(codes, [(1, 0), (2, 3), (3, 3), (4, 3)].into(), "{run}");
    for record in records(&run.stdout) {
        let phase = &record["phases"][0];
        assert_eq!(phase["name"], "dns", "{run}");
        assert!(phase["ms"].as_f64().unwrap() > 0.0, "the lookup before the check counts: {phase}");
    }
}

#[test]
fn full_reports_are_valid_reports_and_csv_has_the_chosen_columns() {
    let batch =
        Batch::new("{healthy-submission}\n{\"target\":\"{certificate-expired}\",\"tags\":\"=a,b\"}\nbad host\n");
    let run = batch.run(&["--full", "-q"]);
    let schema: Value = serde_json::from_str(smtpcheck::report::SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let full: Vec<Value> = records(&run.stdout).into_iter().filter(|one| one["event"] == "target").collect();
    assert_eq!(full.len(), 2);
    for record in &full {
        assert!(validator.is_valid(&record["report"]), "{record}");
        for key in ["total_ms", "started_at", "verdict", "exit", "target"] {
            assert_eq!(record[key], record["report"][key], "{key}");
        }
    }
    let columns = "line,target.port,exit.name,findings,certificate.days_left,tags,error";
    let run = batch.run(&["--format", "csv", "--columns", columns, "-q", "--jobs", "1"]);
    let lines: Vec<&str> = run.stdout.split("\r\n").collect();
    assert_eq!(lines[0], columns, "{run}");
    let row = |begin: &str| lines.iter().find(|line| line.starts_with(begin)).copied().unwrap_or_default();
    assert!(row("1,").contains(",ok,,"), "{run}");
    assert!(row("2,").contains(",tls,certificate-expired") && row("2,").contains("\"\"\"=a,b\"\"\""), "{run}");
    assert!(row("3,").starts_with("3,,,,,,") && row("3,").contains("did you mean"), "{run}");
    for (words, needle) in [
        (&["--columns", "line"][..], "--format csv"),
        (&["--format", "csv", "--full"], "cannot be used with --format csv"),
        (&["--format", "csv", "--columns", "tls.versoin"], "did you mean tls.version"),
        (&["--resume"], "add --output FILE"),
        (&["--shard", "5/4"], "greater than the number of shards"),
        (&["--rate", "fast"], "not a rate"),
    ] {
        let run = batch.run(words);
        assert!(run.code == 2 && run.stderr.contains(needle), "{words:?}: {run}");
    }
}

#[test]
fn a_password_is_sent_only_to_the_hosts_that_are_named_for_it() {
    let wrong = &sandbox().addresses["auth-wrong-password"];
    let port = wrong.rsplit(':').next().unwrap();
    let batch = Batch::new(&format!("127.0.0.1:{port}\nlocalhost:{port}\n"));
    let password = batch.write("password", CANARY.as_bytes());
    std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let login = ["--user", "u@sandbox.test", "--password-file", &password];
    let run = batch.run(&[&login[..], &["--login-host", "localhost", "--full", "-4"]].concat());
    let outcome = |record: &Value| record["auth"]["outcome"].as_str().unwrap().to_owned();
    let outcomes: BTreeMap<u64, String> =
        records(&run.stdout).iter().map(|one| (one["line"].as_u64().unwrap(), outcome(one))).collect();
    assert_eq!(outcomes, [(1, "not-tried".to_owned()), (2, "refused".to_owned())].into(), "{run}");
    let run = batch.run(&login);
    assert!(run.code == 2 && run.stderr.contains("add --login-host HOST"), "{run}");
    let lines = Batch::new("localhost\n");
    let named = [&login[..], &["--login-host", "localhost", "--port", port, "-4"]].concat();
    let run = lines.run(&named);
    assert_eq!(outcome(&records(&run.stdout)[0]), "refused", "{run}");
    // In the environment, a user name without a host has no effect.
    let run = batch.run_with(&["-q"], &[("SMTPCHECK_USER", "u"), ("SMTPCHECK_PASSWORD", CANARY)]);
    assert!(records(&run.stdout).iter().all(|one| outcome(one) == "not-tried"), "{run}");
}

#[test]
fn a_profile_logs_in_on_its_own_server() {
    let wrong = &sandbox().addresses["auth-wrong-password"];
    let batch = Batch::new("@relay\n{healthy-submission}\n@other\n");
    let password = batch.write("password", CANARY.as_bytes());
    std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = format!("[profile.relay]\ntarget = \"{wrong}\"\nuser = \"u\"\npassword-file = \"{password}\"\n");
    let config = batch.write("config.toml", config.as_bytes());
    let run = batch.run(&["--config", &config, "-q"]);
    assert_eq!(codes(&run.stdout), [(1, 7), (2, 0), (3, -1)].into(), "{run}");
    assert!(run.stdout.contains("did you mean") || run.stdout.contains("the profiles in this file"), "{run}");
}

#[test]
fn an_expectation_is_evaluated_for_each_target() {
    let batch = Batch::new("{healthy-submission}\n{certificate-expired}\n");
    let run = batch.run(&["-q", "--expect", "certificate.days_left > 10"]);
    let failed: Vec<u64> = records(&run.stdout)
        .iter()
        .filter(|one| !one["expectations"].as_array().unwrap().is_empty())
        .map(|one| one["line"].as_u64().unwrap())
        .collect();
    assert_eq!(failed, [2], "{run}");
}

#[test]
fn the_records_folder_is_not_needed_for_a_relative_path() {
    let batch = Batch::new("{healthy-relay}\n");
    let words = batch.words(&["--output", "records.ndjson", "-q"]);
    let mut command = command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    command.current_dir(batch.folder.path());
    let run = finish(command.spawn().unwrap());
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(records(&batch.read("records.ndjson")).len(), 1);
    let missing: PathBuf = batch.folder.path().join("none").join("records");
    assert_eq!(batch.run(&["--output", missing.to_str().unwrap()]).code, 2);
}

#[test]
fn characters_that_a_terminal_interprets_are_escaped_in_a_record() {
    let batch = Batch::new("{\"target\":\"{healthy-submission}\",\"tags\":\"\\u009b31m\\u202e\"}\n");
    for form in [&["-q"][..], &["-q", "--full"], &["-q", "--format", "csv", "--columns", "tags"]] {
        let run = batch.run(form);
        assert!(!run.stdout.contains(['\u{9b}', '\u{202e}']), "{run}");
    }
    assert_eq!(records(&batch.run(&["-q"]).stdout)[0]["tags"], "\u{9b}31m\u{202e}");
}

#[test]
fn a_file_without_a_complete_record_is_not_reported_as_a_success() {
    let batch = Batch::new("{healthy-submission}\n");
    let text = batch.run(&["-q"]).stdout;
    let torn = batch.write("torn", &text.as_bytes()[..200]);
    let run = program::run(&["report", &torn]);
    assert!(run.code == 2 && run.stderr.contains("no complete record"), "{run}");
}

#[test]
fn tags_are_copied_exactly() {
    let tags = "{\"n\":12345678901234567890123, \"k\":1,\"k\":0.123456789}";
    let batch = Batch::new(&format!("{{\"target\":\"{{healthy-submission}}\",\"tags\":{tags}}}\n"));
    for form in [&["-q"][..], &["-q", "--full"]] {
        let run = batch.run(form);
        assert!(run.stdout.contains(&format!("\"tags\":{tags},")), "{run}");
    }
}
