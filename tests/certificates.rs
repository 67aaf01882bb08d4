//! For every certificate rule that is an error, a check with a login ends with exit code 6, and the server never
//! receives AUTH.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use smtpcheck::check::{self, Severity};
use smtpcheck::sandbox::journal::{JournalEntry, JournalSpeaker};
use smtpcheck::sandbox::scenario::{ClientTrust, ClientUsage, LOGGING_IN, SUBMISSION, Server};
use smtpcheck::sandbox::{Options, Remote, Sandbox, Scenario, scenarios};

use crate::support::program;

/// The ids of the certificate rules whose findings are errors.
fn errors() -> BTreeSet<&'static str> {
    let rules = check::rules().filter(|rule| rule.severity == Severity::Error);
    rules.map(|rule| rule.id).filter(|id| id.starts_with("certificate-")).collect()
}

/// A scenario of the sandbox whose server accepts a login and whose client has credentials.
fn with_login(scenario: &Scenario) -> &'static Scenario {
    let server = Server { inside: SUBMISSION.inside, login: SUBMISSION.login, ..scenario.server };
    let client = ClientUsage { flags: LOGGING_IN.flags, secret: LOGGING_IN.secret, ..scenario.client };
    Box::leak(Box::new(Scenario { server, client, ..*scenario }))
}

#[test]
fn no_password_is_sent_when_a_certificate_rule_fails() {
    let errors = errors();
    let is_certain_to_fail = |scenario: &&Scenario| scenario.expect.iter().any(|rule| errors.contains(rule));
    let valid = scenarios().find(|scenario| scenario.name == "certificate-with-intermediate").unwrap();
    let all: Vec<&'static Scenario> =
        scenarios().filter(is_certain_to_fail).chain([valid]).map(|scenario| with_login(scenario)).collect();
    let commands: Arc<Mutex<BTreeMap<&'static str, Vec<String>>>> = Arc::default();
    let received = Arc::clone(&commands);
    let listener = move |entry: JournalEntry| {
        if entry.speaker == JournalSpeaker::Client {
            received.lock().unwrap().entry(entry.scenario).or_default().push(entry.text);
        }
    };
    let listen = std::net::Ipv4Addr::LOCALHOST.into();
    let sandbox = Sandbox::open(
        &all,
        &Options { listen, port: None, remote: Remote::Refused, fleet: None, dns: None, domains: None },
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let authority = file("ca.pem", &sandbox.authorities().unwrap());
    let password = file("password", LOGGING_IN.secret.unwrap());
    let addresses: Vec<String> = sandbox.services().iter().map(|one| one.address.to_string()).collect();
    let running = sandbox.spawn(Some(Arc::new(listener))).unwrap();
    let mut seen = BTreeSet::new();
    for (scenario, address) in all.iter().zip(&addresses) {
        let mut words = match scenario.client.host {
            None => vec![format!("{}{address}", scenario.client.scheme)],
            Some(host) => {
                let (ip, port) = address.rsplit_once(':').unwrap();
                vec![
                    format!("{}{host}:{port}", scenario.client.scheme),
                    "--resolve".to_owned(),
                    format!("{host}:{port}:{ip}"),
                ]
            }
        };
        words.extend(scenario.client.flags.iter().map(|flag| (*flag).to_owned()));
        words.extend(["--password-file".to_owned(), password.clone(), "--json".to_owned()]);
        if scenario.client.trust == ClientTrust::Sandbox {
            words.extend(["--cacert".to_owned(), authority.clone()]);
        }
        let run = program::run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let commands = commands.lock().unwrap().remove(scenario.name).unwrap_or_default();
        let logs_in = commands.iter().any(|command| command.starts_with("AUTH"));
        assert!(commands.iter().any(|command| command.starts_with("STARTTLS")), "{}: {commands:?}", scenario.name);
        if scenario.name == valid.name {
            assert_eq!((run.code, logs_in), (0, true), "{}{}", run.stdout, run.stderr);
            continue;
        }
        assert_eq!((run.code, logs_in), (6, false), "{}: {commands:?}\n{}{}", scenario.name, run.stdout, run.stderr);
        seen.extend(run.rules());
    }
    drop(running);
    let missing: Vec<&&str> = errors.iter().filter(|rule| !seen.contains(**rule)).collect();
    assert!(missing.is_empty(), "no scenario raises {missing:?}");
}
