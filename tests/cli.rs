//! Commands that need no server, mainly `explain`: exit codes and limits.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::io::Write;
use std::process::Stdio;

use crate::support::program::{Run, command, finish, run, run_with};
use serde_json::{Value, json};

fn explain(args: &[&str]) -> Run {
    run(&[&["explain"], args].concat())
}

fn objects(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{run}"))).collect()
}

#[test]
fn a_reply_given_as_several_arguments_is_one_reply() {
    let run = explain(&["550", "5.1.1", "User", "unknown", "--phase", "rcpt", "--json"]);
    assert_eq!(run.code, 0, "{run}");
    let all = objects(&run);
    assert_eq!(all.len(), 1, "{run}");
    assert_eq!(all[0]["rule"], "recipient-unknown", "{run}");
    assert_eq!(all[0]["category"], "unknown-user", "{run}");
    assert_eq!(all[0]["phase"], "rcpt", "{run}");
    assert!(all[0]["fixes"].as_array().is_some_and(|fixes| !fixes.is_empty()), "{run}");
}

#[test]
fn a_sentence_without_a_code_is_recognised_by_its_text() {
    let run = explain(&["Application-specific", "password", "required", "--json"]);
    assert_eq!(objects(&run)[0]["rule"], "auth-app-password-required", "{run}");
}

#[test]
fn codes_statuses_extensions_mechanisms_and_rules_are_explained() {
    let words = ["PIPELINING", "XOAUTH2", "535", "5.1.1", "certificate-expired"];
    let run = explain(&[&words[..], &["--json"]].concat());
    assert_eq!(run.code, 0, "{run}");
    let kinds: Vec<String> = objects(&run).iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["keyword", "mechanism", "reply", "reply", "rule"], "{run}");
    let text = explain(&words);
    assert!(words.iter().all(|word| text.stdout.contains(word)), "{text}");
}

#[test]
fn a_code_alone_is_explained_for_each_phase_and_a_status_for_each_provider() {
    let code = explain(&["454"]);
    assert!(code.stdout.contains("starttls (") && code.stdout.contains("auth ("), "{code}");
    let status = explain(&["5.7.139"]);
    assert!(status.stdout.contains("microsoft-365 (") && status.stdout.contains("outlook-com ("), "{status}");
    let narrowed = explain(&["5.7.139", "--provider", "microsoft-365", "--json"]);
    assert_eq!(objects(&narrowed)[0]["rule"], "account-restricted", "{narrowed}");
}

#[test]
fn a_log_ends_with_a_count_per_category_most_frequent_first() {
    let log = "mx postfix/smtp[1]: status=bounced (host mx.example.com[192.0.2.1] said: 552 5.2.2 Mailbox full (in reply to RCPT TO command))\n\
               nothing here\n\
               550 5.1.1 User unknown\n\
               550 5.1.1 User \u{1b}[31munknown\n";
    let run = run_with(&["explain", "-"], Some(log), &[]);
    assert_eq!(run.code, 0, "{run}");
    let at = |word: &str| run.stdout.find(word).unwrap_or_else(|| panic!("{word} is missing\n{run}"));
    assert!(at("3 replies in 4 lines") < at("2  recipient-unknown"), "{run}");
    assert!(at("2  recipient-unknown") < at("1  mailbox-full"), "{run}");
    assert!(!run.stdout.contains('\u{1b}'), "{run}");
    let json = objects(&run_with(&["explain", "-", "--json"], Some(log), &[]));
    let lines: Vec<u64> = json.iter().map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 3, 4]);
}

#[test]
fn one_reply_of_several_lines_on_standard_input_is_explained_in_full() {
    let run = run_with(&["explain", "-"], Some("550-5.1.1 The account does not exist\r\n550 5.1.1 Sorry\r\n"), &[]);
    assert_eq!(run.code, 0, "{run}");
    assert!(run.stdout.contains("smtpcheck explain recipient-unknown"), "{run}");
}

#[test]
fn unrecognised_input_is_reported_and_causes_exit_code_1() {
    for word in ["xyzzy", "5.999.1", "\u{1b}]0;x\u{7}", "999", "recipient-unknwon"] {
        let run = explain(&[word]);
        assert_eq!(run.code, 1, "{word:?} {run}");
        assert!(run.stdout.contains("not recognised") && !run.stdout.contains('\u{1b}'), "{word:?} {run}");
    }
    assert!(explain(&["recipient-unknwon"]).stdout.contains("recipient-unknown"));
    assert_eq!(explain(&["xyzzy", "535"]).code, 0);
    for input in ["", "\n", "no reply at all\n", "\0\u{1}\u{2}\n\0"] {
        let run = run_with(&["explain", "-"], Some(input), &[]);
        assert_eq!(run.code, 1, "{input:?} {run}");
        assert!(run.stdout.contains("not recognised"), "{input:?} {run}");
    }
}

#[test]
fn a_file_is_explained_like_standard_input_unless_its_name_can_be_explained_itself() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("mail.log");
    std::fs::write(&log, "550 5.1.1 User unknown\n550 5.1.1 User unknown\n552 5.2.2 Mailbox full\n").unwrap();
    std::fs::write(folder.path().join("535"), "550 5.1.1 User unknown\n").unwrap();
    let in_folder = |words: &[&str]| finish(command(words).current_dir(folder.path()).spawn().unwrap());
    for path in ["mail.log", log.to_str().unwrap()] {
        let run = in_folder(&["explain", path]);
        assert!(run.code == 0 && run.stdout.contains("3 replies in 3 lines"), "{run}");
        assert_eq!(objects(&in_folder(&["explain", path, "--json"])).len(), 3);
    }
    assert_eq!(objects(&in_folder(&["explain", "535", "--json"]))[0]["input"], "535");
    let missing = in_folder(&["explain", "other.log"]);
    assert!(missing.code == 2 && missing.stderr.contains("other.log: no such file"), "{missing}");
}

#[test]
fn list_with_json_prints_the_rules_as_json() {
    let (list, text) = (explain(&["--list", "--json"]), explain(&["--list"]));
    let rules = objects(&list);
    assert!(rules.len() > 50 && rules.iter().all(|rule| rule["kind"] == "rule"), "{list}");
    assert!(rules.iter().all(|rule| text.stdout.contains(rule["rule"].as_str().unwrap())), "{list}");
}

#[test]
fn the_time_of_a_password_command_counts_towards_the_overall_limit() {
    let words = ["h.example", "--user", "u", "--max-time", "300ms", "--password-command", "sleep 600"];
    let run = run(&words);
    assert_eq!(run.code, 2, "{run}");
    let expected = "did not end within the overall time limit (0.3 s); allow more time with --max-time";
    assert!(run.stderr.contains(expected), "{run}");
}

#[test]
fn a_line_of_ten_megabytes_and_binary_data_are_skipped() {
    let mut input = vec![0xffu8; 10 << 20];
    input.extend_from_slice(b"\n\xff\xfe said: 550 5.1.1 \xff User unknown\n");
    let mut child = command(&["explain", "-", "--json"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let run = finish(child);
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(objects(&run)[0]["line"], 2, "{run}");
}

#[test]
fn wrong_flags_are_reported_with_the_correct_form() {
    for (args, word) in [
        (&["535", "--phase", "lunch"][..], "rcpt"),
        (&["535", "--provider", "no-such-provider"], "--provider"),
        (&[], "no rule, code or reply given"),
    ] {
        let run = explain(args);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(word), "{run}");
    }
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_not_an_error_and_a_full_disk_is() {
    let log = "550 5.1.1 User unknown\n".repeat(20_000);
    let mut child = command(&["explain", "-", "--json"]).stdin(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all(log.as_bytes());
    assert_eq!(finish(child).code, 0);
    if let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") {
        let mut command = command(&["explain", "535"]);
        let child = command.stdout(full).spawn().unwrap();
        assert_eq!(finish(child).code, 74);
    }
}

#[test]
fn terms_on_standard_input_are_also_explained() {
    let run = run_with(&["explain", "-"], Some("starttls-not-offered\nPIPELINING\nSCRAM-SHA-256\n"), &[]);
    assert_eq!(run.code, 0, "{run}");
    for text in ["the server does not advertise STARTTLS", "PIPELINING", "SCRAM-SHA-256"] {
        assert!(run.stdout.contains(text), "{text}: {run}");
    }
    let kinds: Vec<String> = objects(&run_with(&["explain", "-", "--json"], Some("chunking\nxyzzy\n550 no\n"), &[]))
        .iter()
        .map(|object| object["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["keyword", "reply"]);
}

#[test]
fn the_output_of_explain_and_providers_matches_its_schema() {
    for (schema, words) in [
        (
            "explain",
            &["explain", "550 5.1.1 no", "5.7.139", "xyzzy", "starttls-not-offered", "SIZE", "PLAIN", "--json"][..],
        ),
        ("providers", &["providers", "--json"][..]),
    ] {
        let text = run(&["schema", schema]).stdout;
        let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
        let printed = run(words).stdout;
        let objects = serde_json::Deserializer::from_str(&printed).into_iter::<serde_json::Value>();
        let mut count = 0;
        for object in objects {
            let object = object.unwrap();
            assert!(validator.is_valid(&object), "{schema}: {:?}", validator.validate(&object).err());
            count += 1;
        }
        assert!(count > 0, "{schema}: nothing was printed");
    }
}

#[test]
fn no_arguments_and_an_empty_target_show_the_usage_and_exit_with_2() {
    for args in [&[][..], &[""], &["check", ""], &["-q", ""]] {
        let run = run(args);
        assert_eq!(run.code, 2, "{args:?} {run}");
        assert!(run.stdout.is_empty() && run.stderr.contains("\nUsage: smtpcheck [check] TARGET..."), "{args:?} {run}");
    }
}

#[test]
fn a_mistyped_command_a_wrong_port_and_contradictory_flags_exit_with_2_and_one_line() {
    for (args, hint) in [
        (&["chek", "h.example"][..], "did you mean check?"),
        (&["127.0.0.1", "587"], "write 127.0.0.1:587"),
        (&["h.example:587", "--port", "25"], "remove one of them"),
        (&["smtps://h.example", "--tls", "none"], "remove one of them"),
        (&["h.example", "--json", "--format", "text"], "cannot be used with"),
        (&["h.example", "-starttls", "smtp"], "use --tls starttls"),
        (&["h.example", "--set"], "--set"),
        (&["h.example", "--to", "a@b.example", "--quit-after", "ehlo"], "--to: --quit-after ehlo ends the session"),
        (&["h.example", "--authzid", "a"], "--authzid: no user name given; add --user USER"),
        (&["explain", "--list", "foo", "--json"], "foo: --list shows all rules"),
        (&["h.example", "--pasword", "x"], "provide the password with --password-stdin"),
        (&["run", "--port", "25"], "in a suite, it is a key of a check"),
        (&["RUN"], "did you mean run?"),
        (&["explain", ""], "the argument WHAT is empty"),
        (&["providers", ""], "the argument NAME is empty"),
        (&["report", ""], "the argument FILE is empty"),
        (&["h.example", "--profile", ""], "--profile \"\": the value is empty"),
        (&["h.example", "--config="], "--config \"\": the value is empty"),
        (&["@"], "@ is not followed by the name of a profile"),
        (&["run", "gone.toml"], "smtpcheck: gone.toml: no such file"),
    ] {
        let run = run(args);
        assert_eq!(run.code, 2, "{args:?} {run}");
        assert!(run.stdout.is_empty() && run.stderr.contains(hint), "{args:?} {run}");
        assert_eq!(run.stderr.lines().count(), 1, "{args:?} {run}");
    }
}

/// The checks of a suite, as `--dry-run --json` prints them.
fn planned(suite: &str, variables: &[(&str, &str)]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("suite.toml");
    std::fs::write(&file, suite).unwrap();
    let run = run_with(&["run", file.to_str().unwrap(), "--dry-run", "--json"], None, variables);
    assert_eq!(run.code, 0, "{run}");
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn a_value_in_a_check_overrides_a_contradictory_default() {
    let narrow = r#"
[defaults]
from = "probe@example.org"
to = ["you@sandbox.test"]
user = "u"
password-command = "exit 9"
ipv6 = true
port = 25

[[check]]
name = "only TLS"
target = "h.example:587"
quit-after = "starttls"
ipv4 = true
"#;
    // The defaults of a suite take precedence over the environment.
    let variables = [("SMTPCHECK_FROM", "x@example.org"), ("SMTPCHECK_IPV6", "1")];
    let checks = planned(narrow, &variables);
    assert_eq!(checks[0]["arguments"], json!(["h.example:587", "--ipv4", "--quit-after=starttls"]));
    assert_eq!(checks[0]["password"], Value::Null);
    let wide = r#"
[defaults]
quit-after = "starttls"
tls = "none"
tls-scan = true

[[check]]
name = "a recipient"
target = "smtps://h.example"
to = "you@sandbox.test"
tls-scan = false
"#;
    assert_eq!(planned(wide, &[])[0]["arguments"], json!(["smtps://h.example", "--to=you@sandbox.test"]));
}

#[test]
fn list_with_json_prints_the_checks_of_a_suite_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("suite.toml");
    let suite =
        "[[check]]\nname = \"a\"\ntarget = \"h.example\"\ntags = [\"smoke\"]\nexpect = \"tls.version >= 1.2\"\n";
    std::fs::write(&file, suite).unwrap();
    let run = run(&["run", file.to_str().unwrap(), "--list", "--json"]);
    let listed: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!((&listed[0]["name"], &listed[0]["tags"]), (&json!("a"), &json!(["smoke"])));
    assert_eq!(listed[0]["expect"], json!(["tls.version >= 1.2"]));
    let schema = self::run(&["schema", "run-list"]).stdout;
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    assert!(validator.is_valid(&listed), "{:?}", validator.validate(&listed).err());
}

#[test]
fn record_accepts_one_target_and_only_flags_that_have_an_effect() {
    for (words, message) in [
        (&["--record", ""][..], "--record \"\": the value is empty; write a value, or omit the flag"),
        (&["--record", "a.example", "b.example"], "b.example: --record takes one target and reads no suite"),
        (&["--record", "a.example", "--", "b.example"], "target b.example: --record takes one target"),
        (&["--record", "@relay"], "--record @relay: a profile cannot be recorded"),
        (&["--record", "a.example", "--json"], "--json: has no effect with --record"),
        (&["--record", "a.example", "--", "--json"], "--json: has no effect with --record"),
        (&["--record", "a.example", "--", "--output", "x"], "--output: has no effect with --record"),
        (
            &["--record", "a.example", "--", "--expect", "rcpt.class == 2", "--to", "a@b.example"],
            "--expect: has no effect",
        ),
        (&["--record", "a.example", "--", "--profile", "p"], "--profile: has no effect with --record"),
    ] {
        let run = run(&[&["run"], words].concat());
        assert_eq!(run.code, 2, "{words:?} {run}");
        assert!(run.stdout.is_empty() && run.stderr.contains(message), "{words:?} {run}");
        assert_eq!(run.stderr.lines().count(), 1, "{words:?} {run}");
    }
}

#[test]
fn version_is_one_line_and_with_v_contains_what_a_bug_report_needs() {
    for args in [&["--version"][..], &["version"], &["-V"]] {
        assert_eq!(run(args).stdout, format!("smtpcheck {}\n", env!("CARGO_PKG_VERSION")), "{args:?}");
    }
    for args in [&["--version", "-v"][..], &["version", "-v"], &["-v", "--version"]] {
        let run = run(args);
        for word in ["commit: ", "target: ", "TLS: rustls 0.", "features: "] {
            assert!(run.stdout.contains(word), "{args:?} {run}");
        }
    }
}

#[test]
fn h_prints_the_short_help_and_help_the_complete_help() {
    let (short, complete) = (run(&["-h"]), run(&["--help"]));
    assert!(short.code == 0 && complete.code == 0);
    assert!(short.stdout.lines().count() < 45, "{short}");
    assert!(!short.stdout.contains("--authzid") && complete.stdout.contains("--authzid"), "{complete}");
    let schema = run(&["schema", "--help"]);
    assert!(schema.stdout.contains("Usage: smtpcheck schema [OF]"), "{schema}");
}

#[test]
fn completions_include_scenarios_rules_providers_and_the_checks_of_a_suite() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("smtpcheck.toml"),
        "[[check]]\nname = \"relay\"\ntarget = \"h\"\ntags = [\"smoke\"]\n",
    )
    .unwrap();
    for (words, wanted) in [
        (&["demo", "greyl"][..], "greylisted\t"),
        (&["explain", "recipient-unk"], "recipient-unknown\t"),
        (&["providers", "microsoft-3"], "microsoft-365\t"),
        (&["run", "--only", "re"], "relay\t"),
        (&["run", "--only", "sm"], "smoke\t"),
        (&["h.example", "--cacert", ""], ":files\n"),
    ] {
        let mut command = command(&[&["complete", "--"], words].concat());
        let run = finish(command.current_dir(folder.path()).spawn().unwrap());
        assert!(run.code == 0 && run.stdout.starts_with(wanted), "{words:?} {run}");
    }
}

#[test]
fn a_password_given_to_the_wrong_flag_is_not_repeated() {
    for name in ["SMTPCHECK_PASSWORD_STDIN", "SMTPCHECK_NETRC"] {
        let run = run_with(&["mx.example.net", "--user", "u"], None, &[(name, "hunter2")]);
        assert!(run.code == 2 && run.stderr.contains(name) && !run.stderr.contains("hunter2"), "{run}");
    }
    let run = run_with(&["smtp://mx.example.net?password=hunter2"], None, &[]);
    assert!(run.code == 2 && !run.stderr.contains("hunter2"), "{run}");
}

#[test]
fn an_output_file_never_replaces_an_input_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, "kept").unwrap();
    let (path, other) = (file.to_str().unwrap(), folder.path().join("./ca.pem"));
    for words in [&["-o", other.to_str().unwrap()][..], &["--report", &format!("json={path}")]] {
        let run = run_with(&[&["mx.example.net", "--cacert", path], words].concat(), None, &[]);
        assert!(run.code == 2 && run.stderr.contains("read as --cacert"), "{run}");
    }
    let run = run_with(&["run", path, "-o", path], None, &[]);
    assert!(run.code == 2 && run.stderr.contains("read as the suite"), "{run}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
}
