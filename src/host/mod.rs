//! Access to this machine: signals, the terminal, the sources of passwords, files, the clock, the host name, the
//! environment and the routes. This module sends nothing over the network.
//!
//! It does not end the process. A signal that is not handled calls a function that the program installs
//! ([`signals::end_with`]). Only [`file`] opens files, with limits for size and time.

pub mod clock;
pub mod config;
pub(crate) mod descriptors;
pub mod environment;
pub(crate) mod file;
pub(crate) mod hosts;
pub(crate) mod machine;
pub mod name;
pub mod netrc;
pub mod password;
pub(crate) mod process;
pub mod routes;
pub mod service;
pub mod signals;
pub(crate) mod socket;
pub(crate) mod terminal;

use std::fmt;
use std::path::PathBuf;

/// Why no check could be started. The cause is this machine or the arguments.
#[derive(Debug)]
pub enum SetupError {
    /// A file that a flag names cannot be read, or its content is not what the flag requires.
    File {
        /// The flag with its dashes.
        flag: &'static str,
        /// The path of the file.
        path: PathBuf,
        /// The reason, as a sentence without a full stop.
        why: String,
    },
    /// The runtime could not be created.
    Runtime(std::io::Error),
    /// No file descriptors are left.
    Descriptors,
    /// The wall clock shows a time that cannot be right.
    Clock {
        /// The error of the clock: "before 1970" or "after the year 9998".
        way: &'static str,
    },
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::File { flag, path, why } => write!(f, "{flag} {}: {why}", path.display()),
            SetupError::Runtime(error) => write!(f, "the program cannot start: {error}"),
            SetupError::Descriptors => f.write_str(
                "no file descriptors are left for connections; raise the limit, for example with: ulimit -n 256",
            ),
            SetupError::Clock { way } => write!(
                f,
                "this machine's clock is set to a date {way}, so certificates cannot be verified; set the clock and try again"
            ),
        }
    }
}

impl std::error::Error for SetupError {}
