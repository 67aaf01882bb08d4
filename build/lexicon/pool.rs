//! Collects the strings of all tables in one string, and writes Rust expressions that refer to this string.
//!
//! A table of `&'static str` contains a pointer for each string, which the loader has to relocate whenever the program
//! starts. A `Text` is a range of the pool, so nothing is relocated, and the program contains each string only once.

use std::collections::HashMap;
use std::fmt::Write;

use super::context::ReplyPhase;
use super::entries::FixEntry;

/// The strings, and the lists of strings, fixes, numbers and phases.
#[derive(Default)]
pub(super) struct Pool {
    text: String,
    places: HashMap<String, usize>,
    texts: Lists,
    fixes: Lists,
    numbers: Lists,
    phases: Lists,
}

/// The elements of all lists, one list after the other. Equal lists share a range.
#[derive(Default)]
struct Lists {
    elements: Vec<String>,
    places: HashMap<Vec<String>, usize>,
}

impl Lists {
    fn list(&mut self, elements: Vec<String>) -> String {
        let (length, next) = (elements.len(), self.elements.len());
        let place = *self.places.entry(elements).or_insert_with_key(|elements| {
            self.elements.extend_from_slice(elements);
            next
        });
        format!("List::at({place}, {length})")
    }
}

impl Pool {
    /// A `Text`.
    pub(super) fn text(&mut self, text: &str) -> String {
        let place = match self.places.get(text) {
            Some(place) => *place,
            None => {
                let place = self.text.len();
                self.text.push_str(text);
                self.places.insert(text.to_owned(), place);
                place
            }
        };
        format!("Text::at({place}, {})", text.len())
    }

    /// An `Option<Text>`.
    pub(super) fn optional(&mut self, text: Option<&str>) -> String {
        option(text.map(|text| self.text(text)))
    }

    /// A `List<Text>`.
    pub(super) fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> String {
        let elements = texts.into_iter().map(|text| self.text(text)).collect();
        self.texts.list(elements)
    }

    /// A `List<FixRow>`.
    pub(super) fn fixes(&mut self, fixes: &[FixEntry]) -> String {
        let elements = fixes.iter().map(|fix| self.fix(fix)).collect();
        self.fixes.list(elements)
    }

    /// A `List<u16>`.
    pub(super) fn numbers(&mut self, numbers: &[u16]) -> String {
        self.numbers.list(numbers.iter().map(u16::to_string).collect())
    }

    /// A `List<ReplyPhase>`.
    pub(super) fn phases(&mut self, phases: &[ReplyPhase]) -> String {
        self.phases.list(phases.iter().map(|phase| format!("ReplyPhase::{phase:?}")).collect())
    }

    /// A `FixRow`.
    pub(super) fn fix(&mut self, fix: &FixEntry) -> String {
        let when = option(fix.when.map(|when| format!("FixWhen::{when:?}")));
        row(
            "FixRow",
            [
                ("text", self.text(&fix.text)),
                ("command", self.optional(fix.command.as_deref())),
                ("url", self.optional(fix.url.as_deref())),
                ("when", when),
                ("administrator", fix.administrator.to_string()),
                ("software", self.optional(fix.software.as_deref())),
            ],
        )
    }

    /// All strings in one.
    pub(super) fn content(&self) -> &str {
        &self.text
    }

    /// The source of the tables to which the lists refer.
    pub(super) fn tables(&self) -> String {
        table("TEXTS", "Text", &self.texts.elements)
            + &table("FIXES", "FixRow", &self.fixes.elements)
            + &table("NUMBERS", "u16", &self.numbers.elements)
            + &table("PHASES", "ReplyPhase", &self.phases.elements)
    }
}

/// A static array.
pub(super) fn table(name: &str, kind: &str, rows: &[String]) -> String {
    let mut source = format!("static {name}: [{kind}; {}] = [\n", rows.len());
    for row in rows {
        source.push_str(row);
        source.push_str(",\n");
    }
    source + "];\n"
}

/// A struct.
pub(super) fn row<const N: usize>(kind: &str, fields: [(&str, String); N]) -> String {
    let mut source = format!("{kind} {{ ");
    for (name, value) in fields {
        // Writing to a string cannot fail.
        let _ = write!(source, "{name}: {value}, ");
    }
    source + "}"
}

/// An option.
pub(super) fn option(value: Option<String>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("Some({value})"))
}

/// A slice.
pub(super) fn slice<T>(elements: &[T], each: impl Fn(&T) -> String) -> String {
    let elements: Vec<String> = elements.iter().map(each).collect();
    format!("&[{}]", elements.join(", "))
}
