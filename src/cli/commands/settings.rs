//! `smtpcheck settings ADDRESS|DOMAIN`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsUse};
use crate::cli::flags::config::ConfigFlags;
use crate::cli::flags::connection::ConnectionArgs;
use crate::cli::flags::display::{DisplayArgs, OutputTarget};
use crate::cli::flags::exit_status::GateArgs;
use crate::cli::flags::output::{FormatArgs, OutputFileArgs, ReportFileArgs, VerbosityArgs};
use crate::cli::flags::password::PasswordArgs;
use crate::cli::flags::session::EhloArgs;
use crate::cli::flags::settings::{SettingsLoginArgs, SettingsPortArgs, SourceArgs};
use crate::cli::flags::snippet::SnippetArgs;
use crate::plan::ValueOrigin;
use crate::render::Display;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Settings,
    name: "settings",
    about: "Find the server for sending mail from an address, and test it",
    details: "This command queries the sources of settings for mail programs, tests the servers, and recommends one server with its settings. If a password is given, it also tests the login. smtpcheck never sends a message.",
    usage: &["settings ADDRESS|DOMAIN [FLAGS]"],
    notes: &[
        "Sources: autoconfiguration files and the PACC file of the domain, SRV records, the built-in list of \
         providers, the public database of settings (which receives only the domain), Microsoft Autodiscover, and the \
         host that receives mail for the domain. Common host names such as smtp.DOMAIN are tried last.",
        concat!(
            "Exit codes:",
            "\n  0        working settings were found; if a password was given, the login succeeded",
            "\n  1        working settings were found, but a finding is at or above --fail-on",
            "\n  2        usage error; nothing was sent",
            "\n  3        no settings were found, or no server could be reached",
            "\n  4, 5, 8  the best server rejects the session, or violates the protocol",
            "\n  6        TLS fails with the best server, or its certificate is not valid",
            "\n  7        every server rejects the login, or the best one does not support logins",
            "\n  9        incomplete: the login was not tested, or a limit was reached",
            "\n  70       internal error",
            "\n  74       the output could not be written",
            "\n  130, 143 interrupted by a signal",
        ),
    ],
    examples: &[
        "smtpcheck settings ann@example.com",
        "smtpcheck settings ann@example.com --password-file password",
        "smtpcheck settings ann@example.com --password-file password --for nodemailer > send.cjs",
        "smtpcheck settings example.com --json",
        "smtpcheck settings ann@gmail.com --offline",
    ],
    settings: SettingsUse::Domain,
    takes_profile: false,
    missing: Some(Missing {
        reason: "no email address given",
        hint: "for example: smtpcheck settings ann@example.com",
    }),
    is_hidden: false,
    declare: |command| {
        let command = SettingsArgs::augment_args(command);
        let command = command.mut_arg("max_time", |arg| arg.help("Overall time limit"));
        let command = command.mut_arg("for", |arg| arg.help("If settings were verified, print a configuration for this mail program; the report is written to standard error; \"--for list\" lists the programs"));
        // The host is not known before the search, so it has no entry.
        let command = command.mut_arg("netrc", |arg| arg.hide(true));
        command.mut_arg("verbose", |arg| {
            arg.help("Also print all sessions, all lookups, and the sources that have no settings")
        })
    },
};

/// Flags of `smtpcheck settings`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SettingsArgs {
    /// Email address to send mail from, or its domain
    #[arg(value_name = "ADDRESS|DOMAIN")]
    pub domains: Vec<String>,

    #[command(flatten)]
    pub sources: SourceArgs,
    #[command(flatten)]
    pub port: SettingsPortArgs,
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub ehlo: EhloArgs,
    /// Trust the CA certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub cacert: Option<PathBuf>,
    #[command(flatten)]
    pub login: SettingsLoginArgs,
    #[command(flatten)]
    pub password: PasswordArgs,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub reports: ReportFileArgs,
    #[command(flatten)]
    pub file: OutputFileArgs,
    #[command(flatten)]
    pub snippet: SnippetArgs,
    #[command(flatten)]
    pub verbosity: VerbosityArgs,
    #[command(flatten)]
    pub look: DisplayArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub config: ConfigFlags,

    /// The flags that the configuration file sets.
    #[arg(skip)]
    pub from_file: BTreeMap<String, ValueOrigin>,
}

impl SettingsArgs {
    /// The display options for this output.
    pub fn display(&self, target: &OutputTarget) -> Display {
        Display { volume: self.verbosity.verbosity(), ..self.look.display(target) }
    }
}
