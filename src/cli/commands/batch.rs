//! `smtpcheck batch [FILE]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{ArgAction, Args};

use super::check::CheckArgs;
use super::{CommandId, CommandSpec, SettingsLevel, SettingsUse};
use crate::cli::flags::auth::AuthArgs;
use crate::cli::flags::batch::{BatchFormat, CsvColumns, Rate, ShardChoice, columns, host, rate, shard};
use crate::cli::flags::config::ConfigFlags;
use crate::cli::flags::connection::{ConnectionArgs, PortArgs};
use crate::cli::flags::display::DisplayArgs;
use crate::cli::flags::domain::{DnsArgs, PolicyPortArgs, SendingArgs};
use crate::cli::flags::exit_status::{ExpectArgs, GateArgs};
use crate::cli::flags::number;
use crate::cli::flags::output::{
    CheckOutputArgs, ChosenFormat, FormatArgs, OutputFileArgs, ReportFileArgs, TranscriptArgs, VerbosityArgs,
};
use crate::cli::flags::password::PasswordArgs;
use crate::cli::flags::route::RouteArgs;
use crate::cli::flags::session::{ClientArgs, EhloArgs, EnvelopeArgs};
use crate::cli::flags::snippet::SnippetArgs;
use crate::cli::flags::tls::{TlsArgs, TrustArgs};
use crate::cli::target;
use crate::plan::ValueOrigin;
use crate::render::{FORMATS, Transcript};
use crate::wire::Host;

const TARGETS: &str = "Targets";
const SPEED: &str = "Speed";
const OUTPUT: &str = "Output";
const PASSWORD: &str = "Password (also SMTPCHECK_PASSWORD)";

/// The maximum for `--jobs`. Each job needs a file descriptor, and a single thread cannot use more jobs.
const MOST_JOBS: usize = 10_000;

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Batch,
    name: "batch",
    about: "Check a long list of servers, and write a record for each",
    details: "The input has one target per line, and the output has one JSON record per line. FILE is read while the checks run, and each record is written as soon as the check of its target ends. smtpcheck never sends a message.",
    usage: &["batch [FILE|-] [FLAGS]"],
    notes: &[
        "Input: each line is a target (host, host:port, smtp://, smtps://, @PROFILE), or a JSON object with the keys target, from, to, tls, sni, interface and tags. Empty lines and lines that begin with # are ignored. For an invalid line, the record contains the line number and the error. A target that occurs more than once is checked only once.",
        "Domains: with --domain, each line is a mail domain. The flags in the sections Sending and DNS, and --https-port, apply to every domain. Unless --list none is given, smtpcheck queries public blocklists for each domain.",
        "Logins: smtpcheck logs in only to the hosts given with --login-host, so that the password is never sent to \
         any other server. The target @PROFILE uses that profile's login.",
        "Shards: in an array job of Slurm, Kubernetes, AWS Batch or Google Batch, each task checks its own share of the targets. See docs/scale.md.",
        "With --exit-zero, the exit code is 0 if every line has a record.",
        concat!(
            "Exit codes:",
            "\n  0        every target passed",
            "\n  1        targets failed with exit code 1, or with different exit codes",
            "\n  2        usage error, or the input contains no target",
            "\n  3 to 9   every target that failed has this exit code; see smtpcheck --help",
            "\n  74       the output could not be written",
            "\n  130, 143 interrupted by a signal",
        ),
    ],
    examples: &[
        "smtpcheck batch targets.txt > results.ndjson",
        "smtpcheck batch targets.txt --output results.ndjson --resume --summary summary.json",
        "smtpcheck batch targets.txt --format csv --columns target.host,exit.name,tls.version",
        "smtpcheck batch --domain domains.txt --columns target.host,domain.dane --format csv",
        "smtpcheck batch targets.txt --interface 192.0.2.7 --interface 192.0.2.8 --output results.ndjson",
        "smtpcheck batch targets.txt --shard 2/4 --rate 50/s --output part2.ndjson",
        "smtpcheck report part1.ndjson part2.ndjson --format html --output report.html",
    ],
    settings: SettingsUse::Checks,
    takes_profile: false,
    missing: None,
    is_hidden: false,
    declare: |command| {
        let command = BatchArgs::augment_args(command);
        let command = command.mut_arg("output", |arg| {
            arg.help(
                "Write the records to this file instead of standard output; without --resume, the file is replaced",
            )
        });
        let command = command.mut_arg("interface", |arg| {
            arg.action(ArgAction::Append).help(
                "Connect from this IP address of this machine, or through this network interface (repeatable): each target is checked from each of them, and the results are compared",
            )
        });
        let command = command.mut_arg("profile", |arg| arg.hide(true));
        command.mut_arg("show_chain", |arg| arg.hide(true))
    },
};

/// Flags of `smtpcheck batch`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct BatchArgs {
    /// File with the list of targets; - is standard input
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Check mail domains: each line is a domain, or an email address in a domain
    #[arg(long, help_heading = TARGETS)]
    pub domain: bool,
    /// Check only shard I of N, counted from 1; auto takes I and N from the array job; auto/N takes only I [default: auto in an array job, else 1/1]
    #[arg(long, value_name = "I/N", value_parser = shard, help_heading = TARGETS)]
    pub shard: Option<ShardChoice>,
    /// Check a target again each time it occurs in the list
    #[arg(long, help_heading = TARGETS)]
    pub keep_duplicates: bool,

    /// Check up to N targets at the same time
    #[arg(short, long, value_name = "N", default_value = "256", value_parser = number(1..=MOST_JOBS), help_heading = SPEED)]
    pub jobs: usize,
    /// Start at most N checks per second, minute (N/m) or hour (N/h)
    #[arg(long, value_name = "N/s", value_parser = rate, help_heading = SPEED)]
    pub rate: Option<Rate>,
    /// Check up to N targets at the same time on one host
    #[arg(long, value_name = "N", default_value = "2", value_parser = number(1..=MOST_JOBS), help_heading = SPEED)]
    pub per_host: usize,
    /// Check up to N targets at the same time on one IP address; if a server replies with 421 or refuses connections,
    /// smtpcheck runs fewer checks on the server's IP address
    #[arg(long, value_name = "N", default_value = "8", value_parser = number(1..=MOST_JOBS), help_heading = SPEED)]
    pub per_address: usize,
    /// Look up the addresses of up to N hosts at the same time
    #[arg(long, value_name = "N", default_value = "64", value_parser = number(1..=MOST_JOBS), help_heading = SPEED)]
    pub lookups: usize,

    /// Format of the records
    #[arg(long, value_name = "FORMAT", default_value = "ndjson", value_enum, help_heading = OUTPUT)]
    pub format: BatchFormat,
    /// Columns of the CSV file: any name from docs/expectations.md, or "line", "tags", "interface" or "error"
    #[arg(long, value_name = "NAME[,NAME]", value_parser = columns, help_heading = OUTPUT)]
    pub columns: Option<CsvColumns>,
    /// Add the complete report to each record
    #[arg(long, help_heading = OUTPUT)]
    pub full: bool,
    #[command(flatten)]
    pub output: OutputFileArgs,
    /// Keep the records in the --output file, and check only targets without a record; an incomplete last line is
    /// removed
    #[arg(long, help_heading = OUTPUT)]
    pub resume: bool,
    /// Also write the summary to this file, as JSON
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub summary: Option<PathBuf>,
    /// Do not print the summary or the progress
    #[arg(short, long, help_heading = OUTPUT)]
    pub quiet: bool,
    /// Exit with 0 if every line of the input has a record, even if checks failed
    #[arg(long, help_heading = "Exit status")]
    pub exit_zero: bool,

    /// Connect to this port [default: the port in the target, else 465 with implicit TLS, else 587]
    #[arg(short, long, value_name = "PORT", value_parser = target::port_number, help_heading = "Connection")]
    pub port: Option<u16>,
    /// Open at most this many connections to each target, including follow-up probes [default: 6, or 24 with --tls-scan, or 150 with --tls-scan=full]
    #[arg(long, value_name = "N", value_parser = number(1..=1000u32), help_heading = "Connection")]
    pub max_connections: Option<u32>,
    #[command(flatten)]
    pub policy: PolicyPortArgs,
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub route: RouteArgs,
    #[command(flatten)]
    pub dns: DnsArgs,
    #[command(flatten)]
    pub ehlo: EhloArgs,
    #[command(flatten)]
    pub sending: SendingArgs,
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
    /// Log in to this host with --user; the password is not sent to other hosts (repeatable)
    #[arg(long, value_name = "HOST", value_parser = host, help_heading = "Authentication")]
    pub login_host: Vec<Host>,
    /// Read the password from this file
    #[arg(long, value_name = "FILE", help_heading = PASSWORD)]
    pub password_file: Option<PathBuf>,
    /// Read the password from this command's output
    #[arg(long, value_name = "CMD", help_heading = PASSWORD)]
    pub password_command: Option<String>,
    /// Read an OAuth 2.0 access token from this command's output, and log in with it
    #[arg(long, value_name = "CMD", help_heading = PASSWORD)]
    pub token_command: Option<String>,
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub expect: ExpectArgs,
    #[command(flatten)]
    pub look: DisplayArgs,
    #[command(flatten)]
    pub config: ConfigFlags,

    /// The flags that the configuration file sets.
    #[arg(skip)]
    pub from_file: BTreeMap<String, ValueOrigin>,
}

impl BatchArgs {
    /// The flags of one check. Its target is given separately.
    #[allow(clippy::indexing_slicing, reason = "FORMATS is a constant with at least one format, and none is used")]
    pub fn check(&self) -> CheckArgs {
        let password = PasswordArgs {
            password_stdin: false,
            password_file: self.password_file.clone(),
            password_command: self.password_command.clone(),
            netrc: false,
            token_command: self.token_command.clone(),
            password: Vec::new(),
        };
        CheckArgs {
            targets: Vec::new(),
            port: PortArgs { port: self.port, max_connections: self.max_connections, every_address: false, jobs: 1 },
            connection: self.connection.clone(),
            route: self.route.clone(),
            ehlo: self.ehlo.clone(),
            client: self.client.clone(),
            envelope: self.envelope.clone(),
            trust: self.trust.clone(),
            tls: self.tls.clone(),
            auth: self.auth.clone(),
            password,
            format: FormatArgs { format: ChosenFormat(&FORMATS[0]), json: false },
            reports: ReportFileArgs { report: Vec::new() },
            file: OutputFileArgs { output: None },
            output: CheckOutputArgs { warning: None, critical: None, write_out: None },
            snippet: SnippetArgs { program: None },
            verbosity: VerbosityArgs { quiet: false, verbose: false },
            transcript: TranscriptArgs { transcript: Transcript::Full },
            look: self.look.clone(),
            gate: self.gate.clone(),
            expect: self.expect.clone(),
            config: self.config.clone(),
            from_file: self.from_file.clone(),
            settings_level: SettingsLevel::ConfigurationFile,
            target_origin: ValueOrigin::Flag,
        }
    }
}
