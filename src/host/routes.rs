//! The routes of this machine to IPv4 and IPv6.

use std::net::UdpSocket;

use crate::plan::Family;

/// Whether this machine has a route to IP addresses of a family. Nothing is sent, because connecting a UDP socket only
/// looks up the route.
pub fn has_route(family: Family) -> bool {
    let reaches = |from: &str, to: &str| UdpSocket::bind(from).and_then(|socket| socket.connect(to)).is_ok();
    let (v4, v6) = (|| reaches("0.0.0.0:0", "192.0.2.1:9"), || reaches("[::]:0", "[2001:db8::1]:9"));
    match family {
        Family::V4 => v4(),
        Family::V6 => v6(),
        Family::Any => v4() || v6(),
    }
}
