//! `smtpcheck config show`: the values that hold, each with where it came from. Secrets are not here to be shown: a
//! value that leads to one is told by its first word.

use std::path::Path;

use serde::Serialize;

use super::style::{Line, Role};
use super::table::{self, Column, Side};
use super::{Look, escape};
use crate::plan::Origin;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Value {
    /// The name of the flag.
    pub name: String,
    /// The value as text; none is "not set". A flag that can be repeated may have several.
    pub value: Vec<String>,
    /// Who set it.
    pub origin: Origin,
    /// The line of the configuration file.
    pub line: Option<usize>,
    /// The variable of the environment.
    pub variable: Option<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    file: Option<String>,
    values: &'a [Value],
}

/// One JSON document.
pub fn json(file: Option<&Path>, values: &[Value]) -> String {
    let shown = Shown { file: file.map(|file| file.to_string_lossy().into_owned()), values };
    // Serialisation of our own types with string keys cannot fail.
    escape::json(&serde_json::to_string_pretty(&shown).unwrap_or_default()) + "\n"
}

/// A table: what somebody set first, then the rest.
pub fn render(file: Option<&Path>, values: &[Value], look: &Look) -> String {
    let heading = match file {
        Some(file) => Line::of(Role::Dim, "file  ").and(Role::Command, escape::visible(&file.to_string_lossy())),
        None => Line::of(Role::Dim, "no configuration file is read"),
    };
    let name = values.iter().map(|value| value.name.len()).max().unwrap_or(0);
    let origins = values.iter().map(|value| origin(value).len()).max().unwrap_or(0).min(40);
    let widths = [name, table::rest(look.width.min(120), &[name, origins]).max(20), origins];
    let columns = widths.map(|width| Column { width, side: Side::Left });
    let (set, rest): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.origin != Origin::Default);
    let mut lines = vec![heading];
    for value in set.into_iter().chain(rest) {
        let role = if value.origin == Origin::Default { Role::Dim } else { Role::Plain };
        let words = if value.value.is_empty() { "-".to_owned() } else { value.value.join(", ") };
        let cells = [(role, value.name.clone()), (role, escape::visible(&words)), (Role::Dim, origin(value))];
        lines.extend(table::row(&columns, &cells));
    }
    lines.iter().map(|line| line.paint(look)).collect()
}

fn origin(value: &Value) -> String {
    let from = match value.origin {
        Origin::Flag => "flag",
        Origin::Target => "target",
        Origin::Environment => "environment",
        Origin::Profile => "profile",
        Origin::Config => "config",
        Origin::Machine => "this machine",
        Origin::Default => "default",
    };
    match (value.line, &value.variable) {
        (Some(line), _) => format!("{from}, line {line}"),
        (None, Some(variable)) => format!("{from}, {variable}"),
        (None, None) => from.to_owned(),
    }
}
