//! The comparisons that each type of value supports.
//!
//! | type | comparisons |
//! |---|---|
//! | a number, a version, a date | `== != < <= > >=`, `in [..]` |
//! | a string | `== !=`, `in [..]`, `contains`, `excludes`, `matches` |
//! | a word | `== !=`, `in [..]` |
//! | true or false | `== !=` |
//! | a list | `contains`, `excludes` |

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use regex_lite::Regex;
use serde_json::Value;

use crate::report::fields::{FieldValue, ValueType};

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Different,
    Less,
    AtMost,
    More,
    AtLeast,
    In,
    Contains,
    Excludes,
    Matches,
}

impl Operator {
    /// All operators with their spelling. `<=` precedes `<`, and `>=` precedes `>`.
    pub(super) const ALL: [(&'static str, Operator); 10] = [
        ("==", Operator::Equal),
        ("!=", Operator::Different),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Less),
        (">", Operator::More),
        ("in", Operator::In),
        ("contains", Operator::Contains),
        ("excludes", Operator::Excludes),
        ("matches", Operator::Matches),
    ];

    pub(super) fn spelling(self) -> &'static str {
        Operator::ALL.iter().find(|(_, operator)| *operator == self).map_or("", |(spelling, _)| spelling)
    }

    /// Whether a type supports this comparison.
    pub(super) fn fits(self, kind: ValueType) -> bool {
        let allowed: &[Operator] = match kind {
            ValueType::Number | ValueType::Version | ValueType::Moment => &[
                Operator::Equal,
                Operator::Different,
                Operator::Less,
                Operator::AtMost,
                Operator::More,
                Operator::AtLeast,
                Operator::In,
            ],
            ValueType::Text => &[
                Operator::Equal,
                Operator::Different,
                Operator::In,
                Operator::Contains,
                Operator::Excludes,
                Operator::Matches,
            ],
            ValueType::Word(_) => &[Operator::Equal, Operator::Different, Operator::In],
            ValueType::Fact => &[Operator::Equal, Operator::Different],
            ValueType::Names | ValueType::Keywords | ValueType::Rules => &[Operator::Contains, Operator::Excludes],
        };
        allowed.contains(&self)
    }

    /// The comparisons that a type supports, for error messages.
    pub(super) fn of(kind: ValueType) -> String {
        let all = Operator::ALL.iter().filter(|(_, operator)| operator.fits(kind));
        all.map(|(spelling, _)| *spelling).collect::<Vec<_>>().join(" ")
    }
}

/// A comparison and its values, which were parsed for the type of the name on the left side.
#[derive(Clone, Debug)]
pub(super) struct TypedComparison {
    pub(super) operator: Operator,
    /// A single value, or the values of the list after `in`.
    pub(super) values: Vec<Literal>,
}

/// A value on the right side of an expectation, parsed for the type of the name on the left side.
#[derive(Clone, Debug)]
pub(super) enum Literal {
    Number(f64),
    Text(String),
    Fact(bool),
    Version(Vec<u32>),
    Moment {
        at: Timestamp,
        written: String,
    },
    Pattern(Regex),
    /// An item of a list.
    Item(String),
    /// An EHLO keyword, or a complete EHLO line.
    Keyword(String),
}

/// Compares the value in the report with a value of the expectation; `None` if their types differ.
fn order(seen: &FieldValue, wanted: &Literal) -> Option<std::cmp::Ordering> {
    match wanted {
        Literal::Number(number) => seen.as_f64()?.partial_cmp(number),
        Literal::Version(version) => Some(versions(seen.as_str()?)?.cmp(version)),
        Literal::Moment { at, .. } => match seen {
            FieldValue::Moment(seen) => Some(seen.cmp(at)),
            _ => None,
        },
        Literal::Text(text) => Some(seen.as_str()?.cmp(text.as_str())),
        Literal::Fact(fact) => match seen {
            FieldValue::Fact(seen) => Some(seen.cmp(fact)),
            _ => None,
        },
        Literal::Pattern(_) | Literal::Item(_) | Literal::Keyword(_) => None,
    }
}

/// The numbers of a version such as `1.2`.
pub(super) fn versions(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

/// Parses a date, with or without a time.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let date = text.parse::<Date>().ok()?;
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

impl TypedComparison {
    /// Whether the comparison is true for a value that is not missing. It is false if the values cannot be compared.
    pub(super) fn holds(&self, seen: &FieldValue) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let any = |fits: &[std::cmp::Ordering]| {
            self.values.iter().any(|wanted| order(seen, wanted).is_some_and(|order| fits.contains(&order)))
        };
        match self.operator {
            Operator::Equal | Operator::In => any(&[Equal]),
            Operator::Different => any(&[Less, Greater]),
            Operator::Less => any(&[Less]),
            Operator::AtMost => any(&[Less, Equal]),
            Operator::More => any(&[Greater]),
            Operator::AtLeast => any(&[Greater, Equal]),
            Operator::Contains | Operator::Matches => self.values.iter().any(|wanted| contains(seen, wanted)),
            Operator::Excludes => {
                (seen.as_list().is_some() || seen.as_str().is_some())
                    && !self.values.iter().any(|wanted| contains(seen, wanted))
            }
        }
    }

    /// The item that the list must contain, if the comparison is `contains`.
    pub(super) fn contained(&self) -> Option<&str> {
        match (self.operator, self.values.as_slice()) {
            (Operator::Contains, [Literal::Item(item)]) => Some(item),
            _ => None,
        }
    }

    /// The expected value in the words that follow "expected" in messages.
    pub(super) fn in_words(&self) -> String {
        let values: Vec<String> = self.values.iter().map(Literal::described).collect();
        let values = values.join(", ");
        match self.operator {
            Operator::Equal => values,
            Operator::Different => format!("anything but {values}"),
            Operator::Less => format!("less than {values}"),
            Operator::AtMost => format!("at most {values}"),
            Operator::More => format!("more than {values}"),
            Operator::AtLeast => format!("at least {values}"),
            Operator::In => format!("one of {values}"),
            Operator::Contains => format!("a value that contains {values}"),
            Operator::Excludes => format!("a value without {values}"),
            Operator::Matches => format!("a match for {values}"),
        }
    }
}

fn contains(seen: &FieldValue, wanted: &Literal) -> bool {
    let items = || seen.as_list().unwrap_or_default().iter();
    match wanted {
        Literal::Text(text) => seen.as_str().is_some_and(|seen| seen.contains(text.as_str())),
        Literal::Pattern(pattern) => seen.as_str().is_some_and(|seen| pattern.is_match(seen)),
        Literal::Item(item) => items().any(|seen| seen.eq_ignore_ascii_case(item)),
        Literal::Keyword(word) => items().any(|line| {
            let keyword = line.split(' ').next().unwrap_or_default();
            keyword.eq_ignore_ascii_case(word) || line.eq_ignore_ascii_case(word)
        }),
        Literal::Number(_) | Literal::Fact(_) | Literal::Version(_) | Literal::Moment { .. } => false,
    }
}

impl Literal {
    fn described(&self) -> String {
        match self {
            Literal::Number(number) => number.to_string(),
            Literal::Text(text) => Value::from(text.as_str()).to_string(),
            Literal::Fact(fact) => fact.to_string(),
            Literal::Version(parts) => parts.iter().map(u32::to_string).collect::<Vec<_>>().join("."),
            Literal::Moment { written, .. } => written.clone(),
            Literal::Pattern(pattern) => Value::from(pattern.as_str()).to_string(),
            Literal::Item(item) | Literal::Keyword(item) => item.clone(),
        }
    }
}
