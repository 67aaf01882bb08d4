//! `smtpcheck run [FILE]`.

use std::path::PathBuf;

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::flags::display::{DisplayArgs, OutputTarget};
use crate::cli::flags::output::{FormatArgs, OutputFileArgs, ReportFileArgs, TranscriptArgs, VerbosityArgs};
use crate::cli::flags::{InvalidValue, MOST_JOBS, number};
use crate::render::Display;

const HEADING: &str = "Checks";

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Run,
    name: "run",
    about: "Run a suite of checks from a TOML file, for CI",
    details: "Each check in the file states the results that it expects. smtpcheck never sends a message.",
    usage: &["run [FILE] [FLAGS]", "run --record TARGET [-- FLAGS]"],
    notes: &[concat!(
        "Exit codes:",
        "\n  0        every check passed or was skipped",
        "\n  1        checks failed with exit code 1, or with different exit codes",
        "\n  2        usage error, or an error in the suite; nothing was sent",
        "\n  3 to 9   every check that failed has this exit code; see smtpcheck --help",
        "\n  74       the output could not be written",
        "\n  130, 143 interrupted by a signal",
    )],
    examples: &[
        "smtpcheck run",
        "smtpcheck run relay.toml --only smoke --json",
        "smtpcheck run --dry-run",
        "smtpcheck run --record mail.example.net:587 -o smtpcheck.toml -- --tls starttls",
    ],
    settings: SettingsUse::Display,
    takes_profile: false,
    missing: None,
    is_hidden: false,
    declare: |command| {
        let command = RunArgs::augment_args(command);
        let command = command.mut_arg("quiet", |arg| arg.help("Print only one line for each check, even if it fails"));
        command.mut_arg("verbose", |arg| arg.help("Print the complete report of every check, even if it passes"))
    },
};

/// Flags of `smtpcheck run`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct RunArgs {
    /// TOML file with the suite
    #[arg(value_name = "FILE", default_value = "smtpcheck.toml")]
    pub file: PathBuf,
    /// Run only the checks with this tag or name (repeatable)
    #[arg(long, value_name = "TAG|NAME", help_heading = HEADING)]
    pub only: Vec<String>,
    /// Set a variable of the suite; it takes precedence over the environment (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable, help_heading = HEADING)]
    pub set: Vec<SuiteVariable>,
    /// Run up to N checks at the same time, at most two of them against the same host
    #[arg(short, long, value_name = "N", default_value = "8", value_parser = number(1..=MOST_JOBS), help_heading = HEADING)]
    pub jobs: usize,
    /// After the first failure, start no more checks
    #[arg(long, help_heading = HEADING)]
    pub fail_fast: bool,
    /// List the checks, but do not run them
    #[arg(long, help_heading = HEADING, conflicts_with_all = ["dry_run", "record"])]
    pub list: bool,
    /// Validate the suite and print the commands of its checks, but send nothing
    #[arg(long, help_heading = HEADING, conflicts_with = "record")]
    pub dry_run: bool,
    /// Check this server once, and write a suite that expects the results of this check
    #[arg(long, value_name = "TARGET", help_heading = HEADING)]
    pub record: Option<String>,
    /// Flags for the check that --record runs
    #[arg(last = true, value_name = "FLAGS", requires = "record")]
    pub words: Vec<String>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub reports: ReportFileArgs,
    #[command(flatten)]
    pub output: OutputFileArgs,
    #[command(flatten)]
    pub verbosity: VerbosityArgs,
    #[command(flatten)]
    pub transcript: TranscriptArgs,
    #[command(flatten)]
    pub look: DisplayArgs,
}

impl RunArgs {
    /// The display options for this output.
    pub fn display(&self, target: &OutputTarget) -> Display {
        self.look.of_session(target, &self.verbosity, &self.transcript)
    }
}

/// The value for `${NAME}` in a suite. It may be a secret, so `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct SuiteVariable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl std::fmt::Debug for SuiteVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=(not shown)", self.name)
    }
}

fn variable(text: &str) -> Result<SuiteVariable, InvalidValue> {
    let wrong = |reason: &'static str| InvalidValue {
        is_secret: true,
        ..InvalidValue::new(reason, "use NAME=VALUE, for example --set HOST=mail.example.net")
    };
    let (name, value) = text.split_once('=').ok_or_else(|| wrong("no value given"))?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(wrong("the name of a variable can contain only letters, digits and _"));
    }
    Ok(SuiteVariable { name: name.to_owned(), value: value.to_owned() })
}
