//! Error messages of mail programs, mail libraries, TLS libraries and operating systems: what people have in hand when no
//! server has replied, or when their program does not show the reply.
//!
//! An entry holds when its literals do (see [`super::literals`]). Of several, the more specific one wins: more characters
//! of its literals are in the text. An entry that is `generic` only says that something failed, so any other entry wins.
//! Some programs write their own failure in the form of a reply (`450 4.4.316 Connection refused` of Exchange): an entry for
//! such a text is marked `instead_of_reply`, because reading it as a reply blames the wrong server.
//! Each entry names the rule that a check would report for the same fault.
//!
//! Does not: read replies, which [`super::phrases`] does. Read next: `data/errors-programs.toml`, whose header describes
//! the keys.

use std::cmp::Reverse;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Deserialize;

use super::embedded::embedded;
use super::literals::{LiteralIndex, Literals};
use super::meaning::{Confidence, Fix};

/// The files, in their order.
const FILES: [(&str, &str); 5] = [
    ("errors-languages.toml", include_str!("data/errors-languages.toml")),
    ("errors-mta.toml", include_str!("data/errors-mta.toml")),
    ("errors-network.toml", include_str!("data/errors-network.toml")),
    ("errors-programs.toml", include_str!("data/errors-programs.toml")),
    ("errors-tls.toml", include_str!("data/errors-tls.toml")),
];

static ERRORS: LazyLock<ProgramErrors> = LazyLock::new(ProgramErrors::load);

/// One error message.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct ProgramError {
    /// Public, kebab-case, never reused.
    pub id: String,
    /// The rule that a check reports for this fault.
    pub rule: String,
    /// Whether it says no more than that something failed, so that a neighbouring line may say more.
    #[serde(default)]
    pub generic: bool,
    /// How little a generic message says: 0 if it names a fault, 1 if only the phase, 2 if only that there was no session.
    #[serde(default)]
    pub vagueness: u8,
    /// Whether the message has the form of a reply that no server sent, so that it must not be read as one.
    #[serde(default)]
    pub instead_of_reply: bool,
    /// Texts that are this message if there is nothing else.
    #[serde(default)]
    alone: Vec<String>,
    #[serde(default)]
    all: Vec<String>,
    #[serde(default)]
    any: Vec<String>,
    #[serde(default)]
    none: Vec<String>,
    /// How certain the meaning is.
    pub confidence: Confidence,
    /// What it means, for people.
    pub means: String,
    /// What else it could mean; required unless it is certain.
    #[serde(rename = "else")]
    pub otherwise: Option<String>,
    /// What to do, most useful first.
    pub fix: Vec<Fix>,
    /// Where the message is known from.
    pub source: String,
    /// Messages that it matches.
    #[cfg(test)]
    matches: Vec<String>,
    /// Messages that look similar and that it does not match.
    #[cfg(test)]
    differs: Vec<String>,
}

#[derive(Deserialize)]
struct ErrorsFile {
    #[serde(default)]
    error: Vec<ProgramError>,
}

struct ProgramErrors {
    errors: Vec<ProgramError>,
    index: LiteralIndex,
}

impl ProgramErrors {
    fn load() -> ProgramErrors {
        let errors: Vec<ProgramError> =
            FILES.iter().flat_map(|(name, text)| embedded::<ErrorsFile>(name, text).error).collect();
        let index = LiteralIndex::new(errors.iter().map(|error| Literals {
            all: &error.all,
            any: &error.any,
            none: &error.none,
        }));
        ProgramErrors { errors, index }
    }
}

/// The error message in a text, which is prepared by [`super::normal`].
pub(crate) fn find(text: &str) -> Option<&'static ProgramError> {
    find_where(text, |_| true)
}

/// The error message in a text that looks like a reply and is not one; the text is prepared by [`super::normal`].
pub(crate) fn find_instead_of_reply(text: &str) -> Option<&'static ProgramError> {
    find_where(text, |error| error.instead_of_reply)
}

fn find_where(text: &str, fits: impl Fn(&ProgramError) -> bool) -> Option<&'static ProgramError> {
    let all: &'static ProgramErrors = &ERRORS;
    if let Some(error) = alone(text).filter(|error| fits(error)) {
        return Some(error);
    }
    let hits = all.index.hits(text);
    let found = all.index.candidates(&hits).filter_map(|at| {
        let (error, score) = (all.errors.get(at).filter(|error| fits(error))?, all.index.score(at, &hits)?);
        Some(((error.generic, Reverse(score), at), error))
    });
    found.min_by_key(|(key, _)| *key).map(|(_, error)| error)
}

/// The error message that is the whole text.
fn alone(text: &str) -> Option<&'static ProgramError> {
    ERRORS.errors.iter().find(|error| error.alone.iter().any(|one| one.eq_ignore_ascii_case(text)))
}

/// Whether a line is an error message only if nothing else is in the input: scripts in a log contain the same words.
pub(crate) fn is_alone(line: &str) -> bool {
    line.len() < 100 && alone(line.trim()).is_some()
}

/// Whether a line may contain an error message: a literal without which no entry holds is in it, in any case of ASCII.
pub(crate) fn may_be_in(line: &[u8]) -> bool {
    static SEARCH: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let search = AhoCorasick::builder().ascii_case_insensitive(true).build(ERRORS.index.leading());
        search.unwrap_or_else(|error| unreachable!("a few thousand short literals: {error}"))
    });
    SEARCH.is_match(line)
}

/// All error messages.
#[cfg(test)]
pub(crate) fn all() -> &'static [ProgramError] {
    &ERRORS.errors
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{ERRORS, all, find};
    use crate::lexicon::{Confidence, normal};

    fn matches(at: usize, text: &str) -> bool {
        let hits = ERRORS.index.hits(&normal(text));
        ERRORS.index.score(at, &hits).is_some()
    }

    #[test]
    fn ids_of_program_errors_are_unique() {
        let ids: HashSet<&str> = all().iter().map(|error| error.id.as_str()).collect();
        assert_eq!(ids.len(), all().len());
    }

    #[test]
    fn every_example_is_read_by_an_entry_with_the_same_rule() {
        let mut wrong = Vec::new();
        for (at, error) in all().iter().enumerate() {
            assert!(!error.matches.is_empty() && !error.differs.is_empty(), "{} lacks examples", error.id);
            for example in &error.matches {
                let best = find(&normal(example));
                let is_alone = error.alone.contains(&normal(example));
                if !is_alone && !matches(at, example) {
                    wrong.push(format!("{} does not match {example:?}", error.id));
                } else if best.is_none_or(|best| best.rule != error.rule) {
                    wrong.push(format!("{example:?} of {} is read as {:?}", error.id, best.map(|best| &best.id)));
                }
            }
            for example in error.differs.iter().filter(|example| matches(at, example)) {
                wrong.push(format!("{} matches {example:?}", error.id));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_program_error_that_is_not_certain_names_the_alternative_and_each_has_a_fix() {
        for error in all() {
            assert!(error.confidence == Confidence::Certain || error.otherwise.is_some(), "{}", error.id);
            assert!(!error.fix.is_empty(), "{}", error.id);
            assert!(!(error.generic && error.confidence == Confidence::Certain), "{}", error.id);
            assert!(!(error.generic && error.instead_of_reply), "{}", error.id);
            assert!(error.generic || error.vagueness == 0, "{}", error.id);
        }
    }

    #[test]
    fn literals_are_written_as_they_are_searched() {
        for error in all() {
            for literal in error.all.iter().chain(&error.any).chain(&error.none).chain(&error.alone) {
                assert_eq!(literal.trim(), normal(literal), "{}", error.id);
            }
        }
    }
}
