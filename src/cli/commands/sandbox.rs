//! `smtpcheck sandbox [SCENARIO...]`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::{CommandId, CommandSpec, SettingsUse};
use crate::cli::UsageError;
use crate::cli::flags::display::DisplayArgs;
use crate::cli::flags::{InvalidValue, number};

const HEADING: &str = "Servers";

/// The facts.
pub const SPEC: CommandSpec = CommandSpec {
    id: CommandId::Sandbox,
    name: "sandbox",
    about: "Run SMTP servers with known faults on this machine",
    details: "Test any mail program against them, until Ctrl-C. Each has one fault, or none. Messages are discarded.",
    usage: &["sandbox [SCENARIO...] [FLAGS]", "sandbox --list"],
    notes: &[
        "Exit codes: 0 ended by Ctrl-C or a signal; 2 usage (an unknown scenario, a port that is in use); 74 output failed.",
    ],
    examples: &[
        "smtpcheck sandbox greylisted certificate-expired",
        "smtpcheck sandbox healthy-submission --port 2587 --ca-file ca.pem",
        "smtpcheck sandbox --list --json | jq -r .scenario",
        "smtpcheck sandbox --fleet 7 --port 2525 --dns 5353",
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
    /// Scenarios to serve [default: all]
    #[arg(value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    /// List the scenarios instead of serving them (with --fleet: the servers at its first addresses)
    #[arg(long)]
    pub list: bool,
    /// Port of the first scenario; each further scenario gets the next one [default: free ports]
    #[arg(short, long, value_name = "N", value_parser = number(0..=u16::MAX), help_heading = HEADING)]
    pub port: Option<u16>,
    /// IP address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", value_parser = address, help_heading = HEADING)]
    pub listen: IpAddr,
    /// Serve clients on other machines too
    #[arg(long, help_heading = HEADING)]
    pub allow_remote: bool,
    /// Serve one server on every address of 127.0.0.0/8, chosen by this number (Linux)
    #[arg(long, value_name = "SEED", value_parser = number(0..=u64::MAX), help_heading = HEADING, conflicts_with = "scenarios")]
    pub fleet: Option<u64>,
    /// Number of servers of a fleet that --list shows
    #[arg(long, value_name = "N", default_value = "100", value_parser = number(0..=usize::MAX), help_heading = HEADING, requires = "fleet")]
    pub count: usize,
    /// Answer DNS queries for names under test on this UDP and TCP port, 0 for a free one: SCENARIO.test and others
    #[arg(long, value_name = "PORT", value_parser = number(0..=u16::MAX), help_heading = HEADING)]
    pub dns: Option<u16>,
    /// Write the certificate authority that clients should trust to this file [default: a temporary file]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub ca_file: Option<PathBuf>,
    /// Print one JSON object per line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Do not print what clients do
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,

    #[command(flatten)]
    pub look: DisplayArgs,
}

/// Where and how to serve.
#[derive(Clone, Debug)]
pub struct SandboxRequest {
    /// The address to listen on.
    pub listen: IpAddr,
    /// The first port.
    pub port: Option<u16>,
    /// The seed of a fleet.
    pub fleet: Option<u64>,
    /// How many servers of the fleet are listed.
    pub count: usize,
    /// The port for DNS.
    pub dns: Option<u16>,
}

impl SandboxArgs {
    /// Where and how to serve; clients on other machines need the user's consent.
    pub fn request(&self) -> Result<SandboxRequest, UsageError> {
        let of_fleet = self.fleet.is_some() && self.listen.is_unspecified();
        if !self.listen.is_loopback() && !of_fleet && !self.allow_remote {
            let error = UsageError::flag("--listen", "clients on other machines could use these servers");
            return Err(error.with_value(self.listen.to_string()).with_hint("add --allow-remote to allow that"));
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
    let wrong = |_| InvalidValue::new("not an IP address", "write an IP address, for example 127.0.0.1");
    text.trim_matches(['[', ']']).parse().map_err(wrong)
}
