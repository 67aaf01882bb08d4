//! `smtpcheck completions SHELL`.

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsUse};
use crate::cli::flags::closed_list;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Completions,
    name: "completions",
    about: "Print the completion script for a shell",
    details: "The script completes commands, flags and their values, profiles, and the checks of a suite.",
    usage: &["completions SHELL"],
    notes: &[],
    examples: &[
        "smtpcheck completions bash > ~/.local/share/bash-completion/completions/smtpcheck",
        "smtpcheck completions zsh > ~/.zfunc/_smtpcheck",
        "smtpcheck completions fish > ~/.config/fish/completions/smtpcheck.fish",
        "smtpcheck completions powershell >> $PROFILE",
        "smtpcheck completions elvish >> ~/.config/elvish/rc.elv",
    ],
    settings: SettingsUse::Nothing,
    takes_profile: false,
    missing: Some(Missing { reason: "no shell given", hint: "use one of bash, zsh, fish, powershell, elvish" }),
    is_hidden: false,
    declare: CompletionsArgs::augment_args,
};

/// Flags of `smtpcheck completions`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct CompletionsArgs {
    /// Shell to print the script for
    #[arg(value_name = "SHELL", value_enum, ignore_case = true)]
    pub shell: CompletedShell,
}

/// Shells with a completion script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletedShell {
    /// GNU Bash 4 or later.
    Bash,
    /// zsh.
    Zsh,
    /// fish 3 or later.
    Fish,
    /// PowerShell.
    PowerShell,
    /// Elvish.
    Elvish,
}

closed_list!(CompletedShell {
    CompletedShell::Bash => "bash",
    CompletedShell::Zsh => "zsh",
    CompletedShell::Fish => "fish",
    CompletedShell::PowerShell => "powershell",
    CompletedShell::Elvish => "elvish",
});
