//! Servers that send wrong replies: an extra reply, a missing one, the reply to another command, or contradictory
//! replies, in each phase. Whatever they do, the check never ends with exit code 0, and no finding contradicts what the
//! server actually decided.
//!
//! The server below makes consistent decisions about the login and the recipient. Each test adds one wrong reply to its
//! sessions.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use crate::support::replay::{Sends, Server, check_with};
use smtpcheck::check::Finding;
use smtpcheck::evidence::EventKind;
use smtpcheck::lexicon::Confidence;
use smtpcheck::report::Report;

/// What the server actually decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    AcceptsAll,
    RejectsRecipient,
    RejectsLogin,
}

/// The phase of the wrong reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Greeting,
    Ehlo,
    Starttls,
    EhloTls,
    Auth,
    Mail,
    Rcpt,
    Rset,
}

const DECIDING: [Phase; 7] =
    [Phase::Greeting, Phase::Ehlo, Phase::Starttls, Phase::EhloTls, Phase::Auth, Phase::Mail, Phase::Rcpt];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    None,
    /// An extra reply in the same segment.
    Together(&'static str),
    /// An extra reply a moment later.
    Late(&'static str),
    /// This reply instead of the correct one.
    Instead(&'static str),
    /// No reply at all.
    Swallow,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    truth: Truth,
    at: Phase,
    lie: Lie,
    pipelining: bool,
}

struct LyingServer {
    case: Case,
    tls: bool,
    logged_in: bool,
    recipients: usize,
}

impl LyingServer {
    fn honest(&mut self, command: &str) -> (Phase, String) {
        let extensions = match (self.case.pipelining, self.tls) {
            (true, true) => "250-PIPELINING\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n",
            (false, true) => "250-AUTH PLAIN\r\n250 8BITMIME\r\n",
            (_, false) => "250-STARTTLS\r\n250 8BITMIME\r\n",
        };
        let word = command.split([' ', ':']).next().unwrap_or_default();
        match word {
            "" => (Phase::Greeting, "220 mx.example.net ESMTP\r\n".to_owned()),
            "EHLO" => {
                let phase = if self.tls { Phase::EhloTls } else { Phase::Ehlo };
                (phase, format!("250-mx.example.net\r\n{extensions}"))
            }
            "STARTTLS" => {
                self.tls = true;
                (Phase::Starttls, "220 2.0.0 Ready to start TLS\r\n".to_owned())
            }
            "AUTH" if self.case.truth == Truth::RejectsLogin => {
                (Phase::Auth, "535 5.7.8 Authentication credentials invalid\r\n".to_owned())
            }
            "AUTH" => {
                self.logged_in = true;
                (Phase::Auth, "235 2.7.0 Authentication successful\r\n".to_owned())
            }
            "MAIL" if !self.logged_in => (Phase::Mail, "530 5.7.0 Authentication required\r\n".to_owned()),
            "MAIL" => (Phase::Mail, "250 2.1.0 Ok\r\n".to_owned()),
            "RCPT" if !self.logged_in => (Phase::Rcpt, "503 5.5.1 MAIL first\r\n".to_owned()),
            "RCPT" if self.case.truth == Truth::RejectsRecipient => {
                (Phase::Rcpt, "550 5.1.1 No such user here\r\n".to_owned())
            }
            "RCPT" => (Phase::Rcpt, "250 2.1.5 Ok\r\n".to_owned()),
            "RSET" => (Phase::Rset, "250 2.0.0 Ok\r\n".to_owned()),
            "QUIT" => (Phase::Rset, "221 2.0.0 Bye\r\n".to_owned()),
            other => panic!("the server does not support {other}"),
        }
    }
}

impl Server for LyingServer {
    fn reply(&mut self, command: &str) -> Sends {
        let was_tls = self.tls;
        let (phase, now) = self.honest(command);
        self.recipients += usize::from(phase == Phase::Rcpt);
        if phase != self.case.at || command == "QUIT" || (phase == Phase::Rcpt && self.recipients > 1) {
            return Sends { now, late: String::new() };
        }
        match self.case.lie {
            Lie::None => Sends { now, late: String::new() },
            Lie::Together(extra) => Sends { now: format!("{now}{extra}\r\n"), late: String::new() },
            Lie::Late(extra) => Sends { now, late: format!("{extra}\r\n") },
            Lie::Instead(reply) => {
                self.tls = was_tls;
                Sends { now: format!("{reply}\r\n"), late: String::new() }
            }
            Lie::Swallow => Sends::default(),
        }
    }
}

const ARGS: &[&str] = &[
    "mx.example.net:587",
    "--user",
    "ann@example.net",
    "--from",
    "ann@example.net",
    "--to",
    "one@example.org",
    "--to",
    "two@example.org",
];

fn run(case: Case) -> Report {
    check_with(ARGS, &|| Box::new(LyingServer { case, tls: false, logged_in: false, recipients: 0 }))
}

/// Whether the finding states something that the server did not decide.
fn contradicts(truth: Truth, finding: &Finding) -> bool {
    let rule: &str = &finding.rule;
    let begins = |words: &[&str]| words.iter().any(|word| rule.starts_with(word));
    let of_login = begins(&["auth-credentials", "auth-refused", "auth-not-offered", "auth-temporary", "auth-required"]);
    let of_recipient = begins(&["recipient-", "mailbox-", "domain-unknown", "relay-", "no-mail"]);
    let of_sender = begins(&["sender-"]);
    let of_way = begins(&["starttls-not", "starttls-refused", "starttls-stripped", "ehlo-", "greeting-"]);
    match truth {
        Truth::AcceptsAll => of_login || of_recipient || of_sender || of_way,
        Truth::RejectsRecipient => of_login || of_sender || of_way,
        Truth::RejectsLogin => of_recipient || of_sender || of_way,
    }
}

fn describe(report: &Report) -> String {
    let findings: Vec<String> = report
        .findings
        .iter()
        .map(|finding| format!("{} ({:?}, {}): {}", finding.rule, finding.confidence, finding.phase, finding.summary))
        .collect();
    let lines = report.evidence.transcript.iter().filter_map(|event| match &event.what {
        EventKind::Sent { text, .. } => Some(format!("C: {text}")),
        EventKind::Received { reply, .. } => Some(format!("S: {}", reply.lines().join(" / "))),
        EventKind::Stray { text, .. } => Some(format!("S? {}", text.trim_end().replace("\r\n", " / "))),
        _ => None,
    });
    format!("exit {} {findings:#?}\n{}", report.exit.code(), lines.collect::<Vec<_>>().join("\n"))
}

fn every_truth(cases: &mut Vec<Case>, at: Phase, lie: Lie) {
    for truth in [Truth::AcceptsAll, Truth::RejectsRecipient, Truth::RejectsLogin] {
        for pipelining in [true, false] {
            cases.push(Case { truth, at, lie, pipelining });
        }
    }
}

const EXTRAS: [&str; 8] = [
    "250 2.0.0 Ok",
    "250-mx.example.net\r\n250 SIZE 1000",
    "220 proxy.example.net ESMTP",
    "221 2.0.0 Bye",
    "235 2.7.0 Authentication successful",
    "354 Go ahead",
    "451 4.7.1 Greylisted",
    "550 5.1.1 No such user here",
];

#[test]
fn a_consistent_server_is_judged_by_what_it_decides() {
    for (truth, code) in [(Truth::AcceptsAll, 0), (Truth::RejectsRecipient, 5), (Truth::RejectsLogin, 7)] {
        for pipelining in [true, false] {
            let report = run(Case { truth, at: Phase::Mail, lie: Lie::None, pipelining });
            assert_eq!(report.exit.code(), code, "{truth:?}: {}", describe(&report));
            assert_eq!(report.evidence.connections(), 1, "{truth:?}");
        }
    }
}

#[test]
fn an_extra_reply_is_never_a_success_and_no_finding_contradicts_the_server() {
    let mut cases = Vec::new();
    for at in DECIDING {
        for extra in EXTRAS {
            // After the 220 reply to STARTTLS this is an injection, which has its own tests.
            every_truth(&mut cases, at, Lie::Together(extra));
            if at != Phase::Starttls {
                every_truth(&mut cases, at, Lie::Late(extra));
            }
        }
    }
    // An extra 221 after all decisions looks like the reply to QUIT, so it has no effect.
    for extra in EXTRAS.into_iter().filter(|extra| !extra.starts_with("221")) {
        every_truth(&mut cases, Phase::Rset, Lie::Late(extra));
    }
    let mut wrong = Vec::new();
    for case in &cases {
        let report = run(*case);
        let lies = report.findings.iter().any(|finding| contradicts(case.truth, finding));
        if report.exit.code() == 0 || lies {
            wrong.push(format!("{case:?}: {}", describe(&report)));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} wrong\n{}",
        wrong.len(),
        cases.len(),
        wrong.iter().step_by(wrong.len().div_ceil(6)).take(6).cloned().collect::<Vec<_>>().join("\n\n")
    );
}

#[test]
fn a_reply_that_does_not_mean_success_for_its_command_is_never_a_success() {
    let table: &[(Phase, &[&str])] = &[
        (Phase::Greeting, &["211 mx", "221 mx", "250 mx", "299 mx", "354 mx", "554-no\r\n220 mx", "120 mx"]),
        (Phase::Ehlo, &["220 mx", "221 mx", "235 mx", "299 mx", "250-mx\r\n550 no", "550-no\r\n250 mx", "334 mx"]),
        (Phase::Starttls, &["250 ok", "221 ok", "235 ok", "299 ok", "220 4.7.0 no", "220-ok\r\n454 no", "334 ok"]),
        (Phase::EhloTls, &["220 mx", "221 mx", "235 mx", "299 mx", "250-mx\r\n550 no", "550-no\r\n250 mx"]),
        (
            Phase::Auth,
            &[
                "200 ok",
                "220 ok",
                "221 ok",
                "250 ok",
                "251 ok",
                "299 ok",
                "354 ok",
                "235 5.7.8 no",
                "235-ok\r\n535 no",
                "535-no\r\n235 ok",
            ],
        ),
        (
            Phase::Mail,
            &[
                "200 ok",
                "220 ok",
                "221 ok",
                "235 ok",
                "251 ok",
                "252 ok",
                "299 ok",
                "354 ok",
                "250 5.1.0 no",
                "250-ok\r\n550 no",
                "550-no\r\n250 ok",
            ],
        ),
        (
            Phase::Rcpt,
            &[
                "200 ok",
                "220 ok",
                "221 ok",
                "235 ok",
                "299 ok",
                "354 ok",
                "250 5.1.1 no",
                "250 4.2.0 no",
                "250-ok\r\n550 no",
                "550-no\r\n250 ok",
                "550 2.1.5 ok",
            ],
        ),
    ];
    for (at, replies) in table {
        for reply in *replies {
            for pipelining in [true, false] {
                let report = run(Case { truth: Truth::AcceptsAll, at: *at, lie: Lie::Instead(reply), pipelining });
                assert_eq!(report.exit.code(), 8, "{reply:?} at {at:?}: {}", describe(&report));
                let lies = report.findings.iter().any(|finding| {
                    finding.confidence == Confidence::Certain && contradicts(Truth::AcceptsAll, finding)
                });
                assert!(!lies, "{reply:?} at {at:?}: {}", describe(&report));
            }
        }
    }
}

#[test]
fn a_recipient_whose_reply_is_lost_in_a_pipelined_flight_is_tested_alone() {
    let of = |truth| {
        let sessions = std::cell::Cell::new(0);
        check_with(ARGS, &|| {
            sessions.set(sessions.get() + 1);
            // In the second session the client sends one command at a time, so no reply is lost.
            let lie = if sessions.get() == 1 { Lie::Swallow } else { Lie::None };
            let case = Case { truth, at: Phase::Rcpt, lie, pipelining: true };
            Box::new(LyingServer { case, tls: false, logged_in: false, recipients: 0 })
        })
    };
    let report = of(Truth::AcceptsAll);
    assert_eq!(report.exit.code(), 8, "{}", describe(&report));
    assert!(!report.findings.iter().any(|finding| contradicts(Truth::AcceptsAll, finding)), "{}", describe(&report));
    let report = of(Truth::RejectsRecipient);
    assert_eq!(report.exit.code(), 5, "{}", describe(&report));
    assert!(report.findings.iter().any(|finding| finding.rule == "recipient-unknown"), "{}", describe(&report));
}

#[test]
fn an_error_hidden_by_a_late_reply_is_found_by_a_session_without_pipelining() {
    let case =
        Case { truth: Truth::RejectsRecipient, at: Phase::EhloTls, lie: Lie::Late("250 2.0.0 Ok"), pipelining: true };
    let report = run(case);
    assert_eq!(report.exit.code(), 8, "{}", describe(&report));
    let rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_ref()).collect();
    assert!(rules.starts_with(&["session-out-of-step"]), "{}", describe(&report));
    assert!(rules.contains(&"recipient-unknown"), "{}", describe(&report));
    let phases = smtpcheck::report::phases(&report.plan, &report.evidence);
    let unknown = phases.iter().filter(|phase| phase.status == smtpcheck::report::PhaseStatus::Unknown).count();
    assert!(unknown > 0, "{phases:?}");
}

/// A second failed login could lock the account.
#[test]
fn a_rejected_login_is_not_repeated() {
    for extra in ["235 2.7.0 Authentication successful", "250 2.0.0 Ok"] {
        let case = Case { truth: Truth::RejectsLogin, at: Phase::EhloTls, lie: Lie::Late(extra), pipelining: true };
        let report = run(case);
        let logins = report
            .evidence
            .transcript
            .iter()
            .filter(|event| matches!(&event.what, EventKind::Sent { text, .. } if text.starts_with("AUTH ")));
        assert_eq!(report.exit.code(), 8, "{}", describe(&report));
        assert!(logins.count() <= 2, "{}", describe(&report));
    }
}
