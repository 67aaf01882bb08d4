//! The output of `smtpcheck config show`: the values in effect, each with its origin. Secrets are not shown. For a
//! command that prints a password, only the first word is shown.

use std::path::Path;

use serde::Serialize;

use super::style::{Role, StyledLine};
use super::table::{self, Column, Side};
use super::{Display, escape};
use crate::plan::ValueOrigin;

/// The value of a flag, with its origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigValue {
    /// The name of the flag, without the hyphens.
    pub name: String,
    /// The values as text; empty if the flag is not set. A repeatable flag can have several values.
    pub value: Vec<String>,
    /// Where the value was set.
    pub origin: ValueOrigin,
    /// The line in the configuration file, if it was set there.
    pub line: Option<usize>,
    /// The environment variable, if it was set there.
    pub variable: Option<String>,
}

#[derive(Serialize)]
struct ConfigView<'a> {
    file: Option<String>,
    values: &'a [ConfigValue],
}

/// The values as a JSON document.
pub fn json(file: Option<&Path>, values: &[ConfigValue]) -> String {
    let shown = ConfigView { file: file.map(|file| file.to_string_lossy().into_owned()), values };
    super::json::pretty(&shown) + "\n"
}

/// The values as a table: first the values that were set, then the defaults.
pub fn render(file: Option<&Path>, values: &[ConfigValue], look: &Display) -> String {
    let heading = match file {
        Some(file) => StyledLine::of(Role::Dim, "file  ").and(Role::Command, escape::visible(&file.to_string_lossy())),
        None => StyledLine::of(Role::Dim, "no configuration file is read"),
    };
    let name = values.iter().map(|value| value.name.len()).max().unwrap_or(0);
    let origins = values.iter().map(|value| origin(value).len()).max().unwrap_or(0).min(40);
    let widths = [name, table::rest(look.width.min(120), &[name, origins]).max(20), origins];
    let columns = widths.map(|width| Column { width, side: Side::Left });
    let (set, rest): (Vec<_>, Vec<_>) = values.iter().partition(|value| value.origin != ValueOrigin::Default);
    let mut lines = vec![heading];
    for value in set.into_iter().chain(rest) {
        let role = if value.origin == ValueOrigin::Default { Role::Dim } else { Role::Plain };
        let words = if value.value.is_empty() { "-".to_owned() } else { value.value.join(", ") };
        let cells = [(role, value.name.clone()), (role, escape::visible(&words)), (Role::Dim, origin(value))];
        lines.extend(table::row(&columns, &cells));
    }
    lines.iter().map(|line| line.paint(look)).collect()
}

fn origin(value: &ConfigValue) -> String {
    let from = match value.origin {
        ValueOrigin::Flag => "flag",
        ValueOrigin::Target => "target",
        ValueOrigin::Environment => "environment",
        ValueOrigin::Profile => "profile",
        ValueOrigin::Config => "config",
        ValueOrigin::Machine => "this machine",
        ValueOrigin::Default => "default",
    };
    match (value.line, &value.variable) {
        (Some(line), _) => format!("{from}, line {line}"),
        (None, Some(variable)) => format!("{from}, {variable}"),
        (None, None) => from.to_owned(),
    }
}
