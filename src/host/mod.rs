//! This machine: signals, the terminal, passwords and where they come from, files, the clock, its name, its environment
//! and its routes. Nothing here sends anything.
//!
//! Does not end the process: a signal that nothing handles calls a function that the program installs
//! ([`signals::end_with`]). Files are opened by [`file`] only, with bounds in size and time.

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
pub mod routes;
pub mod signals;
mod terminal;

use std::fmt;
use std::path::PathBuf;

/// Why nothing could be started: the cause is this machine or the arguments.
#[derive(Debug)]
pub enum SetupError {
    /// A file that a flag names cannot be read, or has other content than expected.
    File {
        /// Which flag.
        flag: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The runtime could not be created.
    Runtime(std::io::Error),
    /// No file descriptor is left.
    Descriptors,
    /// The wall clock cannot be right.
    Clock {
        /// In which way.
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
                "the clock of this machine is {way}, so no certificate can be judged; set the clock and try again"
            ),
        }
    }
}

impl std::error::Error for SetupError {}
