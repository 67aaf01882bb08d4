//! Checks of a domain: tlsrpt.

use super::seen::TlsRptSeen;
use super::sight::Sight;
use crate::check::finding::{Check, Finding, asks_nothing};
use crate::evidence::Evidence;
use crate::plan::Plan;

pub(super) static CHECK: Check = Check { subject: "domain-tlsrpt", ask: asks_nothing, judge, rules: &[] };

/// The TLS-RPT record of the domain.
pub(super) fn seen(_sight: Sight<'_>) -> TlsRptSeen {
    TlsRptSeen::default()
}

fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}
