//! Connection flags: where to connect, and the time limits.

use std::net::{IpAddr, SocketAddr};

use clap::Args;

use super::{InvalidValue, MOST_JOBS, duration, number};
use crate::cli::resolve::{self, ResolveEntry};
use crate::cli::target;
use crate::plan::Family;

const HEADING: &str = "Connection";

/// The port, the number of connections, and the number of concurrent checks: flags that `ports` does not have.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct PortArgs {
    /// Connect to this port [default: the port in TARGET, else 465 with implicit TLS, else 587]
    #[arg(short, long, value_name = "PORT", value_parser = target::port_number, help_heading = HEADING)]
    pub port: Option<u16>,
    /// Open at most this many connections to each target, including follow-up probes [default: 6, or 24 with --tls-scan, or 150 with --tls-scan=full]
    #[arg(long, value_name = "N", value_parser = number(1..=1000u32), help_heading = HEADING)]
    pub max_connections: Option<u32>,
    /// Check every IP address of the host, not only the first that responds, and compare the servers behind them
    #[arg(long, help_heading = HEADING)]
    pub every_address: bool,
    /// Check up to N targets at the same time, at most two of them on the same host
    #[arg(long, value_name = "N", default_value = "8", value_parser = number(1..=MOST_JOBS), help_heading = HEADING)]
    pub jobs: usize,
}

/// How to reach a host, and the time limits.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct ConnectionArgs {
    /// Use only IPv4
    #[arg(short = '4', long, help_heading = HEADING, conflicts_with = "ipv6")]
    pub ipv4: bool,
    /// Use only IPv6
    #[arg(short = '6', long, help_heading = HEADING)]
    pub ipv6: bool,
    /// Connect to ADDR for HOST:PORT instead of looking up HOST in the DNS, as in curl (repeatable)
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]", allow_hyphen_values = true, value_parser = resolve::entry, help_heading = HEADING)]
    pub resolve: Vec<ResolveEntry>,
    /// Use this DNS server instead of the system's resolver
    #[arg(long, value_name = "IP[:PORT]", value_parser = resolver, help_heading = HEADING)]
    pub resolver: Option<SocketAddr>,
    /// Time limit for connecting, including the DNS lookup
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, help_heading = HEADING)]
    pub connect_timeout: u64,
    /// Time limit for each reply
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration, help_heading = HEADING)]
    pub timeout: u64,
    /// Overall time limit for each target, including the time that a password command takes
    #[arg(short, long, value_name = "TIME", default_value = "60s", value_parser = duration, help_heading = HEADING)]
    pub max_time: u64,
}

impl ConnectionArgs {
    /// The address family that `-4` or `-6` selects; both families if neither is given.
    pub fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (false, true) => Family::V6,
            (false, false) => Family::Any,
        }
    }
}

fn resolver(text: &str) -> Result<SocketAddr, InvalidValue> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, 53));
    }
    let hint = "use an IP address, followed by a port if it is not 53, for example 192.0.2.53:5353";
    text.parse().map_err(|_| InvalidValue::new("not an IP address", hint))
}
