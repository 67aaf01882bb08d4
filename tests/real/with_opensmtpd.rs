//! smtpcheck with OpenSMTPD, whose TLS does not work on Debian 12.

use crate::program::{Password, Run, assert_finds, exit, recipient_codes, smtpcheck, word};
use crate::servers::{CANARY, HOST, OPENSMTPD, USER};

fn check(port: u16, more: &[&str], password: Password) -> Run {
    let port = port.to_string();
    let common = [HOST, "--port", &port, "--cacert", OPENSMTPD.ca.to_str().unwrap(), "--from", USER, "--json"];
    smtpcheck(&[&common, more].concat(), password)
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_known_recipient_is_accepted_without_tls() {
    let report = check(OPENSMTPD.relay, &["--tls", "none", "--to", "known@example.net"], Password::None);
    assert_eq!(recipient_codes(&report.exits(exit::OK)), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_unknown_recipient_is_permanently_rejected() {
    let report = check(OPENSMTPD.relay, &["--tls", "none", "--to", "unknown@example.net"], Password::None);
    assert_eq!(recipient_codes(&report.exits(exit::REFUSED_PERMANENT)), [524]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_server_without_starttls_is_a_tls_failure_when_starttls_is_required() {
    let report = check(OPENSMTPD.relay, &["--tls", "starttls"], Password::None).exits(exit::TLS);
    assert_finds(&report, word::STARTTLS_NOT_OFFERED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_handshake_that_the_server_aborts_is_a_tls_failure() {
    let report = check(OPENSMTPD.broken_tls, &["--user", USER], Password::OnStdin(CANARY)).exits(exit::TLS);
    assert_finds(&report, word::TLS_HANDSHAKE_FAILED);
}
