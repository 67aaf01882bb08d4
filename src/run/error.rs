//! The errors of a run.

use std::io;

use crate::host::SetupError;

/// Why a run ended before its results were complete.
#[derive(Debug)]
pub enum RunError {
    /// This machine cannot run checks, or a file cannot be read.
    Setup(SetupError),
    /// The listener could not write.
    Output(io::Error),
}

impl From<SetupError> for RunError {
    fn from(error: SetupError) -> RunError {
        RunError::Setup(error)
    }
}
