//! `smtpcheck providers [NAME]`.

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::flags::display::DisplayArgs;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Providers,
    name: "providers",
    about: "Show hosts, ports and login rules of known mail providers",
    details: "This command needs no network.",
    usage: &["providers [NAME] [FLAGS]"],
    notes: &[],
    examples: &["smtpcheck providers", "smtpcheck providers microsoft-365"],
    settings: SettingsUse::Display,
    takes_profile: false,
    missing: None,
    is_hidden: false,
    declare: ProvidersArgs::augment_args,
};

/// Flags of `smtpcheck providers`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ProvidersArgs {
    /// The id, the name or a host name of a provider [default: list all providers]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print a JSON array with one object for each provider
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub look: DisplayArgs,
}
