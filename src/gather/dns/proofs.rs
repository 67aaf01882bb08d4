//! Proofs that the RFCs allow and the library rejects.
//!
//! - An answer from a wildcard (RFC 4035 §5.3.4): the library also requires a proof that there is no wildcard one label
//!   above the queried name. That wildcard is often the one that answered, so the proof cannot exist.
//! - No data at the owner of a DNAME record: the DNAME record applies only to names below its owner (RFC 6672 §2.3), but
//!   the library also rejects proofs about the owner itself.

use data_encoding::BASE32_DNSSEC;
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, NSEC, NSEC3};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType, RecordTypeSet};

use super::cache::{covered_type, signature};

/// The maximum number of NSEC3 iterations with which a proof is secure. Many resolvers use this limit.
pub(super) const MAX_ITERATIONS: u16 = 100;

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

/// Whether the name exists without records of this type, and its proof also states that it owns a DNAME record. The
/// records of the response have been validated.
pub(super) fn is_denied_beside_dname(name: &Name, kind: RecordType, validated: &Message) -> bool {
    let is_proof = |types: &RecordTypeSet| {
        let is_delegation = types.contains(RecordType::NS) && !types.contains(RecordType::SOA);
        types.contains(RecordType::DNAME)
            && !is_delegation
            && !types.contains(kind)
            && !types.contains(RecordType::CNAME)
    };
    let mut secure = validated.authorities.iter().filter(|record| record.proof == Proof::Secure);
    validated.metadata.response_code == ResponseCode::NoError
        && secure.any(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::NSEC(nsec)) => &record.name == name && is_proof(nsec.type_set()),
            RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => {
                is_hash_of(&record.name, nsec3, name) && is_proof(nsec3.type_set())
            }
            _ => false,
        })
}

/// Whether a denial of DS records shows that the name is delegated to a zone without DNSSEC (RFC 4035 §5.2): its proof has
/// the NS bit, and neither the SOA bit nor the DS bit. The proof must have been validated.
pub(super) fn is_unsigned_delegation(name: &Name, denial: &Message) -> bool {
    let is_cut = |types: &RecordTypeSet| {
        types.contains(RecordType::NS) && !types.contains(RecordType::SOA) && !types.contains(RecordType::DS)
    };
    denial.authorities.iter().any(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => &record.name == name && is_cut(nsec.type_set()),
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => is_hash_of(&record.name, nsec3, name) && is_cut(nsec3.type_set()),
        _ => false,
    })
}

/// Whether the owner of an NSEC3 record is the hash of this name (RFC 5155 §3). The number of iterations is limited
/// because each of them takes time.
fn is_hash_of(owner: &Name, nsec3: &NSEC3, name: &Name) -> bool {
    if nsec3.iterations() > MAX_ITERATIONS || !owner.base_name().zone_of(name) {
        return false;
    }
    let hash = nsec3.hash_algorithm().hash(nsec3.salt(), &name.to_lowercase(), nsec3.iterations());
    let hash = hash.map(|hash| BASE32_DNSSEC.encode(hash.as_ref()));
    owner.iter().next().zip(hash.ok()).is_some_and(|(label, hash)| label.eq_ignore_ascii_case(hash.as_bytes()))
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
