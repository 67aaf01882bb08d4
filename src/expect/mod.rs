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
pub(crate) use grammar::nearest;
pub use names::{Kind, NAMES, Name};

use compare::Wanted;
use names::{Good, Refusal};

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
    wanted: Wanted,
}

/// What came of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it held.
    pub held: bool,
    /// What was seen, as JSON would show it; none when the check did not get that far.
    pub seen: Option<String>,
    /// What it takes for expected, so that it does not count as a failure.
    pub excuse: Excuse,
}

/// What an expectation that held takes for expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excuse {
    /// Nothing: it says what should go well.
    Nothing,
    /// The refusals of these replies, by their numbers in the transcript.
    Replies(Vec<u64>),
    /// What made the exit code.
    Exit,
    /// The findings of a rule.
    Rule(String),
}

impl Excuse {
    /// The replies, by their numbers in the transcript.
    pub fn replies(&self) -> &[u64] {
        match self {
            Excuse::Replies(replies) => replies,
            Excuse::Nothing | Excuse::Exit | Excuse::Rule(_) => &[],
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
            names::Needs::Nothing => None,
            names::Needs::Login if plan.login.is_none() => Some("a login, and there is no user"),
            names::Needs::Sender if plan.from.is_none() => Some("MAIL FROM, and there is neither sender nor recipient"),
            names::Needs::Recipient if plan.to.len() <= self.index => Some("a recipient that is not there"),
            names::Needs::Login | names::Needs::Sender | names::Needs::Recipient => None,
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
    pub fn judge(&self, report: &Value) -> Outcome {
        let seen = self.name.read(report, self.index);
        let held = !seen.is_empty() && seen.iter().all(|one| !one.is_null() && self.wanted.holds(one));
        let told: Vec<String> = seen.iter().filter(|one| !one.is_null()).map(Value::to_string).collect();
        let excuse = if held { self.excuse(report) } else { Excuse::Nothing };
        let seen = if told.is_empty() || told.len() < seen.len() { None } else { Some(told.join(", ")) };
        Outcome { held, seen, excuse }
    }

    /// An expectation names a failure when no success could satisfy it.
    fn excuse(&self, report: &Value) -> Excuse {
        let names_failure = |good: Good| !good.values().iter().any(|value| self.wanted.holds(value));
        match self.name.refusal {
            Refusal::None => Excuse::Nothing,
            Refusal::Reply { event, good } if names_failure(good) => {
                let events = names::at(report, event, self.index);
                Excuse::Replies(events.iter().filter_map(Value::as_u64).collect())
            }
            Refusal::Exit { good } if names_failure(good) => Excuse::Exit,
            Refusal::Reply { .. } | Refusal::Exit { .. } => Excuse::Nothing,
            Refusal::Rules => self.wanted.contained().map_or(Excuse::Nothing, |rule| Excuse::Rule(rule.to_owned())),
        }
    }

    fn written_name(&self) -> String {
        self.name.name.replace("[N]", &format!("[{}]", self.index))
    }
}

#[cfg(test)]
mod tests;
