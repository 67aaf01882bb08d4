//! Finds a secret, or data that was derived from it, in received text: in clear text of any letter case, in part,
//! reversed, escaped, in hexadecimal or decimal digits with any separators, in either base64 alphabet at any alignment,
//! in UTF-16, and in combinations of these encodings.
//!
//! The search decodes the text instead of encoding the secret in every possible way. Matches are returned as ranges of
//! the text. `evidence::mask` decides whether a range is masked, because this depends on the kind of text and on when
//! it arrived.
//!
//! Secrets of fewer than [`SHORTEST`] bytes are not searched for, because masking such short words would reveal more
//! about the secret than it hides. A server that encodes the secret in an unusual way can evade the search.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::decode::{
    DECODED_PIECE, DEPTH, PIECE, View, ViewKind, base64, collapsed, decimal, hexadecimal, unescaped, without_zeros,
};
use super::{NOT_SHOWN, Secret};

/// The minimum length of a secret that is searched for, in bytes.
const SHORTEST: usize = 4;

/// The minimum length of a match with the reversed or rotated (ROT13) secret, in bytes. See [`PIECE`].
const TURNED_PIECE: usize = 8;

/// The secrets to search for. The code that sends them and the code that shows received text share this list.
#[derive(Clone, Default)]
pub struct Echoes(Arc<Mutex<Vec<Needle>>>);

/// A part of received text that repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo {
    /// The byte range in the text.
    pub range: Range<usize>,
    /// Whether the range contains the complete secret, not only a piece of it.
    pub is_whole: bool,
    /// Whether the secret is not encoded.
    pub is_plain: bool,
    /// The complete word, in lower case, if the match is part of a word that consists of letters.
    pub word: Option<String>,
}

impl Echoes {
    /// Adds a secret to the search, together with the checksums that programs store or print instead of it.
    pub fn learn(&self, secret: &Secret, checksums: &[Zeroizing<Vec<u8>>]) {
        let text = secret.reveal().as_bytes();
        if text.len() < SHORTEST {
            return;
        }
        let mut reversed = Zeroizing::new(text.to_vec());
        reversed.reverse();
        let shifted = Zeroizing::new(text.iter().map(|byte| rotated(*byte)).collect::<Vec<u8>>());
        self.add([Needle::new(text, PIECE)]);
        if text.len() >= PIECE {
            self.add([Needle::new(&reversed, TURNED_PIECE), Needle::new(&shifted, TURNED_PIECE)]);
        }
        self.hide(checksums);
    }

    /// Adds data that was derived from the secret to the search.
    pub fn hide(&self, made: &[Zeroizing<Vec<u8>>]) {
        self.add(made.iter().filter(|bytes| bytes.len() >= SHORTEST).map(|bytes| Needle::new(bytes, PIECE)));
    }

    fn add(&self, needles: impl IntoIterator<Item = Needle>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(needles);
    }

    /// Whether there is no secret to search for.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// All echoes in the text, in any order. They may overlap.
    pub fn find(&self, text: &str) -> Vec<Echo> {
        let needles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if needles.is_empty() || text.len() < SHORTEST {
            return Vec::new();
        }
        let mut found = Vec::new();
        search(&View::of(text), text, &needles, &mut found, DEPTH);
        found
    }

    /// The text with every echo masked. Use this function if no words are exempt from masking.
    pub fn without(&self, text: &str) -> String {
        let ranges = self.find(text).into_iter().map(|echo| echo.range).collect();
        masked(text, ranges)
    }
}

impl PartialEq for Echoes {
    /// Always true, because the comparison of evidence must not depend on the secrets.
    fn eq(&self, _: &Echoes) -> bool {
        true
    }
}

impl fmt::Debug for Echoes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Echoes")
    }
}

/// The text with the given ranges masked. Ranges that are adjacent, or are separated by at most two bytes, get a single
/// mask, so that the number of masks does not reveal the length of the secret. If that mask replaces an opening bracket
/// between two ranges, it also replaces the closing bracket after the last one.
pub(crate) fn masked(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    if ranges.is_empty() {
        return text.to_owned();
    }
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<(Range<usize>, bool)> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some((last, is_bracket_open)) if range.start <= last.end + 2 => {
                // Only the text between the ranges counts: a bracket in the secret must not affect the output.
                let between = text.get(last.end..range.start).unwrap_or_default();
                if let Some(bracket) = between.chars().rfind(|c| matches!(c, '(' | ')')) {
                    *is_bracket_open = bracket == '(';
                }
                last.end = last.end.max(range.end);
            }
            _ => merged.push((range, false)),
        }
    }
    let mut result = String::with_capacity(text.len());
    let mut shown = 0;
    for (range, is_bracket_open) in merged {
        let (start, mut end) = (floor(text, range.start.max(shown)), ceiling(text, range.end));
        if is_bracket_open && text.get(end..).is_some_and(|rest| rest.starts_with(')')) {
            end += 1;
        }
        result.push_str(text.get(shown..start).unwrap_or_default());
        result.push_str(NOT_SHOWN);
        shown = end;
    }
    result.push_str(text.get(shown..).unwrap_or_default());
    result
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceiling(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// ROT13 of a byte.
fn rotated(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => (byte - b'a' + 13) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + 13) % 26 + b'A',
        other => other,
    }
}

/// A byte string to search for, with an index of its pieces.
struct Needle {
    /// The bytes in lower case.
    bytes: Zeroizing<Vec<u8>>,
    /// Only the letters and digits of `bytes`.
    bare: Zeroizing<Vec<u8>>,
    /// The pieces of `bytes` for plain text and for decoded text, each with its length, sorted.
    pieces: [(usize, Zeroizing<Vec<u64>>); 2],
    /// The pieces of `bare`, sorted.
    bare_pieces: Zeroizing<Vec<u64>>,
    is_alphanumeric: bool,
}

impl Needle {
    fn new(bytes: &[u8], piece: usize) -> Needle {
        let bytes = Zeroizing::new(bytes.to_ascii_lowercase());
        let bare: Zeroizing<Vec<u8>> =
            Zeroizing::new(bytes.iter().copied().filter(u8::is_ascii_alphanumeric).collect());
        let decoded = if piece == PIECE { DECODED_PIECE } else { piece };
        Needle {
            pieces: [(piece, sorted(&bytes, piece)), (decoded, sorted(&bytes, decoded))],
            bare_pieces: sorted(&bare, PIECE),
            is_alphanumeric: bare.len() == bytes.len(),
            bytes,
            bare,
        }
    }

    /// The ranges of a lower-case text that consist of pieces of the needle. Overlapping pieces are merged into one
    /// range.
    fn ranges(&self, text: &[u8], kind: ViewKind) -> Vec<Range<usize>> {
        let (length, pieces) = match kind {
            ViewKind::Plain => &self.pieces[0],
            ViewKind::Decoded => &self.pieces[1],
            ViewKind::Collapsed => return runs(text, PIECE, &self.bare_pieces),
        };
        if pieces.is_empty() {
            return self.wholes(text, kind);
        }
        runs(text, *length, pieces)
    }

    /// Finds a secret that is shorter than a piece. In plain text, a secret that consists of letters and digits is
    /// found only as a separate word.
    fn wholes(&self, text: &[u8], kind: ViewKind) -> Vec<Range<usize>> {
        let length = self.bytes.len();
        let places = text.windows(length).enumerate().filter(|(_, window)| *window == self.bytes.as_slice());
        let ranges = places.map(|(at, _)| at..at + length);
        let is_alone = |range: &Range<usize>| {
            let is_part = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
            !is_part(range.start.checked_sub(1)) && !is_part(Some(range.end))
        };
        ranges.filter(|range| kind == ViewKind::Decoded || !self.is_alphanumeric || is_alone(range)).collect()
    }

    fn is_whole_in(&self, found: &[u8], kind: ViewKind) -> bool {
        let whole = if kind == ViewKind::Collapsed { &self.bare } else { &self.bytes };
        found.len() >= whole.len() && found.windows(whole.len().max(1)).any(|window| window == whole.as_slice())
    }
}

fn sorted(bytes: &[u8], length: usize) -> Zeroizing<Vec<u64>> {
    let mut pieces = Zeroizing::new(Vec::with_capacity(bytes.len()));
    pieces.extend(bytes.windows(length).map(key));
    pieces.sort_unstable();
    pieces
}

/// A piece of up to eight bytes as a number, for fast comparison.
fn key(piece: &[u8]) -> u64 {
    piece.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn runs(text: &[u8], length: usize, pieces: &[u64]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (at, window) in text.windows(length).enumerate() {
        if pieces.binary_search(&key(window)).is_err() {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if at <= last.end => last.end = at + length,
            _ => ranges.push(at..at + length),
        }
    }
    ranges
}

fn search(view: &View, text: &str, needles: &[Needle], found: &mut Vec<Echo>, depth: usize) {
    let lower = Zeroizing::new(view.bytes.to_ascii_lowercase());
    for needle in needles {
        for range in needle.ranges(&lower, view.kind) {
            found.push(echo(view, text, &lower, needle, &range));
        }
    }
    if depth == 0 {
        return;
    }
    let readings = [without_zeros(view), unescaped(view), decimal(view)].into_iter().flatten();
    for reading in readings.chain(collapsed(view, depth)).chain(hexadecimal(view)).chain(base64(view)) {
        // A second decoding step cannot turn a decoded view into a plain one.
        let kind = if view.kind == ViewKind::Decoded { ViewKind::Decoded } else { reading.kind };
        let next = if reading.kind != ViewKind::Collapsed && reading.is_readable() { depth - 1 } else { 0 };
        search(&View { kind, ..reading }, text, needles, found, next);
    }
}

fn echo(view: &View, text: &str, lower: &[u8], needle: &Needle, range: &Range<usize>) -> Echo {
    let bytes = lower.get(range.clone()).unwrap_or_default();
    let (from, to) = view.origin(range);
    let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(usize::MAX));
    let is_letter = |at: usize| lower.get(at).is_some_and(u8::is_ascii_alphabetic);
    let word = bytes.iter().all(u8::is_ascii_alphabetic).then(|| {
        let (mut start, mut end) = (range.start, range.end);
        while start > 0 && is_letter(start - 1) {
            start -= 1;
        }
        while is_letter(end) {
            end += 1;
        }
        String::from_utf8_lossy(lower.get(start..end).unwrap_or_default()).into_owned()
    });
    Echo {
        range: match view.kind {
            ViewKind::Decoded => around(text, from..to),
            ViewKind::Plain | ViewKind::Collapsed => from..to,
        },
        is_whole: needle.is_whole_in(bytes, view.kind),
        is_plain: view.kind == ViewKind::Plain,
        word: word.filter(|_| view.kind != ViewKind::Collapsed),
    }
}

/// Extends a range to the complete encoded word, because the rest of the word may contain a part of the secret that is
/// too short to be recognised.
fn around(text: &str, range: Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let is_code =
        |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/=_%\\&#;-".contains(byte));
    let (mut start, mut end) = (range.start, range.end.min(text.len()));
    while start > 0 && is_code(start - 1) {
        start -= 1;
    }
    while is_code(end) {
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::{NOT_SHOWN, masked};

    #[test]
    fn a_mask_replaces_both_brackets_or_neither() {
        for (text, expected) in [
            ("with secret (secret, secret)", "with []"),
            ("with secret (secret) and more", "with [] and more"),
            ("with (secret)", "with ([])"),
            ("(with secret, secret)", "(with [])"),
            ("with secret (or secret)", "with [] (or [])"),
        ] {
            let ranges = text.match_indices("secret").map(|(at, word)| at..at + word.len()).collect();
            assert_eq!(masked(text, ranges), expected.replace("[]", NOT_SHOWN), "{text}");
        }
    }
}
