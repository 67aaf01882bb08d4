//! Every mail domain of the sandbox against the built program: the errors and warnings and the exit code are those that
//! the domain promises, and every rule of `check/domain` is raised by a domain or by a unit test.
//!
//! `cargo test --test domains -- --nocapture table` prints the table of all domains with their results. The servers need
//! all addresses in 127.0.0.0/8, which only Linux has.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failing test panics")]

mod support;

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use smtpcheck::sandbox::domains::case::DomainCase;
use smtpcheck::sandbox::domains::{DOMAIN_CASES, DomainPorts, DomainService};
use smtpcheck::sandbox::{Options, Remote, Running, Sandbox};

use support::program;

/// The time limit for one check of a domain, whatever its servers do.
const LIMIT: Duration = Duration::from_secs(20);

struct DomainSandbox {
    service: DomainService,
    folder: tempfile::TempDir,
    _running: Running,
}

impl DomainSandbox {
    fn open() -> DomainSandbox {
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
        DomainSandbox { service, folder, _running: sandbox.spawn(None).unwrap() }
    }

    /// The arguments of a check of a domain.
    fn arguments(&self, case: &DomainCase) -> Vec<String> {
        let mut words = self.service.arguments(case);
        for (flag, file) in [("--trust-anchor", "anchor.txt"), ("--cacert", "ca.pem")] {
            words.extend([flag.to_owned(), self.folder.path().join(file).display().to_string()]);
        }
        words.extend(["--max-time".to_owned(), format!("{}s", LIMIT.as_secs())]);
        words
    }
}

/// The result of the check of a domain: the rules of errors and warnings in alphabetical order, and the exit code.
struct DomainResult {
    case: &'static DomainCase,
    rules: Vec<String>,
    code: i32,
    text: String,
}

fn results() -> &'static Vec<DomainResult> {
    static RESULTS: OnceLock<Vec<DomainResult>> = OnceLock::new();
    RESULTS.get_or_init(|| {
        let sandbox = DomainSandbox::open();
        let check = |case: &'static DomainCase| {
            let words = sandbox.arguments(case);
            let words: Vec<&str> = words.iter().map(String::as_str).chain(["--json"]).collect();
            let run = program::run_with(&words, None, &[]);
            let report = run.json();
            let mut rules: Vec<String> = program::findings(&report)
                .into_iter()
                .filter(|(_, severity)| severity != "notice")
                .map(|(rule, _)| rule)
                .collect();
            rules.sort();
            DomainResult { case, rules, code: run.code, text: run.to_string() }
        };
        DOMAIN_CASES.iter().map(check).collect()
    })
}

#[test]
fn every_domain_causes_exactly_its_errors_and_warnings() {
    let mut wrong = Vec::new();
    for result in results() {
        let mut expected = result.case.expect.to_vec();
        expected.sort_unstable();
        if result.rules != expected || result.code != i32::from(result.case.exit) {
            wrong.push(format!(
                "{}: {:?} exit {}, expected {expected:?} exit {}",
                result.case.name, result.rules, result.code, result.case.exit
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_shown_as_not_tested_without_a_reason() {
    let sandbox = DomainSandbox::open();
    let names =
        ["dns-servfail", "mx-host-servfail", "dnssec-expired", "mx-missing-host", "mx-rejects-clients", "null-mx"];
    for case in DOMAIN_CASES.iter().filter(|case| names.contains(&case.name)) {
        for format in ["text", "markdown", "html"] {
            let words = sandbox.arguments(case);
            let words: Vec<&str> = words.iter().map(String::as_str).chain(["--format", format]).collect();
            let text = program::run_with(&words, None, &[]).stdout;
            let (_, results) = text.split_once("Policies for mail to the domain").unwrap_or_default();
            assert!(!results.is_empty(), "{}, {format}: {text}", case.name);
            for line in results.lines() {
                let end = line.trim_end_matches([' ', '|', '-']).trim_end_matches("<td></td></tr>");
                assert!(!end.ends_with("not tested"), "{}, {format}: {line}", case.name);
            }
        }
    }
}

#[test]
fn table_of_all_domains() {
    for result in results() {
        println!("{:28} {:3} {}", result.case.name, result.code, result.rules.join(", "));
        assert!(!result.text.contains("internal error"), "{}", result.text);
    }
}

#[test]
fn every_rule_about_domains_is_raised_by_a_domain_or_by_a_unit_test() {
    let ids: Vec<&str> = smtpcheck::check::domain::DOMAIN_CHECKS
        .iter()
        .flat_map(|check| check.rules.iter().map(|rule| rule.id))
        .collect();
    let mut tests = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/domain")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            match text.split_once("mod tests {") {
                Some((_, part)) => tests.push_str(part),
                None if path.ends_with("tests.rs") => tests.push_str(&text),
                None => {}
            }
        }
    }
    let expected: Vec<&str> = DOMAIN_CASES.iter().flat_map(|case| case.expect.iter().copied()).collect();
    let is_raised = |id: &&&str| expected.contains(*id) || tests.contains(&format!("\"{id}\""));
    let missing: Vec<&&str> = ids.iter().filter(|id| !is_raised(id)).collect();
    assert!(missing.is_empty(), "no domain of the sandbox and no unit test raises {missing:?}");
    let unknown: Vec<&&str> = expected.iter().filter(|id| smtpcheck::check::rule(id).is_none()).collect();
    assert!(unknown.is_empty(), "no rule is called {unknown:?}");
}
