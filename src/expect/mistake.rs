//! A mistake in an expectation, and how it is shown.

use std::fmt;

/// A mistake in an expectation, with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The mistake, and what to write instead.
    pub message: String,
    /// The complete expectation.
    pub text: String,
    /// The position of the mistake in characters, from 0.
    pub at: usize,
    /// The length of the mistake in characters.
    pub length: usize,
}

impl Mistake {
    pub(super) fn new(text: &str, at: usize, length: usize, message: String) -> Mistake {
        Mistake { message, text: text.to_owned(), at, length: length.max(1) }
    }

    /// The expectation, and a second line that marks the mistake with `^`.
    pub fn pointed(&self) -> [String; 2] {
        let safe = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = self.text.chars().map(safe).collect();
        let before: String = text.chars().take(self.at).collect();
        let marked: String = text.chars().skip(self.at).take(self.length).collect();
        let width = |text: &str| unicode_width::UnicodeWidthStr::width(text);
        let carets = "^".repeat(width(&marked).max(1));
        [format!("  {text}"), format!("  {}{carets}", " ".repeat(width(&before)))]
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}
