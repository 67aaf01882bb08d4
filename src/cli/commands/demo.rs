//! `smtpcheck demo [SCENARIO]`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::flags::display::DisplayArgs;
use crate::cli::flags::output::{FormatArgs, TranscriptArgs, VerbosityArgs};
use crate::render::style::THEMES;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Demo,
    name: "demo",
    about: "Start a server with a known fault and check it",
    details: "The demo needs no network. Without a scenario, it checks a healthy server and three servers with common faults.",
    usage: &["demo [SCENARIO|domain|settings] [FLAGS]"],
    notes: &[
        "With a scenario, the exit code is the same as for the check. Without a scenario, it is 0 if all four checks have the expected result, otherwise 1.",
    ],
    examples: &[
        "smtpcheck demo",
        "smtpcheck demo greylisted",
        "smtpcheck demo domain",
        "smtpcheck demo settings",
        "smtpcheck sandbox --list",
    ],
    settings: SettingsUse::Display,
    takes_profile: false,
    missing: None,
    is_hidden: false,
    declare: DemoArgs::augment_args,
};

/// Flags of `smtpcheck demo`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct DemoArgs {
    /// Scenario to check, `domain` to check a mail domain, or `settings` to find client settings; `smtpcheck sandbox
    /// --list` lists the scenarios, and `smtpcheck sandbox --domains --list` lists the domains
    #[arg(value_name = "SCENARIO")]
    pub scenario: Option<String>,

    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub verbosity: VerbosityArgs,
    #[command(flatten)]
    pub transcript: TranscriptArgs,
    #[command(flatten)]
    pub look: DisplayArgs,
}

impl DemoArgs {
    /// These flags as arguments for the server check that the demo runs.
    pub fn words(&self) -> Vec<OsString> {
        let transcript = self.transcript.transcript.to_possible_value();
        let transcript = transcript.map(|value| value.get_name().to_owned());
        let flag = transcript.into_iter().flat_map(|value| ["--transcript".into(), OsString::from(value)]);
        self.words_without_transcript().into_iter().chain(flag).collect()
    }

    /// These flags without `--transcript`, which only server checks have.
    pub fn words_without_transcript(&self) -> Vec<OsString> {
        let name = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
        let theme = THEMES.iter().find(|(_, theme)| *theme == self.look.theme).map(|(name, _)| (*name).to_owned());
        let values = [
            ("--format", Some(self.format.chosen().name.to_owned())),
            ("--color", name(self.look.color.to_possible_value())),
            ("--theme", theme),
            ("--width", self.look.width.map(|width| width.to_string())),
        ];
        let flags =
            [("--quiet", self.verbosity.quiet), ("--verbose", self.verbosity.verbose), ("--ascii", self.look.ascii)];
        let values = values.into_iter().filter_map(|(flag, value)| Some([flag.into(), OsString::from(value?)]));
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag.into());
        values.flatten().chain(flags).collect()
    }
}
