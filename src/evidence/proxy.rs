//! What happens between this machine and a proxy, and why a connection through the proxy failed. These facts do not
//! describe the mail server itself: a proxy reports only its own connection attempt.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::connect::ConnectFaultKind;

/// The result of asking a proxy to connect to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum TunnelResult {
    /// The proxy has connected to the server, and this session uses the connection.
    Connected,
    /// The proxy did not connect to the server.
    Failed {
        /// The reason.
        fault: ProxyFault,
    },
}

/// Why a proxy did not connect to the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProxyFault {
    /// The kind of fault.
    #[serde(flatten)]
    pub kind: ProxyFaultKind,
    /// The proxy's response, or this machine's error message.
    pub detail: String,
}

/// Kinds of proxy faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ProxyFaultKind {
    /// The proxy's name has no IP address.
    NameUnknown,
    /// The proxy cannot be reached.
    Unreachable {
        /// Why the most significant connection attempt failed.
        connect: ConnectFaultKind,
    },
    /// The proxy requires a user name and a password, and none were given.
    LoginRequired,
    /// The proxy rejects the user name or the password.
    LoginRejected,
    /// The proxy's rules do not allow the connection.
    Denied,
    /// The proxy tried to connect to the server and failed.
    ServerUnreachable {
        /// The reason that the proxy states.
        reason: ServerUnreachable,
    },
    /// The proxy does not support the request, for example IPv6.
    Unsupported,
    /// The response is not from a proxy that uses this protocol.
    NotThisProtocol {
        /// What responded, as far as the first bytes show.
        instead: SpokenInstead,
    },
    /// The proxy closed the connection without a response.
    Closed,
    /// The proxy accepted the connection and sent no response to the first message of the proxy protocol.
    Silent,
    /// The proxy was asked to connect to the server, and sent no response within the time limit.
    NoResult,
}

/// Why the proxy could not connect to the server, in the words of its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ServerUnreachable {
    /// The connection was refused.
    Refused,
    /// The host cannot be reached.
    Host,
    /// The network cannot be reached.
    Network,
    /// There was no response in time.
    TimedOut,
    /// The proxy does not state a reason.
    Unknown,
}

/// What the first bytes of a response show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SpokenInstead {
    /// HTTP.
    Http,
    /// A SOCKS proxy that uses another version.
    Socks,
    /// A mail server.
    Smtp,
    /// TLS.
    Tls,
    /// Something else.
    Other,
}

impl SpokenInstead {
    /// What these first bytes show.
    pub fn of(bytes: &[u8]) -> SpokenInstead {
        match bytes {
            [b'H', b'T', ..] | [b'H'] | [b'<', ..] => SpokenInstead::Http,
            [b'2' | b'4' | b'5', b'0'..=b'9', ..] | [b'2'] => SpokenInstead::Smtp,
            [0x15 | 0x16, 3, ..] => SpokenInstead::Tls,
            [0 | 5, ..] => SpokenInstead::Socks,
            _ => SpokenInstead::Other,
        }
    }
}

impl fmt::Display for ProxyFaultKind {
    /// What happened, as the end of a sentence about the proxy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProxyFaultKind::NameUnknown => "its name has no IP address",
            ProxyFaultKind::Unreachable { connect } => return connect.fmt(f),
            ProxyFaultKind::LoginRequired => "it needs a login",
            ProxyFaultKind::LoginRejected => "it rejects the login",
            ProxyFaultKind::Denied => "it does not allow the connection",
            ProxyFaultKind::ServerUnreachable { reason } => return reason.fmt(f),
            ProxyFaultKind::Unsupported => "it does not support the request",
            ProxyFaultKind::NotThisProtocol { .. } => "the response is not from such a proxy",
            ProxyFaultKind::Closed => "it closed the connection",
            ProxyFaultKind::Silent => "no response",
            ProxyFaultKind::NoResult => "no response to the connection request",
        })
    }
}

impl fmt::Display for ServerUnreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ServerUnreachable::Refused => "connection refused",
            ServerUnreachable::Host => "host unreachable",
            ServerUnreachable::Network => "network unreachable",
            ServerUnreachable::TimedOut => "no answer",
            ServerUnreachable::Unknown => "no reason stated",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::SpokenInstead;

    #[test]
    fn the_first_bytes_show_what_responded() {
        for (bytes, expected) in [
            (&b"HTTP/1.1 400 Bad Request"[..], SpokenInstead::Http),
            (b"220 mx.example.net ESMTP", SpokenInstead::Smtp),
            (b"554 no", SpokenInstead::Smtp),
            (&[0x15, 3, 3, 0, 2], SpokenInstead::Tls),
            (&[5, 0xff], SpokenInstead::Socks),
            (&[0, 0x5b], SpokenInstead::Socks),
            (b"SSH-2.0", SpokenInstead::Other),
            (b"", SpokenInstead::Other),
        ] {
            assert_eq!(SpokenInstead::of(bytes), expected, "{bytes:?}");
        }
    }
}
