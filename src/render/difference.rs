//! The differences between two runs, as text and as JSON.

use super::style::{Role, StyledLine};
use super::{Display, escape};
use crate::report::{Change, Difference};

/// The differences as text.
pub fn render(difference: &Difference, look: &Display) -> String {
    let mut lines = Vec::new();
    let arrow = look.signs.to();
    for check in difference.checks.iter().filter(|check| !check.changes.is_empty()) {
        lines.push(StyledLine::of(Role::Bold, escape::visible(&check.name)));
        for Change { what, before, after } in &check.changes {
            let what = escape::visible(what);
            let value = match (before, after) {
                (Some(before), Some(after)) => {
                    format!("{} {arrow} {}", escape::visible(before), escape::visible(after))
                }
                (None, Some(after)) => format!("new: {}", escape::visible(after)),
                (Some(before), None) => format!("removed: {}", escape::visible(before)),
                (None, None) => String::new(),
            };
            lines.push(StyledLine::of(Role::Plain, format!("  {what}  ")).and(Role::Bold, value));
        }
    }
    let same = difference.checks.iter().filter(|check| check.changes.is_empty()).count();
    lines.push(StyledLine::of(
        Role::Dim,
        match (difference.changed, same) {
            (false, _) => "no changes".to_owned(),
            (true, 0) => "everything else is unchanged".to_owned(),
            (true, 1) => "everything else is unchanged; 1 check without changes".to_owned(),
            (true, more) => format!("everything else is unchanged; {more} checks without changes"),
        },
    ));
    lines.iter().map(|line| line.paint(look)).collect()
}

/// The differences as JSON.
pub fn json(difference: &Difference, _: &Display) -> String {
    super::json::pretty(&difference) + "\n"
}
