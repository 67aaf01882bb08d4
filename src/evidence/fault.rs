//! Why a probe has no answer, sorted by who is at fault. Facts only: the checks write the sentences for the user.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Phase;
use crate::wire::tls::ServerHello;

/// Why a probe has no complete answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// No IP address to connect to; the name lookup shows why.
    NoAddress,
    /// No connection to any IP address; the attempts are in the transcript, and this is the most significant one.
    NotConnected {
        /// Why.
        connect: ConnectFault,
    },
    /// The server did not answer within the time for one reply.
    Silent {
        /// The phase whose reply was due.
        phase: Phase,
        /// How long, milliseconds.
        waited_ms: f64,
        /// Bytes of an unfinished reply that had arrived.
        partial_bytes: usize,
    },
    /// The server closed the connection when a reply was due.
    Closed {
        /// The phase whose reply was due.
        phase: Phase,
        /// RST instead of FIN.
        reset: bool,
    },
    /// TLS could not be started.
    Tls {
        /// Why.
        tls: TlsFault,
    },
    /// A reply exceeded the size limit.
    Endless {
        /// Which one.
        phase: Phase,
    },
    /// The server stopped reading.
    Unread {
        /// The phase whose command was to be sent.
        phase: Phase,
    },
    /// The overall time limit was reached.
    TimeUp {
        /// The phase of the session at that moment.
        phase: Phase,
    },
    /// The user stopped the program.
    Interrupted,
}

/// Why TCP did not connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConnectFault {
    /// The kind, the same on every system.
    pub kind: ConnectFaultKind,
    /// The system's number, where it gave one.
    pub errno: Option<i32>,
    /// The system's words.
    pub detail: String,
}

/// Kinds of connection faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ConnectFaultKind {
    /// ECONNREFUSED: no service listens on the port, or a firewall rejects the connection.
    Refused,
    /// No answer within the timeout, or ETIMEDOUT.
    TimedOut,
    /// EHOSTUNREACH.
    HostUnreachable,
    /// ENETUNREACH: this machine has no route of that family.
    NetworkUnreachable,
    /// EADDRNOTAVAIL: this machine has no address of that family.
    NoSourceAddress,
    /// EACCES or EPERM: a policy of this machine.
    DeniedHere,
    /// ECONNRESET during connect.
    Reset,
    /// Something else.
    Other,
}

impl fmt::Display for ConnectFaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConnectFaultKind::Refused => "connection refused",
            ConnectFaultKind::TimedOut => "no answer",
            ConnectFaultKind::HostUnreachable => "no route to host",
            ConnectFaultKind::NetworkUnreachable => "network unreachable",
            ConnectFaultKind::NoSourceAddress => "this machine has no address of this family",
            ConnectFaultKind::DeniedHere => "not permitted on this machine",
            ConnectFaultKind::Reset => "connection reset",
            ConnectFaultKind::Other => "connection failed",
        })
    }
}

/// Why TLS could not be started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TlsFault {
    /// What was received instead of a handshake.
    #[serde(flatten)]
    pub kind: TlsFaultKind,
    /// The first bytes that the server sent after the ClientHello, at most 64, as text.
    pub first_bytes: String,
    /// The TLS library's words.
    pub detail: String,
    /// The server name in the ClientHello (SNI); none if none was sent: the target is an IP address (RFC 6066 §3).
    #[serde(default)]
    pub sni: Option<String>,
    /// What the server's first flight said in clear text before the handshake failed; none if nothing of it came.
    #[serde(default)]
    pub server_hello: Option<Box<ServerHello>>,
}

/// What was received instead of a handshake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "instead", rename_all = "kebab-case")]
pub enum TlsFaultKind {
    /// Something that is not a TLS record: plain SMTP, or another protocol.
    NotTls,
    /// An alert (RFC 8446 §6).
    Alert {
        /// Its number.
        code: u8,
        /// Its name.
        name: String,
    },
    /// End of stream.
    Closed,
    /// RST.
    Reset,
    /// Nothing within the time for one reply.
    Silent {
        /// How long, milliseconds.
        waited_ms: f64,
    },
    /// TLS, but not to agree with.
    Incompatible {
        /// In what.
        why: Incompatibility,
    },
}

/// In what server and TLS library do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Incompatibility {
    /// The server chose a version that was not offered.
    Version,
    /// The server marks that it can do TLS 1.3, and chose TLS 1.2 although TLS 1.3 was offered (RFC 8446 §4.1.3).
    Downgraded,
    /// A message of the server is larger than any that is accepted (64 KiB): mostly its certificates.
    TooLarge,
    /// Something else.
    Other,
}
