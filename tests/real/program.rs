//! What the tests with real servers share: how they run the program, and the names of rules and outcomes in its report.

use serde_json::Value;

pub use crate::support::program::Run;
use crate::support::program::{findings, run_with};

/// The exit codes in these tests.
pub mod exit {
    pub const OK: i32 = 0;
    pub const UNREACHABLE: i32 = 3;
    pub const REFUSED_TEMPORARY: i32 = 4;
    pub const REFUSED_PERMANENT: i32 = 5;
    pub const TLS: i32 = 6;
    pub const AUTH: i32 = 7;
    pub const PROTOCOL: i32 = 8;
}

/// Rule ids and other constants in the report.
pub mod word {
    pub const ACCEPTED: &str = "accepted";
    pub const REFUSED: &str = "refused";
    pub const WITHHELD: &str = "withheld";

    pub const AUTH_CREDENTIALS_REFUSED: &str = "auth-credentials-refused";
    pub const AUTH_TOKEN_EXPIRED: &str = "auth-token-expired";
    pub const CERTIFICATE_CHAIN_DISORDERED: &str = "certificate-chain-disordered";
    pub const CERTIFICATE_CHAIN_INCOMPLETE: &str = "certificate-chain-incomplete";
    pub const CERTIFICATE_CHAIN_UNNECESSARY: &str = "certificate-chain-unnecessary";
    pub const CERTIFICATE_EXPIRED: &str = "certificate-expired";
    pub const CERTIFICATE_KEY_WEAK: &str = "certificate-key-weak";
    pub const CERTIFICATE_NAME_MISMATCH: &str = "certificate-name-mismatch";
    pub const CERTIFICATE_REVOKED: &str = "certificate-revoked";
    pub const CERTIFICATE_SELF_SIGNED: &str = "certificate-self-signed";
    pub const CERTIFICATE_SIGNATURE_WEAK: &str = "certificate-signature-weak";
    pub const CERTIFICATE_UNTRUSTED: &str = "certificate-untrusted";
    pub const CLIENT_CERTIFICATE_REFUSED: &str = "client-certificate-refused";
    pub const CLIENT_CERTIFICATE_REQUIRED: &str = "client-certificate-required";
    pub const CONNECTION_REFUSED: &str = "connection-refused";
    pub const STARTTLS_COMMAND_INJECTION: &str = "starttls-command-injection";
    pub const STARTTLS_NOT_ENFORCED: &str = "starttls-not-enforced";
    pub const AUTH_ACCEPTED_IN_PLAINTEXT: &str = "auth-accepted-in-plaintext";
    pub const STARTTLS_NOT_OFFERED: &str = "starttls-not-offered";
    pub const TLS_HANDSHAKE_FAILED: &str = "tls-handshake-failed";
    pub const TLS_OLD_VERSION_ACCEPTED: &str = "tls-old-version-accepted";
    pub const TLS_SUITES_TOO_OLD: &str = "tls-suites-too-old";
    pub const TLS_VERSION_TOO_OLD: &str = "tls-version-too-old";
    pub const TLS_WEAK_SUITE_ACCEPTED: &str = "tls-weak-suite-accepted";
}

#[derive(Clone, Copy)]
pub enum Password<'a> {
    None,
    /// Passed with `--password-stdin`, followed by a line end, as `echo` sends it.
    OnStdin(&'a str),
    /// Passed in the variable `SMTPCHECK_PASSWORD`.
    InEnvironment(&'a str),
}

/// Runs the program until it ends.
#[track_caller]
pub fn smtpcheck(args: &[&str], password: Password) -> Run {
    match password {
        Password::None => run_with(args, None, &[]),
        Password::OnStdin(text) => run_with(&[args, &["--password-stdin"]].concat(), Some(&format!("{text}\n")), &[]),
        Password::InEnvironment(text) => run_with(args, None, &[("SMTPCHECK_PASSWORD", text)]),
    }
}

/// The reply codes to RCPT, in the order of `--to`.
pub fn recipient_codes(report: &Value) -> Vec<u64> {
    let recipients = report["rcpt"].as_array().map(Vec::as_slice).unwrap_or_default();
    recipients.iter().filter_map(|recipient| recipient["code"].as_u64()).collect()
}

/// The lines that were sent in all sessions.
pub fn sent(report: &Value) -> Vec<&str> {
    let events = report["transcript"].as_array().map(Vec::as_slice).unwrap_or_default();
    events.iter().filter(|event| event["kind"] == "sent").filter_map(|event| event["text"].as_str()).collect()
}

#[track_caller]
pub fn assert_finds(report: &Value, rule: &str) {
    let findings = findings(report);
    assert!(findings.iter().any(|(found, _)| found == rule), "no {rule} among {findings:?}\n{report:#}");
}

#[track_caller]
pub fn assert_does_not_find(report: &Value, rule: &str) {
    let findings = findings(report);
    assert!(findings.iter().all(|(found, _)| found != rule), "{rule} among {findings:?}\n{report:#}");
}

/// Asserts that there is exactly one error, because one root cause raises one finding.
#[track_caller]
pub fn assert_finds_one_error(report: &Value) {
    let findings = findings(report);
    let errors = findings.iter().filter(|(_, severity)| severity == "error");
    assert_eq!(errors.count(), 1, "{findings:?}\n{report:#}");
}
