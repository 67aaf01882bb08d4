//! Binds ports, and reports why the sandbox cannot start.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// Why the sandbox cannot start.
#[derive(Debug)]
pub enum StartError {
    /// An IP address and port cannot be bound.
    Bind {
        /// The IP address and port.
        address: SocketAddr,
        /// Its use: the name of a scenario, `the fleet` or `DNS`.
        what: String,
        /// The flag that selects the port.
        flag: &'static str,
        /// The operating system's error.
        error: io::Error,
    },
    /// Too few ports are left between the first one and 65535.
    OutOfPorts {
        /// The first port.
        first: u16,
        /// The number of scenarios.
        count: usize,
    },
    /// The machine cannot use all addresses in 127.0.0.0/8.
    NoFleet(io::Error),
    /// Another operation failed that should work on every machine.
    Machine(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Bind { address, what, flag, error } if error.kind() == io::ErrorKind::AddrInUse => {
                write!(f, "{address} (for {what}) is in use by another program; choose another port with {flag}")
            }
            StartError::Bind { address, what, error, .. } => {
                write!(f, "cannot listen on {address} (for {what}): {error}")
            }
            StartError::OutOfPorts { first, count } => {
                write!(f, "--port {first}: {count} scenarios need {count} ports, but the highest port is 65535")
            }
            StartError::NoFleet(error) => {
                write!(
                    f,
                    "--fleet needs all addresses in 127.0.0.0/8, which are usually available only on Linux; 127.1.0.1 cannot be used: {error}"
                )
            }
            StartError::Machine(why) => write!(f, "the sandbox cannot start: {why}"),
        }
    }
}

impl std::error::Error for StartError {}

/// Binds a port. `what` is its use and `flag` selects it, for the error message.
pub(super) fn bind(address: SocketAddr, what: &str, flag: &'static str) -> Result<TcpListener, StartError> {
    let failed = |error| StartError::Bind { address, what: what.to_owned(), flag, error };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    TcpListener::from_std(listener).map_err(failed)
}
