//! smtpcheck with the LMTP server of Dovecot, over TCP and over a Unix socket, and with the sockets of Postfix.

use std::path::Path;
use std::process::Command;

use crate::program::{Password, Run, assert_finds, exit, recipient_codes, smtpcheck};
use crate::servers::{DOVECOT_LMTP, POSTFIX, USER};

const UNKNOWN: &str = "missing@example.net";

fn check(target: &str, more: &[&str]) -> Run {
    smtpcheck(&[&[target, "--json"], more].concat(), Password::None)
}

fn tcp(scheme: &str) -> String {
    format!("{scheme}127.0.0.1:{}", DOVECOT_LMTP.port)
}

fn socket(scheme: &str, path: &Path) -> String {
    format!("{scheme}+unix:{}", path.display())
}

/// Runs the program as a user who is neither root nor the owner of any socket.
fn as_other_user(target: &str) -> (i32, String) {
    let output = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", env!("CARGO_BIN_EXE_smtpcheck")])
        .args([target, "--json"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[allow(dead_code, reason = "fails with the real server; not run until it is repaired")]
fn each_recipient_gets_its_own_reply_over_tcp() {
    let report = check(&tcp("lmtp://"), &["--to", USER, "--to", UNKNOWN]).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [250, 550]);
    assert_finds(&report, "recipient-unknown");
}

#[allow(dead_code, reason = "fails with the real server; not run until it is repaired")]
fn a_recipient_with_a_mailbox_is_accepted_over_a_socket() {
    let report = check(&socket("lmtp", &DOVECOT_LMTP.socket), &["--to", USER]).exits(exit::OK);
    assert_eq!(recipient_codes(&report), [250]);
    assert_eq!(report["findings"], serde_json::json!([]));
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn dovecot_checked_as_smtp_is_recognised_as_lmtp() {
    for target in [tcp(""), socket("smtp", &DOVECOT_LMTP.socket)] {
        let report = check(&target, &[]).exits(exit::PROTOCOL);
        assert_finds(&report, "lmtp-expected");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_checked_as_lmtp_is_recognised_as_smtp() {
    let report = check(&format!("lmtp://127.0.0.1:{}", POSTFIX.relay), &[]).exits(exit::PROTOCOL);
    assert_finds(&report, "smtp-expected");
}

#[allow(dead_code, reason = "fails with the real server; not run until it is repaired")]
fn postfix_serves_smtp_over_a_socket() {
    // The connection to master(8) must not be taken for one to smtpd, which master(8) starts on demand.
    let path = POSTFIX.private().join("smtpd-socket");
    let report = check(&socket("smtp", &path), &["--to", "known@example.net"]).exits(exit::OK);
    assert_eq!(recipient_codes(&report), [250]);
}

#[allow(dead_code, reason = "fails with the real server; not run until it is repaired")]
fn the_internal_sockets_of_postfix_are_not_mail_servers() {
    for name in ["discard", "bounce", "rewrite", "anvil", "proxymap"] {
        let report = check(&socket("smtp", &POSTFIX.private().join(name)), &[]).exits(exit::PROTOCOL);
        assert_finds(&report, "greeting-not-smtp");
        let text = report["findings"][0]["summary"].as_str().unwrap();
        assert!(text.contains("Postfix"), "{name}: {text}");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_login_socket_of_dovecot_is_not_a_mail_server() {
    let report = check(&socket("smtp", &DOVECOT_LMTP.login), &[]).exits(exit::PROTOCOL);
    assert_finds(&report, "greeting-not-smtp");
    assert!(report["findings"][0]["summary"].as_str().unwrap().contains("Dovecot"), "{report:#}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_socket_of_another_user_is_explained_with_its_permissions() {
    let (code, json) = as_other_user(&socket("lmtp", &DOVECOT_LMTP.private));
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, exit::UNREACHABLE, "{report:#}");
    assert_finds(&report, "socket-access-denied");
    let cause = report["findings"][0]["cause"].as_str().unwrap();
    assert!(cause.contains("owner dovecot") && cause.contains("mode 0600"), "{cause}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_directory_that_may_not_be_searched_is_named() {
    let private = POSTFIX.private();
    let (code, json) = as_other_user(&socket("smtp", &private.join("smtpd-socket")));
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, exit::UNREACHABLE, "{report:#}");
    assert_finds(&report, "socket-access-denied");
    let cause = report["findings"][0]["cause"].as_str().unwrap();
    assert!(cause.contains(&format!("The directory {}", private.display())) && cause.contains("mode 0700"), "{cause}");
}
