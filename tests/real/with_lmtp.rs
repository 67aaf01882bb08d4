//! smtpcheck with the LMTP server of Dovecot, over TCP and over a Unix socket, with the sockets of Postfix, and with
//! XCLIENT, parameters and VRFY in Postfix.

use std::path::Path;
use std::process::Command;

use crate::program::{Password, Run, assert_finds, exit, recipient_codes, sent, smtpcheck};
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

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn each_recipient_gets_its_own_reply_over_tcp() {
    let report = check(&tcp("lmtp://"), &["--to", USER, "--to", UNKNOWN]).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [250, 550]);
    assert_finds(&report, "recipient-unknown");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
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

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_serves_smtp_over_a_socket() {
    // The connection to master(8) must not be mistaken for one to smtpd, which master(8) starts on demand.
    let path = POSTFIX.private().join("smtpd-socket");
    let report = check(&socket("smtp", &path), &["--to", "known@example.net"]).exits(exit::OK);
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
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

/// A check of the relay port of Postfix, or of the port that accepts XCLIENT.
fn postfix(port: u16, more: &[&str]) -> Run {
    let target = format!("localhost:{port}");
    check(&target, &[&["--cacert", POSTFIX.ca.to_str().unwrap()], more].concat())
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_treats_the_session_as_that_of_the_client_after_xclient() {
    let claims = ["--xclient", "ADDR=192.0.2.77", "--xclient", "NAME=client.example.com", "--xclient", "HELO=a b"];
    let report = postfix(POSTFIX.behind_proxy, &[&["--to", "missing@example.net"], &claims[..]].concat())
        .exits(exit::REFUSED_PERMANENT);
    assert_finds(&report, "recipient-unknown");
    // The log names the client that was given.
    assert!(POSTFIX.log().contains("client.example.com[192.0.2.77]"), "{}", POSTFIX.log());
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_accepts_xforward_and_an_ipv6_address() {
    for claim in [["--xforward", "ADDR=2001:db8::7"], ["--xclient", "ADDR=2001:db8::7"]] {
        let report =
            postfix(POSTFIX.behind_proxy, &[&["--to", "known@example.net"], &claim[..]].concat()).exits(exit::OK);
        assert_eq!(recipient_codes(&report), [250], "{claim:?}");
    }
}

/// Postfix writes the client that XFORWARD names into its log, and nothing else changes.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_logs_the_client_that_xforward_names() {
    let claims = ["ADDR=192.0.2.78", "NAME=forwarded.example.com", "IDENT=4FC2A"];
    let claims: Vec<&str> = claims.iter().flat_map(|claim| ["--xforward", claim]).collect();
    postfix(POSTFIX.behind_proxy, &[&["--to", "known@example.net"], &claims[..]].concat()).exits(exit::OK);
    let log = POSTFIX.log();
    let line = log.lines().find(|line| line.contains("orig_queue_id=4FC2A")).unwrap_or_else(|| panic!("{log}"));
    assert!(line.contains("orig_client=forwarded.example.com[192.0.2.78]"), "{line}");
    assert!(!line.contains(" client=forwarded"), "{line}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_rejects_values_of_xclient_and_does_not_advertise_it_to_others() {
    let wrong = ["--quit-after", "auth", "--xclient", "PROTO=QMTP"];
    assert_finds(&postfix(POSTFIX.behind_proxy, &wrong).exits(exit::REFUSED_PERMANENT), "xclient-refused");
    let unknown = ["--quit-after", "auth", "--xclient", "ADDR=192.0.2.77"];
    assert_finds(&postfix(POSTFIX.relay, &unknown).exits(exit::REFUSED_PERMANENT), "xclient-not-advertised");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_accepts_parameters_and_their_faults_are_reported() {
    let known = ["--to", "known@example.net"];
    let good = ["--mail-parameter", "SIZE=1000", "--mail-parameter", "RET=HDRS", "--rcpt-parameter", "NOTIFY=NEVER"];
    let report = postfix(POSTFIX.relay, &[&known[..], &good[..]].concat()).exits(exit::OK);
    assert_eq!(recipient_codes(&report), [250]);
    let mail = ["--mail-parameter", "BODY=8BITMIME", "--mail-parameter", "ENVID=QQ314159"];
    let rcpt = ["--rcpt-parameter", "ORCPT=rfc822;known+2Blist@example.net"];
    let report = postfix(POSTFIX.relay, &[&known[..], &mail[..], &rcpt[..]].concat()).exits(exit::OK);
    assert_eq!((recipient_codes(&report), &report["findings"]), (vec![250], &serde_json::json!([])));
    let lines = sent(&report);
    assert!(lines.iter().any(|line| line.ends_with("> BODY=8BITMIME ENVID=QQ314159")), "{lines:?}");
    assert!(lines.contains(&"RCPT TO:<known@example.net> ORCPT=rfc822;known+2Blist@example.net"), "{lines:?}");
    for wrong in [
        ["--mail-parameter", "ENVID=a+b"],
        ["--rcpt-parameter", "ORCPT=known@example.net"],
        ["--mail-parameter", "SIZE=99999999999"],
        ["--mail-parameter", "BODY=9BITMIME"],
        ["--rcpt-parameter", "NOTIFY=SOMETIMES"],
    ] {
        let report = postfix(POSTFIX.relay, &[&known[..], &wrong[..]].concat()).exits(exit::REFUSED_PERMANENT);
        assert_finds(&report, "parameter-refused");
    }
    let foreign = ["--mail-parameter", "MT-PRIORITY=3"];
    let report = postfix(POSTFIX.relay, &[&known[..], &foreign[..]].concat()).exits(exit::REFUSED_PERMANENT);
    assert_finds(&report, "parameter-not-advertised");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_reveals_mailboxes_by_vrfy() {
    let report = postfix(POSTFIX.relay, &["--to", "known@example.net", "--probe", "vrfy,expn"]).exits(exit::OK);
    assert_finds(&report, "vrfy-confirms-addresses");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn postfix_accepts_helo() {
    let report = postfix(POSTFIX.relay, &["--to", "known@example.net", "--esmtp", "never"]).exits(exit::OK);
    assert_eq!(recipient_codes(&report), [250]);
}
