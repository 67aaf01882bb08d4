//! Builds the index of the literals of phrases and error messages, so that the search in `src/lexicon/literals.rs`
//! needs no preparation.
//!
//! Each literal is indexed once, in the slot of four of its bytes (two if it is shorter). The bytes are those whose
//! slot is rarest in the examples, so that the search tests few literals that the text does not contain. Of equally
//! rare slots, the emptiest is used.

use std::collections::HashMap;

use super::grams;
use super::pool::{Pool, row, slice};

/// The number of slots for literals of four or more bytes, as a power of two.
const FOUR_BITS: u32 = 14;
/// The number of slots for literals of two and three bytes, as a power of two.
const TWO_BITS: u32 = 8;

/// The literals of one entry, in lower case with single spaces.
pub(super) struct EntryLiterals<'a> {
    pub(super) all: Vec<&'a str>,
    pub(super) any: Vec<&'a str>,
    pub(super) also: Vec<&'a str>,
    pub(super) none: Vec<&'a str>,
}

/// The literals of all entries.
#[derive(Default)]
pub(super) struct LiteralTables<'a> {
    literals: Vec<&'a str>,
    numbers: HashMap<&'a str, usize>,
    /// The literals of each entry, by their numbers.
    listed: Vec<usize>,
    /// The entries to which each literal leads.
    led_to: Vec<Vec<usize>>,
    /// The entries that require no literal in the text.
    wordless: Vec<usize>,
    entries: usize,
}

impl<'a> LiteralTables<'a> {
    /// Adds the literals of the next entry. Returns its `EntryLiterals`.
    pub(super) fn add(&mut self, entry: &EntryLiterals<'a>) -> String {
        let numbers = [&entry.all, &entry.any, &entry.also, &entry.none].map(|literals| {
            let numbers: Vec<usize> = literals.iter().map(|literal| self.number(literal)).collect();
            let place = self.listed.len();
            self.listed.extend(&numbers);
            (place, numbers)
        });
        let [(_, all), (_, any), ..] = &numbers;
        // At least one of these literals must be in the text: the longest of `all` or, if every literal of `any` is
        // longer, those of `any`. Long literals are preferred because they are rare.
        let length = |number: &&usize| self.literals.get(**number).map_or(0, |literal| literal.chars().count());
        let longest = all.iter().max_by_key(length).filter(|longest| {
            any.iter().map(|number| length(&number)).min().is_none_or(|shortest| shortest <= length(longest))
        });
        let needed = longest.map_or(any.clone(), |longest| vec![*longest]);
        if needed.is_empty() {
            self.wordless.push(self.entries);
        }
        for number in needed {
            let led_to = self.led_to.get_mut(number).expect("each literal has a list");
            if led_to.last() != Some(&self.entries) {
                led_to.push(self.entries);
            }
        }
        self.entries += 1;
        let [all, any, also, none] = numbers.map(|(place, numbers)| format!("Numbers::at({place}, {})", numbers.len()));
        row("EntryLiterals", [("all", all), ("any", any), ("also", also), ("none", none)])
    }

    fn number(&mut self, literal: &'a str) -> usize {
        *self.numbers.entry(literal).or_insert_with(|| {
            self.literals.push(literal);
            self.led_to.push(Vec::new());
            self.literals.len() - 1
        })
    }

    /// The `LiteralIndex`. The examples, which are in lower case with single spaces, show which bytes are rare.
    pub(super) fn index(&self, examples: &[String], pool: &mut Pool) -> String {
        let long: Vec<(usize, &str)> = self.numbered(|length| length >= 4).collect();
        let short: Vec<(usize, &str)> = self.numbered(|length| length == 2 || length == 3).collect();
        let single: Vec<(usize, &str)> = self.numbered(|length| length == 1).collect();
        let (mut starts, mut led_to) = (vec![0], Vec::new());
        for entries in &self.led_to {
            led_to.extend(entries.iter().copied());
            starts.push(led_to.len());
        }
        let number = |number: &usize| u16::try_from(*number).expect("fewer than 65,536").to_string();
        row(
            "LiteralIndex",
            [
                ("literals", pool.texts(self.literals.iter().copied())),
                ("fours", Filing::of::<4>(FOUR_BITS, &long, examples).source()),
                ("twos", Filing::of::<2>(TWO_BITS, &short, examples).source()),
                ("ones", slice(&single, |(number, text)| format!("({}, {number})", text.as_bytes()[0]))),
                ("listed", slice(&self.listed, number)),
                ("lead_starts", slice(&starts, number)),
                ("led_to", slice(&led_to, number)),
                ("wordless", slice(&self.wordless, number)),
            ],
        )
    }

    fn numbered(&self, fits: impl Fn(usize) -> bool) -> impl Iterator<Item = (usize, &'a str)> {
        self.literals.iter().copied().enumerate().filter(move |(_, literal)| fits(literal.len()))
    }
}

/// Literals, indexed by some of their bytes.
struct Filing {
    bits: u32,
    /// For each slot, its literals, with the position of the bytes in the literal and their check value.
    slots: Vec<Vec<(usize, usize, u8)>>,
}

impl Filing {
    fn of<const LENGTH: usize>(bits: u32, literals: &[(usize, &str)], examples: &[String]) -> Filing {
        let mut filing = Filing { bits, slots: vec![Vec::new(); 1 << bits] };
        let mut frequency = vec![0_usize; 1 << bits];
        for example in examples {
            slots_of::<LENGTH>(example, bits).for_each(|(slot, _)| frequency[slot] += 1);
        }
        for (number, literal) in literals {
            let places = slots_of::<LENGTH>(literal, bits).enumerate();
            // The position has to fit into a byte.
            let places = places.take(1 + usize::from(u8::MAX));
            let rarest = places.min_by_key(|(_, (slot, _))| (frequency[*slot], filing.slots[*slot].len()));
            let (place, (slot, check)) = rarest.expect("the literal is long enough");
            filing.slots[slot].push((*number, place, check));
        }
        filing
    }

    /// The `Filing`.
    fn source(&self) -> String {
        let (mut starts, mut filed) = (vec![0], Vec::new());
        for slot in &self.slots {
            filed.extend(slot.iter().copied());
            starts.push(filed.len());
        }
        let start = |start: &usize| u16::try_from(*start).expect("fewer than 65,536").to_string();
        let starts = slice(&starts, start);
        let filed = slice(&filed, |(number, place, check)| {
            format!("Filed {{ literal: {number}, place: {place}, check: {check} }}")
        });
        row("Filing", [("bits", self.bits.to_string()), ("starts", starts), ("filed", filed)])
    }
}

/// The slot of each gram in the text, with its check value.
fn slots_of<const LENGTH: usize>(text: &str, bits: u32) -> impl Iterator<Item = (usize, u8)> {
    text.as_bytes().windows(LENGTH).map(move |gram| {
        let last_four = gram.iter().fold(0, |last_four, byte| grams::next(last_four, *byte));
        grams::slot(if LENGTH == 2 { grams::two(last_four) } else { last_four }, bits)
    })
}

#[cfg(test)]
mod tests {
    use super::{EntryLiterals, Filing, LiteralTables};

    #[test]
    fn a_literal_is_indexed_by_the_bytes_that_are_rarest_in_the_examples() {
        let examples = ["user unknown", "user not found"].map(str::to_owned);
        let filing = Filing::of::<4>(14, &[(7, "user unknown")], &examples);
        let filed: Vec<_> = filing.slots.into_iter().flatten().collect();
        assert!(matches!(filed.as_slice(), [(7, 2.., _)]), "{filed:?}");
    }

    #[test]
    fn an_entry_is_found_by_its_longest_literal_or_by_any() {
        let mut tables = LiteralTables::default();
        tables.add(&EntryLiterals { all: vec!["spf", "rejected"], any: vec!["mail"], also: vec!["x"], none: vec![] });
        tables.add(&EntryLiterals { all: vec![], any: vec!["mail", "spf"], also: vec![], none: vec!["x"] });
        tables.add(&EntryLiterals { all: vec![], any: vec![], also: vec![], none: vec!["x"] });
        assert_eq!(tables.literals, ["spf", "rejected", "mail", "x"]);
        assert_eq!(tables.led_to, [vec![1], vec![0], vec![1], vec![]]);
        assert_eq!(tables.wordless, [2]);
    }
}
