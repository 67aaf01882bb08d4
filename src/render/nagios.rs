//! The output of a monitoring plugin (Nagios, Icinga, Naemon, Sensu). The first line and the `time` label have the same
//! form as in check_smtp 2.x, so that existing graphs and rules continue to work. Additional labels, causes and fixes
//! follow.
//!
//! Unlike check_smtp, smtpcheck evaluates every reply and verifies the certificate. The states:
//! 1. OK (0): the check passed;
//! 2. WARNING (1): the check passed with a warning, a command was temporarily rejected, or `--warning` was exceeded;
//! 3. CRITICAL (2): the check failed in any other way, for example with a timeout, or `--critical` was exceeded;
//! 4. UNKNOWN (3): the server was not tested because of a usage error, a skipped check or an interrupted run, or a saved
//!    file lacks the result of a check.

use std::fmt::Write;

use super::view::verdict::{self, FailureReason};
use super::{Display, Verbosity, escape, text};
use crate::report::{CheckOutcome, CheckResult, Exit, Report, Run, RunSource, Verdict, phases};

pub use super::thresholds::{Range, Thresholds};

/// The state that the plugin reports to the scheduler. If there are several states, the greatest is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PluginState {
    /// Exit code 0.
    Ok,
    /// Exit code 3. It is less than `Warning`, so a known problem takes precedence.
    Unknown,
    /// Exit code 1.
    Warning,
    /// Exit code 2.
    Critical,
}

impl PluginState {
    /// The exit code of the plugin.
    pub fn code(self) -> u8 {
        match self {
            PluginState::Ok => 0,
            PluginState::Warning => 1,
            PluginState::Critical => 2,
            PluginState::Unknown => 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            PluginState::Ok => "OK",
            PluginState::Warning => "WARNING",
            PluginState::Critical => "CRITICAL",
            PluginState::Unknown => "UNKNOWN",
        }
    }
}

/// The complete output.
pub fn render_run(run: &Run, look: &Display) -> String {
    answer(run, look, &[]).1
}

/// The output, including mismatches with check_smtp's `-e` and `-R`, which result in WARNING as in check_smtp.
pub fn answer(run: &Run, look: &Display, mismatches: &[String]) -> (PluginState, String) {
    let state =
        state(run, &look.thresholds).max(if mismatches.is_empty() { PluginState::Ok } else { PluginState::Warning });
    let took: f64 = run.reports().map(|report| report.total_ms).sum();
    // The first line has room for only one problem: that of the first check with the worst state.
    let mut problems: Vec<(PluginState, String)> = Vec::new();
    for case in &run.cases {
        let state = case.report().map_or(PluginState::Unknown, |report| judged(report, &look.thresholds));
        problems.extend(problem(case).map(|problem| (state, format!("{}{problem}", prefix(run, case)))));
    }
    if run.lacks_results {
        problems.push((PluginState::Unknown, "the file lacks the result of a check".to_owned()));
    }
    problems.sort_by_key(|(state, _)| std::cmp::Reverse(*state));
    let mut problems: Vec<String> = problems.into_iter().map(|(_, problem)| problem).collect();
    problems.extend(mismatches.iter().map(|mismatch| escape::visible(mismatch)));
    let rest = if problems.len() > 1 { format!(" (and {} more)", problems.len() - 1) } else { String::new() };
    let why = problems.first().map(|first| format!("{first}{rest}, ")).unwrap_or_default();
    let mut text = format!("SMTP {} - {}{} sec. response time|", state.word(), bare(&why), verdict::seconds(took));
    text.push_str(&figures(run, &look.thresholds));
    text.push('\n');
    for case in &run.cases {
        for line in detail_lines(run, case, look) {
            let _ = writeln!(text, "{}", bare(&line));
        }
    }
    (state, text)
}

/// The output for a usage error, which the scheduler also shows.
pub fn unusable(text: &str) -> String {
    format!("SMTP UNKNOWN - {}\n", bare(&escape::visible(text)))
}

/// The greatest state of all checks; UNKNOWN if all were skipped. A check whose result is missing is UNKNOWN.
pub fn state(run: &Run, thresholds: &Thresholds) -> PluginState {
    let missing = run.lacks_results.then_some(PluginState::Unknown);
    run.cases
        .iter()
        .filter_map(|case| case.report())
        .map(|report| judged(report, thresholds))
        .chain(missing)
        .max()
        .unwrap_or(PluginState::Unknown)
}

fn judged(report: &Report, thresholds: &Thresholds) -> PluginState {
    let seconds = report.total_ms / 1000.0;
    let exceeded = |range: &Option<Range>| range.as_ref().is_some_and(|range| range.alerts(seconds));
    let by_time = match (exceeded(&thresholds.critical), exceeded(&thresholds.warning)) {
        (true, _) => PluginState::Critical,
        (false, true) => PluginState::Warning,
        (false, false) => PluginState::Ok,
    };
    let by_check = match report.exit {
        Exit::Interrupted | Exit::Terminated => return PluginState::Unknown,
        Exit::Ok if report.verdict() == Verdict::Pass => match warning(report) {
            Some(_) => PluginState::Warning,
            None => PluginState::Ok,
        },
        Exit::RefusedTemporary => PluginState::Warning,
        Exit::Ok
        | Exit::Findings
        | Exit::Unreachable
        | Exit::RefusedPermanent
        | Exit::Tls
        | Exit::Auth
        | Exit::Protocol
        | Exit::Incomplete => PluginState::Critical,
    };
    by_check.max(by_time)
}

/// The first warning that does not make the check fail; `None` with `--fail-on never`.
fn warning(report: &Report) -> Option<FailureReason<'_>> {
    let is_wanted = report.plan.gate.fail_on != crate::plan::FailOn::Never;
    verdict::warnings(report).next().filter(|_| is_wanted).map(FailureReason::Finding)
}

/// The reason why a check is not OK, in one line.
fn problem(case: &CheckResult) -> Option<String> {
    match &case.outcome {
        CheckOutcome::Skipped { reason } => Some(format!("not tested: {}", escape::visible(reason))),
        CheckOutcome::Checked { report, .. } => {
            let reason = FailureReason::all(report).into_iter().next().or_else(|| warning(report))?;
            Some(format!("{}: {}", reason.id(), reason.summary()))
        }
    }
}

/// The name of a check in a suite, before its problem.
fn prefix(run: &Run, case: &CheckResult) -> String {
    let is_named = run.cases.len() > 1 || matches!(run.source, RunSource::Suite(_));
    if is_named { format!("{}: ", escape::visible(&case.name)) } else { String::new() }
}

/// The lines after the first one: causes and fixes and, with `-v`, the session.
fn detail_lines(run: &Run, case: &CheckResult, look: &Display) -> Vec<String> {
    let CheckOutcome::Checked { report, earlier } = &case.outcome else { return Vec::new() };
    if look.volume == Verbosity::Quiet {
        return Vec::new();
    }
    let mut lines: Vec<String> = earlier.iter().enumerate().map(|(at, one)| verdict::retry_line(at, one)).collect();
    for reason in FailureReason::all(report).iter().chain(&warning(report)) {
        lines.push(format!("{}{}: {}", prefix(run, case), reason.id(), reason.summary()));
        lines.extend(reason.advice());
    }
    if look.volume == Verbosity::Verbose {
        lines.extend(text::plain_session(report, look).lines().map(str::to_owned));
    }
    lines
}

/// The performance data, in the form `'label'=value[unit];[warn];[crit];[min];[max]`. The first label is that of
/// check_smtp.
fn figures(run: &Run, thresholds: &Thresholds) -> String {
    let mut all = Vec::new();
    for case in &run.cases {
        let Some(report) = case.report() else { continue };
        let label = |name: &str| match run.cases.len() {
            1 => name.to_owned(),
            // A label must not contain quotes or equals signs.
            _ => format!("'{}::{name}'", escape::visible(&case.name).replace(['\'', '=', '|'], "_")),
        };
        let limit = |range: &Option<Range>| range.as_ref().map(|range| range.shown.clone()).unwrap_or_default();
        let limits = format!("{};{}", limit(&thresholds.warning), limit(&thresholds.critical));
        all.push(format!("{}={:.6}s;{limits};0.000000", label("time"), report.total_ms / 1000.0));
        for phase in phases(&report.plan, &report.evidence) {
            let Some(ms) = phase.ms else { continue };
            all.push(format!("{}={:.6}s;;;0.000000", label(phase.name.key()), ms / 1000.0));
        }
        let leaf =
            report.evidence.main_session().and_then(|session| session.handshake()).and_then(|(_, seen)| seen.leaf());
        if let Some(leaf) = leaf.filter(|leaf| leaf.is_readable()) {
            let left = leaf.not_after.duration_since(report.started_at()).as_secs().div_euclid(86_400);
            let days = report.plan.tls.days;
            // The range `N:` causes an alert for values below N.
            all.push(format!("{}={left};{}:;{}:", label("cert_days"), days.warning, days.error));
        }
    }
    all.join(" ")
}

/// Replaces `|`, which would start the performance data.
fn bare(text: &str) -> String {
    text.replace('|', "/")
}

#[cfg(test)]
mod tests {
    use super::PluginState;

    #[test]
    fn warning_and_critical_have_precedence_over_unknown() {
        assert_eq!(
            [PluginState::Unknown, PluginState::Critical, PluginState::Ok, PluginState::Warning].into_iter().max(),
            Some(PluginState::Critical)
        );
        assert_eq!([PluginState::Unknown, PluginState::Ok].into_iter().max(), Some(PluginState::Unknown));
    }
}
