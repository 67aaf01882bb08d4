//! Finds which entries of a file have their literals in a text, with one pass of an Aho-Corasick automaton over the text.
//!
//! An entry's literals hold when all of `all`, at least one of `any` (if there are any) and none of `none` are in the
//! text. Only entries to which a literal in the text leads are examined.
//!
//! Does not: know what an entry means, or any condition other than literals. [`super::phrases`] and
//! [`super::program_errors`] do.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

/// The literals of one entry, in lower case with single spaces, as in [`super::normal`].
#[derive(Clone, Copy)]
pub(super) struct Literals<'a> {
    pub(super) all: &'a [String],
    pub(super) any: &'a [String],
    pub(super) none: &'a [String],
}

/// The literals of all entries of a file.
pub(super) struct LiteralIndex {
    entries: Vec<EntryLiterals>,
    automaton: AhoCorasick,
    /// The length of each literal, in characters.
    lengths: Vec<usize>,
    /// The literals, in the order of their numbers.
    words: Vec<String>,
    /// For each literal, the entries that can hold only where it is in the text.
    led_to: Vec<Vec<usize>>,
    /// The entries without a literal that must be there.
    wordless: Vec<usize>,
}

/// The literals of one entry, by their numbers in the automaton.
struct EntryLiterals {
    all: Vec<usize>,
    any: Vec<usize>,
    none: Vec<usize>,
}

/// The literals that are in a text.
pub(super) struct Hits {
    has: Vec<bool>,
    /// The same as a list, each literal once.
    list: Vec<usize>,
}

impl Hits {
    fn has(&self, literal: usize) -> bool {
        self.has.get(literal).copied().unwrap_or(false)
    }
}

impl EntryLiterals {
    /// The literals of which one must be in the text: the longest of `all`, because it is the rarest; otherwise `any`.
    fn needed(&self, lengths: &[usize]) -> Vec<usize> {
        let length = |literal: &usize| lengths.get(*literal).copied().unwrap_or(0);
        match self.all.iter().max_by_key(|literal| length(literal)) {
            Some(rarest) => vec![*rarest],
            None => self.any.clone(),
        }
    }
}

impl LiteralIndex {
    pub(super) fn new<'a>(entries: impl Iterator<Item = Literals<'a>>) -> LiteralIndex {
        let mut words: Vec<&'a str> = Vec::new();
        let mut numbers: HashMap<&'a str, usize> = HashMap::new();
        let mut numbered = |literals: &'a [String]| -> Vec<usize> {
            let number = |word: &'a String| {
                *numbers.entry(word).or_insert_with(|| {
                    words.push(word);
                    words.len() - 1
                })
            };
            literals.iter().map(number).collect()
        };
        let entries: Vec<EntryLiterals> = entries
            .map(|Literals { all, any, none }| EntryLiterals {
                all: numbered(all),
                any: numbered(any),
                none: numbered(none),
            })
            .collect();
        let lengths: Vec<usize> = words.iter().map(|word| word.chars().count()).collect();
        let (mut led_to, mut wordless) = (vec![Vec::new(); words.len()], Vec::new());
        for (at, literals) in entries.iter().enumerate() {
            let needed = literals.needed(&lengths);
            if needed.is_empty() {
                wordless.push(at);
            }
            for literal in needed {
                led_to.get_mut(literal).into_iter().for_each(|led: &mut Vec<usize>| led.push(at));
            }
        }
        // Overlapping matches are needed: "user unknown" and "unknown" both count.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&words);
        let automaton = automaton.unwrap_or_else(|error| unreachable!("a few thousand short literals: {error}"));
        let words = words.into_iter().map(str::to_owned).collect();
        LiteralIndex { entries, automaton, lengths, words, led_to, wordless }
    }

    /// Which literals are in a text in lower case.
    pub(super) fn hits(&self, text: &str) -> Hits {
        let mut hits = Hits { has: vec![false; self.lengths.len()], list: Vec::new() };
        for found in self.automaton.find_overlapping_iter(text) {
            let literal = found.pattern().as_usize();
            if let Some(hit) = hits.has.get_mut(literal).filter(|hit| !**hit) {
                *hit = true;
                hits.list.push(literal);
            }
        }
        hits
    }

    /// The entries that may hold; some twice.
    pub(super) fn candidates<'a>(&'a self, hits: &'a Hits) -> impl Iterator<Item = usize> + 'a {
        let led_to = hits.list.iter().filter_map(|literal| self.led_to.get(*literal)).flatten();
        led_to.chain(&self.wordless).copied()
    }

    /// How specific an entry's literals are, in characters of the text: those of `all` and the longest of `any`. None if
    /// they do not hold.
    pub(super) fn score(&self, entry: usize, hits: &Hits) -> Option<usize> {
        let EntryLiterals { all, any, none } = self.entries.get(entry)?;
        if !all.iter().all(|&literal| hits.has(literal)) || none.iter().any(|&literal| hits.has(literal)) {
            return None;
        }
        let length = |literal: &usize| self.lengths.get(*literal).copied().unwrap_or(0);
        let of_any = match any.as_slice() {
            [] => 0,
            any => any.iter().filter(|literal| hits.has(**literal)).map(length).max()?,
        };
        Some(all.iter().map(length).sum::<usize>() + of_any)
    }

    /// The literals of which one is in every text in which an entry holds, unless an entry needs none.
    pub(super) fn leading(&self) -> impl Iterator<Item = &str> {
        self.words.iter().zip(&self.led_to).filter(|(_, led)| !led.is_empty()).map(|(word, _)| word.as_str())
    }

    /// Where literals are in a text in lower case.
    pub(super) fn places(&self, text: &str) -> impl Iterator<Item = Range<usize>> {
        self.automaton.find_overlapping_iter(text).map(|found| found.range())
    }
}
