//! How accurately smtpcheck classifies real replies. They come from logs, bounces and the source code of servers, and
//! their categories were assigned by hand.
//!
//! `unseen.toml` is only for measuring, so do not base a phrase on it. These files were measured once, and then used to
//! improve the phrases:
//!
//! - `replies.toml`: 269 of 323 replies were classified correctly;
//! - `abroad.toml`, with replies from small, old and foreign servers: 114 of 150;
//! - `remembered.toml`: 193 of 210;
//! - `collected.toml`: 532 of 611;
//! - `composed.toml`, with composed replies in nineteen languages: 324 of 401.
//!
//! `outside.toml` and `outside-later.toml` contain replies that others collected and labelled, from sources that had
//! not been used before. `kinds.toml` contains variants of replies that were classified wrongly. `gathered.toml`
//! contains replies from further sources, in batches; each batch was measured once before anything was changed with it.
//! `after-data.toml` contains replies that smtpcheck never receives itself, because it does not send a message.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use serde::Deserialize;
use smtpcheck::explain::log::Finder;
use smtpcheck::lexicon::{self, Confidence, Context, Reading, ReplyPhase};
use smtpcheck::wire::reply;

#[derive(Deserialize)]
struct Corpus {
    reply: Vec<Entry>,
    #[serde(default)]
    log: Vec<LogEntry>,
}

#[derive(Deserialize)]
struct LogEntry {
    text: String,
    category: String,
    #[serde(default)]
    also: Vec<lexicon::Cause>,
}

#[derive(Deserialize)]
struct Entry {
    text: String,
    #[serde(default)]
    phase: String,
    category: lexicon::Cause,
    #[serde(default)]
    also: Vec<lexicon::Cause>,
}

fn corpus(file: &str) -> Corpus {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(file);
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The files with replies that smtpcheck can receive.
const FILES: [&str; 10] = [
    "unseen.toml",
    "replies.toml",
    "abroad.toml",
    "remembered.toml",
    "collected.toml",
    "kinds.toml",
    "outside.toml",
    "outside-later.toml",
    "composed.toml",
    "gathered.toml",
];

/// Counts the correctly classified replies and all replies of a file. The first list contains the wrong
/// classifications, and the second contains those among them with confidence `certain`.
fn measure(file: &str) -> (usize, usize, Vec<String>, Vec<String>) {
    let corpus = corpus(file);
    let (mut right, mut all, mut wrong, mut sure) = (0, 0, Vec::new(), Vec::new());
    for entry in corpus.reply {
        let context = Context { step: ReplyPhase::parse(&entry.phase), ..Context::default() };
        let reading = reply::from_text(&entry.text).and_then(|reply| lexicon::read(&reply, &context));
        let expected = std::iter::once(&entry.category).chain(&entry.also).map(|cause| cause.category());
        all += 1;
        match reading {
            Some(reading) if expected.into_iter().any(|category| category == reading.cause.category()) => right += 1,
            Some(Reading { cause, confidence, basis, .. }) => {
                let line = format!("{} [{}] read as {cause:?} {confidence:?} by {basis:?}", entry.text, entry.phase);
                if confidence == Confidence::Certain {
                    sure.push(line.clone());
                }
                wrong.push(line);
            }
            None => wrong.push(format!("{} [{}] not read", entry.text, entry.phase)),
        }
    }
    (right, all, wrong, sure)
}

#[test]
fn nine_of_ten_unseen_replies_are_classified_correctly() {
    let (right, all, wrong, _) = measure("unseen.toml");
    assert!(right * 10 >= all * 9, "{right} of {all} right; wrong:\n{}", wrong.join("\n"));
}

#[test]
fn the_replies_used_to_improve_the_lexicon_are_still_classified_correctly() {
    let files = [
        ("replies.toml", 98),
        ("abroad.toml", 98),
        ("remembered.toml", 96),
        ("collected.toml", 96),
        ("kinds.toml", 98),
        ("outside.toml", 98),
        ("outside-later.toml", 98),
        ("composed.toml", 98),
        ("gathered.toml", 97),
    ];
    for (file, percent) in files {
        let (right, all, wrong, _) = measure(file);
        assert!(right * 100 >= all * percent, "{file}: {right} of {all} right; wrong:\n{}", wrong.join("\n"));
    }
}

/// Replies that a server sends only after the message, which a user can paste into `smtpcheck explain`.
#[test]
fn every_reply_sent_after_the_message_is_classified_correctly() {
    let (right, all, wrong, _) = measure("after-data.toml");
    assert_eq!(right, all, "wrong:\n{}", wrong.join("\n"));
}

#[test]
fn no_reply_is_wrong_with_confidence_certain() {
    for file in FILES {
        let (_, _, _, sure) = measure(file);
        assert!(sure.is_empty(), "{file}:\n{}", sure.join("\n"));
    }
}

/// What the confidence words promise: of 100 `certain` readings, at least 99 are correct; of 100 `likely` ones, at
/// least 90.
#[test]
fn confidence_is_calibrated() {
    let mut counts = [(Confidence::Certain, 99, 0, 0), (Confidence::Likely, 90, 0, 0)];
    for entry in FILES.into_iter().flat_map(|file| corpus(file).reply) {
        let context = Context { step: ReplyPhase::parse(&entry.phase), ..Context::default() };
        let Some(reading) = reply::from_text(&entry.text).and_then(|reply| lexicon::read(&reply, &context)) else {
            continue;
        };
        let expected = std::iter::once(&entry.category).chain(&entry.also).map(|cause| cause.category());
        let is_right = expected.into_iter().any(|category| category == reading.cause.category());
        for (_, _, right, all) in counts.iter_mut().filter(|(confidence, ..)| *confidence == reading.confidence) {
            *all += 1;
            *right += usize::from(is_right);
        }
    }
    for (confidence, percent, right, all) in counts {
        assert!(all > 100 && right * 100 >= all * percent, "{confidence:?}: {right} of {all} right");
    }
}

fn cause(word: &str) -> lexicon::Cause {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).unwrap()
}

/// The first reply in a log line and its classification. Only the phase is known.
fn reading_of(text: &str) -> (Option<String>, Option<lexicon::Reading>) {
    let (mut finder, mut found) = (Finder::default(), Vec::new());
    for line in text.lines() {
        finder.push(line.as_bytes(), &mut |one| found.push(one));
    }
    finder.finish(&mut |one| found.push(one));
    let Some(first) = found.into_iter().next() else { return (None, None) };
    let context = Context { step: first.phase, ..Context::default() };
    let reading = reply::from_text(&first.text).and_then(|reply| lexicon::read(&reply, &context));
    (Some(first.text), reading)
}

#[test]
fn nine_of_ten_logs_are_classified_correctly() {
    let logs = corpus("replies.toml").log.into_iter().filter(|log| log.category != "none");
    let (mut right, mut all, mut wrong) = (0, 0, Vec::new());
    for log in logs {
        let expected: Vec<_> =
            std::iter::once(cause(&log.category)).chain(log.also.clone()).map(|cause| cause.category()).collect();
        let (text, reading) = reading_of(&log.text);
        all += 1;
        match &reading {
            Some(reading) if expected.contains(&reading.cause.category()) => right += 1,
            other => {
                let reading = other.as_ref().map(|reading| (reading.cause, &reading.basis));
                wrong.push(format!(
                    "{}\n  expected {}, found {text:?}, classified as {reading:?}",
                    log.text, log.category
                ));
            }
        }
    }
    assert!(right * 10 >= all * 9, "{right} of {all} right; wrong:\n{}", wrong.join("\n"));
}

#[test]
fn logs_without_a_reply_have_no_classification() {
    for log in corpus("replies.toml").log.into_iter().filter(|log| log.category == "none") {
        assert_eq!(reading_of(&log.text).0, None, "{}", log.text);
    }
}
