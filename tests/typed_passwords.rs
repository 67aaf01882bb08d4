//! Passwords that a user types in the wrong place of a command line or of a list of targets: no error message repeats
//! them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use crate::support::program::{Run, run, run_with};

/// A password without characters that a message would escape.
const TYPED: &str = "Hunter2secret";

/// Words in which the password replaces `*`.
const NAMES: [&str; 6] = [
    "u:*",
    "u:*@mx.example.invalid",
    "smtp://u:*@mx.example.invalid:587",
    "https://u:*@mx.example.invalid/x",
    "mx.example.invalid:25:*",
    "lmtp+unix://u:*@/x",
];

/// Words that only a target, a domain or an address can be.
const TARGETS: [&str; 8] = [
    "smtp://mx.example.invalid:587/*",
    "mx.example.invalid:587/*",
    "mx.example.invalid/*",
    "ann@example.invalid *",
    "ann@example.invalid,*",
    "ann@example.invalid/*",
    "ann@example.invalid:*",
    "@prof:*",
];

fn typed(text: &str) -> String {
    text.replace('*', TYPED)
}

/// Neither output contains the password, in lower case or as written.
#[track_caller]
fn assert_hidden(run: &Run, what: &str) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.to_lowercase().contains(&TYPED.to_lowercase()), "{what}\n{run}");
    }
}

/// The command fails with a usage error that contains a message.
#[track_caller]
fn assert_rejected(words: &[&str]) {
    let run = run(words);
    assert_hidden(&run, &format!("{words:?}"));
    assert_eq!(run.code, 2, "{words:?}\n{run}");
    let text = run.stderr.strip_prefix("smtpcheck: ").unwrap_or_else(|| panic!("{words:?}\n{run}"));
    assert!(text.trim().len() > 10, "{words:?}\n{run}");
}

#[test]
fn a_password_in_the_argument_of_a_command_is_not_repeated() {
    for command in ["batch", "run", "report", "sandbox", "demo", "providers", "exporter"] {
        for name in NAMES {
            assert_rejected(&[command, &typed(name)]);
        }
    }
    for name in NAMES {
        assert_rejected(&["config", "check", &typed(name)]);
    }
    for command in ["check", "ports", "watch", "domain", "settings"] {
        for name in NAMES.iter().chain(&TARGETS) {
            assert_rejected(&[command, &typed(name)]);
        }
    }
}

#[test]
fn a_password_in_text_that_explain_does_not_know_is_not_repeated() {
    for name in NAMES.iter().chain(&["ann@example.invalid *", "ann@example.invalid,*", "@prof:*"]) {
        let run = run(&["explain", &typed(name)]);
        assert_hidden(&run, name);
        assert!(run.code != 0 && !(run.stdout + &run.stderr).trim().is_empty(), "{name}");
    }
}

#[test]
fn a_password_in_the_value_of_a_flag_is_not_repeated() {
    for name in ["u:*", "u:*@mx.example.invalid", "smtp://u:*@mx.example.invalid/x"] {
        let name = typed(name);
        for flag in ["--report", "--proxy", "--from", "--cacert", "--resolver", "--config"] {
            assert_rejected(&["mx.example.invalid", flag, &name]);
            assert_rejected(&["mx.example.invalid", &format!("{flag}={name}")]);
        }
        assert_rejected(&["mx.example.invalid", "--output", &format!("{name}/no/such/file")]);
        assert_rejected(&["mx.example.invalid", "--report", &format!("json={name}/no/such/file")]);
        assert_rejected(&["exporter", "--listen", &name]);
        assert_rejected(&["sandbox", "--fleet", &name]);
    }
}

#[test]
fn a_password_in_a_line_of_a_list_is_not_repeated() {
    const LINES: [&str; 7] = [
        "mx.example.invalid *",
        "mx.example.invalid,ann,*",
        "mx.example.invalid;*",
        r#"{"target":"u:*"}"#,
        r#"{"target":"mx.example.invalid","tls":"u:*"}"#,
        r#"{"target":"mx.example.invalid","password":"*"}"#,
        r#"{"target":"mx.example.invalid", *"#,
    ];
    for more in [&[][..], &["--domain"]] {
        for line in NAMES.iter().chain(&TARGETS).chain(&LINES) {
            let run = run_with(&[&["batch", "-"], more].concat(), Some(&format!("{}\n", typed(line))), &[]);
            assert_hidden(&run, line);
            assert!(run.stdout.contains("\"event\":\"invalid-line\"") || run.code == 2, "{more:?} {line}\n{run}");
            assert!(!(run.stdout + &run.stderr).trim().is_empty(), "{more:?} {line}");
        }
    }
}

#[test]
fn ordinary_errors_repeat_what_is_wrong() {
    for (words, expected) in [
        (&["hst:99999"][..], "hst:99999"),
        (&["2001:db8::zz"], "2001:db8::"),
        (&["mx.example.net:25", "--resolve", "mx.example.net:25:192.0.2.x"], "192.0.2.x"),
        (&["mx.example.net", "--expect", "rcpt.clas == 2"], "rcpt.clas"),
        (&["run", "no-such-suite.toml"], "no-such-suite.toml"),
        (&["providers", "gmial"], "gmial"),
        (&["sandbox", "greylistd"], "greylistd"),
        (&["mx.example.net", "--tls", "startls"], "startls"),
        (&["mx.example.net", "--output", "/no/such/directory/x.json"], "/no/such/directory"),
    ] {
        let run = run(words);
        assert!(run.code == 2 && run.stderr.contains(expected), "{words:?}\n{run}");
    }
}
