//! The local end of connections: the IP address or interface, and the port.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::addresses::Family;

/// Where connections come from. Without a value, the operating system chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConnectionSource {
    /// The IP address or the network interface (`--interface`).
    pub interface: Option<SourceInterface>,
    /// The ports (`--local-port`).
    pub ports: Option<PortRange>,
}

/// An IP address of this machine, or a network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum SourceInterface {
    /// This IP address.
    Address {
        /// The IP address.
        address: IpAddr,
    },
    /// This network interface.
    Name {
        /// The name, for example `eth1`.
        name: String,
    },
}

/// A range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PortRange {
    /// The first port.
    pub first: u16,
    /// The last port, which is not below the first.
    pub last: u16,
}

impl ConnectionSource {
    /// The only address family that connections can use.
    pub fn family(&self) -> Family {
        match self.interface {
            Some(SourceInterface::Address { address }) if address.is_ipv4() => Family::V4,
            Some(SourceInterface::Address { .. }) => Family::V6,
            Some(SourceInterface::Name { .. }) | None => Family::Any,
        }
    }

    /// Whether a connection to this IP address is possible.
    pub fn can_reach(&self, ip: IpAddr) -> bool {
        match self.family() {
            Family::Any => true,
            Family::V4 => ip.is_ipv4(),
            Family::V6 => ip.is_ipv6(),
        }
    }
}

impl fmt::Display for SourceInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceInterface::Address { address } => address.fmt(f),
            SourceInterface::Name { name } => f.write_str(name),
        }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { self.first.fmt(f) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}
