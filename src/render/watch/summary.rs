//! The summary of a watch as text.

use super::super::style::{Role, StyledLine};
use super::super::text::columns;
use super::super::view::{interfaces, verdict};
use super::super::{Display, escape};
use super::values::{COLUMNS, backend_facts, backend_name, change, milliseconds, percent, phase_name, span, time};
use crate::check::Severity;
use crate::report::exit_name;
use crate::watch::summary::{AddressSummary, PhaseSummary, TargetSummary, WatchSummary};

/// The maximum number of changes, and of failed checks, that are shown.
const LISTED: usize = 15;
/// The widths of the columns.
const NAME: usize = 10;
const ADDRESS: usize = 15;
const COUNT: usize = 5;
const DURATION: usize = 6;

/// The summary, with a final line ending.
pub fn summary(summary: &WatchSummary, look: &Display) -> String {
    let mut lines = Vec::new();
    for (at, target) in summary.targets.iter().enumerate() {
        if at > 0 {
            lines.push(StyledLine::new());
        }
        lines.extend(of_target(target, summary, look));
    }
    lines.extend(interfaces(summary, look));
    let code = summary.exit.code;
    let (role, word) = match code {
        0 => (Role::Bold, "PASS"),
        9 => (Role::Warning, "INCOMPLETE"),
        _ => (Role::Error, "FAIL"),
    };
    let exit = if code == 0 { "exit 0".to_owned() } else { format!("exit {code} ({})", exit_name(code)) };
    lines.push(StyledLine::of(role, word).and(Role::Plain, format!("  {exit}")));
    lines.into_iter().map(|line| line.paint(look)).collect()
}

/// The targets whose checks pass from some interfaces and fail from others.
fn interfaces(summary: &WatchSummary, look: &Display) -> Vec<StyledLine> {
    if summary.interfaces.is_empty() {
        return Vec::new();
    }
    let rows = summary
        .interfaces
        .iter()
        .flat_map(|one| wrapped(&escape::visible(&one.target), Role::Error, &interfaces::comparison(one), look));
    [StyledLine::new(), title("interfaces")].into_iter().chain(rows).collect()
}

fn of_target(target: &TargetSummary, summary: &WatchSummary, look: &Display) -> Vec<StyledLine> {
    let mut lines = vec![headline(target, summary)];
    if target.checks == 0 {
        return lines;
    }
    lines.push(heading("phase", NAME, "runs", look));
    lines.extend(target.phases.iter().map(|phase| row(&phase_name(&phase.name), NAME, phase, look)));
    if target.addresses.len() > 1 {
        lines.push(heading("address", ADDRESS, "runs", look));
        for address in &target.addresses {
            lines.extend(of_address(address, look));
        }
    }
    lines.extend(details(target, look));
    lines
}

/// The servers behind the name, the findings, the changes and the failed checks.
pub(super) fn details(target: &TargetSummary, look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    if target.backends.len() > 1 {
        lines.push(title(&format!("{} backends", target.backends.len())));
        for backend in &target.backends {
            let sessions = verdict::plural(backend.sessions, "session", "sessions");
            let text = format!("{sessions}  {}", backend_facts(backend));
            lines.extend(wrapped(&backend_name(backend), Role::Plain, &text, look));
        }
    }
    lines.extend(findings(target, look));
    lines.extend(changes(target, look));
    lines.extend(failed(target, look));
    lines
}

/// The target, the number of checks, and how many failed.
fn headline(target: &TargetSummary, summary: &WatchSummary) -> StyledLine {
    let seconds = summary.ended_at.duration_since(summary.started_at).as_secs();
    let checks = verdict::plural(target.checks, "check", "checks");
    let role = if target.failures > 0 { Role::Error } else { Role::Plain };
    let mut failed = format!("{} failed ({} %)", target.failures, percent(target.loss_percent));
    if target.timeouts > 0 {
        failed.push_str(&format!(", {} of them timed out", target.timeouts));
    }
    StyledLine::of(Role::Bold, escape::visible(&target.label()))
        .and(Role::Plain, format!("  {checks} in {}, ", span(seconds)))
        .and(role, failed)
}

fn title(text: &str) -> StyledLine {
    StyledLine::of(Role::Bold, text)
}

/// How many duration columns fit into the width.
fn fitting(width: usize, look: &Display) -> usize {
    look.width.saturating_sub(2 + width + 2 * (COUNT + 1)) / (DURATION + 1)
}

/// The heading of a table whose first column has this width.
fn heading(name: &str, width: usize, count: &str, look: &Display) -> StyledLine {
    let names: String =
        COLUMNS.iter().take(fitting(width, look)).map(|column| format!(" {:>DURATION$}", column.name)).collect();
    title(&format!("{name:<wide$} {count:>COUNT$} {:>COUNT$}{names}", "loss%", wide = width + 2))
}

fn row(name: &str, width: usize, phase: &PhaseSummary, look: &Display) -> StyledLine {
    let loss = phase.loss_percent();
    let role = if loss > 0.0 { Role::Error } else { Role::Plain };
    let line = StyledLine::of(Role::Plain, format!("  {name:<width$} {:>COUNT$}", phase.runs))
        .and(role, format!(" {:>COUNT$}", percent(loss)));
    COLUMNS.iter().take(fitting(width, look)).fold(line, |line, column| {
        // With few durations, this percentile is simply the longest duration.
        let is_guess = column.name == "p99" && phase.runs < 100;
        let role = if is_guess { Role::Dim } else { Role::Plain };
        line.and(role, format!(" {:>DURATION$}", milliseconds((column.value)(phase))))
    })
}

/// An IPv6 address has a separate line, because it is wider than the column.
fn of_address(address: &AddressSummary, look: &Display) -> Vec<StyledLine> {
    let name = address.address.to_string();
    let whole = PhaseSummary { runs: address.checks, ..address.total.clone() };
    if name.len() <= ADDRESS {
        return vec![row(&name, ADDRESS, &whole, look)];
    }
    vec![StyledLine::of(Role::Plain, format!("  {name}")), row("", ADDRESS, &whole, look)]
}

fn findings(target: &TargetSummary, look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    if !target.findings.is_empty() || !target.rules.is_empty() {
        lines.push(title("findings"));
    }
    for finding in &target.findings {
        let role = role_of(finding.severity);
        let head = format!("{} {}", finding.severity, escape::visible(&finding.rule));
        lines.extend(wrapped(&head, role, &escape::visible(&finding.summary), look));
        lines.extend(
            finding.fixes.first().into_iter().flat_map(|fix| wrapped("  fix:", Role::Plain, &verdict::fix(fix), look)),
        );
    }
    for rule in &target.rules {
        let head = format!("{} {}", rule.severity, escape::visible(&rule.rule));
        let checks = verdict::plural(rule.checks, "check", "checks");
        let text = format!("in {checks}: {}", escape::visible(&rule.summary));
        lines.extend(wrapped(&head, role_of(rule.severity), &text, look));
    }
    lines
}

pub(super) fn role_of(severity: Severity) -> Role {
    match severity {
        Severity::Error => Role::Error,
        Severity::Warning => Role::Warning,
        Severity::Notice => Role::Plain,
    }
}

/// A word with text beside it, wrapped to the width.
pub(super) fn wrapped(head: &str, role: Role, text: &str, look: &Display) -> Vec<StyledLine> {
    let first = format!("  {head}  ");
    let options = columns(look.width).initial_indent(&first).subsequent_indent("      ");
    let lines = textwrap::wrap(text, options);
    lines
        .into_iter()
        .enumerate()
        .map(|(at, line)| match (at, line.strip_prefix(&first)) {
            (0, Some(rest)) => StyledLine::of(role, format!("  {head}")).and(Role::Plain, format!("  {rest}")),
            _ => StyledLine::of(Role::Plain, line.into_owned()),
        })
        .collect()
}

fn changes(target: &TargetSummary, look: &Display) -> Vec<StyledLine> {
    if target.changes.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![title("changes")];
    let hidden = target.changes.len().saturating_sub(LISTED) as u64 + target.changes_dropped;
    if hidden > 0 {
        let text = format!("  {} not shown", verdict::plural(hidden, "earlier change", "earlier changes"));
        lines.push(StyledLine::of(Role::Dim, text));
    }
    for one in target.changes.iter().skip(target.changes.len().saturating_sub(LISTED)) {
        let last = if one.times > 1 { format!(", the last at {}", time(one.last)) } else { String::new() };
        let text = format!("{}{last}", change(one, look.signs.to()));
        lines.extend(wrapped(&time(one.first), Role::Dim, &text, look));
    }
    lines
}

fn failed(target: &TargetSummary, look: &Display) -> Vec<StyledLine> {
    if target.failed_checks.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![title("last failed checks")];
    for one in target.failed_checks.iter().skip(target.failed_checks.len().saturating_sub(LISTED)) {
        let peer = one.address.map(|ip| format!("{ip}  ")).unwrap_or_default();
        let text = format!("{peer}exit {}: {}", one.exit_code, escape::visible(&one.reason));
        lines.extend(wrapped(&time(one.at), Role::Dim, &text, look));
    }
    lines
}
