//! What the user expects of a report: each expectation is held against its JSON form, and the exit code follows.
//!
//! 1. A refusal can be what is expected: an expectation that held, and that no success could satisfy (`rcpt.class == 5`,
//!    `exit.code == 7`, `findings contains relay-denied`), takes the findings that it names out of the count. They are
//!    shown as expected.
//! 2. What is left decides as ever: the code of the first step that failed.
//! 3. When nothing is left and an expectation failed, the code is 1: the session went through.

use super::{Document, Exit, FilePosition, JudgedExpectation, Report, code_of, exit};
use crate::check::Finding;
use crate::evidence::{EventId, EventKind, Evidence};
use crate::expect::{ExpectedFailure, Expression, Mistake};
use crate::wire::status::Class;

/// An expectation, and where a suite's file declares it.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What is expected.
    pub expression: Expression,
    /// Where a suite's file says so.
    pub place: Option<FilePosition>,
}

impl Expectation {
    /// One of a saved report, to be judged again.
    pub fn again(judged: &JudgedExpectation) -> Result<Expectation, Mistake> {
        let place = judged.line.zip(judged.column).map(|(line, column)| FilePosition { line, column });
        Ok(Expectation { expression: Expression::parse(&judged.expression)?, place })
    }
}

impl Report {
    /// Holds the expectations against what was seen.
    pub(super) fn expecting(mut self, expectations: &[Expectation]) -> Report {
        if expectations.is_empty() {
            return self;
        }
        // Serialisation of our own types with string keys cannot fail.
        let seen = serde_json::to_value(Document::from(&self)).unwrap_or_default();
        let mut excuses = Vec::new();
        for Expectation { expression, place } in expectations {
            let outcome = expression.judge(&seen);
            excuses.push(outcome.excuse);
            self.expectations.push(JudgedExpectation {
                expression: expression.text.clone(),
                held: outcome.held,
                expected: expression.expected(),
                seen: outcome.seen,
                line: place.map(|place| place.line),
                column: place.map(|place| place.column),
            });
        }
        let replies: Vec<u64> = excuses.iter().flat_map(ExpectedFailure::replies).copied().collect();
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
fn is_refusal_by(evidence: &Evidence, finding: &Finding, replies: &[u64]) -> bool {
    let refuses = |id: &&EventId| {
        let event = evidence.transcript.iter().find(|event| event.seq == **id);
        event.is_some_and(|event| match &event.what {
            EventKind::Received { reply, .. } => matches!(reply.class(), Class::Transient | Class::Permanent),
            _ => false,
        })
    };
    let mut refusals = finding.evidence.events.iter().filter(refuses).peekable();
    finding.failure.is_some() && refusals.peek().is_some() && refusals.all(|id| replies.contains(&u64::from(id.0)))
}
