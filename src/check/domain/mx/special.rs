//! IP addresses that are not public: the special-purpose address registries of IANA, and the finding about MX hosts
//! with such addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::sight::Sight;
use super::known::{
    KINDS, MxHost, all_addresses, is_of_other_family, is_test_server, is_test_setup, mail_hosts, usable,
};
use super::rules::MX_ADDRESS_NOT_PUBLIC;
use super::set::finding;
use crate::check::finding::{Finding, PhaseFailure, Severity};
use crate::evidence::Probe;
use crate::lexicon::{Confidence, Fix};
use crate::wire::DnsName;

/// The use of an IP address that is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AddressUse {
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
    /// An IPv4-mapped IPv6 address.
    Mapped,
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
            AddressUse::Mapped => "an IPv4 address in IPv6 form",
        })
    }
}

/// The special use of an IP address; `None` for a public one.
fn special_use(ip: IpAddr) -> Option<AddressUse> {
    match ip {
        IpAddr::V4(v4) => of_ipv4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            // RFC 4291 §2.5.5.2: such an address represents an IPv4 address within a host.
            Some(v4) => Some(of_ipv4(v4).unwrap_or(AddressUse::Mapped)),
            None => of_ipv6(v6),
        },
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

/// The finding about addresses of MX hosts that are not public.
pub(super) fn not_public(sight: Sight<'_>, probe: &Probe) -> Option<Finding> {
    let all: Vec<(DnsName, IpAddr)> = mail_hosts(sight)
        .into_iter()
        .flat_map(|host| all_addresses(sight, &host.name).into_iter().map(move |ip| (host.name.clone(), ip)))
        .filter(|(_, ip)| !sight.plan.overrides.iter().any(|given| given.address == *ip))
        .filter(|(_, ip)| !is_test_server(sight.plan, *ip))
        .collect();
    let wrong: Vec<(&DnsName, IpAddr, AddressUse)> =
        all.iter().filter_map(|(host, ip)| Some((host, *ip, special_use(*ip)?))).collect();
    let (first, ip, _) = wrong.first()?;
    let list: Vec<String> =
        wrong.iter().map(|(host, ip, kind)| format!("{} has {ip} ({kind})", probe.quote(host.as_str()))).collect();
    let rest = list.len().saturating_sub(3);
    let shown = list.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    let more = if rest > 0 { format!(", and {rest} more") } else { String::new() };
    let summary = format!("MX hosts with an IP address that is not public: {shown}{more}");
    let mut found = finding(&MX_ADDRESS_NOT_PUBLIC, probe, Confidence::Certain, summary);
    found.cause = "Senders on the internet cannot reach a server at such an IP address.".to_owned();
    let is_all_private = wrong.len() == all.len() && wrong.iter().all(|(_, _, kind)| *kind == AddressUse::Private);
    if is_test_setup(sight.plan) {
        found.severity = Severity::Notice;
    } else if is_all_private {
        found.severity = Severity::Warning;
        found.confidence = Confidence::Likely;
        found.otherwise =
            Some("This is intended if the domain receives mail only within a private network.".to_owned());
    }
    // No session was possible if no host has an address that a server on the internet can have.
    let is_reachable = |host: &MxHost| !usable(sight, &host.name).is_empty() || is_of_other_family(sight, &host.name);
    if !mail_hosts(sight).iter().any(is_reachable) {
        found.failure = Some(PhaseFailure::Unreachable);
        found.consequences.push("No MX host has a usable IP address, so no mail is delivered".to_owned());
    }
    found.fixes.push(Fix::text(format!(
        "Domain owner: replace {ip} with the public IP address of {}, or delete this address record",
        probe.quote(first.as_str())
    )));
    for (host, _, _) in &wrong {
        for known in KINDS.map(|kind| sight.records(host, kind)) {
            if let Some(of_host) = known.probe() {
                found = found.tried(of_host.id);
            }
        }
    }
    Some(found)
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
