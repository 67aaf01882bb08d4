//! The result of looking up a host name, separately for IPv4 and IPv6. If a name has no IP address in one family,
//! the lookup of the other family may still succeed. A name that does not exist is a different result from a failed
//! lookup.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::wire::DomainName;

/// The IP addresses of a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Names {
    /// The name that was looked up.
    pub host: DomainName,
    /// The source of the answer.
    pub source: NameSource,
    /// The IP addresses of this machine's DNS resolvers (`/etc/resolv.conf`), if a lookup failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolvers: Vec<IpAddr>,
    /// The IPv4 addresses.
    pub a: Lookup,
    /// The IPv6 addresses.
    pub aaaa: Lookup,
}

/// The source of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum NameSource {
    /// The system's DNS resolvers or its hosts file.
    System,
    /// 127.0.0.1, because no resolver is configured on this machine; glibc does the same.
    LoopbackFallback,
    /// The resolver that the user specified.
    Given {
        /// The resolver's IP address and port.
        resolver: std::net::SocketAddr,
    },
    /// `--resolve`.
    Override,
}

/// The maximum number of IP addresses that are kept and tried per address family. The largest mail services have about
/// twelve.
pub(crate) const MAX_ADDRESSES: usize = 16;

/// The lookup of one address family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "lookup", rename_all = "kebab-case")]
pub enum Lookup {
    /// IP addresses, in the order of the DNS response.
    Found {
        /// At least one, at most [`MAX_ADDRESSES`].
        addresses: Vec<IpAddr>,
        /// The number of additional IP addresses, which were not kept.
        #[serde(default)]
        left_out: usize,
        /// The duration of the lookup, in milliseconds.
        ms: f64,
    },
    /// The name exists but has no IP address of this family (NODATA, RFC 2308 §2.2).
    Empty {
        /// The duration of the lookup, in milliseconds.
        ms: f64,
    },
    /// The name does not exist (NXDOMAIN, RFC 2308 §2.1).
    NotFound {
        /// The duration of the lookup, in milliseconds.
        ms: f64,
    },
    /// The lookup failed.
    Failed {
        /// The reason.
        why: LookupFault,
        /// The error message of the resolver library.
        detail: String,
        /// The duration of the lookup, in milliseconds.
        ms: f64,
    },
    /// Not looked up, because the user selected only the other address family.
    NotAsked,
}

/// Why a name could not be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LookupFault {
    /// The resolver did not respond before the timeout.
    Timeout,
    /// The resolver responded with SERVFAIL.
    ServerFailure,
    /// The resolver responded with REFUSED.
    Refused,
    /// The resolver could not be reached or set up.
    Unreachable,
    /// Any other reason.
    Other,
}

impl Lookup {
    /// The result of a lookup that did not fail.
    pub fn answered(mut addresses: Vec<IpAddr>, ms: f64) -> Lookup {
        let left_out = addresses.len().saturating_sub(MAX_ADDRESSES);
        addresses.truncate(MAX_ADDRESSES);
        if addresses.is_empty() { Lookup::Empty { ms } } else { Lookup::Found { addresses, left_out, ms } }
    }

    /// The number of IP addresses that were not kept.
    pub fn left_out(&self) -> usize {
        match self {
            Lookup::Found { left_out, .. } => *left_out,
            Lookup::Empty { .. } | Lookup::NotFound { .. } | Lookup::Failed { .. } | Lookup::NotAsked => 0,
        }
    }

    /// The duration of the lookup, in milliseconds.
    pub fn duration_ms(&self) -> Option<f64> {
        match self {
            Lookup::Found { ms, .. } | Lookup::Empty { ms } | Lookup::NotFound { ms } | Lookup::Failed { ms, .. } => {
                Some(*ms)
            }
            Lookup::NotAsked => None,
        }
    }

    /// The IP addresses; empty if there are none.
    pub fn addresses(&self) -> &[IpAddr] {
        match self {
            Lookup::Found { addresses, .. } => addresses,
            Lookup::Empty { .. } | Lookup::NotFound { .. } | Lookup::Failed { .. } | Lookup::NotAsked => &[],
        }
    }
}

impl Names {
    /// IPv6 and IPv4 addresses, IPv6 first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.aaaa.addresses().iter().chain(self.a.addresses()).copied()
    }
}
