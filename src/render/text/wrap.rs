//! Wraps session lines to a width. A line consists of the bar for encryption, the time, the symbol of the sender and
//! the text. Continuation lines are indented.

use unicode_width::UnicodeWidthStr;

use crate::render::style::{Role, StyledLine};
use crate::render::symbols::Speaker;
use crate::render::view::lines::SessionLine;
use crate::render::{Display, Symbols};

/// The number of columns before the text of a line: bar, time, symbol.
fn indent(look: &Display) -> usize {
    match look.signs {
        Symbols::Unicode => 10,
        Symbols::Ascii => 11,
    }
}

/// Options for wrapping at spaces only, because a rule id, host name or flag that is split cannot be copied.
pub(in crate::render) fn columns(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
}

/// Wraps documentation at spaces, but not at the spaces inside code spans (`like this`).
pub(in crate::render) fn prose(text: &str, width: usize) -> Vec<String> {
    const KEPT_SPACE: &str = "\u{a0}";
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(at, part)| if at % 2 == 1 { part.replace(' ', KEPT_SPACE) } else { part.to_owned() });
    let joined = parts.collect::<Vec<_>>().join("`");
    textwrap::wrap(&joined, columns(width)).into_iter().map(|line| line.replace(KEPT_SPACE, " ")).collect()
}

/// Text beside its label, wrapped to the width of the display.
pub(super) fn hanging(label: &str, label_role: Role, role: Role, text: &str, look: &Display) -> Vec<StyledLine> {
    let indent = label.width();
    let options = columns(look.width.saturating_sub(indent).max(20));
    textwrap::wrap(text, options)
        .into_iter()
        .enumerate()
        .map(|(at, piece)| {
            let first = if at == 0 { label.to_owned() } else { " ".repeat(indent) };
            StyledLine::of(label_role, first).and(role, piece.into_owned())
        })
        .collect()
}

/// The columns before the text: bar, time, symbol.
fn margin(at_ms: Option<f64>, encrypted: bool, speaker: Speaker, role: Role, look: &Display) -> StyledLine {
    let time = at_ms.map_or_else(|| " ".repeat(6), |ms| format!("{:>6}", format!("{ms:.0}")));
    let sign = look.signs.speaker(speaker, encrypted);
    StyledLine::of(Role::Encrypted, look.signs.bar(encrypted))
        .and(Role::Dim, time)
        .and(Role::Plain, " ")
        .and(role, sign)
}

/// Wraps a line to the width of the display.
pub(super) fn wrapped(line: &SessionLine, look: &Display) -> Vec<StyledLine> {
    let SessionLine { at_ms, encrypted, speaker, parts, gloss } = line;
    let encrypted = *encrypted;
    let width = look.width.saturating_sub(indent(look)).max(20);
    let whole: String = parts.iter().map(|(_, text)| text.as_str()).collect();
    let last_role = parts.last().map_or(Role::Plain, |(role, _)| *role);
    let start = margin(*at_ms, encrypted, *speaker, last_role, look);
    let mut lines = Vec::new();
    if textwrap::core::display_width(&whole) <= width {
        let mut line = start;
        for (role, text) in parts {
            line = line.and(*role, text.clone());
        }
        lines.push(line);
    } else {
        // The first part (the reply code) is short and is not wrapped.
        let (head, tail) = match parts.as_slice() {
            [(role, head), .., (_, tail)] => (Some((*role, head.clone())), tail.clone()),
            [(_, only)] => (None, only.clone()),
            [] => (None, String::new()),
        };
        let head_width = head.as_ref().map_or(0, |(_, head)| textwrap::core::display_width(head));
        let indent = " ".repeat(head_width);
        let options = columns(width).initial_indent(&indent).subsequent_indent("  ");
        for (at, piece) in textwrap::wrap(&tail, options).into_iter().enumerate() {
            let line = if at == 0 {
                let mut line = start.clone();
                if let Some((role, head)) = &head {
                    line = line.and(*role, head.clone());
                }
                line.and(last_role, piece.get(head_width..).unwrap_or_default())
            } else {
                below(encrypted, look).and(last_role, piece.into_owned())
            };
            lines.push(line);
        }
    }
    if gloss.is_empty() {
        return lines;
    }
    if textwrap::core::display_width(&whole) + 2 + textwrap::core::display_width(gloss) <= width {
        let last = lines.pop();
        lines.extend(last.map(|last| last.and(Role::Dim, format!("  {gloss}"))));
    } else {
        let options = columns(width).initial_indent("  ").subsequent_indent("  ");
        let pieces = textwrap::wrap(gloss, options);
        lines.extend(pieces.into_iter().map(|piece| below(encrypted, look).and(Role::Dim, piece.into_owned())));
    }
    lines
}

/// The margin of a continuation line: the bar, and spaces instead of time and symbol.
fn below(encrypted: bool, look: &Display) -> StyledLine {
    StyledLine::of(Role::Encrypted, look.signs.bar(encrypted)).and(Role::Plain, " ".repeat(indent(look) - 1))
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn documentation_is_not_wrapped_inside_code_spans_or_at_hyphens() {
        let text = "Disable the inspection (`no inspect esmtp`) or use starttls-not-offered";
        assert_eq!(prose(text, 37), ["Disable the inspection", "(`no inspect esmtp`) or use", "starttls-not-offered"]);
    }
}
