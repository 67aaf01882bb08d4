//! Error messages of mail programs, mail libraries, TLS libraries and operating systems. If no server replied, or if
//! the program does not show the reply, such a message is all that a user has.
//!
//! An entry matches if its literals match (see [`super::literals`]). If several entries match, the one with the most
//! matching characters is used. A `generic` entry reports only that something failed, so any other entry has priority,
//! and a less vague one has priority over a vaguer one.
//! Some programs report their own failure in the form of a reply (Exchange: `450 4.4.316 Connection refused`). An entry
//! for such a message is marked `instead_of_reply`, because reading it as a reply would blame the wrong server. An
//! entry contains the rule that a check would report for the same fault; it has none if the program failed before it
//! contacted a mail server (a missing setting, a faulty template), because no check can find such a fault.
//!
//! Replies are read by [`super::phrases`]. Read next: `data/errors-programs.toml`, whose header describes the keys.

use std::cmp::Reverse;

use super::literals::{EntryLiterals, Filed, Filing, LiteralIndex, Numbers};
use super::meaning::Confidence;
use super::pool::{FixRow, List, Text};

include!(concat!(env!("OUT_DIR"), "/lexicon/program_errors.rs"));

/// One error message.
#[derive(Debug)]
pub(crate) struct ProgramError {
    /// The public id, in kebab-case. It is never reused.
    pub id: Text,
    /// The rule that a check reports for this fault; none for a fault that is not one of a mail server or its network.
    pub rule: Option<Text>,
    /// Whether the message reports a failure without details, so a neighbouring line may contain the reason.
    pub generic: bool,
    /// How vague a generic message is: 0 if it names a fault, 1 if it shows only the phase, 2 if it shows only that
    /// there was no session.
    pub vagueness: u8,
    /// Whether the message looks like a reply but was not sent by a server, so it must not be read as a reply.
    pub instead_of_reply: bool,
    /// Strings that match only if they are the entire input.
    alone: List<Text>,
    literals: EntryLiterals,
    /// How certain the meaning is.
    pub confidence: Confidence,
    /// The explanation for the user.
    pub means: Text,
    /// Another possible meaning; required unless the meaning is certain.
    pub otherwise: Option<Text>,
    /// Fixes for the user, most useful first.
    pub fix: List<FixRow>,
    /// The source of the message.
    pub source: Text,
}

impl ProgramError {
    /// Whether it requires this literal.
    pub(crate) fn all_begin_with(&self, start: &str) -> bool {
        INDEX.texts(self.literals.all).any(|literal| literal.starts_with(start))
    }
}

/// The error message in text prepared by [`super::normal`].
pub(crate) fn find(text: &str) -> Option<&'static ProgramError> {
    find_where(text, |_| true)
}

/// The error message in text that looks like a reply but is not one; the text is prepared by [`super::normal`].
pub(crate) fn find_instead_of_reply(text: &str) -> Option<&'static ProgramError> {
    find_where(text, |error| error.instead_of_reply)
}

fn find_where(text: &str, fits: impl Fn(&ProgramError) -> bool) -> Option<&'static ProgramError> {
    if let Some(error) = alone(text).filter(|error| fits(error)) {
        return Some(error);
    }
    let hits = INDEX.hits(text);
    let found = INDEX.candidates(&hits).filter_map(|at| {
        let error = ERRORS.get(at).filter(|error| fits(error))?;
        let score = INDEX.score(error.literals, &hits)?;
        Some(((error.generic, error.vagueness, Reverse(score), at), error))
    });
    found.min_by_key(|(key, _)| *key).map(|(_, error)| error)
}

/// The error message that matches only the entire text.
fn alone(text: &str) -> Option<&'static ProgramError> {
    ERRORS.iter().find(|error| error.alone.iter().any(|one| one.eq_ignore_ascii_case(text)))
}

/// Whether a line is an error message only if it is the entire input. Scripts in a log contain the same words.
pub(crate) fn is_alone(line: &str) -> bool {
    line.len() < 100 && alone(line.trim()).is_some()
}

/// Whether a line may contain an error message: it contains a literal that an entry requires, ignoring ASCII case.
pub(crate) fn may_be_in(line: &[u8]) -> bool {
    INDEX.leads(line)
}

/// All error messages.
#[cfg(test)]
pub(crate) fn all() -> &'static [ProgramError] {
    &ERRORS
}

#[cfg(test)]
mod tests {
    use super::{INDEX, ProgramError, all, find, may_be_in};
    use crate::lexicon::entries::ErrorEntry;
    use crate::lexicon::{Confidence, entries, normal};

    fn rows() -> impl Iterator<Item = (&'static ProgramError, &'static ErrorEntry)> {
        all().iter().zip(entries().errors())
    }

    fn matches(error: &ProgramError, text: &str) -> bool {
        INDEX.score(error.literals, &INDEX.hits(&normal(text))).is_some()
    }

    #[test]
    fn every_example_is_read_by_an_entry_with_the_same_rule() {
        let mut wrong = Vec::new();
        for (error, entry) in rows() {
            for example in &entry.matches {
                let best = find(&normal(example));
                let is_alone = error.alone.iter().any(|one| *one == normal(example));
                if !is_alone && !matches(error, example) {
                    wrong.push(format!("{} does not match {example:?}", error.id));
                } else if best.is_none_or(|best| best.rule != error.rule) {
                    wrong.push(format!("{example:?} of {} is read as {:?}", error.id, best.map(|best| best.id)));
                }
            }
            for example in entry.differs.iter().filter(|example| matches(error, example)) {
                wrong.push(format!("{} matches {example:?}", error.id));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_index_finds_the_same_literals_as_a_search_for_each() {
        let examples = rows().flat_map(|(_, entry)| entry.matches.iter().chain(&entry.differs));
        INDEX.agrees_with_a_search_for_each_literal(examples.map(|example| normal(example)));
    }

    #[test]
    fn a_line_may_contain_an_error_if_a_needed_literal_is_in_it_in_any_case() {
        for (error, entry) in rows() {
            for example in entry.matches.iter().map(|example| normal(example)) {
                assert!(may_be_in(example.as_bytes()), "{example:?} of {}", error.id);
                assert!(may_be_in(example.to_ascii_uppercase().as_bytes()), "{example:?} of {}", error.id);
            }
        }
        for line in [b"" as &[u8], b"250", b"250 2.0.0 Ok: queued", b"\xff\xfe\xfd\xfc\xfb"] {
            assert!(!may_be_in(line), "{line:?}");
        }
    }

    #[test]
    fn an_error_that_is_generic_is_not_certain_and_not_in_the_form_of_a_reply() {
        for error in all() {
            assert!(!(error.generic && error.confidence == Confidence::Certain), "{}", error.id);
            assert!(!(error.generic && error.instead_of_reply), "{}", error.id);
            assert!(error.generic || error.vagueness == 0, "{}", error.id);
        }
    }

    #[test]
    fn strings_for_the_entire_input_are_in_normal_form() {
        for literal in all().iter().flat_map(|error| error.alone.iter()) {
            assert_eq!(literal.trim(), normal(literal));
        }
    }
}
