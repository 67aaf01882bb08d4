//! The named values of a report: one row each, with type, unit, documentation and the function that reads it. `--expect`,
//! suites, `--write-out` and the documentation use this list, and a value has the same name in all of them.
//!
//! A name is the path of the value in the JSON report where it has one (`certificate.days_left`, `rcpt[0].code`); the
//! others are short views: `.class` is the first digit of a reply code, `.ms` the time of a phase, `rcpt.code` the codes
//! for all recipients. The functions read [`Document`], so that a value cannot differ from the JSON report.

mod list;

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::document::Document;
use crate::evidence::EventId;
use crate::plan::Plan;

pub use list::FIELDS;

/// One named value.
#[derive(Debug)]
pub struct Field {
    /// As it is written; `[N]` stands for a number from 0.
    pub name: &'static str,
    /// Its type.
    pub kind: ValueType,
    /// The unit of a number.
    pub unit: Unit,
    /// What it is, in a few words.
    pub about: &'static str,
    /// What a plan must contain so that the value can exist.
    pub requires: RequiredPhase,
    /// Whose failure an expectation about it can describe.
    pub refusal: Refusal,
    read: fn(&Document, usize) -> Vec<FieldValue>,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A number.
    Number,
    /// A text.
    Text,
    /// true or false.
    Fact,
    /// Numbers separated by dots, such as 1.2.
    Version,
    /// A date, or a date with a time.
    Moment,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of names, which are compared without regard to case.
    Names,
    /// A list of EHLO lines; their keyword is enough to name one.
    Keywords,
    /// A list of rule ids.
    Rules,
}

impl ValueType {
    /// The word for it in messages and in the documentation.
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
    /// A code, a count, or no number at all.
    None,
    /// Milliseconds.
    Milliseconds,
    /// Whole days.
    Days,
    /// Bits of a key.
    Bits,
}

impl Unit {
    /// The abbreviation, or the word.
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
    /// The check did not get that far, or it cannot be known.
    Missing,
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text, a version, a word.
    Text(String),
    /// true or false.
    Fact(bool),
    /// A moment.
    Moment(Timestamp),
    /// A list of texts.
    List(Vec<String>),
}

impl FieldValue {
    /// As a number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            FieldValue::Number(number) => Some(*number),
            // Codes, counts and days are far below 2^53.
            #[allow(clippy::cast_precision_loss, reason = "see above")]
            FieldValue::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// As a text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            FieldValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// As a list, if it is one.
    pub fn as_list(&self) -> Option<&[String]> {
        match self {
            FieldValue::List(list) => Some(list),
            _ => None,
        }
    }

    /// As plain text for `--write-out`: texts without quotes, lists with commas, milliseconds with one decimal place.
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

/// As JSON shows it.
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

/// What a plan must contain so that there can be an answer.
#[derive(Clone, Copy, Debug)]
pub enum RequiredPhase {
    /// Nothing special.
    Nothing,
    /// A user.
    Login,
    /// A sender, or a recipient.
    Sender,
    /// As many recipients as the name counts.
    Recipient,
}

/// Whose failure an expectation about a value can describe.
#[derive(Clone, Copy, Debug)]
pub enum Refusal {
    /// No one's.
    None,
    /// That of these replies, by their numbers in the transcript.
    Reply {
        /// Finds them.
        events: fn(&Document, usize) -> Vec<EventId>,
        /// What success looks like.
        good: SuccessTest,
    },
    /// That of the check as a whole.
    Exit {
        /// What success looks like.
        good: SuccessTest,
    },
    /// That of each rule that is named.
    Rules,
}

/// What success looks like.
#[derive(Clone, Copy, Debug)]
pub enum SuccessTest {
    /// 2yz and 3yz.
    Codes,
    /// 2 and 3.
    Classes,
    /// 2.x.y.
    Statuses,
    /// The login was accepted.
    Accepted,
    /// 0.
    ExitCode,
    /// ok.
    ExitName,
    /// pass.
    Pass,
    /// Success is not repeated.
    NotRetryable,
}

impl SuccessTest {
    /// Values that stand for all successes.
    pub fn values(self) -> Vec<FieldValue> {
        let text = |text: &str| FieldValue::Text(text.to_owned());
        match self {
            SuccessTest::Codes => (200..400).map(FieldValue::Integer).collect(),
            SuccessTest::Classes => vec![FieldValue::Integer(2), FieldValue::Integer(3)],
            // No status of success begins with 4 or 5, whatever follows.
            SuccessTest::Statuses => ["2.0.0", "2.1.0", "2.1.5", "2.7.0"].map(text).into(),
            SuccessTest::Accepted => vec![text("accepted")],
            SuccessTest::ExitCode => vec![FieldValue::Integer(0)],
            SuccessTest::ExitName => vec![text("ok")],
            SuccessTest::Pass => vec![text("pass")],
            SuccessTest::NotRetryable => vec![FieldValue::Fact(false)],
        }
    }
}

/// Why a name is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// `[` without `]`.
    OpenBracket,
    /// Something other than a number from 0 to 999 in the brackets.
    Number,
    /// No value has this name. It is given with `[N]` instead of numbers.
    Unknown(String),
}

impl Field {
    /// The row of a name, and the number in its brackets.
    pub fn find(written: &str) -> Result<(&'static Field, usize), NameFault> {
        let mut pattern = String::new();
        let mut index = 0;
        let mut rest = written;
        while let Some((before, after)) = rest.split_once('[') {
            let (number, after) = after.split_once(']').ok_or(NameFault::OpenBracket)?;
            index = number.parse::<usize>().ok().filter(|number| *number < 1000).ok_or(NameFault::Number)?;
            pattern.push_str(before);
            pattern.push_str("[N]");
            rest = after;
        }
        pattern.push_str(rest);
        match Field::all().find(|field| field.name == pattern) {
            Some(field) => Ok((field, index)),
            None => Err(NameFault::Unknown(pattern)),
        }
    }

    /// All rows.
    pub fn all() -> impl Iterator<Item = &'static Field> {
        FIELDS.iter().flat_map(|group| group.iter())
    }

    /// Its value: one, or one for each recipient.
    pub fn read(&self, report: &Document, index: usize) -> Vec<FieldValue> {
        (self.read)(report, index)
    }

    /// What the plan lacks, so that the value can never exist.
    pub fn lacks(&self, index: usize, plan: &Plan) -> Option<&'static str> {
        match self.requires {
            RequiredPhase::Login if plan.login.is_none() => Some("a login, and no user is given"),
            RequiredPhase::Sender if plan.from.is_none() => {
                Some("MAIL FROM, and neither a sender nor a recipient is given")
            }
            RequiredPhase::Recipient if plan.to.len() <= index => Some("a recipient that is not given"),
            RequiredPhase::Nothing | RequiredPhase::Login | RequiredPhase::Sender | RequiredPhase::Recipient => None,
        }
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

/// The first value of this name; missing where there is none, or no such name.
pub fn value(report: &Document, name: &str) -> FieldValue {
    let read = Field::find(name).ok().and_then(|(field, index)| field.read(report, index).into_iter().next());
    read.unwrap_or(FieldValue::Missing)
}

fn json(value: &impl Serialize) -> String {
    // Texts and lists of texts can always be written.
    serde_json::to_string(value).unwrap_or_default()
}
