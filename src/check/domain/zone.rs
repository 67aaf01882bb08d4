//! The zone that contains the domain: the closest name at or above the domain that has a SOA record.

use super::sight::{Known, Sight, records};
use crate::evidence::DnsCode;
use crate::question::Question;
use crate::wire::{DnsName, RecordKind};

/// The names at which smtpcheck looks for a SOA record: the domain and its parent domains, except the root.
fn candidates(sight: Sight<'_>) -> Vec<DnsName> {
    std::iter::successors(Some(sight.name()), DnsName::parent).take_while(|name| !name.is_root()).take(10).collect()
}

/// The apex of the zone; `None` while unknown, or if no SOA record was found.
pub(super) fn apex(sight: Sight<'_>) -> Option<DnsName> {
    for name in candidates(sight) {
        let Known::Seen(_, seen) = sight.records(&name, RecordKind::Soa) else { return None };
        if !seen.records.is_empty() && seen.aliases.is_empty() {
            return Some(name);
        }
        if !seen.is_answer() {
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
        match sight.records(&name, RecordKind::Soa) {
            // A domain that does not exist has no name servers to compare.
            Known::Seen(_, seen) if seen.code == DnsCode::NoError && seen.records.is_empty() => {}
            Known::Seen(_, seen) if !seen.aliases.is_empty() => {}
            _ => break,
        }
    }
    questions
}
