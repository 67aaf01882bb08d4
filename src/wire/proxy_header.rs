//! The header of the PROXY protocol, which a load balancer uses to pass the client's address to a server. It
//! precedes everything else on a connection, TLS included, and the server does not reply to it. The specification is
//! haproxy's document "The PROXY protocol", versions 1 and 2.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The version of the header (`--haproxy-protocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProxyHeaderVersion {
    /// One line of text.
    V1,
    /// Binary.
    V2,
}

/// The first 12 bytes of version 2. They contain `QUIT` with a line ending, so that a server that expects text closes
/// the connection.
const SIGNATURE: [u8; 12] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/// Version 2 and the command PROXY.
const PROXY: u8 = 0x21;
/// TCP over IPv4, and over IPv6.
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;

/// The header for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    version: ProxyHeaderVersion,
    ends: Ends,
}

/// Both ends in the same address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    V4([u8; 4], [u8; 4], u16, u16),
    V6([u8; 16], [u8; 16], u16, u16),
}

impl ProxyHeader {
    /// The header for a client and a server. If their address families differ, both are written as IPv6 addresses.
    pub fn new(version: ProxyHeaderVersion, client: SocketAddr, server: SocketAddr) -> ProxyHeader {
        let ports = (client.port(), server.port());
        let ends = match (client.ip().to_canonical(), server.ip().to_canonical()) {
            (IpAddr::V4(client), IpAddr::V4(server)) => Ends::V4(client.octets(), server.octets(), ports.0, ports.1),
            (client, server) => Ends::V6(in_v6(client), in_v6(server), ports.0, ports.1),
        };
        ProxyHeader { version, ends }
    }

    /// The bytes to send.
    pub fn bytes(&self) -> Vec<u8> {
        match self.version {
            ProxyHeaderVersion::V1 => format!("{self}\r\n").into_bytes(),
            ProxyHeaderVersion::V2 => {
                let (family, addresses, ports) = match self.ends {
                    Ends::V4(client, server, from, to) => (TCP4, [client.as_slice(), &server].concat(), [from, to]),
                    Ends::V6(client, server, from, to) => (TCP6, [client.as_slice(), &server].concat(), [from, to]),
                };
                let length = u16::try_from(addresses.len() + 4).unwrap_or(u16::MAX);
                let mut bytes = SIGNATURE.to_vec();
                bytes.extend([PROXY, family]);
                bytes.extend(length.to_be_bytes());
                bytes.extend(addresses);
                bytes.extend(ports.into_iter().flat_map(u16::to_be_bytes));
                bytes
            }
        }
    }
}

fn in_v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

impl fmt::Display for ProxyHeader {
    /// The line of version 1, without its line ending. Version 2 contains the same values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (family, client, server, from, to) = match self.ends {
            Ends::V4(client, server, from, to) => ("TCP4", IpAddr::from(client), IpAddr::from(server), from, to),
            Ends::V6(client, server, from, to) => ("TCP6", IpAddr::from(client), IpAddr::from(server), from, to),
        };
        write!(f, "PROXY {family} {client} {server} {from} {to}")
    }
}

impl fmt::Display for ProxyHeaderVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProxyHeaderVersion::V1 => "v1",
            ProxyHeaderVersion::V2 => "v2",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{ProxyHeader, ProxyHeaderVersion};

    fn bytes(version: ProxyHeaderVersion, client: &str, server: &str) -> Vec<u8> {
        let address = |text: &str| text.parse().expect("an address");
        ProxyHeader::new(version, address(client), address(server)).bytes()
    }

    /// The addresses are those of the examples in the specification.
    #[test]
    fn version_1_is_one_line() {
        let (v4, v6) = (("192.168.0.1:56324", "192.168.0.11:443"), ("[2001:db8::1]:56324", "[2001:db8::2]:25"));
        let line = |client, server| String::from_utf8(bytes(ProxyHeaderVersion::V1, client, server));
        assert_eq!(line(v4.0, v4.1).as_deref(), Ok("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"));
        assert_eq!(line(v6.0, v6.1).as_deref(), Ok("PROXY TCP6 2001:db8::1 2001:db8::2 56324 25\r\n"));
        let longest = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";
        assert!(line(longest, longest).is_ok_and(|line| line.len() <= 107));
    }

    #[test]
    fn version_2_has_the_signature_the_addresses_and_the_ports() {
        let v4 = bytes(ProxyHeaderVersion::V2, "192.0.2.1:56324", "198.51.100.2:25");
        let head = [13, 10, 13, 10, 0, 13, 10, b'Q', b'U', b'I', b'T', 10, 0x21, 0x11, 0, 12];
        assert_eq!(v4, [&head[..], &[192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0, 25]].concat());
        let v6 = bytes(ProxyHeaderVersion::V2, "[2001:db8::1]:56324", "[2001:db8::2]:25");
        assert_eq!((v6.len(), v6.get(13..16)), (52, Some(&[0x21, 0, 36][..])));
        assert_eq!(v6.get(16..20), Some(&[0x20, 0x01, 0x0d, 0xb8][..]));
    }

    #[test]
    fn addresses_of_different_families_are_written_as_ipv6() {
        let line = String::from_utf8(bytes(ProxyHeaderVersion::V1, "192.0.2.1:1", "[2001:db8::2]:25"));
        assert_eq!(line.as_deref(), Ok("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 25\r\n"));
    }
}
