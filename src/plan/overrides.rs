//! IP addresses that replace a DNS lookup (`--resolve`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::wire::Host;
use crate::wire::host::HostError;

/// An IP address in `--resolve HOST:PORT:ADDR[,ADDR]`, which uses curl's syntax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Override {
    /// The host whose IP address is replaced: a name, an IP address, or `*` for every host.
    #[cfg_attr(test, schemars(with = "String"))]
    pub host: OverrideHost,
    /// The port to which the override applies.
    pub port: u16,
    /// The IP address to use instead.
    pub address: std::net::IpAddr,
    /// Whether no target of the run has this host and port.
    #[serde(default)]
    pub is_unused: bool,
}

/// The hosts to which an override applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OverrideHost {
    /// Every host (`*`).
    Every,
    /// A host name or an IP address.
    One(Host),
}

impl OverrideHost {
    /// Whether the override applies to this host.
    pub fn is_for(&self, host: &Host) -> bool {
        match self {
            OverrideHost::Every => true,
            OverrideHost::One(one) => one == host,
        }
    }
}

impl fmt::Display for OverrideHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OverrideHost::Every => f.write_str("*"),
            OverrideHost::One(host) => host.fmt(f),
        }
    }
}

impl TryFrom<String> for OverrideHost {
    type Error = HostError;

    fn try_from(text: String) -> Result<OverrideHost, HostError> {
        if text == "*" { Ok(OverrideHost::Every) } else { Host::parse(&text).map(OverrideHost::One) }
    }
}

impl From<OverrideHost> for String {
    fn from(host: OverrideHost) -> String {
        host.to_string()
    }
}
