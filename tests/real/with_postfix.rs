//! smtpcheck at Postfix, with Dovecot behind it for SASL.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::program::{
    Password, Run, assert_finds, assert_finds_not, assert_finds_one_error, exit, recipient_codes, smtpcheck, word,
};
use crate::servers::{CANARY, HOST, POSTFIX, Postfix, QUOTED_USER, USER, free_port};

fn check(port: u16, ca: &Path, more: &[&str], password: Password) -> Run {
    let port = port.to_string();
    let common = [HOST, "--port", &port, "--cacert", ca.to_str().unwrap(), "--from", USER, "--json"];
    smtpcheck(&[&common, more].concat(), password)
}

/// The mechanisms that Dovecot behind it advertises and smtpcheck implements.
const MECHANISMS: [&str; 6] = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"];

/// Logs in at a port that requires it, as the first user with the right password.
fn log_in(port: u16, more: &[&str]) -> Run {
    check(port, &POSTFIX.ca, &[&["--user", USER], more].concat(), Password::OnStdin(CANARY))
}

/// At the port for other servers.
fn offer(recipients: &[&str]) -> Run {
    let recipients: Vec<&str> = recipients.iter().flat_map(|recipient| ["--to", recipient]).collect();
    check(POSTFIX.relay, &POSTFIX.ca, &recipients, Password::None)
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_login_after_starttls_is_ok_and_every_step_is_in_the_report() {
    let report = log_in(POSTFIX.submission, &["--to", "anybody@example.org"]).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
    assert_eq!(report["tls"]["version"], "1.3");
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_login_on_the_implicit_tls_port_is_ok() {
    let report = log_in(POSTFIX.implicit_tls, &["--tls", "implicit", "--to", "anybody@example.org"]).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn each_mechanism_can_be_asked_for_by_name() {
    for mechanism in MECHANISMS {
        let report = log_in(POSTFIX.submission, &["--auth", mechanism]).exits(exit::OK);
        assert_eq!(report["auth"]["outcome"], word::ACCEPTED, "{mechanism}");
        assert_eq!(report["auth"]["mechanism"], mechanism);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_wrong_password_is_refused_by_each_mechanism() {
    let wrong = format!("{CANARY}!");
    for mechanism in MECHANISMS {
        let args = ["--user", USER, "--auth", mechanism];
        let report = check(POSTFIX.submission, &POSTFIX.ca, &args, Password::OnStdin(&wrong)).exits(exit::AUTH);
        assert_eq!(report["auth"]["outcome"], word::REFUSED, "{mechanism}");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_strongest_mechanism_that_is_offered_is_chosen() {
    let report = log_in(POSTFIX.submission, &[]).exits(exit::OK);
    assert_eq!(report["auth"]["mechanism"], "SCRAM-SHA-256");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_user_name_with_an_apostrophe_logs_in() {
    let report =
        check(POSTFIX.submission, &POSTFIX.ca, &["--user", QUOTED_USER], Password::OnStdin(CANARY)).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_password_from_the_environment_logs_in() {
    let report =
        check(POSTFIX.submission, &POSTFIX.ca, &["--user", USER], Password::InEnvironment(CANARY)).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_wrong_password_is_an_auth_failure() {
    let wrong = format!("{CANARY}!");
    let report = check(POSTFIX.submission, &POSTFIX.ca, &["--user", USER], Password::OnStdin(&wrong)).exits(exit::AUTH);
    assert_eq!(report["auth"]["outcome"], word::REFUSED);
    assert_finds_one_error(&report);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_known_recipient_is_ok() {
    let report = offer(&["known@example.net"]).exits(exit::OK);
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_unknown_recipient_is_refused_for_good() {
    let report = offer(&["unknown@example.net"]).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [550]);
    assert_finds_one_error(&report);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn relaying_without_a_login_is_refused_for_good() {
    let report = offer(&["anybody@example.org"]).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [554]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_greylisted_recipient_is_refused_for_now() {
    let report = offer(&["greylisted@example.net"]).exits(exit::REFUSED_TEMPORARY);
    assert_eq!(recipient_codes(&report), [451]);
    assert_eq!(report["exit"]["retryable"], true);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_full_mailbox_is_refused_for_now() {
    let report = offer(&["full@example.net"]).exits(exit::REFUSED_TEMPORARY);
    assert_eq!(recipient_codes(&report), [452]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn each_of_several_recipients_has_its_own_code() {
    let report = offer(&["known@example.net", "unknown@example.net", USER]).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [250, 550, 250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_submission_port_without_a_login_refuses_the_recipient() {
    let report = check(POSTFIX.submission, &POSTFIX.ca, &["--to", "known@example.net"], Password::None);
    let report = report.exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [554]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_expired_certificate_is_a_tls_failure() {
    assert_finds(&log_in(POSTFIX.expired, &[]).exits(exit::TLS), word::CERTIFICATE_EXPIRED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_self_signed_certificate_is_a_tls_failure() {
    assert_finds(&log_in(POSTFIX.self_signed, &[]).exits(exit::TLS), word::CERTIFICATE_SELF_SIGNED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_certificate_for_another_name_is_a_tls_failure() {
    assert_finds(&log_in(POSTFIX.other_name, &[]).exits(exit::TLS), word::CERTIFICATE_NAME_MISMATCH);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_certificate_from_an_authority_that_is_not_trusted_is_a_tls_failure() {
    let port = POSTFIX.submission.to_string();
    let report = smtpcheck(&[HOST, "--port", &port, "--json"], Password::None).exits(exit::TLS);
    assert_finds(&report, word::CERTIFICATE_UNTRUSTED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_bad_certificate_may_be_accepted_by_name() {
    let report = log_in(POSTFIX.self_signed, &["--insecure"]).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_port_where_nothing_listens_is_unreachable() {
    let port = free_port().to_string();
    let report = smtpcheck(&[HOST, "--port", &port, "--json"], Password::None).exits(exit::UNREACHABLE);
    assert_finds(&report, word::CONNECTION_REFUSED);
    assert_eq!(report["exit"]["retryable"], true);
}

/// Those of `render::FORMATS`, but for `nagios`, whose exit codes are its own.
const FORMATS: &[&str] = &["text", "json"];

/// `program` looks for the password in what each run prints.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn no_format_shows_a_password_whether_it_is_right_or_wrong() {
    let port = POSTFIX.submission.to_string();
    let ca = POSTFIX.ca.to_str().unwrap();
    let wrong = format!("{CANARY}!");
    for format in FORMATS {
        let args =
            [HOST, "--port", &port, "--cacert", ca, "--user", USER, "--format", format, "--transcript", "full", "-v"];
        for (password, code) in [(CANARY, exit::OK), (&wrong, exit::AUTH)] {
            let run = smtpcheck(&args, Password::OnStdin(password));
            assert_eq!(run.code, code, "{format}\n{run}");
            assert!(!run.stdout.is_empty(), "{format}");
        }
    }
}

// --tls-scan and --probe.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_scan_shows_both_certificates_in_a_few_connections() {
    let report = check(POSTFIX.two_certificates, &POSTFIX.ca, &["--tls-scan"], Password::None).exits(exit::OK);
    let certificates = report["tls_scan"]["certificates"].as_array().unwrap();
    let keys: Vec<&str> = certificates.iter().filter_map(|seen| seen["key"].as_str()).collect();
    assert_eq!(keys, ["EC P-256", "RSA 2048"]);
    assert!(certificates.iter().all(|seen| seen["verifies"] == true), "{certificates:#?}");
    assert_eq!(report["tls_scan"]["inconclusive"], serde_json::Value::Null);
    // Every connection is an attempt: the session of the check, the ClientHellos, MAIL before TLS.
    let probes = report["probes"].as_array().unwrap();
    let connections = probes.iter().filter(|probe| probe["question"]["ask"] != "resolve").count();
    // Postfix has suites without authentication, and after those the other weak classes are asked about again.
    assert!((3..=16).contains(&connections), "{connections} connections");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_command_before_tls_is_forgotten_and_that_is_said() {
    let probe = ["--probe", "starttls-injection"];
    let report = check(POSTFIX.submission, &POSTFIX.ca, &probe, Password::None).exits(exit::OK);
    assert_finds_not(&report, word::STARTTLS_COMMAND_INJECTION);
    let (port, ca) = (POSTFIX.submission.to_string(), POSTFIX.ca.to_str().unwrap());
    let run =
        smtpcheck(&[&[HOST, "--port", &port, "--cacert", ca, "--width", "200"], &probe[..]].concat(), Password::None);
    assert!(run.stdout.contains("not vulnerable"), "{run}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn mail_before_tls_is_a_finding_where_tls_is_offered_and_not_required() {
    let probe = ["--probe", "mail-before-tls"];
    let required = check(POSTFIX.submission, &POSTFIX.ca, &probe, Password::None).exits(exit::OK);
    assert_finds_not(&required, word::STARTTLS_NOT_ENFORCED);
    let offered = check(POSTFIX.relay, &POSTFIX.ca, &probe, Password::None).exits(exit::OK);
    assert_finds(&offered, word::STARTTLS_NOT_ENFORCED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_login_before_tls_is_refused_where_tls_is_required() {
    let report =
        check(POSTFIX.submission, &POSTFIX.ca, &["--probe", "auth-before-tls"], Password::None).exits(exit::OK);
    assert_finds_not(&report, word::AUTH_ACCEPTED_IN_PLAINTEXT);
    let probes = report["probes"].as_array().unwrap();
    assert!(probes.iter().any(|probe| probe["question"]["purpose"] == "before-tls"), "{probes:#?}");
}

// What the server saw: a Postfix of the test's own, whose log is about nobody else.

/// What Postfix counts at the end of each session in which a command came, such as `ehlo=2 starttls=1 mail=1 quit=1
/// commands=5`.
fn sessions(postfix: &Postfix, expected: usize) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let log = postfix.log();
        let lines = log.lines().filter(|line| line.contains(" disconnect from ") && line.contains(" ehlo="));
        let sessions: Vec<String> = lines.map(str::to_owned).collect();
        if sessions.len() >= expected {
            return sessions;
        }
        assert!(Instant::now() < deadline, "{} of {expected} sessions\n{log}", sessions.len());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_server_sees_a_quit_and_never_a_message() {
    let postfix = Postfix::start();
    let args = ["--user", USER, "--to", "anybody@example.org"];
    check(postfix.submission, &postfix.ca, &args, Password::OnStdin(CANARY)).exits(exit::OK);
    for session in sessions(&postfix, 1) {
        assert!(session.contains(" quit=1 ") && session.contains(" rcpt=1 "), "{session}");
        assert!(!session.contains(" data=") && !session.contains(" bdat="), "{session}");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn no_password_goes_to_a_server_whose_certificate_does_not_verify() {
    let postfix = Postfix::start();
    for port in [postfix.expired, postfix.self_signed, postfix.other_name] {
        check(port, &postfix.ca, &["--user", USER], Password::OnStdin(CANARY)).exits(exit::TLS);
    }
    for session in sessions(&postfix, 3) {
        assert!(!session.contains(" auth="), "{session}");
    }
}
