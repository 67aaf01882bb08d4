//! `smtpcheck complete`, which the completion scripts call. It prints the candidates for a word, one per line, each followed
//! by a tab and a description. The help does not list it, because users do not call it.

use std::ffi::OsString;

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Complete,
    name: "complete",
    about: "Print the completions of the last word, for completion scripts",
    details: "",
    usage: &["complete -- WORDS..."],
    notes: &[],
    examples: &[],
    settings: SettingsUse::Nothing,
    takes_profile: false,
    missing: None,
    is_hidden: true,
    declare: CompleteArgs::augment_args,
};

/// Flags of `smtpcheck complete`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct CompleteArgs {
    /// Complete a new word instead of the last one
    #[arg(long)]
    pub next: bool,
    /// The words after the name of the program; the last word is completed
    #[arg(value_name = "WORDS", last = true)]
    pub words: Vec<OsString>,
}
