//! Decodes text in several ways. Each decoded byte records the range of the original text that it comes from.
//!
//! This file does not use secrets. Read next: [`super::echo`], which searches the decoded views.

use std::ops::Range;

use zeroize::Zeroizing;

/// The minimum length, in bytes, of a piece of a secret that is recognised in plain text.
pub(super) const PIECE: usize = 6;

/// The same for decoded text. It is smaller, because ordinary text is unlikely to decode to such a piece by chance.
pub(super) const DECODED_PIECE: usize = 4;

/// The maximum number of nested encodings that are decoded.
pub(super) const DEPTH: usize = 3;

/// The result of a decoding is decoded again only if it contains this many consecutive printable characters.
const READABLE: usize = 8;

/// How a view was derived from the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ViewKind {
    /// The text itself, or a conversion that does not change ordinary text.
    Plain,
    /// The text was decoded.
    Decoded,
    /// The short words of the text were joined, without the characters between them.
    Collapsed,
}

/// The bytes of the text after a conversion, each with the range of the original text that it comes from.
pub(super) struct View {
    pub(super) kind: ViewKind,
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) from: Vec<(u32, u32)>,
}

impl View {
    pub(super) fn of(text: &str) -> View {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        View {
            kind: ViewKind::Plain,
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            from: (0..text.len()).map(|at| (place(at), place(at + 1))).collect(),
        }
    }

    pub(super) fn empty(kind: ViewKind) -> View {
        View { kind, bytes: Zeroizing::new(Vec::new()), from: Vec::new() }
    }

    pub(super) fn push(&mut self, byte: u8, from: (u32, u32)) {
        self.bytes.push(byte);
        self.from.push(from);
    }

    /// A byte, and the range that it comes from.
    pub(super) fn at(&self, at: usize) -> Option<(u8, (u32, u32))> {
        Some((*self.bytes.get(at)?, *self.from.get(at)?))
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// The range of the original text that a range of this view comes from.
    pub(super) fn origin(&self, range: &Range<usize>) -> (u32, u32) {
        let first = self.from.get(range.start).map_or(0, |from| from.0);
        let last = self.from.get(range.end.saturating_sub(1)).map_or(first, |from| from.1);
        (first, last.max(first))
    }

    pub(super) fn is_readable(&self) -> bool {
        let mut length = 0;
        self.bytes.iter().any(|byte| {
            // In UTF-16, each ASCII character is paired with a zero byte.
            length = if (b' '..=b'~').contains(byte) || *byte == 0 { length + 1 } else { 0 };
            length >= READABLE
        })
    }
}

/// Removes zero bytes, which converts ASCII characters in UTF-16 to ASCII.
pub(super) fn without_zeros(view: &View) -> Option<View> {
    view.bytes.contains(&0).then(|| {
        let mut result = View::empty(ViewKind::Decoded);
        for (byte, from) in view.bytes.iter().zip(&view.from).filter(|(byte, _)| **byte != 0) {
            result.push(*byte, *from);
        }
        result
    })
}

/// Decodes the escapes of URLs, quoted-printable, JSON, C, shells and HTML. It replaces a plus sign with a space, as in
/// HTML forms, and removes line breaks. Returns `None` if the text contains none of these.
pub(super) fn unescaped(view: &View) -> Option<View> {
    let mut result = View::empty(ViewKind::Plain);
    let (mut at, mut is_other) = (0, false);
    while let Some((byte, from)) = view.at(at) {
        match escape(view, at) {
            Some((decoded, length)) => {
                let (_, to) = view.origin(&(at..at + length));
                if let Some(byte) = decoded {
                    result.push(byte, (from.0, to));
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

/// The byte that an escape represents, and the length of the escape. The byte is `None` for an escape that is removed.
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

/// Decodes decimal numbers up to 255: separated as in `{:?}` of bytes or in HTML, or with three digits each and no
/// separators.
pub(super) fn decimal(view: &View) -> Option<View> {
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

/// Joins words of fewer than [`PIECE`] characters, for example if the text contains one letter per line, or a word
/// divided into syllables.
pub(super) fn collapsed(view: &View, depth: usize) -> Option<View> {
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
            // A longer word is found without being joined, so it separates the words before it from those after it.
            result.push(0, word.first().and_then(|at| view.at(*at)).map_or((0, 0), |(_, from)| from));
        }
        word.clear();
    }
    Some(result)
}

/// Decodes hexadecimal digits, without separators or with the usual notations: `63:34`, `63 34`, `\x63\x34`, `0x63,
/// 0x34`, `63h`.
pub(super) fn hexadecimal(view: &View) -> Vec<View> {
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

/// Decodes base64 (RFC 4648 §4 and §5). The beginning of the encoded text is unknown, so each sequence is decoded at
/// four alignments. The white space in a sequence is both kept and removed, because encoded text may be wrapped.
pub(super) fn base64(view: &View) -> Vec<View> {
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

/// Decodes a group of up to four base64 characters, and omits an incomplete byte at the end.
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
