//! `smtpcheck complete`, which the completion scripts call: prints the candidates for a word, one per line, with a tab and
//! a description. Hidden, because no user calls it.

use std::ffi::OsString;

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};

/// The facts.
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
    /// The words after the program's name; the last one is completed
    #[arg(value_name = "WORDS", last = true)]
    pub words: Vec<OsString>,
}
