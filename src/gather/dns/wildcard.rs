//! Whether a wildcard may answer a query (RFC 4035 §5.3.4).
//!
//! The library also requires a proof that there is no wildcard one label above the queried name. In a positive answer,
//! that wildcard is often the one that answered, so the proof cannot exist. This module requires what the RFC does.

use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, NSEC};
use hickory_resolver::proto::op::Message;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::cache::covered_type;
use super::reason::signature;

/// Whether NSEC records prove that no name closer to the queried name than the wildcard exists. The records of the
/// response have been validated.
pub(super) fn is_closest_match(name: &Name, kind: RecordType, validated: &Message) -> bool {
    let of_set = validated.answers.iter().filter(|record| &record.name == name && covered_type(record) == Some(kind));
    let signatures = of_set.filter(|record| record.proof == Proof::Secure).filter_map(signature);
    // With fewer labels, the wildcard is further away, so fewer names may exist.
    let Some(of_wildcard) = signatures.map(|one| one.input()).min_by_key(|input| input.num_labels) else {
        return false;
    };
    if of_wildcard.num_labels >= name.num_labels() {
        return false;
    }
    let next_closer = name.trim_to(usize::from(of_wildcard.num_labels) + 1);
    let authorities = &validated.authorities;
    authorities.iter().filter(|record| record.proof == Proof::Secure).any(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => {
            is_signed_by(&of_wildcard.signer_name, record, authorities) && covers(&record.name, nsec, &next_closer)
        }
        _ => false,
    })
}

/// Whether the record has a signature of this zone.
fn is_signed_by(zone: &Name, record: &Record, section: &[Record]) -> bool {
    let of_record =
        section.iter().filter(|one| one.name == record.name && covered_type(one) == Some(record.record_type()));
    of_record.filter_map(signature).any(|one| &one.input().signer_name == zone)
}

/// Whether a name is between the owner of an NSEC record and the next name in canonical order (RFC 4034 §6.1), and does
/// not exist. The last record of a zone points to its first name. If the next name is below the name, the name exists as
/// an empty non-terminal (RFC 4592 §2.2.2). A record at a delegation or DNAME proves nothing about names below it
/// (RFC 6840 §4.1).
fn covers(owner: &Name, nsec: &NSEC, name: &Name) -> bool {
    let next = nsec.next_domain_name();
    let is_last = next <= owner;
    !(nsec.is_ancestor_delegation() && owner.zone_of(name))
        && name > owner
        && !name.zone_of(next)
        && (name < next || (is_last && next.zone_of(name)))
}
