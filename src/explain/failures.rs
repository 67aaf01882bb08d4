//! Finds the lines of a log that report a failure without quoting a reply, so that they are explained or at least counted.
//!
//! Promises: bounded; a line without a failure costs one pass of a byte search; a message that continues in lines that
//! begin with a space (bounces, nested exceptions) is one line.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::lexicon::program_errors;

/// Bytes of one message over several lines that are kept.
const MAX_HELD: usize = 8 * 1024;

/// Words with which programs report failures.
const WORDS: [&str; 22] = [
    "error",
    "fail",
    "refused",
    "timed out",
    "timeout",
    "denied",
    "deferred",
    "deferral",
    "bounced",
    "exception",
    "unable to",
    "cannot",
    "could not",
    "couldn't",
    "not trusted",
    "not verified",
    "rejected",
    "lost connection",
    "unreachable",
    "undeliver",
    "expired",
    "tempfail",
];

static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let search = AhoCorasick::builder().ascii_case_insensitive(true).build(WORDS);
    search.unwrap_or_else(|error| unreachable!("a few short literals: {error}"))
});

/// A line that may report a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureLine {
    /// Its number in the input, from 1.
    pub number: u64,
    /// Its text, with the lines that continue it.
    pub text: String,
    /// Whether a word in it reports a failure.
    pub is_failure: bool,
}

/// Reads lines one after the other.
#[derive(Debug, Default)]
pub(super) struct FailureLines {
    held: Option<FailureLine>,
}

impl FailureLines {
    /// Takes one line, and returns the message that it completes. A line that is a part of a reply is passed as empty.
    pub(super) fn push(&mut self, number: u64, line: &[u8]) -> Option<FailureLine> {
        if let Some(held) = &mut self.held
            && line.starts_with(b" ") | line.starts_with(b"\t")
        {
            if held.text.len() + line.len() < MAX_HELD {
                held.text.push('\n');
                held.text.push_str(String::from_utf8_lossy(line).trim_end());
                held.is_failure |= SEARCH.is_match(line);
            }
            return None;
        }
        let is_failure = SEARCH.is_match(line);
        let found = (is_failure || program_errors::may_be_in(line)).then(|| {
            let text = String::from_utf8_lossy(line.get(..MAX_HELD).unwrap_or(line)).trim_end().to_owned();
            FailureLine { number, text, is_failure }
        });
        std::mem::replace(&mut self.held, found)
    }

    /// The end of the input: returns the last message.
    pub(super) fn finish(&mut self) -> Option<FailureLine> {
        self.held.take()
    }
}

#[cfg(test)]
mod tests {
    use super::FailureLines;

    #[test]
    fn a_message_over_several_lines_is_one() {
        let (mut lines, mut found) = (FailureLines::default(), Vec::new());
        let log =
            "a good line\nException: Could not connect\n  nested exception is:\n\tConnectException: refused\ngood\n";
        for (number, line) in (1..).zip(log.lines()) {
            found.extend(lines.push(number, line.as_bytes()));
        }
        found.extend(lines.finish());
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((only.number, only.text.lines().count()), (2, 3));
    }
}
