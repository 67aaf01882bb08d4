//! `smtpcheck providers [NAME]`.

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::flags::display::DisplayArgs;

/// The facts.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Providers,
    name: "providers",
    about: "Show hosts, ports and login rules of known providers",
    details: "Offline.",
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
    /// The id, the name or a host of a provider; without it all are listed
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Print a list of JSON objects, one for each provider
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub look: DisplayArgs,
}
