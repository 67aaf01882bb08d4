//! Connection flags: where to connect, and the time limits.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::{ArgAction, Args};

use super::{InvalidValue, MOST_JOBS, duration, number};
use crate::cli::resolve::{self, ResolveEntry};
use crate::cli::{UsageError, target};
use crate::plan::{ConnectionSource, Family, PortRange, SourceInterface};

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
    /// Check every IP address of the host, not only the first one that responds, and compare the servers behind the
    /// addresses
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
    /// Connect from this IP address of this machine, or through this network interface, as in curl
    // Only `watch` and `batch` accept it several times.
    #[arg(long, value_name = "NAME|ADDR", action = ArgAction::Set, value_parser = interface, help_heading = HEADING)]
    pub interface: Vec<SourceInterface>,
    /// Connect from this local port, or from the first free port in this range
    #[arg(long, value_name = "PORT[-PORT]", value_parser = port_range, help_heading = HEADING)]
    pub local_port: Option<PortRange>,
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
    /// Where connections come from. If several interfaces are given, this is the first.
    pub fn source(&self) -> ConnectionSource {
        ConnectionSource { interface: self.interface.first().cloned(), ports: self.local_port }
    }

    /// The interfaces to compare. The list is empty if fewer than two are given.
    pub fn compared_interfaces(&self) -> Result<&[SourceInterface], UsageError> {
        let all = self.interface.as_slice();
        match given_twice(all) {
            Some(twice) => Err(UsageError::flag("--interface", "given twice")
                .with_value(twice.to_string())
                .with_hint("remove one of them")),
            None if all.len() > 1 => Ok(all),
            None => Ok(&[]),
        }
    }

    /// The address family that `-4` or `-6` selects; both families if neither is given.
    pub fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (false, true) => Family::V6,
            (false, false) => Family::Any,
        }
    }
}

/// The first interface that occurs a second time.
pub fn given_twice(all: &[SourceInterface]) -> Option<&SourceInterface> {
    let is_repeated = |(at, one): &(usize, &SourceInterface)| all.iter().take(*at).any(|earlier| earlier == *one);
    all.iter().enumerate().find(is_repeated).map(|(_, one)| one)
}

/// An IP address or the name of an interface. curl's prefixes `host!` and `if!` specify which of the two it is.
pub fn interface(text: &str) -> Result<SourceInterface, InvalidValue> {
    let hint = "write an IP address of this machine, or the name of an interface, for example eth1";
    let (is_name, is_address) = (text.strip_prefix("if!"), text.strip_prefix("host!"));
    let bare = is_name.or(is_address).unwrap_or(text);
    let inner = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(bare);
    match inner.parse::<IpAddr>() {
        Ok(address) if is_name.is_none() && is_of_one_machine(address) => {
            return Ok(SourceInterface::Address { address });
        }
        Ok(_) if is_name.is_none() => {
            return Err(InvalidValue::new("connections cannot come from this IP address", hint));
        }
        _ if is_address.is_some() => return Err(InvalidValue::new("not an IP address", hint)),
        _ => {}
    }
    // The limit is that of Linux (IFNAMSIZ).
    let is_fitting = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '/' | ':');
    if bare.is_empty() || bare.len() > 15 || !bare.chars().all(is_fitting) {
        return Err(InvalidValue::new("neither an IP address nor the name of an interface", hint));
    }
    if !cfg!(any(target_os = "linux", target_os = "android")) {
        let hint = "write an IP address of the interface";
        return Err(InvalidValue::new("interface names are supported only on Linux", hint));
    }
    Ok(SourceInterface::Name { name: bare.to_owned() })
}

/// Whether an IP address can belong to one machine: it is not the unspecified, the broadcast or a multicast address.
fn is_of_one_machine(address: IpAddr) -> bool {
    !address.is_unspecified() && !address.is_multicast() && address != IpAddr::V4(Ipv4Addr::BROADCAST)
}

fn port_range(text: &str) -> Result<PortRange, InvalidValue> {
    let hint = "write a port or a range of ports, for example 40000-40099";
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
    match (port(first), port(last)) {
        (Some(first), Some(last)) if first <= last => Ok(PortRange { first, last }),
        (Some(_), Some(_)) => Err(InvalidValue::new("the range ends before it begins", hint)),
        _ => Err(InvalidValue::new("not a port from 1 to 65535", hint)),
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

#[cfg(test)]
mod tests {
    use super::{interface, port_range};
    use crate::plan::{PortRange, SourceInterface};

    #[test]
    fn an_interface_is_an_address_or_a_name() {
        let address = |text: &str| Some(SourceInterface::Address { address: text.parse().expect("an address") });
        assert_eq!(interface("192.0.2.7").ok(), address("192.0.2.7"));
        assert_eq!(interface("[2001:db8::7]").ok(), address("2001:db8::7"));
        assert_eq!(interface("host!192.0.2.7").ok(), address("192.0.2.7"));
        #[cfg(target_os = "linux")]
        for (text, name) in [("eth0.100", "eth0.100"), ("if!eth1", "eth1"), ("wg-mail", "wg-mail")] {
            assert_eq!(interface(text).ok(), Some(SourceInterface::Name { name: name.to_owned() }));
        }
        for text in [
            "a b",
            "averylonginterfacename",
            "host!eth0",
            "2001:db8::xyz",
            "if!",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(interface(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_of_ports_has_two_ends() {
        assert_eq!(port_range("40000").ok(), Some(PortRange { first: 40_000, last: 40_000 }));
        assert_eq!(port_range("40000-40009").ok(), Some(PortRange { first: 40_000, last: 40_009 }));
        for text in ["0", "40009-40000", "x", "1-70000", "-5"] {
            assert!(port_range(text).is_err(), "{text}");
        }
    }
}
