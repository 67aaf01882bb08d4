//! Reads the configuration file. `cli::config` parses its text.
//!
//! A file that any user can write to is rejected, because it can contain commands that smtpcheck runs.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why the configuration file cannot be read. The exit code is 2, and nothing was sent.
#[derive(Debug)]
pub struct ConfigFileError {
    file: PathBuf,
    why: String,
}

impl fmt::Display for ConfigFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for ConfigFileError {}

/// Reads a file that must exist.
pub fn read(file: &Path) -> Result<String, ConfigFileError> {
    let wrong = |why: String| ConfigFileError { file: file.to_owned(), why };
    let bytes = super::file::contents(file).map_err(|error| wrong(super::file::reason(&error)))?;
    if is_open_to_all(file) {
        return Err(wrong(format!(
            "any user can write to this file, and it can contain commands that smtpcheck runs; to fix this: chmod go-w {}",
            file.display()
        )));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(wrong(format!("line {line} is not valid UTF-8; save the file as UTF-8")))
        }
    }
}

/// Reads a file that may be missing.
pub fn read_if_there(file: &Path) -> Result<Option<String>, ConfigFileError> {
    // A service may not have access to the home directory of its user. This counts as a missing file.
    match std::fs::symlink_metadata(file) {
        Err(_) => Ok(None),
        Ok(_) => read(file).map(Some),
    }
}

#[cfg(unix)]
fn is_open_to_all(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o002 != 0)
}

#[cfg(not(unix))]
fn is_open_to_all(_: &Path) -> bool {
    false
}
