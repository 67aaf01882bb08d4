//! What the lookup of a host name gave, for each address family by itself: "no address" of one family is not a
//! failure of the other, and "does not exist" is not "could not be asked".

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::wire::DomainName;

/// The addresses of a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Names {
    /// The name that was asked for.
    pub host: DomainName,
    /// Who answered.
    pub source: NameSource,
    /// IPv4.
    pub a: Lookup,
    /// IPv6.
    pub aaaa: Lookup,
}

/// Who answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum NameSource {
    /// The system's resolvers or its hosts file.
    System,
    /// 127.0.0.1, because this machine names no resolver; glibc does the same.
    LoopbackFallback,
    /// The resolver that the user named.
    Given {
        /// Which.
        resolver: std::net::SocketAddr,
    },
    /// `--resolve`.
    Override,
}

/// Addresses of one family that are kept and tried. The largest mail services answer with a dozen.
pub(crate) const MAX_ADDRESSES: usize = 16;

/// The lookup of one family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "lookup", rename_all = "kebab-case")]
pub enum Lookup {
    /// Addresses, in the order of the answer.
    Found {
        /// At least one, at most [`MAX_ADDRESSES`].
        addresses: Vec<IpAddr>,
        /// How many more there were.
        #[serde(default)]
        left_out: usize,
        /// Milliseconds.
        ms: f64,
    },
    /// The name exists and has no address of this family (NODATA, RFC 2308 §2.2).
    Empty {
        /// Milliseconds.
        ms: f64,
    },
    /// The name does not exist (NXDOMAIN, RFC 2308 §2.1).
    NotFound {
        /// Milliseconds.
        ms: f64,
    },
    /// It could not be asked.
    Failed {
        /// Why.
        why: LookupFault,
        /// The resolver library's words.
        detail: String,
        /// Milliseconds.
        ms: f64,
    },
    /// Not asked, because the user wanted the other family only.
    NotAsked,
}

/// Why a name could not be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum LookupFault {
    /// No answer.
    Timeout,
    /// SERVFAIL.
    ServerFailure,
    /// REFUSED.
    Refused,
    /// The resolver could not be reached or made.
    Unreachable,
    /// Something else.
    Other,
}

impl Lookup {
    /// What an answer without a failure says.
    pub fn answered(mut addresses: Vec<IpAddr>, ms: f64) -> Lookup {
        let left_out = addresses.len().saturating_sub(MAX_ADDRESSES);
        addresses.truncate(MAX_ADDRESSES);
        if addresses.is_empty() { Lookup::Empty { ms } } else { Lookup::Found { addresses, left_out, ms } }
    }

    /// How many addresses were not kept.
    pub fn left_out(&self) -> usize {
        match self {
            Lookup::Found { left_out, .. } => *left_out,
            Lookup::Empty { .. } | Lookup::NotFound { .. } | Lookup::Failed { .. } | Lookup::NotAsked => 0,
        }
    }

    /// The addresses, if there are any.
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
