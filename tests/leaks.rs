//! Servers that repeat the password, in every form and in every place where the program might print it.
//!
//! `support::program` searches the output of each run for the password. These tests also search for values that are
//! computed from it (checksums, proofs).

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::Digest;

use crate::support::leak::CANARY;
use crate::support::program::{self, Run, run_with};
use crate::support::server::{Identity, Server};

const USER: &str = "u@example.net";

/// The formats that print the most. The other formats print a subset of the same information.
const FORMATS: [&[&str]; 2] = [&["--json"], &["-v", "--show-chain"]];

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

fn swapped(text: &str) -> String {
    let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(swap).collect()
}

fn percent(literal: &[u8], blank: &str) -> String {
    let one = |byte: u8| match byte {
        b' ' => blank.to_owned(),
        byte if byte.is_ascii_alphanumeric() || literal.contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02x}"),
    };
    CANARY.bytes().map(one).collect()
}

/// Forms of the password. No output may contain any of them.
fn echoes() -> Vec<String> {
    let message = STANDARD.encode(format!("\0{USER}\0{CANARY}"));
    let numbers: Vec<String> = CANARY.bytes().map(|byte| byte.to_string()).collect();
    let cut = |text: &str, at: usize| text.chars().take(at).collect::<String>();
    vec![
        CANARY.to_owned(),
        CANARY.to_uppercase(),
        swapped(CANARY),
        format!("{CANARY:?}"),
        cut(CANARY, 12),
        STANDARD.encode(CANARY),
        URL_SAFE_NO_PAD.encode(CANARY),
        message.clone(),
        cut(&message, 36),
        format!("AUTH PLAIN {}...", cut(&message, 40)),
        STANDARD.encode(format!("xy{CANARY}zzz")),
        hex(CANARY.as_bytes(), ""),
        hex(CANARY.as_bytes(), "").to_uppercase(),
        hex(CANARY.as_bytes(), ":"),
        hex(CANARY.as_bytes(), " "),
        cut(&hex(CANARY.as_bytes(), ""), 20),
        percent(b"", "%20"),
        percent(b"-._~", "+"),
        CANARY.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        format!("[{}]", numbers.join(", ")),
        numbers.join(" "),
    ]
}

/// A session in which the server rejects the login with these lines.
fn rejected_login(mechanism: &str, session: &str) -> String {
    format!(
        "
        S: 220 localhost ESMTP
        C
        S: 250-localhost
        S: 250 STARTTLS
        C
        S: 220 go ahead
        TLS
        C
        S: 250-localhost
        S: 250 AUTH {mechanism}
        C
        {session}
        C
        S: 221 bye"
    )
}

/// Runs the program with each of these formats, against scripts that are played one per connection.
fn runs(identity: &Identity, scripts: &[&str], more: &[&str]) -> Vec<(Run, Server)> {
    runs_with(identity, scripts, more, &[])
}

fn runs_with(identity: &Identity, scripts: &[&str], more: &[&str], variables: &[(&str, &str)]) -> Vec<(Run, Server)> {
    FORMATS.iter().map(|format| once(identity, scripts, &[more, format].concat(), variables)).collect()
}

fn once(identity: &Identity, scripts: &[&str], more: &[&str], variables: &[(&str, &str)]) -> (Run, Server) {
    let (ca, server) = (identity.ca_file(), Server::start(scripts, identity));
    let target = format!("localhost:{}", server.port());
    let ca = ca.path().to_str().unwrap();
    let common = [target.as_str(), "-4", "--cacert", ca, "--user", USER, "--password-stdin"];
    let run = run_with(&[&common[..], more].concat(), Some(CANARY), variables);
    assert!(run.code != 0 && run.code != 2, "{}: {run}", run.code);
    (run, server)
}

#[test]
fn no_form_of_the_password_in_a_rejection_is_shown() {
    let identity = Identity::new();
    let lines: String = echoes().iter().map(|echo| format!("S: 535-5.7.8 you said {echo}!\n")).collect();
    let script = rejected_login("PLAIN", &format!("{lines}S: 535 5.7.8 no"));
    runs_with(&identity, &[&script], &[], &[("RUST_LOG", "trace")]);
    for (at, echo) in echoes().into_iter().enumerate() {
        once(&identity, &[&rejected_login("PLAIN", &format!("S: 535 5.7.8 {echo}"))], FORMATS[at % 2], &[]);
    }
}

#[test]
fn a_password_split_over_several_lines_is_not_shown() {
    let identity = Identity::new();
    // Parts of fewer than eight characters cannot be recognised without hiding ordinary words.
    for (at, echo) in echoes().into_iter().filter(|echo| echo.chars().count() >= 16).enumerate() {
        let half = echo.chars().count() / 2;
        let first: String = echo.chars().take(half).collect();
        let second: String = echo.chars().skip(half).collect();
        let over_lines = format!("S: 535-5.7.8 {first}\nS: 535 5.7.8 {second}");
        once(&identity, &[&rejected_login("PLAIN", &over_lines)], FORMATS[at % 2], &[]);
        let over_replies = format!("S: 334 {first}\nC\nS: 535 5.7.8 {second}");
        once(&identity, &[&rejected_login("PLAIN", &over_replies)], FORMATS[at % 2], &[]);
    }
    let letters: String = CANARY.chars().map(|letter| format!("S: 535-{letter}\n")).collect();
    runs(&identity, &[&rejected_login("PLAIN", &format!("{letters}S: 535 no"))], &[]);
    let bytes: String = hex(CANARY.as_bytes(), "\n").lines().map(|byte| format!("S: 535-{byte}\n")).collect();
    runs(&identity, &[&rejected_login("PLAIN", &format!("{bytes}S: 535 no"))], &[]);
}

/// With `--probe` and `--tls-scan` the program connects again without a login, to a server that has received the
/// password.
#[test]
fn a_later_session_does_not_show_a_password_sent_in_an_earlier_session() {
    let identity = Identity::new();
    let refused = rejected_login("PLAIN", "S: 535 5.7.8 no");
    let encoded = STANDARD.encode(CANARY);
    for (echo, format) in [CANARY, encoded.as_str()].into_iter().zip(FORMATS) {
        for later in [
            format!("S: 220 localhost ESMTP {echo}\nC\nS: 250 localhost\nC\nS: 221 bye"),
            format!("S: 554 {echo}"),
            format!(
                "S: 220 localhost\nC\nS: 250-localhost {echo}\nS: 250-X-{echo}\nS: 250 STARTTLS\nC\nS: 454 {echo}\nC\nS: 221 {echo}"
            ),
            format!("S: 220 localhost\nC\nS: 250-localhost\nS: 250 STARTTLS\nC\nS: 220 ready\nS: {echo}"),
            format!("S: {echo}"),
            format!("S. {}", CANARY.replace('\\', "\\x5c")),
        ] {
            for more in [&["--probe", "starttls-injection,mail-before-tls"][..], &["--tls-scan"]] {
                let (_, server) = once(&identity, &[&refused, &later], &[more, format].concat(), &[]);
                assert!(server.sessions() > 1, "there was no later session");
            }
        }
    }
}

/// The evidence of a retry is separate, but the server has received the password before.
#[test]
fn a_retry_does_not_show_a_password_sent_in_the_previous_attempt() {
    let identity = Identity::new();
    let deferred = rejected_login("PLAIN", "S: 454 4.7.0 try later");
    let encoded = STANDARD.encode(CANARY);
    for (echo, format) in [CANARY, encoded.as_str()].into_iter().zip(FORMATS) {
        let greeting = format!("S: 220 localhost ESMTP {echo}\nC\nS: 250 localhost {echo}\nC\nS: 221 {echo}");
        let inside = rejected_login("PLAIN", "S: 535 5.7.8 no")
            .replace("S: 250 AUTH", &format!("S: 250-X-{echo}\n        S: 250 AUTH"));
        for later in [greeting, inside] {
            let (_, server) = once(&identity, &[&deferred, &later], &[&["--retry", "1"][..], format].concat(), &[]);
            assert!(server.sessions() > 1, "there was no retry");
        }
    }
}

#[test]
fn a_server_error_about_a_token_is_shown_without_the_token() {
    let identity = Identity::new();
    for (at, echo) in echoes().into_iter().enumerate() {
        let json = serde_json::json!({ "status": "401", "error_description": format!("bad token {echo}") }).to_string();
        let session = format!("S: 334 {}\nC\nS: 535 5.7.8 no", STANDARD.encode(json));
        for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
            let more = [&["--auth", mechanism], FORMATS[at % 2]].concat();
            assert_eq!(once(&identity, &[&rejected_login(mechanism, &session)], &more, &[]).0.code, 7);
        }
    }
}

#[test]
fn no_checksum_of_the_password_is_shown() {
    let identity = Identity::new();
    let bytes = CANARY.as_bytes();
    for sum in [
        md5::Md5::digest(bytes).to_vec(),
        sha1::Sha1::digest(bytes).to_vec(),
        sha2::Sha256::digest(bytes).to_vec(),
        sha2::Sha512::digest(bytes).to_vec(),
    ] {
        let texts = [hex(&sum, ""), hex(&sum, "").to_uppercase(), STANDARD.encode(&sum)];
        let lines: String = texts.iter().map(|text| format!("S: 535-5.7.8 {{{text}}} is wrong\n")).collect();
        for (run, _) in runs(&identity, &[&rejected_login("PLAIN", &format!("{lines}S: 535 5.7.8 no"))], &[]) {
            assert!(!texts.iter().any(|text| format!("{run}").contains(text)), "{texts:?}\n{run}");
        }
    }
}

/// From a proof and the messages around it, an attacker can guess passwords offline.
#[test]
fn no_proof_computed_from_the_password_is_shown() {
    let identity = Identity::new();
    let repeats = "S: 535-5.7.8 {sent}\nS: 535 5.7.8 {decoded}";
    let challenge = |text: &[u8]| format!("S: 334 {}\nC\n{repeats}", STANDARD.encode(text));
    let ntlm = b"NTLMSSP\0\x02\0\0\0\0\0\0\0\x30\0\0\0\x05\x02\x08\0\x01\x02\x03\x04\x05\x06\x07\x08";
    for (mechanism, session, proof) in [
        ("CRAM-MD5", challenge(b"<1@h>"), (|line| line.split(' ').nth(1)) as fn(&str) -> Option<&str>),
        ("DIGEST-MD5", challenge(b"nonce=\"abc\",qop=\"auth\""), |line| {
            line.split("response=").nth(1)?.split(',').next()
        }),
        ("NTLM", challenge(ntlm), |_| None),
    ] {
        for (run, server) in runs(&identity, &[&rejected_login(mechanism, &session)], &["--auth", mechanism]) {
            assert_eq!(run.code, 7, "{run}");
            let lines = server.seen().lines;
            let sent = &lines[lines.len() - 2];
            let decoded = STANDARD.decode(sent).unwrap();
            let line = String::from_utf8_lossy(&decoded).into_owned();
            let shown = format!("{run}");
            assert!(!shown.contains(sent.as_str()), "{mechanism} {sent}\n{run}");
            // The NTLM proof is not text. It follows 24 zero bytes, the field of the older LM response.
            let proof = proof(&line).map_or_else(|| STANDARD.encode(&decoded[90..105]), str::to_owned);
            assert!(proof.len() >= 20 && !shown.contains(&proof), "{mechanism} {proof}\n{run}");
        }
    }
}

/// A proxy that has received its password can also impersonate the mail server behind it.
#[test]
fn no_form_of_the_password_for_the_proxy_is_shown() {
    let identity = Identity::new();
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), CANARY).unwrap();
    let password = password.path().to_str().unwrap();
    // With a login, the request has five lines.
    const REQUEST: &str = "C\nC\nC\nC\nC\n";
    for (at, echo) in echoes().into_iter().enumerate() {
        let denied = format!("{REQUEST}S: HTTP/1.1 403 no {echo}\nS: X-Squid-Error: {echo}\nS: ");
        let served = format!(
            "{REQUEST}S: HTTP/1.1 200 {echo}\nS: \nS: 220 localhost {echo}\nC\nS: 250-localhost {echo}\nS: 250 X {echo}\nC\nS: 550 {echo}\nC\nS: 221 {echo}"
        );
        for (script, code) in [(&denied, 3), (&served, 5)] {
            let server = Server::start(&[script], &identity);
            let proxy = format!("http://127.0.0.1:{}", server.port());
            let words = ["mx.example.net:2525", "--proxy", &proxy, "--proxy-user", "u", "--from", "a@example.net"];
            let login = ["--proxy-password-file", password, "--max-connections", "1"];
            let run = run_with(&[&words[..], &login, FORMATS[at % 2]].concat(), None, &[("RUST_LOG", "trace")]);
            assert_eq!(run.code, code, "{run}");
        }
    }
}

#[test]
fn the_password_in_a_variable_with_a_proxy_is_not_shown() {
    let identity = Identity::new();
    let script = "C\nC\nC\nC\nC\nS: HTTP/1.1 407 no\nS: ";
    let server = Server::start(&[script], &identity);
    let url = |port: String| format!("http://u:{}@127.0.0.1:{port}", percent(b"", "%20"));
    let run =
        run_with(&["mx.example.net:2525", "-v"], None, &[("ALL_PROXY", &url(server.port())), ("RUST_LOG", "trace")]);
    assert_eq!(run.code, 3, "{run}");
    let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("rejects the login") && text.contains("ALL_PROXY"), "{run}");
    // Usage errors do not repeat the value, either.
    for (words, variables) in [
        (vec!["h.example", "--proxy"], vec![]),
        (vec!["h.example"], vec!["SMTPCHECK_PROXY"]),
        (vec!["h.example"], vec!["ALL_PROXY", "smtp_proxy"]),
    ] {
        let port = || "1".to_owned();
        for value in
            [url(port()).replace(":1", ":0"), url(port()).replace("http", "ftp"), format!("http://u:{CANARY}@[::1")]
        {
            let words: Vec<&str> = match words.last() {
                Some(&"--proxy") => words.iter().copied().chain([value.as_str()]).collect(),
                _ => words.clone(),
            };
            let variables: Vec<(&str, &str)> = variables.iter().map(|name| (*name, value.as_str())).collect();
            let run = run_with(&words, None, &variables);
            assert_eq!(run.code, 2, "{run}");
        }
    }
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), format!("[defaults]\nproxy = {:?}\n", format!("http://u:{CANARY}@h"))).unwrap();
    let run = run_with(&["h.example", "--config", config.path().to_str().unwrap()], None, &[]);
    assert_eq!(run.code, 2, "{run}");
}

#[test]
fn a_password_in_an_argument_or_a_line_is_not_repeated() {
    for words in [
        &["settings", "ann:hunter2@example.com"][..],
        &["settings", "ann@example.com:hunter2"],
        &["settings", "ann:hunter2"],
        &["settings", "ann@example.com", "hunter2"],
        &["settings", "smtps://ann:hunter2@example.com"],
        &["settings", "ann@example.com", "--user", "ann:hunter2"],
        &["ann:hunter2@example.com"],
        &["check", "smtp://ann:hunter2@smtp.example.com:587"],
        &["ann@example.com:hunter2"],
        &["127.0.0.1:1", "--user", "ann:hunter2"],
        &["127.0.0.1:1", "--from", "ann:hunter2@example.com"],
        &["127.0.0.1:1", "--to", "<ann:hunter2@example.com>"],
        &["127.0.0.1:1", "--to", "ann:hunter2@example.com,bob@example.com"],
        &["watch", "ann:hunter2@example.com"],
        &["watch", "ann@example.com:hunter2"],
        &["ports", "ann:hunter2@example.com"],
        &["domain", "ann:hunter2@example.com"],
        &["domain", "ann@example.com:hunter2"],
        &["domain", "ann@example.com", "hunter2"],
        &["batch", "-", "--user", "ann:hunter2", "--login-host", "127.0.0.1"],
    ] {
        let run = program::run(words);
        assert_eq!(run.code, 2, "{words:?}: {run}");
        assert!(!run.stderr.contains("hunter2") && !run.stdout.contains("hunter2"), "{words:?}: {run}");
    }
    let lines = "ann:hunter2@example.com\nann@example.com:hunter2\nsmtp://ann:hunter2@example.com\n\
                 {\"target\":\"127.0.0.1:1\",\"from\":\"ann:hunter2@example.com\"}\n";
    for more in [&["batch", "-"][..], &["batch", "-", "--domain", "--list", "none"]] {
        let run = program::run_with(more, Some(lines), &[]);
        assert_eq!(run.code, 2, "{run}");
        assert!(!run.stderr.contains("hunter2") && !run.stdout.contains("hunter2"), "{run}");
    }
}
