//! The summary of a watch as a self-contained HTML page. Like the page of a report, it has no script and loads nothing,
//! and the picture only repeats values from the tables.

use jiff::Timestamp;
use maud::{Markup, html};

use super::super::escape::visible;
use super::super::html::interfaces::comparison_table;
use super::super::symbols::Symbols;
use super::super::view::verdict;
use super::values::{COLUMNS, backend_facts, backend_name, change, milliseconds, percent, phase_name, span, time};
use crate::check::Finding;
use crate::report::exit_name;
use crate::watch::summary::{PhaseSummary, TargetSummary, WatchSummary};
use crate::watch::timeline::Period;

/// The size of the picture in SVG units.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 160.0;
/// The height of the strip at the top that shows failures.
const STRIP: f64 = 16.0;

/// The complete page.
pub fn page(summary: &WatchSummary) -> String {
    let code = summary.exit.code;
    let (class, word) = match code {
        0 => ("badge", "PASS"),
        9 => ("badge short", "INCOMPLETE"),
        _ => ("badge fail", "FAIL"),
    };
    let names: Vec<String> = summary.targets.iter().map(|target| visible(&target.label())).collect();
    let title = format!("{word} watch of {}", names.join(", "));
    let seconds = summary.ended_at.duration_since(summary.started_at).as_secs();
    let body = html! {
        header {
            "\n" h1 { span class=(class) { (word) } " watch of " (names.join(", ")) } "\n"
            p { "From " (time(summary.started_at)) " to " (time(summary.ended_at)) " (" (span(seconds)) "), exit " (code)
                @if code != 0 { " (" (exit_name(code)) ")" } } "\n"
        }
        "\n" main {
            "\n"
            (interface_differences(summary))
            @for target in &summary.targets { (of_target(target, summary.targets.len() > 1)) }
        }
        "\n"
    };
    super::super::html::page(&title, Some(summary.started_at), &body)
}

/// The targets whose checks pass from some interfaces and fail from others.
fn interface_differences(summary: &WatchSummary) -> Markup {
    html! {
        @if !summary.interfaces.is_empty() {
            h2 { "Interfaces" } "\n"
            (comparison_table(&summary.interfaces))
        }
    }
}

fn of_target(target: &TargetSummary, has_heading: bool) -> Markup {
    html! {
        @if has_heading { h2 { (visible(&target.label())) } "\n" }
        p {
            (verdict::plural(target.checks, "check", "checks")) ", " (target.failures) " failed ("
            (percent(target.loss_percent)) " %)"
            @if target.timeouts > 0 { ", " (target.timeouts) " of them timed out" }
        }
        "\n"
        @if !target.timeline.is_empty() { (timeline(&target.timeline)) }
        @if target.checks > 0 {
            h2 { "Phases" } "\n"
            p class="soft" { "Durations in milliseconds. A phase that timed out has no duration." } "\n"
            (durations("Phase", target.phases.iter().map(|phase| (phase_name(&phase.name), phase))))
        }
        @if target.addresses.len() > 1 {
            h2 { "IP addresses" } "\n"
            (durations("Address", target.addresses.iter().map(|one| (one.address.to_string(), &one.total))))
        }
        (backends(target))
        (findings(target))
        (changes(target))
        (failed(target))
    }
}

/// The picture: for each period a bar from the shortest to the longest duration with a mark at the mean, and the share
/// of failed checks above it.
fn timeline(periods: &[Period]) -> Markup {
    let most = periods.iter().filter_map(|period| period.worst_ms).fold(0.0, f64::max).max(0.001);
    let (first, last) = (periods.first(), periods.last());
    let (from, to) = (first.map(|one| one.from).unwrap_or_default(), last.map(|one| one.to).unwrap_or_default());
    let failures: u64 = periods.iter().map(|period| period.failures).sum();
    let checks: u64 = periods.iter().map(|period| period.checks).sum();
    let label = format!(
        "Timeline: {} from {} to {}, {failures} failed, at most {} ms",
        verdict::plural(checks, "check", "checks"),
        time(from),
        time(to),
        milliseconds(Some(most))
    );
    let scale = TimeScale { from, to, count: periods.len(), most };
    html! {
        h2 { "Timeline" } "\n"
        svg viewBox="0 0 1000 160" width="100%" height="160" preserveAspectRatio="none" role="img" aria-label=(label) {
            "\n"
            @for period in periods { (scale.drawn(period)) }
        }
        "\n"
        p class="soft" {
            (time(from)) " to " (time(to)) ". The full height represents " (milliseconds(Some(most))) " ms. Each bar extends from "
            "the shortest to the longest duration of its period, with a mark at the mean. The strip at the top shows "
            "the share of failed checks."
        }
        "\n"
    }
}

/// The scale of the picture.
struct TimeScale {
    from: Timestamp,
    to: Timestamp,
    count: usize,
    most: f64,
}

impl TimeScale {
    #[allow(clippy::cast_precision_loss, reason = "a picture")]
    fn drawn(&self, period: &Period) -> Markup {
        let whole = self.to.duration_since(self.from).as_millis().max(1) as f64;
        let at = |when: Timestamp| when.duration_since(self.from).as_millis() as f64 / whole;
        let width = (WIDTH / self.count.max(1) as f64 * 0.8).clamp(1.0, 40.0);
        let begin = at(period.from) * (WIDTH - width);
        let width = ((at(period.to) - at(period.from)) * (WIDTH - width)).max(width);
        let y = |ms: f64| HEIGHT - ms / self.most * (HEIGHT - STRIP - 2.0);
        let share = period.failures as f64 / period.checks.max(1) as f64;
        let about = format!(
            "{}: {}, {} failed, {} to {} ms",
            time(period.from),
            verdict::plural(period.checks, "check", "checks"),
            period.failures,
            milliseconds(period.best_ms),
            milliseconds(period.worst_ms)
        );
        let rect = |class: &str, top: f64, height: f64| {
            let height = height.clamp(2.0, HEIGHT);
            html! {
                rect class=(class) fill="currentColor" x=(format!("{begin:.1}")) y=(format!("{:.1}", top.min(HEIGHT - height)))
                    width=(format!("{width:.1}")) height=(format!("{height:.1}")) {}
            }
        };
        html! {
            g {
                title { (about) }
                @if let (Some(best), Some(worst)) = (period.best_ms, period.worst_ms) {
                    // One check has no range, so its bar extends down to zero.
                    (rect("soft", y(worst), if period.checks == 1 { HEIGHT } else { y(best) } - y(worst)))
                }
                @if let Some(mean) = period.mean_ms { (rect("server", y(mean) - 1.0, 2.0)) }
                @if period.failures > 0 { (rect("permanent", 0.0, share * STRIP)) }
            }
            "\n"
        }
    }
}

fn durations<'a>(name: &str, rows: impl Iterator<Item = (String, &'a PhaseSummary)>) -> Markup {
    html! {
        table class="checks" {
            "\n" tr {
                th scope="col" { (name) }
                th scope="col" class="number" { "Runs" }
                th scope="col" class="number" { "Failed" }
                th scope="col" class="number" { "Timed out" }
                th scope="col" class="number" { "Loss %" }
                @for column in &COLUMNS { th scope="col" class="number" { (column.name) } }
            }
            "\n"
            @for (name, phase) in rows {
                tr {
                    th scope="row" { (name) }
                    td class="number" { (phase.runs) }
                    td class="number" { (phase.failures) }
                    td class="number" { (phase.timeouts) }
                    td class="number" { (percent(phase.loss_percent())) }
                    @for column in &COLUMNS { td class="number" { (milliseconds((column.value)(phase))) } }
                }
                "\n"
            }
        }
        "\n"
    }
}

fn backends(target: &TargetSummary) -> Markup {
    html! {
        @if target.backends.len() > 1 {
            h2 { (target.backends.len()) " servers behind the name" } "\n"
            table class="checks" {
                "\n" tr { th scope="col" { "Server" } th scope="col" class="number" { "Sessions" } th scope="col" { "Facts" } } "\n"
                @for backend in &target.backends {
                    tr {
                        td { (backend_name(backend)) }
                        td class="number" { (backend.sessions) }
                        td { (backend_facts(backend)) }
                    }
                    "\n"
                }
            }
            "\n"
        }
    }
}

fn findings(target: &TargetSummary) -> Markup {
    html! {
        @if !target.findings.is_empty() || !target.rules.is_empty() {
            h2 { "Findings" } "\n"
            @for finding in &target.findings { (difference(finding)) }
        }
        @if !target.rules.is_empty() {
            table class="checks" {
                "\n" tr {
                    th scope="col" class="number" { "Checks" } th scope="col" { "Severity" } th scope="col" { "Rule" }
                    th scope="col" { "Last finding" }
                }
                "\n"
                @for rule in &target.rules {
                    tr {
                        td class="number" { (rule.checks) }
                        td { (rule.severity) }
                        td { code { (visible(&rule.rule)) } }
                        td { (visible(&rule.summary)) }
                    }
                    "\n"
                }
            }
            "\n"
        }
    }
}

/// A difference between servers, with its cause and fixes.
fn difference(finding: &Finding) -> Markup {
    html! {
        div class={ "finding " (finding.severity) } {
            "\n" h3 { span class={ "badge " (finding.severity) } { (finding.severity) } " " (visible(&finding.summary)) } "\n"
            p { (visible(&finding.cause)) " " code { (visible(&finding.rule)) } } "\n"
            ol {
                @for fix in &finding.fixes {
                    li {
                        (visible(&fix.text))
                        @if let Some(command) = &fix.command { code class="command" { (visible(command)) } }
                    }
                }
            }
            "\n"
        }
        "\n"
    }
}

fn changes(target: &TargetSummary) -> Markup {
    html! {
        @if !target.changes.is_empty() {
            h2 { "Changes" } "\n"
            table class="checks" {
                "\n" tr { th scope="col" { "First seen" } th scope="col" { "Last seen" } th scope="col" { "Change" } } "\n"
                @for one in &target.changes {
                    tr { td { (time(one.first)) } td { (time(one.last)) } td { (change(one, Symbols::Unicode.to())) } }
                    "\n"
                }
            }
            "\n"
            @if target.changes_dropped > 0 {
                p class="soft" { (verdict::plural(target.changes_dropped, "earlier change is", "earlier changes are")) " not listed." } "\n"
            }
        }
    }
}

fn failed(target: &TargetSummary) -> Markup {
    html! {
        @if !target.failed_checks.is_empty() {
            h2 { "Last failed checks" } "\n"
            table class="checks" {
                "\n" tr {
                    th scope="col" { "Time" } th scope="col" { "IP address" } th scope="col" { "Exit code" }
                    th scope="col" { "Reason" }
                }
                "\n"
                @for one in &target.failed_checks {
                    tr {
                        td { (time(one.at)) }
                        td { (one.address.map(|ip| ip.to_string()).unwrap_or_default()) }
                        td { (one.exit_code) " " (exit_name(one.exit_code)) }
                        td { (visible(&one.reason)) }
                    }
                    "\n"
                }
            }
            "\n"
        }
    }
}
