//! The catalogue of the named values of a report. Each row has a type, a unit, a description and a function that reads
//! the value. `--expect`, suites, `--write-out` and the documentation use this catalogue, so a value has the same name
//! in all of them.
//!
//! A name is usually the path of the value in the JSON report (`certificate.days_left`, `rcpt[0].code`). The other
//! names are shortcuts: `.class` is the first digit of a reply code, `.ms` is the duration of a phase, and `rcpt.code`
//! means the reply codes for all recipients. The functions read [`Document`], so a value never differs from the JSON
//! report.

mod convert;
mod domain;
mod list;
mod lookup;

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::document::Document;
use crate::evidence::EventId;
use crate::plan::Plan;

pub(super) use convert::json_word;
pub use list::FIELDS;
pub use lookup::NameFault;

/// One named value.
#[derive(Debug)]
pub struct Field {
    /// The name as users write it; `[N]` stands for a number from 0.
    pub name: &'static str,
    /// The type.
    pub kind: ValueType,
    /// The unit, if the value is a number.
    pub unit: Unit,
    /// The description, without a full stop.
    pub about: &'static str,
    /// What a plan must contain so that the report can contain the value.
    pub requires: RequiredPhase,
    /// Which failure an expectation about the value can describe.
    pub refusal: Refusal,
    read: fn(&Document, usize) -> Vec<FieldValue>,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A number.
    Number,
    /// A string.
    Text,
    /// true or false.
    Fact,
    /// Numbers separated by dots, such as 1.2.
    Version,
    /// A date, with or without a time.
    Moment,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of names, which are compared case-insensitively.
    Names,
    /// A list of EHLO lines; an item can be given as its keyword or as the entire line.
    Keywords,
    /// A list of rule ids.
    Rules,
}

impl ValueType {
    /// The name of the type in messages and in the documentation.
    pub fn word(self) -> &'static str {
        match self {
            ValueType::Number => "a number",
            ValueType::Text => "a string",
            ValueType::Fact => "true or false",
            ValueType::Version => "a version",
            ValueType::Moment => "a date",
            ValueType::Word(_) => "a word",
            ValueType::Names | ValueType::Keywords | ValueType::Rules => "a list",
        }
    }
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// No unit: a code, a count, or not a number.
    None,
    /// Milliseconds.
    Milliseconds,
    /// Whole days.
    Days,
    /// The size of a key in bits.
    Bits,
}

impl Unit {
    /// The abbreviation or name of the unit.
    pub fn word(self) -> &'static str {
        match self {
            Unit::None => "",
            Unit::Milliseconds => "ms",
            Unit::Days => "days",
            Unit::Bits => "bits",
        }
    }
}

/// A value of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// The check did not obtain this value, or it cannot be known.
    Missing,
    /// A whole number.
    Integer(i64),
    /// A number that may have decimal places.
    Number(f64),
    /// A string, a version or a word.
    Text(String),
    /// true or false.
    Fact(bool),
    /// A date with a time.
    Moment(Timestamp),
    /// A list of strings.
    List(Vec<String>),
}

impl FieldValue {
    /// The value as a number, if it is a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            FieldValue::Number(number) => Some(*number),
            // Codes, counts and days are far below 2^53.
            #[allow(clippy::cast_precision_loss, reason = "see above")]
            FieldValue::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// The value as a string, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            FieldValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as a list, if it is a list.
    pub fn as_list(&self) -> Option<&[String]> {
        match self {
            FieldValue::List(list) => Some(list),
            _ => None,
        }
    }

    /// The value as plain text for `--write-out`: strings without quotes, lists separated by commas, milliseconds with
    /// one decimal place.
    pub fn plain(&self) -> String {
        match self {
            FieldValue::Missing => String::new(),
            FieldValue::Number(number) => format!("{number:.1}"),
            FieldValue::Text(text) => text.clone(),
            FieldValue::List(list) => list.join(","),
            FieldValue::Integer(_) | FieldValue::Fact(_) | FieldValue::Moment(_) => self.to_string(),
        }
    }
}

/// The value as in JSON.
impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldValue::Missing => f.write_str("null"),
            FieldValue::Integer(number) => write!(f, "{number}"),
            FieldValue::Number(number) => write!(f, "{number}"),
            FieldValue::Text(text) => f.write_str(&json(text)),
            FieldValue::Fact(fact) => write!(f, "{fact}"),
            FieldValue::Moment(moment) => write!(f, "{moment}"),
            FieldValue::List(list) => f.write_str(&json(list)),
        }
    }
}

/// What a plan must contain so that the report can contain a value.
#[derive(Clone, Copy, Debug)]
pub enum RequiredPhase {
    /// No requirement.
    Nothing,
    /// A user name for the login.
    Login,
    /// A sender or a recipient.
    Sender,
    /// A mail domain.
    Domain,
    /// At least as many recipients as the number in the name requires.
    Recipient,
}

/// Which failure an expectation about a value can describe.
#[derive(Clone, Copy, Debug)]
pub enum Refusal {
    /// It cannot describe a failure.
    None,
    /// The rejection by one or several replies.
    Reply {
        /// Returns the numbers of the given replies in the transcript.
        events: fn(&Document, usize) -> Vec<EventId>,
        /// The values that mean success.
        good: SuccessTest,
    },
    /// The failure that determines the exit code.
    Exit {
        /// The values that mean success.
        good: SuccessTest,
    },
    /// The findings of the rule that the expectation names.
    Rules,
}

/// The values that mean success.
#[derive(Clone, Copy, Debug)]
pub enum SuccessTest {
    /// The reply codes 2yz and 3yz.
    Codes,
    /// The first digits 2 and 3 of a reply code.
    Classes,
    /// The enhanced status codes 2.x.y.
    Statuses,
    /// The outcome `accepted` of a login.
    Accepted,
    /// The exit code 0.
    ExitCode,
    /// The exit name `ok`.
    ExitName,
    /// The verdict `pass`.
    Pass,
    /// `exit.retryable` is false, because a successful check needs no retry.
    NotRetryable,
}

impl SuccessTest {
    /// Sample values that represent every success.
    pub fn values(self) -> Vec<FieldValue> {
        let text = |text: &str| FieldValue::Text(text.to_owned());
        match self {
            SuccessTest::Codes => (200..400).map(FieldValue::Integer).collect(),
            SuccessTest::Classes => vec![FieldValue::Integer(2), FieldValue::Integer(3)],
            // A sample is sufficient: a successful status always begins with 2.
            SuccessTest::Statuses => ["2.0.0", "2.1.0", "2.1.5", "2.7.0"].map(text).into(),
            SuccessTest::Accepted => vec![text("accepted")],
            SuccessTest::ExitCode => vec![FieldValue::Integer(0)],
            SuccessTest::ExitName => vec![text("ok")],
            SuccessTest::Pass => vec![text("pass")],
            SuccessTest::NotRetryable => vec![FieldValue::Fact(false)],
        }
    }
}

impl Field {
    /// Reads the value from a report: a single value, or one for each recipient or IP address. A value without items is
    /// missing.
    pub fn read(&self, report: &Document, index: usize) -> Vec<FieldValue> {
        let values = (self.read)(report, index);
        if values.is_empty() { vec![FieldValue::Missing] } else { values }
    }

    /// What is missing from the plan, if the report can never contain the value. The text completes "NAME requires ...".
    pub fn lacks(&self, index: usize, plan: &Plan) -> Option<&'static str> {
        match self.requires {
            RequiredPhase::Login if plan.login.is_none() => Some("a login, but no user is given"),
            RequiredPhase::Sender if plan.from.is_none() => {
                Some("MAIL FROM, but neither a sender nor a recipient is given")
            }
            RequiredPhase::Recipient if plan.to.len() <= index => Some("a recipient that is not given"),
            RequiredPhase::Domain if plan.domain.is_none() => Some("a domain check (smtpcheck domain)"),
            RequiredPhase::Domain => None,
            _ if plan.domain.is_some() && !self.is_of_every_report() => {
                Some("a server check, but this is a domain check")
            }
            RequiredPhase::Nothing | RequiredPhase::Login | RequiredPhase::Sender | RequiredPhase::Recipient => None,
        }
    }

    /// Whether reports about servers and reports about domains contain the value.
    fn is_of_every_report(&self) -> bool {
        let subject = self.name.split(['.', '[']).next().unwrap_or_default();
        matches!(subject, "exit" | "verdict" | "complete" | "total_ms" | "retries" | "findings" | "target")
    }

    const fn requiring(self, requires: RequiredPhase) -> Field {
        Field { requires, ..self }
    }

    const fn refusing(self, refusal: Refusal) -> Field {
        Field { refusal, ..self }
    }

    const fn measured(self, unit: Unit) -> Field {
        Field { unit, ..self }
    }
}

/// The first value with this name; `Missing` if there is no value or no such name.
pub fn value(report: &Document, name: &str) -> FieldValue {
    let read = Field::find(name).ok().and_then(|(field, index)| field.read(report, index).into_iter().next());
    read.unwrap_or(FieldValue::Missing)
}

fn json(value: &impl Serialize) -> String {
    // Serialisation of strings and lists of strings cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
