//! `smtpcheck sandbox [SCENARIO...]`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::UsageError;
use crate::cli::flags::display::DisplayArgs;
use crate::cli::flags::{InvalidValue, number};

const HEADING: &str = "Servers";

/// The help text and the functions of the command.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Sandbox,
    name: "sandbox",
    about: "Run SMTP servers with known faults on this machine",
    details: "Use the servers to test any mail program. A scenario describes a server that is healthy or has one fault. The servers discard all messages. Press Ctrl-C to stop the servers.",
    usage: &["sandbox [SCENARIO...] [FLAGS]", "sandbox --list"],
    notes: &[concat!(
        "Exit codes:",
        "\n  0        stopped by Ctrl-C or another signal",
        "\n  2        usage error, for example an unknown scenario or a port in use",
        "\n  74       the output could not be written",
    )],
    examples: &[
        "smtpcheck sandbox greylisted certificate-expired",
        "smtpcheck sandbox healthy-submission --port 2587 --ca-file ca.pem",
        "smtpcheck sandbox --list --json | jq -r .scenario",
        "smtpcheck sandbox --fleet 7 --port 2525 --dns 5353",
        "smtpcheck sandbox --domains --port 2525 --dns 5353",
    ],
    settings: SettingsUse::Display,
    takes_profile: false,
    missing: None,
    is_hidden: false,
    declare: SandboxArgs::augment_args,
};

/// Flags of `smtpcheck sandbox`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct SandboxArgs {
    /// Scenarios to start [default: all]
    #[arg(value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    /// List the scenarios, but start no server; with --fleet, list the first servers of the fleet
    #[arg(long)]
    pub list: bool,
    /// Port of the first scenario; each additional scenario uses the next port [default: any free ports]
    #[arg(short, long, value_name = "N", value_parser = number(0..=u16::MAX), help_heading = HEADING)]
    pub port: Option<u16>,
    /// IP address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", value_parser = address, help_heading = HEADING)]
    pub listen: IpAddr,
    /// Also serve clients on other machines
    #[arg(long, help_heading = HEADING)]
    pub allow_remote: bool,
    /// Start a server on every IP address in 127.0.0.0/8, each with a pseudo-random scenario; the same seed selects the
    /// same scenarios (Linux only)
    #[arg(long, value_name = "SEED", value_parser = number(0..=u64::MAX), help_heading = HEADING, conflicts_with = "scenarios")]
    pub fleet: Option<u64>,
    /// With --list and --fleet: list this many servers
    #[arg(long, value_name = "N", default_value = "100", value_parser = number(0..=usize::MAX), help_heading = HEADING, requires = "fleet")]
    pub count: usize,
    /// Also start a DNS server on this UDP and TCP port, for names such as SCENARIO.test; 0 selects a free port
    #[arg(long, value_name = "PORT", value_parser = number(0..=u16::MAX), help_heading = HEADING)]
    pub dns: Option<u16>,
    /// Serve mail domains such as dane-mismatch.test instead, with their DNS records, mail servers, MTA-STS policies and client settings; see smtpcheck domain and smtpcheck settings (Linux only)
    #[arg(long, help_heading = HEADING, conflicts_with_all = ["scenarios", "fleet", "listen", "allow_remote"])]
    pub domains: bool,
    /// With --domains: port of the web server for MTA-STS policies and autoconfiguration files [default: any free port]
    #[arg(long, value_name = "PORT", value_parser = number(0..=u16::MAX), help_heading = HEADING, requires = "domains")]
    pub https_port: Option<u16>,
    /// With --domains: port of the web server without TLS, for autoconfiguration files [default: any free port]
    #[arg(long, value_name = "PORT", value_parser = number(0..=u16::MAX), help_heading = HEADING, requires = "domains")]
    pub http_port: Option<u16>,
    /// With --domains: write the trust anchor for DNSSEC to this file [default: a temporary file]
    #[arg(long, value_name = "FILE", help_heading = HEADING, requires = "domains")]
    pub trust_anchor_file: Option<PathBuf>,
    /// Write the CA certificate of the sandbox to this file, so that clients can trust it [default: a temporary file]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub ca_file: Option<PathBuf>,
    /// Print one JSON object per line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Do not print the clients' sessions
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,

    #[command(flatten)]
    pub look: DisplayArgs,
}

/// The settings of the sandbox, from flags that were checked for contradictions.
#[derive(Clone, Debug)]
pub struct SandboxRequest {
    /// The IP address to listen on.
    pub listen: IpAddr,
    /// The port of the first scenario; free ports if `None`.
    pub port: Option<u16>,
    /// The seed of the fleet, if a fleet is served.
    pub fleet: Option<u64>,
    /// The number of servers that `--list` shows for a fleet.
    pub count: usize,
    /// The port of the DNS server, if it is started; 0 selects a free port.
    pub dns: Option<u16>,
}

impl SandboxArgs {
    /// Checks the flags. To serve clients on other machines, `--allow-remote` is required.
    pub fn request(&self) -> Result<SandboxRequest, UsageError> {
        let of_fleet = self.fleet.is_some() && self.listen.is_unspecified();
        if !self.listen.is_loopback() && !of_fleet && !self.allow_remote {
            let error = UsageError::flag("--listen", "clients on other machines could use these servers");
            return Err(error.with_value(self.listen.to_string()).with_hint("add --allow-remote to allow this"));
        }
        Ok(SandboxRequest {
            listen: if self.fleet.is_some() && self.listen.is_loopback() {
                std::net::Ipv4Addr::UNSPECIFIED.into()
            } else {
                self.listen
            },
            port: self.port,
            fleet: self.fleet,
            count: self.count,
            dns: self.dns,
        })
    }
}

fn address(text: &str) -> Result<IpAddr, InvalidValue> {
    let wrong = |_| InvalidValue::new("not an IP address", "use an IP address, for example 127.0.0.1");
    text.trim_matches(['[', ']']).parse().map_err(wrong)
}
