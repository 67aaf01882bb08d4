//! The reasons why a probe can fail. This file contains facts only; the checks write the sentences for the user.

use serde::{Deserialize, Serialize};

pub use super::connect::{ConnectFault, ConnectFaultKind};
use super::{Phase, ProxyFault, SocketFault};
use crate::wire::tls::ServerHello;

/// Why a probe has no complete answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// There was no IP address to connect to. The result of the name lookup contains the reason.
    NoAddress,
    /// The name has only IP addresses that are not public, and the request must not be sent to them.
    NotPublic {
        /// One of the IP addresses.
        address: std::net::IpAddr,
    },
    /// smtpcheck could not connect to any IP address. All attempts are in the transcript; the fault here is that of the
    /// most significant attempt.
    NotConnected {
        /// Why that attempt failed.
        connect: ConnectFault,
    },
    /// smtpcheck could not connect to the Unix socket.
    SocketNotConnected {
        /// Why the attempt failed.
        socket: Box<SocketFault>,
    },
    /// The proxy did not connect to the server.
    Proxy {
        /// The reason.
        proxy: ProxyFault,
    },
    /// The server did not reply before the timeout.
    Silent {
        /// The phase whose reply was due.
        phase: Phase,
        /// The time waited, in milliseconds.
        waited_ms: f64,
        /// The number of bytes of an incomplete reply that had arrived.
        partial_bytes: usize,
    },
    /// The server closed the connection when a reply was due.
    Closed {
        /// The phase whose reply was due.
        phase: Phase,
        /// Whether the connection was reset (RST) instead of closed (FIN).
        reset: bool,
    },
    /// The server sent binary data instead of a greeting. The data is in the transcript.
    Binary,
    /// TLS could not be started.
    Tls {
        /// The reason.
        tls: TlsFault,
    },
    /// A reply exceeded the size limit.
    Endless {
        /// The phase of the reply.
        phase: Phase,
    },
    /// The server stopped reading from the connection.
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
    /// No usable response to a DNS query was received.
    Dns {
        /// The reason.
        kind: DnsFaultKind,
        /// The error message.
        detail: String,
    },
    /// The response of a web server is not valid HTTP.
    Http {
        /// The error message.
        detail: String,
    },
}

/// Why there is no usable response to a DNS query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DnsFaultKind {
    /// No response was received within the time limit.
    Timeout,
    /// The server cannot be reached: no route, or the port is closed.
    Unreachable,
    /// The response does not fit into a UDP packet, and the server does not respond over TCP.
    TcpFailed,
    /// The response cannot be parsed, or does not belong to the query.
    Malformed,
    /// The CNAME records form a loop.
    AliasLoop,
    /// The chain of CNAME records is longer than smtpcheck follows.
    AliasLimit,
    /// The resolver of this machine is not configured.
    NoResolver,
    /// The server responded with an error code such as SERVFAIL or REFUSED to a query that another probe needed.
    ErrorCode,
    /// The query was not sent, because smtpcheck limits the size of all DNS responses of a check.
    SizeLimit,
}

/// Why TLS could not be started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TlsFault {
    /// The event that occurred instead of a handshake.
    #[serde(flatten)]
    pub kind: TlsFaultKind,
    /// The first bytes that the server sent after the ClientHello, at most 64, as text.
    pub first_bytes: String,
    /// The error message of the TLS library.
    pub detail: String,
    /// The server name in the ClientHello (SNI); null if none was sent because the target is an IP address (RFC 6066
    /// §3).
    #[serde(default)]
    pub sni: Option<String>,
    /// The unencrypted part of the server's first flight, sent before the handshake failed; null if none was received.
    #[serde(default)]
    pub server_hello: Option<Box<ServerHello>>,
}

/// The event that occurred instead of a handshake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "instead", rename_all = "kebab-case")]
pub enum TlsFaultKind {
    /// The server sent bytes that are not a TLS record: plain SMTP or another protocol.
    NotTls,
    /// The server sent an alert (RFC 8446 §6).
    Alert {
        /// The number of the alert.
        code: u8,
        /// The name of the alert.
        name: String,
    },
    /// The server closed the connection.
    Closed,
    /// The connection was reset (RST).
    Reset,
    /// The server sent no bytes before the timeout.
    Silent {
        /// The time waited, in milliseconds.
        waited_ms: f64,
    },
    /// The server sent TLS, but the server and the TLS library could not agree on the parameters.
    Incompatible {
        /// The point of disagreement.
        why: Incompatibility,
    },
}

/// The parameter that the server and the TLS library could not agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Incompatibility {
    /// The server chose a version that was not offered.
    Version,
    /// The server indicated that it supports TLS 1.3, but chose TLS 1.2 although TLS 1.3 was offered (RFC 8446 §4.1.3).
    Downgraded,
    /// A message from the server, usually the one with its certificates, exceeds the limit of 64 KiB.
    TooLarge,
    /// Any other reason.
    Other,
}
