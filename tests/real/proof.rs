//! What the servers do, proved without the program under test: when one of its tests fails and these do not, it is at
//! fault.
//!
//! Promises: each port of `servers` answers as its documentation there says, on each loopback address; and a server
//! leaves nothing behind, however the test program ends.

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
const BESIDE: IpAddr = IpAddr::V4(DovecotSubmission::ADDRESS);

#[track_caller]
fn assert_begins(reply: &str, beginning: &str) {
    assert!(reply.starts_with(beginning), "expected {beginning:?}, got {reply:?}");
}

#[track_caller]
fn assert_fails_with(handshake: std::io::Result<Probe>, words: &str) {
    let error = handshake.err().expect("a failing handshake").to_string();
    assert!(error.contains(words), "expected {words:?}, got {error:?}");
}

// Postfix.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_submission_demands_starttls_and_offers_no_auth_before_it() {
    for &address in loopbacks() {
        let mut probe = Probe::plain(address, POSTFIX.submission);
        let ehlo = probe.say("EHLO client.example.com");
        assert!(ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
        assert_begins(&probe.say("MAIL FROM:<>"), "530 5.7.0 Must issue a STARTTLS command first");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_submission_demands_auth_at_rcpt() {
    let mut probe = Probe::starttls(LOCAL, POSTFIX.submission, &POSTFIX.ca).unwrap();
    assert_begins(
        &probe.offer("known@example.net"),
        "554 5.7.1 <known@example.net>: Recipient address rejected: Access denied",
    );
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_submission_takes_both_users_and_lets_them_relay() {
    for user in [USER, QUOTED_USER] {
        let mut probe = Probe::starttls(LOCAL, POSTFIX.submission, &POSTFIX.ca).unwrap();
        assert_begins(&probe.auth_plain(user, CANARY), "235 2.7.0 Authentication successful");
        assert_begins(&probe.offer("anybody@example.org"), "250 2.1.5 Ok");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_offers_the_mechanisms_of_its_dovecot() {
    let mut probe = Probe::starttls(LOCAL, POSTFIX.submission, &POSTFIX.ca).unwrap();
    let ehlo = probe.say("EHLO client.example.com");
    assert!(ehlo.contains("AUTH PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256"), "{ehlo}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_refuses_a_wrong_password_within_a_second() {
    let mut probe = Probe::starttls(LOCAL, POSTFIX.submission, &POSTFIX.ca).unwrap();
    let start = Instant::now();
    assert_begins(&probe.auth_plain(USER, "wrong"), "535 5.7.8 Error: authentication failed");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_speaks_tls_from_the_first_byte_on_its_implicit_port() {
    for &address in loopbacks() {
        let mut probe = Probe::implicit_tls(address, POSTFIX.implicit_tls, &POSTFIX.ca).unwrap();
        let ehlo = probe.say("EHLO client.example.com");
        assert!(!ehlo.contains("STARTTLS"), "{ehlo}");
        assert_begins(&probe.auth_login(USER, CANARY), "235 ");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_relay_answers_each_recipient_in_its_own_way() {
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
        probe.say("EHLO client.example.com");
        assert_begins(&probe.offer(recipient), answer);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_relay_offers_starttls_and_no_auth() {
    let mut probe = Probe::starttls(LOCAL, POSTFIX.relay, &POSTFIX.ca).unwrap();
    let ehlo = probe.say("EHLO client.example.com");
    assert!(!ehlo.contains("AUTH"), "{ehlo}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn each_bad_certificate_of_postfix_fails_for_its_own_reason() {
    let handshake = |port| Probe::starttls(LOCAL, port, &POSTFIX.ca);
    assert_fails_with(handshake(POSTFIX.expired), "certificate expired");
    assert_fails_with(handshake(POSTFIX.other_name), "not valid for name");
    assert_fails_with(handshake(POSTFIX.self_signed), "CaUsedAsEndEntity");
}

// Exim.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn exim_offers_auth_only_after_tls() {
    let mut probe = Probe::plain(LOCAL, EXIM.starttls);
    let ehlo = probe.say("EHLO client.example.com");
    assert!(ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
    let mut probe = Probe::starttls(LOCAL, EXIM.starttls, &EXIM.ca).unwrap();
    let ehlo = probe.say("EHLO client.example.com");
    assert!(ehlo.contains("AUTH PLAIN LOGIN"), "{ehlo}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn exim_takes_both_users_with_both_mechanisms_and_lets_them_relay() {
    for &address in loopbacks() {
        let mut probe = Probe::starttls(address, EXIM.starttls, &EXIM.ca).unwrap();
        assert_begins(&probe.auth_plain(USER, CANARY), "235 Authentication succeeded");
        assert_begins(&probe.offer("anybody@example.org"), "250 Accepted");
        let mut probe = Probe::implicit_tls(address, EXIM.implicit_tls, &EXIM.ca).unwrap();
        probe.say("EHLO client.example.com");
        assert_begins(&probe.auth_login(QUOTED_USER, CANARY), "235 Authentication succeeded");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn exim_refuses_a_wrong_password() {
    let mut probe = Probe::starttls(LOCAL, EXIM.starttls, &EXIM.ca).unwrap();
    assert_begins(&probe.auth_plain(USER, "wrong"), "535 Incorrect authentication data");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn exim_refuses_unknown_recipients_and_relaying_without_auth() {
    for (recipient, answer) in [
        ("known@example.net", "250 Accepted"),
        ("unknown@example.net", "550 Unrouteable address"),
        ("anybody@example.org", "550 relay not permitted"),
    ] {
        let mut probe = Probe::starttls(LOCAL, EXIM.starttls, &EXIM.ca).unwrap();
        assert_begins(&probe.offer(recipient), answer);
    }
}

// OpenSMTPD.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn opensmtpd_relay_offers_neither_starttls_nor_auth() {
    for &address in loopbacks() {
        let ehlo = Probe::plain(address, OPENSMTPD.relay).say("EHLO client.example.com");
        assert!(!ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn opensmtpd_relay_refuses_unknown_recipients_and_relaying() {
    for (recipient, answer) in [
        ("known@example.net", "250 2.1.5 Destination address valid: Recipient ok"),
        ("unknown@example.net", "524 5.2.4 Mailing list expansion problem: <unknown@example.net>"),
        ("anybody@example.org", "550 Invalid recipient: <anybody@example.org>"),
    ] {
        let mut probe = Probe::plain(LOCAL, OPENSMTPD.relay);
        probe.say("EHLO client.example.com");
        assert_begins(&probe.offer(recipient), answer);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn opensmtpd_demands_starttls_and_breaks_off_the_handshake() {
    let mut probe = Probe::plain(LOCAL, OPENSMTPD.broken_tls);
    let ehlo = probe.say("EHLO client.example.com");
    assert!(ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
    assert_begins(&probe.say("MAIL FROM:<>"), "530 5.5.1 Invalid command: Must issue a STARTTLS command first");
    assert_fails_with(Probe::starttls(LOCAL, OPENSMTPD.broken_tls, &OPENSMTPD.ca), "InternalError");
}

// Dovecot.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn dovecot_submission_demands_tls_for_auth_and_auth_for_mail() {
    let mut probe = Probe::plain(BESIDE, DOVECOT.starttls);
    let ehlo = probe.say("EHLO client.example.com");
    assert!(ehlo.contains("STARTTLS") && !ehlo.contains("AUTH"), "{ehlo}");
    assert_begins(&probe.auth_plain(USER, "wrong"), "530 5.7.0 TLS required.");
    assert_begins(&probe.say("MAIL FROM:<>"), "530 5.7.0 TLS required.");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn dovecot_submission_takes_both_users_and_passes_on_what_its_relay_says() {
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
            let mut probe = Probe::starttls(BESIDE, DOVECOT.starttls, &DOVECOT.ca).unwrap();
            assert_begins(&probe.auth_plain(user, CANARY), "235 2.7.0 Logged in.");
            assert_begins(&probe.offer(recipient), answer);
        }
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn dovecot_submission_refuses_a_wrong_password_within_a_second() {
    let mut probe = Probe::starttls(BESIDE, DOVECOT.starttls, &DOVECOT.ca).unwrap();
    let start = Instant::now();
    assert_begins(&probe.auth_plain(USER, "wrong"), "535 5.7.8 Authentication failed.");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

// The keeper.

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
    assert!(!leaves_traces(&directory.expect("set before the panic")));
}

/// Runs itself once more, as a test program that starts a server and is then killed.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_killed_test_program_leaves_no_process_and_no_directory() {
    const REPORT_TO: &str = "REAL_REPORT_TO";
    if let Some(report) = std::env::var_os(REPORT_TO) {
        let exim = Exim::start();
        std::fs::write(report, exim.directory().to_str().unwrap()).unwrap();
        // As SIGKILL: nothing is unwound or dropped.
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
    let directory = PathBuf::from(std::fs::read_to_string(report).expect("a server that started"));
    let deadline = Instant::now() + Duration::from_secs(5);
    while leaves_traces(&directory) {
        assert!(Instant::now() < deadline, "something of {} is still there", directory.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}
