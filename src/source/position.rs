//! Positions in a file, and errors with their position.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A position in a file, as editors count: line and column from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// An error in a file that the user wrote: exit 2, nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Which file.
    pub file: PathBuf,
    /// Where in it.
    pub at: Position,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// Lines to print below the message, if there are any.
    pub pointed: Vec<String>,
}

impl FileError {
    /// An error at a position.
    pub fn new(file: &Path, at: Position, message: impl Into<String>) -> FileError {
        FileError { file: file.to_owned(), at, message: message.into(), pointed: Vec::new() }
    }

    /// The first byte that is not UTF-8, at this offset.
    pub fn not_utf8(file: &Path, bytes: &[u8], valid: usize) -> FileError {
        let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
        SourceText::new(file, &before).error(valid, "this byte is not UTF-8; save the file as UTF-8")
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file.display(), self.at.line, self.at.column, self.message)
    }
}

impl std::error::Error for FileError {}

/// The text of a file, and where each line starts.
pub struct SourceText<'a> {
    /// Which file.
    pub file: &'a Path,
    /// Its text.
    pub text: &'a str,
    /// The byte at which each line starts.
    starts: Vec<usize>,
}

impl<'a> SourceText<'a> {
    /// Finds the lines.
    pub fn new(file: &'a Path, text: &'a str) -> SourceText<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        SourceText { file, text, starts }
    }

    /// Reads the text as TOML.
    pub fn parse(&self) -> Result<Spanned<DeTable<'a>>, FileError> {
        DeTable::parse(self.text).map_err(|error| {
            let byte = error.span().map_or(0, |span| span.start);
            self.error(byte, format!("invalid TOML: {}", error.message().replace('\n', ", ")))
        })
    }

    /// The position of a byte.
    pub fn at(&self, byte: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= byte).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..byte.min(self.text.len())).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    /// An error at a byte.
    pub fn error(&self, byte: usize, message: impl Into<String>) -> FileError {
        FileError::new(self.file, self.at(byte), message)
    }

    /// A value of another type than its key takes.
    pub fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> FileError {
        let given = super::type_of(value.get_ref());
        self.error(value.span().start, format!("{key} must be {wanted}, but this is {given}"))
    }
}
