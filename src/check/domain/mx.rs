//! Which hosts receive mail for the domain: the MX records, or the domain itself if it has none (RFC 5321 §5.1).

use std::net::IpAddr;

use super::sight::Sight;
use crate::check::finding::{Check, Finding, asks_nothing};
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::wire::DnsName;

pub(super) static CHECK: Check = Check { subject: "domain-mx", ask: asks_nothing, judge, rules: &[] };

/// A host that receives mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MxHost {
    /// The preference; `None` for the domain itself if it has no MX record.
    pub(super) preference: Option<u16>,
    /// The host name.
    pub(super) name: DnsName,
}

/// The hosts that receive mail, in the order in which senders try them; each host once. Empty while unknown, for a
/// null MX, and for MX records that are unusable.
pub(super) fn mail_hosts(_sight: Sight<'_>) -> Vec<MxHost> {
    Vec::new()
}

/// The IP addresses of a host that are known so far, and that can be connected to from here.
pub(super) fn addresses(_sight: Sight<'_>, _host: &DnsName) -> Vec<IpAddr> {
    Vec::new()
}

/// Whether the domain declares that it receives no mail (RFC 7505).
pub(super) fn is_null(_sight: Sight<'_>) -> bool {
    false
}

fn judge(_: &Plan, _: &Evidence) -> Vec<Finding> {
    Vec::new()
}
