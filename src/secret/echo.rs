//! Finds a secret, or something made of it, in the text of a peer: in plain text of any case, cut short, reversed, escaped, in
//! hexadecimal or decimal digits with any separators, in base64 of either alphabet at any alignment, in UTF-16, and in
//! encodings of encodings.
//!
//! It decodes the text instead of encoding the secret, so that a new combination needs no new form. What it finds it
//! reports as ranges of the text; whether a range is masked is decided by `evidence::mask`, which knows what the text is
//! and when it came. It judges nothing and knows no words.
//!
//! Secrets of fewer than [`SHORTEST`] bytes are not searched for: masks instead of such short words would tell more
//! than the words. A server that wants to hide from us what it repeats can.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::decode::{
    DECODED_PIECE, DEPTH, PIECE, View, ViewKind, base64, collapsed, decimal, hexadecimal, unescaped, without_zeros,
};
use super::{NOT_SHOWN, Secret};

const SHORTEST: usize = 4;

/// The same for a secret that is written backwards or shifted.
const TURNED_PIECE: usize = 8;

/// The secrets of a run, shared by the code that sends them and the code that shows what came back.
#[derive(Clone, Default)]
pub struct Echoes(Arc<Mutex<Vec<Needle>>>);

/// A place where a text repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Whether the whole secret is there, not only a piece of it.
    pub is_whole: bool,
    /// Whether it stands there as it is.
    pub is_plain: bool,
    /// The word around it, in lower case, if the piece is part of a word of letters alone.
    pub word: Option<String>,
}

impl Echoes {
    /// Searches for a secret from here on, and for what programs keep or print of it.
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

    /// Searches for something that was made of the secret, from here on.
    pub fn hide(&self, made: &[Zeroizing<Vec<u8>>]) {
        self.add(made.iter().filter(|bytes| bytes.len() >= SHORTEST).map(|bytes| Needle::new(bytes, PIECE)));
    }

    fn add(&self, needles: impl IntoIterator<Item = Needle>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(needles);
    }

    /// Whether there is nothing to search for.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Every echo in a text, in any order; they may overlap.
    pub fn find(&self, text: &str) -> Vec<Echo> {
        let needles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if needles.is_empty() || text.len() < SHORTEST {
            return Vec::new();
        }
        let mut found = Vec::new();
        search(&View::of(text), text, &needles, &mut found, DEPTH);
        found
    }

    /// The text with every echo replaced, for text of which no word is known to be harmless.
    pub fn without(&self, text: &str) -> String {
        let ranges = self.find(text).into_iter().map(|echo| echo.range).collect();
        masked(text, ranges)
    }
}

impl PartialEq for Echoes {
    /// Two pieces of evidence are equal whatever they are searched for.
    fn eq(&self, _: &Echoes) -> bool {
        true
    }
}

impl fmt::Debug for Echoes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Echoes")
    }
}

/// The text with these ranges replaced. Those that touch, or have no more than a separator between them, become one, so
/// that the number of masks does not count characters.
pub(crate) fn masked(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    if ranges.is_empty() {
        return text.to_owned();
    }
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end + 2 => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    let mut result = String::with_capacity(text.len());
    let mut shown = 0;
    for range in merged {
        let (start, end) = (floor(text, range.start.max(shown)), ceiling(text, range.end));
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

/// ROT13, which several programs offer under that name.
fn rotated(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => (byte - b'a' + 13) % 26 + b'a',
        b'A'..=b'Z' => (byte - b'A' + 13) % 26 + b'A',
        other => other,
    }
}

/// Bytes that are searched for.
struct Needle {
    /// In lower case.
    bytes: Zeroizing<Vec<u8>>,
    /// What is left of it without anything but letters and digits.
    bare: Zeroizing<Vec<u8>>,
    /// The pieces of each length, sorted.
    pieces: [(usize, Zeroizing<Vec<u64>>); 2],
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

    /// The pieces of it in a text in lower case, each range as long as it goes on.
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

    /// A secret that is shorter than a piece counts where it stands alone.
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

/// A piece of up to eight bytes in one number.
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
        // A reading of a reading is a decoding, whatever the second step was.
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

/// An encoded text goes as a whole: its rest, too short to be recognised, is as good as the secret's.
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
