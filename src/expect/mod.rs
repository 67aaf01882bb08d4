//! What the user expects, as a sentence of three words: a name, a comparison, a value. `tls.version >= 1.2`.
//!
//! Names are those of the JSON report, and short views of it ([`names`] is the closed list, with types); [`grammar`] reads
//! the sentence and says where it is wrong; [`compare`] knows what each type can be compared with. Everything that can be
//! wrong with an expectation is found here, before anything is sent. It is no programming language on purpose: two
//! expectations are an `and`, `in [550, 554]` is an `or`.
//!
//! What was not seen never holds: null is "did not get that far". Read next: `report`, which counts what was expected.

mod compare;
mod grammar;
mod names;

use serde_json::Value;

pub use grammar::Mistake;
pub use names::{NAMES, Name, ValueType};

use compare::TypedComparison;
use names::{Refusal, SuccessTest};

use crate::plan::Plan;

/// One expectation, read and found sound.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As it was written.
    pub text: String,
    name: &'static Name,
    /// The number in brackets, where the name has one.
    index: usize,
    /// Where the name stands in the text, in characters.
    at: usize,
    wanted: TypedComparison,
}

/// What came of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectationOutcome {
    /// Whether it held.
    pub held: bool,
    /// What was seen, as JSON would show it; none when the check did not get that far.
    pub seen: Option<String>,
    /// What it takes for expected, so that it does not count as a failure.
    pub excuse: ExpectedFailure,
}

/// What an expectation that held takes for expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedFailure {
    /// Nothing: it says what should go well.
    Nothing,
    /// The refusals of these replies, by their numbers in the transcript.
    Replies(Vec<u64>),
    /// What made the exit code.
    Exit,
    /// The findings of a rule.
    Rule(String),
}

impl ExpectedFailure {
    /// The replies, by their numbers in the transcript.
    pub fn replies(&self) -> &[u64] {
        match self {
            ExpectedFailure::Replies(replies) => replies,
            ExpectedFailure::Nothing | ExpectedFailure::Exit | ExpectedFailure::Rule(_) => &[],
        }
    }
}

impl Expression {
    /// Reads an expectation.
    pub fn parse(text: &str) -> Result<Expression, Mistake> {
        grammar::parse(text)
    }

    /// Whether the plan asks for what the expectation is about: without a recipient nobody can refuse one.
    pub fn fits(&self, plan: &Plan) -> Result<(), Mistake> {
        let lacks = match self.name.needs {
            names::RequiredPhase::Nothing => None,
            names::RequiredPhase::Login if plan.login.is_none() => Some("a login, and there is no user"),
            names::RequiredPhase::Sender if plan.from.is_none() => {
                Some("MAIL FROM, and there is neither sender nor recipient")
            }
            names::RequiredPhase::Recipient if plan.to.len() <= self.index => Some("a recipient that is not there"),
            names::RequiredPhase::Login | names::RequiredPhase::Sender | names::RequiredPhase::Recipient => None,
        };
        match lacks {
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

    /// Holds it against a report in its JSON form.
    pub fn judge(&self, report: &Value) -> ExpectationOutcome {
        let seen = self.name.read(report, self.index);
        let held = !seen.is_empty() && seen.iter().all(|one| !one.is_null() && self.wanted.holds(one));
        let told: Vec<String> = seen.iter().filter(|one| !one.is_null()).map(Value::to_string).collect();
        let excuse = if held { self.excuse(report) } else { ExpectedFailure::Nothing };
        let seen = if told.is_empty() || told.len() < seen.len() { None } else { Some(told.join(", ")) };
        ExpectationOutcome { held, seen, excuse }
    }

    /// An expectation names a failure when no success could satisfy it.
    fn excuse(&self, report: &Value) -> ExpectedFailure {
        let names_failure = |good: SuccessTest| !good.values().iter().any(|value| self.wanted.holds(value));
        match self.name.refusal {
            Refusal::None => ExpectedFailure::Nothing,
            Refusal::Reply { event, good } if names_failure(good) => {
                let events = names::at(report, event, self.index);
                ExpectedFailure::Replies(events.iter().filter_map(Value::as_u64).collect())
            }
            Refusal::Exit { good } if names_failure(good) => ExpectedFailure::Exit,
            Refusal::Reply { .. } | Refusal::Exit { .. } => ExpectedFailure::Nothing,
            Refusal::Rules => {
                self.wanted.contained().map_or(ExpectedFailure::Nothing, |rule| ExpectedFailure::Rule(rule.to_owned()))
            }
        }
    }

    fn written_name(&self) -> String {
        self.name.name.replace("[N]", &format!("[{}]", self.index))
    }
}

#[cfg(test)]
mod tests;
