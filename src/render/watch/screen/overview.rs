//! The table: all targets if there are several, the phases and IP addresses of the selected target, each with a graph,
//! and its findings and latest changes.

use super::super::super::style::{Role, StyledLine};
use super::super::super::view::verdict;
use super::super::super::{Display, Symbols};
use super::super::graph::sparkline;
use super::super::summary::{role_of, wrapped};
use super::super::values::{COLUMNS, DurationColumn, change, milliseconds, percent, phase_name};
use crate::render::escape::visible;
use crate::watch::Watch;
use crate::watch::statistics::{Durations, PhaseStatistics};
use crate::watch::summary::{PhaseSummary, TargetSummary};
use crate::watch::target::{TargetWatch, percent as share};

/// The width of a column with a number, including the space before it.
const NUMBER: usize = 6;
/// The width of the widest heading, with the space before it.
const WIDEST: usize = 7;
/// The minimum and the maximum width of a graph.
const GRAPH: std::ops::RangeInclusive<usize> = 7..=60;

/// The widths of a table for a terminal.
struct TableWidths {
    name: usize,
    has_runs: bool,
    columns: Vec<&'static DurationColumn>,
    graph: usize,
}

impl TableWidths {
    fn new(name: usize, width: usize) -> TableWidths {
        let has_runs = width >= 50;
        let fixed = name + NUMBER + if has_runs { NUMBER } else { 0 };
        let graph = if width >= 60 { *GRAPH.start() + 2 } else { 0 };
        let mut room = width.saturating_sub(fixed + graph);
        let mut columns = Vec::new();
        for column in &COLUMNS {
            let needed = column_width(column);
            if needed > room {
                break;
            }
            room -= needed;
            columns.push(column);
        }
        let graph = if graph > 0 { (room + graph).saturating_sub(2).min(*GRAPH.end()) } else { 0 };
        TableWidths { name, has_runs, columns, graph }
    }

    fn heading(&self, name: &str) -> StyledLine {
        let mut text = format!("{name:<width$}", width = self.name);
        if self.has_runs {
            text.push_str(&format!("{:>NUMBER$}", "runs"));
        }
        text.push_str(&format!("{:>NUMBER$}", "loss%"));
        for column in &self.columns {
            text.push_str(&format!("{:>width$}", column.name, width = column_width(column)));
        }
        StyledLine::of(Role::Bold, text)
    }

    fn row(&self, name: &str, role: Role, cells: &TableCells<'_>, signs: Symbols) -> StyledLine {
        let mut line = StyledLine::of(role, fitted(name, self.name));
        if self.has_runs {
            line = line.and(Role::Plain, format!("{:>NUMBER$}", cells.runs));
        }
        let loss = share(cells.failed, cells.runs);
        let role = if loss > 0.0 { Role::Error } else { Role::Plain };
        line = line.and(role, format!("{:>NUMBER$}", percent(loss)));
        for column in &self.columns {
            // With few durations, this percentile is simply the longest duration.
            let is_guess = column.name == "p99" && !cells.durations.has_p99();
            let role = if is_guess { Role::Dim } else { Role::Plain };
            let value = milliseconds((column.value)(&cells.summary));
            line = line.and(role, format!("{value:>width$}", width = column_width(column)));
        }
        if self.graph > 0 {
            line = line.and(Role::Plain, "  ");
            for (role, text) in sparkline(cells.durations, self.graph, signs) {
                line = line.and(role, text);
            }
        }
        line
    }
}

/// The values of a row.
struct TableCells<'a> {
    runs: u64,
    failed: u64,
    summary: PhaseSummary,
    durations: &'a Durations,
}

impl<'a> TableCells<'a> {
    fn of(statistics: &'a PhaseStatistics) -> TableCells<'a> {
        TableCells {
            runs: statistics.runs(),
            failed: statistics.failures + statistics.timeouts,
            summary: PhaseSummary::of("", statistics),
            durations: &statistics.durations,
        }
    }
}

fn column_width(column: &DurationColumn) -> usize {
    if column.name.len() >= NUMBER { WIDEST } else { NUMBER }
}

/// A name in exactly this width; a longer name is cut.
fn fitted(name: &str, width: usize) -> String {
    let cut: String = name.chars().take(width).collect();
    format!("{cut:<width$}")
}

/// The lines of the table.
pub(super) fn table(watch: &Watch, selected: usize, look: &Display) -> Vec<StyledLine> {
    let Some(target) = watch.targets.get(selected) else { return Vec::new() };
    let mut lines = Vec::new();
    if watch.targets.len() > 1 {
        let longest = watch.targets.iter().map(|target| target.label().chars().count() + 2).max().unwrap_or(0);
        let widths = TableWidths::new(longest.clamp(10, (look.width / 2).max(12)), look.width);
        lines.push(widths.heading("target"));
        for (at, one) in watch.targets.iter().enumerate() {
            let (mark, role) = if at == selected { ("> ", Role::Bold) } else { ("  ", Role::Plain) };
            let name = format!("{mark}{}", visible(&one.label()));
            lines.push(widths.row(&name, role, &TableCells::of(&one.total), look.signs));
        }
        lines.push(StyledLine::new());
    }
    let widths = TableWidths::new(10, look.width);
    lines.push(widths.heading("phase"));
    for (phase, statistics) in &target.phases {
        let name = phase_name(phase.key());
        lines.push(widths.row(&name, Role::Plain, &TableCells::of(statistics), look.signs));
    }
    lines.push(widths.row("total", Role::Bold, &TableCells::of(&target.total), look.signs));
    lines.extend(addresses(target, look));
    let summary = target.summary();
    lines.extend(findings(&summary, look));
    lines.extend(changes(&summary, look));
    lines
}

/// A row for each IP address, if there are several.
fn addresses(target: &TargetWatch, look: &Display) -> Vec<StyledLine> {
    if target.addresses.len() < 2 {
        return Vec::new();
    }
    let longest = target.addresses.iter().map(|one| one.address.to_string().len()).max().unwrap_or(0);
    let widths = TableWidths::new(longest.clamp(10, (look.width / 2).max(15)), look.width);
    let mut lines = vec![StyledLine::new(), widths.heading("address")];
    for one in &target.addresses {
        let cells = TableCells { runs: one.checks, failed: one.failures, ..TableCells::of(&one.total) };
        lines.push(widths.row(&one.address.to_string(), Role::Plain, &cells, look.signs));
    }
    lines
}

/// The servers behind the name if there are several, and the findings.
fn findings(summary: &TargetSummary, look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    let has_findings = !summary.findings.is_empty() || !summary.rules.is_empty();
    if has_findings || summary.backends.len() > 1 {
        lines.push(StyledLine::new());
        let backends = match summary.backends.len() {
            0 | 1 => String::new(),
            count => format!("  {count} backends"),
        };
        lines.push(StyledLine::of(Role::Bold, "findings").and(Role::Plain, backends));
    }
    for finding in &summary.findings {
        let severity = finding.severity;
        lines.extend(wrapped(&severity.to_string(), role_of(severity), &visible(&finding.summary), look));
    }
    for rule in &summary.rules {
        let checks = verdict::plural(rule.checks, "check", "checks");
        let text = format!("in {checks}: {}", visible(&rule.summary));
        lines.extend(wrapped(&rule.severity.to_string(), role_of(rule.severity), &text, look));
    }
    lines
}

/// The changes, latest first.
fn changes(summary: &TargetSummary, look: &Display) -> Vec<StyledLine> {
    if summary.changes.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![StyledLine::new(), StyledLine::of(Role::Bold, "changes")];
    let mut latest: Vec<_> = summary.changes.iter().collect();
    latest.sort_by_key(|one| std::cmp::Reverse(one.last));
    lines.extend(latest.into_iter().map(|one| {
        let at = one.last.strftime("%H:%M:%S").to_string();
        let text = change(one, look.signs.to());
        let room = look.width.saturating_sub(15);
        let cut = if text.chars().count() > room { "..." } else { "" };
        let text: String = text.chars().take(if cut.is_empty() { room } else { room.saturating_sub(1) }).collect();
        StyledLine::of(Role::Dim, format!("  {at}")).and(Role::Plain, format!("  {text}{cut}"))
    }));
    lines
}
