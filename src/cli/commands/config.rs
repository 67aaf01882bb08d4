//! `smtpcheck config show`.

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsUse};
use crate::cli::flags::config::ConfigFlags;
use crate::cli::flags::display::DisplayArgs;

/// The facts.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Config,
    name: "config",
    about: "Show the values of a check, and where they come from",
    details: "A value comes from the environment, a profile, the configuration file, or is the default.",
    usage: &["config show [FLAGS]"],
    notes: &[
        "The file is ~/.config/smtpcheck/config.toml, or smtpcheck/config.toml in $XDG_CONFIG_HOME, or in %APPDATA% on Windows. Its keys are the names of flags: under [defaults] for every check, in a [profile.NAME] for the server that --profile NAME or @NAME checks.",
        "Exit codes: 0 shown; 2 an error in the file, with line and column.",
    ],
    examples: &[
        "smtpcheck config show",
        "smtpcheck config show --profile relay --json | jq -r '.values[].name'",
        "smtpcheck schema config",
    ],
    settings: SettingsUse::All,
    takes_profile: true,
    missing: Some(Missing { reason: "no action given", hint: "write smtpcheck config show" }),
    is_hidden: false,
    declare: ConfigArgs::augment_args,
};

/// Flags of `smtpcheck config`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ConfigArgs {
    /// What to do
    #[arg(value_name = "ACTION", value_parser = ["show"])]
    pub what: String,
    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub config: ConfigFlags,
    #[command(flatten)]
    pub look: DisplayArgs,
}
