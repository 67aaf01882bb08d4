//! The responses whose DNSSEC state matters.

use super::super::{dane, dkim, mx, zone};
use crate::check::domain::sight::{Known, Sight};
use crate::evidence::{Probe, RecordsSeen};
use crate::wire::{DnsName, RecordKind};

/// A response with its query.
pub(super) type JudgedResponse<'s> = (DnsName, RecordKind, &'s Probe, &'s RecordsSeen);

/// The responses on which delivery depends: the MX records and the addresses of the hosts.
pub(super) fn responses(sight: Sight<'_>) -> Vec<JudgedResponse<'_>> {
    let mut questions = vec![(sight.name(), RecordKind::Mx)];
    for host in mx::mail_hosts(sight) {
        questions.extend(mx::KINDS.map(|kind| (host.name.clone(), kind)));
    }
    answered(sight, questions)
}

/// The responses on which authentication and policies depend: the TXT records of the domain, and those below it. If the
/// denial of the domain's TXT records is bogus, the SPF check reports it.
pub(super) fn texts(sight: Sight<'_>) -> Vec<JudgedResponse<'_>> {
    let domain = sight.name();
    let policies = ["_dmarc", "_mta-sts", "_smtp._tls"].into_iter().filter_map(|label| domain.below(label).ok());
    let names = std::iter::once(domain.clone()).chain(policies).chain(dkim::known_names(sight));
    let mut texts = answered(sight, names.map(|name| (name, RecordKind::Txt)).collect());
    texts.retain(|(name, _, _, seen)| *name != domain || !seen.records.is_empty());
    texts
}

/// The responses about the TLSA records of the hosts. The DANE check reports bogus ones.
pub(super) fn of_dane(sight: Sight<'_>) -> Vec<JudgedResponse<'_>> {
    let hosts = mx::mail_hosts(sight);
    let owners = hosts.iter().flat_map(|host| dane::owners(sight, &host.name));
    answered(sight, owners.map(|owner| (owner, RecordKind::Tlsa)).collect())
}

/// The responses about records that do not decide delivery alone.
pub(super) fn beside(sight: Sight<'_>) -> Vec<JudgedResponse<'_>> {
    texts(sight).into_iter().chain(of_dane(sight)).collect()
}

/// All responses whose signatures matter, with the SOA record and the keys of the zone.
pub(super) fn signed(sight: Sight<'_>) -> Vec<JudgedResponse<'_>> {
    let apex = zone::apex(sight).into_iter();
    let apex = apex.flat_map(|apex| [RecordKind::Soa, RecordKind::Dnskey].map(|kind| (apex.clone(), kind))).collect();
    let all = responses(sight).into_iter().chain(texts(sight)).chain(of_dane(sight));
    all.chain(answered(sight, apex)).collect()
}

fn answered(sight: Sight<'_>, questions: Vec<(DnsName, RecordKind)>) -> Vec<JudgedResponse<'_>> {
    questions
        .into_iter()
        .filter_map(|(name, kind)| match sight.at_resolver(&name, kind) {
            Known::Seen(probe, seen) => Some((name, kind, probe, seen)),
            Known::Unasked | Known::Waiting | Known::Failed(..) | Known::Skipped => None,
        })
        .collect()
}
