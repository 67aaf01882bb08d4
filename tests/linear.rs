//! The work must grow in proportion to the input: if a server sends four times as much, the processor time is about
//! four times as long, not sixteen times. Each test compares two sizes of the same input. It measures the processor
//! time of its own thread and uses the best of several runs, so other load on the machine has no effect. These tests
//! fail if, for example, code searches the entire session for each event.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::hint::black_box;
use std::time::Duration;

use crate::support::replay::play_text;
use smtpcheck::commands::explain::{ExplainForm, stream};
use smtpcheck::evidence::EventKind;
use smtpcheck::explain::ExplainContext;
use smtpcheck::render::{Display, FORMATS, Verbosity};
use smtpcheck::report::{
    CheckOutcome, CheckResult, Difference, FilePosition, NoExpectations, Report, Run, RunSource, Saved,
};

/// How much larger the larger input is.
const GROWTH: usize = 4;
/// The limit for the ratio of the times. Linear work has a ratio of 4, quadratic work of 16. The limit is in between,
/// to allow for effects of caches and allocators.
const MAX_RATIO: f64 = 9.0;

fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap())
}

fn cost(work: &mut dyn FnMut()) -> f64 {
    let once = |work: &mut dyn FnMut()| {
        let before = processor_time();
        work();
        (processor_time() - before).as_secs_f64()
    };
    // The first run also loads code and tables into memory.
    (0..4).map(|_| once(work)).fold(f64::INFINITY, f64::min)
}

/// `prepare` creates an input of the given size and returns the function to measure.
#[track_caller]
fn is_in_proportion(what: &str, small: usize, prepare: impl Fn(usize) -> Box<dyn FnMut()>) {
    let [less, more] = [small, small * GROWTH].map(|size| cost(&mut *prepare(size)));
    let growth = more / less;
    assert!(
        growth < MAX_RATIO,
        "{what}: {GROWTH} times as much costs {growth:.1} times as much ({less:.4} s, {more:.4} s)"
    );
}

/// A session whose server answers `count` recipients. `reply` creates each reply from its number.
fn session(count: usize, reply: impl Fn(usize) -> String) -> String {
    let to: Vec<String> = (0..count).map(|at| format!("\"--to\", \"r{at}@example.net\"")).collect();
    let commands: String = (0..count).map(|at| format!("C: RCPT TO:<r{at}@example.net>\n{}", reply(at))).collect();
    format!(
        "summary = 'x'\nargs = [\"mx.example.net:25\", \"--tls\", \"none\", \"--from\", \"a@example.org\", {}]\nexpect = []\nexit = 5\n\
         [[session]]\ndialogue = \"\"\"\nS: 220 mx.example.net ESMTP\nC: EHLO client.example.org\nS: 250 mx.example.net\n\
         C: MAIL FROM:<a@example.org>\nS: 250 ok\n{commands}C: RSET\nS: 250 ok\nC: QUIT\nS: 221 bye\n\"\"\"\n",
        to.join(", ")
    )
}

fn played(text: &str) -> Report {
    let played = play_text("linear".to_owned(), text);
    assert!(played.problems.is_empty(), "{:?}", played.problems.first());
    played.report
}

/// Measures how long it takes to judge the report and to render it in every format.
#[track_caller]
fn report_is_in_proportion(what: &str, small: usize, report: impl Fn(usize) -> Report) {
    is_in_proportion(&format!("judging {what}"), small, |size| {
        let report = report(size);
        Box::new(move || drop(black_box(report.clone().judged_again(&NoExpectations))))
    });
    for format in FORMATS {
        is_in_proportion(&format!("{} of {what}", format.name), small, |size| {
            let run = Run::of(report(size));
            let look = Display { volume: Verbosity::Verbose, ..Display::plain() };
            Box::new(move || drop(black_box((format.render)(&run, &look))))
        });
    }
}

#[test]
fn recipients_rejected_with_different_texts() {
    let texts =
        ["User unknown", "Mailbox full", "Relay access denied", "blocked by policy", "no such domain", "try later"];
    let report = |count: usize| {
        played(&session(count, |at| {
            format!("S: {} 5.{}.{} <r{at}@example.net>: {} ({at})\n", 550 + at % 5, at % 8, at % 10, texts[at % 6])
        }))
    };
    assert!(report(50).findings.len() > 5);
    report_is_in_proportion("rejections", 60, report);
    // From the arguments to the report: the session, and the decisions about follow-up probes after each event.
    is_in_proportion("a session with rejections", 60, |count| {
        let text = session(count, |at| format!("S: 550 5.1.{} no such user {at}\n", at % 10));
        Box::new(move || drop(black_box(played(&text))))
    });
}

#[test]
fn replies_with_many_lines() {
    let lines = |at: usize, count: usize| -> String {
        (0..count).map(|line| format!("S: 550-line {line} of {at}\n")).chain(["S: 550 end\n".to_owned()]).collect()
    };
    report_is_in_proportion("lines", 60, |count| played(&session(4, |at| lines(at, count))));
}

#[test]
fn events_of_every_kind() {
    // Unsolicited data, connection attempts and irregular replies, many of each in one session.
    report_is_in_proportion("events", 60, |count| {
        let mut report = played(&session(2, |_| "S: 550 no\n".to_owned()));
        let known = report.evidence.transcript.clone();
        for at in 0..count {
            for event in &known {
                let mut what = event.what.clone();
                if let EventKind::Received { reply, .. } = &mut what {
                    reply.text.iter_mut().for_each(|text| text.push_str(&at.to_string()));
                }
                report.evidence.happened(event.at_ms, event.probe, event.phase, event.tls, what);
                let text = format!("stray {at}");
                let stray = EventKind::Stray { bytes: text.len(), text };
                report.evidence.happened(event.at_ms, event.probe, event.phase, event.tls, stray);
            }
        }
        report
    });
}

#[test]
fn certificates_with_many_names() {
    let quoted = |count: usize| (0..count).map(|at| format!("\"n{at}.example.com\"")).collect::<Vec<_>>().join(", ");
    report_is_in_proportion("names", 100, |count| {
        let handshake = format!("[session.handshake]\ntrust = \"trusted\"\nnames = [{}]\n", quoted(count));
        played(&format!(
            "summary = 'x'\nargs = [\"smtps://mx.example.net\"]\nexpect = []\nexit = 6\n[[session]]\ndialogue = \"\"\"\nTLS\n\
             S: 220 mx.example.net ESMTP\nC: EHLO client.example.org\nS: 250 mx.example.net\nC: QUIT\nS: 221 bye\n\"\"\"\n{handshake}"
        ))
    });
}

/// A run of `count` checks. Half of them have the same name.
fn run(count: usize) -> Run {
    let report = played(&session(1, |_| "S: 550 no\n".to_owned()));
    let case = |at: usize| CheckResult {
        name: if at.is_multiple_of(2) { "the same".to_owned() } else { format!("check {at}") },
        place: Some(FilePosition { line: at + 1, column: 1 }),
        outcome: CheckOutcome::Checked { report: Box::new(report.clone()), earlier: Vec::new() },
    };
    Run::new(RunSource::Suite("suite.toml".into()), (0..count).map(case).collect())
}

#[test]
fn runs_with_many_checks() {
    for format in FORMATS {
        is_in_proportion(&format!("{} of a run", format.name), 25, |count| {
            let run = run(count);
            Box::new(move || drop(black_box((format.render)(&run, &Display::plain()))))
        });
    }
    is_in_proportion("a difference", 50, |count| {
        let (before, after) = (run(count), run(count));
        Box::new(move || drop(black_box(Difference::new(&before, &after))))
    });
    is_in_proportion("reading a saved run", 25, |count| {
        let text = (smtpcheck::render::format("json").unwrap().render)(&run(count), &Display::plain());
        Box::new(move || assert_eq!(Saved::read(&text, &|_| None).unwrap().run.cases.len(), count))
    });
}

#[test]
fn logs_with_many_lines() {
    let explained = |text: String| -> Box<dyn FnMut()> {
        Box::new(move || {
            for form in [ExplainForm::Text, ExplainForm::Json] {
                let mut input = text.as_bytes();
                let extent = stream(&mut input, std::io::sink(), &ExplainContext::default(), (form, &Display::plain()));
                assert!(extent.unwrap().lines > 0);
            }
        })
    };
    is_in_proportion("distinct replies", 300, |count| {
        explained((0..count).map(|at| format!("550 5.1.1 <u{at}@example.net>: User unknown {at}\n")).collect())
    });
    is_in_proportion("lines of one reply", 2000, |count| {
        explained((0..count).map(|at| format!("550-line {at}\n")).collect::<String>() + "550 end\n")
    });
    is_in_proportion("a long line", 1000, |count| explained("550 5.1.1 said: ".repeat(count)));
    is_in_proportion("sessions of Exchange side by side", 300, |count| {
        let line = |at: usize, what: &str| format!("2026-11-28T01:00:00Z,c,{at:016X},1,1.2.3.4:1,5.6.7.8:25,{what},\n");
        let sent = (0..count).map(|at| line(at, &format!(">,RCPT TO:<u{at}@example.net>")));
        explained(sent.chain((0..count).map(|at| line(at, "<,550 5.1.1 User unknown"))).collect())
    });
}
