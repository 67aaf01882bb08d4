//! A reply that may continue on the next line of a log.

use super::super::side::LogSide;
use super::extract::{ExtractedReply, at_start};
use super::libraries::{self, Repetition};
use super::session::begins_like_command;
use super::transcript::line_of_session;

/// The maximum size of a multi-line reply in bytes; the rest is discarded.
pub const MAX_HELD: usize = 64 * 1024;

/// A reply that may continue on the next line.
#[derive(Debug)]
pub(super) struct UnfinishedReply {
    pub(super) line: u64,
    pub(super) side: LogSide,
    pub(super) port: Option<u16>,
    pub(super) reply: ExtractedReply,
    /// The complete text of a header or `said:` line, which can continue on lines that begin with a space.
    pub(super) folded: Option<String>,
    /// The number of lines that were joined to a reply whose text begins on the line after the code, and whether these
    /// lines begin with a space.
    pub(super) wrapped: Option<(u8, bool)>,
    pub(super) from_exception: Repetition,
}

/// The maximum number of lines that are joined to a reply whose text begins on the line after the code.
const MAX_WRAPPED: u8 = 8;

impl UnfinishedReply {
    /// Adds the next line if it belongs to this reply. Returns whether it does.
    pub(super) fn continues_with(&mut self, line: &str) -> bool {
        if let Some(folded) = &mut self.folded
            && line.starts_with([' ', '\t'])
            && !line.trim().is_empty()
        {
            if folded.len() + line.len() <= MAX_HELD {
                folded.push(' ');
                folded.push_str(line.trim());
            }
            return true;
        }
        if self.reply.is_open() {
            return self.has_next_line(line);
        }
        self.folded.is_none() && (self.repeats_status(line) || self.is_wrapped_at(line))
    }

    /// Adds a line with the code of this reply, whose last line is not complete. After the last line of a reply, a line
    /// with the same code belongs to another reply.
    fn has_next_line(&mut self, line: &str) -> bool {
        let next = libraries::further_line(line).or_else(|| line_of_session(line)).unwrap_or_else(|| line.trim_start());
        let code = self.reply.text.get(..3).unwrap_or_default();
        let same = at_start(next).is_some_and(|next| next.starts_with(code));
        if same && self.reply.text.len() + next.len() <= MAX_HELD {
            self.reply.text.push('\n');
            self.reply.text.push_str(next.trim_end());
            if let Some(folded) = &mut self.folded {
                folded.push(' ');
                folded.push_str(next.trim_end());
            }
        }
        same
    }

    /// Adds a line that begins with the status of this reply: libraries show the lines of a reply without their codes.
    fn repeats_status(&mut self, line: &str) -> bool {
        let words = self.reply.status_of_lines().and_then(|status| line.trim_start().strip_prefix(status));
        let Some(words) = words.filter(|words| words.starts_with(' ')).map(str::to_owned) else { return false };
        self.join(&words)
    }

    /// Adds a line of a text that begins on the line after the code.
    fn is_wrapped_at(&mut self, line: &str) -> bool {
        let is_indented = line.starts_with([' ', '\t']);
        let is_begun = self.wrapped.is_none() && self.reply.is_line && self.reply.ends_with_colon();
        let is_next = match self.wrapped {
            None if is_begun => is_indented,
            None => self.reply.is_line && self.reply.may_continue() && self.reply.has_no_words(),
            Some((lines, indented)) => lines < MAX_WRAPPED && indented == is_indented && !self.is_at_end(),
        };
        let words = line.trim();
        let is_text = words.contains(' ')
            && words.contains(char::is_alphabetic)
            && at_start(words).is_none()
            && line_of_session(line).is_none()
            && !begins_like_command(words.as_bytes());
        let is_last_word = self.wrapped.is_some() && is_indented && !words.is_empty();
        if !is_next || !is_text && !is_last_word {
            return false;
        }
        // A text that ends with a colon continues on one line.
        let lines = if is_begun { MAX_WRAPPED } else { self.wrapped.map_or(1, |(lines, _)| lines + 1) };
        self.wrapped = Some((lines, is_indented));
        self.join(words)
    }

    /// Whether the text ends with Postfix's words after a reply.
    fn is_at_end(&self) -> bool {
        self.reply.text.trim_end().ends_with("command)")
    }

    fn join(&mut self, words: &str) -> bool {
        if self.reply.text.len() + words.len() <= MAX_HELD {
            self.reply.text.push(' ');
            self.reply.text.push_str(words.trim());
        }
        true
    }
}
