//! Parses the command line into typed values. This module reads no files and sends no DNS queries. Every error is a
//! [`UsageError`] with the flag, the value, the reason, and a hint about what to write instead.
//!
//! [`flags`] declares the groups of flags, [`commands`] combines them into commands, [`words`] decides which command a
//! command line calls, and [`command`] parses it into an [`Invocation`]. [`foreign`] recognises flags of other tools,
//! [`effect`] rejects flags that would have no effect, [`target`] parses a target, [`proxy`] finds the proxy,
//! [`requested`] resolves contradictions between flags, and [`plan`] builds the plans. [`config`] parses the
//! configuration file, and [`plugin`] the flags of check_smtp. [`help`] and [`pages`] generate the help and the manual
//! pages from the same declarations. [`complete`] finds the candidates for the completion scripts.

mod client;
mod command;
pub mod commands;
pub mod complete;
pub mod config;
pub mod domain;
mod effect;
mod error;
pub mod flags;
pub mod foreign;
mod help;
mod invocation;
mod meant;
pub mod pages;
pub mod plan;
pub mod plugin;
pub mod proxy;
mod requested;
pub mod resolve;
pub mod settings;
pub mod target;
mod template;
mod words;

use std::ffi::OsString;

use crate::host::environment;

pub use error::{ErrorOrigin, UsageError};
pub use invocation::{Invocation, VersionDetails};

/// Parses the arguments, without the name of the program.
pub fn parse(words: Vec<OsString>) -> Result<Invocation, UsageError> {
    command::parse(words, &config::Settings::none())
}

/// Like [`parse`], but with the settings of a configuration file.
pub fn parse_with(words: Vec<OsString>, settings: &config::Settings) -> Result<Invocation, UsageError> {
    command::parse(words, settings)
}

/// Adds to an error where the wrong value comes from: an environment variable, or else a position in the configuration
/// file. A value on the command line needs no origin.
pub fn located(error: UsageError, words: &[OsString], settings: &config::Settings) -> UsageError {
    let Some(flag) = error.flag.clone() else { return error };
    let file = |setting: Option<&config::Setting>| settings.file.clone().zip(setting.map(|setting| setting.at));
    let place = if flag == "target" {
        file(settings.target.as_ref().filter(|_| words::targets(words).iter().all(|word| word.starts_with('@'))))
    } else {
        let Some(long) = flag.strip_prefix("--").filter(|_| !words::mentions(words, &flag)) else { return error };
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
