//! Decides the DNSSEC state of a response (RFC 4035 §5). The library verifies the signatures. This module interprets
//! the library's result in this order:
//!
//! 1. A response without an answer (SERVFAIL, REFUSED) is not judged.
//! 2. A resolver that removes signatures is recognised because the trust anchor's keys arrive unsigned. With such a
//!    resolver, no response is called bogus.
//! 3. Records without a signature in a zone that is known to be unsigned are insecure.
//! 4. Otherwise, the library's result counts. For bogus records, [`super::reason`] finds the reason. If the result
//!    depends on a lookup that failed, the records are not called bogus.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use futures_util::stream::StreamExt;
use hickory_resolver::net::dnssec::DnssecDnsHandle;
use hickory_resolver::net::xfer::DnsHandle;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::dnssec::rdata::{DNSKEY, DNSSECRData};
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::op::{DnsRequestOptions, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{LowerName, Name, RData, Record, RecordType};

use super::anchors::DnssecAnchors;
use super::beside::beside;
use super::cache::{DnsCache, OncePerKey, ProofOmittedBy, covered_type, is_answer, signature};
use super::dname::substitution;
use super::missing_proof::{has_proof, omitted_by};
use super::proofs::{MAX_ITERATIONS, is_closest_match, is_denied_beside_dname, is_unsigned_delegation};
use super::read::{self, AliasPath};
use super::reason::{self, SignedSet, bogus, lookup_failed, not_validated};
use super::repair::repair_chain;
use crate::evidence::{BogusReason, DnssecState, IndeterminateReason};

/// The maximum number of names, from a name upwards, at which a delegation without DNSSEC is searched for.
const MAX_CUTS: usize = 8;

/// The maximum number of zones whose keys are looked up in advance for one response. A response can name thousands.
const MAX_SIGNERS: usize = 32;

/// The DNSSEC states of a response.
pub(super) struct ResponseStates {
    /// The state of each alias.
    pub(super) aliases: Vec<DnssecState>,
    /// The state of the records, or of the proof that there are none.
    pub(super) records: DnssecState,
}

/// Validates responses. Results are kept for the duration of the inquiry.
pub(super) struct DnssecValidator {
    pub(super) cache: DnsCache,
    anchors: DnssecAnchors,
    /// The library's validator, for the number of replaced responses at which it was created, because it keeps results.
    handle: Mutex<Option<(usize, DnssecDnsHandle<DnsCache>)>>,
    /// Zones that are proven to be unsigned. All names below them are insecure.
    unsigned: Mutex<HashSet<Name>>,
    /// The state of a zone's keys, for this number of replaced responses.
    pub(super) of_keys: OncePerKey<(usize, Name), DnssecState>,
    /// The fault of a zone's keys, for this number of replaced responses.
    faults: OncePerKey<(usize, Name), Option<DnssecState>>,
}

impl DnssecValidator {
    pub(super) fn new(cache: DnsCache, anchors: DnssecAnchors) -> DnssecValidator {
        DnssecValidator {
            cache,
            anchors,
            handle: Mutex::default(),
            unsigned: Mutex::default(),
            of_keys: Mutex::default(),
            faults: Mutex::default(),
        }
    }

    /// The states of a response to a query.
    pub(super) async fn states(&self, query: &Query, message: &Message, path: &AliasPath<'_>) -> ResponseStates {
        let all =
            |state: DnssecState| ResponseStates { aliases: vec![state.clone(); path.links.len()], records: state };
        if !is_answer(message.metadata.response_code) {
            return all(lookup_failed());
        }
        // RFC 4035 §4.3: without a trust anchor, the state of the records is indeterminate.
        if !self.anchors.cover(query.name()) {
            return all(not_validated());
        }
        if let Err(why) = self.sees_signatures(query.name()).await {
            return all(DnssecState::Indeterminate { why });
        }
        if self.is_local_answer(query.name(), message) {
            return all(not_validated());
        }
        if self.is_in_unsigned_zone(message, path) {
            return all(DnssecState::Insecure);
        }
        let work = pin!(async {
            let states = self.verdict(query, message, path).await;
            // The resolver may have changed a key or a digest.
            let needs_repair = |state: &DnssecState| is_doubtful(state) || *state == lookup_failed();
            let is_broken = states.aliases.iter().chain([&states.records]).any(needs_repair);
            match is_broken && self.repair(path).await {
                true => self.verdict(query, message, path).await,
                false => states,
            }
        });
        let ahead = pin!(self.prefetch_signers(message));
        beside(work, ahead).await
    }

    /// Looks up the broken chain of signatures of a zone's keys again at the authoritative servers. Returns whether a response
    /// of the resolver was replaced.
    pub(super) async fn repair_zone(&self, zone: &Name) -> bool {
        self.cache.prefetch_zones(&ancestors(zone)).await;
        repair_chain(&self.cache, &self.anchors, zone).await
    }

    /// Looks up the broken chains of signatures of these names again at the authoritative servers.
    async fn repair(&self, path: &AliasPath<'_>) -> bool {
        let mut is_replaced = false;
        for name in path.links.iter().map(|link| &link.name).chain([&path.end]) {
            is_replaced |= repair_chain(&self.cache, &self.anchors, name).await;
        }
        is_replaced
    }

    /// Whether the resolver answered the query itself, because the name is reserved (RFC 6761 §6.3). The root zone does
    /// not delegate these names, so the answer has no signature. Names below `test` may be in test zones
    /// with signatures, but only if the trust anchor is not that of the public root zone.
    fn is_local_answer(&self, name: &Name, message: &Message) -> bool {
        let reserved = read::dns_name(name).and_then(|name| name.reserved_suffix());
        let sections = || message.answers.iter().chain(&message.authorities);
        reserved.is_some_and(|suffix| suffix != "test" || self.anchors.are_built_in())
            && !self.anchors.has_other_zones()
            && !sections().any(|record| record.record_type() == RecordType::RRSIG)
    }

    pub(super) fn is_in_known_unsigned_zone(&self, name: &Name) -> bool {
        self.unsigned.lock().is_ok_and(|unsigned| unsigned.iter().any(|zone| zone.zone_of(name)))
    }

    /// Whether the resolver passes on signatures: the keys of the trust anchor must be signed.
    async fn sees_signatures(&self, name: &Name) -> Result<(), IndeterminateReason> {
        let zone = self.anchors.zone(name);
        let keys = self.cache.ask(&Query::query(zone.clone(), RecordType::DNSKEY)).await;
        let message = match &keys {
            Ok(response) if is_answer(response.message.metadata.response_code) => &response.message,
            Ok(_) | Err(_) => return Err(IndeterminateReason::LookupFailed),
        };
        let has = |kind| message.answers.iter().any(|record| record.record_type() == kind);
        if !has(RecordType::DNSKEY) || !has(RecordType::RRSIG) {
            return Err(IndeterminateReason::SignaturesStripped);
        }
        let found = zone_keys(message, &zone);
        let anchored = self.anchors.keys(&found);
        let name = LowerName::from(&zone);
        let is_anchored = found.iter().any(|(_, key)| anchored.contains_with_name(key.public_key(), &name));
        if is_anchored { Ok(()) } else { Err(IndeterminateReason::AnchorMismatch) }
    }

    /// Whether all records are unsigned and in zones that are proven to be unsigned.
    fn is_in_unsigned_zone(&self, message: &Message, path: &AliasPath<'_>) -> bool {
        let Ok(unsigned) = self.unsigned.lock() else { return false };
        let sections = || message.answers.iter().chain(&message.authorities);
        let is_signed = sections().any(|record| record.record_type() == RecordType::RRSIG);
        let owners = path.links.iter().map(|link| &link.name).chain([&path.end]);
        let is_below =
            |owner: &Name| unsigned.iter().any(|zone| zone.zone_of(owner) && !is_denial_from_above(message, zone));
        !is_signed && !self.anchors.has_other_zones() && owners.into_iter().all(is_below)
    }

    /// Looks up the keys of all zones that signed the response, and of the zones above them.
    async fn prefetch_signers(&self, message: &Message) {
        let mut zones: Vec<Name> = Vec::new();
        for signature in message.answers.iter().chain(&message.authorities).filter_map(signature) {
            let mut zone = signature.input().signer_name.clone();
            while !zones.contains(&zone) && zones.len() < MAX_SIGNERS {
                zones.push(zone.clone());
                zone = zone.base_name();
            }
        }
        self.cache.prefetch_zones(&zones).await;
    }

    async fn verdict(&self, query: &Query, message: &Message, path: &AliasPath<'_>) -> ResponseStates {
        // The zones of records without signatures.
        let has_records = has_records(message, query, path);
        let negative = (!has_records).then_some(message);
        let owners =
            path.links.iter().map(|link| (&link.name, RecordType::CNAME)).chain([(&path.end, query.query_type())]);
        let is_signed = |(name, kind): &(&Name, RecordType)| {
            let of = if has_records || *kind == RecordType::CNAME { &message.answers } else { &message.authorities };
            of.iter().any(|record| {
                let is_of_set = *kind != RecordType::CNAME && !has_records
                    || (&record.name == *name && covered_type(record) == Some(*kind));
                is_of_set && record.record_type() == RecordType::RRSIG
            })
        };
        let unsigned: Vec<&Name> = owners.filter(|owner| !is_signed(owner)).map(|(name, _)| name).collect();
        let zones = join_all(unsigned.iter().map(|name| async {
            let zone = self.cache.find_zone(name, negative.filter(|_| *name == &path.end)).await?;
            self.cache.prefetch_zones(&ancestors(&zone)).await;
            Some(zone)
        }))
        .await;
        let validated = self.validated(query).await;
        let answers: &[Record] = match &validated {
            Validated::Passed(message) | Validated::Unproven(message, _) => &message.answers,
            Validated::Failed => {
                let state = lookup_failed();
                return ResponseStates { aliases: vec![state.clone(); path.links.len()], records: state };
            }
        };
        let mut aliases = Vec::new();
        for link in &path.links {
            let state = self.state_of_set(&link.name, RecordType::CNAME, message, answers).await;
            let state = self.with_valid_keys(&link.name, state).await;
            let state = self.state_in_chain(&link.name, state).await;
            aliases.push(match is_doubtful(&state) && self.is_in_unsigned_delegation(&link.name).await {
                true => DnssecState::Insecure,
                false => state,
            });
        }
        let records = if has_records {
            let state = self.state_of_set(&path.end, query.query_type(), message, answers).await;
            match (&validated, state) {
                // The records come from a wildcard, and nothing proves that the name itself does not exist.
                (Validated::Unproven(message, Proof::Bogus), DnssecState::Secure)
                    if path.links.is_empty() && !is_closest_match(&path.end, query.query_type(), message) =>
                {
                    match has_proof(message) {
                        true => bogus(BogusReason::DenialUnproven, None),
                        false => self.without_proof(query, None).await,
                    }
                }
                (Validated::Unproven(_, Proof::Insecure), DnssecState::Secure) if path.links.is_empty() => {
                    DnssecState::Insecure
                }
                // A zone without DNSSEC may have the name, because the proof may omit it (RFC 5155 §9.2).
                (_, DnssecState::Secure) if is_wildcard_with_opt_out(&path.end, query.query_type(), message) => {
                    DnssecState::Insecure
                }
                (_, state) => state,
            }
        } else {
            self.state_of_denial((&path.end, query.query_type()), message, &validated).await
        };
        let records = self.with_valid_keys(&path.end, records).await;
        let mut records = self.state_in_chain(&path.end, records).await;
        if is_doubtful(&records)
            && query.query_type() != RecordType::DS
            && let Some(zone) = self.unsigned_delegation(&path.end).await
        {
            // Servers of the zone above cannot deny names in a zone that it delegates.
            let is_from_above = !has_records && is_denial_from_above(message, &zone);
            records = if is_from_above { reason::proof_missing() } else { DnssecState::Insecure };
        }
        for zone in zones.into_iter().flatten().filter(|_| records == DnssecState::Insecure) {
            if zone.zone_of(&path.end)
                && unsigned.contains(&&path.end)
                && let Ok(mut known) = self.unsigned.lock()
            {
                known.insert(zone);
            }
        }
        ResponseStates { aliases, records }
    }

    /// Whether the name, or a name above it, is delegated to a zone that is proven to be unsigned. Some load balancers send
    /// no SOA record, so the library does not find the zone.
    pub(super) async fn is_in_unsigned_delegation(&self, name: &Name) -> bool {
        self.unsigned_delegation(name).await.is_some()
    }

    /// Whether an alias at a name has no signature, although the name is in a signed zone. The library does not validate
    /// aliases that form a loop.
    pub(super) async fn is_alias_bogus(&self, name: &Name, message: &Message) -> bool {
        let alias = SignedSet::of(name, RecordType::CNAME, &message.answers);
        if alias.is_empty()
            || !alias.is_unsigned()
            || !self.anchors.cover(name)
            || self.sees_signatures(name).await.is_err()
            || self.is_in_unsigned_delegation(name).await
        {
            return false;
        }
        // The resolver may also return the alias instead of the proof that there is no DS record.
        self.repair_zone(name).await;
        if self.is_in_unsigned_delegation(name).await {
            return false;
        }
        let state = reason::state(&self.cache, &self.anchors, alias).await;
        matches!(state, DnssecState::Bogus { why: BogusReason::NoSignature, .. })
    }

    /// The zone of this delegation.
    async fn unsigned_delegation(&self, name: &Name) -> Option<Name> {
        let anchor = self.anchors.zone(name);
        for zone in ancestors(name).into_iter().rev().take_while(|zone| *zone != anchor).take(MAX_CUTS) {
            let query = Query::query(zone.clone(), RecordType::DS);
            let Ok(response) = self.cache.ask(&query).await else { return None };
            let path = AliasPath { links: Vec::new(), end: zone.clone() };
            if has_records(&response.message, &query, &path) {
                return None;
            }
            if is_unsigned_delegation(&zone, &response.message) {
                let state = Box::pin(self.states(&query, &response.message, &path)).await.records;
                return (state == DnssecState::Secure).then_some(zone);
            }
        }
        None
    }

    /// The state of records, considering the signatures of the keys above them. The library does not verify the signature
    /// of a zone's keys if each of them has a DS record.
    async fn with_valid_keys(&self, name: &Name, state: DnssecState) -> DnssecState {
        if state != DnssecState::Secure {
            return state;
        }
        let anchor = self.anchors.zone(name);
        for zone in ancestors(name).into_iter().filter(|zone| anchor.zone_of(zone) && *zone != anchor) {
            let digests = Query::query(zone.clone(), RecordType::DS);
            if !self.cache.is_answered(&digests) {
                continue;
            }
            let Ok(response) = self.cache.ask(&digests).await else { continue };
            let path = AliasPath { links: Vec::new(), end: zone.clone() };
            if !has_records(&response.message, &digests, &path) {
                continue;
            }
            let cell = match self.faults.lock() {
                Ok(mut faults) => Arc::clone(faults.entry((self.cache.replaced(), zone.clone())).or_default()),
                Err(_) => continue,
            };
            let fault = cell.get_or_init(|| reason::fault_of_keys(&self.cache, &self.anchors, &zone)).await;
            if let Some(fault @ DnssecState::Bogus { .. }) = fault {
                return fault.clone();
            }
        }
        state
    }

    /// The state of records, considering the zones above them that the library cannot validate.
    async fn state_in_chain(&self, name: &Name, state: DnssecState) -> DnssecState {
        let state = self.below_unsigned_zone(name, state).await;
        if !matches!(state, DnssecState::Insecure | DnssecState::Bogus { .. }) {
            return state;
        }
        match self.zone_with_ed448(name).await {
            // Without keys, no validator can verify the records, whichever algorithms it supports.
            Some(zone) if reason::has_no_keys(&self.cache, &zone).await => bogus(BogusReason::KeysMissing, Some(&zone)),
            Some(_) => DnssecState::Indeterminate { why: IndeterminateReason::UnsupportedAlgorithm },
            None => state,
        }
    }

    /// The state of records that the library considers bogus because a DS record above them has no signature. If the zone
    /// with this DS record is proven to be unsigned, everything below it is insecure (RFC 4035 §5.2).
    async fn below_unsigned_zone(&self, name: &Name, state: DnssecState) -> DnssecState {
        if !is_doubtful(&state) {
            return state;
        }
        let Some(zone) = self.cache.find_zone(name, None).await.filter(|zone| !zone.is_root()) else { return state };
        let Some(parent) = self.cache.find_zone(&zone.base_name(), None).await else { return state };
        // The keys of the trust anchor's zone are signed.
        if self.anchors.zone(&parent) == parent {
            return state;
        }
        let query = Query::query(parent.clone(), RecordType::SOA);
        let Ok(response) = self.cache.ask(&query).await else { return state };
        let path = AliasPath { links: Vec::new(), end: parent };
        match Box::pin(self.states(&query, &response.message, &path)).await.records {
            DnssecState::Insecure => DnssecState::Insecure,
            _ => state,
        }
    }

    /// The zone that contains the name, if its DS records have only algorithms that the library does not support, and
    /// Ed448 is one of them. The library then considers the zone unsigned (RFC 4035 §5.2), but validators that support
    /// Ed448 (RFC 8080 §4) do not. The validation has already looked up the DS records.
    async fn zone_with_ed448(&self, name: &Name) -> Option<Name> {
        for zone in ancestors(name) {
            let query = Query::query(zone, RecordType::DS);
            if self.cache.is_answered(&query)
                && let Ok(response) = self.cache.ask(&query).await
                && reason::has_only_ed448(&response.message.answers)
            {
                return Some(query.name().clone());
            }
        }
        None
    }

    async fn state_of_set(&self, name: &Name, kind: RecordType, raw: &Message, answers: &[Record]) -> DnssecState {
        if !self.anchors.cover(name) {
            return not_validated();
        }
        let proof = answers.iter().find(|record| &record.name == name && record.record_type() == kind);
        let set = SignedSet::of(name, kind, &raw.answers);
        match proof.map(|record| record.proof) {
            Some(Proof::Secure) => DnssecState::Secure,
            Some(Proof::Insecure) => DnssecState::Insecure,
            Some(Proof::Bogus) if kind == RecordType::CNAME && set.is_unsigned() => {
                // RFC 6672 §3.1: the alias was synthesized from a DNAME record, which is signed instead.
                match substitution(name, raw, answers) {
                    Some(Proof::Secure) => DnssecState::Secure,
                    Some(Proof::Insecure) => DnssecState::Insecure,
                    _ => reason::state(&self.cache, &self.anchors, set).await,
                }
            }
            Some(Proof::Bogus) => reason::state(&self.cache, &self.anchors, set).await,
            Some(Proof::Indeterminate) | None => lookup_failed(),
        }
    }

    /// The state of a response without records.
    async fn state_of_denial(
        &self,
        (name, kind): (&Name, RecordType),
        raw: &Message,
        validated: &Validated,
    ) -> DnssecState {
        if !self.anchors.cover(name) {
            return not_validated();
        }
        let is_proof = |record: &&Record| matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3);
        match validated {
            Validated::Failed => lookup_failed(),
            Validated::Unproven(_, Proof::Insecure) => DnssecState::Insecure,
            Validated::Passed(message) => {
                if let Some(wrong) = wrong_proof(message, raw) {
                    return reason::state(&self.cache, &self.anchors, wrong).await;
                }
                let is_secure = message.authorities.iter().filter(is_proof).any(|record| record.proof == Proof::Secure);
                if is_secure && !may_hide_delegation(raw) { DnssecState::Secure } else { DnssecState::Insecure }
            }
            Validated::Unproven(message, _) => {
                if let Some(wrong) = wrong_proof(message, raw) {
                    return reason::state(&self.cache, &self.anchors, wrong).await;
                }
                if is_denied_beside_dname(name, kind, message) {
                    return DnssecState::Secure;
                }
                if self.cache.has_failed_above(name) {
                    return lookup_failed();
                }
                let soa = raw.authorities.iter().find(|record| record.record_type() == RecordType::SOA);
                let zone = soa.map(|record| &record.name);
                // The zone with the keys of a DS record's name is the zone below.
                let below = if kind == RecordType::DS { name.base_name() } else { name.clone() };
                if let Some(zone) = reason::zone_without_keys(&self.cache, &below, zone).await {
                    return bogus(BogusReason::KeysMissing, Some(&zone));
                }
                if has_proof(raw) {
                    return bogus(BogusReason::DenialUnproven, zone);
                }
                if kind != RecordType::DS && self.is_in_unsigned_delegation(name).await {
                    return DnssecState::Insecure;
                }
                self.without_proof(&Query::query(name.clone(), kind), zone).await
            }
        }
    }

    /// The state of a response without any proof in a signed zone.
    async fn without_proof(&self, query: &Query, zone: Option<&Name>) -> DnssecState {
        match omitted_by(&self.cache, &self.anchors, query).await {
            ProofOmittedBy::Resolver => reason::proof_missing(),
            ProofOmittedBy::Servers | ProofOmittedBy::Unknown => bogus(BogusReason::DenialUnproven, zone),
        }
    }

    async fn validated(&self, query: &Query) -> Validated {
        let handle = self.handle().await;
        let mut options = DnsRequestOptions::default();
        options.use_edns = true;
        options.edns_set_dnssec_ok = true;
        match handle.lookup(query.clone(), options).next().await {
            Some(Ok(response)) => Validated::Passed(Box::new(response.into_message())),
            Some(Err(NetError::Dns(DnsError::Nsec { response, proof, .. }))) => {
                Validated::Unproven(Box::new(response.into_message()), proof)
            }
            Some(Err(_)) | None => Validated::Failed,
        }
    }

    /// The library's validator.
    async fn handle(&self) -> DnssecDnsHandle<DnsCache> {
        let replaced = self.cache.replaced();
        let known = self.handle.lock().ok().and_then(|handle| handle.clone()).filter(|(at, _)| *at == replaced);
        if let Some((_, handle)) = known {
            return handle;
        }
        let handle = DnssecDnsHandle::with_trust_anchor(self.cache.clone(), Arc::new(self.keys().await));
        // RFC 9276 §3.2: proofs with many iterations are insecure. Beyond its hard limit, the library would consider them
        // bogus.
        let handle = handle.nsec3_iteration_limits(Some(MAX_ITERATIONS), Some(u16::MAX));
        if let Ok(mut kept) = self.handle.lock() {
            *kept = Some((replaced, handle.clone()));
        }
        handle
    }

    async fn keys(&self) -> TrustAnchors {
        let mut found: Vec<(Name, DNSKEY)> = Vec::new();
        for zone in self.anchors.zones_of_digests() {
            let Ok(response) = self.cache.ask(&Query::query(zone.clone(), RecordType::DNSKEY)).await else { continue };
            found.extend(zone_keys(&response.message, &zone));
        }
        self.anchors.keys(&found)
    }
}

/// Whether the chain of signatures is broken. The resolver may have changed a response.
fn is_doubtful(state: &DnssecState) -> bool {
    matches!(state, DnssecState::Bogus { .. } | DnssecState::Indeterminate { why: IndeterminateReason::ProofMissing })
}

/// Whether a response without records comes from a zone above this one.
fn is_denial_from_above(message: &Message, zone: &Name) -> bool {
    let is_above = |record: &Record| record.name.zone_of(zone) && record.name != *zone;
    let mut soa = message.authorities.iter().filter(|record| record.record_type() == RecordType::SOA);
    message.answers.is_empty() && soa.any(is_above)
}

/// The keys of a zone in a response.
fn zone_keys(message: &Message, zone: &Name) -> Vec<(Name, DNSKEY)> {
    let keys = message.answers.iter().filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) if record.name == *zone => Some((zone.clone(), key.clone())),
        _ => None,
    });
    keys.collect()
}

/// The library's result.
enum Validated {
    /// Each record has its state.
    Passed(Box<Message>),
    /// The proof that there are no records, or that they come from a wildcard, has this state.
    Unproven(Box<Message>, Proof),
    /// There is no result, because a lookup failed.
    Failed,
}

/// Whether the records come from a wildcard, and the proof that the name does not exist may omit zones without DNSSEC.
fn is_wildcard_with_opt_out(name: &Name, kind: RecordType, message: &Message) -> bool {
    SignedSet::of(name, kind, &message.answers).is_from_wildcard() && message.authorities.iter().any(is_opt_out)
}

fn is_opt_out(record: &Record) -> bool {
    match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => nsec3.opt_out(),
        _ => false,
    }
}

/// Whether a proof that a name does not exist may omit zones without DNSSEC (opt-out). Such a zone may contain the
/// name, so the proof is not secure (RFC 5155 §9.2).
pub(super) fn may_hide_delegation(message: &Message) -> bool {
    message.metadata.response_code == ResponseCode::NXDomain && message.authorities.iter().any(is_opt_out)
}

/// The first record of a proof of absence whose signature is not valid. The library does not need the SOA record for the
/// proof, but validators reject a response whose SOA record has a wrong signature or none (RFC 4035 §3.1.3 and 5.3.3).
fn wrong_proof(validated: &Message, raw: &Message) -> Option<SignedSet> {
    let kinds = [RecordType::NSEC, RecordType::NSEC3, RecordType::SOA];
    let of_proof = validated.authorities.iter().filter(|record| kinds.contains(&record.record_type()));
    of_proof
        .filter(|record| record.proof == Proof::Bogus)
        .map(|record| SignedSet::of(&record.name, record.record_type(), &raw.authorities))
        .find(|set| !set.is_unsigned() || set.is_of(RecordType::SOA))
}

pub(super) fn has_records(message: &Message, query: &Query, path: &AliasPath<'_>) -> bool {
    message.answers.iter().any(|record| record.name == path.end && record.record_type() == query.query_type())
}

/// The zone and all zones above it.
fn ancestors(zone: &Name) -> Vec<Name> {
    (0..=usize::from(zone.num_labels())).map(|labels| zone.trim_to(labels)).collect()
}
