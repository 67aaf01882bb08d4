//! Opens one TCP connection to one IP address, from the IP address, interface and port that the plan names.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};

use crate::evidence::ConnectFault;
use crate::evidence::fault::ConnectFaultKind;
use crate::plan::{ConnectionSource, PortRange, SourceInterface};

/// Connects to this address. If several local ports are allowed, the first free one is used.
pub(super) async fn connect(address: SocketAddr, source: &ConnectionSource) -> Result<TcpStream, ConnectFault> {
    let Some(ports) = source.ports else {
        return match &source.interface {
            None => TcpStream::connect(address).await.map_err(|error| describe(&error)),
            Some(interface) => {
                let socket = bound(address, Some(interface), 0).map_err(|error| unbound(&error))?;
                socket.connect(address).await.map_err(|error| describe(&error))
            }
        };
    };
    let mut last = None;
    for port in ports.first..=ports.last {
        let socket = match bound(address, source.interface.as_ref(), port) {
            Ok(socket) => socket,
            Err(error) if is_about_port(&error) => {
                last = Some(error);
                continue;
            }
            Err(error) => return Err(unbound(&error)),
        };
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            // An earlier connection from this port to the same server is still waiting to expire (TIME-WAIT, RFC 9293
            // §3.4.2).
            Err(error) if matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse) => {
                last = Some(error);
            }
            Err(error) => return Err(describe(&error)),
        }
    }
    Err(no_port(ports, last.as_ref()))
}

/// Creates a socket and binds it to its local end (interface and port).
fn bound(address: SocketAddr, interface: Option<&SourceInterface>, port: u16) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    let unspecified = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let ip = match interface {
        Some(SourceInterface::Address { address }) => *address,
        Some(SourceInterface::Name { name }) => {
            to_device(&socket, name)?;
            unspecified
        }
        None => unspecified,
    };
    if port != 0 {
        // Several connections from one port are possible, if their destinations differ.
        socket.set_reuseaddr(true)?;
    }
    if port != 0 || ip != unspecified {
        socket.bind(SocketAddr::new(ip, port))?;
    }
    Ok(socket)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn to_device(socket: &TcpSocket, name: &str) -> io::Result<()> {
    socket.bind_device(Some(name.as_bytes()))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn to_device(_: &TcpSocket, _: &str) -> io::Result<()> {
    Err(io::Error::other("this system cannot select the interface for a connection"))
}

fn is_about_port(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

/// The fault if the local end could not be used. In that case, smtpcheck did not connect to the server.
fn unbound(error: &io::Error) -> ConnectFault {
    ConnectFault { kind: ConnectFaultKind::SourceMissing, errno: error.raw_os_error(), detail: error.to_string() }
}

fn no_port(ports: PortRange, error: Option<&io::Error>) -> ConnectFault {
    let why = error.map_or_else(|| "no port".to_owned(), ToString::to_string);
    ConnectFault {
        kind: ConnectFaultKind::SourcePorts,
        errno: error.and_then(io::Error::raw_os_error),
        detail: format!("local port {ports}: {why}"),
    }
}

/// The fault for an operating system error.
pub(super) fn describe(error: &io::Error) -> ConnectFault {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectFaultKind::Refused,
        io::ErrorKind::TimedOut => ConnectFaultKind::TimedOut,
        io::ErrorKind::HostUnreachable => ConnectFaultKind::HostUnreachable,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => ConnectFaultKind::NetworkUnreachable,
        io::ErrorKind::AddrNotAvailable => ConnectFaultKind::NoSourceAddress,
        io::ErrorKind::PermissionDenied => ConnectFaultKind::DeniedHere,
        io::ErrorKind::ConnectionReset => ConnectFaultKind::Reset,
        _ => ConnectFaultKind::Other,
    };
    ConnectFault { kind, errno: error.raw_os_error(), detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::connect;
    use crate::evidence::fault::ConnectFaultKind;
    use crate::plan::{ConnectionSource, PortRange, SourceInterface};

    fn listener() -> TcpListener {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port")
    }

    #[tokio::test]
    async fn the_connection_comes_from_the_given_address_and_port() {
        let listener = listener();
        let address = listener.local_addr().expect("an address");
        let free = {
            let other = self::listener();
            other.local_addr().expect("an address").port()
        };
        let interface = Some(SourceInterface::Address { address: Ipv4Addr::new(127, 0, 0, 2).into() });
        let source = ConnectionSource { interface, ports: Some(PortRange { first: free, last: free }) };
        let stream = connect(address, &source).await.expect("a connection");
        let (_, peer) = listener.accept().expect("a client");
        assert_eq!(peer.to_string(), format!("127.0.0.2:{free}"));
        drop(stream);
    }

    #[tokio::test]
    async fn an_address_that_this_machine_does_not_have_is_a_fault_of_the_source() {
        let listener = listener();
        let interface = Some(SourceInterface::Address { address: Ipv4Addr::new(192, 0, 2, 77).into() });
        let source = ConnectionSource { interface, ports: None };
        let fault = connect(listener.local_addr().expect("an address"), &source).await.expect_err("a fault");
        assert_eq!(fault.kind, ConnectFaultKind::SourceMissing);
        let interface = Some(SourceInterface::Name { name: "no-such-if".to_owned() });
        let source = ConnectionSource { interface, ports: None };
        let fault = connect(listener.local_addr().expect("an address"), &source).await.expect_err("a fault");
        assert_eq!(fault.kind, ConnectFaultKind::SourceMissing);
    }

    #[tokio::test]
    async fn ports_that_are_in_use_are_skipped() {
        let (listener, taken) = (listener(), listener());
        let port = taken.local_addr().expect("an address").port();
        let interface = Some(SourceInterface::Address { address: Ipv4Addr::LOCALHOST.into() });
        let source = ConnectionSource { interface, ports: Some(PortRange { first: port, last: port }) };
        let fault = connect(listener.local_addr().expect("an address"), &source).await.expect_err("a fault");
        assert_eq!(fault.kind, ConnectFaultKind::SourcePorts);
    }
}
