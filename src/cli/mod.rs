//! The command line, typed: no file is read, no host is looked up, nothing is decided that a plan does not need. Every
//! error is a [`UsageError`] that names the flag, the value, the reason, and what to write instead.
//!
//! [`flags`] declares the groups of flags, [`commands`] composes the commands of them, [`command`] decides which command a
//! line is, [`foreign`] answers flags of other tools, [`effect`] rejects flags that would be ignored, [`target`] reads a
//! target, [`plan`] makes the plans, [`config`] knows what a configuration file may contain, [`plugin`] reads the flags of
//! check_smtp, [`help`] and [`pages`] generate help and manual pages from the same declarations, [`complete`] answers the
//! completion scripts.

mod command;
pub mod commands;
pub mod complete;
pub mod config;
mod effect;
mod error;
pub mod flags;
mod foreign;
mod help;
pub mod pages;
pub mod plan;
pub mod plugin;
pub mod resolve;
pub mod target;

use std::ffi::OsString;

use crate::host::environment;

pub use command::{Invocation, VersionDetails};
pub use error::{ErrorOrigin, UsageError};

/// Reads the words after the program's name.
pub fn parse(words: Vec<OsString>) -> Result<Invocation, UsageError> {
    command::parse(words, &config::Settings::none())
}

/// The same, with the settings of a configuration file.
pub fn parse_with(words: Vec<OsString>, settings: &config::Settings) -> Result<Invocation, UsageError> {
    command::parse(words, settings)
}

/// An error with the place of the value, if that is not the command line: first a variable of the environment, then the
/// configuration file.
pub fn located(error: UsageError, words: &[OsString], settings: &config::Settings) -> UsageError {
    let Some(flag) = error.flag.clone() else { return error };
    let file = |setting: Option<&config::Setting>| settings.file.clone().zip(setting.map(|setting| setting.at));
    let place = if flag == "target" {
        file(settings.target.as_ref().filter(|_| command::targets(words).iter().all(|word| word.starts_with('@'))))
    } else {
        let Some(long) = flag.strip_prefix("--").filter(|_| !command::mentions(words, &flag)) else { return error };
        let variable = flags::variable(long);
        if environment::is_set(&variable) {
            return error.in_variable(variable);
        }
        file(settings.find(long))
    };
    match place {
        Some((path, at)) => error.in_file(path, at),
        None => error,
    }
}
