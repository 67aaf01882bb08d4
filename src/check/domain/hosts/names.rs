//! The names of MX hosts in sentences. They come from DNS, so they are quoted.

use std::fmt::Display;
use std::net::IpAddr;

use super::super::sight::Sight;
use crate::wire::{DnsName, RecordKind};

/// The maximum number of list entries in a sentence: enough for two address families of two hosts.
const MAX_LISTED: usize = 4;

/// The name of a host, marked as text received from DNS.
pub(super) fn quoted(sight: Sight<'_>, host: &DnsName) -> String {
    match sight.records(&sight.name(), RecordKind::Mx).probe() {
        Some(probe) => probe.quote(host.as_str()).to_string(),
        None => host.to_string(),
    }
}

/// A host with the IP addresses that a finding is about: `mx1.example.com [192.0.2.1, 2001:db8::1]`.
pub(super) fn place_of(sight: Sight<'_>, host: &DnsName, ips: &[IpAddr]) -> String {
    format!("{} [{}]", quoted(sight, host), listed(ips))
}

/// Several hosts with the IP addresses that a finding is about.
pub(super) fn places_of<'h>(sight: Sight<'_>, hosts: impl Iterator<Item = (&'h DnsName, &'h [IpAddr])>) -> String {
    listed(&hosts.map(|(host, ips)| place_of(sight, host, ips)).collect::<Vec<_>>())
}

/// The first entries of a list, and the number of the other entries. The results in the report contain all of them.
pub(super) fn listed(entries: &[impl Display]) -> String {
    let mut list: Vec<String> = entries.iter().take(MAX_LISTED).map(ToString::to_string).collect();
    if entries.len() > MAX_LISTED {
        list.push(format!("and {} more", entries.len() - MAX_LISTED));
    }
    list.join(", ")
}
