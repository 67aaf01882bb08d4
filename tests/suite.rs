//! The built program's `smtpcheck run` against the sandbox: which checks pass, fail or are skipped, and why. An error
//! in the file causes one message with its position, before anything is sent.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

mod secrets;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use smtpcheck::report::{CheckOutcome, RUN_SCHEMA, RunSource, Saved};

use crate::support::leak::CANARY;
use crate::support::program::{self, Run};
use crate::support::sandboxes::TestSandbox;

const SCENARIOS: [&str; 6] =
    ["healthy-submission", "healthy-relay", "relay-denied", "greylisted", "greeting-slow", "auth-wrong-password"];

fn sandbox() -> &'static TestSandbox {
    static SANDBOX: OnceLock<TestSandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| TestSandbox::start(&SCENARIOS))
}

/// A directory with a suite. `{name}` is replaced by the address of a scenario, and `{ca}` by the path of the CA
/// certificate.
struct Suite {
    folder: tempfile::TempDir,
}

impl Suite {
    fn new(text: &str) -> Suite {
        let suite = Suite { folder: tempfile::tempdir().unwrap() };
        suite.write("smtpcheck.toml", text);
        suite
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let sandbox = sandbox();
        let mut text = text.replace("{ca}", &sandbox.authority);
        for (scenario, address) in &sandbox.addresses {
            text = text.replace(&format!("{{{scenario}}}"), address);
        }
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, flags: &[&str]) -> Run {
        self.run_with(flags, &[])
    }

    fn run_with(&self, flags: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = program::command(&[&["run"], flags].concat());
        command.current_dir(self.folder.path()).envs(variables.iter().copied());
        program::finish(command.spawn().unwrap())
    }
}

/// Standard output as JSON, after validating it against the schema that the program publishes.
fn json(run: &Run) -> Value {
    let value: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"));
    let schema: Value = serde_json::from_str(RUN_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{}", errors.join("; "));
    value
}

const GUARD: &str = r#"
[defaults]
cacert = "{ca}"
from = "probe@example.org"
expect = ["tls.version >= 1.2"]

[[check]]
name = "accepts local mail"
target = "smtp://{healthy-relay}"
to = ["you@sandbox.test"]
tags = ["smoke"]
expect = ["rcpt.class == 2", "certificate.days_left > 21"]

[[check]]
name = "is not an open relay"
target = "smtp://{relay-denied}"
to = ["someone@elsewhere.test"]
tags = ["guard"]
expect = ["rcpt.class == 5"]
"#;

#[test]
fn a_suite_without_failures_ends_with_0_and_is_reported_in_file_order() {
    let suite = Suite::new(GUARD);
    let run = suite.run(&[]);
    assert_eq!(run.code, 0, "{run}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("PASS accepts local mail  127.0.0.1:"), "{run}");
    assert!(lines[1].starts_with("PASS is not an open relay  127.0.0.1:"), "{run}");
    assert_eq!(lines[2], "PASS  2 passed · exit 0", "{run}");
    let value = json(&suite.run(&["--json"]));
    assert_eq!(value["exit"]["code"], 0);
    assert_eq!(value["cases"][1]["line"], 14);
    assert_eq!(value["cases"][1]["report"]["expectations"][1]["line"], 19);
    assert_eq!(value["cases"][1]["report"]["findings"][0]["expected"], true);
}

#[test]
fn a_failed_check_shows_its_report_and_decides_the_exit_code() {
    let suite = Suite::new(&GUARD.replace("{relay-denied}", "{healthy-relay}"));
    let run = suite.run(&[]);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("FAIL is not an open relay  127.0.0.1:"), "{run}");
    assert!(run.stdout.contains("failed: rcpt.class == 5") && run.stdout.contains("expected 5, got 2"), "{run}");
    assert!(run.stdout.contains("RCPT TO:<someone@elsewhere.test>"), "{run}");
    assert!(run.stdout.ends_with("FAIL  1 failed, 1 passed · exit 1\n"), "{run}");
    let quiet = suite.run(&["-q"]);
    assert_eq!(quiet.stdout.lines().count(), 3, "{quiet}");
}

#[test]
fn failures_with_the_same_exit_code_decide_that_of_the_run() {
    let check = |name: &str| {
        format!(
            "[[check]]\nname = \"{name}\"\ntarget = \"{{{name}}}\"\ncacert = \"{{ca}}\"\nto = \"you@sandbox.test\"\n"
        )
    };
    let shared = Suite::new(&format!("{}{}", check("relay-denied"), check("healthy-relay"))).run(&["-q"]);
    assert_eq!(shared.code, 5, "{shared}");
    let mixed = Suite::new(&format!("{}{}", check("relay-denied"), check("greylisted"))).run(&["-q"]);
    assert_eq!(mixed.code, 1, "{mixed}");
}

#[test]
fn only_selects_checks_by_tag_and_by_name() {
    let suite = Suite::new(GUARD);
    let names = |only: &str| {
        let value = json(&suite.run(&["--json", "--only", only]));
        let names: Vec<String> =
            value["cases"].as_array().unwrap().iter().map(|case| case["name"].as_str().unwrap().to_owned()).collect();
        names
    };
    assert_eq!(names("smoke"), ["accepts local mail"]);
    assert_eq!(names("is not an open relay"), ["is not an open relay"]);
    let unknown = suite.run(&["--only", "smoek"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("did you mean smoke?"), "{unknown}");
}

#[test]
fn a_check_with_unmet_needs_is_skipped_with_a_reason_even_with_quiet() {
    let suite = Suite::new(&format!("{GUARD}needs = [\"env:SMTPCHECK_TEST_NEED\"]\n"));
    let run = suite.run(&[]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stdout.contains("SKIP is not an open relay: the environment variable SMTPCHECK_TEST_NEED is not set\n"),
        "{run}"
    );
    assert!(run.stdout.contains("PASS  1 passed, 1 skipped · exit 0"), "{run}");
    let value = json(&suite.run(&["--json"]));
    assert_eq!(value["cases"][1]["skipped"], "the environment variable SMTPCHECK_TEST_NEED is not set");
    assert_eq!(value["cases"][1]["report"], Value::Null);
    assert!(suite.run_with(&["-q"], &[("SMTPCHECK_TEST_NEED", "1")]).stdout.contains("2 passed"));
    let loaded = Saved::read(&suite.run(&["--json"]).stdout, &|_| None).unwrap().run;
    assert_eq!(loaded.source, RunSource::Suite("smtpcheck.toml".into()));
    assert!(matches!(&loaded.cases[1].outcome, CheckOutcome::Skipped { reason } if reason.contains("NEED")));
}

/// A port that accepts no connection: its queue is full, so connection requests receive no response.
#[cfg(target_os = "linux")]
fn silent_port() -> (String, Vec<std::net::TcpStream>, std::net::TcpListener) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
        assert!(waiting.len() < 10_000, "the queue does not fill");
    }
    (address.to_string(), waiting, listener)
}

#[cfg(target_os = "linux")]
#[test]
fn a_check_of_a_blocked_port_is_skipped_and_does_not_fail() {
    let (silent, _waiting, _listener) = silent_port();
    let port = silent.rsplit(':').next().unwrap();
    let check = |name: &str, target: &str, port: &str| {
        format!(
            "[[check]]\nname = \"{name}\"\ntarget = \"{target}\"\nneeds = \"egress:{port}\"\nconnect-timeout = \"400ms\"\ntimeout = \"1s\"\ntls = \"none\"\nmax-connections = 1\n"
        )
    };
    let run = Suite::new(&check("blocked", &silent, port)).run(&[]);
    assert_eq!(run.code, 0, "{run}");
    assert!(
        run.stdout.contains(&format!(
            "SKIP blocked: this network seems to block connections to port {port}: no response from 127.0.0.1"
        )),
        "{run}"
    );
    // Another server responds on that port, so connections can leave this network, and the silent server is the cause.
    // 127.0.0.2 is also a local address.
    let other = std::net::TcpListener::bind(format!("127.0.0.2:{port}")).unwrap();
    let both = Suite::new(&format!(
        "{}{}",
        check("silent", &silent, port),
        check("there", &format!("127.0.0.2:{port}"), port)
    ));
    let began = Instant::now();
    let run = both.run(&["-q", "--only", "silent", "--only", "there"]);
    assert!(run.stdout.contains("FAIL silent") && !run.stdout.contains("SKIP"), "{run}");
    assert!(began.elapsed() < Duration::from_secs(60));
    drop(other);
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_during_the_test_for_blocked_ports_leaves_a_valid_report() {
    let (silent, _waiting, _listener) = silent_port();
    let port = silent.rsplit(':').next().unwrap();
    let check =
        |name: &str| format!("[[check]]\nname = \"{name}\"\ntarget = \"{silent}\"\nneeds = \"egress:{port}\"\n");
    let suite = Suite::new(&format!("{}{}", check("first"), check("second")));
    let mut command = program::command(&["run", "--json"]);
    let child = command.current_dir(suite.folder.path()).spawn().unwrap();
    wait_until_connected(child.id());
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let run = program::finish(child);
    assert_eq!(run.code, 143, "{run}");
    let value = json(&run);
    assert_eq!(value["exit"]["code"], 143, "{run}");
    assert_eq!(value["cases"][1]["skipped"], "a signal stopped the run before this check began", "{run}");
}

/// Waits until a run has opened its sockets, so that the signal arrives during its checks.
#[cfg(unix)]
fn wait_until_connected(id: u32) {
    let sockets = || {
        let Ok(open) = std::fs::read_dir(format!("/proc/{id}/fd")) else { return 0 };
        let is_socket =
            |path: PathBuf| std::fs::read_link(path).is_ok_and(|link| link.to_string_lossy().starts_with("socket:"));
        open.filter_map(Result::ok).filter(|entry| is_socket(entry.path())).count()
    };
    let began = Instant::now();
    // Two for signals, one for each runtime (the port test and the checks), and the connection.
    while sockets() < 5 && began.elapsed() < Duration::from_secs(5) {
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn passwords_are_given_by_reference_and_are_not_shown() {
    let suite = Suite::new(
        "[defaults]\nuser = \"me@sandbox.test\"\ncacert = \"{ca}\"\n\
         [[check]]\nname = \"by variable\"\ntarget = \"{auth-wrong-password}\"\npassword-env = \"SMTPCHECK_TEST_SECRET\"\nexpect = \"auth.code == 535\"\n\
         [[check]]\nname = \"by file\"\ntarget = \"{auth-wrong-password}\"\npassword-file = \"secret\"\nexpect = \"exit.code == 7\"\n\
         [[check]]\nname = \"by command\"\ntarget = \"{auth-wrong-password}\"\npassword-command = \"cat secret\"\nexpect = \"auth.outcome == refused\"\n",
    );
    suite.write("secret", CANARY);
    for flags in [&["-v"][..], &["--json"]] {
        // `run` searches the output for the password.
        let run = suite.run_with(flags, &[("SMTPCHECK_TEST_SECRET", CANARY), ("RUST_LOG", "trace")]);
        assert_eq!(run.code, 0, "{run}");
    }
    let unset = suite.run(&[]);
    assert!(
        unset.code == 2
            && unset.stderr.contains("smtpcheck.toml:7:16: the environment variable SMTPCHECK_TEST_SECRET is not set"),
        "{unset}"
    );
    let none = Suite::new("[[check]]\nname = \"a\"\ntarget = \"127.0.0.1:9\"\nuser = \"u\"\n").run(&[]);
    assert!(
        none.code == 2 && none.stderr.contains("smtpcheck.toml:4:8: the check has a user but no password"),
        "{none}"
    );
}

#[cfg(unix)]
#[test]
fn a_password_in_the_file_is_accepted_only_if_no_other_user_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let text = format!(
        "[[check]]\nname = \"a\"\ntarget = \"{{auth-wrong-password}}\"\nuser = \"me@sandbox.test\"\ncacert = \"{{ca}}\"\npassword = {}\nexpect = \"auth.code == 535\"\n",
        serde_json::Value::from(CANARY)
    );
    let suite = Suite::new(&text);
    let path = suite.folder.path().join("smtpcheck.toml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = suite.run(&[]);
    assert!(
        refused.code == 2 && refused.stderr.contains("smtpcheck.toml:6:12: other users can read this file"),
        "{refused}"
    );
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let taken = suite.run(&["-v"]);
    assert_eq!(taken.code, 0, "{taken}");
}

#[test]
fn errors_are_one_message_with_a_position_and_nothing_is_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let sound = format!("[[check]]\nname = \"sound\"\ntarget = \"{address}\"\n");
    let other = format!("[[check]]\nname = \"b\"\ntarget = \"{address}\"\n");
    for (more, message) in [
        ("tsl = \"none\"\n", "smtpcheck.toml:7:1: unknown key \"tsl\" in a check; did you mean tls?"),
        (
            "tls = \"ssl\"\n",
            "smtpcheck.toml:7:7: tls ssl: not a valid value; use one of auto, starttls, implicit, none",
        ),
        ("timeout = \"90\"\n", "smtpcheck.toml:7:11: timeout 90: the unit is missing"),
        (
            "retry = 1000\n",
            "smtpcheck.toml:7:9: retry 1000: not a number in the allowed range; write a number from 0 to 100",
        ),
        ("cacert = \"gone.pem\"\n", "smtpcheck.toml:7:10: cacert gone.pem: no such file"),
        ("expect = \"rcpt.code == 250\"\n", "smtpcheck.toml:7:11: rcpt.code requires a recipient that is not given"),
        (
            "expect = \"tls.version >= 1.2 x\"\n",
            "smtpcheck.toml:7:30: unexpected text after the value\n  tls.version >= 1.2 x\n                     ^\n",
        ),
        ("needs = \"egress:25\"\n", "smtpcheck.toml:7:9: egress:25 does not match the target's port"),
        ("from = \"x\"\nto = \"a@example.net\"\n", "smtpcheck.toml:7:8: from x: "),
        (
            "quit-after = \"mail\"\nto = \"a@example.net\"\n",
            "smtpcheck.toml:8:6: to: --quit-after mail ends the session",
        ),
        ("authzid = \"a\"\n", "smtpcheck.toml:7:11: authzid: no user name given; add --user USER"),
        ("ehlo = \"\"\n", "smtpcheck.toml:7:8: ehlo \"\": "),
        ("password-env = \"PATH\"\n", "smtpcheck.toml:7:16: the check has a password but no user"),
        ("[[check]]\nname = \"sound\"\ntarget = \"h\"\n", "smtpcheck.toml:8:8: another check has the name \"sound\""),
    ] {
        let run = Suite::new(&format!("{sound}{other}{more}")).run(&[]);
        assert_eq!(run.code, 2, "{more}{run}");
        assert!(run.stdout.is_empty() && run.stderr.contains(message), "{more}{run}");
    }
    for (target, message) in [
        ("@relay", "smtpcheck.toml:3:10: a profile cannot be the target of a suite"),
        ("", "smtpcheck.toml:3:10: the target is empty"),
    ] {
        let run = Suite::new(&format!("[[check]]\nname = \"a\"\ntarget = \"{target}\"\n")).run(&[]);
        assert!(run.code == 2 && run.stderr.contains(message), "{run}");
    }
    let wrong_default = format!("[defaults]\ntls = \"ssl\"\n{sound}");
    let run = Suite::new(&wrong_default).run(&[]);
    assert!(run.code == 2 && run.stderr.contains("smtpcheck.toml:2:7: tls ssl: not a valid value"), "{run}");
    let target = Suite::new("[[check]]\nname = \"a\"\ntarget = \"http://x\"\n").run(&[]);
    assert!(target.code == 2 && target.stderr.contains("smtpcheck.toml:3:10: target http://x"), "{target}");
    let missing = Suite::new("").run(&["other.toml"]);
    assert!(missing.code == 2 && missing.stderr.contains("smtpcheck: other.toml: no such file"), "{missing}");
    let empty = Suite::new("").run(&[]);
    assert!(empty.code == 2 && empty.stderr.contains("the file is empty"), "{empty}");
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn checks_run_concurrently() {
    // Each check waits six seconds for its greeting. If they counted as checks of one host, only two would run at once,
    // and the suite would take eighteen seconds.
    let port = sandbox().addresses["greeting-slow"].rsplit(':').next().unwrap().to_owned();
    let text: String = (0..6)
        .map(|at| format!("[[check]]\nname = \"{at}\"\ntarget = \"host{at}.test:{port}\"\nresolve = \"host{at}.test:{port}:127.0.0.1\"\nquit-after = \"banner\"\n"))
        .collect();
    let began = Instant::now();
    let run = Suite::new(&text).run(&["-q"]);
    assert_eq!(run.code, 0, "{run}");
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    let names: Vec<&str> = run.stdout.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    assert_eq!(names[..6], ["0", "1", "2", "3", "4", "5"], "{run}");
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_a_valid_report_of_the_results_so_far() {
    let suite = Suite::new(
        "[[check]]\nname = \"slow\"\ntarget = \"{greeting-slow}\"\n[[check]]\nname = \"later\"\ntarget = \"{greeting-slow}\"\n",
    );
    let mut command = program::command(&["run", "--jobs", "1", "--json"]);
    let child = command.current_dir(suite.folder.path()).env("RUST_LOG", "off").spawn().unwrap();
    let id = child.id();
    wait_until_connected(id);
    assert!(std::process::Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap().success());
    let run = program::finish(child);
    assert_eq!(run.code, 130, "{run}");
    let value = json(&run);
    assert_eq!(value["cases"][0]["report"]["complete"], false, "{run}");
    assert_eq!(value["cases"][1]["skipped"], "a signal stopped the run before this check began", "{run}");
}

#[test]
fn a_relative_path_is_recorded_as_given_if_the_suite_can_find_it() {
    let suite = Suite::new("");
    std::fs::create_dir(suite.folder.path().join("sub")).unwrap();
    std::fs::copy(&sandbox().authority, suite.folder.path().join("ca.pem")).unwrap();
    let target = sandbox().addresses["healthy-relay"].as_str();
    let recorded = |output: &str| {
        let run = suite.run(&["--record", target, "-o", output, "--", "--cacert", "ca.pem"]);
        assert_eq!(run.code, 0, "{run}");
        std::fs::read_to_string(suite.folder.path().join(output)).unwrap()
    };
    assert!(recorded("new.toml").contains("cacert = \"ca.pem\""));
    let elsewhere = recorded("sub/new.toml");
    assert!(elsewhere.contains("/ca.pem\"") && !elsewhere.contains("\"ca.pem\""), "{elsewhere}");
}

#[test]
fn fail_fast_starts_no_check_after_the_first_failure() {
    let suite = Suite::new(
        "[[check]]\nname = \"a\"\ntarget = \"{greeting-slow}\"\nneeds = [\"env:NOT_SET\"]\n\
         [[check]]\nname = \"b\"\ntarget = \"{relay-denied}\"\ncacert = \"{ca}\"\nto = \"b@example.org\"\n\
         [[check]]\nname = \"c\"\ntarget = \"{healthy-relay}\"\ncacert = \"{ca}\"\n\
         [[check]]\nname = \"d\"\ntarget = \"{greeting-slow}\"\nneeds = [\"env:NOT_SET\"]\n",
    );
    let run = suite.run(&["--fail-fast", "--jobs", "1", "--json"]);
    assert_eq!(run.code, 5, "{run}");
    let value = json(&run);
    let skipped: Vec<&Value> = (0..4).map(|at| &value["cases"][at]["skipped"]).collect();
    assert_eq!(skipped[0], "the environment variable NOT_SET is not set");
    assert_eq!((skipped[1], skipped[3]), (&Value::Null, skipped[0]));
    assert_eq!(skipped[2], "an earlier check failed, and --fail-fast stops the run at the first failure");
    let without = suite.run(&["--jobs", "1", "--json"]);
    assert_eq!((without.code, &json(&without)["cases"][2]["skipped"]), (5, &Value::Null), "{without}");
}

#[test]
fn variables_of_a_suite_can_be_set_on_the_command_line() {
    let suite = Suite::new("[[check]]\nname = \"${NAME:-none}\"\ntarget = \"${TARGET}\"\n");
    let listed = |words: &[&str]| {
        let mut command = program::command(&[&["run", "--list"], words].concat());
        command.current_dir(suite.folder.path()).env("TARGET", "env.example");
        program::finish(command.spawn().unwrap())
    };
    assert!(listed(&[]).stdout.contains("env.example"));
    let set = listed(&["--set", "TARGET=set.example:25", "--set", "NAME=a=b"]);
    assert!(set.stdout.contains("set.example:25") && set.stdout.contains("a=b"), "{set}");
    for (words, message) in [
        (&["--set", "TARGET"][..], "use NAME=VALUE"),
        (&["--set", "=x"], "use NAME=VALUE"),
        (&["--set", "A B=x"], "use NAME=VALUE"),
        (&["--set", "TARGT=x"], "--set: the suite does not use the variable ${TARGT}"),
        (&["--set", "NAME=x", "--set", "NAME=y"], "--set: the variable NAME is set twice"),
    ] {
        let run = listed(words);
        assert!(run.code == 2 && run.stderr.contains(message), "{run}");
    }
}

#[test]
fn list_and_dry_run_do_not_connect() {
    let suite = Suite::new(&format!(
        "{GUARD}needs = [\"env:SMTPCHECK_TEST_NEED\"]\nuser = \"u\"\npassword-command = \"exit 9\"\n"
    ));
    let list = suite.run(&["--list"]);
    assert_eq!(list.code, 0, "{list}");
    assert!(list.stdout.starts_with("accepts local mail\tsmtp://127.0.0.1:"), "{list}");
    assert!(list.stdout.contains("\tguard\n"), "{list}");
    let dry = suite.run(&["--dry-run"]);
    assert_eq!(dry.code, 0, "{dry}");
    for needle in ["password from the command exit 9", "rcpt.class == 5", "SKIP", "2 checks, nothing was sent"] {
        assert!(dry.stdout.contains(needle), "{needle}: {dry}");
    }
}

#[test]
fn a_recorded_suite_passes() {
    let suite = Suite::new("");
    let sandbox = sandbox();
    for (name, code) in [("healthy-submission", 0), ("relay-denied", 0)] {
        let target = &sandbox.addresses[name];
        let flags =
            ["--record", target, "-o", "new.toml", "--", "--cacert", &sandbox.authority, "--to", "you@sandbox.test"];
        let recorded = suite.run(&flags);
        assert_eq!(recorded.code, 0, "{recorded}");
        let text = std::fs::read_to_string(suite.folder.path().join("new.toml")).unwrap();
        let expectations = text.lines().filter(|line| line.starts_with("    ")).count();
        let saved = format!("saved one check of {target} with {expectations} expectations in new.toml");
        assert!(recorded.stderr.contains(&saved) && recorded.stderr.contains("smtpcheck run new.toml"), "{recorded}");
        let has_failure =
            recorded.stderr.contains("; the server failed, so the suite expects exit code 5 (refused_permanent)");
        assert_eq!(has_failure, name == "relay-denied", "{recorded}");
        assert!(text.contains("\"tls.version >= 1.3\""), "{text}");
        let run = suite.run(&["new.toml"]);
        assert_eq!(run.code, code, "{text}{run}");
    }
    let text = std::fs::read_to_string(suite.folder.path().join("new.toml")).unwrap();
    assert!(text.contains("findings contains relay-denied"), "{text}");
}

#[test]
fn the_schema_of_suites_accepts_what_the_program_accepts() {
    let schema: Value = serde_json::from_str(smtpcheck::suite::SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let sound: toml::Table = GUARD.parse().unwrap();
    assert!(validator.is_valid(&serde_json::to_value(sound).unwrap()));
    let wrong: toml::Table = "[[check]]\nnmae = \"x\"\n".parse().unwrap();
    assert!(!validator.is_valid(&serde_json::to_value(wrong).unwrap()));
}

#[test]
fn docs_suite_md_lists_every_key() {
    let page = include_str!("../docs/suite.md");
    for key in smtpcheck::suite::KEYS {
        assert!(page.contains(&format!("`{}`", key.name)), "docs/suite.md does not mention {}", key.name);
    }
}

#[test]
fn every_format_shows_the_failed_and_the_skipped_checks() {
    let text = format!(
        "{}[[check]]\nname = \"needs more\"\ntarget = \"{{healthy-relay}}\"\nneeds = \"env:SMTPCHECK_TEST_NEED\"\n",
        GUARD.replace("{relay-denied}", "{healthy-relay}")
    );
    let suite = Suite::new(&text);
    for format in smtpcheck::render::FORMATS {
        let path = format!("out.{}", format.name);
        let report = format!("{}={path}", format.name);
        let run = suite.run(&["-q", "--format", format.name, "--report", &report]);
        // The exit codes of the plugin format are different.
        assert_eq!(run.code, if format.name == "nagios" { 2 } else { 1 }, "{}\n{run}", format.name);
        let written = std::fs::read_to_string(suite.folder.path().join(path)).unwrap();
        for shown in [&run.stdout, &written] {
            if format.name != "nagios" && format.name != "prometheus" {
                assert!(
                    shown.contains("is not an open relay") && shown.contains("needs more"),
                    "{}\n{shown}",
                    format.name
                );
            }
        }
    }
    let annotated = suite.run(&["--format", "github"]);
    assert!(annotated.stdout.contains("file=smtpcheck.toml,line=19"), "{annotated}");
    let again = suite.run(&["--json", "-o", "saved.json"]);
    assert_eq!(again.code, 1, "{again}");
    let mut command = program::command(&["report", "saved.json"]);
    let shown = program::finish(command.current_dir(suite.folder.path()).spawn().unwrap());
    assert!(shown.stdout.ends_with("FAIL  1 failed, 1 passed, 1 skipped · exit 1\n"), "{shown}");
}

#[test]
#[cfg(unix)]
fn reading_an_endless_suite_ends_at_its_size_limit() {
    let suite = Suite::new(GUARD);
    let run = suite.run(&["/dev/zero"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{run}");
    assert!(run.stderr.contains("larger than 8 MiB"), "{run}");
}

#[test]
fn ndjson_records_are_written_check_by_check_and_end_with_a_summary() {
    let suite = Suite::new(GUARD);
    let run = suite.run(&["--format", "ndjson"]);
    assert_eq!(run.code, 0, "{run}");
    let events: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((of("start"), of("check"), of("result"), of("end")), (1, 2, 2, 1), "{run}");
    assert_eq!((&events[0]["event"], &events[events.len() - 1]["event"]), (&"start".into(), &"end".into()));
    let schema: Value = serde_json::from_str(smtpcheck::report::LINE_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for event in &events {
        assert!(validator.is_valid(event), "{event}");
    }
    std::fs::write(suite.folder.path().join("saved.ndjson"), &run.stdout).unwrap();
    let mut command = program::command(&["report", "saved.ndjson", "-q"]);
    let shown = program::finish(command.current_dir(suite.folder.path()).spawn().unwrap());
    assert_eq!(shown.code, 0, "{shown}");
}

/// The session ended before the expectation could be checked, so the first line names what ended the session.
#[test]
fn the_first_line_names_the_check_and_the_root_cause() {
    let text = "[[check]]\nname = \"a\"\ntarget = \"{greylisted}\"\ncacert = \"{ca}\"\nto = \"you@sandbox.test\"\n\
                [[check]]\nname = \"b\"\ntarget = \"smtp://{relay-denied}\"\nexpect = [\"rcpt.class == 2\"]\n\
                to = [\"someone@elsewhere.test\"]\n";
    let suite = Suite::new(text);
    let run = suite.run(&[]);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("FAIL b")).collect();
    assert!(lines.len() == 1 && lines[0].ends_with("certificate-untrusted"), "{run}");
    let run = suite.run(&["--format", "nagios"]);
    let first = run.stdout.lines().next().unwrap();
    assert!(first.starts_with("SMTP CRITICAL - b: certificate-untrusted: "), "{run}");
    let one = Suite::new(&text[text.find("[[check]]\nname = \"b\"").unwrap()..]).run(&["--format", "nagios"]);
    assert!(one.stdout.starts_with("SMTP CRITICAL - b: certificate-untrusted: "), "{one}");
}
