//! `smtpcheck man [COMMAND]`.

use clap::{Args, FromArgMatches};

use super::{CommandSpec, SettingsUse};
use crate::cli::Invocation;

/// The texts and functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
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
    read: |matches| Ok(Invocation::Man(ManArgs::from_arg_matches(&matches)?)),
};

/// Flags of `smtpcheck man`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ManArgs {
    /// Command whose page is printed [default: the page of smtpcheck itself]
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}
