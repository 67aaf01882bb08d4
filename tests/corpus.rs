//! How well replies are read that the lexicon was not written from: real ones, from logs, bounces and servers' sources,
//! with the category that a careful reader gives them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use serde::Deserialize;
use smtpcheck::lexicon::logline::Finder;
use smtpcheck::lexicon::{self, Confidence, Context, Step};
use smtpcheck::wire::reply;

#[derive(Deserialize)]
struct Corpus {
    reply: Vec<Entry>,
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
    stage: String,
    category: lexicon::Cause,
    #[serde(default)]
    also: Vec<lexicon::Cause>,
}

fn corpus() -> Corpus {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/replies.toml");
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn nine_of_ten_unseen_replies_are_read_rightly_and_none_wrongly_with_certainty() {
    let (mut right, mut all, mut wrong, mut sure) = (0, 0, Vec::new(), Vec::new());
    for entry in corpus().reply {
        let context = Context { step: Step::parse(&entry.stage), ..Context::default() };
        let reading = reply::from_text(&entry.text).and_then(|reply| lexicon::read(&reply, &context));
        let expected: Vec<_> =
            std::iter::once(entry.category).chain(entry.also.iter().copied()).map(|cause| cause.category()).collect();
        all += 1;
        let told =
            |reading: &lexicon::Reading| format!("{:?} {:?} by {:?}", reading.cause, reading.confidence, reading.basis);
        match reading {
            Some(reading) if expected.contains(&reading.cause.category()) => right += 1,
            Some(reading) => {
                let line = format!(
                    "{} [{}] expected {:?}, read as {}",
                    entry.text,
                    entry.stage,
                    entry.category,
                    told(&reading)
                );
                if reading.confidence == Confidence::Certain {
                    sure.push(line.clone());
                }
                wrong.push(line);
            }
            None => wrong.push(format!("{} [{}] expected {:?}, not read", entry.text, entry.stage, entry.category)),
        }
    }
    assert!(
        sure.is_empty(),
        "{right} of {all} right; {} wrong with certainty:\n{}\n--\n{}",
        sure.len(),
        sure.join("\n"),
        wrong.join("\n")
    );
    assert!(right * 10 >= all * 9, "{right} of {all} right; wrong:\n{}", wrong.join("\n"));
}

fn cause(word: &str) -> lexicon::Cause {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).unwrap()
}

/// The first reply in a log line, with the step and nothing else known.
fn reading_of(text: &str) -> (Option<String>, Option<lexicon::Reading>) {
    let (mut finder, mut found) = (Finder::default(), Vec::new());
    for line in text.lines() {
        finder.push(line.as_bytes(), &mut |one| found.push(one));
    }
    finder.finish(&mut |one| found.push(one));
    let Some(first) = found.into_iter().next() else { return (None, None) };
    let context = Context { step: first.step, ..Context::default() };
    let reading = reply::from_text(&first.text).and_then(|reply| lexicon::read(&reply, &context));
    (Some(first.text), reading)
}

#[test]
fn nine_of_ten_logs_are_read_rightly() {
    let logs = corpus().log.into_iter().filter(|log| log.category != "none");
    let (mut right, mut all, mut wrong) = (0, 0, Vec::new());
    for log in logs {
        let expected: Vec<_> =
            std::iter::once(cause(&log.category)).chain(log.also.clone()).map(|cause| cause.category()).collect();
        let (text, reading) = reading_of(&log.text);
        all += 1;
        match &reading {
            Some(reading) if expected.contains(&reading.cause.category()) => right += 1,
            other => {
                let told = other.as_ref().map(|reading| (reading.cause, &reading.basis));
                wrong.push(format!("{}\n  expected {}, found {text:?}, read {told:?}", log.text, log.category));
            }
        }
    }
    assert!(right * 10 >= all * 9, "{right} of {all} right; wrong:\n{}", wrong.join("\n"));
}

#[test]
fn logs_without_a_reply_give_nothing() {
    for log in corpus().log.into_iter().filter(|log| log.category == "none") {
        assert_eq!(reading_of(&log.text).0, None, "{}", log.text);
    }
}
