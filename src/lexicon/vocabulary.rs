//! Ordinary words in replies: the words in the literals and examples of the phrases. An ordinary word may be shown even
//! if it is part of the password. The explanations in the lexicon do not count, because servers never send them.

use std::ops::Range;

use super::phrases;
use super::pool::{List, Text};

include!(concat!(env!("OUT_DIR"), "/lexicon/vocabulary.rs"));

/// The text of successful replies, which phrases do not cover, and common words of other replies.
const REPLIES: [&str; 5] = [
    "ready ESMTP service at your command pleased to meet you hello accepts mail from over ok queued",
    "go ahead authentication successful accepted sender recipient flushed reset state",
    "closing connection channel goodbye bye see you later thank good day welcome",
    "PIPELINING SIZE STARTTLS AUTH PLAIN LOGIN CHUNKING HELP",
    "able blocking called days default delay delays denies direct disagree each end few files further got how into keys least less listing look matches mean moment notice passwords perhaps primary probation profile questions quit quote report result retries reused setting several side standard stops tell them tools unless usual warning way what",
];

/// Whether a word, given in lower case, is an ordinary word.
pub(crate) fn is_known(word: &str) -> bool {
    let is_in_reply =
        || REPLIES.iter().flat_map(|reply| reply.split(' ')).any(|known| known.eq_ignore_ascii_case(word));
    WORDS.binary_search_by(|known| known.as_str().cmp(word)).is_ok() || is_in_reply()
}

/// The ranges of known multi-word phrases in the text.
pub(crate) fn phrases(text: &str) -> Vec<Range<usize>> {
    phrases::places(&text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{is_known, phrases};

    #[test]
    fn common_words_are_known_and_other_words_are_not() {
        assert!(is_known("authentication") && is_known("server") && is_known("mailbox"));
        assert!(!is_known("correcthorsebattery") && !is_known("c4nary"));
    }

    #[test]
    fn a_known_phrase_is_found() {
        let text = "Error: Authentication Failed: bad";
        assert!(
            phrases(text).iter().any(|range| text.get(range.clone()) == Some("Authentication Failed")),
            "{:?}",
            phrases(text)
        );
        assert!(phrases("authentication").is_empty());
    }
}
