//! The groups of flags, one file per group; each command is composed of the groups that it takes. A flag is declared once,
//! with the type of its value: closed lists are [`clap::ValueEnum`]s, everything else has a parser here or in its group.
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

/// Flags of which one replaces the others: a flag on the command line makes those of the environment and of the
/// configuration file void, and a profile those of the defaults.
pub const ALTERNATIVES: &[&[&str]] = &[
    &["ipv4", "ipv6"],
    &["quiet", "verbose"],
    &["json", "format", "write-out"],
    &["write-out", "output"],
    &["password-stdin", "password-file", "password-command", "token-command", "netrc"],
];

/// Whether a flag is void because another one, which replaces it, is set at a place of higher rank.
pub fn is_replaced(flag: &str, is_set: impl Fn(&str) -> bool) -> bool {
    ALTERNATIVES.iter().filter(|group| group.contains(&flag)).flat_map(|group| group.iter()).any(|other| is_set(other))
}

/// Why a value is not one that its flag takes.
#[derive(Clone, Debug)]
pub struct InvalidValue {
    /// What is wrong.
    pub reason: Cow<'static, str>,
    /// What to write instead.
    pub hint: Cow<'static, str>,
    /// Whether the value may be a secret, so that no message may repeat it.
    pub is_secret: bool,
}

impl InvalidValue {
    /// A value that a message may repeat.
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

/// Implements [`clap::ValueEnum`] for a closed list of values, each with its name and other names that mean the same.
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

/// A parser for a closed list that another module keeps with its names.
pub fn one_of<T: Clone + Send + Sync + 'static>(
    list: impl IntoIterator<Item = (&'static str, T)>,
) -> impl TypedValueParser<Value = T> {
    let list: Vec<(&'static str, T)> = list.into_iter().collect();
    PossibleValuesParser::new(list.iter().map(|(name, _)| *name)).try_map(move |word| {
        let found = list.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word));
        found.map(|(_, value)| value.clone()).ok_or_else(|| InvalidValue::new("not a value of this list", ""))
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

/// Reads a duration, `20s`, `350ms`, `2m`, up to a day; in milliseconds.
pub fn duration(text: &str) -> Result<u64, InvalidValue> {
    let wrong = |why: &'static str| InvalidValue::new(why, "write for example 20s, 350ms or 2m");
    if text.trim().parse::<f64>().is_ok() {
        return Err(wrong("the unit is missing"));
    }
    let read: SignedDuration = text.trim().parse().map_err(|_| wrong("not a duration"))?;
    let ms = u64::try_from(read.as_millis()).map_err(|_| wrong("a duration cannot be negative"))?;
    match ms {
        0 => Err(wrong("a duration of zero is not allowed")),
        1..=86_400_000 => Ok(ms),
        _ => Err(wrong("longer than a day")),
    }
}

/// The most checks that may run at the same time: more would measure this machine and not the servers.
pub const MOST_JOBS: usize = 64;

/// The environment variable of a flag.
pub fn variable(long: &str) -> String {
    format!("SMTPCHECK_{}", long.to_uppercase().replace('-', "_"))
}

/// Whether the environment sets a flag. An empty variable counts as not set, as CI systems pass empty ones.
pub fn is_in_environment(long: &str) -> bool {
    environment::is_set(&variable(long))
}

/// Gives every long flag its environment variable, unless a flag on the command line replaces it; closed lists take their
/// values in any case.
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
