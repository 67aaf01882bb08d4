//! The effect of expectations on a report: which findings are expected, and which exit code follows.
//!
//! 1. An expectation can describe a failure: `rcpt.class == 5`, `exit.code == 7`, `findings contains relay-denied`. If it
//!    is true and no successful result could satisfy it, the findings about this failure are marked as expected and do
//!    not count.
//! 2. The other findings determine the exit code in the usual way: it is the code of the first phase that failed.
//! 3. If no finding counts but an expectation failed, the exit code is 1.
//!
//! The module `expect`, which imports this one, parses and compares expectations.

use super::{Document, Exit, JudgedExpectation, Report, code_of, exit};
use crate::check::Finding;
use crate::evidence::{EventId, EventKind, Evidence};
use crate::wire::status::Class;

/// Expectations that can be judged. `expect` implements this trait, so this module does not depend on their syntax.
pub trait Expectations {
    /// Judges each expectation.
    fn judge(&self, report: &Document) -> Vec<ExpectationOutcome>;
}

/// No expectations.
pub struct NoExpectations;

impl Expectations for NoExpectations {
    fn judge(&self, _: &Document) -> Vec<ExpectationOutcome> {
        Vec::new()
    }
}

/// The result of one expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectationOutcome {
    /// The expectation with its result.
    pub judged: JudgedExpectation,
    /// The failure that it describes, which therefore does not count.
    pub excuse: ExpectedFailure,
}

/// The failure that an expectation describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedFailure {
    /// No failure: the expectation describes a success, or it is not true.
    Nothing,
    /// The rejections by certain replies, which are identified by their numbers in the transcript.
    Replies(Vec<EventId>),
    /// The failure that determined the exit code.
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
    /// Judges the expectations and applies them to the findings and the exit code.
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

/// Whether a finding is about rejections by the given replies and by no others.
fn is_refusal_by(evidence: &Evidence, finding: &Finding, replies: &[EventId]) -> bool {
    let is_rejection = |id: &&EventId| {
        let event = evidence.transcript.iter().find(|event| event.seq == **id);
        event.is_some_and(|event| match &event.what {
            EventKind::Received { reply, .. } => matches!(reply.class(), Class::Transient | Class::Permanent),
            _ => false,
        })
    };
    let mut rejections = finding.evidence.events.iter().filter(is_rejection).peekable();
    finding.failure.is_some() && rejections.peek().is_some() && rejections.all(|id| replies.contains(id))
}
