//! Finds the entries in a table whose literals occur in the input, with one pass over the input. The build script
//! creates the index, so the program constructs nothing before the first search.
//!
//! Each literal is indexed once, in the slot of some of its bytes: the four that are rarest in servers' replies, or two
//! if it is shorter ([`super::grams`]). At each position of the text, a search computes the slot of the last bytes,
//! and compares the literals in this slot with the text. A check value is stored with each literal, so most other
//! literals in the slot are ruled out without a comparison.
//!
//! The literals of an entry match if the text contains all of `all`, at least one of `any`, at least one of `also`
//! (unless the list is empty) and none of `none`. Only entries with a literal in the text are examined.
//!
//! The meanings of the entries and their other conditions are in [`super::phrases`] and [`super::program_errors`]. Read
//! next: `build/lexicon/literals.rs`, which builds the index.

use std::ops::{ControlFlow, Range};

use super::grams;
use super::pool::{List, Text};

/// The literals of all entries of a table. A literal is identified by its number.
pub(super) struct LiteralIndex {
    pub(super) literals: List<Text>,
    /// The literals of four or more bytes.
    pub(super) fours: Filing,
    /// The literals of two and three bytes.
    pub(super) twos: Filing,
    /// The literals of one byte.
    pub(super) ones: &'static [(u8, u16)],
    /// The literals of the entries, one entry after the other.
    pub(super) listed: &'static [u16],
    /// For each literal, the position in `led_to` at which its entries begin. The last element is the end of `led_to`.
    pub(super) lead_starts: &'static [u16],
    /// For each literal, the entries that can match only if the literal is in the text.
    pub(super) led_to: &'static [u16],
    /// The entries that require no literal in the text.
    pub(super) wordless: &'static [u16],
}

/// Literals that are indexed by some of their bytes.
pub(super) struct Filing {
    /// The number of bits in a slot number.
    pub(super) bits: u32,
    /// For each slot, the position in `filed` at which its literals begin. The last element is the end of `filed`.
    pub(super) starts: &'static [u16],
    /// The literals, one slot after the other.
    pub(super) filed: &'static [Filed],
}

/// A literal that is indexed by some of its bytes.
pub(super) struct Filed {
    pub(super) literal: u16,
    /// The position of the bytes in the literal.
    pub(super) place: u8,
    /// The check value of the bytes.
    pub(super) check: u8,
}

/// The literals of one entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryLiterals {
    pub(super) all: Numbers,
    pub(super) any: Numbers,
    pub(super) also: Numbers,
    pub(super) none: Numbers,
}

/// A range in the list of all entries' literals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    start: u16,
    length: u16,
}

impl Numbers {
    pub(super) const fn at(start: u16, length: u16) -> Numbers {
        Numbers { start, length }
    }
}

/// The literals that occur in the input.
pub(super) struct Hits {
    /// One bit for each literal.
    has: Vec<u64>,
    /// The same literals as a list, each once.
    list: Vec<u16>,
}

impl Hits {
    fn has(&self, literal: u16) -> bool {
        self.has.get(usize::from(literal / 64)).is_some_and(|bits| bits >> (literal % 64) & 1 == 1)
    }

    fn add(&mut self, literal: u16) {
        let Some(bits) = self.has.get_mut(usize::from(literal / 64)) else { return };
        if *bits >> (literal % 64) & 1 == 0 {
            *bits |= 1 << (literal % 64);
            self.list.push(literal);
        }
    }
}

impl Filing {
    /// The literals in the slot of some bytes.
    fn filed_by(&self, gram: u32) -> impl Iterator<Item = &'static Filed> {
        let (slot, check) = grams::slot(gram, self.bits);
        let range = match self.starts.get(slot..slot + 2) {
            Some(&[start, end]) => usize::from(start)..usize::from(end),
            _ => 0..0,
        };
        self.filed.get(range).unwrap_or_default().iter().filter(move |filed| filed.check == check)
    }
}

impl LiteralIndex {
    /// The literals in lower-case text.
    pub(super) fn hits(&self, text: &str) -> Hits {
        let mut hits = Hits { has: vec![0; self.literals.len().div_ceil(64)], list: Vec::new() };
        let _: ControlFlow<()> = self.search(
            text.as_bytes(),
            |byte| byte,
            |literal, _| {
                hits.add(literal);
                ControlFlow::Continue(())
            },
        );
        hits
    }

    /// The positions of literals in lower-case text.
    pub(super) fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        let _: ControlFlow<()> = self.search(
            text.as_bytes(),
            |byte| byte,
            |literal, start| {
                places.push(start..start + self.text(literal).len());
                ControlFlow::Continue(())
            },
        );
        places
    }

    /// Whether the text contains a literal that leads to an entry, ignoring ASCII case.
    pub(super) fn leads(&self, text: &[u8]) -> bool {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        self.search(text, lower, |literal, _| {
            if self.entries_of(literal).is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .is_break()
    }

    /// Finds each literal at each position where it begins, until `found` breaks. `fold` changes the bytes of the text.
    fn search(
        &self,
        text: &[u8],
        fold: impl Fn(u8) -> u8,
        mut found: impl FnMut(u16, usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let is_at = |literal: u16, start: usize| {
            let literal = self.text(literal).as_bytes();
            let part = text.get(start..start + literal.len());
            part.is_some_and(|part| part.iter().zip(literal).all(|(byte, wanted)| fold(*byte) == *wanted))
        };
        // The position at which a literal begins if its indexed bytes end here; none if that is before the start of the
        // text.
        let begin = |end: usize, length: usize, filed: &Filed| end.checked_sub(length + usize::from(filed.place));
        let mut last_four = 0;
        for (at, byte) in text.iter().enumerate() {
            last_four = grams::next(last_four, fold(*byte));
            for filed in self.fours.filed_by(last_four) {
                if let Some(start) = begin(at, 3, filed).filter(|start| is_at(filed.literal, *start)) {
                    found(filed.literal, start)?;
                }
            }
            for filed in self.twos.filed_by(grams::two(last_four)) {
                if let Some(start) = begin(at, 1, filed).filter(|start| is_at(filed.literal, *start)) {
                    found(filed.literal, start)?;
                }
            }
        }
        for (byte, literal) in self.ones {
            for (at, _) in text.iter().enumerate().filter(|(_, own)| fold(**own) == *byte) {
                found(*literal, at)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// The entries that may match; some entries occur twice.
    pub(super) fn candidates<'a>(&'a self, hits: &'a Hits) -> impl Iterator<Item = usize> + 'a {
        let led_to = hits.list.iter().flat_map(|literal| self.entries_of(*literal));
        led_to.chain(self.wordless).map(|entry| usize::from(*entry))
    }

    fn entries_of(&self, literal: u16) -> &'static [u16] {
        let literal = usize::from(literal);
        let Some(&[start, end]) = self.lead_starts.get(literal..literal + 2) else { return &[] };
        self.led_to.get(usize::from(start)..usize::from(end)).unwrap_or_default()
    }

    /// The number of characters in the matching literals of an entry: those of `all`, and the longest of `any` and of
    /// `also`. None if the literals do not match.
    pub(super) fn score(&self, entry: EntryLiterals, hits: &Hits) -> Option<usize> {
        let has = |literal: &u16| hits.has(*literal);
        if !self.listed(entry.all).iter().all(has) || self.listed(entry.none).iter().any(has) {
            return None;
        }
        let length = |literal: &u16| self.text(*literal).chars().count();
        let longest = |literals: Numbers| match self.listed(literals) {
            [] => Some(0),
            literals => literals.iter().filter(|literal| has(literal)).map(length).max(),
        };
        let of_all: usize = self.listed(entry.all).iter().map(length).sum();
        Some(of_all + longest(entry.any)? + longest(entry.also)?)
    }

    /// Literals of an entry.
    pub(super) fn texts(&self, numbers: Numbers) -> impl Iterator<Item = &'static str> {
        self.listed(numbers).iter().map(|literal| self.text(*literal))
    }

    fn listed(&self, Numbers { start, length }: Numbers) -> &'static [u16] {
        let start = usize::from(start);
        self.listed.get(start..start + usize::from(length)).unwrap_or_default()
    }

    fn text(&self, literal: u16) -> &'static str {
        self.literals.get(usize::from(literal)).map_or("", |text| text.as_str())
    }
}

#[cfg(test)]
impl LiteralIndex {
    /// Compares the index with a search for one literal after the other.
    pub(super) fn agrees_with_a_search_for_each_literal(&self, texts: impl Iterator<Item = String>) {
        for text in texts {
            let literals = || (0..u16::MAX).zip(self.literals.texts());
            let expected: Vec<u16> =
                literals().filter(|(_, literal)| text.contains(literal)).map(|(number, _)| number).collect();
            let mut found = self.hits(&text).list;
            found.sort_unstable();
            assert_eq!(found, expected, "{text}");
            let leads = expected.iter().any(|literal| !self.entries_of(*literal).is_empty());
            assert_eq!(self.leads(text.to_ascii_uppercase().as_bytes()), leads, "{text}");
            // `match_indices` skips overlapping matches, so each position is tried.
            let is_at = |literal: &str, start: usize| text.get(start..).is_some_and(|rest| rest.starts_with(literal));
            let mut places: Vec<(usize, usize)> = Vec::new();
            for literal in expected.iter().map(|number| self.text(*number)) {
                let starts = (0..text.len()).filter(|start| is_at(literal, *start));
                places.extend(starts.map(|start| (start, start + literal.len())));
            }
            let mut found: Vec<(usize, usize)> =
                self.places(&text).into_iter().map(|range| (range.start, range.end)).collect();
            places.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, places, "{text}");
        }
    }
}
