//! The names of MX hosts in sentences. They come from the DNS, so they are quoted.

use std::net::IpAddr;

use super::super::sight::Sight;
use crate::wire::{DnsName, RecordKind};

/// The name of a host, marked as text received from the DNS.
pub(super) fn quoted(sight: Sight<'_>, host: &DnsName) -> String {
    match sight.records(&sight.name(), RecordKind::Mx).probe() {
        Some(probe) => probe.quote(host.as_str()).to_string(),
        None => host.to_string(),
    }
}

/// A host with the IP addresses that a finding is about: `mx1.example.com [192.0.2.1, 2001:db8::1]`.
pub(super) fn place_of(sight: Sight<'_>, host: &DnsName, ips: &[IpAddr]) -> String {
    let list: Vec<String> = ips.iter().map(IpAddr::to_string).collect();
    format!("{} [{}]", quoted(sight, host), list.join(", "))
}
