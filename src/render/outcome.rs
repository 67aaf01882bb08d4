//! What every format says of a case in the same words: its verdict, and what it fails by. Plain text that has passed
//! [`escape::visible`]; each format escapes it once more for its own language.

use super::{Display, Symbols, Verbosity, escape, text};
use crate::check::Finding;
use crate::lexicon::{Confidence, Fix};
use crate::report::{CheckOutcome, CheckResult, FilePosition, JudgedExpectation, Report, Verdict};

/// What came of a case, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutcomeWord {
    Pass,
    Fail,
    CutShort,
    Skip,
}

impl OutcomeWord {
    pub(super) fn of(case: &CheckResult) -> OutcomeWord {
        match &case.outcome {
            CheckOutcome::Skipped { .. } => OutcomeWord::Skip,
            CheckOutcome::Checked { report, .. } => match report.verdict() {
                Verdict::Pass => OutcomeWord::Pass,
                Verdict::Fail => OutcomeWord::Fail,
                Verdict::Incomplete => OutcomeWord::CutShort,
            },
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            OutcomeWord::Pass => "PASS",
            OutcomeWord::Fail => "FAIL",
            OutcomeWord::CutShort => "CUT SHORT",
            OutcomeWord::Skip => "SKIP",
        }
    }
}

/// Why a case failed.
pub(super) enum FailureReason<'a> {
    /// The user expected something else.
    Expectation(&'a JudgedExpectation),
    /// Something is wrong.
    Finding(&'a Finding),
    /// It did not come to its end.
    CutShort(&'a Report),
}

impl<'a> FailureReason<'a> {
    /// All reasons, the most important first; at least one for a case that did not pass.
    pub(super) fn all(report: &'a Report) -> Vec<FailureReason<'a>> {
        if report.verdict() == Verdict::Pass {
            return Vec::new();
        }
        let expected = report.expectations.iter().filter(|one| !one.held).map(FailureReason::Expectation);
        let found = report.findings.iter().filter(|finding| report.fails_by(finding)).map(FailureReason::Finding);
        let mut all: Vec<FailureReason<'a>> = expected.chain(found).collect();
        if all.is_empty() || report.verdict() == Verdict::Incomplete {
            all.push(FailureReason::CutShort(report));
        }
        all
    }

    /// The rule's id, or what stands in its place.
    pub(super) fn id(&self) -> String {
        match self {
            FailureReason::Expectation(_) => "expectation".to_owned(),
            FailureReason::Finding(finding) => escape::visible(&finding.rule),
            FailureReason::CutShort(_) => "cut-short".to_owned(),
        }
    }

    /// What was seen, in one line.
    pub(super) fn summary(&self) -> String {
        match self {
            FailureReason::Expectation(one) => not_held(one),
            FailureReason::Finding(finding) => escape::visible(&finding.summary),
            FailureReason::CutShort(report) => format!("the check did not come to its end: {}", exit(report)),
        }
    }

    /// What it means and what to do, a line each.
    pub(super) fn advice(&self) -> Vec<String> {
        match self {
            FailureReason::Expectation(_) | FailureReason::CutShort(_) => Vec::new(),
            FailureReason::Finding(finding) => advice(finding),
        }
    }

    /// Where a suite's file asks for it.
    pub(super) fn place(&self, case: &CheckResult) -> Option<FilePosition> {
        match self {
            FailureReason::Expectation(JudgedExpectation { line: Some(line), column, .. }) => {
                Some(FilePosition { line: *line, column: column.unwrap_or(1) })
            }
            FailureReason::Expectation(_) | FailureReason::Finding(_) | FailureReason::CutShort(_) => case.place,
        }
    }
}

/// An expectation that did not hold, in one line.
pub(super) fn not_held(one: &JudgedExpectation) -> String {
    let seen = one.seen.as_deref().map_or("nothing, the check did not get that far".to_owned(), escape::visible);
    let (expression, expected) = (escape::visible(&one.expression), escape::visible(&one.expected));
    format!("{expression} does not hold: expected {expected}, seen {seen}")
}

/// What a finding means and what to do, a line each.
pub(super) fn advice(finding: &Finding) -> Vec<String> {
    let mut lines = vec![format!("Cause ({}): {}", sure(finding), escape::visible(&finding.cause))];
    lines.extend(finding.otherwise.iter().map(|otherwise| format!("Or: {}", escape::visible(otherwise))));
    lines.extend(finding.consequences.iter().map(|so| format!("So: {}", escape::visible(so))));
    lines.extend(finding.fixes.iter().map(|one| format!("Fix: {}", fix(one))));
    lines
}

/// Why a finding does not count, if it does not.
pub(super) fn set_aside(report: &Report, finding: &Finding) -> Option<&'static str> {
    match () {
        () if finding.expected => Some("expected"),
        () if report.is_ignored(finding) => Some("ignored"),
        () => None,
    }
}

/// A fix in one line.
pub(super) fn fix(fix: &Fix) -> String {
    let more = fix.command.iter().chain(&fix.url).map(|more| escape::visible(more));
    std::iter::once(escape::visible(&fix.text)).chain(more).collect::<Vec<_>>().join(": ")
}

pub(super) fn sure(finding: &Finding) -> &'static str {
    match finding.confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

/// `exit 6 (TLS)`.
pub(super) fn exit(report: &Report) -> String {
    format!("exit {} ({})", report.exit.code(), text::in_words(report.exit))
}

/// What came of a case, in one line: why it failed, else what was counted.
pub(super) fn outcome(case: &CheckResult) -> String {
    match &case.outcome {
        CheckOutcome::Skipped { reason } => escape::visible(reason),
        CheckOutcome::Checked { report, .. } => match FailureReason::all(report).first() {
            Some(first) => {
                format!("{}: {}; {}; {}", first.id(), first.summary(), exit(report), text::duration(report.total_ms))
            }
            None => result(report),
        },
    }
}

/// The last line of the text format, without the word: what was counted, what was not tested, exit code and time.
pub(super) fn result(report: &Report) -> String {
    let mut parts = vec![text::counts(report)];
    parts.extend(text::untested(report).map(|steps| format!("not tested: {steps}")));
    parts.push(exit(report));
    parts.push(text::duration(report.total_ms));
    parts.join("; ")
}

/// An attempt that a later one has replaced, in one line.
pub(super) fn retry_line(at: usize, report: &Report) -> String {
    let reasons = FailureReason::all(report);
    let why = reasons.first().map(|reason| format!(": {}", reason.summary())).unwrap_or_default();
    format!("attempt {}: {}{why}", at + 1, exit(report))
}

/// The conversation as plain text, for a reader who is not at this terminal.
pub(super) fn conversation(report: &Report, look: &Display) -> String {
    let look = for_readers(look);
    text::conversation(report, &look).iter().map(|line| line.paint(&look)).collect()
}

/// The same look without colours, and with columns of its own: a report does not depend on a terminal.
pub(super) fn for_readers(look: &Display) -> Display {
    let volume = if look.volume == Verbosity::Verbose { Verbosity::Verbose } else { Verbosity::Normal };
    Display { signs: Symbols::Unicode, volume, ..look.for_file() }
}

/// Seconds from milliseconds, with three digits.
pub(super) fn seconds(ms: f64) -> String {
    // No number at all adds up to minus nothing.
    format!("{:.3}", ms / 1000.0 + 0.0)
}
