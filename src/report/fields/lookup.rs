//! Finds a value by its name.

use super::{FIELDS, Field};

/// Why a name is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// `[` without `]`.
    OpenBracket,
    /// Something other than a number from 0 to 999 in the brackets.
    Number,
    /// No value has this name. It is given with `[N]` instead of numbers.
    Unknown(String),
}

impl Field {
    /// The row of a name, and the number in its brackets.
    pub fn find(written: &str) -> Result<(&'static Field, usize), NameFault> {
        let mut pattern = String::new();
        let mut index = 0;
        let mut rest = written;
        while let Some((before, after)) = rest.split_once('[') {
            let (number, after) = after.split_once(']').ok_or(NameFault::OpenBracket)?;
            index = number.parse::<usize>().ok().filter(|number| *number < 1000).ok_or(NameFault::Number)?;
            pattern.push_str(before);
            pattern.push_str("[N]");
            rest = after;
        }
        pattern.push_str(rest);
        match Field::all().find(|field| field.name == pattern) {
            Some(field) => Ok((field, index)),
            None => Err(NameFault::Unknown(pattern)),
        }
    }

    /// All rows.
    pub fn all() -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().flat_map(|group| group.iter())
    }
}
