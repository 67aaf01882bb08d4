//! Serves DNS over UDP and TCP on one port. A [`DnsContent`] provides the answers.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// The time limit for a connection over TCP.
const LIFETIME: Duration = Duration::from_secs(10);

/// How many ports are tried if any port will do.
const FREE_PORT_TRIES: u32 = 100;

/// The transport over which a question arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Udp,
    Tcp,
}

/// Provides the answers of a DNS server.
pub(super) trait DnsContent: 'static {
    /// The answer to a question; both are DNS messages. `None` if the question is ignored.
    fn respond(&self, question: &[u8], carrier: Carrier) -> Option<Vec<u8>>;
}

/// A DNS server with its bound sockets.
pub(super) struct DnsServer<C> {
    udp: UdpSocket,
    tcp: TcpListener,
    address: SocketAddr,
    content: C,
}

impl<C: DnsContent> DnsServer<C> {
    /// Binds UDP and TCP to the same port.
    pub(super) fn bind(address: SocketAddr, content: C) -> io::Result<DnsServer<C>> {
        let (udp, tcp) = sockets(address)?;
        let address = udp.local_addr()?;
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        Ok(DnsServer { udp: UdpSocket::from_std(udp)?, tcp: TcpListener::from_std(tcp)?, address, content })
    }

    /// The IP address and port of the server.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers questions until it is dropped. Each TCP connection has its own task, so that a silent client does not
    /// delay the others. Must be called inside the local task set.
    pub(super) async fn run(self) {
        let content = Rc::new(self.content);
        let mut buffer = [0; 4096];
        loop {
            tokio::select! {
                received = self.udp.recv_from(&mut buffer) => {
                    let Ok((count, peer)) = received else { continue };
                    if let Some(answer) = content.respond(buffer.get(..count).unwrap_or_default(), Carrier::Udp) {
                        let _ = self.udp.send_to(&answer, peer).await;
                    }
                }
                accepted = self.tcp.accept() => {
                    let Ok((stream, _)) = accepted else {
                        // For example, too many files are open. The next accept may succeed.
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        continue;
                    };
                    let content = Rc::clone(&content);
                    tokio::task::spawn_local(async move {
                        let _ = tokio::time::timeout(LIFETIME, over_tcp(&*content, stream)).await;
                    });
                }
            }
        }
    }
}

/// Answers questions over TCP, where a message is preceded by its length (RFC 7766 §8).
async fn over_tcp(content: &impl DnsContent, mut stream: TcpStream) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; usize::from(length)];
        stream.read_exact(&mut question).await?;
        let Some(answer) = content.respond(&question, Carrier::Tcp) else { return Ok(()) };
        stream.write_u16(u16::try_from(answer.len()).unwrap_or(0)).await?;
        stream.write_all(&answer).await?;
    }
}

/// A UDP socket and a TCP socket with the same port. If any port will do, other ports are tried while the TCP port is in
/// use, because a free UDP port can be the TCP port of a connection.
fn sockets(address: SocketAddr) -> io::Result<(std::net::UdpSocket, std::net::TcpListener)> {
    let mut tries = if address.port() == 0 { FREE_PORT_TRIES } else { 1 };
    loop {
        let udp = std::net::UdpSocket::bind(address)?;
        tries -= 1;
        match std::net::TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if tries == 0 || error.kind() != io::ErrorKind::AddrInUse => return Err(error),
            Err(_) => {}
        }
    }
}
