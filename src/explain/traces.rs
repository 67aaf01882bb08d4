//! Removes the frames of stack traces, and joins the causes of an exception to its message, so that a trace becomes one
//! message.
//!
//! It recognises Java, Kotlin and Scala (`\tat ...`, `Caused by: ...`, `... 23 more`), Python (`Traceback ...`, `During
//! handling of ...`), .NET (`   at ...`, `---> ...`), Node (`    at ...`, `[cause]: ...`), Ruby (`from ...`), PHP (`#0
//! ...`).

use std::borrow::Cow;

/// Reads lines one after the other.
#[derive(Debug, Default)]
pub(super) struct StackTraces {
    /// Whether the next line is among the frames of a Python trace, whose lines of code may contain any word.
    in_frames: bool,
    /// Whether the last message is that of an exception, so that the next lines may belong to it.
    after: After,
}

/// The part of a stack trace before a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum After {
    #[default]
    Nothing,
    /// An exception without a reply.
    Exception,
    /// An exception with a reply, which contains more information than its causes.
    Reply,
    /// An exception, with or without a reply, followed by a line that announces another exception of the same trace.
    Announced { has_reply: bool },
}

impl StackTraces {
    /// The part of a line that is a message; `None` for a frame of a stack trace. A line that continues the previous
    /// message is returned with a leading space. A line with a reply is returned as an empty string.
    pub(super) fn push<'a>(&mut self, line: &'a [u8], is_reply: bool) -> Option<Cow<'a, [u8]>> {
        let text = line.trim_ascii();
        if is_reply {
            self.in_frames = false;
            self.after = After::Reply;
            return Some(Cow::Borrowed(b""));
        }
        if text.starts_with(b"Traceback (most recent call last)") {
            self.in_frames = true;
            return None;
        }
        let is_indented = line.starts_with(b" ") || line.starts_with(b"\t");
        if is_frame(text) || is_indented && (self.in_frames || is_property(text)) {
            return None;
        }
        self.in_frames = false;
        if text.is_empty() {
            // Python writes an empty line between two exceptions.
            return (self.after == After::Nothing).then_some(Cow::Borrowed(line));
        }
        let has_reply = matches!(self.after, After::Reply | After::Announced { has_reply: true });
        if announces(text) {
            self.after = if self.after == After::Nothing { After::Nothing } else { After::Announced { has_reply } };
            return None;
        }
        let is_cause = is_cause(text) || matches!(self.after, After::Announced { .. });
        if is_cause && self.after != After::Nothing {
            self.after = if has_reply { After::Reply } else { After::Exception };
            return (!has_reply).then(|| Cow::Owned([b" ", line].concat()));
        }
        if is_indented {
            return Some(Cow::Borrowed(line));
        }
        let is_exception = [&b"Exception"[..], b"Error: ", b"Error (", b"error: "];
        let is_exception = is_exception.iter().any(|word| line.windows(word.len()).any(|part| part == *word));
        self.after = if is_exception { After::Exception } else { After::Nothing };
        Some(Cow::Borrowed(line))
    }
}

/// A line that contains a position in a program.
fn is_frame(text: &[u8]) -> bool {
    let contains = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
    let is_number = |rest: Option<&[u8]>| rest.and_then(|rest| rest.first()).is_some_and(u8::is_ascii_digit);
    text.starts_with(b"at ") && (contains(b"(") || contains(b" in ") || contains(b":"))
        || text.starts_with(b"File \"") && contains(b"line ")
        || text.starts_with(b"from ") && contains(b":in ")
        || text.starts_with(b"raise ") && text.ends_with(b")")
        || text.starts_with(b"... ") && text.ends_with(b" more")
        || text.starts_with(b"#") && is_number(text.get(1..)) && (contains(b"(") || contains(b"{main}"))
        || text.starts_with(b"--- End of ")
        || matches!(text, b"Stack trace:" | b"[stacktrace]")
}

/// A property of an error in Node, which repeats part of its message.
fn is_property(text: &[u8]) -> bool {
    const NAMES: [&[u8]; 10] = [
        b"library: ",
        b"function: ",
        b"reason: ",
        b"code: ",
        b"errno: ",
        b"syscall: ",
        b"command: ",
        b"response: ",
        b"hostname: ",
        b"responseCode: ",
    ];
    NAMES.iter().any(|name| text.starts_with(name))
}

/// Whether the line announces an exception that belongs to the previous one.
fn announces(text: &[u8]) -> bool {
    text.starts_with(b"During handling of the above exception")
        || text.starts_with(b"The above exception was the direct cause")
        || text == b"nested exception is:"
}

fn is_cause(text: &[u8]) -> bool {
    [&b"Caused by: "[..], b"---> ", b" ---> ", b"[cause]: ", b"Suppressed: ", b"Cause: "]
        .iter()
        .any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::StackTraces;

    fn messages(text: &str) -> Vec<String> {
        let mut traces = StackTraces::default();
        let lines = text.lines().filter_map(|line| traces.push(line.as_bytes(), line.contains("535")));
        lines.map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
    }

    #[test]
    fn stack_frames_are_removed_and_causes_are_joined() {
        assert_eq!(
            messages("MessagingException: a\n\tat x.y(Z.java:1)\nCaused by: IOException: b\n\t... 2 more\nnext"),
            ["MessagingException: a", " Caused by: IOException: b", "next"]
        );
        assert_eq!(
            messages(
                "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    raise MailError()\nOSError: a\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nMailError: b"
            ),
            ["OSError: a", " MailError: b"]
        );
        assert_eq!(messages("MailException: 535 a\n\tat x.y(Z.java:1)\nCaused by: IOException: b"), [""]);
    }

    #[test]
    fn log_lines_are_not_changed() {
        for line in ["at last an error", "from=<a@example.com> failed", "  an indented error", "# 1 error", ""] {
            assert_eq!(
                messages(line),
                [line].iter().filter(|line| !line.is_empty()).copied().collect::<Vec<_>>(),
                "{line}"
            );
        }
    }
}
