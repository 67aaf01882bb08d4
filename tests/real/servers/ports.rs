//! The loopback ports and addresses on which the servers listen.
//!
//! A port was free on every loopback address when it was returned, and this process does not return it twice.
//! The port is not reserved until a server binds it. `free_port` explains why other programs are unlikely to take it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// A port below the range that the kernel uses for outgoing connections (32768 and above), so that no client can take
/// it in the meantime. Test processes that run at the same time have similar process ids, so each one begins its search
/// in a different block.
pub fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const BLOCK: u16 = 32;
    const BLOCKS: u16 = 390;
    static TAKEN: AtomicU16 = AtomicU16::new(0);

    let block = u16::try_from(std::process::id() % u32::from(BLOCKS)).expect("the number is below BLOCKS");
    for _ in 0..BLOCK * BLOCKS {
        let offset = block * BLOCK + TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + offset % (BLOCK * BLOCKS);
        if loopbacks().iter().all(|address| TcpListener::bind((*address, port)).is_ok()) {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + BLOCK * BLOCKS);
}

/// 127.0.0.1, and ::1 if this machine has it.
pub fn loopbacks() -> &'static [IpAddr] {
    const BOTH: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    static HAS_IPV6: LazyLock<bool> = LazyLock::new(|| TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok());
    if *HAS_IPV6 { BOTH } else { &BOTH[..1] }
}
