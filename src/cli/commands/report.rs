//! `smtpcheck report FILE...`.

use std::path::PathBuf;

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsUse};
use crate::cli::flags::display::{DisplayArgs, OutputTarget};
use crate::cli::flags::output::{FormatArgs, OutputFileArgs, ReportFileArgs, TranscriptArgs, VerbosityArgs};
use crate::render::Display;

/// The facts.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Report,
    name: "report",
    about: "Show saved reports, or the difference between two",
    details: "In any format, offline.",
    usage: &["report FILE... [FLAGS]"],
    notes: &[
        "Exit codes: that of the reports; for the difference between two files 0 if nothing has changed, else 1; 2 a file is not a report; 74 output failed.",
    ],
    examples: &[
        "smtpcheck mx.example.net --json -o today.json",
        "smtpcheck report today.json --format html -o today.html",
        "smtpcheck report yesterday.json today.json",
        "smtpcheck report old.json --rejudge",
    ],
    settings: SettingsUse::Display,
    takes_profile: false,
    missing: Some(Missing { reason: "no file given", hint: "write for example: smtpcheck report saved.json" }),
    is_hidden: false,
    declare: |command| {
        let command = ReportArgs::augment_args(command);
        command.mut_arg("format", |arg| {
            arg.help("Format of the result; for the difference between two files text or json")
        })
    },
};

/// Flags of `smtpcheck report`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ReportArgs {
    /// Saved reports (--json, --format ndjson); - is standard input. For two files the difference is shown
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Judge the saved evidence again, with the rules of this version
    #[arg(long)]
    pub rejudge: bool,
    /// Show two files one after the other instead of their difference
    #[arg(long)]
    pub merge: bool,

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
    /// How output to this target looks.
    pub fn display(&self, target: &OutputTarget) -> Display {
        self.look.of_session(target, &self.verbosity, &self.transcript)
    }
}
