//! What the user expects of a report: a name, a comparison, a value. `tls.version >= 1.2`.
//!
//! Names are those of [`crate::report::fields`], with their types; [`grammar`] reads an expectation and reports where it is
//! wrong; [`compare`] knows how each type can be compared. Everything that can be wrong with an expectation is found
//! before anything is sent. It is not a programming language on purpose: two expectations are an `and`, `in [550, 554]` is
//! an `or`.
//!
//! A value that was not seen never holds. Read next: `report/expectations.rs`, which decides what an expectation that held
//! does to the exit code.

mod compare;
mod grammar;
mod mistake;

pub use mistake::Mistake;

use compare::TypedComparison;

use crate::plan::Plan;
use crate::report::fields::{Field, FieldValue, Refusal, SuccessTest};
use crate::report::{
    Document, ExpectationOutcome, Expectations, ExpectedFailure, FilePosition, JudgedExpectation, Report,
};

/// An expectation, and where a suite's file declares it.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What is expected.
    pub expression: Expression,
    /// Where a suite's file declares it.
    pub place: Option<FilePosition>,
}

impl Expectation {
    /// Those of a saved report, to be judged again. One that this version cannot read is left out.
    pub fn saved_in(report: &Report) -> Vec<Expectation> {
        report.expectations.iter().filter_map(|one| Expectation::again(one).ok()).collect()
    }

    fn again(judged: &JudgedExpectation) -> Result<Expectation, Mistake> {
        let place = judged.line.zip(judged.column).map(|(line, column)| FilePosition { line, column });
        Ok(Expectation { expression: Expression::parse(&judged.expression)?, place })
    }
}

impl Expectations for Vec<Expectation> {
    fn judge(&self, report: &Document) -> Vec<ExpectationOutcome> {
        self.iter().map(|one| one.expression.judge(report, one.place)).collect()
    }
}

/// One expectation, read and found sound.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As it was written.
    pub text: String,
    field: &'static Field,
    /// The number in brackets, where the name has one.
    index: usize,
    /// Where the name stands in the text, in characters.
    at: usize,
    wanted: TypedComparison,
}

impl Expression {
    /// Whether the plan contains what the expectation is about: without a recipient none can be rejected.
    pub fn fits(&self, plan: &Plan) -> Result<(), Mistake> {
        match self.field.lacks(self.index, plan) {
            Some(what) => {
                let written = self.written_name();
                Err(Mistake::new(&self.text, self.at, written.chars().count(), format!("{written} is about {what}")))
            }
            None => Ok(()),
        }
    }

    /// What is expected, in words.
    pub fn expected(&self) -> String {
        self.wanted.in_words()
    }

    /// Whether it holds for a report.
    pub fn judge(&self, report: &Document, place: Option<FilePosition>) -> ExpectationOutcome {
        let values = self.field.read(report, self.index);
        let held = !values.is_empty() && values.iter().all(|one| *one != FieldValue::Missing && self.wanted.holds(one));
        let is_seen = values.iter().all(|one| *one != FieldValue::Missing);
        let shown: Vec<String> = values.iter().map(FieldValue::to_string).collect();
        let excuse = if held { self.excuse(report) } else { ExpectedFailure::Nothing };
        let judged = JudgedExpectation {
            expression: self.text.clone(),
            held,
            expected: self.expected(),
            seen: (is_seen && !shown.is_empty()).then(|| shown.join(", ")),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
        };
        ExpectationOutcome { judged, excuse }
    }

    /// An expectation describes a failure if no success could satisfy it.
    fn excuse(&self, report: &Document) -> ExpectedFailure {
        let describes_failure = |good: SuccessTest| !good.values().iter().any(|value| self.wanted.holds(value));
        match self.field.refusal {
            Refusal::None => ExpectedFailure::Nothing,
            Refusal::Reply { events, good } if describes_failure(good) => {
                ExpectedFailure::Replies(events(report, self.index))
            }
            Refusal::Exit { good } if describes_failure(good) => ExpectedFailure::Exit,
            Refusal::Reply { .. } | Refusal::Exit { .. } => ExpectedFailure::Nothing,
            Refusal::Rules => {
                self.wanted.contained().map_or(ExpectedFailure::Nothing, |rule| ExpectedFailure::Rule(rule.to_owned()))
            }
        }
    }

    fn written_name(&self) -> String {
        self.field.name.replace("[N]", &format!("[{}]", self.index))
    }
}

#[cfg(test)]
mod tests;
