//! The report: plan, evidence and findings, with the verdict and the exit code that follow from them.
//!
//! Its JSON form is [`Document`], schema version 1.0; versions 1.x only add keys. The plan, the probes and the
//! transcript are complete, so that a saved report can be loaded ([`Report::load`]) and evaluated again. The other keys
//! contain the same information in a form for readers and scripts. Every key is always present: null means that the
//! value is unknown, and [] means that there are no values. [`ports`] combines the reports of several ports.

pub mod batch;
mod difference;
mod document;
mod expectations;
pub mod fields;
mod interfaces;
mod judge;
mod line;
mod phases;
pub mod ports;
#[cfg(test)]
pub(crate) mod published;
mod run;
mod saved;
mod settings;
mod tally;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use difference::{Change, CheckDifference, Difference};
pub use document::{Document, SCHEMA, SCHEMA_VERSION, Tool};
pub use expectations::{ExpectationOutcome, Expectations, ExpectedFailure, NoExpectations};
pub use interfaces::{FailedInterface, InterfaceComparison};
pub(crate) use interfaces::{InterfaceResult, InterfaceTally, compared};
pub use line::{LINE_SCHEMA, StreamRecord};
pub use phases::{PhaseResult, PhaseStatus, phases};
pub use run::{CheckOutcome, CheckResult, FilePosition, RUN_SCHEMA, Run, RunDocument, RunSource};
pub use saved::{NotSaved, Saved};
pub use settings::{planned_settings, proved_settings, recommended_settings};
pub use tally::ExitTally;

use crate::check::{self, Finding, PhaseFailure, Severity};
use crate::evidence::{Evidence, Session};
use crate::plan::{FailOn, Gate, Plan};

/// The report of one run of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The settings of the check.
    pub plan: Plan,
    /// The results of the probes.
    pub evidence: Evidence,
    /// The problems that were found.
    pub findings: Vec<Finding>,
    /// Whether the check finished, that is, was not cut short or interrupted.
    pub complete: bool,
    /// The duration in milliseconds.
    pub total_ms: f64,
    /// The results of the user's expectations.
    pub expectations: Vec<JudgedExpectation>,
    /// The exit code of the program.
    pub exit: Exit,
}

/// The result of an expectation (`--expect`, or `expect` in a suite).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JudgedExpectation {
    /// The expectation as written.
    pub expression: String,
    /// Whether the expectation is true.
    pub held: bool,
    /// The expected value, in words.
    pub expected: String,
    /// The actual value, as JSON; null if the check did not obtain it.
    pub seen: Option<String>,
    /// The line of the expectation in the suite file, from 1; null without a suite.
    pub line: Option<usize>,
    /// The column of the expectation in the suite file, from 1; null without a suite.
    pub column: Option<usize>,
}

/// The exit code of a check. The program's other exit codes (2, 70, 74) occur only without a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// 0: the check passed.
    Ok,
    /// 1: the session completed, but a finding reaches `--fail-on` or an expectation failed.
    Findings,
    /// 3: no connection to the server, or no reply.
    Unreachable,
    /// 4: temporarily rejected (4yz).
    RefusedTemporary,
    /// 5: permanently rejected (5yz).
    RefusedPermanent,
    /// 6: TLS failed, was not advertised, or the certificate fails verification.
    Tls,
    /// 7: the login failed or is required.
    Auth,
    /// 8: the server violated the protocol.
    Protocol,
    /// 9: a time or connection limit cut the check short.
    Incomplete,
    /// 130: interrupted by SIGINT.
    Interrupted,
    /// 143: interrupted by SIGTERM.
    Terminated,
}

impl Exit {
    /// The exit code as a number.
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

    /// The name in JSON.
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

/// The exit code of a saved report. An unknown code becomes `Findings`.
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

/// The name of an exit code of a check.
pub fn exit_name(code: u8) -> &'static str {
    known_exit(code).name()
}

impl Report {
    /// The session whose results the report shows: the main session or, for a search for settings, the session with the
    /// recommended server.
    pub(crate) fn session(&self) -> Option<Session<'_>> {
        match &self.plan.settings {
            Some(_) => check::settings::session(&self.plan, &self.evidence),
            None => self.evidence.main_session(),
        }
    }

    /// The time at which the run began.
    pub fn started_at(&self) -> Timestamp {
        self.evidence.started_at
    }

    /// The verdict of the check.
    pub fn verdict(&self) -> Verdict {
        match self.exit {
            _ if !self.complete => Verdict::Incomplete,
            Exit::Ok => Verdict::Pass,
            Exit::Interrupted | Exit::Terminated | Exit::Incomplete => Verdict::Incomplete,
            _ => Verdict::Fail,
        }
    }

    /// The expectations that failed.
    pub fn failed_expectations(&self) -> impl Iterator<Item = &JudgedExpectation> {
        self.expectations.iter().filter(|judged| !judged.held)
    }

    /// Whether a finding makes the check fail: it reaches `--fail-on`, is not ignored and is not expected.
    pub fn fails_by(&self, finding: &Finding) -> bool {
        self.plan.gate.counts(finding)
    }

    /// Whether the user chose to ignore a finding.
    pub fn is_ignored(&self, finding: &Finding) -> bool {
        self.plan.gate.ignores(finding)
    }
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No finding reaches `--fail-on`, and all expectations are true.
    Pass,
    /// A finding reaches `--fail-on`, or an expectation failed.
    Fail,
    /// The check was cut short or interrupted.
    Incomplete,
}

impl Gate {
    fn ignores(&self, finding: &Finding) -> bool {
        self.ignore.iter().any(|rule| *rule == finding.rule)
    }

    /// Whether a finding makes a check fail.
    pub(crate) fn counts(&self, finding: &Finding) -> bool {
        let reaches = match self.fail_on {
            FailOn::Error => finding.severity >= Severity::Error,
            FailOn::Warning => finding.severity >= Severity::Warning,
            FailOn::Notice => true,
            FailOn::Never => false,
        };
        reaches && !self.ignores(finding) && !finding.expected
    }
}

/// The exit code of the first phase that failed; 1 if no phase failed but a finding reaches `--fail-on`.
fn exit(findings: &[Finding], plan: &Plan) -> Exit {
    let counting: Vec<&Finding> = findings.iter().filter(|finding| plan.gate.counts(finding)).collect();
    let first = counting
        .iter()
        .filter(|finding| finding.failure.is_some())
        .min_by_key(|finding| check::exit_order(plan, finding));
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
