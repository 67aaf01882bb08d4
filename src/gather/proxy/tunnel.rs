//! The parts that all proxy protocols share: the target, the login and the result.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{ProxyFault, ProxyFaultKind};
use crate::secret::Secret;
use crate::wire::Host;

/// The user name and the password for a proxy.
#[derive(Clone, Copy)]
pub(super) struct ProxyLogin<'a> {
    pub(super) user: &'a str,
    /// `None` for SOCKS4, which has no passwords.
    pub(super) password: Option<&'a Secret>,
}

/// What the proxy connects to.
#[derive(Clone, Debug)]
pub(super) struct TunnelTarget {
    pub(super) host: Host,
    pub(super) port: u16,
}

impl TunnelTarget {
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self.host {
            Host::Ip(ip) => Some(SocketAddr::new(ip, self.port)),
            _ => None,
        }
    }
}

/// The result of the exchange with a proxy.
pub(super) struct TunnelEnd {
    pub(super) result: Result<TcpStream, ProxyFault>,
    /// Whether the password was sent.
    pub(super) has_logged_in: bool,
}

/// The fault for an error while data was exchanged with the proxy.
pub(super) fn broken(error: &io::Error) -> ProxyFault {
    let kind = match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            ProxyFaultKind::Closed
        }
        _ => ProxyFaultKind::Unreachable { connect: ConnectFaultKind::Other },
    };
    ProxyFault { kind, detail: error.to_string() }
}
