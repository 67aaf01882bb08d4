//! Finds a value by its name.

use super::{FIELDS, Field, domain};

/// Why a name is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// `[` without `]`.
    OpenBracket,
    /// The brackets do not contain a number from 0 to 999.
    Number,
    /// No value has this name, which is given with `[N]` instead of numbers.
    Unknown(String),
}

impl Field {
    /// Finds the row of a name. Also returns the number in its brackets, or 0.
    pub fn find(written: &str) -> Result<(&'static Field, usize), NameFault> {
        let mut pattern = String::new();
        let mut index = 0;
        let mut rest = written;
        while let Some((before, after)) = rest.split_once('[') {
            let (number, after) = after.split_once(']').ok_or(NameFault::OpenBracket)?;
            rest = after;
            if number == "*" {
                pattern.push_str(before);
                pattern.push_str("[*]");
                continue;
            }
            index = number.parse::<usize>().ok().filter(|number| *number < 1000).ok_or(NameFault::Number)?;
            pattern.push_str(before);
            pattern.push_str("[N]");
        }
        pattern.push_str(rest);
        match Field::all().find(|field| field.name == pattern) {
            Some(field) => Ok((field, index)),
            None => Err(NameFault::Unknown(pattern)),
        }
    }

    /// All rows.
    pub fn all() -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().chain(&domain::MX).flat_map(|group| group.iter())
    }
}
