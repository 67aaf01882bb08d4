//! The summary of a batch as Markdown, for a comment or an issue.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::markdown::plain;
use super::super::view::interfaces;
use super::super::view::verdict::seconds;
use super::parts::{differing, domain_counts, headline, interface_counts, unlisted, verdict_word};
use crate::report::batch::BatchSummary;
use crate::report::exit_name;

/// The maximum number of findings to show.
const FINDINGS: usize = 30;

/// The complete text.
pub fn summary(summary: &BatchSummary) -> String {
    let mut text = format!("# smtpcheck: {} {}\n", verdict_word(summary), plain(&headline(summary)));
    // Writing to a string cannot fail.
    let mut line = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    line("\n| exit code | targets |\n|---|---:|".to_owned());
    for (code, count) in &summary.by_exit {
        line(format!("| {code} {} | {count} |", exit_name(*code)));
    }
    let mut table = |head: &str, counts: &BTreeMap<String, u64>| {
        if !counts.is_empty() {
            line(format!("\n| {head} | targets |\n|---|---:|"));
            counts.iter().for_each(|(name, count)| line(format!("| {} | {count} |", plain(name))));
        }
    };
    table("TLS version", &summary.by_tls_version);
    table("rejection", &summary.by_category);
    if let Some(counts) = &summary.domains {
        line("\n| domains | result | number |\n|---|---|---:|".to_owned());
        for (title, counts) in domain_counts(counts) {
            counts.iter().for_each(|(name, count)| line(format!("| {title} | {} | {count} |", plain(name))));
        }
    }
    if let Some(counts) = &summary.interfaces {
        line("\n| interface | exit codes |\n|---|---|".to_owned());
        interface_counts(counts).iter().for_each(|(name, exits)| line(format!("| {} | {exits} |", plain(name))));
        if counts.differing > 0 {
            line(format!("\n{}:\n", differing(counts)));
            for one in &counts.examples {
                line(format!("- {}: {}", plain(&one.target), plain(&interfaces::comparison(one))));
            }
            unlisted(counts).into_iter().for_each(|text| line(format!("- {text}")));
        }
    }
    if !summary.invalid_examples.is_empty() {
        line("\n| invalid line | reason |\n|---:|---|".to_owned());
    }
    for one in &summary.invalid_examples {
        line(format!("| {} | {} |", one.line, plain(&one.error)));
    }
    if !summary.findings.is_empty() {
        line("\n| targets | rule | example |\n|---:|---|---|".to_owned());
    }
    for finding in summary.findings.iter().take(FINDINGS) {
        let (target, summary) =
            finding.examples.first().map(|one| (plain(&one.target), plain(&one.summary))).unwrap_or_default();
        line(format!("| {} | {} | {target}: {summary} |", finding.targets, plain(&finding.rule)));
    }
    if !summary.phases.is_empty() {
        line("\n| phase | targets | mean ms | 50 % | 90 % | 99 % | longest |".to_owned());
        line("|---|---:|---:|---:|---:|---:|---:|".to_owned());
    }
    for phase in &summary.phases {
        let times = [phase.mean_ms, phase.p50_ms, phase.p90_ms, phase.p99_ms, phase.max_ms];
        let times: Vec<String> = times.iter().map(|ms| format!("{ms:.1}")).collect();
        line(format!("| {} | {} | {} |", plain(&phase.name), phase.targets, times.join(" | ")));
    }
    if !summary.slowest.is_empty() {
        line("\n| slowest target | s | exit code |\n|---|---:|---|".to_owned());
    }
    for slow in &summary.slowest {
        line(format!("| {} | {} | {} |", plain(&slow.target), seconds(slow.total_ms), slow.exit_code));
    }
    text
}
