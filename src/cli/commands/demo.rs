//! `smtpcheck demo [SCENARIO]`.

use std::ffi::OsString;

use clap::{Args, ValueEnum};

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::flags::display::DisplayArgs;
use crate::cli::flags::output::{FormatArgs, TranscriptArgs, VerbosityArgs};
use crate::render::style::THEMES;

/// The texts and functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Demo,
    name: "demo",
    about: "Start a server with a known fault and check it",
    details: "The demo needs no network. Without a scenario, it checks a healthy server and three servers with common faults.",
    usage: &["demo [SCENARIO] [FLAGS]"],
    notes: &[
        "With a scenario, the exit code is that of the check. Without a scenario, it is 0 if all four checks have the expected result, else 1.",
    ],
    examples: &["smtpcheck demo", "smtpcheck demo greylisted", "smtpcheck sandbox --list"],
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
    /// Scenario to check; `smtpcheck sandbox --list` lists all scenarios
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
    /// These flags as arguments for the check that the demo runs.
    pub fn words(&self) -> Vec<OsString> {
        let name = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
        let theme = THEMES.iter().find(|(_, theme)| *theme == self.look.theme).map(|(name, _)| (*name).to_owned());
        let values = [
            ("--format", Some(self.format.chosen().name.to_owned())),
            ("--transcript", name(self.transcript.transcript.to_possible_value())),
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
