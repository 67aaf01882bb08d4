//! The finding about TLSA records at the domain instead of at its MX hosts. Senders do not look there (RFC 7672 §2.2.1).
//!
//! The records are looked up at the same time as the addresses of the hosts, and only if the MX records are signed, because
//! name servers of unsigned zones often cannot answer such queries (RFC 7672 §2.2.2). A wildcard record is not meant for
//! port 25, so a name that no service uses is looked up, too.

use super::lookup::owner;
use super::outcome::is_mx_secure;
use super::rules::DANE_WRONG_NAME;
use crate::check::domain::mx;
use crate::check::domain::purpose;
use crate::check::domain::sight::{Known, Sight, has_same_records, records};
use crate::check::finding::Finding;
use crate::evidence::{DnssecState, Phase};
use crate::lexicon::{Confidence, Fix};
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

/// The label of a port that no service uses.
const UNUSED: &str = "_smtpcheck-unused._tcp";

/// The names to look up: the one for port 25, and the unused one. `None` if the domain is one of its hosts, or if it is not
/// known to be signed.
fn names(sight: Sight<'_>) -> Option<(DnsName, DnsName)> {
    let domain = sight.name();
    let hosts = mx::mail_hosts(sight);
    let is_asked = is_mx_secure(sight) == Some(true) && !purpose::is_submission(sight);
    if !is_asked || hosts.is_empty() || hosts.iter().any(|host| host.name == domain) {
        return None;
    }
    Some((owner(sight, &domain)?, domain.below(UNUSED).ok()?))
}

/// The lookups.
pub(super) fn questions(sight: Sight<'_>) -> Vec<Question> {
    let names = names(sight).into_iter().flat_map(|(name, unused)| [name, unused]);
    names.map(|name| records(&name, RecordKind::Tlsa)).collect()
}

/// The finding. `is_used` says whether an MX host has signed TLSA records.
pub(super) fn finding(sight: Sight<'_>, is_used: bool) -> Option<Finding> {
    let (name, unused) = names(sight).filter(|_| !is_used)?;
    let Known::Seen(probe, seen) = sight.records(&name, RecordKind::Tlsa) else { return None };
    let other = sight.records(&unused, RecordKind::Tlsa).answer()?;
    if seen.records.is_empty() || seen.dnssec != DnssecState::Secure || has_same_records(seen, other) {
        return None;
    }
    let domain = sight.name();
    let hosts: Vec<String> = mx::mail_hosts(sight)
        .iter()
        .filter_map(|host| owner(sight, &host.name))
        .map(|name| probe.quote(name.as_str()).to_string())
        .take(4)
        .collect();
    let summary = format!("there are TLSA records at {name}, but {domain} is not an MX host");
    let mut finding = Finding::new(&DANE_WRONG_NAME, Phase::Dns, Confidence::Certain, summary).tried(probe.id);
    finding.cause = format!(
        "Senders that use DANE look only at the names of the MX hosts ({}), so these records have no effect.",
        hosts.join(", ")
    );
    finding.fixes = vec![Fix::text(format!(
        "DNS operator of {domain}: publish TLSA records for the certificates of the MX hosts at {} in signed zones, and delete the records at {name}",
        hosts.join(" and ")
    ))];
    let owners = mx::mail_hosts(sight).into_iter().filter_map(|host| owner(sight, &host.name));
    Some(sight.tried(finding, owners.map(|owner| (owner, RecordKind::Tlsa))))
}
