//! Graphs of durations, drawn with characters: one or several lines high.

use super::super::style::{Role, StyledLine};
use super::super::symbols::Symbols;
use super::values::milliseconds;
use crate::watch::statistics::{Durations, GraphSample};

/// The last samples in one line of at most `width` characters. A failure is marked.
pub(super) fn sparkline(durations: &Durations, width: usize, signs: Symbols) -> Vec<(Role, String)> {
    let samples = last(durations, width);
    let most = highest(&samples);
    let mut pieces: Vec<(Role, String)> = Vec::new();
    for sample in samples {
        let (role, symbol) = match sample {
            GraphSample::Failed => (Role::Error, signs.failure()),
            GraphSample::Ms(ms) => (Role::Plain, level(ms / most, signs)),
        };
        match pieces.last_mut() {
            Some((known, text)) if *known == role => text.push(symbol),
            _ => pieces.push((role, symbol.to_string())),
        }
    }
    pieces
}

/// The last samples as bars of this height, with the highest value on the left.
pub(super) fn bars(durations: &Durations, width: usize, height: usize, signs: Symbols) -> Vec<StyledLine> {
    let label = 8;
    let samples = last(durations, width.saturating_sub(label + 1));
    let most = highest(&samples);
    let full = signs.levels().last().copied().unwrap_or('#');
    (0..height)
        .map(|row| {
            let name = if row == 0 { format!("{} ms", milliseconds(Some(most))) } else { String::new() };
            let name = if row + 1 == height { "0 ms".to_owned() } else { name };
            let mut line = StyledLine::of(Role::Dim, format!("{name:>label$} "));
            for sample in &samples {
                let (role, symbol) = match sample {
                    GraphSample::Failed if row + 1 == height => (Role::Error, signs.failure()),
                    GraphSample::Failed => (Role::Plain, ' '),
                    GraphSample::Ms(ms) => (Role::Plain, cell(ms / most, row, height, full, signs)),
                };
                line = line.and(role, symbol.to_string());
            }
            line
        })
        .collect()
}

/// The character of a bar in one row, counted from the top.
#[allow(clippy::cast_precision_loss, reason = "the height of a terminal")]
fn cell(share: f64, row: usize, height: usize, full: char, signs: Symbols) -> char {
    let filled = share * height as f64 - (height - row - 1) as f64;
    if filled >= 1.0 {
        full
    } else if filled > 0.0 || row + 1 == height {
        level(filled, signs)
    } else {
        ' '
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the share is between 0 and 1")]
fn level(share: f64, signs: Symbols) -> char {
    let levels = signs.levels();
    let at = (share.clamp(0.0, 1.0) * 7.0).round() as usize;
    levels.get(at).copied().unwrap_or(' ')
}

fn last(durations: &Durations, width: usize) -> Vec<GraphSample> {
    let samples = durations.samples();
    let skipped = samples.len().saturating_sub(width);
    samples.skip(skipped).collect()
}

/// The highest duration, or 1 if there is none, so that it can be a divisor.
fn highest(samples: &[GraphSample]) -> f64 {
    let ms = |sample: &GraphSample| match sample {
        GraphSample::Ms(ms) => *ms,
        GraphSample::Failed => 0.0,
    };
    let most = samples.iter().map(ms).fold(0.0, f64::max);
    if most > 0.0 { most } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::super::super::symbols::Symbols;
    use super::{bars, sparkline};
    use crate::render::Display;
    use crate::watch::statistics::{PhaseEnd, PhaseStatistics};

    fn of(ends: &[PhaseEnd]) -> PhaseStatistics {
        let mut statistics = PhaseStatistics::default();
        ends.iter().for_each(|end| statistics.add(*end));
        statistics
    }

    fn text(ends: &[PhaseEnd], width: usize, signs: Symbols) -> String {
        sparkline(&of(ends).durations, width, signs).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn a_sparkline_shows_the_last_samples_and_marks_failures() {
        let ends = [PhaseEnd::Ok(9.0), PhaseEnd::Ok(1.0), PhaseEnd::Ok(8.0), PhaseEnd::TimedOut, PhaseEnd::Ok(4.0)];
        assert_eq!(text(&ends, 4, Symbols::Unicode), "▂█✗▅");
        assert_eq!(text(&ends, 4, Symbols::Ascii), ":@x+");
        assert_eq!(text(&ends, 100, Symbols::Ascii).chars().count(), 5);
        assert_eq!(text(&[PhaseEnd::Failed], 3, Symbols::Ascii), "x");
    }

    #[test]
    fn bars_fill_the_height_in_proportion() {
        let ends = [PhaseEnd::Ok(30.0), PhaseEnd::Ok(10.0), PhaseEnd::Failed, PhaseEnd::Ok(0.0)];
        let lines = bars(&of(&ends).durations, 20, 3, Symbols::Ascii);
        let text: String = lines.iter().map(|line| line.paint(&Display::plain())).collect();
        assert_eq!(text, "   30 ms @\n         @\n    0 ms @@x.\n");
    }
}
