//! `smtpcheck config show`.

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsUse};
use crate::cli::flags::config::ConfigFlags;
use crate::cli::flags::display::DisplayArgs;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Config,
    name: "config",
    about: "Show the settings of a check, and where each is set",
    details: "A setting comes from an environment variable, from a profile, or from [defaults] in the configuration file. If none of them sets it, the built-in default applies.",
    usage: &["config show [FLAGS]"],
    notes: &[
        "The file is smtpcheck/config.toml in $XDG_CONFIG_HOME (default: ~/.config, or %APPDATA% on Windows). Its keys are the names of flags without the leading dashes. Settings under [defaults] apply to every check. Settings under [profile.NAME] apply to a check with --profile NAME, or with the target @NAME.",
        concat!(
            "Exit codes:",
            "\n  0        the settings were printed",
            "\n  2        usage error, or an error in the file (the message shows the line and column)",
        ),
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
    /// Action to run
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
