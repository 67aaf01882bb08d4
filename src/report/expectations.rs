//! What expectations do to a report: which findings they turn into expected ones, and which exit code is left.
//!
//! 1. A rejection can be what is expected: an expectation that held, and that no success could satisfy (`rcpt.class == 5`,
//!    `exit.code == 7`, `findings contains relay-denied`), takes the findings that it describes out of the count. They are
//!    shown as expected.
//! 2. The rest decides as without expectations: the code of the first phase that failed.
//! 3. If nothing is left and an expectation failed, the code is 1: the session completed.
//!
//! How an expectation is read and compared is the subject of the module `expect`, which imports this one.

use super::{Document, Exit, JudgedExpectation, Report, code_of, exit};
use crate::check::Finding;
use crate::evidence::{EventId, EventKind, Evidence};
use crate::wire::status::Class;

/// Expectations that can be judged. `expect` implements it; the trait keeps this module independent of how they are written.
pub trait Expectations {
    /// Judges each of them.
    fn judge(&self, report: &Document) -> Vec<ExpectationOutcome>;
}

/// No expectations.
pub struct NoExpectations;

impl Expectations for NoExpectations {
    fn judge(&self, _: &Document) -> Vec<ExpectationOutcome> {
        Vec::new()
    }
}

/// What came of one expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectationOutcome {
    /// Whether it held.
    pub judged: JudgedExpectation,
    /// Which failure it expects, so that the failure does not count.
    pub excuse: ExpectedFailure,
}

/// The failure that an expectation that held describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedFailure {
    /// None: it describes a success.
    Nothing,
    /// The rejections by these replies, by their numbers in the transcript.
    Replies(Vec<EventId>),
    /// What led to the exit code.
    Exit,
    /// The findings of a rule.
    Rule(String),
}

impl ExpectedFailure {
    fn replies(&self) -> &[EventId] {
        match self {
            ExpectedFailure::Replies(replies) => replies,
            ExpectedFailure::Nothing | ExpectedFailure::Exit | ExpectedFailure::Rule(_) => &[],
        }
    }
}

impl Report {
    /// Judges the expectations.
    pub(super) fn expecting(mut self, expectations: &dyn Expectations) -> Report {
        let outcomes = expectations.judge(&Document::from(&self));
        if outcomes.is_empty() {
            return self;
        }
        let (judged, excuses): (Vec<JudgedExpectation>, Vec<ExpectedFailure>) =
            outcomes.into_iter().map(|outcome| (outcome.judged, outcome.excuse)).unzip();
        self.expectations = judged;
        let replies: Vec<EventId> = excuses.iter().flat_map(ExpectedFailure::replies).copied().collect();
        let Report { evidence, findings, exit: before, plan, .. } = &mut self;
        for finding in findings.iter_mut() {
            finding.expected = excuses.iter().any(|excuse| match excuse {
                ExpectedFailure::Nothing | ExpectedFailure::Replies(_) => false,
                ExpectedFailure::Exit => plan.gate.counts(finding) && code_of(finding) == *before,
                ExpectedFailure::Rule(rule) => finding.rule == rule.as_str(),
            }) || is_refusal_by(evidence, finding, &replies);
        }
        let failed = self.expectations.iter().any(|judged| !judged.held);
        self.exit = match self.exit {
            Exit::Interrupted | Exit::Terminated => self.exit,
            _ => match exit(&self.findings, &self.plan) {
                Exit::Ok if !self.complete => Exit::Incomplete,
                Exit::Ok if failed => Exit::Findings,
                other => other,
            },
        };
        self
    }
}

/// Whether a finding is about refusals by these replies and by no others.
fn is_refusal_by(evidence: &Evidence, finding: &Finding, replies: &[EventId]) -> bool {
    let refuses = |id: &&EventId| {
        let event = evidence.transcript.iter().find(|event| event.seq == **id);
        event.is_some_and(|event| match &event.what {
            EventKind::Received { reply, .. } => matches!(reply.class(), Class::Transient | Class::Permanent),
            _ => false,
        })
    };
    let mut refusals = finding.evidence.events.iter().filter(refuses).peekable();
    finding.failure.is_some() && refusals.peek().is_some() && refusals.all(|id| replies.contains(id))
}
