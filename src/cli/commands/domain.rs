//! `smtpcheck domain NAME|ADDRESS`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsLevel, SettingsUse};
use crate::cli::flags::config::ConfigFlags;
use crate::cli::flags::connection::ConnectionArgs;
use crate::cli::flags::display::{DisplayArgs, OutputTarget};
use crate::cli::flags::domain::{DnsArgs, DomainPortArgs, SendingArgs};
use crate::cli::flags::exit_status::{ExpectArgs, GateArgs};
use crate::cli::flags::output::{CheckOutputArgs, FormatArgs, OutputFileArgs, ReportFileArgs, VerbosityArgs};
use crate::cli::flags::session::EhloArgs;
use crate::plan::ValueOrigin;
use crate::render::Display;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Domain,
    name: "domain",
    about: "Check a mail domain: MX, DANE, MTA-STS, SPF, DKIM, DMARC",
    details: "This command checks whether senders can deliver mail to the domain's servers under its DANE and MTA-STS policies, and whether receivers can authenticate mail from the domain (SPF, DKIM, DMARC). If an email address is given, the command also tests this recipient on each server. smtpcheck never sends a message.",
    usage: &["domain NAME|ADDRESS [FLAGS]"],
    notes: &[concat!(
        "Exit codes:",
        "\n  0        no finding at or above --fail-on, and every --expect is true",
        "\n  1        findings at or above --fail-on, or a failed expectation",
        "\n  2        usage error; nothing was sent",
        "\n  3        no mail server is reachable, or the DNS lookup failed",
        "\n  4        the mail servers temporarily rejected the session, or the recipient if one is given",
        "\n  5        the mail servers permanently rejected the session, or the recipient if one is given",
        "\n  6        the domain's DANE or MTA-STS policy makes delivery fail",
        "\n  8        the service on the port of the mail servers is not SMTP, or does not follow the protocol",
        "\n  9        incomplete: a time or connection limit was reached",
        "\n  70       internal error",
        "\n  74       the output could not be written",
        "\n  130, 143 interrupted by a signal",
    )],
    examples: &[
        "smtpcheck domain example.com",
        "smtpcheck domain someone@example.com",
        "smtpcheck domain example.com --sending 192.0.2.7 --dkim-selector s1",
        "smtpcheck domain example.com --json --expect 'domain.dane == \"valid\"'",
    ],
    settings: SettingsUse::Domain,
    takes_profile: false,
    missing: Some(Missing { reason: "no domain given", hint: "for example: smtpcheck domain example.com" }),
    is_hidden: false,
    declare: |command| {
        let command = DomainArgs::augment_args(command);
        let command = command.mut_arg("expect", |arg| {
            arg.help("Fail unless this expression is true, such as 'domain.dane == valid' or 'mx[*].tls.version >= 1.2' (repeatable)")
        });
        let command = command.mut_arg("max_time", |arg| arg.help("Overall time limit"));
        command.mut_arg("verbose", |arg| arg.help("Also print the sessions with all mail servers, and all DNS lookups"))
    },
};

/// Flags of `smtpcheck domain`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct DomainArgs {
    /// Mail domain to check (the part after the @), or an email address in that domain
    #[arg(value_name = "NAME|ADDRESS")]
    pub domains: Vec<String>,

    #[command(flatten)]
    pub port: DomainPortArgs,
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub dns: DnsArgs,
    #[command(flatten)]
    pub ehlo: EhloArgs,
    #[command(flatten)]
    pub sending: SendingArgs,
    /// Trust the CA certificates in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub cacert: Option<PathBuf>,
    /// Print only the TLSA records that match the mail servers' current certificates
    #[arg(long, help_heading = "Output", conflicts_with_all = ["json", "format", "write_out", "quiet", "verbose"])]
    pub tlsa: bool,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub reports: ReportFileArgs,
    #[command(flatten)]
    pub file: OutputFileArgs,
    #[command(flatten)]
    pub output: CheckOutputArgs,
    #[command(flatten)]
    pub verbosity: VerbosityArgs,
    #[command(flatten)]
    pub look: DisplayArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub expect: ExpectArgs,
    #[command(flatten)]
    pub config: ConfigFlags,

    /// The flags set by the configuration file or by the defaults of a suite.
    #[arg(skip)]
    pub from_file: BTreeMap<String, ValueOrigin>,
    /// The precedence of those settings.
    #[arg(skip)]
    pub settings_level: SettingsLevel,
}

impl DomainArgs {
    /// The display options for this output.
    pub fn display(&self, target: &OutputTarget) -> Display {
        Display {
            volume: self.verbosity.verbosity(),
            thresholds: self.output.thresholds(),
            ..self.look.display(target)
        }
    }
}
