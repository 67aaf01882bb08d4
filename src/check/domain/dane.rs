//! Checks of a domain: dane.

use super::seen::{DaneSeen, DaneState, MxSeen};
use super::sight::Sight;
use crate::check::finding::{Check, Finding, asks_nothing};
use crate::evidence::{Evidence, Presented};
use crate::plan::Plan;
use crate::wire::DnsName;

pub(super) static CHECK: Check = Check { subject: "domain-dane", ask: asks_nothing, judge, rules: &[] };

/// What a sender with DANE does with a host that shows this certificate chain; `None` is a host without TLS.
pub(super) fn result(_sight: Sight<'_>, _host: &DnsName, _chain: Option<&Presented>) -> DaneSeen {
    DaneSeen::default()
}

/// The worst state of all hosts; `None` while unknown.
pub(super) fn worst(_hosts: &[MxSeen]) -> Option<DaneState> {
    None
}

fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}
