//! Checks of a domain: dnssec.

use super::seen::DnssecSeen;
use super::sight::Sight;
use crate::check::finding::{Check, Finding, asks_nothing};
use crate::evidence::Evidence;
use crate::plan::Plan;

pub(super) static CHECK: Check = Check { subject: "domain-dnssec", ask: asks_nothing, judge, rules: &[] };

/// The DNSSEC state of the domain.
pub(super) fn seen(_sight: Sight<'_>) -> DnssecSeen {
    DnssecSeen { state: None, reason: None }
}

fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}
