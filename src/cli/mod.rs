//! Words of the command line to typed values, and nothing more: no file is read, no host looked up, nothing decided
//! that a plan does not need. Every mistake is a [`UsageError`] that says what to write instead.
//!
//! [`args`] declares the flags, [`verb`] finds the verb (the first word, unless it is a host), [`target`] reads the
//! target, [`plan`] makes a plan of all of them, [`ports`] makes several, [`expect`] reads what is expected, [`look`]
//! decides about colours, [`password`] names the source, [`report`] the files beside the result, [`plugin`] reads the
//! flags of check_smtp, [`config`] knows what a configuration file may say, [`pages`] makes completions and manual pages
//! of the same flags.

pub mod args;
pub mod command;
pub mod config;
pub mod display;
mod error;
pub mod expect;
pub mod pages;
pub mod password;
pub mod plan;
pub mod plugin;
pub mod ports;
pub mod report;
pub mod resolve;
pub mod run;
pub mod sandbox;
pub mod target;

use std::ffi::OsString;

pub use command::Invocation;
pub use error::{ErrorOrigin, UsageError};

/// Reads the words after the program's name.
pub fn parse(words: Vec<OsString>) -> Result<Invocation, UsageError> {
    command::parse(words, &config::Settings::none())
}

/// The same, with what a configuration file says.
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
        let variable = args::variable(long);
        if std::env::var_os(&variable).is_some_and(|value| !value.is_empty()) {
            return error.in_variable(variable);
        }
        file(settings.find(long))
    };
    match place {
        Some((path, at)) => error.in_file(path, at),
        None => error,
    }
}
