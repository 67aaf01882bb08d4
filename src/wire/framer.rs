//! Splits received bytes into lines. Reply codes are not interpreted here.
//!
//! A line ends with CRLF (RFC 5321 §2.3.8). A bare LF is accepted and reported, because some proxies send it. A bare CR
//! is kept as part of the line. A line may be longer than the 512 octets of RFC 5321 §4.5.3.1.5. Bytes beyond
//! [`MAX_LINE`] are counted and dropped. After [`ENDLESS`] bytes, the line is treated as ended. Memory use is therefore
//! limited for any input.

/// The maximum number of bytes of one line that are kept.
pub const MAX_LINE: usize = 4096;
/// The number of bytes after which a line without a line ending is treated as ended.
pub const ENDLESS: usize = 64 * 1024;

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnding {
    /// CRLF, as RFC 5321 §2.3.8 requires.
    CrLf,
    /// LF without CR.
    BareLf,
    /// No line ending: the stream ended in the middle of a line, or [`ENDLESS`] bytes arrived without a line ending.
    Missing,
}

/// One line without its line ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLine {
    /// The bytes of the line, at most [`MAX_LINE`].
    pub bytes: Vec<u8>,
    /// The line ending.
    pub ending: LineEnding,
    /// The number of bytes beyond [`MAX_LINE`] that were dropped.
    pub dropped: usize,
}

/// The maximum number of bytes that [`Framer::binary`] returns.
const BINARY: usize = 64;

/// Collects bytes and returns lines.
#[derive(Debug, Default)]
pub struct Framer {
    ready: std::collections::VecDeque<RawLine>,
    partial: Vec<u8>,
    dropped: usize,
    /// Whether a line has been returned.
    has_begun: bool,
}

impl Framer {
    /// Adds bytes received from the peer, in pieces of any size.
    pub fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.end_line();
            } else if self.partial.len() < MAX_LINE {
                self.partial.push(byte);
            } else {
                self.dropped += 1;
                if self.dropped + MAX_LINE >= ENDLESS {
                    self.give(LineEnding::Missing);
                }
            }
        }
    }

    /// Removes and returns the next complete line.
    pub fn next_line(&mut self) -> Option<RawLine> {
        let line = self.ready.pop_front();
        self.has_begun |= line.is_some();
        line
    }

    /// The beginning of binary data: data with a NUL byte, which no reply may contain (RFC 5321 §2.3.8). It ends at two
    /// NUL bytes, at the end of the line, or after [`BINARY`] bytes. `None` if the first line has no NUL byte, if it
    /// begins like a reply, or if no such end has arrived yet. Only the first line counts, so the result does not
    /// depend on how the data was split.
    pub fn binary(&self) -> Option<&[u8]> {
        let first = self.ready.front().map_or(&self.partial, |line| &line.bytes);
        if self.has_begun || !first.contains(&0) || first.first().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let pair = first.windows(2).position(|pair| pair == [0, 0]).map(|at| at + 2);
        let end = pair.or((!self.ready.is_empty()).then_some(first.len())).unwrap_or(BINARY);
        first.get(..end.min(BINARY))
    }

    /// Returns the incomplete last line after the peer has closed the connection.
    pub fn finish(&mut self) -> Option<RawLine> {
        if let Some(line) = self.ready.pop_front() {
            return Some(line);
        }
        if self.partial.is_empty() {
            return None;
        }
        self.give(LineEnding::Missing);
        self.ready.pop_front()
    }

    /// Removes and returns all bytes that have arrived, both complete lines and the incomplete rest. Used for
    /// unsolicited bytes; empty if there are none.
    pub fn take_stray(&mut self) -> Vec<u8> {
        let mut stray = Vec::new();
        while let Some(line) = self.ready.pop_front() {
            stray.extend_from_slice(&line.bytes);
            stray.extend_from_slice(match line.ending {
                LineEnding::CrLf => b"\r\n",
                LineEnding::BareLf => b"\n",
                LineEnding::Missing => b"",
            });
        }
        stray.append(&mut self.partial);
        self.dropped = 0;
        stray
    }

    fn end_line(&mut self) {
        // If the CR may have been among the dropped bytes, the line ending is assumed to be CRLF. Such a line is
        // reported as too long in any case.
        if self.dropped == 0 && self.partial.last() == Some(&b'\r') {
            self.partial.pop();
            self.give(LineEnding::CrLf);
        } else if self.dropped > 0 {
            self.give(LineEnding::CrLf);
        } else {
            self.give(LineEnding::BareLf);
        }
    }

    fn give(&mut self, ending: LineEnding) {
        let bytes = std::mem::take(&mut self.partial);
        let dropped = std::mem::take(&mut self.dropped);
        self.ready.push_back(RawLine { bytes, ending, dropped });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{ENDLESS, Framer, LineEnding, MAX_LINE, RawLine};

    fn lines(pieces: &[&[u8]]) -> Vec<RawLine> {
        let mut framer = Framer::default();
        let mut lines = Vec::new();
        for piece in pieces {
            framer.push(piece);
            while let Some(line) = framer.next_line() {
                lines.push(line);
            }
        }
        lines.extend(framer.finish());
        lines
    }

    #[test]
    fn a_line_split_anywhere_is_one_line() {
        let split = lines(&[b"220 mx", b".example.net\r", b"\n"]);
        assert_eq!(split, lines(&[b"220 mx.example.net\r\n"]));
        assert_eq!(split.len(), 1);
    }

    #[test]
    fn bare_lf_ends_a_line_and_bare_cr_does_not() {
        let found = lines(&[b"250 a\rb\n"]);
        assert_eq!(found, vec![RawLine { bytes: b"250 a\rb".to_vec(), ending: LineEnding::BareLf, dropped: 0 }]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_dropped_bytes_are_counted() {
        let long = vec![b'x'; MAX_LINE + 10];
        let found = lines(&[&long, b"\r\n250 ok\r\n"]);
        let lengths: Vec<(usize, usize)> = found.iter().map(|line| (line.bytes.len(), line.dropped)).collect();
        // The CR is the eleventh byte beyond the limit.
        assert_eq!(lengths, [(MAX_LINE, 11), (6, 0)]);
    }

    #[test]
    fn a_line_without_end_is_ended_by_force_and_memory_is_bounded() {
        let mut framer = Framer::default();
        framer.push(&vec![b'x'; ENDLESS]);
        let line = framer.next_line().expect("a line at the limit");
        assert_eq!((line.ending, line.bytes.len()), (LineEnding::Missing, MAX_LINE));
    }

    #[test]
    fn unsolicited_bytes_are_returned_completely() {
        let mut framer = Framer::default();
        framer.push(b"250 injected\r\nhalf");
        assert_eq!(framer.take_stray(), b"250 injected\r\nhalf");
        assert_eq!(framer.take_stray(), b"");
    }

    proptest! {
        #[test]
        fn any_split_of_the_same_bytes_gives_the_same_lines(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            cuts in proptest::collection::vec(0usize..600, 0..8),
        ) {
            let mut pieces: Vec<&[u8]> = Vec::new();
            let mut rest: &[u8] = &bytes;
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut at = 0;
            for cut in cuts {
                let take = cut.saturating_sub(at).min(rest.len());
                let (head, tail) = rest.split_at(take);
                pieces.push(head);
                rest = tail;
                at += take;
            }
            pieces.push(rest);
            prop_assert_eq!(lines(&pieces), lines(&[&bytes]));
        }
    }
}
