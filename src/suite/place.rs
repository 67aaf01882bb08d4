//! Lines and columns of a suite's file, and mistakes with their place.

use std::fmt;
use std::path::{Path, PathBuf};

/// A place in a file, as editors count: line and column from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// A mistake in a suite: exit 2, nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuiteError {
    /// Which file.
    pub file: PathBuf,
    /// Where in it.
    pub at: Position,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// Lines that show it, if there are any.
    pub pointed: Vec<String>,
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.at.line, self.at.column, self.message)
    }
}

impl std::error::Error for SuiteError {}

/// A file's text with the beginnings of its lines.
pub(super) struct SourceText<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
    /// Where each line begins, in bytes.
    starts: Vec<usize>,
}

impl<'a> SourceText<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> SourceText<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        SourceText { file, text, starts }
    }

    /// The place of a byte.
    pub(super) fn at(&self, byte: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= byte).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..byte.min(self.text.len())).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    pub(super) fn fault(&self, byte: usize, message: impl Into<String>) -> SuiteError {
        SuiteError { file: self.file.to_owned(), at: self.at(byte), message: message.into(), pointed: Vec::new() }
    }
}

/// The place of the first byte that is not UTF-8.
pub(super) fn not_utf8(file: &Path, bytes: &[u8], valid: usize) -> SuiteError {
    let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
    let source = SourceText::new(file, &before);
    source.fault(valid, "this byte is not UTF-8; save the file as UTF-8")
}
