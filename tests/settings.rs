//! Every domain of the sandbox that publishes settings for mail programs, against the built program: the errors, the
//! warnings and the exit code are those listed for the domain, and every rule of `check/settings` is raised by a
//! domain.
//!
//! The servers need all addresses in 127.0.0.0/8, which only Linux has.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a failing test panics")]

use std::path::Path;
use std::sync::OnceLock;

use smtpcheck::sandbox::domains::case::SettingsCase;
use smtpcheck::sandbox::domains::{DomainPorts, DomainService, SETTINGS_CASES, settings_case};
use smtpcheck::sandbox::{Options, Remote, Running, Sandbox};

use crate::support::program;

struct SettingsSandbox {
    service: DomainService,
    folder: tempfile::TempDir,
    _running: Running,
}

impl SettingsSandbox {
    fn open() -> SettingsSandbox {
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
        SettingsSandbox { service, folder, _running: sandbox.spawn(None).unwrap() }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The arguments of a search, with the files and a time limit.
    fn arguments(&self, case: &SettingsCase) -> Vec<String> {
        let mut words = self.service.settings_arguments(case);
        words.extend(["--trust-anchor".to_owned(), self.file("anchor.txt")]);
        words.extend(["--cacert".to_owned(), self.file("ca.pem")]);
        words.extend(["--max-time".to_owned(), "30s".to_owned()]);
        if let Some(secret) = case.secret {
            let file = self.file(&format!("password-of-{}", case.domain.name));
            std::fs::write(&file, secret).unwrap();
            words.extend(["--password-file".to_owned(), file]);
        }
        words
    }

    fn run(&self, name: &str, more: &[&str]) -> program::Run {
        let words = self.arguments(settings_case(name).unwrap());
        let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
        program::run_with(&words, None, &[])
    }
}

/// The servers of all domains.
fn sandbox() -> &'static SettingsSandbox {
    static SANDBOX: OnceLock<SettingsSandbox> = OnceLock::new();
    SANDBOX.get_or_init(SettingsSandbox::open)
}

#[test]
fn every_domain_causes_exactly_its_errors_and_warnings() {
    let mut wrong = Vec::new();
    for case in SETTINGS_CASES {
        let run = sandbox().run(case.domain.name, &["--json"]);
        let report = run.json();
        let mut rules: Vec<String> = program::findings(&report)
            .into_iter()
            .filter(|(_, severity)| severity != "notice")
            .map(|(rule, _)| rule)
            .collect();
        rules.sort();
        let mut expected = case.domain.expect.to_vec();
        expected.sort_unstable();
        println!("{:28} {:3} {}", case.domain.name, run.code, rules.join(", "));
        if rules != expected || run.code != i32::from(case.domain.exit) {
            let name = case.domain.name;
            wrong.push(format!("{name}: {rules:?} exit {}, expected {expected:?} exit {}", run.code, case.domain.exit));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_about_settings_is_raised_by_a_domain_or_by_a_unit_test() {
    let ids: Vec<&str> = smtpcheck::check::settings::SETTINGS_CHECKS
        .iter()
        .flat_map(|check| check.rules.iter().map(|rule| rule.id))
        .collect();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/settings/tests.rs");
    let tests = std::fs::read_to_string(tests).unwrap();
    let expected: Vec<&str> = SETTINGS_CASES.iter().flat_map(|case| case.domain.expect.iter().copied()).collect();
    let is_raised = |id: &&&str| expected.contains(*id) || tests.contains(&format!("\"{id}\""));
    let missing: Vec<&&str> = ids.iter().filter(|id| !is_raised(id)).collect();
    assert!(missing.is_empty(), "no domain of the sandbox and no unit test raises {missing:?}");
}

#[test]
fn a_setting_is_verified_with_a_login_and_the_report_contains_no_password() {
    let sandbox = sandbox();
    for name in ["settings-autoconfig", "settings-srv", "settings-redirect", "settings-database"] {
        let run = sandbox.run(name, &["--json"]);
        assert_eq!(run.code, 0, "{run}");
        let report = run.json();
        let setting = &report["settings"]["recommended"];
        assert_eq!(setting["host"], format!("smtp.{name}.test"), "{run}");
        assert_eq!(setting["security"], "implicit-tls");
        assert_eq!(setting["user"], format!("demo@{name}.test"));
        assert_eq!(setting["mechanism"], "PLAIN");
        assert_eq!(report["auth"]["outcome"], "accepted");
        assert_eq!(report["certificate"]["verifies"], true);
        assert!(report["tls"]["version"].is_string(), "{run}");
        assert!(!run.stdout.contains(settings_case(name).unwrap().secret.unwrap()));
    }
}

#[test]
fn an_unauthenticated_source_gets_the_password_only_with_consent() {
    let sandbox = sandbox();
    let without = sandbox.run("settings-http-only", &["--json"]).json();
    let seen = &without["settings"]["recommended"];
    assert_eq!((&seen["port"], &seen["mechanism"]), (&sandbox.service.mail.into(), &serde_json::Value::Null));
    let sessions = without["transcript"].as_array().unwrap();
    assert!(!sessions.iter().any(|event| event["phase"] == "auth"), "no AUTH without consent");
    let with = sandbox.run("settings-http-only", &["--yes", "--json"]);
    assert_eq!(with.code, 0, "{with}");
    assert_eq!(with.json()["settings"]["recommended"]["mechanism"], "PLAIN");
}

#[test]
fn a_wrong_password_is_sent_once_to_each_host() {
    let report = sandbox().run("settings-wrong-password", &["--json"]).json();
    let rejected = report["transcript"].as_array().unwrap();
    let attempts = rejected.iter().filter(|event| {
        event["phase"] == "auth" && event["text"].as_str().is_some_and(|text| text.starts_with("AUTH "))
    });
    assert_eq!(attempts.count(), 1, "{report}");
}

#[test]
fn a_saved_report_yields_the_same_results_again() {
    let sandbox = sandbox();
    let saved = sandbox.file("saved.json");
    let run = sandbox.run("settings-contradiction", &["--output", &saved, "--json"]);
    assert_eq!(run.code, 0, "{run}");
    let before: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&saved).unwrap()).unwrap();
    let again = program::run(&["report", &saved, "--rejudge", "--json"]);
    assert_eq!(again.code, 0, "{again}");
    let after = again.json();
    let after = if after.get("settings").is_some() { &after } else { &after["checks"][0]["report"] };
    assert_eq!(before["settings"], after["settings"]);
    assert_eq!(before["findings"], after["findings"]);
}

#[test]
fn every_format_shows_the_recommended_setting() {
    let sandbox = sandbox();
    for format in ["text", "markdown", "html", "ndjson", "junit"] {
        let run = sandbox.run("settings-autoconfig", &["--format", format]);
        assert_eq!(run.code, 0, "{run}");
        assert!(run.stdout.contains("smtp.settings-autoconfig.test"), "{format}: {run}");
    }
    let nagios = sandbox.run("settings-nothing", &["--format", "nagios"]);
    assert_eq!(nagios.code, 2, "{nagios}");
    assert!(nagios.stdout.contains("settings-not-found"), "{nagios}");
}

#[test]
fn offline_queries_only_the_built_in_list() {
    let run = sandbox().run("settings-autoconfig", &["--offline", "--json"]);
    let report = run.json();
    assert_eq!(run.code, 3, "{run}");
    assert_eq!(report["settings"]["sources"].as_array().unwrap().len(), 1);
    assert!(report["probes"].as_array().unwrap().is_empty(), "nothing is sent: {run}");
}

#[test]
fn the_values_for_a_mail_app_are_printed_to_standard_output_and_the_list_to_a_file() {
    let sandbox = sandbox();
    let run = sandbox.run("settings-autoconfig", &["--for", "thunderbird"]);
    assert_eq!(run.code, 0, "{run}");
    for line in [
        "Email address:     demo@settings-autoconfig.test",
        "Outgoing server:   smtp.settings-autoconfig.test",
        "Encryption:        SSL/TLS",
        "User name:         demo@",
    ] {
        assert!(run.stdout.contains(line), "{run}");
    }
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    for words in [&["settings", "--for", "list"][..], &["--for", "list"]] {
        let run = program::run_with(&[words, &["--output", list.to_str().unwrap()]].concat(), None, &[]);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run}");
        assert!(std::fs::read_to_string(&list).unwrap().contains("nodemailer"));
        std::fs::remove_file(&list).unwrap();
    }
}

#[test]
fn a_password_from_a_file_descriptor_is_read_once_and_not_printed_as_a_path() {
    let sandbox = sandbox();
    let words = sandbox.service.settings_arguments(settings_case("settings-autoconfig").unwrap());
    let script = "exec \"$@\" --password-file <(printf %s \"$SECRET\") --for nodemailer";
    let secret = settings_case("settings-autoconfig").unwrap().secret.unwrap();
    let output = std::process::Command::new("bash")
        .args(["-c", script, "bash", env!("CARGO_BIN_EXE_smtpcheck")])
        .args(words)
        .args(["--trust-anchor", &sandbox.file("anchor.txt"), "--cacert", &sandbox.file("ca.pem")])
        .env("SECRET", secret)
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{text}{errors}");
    assert!(text.contains("SMTP_PASSWORD") && !text.contains("/dev/fd"), "{text}{errors}");
}

#[test]
fn a_domain_is_not_a_scenario_of_the_sandbox() {
    let run = program::run_with(&["sandbox", "settings-autoconfig"], None, &[]);
    assert!(run.code == 2 && run.stderr.contains("to check it: smtpcheck demo settings-autoconfig"), "{run}");
    let run = program::run_with(&["127.0.0.1:1", "--sni", "demo@settings-autoconfig.test"], None, &[]);
    assert!(run.code == 2 && !run.stderr.contains("demosettings"), "{run}");
}
