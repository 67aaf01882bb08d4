//! Keeps the text of a short input, so that it can be read as one message if none of its lines is recognised: a reply
//! that a mail client broke over several lines, or fields of one error on several lines.
//!
//! The text of a longer input is not kept, so memory use is bounded.

/// The largest size of a short input, in bytes and lines.
const MAX_BYTES: usize = 4 * 1024;
const MAX_LINES: usize = 24;

/// The text of an input, as long as it is short.
#[derive(Debug)]
pub(super) struct ShortInput(Option<String>);

impl Default for ShortInput {
    fn default() -> ShortInput {
        ShortInput(Some(String::new()))
    }
}

impl ShortInput {
    /// Takes one line with its line ending.
    pub(super) fn push(&mut self, line: &[u8]) {
        let Some(text) = &mut self.0 else { return };
        text.push_str(&String::from_utf8_lossy(line));
        if text.len() > MAX_BYTES || text.lines().count() > MAX_LINES {
            self.0 = None;
        }
    }

    /// Whether the input is still short.
    pub(super) fn is_short(&self) -> bool {
        self.0.is_some()
    }

    /// Stops keeping the text.
    pub(super) fn close(&mut self) {
        self.0 = None;
    }

    /// The text; none if the input is empty or not short.
    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_deref().map(str::trim_end).filter(|text| !text.is_empty())
    }
}

/// The shortest line that a terminal wraps, in bytes.
const MIN_WIDTH: usize = 60;

/// Several lines as one line, without the signs that mail clients write before quoted lines: the lines as words of one
/// text, and the lines as a terminal wraps them, in the middle of a word. Empty if there is only one line.
pub(super) fn as_one_line(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(|line| line.trim_start_matches(['>', '|', ' ', '\t']).trim_end()).collect();
    if text.len() > MAX_BYTES || !(2..=MAX_LINES).contains(&lines.len()) {
        return Vec::new();
    }
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let is_wrapped = lines.iter().rev().skip(1).all(|line| line.len() >= MIN_WIDTH);
    let separators = if is_wrapped { &[" ", ""][..] } else { &[" "] };
    separators.iter().map(|separator| lines.join(separator)).collect()
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MIN_WIDTH, ShortInput, as_one_line};

    #[test]
    fn only_the_text_of_a_short_input_is_kept() {
        let mut input = ShortInput::default();
        assert_eq!(input.text(), None);
        input.push(b"one\n");
        input.push(b"two\n");
        assert_eq!(input.text(), Some("one\ntwo"));
        input.push(&[b'x'; MAX_BYTES]);
        assert!(!input.is_short() && input.text().is_none());
    }

    #[test]
    fn quoted_lines_become_one_line() {
        assert_eq!(as_one_line("> 550 user\n> > unknown\n\n"), ["550 user unknown"]);
        assert!(as_one_line("550 user unknown").is_empty());
    }

    #[test]
    fn long_lines_are_also_joined_in_the_middle_of_a_word() {
        let start = "x".repeat(MIN_WIDTH);
        assert_eq!(
            as_one_line(&format!("{start} ti\nmed out")),
            [format!("{start} ti med out"), format!("{start} timed out")]
        );
    }
}
