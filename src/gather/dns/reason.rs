//! Finds out why records are bogus, and at which zone the chain of signatures breaks. This module follows the chain
//! from the records upwards, with the keys and digests that the validation has looked up.

use std::time::{SystemTime, UNIX_EPOCH};

use hickory_resolver::proto::dnssec::Verifier;
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, RRSIG};
use hickory_resolver::proto::op::{Message, Query};
use hickory_resolver::proto::rr::{DNSClass, LowerName, Name, RData, Record, RecordType};

use super::anchors::DnssecAnchors;
use super::cache::{DnsCache, ProofOmittedBy, covered_type, is_answer, signature};
use super::missing_proof::{has_proof, omitted_by};
use super::proofs::is_unsigned_delegation;
use super::read;
use crate::evidence::{BogusReason, DnssecState, IndeterminateReason};

/// The maximum number of zones from the records to the trust anchor.
const MAX_ZONES: usize = 128;
/// At most this many signatures of one set, and this many keys with the same tag, are tried. The limit protects against
/// responses that are expensive to verify.
const MAX_TRIES: usize = 8;
/// The number of the algorithm Ed448 (RFC 8080 §6).
const ED448: u8 = 16;

/// Records of one name and type, with their signatures.
pub(super) struct SignedSet {
    name: Name,
    kind: RecordType,
    records: Vec<Record>,
    signatures: Vec<RRSIG>,
}

impl SignedSet {
    /// The set, taken from the records of a response.
    pub(super) fn of(name: &Name, kind: RecordType, records: &[Record]) -> SignedSet {
        let of_name = || records.iter().filter(|record| &record.name == name);
        SignedSet {
            name: name.clone(),
            kind,
            records: of_name().filter(|record| record.record_type() == kind).cloned().collect(),
            signatures: of_name()
                .filter(|record| covered_type(record) == Some(kind))
                .filter_map(signature)
                .take(MAX_TRIES)
                .cloned()
                .collect(),
        }
    }

    /// Whether the records are of this type.
    pub(super) fn is_of(&self, kind: RecordType) -> bool {
        self.kind == kind
    }

    /// Whether there are no records.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether there is no signature.
    pub(super) fn is_unsigned(&self) -> bool {
        self.signatures.is_empty()
    }

    /// Whether a wildcard made the set: a signature has fewer labels than its name (RFC 4034 §3.1.3).
    pub(super) fn is_from_wildcard(&self) -> bool {
        self.signatures.iter().any(|signature| signature.input().num_labels < self.name.num_labels())
    }

    /// The zone whose key signed the set, according to its first signature.
    pub(super) fn signer(&self) -> Option<Name> {
        self.signatures.first().map(|signature| signature.input().signer_name.clone())
    }

    /// Verifies the signatures with the given keys. If none is valid, returns the first fault, with the zone of the
    /// signature.
    fn verify(&self, now: u32, keys: &[&DNSKEY], signature: &RRSIG) -> Result<(), BogusReason> {
        let input = signature.input();
        // The library cannot verify the signatures of every algorithm.
        if !input.algorithm.is_supported() {
            return Err(BogusReason::Other);
        }
        let (expires, begins) = (input.sig_expiration.get(), input.sig_inception.get());
        if is_before(expires, now) {
            return Err(BogusReason::Expired { at: expires });
        }
        if is_before(now, begins) {
            return Err(BogusReason::NotYetValid { at: begins });
        }
        let mut with_tag =
            keys.iter().filter(|key| key.calculate_key_tag().ok() == Some(input.key_tag)).take(MAX_TRIES).peekable();
        if with_tag.peek().is_none() {
            return Err(BogusReason::NoKey { tag: input.key_tag });
        }
        let mut verified =
            with_tag.map(|key| key.verify_rrsig(&self.name, DNSClass::IN, signature, self.records.iter()));
        if verified.any(|result| result.is_ok()) { Ok(()) } else { Err(BogusReason::WrongSignature) }
    }
}

/// The time, for comparison with the times in signatures.
pub(super) fn now() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // RFC 4034 §3.1.5: times are serial numbers of 32 bits.
    #[expect(clippy::cast_possible_truncation, reason = "the higher bits are not compared")]
    let now = now as u32;
    now
}

/// The state of records in a zone whose keys are valid.
pub(super) async fn state_with_keys_of_zone(cache: &DnsCache, zone: &Name, set: &SignedSet) -> DnssecState {
    if set.is_unsigned() {
        return bogus(BogusReason::NoSignature, Some(zone));
    }
    match signing_zone(cache, set, now()).await {
        Ok(_) => DnssecState::Secure,
        Err(state) => state,
    }
}

/// The state of records that the library considers bogus.
pub(super) async fn state(cache: &DnsCache, anchors: &DnssecAnchors, set: SignedSet) -> DnssecState {
    let now = now();
    let mut set = set;
    for _ in 0..MAX_ZONES {
        if set.is_unsigned() {
            if cache.has_failed_above(&set.name) {
                return lookup_failed();
            }
            let zone = cache.find_zone(&set.name, None).await;
            if let Some(zone) = zone_without_keys(cache, &set.name, zone.as_ref()).await {
                return bogus(BogusReason::KeysMissing, Some(&zone));
            }
            return match unproven_delegation(cache, anchors, &set.name).await {
                Some(state) => state,
                None => bogus(BogusReason::NoSignature, zone.as_ref()),
            };
        }
        let zone = match signing_zone(cache, &set, now).await {
            Ok(zone) => zone,
            Err(state) => return state,
        };
        set = match set_above(cache, anchors, &zone, now).await {
            Ok(set) => set,
            Err(state) => return state,
        };
    }
    bogus(BogusReason::Other, None)
}

/// The zone of a name, if it has no keys although its parent zone has a DS record for it. If the zone is not known, each
/// name above is tried whose DS records have been looked up.
pub(super) async fn zone_without_keys(cache: &DnsCache, name: &Name, zone: Option<&Name>) -> Option<Name> {
    if let Some(zone) = zone {
        return has_no_keys(cache, zone).await.then(|| zone.clone());
    }
    let mut at = name.clone();
    while !at.is_root() {
        if cache.is_answered(&Query::query(at.clone(), RecordType::DS)) && has_no_keys(cache, &at).await {
            return Some(at);
        }
        at = at.base_name();
    }
    None
}

/// The state of records below a delegation for which the resolver returned neither signed DS records nor any proof that
/// there are none. `None` if there is no such delegation between the trust anchor and the name.
async fn unproven_delegation(cache: &DnsCache, anchors: &DnssecAnchors, name: &Name) -> Option<DnssecState> {
    let anchor = anchors.zone(name);
    for labels in anchor.num_labels() + 1..=name.num_labels() {
        let query = Query::query(name.trim_to(usize::from(labels)), RecordType::DS);
        if !cache.is_answered(&query) {
            continue;
        }
        let response = cache.ask(&query).await.ok()?;
        let message = &response.message;
        let set = SignedSet::of(query.name(), RecordType::DS, &message.answers);
        if !set.records.is_empty() && !set.is_unsigned() {
            continue;
        }
        if !set.records.is_empty() || !has_proof(message) {
            return Some(without_proof_of_delegation(cache, anchors, &query).await);
        }
        if is_unsigned_delegation(query.name(), message) {
            return None;
        }
    }
    None
}

/// The state of records below a delegation for which the resolver returned neither signed DS records nor any proof. Only
/// if the servers of the parent zone omit the proof, too, the delegation is at fault.
async fn without_proof_of_delegation(cache: &DnsCache, anchors: &DnssecAnchors, query: &Query) -> DnssecState {
    match omitted_by(cache, anchors, query).await {
        ProofOmittedBy::Servers => bogus(BogusReason::DelegationUnproven, Some(query.name())),
        ProofOmittedBy::Resolver | ProofOmittedBy::Unknown => proof_missing(),
    }
}

/// Whether the zone has no keys, although the parent zone has a signed DS record for it.
pub(super) async fn has_no_keys(cache: &DnsCache, zone: &Name) -> bool {
    let (digests, found) = (look_up(cache, zone, RecordType::DS).await, look_up(cache, zone, RecordType::DNSKEY).await);
    let (Ok(digests), Ok(found)) = (digests, found) else { return false };
    let set = SignedSet::of(zone, RecordType::DS, &digests.answers);
    let is_without = !set.records.is_empty() && keys(&found, zone).is_empty();
    is_without && !set.is_unsigned() && signing_zone(cache, &set, now()).await.is_ok()
}

/// The zone whose keys signed the set.
pub(super) async fn signing_zone(cache: &DnsCache, set: &SignedSet, now: u32) -> Result<Name, DnssecState> {
    if set.kind == RecordType::DNSKEY {
        return Ok(set.name.clone());
    }
    let mut fault = None;
    for signature in &set.signatures {
        let signer = signature.input().signer_name.clone();
        if !signer.zone_of(&set.name) {
            fault.get_or_insert((BogusReason::Other, signer));
            continue;
        }
        let response = look_up(cache, &signer, RecordType::DNSKEY).await?;
        let keys = keys(&response, &signer);
        match set.verify(now, &keys, signature) {
            Ok(()) => return Ok(signer),
            Err(why) => {
                fault.get_or_insert((why, signer));
            }
        }
    }
    let (why, zone) = fault.unwrap_or((BogusReason::Other, set.name.clone()));
    Err(bogus(why, Some(&zone)))
}

/// Verifies the keys of a zone, and returns the DS records that point to them.
async fn set_above(cache: &DnsCache, anchors: &DnssecAnchors, zone: &Name, now: u32) -> Result<SignedSet, DnssecState> {
    let above = verified_keys(cache, anchors, zone, now).await?;
    above.ok_or_else(|| bogus(BogusReason::Other, Some(zone)))
}

/// The state of the zone's keys; `None` if they are valid. A matching digest authenticates a key. The other keys are
/// authenticated only by a signature of such a key (RFC 4035 §5.2), even if each of them has a matching digest.
pub(super) async fn fault_of_keys(cache: &DnsCache, anchors: &DnssecAnchors, zone: &Name) -> Option<DnssecState> {
    verified_keys(cache, anchors, zone, now()).await.err()
}

/// Verifies the keys of a zone with the DS records or the trust anchor. Returns the DS records, unless the zone is that
/// of the trust anchor.
async fn verified_keys(
    cache: &DnsCache,
    anchors: &DnssecAnchors,
    zone: &Name,
    now: u32,
) -> Result<Option<SignedSet>, DnssecState> {
    let response = look_up(cache, zone, RecordType::DNSKEY).await?;
    let all = keys(&response, zone);
    let (trusted, above): (Vec<&DNSKEY>, Option<SignedSet>) = if &anchors.zone(zone) == zone {
        let found: Vec<(Name, DNSKEY)> = all.iter().map(|key| (zone.clone(), (*key).clone())).collect();
        let anchored = anchors.keys(&found);
        let name = LowerName::from(zone);
        (all.iter().filter(|key| anchored.contains_with_name(key.public_key(), &name)).copied().collect(), None)
    } else {
        let set = delegation(cache, anchors, zone, now).await?;
        let is_covered =
            |key: &&&DNSKEY| set.records.iter().filter_map(digest).any(|ds| ds.covers(zone, key).unwrap_or(false));
        (all.iter().filter(is_covered).copied().collect(), Some(set))
    };
    if trusted.is_empty() {
        return Err(bogus(BogusReason::DsMismatch, Some(zone)));
    }
    let set = SignedSet::of(zone, RecordType::DNSKEY, &response.answers);
    let results: Vec<Result<(), BogusReason>> =
        set.signatures.iter().map(|signature| set.verify(now, &trusted, signature)).collect();
    if !results.iter().any(Result::is_ok) {
        // A wrong signature by a trusted key is more significant than a signature by another key.
        let faults = || results.iter().filter_map(|result| result.as_ref().err());
        let why = faults().find(|why| !matches!(why, BogusReason::NoKey { .. })).cloned();
        return Err(bogus(why.unwrap_or(BogusReason::NoSignature), Some(zone)));
    }
    Ok(above)
}

/// The DS records of a zone, if a key of the parent zone signed them. Nothing is known about the zone if the DS records, or
/// the proof that there are none, are not signed (RFC 4035 §5.2).
async fn delegation(
    cache: &DnsCache,
    anchors: &DnssecAnchors,
    zone: &Name,
    now: u32,
) -> Result<SignedSet, DnssecState> {
    let digests = look_up(cache, zone, RecordType::DS).await?;
    let set = SignedSet::of(zone, RecordType::DS, &digests.answers);
    let query = Query::query(zone.clone(), RecordType::DS);
    if set.records.is_empty() && has_proof(&digests) {
        return Err(bogus(BogusReason::DelegationUnproven, Some(zone)));
    }
    if set.records.is_empty() || set.is_unsigned() {
        return Err(without_proof_of_delegation(cache, anchors, &query).await);
    }
    signing_zone(cache, &set, now).await?;
    Ok(set)
}

/// The state if the result depends on a lookup that failed.
pub(super) fn lookup_failed() -> DnssecState {
    DnssecState::Indeterminate { why: IndeterminateReason::LookupFailed }
}

/// The state if the resolver omits the proof that there are no records.
pub(super) fn proof_missing() -> DnssecState {
    DnssecState::Indeterminate { why: IndeterminateReason::ProofMissing }
}

/// The state of records that were not validated.
pub(super) fn not_validated() -> DnssecState {
    DnssecState::Indeterminate { why: IndeterminateReason::NotValidated }
}

/// The state of records that are bogus for this reason.
pub(super) fn bogus(why: BogusReason, zone: Option<&Name>) -> DnssecState {
    DnssecState::Bogus { why, zone: zone.and_then(read::dns_name) }
}

pub(super) async fn look_up(cache: &DnsCache, zone: &Name, kind: RecordType) -> Result<Message, DnssecState> {
    match cache.ask(&Query::query(zone.clone(), kind)).await {
        Ok(response) if is_answer(response.message.metadata.response_code) => Ok(response.message.clone()),
        Ok(_) | Err(_) => Err(lookup_failed()),
    }
}

fn keys<'m>(message: &'m Message, zone: &Name) -> Vec<&'m DNSKEY> {
    let of_zone = message.answers.iter().filter(|record| &record.name == zone);
    of_zone
        .filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key),
            _ => None,
        })
        .collect()
}

fn digest(record: &Record) -> Option<&DS> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds),
        _ => None,
    }
}

/// Whether DS records announce only algorithms that the library does not support, and Ed448 is one of them.
pub(super) fn has_only_ed448(records: &[Record]) -> bool {
    let mut algorithms = records.iter().filter_map(digest).map(DS::algorithm);
    let mut has_ed448 = false;
    algorithms.all(|algorithm| {
        has_ed448 |= u8::from(algorithm) == ED448;
        !algorithm.is_supported()
    }) && has_ed448
}

/// Whether a time is before another one, as serial numbers (RFC 4034 §3.1.5).
fn is_before(earlier: u32, later: u32) -> bool {
    later.wrapping_sub(earlier).cast_signed() > 0
}
