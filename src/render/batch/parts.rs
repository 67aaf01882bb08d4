//! The parts of a summary that every format for people shows.

use super::super::escape::visible;
use super::super::view::verdict::{plural, seconds};
use crate::report::batch::{BatchSummary, FindingExample};

/// The verdict in one word.
pub(super) fn verdict_word(summary: &BatchSummary) -> &'static str {
    match summary.exit_code() {
        130 | 143 => "INCOMPLETE",
        // The program that reads the records closed the pipe.
        _ if summary.run.as_ref().is_some_and(|run| !run.complete) => "INCOMPLETE",
        0 => "PASS",
        _ => "FAIL",
    }
}

/// A target with a finding and its summary, escaped.
pub(super) fn shown(example: &FindingExample) -> String {
    format!("{}: {}", visible(&example.target), visible(&example.summary))
}

/// The numbers of targets and lines.
pub(super) fn headline(summary: &BatchSummary) -> String {
    let passed = summary.by_exit.get(&0).copied().unwrap_or(0);
    let mut parts = vec![
        plural(summary.targets, "target", "targets"),
        format!("{passed} passed"),
        format!("{} failed", summary.targets.saturating_sub(passed)),
    ];
    if summary.invalid_lines > 0 {
        parts.push(plural(summary.invalid_lines, "invalid line", "invalid lines"));
    }
    if let Some(run) = &summary.run {
        let skipped = [
            (run.duplicates, "duplicate", "duplicates"),
            (run.other_shards, "line of other shards", "lines of other shards"),
            (run.resumed, "record kept", "records kept"),
        ];
        let skipped = skipped.iter().filter(|(number, ..)| *number > 0);
        parts.extend(skipped.map(|(number, one, several)| plural(*number, one, several)));
        parts.push(format!("{} s ({}/s)", seconds(run.total_ms), run.per_second));
    }
    parts.push(format!("exit {}", summary.exit_code()));
    parts.join(", ")
}
