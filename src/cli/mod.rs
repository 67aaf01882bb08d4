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
use std::fmt;

pub use command::Invocation;

/// A mistake in the arguments: exit 2, nothing was sent.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError(pub String);

impl UsageError {
    pub(crate) fn new(text: impl Into<String>) -> UsageError {
        UsageError(text.into())
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Reads the words after the program's name.
pub fn parse(words: Vec<OsString>) -> Result<Invocation, UsageError> {
    command::parse(words, &config::Settings::none())
}

/// The same, with what a configuration file says.
pub fn parse_with(words: Vec<OsString>, settings: &config::Settings) -> Result<Invocation, UsageError> {
    command::parse(words, settings)
}
