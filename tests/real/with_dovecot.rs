//! smtpcheck with Dovecot's submission server, which passes MAIL and RCPT to Postfix.

use std::net::Ipv4Addr;

use crate::program::{Password, Run, exit, recipient_codes, smtpcheck, word};
use crate::servers::{CANARY, DOVECOT, DovecotSubmission, USER};

/// The target is an IP address, for which no SNI is sent, so the certificate must contain that address.
fn check(address: Ipv4Addr, more: &[&str], password: Password) -> Run {
    let [host, port] = [address.to_string(), DOVECOT.starttls.to_string()];
    let common = [&host, "--port", &port, "--cacert", DOVECOT.ca.to_str().unwrap(), "--from", USER, "--json"];
    smtpcheck(&[&common, more].concat(), password)
}

fn log_in(more: &[&str]) -> Run {
    check(DovecotSubmission::ADDRESS, &[&["--user", USER], more].concat(), Password::OnStdin(CANARY))
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_login_after_starttls_succeeds() {
    let report = log_in(&["--to", "known@example.net"]).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
    assert_eq!(report["tls"]["version"], "1.3");
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_wrong_password_is_an_auth_failure() {
    let wrong = format!("{CANARY}!");
    let report = check(DovecotSubmission::ADDRESS, &["--user", USER], Password::OnStdin(&wrong)).exits(exit::AUTH);
    assert_eq!(report["auth"]["outcome"], word::REFUSED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_temporary_rejection_by_the_relay_is_reported_as_temporary() {
    let report = log_in(&["--to", "greylisted@example.net"]).exits(exit::REFUSED_TEMPORARY);
    assert_eq!(recipient_codes(&report), [451]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_permanent_rejection_by_the_relay_is_reported_as_permanent() {
    let report = log_in(&["--to", "unknown@example.net"]).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [550]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn mail_without_a_login_is_an_auth_failure() {
    check(DovecotSubmission::ADDRESS, &["--to", "known@example.net"], Password::None).exits(exit::AUTH);
}

/// At 127.0.0.1, Dovecot treats the client as local: it advertises AUTH before TLS and would accept the password.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn no_password_is_sent_before_tls_even_if_the_server_would_accept_it() {
    let address = Ipv4Addr::LOCALHOST;
    let run = check(address, &["--tls", "none", "--user", USER], Password::OnStdin(CANARY));
    let report = run.exits(run.code);
    assert_ne!(run.code, exit::OK, "{report:#}");
    assert_eq!(report["auth"]["outcome"], word::WITHHELD, "{report:#}");
    let log = DOVECOT.log();
    let seen = format!("lip={address}");
    let logins: Vec<&str> = log.lines().filter(|line| line.contains(&seen) && line.contains("Login:")).collect();
    assert_eq!(logins, Vec::<&str>::new());
}
