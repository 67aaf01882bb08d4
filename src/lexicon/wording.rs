//! Converts a reply to features: numbers that represent its words, the parts of its words, its code, its status and its
//! phase. The build script learns a weight for each feature and cause with these functions, and the classifier uses the
//! weights with the same functions, so this file is part of both.
//!
//! A feature has the number of a slot, which it shares with other features. The number of slots is large enough that
//! this rarely matters.
//!
//! The weights are learned elsewhere. Read next: `classifier.rs` in this folder, and `build/lexicon/classifier.rs`.

use super::context::ReplyPhase;

/// The number of slots, as a power of two.
pub(super) const BITS: u32 = 14;
/// The number of causes.
pub(super) const CAUSES: usize = 35;
/// The weight of each fact. All words together have the weight `sqrt(number of their features)`.
pub(super) const FACT: f32 = 0.2;

/// The facts about a reply other than its text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WordingFacts<'a> {
    pub(super) code: Option<u16>,
    /// The enhanced status: `5.7.1`.
    pub(super) status: Option<&'a str>,
    pub(super) phase: Option<ReplyPhase>,
}

/// The features of a reply, without duplicates.
#[derive(Clone, Debug)]
pub(super) struct WordingFeatures {
    /// The slots of the words and their parts.
    pub(super) words: Vec<usize>,
    /// The slots of the facts.
    pub(super) facts: Vec<usize>,
}

impl WordingFeatures {
    /// The features of text in normal form.
    pub(super) fn of(text: &str, facts: WordingFacts<'_>) -> WordingFeatures {
        let mut slots = Vec::new();
        let mut previous: Option<&str> = None;
        for word in words(text) {
            slots.push(slot("word", &[word]));
            if let Some(previous) = previous {
                slots.push(slot("pair", &[previous, word]));
            }
            parts(word, &mut slots);
            previous = Some(word);
        }
        WordingFeatures { words: once(slots), facts: once(facts.slots()) }
    }

    /// The weight of each word.
    #[allow(clippy::cast_precision_loss, reason = "there are fewer than 2^24 features")]
    pub(super) fn share(&self) -> f32 {
        1.0 / (self.words.len().max(1) as f32).sqrt()
    }
}

impl WordingFacts<'_> {
    fn slots(self) -> Vec<usize> {
        let mut slots = Vec::new();
        let phase = self.phase.and_then(|phase| ReplyPhase::ALL.iter().find(|(_, one)| *one == phase));
        let phase = phase.map(|(name, _)| *name);
        if let Some(code) = self.code.map(|code| code.to_string()) {
            let digit = code.get(..1).unwrap_or_default();
            slots.extend([slot("digit", &[digit]), slot("code", &[&code])]);
            slots.extend(
                phase
                    .into_iter()
                    .flat_map(|phase| [slot("digit at", &[phase, digit]), slot("code at", &[phase, &code])]),
            );
        }
        if let Some(status) = self.status {
            slots.extend([slot("status", &[status]), slot("detail", &[status.get(1..).unwrap_or_default()])]);
        }
        slots.extend(phase.map(|phase| slot("phase", &[phase])));
        slots
    }
}

/// The words in the text, without addresses, host names, web addresses, numbers and ids.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |part: &&str| {
        let inside = part.trim_matches(|one: char| !one.is_alphanumeric());
        let dotted = inside.split_once('.').is_some_and(|(_, after)| after.starts_with(char::is_alphanumeric));
        part.contains(['@', '#']) || part.contains("://") || inside.is_ascii() && dotted
    };
    let words = text
        .split(' ')
        .filter(move |part| !is_name(part))
        .flat_map(|part| part.split(|one: char| !one.is_alphanumeric()));
    words.filter(|word| {
        let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
        let has_letter = word.chars().any(char::is_alphabetic);
        has_letter && word.len() <= 72 && !(has_digit && word.len() > 6)
    })
}

/// The slots of each sequence of four or five characters, with a mark at the start and at the end of the word.
fn parts(word: &str, slots: &mut Vec<usize>) {
    let word = format!("_{word}_");
    let ends: Vec<usize> = word.char_indices().map(|(place, _)| place).chain([word.len()]).collect();
    for length in 4..=5 {
        for range in ends.windows(length + 1) {
            if let (Some(start), Some(end)) = (range.first(), range.last()) {
                slots.push(slot("part", &[word.get(*start..*end).unwrap_or_default()]));
            }
        }
    }
}

fn once(mut slots: Vec<usize>) -> Vec<usize> {
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// The slot of a feature, by FNV-1a.
fn slot(kind: &str, parts: &[&str]) -> usize {
    let mut hash: u32 = 0x811C_9DC5;
    let mut add = |byte: u8| hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    kind.bytes().for_each(&mut add);
    for part in parts {
        add(0);
        part.bytes().for_each(&mut add);
    }
    // The upper bits of FNV-1a depend on all bytes, and the lower bits are better distributed.
    usize::try_from((hash ^ hash >> 15).wrapping_mul(0x9E37_79B1) >> (32 - BITS)).unwrap_or_default()
}
