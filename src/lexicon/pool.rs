//! The strings in the tables. The build script collects them in one string, the pool, and a [`Text`] is a range in it.
//! A `Text` can be read like a `&'static str`, but contains no pointer that the loader would have to relocate at every
//! start. The tables contain more than 20,000 strings, and a run reads only a few of them. For the same reason, a
//! [`List`] is a range of rows in a table.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::context::ReplyPhase;
use super::meaning::{Fix, FixWhen};

include!(concat!(env!("OUT_DIR"), "/lexicon/pool.rs"));

const POOL: &str = include_str!(concat!(env!("OUT_DIR"), "/lexicon/pool.txt"));

/// A string in the tables.
#[derive(Clone, Copy)]
pub struct Text {
    start: u32,
    length: u32,
}

impl Text {
    pub(super) const fn at(start: u32, length: u32) -> Text {
        Text { start, length }
    }

    /// The string.
    pub fn as_str(self) -> &'static str {
        let start = self.start as usize;
        POOL.get(start..start + self.length as usize).unwrap_or_default()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &'static str {
        self.as_str()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.as_str().to_owned()
    }
}

/// Consecutive rows of a table. A list can be read like a `&'static [T]`.
pub struct List<T> {
    start: u32,
    length: u32,
    of: PhantomData<T>,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> List<T> {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> List<T> {
    pub(super) const fn at(start: u32, length: u32) -> List<T> {
        List { start, length, of: PhantomData }
    }
}

/// A type whose rows can be in a [`List`].
pub trait ListedRow: Sized + 'static {
    /// The table that contains the rows of all lists.
    fn table() -> &'static [Self];
}

impl ListedRow for Text {
    fn table() -> &'static [Text] {
        &TEXTS
    }
}

impl ListedRow for FixRow {
    fn table() -> &'static [FixRow] {
        &FIXES
    }
}

impl ListedRow for u16 {
    fn table() -> &'static [u16] {
        &NUMBERS
    }
}

impl ListedRow for ReplyPhase {
    fn table() -> &'static [ReplyPhase] {
        &PHASES
    }
}

impl<T: ListedRow> List<T> {
    /// The rows.
    pub fn as_slice(self) -> &'static [T] {
        let start = self.start as usize;
        T::table().get(start..start + self.length as usize).unwrap_or_default()
    }
}

impl<T: ListedRow> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &'static [T] {
        self.as_slice()
    }
}

impl<T: ListedRow + fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_slice(), f)
    }
}

impl List<Text> {
    /// The strings.
    pub fn texts(self) -> impl Iterator<Item = &'static str> {
        self.as_slice().iter().map(|text| text.as_str())
    }

    /// Joins the strings, with a separator between them.
    pub fn join(self, separator: &str) -> String {
        self.texts().collect::<Vec<_>>().join(separator)
    }
}

/// A fix in the tables.
#[derive(Clone, Copy, Debug)]
pub struct FixRow {
    pub(super) text: Text,
    pub(super) command: Option<Text>,
    pub(super) url: Option<Text>,
    pub(super) when: Option<FixWhen>,
    pub(super) administrator: bool,
    pub(super) software: Option<Text>,
}

impl FixRow {
    /// The fix, which can be changed.
    pub(crate) fn fix(&self) -> Fix {
        Fix {
            text: self.text.into(),
            command: self.command.map(String::from),
            url: self.url.map(String::from),
            when: self.when,
            is_repeat: false,
            is_for_administrator: self.administrator,
            software: self.software.map(Text::as_str),
        }
    }
}

impl List<FixRow> {
    /// The fixes, which can be changed.
    pub(crate) fn fixes(self) -> Vec<Fix> {
        self.iter().map(FixRow::fix).collect()
    }
}
