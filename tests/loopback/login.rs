//! Logins: where the password is read from and when it is sent. No output may contain it.

use super::{FULL_SESSION, STARTTLS, assert_usage_error, target};
use crate::support::leak::CANARY as PASSWORD;
use crate::support::program::run_with;
use crate::support::server::{Identity, Server};

#[test]
fn no_password_is_sent_to_a_server_whose_certificate_is_not_trusted() {
    let identity = Identity::new();
    // The next command is QUIT. A 235 reply to it would look like a session that is out of step.
    let quits = FULL_SESSION.replace("S: 235 2.7.0 welcome", "S: 221 bye");
    let server = Server::start(&[&quits], &identity);
    let run =
        run_with(&[&target(&server), "--user", "u@example.net", "--password-stdin", "--json"], Some(PASSWORD), &[]);
    assert_eq!(run.code, 6);
    assert_eq!(run.rules(), ["certificate-untrusted"]);
    assert!(run.stdout.contains("smtpcheck did not send the password"));
    let seen = server.seen();
    assert!(!seen.lines.iter().any(|line| line.starts_with("AUTH")), "{:?}", seen.lines);
}

#[test]
fn insecure_sends_the_password_despite_an_untrusted_certificate() {
    let identity = Identity::new();
    let server = Server::start(&[FULL_SESSION], &identity);
    let target = target(&server);
    let args = [&target, "-k", "--user", "u@example.net", "--password-stdin", "--to", "x@example.org", "--json"];
    let run = run_with(&args, Some(PASSWORD), &[]);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert!(server.seen().lines.iter().any(|line| line.starts_with("AUTH PLAIN ")));
}

#[test]
fn a_password_that_the_server_repeats_is_not_shown() {
    use base64::Engine;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let hex: String = PASSWORD.bytes().map(|byte| format!("{byte:02x}")).collect();
    let script = format!(
        "
        S: 220 localhost ESMTP
        C
        S: 250-localhost
        S: 250 AUTH LOGIN
        C
        S: 334 VXNlcm5hbWU6
        C
        S: 334 UGFzc3dvcmQ6
        C
        S: 535-5.7.8 you said {PASSWORD}
        S: 535-5.7.8 or {} or {hex}
        S: 535 5.7.8 or {}
        C
        S: 221 bye",
        encode(PASSWORD),
        encode(&format!("\0u@example.net\0{PASSWORD}"))
    );
    let identity = Identity::new();
    for format in [&["--json"][..], &[], &["-v"], &["-q"], &["--color", "always"]] {
        let server = Server::start(&[&script], &identity);
        let target = target(&server);
        let mut args = vec![target.as_str(), "--allow-plaintext-auth", "--user", "u@example.net", "--password-stdin"];
        args.extend(format);
        // `run_with` searches everything that was written for the password.
        let run = run_with(&args, Some(PASSWORD), &[("RUST_LOG", "trace")]);
        assert_eq!(run.code, 7, "{}", run.stdout);
        let sent = server.seen().lines;
        assert!(sent.contains(&encode(PASSWORD)), "the server did not receive the password: {sent:?}");
    }
}

#[test]
fn a_login_before_tls_is_started_and_cancelled_without_a_password() {
    let identity = Identity::new();
    let clear = "
        S: 220 localhost ESMTP
        C
        S: 250-localhost
        S: 250 STARTTLS
        C
        S: 334
        C
        S: 501 5.7.0 aborted
        C
        S: 221 bye";
    let (ca, server) = (identity.ca_file(), Server::start(&[FULL_SESSION, clear], &identity));
    let target = target(&server);
    let ca = ca.path().to_str().unwrap().to_owned();
    let args = [&target, "--cacert", &ca, "--user", "u@example.net", "--password-stdin", "--to", "x@example.org"];
    let run = run_with(&[&args[..], &["--probe", "auth-before-tls", "--json"]].concat(), Some(PASSWORD), &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.rules(), ["auth-accepted-in-plaintext"]);
    server.seen();
    assert_eq!(server.seen().lines[1..], ["AUTH PLAIN", "*", "QUIT"]);
}

#[test]
fn the_password_can_be_read_from_each_source() {
    let identity = Identity::new();
    let ca = identity.ca_file();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let print = format!("cat {}", file.display());
    std::fs::write(folder.path().join("smtpcheck-password"), PASSWORD).unwrap();
    let netrc = folder.path().join("netrc");
    let quoted = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
    std::fs::write(&netrc, format!("machine 127.0.0.1 login u@example.net password \"{quoted}\"\n")).unwrap();
    use base64::Engine;
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("\0u@example.net\0{PASSWORD}"));
    for (flags, variables) in [
        (vec!["--password-file", file.to_str().unwrap()], vec![]),
        (vec!["--password-command", &print], vec![]),
        (vec![], vec![("SMTPCHECK_PASSWORD", PASSWORD)]),
        (vec![], vec![("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())]),
        (vec!["--netrc"], vec![("NETRC", netrc.to_str().unwrap())]),
    ] {
        let server = Server::start(&[FULL_SESSION], &identity);
        let target = target(&server);
        let mut args = vec![
            target.as_str(),
            "--cacert",
            ca.path().to_str().unwrap(),
            "--user",
            "u@example.net",
            "--to",
            "x@example.org",
        ];
        args.extend(&flags);
        let run = run_with(&args, None, &variables);
        assert_eq!(run.code, 0, "{flags:?}: {}{}", run.stdout, run.stderr);
        assert_eq!(server.seen().lines[3], format!("AUTH PLAIN {expected}"));
    }
}

#[test]
fn netrc_provides_the_user_name_and_a_missing_entry_is_reported() {
    let identity = Identity::new();
    let (ca, server) = (identity.ca_file(), Server::start(&[FULL_SESSION], &identity));
    let folder = tempfile::tempdir().unwrap();
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, "machine 127.0.0.1 login u@example.net password x\n").unwrap();
    let variables = [("NETRC", netrc.to_str().unwrap())];
    let target = target(&server);
    let args = [&target, "--netrc", "--cacert", ca.path().to_str().unwrap(), "--to", "x@example.org"];
    let found = run_with(&args, None, &variables);
    assert_eq!(found.code, 0, "{}{}", found.stdout, found.stderr);
    let missing = run_with(&["mail.example.net", "--netrc"], None, &variables);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("no login for mail.example.net"), "{}", missing.stderr);
}

#[test]
fn no_mechanism_shows_the_secret_in_any_output() {
    let identity = Identity::new();
    let ca = identity.ca_file();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, PASSWORD).unwrap();
    for (mechanism, session) in [
        ("PLAIN", "C\nS: 535 5.7.8 no"),
        ("LOGIN", "C\nS: 334 VXNlcm5hbWU6\nC\nS: 334 UGFzc3dvcmQ6\nC\nS: 535 5.7.8 no"),
        ("CRAM-MD5", "C\nS: 334 PDFAaD4=\nC\nS: 535 5.7.8 no"),
        ("DIGEST-MD5", "C\nS: 334 bm9uY2U9ImFiYyIscW9wPSJhdXRoIg==\nC\nS: 535 5.7.8 no"),
        ("SCRAM-SHA-256", "C\nS: 334 cj1ub3RoaW5nLHM9YWFhYSxpPTQwOTY=\nC\nS: 501 no"),
        ("NTLM", "C\nS: 334 TlRMTVNTUAACAAAAAAAAADAAAAAFAggAAAECAwQFBgc=\nC\nS: 535 5.7.8 no"),
        ("XOAUTH2", "C\nS: 334 eyJzdGF0dXMiOiI0MDEifQ==\nC\nS: 535 5.7.8 no"),
        ("OAUTHBEARER", "C\nS: 334 eyJzdGF0dXMiOiI0MDEifQ==\nC\nS: 535 5.7.8 no"),
    ] {
        let begin =
            STARTTLS.replace("AUTH PLAIN LOGIN", &format!("AUTH {mechanism}")).replace("    C\n    S: 221 bye", "");
        let script = format!("{begin}\n{session}\nC\nS: 221 bye");
        let server = Server::start(&[&script], &identity);
        let target = target(&server);
        let common = [
            target.as_str(),
            "--cacert",
            ca.path().to_str().unwrap(),
            "--user",
            "u@example.net",
            "--auth",
            mechanism,
            "--password-file",
            file.to_str().unwrap(),
        ];
        // The helper searches each run for the password.
        for form in [&["-v"][..], &["--json"]] {
            let run = run_with(&[&common, form].concat(), None, &[("RUST_LOG", "trace")]);
            assert!(matches!(run.code, 7 | 8), "{mechanism} {form:?}: {} {}{}", run.code, run.stdout, run.stderr);
        }
        let seen = server.seen();
        assert!(seen.lines.iter().any(|line| line.starts_with(&format!("AUTH {mechanism}"))), "{:?}", seen.lines);
    }
}

#[test]
fn a_fix_suggests_the_user_name_without_the_second_domain() {
    let identity = Identity::new();
    let refused = "S: 535 5.7.8 Error: authentication failed\nC\nS: 221 bye";
    let script = STARTTLS.replace("S: 221 bye", refused);
    for (user, is_suggested) in [
        ("ann@example.net@mail.example.net", true),
        ("EXAMPLE\\ann@example.net", true),
        ("ann@example.net", false),
        ("EXAMPLE\\ann", false),
    ] {
        let (ca, server) = (identity.ca_file(), Server::start(&[&script], &identity));
        let target = target(&server);
        let ca = ca.path().to_str().unwrap();
        let run =
            run_with(&[&target, "--cacert", ca, "--user", user, "--password-stdin", "--json"], Some(PASSWORD), &[]);
        assert_eq!(run.code, 7, "{run}");
        let fixes = run.json()["findings"][0]["fixes"].to_string();
        assert_eq!(fixes.contains("only one domain"), is_suggested, "{user}: {fixes}");
        assert!(!is_suggested || fixes.contains("--user ann@example.net --cacert"), "{user}: {fixes}");
    }
}

#[test]
fn an_invalid_login_option_is_a_usage_error_in_one_line_and_nothing_is_sent() {
    let identity = Identity::new();
    let server = Server::start(&[STARTTLS], &identity);
    let target = target(&server);
    assert_usage_error(&[&target, "--user", "u", "--auth", "FOO"], "SCRAM-SHA-256");
    assert_usage_error(&[&target, "--auth", "EXTERNAL"], "--cert");
    assert_usage_error(&[&target, "--user", "u", "--auth", "PLAIN", "--token-command", "true"], "OAUTHBEARER");
    assert_usage_error(&[&target, "--user", "u", "--token-command", "exit 4"], "exit code 4");
    assert_usage_error(
        &[&target, "--user", "u", "--token-command", "true", "--password-stdin"],
        "use only one of them",
    );
    assert_usage_error(&[&target, "--token-command", "true"], "--user");
    assert_usage_error(&[&target, "--user", "u", "--authzid", "a\nb", "--password-stdin"], "--authzid");
    assert_eq!(server.sessions(), 0);
}
