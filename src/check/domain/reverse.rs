//! Checks of a domain: reverse.

use std::net::IpAddr;

use super::seen::SendingSeen;
use super::sight::Sight;
use crate::check::finding::{Check, Finding, asks_nothing};
use crate::evidence::Evidence;
use crate::plan::Plan;

pub(super) static CHECK: Check = Check { subject: "domain-reverse", ask: asks_nothing, judge, rules: &[] };

/// The sending IP addresses.
pub(super) fn seen(_sight: Sight<'_>) -> Vec<SendingSeen> {
    Vec::new()
}

/// The PTR names of an IP address, and whether one of them leads back to it; `None` while unknown.
pub(super) fn confirmed(_sight: Sight<'_>, _ip: IpAddr) -> (Vec<String>, Option<bool>) {
    (Vec::new(), None)
}

fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}
