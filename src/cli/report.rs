//! `--report KIND=PATH`: which format into which file; and the flags of `smtpcheck report`.

use std::path::PathBuf;

use clap::Args;

use super::UsageError;
use super::args::DisplayArgs;
use super::display::choice;
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

/// Flags of `smtpcheck report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Saved reports (--json, --format ndjson); - is standard input. Of two files it is told what has changed
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Judge what was seen again, with the rules of this version
    #[arg(long)]
    pub rejudge: bool,
    /// Show two files one after the other, in the place of what has changed
    #[arg(long)]
    pub merge: bool,

    /// text, json, ndjson, junit, github, nagios, prometheus, markdown or html; of what has changed text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub format: String,
    /// The same as --format json
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Write a report to a file too, whole or not at all (repeat): junit=smtpcheck.xml
    #[arg(long, value_name = "FORMAT=FILE", help_heading = "Output")]
    pub report: Vec<String>,
    /// Write to this file, whole or not at all
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// The verdict line only
    #[arg(short, long, help_heading = "Output", conflicts_with = "verbose")]
    pub quiet: bool,
    /// Certificates, follow-ups and odd bytes in full
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// How much of the conversation: full, problems, none
    #[arg(long, value_name = "HOW", default_value = "full", help_heading = "Output")]
    pub transcript: String,

    #[command(flatten)]
    pub look: DisplayArgs,
}
