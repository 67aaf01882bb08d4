//! The report: plan, evidence and findings, with the verdict and the exit code that follow.
//!
//! Its JSON form is [`Document`], schema version 1.0, additive within 1.x: the plan, the probes and the transcript are
//! kept unabridged, so that a saved report can be loaded ([`Report::load`]) and judged again; the other keys are views of
//! them for readers and scripts. [`ports`] sums up the reports of several ports. Every key is always there: null is "not reached", [] is "looked and found none".

mod difference;
mod document;
mod expectations;
pub mod fields;
mod judge;
mod line;
mod phases;
pub mod ports;
#[cfg(test)]
pub(crate) mod published;
mod run;
mod saved;
mod tally;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use difference::{Change, CheckDifference, Difference};
pub use document::{Document, SCHEMA, SCHEMA_VERSION};
pub use expectations::{ExpectationOutcome, Expectations, ExpectedFailure, NoExpectations};
pub use line::{LINE_SCHEMA, StreamRecord};
pub use phases::{PhaseResult, PhaseStatus, phases};
pub use run::{CheckOutcome, CheckResult, FilePosition, RUN_SCHEMA, Run, RunDocument, RunSource};
pub use saved::{NotSaved, Saved};
pub use tally::ExitTally;

use crate::check::{self, Finding, PhaseFailure, Severity};
use crate::evidence::Evidence;
use crate::plan::{FailOn, Gate, Plan};

/// Everything about one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What was requested.
    pub plan: Plan,
    /// What was seen.
    pub evidence: Evidence,
    /// What it means.
    pub findings: Vec<Finding>,
    /// Whether the run ended by itself.
    pub complete: bool,
    /// How long it took, milliseconds.
    pub total_ms: f64,
    /// The expectations of the user, judged.
    pub expectations: Vec<JudgedExpectation>,
    /// The exit code of the program.
    pub exit: Exit,
}

/// One expectation of the user (`--expect`, or of a suite), judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JudgedExpectation {
    /// As it was written.
    pub expression: String,
    /// Whether it held.
    pub held: bool,
    /// What was expected, in words.
    pub expected: String,
    /// What was seen, as JSON would show it; null if the check did not reach it.
    pub seen: Option<String>,
    /// Where a suite's file declares it: line and column, from 1.
    pub line: Option<usize>,
    /// See `line`.
    pub column: Option<usize>,
}

/// The exit codes of a check. The others (2, 70, 74) never come with a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// 0.
    Ok,
    /// 1: the session went through, but a finding reaches `--fail-on`.
    Findings,
    /// 3.
    Unreachable,
    /// 4.
    RefusedTemporary,
    /// 5.
    RefusedPermanent,
    /// 6.
    Tls,
    /// 7.
    Auth,
    /// 8.
    Protocol,
    /// 9.
    Incomplete,
    /// 130.
    Interrupted,
    /// 143.
    Terminated,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Findings => 1,
            Exit::Unreachable => 3,
            Exit::RefusedTemporary => 4,
            Exit::RefusedPermanent => 5,
            Exit::Tls => 6,
            Exit::Auth => 7,
            Exit::Protocol => 8,
            Exit::Incomplete => 9,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }

    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Exit::Ok => "ok",
            Exit::Findings => "findings",
            Exit::Unreachable => "unreachable",
            Exit::RefusedTemporary => "refused_temporary",
            Exit::RefusedPermanent => "refused_permanent",
            Exit::Tls => "tls",
            Exit::Auth => "auth",
            Exit::Protocol => "protocol",
            Exit::Incomplete => "incomplete",
            Exit::Interrupted | Exit::Terminated => "interrupted",
        }
    }

    /// Whether the same check may succeed later without any change.
    pub fn is_retryable(self) -> bool {
        matches!(self, Exit::Unreachable | Exit::RefusedTemporary | Exit::Incomplete)
    }
}

/// The exit of a saved report; one that this version does not know is a failure.
fn known_exit(code: u8) -> Exit {
    let exits = [
        Exit::Ok,
        Exit::Findings,
        Exit::Unreachable,
        Exit::RefusedTemporary,
        Exit::RefusedPermanent,
        Exit::Tls,
        Exit::Auth,
        Exit::Protocol,
        Exit::Incomplete,
        Exit::Interrupted,
        Exit::Terminated,
    ];
    exits.into_iter().find(|known| known.code() == code).unwrap_or(Exit::Findings)
}

impl Report {
    /// When the run began.
    pub fn started_at(&self) -> Timestamp {
        self.evidence.started_at
    }

    /// The one word of the result.
    pub fn verdict(&self) -> Verdict {
        match self.exit {
            _ if !self.complete => Verdict::Incomplete,
            Exit::Ok => Verdict::Pass,
            Exit::Interrupted | Exit::Terminated | Exit::Incomplete => Verdict::Incomplete,
            _ => Verdict::Fail,
        }
    }

    /// Expectations that did not hold.
    pub fn failed_expectations(&self) -> impl Iterator<Item = &JudgedExpectation> {
        self.expectations.iter().filter(|judged| !judged.held)
    }

    /// Whether a finding makes the check fail: it reaches `--fail-on`, is not ignored, and was not expected.
    pub fn fails_by(&self, finding: &Finding) -> bool {
        self.plan.gate.counts(finding)
    }

    /// Whether the user chose to ignore a finding.
    pub fn is_ignored(&self, finding: &Finding) -> bool {
        self.plan.gate.ignores(finding)
    }
}

/// The one word of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing at or above `--fail-on`.
    Pass,
    /// Something is.
    Fail,
    /// smtpcheck cut it short.
    Incomplete,
}

impl Gate {
    fn ignores(&self, finding: &Finding) -> bool {
        self.ignore.iter().any(|rule| *rule == finding.rule)
    }

    fn counts(&self, finding: &Finding) -> bool {
        let reaches = match self.fail_on {
            FailOn::Error => finding.severity >= Severity::Error,
            FailOn::Warning => finding.severity >= Severity::Warning,
            FailOn::Notice => true,
            FailOn::Never => false,
        };
        reaches && !self.ignores(finding) && !finding.expected
    }
}

/// The code of the first phase that failed; 1 if only findings without a failed phase count.
fn exit(findings: &[Finding], plan: &Plan) -> Exit {
    let counting: Vec<&Finding> = findings.iter().filter(|finding| plan.gate.counts(finding)).collect();
    let first = counting
        .iter()
        .filter(|finding| finding.failure.is_some())
        .min_by_key(|finding| check::order(plan, finding.phase));
    match first {
        Some(finding) => code_of(finding),
        None if counting.is_empty() => Exit::Ok,
        None => Exit::Findings,
    }
}

/// The exit code that a finding leads to.
fn code_of(finding: &Finding) -> Exit {
    match finding.failure {
        Some(PhaseFailure::Unreachable) => Exit::Unreachable,
        Some(PhaseFailure::RefusedTemporary) => Exit::RefusedTemporary,
        Some(PhaseFailure::RefusedPermanent) => Exit::RefusedPermanent,
        Some(PhaseFailure::Tls) => Exit::Tls,
        Some(PhaseFailure::Auth) => Exit::Auth,
        Some(PhaseFailure::Protocol) => Exit::Protocol,
        Some(PhaseFailure::Incomplete) => Exit::Incomplete,
        None => Exit::Findings,
    }
}
