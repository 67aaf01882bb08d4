//! The facts about a command, and its declaration for clap.

use std::ffi::OsString;

use clap::Command;

use crate::cli::flags::with_environment;

/// One command and its facts.
pub struct CommandSpec {
    /// Which command it is.
    pub id: CommandId,
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line without a full stop.
    pub about: &'static str,
    /// What else the help says about it.
    pub details: &'static str,
    /// What follows `smtpcheck` on the command line, one form each.
    pub usage: &'static [&'static str],
    /// Paragraphs below the flags; the exit codes among them begin with `Exit codes:`.
    pub notes: &'static [&'static str],
    /// Example commands, one line each.
    pub examples: &'static [&'static str],
    /// Which settings of the environment and of the configuration file apply.
    pub settings: SettingsUse,
    /// Whether a profile can name its server.
    pub takes_profile: bool,
    /// What to write if the argument that it needs is missing.
    pub missing: Option<Missing>,
    /// Whether the help leaves it out.
    pub is_hidden: bool,
    /// Declares its flags.
    pub(in crate::cli) declare: fn(Command) -> Command,
}

/// Which command. `cli::Invocation` has a variant with the arguments of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandId {
    /// `smtpcheck check`.
    Check,
    /// `smtpcheck run`.
    Run,
    /// `smtpcheck ports`.
    Ports,
    /// `smtpcheck explain`.
    Explain,
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

/// What a message says if an argument is missing.
#[derive(Clone, Copy, Debug)]
pub struct Missing {
    /// What is missing.
    pub reason: &'static str,
    /// What to write.
    pub hint: &'static str,
}

/// Which settings of the environment and of the configuration file apply to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsUse {
    /// All that name a flag of it.
    All,
    /// Of the configuration file only colours and width; other flags have another meaning there.
    Display,
    /// None: it prints the same everywhere.
    Nothing,
}

impl CommandSpec {
    /// The name as the user writes it; a check needs no command.
    pub fn full_name(&self) -> String {
        if self.id == CommandId::Check { "smtpcheck".to_owned() } else { format!("smtpcheck {}", self.name) }
    }

    /// The command as clap knows it. The words decide which environment variables apply.
    pub fn command(&self, words: &[OsString]) -> Command {
        let command = (self.declare)(Command::new(self.full_name()).version(env!("CARGO_PKG_VERSION")));
        // After the flags, whose type would otherwise set its own description.
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
