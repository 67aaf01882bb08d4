//! The commands of all fixes: those in the lexicon, with sample values, and those that transcripts and explanations
//! show. Each must be valid, must not contradict itself, must change or show something, and must not contain an
//! invented name. `support/commands.rs` contains the rules; `sandbox.rs` applies them to the scenarios of the sandbox.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::support;
use crate::support::commands::{example_names, mistakes, mistakes_in};
use smtpcheck::explain::{self, ExplainContext};

/// A fix in the data.
struct DataFix {
    /// Its file and entry.
    place: String,
    text: String,
    command: String,
}

fn data() -> Vec<(String, toml::Table)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/lexicon/data");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let parsed = files.iter().map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap().parse().unwrap())
    });
    parsed.collect()
}

/// The fixes below a value that contain a command.
fn walk(value: &toml::Value, place: &str, found: &mut Vec<DataFix>) {
    match value {
        toml::Value::Array(items) => items.iter().for_each(|item| walk(item, place, found)),
        toml::Value::Table(table) => {
            let scalar = |value: &toml::Value| match value {
                toml::Value::String(text) => Some(text.clone()),
                toml::Value::Integer(number) => Some(number.to_string()),
                _ => None,
            };
            let name = ["id", "code", "status", "category"].iter().find_map(|key| table.get(*key).and_then(scalar));
            let place = name.map_or_else(|| place.to_owned(), |name| format!("{place} {name}"));
            let text = |key: &str| table.get(key).and_then(toml::Value::as_str);
            if let (Some(text), Some(command)) = (text("text"), text("command")) {
                found.push(DataFix { place: place.clone(), text: text.to_owned(), command: command.to_owned() });
            }
            table.values().for_each(|value| walk(value, &place, found));
        }
        _ => {}
    }
}

fn data_fixes() -> Vec<DataFix> {
    let mut found = Vec::new();
    for (name, table) in data() {
        walk(&toml::Value::Table(table), &name, &mut found);
    }
    found
}

#[test]
fn every_command_of_the_lexicon_is_valid() {
    let all = data_fixes();
    let mut wrong = Vec::new();
    for fix in &all {
        let mut mistakes = mistakes(&fix.command, &fix.text);
        mistakes.extend(example_names(&fix.command).iter().map(|name| format!("{name} is invented")));
        let shown =
            mistakes.iter().map(|mistake| format!("{}: {mistake}\n    {}\n    {}", fix.place, fix.text, fix.command));
        wrong.extend(shown);
    }
    assert!(all.len() > 700, "{} commands", all.len());
    assert!(wrong.is_empty(), "{} of {} commands:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn every_command_in_the_report_of_a_transcript_works_there() {
    let mut wrong = Vec::new();
    let mut commands = 0;
    for played in support::replay::all() {
        let fixes = played.report.findings.iter().flat_map(|finding| &finding.fixes);
        commands += fixes.filter(|fix| fix.command.is_some()).count();
        wrong.extend(mistakes_in(&played.report).into_iter().map(|mistake| format!("{}: {mistake}", played.name)));
    }
    assert!(commands > 400, "{commands} commands");
    assert!(wrong.is_empty(), "{} of {commands} commands:\n{}", wrong.len(), wrong.join("\n"));
}

/// The commands of a finding of a transcript.
fn commands_of(name: &str, rule: &str) -> Vec<String> {
    let played = support::replay::all().iter().find(|played| played.name == name).unwrap();
    let finding = played.report.findings.iter().find(|finding| finding.rule == rule).unwrap();
    finding.fixes.iter().filter_map(|fix| fix.command.clone()).collect()
}

#[test]
fn the_command_for_a_wildcard_certificate_has_the_name_in_the_greeting() {
    let of = |name: &str| commands_of(name, "certificate-name-mismatch");
    assert_eq!(of("certificate/name-in-the-greeting")[0], "smtpcheck s12.hosting.example.org:587");
    // Beside a wildcard, the domain itself is usually the hosting company's web site.
    assert_eq!(of("certificate/of-the-hosting-provider")[0], "dig +short -x 192.0.2.25");
}

#[test]
fn the_command_for_the_other_protocol_names_it() {
    let of = commands_of;
    assert_eq!(of("protocol/smtp-expected", "smtp-expected"), ["smtpcheck smtp://mail.example.net:2525"]);
    assert_eq!(of("greeting/lmtp", "lmtp-expected"), ["smtpcheck lmtp://mail.example.net:2121"]);
}

/// The texts and commands of the first three fixes of a finding of a transcript.
fn first_fixes(name: &str, rule: &str) -> Vec<String> {
    let played = support::replay::all().iter().find(|played| played.name == name).unwrap();
    let finding = played.report.findings.iter().find(|finding| finding.rule == rule).unwrap();
    let shown = finding.fixes.iter().take(3);
    shown.map(|fix| format!("{}: {}", fix.text, fix.command.as_deref().unwrap_or_default())).collect()
}

#[test]
fn the_first_fixes_suit_the_place_of_the_server_and_the_results_of_its_other_ports() {
    for (name, rule, place, words) in [
        // The network blocks the port.
        ("field/CON-05", "connection-timed-out", 0, "Send through a submission server on port 587, 465 or 2525"),
        ("field/CON-05", "connection-timed-out", 1, "Ask your hosting company"),
        ("connect/relay-service-blocked", "connection-timed-out", 0, "unblock outgoing port 587"),
        ("connect/relay-service-blocked", "connection-timed-out", 1, "HTTPS API of Mailgun"),
        ("connect/localhost-in-a-container", "connection-refused", 0, "service name"),
        ("connect/nothing-on-this-machine", "connection-refused", 0, "Many programs use localhost"),
        ("connect/nothing-on-this-machine", "connection-refused", 1, "ss -ltnp"),
        (
            "connect/server-for-reading-mail",
            "connection-timed-out",
            0,
            "smtpcheck smtp.gmail.com:587 --user me@example.org",
        ),
        ("handshake/other-port-works", "tls-handshake-failed", 0, "Use port 587, where the TLS handshake succeeds"),
        ("certificate/wildcard-and-web-site", "certificate-name-mismatch", 0, "dig +short -x"),
        ("greeting/closed-on-one-port", "greeting-missing", 0, "read what the mail log says"),
        ("greeting/imap-and-the-smtp-port", "greeting-not-smtp", 0, "smtpcheck localhost:3025"),
        ("connect/only-https-responds", "connection-timed-out", 1, "Server operator: allow this port"),
        (
            "connect/blocked-by-a-dns-filter",
            "name-points-elsewhere",
            0,
            "Allow the name smtp.example.org in the DNS filter",
        ),
        ("connect/mx-of-a-provider", "connection-timed-out", 0, "smtpcheck smtp.gmail.com:587 --user me@example.org"),
        ("connect/bare-domain", "connection-refused", 0, "smtpcheck mail.example.org:587"),
        ("connect/name-of-the-usual-server", "name-not-found", 0, "smtpcheck mail.example.org:587"),
        ("connect/provider-port-blocked", "connection-timed-out", 0, "Use port 2525"),
        ("connect/port-that-the-provider-does-not-use", "connection-timed-out", 0, "port 587 of Gmail"),
        ("connect/port-that-the-provider-does-not-use", "connection-timed-out", 1, "unblock outgoing port 587"),
        (
            "auth/server-without-tls-and-auth-on-a-test-port",
            "auth-not-offered",
            0,
            "leave the user name and password empty",
        ),
        ("connect/container-host-refuses", "connection-refused", 1, "listens only on 127.0.0.1"),
        ("greeting/proxy-waits-for-the-client", "greeting-missing", 0, "without waiting for the client"),
        ("ehlo/helo-after-500", "ehlo-unsupported", 1, "has to use HELO"),
        ("starttls/test-server", "starttls-not-offered", 1, "use a test server with STARTTLS"),
        ("auth/starttls-not-used-and-only-ntlm", "auth-mechanism-mismatch", 0, "the server advertises STARTTLS"),
        ("auth/cram-md5-only", "auth-credentials-refused", 1, "smtpcheck mail.example.net:587"),
        // Another port was tried, and is better.
        ("starttls/not-offered-with-a-login", "starttls-not-offered", 0, "Use port 465"),
        ("starttls/stripped-at-a-provider", "starttls-stripped", 0, "Use port 465"),
        ("auth/not-advertised-by-an-mx", "auth-not-offered", 0, "smtpcheck mx.example.net:587 --user u@example.net"),
        // No other port accepts connections.
        ("auth/relay-without-a-login", "auth-not-offered", 0, "leave the user name and password empty"),
        ("starttls/neither-starttls-nor-auth", "starttls-not-offered", 1, "switch off TLS for this server"),
        // The user does not operate the server.
        (
            "certificate/bridge-on-another-machine",
            "certificate-self-signed",
            0,
            "accept this certificate in the program",
        ),
        ("certificate/bridge-on-another-machine", "certificate-self-signed", 2, "cert import"),
        ("refusal/submission-before-a-login", "auth-required", 1, "enter a user name and password"),
        ("refusal/outlook-com-password", "auth-oauth-required", 0, "OAuth 2.0"),
        ("refusal/relay-without-login", "relay-denied", 0, "enter a user name and password"),
        ("greeting/only-starttls-on-587", "implicit-tls-expected", 2, "use port 587"),
        ("certificate/no-trust-store", "trust-store-missing", 0, "ca-certificates"),
        ("certificate/no-trust-store-and-unknown-issuer", "trust-store-missing", 1, "Dockerfile"),
        (
            "certificate/trust-store-variable-wrong",
            "trust-store-missing",
            0,
            "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
        ),
        ("certificate/inspected-by-a-company", "certificate-intercepted", 1, "get the root certificate"),
    ] {
        let fixes = first_fixes(name, rule);
        assert!(fixes.get(place).is_some_and(|fix| fix.contains(words)), "{name}, fix {place}: {fixes:#?}");
    }
}

/// The examples of the lexicon, explained: a permanent rejection is never given a command with `--retry`.
#[test]
fn every_command_of_an_explanation_is_valid() {
    let mut examples: BTreeMap<String, String> = BTreeMap::new();
    for (name, table) in data() {
        for entry in table.values().filter_map(toml::Value::as_array).flatten() {
            let matches = entry.get("matches").and_then(toml::Value::as_array).into_iter().flatten();
            for example in matches.filter_map(toml::Value::as_str) {
                examples.insert(example.to_owned(), name.clone());
            }
        }
    }
    let mut wrong = Vec::new();
    let mut commands = 0;
    for (example, file) in &examples {
        for explained in explain::arguments(std::slice::from_ref(example), &ExplainContext::default()) {
            for fix in &explained.fixes {
                let Some(command) = &fix.command else { continue };
                commands += 1;
                let mut mistakes = mistakes(command, &fix.text);
                if command.contains("--retry") && explained.code.is_some_and(|code| code.number() >= 500) {
                    mistakes.push("nothing is retried after a permanent rejection".to_owned());
                }
                let shown = mistakes
                    .iter()
                    .map(|mistake| format!("{file}: {example:?}: {mistake}\n    {}\n    {command}", fix.text));
                wrong.extend(shown);
            }
        }
    }
    assert!(examples.len() > 1000 && commands > 1000, "{} examples, {commands} commands", examples.len());
    assert!(wrong.is_empty(), "{} of {commands} commands:\n{}", wrong.len(), wrong.join("\n"));
}

/// A user's CA bundle has the name that manuals use. No command writes to it.
#[test]
fn a_command_never_overwrites_the_bundle_of_the_run() {
    let dialogue = "S: 220 mx.example.net ESMTP\nC: EHLO client.example.org\nS: 250-mx.example.net\nS: 250 STARTTLS\n\
                    C: STARTTLS\nS: 220 ready\nTLS\nC: EHLO client.example.org\nS: 250 mx.example.net\nC: QUIT\nS: 221 bye\n";
    for trust in ["self-signed", "unknown-issuer"] {
        let text = format!(
            "summary = \"an untrusted certificate\"\nargs = [\"mx.example.net:25\", \"--cacert\", \"ca.pem\"]\nexpect = []\nexit = 6\n\
             [[session]]\ndialogue = \"\"\"\n{dialogue}\"\"\"\n[session.handshake]\ntrust = \"{trust}\"\nnames = [\"mx.example.net\"]\n"
        );
        let report = support::replay::play_text(trust.to_owned(), &text).report;
        assert!(report.findings.iter().any(|finding| !finding.fixes.is_empty()), "{trust}");
        assert_eq!(mistakes_in(&report), [""; 0], "{trust}");
    }
}
