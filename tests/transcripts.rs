//! Transcripts: TOML dialogues in, finding ids out, without sockets. `support/replay/mod.rs` documents the format.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::collections::BTreeSet;

use crate::support::replay::all;
use smtpcheck::check;
use smtpcheck::evidence::{Answer, EventKind, Fault, HelloOutcome, HelloSeen, Outcome, quote};
use smtpcheck::report::Report;
use smtpcheck::wire::tls;

#[test]
fn every_transcript_causes_exactly_its_expected_findings() {
    let mut wrong = Vec::new();
    for played in all() {
        let mut found: Vec<&str> = played.report.findings.iter().map(|finding| finding.rule.as_ref()).collect();
        let mut expected: Vec<&str> = played.transcript.expect.iter().map(String::as_str).collect();
        found.sort_unstable();
        expected.sort_unstable();
        let code = played.report.exit.code();
        if found != expected || code != played.transcript.exit || !played.problems.is_empty() {
            wrong.push(format!(
                "{}:\n  expected {expected:?} exit {}\n  found    {found:?} exit {code}\n  {}",
                played.name,
                played.transcript.exit,
                played.problems.join("\n  ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_transcript_where_it_fires_and_one_where_it_does_not() {
    let played = all();
    let fires: BTreeSet<&str> =
        played.iter().flat_map(|one| one.transcript.expect.iter().map(String::as_str)).collect();
    let quiet: BTreeSet<&str> = played.iter().flat_map(|one| one.transcript.quiet.iter().map(String::as_str)).collect();
    // Transcripts are sessions with a server. The rules about domains have their own tests, in tests/domains.rs.
    let of_servers = check::CHECKS.iter().flat_map(|check| check.rules.iter()).map(|rule| rule.id);
    let known: BTreeSet<&str> = of_servers.collect();
    let missing: Vec<&&str> = known.iter().filter(|id| !fires.contains(**id) || !quiet.contains(**id)).collect();
    assert!(
        missing.is_empty(),
        "rules without a transcript where they fire, or without one that lists them as quiet: {missing:?}"
    );
    let unknown: Vec<&&str> = fires.union(&quiet).filter(|id| !known.contains(**id)).collect();
    assert!(unknown.is_empty(), "transcripts name rules that do not exist: {unknown:?}");
}

/// The reported mechanism, reply code and outcome are all those of the last login.
#[test]
fn the_report_contains_the_last_of_several_logins() {
    let played = all().iter().find(|played| played.name.ends_with("try-all-mechanisms")).unwrap();
    let json = smtpcheck::render::format("json").unwrap().one(&played.report, &smtpcheck::render::Display::plain());
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["auth"]["mechanism"], "LOGIN");
    assert_eq!(report["auth"]["outcome"], "accepted");
}

/// The fix `user-without-domain` of the lexicon is not suggested if the user name already has a domain.
#[test]
fn only_a_user_name_without_a_domain_gets_the_fix_to_use_the_email_address() {
    let advice = |name: &str| -> Vec<String> {
        let played = all().iter().find(|played| played.name.ends_with(name)).unwrap();
        let fixes = played.report.findings.iter().flat_map(|finding| &finding.fixes);
        let matching = fixes.filter(|fix| fix.text.contains("complete email address")).cloned();
        matching.map(|fix| fix.command.unwrap()).collect()
    };
    assert_eq!(advice("user-without-domain"), ["smtpcheck mail.example.net:587 --user bob@YOUR-DOMAIN"]);
    assert_eq!(advice("AUT-08"), [""; 0]);
}

/// The fix for an additional port uses TLS as the session on this port did.
#[test]
fn an_additional_port_is_named_with_its_tls_mode() {
    let all = all();
    let played = all.iter().find(|played| played.name.ends_with("additional-port-with-implicit-tls")).unwrap();
    let fixes: Vec<_> = played.report.findings.iter().flat_map(|finding| &finding.fixes).collect();
    let command = "smtpcheck smtps://smtp.resend.com:2465 --user resend";
    let fix = fixes.iter().find(|fix| fix.command.as_deref() == Some(command));
    assert!(fix.is_some_and(|fix| fix.text.contains("SSL/TLS")), "{fixes:?}");
}

/// Advice to log in never asks for the password of another provider's account, or at a server that is not the provider's,
/// and a reply that states its reason keeps it.
#[test]
fn corrections_of_rejections_need_evidence() {
    let all = all();
    for (name, present, absent) in [
        ("gmail-address-to-itself-at-another-server", "", "--user ann@gmail.com"),
        ("gmail-address-to-itself-at-another-server", "", "also the recipient's domain"),
        ("group-closed-to-outsiders", "only from senders inside its organisation", "is not set up on it"),
        ("login-for-a-sender-of-a-second-domain", "--user", "is not set up on it"),
        ("relay-denied-to-dynamic-addresses", "", "is not set up on it"),
        ("login-demanded-by-the-recipients-server", "If you are a user of this server, log in", "not possible for you"),
        ("direct-send-of-a-scanner", "RejectDirectSend", "mynetworks"),
        ("direct-send-of-a-scanner", "smtpcheck smtp.office365.com:587 --user scan@example.com", "OTHER-ADDRESS"),
        ("null-sender-without-from", "--from SENDER-ADDRESS", "--from bob"),
        ("null-sender-without-from", "without --from", "in the program"),
        ("null-sender-of-a-program", "in the program", "without --from"),
        ("null-sender-on-a-submission-port", "", "Server operator"),
        ("recipient-unknown-with-a-local-sender", "", "a machine in a local network"),
        ("recipient-unknown-in-an-internal-domain", "", "/etc/aliases"),
        ("relay-at-a-redirecting-server", "This reply is not from Posteo", "--user"),
        ("relay-at-a-redirecting-server", "", "log in"),
        ("list-of-sender-domains-after-a-login", "", "restart it"),
        ("list-of-sender-domains-after-a-login", "", "reject_rbl_client"),
        ("sender-at-a-public-suffix", "", "also the server's domain"),
        ("sender-not-owned-before-tls", "", "It offers no login"),
        ("relay-of-google-for-a-registered-address", "", "mynetworks"),
        ("spf-of-a-private-address-after-a-login", "--from ann@example.com", ""),
        ("reverse-name-on-a-submission-port", "If you are a user of this server, log in", ""),
    ] {
        let played = all.iter().find(|played| played.name.ends_with(name)).unwrap();
        let findings = played.report.findings.iter().filter(|finding| finding.category.is_some());
        let text: Vec<String> = findings
            .flat_map(|finding| {
                let fixes =
                    finding.fixes.iter().flat_map(|fix| [Some(fix.text.clone()), fix.command.clone()]).flatten();
                std::iter::once(finding.cause.clone()).chain(fixes).collect::<Vec<_>>()
            })
            .collect();
        let text = text.join("\n");
        assert!(!text.is_empty() && text.contains(present), "{name}: {present:?} in {text}");
        assert!(absent.is_empty() || !text.contains(absent), "{name}: {absent:?} in {text}");
    }
}

/// A TLS version that was not tested, or received no answer, is unknown. Only a rejection by the server means "no".
#[test]
fn a_scan_that_the_server_stops_reports_no_version_as_rejected() {
    let all = all();
    for (name, proved) in [("scan/throttled", 2), ("scan/no-further-answer", 2)] {
        let played = all.iter().find(|played| played.name.ends_with(name)).unwrap();
        let scan = smtpcheck::check::scan::results(&played.report.plan, &played.report.evidence).unwrap();
        let accepted = serde_json::to_value(&scan.versions).unwrap();
        let accepted: Vec<&str> =
            accepted.as_array().unwrap().iter().map(|seen| seen["accepted"].as_str().unwrap()).collect();
        assert!(!accepted.contains(&"no"), "{name}: {accepted:?}");
        assert_eq!(accepted.iter().filter(|word| **word == "yes").count(), proved, "{name}: {accepted:?}");
        assert!(!scan.suites_complete && !scan.groups_complete, "{name}");
        assert!(scan.inconclusive.is_some(), "{name}");
    }
}

/// The message must be clear to a reader who does not know the TLS record format.
#[test]
fn a_failed_handshake_is_described_with_the_received_data_and_the_reason() {
    let all = all();
    for (name, words) in [
        ("handshake/refuses-everything", "has no certificate, or has a certificate that it cannot use"),
        ("starttls/alert", "the server rejected the handshake with alert 40"),
        ("starttls/deferred-in-the-handshake", "cannot start TLS at the moment: 454 4.7.0 TLS not available"),
        ("starttls/deferred-in-the-handshake", "the response is not TLS: 454 4.7.0 TLS not available"),
        ("starttls/closed-in-the-handshake", "TLS failed: the server closed the connection"),
        ("starttls/silent-in-the-handshake", "TLS failed: no response"),
        ("starttls/plain-text-in-the-handshake", "the server sends unencrypted SMTP instead of a TLS handshake"),
    ] {
        let played = all.iter().find(|played| played.name.ends_with(name)).unwrap();
        let look = smtpcheck::render::Display::plain();
        let text = smtpcheck::render::format("text").unwrap().one(&played.report, &look);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "{name}: {words:?} in {text}");
    }
}

/// An IP address that was not tried must not look like one without a fault.
#[test]
fn ip_addresses_that_were_not_tried_are_listed_as_not_tested() {
    let all = all();
    for (name, words) in [
        ("connect/sixteen-addresses-of-each-family", "not tested: IP address"),
        ("connect/name-with-many-addresses", "and 14 more"),
    ] {
        let played = all.iter().find(|played| played.name.ends_with(name)).unwrap();
        let text = smtpcheck::render::format("text").unwrap().one(&played.report, &smtpcheck::render::Display::plain());
        assert!(text.contains(words), "{name}: {text}");
    }
    let tried = all.iter().find(|played| played.name.ends_with("connect/ipv6-address-refuses")).unwrap();
    assert!(tried.report.evidence.untested_addresses().is_empty());
}

#[test]
fn quiet_rules_do_not_fire() {
    for played in all() {
        for id in &played.transcript.quiet {
            assert!(!played.transcript.summary.is_empty(), "{} has no summary", played.name);
            assert!(!played.transcript.expect.contains(id), "{}: {id} is both expected and quiet", played.name);
        }
    }
}

#[test]
fn every_error_and_warning_has_a_cause_a_fix_and_an_alternative_unless_certain() {
    for played in all() {
        for finding in &played.report.findings {
            assert!(!finding.cause.is_empty(), "{}: {} has no cause", played.name, finding.rule);
            if finding.severity > check::Severity::Notice {
                assert!(!finding.fixes.is_empty(), "{}: {} has no fix", played.name, finding.rule);
            }
            let certain = finding.confidence == smtpcheck::lexicon::Confidence::Certain;
            assert_eq!(
                certain,
                finding.otherwise.is_none(),
                "{}: {} must name an alternative cause, or be certain",
                played.name,
                finding.rule
            );
            let grounds = &finding.evidence;
            assert!(
                !grounds.probes.is_empty() || !grounds.events.is_empty(),
                "{}: {} has no evidence",
                played.name,
                finding.rule
            );
        }
    }
}

#[test]
fn a_saved_report_is_loaded_and_judged_the_same() {
    for played in all() {
        let json = smtpcheck::render::format("json").unwrap().one(&played.report, &smtpcheck::render::Display::plain());
        let loaded = Report::load(&json).unwrap_or_else(|error| panic!("{}: {error}", played.name));
        assert_eq!(loaded, played.report, "{}", played.name);
        assert_eq!(check::judge(&loaded.plan, &loaded.evidence), played.report.findings, "{}", played.name);
    }
}

#[test]
fn every_report_matches_the_published_schema() {
    let schema: serde_json::Value = serde_json::from_str(smtpcheck::report::SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for played in all() {
        let json = smtpcheck::render::format("json").unwrap().one(&played.report, &smtpcheck::render::Display::plain());
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {}", played.name, errors.join("; "));
    }
}

/// Text that a check quotes from a peer may have to be masked, so it must be marked (`evidence::quote`). This test adds
/// a word to every reply of every transcript, and no finding may contain that word unmarked.
#[test]
fn findings_mark_all_text_that_they_quote_from_a_peer() {
    const WORD: &str = "zqxjkvbw";
    let mut quoted = 0;
    for played in all() {
        let mut evidence = played.report.evidence.clone();
        for event in &mut evidence.transcript {
            match &mut event.what {
                EventKind::Received { reply, .. } => {
                    let text = reply.text.iter().map(|line| format!("{line} {WORD}")).collect();
                    *reply = reply.clone().saying(text);
                }
                EventKind::Stray { text, .. } | EventKind::Unfinished { text, .. } | EventKind::Explained { text } => {
                    text.push_str(WORD);
                }
                _ => {}
            }
        }
        for probe in &mut evidence.probes {
            match &mut probe.outcome {
                Outcome::Failed { fault: Fault::Tls { tls } } => tls.first_bytes.push_str(WORD),
                Outcome::Done {
                    answer:
                        Answer::Hello(HelloSeen {
                            heard: HelloOutcome::Answer { answer: tls::TlsAnswer::NotTls { text, .. } },
                            ..
                        }),
                } => text.push_str(WORD),
                _ => {}
            }
        }
        for mut finding in check::judge_with_marks(&played.report.plan, &evidence) {
            let rule = finding.rule.clone();
            for text in finding.texts() {
                let unmarked = quote::resolve(text, |origin, quoted| {
                    assert!(origin.is_some(), "{}: {rule} marks text that no peer sent: {text:?}", played.name);
                    quoted.replace(WORD, "")
                });
                quoted += usize::from(text.contains(WORD));
                assert!(!unmarked.contains(WORD), "{}: {rule} quotes text without marking it: {text:?}", played.name);
            }
        }
    }
    assert!(quoted > 50, "only {quoted} sentences quote text from a peer, which is too few for a useful test");
}

/// A login that the user requested, but that was not tried, is never passed over.
#[test]
fn a_login_that_was_not_tried_is_an_error() {
    let is_withheld = |what: &EventKind| matches!(what, EventKind::Withheld { .. });
    let (mut seen, mut passed) = (0, Vec::new());
    for played in all() {
        let evidence = &played.report.evidence;
        let mut events = evidence.sessions().flat_map(|session| session.events());
        if played.report.plan.login.is_none() || !events.any(|event| is_withheld(&event.what)) {
            continue;
        }
        seen += 1;
        if played.report.exit.code() == 0 {
            passed.push(played.name.clone());
        }
    }
    assert!(seen > 15, "{seen} transcripts");
    assert!(passed.is_empty(), "{passed:?}");
}
