//! Finds a secret, or something made of it, in the text of a peer: in plain text of any case, cut short, reversed, escaped, in
//! hexadecimal or decimal digits with any separators, in base64 of either alphabet at any alignment, in UTF-16, and in
//! encodings of encodings.
//!
//! It decodes the text instead of encoding the secret, so that a new combination needs no new form. What it finds it
//! reports as ranges of the text; whether a range is masked is decided by `evidence::mask`, which knows what the text is
//! and when it came. It judges nothing and knows no words.
//!
//! Secrets of fewer than [`SHORTEST`] bytes are not searched for: masks in place of such short words would tell more
//! than the words. A server that wants to hide from us what it repeats can.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::{NOT_SHOWN, Secret};

const SHORTEST: usize = 4;

/// Characters of a secret in plain text that are recognised without the rest.
const PIECE: usize = 6;

/// The same where the text had to be decoded: ordinary text does not decode to such bytes by chance.
const DECODED_PIECE: usize = 4;

/// The same for a secret that is written backwards or shifted.
const TURNED_PIECE: usize = 8;

/// How many encodings inside each other are decoded.
const DEPTH: usize = 3;

/// Printable characters in a row without which the result of a decoding is not decoded again.
const READABLE: usize = 8;

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
pub fn masked(text: &str, mut ranges: Vec<Range<usize>>) -> String {
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

/// What was done to a text before it was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ViewKind {
    /// Nothing, or what leaves ordinary text as it is.
    Plain,
    /// It was decoded.
    Decoded,
    /// Only short words are left, without anything between them.
    Collapsed,
}

/// A text as bytes in one reading, each byte with the bytes of the original text that it comes from.
struct View {
    kind: ViewKind,
    bytes: Zeroizing<Vec<u8>>,
    from: Vec<(u32, u32)>,
}

impl View {
    fn of(text: &str) -> View {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        View {
            kind: ViewKind::Plain,
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            from: (0..text.len()).map(|at| (place(at), place(at + 1))).collect(),
        }
    }

    fn empty(kind: ViewKind) -> View {
        View { kind, bytes: Zeroizing::new(Vec::new()), from: Vec::new() }
    }

    fn push(&mut self, byte: u8, from: (u32, u32)) {
        self.bytes.push(byte);
        self.from.push(from);
    }

    /// A byte and where it comes from.
    fn at(&self, at: usize) -> Option<(u8, (u32, u32))> {
        Some((*self.bytes.get(at)?, *self.from.get(at)?))
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// From the first to the last byte that some bytes of this view come from.
    fn origin(&self, range: &Range<usize>) -> (u32, u32) {
        let first = self.from.get(range.start).map_or(0, |from| from.0);
        let last = self.from.get(range.end.saturating_sub(1)).map_or(first, |from| from.1);
        (first, last.max(first))
    }

    fn is_readable(&self) -> bool {
        let mut length = 0;
        self.bytes.iter().any(|byte| {
            // UTF-16 has a zero beside each character.
            length = if (b' '..=b'~').contains(byte) || *byte == 0 { length + 1 } else { 0 };
            length >= READABLE
        })
    }
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

/// UTF-16 of ASCII is ASCII with zeros between.
fn without_zeros(view: &View) -> Option<View> {
    view.bytes.contains(&0).then(|| {
        let mut result = View::empty(ViewKind::Decoded);
        for (byte, from) in view.bytes.iter().zip(&view.from).filter(|(byte, _)| **byte != 0) {
            result.push(*byte, *from);
        }
        result
    })
}

/// Escapes of URLs, quoted-printable, JSON, C, shells and HTML taken for what they mean; a plus sign of a form is a blank;
/// what is split over lines is put together. Ordinary text stays as it is.
fn unescaped(view: &View) -> Option<View> {
    let mut result = View::empty(ViewKind::Plain);
    let (mut at, mut is_other) = (0, false);
    while let Some((byte, from)) = view.at(at) {
        match escape(view, at) {
            Some((meant, length)) => {
                let (_, to) = view.origin(&(at..at + length));
                if let Some(meant) = meant {
                    result.push(meant, (from.0, to));
                }
                is_other = true;
                at += length;
            }
            None => {
                result.push(byte, from);
                at += 1;
            }
        }
    }
    is_other.then_some(result)
}

/// The byte that an escape means, if any, and how long the escape is.
fn escape(view: &View, at: usize) -> Option<(Option<u8>, usize)> {
    let rest = view.bytes.get(at..)?;
    let pair = |at: usize| Some(nibble(*rest.get(at)?)? << 4 | nibble(*rest.get(at + 1)?)?);
    match rest.first()? {
        b'%' | b'=' if pair(1).is_some() => Some((pair(1), 3)),
        b'=' if rest.starts_with(b"=\r\n") => Some((None, 3)),
        b'\n' => Some((None, 1)),
        b'\r' if rest.get(1) == Some(&b'\n') => Some((None, 2)),
        b'+' => Some((Some(b' '), 1)),
        b'&' => entity(rest),
        b'\\' => match rest.get(1)? {
            b'x' => Some((Some(pair(2)?), 4)),
            b'u' if rest.get(2) == Some(&b'{') => {
                let end = rest.iter().take(10).position(|byte| *byte == b'}')?;
                number(rest.get(3..end)?, 16).map(|byte| (Some(byte), end + 1))
            }
            b'u' if rest.get(2..4) == Some(b"00") => Some((Some(pair(4)?), 6)),
            b'0'..=b'3' => number(rest.get(1..4)?, 8).map(|byte| (Some(byte), 4)),
            b'n' => Some((Some(b'\n'), 2)),
            b't' => Some((Some(b'\t'), 2)),
            b'r' => Some((Some(b'\r'), 2)),
            other if other.is_ascii_punctuation() => Some((Some(*other), 2)),
            _ => None,
        },
        _ => None,
    }
}

fn entity(rest: &[u8]) -> Option<(Option<u8>, usize)> {
    for (name, byte) in [(&b"&amp;"[..], b'&'), (b"&lt;", b'<'), (b"&gt;", b'>'), (b"&quot;", b'"'), (b"&apos;", b'\'')]
    {
        if rest.starts_with(name) {
            return Some((Some(byte), name.len()));
        }
    }
    let end = rest.iter().take(9).position(|byte| *byte == b';')?;
    let inside = rest.get(1..end)?.strip_prefix(b"#")?;
    let byte = match inside.strip_prefix(b"x").or_else(|| inside.strip_prefix(b"X")) {
        Some(digits) => number(digits, 16)?,
        None => number(inside, 10)?,
    };
    Some((Some(byte), end + 1))
}

fn number(digits: &[u8], radix: u32) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Numbers up to 255, as `{:?}` of bytes prints them, as HTML writes characters, or three digits each.
fn decimal(view: &View) -> Option<View> {
    let mut result = View::empty(ViewKind::Decoded);
    let mut at = 0;
    while at < view.bytes.len() {
        let length = view.bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 {
            at += 1;
            continue;
        }
        let width = if length > 3 && length % 3 == 0 { 3 } else { length };
        for start in (at..at + length).step_by(width) {
            let byte = view.bytes.get(start..start + width).and_then(|digits| number(digits, 10)).unwrap_or(0);
            result.push(byte, view.origin(&(start..start + width)));
        }
        at += length;
    }
    (result.bytes.len() >= DECODED_PIECE).then_some(result)
}

/// Words of fewer than [`PIECE`] characters without what is between them: a letter on each line, or a word broken into
/// syllables.
fn collapsed(view: &View, depth: usize) -> Option<View> {
    if depth < DEPTH {
        return None;
    }
    let mut result = View::empty(ViewKind::Collapsed);
    let mut word: Vec<usize> = Vec::new();
    for at in 0..=view.bytes.len() {
        if view.byte(at).is_some_and(|byte| byte.is_ascii_alphanumeric()) {
            word.push(at);
            continue;
        }
        if word.len() < PIECE {
            word.iter().filter_map(|at| view.at(*at)).for_each(|(byte, from)| result.push(byte, from));
        } else {
            // What is longer is found by itself, and nothing is put together across it.
            result.push(0, word.first().and_then(|at| view.at(*at)).map_or((0, 0), |(_, from)| from));
        }
        word.clear();
    }
    Some(result)
}

/// Digits in a row, and digits with the usual marks between bytes: `63:34`, `63 34`, `\x63\x34`, `0x63, 0x34`, `63h`.
fn hexadecimal(view: &View) -> Vec<View> {
    let mut joined: Vec<Vec<usize>> = vec![Vec::new()];
    let mut in_a_row: Vec<Vec<usize>> = vec![Vec::new()];
    let mut at = 0;
    while let Some(byte) = view.byte(at) {
        let next = view.byte(at + 1);
        let is_mark = matches!((byte, next), (b'0' | b'\\' | b'#', Some(b'x' | b'X')) | (b'U' | b'u', Some(b'+')));
        if is_mark {
            in_a_row.push(Vec::new());
            at += 2;
        } else if byte == b'\\' && view.bytes.get(at..at + 4) == Some(b"\\u00") {
            at += 4;
        } else if nibble(byte).is_some() {
            joined.last_mut().into_iter().chain(in_a_row.last_mut()).for_each(|run| run.push(at));
            at += 1;
        } else {
            if byte.is_ascii_alphanumeric() && byte != b'h' {
                joined.push(Vec::new());
            }
            in_a_row.push(Vec::new());
            at += 1;
        }
    }
    let enough = |run: &&Vec<usize>| run.len() >= 2 * DECODED_PIECE;
    let mut readings = Vec::new();
    for runs in [joined, in_a_row] {
        for start in 0..2 {
            let mut result = View::empty(ViewKind::Decoded);
            for run in runs.iter().filter(enough) {
                for pair in run.get(start..).unwrap_or_default().chunks_exact(2) {
                    let digit = |at: usize| pair.get(at).and_then(|at| view.byte(*at)).and_then(nibble);
                    if let (Some(high), Some(low), Some(first), Some(last)) =
                        (digit(0), digit(1), pair.first(), pair.last())
                    {
                        result.push(high << 4 | low, view.origin(&(*first..last + 1)));
                    }
                }
                result.push(0xff, (0, 0));
            }
            if result.bytes.len() > DECODED_PIECE {
                readings.push(result);
            }
        }
    }
    readings
}

/// RFC 4648 §4 and §5. The start of an encoded text is unknown, so each run is read at four alignments; and with line
/// ends and blanks left out, as it may be wrapped.
fn base64(view: &View) -> Vec<View> {
    let mut unwrapped: Vec<Vec<usize>> = vec![Vec::new()];
    let mut in_a_row: Vec<Vec<usize>> = vec![Vec::new()];
    for (at, byte) in view.bytes.iter().enumerate() {
        if sextet(*byte).is_some() {
            unwrapped.last_mut().into_iter().chain(in_a_row.last_mut()).for_each(|run| run.push(at));
        } else {
            in_a_row.push(Vec::new());
            if !byte.is_ascii_whitespace() && *byte != b'\\' {
                unwrapped.push(Vec::new());
            }
        }
    }
    let enough = |run: &&Vec<usize>| run.len() >= 6;
    let mut readings = Vec::new();
    for runs in [unwrapped, in_a_row] {
        for start in 0..4 {
            let mut result = View::empty(ViewKind::Decoded);
            for run in runs.iter().filter(enough) {
                for group in run.get(start..).unwrap_or_default().chunks(4) {
                    three_bytes(view, group, &mut result);
                }
                result.push(0xff, (0, 0));
            }
            if result.bytes.len() > DECODED_PIECE {
                readings.push(result);
            }
        }
    }
    readings
}

/// The bytes that up to four characters hold whole.
fn three_bytes(view: &View, group: &[usize], result: &mut View) {
    let sextet_of = |at: usize| group.get(at).and_then(|at| view.byte(*at)).and_then(sextet).unwrap_or(0);
    let bits = (0..4).fold(0u32, |bits, at| bits << 6 | u32::from(sextet_of(at)));
    let [_, bytes @ ..] = bits.to_be_bytes();
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return };
    let from = view.origin(&(*first..last + 1));
    for byte in bytes.into_iter().take(group.len() * 6 / 8) {
        result.push(byte, from);
    }
}

fn sextet(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
