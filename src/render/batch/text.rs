//! The summary of a batch as text.

use std::collections::BTreeMap;

use super::super::style::{Role, StyledLine};
use super::super::view::interfaces;
use super::super::view::verdict::{plural, seconds};
use super::super::{Display, escape};
use super::parts::{differing, domain_counts, example_text, headline, interface_counts, unlisted, verdict_word};
use crate::check::Severity;
use crate::report::batch::{BatchSummary, InvalidExample, PhaseTimes, SlowTarget};

/// The maximum number of findings to show.
const FINDINGS: usize = 15;

/// The summary, with a final line ending.
pub fn summary(summary: &BatchSummary, look: &Display) -> String {
    let counts = |counts: &BTreeMap<String, u64>| counts.iter().map(|(name, count)| named(*count, name)).collect();
    let mut lines = vec![first_line(summary)];
    lines.extend(invalid_lines(summary));
    lines.extend(section("exit codes", exit_codes(summary)));
    lines.extend(section("TLS", counts(&summary.by_tls_version)));
    lines.extend(section("rejections", counts(&summary.by_category)));
    lines.extend(domains(summary));
    lines.extend(interfaces(summary));
    lines.extend(findings(summary));
    if !summary.phases.is_empty() {
        lines.push(StyledLine::of(Role::Bold, "durations in ms    targets      p50      p90      p99      max"));
        lines.extend(summary.phases.iter().map(times));
    }
    lines.extend(slowest(summary));
    lines.into_iter().map(|line| line.paint(look)).collect()
}

/// The first lines that could not be checked.
fn invalid_lines(summary: &BatchSummary) -> Vec<StyledLine> {
    let title = (summary.invalid_lines > 0).then(|| StyledLine::of(Role::Bold, "invalid lines"));
    let row = |one: &InvalidExample| {
        let line = StyledLine::of(Role::Plain, format!("  {:>9}  ", one.line));
        line.and(Role::Error, escape::visible(&one.error))
    };
    let mut lines: Vec<StyledLine> = title.into_iter().chain(summary.invalid_examples.iter().map(row)).collect();
    let hidden = summary.invalid_lines.saturating_sub(summary.invalid_examples.len() as u64);
    if hidden > 0 {
        let text = format!("{:13}and {}", "", plural(hidden, "other line", "other lines"));
        lines.push(StyledLine::of(Role::Dim, text));
    }
    lines
}

/// The results of domains.
fn domains(summary: &BatchSummary) -> Vec<StyledLine> {
    let Some(counts) = &summary.domains else { return Vec::new() };
    let row = |(title, counts): (&str, Vec<(String, u64)>)| {
        let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name}: {count}")).collect();
        StyledLine::of(Role::Plain, format!("  {title:<20}  {}", counts.join(", ")))
    };
    let title = StyledLine::of(Role::Bold, "domains");
    std::iter::once(title).chain(domain_counts(counts).into_iter().map(row)).collect()
}

/// The results by interface, and the targets that pass from some of them and fail from others.
fn interfaces(summary: &BatchSummary) -> Vec<StyledLine> {
    let Some(counts) = &summary.interfaces else { return Vec::new() };
    let mut lines = vec![StyledLine::of(Role::Bold, "interfaces")];
    lines.extend(
        interface_counts(counts)
            .into_iter()
            .map(|(name, exits)| StyledLine::of(Role::Plain, format!("  {name:<20}  {exits}"))),
    );
    if counts.differing == 0 {
        return lines;
    }
    lines.push(StyledLine::of(Role::Error, format!("  {}", differing(counts))));
    lines.extend(counts.examples.iter().map(|one| {
        let text = format!("    {}: {}", escape::visible(&one.target), interfaces::comparison(one));
        StyledLine::of(Role::Plain, text)
    }));
    lines.extend(unlisted(counts).map(|text| StyledLine::of(Role::Dim, format!("    {text}"))));
    lines
}

/// The most frequent findings, each with an example.
fn findings(summary: &BatchSummary) -> Vec<StyledLine> {
    if summary.findings.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![StyledLine::of(Role::Bold, "findings")];
    for finding in summary.findings.iter().take(FINDINGS) {
        let role = match finding.severity {
            Severity::Error => Role::Error,
            Severity::Warning => Role::Warning,
            Severity::Notice => Role::Plain,
        };
        let example = finding.examples.first().map(|example| format!("  {}", example_text(example)));
        let count = StyledLine::of(Role::Plain, format!("  {:>9}  ", finding.targets));
        let line = count.and(role, escape::visible(&finding.rule));
        lines.push(line.and(Role::Dim, example.unwrap_or_default()));
    }
    let hidden = summary.findings.len().saturating_sub(FINDINGS);
    if hidden > 0 {
        let text = format!("{:13}and {}", "", plural(hidden, "other rule", "other rules"));
        lines.push(StyledLine::of(Role::Dim, text));
    }
    lines
}

/// The targets whose checks took the longest.
fn slowest(summary: &BatchSummary) -> Vec<StyledLine> {
    let row = |slow: &SlowTarget| {
        let text = format!("  {:>9}  {}", seconds(slow.total_ms) + " s", escape::visible(&slow.target));
        let exit = if slow.exit_code == 0 { String::new() } else { format!("  exit {}", slow.exit_code) };
        StyledLine::of(Role::Plain, text).and(Role::Dim, exit)
    };
    let title = (!summary.slowest.is_empty()).then(|| StyledLine::of(Role::Bold, "slowest"));
    title.into_iter().chain(summary.slowest.iter().map(row)).collect()
}

fn first_line(summary: &BatchSummary) -> StyledLine {
    let role = match summary.exit_code() {
        0 => Role::Bold,
        130 | 143 => Role::Warning,
        _ => Role::Error,
    };
    StyledLine::of(role, verdict_word(summary)).and(Role::Plain, format!("  {}", headline(summary)))
}

fn section(title: &str, parts: Vec<String>) -> Option<StyledLine> {
    (!parts.is_empty()).then(|| StyledLine::of(Role::Bold, format!("{title:<11}")).and(Role::Plain, parts.join(", ")))
}

fn exit_codes(summary: &BatchSummary) -> Vec<String> {
    summary.by_exit.iter().map(|(code, count)| format!("{code} {}: {count}", crate::report::exit_name(*code))).collect()
}

fn named(count: u64, name: &str) -> String {
    format!("{}: {count}", escape::visible(name))
}

fn times(phase: &PhaseTimes) -> StyledLine {
    let PhaseTimes { name, targets, p50_ms, p90_ms, p99_ms, max_ms, .. } = phase;
    let text = format!(
        "  {name:<14} {targets:>9} {p50_ms:>8.1} {p90_ms:>8.1} {p99_ms:>8.1} {max_ms:>8.1}",
        name = escape::visible(name)
    );
    StyledLine::of(Role::Plain, text)
}
