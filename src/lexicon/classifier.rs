//! Finds the cause of the known replies that a reply resembles most.
//!
//! A linear classifier: each feature of the reply ([`super::wording`]) has a weight for each cause, and the cause with
//! the largest sum is used if it leads clearly and is possible in the phase. The build script learns the weights from
//! the labelled replies in `tests/corpus` and from the phrases.
//!
//! The confidence of the result is at most `possible`, and the result is the same on every machine.
//!
//! It replaces the meaning of a code if the text resembles other replies ([`super::read`] has the leads that this
//! requires). It is not used for replies with the codes 500 to 504, 521 and 556, which do not depend on the content
//! (RFC 5321 §4.2.2), and it replaces neither a specific phrase nor an enhanced status with a specific meaning.
//! Read next: `build/lexicon/classifier.rs`, which learns the weights.

use super::cause::Cause;
use super::context::{Context, ReplyPhase};
use super::normal::normal;
use super::phrases;
use super::pool::{FixRow, List, Text};
use super::vocabulary;
use super::wording::{CAUSES, FACT, WordingFacts, WordingFeatures};
use crate::wire::Reply;

include!(concat!(env!("OUT_DIR"), "/lexicon/wordings.rs"));
include!(concat!(env!("OUT_DIR"), "/lexicon/scale.rs"));

/// The weights that are built into the program.
static WEIGHTS: Weights<'static> =
    Weights { bytes: include_bytes!(concat!(env!("OUT_DIR"), "/lexicon/classifier.bin")), scale: SCALE };

/// The smallest number of words that must be in the vocabulary of the phrases. Otherwise, the code and the phase would
/// decide, and slots that unknown words share with known ones.
const KNOWN_WORDS: usize = 2;

/// The meaning of a reply that resembles the known replies in a category.
#[derive(Debug)]
pub(super) struct WordingRow {
    category: Cause,
    /// One sentence.
    pub(super) means: Text,
    /// Fixes for the user.
    pub(super) fix: List<FixRow>,
}

/// The meaning of the known replies that a reply resembles, and the lead of this cause over every other category; none
/// if the words do not resemble any of them.
pub(super) fn resembled(reply: &Reply, context: &Context<'_>) -> Option<(Cause, f32, &'static WordingRow)> {
    let status = reply.enhanced.map(|status| status.to_string());
    let code = reply.code.map(|code| code.number());
    let facts = WordingFacts { code, status: status.as_deref(), phase: context.step };
    if !has_known_words(reply) {
        return None;
    }
    let features = WordingFeatures::of(&phrases::text_of(reply), facts);
    let (cause, lead) = WEIGHTS.leading(&features, context.step)?;
    WORDINGS.iter().find(|row| row.category == cause).map(|row| (cause, lead, row))
}

/// Whether enough of the words occur in the lexicon's phrases.
fn has_known_words(reply: &Reply) -> bool {
    let text = normal(&reply.joined());
    let mut words: Vec<&str> = text.split(|one: char| !one.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    words.into_iter().filter(|word| vocabulary::is_known(word)).count() >= KNOWN_WORDS
}

/// The weights of the features: for each slot, one byte for each cause.
struct Weights<'a> {
    bytes: &'a [u8],
    /// The value that a stored weight of 1 represents.
    scale: f32,
}

impl Weights<'_> {
    /// Of the causes that are possible in this phase, the one with the largest sum, and its lead over every other
    /// category.
    fn leading(&self, features: &WordingFeatures, phase: Option<ReplyPhase>) -> Option<(Cause, f32)> {
        if features.words.is_empty() {
            return None;
        }
        let (words, facts) = (self.sums(&features.words), self.sums(&features.facts));
        let share = features.share();
        let sums = words.iter().zip(&facts).map(|(words, facts)| self.scale * (words * share + facts * FACT));
        let all: Vec<(Cause, f32)> =
            Cause::all().zip(sums).filter(|(cause, _)| !matches!(cause, Cause::Accepted | Cause::Other)).collect();
        let is_possible = |cause: Cause| phase.is_none_or(|phase| cause.can_arise_at(phase));
        let possible = all.iter().filter(|(cause, _)| is_possible(*cause));
        let (cause, score) = *possible.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
        // Words about a cause that cannot arise in this phase do not show which other cause it is.
        let others = all.iter().filter(|(other, _)| other.category() != cause.category());
        let second = others.map(|(_, sum)| *sum).max_by(f32::total_cmp)?;
        Some((cause, score - second))
    }

    /// For each cause, the sum of the weights of some slots.
    fn sums(&self, slots: &[usize]) -> [f32; CAUSES] {
        let mut sums = [0.0; CAUSES];
        for slot in slots {
            let row = self.bytes.get(slot * CAUSES..(slot + 1) * CAUSES).unwrap_or_default();
            sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += f32::from(weight.cast_signed()));
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Weights, resembled};
    use crate::lexicon::read::{by_known_parts, is_vague_code};
    use crate::lexicon::training::{self, Example, Model};
    use crate::lexicon::{Basis, Cause, Confidence, Context, Reading, ReplyPhase, entries, read};
    use crate::wire::reply;

    fn examples() -> Vec<Example> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        training::examples(package, entries()).unwrap_or_else(|problems| unreachable!("{}", problems.join("\n")))
    }

    fn reading(phase: &str, text: &str) -> Reading {
        let context = Context { step: ReplyPhase::parse(phase), ..Context::default() };
        read(&reply::from_text(text).expect("a reply"), &context).expect("a reading")
    }

    #[test]
    fn the_build_learned_what_the_tests_learn() {
        let Model { weights, scale } = training::train(&examples().iter().collect::<Vec<_>>());
        let differing = super::WEIGHTS.bytes.iter().zip(&weights).filter(|(built, learned)| built != learned).count();
        assert_eq!((super::WEIGHTS.scale.to_bits(), differing), (scale.to_bits(), 0));
    }

    #[test]
    fn a_reply_without_a_phrase_is_read_by_its_wording() {
        for (phase, text, cause) in [
            ("rcpt", "550 the ip you come from appears in lists", Cause::Reputation),
            ("rcpt", "550 relay check of domain fail", Cause::RelayDenied),
        ] {
            let reading = reading(phase, text);
            assert_eq!(
                (reading.cause, reading.basis, reading.confidence),
                (cause, Basis::Wording, Confidence::Possible)
            );
            assert!(reading.means.contains("wording resembles") && reading.otherwise.is_some(), "{text}");
        }
    }

    #[test]
    fn a_reply_without_known_words_is_read_by_its_code() {
        for text in
            ["550 x", "550 qzxv wkjh", "550 5.7.1 <a@example.com> [192.0.2.1]", "554 http://www.example.com/x?y=1"]
        {
            let reading = reading("rcpt", text);
            assert!(!matches!(reading.basis, Basis::Wording), "{text}: {reading:?}");
        }
    }

    #[test]
    fn a_code_about_the_command_is_not_read_by_its_wording() {
        for text in [
            "500 relay check of domain fail",
            "501 relay check of domain fail",
            "504 relay check of domain fail",
            "521 relay check of domain fail",
        ] {
            let reading = reading("rcpt", text);
            assert!(!matches!(reading.basis, Basis::Wording), "{text}: {reading:?}");
        }
    }

    #[test]
    fn the_wording_never_has_a_cause_that_is_impossible_in_the_phase() {
        for example in examples().iter().filter(|example| !example.text.is_empty()) {
            let Some(reply) = reply::from_text(&example.text) else { continue };
            for (_, phase) in ReplyPhase::ALL {
                let context = Context { step: Some(phase), ..Context::default() };
                let arises = resembled(&reply, &context).is_none_or(|(cause, ..)| cause.can_arise_at(phase));
                assert!(arises, "{} [{phase:?}]", example.text);
            }
        }
    }

    /// The part of a source that names the place where a reply was found, without the position in it.
    fn origin(source: &str) -> String {
        match source.strip_prefix("https://") {
            Some(page) => page.split('/').take(3).collect::<Vec<_>>().join("/"),
            None => source.split([',', '(', ':']).next().unwrap_or_default().trim().to_lowercase(),
        }
    }

    /// Each reply is classified with weights that were learned without the replies from its source.
    #[test]
    fn replies_of_sources_that_were_not_learned_are_classified() {
        const PARTS: usize = 4;
        /// The lead that the wording needs in order to replace the meaning of a likely code.
        const LEAD: f32 = 0.5;
        let examples = examples();
        let mut origins: Vec<String> = examples
            .iter()
            .filter(|example| !example.source.is_empty())
            .map(|example| origin(&example.source))
            .collect();
        origins.sort();
        origins.dedup();
        let part =
            |example: &Example| origins.binary_search(&origin(&example.source)).map_or(PARTS, |place| place % PARTS);
        let (mut right, mut wrong, mut gained, mut lost) = (0, 0, 0, Vec::new());
        for left_out in 0..PARTS {
            let (measured, others): (Vec<&Example>, Vec<&Example>) =
                examples.iter().partition(|example| part(example) == left_out);
            // The phrases' examples may have been taken from the corpus.
            let learned: Vec<&Example> = others
                .into_iter()
                .filter(|one| one.text.is_empty() || measured.iter().all(|other| other.text != one.text))
                .collect();
            let Model { weights, scale } = training::train(&learned);
            let weights = Weights { bytes: &weights, scale };
            for example in measured {
                let Some((cause, lead)) = weights.leading(&example.features, example.phase) else { continue };
                if lead < LEAD {
                    continue;
                }
                let is_right = |cause: Cause| example.causes.iter().any(|one| one.category() == cause.category());
                if is_right(cause) {
                    right += 1
                } else {
                    wrong += 1
                }
                // The classifier replaces the reading of the code.
                let Some(reply) = reply::from_text(&example.text) else { continue };
                let context = Context { step: example.phase, ..Context::default() };
                let of_code = by_known_parts(&reply, &context).filter(|reading| is_vague_code(reading, &reply));
                let Some(of_code) = of_code else { continue };
                match (is_right(of_code.cause), is_right(cause)) {
                    (false, true) => gained += 1,
                    (true, false) => lost.push(format!("{} as {cause:?}", example.text)),
                    _ => {}
                }
            }
        }
        let result = format!("{right} right, {wrong} wrong; instead of codes: {gained} gained, lost: {lost:?}");
        assert!(right >= 1500 && right * 100 >= (right + wrong) * 97 && gained >= 3 * lost.len(), "{result}");
    }
}
