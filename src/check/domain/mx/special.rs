//! IP addresses that are not public: the special-purpose address registries of IANA.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The use of an IP address that is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddressUse {
    Unspecified,
    Loopback,
    LinkLocal,
    Private,
    /// Between a provider and its customers (100.64.0.0/10).
    CarrierNat,
    Documentation,
    Benchmark,
    Multicast,
    Reserved,
}

impl fmt::Display for AddressUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressUse::Unspecified => "unspecified",
            AddressUse::Loopback => "loopback",
            AddressUse::LinkLocal => "link-local",
            AddressUse::Private => "private",
            AddressUse::CarrierNat => "carrier-grade NAT",
            AddressUse::Documentation => "for documentation",
            AddressUse::Benchmark => "for benchmarks",
            AddressUse::Multicast => "multicast",
            AddressUse::Reserved => "reserved",
        })
    }
}

/// The special use of an IP address; `None` for a public one.
pub(super) fn special_use(ip: IpAddr) -> Option<AddressUse> {
    match ip.to_canonical() {
        IpAddr::V4(v4) => of_ipv4(v4),
        IpAddr::V6(v6) => of_ipv6(v6),
    }
}

fn of_ipv4(ip: Ipv4Addr) -> Option<AddressUse> {
    let [a, b, c, _] = ip.octets();
    Some(match (a, b, c) {
        (0, ..) => AddressUse::Unspecified,
        (127, ..) => AddressUse::Loopback,
        (169, 254, _) => AddressUse::LinkLocal,
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => AddressUse::Private,
        (100, 64..=127, _) => AddressUse::CarrierNat,
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => AddressUse::Documentation,
        (198, 18..=19, _) => AddressUse::Benchmark,
        (224..=239, ..) => AddressUse::Multicast,
        (192, 0, 0) | (240..=255, ..) => AddressUse::Reserved,
        _ => return None,
    })
}

fn of_ipv6(ip: Ipv6Addr) -> Option<AddressUse> {
    let [first, second, ..] = ip.segments();
    Some(match first {
        _ if ip.is_unspecified() => AddressUse::Unspecified,
        _ if ip.is_loopback() => AddressUse::Loopback,
        0xfe80..=0xfebf => AddressUse::LinkLocal,
        0xfc00..=0xfdff => AddressUse::Private,
        0x2001 if second == 0x0db8 => AddressUse::Documentation,
        0x3fff if second < 0x1000 => AddressUse::Documentation,
        0xff00..=0xffff => AddressUse::Multicast,
        // Global unicast addresses begin with the bits 001. 64:ff9b::/96 maps to IPv4 addresses.
        0x2000..=0x3fff => return None,
        0x0064 if second == 0xff9b => return None,
        _ => AddressUse::Reserved,
    })
}

#[cfg(test)]
mod tests {
    use super::{AddressUse, special_use};

    fn of(text: &str) -> Option<AddressUse> {
        special_use(text.parse().expect("an address"))
    }

    #[test]
    fn special_addresses_are_recognised_and_their_neighbours_are_public() {
        assert_eq!(of("0.0.0.0"), Some(AddressUse::Unspecified));
        assert_eq!(of("127.0.0.53"), Some(AddressUse::Loopback));
        assert_eq!(of("::1"), Some(AddressUse::Loopback));
        assert_eq!(of("::ffff:10.0.0.1"), Some(AddressUse::Private));
        assert_eq!(of("172.31.255.255"), Some(AddressUse::Private));
        assert_eq!(of("172.32.0.1"), None);
        assert_eq!(of("100.64.0.1"), Some(AddressUse::CarrierNat));
        assert_eq!(of("100.128.0.1"), None);
        assert_eq!(of("192.0.2.1"), Some(AddressUse::Documentation));
        assert_eq!(of("fe80::1"), Some(AddressUse::LinkLocal));
        assert_eq!(of("fd00::1"), Some(AddressUse::Private));
        assert_eq!(of("2001:db8::1"), Some(AddressUse::Documentation));
        assert_eq!(of("2a00:1450:4001::1a"), None);
        assert_eq!(of("8.8.8.8"), None);
    }
}
