//! The groups of flags, one file per group. Each command consists of the groups that it takes. A flag is declared once, with
//! the type of its value: closed lists are [`clap::ValueEnum`]s, and other values have a parser in [`value`] or in their
//! group.
//!
//! Each long flag `--some-flag` can also be set as `SMTPCHECK_SOME_FLAG`; [`with_environment`] does that for all flags.

pub mod auth;
pub mod batch;
pub mod config;
pub mod connection;
pub mod display;
pub mod domain;
pub mod exit_status;
pub mod exporter;
pub(super) mod names;
pub mod output;
pub mod password;
pub mod route;
pub mod session;
pub mod settings;
pub mod snippet;
pub mod tls;
mod value;

use std::ffi::OsString;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Command};

use crate::host::environment;

pub(crate) use value::closed_list;
pub use value::{InvalidValue, MOST_JOBS, duration, number, one_of};

/// Groups of flags that exclude each other. A flag on the command line replaces the flags of its group in the
/// environment and in the configuration file. A flag in a profile replaces the flags of its group in the defaults.
pub const ALTERNATIVES: &[&[&str]] = &[
    &["ipv4", "ipv6"],
    &["quiet", "verbose"],
    &["json", "format", "write-out", "for"],
    &["write-out", "output"],
    &["password-stdin", "password-file", "password-command", "token-command", "netrc"],
    &["proxy-password-file", "proxy-password-command", "proxy-netrc"],
];

/// Whether a flag has no effect because another flag of its group is set. `is_set` considers only sources of higher
/// precedence.
pub fn is_replaced(flag: &str, is_set: impl Fn(&str) -> bool) -> bool {
    ALTERNATIVES.iter().filter(|group| group.contains(&flag)).flat_map(|group| group.iter()).any(|other| is_set(other))
}

/// The beginning of the names of all environment variables of flags.
const VARIABLE_PREFIX: &str = "SMTPCHECK_";

/// The environment variable of a flag.
pub fn variable(long: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", long.to_ascii_uppercase().replace('-', "_"))
}

/// Whether the environment sets a flag. An empty variable counts as not set, because CI systems pass unset variables as empty
/// ones.
pub fn is_in_environment(long: &str) -> bool {
    environment::is_set(&variable(long))
}

/// Allows every long flag to be set by its environment variable, unless a flag on the command line excludes it. Values
/// of closed lists are accepted in upper and lower case.
pub fn with_environment(command: Command, words: &[OsString]) -> Command {
    let is_on_command_line = |flag: &str| names::mentions_in(&command, words, flag);
    // Usually no variable is set, so that the name of each is not needed.
    let is_any_set = environment::has_prefix(VARIABLE_PREFIX);
    let is_set = |long: &str| is_any_set && is_in_environment(long) && !is_replaced(long, is_on_command_line);
    let longs = command.get_arguments().filter_map(clap::Arg::get_long);
    let set: Vec<String> = longs.filter(|long| can_be_variable(long) && is_set(long)).map(str::to_owned).collect();
    command.mut_args(|arg| {
        let Some(long) = arg.get_long().filter(|long| can_be_variable(long)) else { return arg };
        let variable = set.iter().any(|set| set == long).then(|| variable(long));
        let arg = match arg.get_action() {
            ArgAction::SetTrue => arg.value_parser(BoolishValueParser::new()),
            ArgAction::Set | ArgAction::Append => arg.ignore_case(true),
            _ => arg,
        };
        match variable {
            Some(variable) => arg.env(variable).hide_env(true),
            None => arg,
        }
    })
}

/// Whether clap may read a flag from its environment variable. [`password`] and [`route`] read the variables of passwords.
fn can_be_variable(long: &str) -> bool {
    !matches!(long, "help" | "version" | "password" | "proxy-password")
}
