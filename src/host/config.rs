//! Reads the configuration file, if there is one. `cli::config` knows what it may contain.
//!
//! A file that every user can write is rejected: it can name a command that is run.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why a file that exists, or should, is not read: exit 2, nothing was sent.
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

/// The text of a file that must exist.
pub fn read(file: &Path) -> Result<String, ConfigFileError> {
    let wrong = |why: String| ConfigFileError { file: file.to_owned(), why };
    let bytes = super::file::contents(file).map_err(|error| wrong(super::file::reason(&error)))?;
    if is_open_to_all(file) {
        return Err(wrong(format!(
            "every user of this machine can write this file, which can name commands; run: chmod go-w {}",
            file.display()
        )));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            Err(wrong(format!("line {line} is not UTF-8 text; save the file as UTF-8")))
        }
    }
}

/// The text of a file that may be missing.
pub fn read_if_there(file: &Path) -> Result<Option<String>, ConfigFileError> {
    // A service may have no access to the home directory of its user: then there is no file for it.
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
