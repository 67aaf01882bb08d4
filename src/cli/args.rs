//! The flags. Each long flag `--some-flag` can also be set as `SMTPCHECK_SOME_FLAG`; that is done for all at once in
//! [`with_environment`], so that none is forgotten.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, Command};

use super::config::ConfigFlags;
use crate::plan::ValueOrigin;

/// Flags and targets of `smtpcheck check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// host, host:port, [v6]:port, smtp://host:port, smtps://host:port, or @PROFILE
    #[arg(value_name = "TARGET", required = true)]
    pub targets: Vec<String>,

    /// Port; else the target's, else 465 for smtps://, else 587
    #[arg(short, long, value_name = "PORT", help_heading = "Reach")]
    pub port: Option<String>,
    /// Use IPv4 only
    #[arg(short = '4', long, help_heading = "Reach", conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Use IPv6 only
    #[arg(short = '6', long, help_heading = "Reach")]
    pub ipv6: bool,
    /// Use this address for that host and port, as in curl (repeat)
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]", allow_hyphen_values = true, help_heading = "Reach")]
    pub resolve: Vec<String>,
    /// Ask this resolver in the place of the system's
    #[arg(long, value_name = "IP[:PORT]", help_heading = "Reach")]
    pub resolver: Option<String>,
    /// Time to connect, look-up included
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = "Reach")]
    pub connect_timeout: String,
    /// Time for one reply
    #[arg(long, value_name = "TIME", default_value = "30s", help_heading = "Reach")]
    pub timeout: String,
    /// Time for everything, for each target
    #[arg(short, long, value_name = "TIME", default_value = "60s", help_heading = "Reach")]
    pub max_time: String,
    /// Check up to N targets at once, at most two of them on one host
    #[arg(long, value_name = "N", default_value = "8", help_heading = "Reach")]
    pub jobs: String,
    /// Connections to one target, follow-ups included [default: 6, with --tls-scan 24, with --tls-scan=full 150]
    #[arg(long, value_name = "N", help_heading = "Reach")]
    pub max_connections: Option<String>,

    /// Name to announce [default: this machine's]
    #[arg(long, value_name = "NAME", visible_alias = "helo", help_heading = "Say")]
    pub ehlo: Option<String>,
    /// Sender for MAIL FROM; <> is the null sender [default with --to: the user, else <>]
    #[arg(short, long, value_name = "ADDR", help_heading = "Say")]
    pub from: Option<String>,
    /// Recipient for RCPT TO (repeat); no message is ever sent
    #[arg(short, long, value_name = "ADDR", help_heading = "Say")]
    pub to: Vec<String>,
    /// Stop after this step: connect, banner, ehlo, starttls, auth, mail, rcpt
    #[arg(long, value_name = "STEP", help_heading = "Say")]
    pub quit_after: Option<String>,

    /// auto (implicit on 465, else STARTTLS if offered), starttls (required), implicit, none
    #[arg(long, value_name = "MODE", default_value = "auto", help_heading = "TLS")]
    pub tls: String,
    /// Name to ask for, and to expect in the certificate [default: the host]
    #[arg(long, value_name = "NAME", help_heading = "TLS")]
    pub sni: Option<String>,
    /// Trust the certificates in this PEM file, in the place of the system's
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub cacert: Option<PathBuf>,
    /// Certificate to show when the server asks for one, PEM with its chain
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub cert: Option<PathBuf>,
    /// Key of that certificate, PEM [default: the file of --cert]
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub key: Option<PathBuf>,
    /// Days before the end of a certificate that are a warning, and an error
    #[arg(long, value_name = "WARN[,ERROR]", default_value = "21,0", help_heading = "TLS")]
    pub cert_days: String,
    /// Look for the versions, weak cipher suites, groups and certificates that the server accepts; with =full list all suites and groups
    #[arg(
        long,
        value_name = "DEPTH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "basic",
        help_heading = "TLS"
    )]
    pub tls_scan: Option<String>,
    /// Compare with a published profile, and say what must change: mozilla-intermediate, mozilla-modern, ncsc-nl-2025, bsi-tr-03116 (implies --tls-scan=full)
    #[arg(long, value_name = "NAME", help_heading = "TLS")]
    pub tls_profile: Option<String>,
    /// Try what a careful guest does not do unasked (repeat): starttls-injection, mail-before-tls, auth-before-tls
    #[arg(long, value_name = "NAME", help_heading = "TLS")]
    pub probe: Vec<String>,
    /// Show the certificates as PEM
    #[arg(long, help_heading = "TLS")]
    pub show_chain: bool,
    /// Accept any certificate, and send it the password too
    #[arg(short = 'k', long, help_heading = "TLS")]
    pub insecure: bool,
    /// Lowest version to offer: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", default_value = "1.2", help_heading = "TLS")]
    pub tls_min: String,

    /// User to log in; without it AUTH is only looked at
    #[arg(short, long, value_name = "USER", help_heading = "AUTH")]
    pub user: Option<String>,
    /// Mechanisms to use, best first, with commas between
    #[arg(long, value_name = "MECH[,MECH]", help_heading = "AUTH")]
    pub auth: Option<String>,
    /// Act as this user, if the server lets USER do that
    #[arg(long, value_name = "NAME", help_heading = "AUTH")]
    pub authzid: Option<String>,
    /// After a refusal try the next mechanism with the same password; each try counts towards a lock-out
    #[arg(long, help_heading = "AUTH")]
    pub try_all_mechanisms: bool,
    /// Do not log in, even with --user
    #[arg(long, help_heading = "AUTH")]
    pub no_auth: bool,
    /// Send the password even over a line that is not encrypted
    #[arg(long, help_heading = "AUTH")]
    pub allow_plaintext_auth: bool,

    /// Read the password from standard input
    #[arg(long, help_heading = "Password (also SMTPCHECK_PASSWORD, else a prompt on a terminal)")]
    pub password_stdin: bool,
    /// Read the password from this file
    #[arg(long, value_name = "FILE", help_heading = "Password (also SMTPCHECK_PASSWORD, else a prompt on a terminal)")]
    pub password_file: Option<PathBuf>,
    /// Read the password from the output of this command
    #[arg(long, value_name = "CMD", help_heading = "Password (also SMTPCHECK_PASSWORD, else a prompt on a terminal)")]
    pub password_command: Option<String>,
    /// Take user and password of the host from ~/.netrc, or the file that NETRC names
    #[arg(short, long, help_heading = "Password (also SMTPCHECK_PASSWORD, else a prompt on a terminal)")]
    pub netrc: bool,
    /// Read an OAuth 2.0 access token from the output of this command, and log in with it
    #[arg(long, value_name = "CMD", help_heading = "Password (also SMTPCHECK_PASSWORD, else a prompt on a terminal)")]
    pub token_command: Option<String>,
    /// Exists only to say that it does not
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, action = ArgAction::Append, default_missing_value = "")]
    pub password: Vec<String>,

    #[command(flatten)]
    pub look: DisplayArgs,

    /// text, json, ndjson, junit, github, nagios, prometheus, markdown or html
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub format: String,
    /// Write a report to a file too, whole or not at all (repeat): junit=smtpcheck.xml
    #[arg(long, value_name = "FORMAT=FILE", help_heading = "Output")]
    pub report: Vec<String>,
    /// Seconds that are a WARNING in the format nagios, a number or a range [@]start:end
    #[arg(long, value_name = "RANGE", help_heading = "Output")]
    pub warning: Option<String>,
    /// Seconds that are CRITICAL there
    #[arg(long, value_name = "RANGE", help_heading = "Output")]
    pub critical: Option<String>,
    /// The same as --format json
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Write to this file, whole or not at all
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Print this instead, such as '%{exit} %{tls_version} %{total_ms}\n'
    #[arg(long, value_name = "TEXT", help_heading = "Output", conflicts_with_all = ["json", "output"])]
    pub write_out: Option<String>,
    /// The verdict line only
    #[arg(short, long, help_heading = "Output", conflicts_with = "verbose")]
    pub quiet: bool,
    /// Certificates, follow-ups and odd bytes in full
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// How much of the conversation: full, problems, none
    #[arg(long, value_name = "HOW", default_value = "full", help_heading = "Output")]
    pub transcript: String,

    /// Fail from this severity on: error, warning, notice, never
    #[arg(long, value_name = "SEVERITY", default_value = "error", help_heading = "Gate")]
    pub fail_on: String,
    /// Do not count findings of this rule (repeat)
    #[arg(long, value_name = "RULE", help_heading = "Gate")]
    pub ignore: Vec<String>,
    /// What must hold, such as 'tls.version >= 1.2' or 'rcpt.class == 5' (repeat)
    #[arg(long, value_name = "EXPR", help_heading = "Gate")]
    pub expect: Vec<String>,
    /// Try so many times more when the result is exit 3 or 4, with growing pauses
    #[arg(long, value_name = "N", help_heading = "Gate")]
    pub retry: Option<String>,
    /// Spread those tries over this time; without --retry, try until it has passed
    #[arg(long, value_name = "TIME", help_heading = "Gate")]
    pub wait: Option<String>,

    #[command(flatten)]
    pub config: ConfigFlags,
    /// What the configuration file says
    #[arg(skip)]
    pub from_file: BTreeMap<String, ValueOrigin>,
}

/// Flags about colours and width, shared by all verbs.
#[derive(Args, Clone, Debug)]
pub struct DisplayArgs {
    /// auto, always, never
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Look")]
    pub color: String,
    /// default, light, colorblind, mono
    #[arg(long, value_name = "THEME", default_value = "default", help_heading = "Look")]
    pub theme: String,
    /// ASCII signs only
    #[arg(long, help_heading = "Look")]
    pub ascii: bool,
    /// Columns [default: the terminal's, else 80]
    #[arg(long, value_name = "N", help_heading = "Look")]
    pub width: Option<String>,
}

/// Flags of `smtpcheck explain`.
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    /// A rule's id, a code (535), a status (5.7.139), a reply, a log line, an EHLO keyword or a mechanism; - reads a
    /// reply, a log or a bounce from standard input
    #[arg(value_name = "WHAT", required_unless_present = "list")]
    pub what: Vec<OsString>,
    /// List all rules
    #[arg(long)]
    pub list: bool,
    /// The step, where the input does not tell it: greeting, ehlo, starttls, auth, mail, rcpt, data
    #[arg(long, value_name = "STEP")]
    pub phase: Option<String>,
    /// Whose replies they are, where the input does not tell it: a provider or software, by id, name or host
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// One JSON object a line for each thing that is recognised
    #[arg(long)]
    pub json: bool,
    /// Also show where the meaning comes from
    #[arg(short, long)]
    pub verbose: bool,

    #[command(flatten)]
    pub look: DisplayArgs,
}

/// Flags of `smtpcheck providers`.
#[derive(Args, Clone, Debug)]
pub struct ProvidersArgs {
    /// A provider's id, name or host; without it all are listed
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// A list of JSON objects, one a provider
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub look: DisplayArgs,
}

/// The environment variable of a flag.
pub(super) fn variable(long: &str) -> String {
    format!("SMTPCHECK_{}", long.to_uppercase().replace('-', "_"))
}

/// Gives every long flag its environment variable. An empty variable counts as not set, as CI systems set them.
pub fn with_environment(command: Command) -> Command {
    command.mut_args(|arg| {
        let Some(long) = arg.get_long().filter(|long| !matches!(*long, "help" | "version" | "password")) else {
            return arg;
        };
        let variable = variable(long);
        let arg = if matches!(arg.get_action(), ArgAction::SetTrue) {
            arg.value_parser(BoolishValueParser::new())
        } else {
            arg
        };
        if std::env::var_os(&variable).is_some_and(|value| !value.is_empty()) {
            arg.env(variable).hide_env(true)
        } else {
            arg
        }
    })
}
