//! The host that receives mail for the domain. Its domain often belongs to the provider of the mailboxes, which may
//! publish settings there.

use crate::check::domain::sight::{Known, is_conclusive, records};
use crate::check::settings::sight::{SettingsSight, registrable};
use crate::evidence::{DnssecState, Probe, RecordData};
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

/// The preferred host that receives mail for the domain.
pub(in crate::check::settings) enum PreferredMx<'s> {
    /// The host is not known yet; the query must be sent.
    Open(Box<Question>),
    /// There is none.
    None,
    /// It is not known, because the lookup failed.
    Failed,
    /// The host.
    Known {
        /// The name.
        host: DnsName,
        /// Whether its record is signed and valid.
        is_secure: bool,
        /// The probe of the lookup.
        probe: &'s Probe,
    },
}

/// The preferred host that receives mail for the domain. If several hosts have the same preference, the first by name.
pub(in crate::check::settings) fn mx_host(sight: SettingsSight<'_>) -> PreferredMx<'_> {
    let (probe, seen) = match sight.records(&sight.name(), RecordKind::Mx) {
        Known::Seen(_, seen) if !is_conclusive(seen) => return PreferredMx::Failed,
        Known::Seen(probe, seen) => (probe, seen),
        Known::Unasked | Known::Waiting => return PreferredMx::Open(Box::new(records(&sight.name(), RecordKind::Mx))),
        Known::Failed(..) | Known::Skipped => return PreferredMx::Failed,
    };
    let hosts = seen.records.iter().filter_map(|record| match &record.data {
        RecordData::Mx { preference, host } if !host.is_root() && host.host_name().is_some() => {
            Some((*preference, host))
        }
        _ => None,
    });
    match hosts.min() {
        Some((_, host)) => {
            PreferredMx::Known { host: host.clone(), is_secure: seen.dnssec == DnssecState::Secure, probe }
        }
        None => PreferredMx::None,
    }
}

/// The domains of the MX host in which smtpcheck also searches for settings: its name without the first label, and its
/// registrable domain. Empty if the host is in the domain itself.
pub(super) fn mx_domains(sight: SettingsSight<'_>, host: &DnsName) -> Vec<String> {
    let base = registrable(host.as_str());
    let full = host.parent().map(|parent| parent.as_str().to_owned()).filter(|parent| parent.len() >= base.len());
    let mut domains: Vec<String> = full.into_iter().chain([base]).collect();
    domains.dedup();
    domains.retain(|domain| domain != sight.domain() && domain != &registrable(sight.domain()));
    domains
}
