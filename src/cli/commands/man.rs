//! `smtpcheck man [COMMAND]`.

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Man,
    name: "man",
    about: "Print the manual page of smtpcheck or of one of its commands",
    details: "",
    usage: &["man [COMMAND]"],
    notes: &[],
    examples: &["smtpcheck man | man -l -", "smtpcheck man ports > ~/.local/share/man/man1/smtpcheck-ports.1"],
    settings: SettingsUse::Nothing,
    takes_profile: false,
    missing: None,
    is_hidden: false,
    declare: ManArgs::augment_args,
};

/// Flags of `smtpcheck man`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ManArgs {
    /// Print the page of this command [default: the page of smtpcheck itself]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}
