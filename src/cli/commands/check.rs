//! `smtpcheck [check] TARGET...`.

use std::collections::BTreeMap;

use clap::Args;

use super::{CommandId, CommandSpec, Missing, SettingsLevel, SettingsUse};
use crate::cli::flags::auth::AuthArgs;
use crate::cli::flags::config::ConfigFlags;
use crate::cli::flags::connection::{ConnectionArgs, PortArgs};
use crate::cli::flags::display::{DisplayArgs, OutputTarget};
use crate::cli::flags::exit_status::{ExpectArgs, GateArgs};
use crate::cli::flags::output::{
    CheckOutputArgs, FormatArgs, OutputFileArgs, ReportFileArgs, TranscriptArgs, VerbosityArgs,
};
use crate::cli::flags::password::PasswordArgs;
use crate::cli::flags::route::RouteArgs;
use crate::cli::flags::session::{ClientArgs, EhloArgs, EnvelopeArgs};
use crate::cli::flags::snippet::SnippetArgs;
use crate::cli::flags::tls::{TlsArgs, TrustArgs};
use crate::plan::ValueOrigin;
use crate::render::{ChainDisplay, Display};

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Check,
    name: "check",
    about: "Check SMTP servers: show what failed, why, and how to fix it",
    details: "smtpcheck shows the session as it happens, and never sends a message.",
    usage: &["[check] TARGET... [FLAGS]", "COMMAND [ARGUMENTS]"],
    notes: &[
        "You can also set every long flag with an environment variable; for example, SMTPCHECK_MAX_TIME sets \
         --max-time.",
        concat!(
            "Exit codes:",
            "\n  0        no finding at or above --fail-on, and every --expect is true",
            "\n  1        the session completed, but with findings or a failed expectation",
            "\n  2        usage error; nothing was sent",
            "\n  3        unreachable: DNS, connection, timeout, or no greeting",
            "\n  4        temporarily rejected (4yz)",
            "\n  5        permanently rejected (5yz)",
            "\n  6        TLS or certificate",
            "\n  7        authentication",
            "\n  8        protocol error",
            "\n  9        incomplete: a time or connection limit was reached",
            "\n  70       internal error",
            "\n  74       the output could not be written",
            "\n  130, 143 interrupted by a signal",
        ),
    ],
    examples: &[
        "smtpcheck smtp.example.net:587",
        "smtpcheck smtps://mail.example.net --user u@example.net --netrc",
        "smtpcheck mx.example.net:25 --from me@example.org --to you@example.net --json",
        "smtpcheck smtp.example.net:587 --user u@example.net --for msmtp >> ~/.msmtprc",
    ],
    settings: SettingsUse::All,
    takes_profile: true,
    missing: Some(Missing { reason: "no target given", hint: "for example: smtpcheck smtp.example.net:587" }),
    is_hidden: false,
    declare: |command| CheckArgs::augment_args(command).mut_arg("for", |arg| arg.conflicts_with("write_out")),
};

/// Flags and targets of `smtpcheck check`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct CheckArgs {
    /// Server to check: host, host:port, [IPv6]:port, smtp://host:port, smtps://host:port, lmtp://host:port, lmtp+unix:/path, smtp+unix:/path, or @PROFILE
    #[arg(value_name = "TARGET", required_unless_present = "for")]
    pub targets: Vec<String>,

    #[command(flatten)]
    pub port: PortArgs,
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub route: RouteArgs,
    #[command(flatten)]
    pub ehlo: EhloArgs,
    #[command(flatten)]
    pub client: ClientArgs,
    #[command(flatten)]
    pub envelope: EnvelopeArgs,
    #[command(flatten)]
    pub trust: TrustArgs,
    #[command(flatten)]
    pub tls: TlsArgs,
    #[command(flatten)]
    pub auth: AuthArgs,
    #[command(flatten)]
    pub password: PasswordArgs,
    #[command(flatten)]
    pub format: FormatArgs,
    #[command(flatten)]
    pub reports: ReportFileArgs,
    #[command(flatten)]
    pub file: OutputFileArgs,
    #[command(flatten)]
    pub output: CheckOutputArgs,
    #[command(flatten)]
    pub snippet: SnippetArgs,
    #[command(flatten)]
    pub verbosity: VerbosityArgs,
    #[command(flatten)]
    pub transcript: TranscriptArgs,
    #[command(flatten)]
    pub look: DisplayArgs,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub expect: ExpectArgs,
    #[command(flatten)]
    pub config: ConfigFlags,

    /// The flags that the configuration file sets, and whether a profile or the defaults set them.
    #[arg(skip)]
    pub from_file: BTreeMap<String, ValueOrigin>,
    /// The precedence of those settings.
    #[arg(skip)]
    pub settings_level: SettingsLevel,
    /// The source of the targets: the command line, or a profile.
    #[arg(skip = ValueOrigin::Flag)]
    pub target_origin: ValueOrigin,
}

impl CheckArgs {
    /// The display options for this output.
    pub fn display(&self, target: &OutputTarget) -> Display {
        Display {
            chain: if self.tls.show_chain { ChainDisplay::Shown } else { ChainDisplay::Hidden },
            thresholds: self.output.thresholds(),
            ..self.look.of_session(target, &self.verbosity, &self.transcript)
        }
    }
}
