//! The groups of flags, one file per group. Each command consists of the groups that it takes. A flag is declared once, with
//! the type of its value: closed lists are [`clap::ValueEnum`]s, and other values have a parser here or in their group.
//!
//! Each long flag `--some-flag` can also be set as `SMTPCHECK_SOME_FLAG`; [`with_environment`] does that for all flags.

pub mod auth;
pub mod config;
pub mod connection;
pub mod display;
pub mod exit_status;
pub mod output;
pub mod password;
pub mod session;
pub mod tls;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use clap::builder::{BoolishValueParser, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Command};
use jiff::SignedDuration;

use crate::host::environment;

/// Groups of flags that exclude each other. If the command line sets one flag of a group, the values of the others from the
/// environment and the configuration file have no effect. A flag in a profile likewise overrides the others in `[defaults]`.
pub const ALTERNATIVES: &[&[&str]] = &[
    &["ipv4", "ipv6"],
    &["quiet", "verbose"],
    &["json", "format", "write-out"],
    &["write-out", "output"],
    &["password-stdin", "password-file", "password-command", "token-command", "netrc"],
];

/// Whether a flag has no effect because another flag of its group is set. `is_set` looks only in sources of higher
/// precedence.
pub fn is_replaced(flag: &str, is_set: impl Fn(&str) -> bool) -> bool {
    ALTERNATIVES.iter().filter(|group| group.contains(&flag)).flat_map(|group| group.iter()).any(|other| is_set(other))
}

/// Why a flag does not accept a value.
#[derive(Clone, Debug)]
pub struct InvalidValue {
    /// What is wrong.
    pub reason: Cow<'static, str>,
    /// What to write instead; empty if the reason says it.
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
    move |text| {
        let number = text.trim().parse::<T>().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            InvalidValue::new(
                "not a number in the allowed range",
                format!("write a number from {} to {}", range.start(), range.end()),
            )
        })
    }
}

/// Parses a duration of up to a day, such as `20s`, `350ms` or `2m`. Returns milliseconds.
pub fn duration(text: &str) -> Result<u64, InvalidValue> {
    let wrong = |why: &'static str| InvalidValue::new(why, "use for example 20s, 350ms or 2m");
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

/// The environment variable of a flag: `SMTPCHECK_MAX_TIME` for `max-time`.
pub fn variable(long: &str) -> String {
    format!("SMTPCHECK_{}", long.to_uppercase().replace('-', "_"))
}

/// Whether the environment sets a flag. An empty variable counts as not set, because CI systems pass unset variables as empty
/// ones.
pub fn is_in_environment(long: &str) -> bool {
    environment::is_set(&variable(long))
}

/// Lets every long flag be set by its environment variable, unless a flag on the command line excludes it. Values of closed
/// lists are accepted in upper and lower case.
pub fn with_environment(command: Command, words: &[OsString]) -> Command {
    let declared = command.clone();
    let is_on_command_line = |flag: &str| super::command::mentions_in(&declared, words, flag);
    command.mut_args(|arg| {
        let Some(long) = arg.get_long().filter(|long| !matches!(*long, "help" | "version" | "password")) else {
            return arg;
        };
        let long = long.to_owned();
        let arg = match arg.get_action() {
            ArgAction::SetTrue => arg.value_parser(BoolishValueParser::new()),
            ArgAction::Set | ArgAction::Append => arg.ignore_case(true),
            _ => arg,
        };
        if is_in_environment(&long) && !is_replaced(&long, is_on_command_line) {
            arg.env(variable(&long)).hide_env(true)
        } else {
            arg
        }
    })
}
