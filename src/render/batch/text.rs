//! The summary of a batch as text.

use super::super::style::{Role, StyledLine};
use super::super::view::verdict::{plural, seconds};
use super::super::{Display, escape};
use super::parts::{headline, verdict_word};
use crate::check::Severity;
use crate::report::batch::{BatchSummary, PhaseTimes};

/// The number of findings that the text shows.
const FINDINGS: usize = 15;

/// The summary, with a final line ending.
pub fn summary(summary: &BatchSummary, look: &Display) -> String {
    let mut lines = Vec::new();
    lines.push(first_line(summary));
    lines.extend(section("exit codes", exit_codes(summary)));
    lines.extend(section("TLS", summary.by_tls_version.iter().map(|(name, count)| named(*count, name)).collect()));
    lines.extend(section("rejections", summary.by_category.iter().map(|(name, count)| named(*count, name)).collect()));
    if !summary.findings.is_empty() {
        lines.push(StyledLine::of(Role::Bold, "findings"));
        for finding in summary.findings.iter().take(FINDINGS) {
            let role = match finding.severity {
                Severity::Error => Role::Error,
                Severity::Warning => Role::Warning,
                Severity::Notice => Role::Plain,
            };
            lines.push(
                StyledLine::of(Role::Plain, format!("  {:>9}  ", finding.targets))
                    .and(role, escape::visible(&finding.rule))
                    .and(
                        Role::Dim,
                        format!("  {}: {}", escape::visible(&finding.example), escape::visible(&finding.summary)),
                    ),
            );
        }
        let more = summary.findings.len().saturating_sub(FINDINGS);
        if more > 0 {
            lines.push(StyledLine::of(
                Role::Dim,
                format!("             and {}", plural(more, "other rule", "other rules")),
            ));
        }
    }
    if !summary.phases.is_empty() {
        lines.push(StyledLine::of(Role::Bold, "durations in ms    targets      p50      p90      p99      max"));
        lines.extend(summary.phases.iter().map(times));
    }
    if !summary.slowest.is_empty() {
        lines.push(StyledLine::of(Role::Bold, "slowest"));
        for slow in &summary.slowest {
            let text = format!("  {:>9}  {}", seconds(slow.total_ms) + " s", escape::visible(&slow.target));
            let exit = if slow.exit_code == 0 { String::new() } else { format!("  exit {}", slow.exit_code) };
            lines.push(StyledLine::of(Role::Plain, text).and(Role::Dim, exit));
        }
    }
    lines.into_iter().map(|line| line.paint(look)).collect()
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
    summary
        .by_exit
        .iter()
        .map(|(code, count)| format!("{count} with {code} ({})", crate::report::exit_name(*code)))
        .collect()
}

fn named(count: u64, name: &str) -> String {
    format!("{count} with {}", escape::visible(name))
}

fn times(phase: &PhaseTimes) -> StyledLine {
    let PhaseTimes { name, targets, p50_ms, p90_ms, p99_ms, max_ms, .. } = phase;
    let text = format!(
        "  {name:<14} {targets:>9} {p50_ms:>8.1} {p90_ms:>8.1} {p99_ms:>8.1} {max_ms:>8.1}",
        name = escape::visible(name)
    );
    StyledLine::of(Role::Plain, text)
}
