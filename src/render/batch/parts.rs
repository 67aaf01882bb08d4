//! The parts of a summary that every format for people shows.

use super::super::view::verdict::seconds;
use crate::report::batch::BatchSummary;

/// The verdict in one word.
pub(super) fn verdict_word(summary: &BatchSummary) -> &'static str {
    match summary.exit_code() {
        0 => "PASS",
        130 | 143 => "INCOMPLETE",
        _ => "FAIL",
    }
}

/// The numbers of targets and lines.
pub(super) fn headline(summary: &BatchSummary) -> String {
    let passed = summary.by_exit.get(&0).copied().unwrap_or(0);
    let mut parts = vec![
        counted(summary.targets, "target", "targets"),
        format!("{passed} passed"),
        format!("{} failed", summary.targets.saturating_sub(passed)),
    ];
    if summary.invalid_lines > 0 {
        parts.push(counted(summary.invalid_lines, "invalid line", "invalid lines"));
    }
    if let Some(run) = &summary.run {
        let skipped = [
            (run.duplicates, "duplicate", "duplicates"),
            (run.other_shards, "line of other shards", "lines of other shards"),
            (run.resumed, "record kept", "records kept"),
        ];
        let skipped = skipped.iter().filter(|(number, ..)| *number > 0);
        parts.extend(skipped.map(|(number, one, several)| counted(*number, one, several)));
        parts.push(format!("{} s ({}/s)", seconds(run.total_ms), run.per_second));
    }
    parts.push(format!("exit {}", summary.exit_code()));
    parts.join(", ")
}

pub(super) fn counted(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
