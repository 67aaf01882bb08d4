//! smtpcheck with Exim, which uses GnuTLS and sends no enhanced status codes.

use crate::program::{Password, Run, assert_does_not_find, assert_finds, exit, recipient_codes, sent, smtpcheck, word};
use crate::servers::{CANARY, EXIM, HOST, QUOTED_USER, USER};

fn check(port: u16, more: &[&str], password: Password) -> Run {
    let port = port.to_string();
    let common = [HOST, "--port", &port, "--cacert", EXIM.ca.to_str().unwrap(), "--from", USER, "--json"];
    smtpcheck(&[&common, more].concat(), password)
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_login_after_starttls_succeeds() {
    let report = check(EXIM.starttls, &["--user", USER, "--to", "anybody@example.org"], Password::OnStdin(CANARY));
    let report = report.exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
    assert_eq!(report["tls"]["version"], "1.3");
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_login_on_the_implicit_tls_port_succeeds() {
    let args = ["--tls", "implicit", "--user", QUOTED_USER, "--auth", "LOGIN"];
    let report = check(EXIM.implicit_tls, &args, Password::OnStdin(CANARY)).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_wrong_password_is_an_auth_failure() {
    let wrong = format!("{CANARY}!");
    for mechanism in ["PLAIN", "LOGIN"] {
        let args = ["--user", USER, "--auth", mechanism];
        let report = check(EXIM.starttls, &args, Password::OnStdin(&wrong)).exits(exit::AUTH);
        assert_eq!(report["auth"]["outcome"], word::REFUSED, "{mechanism}");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_known_recipient_is_accepted() {
    let report = check(EXIM.starttls, &["--to", "known@example.net"], Password::None).exits(exit::OK);
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_unknown_recipient_is_permanently_rejected() {
    let report = check(EXIM.starttls, &["--to", "unknown@example.net"], Password::None).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [550]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn relaying_without_a_login_is_permanently_rejected() {
    let report = check(EXIM.starttls, &["--to", "anybody@example.org"], Password::None).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [550]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn it_is_reported_that_a_command_injected_before_tls_is_discarded() {
    let probe = ["--probe", "starttls-injection"];
    let report = check(EXIM.starttls, &probe, Password::None).exits(exit::OK);
    assert_does_not_find(&report, word::STARTTLS_COMMAND_INJECTION);
    let (port, ca) = (EXIM.starttls.to_string(), EXIM.ca.to_str().unwrap());
    let run =
        smtpcheck(&[&[HOST, "--port", &port, "--cacert", ca, "--width", "200"], &probe[..]].concat(), Password::None);
    assert!(run.stdout.contains("not vulnerable"), "{run}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_list_whose_members_expn_reveals_is_reported() {
    let expand = ["--probe", "expn", "--to", "staff@example.net"];
    let report = check(EXIM.expanding, &expand, Password::None).exits(exit::OK);
    assert_finds(&report, "expn-lists-members");
    let text = report["findings"][0]["summary"].as_str().unwrap();
    assert!(text.contains("EXPN staff@example.net") && text.contains("250"), "{text}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_server_that_rejects_expn_reveals_nothing() {
    let expand = ["--probe", "expn", "--to", "staff@example.net"];
    let report = check(EXIM.starttls, &expand, Password::None).exits(exit::OK);
    assert_does_not_find(&report, "expn-lists-members");
    assert!(sent(&report).contains(&"EXPN staff@example.net"), "{:?}", sent(&report));
    let replies = report["transcript"].as_array().unwrap().iter();
    let mut replies = replies.filter(|event| event["phase"] == "vrfy" && event["kind"] == "received");
    assert!(replies.any(|event| event["code"] == 550), "{report:#}");
}
