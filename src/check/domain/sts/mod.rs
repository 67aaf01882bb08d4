//! stub
use super::seen::{StsResultSeen, StsSeen};
use super::sight::Sight;
use crate::check::finding::{Check, Finding, asks_nothing};
use crate::evidence::{Evidence, Presented};
use crate::plan::Plan;
use crate::wire::DnsName;

pub(super) static CHECK: Check = Check { subject: "domain-sts", ask: asks_nothing, judge, rules: &[] };
pub(super) fn seen(_sight: Sight<'_>) -> StsSeen {
    StsSeen::default()
}
pub(super) fn result(_sight: Sight<'_>, _host: &DnsName, _chain: Option<&Presented>) -> StsResultSeen {
    StsResultSeen::default()
}
fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}
