//! Why a TCP connection could not be established, to a mail server or to a proxy.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a TCP connection could not be established.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConnectFault {
    /// The kind of fault, the same on every operating system.
    pub kind: ConnectFaultKind,
    /// The operating system's error number; null if there is none.
    pub errno: Option<i32>,
    /// The operating system's error message.
    pub detail: String,
}

/// Kinds of connection faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ConnectFaultKind {
    /// ECONNREFUSED: no service listens on the port, or a firewall rejects the connection.
    Refused,
    /// There was no response within the timeout, or ETIMEDOUT.
    TimedOut,
    /// EHOSTUNREACH.
    HostUnreachable,
    /// ENETUNREACH: this machine has no route for that address family.
    NetworkUnreachable,
    /// EADDRNOTAVAIL: this machine has no IP address of that family.
    NoSourceAddress,
    /// The IP address or the network interface that the user named as the source (`--interface`) cannot be used.
    SourceMissing,
    /// The server has no IP address in the source's address family.
    SourceFamily,
    /// None of the local ports that the user named (`--local-port`) can be used.
    SourcePorts,
    /// EACCES or EPERM: a policy on this machine does not permit the connection.
    DeniedHere,
    /// ECONNRESET during connect.
    Reset,
    /// Any other fault.
    Other,
}

impl fmt::Display for ConnectFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConnectFaultKind::Refused => "connection refused",
            ConnectFaultKind::TimedOut => "no answer",
            ConnectFaultKind::HostUnreachable => "no route to host",
            ConnectFaultKind::NetworkUnreachable => "network unreachable",
            ConnectFaultKind::NoSourceAddress => "this machine has no IP address of this family",
            ConnectFaultKind::SourceMissing => "the source address or interface cannot be used",
            ConnectFaultKind::SourceFamily => "the source address belongs to the other address family",
            ConnectFaultKind::SourcePorts => "no local port can be used",
            ConnectFaultKind::DeniedHere => "not permitted on this machine",
            ConnectFaultKind::Reset => "connection reset",
            ConnectFaultKind::Other => "connection failed",
        })
    }
}
