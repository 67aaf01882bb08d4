//! The flags of `smtpcheck sandbox` and `smtpcheck demo`. Which scenarios there are, the verbs know.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::UsageError;
use super::args::DisplayArgs;

/// Flags of `smtpcheck sandbox`.
#[derive(Args, Clone, Debug)]
pub struct SandboxArgs {
    /// Scenarios to serve; without a name all of them
    #[arg(value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    /// List the scenarios, and serve none (with --fleet: the servers of its first addresses)
    #[arg(long)]
    pub list: bool,
    /// The port of the first scenario, the next one for each further [default: free ones]
    #[arg(short, long, value_name = "N", help_heading = "Serve")]
    pub port: Option<String>,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", help_heading = "Serve")]
    pub listen: String,
    /// Serve clients of other machines too
    #[arg(long, help_heading = "Serve")]
    pub allow_remote: bool,
    /// One server on every address of 127.0.0.0/8, drawn by this number (Linux)
    #[arg(long, value_name = "SEED", help_heading = "Serve", conflicts_with = "scenarios")]
    pub fleet: Option<String>,
    /// How many servers of a fleet --list shows
    #[arg(long, value_name = "N", default_value = "100", help_heading = "Serve", requires = "fleet")]
    pub count: String,
    /// Answer names below test on this UDP and TCP port, 0 for a free one: SCENARIO.test and others
    #[arg(long, value_name = "PORT", help_heading = "Serve")]
    pub dns: Option<String>,
    /// Write the authority that clients should trust here [default: a temporary file]
    #[arg(long, value_name = "FILE", help_heading = "Serve")]
    pub ca_file: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Do not tell what clients do
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,

    #[command(flatten)]
    pub look: DisplayArgs,
}

/// Flags of `smtpcheck demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// The scenario; without one a healthy server and three instructive failures
    #[arg(value_name = "SCENARIO")]
    pub scenario: Option<String>,
    /// text, json
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub format: String,
    /// Short for --format json
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Print the verdict line only
    #[arg(short, long, help_heading = "Output", conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print raw bytes, certificates, follow-ups in full
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,
    /// full, problems, none
    #[arg(long, value_name = "HOW", default_value = "full", help_heading = "Output")]
    pub transcript: String,

    #[command(flatten)]
    pub look: DisplayArgs,
}

/// Where and how to serve, as far as the words say it.
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
    /// The port for names.
    pub dns: Option<u16>,
}

impl SandboxArgs {
    /// Reads the numbers and the address.
    pub fn request(&self) -> Result<SandboxRequest, UsageError> {
        let listen: IpAddr = self.listen.trim_matches(['[', ']']).parse().map_err(|_| {
            let told = self.listen.escape_debug();
            UsageError::new(format!("--listen {told}: write an IP address, for example 127.0.0.1"))
        })?;
        let of_fleet = self.fleet.is_some() && listen.is_unspecified();
        if !listen.is_loopback() && !of_fleet && !self.allow_remote {
            return Err(UsageError::new(format!(
                "--listen {listen}: clients of other machines could use these servers; add --allow-remote if that is meant"
            )));
        }
        Ok(SandboxRequest {
            listen: if self.fleet.is_some() && listen.is_loopback() {
                std::net::Ipv4Addr::UNSPECIFIED.into()
            } else {
                listen
            },
            port: self.port.as_deref().map(|text| number(text, "--port", "a port from 1 to 65535")).transpose()?,
            fleet: self.fleet.as_deref().map(|text| number(text, "--fleet", "a number, for example 7")).transpose()?,
            count: number(&self.count, "--count", "a number")?,
            dns: self.dns.as_deref().map(|text| number(text, "--dns", "a port, or 0 for a free one")).transpose()?,
        })
    }
}

impl DemoArgs {
    /// The same flags for the check.
    pub fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> =
            ["--format", if self.json { "json" } else { &self.format }].map(Into::into).into();
        let flags = [(self.quiet, "--quiet"), (self.verbose, "--verbose"), (self.look.ascii, "--ascii")];
        words.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag.into()));
        let (color, theme) = (&self.look.color, &self.look.theme);
        let values = [("--transcript", &self.transcript), ("--color", color), ("--theme", theme)];
        words.extend(values.into_iter().flat_map(|(flag, value)| [flag.into(), value.into()]));
        words.extend(self.look.width.iter().flat_map(|width| ["--width".into(), width.into()]));
        words
    }
}

fn number<T: std::str::FromStr>(text: &str, flag: &str, what: &str) -> Result<T, UsageError> {
    text.trim().parse().map_err(|_| UsageError::new(format!("{flag} {}: write {what}", text.escape_debug())))
}
