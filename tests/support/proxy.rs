//! A SOCKS4a, SOCKS5 and HTTP proxy on loopback that forwards connections, for tests of sessions through a proxy. It
//! records the targets that clients request.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A running proxy.
pub struct Proxy {
    pub address: SocketAddr,
    targets: Arc<Mutex<Vec<String>>>,
}

/// The protocol of a proxy.
#[derive(Clone, Copy)]
pub enum Protocol {
    Socks4a,
    Socks5,
    Http,
}

impl Proxy {
    /// Starts a proxy that connects each client to this server, whatever target the client names.
    pub fn start(protocol: Protocol, server: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let targets: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&targets);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || serve(protocol, client, server, &seen));
            }
        });
        Proxy { address, targets }
    }

    /// The targets that clients have named, in order.
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap().clone()
    }
}

/// Returns early if the client disconnects. The result of the test then shows this.
fn serve(protocol: Protocol, mut client: TcpStream, server: SocketAddr, seen: &Mutex<Vec<String>>) -> Option<()> {
    let target = match protocol {
        Protocol::Socks4a => {
            let mut head = [0; 8];
            client.read_exact(&mut head).ok()?;
            // The version, CONNECT, and an address that announces a name after the user name.
            if head[..2] != [4, 1] || head[4..7] != [0; 3] || head[7] == 0 {
                return None;
            }
            let mut text = || {
                let mut bytes = Vec::new();
                loop {
                    let mut byte = [0];
                    client.read_exact(&mut byte).ok()?;
                    if byte == [0] {
                        return String::from_utf8(bytes).ok();
                    }
                    bytes.extend(byte);
                }
            };
            let _user = text()?;
            format!("{}:{}", text()?, u16::from_be_bytes([head[2], head[3]]))
        }
        Protocol::Socks5 => {
            let mut head = [0; 2];
            client.read_exact(&mut head).ok()?;
            client.read_exact(&mut vec![0; usize::from(head[1])]).ok()?;
            client.write_all(&[5, 0]).ok()?;
            let mut request = [0; 4];
            client.read_exact(&mut request).ok()?;
            let host = match request[3] {
                1 => {
                    let mut ip = [0; 4];
                    client.read_exact(&mut ip).ok()?;
                    std::net::Ipv4Addr::from(ip).to_string()
                }
                3 => {
                    let mut length = [0];
                    client.read_exact(&mut length).ok()?;
                    let mut name = vec![0; usize::from(length[0])];
                    client.read_exact(&mut name).ok()?;
                    String::from_utf8(name).ok()?
                }
                _ => return None,
            };
            let mut port = [0; 2];
            client.read_exact(&mut port).ok()?;
            format!("{host}:{}", u16::from_be_bytes(port))
        }
        Protocol::Http => {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                client.read_exact(&mut byte).ok()?;
                head.extend(byte);
            }
            String::from_utf8(head).ok()?.split(' ').nth(1)?.to_owned()
        }
    };
    seen.lock().unwrap().push(target);
    let mut upstream = TcpStream::connect(server).ok()?;
    match protocol {
        Protocol::Socks4a => client.write_all(&[0, 90, 0, 0, 0, 0, 0, 0]).ok()?,
        // The bound address is a name, as dante sends it after a failure.
        Protocol::Socks5 => client.write_all(&[5, 0, 0, 3, 1, b'x', 0, 25]).ok()?,
        Protocol::Http => client.write_all(b"HTTP/1.0 200 Connection established\r\nProxy-Agent: test\r\n\r\n").ok()?,
    }
    let (mut from_client, mut to_server) = (client.try_clone().ok()?, upstream.try_clone().ok()?);
    let forward = std::thread::spawn(move || {
        let copied = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
        copied
    });
    let _ = std::io::copy(&mut upstream, &mut client);
    let _ = client.shutdown(Shutdown::Write);
    forward.join().ok()?.ok().map(drop)
}
