//! Why a command failed, with its exit code.

use std::borrow::Cow;
use std::fmt;
use std::io;

use crate::cli::UsageError;
use crate::host::SetupError;
use crate::host::password::PasswordError;

/// Exit code for an error in the arguments.
pub const USAGE: u8 = 2;

/// Exit code if the output cannot be written.
pub const OUTPUT: u8 = 74;

/// Exit code if this machine cannot run the program, or after an internal error.
pub const INTERNAL: u8 = 70;

/// Why a command failed.
#[derive(Debug)]
pub enum CommandError {
    /// An error in the arguments or in a file that they name. The exit code is 2, and nothing was sent.
    Usage(UsageError),
    /// The output cannot be written. The exit code is 74. A closed pipe is not an error.
    Output(io::Error),
    /// This machine cannot run the program now, for example because no file descriptors are left. The exit code is 70.
    Machine(anyhow::Error),
}

impl CommandError {
    /// A usage error that consists of one sentence.
    pub fn usage(text: impl Into<Cow<'static, str>>) -> CommandError {
        CommandError::Usage(UsageError::new(text))
    }

    /// Hides the passwords that the command line may contain ([`UsageError::hiding`]).
    pub fn hiding(self, words: &[String]) -> CommandError {
        match self {
            CommandError::Usage(error) => CommandError::Usage(error.hiding(words)),
            other @ (CommandError::Output(_) | CommandError::Machine(_)) => other,
        }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            CommandError::Usage(_) => USAGE,
            CommandError::Output(_) => OUTPUT,
            CommandError::Machine(_) => INTERNAL,
        }
    }

    /// The message, line by line.
    pub fn lines(&self) -> Vec<String> {
        match self {
            CommandError::Usage(error) => error.lines(),
            CommandError::Output(_) | CommandError::Machine(_) => vec![self.to_string()],
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::Usage(error) => error.fmt(f),
            CommandError::Output(error) => write!(f, "the output cannot be written: {error}"),
            // `#` includes the context: "the resolver cannot start: too many open files".
            CommandError::Machine(error) => write!(f, "{error:#}"),
        }
    }
}

impl std::error::Error for CommandError {}

impl<E: Into<UsageError>> From<E> for CommandError {
    fn from(error: E) -> CommandError {
        CommandError::Usage(error.into())
    }
}

impl From<SetupError> for CommandError {
    fn from(error: SetupError) -> CommandError {
        match error {
            SetupError::Runtime(_) | SetupError::Descriptors | SetupError::Clock { .. } => {
                CommandError::Machine(error.into())
            }
            SetupError::File { flag, path, why } => {
                CommandError::Usage(UsageError::flag(flag, why).with_value(path.display().to_string()))
            }
        }
    }
}

impl From<PasswordError> for CommandError {
    fn from(error: PasswordError) -> CommandError {
        CommandError::usage(error.to_string())
    }
}
