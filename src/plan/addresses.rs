//! Which of a host's IP addresses are used.

use serde::{Deserialize, Serialize};

/// The address families that may be used (`-4`, `-6`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Both families; IPv6 is preferred, as RFC 8305 §2 recommends.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Which of the host's IP addresses are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "choice", rename_all = "kebab-case")]
pub enum AddressChoice {
    /// The first IP address that accepts the connection (RFC 8305).
    #[default]
    First,
    /// Every IP address, each in a separate session (`--every-address`).
    Every,
    /// One given IP address, if the name still resolves to it (`watch --every-address`).
    Only {
        /// The IP address.
        address: std::net::IpAddr,
    },
}
