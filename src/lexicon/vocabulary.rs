//! Words that are ordinary in replies: those of the phrases' literals and examples. It decides whether a word can be shown
//! although it repeats a part of the password; the sentences of the lexicon, which servers never see, do not count.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use super::phrases;

static WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let texts = phrases::server_texts().chain(REPLIES.iter().copied());
    texts.flat_map(|text| text.split(|c: char| !c.is_alphabetic())).map(str::to_lowercase).collect()
});

/// What servers send if nothing is wrong, which is not the subject of a phrase, and common words of other replies.
const REPLIES: [&str; 5] = [
    "ready ESMTP service at your command pleased to meet you hello accepts mail from over ok queued",
    "go ahead authentication successful accepted sender recipient flushed reset state",
    "closing connection channel goodbye bye see you later thank good day welcome",
    "PIPELINING SIZE STARTTLS AUTH PLAIN LOGIN CHUNKING HELP",
    "able blocking called days default delay delays denies direct disagree each end few files further got how into keys least less listing look matches mean moment notice passwords perhaps primary probation profile questions quit quote report result retries reused setting several side standard stops tell them tools unless usual warning way what",
];

/// Whether a word, in lower case, is an ordinary one.
pub(crate) fn is_known(word: &str) -> bool {
    WORDS.contains(word)
}

/// Where a text has a known phrase of several words.
pub(crate) fn phrases(text: &str) -> Vec<Range<usize>> {
    phrases::places(&text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{is_known, phrases};

    #[test]
    fn words_of_replies_are_known_and_names_are_not() {
        assert!(is_known("authentication") && is_known("server") && is_known("mailbox"));
        assert!(!is_known("correcthorsebattery") && !is_known("c4nary"));
    }

    #[test]
    fn a_known_phrase_has_its_place() {
        let text = "Error: Authentication Failed: bad";
        assert!(
            phrases(text).iter().any(|range| text.get(range.clone()) == Some("Authentication Failed")),
            "{:?}",
            phrases(text)
        );
        assert!(phrases("authentication").is_empty());
    }
}
