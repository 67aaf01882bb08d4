//! The configurations that `--for` writes: golden files for each program, and parsers for the formats for which Rust
//! has one. To accept an intended change, run SNAPSHOTS=overwrite cargo test --test library and review the diff.
//!
//! `tests/real/with_snippets.rs` sends messages with them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use smtpcheck::snippets::{
    LoginSettings, PROGRAMS, PasswordReference, Proven, ServerSettings, SettingsProof, Syntax, TransportSecurity,
};
use smtpcheck::wire::{EhloName, Host, ReversePath};

use crate::support::golden;

fn unproved(reason: &str) -> Proven {
    Proven::No { reason: reason.to_owned() }
}

/// The settings of each golden file.
fn variants() -> Vec<(&'static str, ServerSettings)> {
    let implicit = ServerSettings {
        host: Host::parse("smtp.example.net").unwrap(),
        port: 465,
        security: TransportSecurity::Implicit,
        login: Some(LoginSettings {
            user: "user@example.net".to_owned(),
            password: PasswordReference::Variable,
            mechanisms: vec!["PLAIN".to_owned(), "LOGIN".to_owned()],
        }),
        sender: ReversePath::parse("user@example.net").ok(),
        ca_file: None,
        ehlo: None,
        proof: SettingsProof {
            host: Proven::NotNeeded,
            tls: Proven::Yes,
            certificate: Proven::Yes,
            login: Proven::Yes,
            sender: unproved("no --from was given"),
        },
    };
    let starttls = ServerSettings { port: 587, security: TransportSecurity::StartTls, ..implicit.clone() };
    let file = PasswordReference::File("/run/secrets/smtp".into());
    let ca = ServerSettings {
        login: starttls.login.clone().map(|login| LoginSettings { password: file, ..login }),
        ca_file: Some("/etc/ssl/example-ca.pem".into()),
        ehlo: EhloName::parse("client.example.net").ok(),
        ..starttls.clone()
    };
    let proof = SettingsProof { login: Proven::NotNeeded, sender: Proven::Yes, ..implicit.proof.clone() };
    let no_login = ServerSettings { login: None, proof, ..starttls.clone() };
    let proof = SettingsProof {
        host: Proven::NotNeeded,
        tls: Proven::NotNeeded,
        certificate: Proven::NotNeeded,
        login: unproved("no password was given"),
        sender: unproved("no --from was given"),
    };
    let security = TransportSecurity::None;
    let unencrypted = ServerSettings { port: 25, security, sender: None, proof, ..implicit.clone() };
    vec![
        ("implicit", implicit),
        ("starttls", starttls),
        ("ca", ca),
        ("no-login", no_login),
        ("unencrypted", unencrypted),
    ]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets")
}

#[test]
fn each_configuration_matches_its_golden_file() {
    for program in &PROGRAMS {
        let mut notes = String::new();
        for (variant, settings) in variants() {
            let snippet = program.snippet(&settings).unwrap();
            let file = folder().join(program.id).join(variant);
            golden::compare(&file, &snippet.text).unwrap_or_else(|error| panic!("{error}"));
            notes += &format!("{variant}:\n");
            notes.extend(snippet.notes.iter().map(|note| format!("- {note}.\n")));
        }
        let file = folder().join(program.id).join("notes.txt");
        golden::compare(&file, &notes).unwrap_or_else(|error| panic!("{error}"));
    }
    let folders: BTreeSet<String> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(folders, PROGRAMS.iter().map(|program| program.id.to_owned()).collect());
}

#[test]
fn no_configuration_can_be_used_unencrypted_or_without_its_ca_and_login() {
    for program in &PROGRAMS {
        for (variant, settings) in variants() {
            let text = program.snippet(&settings).unwrap().text;
            let lines = text.lines().collect::<Vec<_>>();
            assert!(
                text.ends_with('\n') && lines.iter().all(|line| *line == line.trim_end()),
                "{} {variant}",
                program.id
            );
            assert!(text.contains("smtp.example.net"), "{} {variant}", program.id);
        }
        // Another way to use TLS, a CA file, a login and an EHLO name each change the configuration or its notes.
        let written = |settings: &ServerSettings| {
            let snippet = program.snippet(settings).unwrap();
            (snippet.text, snippet.notes)
        };
        let all = variants();
        let ca = &all[2].1;
        let others = [
            ServerSettings { security: TransportSecurity::Implicit, ..ca.clone() },
            ServerSettings { security: TransportSecurity::None, ..ca.clone() },
            ServerSettings { ca_file: None, ..ca.clone() },
            ServerSettings { login: None, ..ca.clone() },
        ];
        for other in &others {
            assert_ne!(written(ca), written(other), "{}", program.id);
        }
    }
}

#[test]
fn json_and_yaml_configurations_can_be_parsed() {
    for program in &PROGRAMS {
        for (variant, settings) in variants() {
            let text = program.snippet(&settings).unwrap().text;
            match program.syntax {
                Syntax::Json => {
                    let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
                    assert_eq!(parsed["smtpServer"]["host"], "smtp.example.net");
                }
                Syntax::Yaml => {
                    let events: Result<Vec<_>, _> = saphyr_parser::Parser::new_from_str(&text).collect();
                    assert!(events.is_ok(), "{} {variant}: {events:?}", program.id);
                }
                _ => {}
            }
        }
    }
}
