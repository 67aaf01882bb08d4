//! Repairs chains of signatures that the resolver broke: the keys and digests in such a chain are looked up again at the
//! authoritative servers, because the resolver may have changed or hidden them. These lookups are sent only if records are
//! not valid otherwise. The new responses are validated like those of the resolver, so they need not be trusted.

use hickory_resolver::proto::op::{Message, Query};
use hickory_resolver::proto::rr::{Name, Record, RecordType};

use super::anchors::DnssecAnchors;
use super::cache::{DnsCache, is_answer};
use super::missing_proof::{has_proof, has_signature, responses_of, servers_of, zone_of};
use super::proofs::is_unsigned_delegation;
use super::reason::{SignedSet, fault_of_keys, look_up, lookup_failed, now, signing_zone};
use crate::evidence::DnssecState;

/// The maximum number of responses that are replaced in one chain of signatures.
const MAX_REPLACED: usize = 6;

/// Looks up a broken chain of signatures again at the authoritative servers, from the trust anchor to the name. Returns
/// whether a response of the resolver was replaced, now or earlier.
pub(super) async fn repair_chain(cache: &DnsCache, anchors: &DnssecAnchors, name: &Name) -> bool {
    let mut is_replaced = cache.has_replaced_above(name);
    for _ in 0..MAX_REPLACED {
        let Some(query) = first_broken_link(cache, anchors, name).await else { break };
        let Some(cell) = cache.repeated(&query) else { break };
        if !*cell.get_or_init(|| replaced(cache, &query)).await {
            break;
        }
        is_replaced = true;
    }
    is_replaced
}

/// Replaces the resolver's response by that of an authoritative server, if the latter has signatures or a proof.
async fn replaced(cache: &DnsCache, query: &Query) -> bool {
    let Some((_, hosts)) = servers_of(cache, &zone_of(query)).await else { return false };
    let responses = responses_of(cache, &hosts, query).await;
    let mut signed = responses.into_iter().filter(|one| has_proof(&one.message) || has_signature(&one.message));
    signed.next().is_some_and(|response| cache.replace(query, response))
}

/// Whether the DS records and the keys of each zone from the trust anchor to the name are consistent: the first query whose
/// response is not. Names without DS records are skipped, because no zone begins there, or because the zone is not signed.
async fn first_broken_link(cache: &DnsCache, anchors: &DnssecAnchors, name: &Name) -> Option<Query> {
    let anchor = anchors.zone(name);
    for labels in anchor.num_labels() + 1..=name.num_labels() {
        let zone = name.trim_to(usize::from(labels));
        let digests = Query::query(zone.clone(), RecordType::DS);
        if !cache.is_answered(&digests) {
            continue;
        }
        let Ok(message) = look_up(cache, &zone, RecordType::DS).await else {
            match has_error_code(cache, &digests).await {
                true => return Some(digests),
                false => continue,
            }
        };
        let set = SignedSet::of(&zone, RecordType::DS, &message.answers);
        if set.is_empty() {
            // The proof in the response to an alias is about its target.
            if !has_proof(&message) || has_unsigned_alias(&zone, &message) {
                return Some(digests);
            }
            if is_unsigned_delegation(&zone, &message) {
                return (!has_valid_proof(cache, &message).await).then_some(digests);
            }
            // A zone begins here, so the denial proves something else.
            if is_apex(cache, &zone).await {
                return Some(digests);
            }
            continue;
        }
        if signing_zone(cache, &set, now()).await.is_err() {
            return Some(digests);
        }
        let keys = Query::query(zone.clone(), RecordType::DNSKEY);
        match fault_of_keys(cache, anchors, &zone).await {
            Some(DnssecState::Bogus { .. }) => return Some(keys),
            Some(state) if state == lookup_failed() && has_error_code(cache, &keys).await => return Some(keys),
            Some(_) | None => {}
        }
    }
    None
}

/// Whether the response contains an alias of a name, without a signature.
fn has_unsigned_alias(name: &Name, message: &Message) -> bool {
    let alias = SignedSet::of(name, RecordType::CNAME, &message.answers);
    !alias.is_empty() && alias.is_unsigned()
}

/// Whether the resolver responded to the query with an error code. If it did not respond, more queries would only delay the
/// check.
async fn has_error_code(cache: &DnsCache, query: &Query) -> bool {
    cache.ask(query).await.is_ok_and(|response| !is_answer(response.message.metadata.response_code))
}

/// Whether an earlier response shows that a zone begins at a name: it has keys, or a SOA record names it.
async fn is_apex(cache: &DnsCache, name: &Name) -> bool {
    let query = Query::query(name.clone(), RecordType::DNSKEY);
    if cache.is_zone(name) || !cache.is_answered(&query) {
        return cache.is_zone(name);
    }
    let keys = look_up(cache, name, RecordType::DNSKEY).await;
    let is_key = |record: &Record| &record.name == name && record.record_type() == RecordType::DNSKEY;
    keys.is_ok_and(|message| message.answers.iter().any(is_key))
}

/// The maximum number of records of a proof whose signatures are verified.
const MAX_PROOFS: usize = 4;

/// Whether the signatures of all records of a proof are valid.
async fn has_valid_proof(cache: &DnsCache, denial: &Message) -> bool {
    let kinds = [RecordType::NSEC, RecordType::NSEC3];
    let records = denial.authorities.iter().filter(|record| kinds.contains(&record.record_type()));
    for record in records.take(MAX_PROOFS) {
        let set = SignedSet::of(&record.name, record.record_type(), &denial.authorities);
        if set.is_unsigned() || signing_zone(cache, &set, now()).await.is_err() {
            return false;
        }
    }
    true
}
