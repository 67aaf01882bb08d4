//! `smtpcheck report FILE...`.

use std::path::PathBuf;

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsUse};
use crate::cli::flags::display::{DisplayArgs, OutputTarget};
use crate::cli::flags::output::{FormatArgs, OutputFileArgs, ReportFileArgs, TranscriptArgs, VerbosityArgs};
use crate::render::Display;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Report,
    name: "report",
    about: "Show or compare saved reports, or summarise batch records",
    details: "This command needs no network, and can print a report in any format.",
    usage: &["report FILE... [FLAGS]"],
    notes: &[
        "The exit code is the one saved in the report; with --rejudge, it is recomputed. For several reports, it is the code that all failures share, otherwise 1. If two files are compared, it is 0 if nothing has changed, otherwise 1. With --exit-zero, it is 0 in all these cases. It is 2 for a usage error or if a file contains neither a report nor records of smtpcheck batch or watch, and 74 if the output could not be written.",
    ],
    examples: &[
        "smtpcheck mx.example.net --json -o today.json",
        "smtpcheck report today.json --format html -o today.html",
        "smtpcheck report yesterday.json today.json",
        "smtpcheck report old.json --rejudge",
    ],
    settings: SettingsUse::Display,
    takes_profile: false,
    missing: Some(Missing { reason: "no file given", hint: "for example: smtpcheck report saved.json" }),
    is_hidden: false,
    declare: |command| {
        let command = ReportArgs::augment_args(command);
        command
            .mut_arg("format", |arg| arg.help("Format of the result; a comparison can be printed only as text or json"))
    },
};

/// Flags of `smtpcheck report`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ReportArgs {
    /// Files that were saved with --json or --format ndjson, or records of smtpcheck batch or smtpcheck watch; - is
    /// standard input. With two report files, the difference between them is shown. Batch records are combined into one
    /// summary. For watch records, the summary of the watch is shown
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Evaluate the saved observations again, with the rules of this version of smtpcheck
    #[arg(long)]
    pub rejudge: bool,
    /// With two files, show both reports instead of the difference
    #[arg(long)]
    pub merge: bool,
    /// Exit with 0 if the output was written, even if a check failed or the reports differ
    #[arg(long, help_heading = "Exit status")]
    pub exit_zero: bool,

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

impl ReportArgs {
    /// The display options for this output.
    pub fn display(&self, target: &OutputTarget) -> Display {
        self.look.of_session(target, &self.verbosity, &self.transcript)
    }
}
