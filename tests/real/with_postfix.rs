//! smtpcheck with Postfix, which uses Dovecot for SASL.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::program::{
    Password, Run, assert_does_not_find, assert_finds, assert_finds_one_error, exit, recipient_codes, sent, smtpcheck,
    word,
};
use crate::servers::{CANARY, HOST, POSTFIX, Postfix, QUOTED_USER, StrictHaproxy, USER, free_port};

fn check(port: u16, ca: &Path, more: &[&str], password: Password) -> Run {
    let port = port.to_string();
    let common = [HOST, "--port", &port, "--cacert", ca.to_str().unwrap(), "--from", USER, "--json"];
    smtpcheck(&[&common, more].concat(), password)
}

/// The mechanisms that Dovecot advertises through Postfix and that smtpcheck implements.
const MECHANISMS: [&str; 6] = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"];

/// Logs in on a port that requires a login, as the first user with the right password.
fn log_in(port: u16, more: &[&str]) -> Run {
    check(port, &POSTFIX.ca, &[&["--user", USER], more].concat(), Password::OnStdin(CANARY))
}

/// Sends these recipients to the relay port.
fn check_recipients(recipients: &[&str]) -> Run {
    let recipients: Vec<&str> = recipients.iter().flat_map(|recipient| ["--to", recipient]).collect();
    check(POSTFIX.relay, &POSTFIX.ca, &recipients, Password::None)
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_login_after_starttls_succeeds_and_every_phase_is_in_the_report() {
    let report = log_in(POSTFIX.submission, &["--to", "anybody@example.org"]).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
    assert_eq!(report["tls"]["version"], "1.3");
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_login_on_the_implicit_tls_port_succeeds() {
    let report = log_in(POSTFIX.implicit_tls, &["--tls", "implicit", "--to", "anybody@example.org"]).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn each_mechanism_can_be_selected_by_name() {
    for mechanism in MECHANISMS {
        let report = log_in(POSTFIX.submission, &["--auth", mechanism]).exits(exit::OK);
        assert_eq!(report["auth"]["outcome"], word::ACCEPTED, "{mechanism}");
        assert_eq!(report["auth"]["mechanism"], mechanism);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_wrong_password_is_rejected_with_each_mechanism() {
    let wrong = format!("{CANARY}!");
    for mechanism in MECHANISMS {
        let args = ["--user", USER, "--auth", mechanism];
        let report = check(POSTFIX.submission, &POSTFIX.ca, &args, Password::OnStdin(&wrong)).exits(exit::AUTH);
        assert_eq!(report["auth"]["outcome"], word::REFUSED, "{mechanism}");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_strongest_advertised_mechanism_is_chosen() {
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
fn a_known_recipient_is_accepted() {
    let report = check_recipients(&["known@example.net"]).exits(exit::OK);
    assert_eq!(recipient_codes(&report), [250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_unknown_recipient_is_permanently_rejected() {
    let report = check_recipients(&["unknown@example.net"]).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [550]);
    assert_finds_one_error(&report);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn relaying_without_a_login_is_permanently_rejected() {
    let report = check_recipients(&["anybody@example.org"]).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [554]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_greylisted_recipient_is_temporarily_rejected() {
    let report = check_recipients(&["greylisted@example.net"]).exits(exit::REFUSED_TEMPORARY);
    assert_eq!(recipient_codes(&report), [451]);
    assert_eq!(report["exit"]["retryable"], true);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_full_mailbox_is_temporarily_rejected() {
    let report = check_recipients(&["full@example.net"]).exits(exit::REFUSED_TEMPORARY);
    assert_eq!(recipient_codes(&report), [452]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn each_of_several_recipients_has_its_own_code() {
    let report = check_recipients(&["known@example.net", "unknown@example.net", USER]).exits(exit::REFUSED_PERMANENT);
    assert_eq!(recipient_codes(&report), [250, 550, 250]);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_submission_port_without_a_login_rejects_the_recipient() {
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
fn a_certificate_from_an_untrusted_ca_is_a_tls_failure() {
    let port = POSTFIX.submission.to_string();
    let report = smtpcheck(&[HOST, "--port", &port, "--json"], Password::None).exits(exit::TLS);
    assert_finds(&report, word::CERTIFICATE_UNTRUSTED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn insecure_accepts_an_invalid_certificate() {
    let report = log_in(POSTFIX.self_signed, &["--insecure"]).exits(exit::OK);
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_port_without_a_listener_is_unreachable() {
    let port = free_port().to_string();
    let report = smtpcheck(&[HOST, "--port", &port, "--json"], Password::None).exits(exit::UNREACHABLE);
    assert_finds(&report, word::CONNECTION_REFUSED);
    assert_eq!(report["exit"]["retryable"], true);
}

/// The formats of `render::FORMATS` except `nagios`, which has other exit codes.
const FORMATS: &[&str] = &["text", "json"];

/// `program` searches the output of each run for the password.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn no_format_shows_a_right_or_wrong_password() {
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
fn a_scan_reports_both_certificates_with_few_connections() {
    let report = check(POSTFIX.two_certificates, &POSTFIX.ca, &["--tls-scan"], Password::None).exits(exit::OK);
    let certificates = report["tls_scan"]["certificates"].as_array().unwrap();
    let keys: Vec<&str> = certificates.iter().filter_map(|seen| seen["key"].as_str()).collect();
    assert_eq!(keys, ["EC P-256", "RSA 2048"]);
    assert!(certificates.iter().all(|seen| seen["verifies"] == true), "{certificates:#?}");
    assert_eq!(report["tls_scan"]["inconclusive"], serde_json::Value::Null);
    // The report contains a probe for every connection: the session of the check, the ClientHellos, and MAIL before
    // TLS.
    let probes = report["probes"].as_array().unwrap();
    let connections = probes.iter().filter(|probe| probe["question"]["ask"] != "resolve").count();
    // Postfix accepts cipher suites without authentication, so the scan needs more ClientHellos for the other weak
    // classes.
    assert!((3..=16).contains(&connections), "{connections} connections");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn it_is_reported_that_a_command_injected_before_tls_is_discarded() {
    let probe = ["--probe", "starttls-injection"];
    let report = check(POSTFIX.submission, &POSTFIX.ca, &probe, Password::None).exits(exit::OK);
    assert_does_not_find(&report, word::STARTTLS_COMMAND_INJECTION);
    let (port, ca) = (POSTFIX.submission.to_string(), POSTFIX.ca.to_str().unwrap());
    let run =
        smtpcheck(&[&[HOST, "--port", &port, "--cacert", ca, "--width", "200"], &probe[..]].concat(), Password::None);
    assert!(run.stdout.contains("not vulnerable"), "{run}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn mail_before_tls_is_a_finding_where_tls_is_advertised_and_not_required() {
    let probe = ["--probe", "mail-before-tls"];
    let required = check(POSTFIX.submission, &POSTFIX.ca, &probe, Password::None).exits(exit::OK);
    assert_does_not_find(&required, word::STARTTLS_NOT_ENFORCED);
    let offered = check(POSTFIX.relay, &POSTFIX.ca, &probe, Password::None).exits(exit::OK);
    assert_finds(&offered, word::STARTTLS_NOT_ENFORCED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_login_before_tls_is_rejected_where_tls_is_required() {
    let report =
        check(POSTFIX.submission, &POSTFIX.ca, &["--probe", "auth-before-tls"], Password::None).exits(exit::OK);
    assert_does_not_find(&report, word::AUTH_ACCEPTED_IN_PLAINTEXT);
    let probes = report["probes"].as_array().unwrap();
    assert!(probes.iter().any(|probe| probe["question"]["purpose"] == "before-tls"), "{probes:#?}");
}

// EHLO, addresses that are not ASCII, server names.

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn helo_is_sent_to_a_server_that_rejects_ehlo() {
    let check = |esmtp: &str| {
        let words = ["--esmtp", esmtp, "--to", "known@example.net"];
        check(POSTFIX.without_ehlo, &POSTFIX.ca, &words, Password::None)
    };
    let report = check("auto").exits(exit::OK);
    assert_finds(&report, "ehlo-unsupported");
    assert_eq!(recipient_codes(&report), [250]);
    let lines = sent(&report);
    let position = |command: &str| lines.iter().position(|line| line.starts_with(command));
    assert!(position("EHLO ").unwrap() < position("HELO ").unwrap(), "{lines:?}");
    assert_eq!(recipient_codes(&check("never").exits(exit::OK)), [250]);
    let refused = check("always");
    let report = refused.exits(refused.code);
    assert_ne!(refused.code, exit::OK, "{report:#}");
    assert!(sent(&report).iter().all(|line| !line.starts_with("HELO ")), "{:?}", sent(&report));
}

const INTERNATIONAL: &str = "jürgen@example.net";

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_international_address_is_sent_with_smtputf8() {
    let report = check(POSTFIX.relay, &POSTFIX.ca, &["--to", INTERNATIONAL], Password::None).exits(exit::OK);
    assert_eq!(recipient_codes(&report), [250]);
    let lines = sent(&report);
    assert!(lines.iter().any(|line| line.starts_with("MAIL FROM:") && line.ends_with(" SMTPUTF8")), "{lines:?}");
    assert!(lines.contains(&"RCPT TO:<jürgen@example.net>"), "{lines:?}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_international_address_is_not_sent_without_smtputf8() {
    let run = check(POSTFIX.ascii, &POSTFIX.ca, &["--to", INTERNATIONAL], Password::None);
    let report = run.exits(exit::REFUSED_PERMANENT);
    assert_finds(&report, "address-needs-smtputf8");
    assert_finds_one_error(&report);
    // What Postfix received.
    let deadline = Instant::now() + Duration::from_secs(5);
    let session = loop {
        let log = POSTFIX.log();
        let ended = |line: &&str| line.contains("postfix/ascii/smtpd") && line.contains(" disconnect from ");
        match log.lines().find(|line| ended(line) && line.contains(" starttls=1 ")) {
            Some(line) => break line.to_owned(),
            None => assert!(Instant::now() < deadline, "{log}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(session.contains(" quit=1 ") && !session.contains(" rcpt="), "{session}");
    assert!(!POSTFIX.log().lines().any(|line| line.contains("postfix/ascii") && line.contains("rgen")), "{session}");
}

/// The target is an IP address, so the ClientHello contains no name.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_name_in_the_greeting_is_tried_as_server_name() {
    let (target, ca) = (format!("127.0.0.1:{}", POSTFIX.by_greeting), POSTFIX.ca.to_str().unwrap());
    let report = smtpcheck(&[&target, "--cacert", ca, "--json"], Password::None).exits(exit::TLS);
    assert_needs_name(&report, Postfix::GREETED);
    smtpcheck(&[&target, "--cacert", ca, "--sni", Postfix::GREETED, "--json"], Password::None).exits(exit::OK);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_load_balancer_that_insists_on_a_server_name_is_recognised() {
    let certificate = POSTFIX.authority.for_hosts("balancer", &[HOST, Postfix::GREETED]);
    let haproxy = StrictHaproxy::start(POSTFIX.by_greeting, &certificate);
    let check = |host: &str, more: &[&str]| {
        let (target, ca) = (format!("smtps://{host}:{}", haproxy.implicit_tls), POSTFIX.ca.to_str().unwrap());
        smtpcheck(&[&[target.as_str(), "--cacert", ca, "--json"], more].concat(), Password::None)
    };
    check(HOST, &[]).exits(exit::OK);
    // The name in --sni is wrong; that of the target is right.
    assert_needs_name(&check(HOST, &["--sni", "other.example.org"]).exits(exit::TLS), HOST);
    // Without a name, the greeting at the unencrypted port contains the right one.
    let address = haproxy.address.to_string();
    assert_needs_name(&check(&address, &[]).exits(exit::TLS), Postfix::GREETED);
    check(&address, &["--sni", Postfix::GREETED]).exits(exit::OK);
}

#[track_caller]
fn assert_needs_name(report: &serde_json::Value, name: &str) {
    assert_finds(report, "tls-server-name-needed");
    assert_finds_one_error(report);
    let text = report["findings"][0]["summary"].as_str().unwrap();
    assert!(text.contains(&format!("needs the server name {name} ")), "{text}");
}

// What the server receives. This Postfix is started for one test, so its log contains only sessions of that test.

/// The counts that Postfix logs at the end of each session that had a command, such as `ehlo=2 starttls=1 mail=1 quit=1
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
fn the_server_receives_quit_and_never_a_message() {
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
fn no_password_is_sent_to_a_server_whose_certificate_does_not_verify() {
    let postfix = Postfix::start();
    for port in [postfix.expired, postfix.self_signed, postfix.other_name] {
        check(port, &postfix.ca, &["--user", USER], Password::OnStdin(CANARY)).exits(exit::TLS);
    }
    for session in sessions(&postfix, 3) {
        assert!(!session.contains(" auth="), "{session}");
    }
}
