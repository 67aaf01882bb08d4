//! smtpcheck logs in with every mechanism that one of the servers supports: Postfix with Dovecot, Dovecot's submission
//! server, Postfix with Cyrus SASL, and GNU SASL. `with_postfix.rs` contains more login tests.

use std::fs;
use std::time::SystemTime;

use serde_json::Value;

use crate::program::{Password, Run, assert_finds, assert_finds_one_error, exit, smtpcheck, word};
use crate::servers::{
    ASCII_PASSWORD, ASCII_USER, CANARY, DECOMPOSED_PASSWORD, DECOMPOSED_USER, DOVECOT, DovecotSubmission, GNU_SASL,
    HOST, MASTER, ODD_PASSWORD, ODD_USER, POSTFIX, POSTFIX_WITH_CYRUS, Postfix, QUOTED_USER, TOKEN_KEY, USER,
};
use crate::support::program::{findings, run_with};
use crate::token::{self, HOUR, token};

const TOKEN_MECHANISMS: [&str; 2] = ["OAUTHBEARER", "XOAUTH2"];

/// Dovecot's mechanisms that use a password.
const PASSWORD_MECHANISMS: [&str; 6] = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"];

fn at_postfix(postfix: &Postfix, port: u16, more: &[&str], password: Password) -> Run {
    let port = port.to_string();
    let common = [HOST, "--port", &port, "--cacert", postfix.ca.to_str().unwrap(), "--quit-after", "auth", "--json"];
    smtpcheck(&[&common, more].concat(), password)
}

fn at_dovecot(more: &[&str], password: Password) -> Run {
    let [host, port] = [DovecotSubmission::ADDRESS.to_string(), DOVECOT.starttls.to_string()];
    let common = [&host, "--port", &port, "--cacert", DOVECOT.ca.to_str().unwrap(), "--quit-after", "auth", "--json"];
    smtpcheck(&[&common, more].concat(), password)
}

/// Runs the check against both servers and returns both reports.
fn at_both(more: &[&str], password: Password, code: i32) -> [Value; 2] {
    [at_postfix(&POSTFIX, POSTFIX.submission, more, password), at_dovecot(more, password)].map(|run| run.exits(code))
}

fn with_token(mechanism: &str, token: &str, code: i32) -> [Value; 2] {
    let (command, _file) = token::command(token);
    at_both(&["--user", USER, "--auth", mechanism, "--token-command", &command], Password::None, code)
}

/// The AUTH commands in the transcript, as `AUTH PLAIN [password, not shown]`.
fn logins(report: &Value) -> Vec<&str> {
    let events = report["transcript"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sent = events.iter().filter(|event| event["kind"] == "sent").filter_map(|event| event["text"].as_str());
    sent.filter(|text| text.starts_with("AUTH ")).collect()
}

/// The mechanisms that were tried, in order.
fn tried(report: &Value) -> Vec<&str> {
    logins(report).into_iter().filter_map(|line| line.split(' ').nth(1)).collect()
}

fn assert_logs_in(report: &Value, mechanism: &str) {
    assert_eq!(report["auth"]["outcome"], word::ACCEPTED, "{mechanism}");
    assert_eq!(report["auth"]["mechanism"], mechanism);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_valid_token_logs_in_with_each_token_mechanism() {
    let good = token(USER, SystemTime::now() + HOUR, TOKEN_KEY);
    for mechanism in TOKEN_MECHANISMS {
        for report in with_token(mechanism, &good, exit::OK) {
            assert_logs_in(&report, mechanism);
        }
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn with_a_token_only_token_mechanisms_are_chosen() {
    let (command, _file) = token::command(&token(USER, SystemTime::now() + HOUR, TOKEN_KEY));
    for report in at_both(&["--user", USER, "--token-command", &command], Password::None, exit::OK) {
        assert_logs_in(&report, "OAUTHBEARER");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_expired_token_is_an_auth_failure_that_shows_the_expiry_and_the_server_error() {
    let expired = token(USER, SystemTime::now() - HOUR, TOKEN_KEY);
    for (mechanism, words) in TOKEN_MECHANISMS.into_iter().zip(["status invalid_token", "status 401"]) {
        for report in with_token(mechanism, &expired, exit::AUTH) {
            assert_eq!(report["auth"]["outcome"], word::REFUSED, "{mechanism}");
            assert_finds(&report, word::AUTH_TOKEN_EXPIRED);
            assert_shows_server_error(&report, words);
        }
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_token_signed_with_another_key_is_an_auth_failure_that_shows_the_server_error() {
    let forged = token(USER, SystemTime::now() + HOUR, b"the key of another authorization server");
    for (mechanism, words) in TOKEN_MECHANISMS.into_iter().zip(["status invalid_token", "status 401"]) {
        for report in with_token(mechanism, &forged, exit::AUTH) {
            assert_eq!(report["auth"]["outcome"], word::REFUSED, "{mechanism}");
            assert_finds_one_error(&report);
            assert!(!findings(&report).iter().any(|(rule, _)| rule == word::AUTH_TOKEN_EXPIRED), "{report:#}");
            assert_shows_server_error(&report, words);
        }
    }
}

/// Asserts that the report contains the error, which the server sends as JSON before it rejects the login (RFC 7628
/// §3.2.2).
fn assert_shows_server_error(report: &Value, words: &str) {
    let findings = report["findings"].as_array().unwrap();
    // The expired token is the root cause, and the rejection its consequence.
    let tells = |rule: &Value| rule == word::AUTH_CREDENTIALS_REFUSED || rule == word::AUTH_TOKEN_EXPIRED;
    let refused = findings.iter().find(|finding| tells(&finding["rule"])).unwrap();
    let consequences = refused["consequences"].to_string();
    assert!(consequences.contains(words), "no {words} in {consequences}\n{report:#}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_token_for_another_user_is_an_auth_failure() {
    let other = token(QUOTED_USER, SystemTime::now() + HOUR, TOKEN_KEY);
    for mechanism in TOKEN_MECHANISMS {
        for report in with_token(mechanism, &other, exit::AUTH) {
            assert_eq!(report["auth"]["outcome"], word::REFUSED, "{mechanism}");
        }
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_user_certificate_logs_in_without_a_password() {
    let [cert, key] = [&DOVECOT.client.chain, &DOVECOT.client.key].map(|path| path.to_str().unwrap());
    let args = ["--auth", "EXTERNAL", "--cert", cert, "--key", key];
    let report = at_dovecot(&args, Password::None).exits(exit::OK);
    assert_logs_in(&report, "EXTERNAL");
    assert_eq!(logins(&report), ["AUTH EXTERNAL ="]);
    let report = at_dovecot(&[&args[..], &["--user", USER]].concat(), Password::None).exits(exit::OK);
    assert_logs_in(&report, "EXTERNAL");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_certificate_of_one_user_does_not_log_in_another() {
    let [cert, key] = [&DOVECOT.client.chain, &DOVECOT.client.key].map(|path| path.to_str().unwrap());
    let args = ["--auth", "EXTERNAL", "--cert", cert, "--key", key, "--user", QUOTED_USER];
    let report = at_dovecot(&args, Password::None).exits(exit::AUTH);
    assert_eq!(report["auth"]["outcome"], word::REFUSED);
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn an_anonymous_login_succeeds_where_it_is_allowed() {
    for args in [&["--auth", "ANONYMOUS"][..], &["--auth", "ANONYMOUS", "--user", "me@example.org"]] {
        let report = at_postfix(&POSTFIX, POSTFIX.anonymous, args, Password::None).exits(exit::OK);
        assert_logs_in(&report, "ANONYMOUS");
    }
}

/// For NTLM the password must be ASCII: Cyrus SASL extends each byte of the UTF-8 text to 16 bits, which gives UTF-16
/// only for ASCII.
const CYRUS_MECHANISMS: [&str; 8] =
    ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM"];

fn at_cyrus(user: &str, more: &[&str], password: &str) -> Run {
    let postfix = &POSTFIX_WITH_CYRUS;
    at_postfix(postfix, postfix.submission, &[&["--user", user], more].concat(), Password::OnStdin(password))
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn cyrus_sasl_accepts_a_login_with_each_of_its_mechanisms() {
    for mechanism in CYRUS_MECHANISMS {
        let report = at_cyrus(ASCII_USER, &["--auth", mechanism], ASCII_PASSWORD).exits(exit::OK);
        assert_logs_in(&report, mechanism);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn cyrus_sasl_rejects_a_wrong_password_with_each_of_its_mechanisms() {
    let wrong = format!("{ASCII_PASSWORD}!");
    for mechanism in CYRUS_MECHANISMS {
        let report = at_cyrus(ASCII_USER, &["--auth", mechanism], &wrong).exits(exit::AUTH);
        assert_eq!(report["auth"]["outcome"], word::REFUSED, "{mechanism}");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn cyrus_sasl_accepts_a_password_with_special_characters_with_each_mechanism_except_ntlm() {
    for mechanism in CYRUS_MECHANISMS.into_iter().filter(|mechanism| *mechanism != "NTLM") {
        let report = at_cyrus(ODD_USER, &["--auth", mechanism], ODD_PASSWORD).exits(exit::OK);
        assert_logs_in(&report, mechanism);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_longest_hash_that_cyrus_sasl_advertises_is_chosen() {
    let report = at_cyrus(USER, &[], CANARY).exits(exit::OK);
    assert_logs_in(&report, "SCRAM-SHA-512");
}

const BINDING_MECHANISMS: [&str; 2] = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"];

fn at_gnu_sasl(port: u16, more: &[&str], password: &str) -> Run {
    let port = port.to_string();
    let common = [HOST, "--port", &port, "--tls", "implicit", "--cacert", GNU_SASL.ca.to_str().unwrap(), "--json"];
    smtpcheck(&[&common[..], &["--quit-after", "auth", "--user", USER], more].concat(), Password::OnStdin(password))
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn gnu_sasl_accepts_a_login_with_channel_binding() {
    for mechanism in BINDING_MECHANISMS {
        let report = at_gnu_sasl(GNU_SASL.implicit_tls, &["--auth", mechanism], CANARY).exits(exit::OK);
        assert_logs_in(&report, mechanism);
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn gnu_sasl_rejects_a_wrong_password_with_channel_binding() {
    for mechanism in BINDING_MECHANISMS {
        let wrong = format!("{CANARY}!");
        let report = at_gnu_sasl(GNU_SASL.implicit_tls, &["--auth", mechanism], &wrong).exits(exit::AUTH);
        assert_eq!(report["auth"]["outcome"], word::REFUSED, "{mechanism}");
    }
}

/// The password is right, but the messages were relayed from another connection.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn gnu_sasl_rejects_a_login_with_the_binding_of_another_connection() {
    for mechanism in BINDING_MECHANISMS {
        let report = at_gnu_sasl(GNU_SASL.in_between, &["--auth", mechanism], CANARY).exits(exit::AUTH);
        assert_eq!(report["auth"]["outcome"], word::REFUSED, "{mechanism}");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_password_with_special_characters_logs_in_with_each_mechanism() {
    for mechanism in PASSWORD_MECHANISMS {
        let args = ["--user", ODD_USER, "--auth", mechanism];
        for report in at_both(&args, Password::OnStdin(ODD_PASSWORD), exit::OK) {
            assert_logs_in(&report, mechanism);
        }
    }
}

/// Without the spaces at both ends, the login is rejected.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn spaces_at_both_ends_are_part_of_the_password() {
    for report in at_both(&["--user", ODD_USER], Password::OnStdin(ODD_PASSWORD.trim()), exit::AUTH) {
        assert_eq!(report["auth"]["outcome"], word::REFUSED);
    }
}

/// The SCRAM client prepares the password (RFC 5802 §2.2), but Dovecot stores it as it was typed. The other mechanisms
/// send or hash the unchanged password.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_password_that_saslprep_changes_logs_in_with_every_mechanism_except_scram() {
    for mechanism in PASSWORD_MECHANISMS {
        let code = if mechanism.starts_with("SCRAM") { exit::AUTH } else { exit::OK };
        let args = ["--user", DECOMPOSED_USER, "--auth", mechanism];
        let report = at_postfix(&POSTFIX, POSTFIX.submission, &args, Password::OnStdin(DECOMPOSED_PASSWORD));
        report.exits(code);
    }
}

/// The same password, with which the first two mechanisms fail.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn try_all_mechanisms_finds_a_working_one_after_others_failed() {
    let args = ["--user", DECOMPOSED_USER, "--try-all-mechanisms"];
    for report in at_both(&args, Password::OnStdin(DECOMPOSED_PASSWORD), exit::OK) {
        assert_eq!(tried(&report), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
        assert_logs_in(&report, "PLAIN");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_wrong_password_is_tried_once_or_with_try_all_mechanisms_once_per_mechanism() {
    let wrong = format!("{CANARY}!");
    for report in at_both(&["--user", USER], Password::OnStdin(&wrong), exit::AUTH) {
        assert_eq!(tried(&report), ["SCRAM-SHA-256"]);
    }
    for report in at_both(&["--user", USER, "--try-all-mechanisms"], Password::OnStdin(&wrong), exit::AUTH) {
        assert_eq!(tried(&report), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5"]);
        assert_eq!(report["auth"]["outcome"], word::REFUSED);
    }
}

/// Dovecot supports master users only with PLAIN. The other mechanisms need the user's own password.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn a_master_user_can_act_as_another_user_and_a_normal_user_cannot() {
    let act_as = |user| ["--user", user, "--authzid", USER, "--auth", "PLAIN"];
    for report in at_both(&act_as(MASTER), Password::OnStdin(CANARY), exit::OK) {
        assert_logs_in(&report, "PLAIN");
    }
    at_both(&act_as(QUOTED_USER), Password::OnStdin(CANARY), exit::AUTH);
    let log = DOVECOT.log();
    assert!(log.contains(&format!("Login: user=<{USER}>, method=PLAIN")), "{log}");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn user_name_and_password_are_read_from_netrc() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("netrc");
    let quoted = ODD_PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
    fs::write(&file, format!("machine {HOST} login {ODD_USER} password \"{quoted}\"\n")).unwrap();
    let report = with_variable("NETRC", file.to_str().unwrap(), &["--netrc"]).exits(exit::OK);
    assert_eq!(report["auth"]["user"], ODD_USER);
    assert_logs_in(&report, "SCRAM-SHA-256");
}

/// The two hosts have different passwords. Neither host may receive the other's.
#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn each_of_several_hosts_gets_its_own_user_and_password_from_netrc() {
    let directory = tempfile::tempdir().unwrap();
    let [file, ca] = ["netrc", "ca.pem"].map(|name| directory.path().join(name));
    let quoted = |password: &str| password.replace('\\', "\\\\").replace('"', "\\\"");
    let dovecot = DovecotSubmission::ADDRESS;
    let lines = [(HOST.to_owned(), ODD_USER, ODD_PASSWORD), (dovecot.to_string(), USER, CANARY)]
        .map(|(host, user, password)| format!("machine {host} login {user} password \"{}\"\n", quoted(password)));
    fs::write(&file, lines.concat()).unwrap();
    fs::write(&ca, [&POSTFIX.ca, &DOVECOT.ca].map(|file| fs::read_to_string(file).unwrap()).concat()).unwrap();
    let targets = [format!("{HOST}:{}", POSTFIX.submission), format!("{dovecot}:{}", DOVECOT.starttls)];
    let args =
        [&targets[0], &targets[1], "--cacert", ca.to_str().unwrap(), "--quit-after", "auth", "--json", "--netrc"];
    let run = run_with(&args, None, &[("NETRC", file.to_str().unwrap())]);
    assert_eq!(run.code, exit::OK, "{run}");
    let reports: Value = serde_json::from_str(&run.stdout).unwrap();
    for (report, user) in reports.as_array().unwrap().iter().zip([ODD_USER, USER]) {
        assert_eq!(report["auth"]["user"], user);
        assert_logs_in(report, "SCRAM-SHA-256");
    }
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_password_is_read_from_the_credentials_directory_of_a_service() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("smtpcheck-password"), ODD_PASSWORD).unwrap();
    let folder = directory.path().to_str().unwrap();
    let report = with_variable("CREDENTIALS_DIRECTORY", folder, &["--user", ODD_USER]).exits(exit::OK);
    assert_logs_in(&report, "SCRAM-SHA-256");
}

#[test]
#[ignore = "needs the servers that .ci/install-servers installs"]
fn the_token_is_read_from_the_credentials_directory_of_a_service() {
    let directory = tempfile::tempdir().unwrap();
    let good = token(USER, SystemTime::now() + HOUR, TOKEN_KEY);
    fs::write(directory.path().join("smtpcheck-token"), good).unwrap();
    let folder = directory.path().to_str().unwrap();
    let args = ["--user", USER, "--auth", "XOAUTH2"];
    let report = with_variable("CREDENTIALS_DIRECTORY", folder, &args).exits(exit::OK);
    assert_logs_in(&report, "XOAUTH2");
}

fn with_variable(name: &str, value: &str, more: &[&str]) -> Run {
    let port = POSTFIX.submission.to_string();
    let common = [HOST, "--port", &port, "--cacert", POSTFIX.ca.to_str().unwrap(), "--quit-after", "auth", "--json"];
    run_with(&[&common, more].concat(), None, &[(name, value)])
}
