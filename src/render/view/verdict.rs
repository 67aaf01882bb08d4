//! The verdict of a check and the reasons for it, as all formats show them. The text has passed through
//! [`escape::visible`]; each format also escapes it for its own syntax.

use super::duration;
pub(in crate::render) use crate::check::plural;
use crate::check::{Finding, Severity};
use crate::evidence::Phase;
use crate::lexicon::{Confidence, Fix};
use crate::render::escape;
use crate::render::style::Role;
use crate::report::{
    CheckOutcome, CheckResult, Exit, FilePosition, JudgedExpectation, PhaseStatus, Report, Run, Verdict, phases,
};

/// The result of a check in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum OutcomeWord {
    Pass,
    Fail,
    CutShort,
    Skip,
}

impl OutcomeWord {
    pub(in crate::render) fn of(case: &CheckResult) -> OutcomeWord {
        match &case.outcome {
            CheckOutcome::Skipped { .. } => OutcomeWord::Skip,
            CheckOutcome::Checked { report, .. } => OutcomeWord::of_report(report),
        }
    }

    pub(in crate::render) fn of_report(report: &Report) -> OutcomeWord {
        match report.verdict() {
            Verdict::Pass => OutcomeWord::Pass,
            Verdict::Fail => OutcomeWord::Fail,
            Verdict::Incomplete => OutcomeWord::CutShort,
        }
    }

    pub(in crate::render) fn role(self) -> Role {
        match self {
            OutcomeWord::Pass => Role::Bold,
            OutcomeWord::Fail => Role::Error,
            OutcomeWord::CutShort | OutcomeWord::Skip => Role::Warning,
        }
    }

    pub(in crate::render) fn word(self) -> &'static str {
        match self {
            OutcomeWord::Pass => "PASS",
            OutcomeWord::Fail => "FAIL",
            OutcomeWord::CutShort => "INCOMPLETE",
            OutcomeWord::Skip => "SKIP",
        }
    }
}

/// The verdict and the name of a single check, or the number of checks with each verdict.
pub(in crate::render) fn headline(run: &Run) -> String {
    if let [case] = run.cases.as_slice() {
        return format!("{} {}", OutcomeWord::of(case).word(), escape::visible(&case.name));
    }
    let kinds = [OutcomeWord::Fail, OutcomeWord::CutShort, OutcomeWord::Pass, OutcomeWord::Skip];
    let count = |word: OutcomeWord| run.cases.iter().filter(|case| OutcomeWord::of(case) == word).count();
    let counted = kinds.into_iter().map(|word| (count(word), word.word())).filter(|(count, _)| *count > 0);
    let counted: Vec<String> = counted.map(|(count, word)| format!("{count} {word}")).collect();
    if counted.is_empty() { "no checks".to_owned() } else { counted.join(", ") }
}

/// Why a check failed.
pub(in crate::render) enum FailureReason<'a> {
    /// An expectation failed.
    Expectation(&'a JudgedExpectation),
    /// A finding is at or above `--fail-on`.
    Finding(&'a Finding),
    /// The check did not finish.
    CutShort(&'a Report),
}

impl<'a> FailureReason<'a> {
    /// All reasons, the root cause first; at least one for a check that did not pass. An expectation about a phase that
    /// was not reached comes last, because its failure is only a consequence of the other failures.
    pub(in crate::render) fn all(report: &'a Report) -> Vec<FailureReason<'a>> {
        if report.verdict() == Verdict::Pass {
            return Vec::new();
        }
        let failed = |is_reached: bool| {
            let failed = report.expectations.iter().filter(move |one| !one.held && one.seen.is_some() == is_reached);
            failed.map(FailureReason::Expectation)
        };
        let found = report.findings.iter().filter(|finding| report.fails_by(finding)).map(FailureReason::Finding);
        let mut all: Vec<FailureReason<'a>> = found.chain(failed(true)).chain(failed(false)).collect();
        if all.is_empty() || report.verdict() == Verdict::Incomplete {
            all.push(FailureReason::CutShort(report));
        }
        all
    }

    /// The id of the rule, or a fixed word for the other reasons.
    pub(in crate::render) fn id(&self) -> String {
        match self {
            FailureReason::Expectation(_) => "expectation".to_owned(),
            FailureReason::Finding(finding) => escape::visible(&finding.rule),
            FailureReason::CutShort(_) => "cut-short".to_owned(),
        }
    }

    /// The reason in one line.
    pub(in crate::render) fn summary(&self) -> String {
        match self {
            FailureReason::Expectation(one) => not_held(one),
            FailureReason::Finding(finding) => escape::visible(&finding.summary),
            FailureReason::CutShort(report) => format!("the check did not finish: {}", exit(report)),
        }
    }

    /// The cause and the fixes, one line for each.
    pub(in crate::render) fn advice(&self) -> Vec<String> {
        match self {
            FailureReason::Expectation(_) | FailureReason::CutShort(_) => Vec::new(),
            FailureReason::Finding(finding) => advice(finding),
        }
    }

    /// The position of the check or expectation in the suite file.
    pub(in crate::render) fn place(&self, case: &CheckResult) -> Option<FilePosition> {
        match self {
            FailureReason::Expectation(JudgedExpectation { line: Some(line), column, .. }) => {
                Some(FilePosition { line: *line, column: column.unwrap_or(1) })
            }
            FailureReason::Expectation(_) | FailureReason::Finding(_) | FailureReason::CutShort(_) => case.place,
        }
    }
}

/// An expectation that failed, in one line.
pub(in crate::render) fn not_held(one: &JudgedExpectation) -> String {
    let seen = match one.seen.as_deref() {
        Some(seen) => format!("got {}", escape::visible(seen)),
        None => "but the check did not get this value".to_owned(),
    };
    let (expression, expected) = (escape::visible(&one.expression), escape::visible(&one.expected));
    format!("{expression}: expected {expected}, {seen}")
}

/// The cause and the fixes of a finding, one line for each.
pub(in crate::render) fn advice(finding: &Finding) -> Vec<String> {
    let mut lines = vec![format!("Cause ({}): {}", sure(finding), sentence(&finding.cause))];
    lines.extend(finding.otherwise.iter().map(|otherwise| format!("Or: {}", sentence(otherwise))));
    lines.extend(finding.consequences.iter().map(|one| format!("Consequence: {}", sentence(one))));
    lines.extend(finding.fixes.iter().map(|one| format!("Fix: {}", fix(one))));
    lines
}

/// Adds the full stop to a cause or consequence if it is missing.
pub(in crate::render) fn sentence(text: &str) -> String {
    let text = escape::visible(text.trim_end());
    let is_whole = text.ends_with(['.', '!', '?', ':']) || text.is_empty();
    if is_whole { text } else { text + "." }
}

/// The reason why a finding is not counted, if it is not counted.
pub(in crate::render) fn set_aside(report: &Report, finding: &Finding) -> Option<&'static str> {
    match () {
        () if finding.expected => Some("expected"),
        () if report.is_ignored(finding) => Some("ignored"),
        () => None,
    }
}

/// A fix with its command or URL, in one line.
pub(in crate::render) fn fix(fix: &Fix) -> String {
    let more = fix.command.iter().chain(&fix.url).map(|more| escape::visible(more));
    std::iter::once(escape::visible(&fix.text)).chain(more).collect::<Vec<_>>().join(": ")
}

pub(in crate::render) fn sure(finding: &Finding) -> &'static str {
    match finding.confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

/// The exit code with its name, such as `exit 6 (TLS)`.
pub(in crate::render) fn exit(report: &Report) -> String {
    format!("exit {} ({})", report.exit.code(), in_words(report.exit))
}

/// The result of a check in one line: the reason why it failed or was skipped, or the number of findings.
pub(in crate::render) fn outcome(case: &CheckResult) -> String {
    match &case.outcome {
        CheckOutcome::Skipped { reason } => escape::visible(reason),
        CheckOutcome::Checked { report, .. } => match FailureReason::all(report).first() {
            Some(first) => {
                format!("{}: {}; {}; {}", first.id(), first.summary(), exit(report), duration(report.total_ms))
            }
            None => result(report),
        },
    }
}

/// The number of findings, the phases that were not tested, the exit code and the duration.
pub(in crate::render) fn result(report: &Report) -> String {
    let mut parts = vec![counts(report)];
    parts.extend(untested(report).map(|steps| format!("not tested: {steps}")));
    parts.extend(untested_addresses(report).map(|addresses| format!("not tested: {addresses}")));
    parts.push(exit(report));
    parts.push(duration(report.total_ms));
    parts.join("; ")
}

/// The result of a run that was followed by a retry, in one line.
pub(in crate::render) fn retry_line(at: usize, report: &Report) -> String {
    let reasons = FailureReason::all(report);
    let why = reasons.first().map(|reason| format!(": {}", reason.summary())).unwrap_or_default();
    format!("run {}: {}{why}", at + 1, exit(report))
}

/// The warnings that do not make a check fail.
pub(in crate::render) fn warnings(report: &Report) -> impl Iterator<Item = &Finding> {
    let is_warning = |finding: &&Finding| finding.severity == Severity::Warning && !finding.expected;
    report.findings.iter().filter(is_warning).filter(|one| !report.is_ignored(one) && !report.fails_by(one))
}

/// Converts milliseconds to seconds with three decimal places.
pub(in crate::render) fn seconds(ms: f64) -> String {
    // An empty sum is -0.0, which would be shown with its sign.
    format!("{:.3}", ms / 1000.0 + 0.0)
}

pub(in crate::render) fn counts(report: &Report) -> String {
    let counts = |finding: &&Finding, severity| finding.severity == severity && !finding.expected;
    let count = |severity| report.findings.iter().filter(|finding| counts(finding, severity)).count();
    let (failed, all) = (report.failed_expectations().count(), report.expectations.len());
    let counted = |number: usize, one: &str, more: &str| (number > 0).then(|| plural(number, one, more));
    let parts: Vec<String> = [
        counted(count(Severity::Error), "error", "errors"),
        counted(count(Severity::Warning), "warning", "warnings"),
        counted(count(Severity::Notice), "notice", "notices"),
        (all > 0).then(|| match (failed, all) {
            (0, 1) => "the expectation held".to_owned(),
            (0, all) => format!("all {all} expectations held"),
            (failed, all) => format!("{failed} of {all} expectations failed"),
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (parts.is_empty(), report.complete) {
        (false, _) => parts.join(", "),
        (true, true) => "no problems found in the tested phases".to_owned(),
        (true, false) => "stopped before the first test".to_owned(),
    }
}

/// The phases that did not run. They are listed so that "not tested" never looks like "passed".
pub(in crate::render) fn untested(report: &Report) -> Option<String> {
    let phases = phases(&report.plan, &report.evidence);
    let skipped: Vec<&'static str> = phases
        .iter()
        .filter(|phase| phase.status == PhaseStatus::Skipped)
        .filter_map(|phase| match phase.name {
            Phase::Tls => Some("TLS"),
            Phase::Auth => Some("AUTH"),
            Phase::Mail => Some("MAIL FROM"),
            Phase::Rcpt => Some("RCPT TO"),
            Phase::Greeting => Some("greeting"),
            _ => None,
        })
        .collect();
    if skipped.is_empty() { None } else { Some(skipped.join(", ")) }
}

/// IP addresses of the host that were not tried, because another address responded.
pub(in crate::render) fn untested_addresses(report: &Report) -> Option<String> {
    let addresses = report.evidence.untested_addresses();
    match addresses.as_slice() {
        [] => None,
        [one] => Some(format!("IP address {one}")),
        [one, more @ ..] => Some(format!("IP address {one} and {} more", more.len())),
    }
}

fn in_words(exit: Exit) -> &'static str {
    match exit {
        Exit::RefusedTemporary => "temporarily rejected",
        Exit::RefusedPermanent => "rejected",
        Exit::Tls => "TLS",
        Exit::Auth => "login",
        Exit::Ok
        | Exit::Findings
        | Exit::Unreachable
        | Exit::Protocol
        | Exit::Incomplete
        | Exit::Interrupted
        | Exit::Terminated => exit.name(),
    }
}
