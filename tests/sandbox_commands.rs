//! `smtpcheck sandbox` and `smtpcheck demo` as a user runs them: their output, the arguments that they reject, and
//! whether each server of a fleet behaves as described.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::process::{Child, ChildStdout};

use serde_json::Value;
use smtpcheck::sandbox::{login, scenarios};

use crate::support;
use crate::support::leak::CANARY;
use crate::support::program::{self, findings, run, run_with};

/// A running sandbox of the built program. Dropping it ends the sandbox.
struct Served {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    ready: Value,
    /// The folder for its files, which is removed even if the sandbox is killed.
    _folder: tempfile::TempDir,
}

impl Served {
    fn start(flags: &[&str]) -> Served {
        let folder = tempfile::tempdir().unwrap();
        let mut command = program::command(&[&["sandbox", "--json"], flags].concat());
        let mut child = command.env("TMPDIR", folder.path()).env("TEMP", folder.path()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        Served { child, lines, ready, _folder: folder }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    fn authority(&self) -> &str {
        self.ready["authority"].as_str().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_list_has_every_scenario_and_describes_its_fault() {
    let text = run(&["sandbox", "--list"]);
    assert_eq!(text.code, 0);
    assert_eq!(text.stdout.lines().count(), scenarios().count());
    let json = run(&["sandbox", "--list", "--json"]);
    for (line, scenario) in json.stdout.lines().zip(scenarios()) {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["scenario"], scenario.name);
        assert_eq!(entry["expect"].as_array().unwrap().len(), scenario.expect.len());
        assert!(text.stdout.contains(scenario.summary), "{}", scenario.name);
    }
}

#[test]
fn usage_errors_are_one_line_with_the_correct_form() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (words, needle) in [
        (vec!["sandbox", "greylited"], "did you mean greylisted"),
        (vec!["demo", "greylited"], "did you mean greylisted"),
        (vec!["demo", "expired"], "certificate-expired"),
        (vec!["sandbox", "greylisted", "--port", &port], "is in use by another program"),
        (vec!["sandbox", "greylisted", "--port", "70000"], "--port 70000"),
        (vec!["sandbox", "--port", "65500"], "ports, but the highest port is 65535"),
        (vec!["sandbox", "greylisted", "--listen", "0.0.0.0"], "--allow-remote"),
        (vec!["sandbox", "greylisted", "--listen", "localhost"], "IP address"),
        (vec!["sandbox", "--fleet", "seven"], "--fleet seven"),
        (vec!["sandbox", "--fleet", "7", "greylisted"], "cannot be used with"),
        (vec!["demo", "--format", "yaml", "greylisted"], "--format yaml"),
    ] {
        let run = run(&words);
        assert_eq!(run.code, 2, "{words:?}: {run}");
        assert_eq!(run.stderr.lines().count(), 1, "{words:?}: {run}");
        assert!(run.stderr.contains(needle), "{words:?}: {}", run.stderr);
    }
}

#[test]
fn a_demo_checks_its_server_and_exits_like_the_check() {
    let demo = run(&["demo", "greylisted"]);
    assert_eq!(demo.code, 4, "{demo}");
    assert!(demo.stdout.contains("Demo greylisted") && demo.stdout.contains("$ smtpcheck 127.0.0.1:"), "{demo}");
    let demo = run(&["demo", "greeting-of-another-host", "--json"]);
    assert_eq!(findings(&demo.json())[0].0, "greeting-of-another-host", "{demo}");
    let quiet = run(&["demo", "certificate-expired", "-q"]);
    assert_eq!((quiet.code, quiet.stdout.lines().count()), (6, 1), "{quiet}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_demo_of_a_domain_checks_it_and_exits_like_the_check() {
    let text = run(&["demo", "domain"]);
    assert_eq!(text.code, 6, "{text}");
    for part in
        ["Demo dane-mismatch", "$ smtpcheck domain dane-mismatch.test", "no TLSA record of", "Mail from the domain"]
    {
        assert!(text.stdout.contains(part), "{part}: {text}");
    }
    let json = run(&["demo", "domain", "--json"]);
    assert_eq!((json.code, json.rules()[0].as_str()), (6, "dane-mismatch"), "{json}");
    let other = run(&["demo", "dmarc-subdomains", "--json"]);
    assert_eq!((other.code, other.rules()[0].as_str()), (0, "dmarc-subdomains-open"), "{other}");
    let unknown = run(&["demo", "domains"]);
    assert_eq!(unknown.code, 2, "{unknown}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_sandbox_serves_its_domains() {
    let listed = run(&["sandbox", "--domains", "--list", "--json"]);
    let listed: Vec<Value> = listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let all = smtpcheck::sandbox::domains::DOMAIN_CASES.len() + smtpcheck::sandbox::domains::SETTINGS_CASES.len();
    assert_eq!(listed.len(), all);
    let text = run(&["sandbox", "--domains", "--list"]);
    assert_eq!((text.code, text.stdout.lines().count()), (0, all), "{text}");
    let served = Served::start(&["--domains", "--quiet"]);
    let arguments = served.ready["domains"].as_str().unwrap().to_owned();
    for name in ["domain-healthy.test", "dane-mismatch.test", "ann@recipient-deferred.test", "spf-syntax.test"] {
        let truth = listed.iter().find(|line| line["domain"] == name).unwrap();
        let words: Vec<&str> = ["domain", name, "--json"].into_iter().chain(arguments.split(' ')).collect();
        let run = run(&words);
        let findings = findings(&run.json());
        let of = |is_notice: bool| {
            let found =
                findings.iter().filter(|(rule, severity)| (severity == "notice") == is_notice && rule != "mx-no-ipv6");
            found.map(|(rule, _)| Value::from(rule.as_str())).collect::<Vec<_>>()
        };
        assert_eq!(&Value::from(of(false)), &truth["expect"], "{run}");
        assert_eq!(&Value::from(of(true)), &truth["notices"], "{run}");
        assert_eq!(run.code, i32::try_from(truth["exit"].as_i64().unwrap()).unwrap(), "{run}");
    }
}

#[test]
fn the_demo_without_a_name_runs_four_lessons_with_the_expected_results() {
    let text = run(&["demo"]);
    assert_eq!(text.code, 0, "{text}");
    for lesson in ["Demo 1 of 4: healthy-submission", "Demo 4 of 4: relay-denied", "smtpcheck sandbox --list"] {
        assert!(text.stdout.contains(lesson), "{lesson}: {text}");
    }
    let json = run(&["demo", "--json"]);
    let list: Value = serde_json::from_str(&json.stdout).unwrap();
    let codes: Vec<i64> = list.as_array().unwrap().iter().map(|one| one["exit"]["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [0, 7, 6, 5]);
}

#[test]
fn the_log_of_client_activity_contains_no_secret() {
    let mut served = Served::start(&["auth-wrong-password"]);
    let address = served.next()["address"].as_str().unwrap().to_owned();
    for mechanism in ["PLAIN", "LOGIN"] {
        let authority = served.authority().to_owned();
        let words = [&address, "--cacert", &authority, "--user", "u@x.test", "--auth", mechanism, "--password-stdin"];
        let run = run_with(&words.map(|word| word as &str), Some(CANARY), &[]);
        assert_eq!(run.code, 7, "{run}");
        let mut texts = Vec::new();
        loop {
            let entry = served.next();
            let text = entry["text"].as_str().unwrap().to_owned();
            texts.push(text.clone());
            if text == "connection ended" {
                break;
            }
        }
        let all = texts.join("\n");
        assert_eq!(support::leak::leaks(all.as_bytes()), Vec::<&str>::new(), "{all}");
        assert!(all.contains(&format!("AUTH {mechanism}")) && all.contains("not shown"), "{all}");
        assert!(all.contains("EHLO") && all.contains("TLS 1.3 active") && all.contains("535 5.7.8"), "{all}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn each_server_of_a_fleet_behaves_as_described() {
    let listed = run(&["sandbox", "--fleet", "7", "--list", "--json", "--count", "40"]);
    let served = Served::start(&["--fleet", "7", "--quiet", "--dns", "0"]);
    let port = served.ready["fleet_port"].as_u64().unwrap();
    let mut checked = 0;
    for line in listed.stdout.lines() {
        let truth: Value = serde_json::from_str(line).unwrap();
        // Scenarios that need a host name or several sessions are tested in tests/sandbox.rs.
        if !truth["login"].is_null() || !truth["host"].is_null() || truth["flags"].to_string().contains('{') {
            continue;
        }
        // This scenario's certificate is stored in the program and names only 127.0.0.1.
        if truth["scenario"] == "certificate-sha1" {
            continue;
        }
        let target = format!("{}{}:{port}", truth["scheme"].as_str().unwrap(), truth["address"].as_str().unwrap());
        let flags: Vec<String> =
            truth["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap().to_owned()).collect();
        let mut words = vec![target.as_str(), "--json"];
        words.extend(flags.iter().map(String::as_str));
        if truth["trusts_authority"] == true {
            words.extend(["--cacert", served.authority()]);
        }
        let run = run(&words);
        let expected: Vec<&str> =
            truth["expect"].as_array().unwrap().iter().map(|rule| rule.as_str().unwrap()).collect();
        assert_eq!(run.rules(), expected, "{} at {target}: {run}", truth["scenario"]);
        checked += 1;
    }
    assert!(checked > 15, "{checked}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_sandbox_resolves_its_own_names() {
    let served = Served::start(&["--fleet", "1", "--quiet", "--dns", "0"]);
    let (dns, port) = (served.ready["dns"].as_str().unwrap(), served.ready["fleet_port"].as_u64().unwrap());
    let checked = |name: &str, flags: &[&str]| {
        let target = format!("{name}.test:{port}");
        let words = [&[target.as_str(), "--json", "--resolver", dns, "--cacert", served.authority()], flags].concat();
        let run = run(&words);
        (run.code, run.rules())
    };
    assert_eq!(checked("healthy-relay", &[]), (0, vec![]));
    assert_eq!(checked("certificate-expired", &[]), (6, vec!["certificate-expired".to_owned()]));
    assert_eq!(checked("no-such-scenario", &[]), (3, vec!["name-not-found".to_owned()]));
    assert_eq!(checked("nodata", &[]), (3, vec!["name-without-address".to_owned()]));
    assert_eq!(checked("servfail", &[]), (3, vec!["name-lookup-failed".to_owned()]));
    assert_eq!(checked("timeout", &["--connect-timeout", "2s"]), (3, vec!["name-lookup-failed".to_owned()]));
}

#[test]
fn the_sandbox_prints_how_to_log_in() {
    let mut served = Served::start(&["healthy-submission"]);
    assert_eq!(served.ready["user"], login::USER);
    let (address, authority) = (served.next()["address"].as_str().unwrap().to_owned(), served.authority().to_owned());
    let words = [&address, "--cacert", &authority, "--user", login::USER, "--password-stdin"];
    let run = run_with(&words.map(|word| word as &str), Some(login::PASSWORD), &[]);
    assert_eq!(run.code, 0, "{run}");
}
