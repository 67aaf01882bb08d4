//! The flags of `smtpcheck run`.

use std::path::PathBuf;

use clap::Args;

use super::UsageError;
use super::args::DisplayArgs;

/// More at once is no check any more.
const MOST_JOBS: usize = 64;

/// Flags of `smtpcheck run`.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// The suite, a TOML file
    #[arg(value_name = "FILE", default_value = "smtpcheck.toml")]
    pub file: PathBuf,
    /// Run checks of this tag or name only (repeat)
    #[arg(long, value_name = "TAG|NAME", help_heading = "Choose")]
    pub only: Vec<String>,
    /// Checks at once, two of them with one host at most
    #[arg(short, long, value_name = "N", default_value = "8", help_heading = "Choose")]
    pub jobs: String,
    /// Start no further check after the first failure
    #[arg(long, help_heading = "Choose")]
    pub fail_fast: bool,
    /// Give a variable of the suite a value; it takes precedence over the environment (repeat)
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Choose")]
    pub set: Vec<String>,
    /// List the checks
    #[arg(long, help_heading = "Choose", conflicts_with_all = ["dry_run", "record"])]
    pub list: bool,
    /// Read everything, say what would be done, and send nothing
    #[arg(long, help_heading = "Choose", conflicts_with = "record")]
    pub dry_run: bool,
    /// Check this server once, and write a suite that expects what is seen; flags of the check follow after --
    #[arg(long, value_name = "TARGET", help_heading = "Choose")]
    pub record: Option<String>,
    /// Flags of the check for --record
    #[arg(last = true, value_name = "FLAGS", requires = "record")]
    pub words: Vec<String>,

    /// How the result is shown, as for a check
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub format: String,
    /// Write a report to a file too, whole or not at all (repeat): junit=smtpcheck.xml
    #[arg(long, value_name = "FORMAT=FILE", help_heading = "Output")]
    pub report: Vec<String>,
    /// The same as --format json, see `smtpcheck schema run`
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Write to this file, whole or not at all
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// A line for each check only
    #[arg(short, long, help_heading = "Output", conflicts_with = "verbose")]
    pub quiet: bool,
    /// The whole report of each check, not only of those that fail
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// How much of the conversation: full, problems, none
    #[arg(long, value_name = "HOW", default_value = "full", help_heading = "Output")]
    pub transcript: String,

    #[command(flatten)]
    pub look: DisplayArgs,
}

/// How many checks at once.
pub fn jobs(text: &str) -> Result<usize, UsageError> {
    match text.trim().parse::<usize>() {
        Ok(jobs) if (1..=MOST_JOBS).contains(&jobs) => Ok(jobs),
        _ => Err(UsageError::new(format!("--jobs {}: write a number from 1 to {MOST_JOBS}", text.escape_debug()))),
    }
}
