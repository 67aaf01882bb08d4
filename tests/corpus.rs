//! How well replies are read that the lexicon was not written from: real ones, from logs, bounces and servers' sources,
//! with the category that a careful reader gives them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail loudly")]

use serde::Deserialize;
use smtpcheck::lexicon::{self, Confidence, Context, Step};
use smtpcheck::wire::reply;

#[derive(Deserialize)]
struct Corpus {
    reply: Vec<Entry>,
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
