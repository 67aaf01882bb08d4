//! The PROXY header that is sent at the beginning of connections.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::wire::ProxyHeaderVersion;

/// The PROXY header that the user requested (`--haproxy-protocol`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProxyHeaderPlan {
    /// The version.
    pub version: ProxyHeaderVersion,
    /// The IP address of the client in the header (`--haproxy-clientip`); null means the local IP address of the
    /// connection.
    pub client: Option<IpAddr>,
}
