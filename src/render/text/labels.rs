//! Lines with a label in the first column, for findings and explanations.

use super::wrap::columns;
use crate::lexicon::Fix;
use crate::render::style::{Role, StyledLine};
use crate::render::{Display, escape};

/// The fixes, numbered if there are several.
pub(in crate::render) fn fix_lines(fixes: &[Fix], look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    for (at, fix) in fixes.iter().enumerate() {
        let label = if fixes.len() == 1 { "fix".to_owned() } else { format!("fix {}", at + 1) };
        let colon = if fix.command.is_some() || fix.url.is_some() { ":" } else { "" };
        lines.extend(labelled(&label, Role::Plain, &format!("{}{colon}", escape::visible(&fix.text)), look));
        for more in fix.command.iter().chain(&fix.url) {
            lines.push(command_line(&escape::visible(more)));
        }
    }
    lines
}

pub(in crate::render) fn labelled(label: &str, role: Role, text: &str, look: &Display) -> Vec<StyledLine> {
    // A label that is longer than its column shortens the first line of the text.
    let longer = " ".repeat(label.len().saturating_sub(6));
    let options = columns(look.width.saturating_sub(9).max(20)).initial_indent(&longer);
    textwrap::wrap(text, options)
        .into_iter()
        .enumerate()
        .map(|(at, piece)| {
            let label = if at == 0 { label } else { "" };
            let piece =
                if at == 0 { piece.get(longer.len()..).unwrap_or_default().to_owned() } else { piece.into_owned() };
            StyledLine::of(Role::Dim, format!("  {label:<6} ")).and(role, piece)
        })
        .collect()
}

/// A line with a command. It is never wrapped, so that it can be copied.
pub(in crate::render) fn command_line(command: &str) -> StyledLine {
    StyledLine::of(Role::Plain, "           ").and(Role::Command, command)
}
