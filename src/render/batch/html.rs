//! The summary of a batch as a self-contained HTML page. Like the page of a report, it has no script and loads nothing,
//! and the pictures only repeat values from the tables.

use maud::{Markup, html};

use super::super::escape::visible;
use super::super::html::interfaces::comparison_table;
use super::super::view::verdict::{plural, seconds};
use super::parts::{differing, domain_counts, example_text, headline, interface_counts, unlisted, verdict_word};
use crate::report::batch::{BatchSummary, PhaseTimes};
use crate::report::exit_name;

/// The width of a picture in SVG units.
const WIDTH: f64 = 1000.0;

/// The complete page.
pub fn page(summary: &BatchSummary) -> String {
    let title = format!("{} {}", verdict_word(summary), headline(summary));
    let body = html! {
        header { "\n" h1 { (title) } "\n" }
        "\n" main { "\n" (sections(summary)) }
        "\n"
    };
    super::super::html::page(&title, summary.started_at, &body)
}

fn sections(summary: &BatchSummary) -> Markup {
    let exits: Vec<(String, u64)> =
        summary.by_exit.iter().map(|(code, count)| (format!("{code} {}", exit_name(*code)), *count)).collect();
    let named = |counts: &std::collections::BTreeMap<String, u64>| -> Vec<(String, u64)> {
        counts.iter().map(|(name, count)| (visible(name), *count)).collect()
    };
    html! {
        (invalid_lines(summary))
        (counts("Exit codes", "Exit code", &exits, summary.targets))
        (counts("TLS versions", "TLS version", &named(&summary.by_tls_version), summary.targets))
        (counts("Rejections", "Category", &named(&summary.by_category), summary.targets))
        @if let Some(domains) = &summary.domains {
            @for (title, rows) in domain_counts(domains) {
                (counts(&format!("Domains: {title}"), title, &rows, domains.domains))
            }
        }
        (by_interface(summary))
        (findings(summary))
        (durations(&summary.phases))
        @if !summary.slowest.is_empty() {
            h2 { "Slowest targets" } "\n"
            table class="checks" {
                "\n" tr { th scope="col" { "Target" } th scope="col" class="number" { "Seconds" } th scope="col" { "Exit code" } } "\n"
                @for slow in &summary.slowest {
                    tr {
                        td { (visible(&slow.target)) }
                        td class="number" { (seconds(slow.total_ms)) }
                        td { (slow.exit_code) " " (exit_name(slow.exit_code)) }
                    }
                    "\n"
                }
            }
            "\n"
        }
    }
}

/// The first lines that could not be checked.
fn invalid_lines(summary: &BatchSummary) -> Markup {
    let hidden = summary.invalid_lines.saturating_sub(summary.invalid_examples.len() as u64);
    html! {
        @if !summary.invalid_examples.is_empty() {
            h2 { "Invalid lines" } "\n"
            table class="checks" {
                "\n" tr { th scope="col" class="number" { "Line" } th scope="col" { "Reason" } } "\n"
                @for one in &summary.invalid_examples {
                    tr { td class="number" { (one.line) } td { (visible(&one.error)) } }
                    "\n"
                }
            }
            "\n"
            @if hidden > 0 {
                p class="soft" { "and " (plural(hidden, "other line", "other lines")) } "\n"
            }
        }
    }
}

/// A table of counts, with a bar for each.
fn counts(title: &str, name: &str, rows: &[(String, u64)], all: u64) -> Markup {
    html! {
        @if !rows.is_empty() {
            h2 { (title) } "\n"
            table class="times" {
                "\n" tr { th scope="col" { (name) } th scope="col" class="number" { "Targets" } td class="track" {} } "\n"
                @for (name, count) in rows {
                    tr {
                        th scope="row" { (name) }
                        td class="number" { (count) }
                        td class="track" { (bar(0.0, share(*count, all))) }
                    }
                    "\n"
                }
            }
            "\n"
        }
    }
}

/// The results by interface, and the targets that pass from some of them and fail from others.
fn by_interface(summary: &BatchSummary) -> Markup {
    html! {
        @if let Some(counts) = &summary.interfaces {
            h2 { "Interfaces" } "\n"
            table class="checks" {
                "\n" tr { th scope="col" { "Interface" } th scope="col" { "Targets by exit code" } } "\n"
                @for (name, exits) in interface_counts(counts) {
                    tr { td { (name) } td { (exits) } }
                    "\n"
                }
            }
            "\n"
            @if counts.differing > 0 {
                p { (differing(counts)) ":" } "\n"
                (comparison_table(&counts.examples))
                @if let Some(text) = unlisted(counts) { p class="soft" { (text) } "\n" }
            }
        }
    }
}

fn findings(summary: &BatchSummary) -> Markup {
    html! {
        @if !summary.findings.is_empty() {
            h2 { "Findings" } "\n"
            table class="checks" {
                "\n" tr {
                    th scope="col" class="number" { "Targets" } th scope="col" { "Severity" } th scope="col" { "Rule" }
                    th scope="col" { "Examples" }
                }
                "\n"
                @for finding in &summary.findings {
                    tr {
                        td class="number" { (finding.targets) }
                        td { (finding.severity) }
                        td { code { (visible(&finding.rule)) } }
                        td {
                            @for (number, example) in finding.examples.iter().enumerate() {
                                @if number > 0 { br; }
                                (example_text(example))
                            }
                        }
                    }
                    "\n"
                }
            }
            "\n"
        }
    }
}

/// The percentiles of each phase, with a bar from the median to the 99th percentile.
fn durations(phases: &[PhaseTimes]) -> Markup {
    let longest = phases.iter().map(|phase| phase.p99_ms).fold(0.0, f64::max);
    html! {
        @if !phases.is_empty() {
            h2 { "Durations" } "\n"
            p class="soft" { "In milliseconds. The bar extends from the median to the 99th percentile." } "\n"
            table class="times" {
                "\n" tr {
                    th scope="col" { "Phase" }
                    @for head in ["Targets", "Mean", "50 %", "90 %", "99 %", "Longest"] {
                        th scope="col" class="number" { (head) }
                    }
                    td class="track" {}
                }
                "\n"
                @for phase in phases {
                    tr {
                        th scope="row" { (visible(&phase.name)) }
                        td class="number" { (phase.targets) }
                        @for ms in [phase.mean_ms, phase.p50_ms, phase.p90_ms, phase.p99_ms, phase.max_ms] {
                            td class="number" { (format!("{ms:.1}")) }
                        }
                        td class="track" {
                            @if longest > 0.0 {
                                (bar(phase.p50_ms / longest, (phase.p99_ms - phase.p50_ms) / longest))
                            }
                        }
                    }
                    "\n"
                }
            }
            "\n"
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "the bar has a resolution of 1/1000")]
fn share(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

/// A bar, in fractions of the width.
fn bar(begin: f64, length: f64) -> Markup {
    // A bar has a minimum length so that it is visible, and never extends beyond the drawing.
    let length = (length * WIDTH).clamp(2.0, WIDTH);
    let at = (begin * WIDTH).clamp(0.0, WIDTH - length);
    html! {
        svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect x=(format!("{at:.1}")) y="1" width=(format!("{length:.1}")) height="8" {}
        }
    }
}
