//! The facts about a command, and its declaration for clap.
//!
//! A new command needs a branch in each `match` on [`CommandId`], in `cli/invocation.rs` and `cli/complete.rs`; a variant
//! of `Invocation`, in `cli/invocation.rs`; and a branch in each `match` on `Invocation`, in `cli/config/mod.rs` (which
//! settings the configuration file can set) and `commands/mod.rs`.

use std::ffi::OsString;

use clap::Command;

use crate::cli::flags::with_environment;

/// A command: its help text, and how its flags are declared and read.
pub struct CommandSpec {
    /// Which command it is.
    pub id: CommandId,
    /// The name, as written on the command line.
    pub name: &'static str,
    /// What the command does, in one line without a full stop.
    pub about: &'static str,
    /// More sentences for the help, or empty.
    pub details: &'static str,
    /// The possible forms of the command line, without the word `smtpcheck`.
    pub usage: &'static [&'static str],
    /// Paragraphs that the help prints below the flags. The list of exit codes begins with the line `Exit codes:`, and its
    /// line breaks are kept.
    pub notes: &'static [&'static str],
    /// Example commands, one line each.
    pub examples: &'static [&'static str],
    /// Which settings from the environment and the configuration file apply.
    pub settings: SettingsUse,
    /// Whether the command checks one server, and therefore accepts a profile.
    pub takes_profile: bool,
    /// The error if the required argument is missing.
    pub missing: Option<Missing>,
    /// Whether the command is hidden from the help.
    pub is_hidden: bool,
    /// Adds the flags of the command.
    pub(in crate::cli) declare: fn(Command) -> Command,
}

/// Identifies a command. `cli::Invocation` has one variant for each command, with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandId {
    /// `smtpcheck check`.
    Check,
    /// `smtpcheck domain`.
    Domain,
    /// `smtpcheck settings`.
    Settings,
    /// `smtpcheck run`.
    Run,
    /// `smtpcheck batch`.
    Batch,
    /// `smtpcheck ports`.
    Ports,
    /// `smtpcheck watch`.
    Watch,
    /// `smtpcheck explain`.
    Explain,
    /// `smtpcheck exporter`.
    Exporter,
    /// `smtpcheck report`.
    Report,
    /// `smtpcheck providers`.
    Providers,
    /// `smtpcheck sandbox`.
    Sandbox,
    /// `smtpcheck demo`.
    Demo,
    /// `smtpcheck config`.
    Config,
    /// `smtpcheck completions`.
    Completions,
    /// `smtpcheck complete`.
    Complete,
    /// `smtpcheck man`.
    Man,
    /// `smtpcheck schema`.
    Schema,
}

/// The parts of the error message for a missing argument.
#[derive(Clone, Copy, Debug)]
pub struct Missing {
    /// What is missing.
    pub reason: &'static str,
    /// An example of what to write.
    pub hint: &'static str,
}

/// Which settings from the environment and the configuration file apply to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsUse {
    /// All settings that name a flag of the command.
    All,
    /// From the configuration file, only the flags that have the same meaning as for a check.
    Checks,
    /// From the configuration file, the flags that have the same meaning as for a server check, and the flags that only
    /// this command has.
    Domain,
    /// From the configuration file, only the display flags: the other flags do not have the same meaning in this command.
    Display,
    /// No settings: the output of the command is the same everywhere.
    Nothing,
}

/// The precedence of settings relative to the environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SettingsLevel {
    /// The settings of the configuration file. The environment takes precedence over them.
    #[default]
    ConfigurationFile,
    /// The `[defaults]` of a suite. They take precedence over the environment. The keys of a check
    /// correspond to flags on the command line, so they take precedence over the defaults.
    Suite,
}

impl CommandSpec {
    /// The command line up to the name of the command. A check needs no command name.
    pub fn full_name(&self) -> String {
        if self.id == CommandId::Check { "smtpcheck".to_owned() } else { format!("smtpcheck {}", self.name) }
    }

    /// The clap command with only its flags.
    pub fn declared(&self) -> Command {
        (self.declare)(Command::new(self.full_name()))
    }

    /// The clap command. A flag in `words` can exclude a flag that an environment variable sets.
    pub fn command(&self, words: &[OsString]) -> Command {
        self.described(self.declared(), words)
    }

    /// Like [`CommandSpec::command`], from the result of [`CommandSpec::declared`].
    pub fn described(&self, declared: Command, words: &[OsString]) -> Command {
        // This follows `declare`, because the derived type of the flags sets its own description.
        let command = declared.version(env!("CARGO_PKG_VERSION"));
        let command =
            command.about(self.description()).override_usage(self.usage_lines()).after_help(self.after_help());
        let command = command.max_term_width(100).disable_help_subcommand(true);
        if self.settings == SettingsUse::Nothing { command } else { with_environment(command, words) }
    }

    fn description(&self) -> String {
        if self.details.is_empty() { format!("{}.", self.about) } else { format!("{}. {}", self.about, self.details) }
    }

    fn usage_lines(&self) -> String {
        let lines: Vec<String> = self.usage.iter().map(|usage| format!("smtpcheck {usage}")).collect();
        lines.join("\n       ")
    }

    fn after_help(&self) -> String {
        let mut parts: Vec<String> = self.notes.iter().map(|note| (*note).to_owned()).collect();
        if !self.examples.is_empty() {
            parts.push(format!("Examples:\n  {}", self.examples.join("\n  ")));
        }
        parts.join("\n\n")
    }
}
