//! Rows with a name, a state and details. The details wrap beside the state or below it.

use unicode_width::UnicodeWidthStr;

use super::wrap::{columns, hanging};
use crate::render::Display;
use crate::render::style::{Role, StyledLine};

/// The minimum width of details beside a state.
const DETAIL: usize = 36;
/// The minimum width of the state column.
const STATE: usize = 10;

/// A row.
pub(super) struct StateRow<'a> {
    pub(super) name: &'a str,
    pub(super) role: Role,
    pub(super) word: &'a str,
    pub(super) detail: &'a str,
}

/// The rows, with the columns aligned.
pub(super) fn state_rows(rows: &[StateRow<'_>], look: &Display) -> Vec<StyledLine> {
    let label = rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
    let word = rows.iter().map(|row| row.word.width()).max().unwrap_or(0).max(STATE);
    let mut lines = Vec::new();
    for row in rows {
        let label = format!("  {}{}  ", row.name, " ".repeat(label - row.name.width()));
        let state = format!("{:<word$}  ", row.word);
        if look.width < label.width() + state.width() + DETAIL {
            lines.push(StyledLine::of(Role::Plain, label).and(row.role, state));
            if !row.detail.is_empty() {
                lines.extend(hanging("    ", Role::Plain, Role::Plain, row.detail, look));
            }
            continue;
        }
        let indent = label.width() + state.width();
        let options = columns(look.width.saturating_sub(indent).max(20));
        let pieces = textwrap::wrap(row.detail, options);
        if pieces.is_empty() {
            lines.push(StyledLine::of(Role::Plain, label.clone()).and(row.role, state.clone()));
        }
        for (at, piece) in pieces.into_iter().enumerate() {
            lines.push(match at {
                0 => StyledLine::of(Role::Plain, label.clone())
                    .and(row.role, state.clone())
                    .and(Role::Plain, piece.into_owned()),
                _ => StyledLine::of(Role::Plain, " ".repeat(indent)).and(Role::Plain, piece.into_owned()),
            });
        }
    }
    lines
}
