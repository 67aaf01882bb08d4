//! Which loopback ports and addresses the servers listen on.
//!
//! Promises: a port returned was free a moment ago on every loopback address, and is not given out twice by this
//! process.
//! Does not: reserve it; a server binds it later. What keeps others away in between is said at `free_port`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// A port to listen on, below the range that the kernel takes ports for outgoing connections from (32768 and up), so
/// that a client connecting meanwhile cannot take it. Test processes that run at the same time have neighbouring
/// process ids, so each starts to look in its own block.
pub fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const BLOCK: u16 = 32;
    const BLOCKS: u16 = 390;
    static TAKEN: AtomicU16 = AtomicU16::new(0);

    let block = u16::try_from(std::process::id() % u32::from(BLOCKS)).expect("below BLOCKS");
    for _ in 0..BLOCK * BLOCKS {
        let offset = block * BLOCK + TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + offset % (BLOCK * BLOCKS);
        if loopbacks().iter().all(|address| TcpListener::bind((*address, port)).is_ok()) {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + BLOCK * BLOCKS);
}

/// 127.0.0.1, and ::1 where this machine has it.
pub fn loopbacks() -> &'static [IpAddr] {
    const BOTH: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    static HAS_IPV6: LazyLock<bool> = LazyLock::new(|| TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok());
    if *HAS_IPV6 { BOTH } else { &BOTH[..1] }
}
