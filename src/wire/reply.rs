//! Assembles lines into replies (RFC 5321 §4.2). This never fails: every deviation becomes an [`Irregularity`], and the
//! bytes are kept.
//!
//! These rules apply:
//!
//! 1. A line has the form `code [separator text]`. `250` alone is a legal last line (RFC 5321 §4.2: the text may be
//!    empty).
//! 2. `-` after the code means that more lines follow. Any other character after the code, or the end of the line, ends
//!    the reply.
//! 3. All lines should have the same code. If they differ, the code of the last line counts, as in Postfix.
//! 4. A line without a code continues a reply. If it is the first line, it is a complete reply by itself, because the
//!    peer does not use SMTP.
//! 5. A reply is cut off at [`MAX_LINES`] lines or [`MAX_BYTES`] bytes and is marked as too long.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::wire::framer::{LineEnding, RawLine};
use crate::wire::status::{Class, EnhancedStatus, ReplyCode};

/// The maximum number of lines in one reply.
pub const MAX_LINES: usize = 512;
/// The maximum number of bytes in one reply.
pub const MAX_BYTES: usize = 64 * 1024;

/// A deviation of a reply from the standard. Only `too-long` ends the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Irregularity {
    /// A line ends with LF alone (RFC 5321 §2.3.8).
    BareLf,
    /// A line contains a CR.
    BareCr,
    /// A line contains a NUL byte.
    Nul,
    /// A line contains bytes above 127 (RFC 5321 §4.2 allows only ASCII; RFC 6531 §3.7.4 allows UTF-8 if SMTPUTF8 is
    /// used).
    EightBit,
    /// A line contains bytes above 127 that are not UTF-8.
    NotUtf8,
    /// A line has no three-digit code.
    NoCode,
    /// The lines of the reply have different codes.
    CodeChanged {
        /// The code of the first line.
        first: ReplyCode,
        /// The code of the last line, which counts.
        last: ReplyCode,
    },
    /// The character after the code is neither a space nor `-`.
    NoSeparator,
    /// The first digit of the code is not 2, 3, 4 or 5.
    UndefinedClass,
    /// A line is longer than the limit.
    LineTooLong {
        /// The number of bytes that were dropped.
        dropped: usize,
    },
    /// The reply exceeds the limits. It was cut off, and the session was ended.
    TooLong,
    /// The peer closed the connection in the middle of the reply.
    CutShort,
}

/// One reply from a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(from = "Wire", into = "Wire")]
pub struct Reply {
    /// The reply code; null if the peer does not use SMTP. If the lines have different codes, it is the last one.
    pub code: Option<ReplyCode>,
    /// The enhanced status code, from the start of the text or in the form `(#5.7.1)` that qmail uses.
    pub enhanced: Option<EnhancedStatus>,
    /// The text of each line without its code and enhanced status, with U+FFFD for invalid UTF-8.
    pub text: Vec<String>,
    /// The deviations from the standard, each kind once.
    pub irregularities: Vec<Irregularity>,
    /// The bytes as received. The size can be slightly more than [`MAX_BYTES`].
    pub raw: Vec<u8>,
}

impl Reply {
    /// The class of the reply code; `Undefined` if there is no code.
    pub fn class(&self) -> Class {
        self.code.map_or(Class::Undefined, ReplyCode::class)
    }

    /// Whether the reply code is `number`.
    pub fn has_code(&self, number: u16) -> bool {
        self.code.is_some_and(|code| code == number)
    }

    /// Whether the reply code is 2yz.
    pub fn is_success(&self) -> bool {
        self.class() == Class::Success
    }

    /// The text of all lines, joined by spaces.
    pub fn joined(&self) -> String {
        self.text.join(" ")
    }

    /// Each line as received, with its code and enhanced status, decoded for display.
    pub fn lines(&self) -> Vec<String> {
        self.raw_lines().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    /// Each line as received, without its line ending.
    pub(crate) fn raw_lines(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let mut rest = Some(self.raw.strip_suffix(b"\n").unwrap_or(&self.raw));
        let lines = std::iter::from_fn(move || {
            let bytes = rest?;
            let end = memchr::memchr(b'\n', bytes);
            rest = end.and_then(|end| bytes.get(end + 1..));
            bytes.get(..end.unwrap_or(bytes.len()))
        });
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The first line as received, decoded for display.
    pub fn first_line(&self) -> String {
        self.raw_lines().next().map(|line| String::from_utf8_lossy(line).into_owned()).unwrap_or_default()
    }

    /// The same reply with different text, and with the bytes that a conforming server would send for that text.
    pub fn saying(self, text: Vec<String>) -> Reply {
        let reply = Reply { text, ..self };
        let raw = reply.regular_bytes().unwrap_or_else(|| (reply.text.join("\r\n") + "\r\n").into_bytes());
        Reply { raw, ..reply }
    }

    /// The bytes that a conforming server would send for this text; `None` if there is no code.
    pub fn regular_bytes(&self) -> Option<Vec<u8>> {
        let code = self.code?;
        let mut bytes = Vec::new();
        for (at, text) in self.text.iter().enumerate() {
            let separator = if at + 1 == self.text.len() { ' ' } else { '-' };
            let status = self.enhanced.map(|status| format!("{status} ")).unwrap_or_default();
            bytes.extend_from_slice(format!("{code}{separator}{status}{text}\r\n").as_bytes());
        }
        Some(bytes)
    }
}

/// The form in reports: raw bytes are included only if they cannot be rebuilt from the text.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Wire {
    code: Option<ReplyCode>,
    enhanced: Option<EnhancedStatus>,
    text: Vec<String>,
    irregularities: Vec<Irregularity>,
    /// Base64 of the bytes, if they cannot be rebuilt from the text.
    raw_b64: Option<String>,
}

impl From<Reply> for Wire {
    fn from(reply: Reply) -> Wire {
        let is_rebuildable = reply.regular_bytes().is_some_and(|bytes| bytes == reply.raw);
        Wire {
            raw_b64: (!is_rebuildable).then(|| STANDARD.encode(&reply.raw)),
            code: reply.code,
            enhanced: reply.enhanced,
            text: reply.text,
            irregularities: reply.irregularities,
        }
    }
}

impl From<Wire> for Reply {
    fn from(wire: Wire) -> Reply {
        let Wire { code, enhanced, text, irregularities, raw_b64 } = wire;
        let mut reply = Reply { code, enhanced, text, irregularities, raw: Vec::new() };
        reply.raw = match raw_b64 {
            Some(encoded) => STANDARD.decode(encoded).unwrap_or_default(),
            None => reply.regular_bytes().unwrap_or_default(),
        };
        reply
    }
}

/// Collects lines until a reply is complete.
#[derive(Debug, Default)]
pub struct Assembler {
    lines: Vec<Parsed>,
    raw: Vec<u8>,
    oddities: Vec<Irregularity>,
}

#[derive(Debug)]
struct Parsed {
    code: Option<ReplyCode>,
    text: String,
}

impl Assembler {
    /// Adds one line. Returns the reply if this was its last line.
    pub fn push(&mut self, line: RawLine) -> Option<Reply> {
        self.note_bytes(&line);
        let (code, last, text) = self.split(&line.bytes);
        self.lines.push(Parsed { code, text });
        if line.ending == LineEnding::Missing && line.dropped > 0 {
            self.note(Irregularity::TooLong);
            return Some(self.take_reply());
        }
        // RFC 5321 §2.3.8: a line ends with CRLF. Without a line ending, the rest of the line or of the reply is
        // missing.
        if line.ending == LineEnding::Missing {
            self.note(Irregularity::CutShort);
        }
        if last {
            return Some(self.take_reply());
        }
        if self.lines.len() >= MAX_LINES || self.raw.len() >= MAX_BYTES {
            self.note(Irregularity::TooLong);
            return Some(self.take_reply());
        }
        None
    }

    /// Returns the incomplete reply after the peer has closed the connection.
    pub fn finish(&mut self) -> Option<Reply> {
        if self.lines.is_empty() {
            return None;
        }
        self.note(Irregularity::CutShort);
        Some(self.take_reply())
    }

    /// Whether a reply has been started but is not complete.
    pub fn is_underway(&self) -> bool {
        !self.lines.is_empty()
    }

    fn split(&mut self, bytes: &[u8]) -> (Option<ReplyCode>, bool, String) {
        let Some((code, after)) = bytes.split_at_checked(3).and_then(|(d, after)| Some((ReplyCode::parse(d)?, after)))
        else {
            self.note(Irregularity::NoCode);
            return (None, self.lines.is_empty(), lossy(bytes));
        };
        if code.class() == Class::Undefined {
            self.note(Irregularity::UndefinedClass);
        }
        match after {
            [] => (Some(code), true, String::new()),
            [b' ', text @ ..] => (Some(code), true, lossy(text)),
            [b'-', text @ ..] => (Some(code), false, lossy(text)),
            // Four digits are not a reply code: `2200 ready` is not `220`.
            [b'0'..=b'9', ..] => {
                self.note(Irregularity::NoCode);
                (None, self.lines.is_empty(), lossy(bytes))
            }
            text => {
                self.note(Irregularity::NoSeparator);
                (Some(code), true, lossy(text))
            }
        }
    }

    fn note_bytes(&mut self, line: &RawLine) {
        if line.ending == LineEnding::BareLf {
            self.note(Irregularity::BareLf);
        }
        if line.dropped > 0 {
            self.note(Irregularity::LineTooLong { dropped: line.dropped });
        }
        if line.bytes.contains(&b'\r') {
            self.note(Irregularity::BareCr);
        }
        if line.bytes.contains(&0) {
            self.note(Irregularity::Nul);
        }
        if !line.bytes.is_ascii() {
            let utf8 = std::str::from_utf8(&line.bytes).is_ok();
            self.note(if utf8 { Irregularity::EightBit } else { Irregularity::NotUtf8 });
        }
        self.raw.extend_from_slice(&line.bytes);
        self.raw.extend_from_slice(match line.ending {
            LineEnding::CrLf => b"\r\n",
            LineEnding::BareLf => b"\n",
            LineEnding::Missing => b"",
        });
    }

    fn note(&mut self, oddity: Irregularity) {
        let same = |known: &Irregularity| std::mem::discriminant(known) == std::mem::discriminant(&oddity);
        if !self.oddities.iter().any(same) {
            self.oddities.push(oddity);
        }
    }

    fn take_reply(&mut self) -> Reply {
        let codes: Vec<ReplyCode> = self.lines.iter().filter_map(|line| line.code).collect();
        if let (Some(&first), Some(&last)) = (codes.first(), codes.last())
            && codes.iter().any(|&code| code != last)
        {
            self.note(Irregularity::CodeChanged { first, last });
        }
        let mut text: Vec<String> = self.lines.drain(..).map(|line| line.text).collect();
        let leading = text.iter().find_map(|line| EnhancedStatus::lead(line)).map(|(status, _)| status);
        if leading.is_some() {
            for line in &mut text {
                if let Some((_, after)) = EnhancedStatus::lead(line) {
                    *line = after.to_owned();
                }
            }
        }
        let enhanced = leading.or_else(|| text.iter().rev().find_map(|line| EnhancedStatus::bracketed(line)));
        Reply {
            code: codes.last().copied(),
            enhanced,
            text,
            irregularities: std::mem::take(&mut self.oddities),
            raw: std::mem::take(&mut self.raw),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Parses one reply from text that did not come from a connection: a test, a log, pasted text. Lines may end with LF.
pub fn from_text(text: &str) -> Option<Reply> {
    let mut assembler = Assembler::default();
    for line in text.trim_end_matches(['\r', '\n']).split('\n') {
        let bytes = line.strip_suffix('\r').unwrap_or(line).as_bytes().to_vec();
        if let Some(reply) = assembler.push(RawLine { bytes, ending: LineEnding::CrLf, dropped: 0 }) {
            return Some(reply);
        }
    }
    assembler.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Assembler, Irregularity, MAX_LINES, Reply};
    use crate::wire::framer::Framer;
    use crate::wire::status::ReplyCode;

    fn replies(bytes: &[u8]) -> Vec<Reply> {
        let (mut framer, mut assembler) = (Framer::default(), Assembler::default());
        framer.push(bytes);
        let mut found = Vec::new();
        while let Some(line) = framer.next_line() {
            found.extend(assembler.push(line));
        }
        if let Some(line) = framer.finish() {
            found.extend(assembler.push(line));
        }
        found.extend(assembler.finish());
        found
    }

    fn one(bytes: &[u8]) -> Reply {
        let mut found = replies(bytes);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn code(number: u16) -> ReplyCode {
        ReplyCode::try_from(number).expect("below 1000")
    }

    #[test]
    fn a_code_without_text_is_a_complete_reply() {
        let reply = one(b"250\r\n");
        assert_eq!((reply.code, reply.text.as_slice()), (Some(code(250)), [String::new()].as_slice()));
        assert_eq!(reply.irregularities, []);
    }

    #[test]
    fn the_last_line_of_a_multi_line_reply_ends_it() {
        let reply = one(b"250-mx.example.net\r\n250-SIZE 1000\r\n250 STARTTLS\r\n");
        assert_eq!(reply.text, ["mx.example.net", "SIZE 1000", "STARTTLS"]);
        assert_eq!(reply.lines(), ["250-mx.example.net", "250-SIZE 1000", "250 STARTTLS"]);
    }

    #[test]
    fn the_enhanced_status_is_taken_from_every_line() {
        let reply = one(b"535-5.7.8 Username and Password not accepted. For\r\n535 5.7.8 more, see\r\n");
        assert_eq!(reply.enhanced.map(|s| s.to_string()).as_deref(), Some("5.7.8"));
        assert_eq!(reply.joined(), "Username and Password not accepted. For more, see");
    }

    #[test]
    fn different_codes_in_one_reply_are_reported_and_the_last_decides() {
        let reply = one(b"250-a\r\n550 b\r\n");
        assert_eq!(reply.code, Some(code(550)));
        assert_eq!(reply.irregularities, [Irregularity::CodeChanged { first: code(250), last: code(550) }]);
    }

    #[test]
    fn a_first_line_without_a_code_is_a_complete_reply() {
        let reply = one(b"SSH-2.0-OpenSSH_9.6\r\n");
        assert_eq!((reply.code, reply.irregularities.as_slice()), (None, [Irregularity::NoCode].as_slice()));
    }

    #[test]
    fn a_line_without_a_code_inside_a_reply_continues_it() {
        let reply = one(b"220-mx.example.net\r\nwelcome\r\n220 ready\r\n");
        assert_eq!(reply.text, ["mx.example.net", "welcome", "ready"]);
        assert_eq!(reply.irregularities, [Irregularity::NoCode]);
    }

    #[test]
    fn irregular_bytes_are_reported_and_kept() {
        let reply = one(b"535 Error: \xc7\xeb\0\r\r\n");
        assert_eq!(reply.irregularities, [Irregularity::BareCr, Irregularity::Nul, Irregularity::NotUtf8]);
        assert_eq!(reply.raw, b"535 Error: \xc7\xeb\0\r\r\n");
    }

    #[test]
    fn an_unexpected_separator_is_reported_and_four_digits_are_not_a_code() {
        assert_eq!(one(b"220\tready\r\n").irregularities, [Irregularity::NoSeparator]);
        assert_eq!(one(b"2200 ready\r\n").code, None);
        assert_eq!(one(b"22 ready\r\n").code, None);
    }

    #[test]
    fn a_reply_that_never_ends_is_cut_off() {
        let reply = replies("250-x\r\n".repeat(MAX_LINES + 5).as_bytes()).remove(0);
        assert_eq!(reply.text.len(), MAX_LINES);
        assert!(reply.irregularities.contains(&Irregularity::TooLong));
    }

    #[test]
    fn the_end_of_the_stream_inside_a_reply_is_reported() {
        assert_eq!(one(b"250-mx.example.net\r\n").irregularities, [Irregularity::CutShort]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_panic_and_can_be_rebuilt(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let found = replies(&bytes);
            let raw: Vec<u8> = found.iter().flat_map(|reply| reply.raw.clone()).collect();
            prop_assert_eq!(&raw, &bytes);
            for reply in found {
                let json = serde_json::to_string(&reply).expect("a reply is serialisable");
                let back: Reply = serde_json::from_str(&json).expect("the JSON of a reply can be parsed");
                prop_assert!(back == reply);
            }
        }

        #[test]
        fn a_reply_is_unchanged_after_a_report_is_saved_and_loaded(text in "(2|4|5)[0-9]{2}[ -]?[ -~]{0,40}\r\n") {
            for reply in replies(text.as_bytes()) {
                let json = serde_json::to_string(&reply).expect("a reply is serialisable");
                let back: Reply = serde_json::from_str(&json).expect("the JSON of a reply can be parsed");
                prop_assert_eq!(back, reply);
            }
        }
    }
}
