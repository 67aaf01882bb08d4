//! The sessions with each IP address of each MX host, and what the ordinary checks find in them.

use std::net::IpAddr;

use super::seen::MxSeen;
use super::sight::Sight;
use crate::check::finding::{Check, Finding, asks_nothing};
use crate::evidence::{Evidence, Presented, Session};
use crate::plan::Plan;
use crate::wire::DnsName;

pub(super) static CHECK: Check = Check { subject: "domain-hosts", ask: asks_nothing, judge, rules: &[] };

/// The session with an IP address of a host, once it was started.
pub(super) fn session<'s>(_sight: Sight<'s>, _host: &DnsName, _ip: IpAddr) -> Option<Session<'s>> {
    None
}

/// The certificate chains that an IP address of a host showed, at most one for each type of key.
pub(super) fn chains<'s>(_sight: Sight<'s>, _host: &DnsName, _ip: IpAddr) -> Vec<&'s Presented> {
    Vec::new()
}

/// The hosts with their results.
pub(super) fn seen(_sight: Sight<'_>) -> Vec<MxSeen> {
    Vec::new()
}

fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}
