//! Positions in a file, and errors at these positions.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A position in a file. Line and column are counted as in editors: from 1, and columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// An error in a file that the user wrote. The exit code is 2, and nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The path of the file.
    pub file: PathBuf,
    /// The position of the error.
    pub at: Position,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// Lines to print below the message; may be empty.
    pub pointed: Vec<String>,
}

impl FileError {
    /// An error at a position.
    pub fn new(file: &Path, at: Position, message: impl Into<String>) -> FileError {
        FileError { file: file.to_owned(), at, message: message.into(), pointed: Vec::new() }
    }

    /// The error for a file that is not UTF-8. `valid` is the number of valid bytes at its beginning.
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

/// The text of a file, with the positions of its lines.
pub struct SourceText<'a> {
    /// The path of the file, for error messages.
    pub file: &'a Path,
    /// The text of the file.
    pub text: &'a str,
    /// The offset of the first byte of each line.
    starts: Vec<usize>,
}

impl<'a> SourceText<'a> {
    /// Finds the beginnings of the lines.
    pub fn new(file: &'a Path, text: &'a str) -> SourceText<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        SourceText { file, text, starts }
    }

    /// Parses the text as TOML.
    pub fn parse(&self) -> Result<Spanned<DeTable<'a>>, FileError> {
        DeTable::parse(self.text).map_err(|error| {
            let byte = error.span().map_or(0, |span| span.start);
            self.error(byte, format!("invalid TOML: {}", error.message().replace('\n', ", ")))
        })
    }

    /// The position of the byte at this offset.
    pub fn at(&self, byte: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= byte).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..byte.min(self.text.len())).unwrap_or_default();
        Position { line, column: before.chars().count() + 1 }
    }

    /// An error at the byte with this offset.
    pub fn error(&self, byte: usize, message: impl Into<String>) -> FileError {
        FileError::new(self.file, self.at(byte), message)
    }

    /// The error for a value whose type does not fit its key.
    pub fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> FileError {
        let given = super::type_of(value.get_ref());
        self.error(value.span().start, format!("{key} must be {wanted}, but this is {given}"))
    }
}
