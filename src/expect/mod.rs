//! Expectations about a report. An expectation consists of a name, a comparison and a value: `tls.version >= 1.2`.
//!
//! The names and their types are defined in [`crate::report::fields`]; [`grammar`] parses an expectation and reports
//! the position of a mistake; [`compare`] defines the comparisons of each type. All mistakes are found before the check
//! starts. The language is deliberately small: instead of `and`, write two expectations; instead of `or`, write `in
//! [550, 554]`.
//!
//! An expectation about a missing value fails. Read next: `report/expectations.rs`, which applies the results to the
//! exit code.

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

/// An expectation with its position in the suite file.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The expression.
    pub expression: Expression,
    /// The position in the suite file; `None` without a suite.
    pub place: Option<FilePosition>,
}

impl Expectation {
    /// The expectations of a saved report, which are evaluated again. Expectations that this version cannot parse are
    /// omitted.
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

/// A parsed expectation without mistakes.
#[derive(Clone, Debug)]
pub struct Expression {
    /// The expectation as written.
    pub text: String,
    field: &'static Field,
    /// The number in the brackets of the name; 0 if there are no brackets.
    index: usize,
    /// The position of the name in the text, in characters.
    at: usize,
    wanted: TypedComparison,
}

impl Expression {
    /// Fails if the report can never contain the value: without a recipient, for example, there is no reply to RCPT TO.
    pub fn fits(&self, plan: &Plan) -> Result<(), Mistake> {
        match self.field.lacks(self.index, plan) {
            Some(what) => {
                let written = self.written_name();
                Err(Mistake::new(&self.text, self.at, written.chars().count(), format!("{written} requires {what}")))
            }
            None => Ok(()),
        }
    }

    /// The expected value, in words.
    pub fn expected(&self) -> String {
        self.wanted.in_words()
    }

    /// Compares the expectation with a report.
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

    /// The failure that the expectation requires, if no successful result could satisfy it.
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
