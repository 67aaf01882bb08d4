//! Decides the DNSSEC state of an authoritative server's response, with the keys of the zone.

use std::sync::Arc;

use hickory_resolver::proto::op::{Message, Query};
use hickory_resolver::proto::rr::{Name, RecordType};

use super::cache::is_answer;
use super::exchange::DnsResponseSeen;
use super::missing_proof::has_proof;
use super::read::AliasPath;
use super::reason::{self, SignedSet, bogus, not_validated};
use super::validate::{DnssecValidator, has_records};
use crate::evidence::{BogusReason, DnssecState};

impl DnssecValidator {
    /// The state of an authoritative server's response, according to the signatures in it. If it has no records, the
    /// signature of the SOA record counts.
    pub(super) async fn state_at_server(&self, query: &Query, message: &Message) -> DnssecState {
        if !is_answer(message.metadata.response_code) || !message.metadata.authoritative {
            return not_validated();
        }
        let name = query.name();
        let has = |kind: RecordType| {
            message.answers.iter().any(|record| &record.name == name && record.record_type() == kind)
        };
        let mut is_unproven = false;
        let set = if has(query.query_type()) {
            SignedSet::of(name, query.query_type(), &message.answers)
        } else if has(RecordType::CNAME) {
            SignedSet::of(name, RecordType::CNAME, &message.answers)
        } else {
            let soa = message.authorities.iter().find(|record| record.record_type() == RecordType::SOA);
            let Some(soa) = soa.filter(|soa| soa.name.zone_of(name)) else { return not_validated() };
            is_unproven = !has_proof(message);
            SignedSet::of(&soa.name, RecordType::SOA, &message.authorities)
        };
        let zone = match set.signer() {
            Some(zone) => Some(zone),
            None if self.is_in_known_unsigned_zone(name) => return not_validated(),
            None => self.cache.find_zone(name, Some(message)).await,
        };
        let Some(zone) = zone.filter(|zone| zone.zone_of(name)) else { return not_validated() };
        let keys = self.state_of_keys(&zone).await;
        if keys != DnssecState::Secure && !is_fault_of_signature(&keys) {
            return not_validated();
        }
        let state = reason::state_with_keys_of_zone(&self.cache, &zone, &set).await;
        // Without valid keys, no record of the zone is valid.
        let state = if state == DnssecState::Secure { keys } else { state };
        // RFC 4035 §3.1.3: a signed zone proves that there are no records.
        if is_unproven && state == DnssecState::Secure {
            return bogus(BogusReason::DenialUnproven, Some(&zone));
        }
        // The resolver's response about the zone may be false.
        let is_unsigned = set.is_unsigned() && matches!(state, DnssecState::Bogus { .. });
        if is_unsigned && self.is_in_unsigned_delegation(name).await {
            return not_validated();
        }
        // An answer from a wildcard is valid only with a proof, which is not verified for the responses of servers.
        if state == DnssecState::Secure && set.is_from_wildcard() { not_validated() } else { state }
    }

    /// The state of a zone's keys. If there are no keys, they are not validated.
    async fn state_of_keys(&self, zone: &Name) -> DnssecState {
        let cell = match self.of_keys.lock() {
            Ok(mut states) => Arc::clone(states.entry((self.cache.replaced(), zone.clone())).or_default()),
            Err(_) => return not_validated(),
        };
        let check = async || {
            let query = Query::query(zone.clone(), RecordType::DNSKEY);
            let path = AliasPath { links: Vec::new(), end: zone.clone() };
            // An error code or an alias at the zone's name reveals nothing about its keys.
            let is_false = |keys: &DnsResponseSeen| {
                !is_answer(keys.message.metadata.response_code)
                    || keys.message.answers.iter().any(|record| record.record_type() == RecordType::CNAME)
            };
            if self.cache.ask(&query).await.is_ok_and(|keys| is_false(&keys)) {
                self.repair_zone(zone).await;
            }
            let Ok(keys) = self.cache.ask(&query).await else { return not_validated() };
            match has_records(&keys.message, &query, &path) {
                true => self.states(&query, &keys.message, &path).await.records,
                false => not_validated(),
            }
        };
        cell.get_or_init(check).await.clone()
    }
}

/// Whether keys match their DS records, but their signature is not valid.
fn is_fault_of_signature(state: &DnssecState) -> bool {
    let DnssecState::Bogus { why, .. } = state else { return false };
    matches!(
        why,
        BogusReason::Expired { .. }
            | BogusReason::NotYetValid { .. }
            | BogusReason::NoSignature
            | BogusReason::NoKey { .. }
            | BogusReason::WrongSignature
    )
}
