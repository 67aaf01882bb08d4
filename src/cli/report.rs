//! `--report KIND=PATH`: which format into which file.

use std::path::PathBuf;

use super::UsageError;
use super::look::choice;
use crate::render::{self, Format};

/// Each report with its file.
pub fn kinds(given: &[String]) -> Result<Vec<(&'static Format, PathBuf)>, UsageError> {
    let mut all: Vec<(&'static Format, PathBuf)> = Vec::new();
    for text in given {
        let Some((kind, path)) = text.split_once('=') else {
            return Err(UsageError::new(format!(
                "--report {}: write KIND=FILE, for example junit=smtpcheck.xml",
                text.escape_debug()
            )));
        };
        let format = format("--report", kind.trim())?;
        let path = PathBuf::from(path);
        if path.as_os_str().is_empty() || path.as_os_str() == "-" {
            return Err(UsageError::new(format!(
                "--report {kind}=: a file is missing; --format {kind} writes to standard output"
            )));
        }
        if all.iter().any(|(_, taken)| *taken == path) {
            return Err(UsageError::new(format!("--report: two reports go to {}", path.display())));
        }
        all.push((format, path));
    }
    Ok(all)
}

/// A format by its word, or by the ending of a file of it.
pub fn format(flag: &str, name: &str) -> Result<&'static Format, UsageError> {
    let name = if name == "md" { "markdown" } else { name };
    let known: Vec<&str> = render::FORMATS.iter().map(|format| format.name).collect();
    render::format(name).ok_or_else(|| choice(flag, name, &known))
}
