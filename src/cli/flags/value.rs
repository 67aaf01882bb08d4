//! Values of flags: closed lists, numbers and durations, and why a value is not valid.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::SignedDuration;

/// Why a flag does not accept a value.
#[derive(Clone, Debug)]
pub struct InvalidValue {
    /// What is wrong.
    pub reason: Cow<'static, str>,
    /// What to write instead; empty if the reason already explains it.
    pub hint: Cow<'static, str>,
    /// Whether the value may be a secret. If so, no message may repeat it.
    pub is_secret: bool,
}

impl InvalidValue {
    /// An error about a value that a message may repeat.
    pub fn new(reason: impl Into<Cow<'static, str>>, hint: impl Into<Cow<'static, str>>) -> InvalidValue {
        InvalidValue { reason: reason.into(), hint: hint.into(), is_secret: false }
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.reason, self.hint)
    }
}

impl std::error::Error for InvalidValue {}

/// Implements [`clap::ValueEnum`] for a closed list of values. Each value has a name and optional aliases.
macro_rules! closed_list {
    ($type:ty { $($value:expr => $name:literal $(| $alias:literal)*),+ $(,)? }) => {
        impl clap::ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$($value),+]
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                $(if *self == $value {
                    return Some(clap::builder::PossibleValue::new($name)$(.alias($alias))*);
                })+
                None
            }
        }
    };
}

pub(crate) use closed_list;

/// A parser for a closed list of names and values that another module defines.
pub fn one_of<T: Clone + Send + Sync + 'static>(
    list: impl IntoIterator<Item = (&'static str, T)>,
) -> impl TypedValueParser<Value = T> {
    let list: Vec<(&'static str, T)> = list.into_iter().collect();
    PossibleValuesParser::new(list.iter().map(|(name, _)| *name)).try_map(move |word| {
        let found = list.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word));
        found.map(|(_, value)| value.clone()).ok_or_else(|| InvalidValue::new("not a valid value", ""))
    })
}

/// A parser for a number in a range.
pub fn number<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, InvalidValue> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + fmt::Display + Clone + Send + Sync + 'static,
{
    // The maximum value of the type would not help the user.
    let allowed = match range.end().to_string() {
        end if end == u64::MAX.to_string() => format!("write a number of at least {}", range.start()),
        end => format!("write a number from {} to {end}", range.start()),
    };
    move |text| {
        let number = text.trim().parse::<T>().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| InvalidValue::new("not a number in the allowed range", allowed.clone()))
    }
}

/// Parses a duration of up to a day, such as `20s`, `350ms` or `2m`. Returns milliseconds.
pub fn duration(text: &str) -> Result<u64, InvalidValue> {
    let wrong = |why: &'static str| InvalidValue::new(why, "use a duration, for example 20s, 350ms or 2m");
    if text.trim().parse::<f64>().is_ok() {
        return Err(wrong("the unit is missing"));
    }
    let read: SignedDuration = text.trim().parse().map_err(|_| wrong("not a duration"))?;
    let ms = u64::try_from(read.as_millis()).map_err(|_| wrong("a duration cannot be negative"))?;
    match ms {
        0 => Err(wrong("the duration must be greater than zero")),
        1..=86_400_000 => Ok(ms),
        _ => Err(wrong("the duration is longer than a day")),
    }
}

/// The maximum for `--jobs`. With more checks at the same time, the load on this machine would distort the measured times.
pub const MOST_JOBS: usize = 64;
