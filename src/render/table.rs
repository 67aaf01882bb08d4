//! Tables. Text that is too long for its cell is wrapped at spaces and never truncated.

use unicode_width::UnicodeWidthStr;

use super::style::{Role, StyledLine};

/// The number of spaces between columns.
const GAP: usize = 2;

/// The width and alignment of a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) width: usize,
    pub(super) side: Side,
}

/// The alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// The text of a cell.
pub(super) type Cell = (Role, String);

/// The lines of a row.
pub(super) fn row(columns: &[Column], cells: &[Cell]) -> Vec<StyledLine> {
    let broken: Vec<(Column, Role, Vec<String>)> = columns
        .iter()
        .zip(cells)
        .map(|(column, (role, text))| {
            let options = super::text::columns(column.width);
            let pieces =
                text.lines().flat_map(|line| textwrap::wrap(line, options.clone())).map(|piece| piece.into_owned());
            (*column, *role, pieces.collect())
        })
        .collect();
    let height = broken.iter().map(|(_, _, pieces)| pieces.len()).max().unwrap_or(0);
    (0..height)
        .map(|at| {
            broken.iter().enumerate().fold(StyledLine::new(), |line, (place, (column, role, pieces))| {
                let piece = pieces.get(at).map_or("", String::as_str);
                let pad = " ".repeat(column.width.saturating_sub(piece.width()));
                let line = if place == 0 { line } else { line.and(Role::Plain, " ".repeat(GAP)) };
                match column.side {
                    Side::Left => line.and(*role, piece).and(Role::Plain, pad),
                    Side::Right => line.and(Role::Plain, pad).and(*role, piece),
                }
            })
        })
        .collect()
}

/// The width that is left for one more column beside the others.
pub(super) fn rest(width: usize, others: &[usize]) -> usize {
    width.saturating_sub(others.iter().map(|width| width + GAP).sum())
}
