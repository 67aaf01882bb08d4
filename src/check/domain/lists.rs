//! Checks of a domain: lists.

use super::seen::ListSeen;
use super::sight::Sight;
use crate::check::finding::{Check, Finding, asks_nothing};
use crate::evidence::Evidence;
use crate::plan::Plan;

pub(super) static CHECK: Check = Check { subject: "domain-lists", ask: asks_nothing, judge, rules: &[] };

/// The results of blocklists for the domain name.
pub(super) fn of_domain(_sight: Sight<'_>) -> Vec<ListSeen> {
    Vec::new()
}

fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}
