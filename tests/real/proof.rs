//! How the servers behave, proved without the program under test. If a test of smtpcheck fails and these tests pass,
//! the fault is in smtpcheck.
//!
//! Each port in `servers` responds as documented there, on each loopback address, and a server leaves no process or
//! file behind, however the test program ends.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::probe::Probe;
use crate::servers::{
    CANARY, DOVECOT, DovecotSubmission, EXIM, Exim, OPENSMTPD, POSTFIX, QUOTED_USER, USER, is_inhabited, loopbacks,
};

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const NOT_LOCAL: IpAddr = IpAddr::V4(DovecotSubmission::ADDRESS);

#[track_caller]
fn assert_begins(reply: &str, beginning: &str) {
    assert!(reply.starts_with(beginning), "expected {beginning:?}, got {reply:?}");
}

#[track_caller]
fn assert_fails_with(handshake: std::io::Result<Probe>, words: &str) {
    let error = handshake.err().expect("the handshake fails").to_string();
    assert!(error.contains(words), "expected {words:?}, got {error:?}");
}

// Postfix.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_submission_requires_starttls_and_does_not_advertise_auth_before_it() {
    for &address in loopbacks() {
        let mut probe = Probe::plain(address, POSTFIX.submission);
        let ehlo = probe.send("EHLO client.example.com");
        assert!(ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
        assert_begins(&probe.send("MAIL FROM:<>"), "530 5.7.0 Must issue a STARTTLS command first");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_submission_requires_auth_at_rcpt() {
    let mut probe = Probe::starttls(LOCAL, POSTFIX.submission, &POSTFIX.ca).unwrap();
    assert_begins(
        &probe.try_recipient("known@example.net"),
        "554 5.7.1 <known@example.net>: Recipient address rejected: Access denied",
    );
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_submission_accepts_both_users_and_lets_them_relay() {
    for user in [USER, QUOTED_USER] {
        let mut probe = Probe::starttls(LOCAL, POSTFIX.submission, &POSTFIX.ca).unwrap();
        assert_begins(&probe.auth_plain(user, CANARY), "235 2.7.0 Authentication successful");
        assert_begins(&probe.try_recipient("anybody@example.org"), "250 2.1.5 Ok");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_advertises_the_mechanisms_of_its_dovecot() {
    let mut probe = Probe::starttls(LOCAL, POSTFIX.submission, &POSTFIX.ca).unwrap();
    let ehlo = probe.send("EHLO client.example.com");
    assert!(ehlo.contains("AUTH PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256"), "{ehlo}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_rejects_a_wrong_password_within_a_second() {
    let mut probe = Probe::starttls(LOCAL, POSTFIX.submission, &POSTFIX.ca).unwrap();
    let start = Instant::now();
    assert_begins(&probe.auth_plain(USER, "wrong"), "535 5.7.8 Error: authentication failed");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_uses_implicit_tls_on_its_implicit_tls_port() {
    for &address in loopbacks() {
        let mut probe = Probe::implicit_tls(address, POSTFIX.implicit_tls, &POSTFIX.ca).unwrap();
        let ehlo = probe.send("EHLO client.example.com");
        assert!(!ehlo.contains("STARTTLS"), "{ehlo}");
        assert_begins(&probe.auth_login(USER, CANARY), "235 ");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_relay_has_a_different_reply_for_each_recipient() {
    for (recipient, answer) in [
        ("known@example.net", "250 2.1.5 Ok"),
        (USER, "250 2.1.5 Ok"),
        (
            "unknown@example.net",
            "550 5.1.1 <unknown@example.net>: Recipient address rejected: User unknown in local recipient table",
        ),
        (
            "greylisted@example.net",
            "451 4.7.1 <greylisted@example.net>: Recipient address rejected: Greylisted, please try again in 300 seconds",
        ),
        ("full@example.net", "452 4.2.2 <full@example.net>: Recipient address rejected: Mailbox full"),
        ("anybody@example.org", "554 5.7.1 <anybody@example.org>: Relay access denied"),
    ] {
        let mut probe = Probe::plain(LOCAL, POSTFIX.relay);
        probe.send("EHLO client.example.com");
        assert_begins(&probe.try_recipient(recipient), answer);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_relay_advertises_starttls_and_no_auth() {
    let mut probe = Probe::starttls(LOCAL, POSTFIX.relay, &POSTFIX.ca).unwrap();
    let ehlo = probe.send("EHLO client.example.com");
    assert!(!ehlo.contains("AUTH"), "{ehlo}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn each_invalid_certificate_of_postfix_fails_for_its_own_reason() {
    let handshake = |port| Probe::starttls(LOCAL, port, &POSTFIX.ca);
    assert_fails_with(handshake(POSTFIX.expired), "certificate expired");
    assert_fails_with(handshake(POSTFIX.other_name), "not valid for name");
    assert_fails_with(handshake(POSTFIX.self_signed), "CaUsedAsEndEntity");
}

// Exim.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn exim_advertises_auth_only_inside_tls() {
    let mut probe = Probe::plain(LOCAL, EXIM.starttls);
    let ehlo = probe.send("EHLO client.example.com");
    assert!(ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
    let mut probe = Probe::starttls(LOCAL, EXIM.starttls, &EXIM.ca).unwrap();
    let ehlo = probe.send("EHLO client.example.com");
    assert!(ehlo.contains("AUTH PLAIN LOGIN"), "{ehlo}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn exim_accepts_both_users_with_both_mechanisms_and_lets_them_relay() {
    for &address in loopbacks() {
        let mut probe = Probe::starttls(address, EXIM.starttls, &EXIM.ca).unwrap();
        assert_begins(&probe.auth_plain(USER, CANARY), "235 Authentication succeeded");
        assert_begins(&probe.try_recipient("anybody@example.org"), "250 Accepted");
        let mut probe = Probe::implicit_tls(address, EXIM.implicit_tls, &EXIM.ca).unwrap();
        probe.send("EHLO client.example.com");
        assert_begins(&probe.auth_login(QUOTED_USER, CANARY), "235 Authentication succeeded");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn exim_rejects_a_wrong_password() {
    let mut probe = Probe::starttls(LOCAL, EXIM.starttls, &EXIM.ca).unwrap();
    assert_begins(&probe.auth_plain(USER, "wrong"), "535 Incorrect authentication data");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn exim_rejects_unknown_recipients_and_relaying_without_auth() {
    for (recipient, answer) in [
        ("known@example.net", "250 Accepted"),
        ("unknown@example.net", "550 Unrouteable address"),
        ("anybody@example.org", "550 relay not permitted"),
    ] {
        let mut probe = Probe::starttls(LOCAL, EXIM.starttls, &EXIM.ca).unwrap();
        assert_begins(&probe.try_recipient(recipient), answer);
    }
}

// OpenSMTPD.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn opensmtpd_relay_advertises_neither_starttls_nor_auth() {
    for &address in loopbacks() {
        let ehlo = Probe::plain(address, OPENSMTPD.relay).send("EHLO client.example.com");
        assert!(!ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn opensmtpd_relay_rejects_unknown_recipients_and_relaying() {
    for (recipient, answer) in [
        ("known@example.net", "250 2.1.5 Destination address valid: Recipient ok"),
        ("unknown@example.net", "524 5.2.4 Mailing list expansion problem: <unknown@example.net>"),
        ("anybody@example.org", "550 Invalid recipient: <anybody@example.org>"),
    ] {
        let mut probe = Probe::plain(LOCAL, OPENSMTPD.relay);
        probe.send("EHLO client.example.com");
        assert_begins(&probe.try_recipient(recipient), answer);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn opensmtpd_requires_starttls_and_aborts_the_handshake() {
    let mut probe = Probe::plain(LOCAL, OPENSMTPD.broken_tls);
    let ehlo = probe.send("EHLO client.example.com");
    assert!(ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
    assert_begins(&probe.send("MAIL FROM:<>"), "530 5.5.1 Invalid command: Must issue a STARTTLS command first");
    assert_fails_with(Probe::starttls(LOCAL, OPENSMTPD.broken_tls, &OPENSMTPD.ca), "InternalError");
}

// Dovecot.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn dovecot_submission_requires_tls_for_auth_and_auth_for_mail() {
    let mut probe = Probe::plain(NOT_LOCAL, DOVECOT.starttls);
    let ehlo = probe.send("EHLO client.example.com");
    assert!(ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
    assert_begins(&probe.auth_plain(USER, "wrong"), "530 5.7.0 TLS required.");
    assert_begins(&probe.send("MAIL FROM:<>"), "530 5.7.0 TLS required.");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn dovecot_submission_accepts_both_users_and_returns_the_replies_of_its_relay() {
    for (recipient, answer) in [
        ("known@example.net", "250 2.1.5 Ok"),
        ("unknown@example.net", "550 5.1.1 <unknown@example.net> <unknown@example.net>: Recipient address rejected"),
        (
            "greylisted@example.net",
            "451 4.7.1 <greylisted@example.net> <greylisted@example.net>: Recipient address rejected",
        ),
        ("anybody@example.org", "554 5.7.1 <anybody@example.org> <anybody@example.org>: Relay access denied"),
    ] {
        for user in [USER, QUOTED_USER] {
            let mut probe = Probe::starttls(NOT_LOCAL, DOVECOT.starttls, &DOVECOT.ca).unwrap();
            assert_begins(&probe.auth_plain(user, CANARY), "235 2.7.0 Logged in.");
            assert_begins(&probe.try_recipient(recipient), answer);
        }
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn dovecot_submission_rejects_a_wrong_password_within_a_second() {
    let mut probe = Probe::starttls(NOT_LOCAL, DOVECOT.starttls, &DOVECOT.ca).unwrap();
    let start = Instant::now();
    assert_begins(&probe.auth_plain(USER, "wrong"), "535 5.7.8 Authentication failed.");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

// The keeper, which runs the servers.

fn leaves_traces(directory: &Path) -> bool {
    is_inhabited(directory) || directory.exists()
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_dropped_server_leaves_no_process_and_no_directory() {
    let exim = Exim::start();
    let directory = exim.directory().to_owned();
    assert!(is_inhabited(&directory) && directory.exists());
    drop(exim);
    assert!(!leaves_traces(&directory));
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_panicking_test_leaves_no_process_and_no_directory() {
    let mut directory = None;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let exim = Exim::start();
        directory = Some(exim.directory().to_owned());
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert!(!leaves_traces(&directory.expect("it was set before the panic")));
}

/// Runs this test again as a child process, which starts a server and is then killed.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_killed_test_program_leaves_no_process_and_no_directory() {
    const REPORT_TO: &str = "REAL_REPORT_TO";
    if let Some(report) = std::env::var_os(REPORT_TO) {
        let exim = Exim::start();
        std::fs::write(report, exim.directory().to_str().unwrap()).unwrap();
        // Like SIGKILL, this ends the process without unwinding and without dropping values.
        std::process::abort();
    }
    let scratch = tempfile::tempdir().unwrap();
    let report = scratch.path().join("report");
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "proof::a_killed_test_program_leaves_no_process_and_no_directory"])
        .env(REPORT_TO, &report)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success());
    let directory = PathBuf::from(std::fs::read_to_string(report).expect("the server started"));
    let deadline = Instant::now() + Duration::from_secs(5);
    while leaves_traces(&directory) {
        assert!(Instant::now() < deadline, "a process or file of {} is left", directory.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}
