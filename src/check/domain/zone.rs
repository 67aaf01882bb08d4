//! The zone that contains the domain: the closest name at or above the domain that has a SOA record, or that the parent zone
//! delegates.
//!
//! The apex of a zone has a SOA record, so it has no CNAME record (RFC 1034 §3.6.2, RFC 2181 §10.1). If the resolver returns
//! an alias, or denies the SOA record without proof, the servers of the parent zone are queried. If they delegate the name,
//! its zone begins there, whatever the resolver returns. Some resolvers and networks redirect names in this way.

use super::parent;
use super::sight::{Sight, is_bogus, lacks_proof, records};
use crate::evidence::{DnsCode, DnssecState, RecordsSeen};
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

/// The names at which smtpcheck looks for a SOA record: the domain and its parent domains, except the root.
pub(super) fn candidates(sight: Sight<'_>) -> Vec<DnsName> {
    std::iter::successors(Some(sight.name()), DnsName::parent).take_while(|name| !name.is_root()).take(10).collect()
}

/// Whether the resolver's response to the query for a SOA record does not show whether a zone begins at the name.
fn is_doubtful(sight: Sight<'_>, name: &DnsName) -> bool {
    if has_alias(sight, name) {
        return true;
    }
    let known = sight.at_resolver(name, RecordKind::Soa).answer();
    let Some(seen) = known.filter(|seen| seen.is_answer() && seen.aliases.is_empty()) else { return false };
    seen.records.is_empty() && (seen.without_soa || is_bogus(seen) || lacks_proof(seen))
}

/// Whether the resolver returned an alias without valid signatures instead of the SOA record of a name.
pub(super) fn has_alias(sight: Sight<'_>, name: &DnsName) -> bool {
    let known = sight.at_resolver(name, RecordKind::Soa);
    let alias = known.answer().filter(|seen| seen.is_answer()).and_then(|seen| seen.aliases.first());
    sight.has_broken_alias(name, known) || alias.is_some_and(|alias| alias.dnssec != DnssecState::Secure)
}

/// Whether the name may be inside the zone of a name above it: it has no SOA record, or is an alias. A domain that does not
/// exist has no name servers to compare.
fn is_inside(sight: Sight<'_>, name: &DnsName) -> bool {
    let known = sight.at_resolver(name, RecordKind::Soa);
    let is_plain = |seen: &RecordsSeen| seen.code == DnsCode::NoError && seen.records.is_empty();
    known.answer().is_some_and(|seen| is_plain(seen) || !seen.aliases.is_empty()) || sight.has_broken_alias(name, known)
}

/// Whether the parent zone delegates a name, although the resolver returns no SOA record of this name.
pub(super) fn is_contradicted(sight: Sight<'_>, name: &DnsName) -> bool {
    is_doubtful(sight, name) && !parent::zone_cuts(sight, name).is_empty()
}

/// The apex of the zone; `None` while unknown, or if there is none.
pub(super) fn apex(sight: Sight<'_>) -> Option<DnsName> {
    for name in candidates(sight) {
        let known = sight.at_resolver(&name, RecordKind::Soa);
        if known.answer().is_some_and(|seen| !seen.records.is_empty() && seen.aliases.is_empty()) {
            return Some(name);
        }
        if is_doubtful(sight, &name) {
            if parent::is_pending(sight, &name) {
                return None;
            }
            if is_contradicted(sight, &name) {
                return Some(name);
            }
        }
        if !is_inside(sight, &name) {
            return None;
        }
    }
    None
}

/// The lookups that find the zone: the domain first, then each parent domain, if the names below it have no SOA record.
pub(super) fn questions(sight: Sight<'_>) -> Vec<Question> {
    let mut questions = Vec::new();
    for name in candidates(sight) {
        questions.push(records(&name, RecordKind::Soa));
        if is_doubtful(sight, &name) {
            questions.extend(parent::questions(sight, &name));
        }
        if !is_inside(sight, &name) {
            break;
        }
    }
    questions
}
