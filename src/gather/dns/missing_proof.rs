//! Responses of the resolver without records and without any proof (NSEC or NSEC3 records, RFC 4035 §3.1.3), although the
//! zone is signed. Some forwarders remove the authority section, which contains the proof. Then nothing is known about
//! the zone. Two tests show who omits the proof:
//!
//! 1. A response about the zone of the trust anchor, whose servers send proofs. If the resolver omits this proof too, it
//!    omits all of them.
//! 2. Otherwise, the zone's authoritative servers are queried directly, once for each zone.
//!
//! These lookups are sent only if a proof is missing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use hickory_resolver::proto::op::{Message, Query};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::anchors::DnssecAnchors;
use super::cache::{DnsCache, ProofOmittedBy, is_answer};
use super::exchange::DnsResponseSeen;
use super::referral::{ReferredServer, referral};

/// The maximum number of authoritative servers that are queried for a proof.
const MAX_SERVERS: usize = 2;

/// The maximum number of referrals that are followed.
const MAX_REFERRALS: usize = 3;

/// Whether a response contains a record of a proof. Whether the proof is valid is decided elsewhere.
pub(super) fn has_proof(message: &Message) -> bool {
    message.authorities.iter().any(|record| matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3))
}

pub(super) fn has_signature(message: &Message) -> bool {
    message.answers.iter().any(|record| record.record_type() == RecordType::RRSIG)
}

/// The authoritative responses of the name servers, or of the servers to which they refer (RFC 1034 §5.3.3). If no server
/// responds to a query, this machine probably cannot send queries to the internet, and no more queries are sent.
pub(super) async fn responses_of(cache: &DnsCache, hosts: &[Name], query: &Query) -> Vec<Arc<DnsResponseSeen>> {
    if cache.is_blocked.load(Ordering::Relaxed) {
        return Vec::new();
    }
    let mut servers: Vec<ReferredServer> =
        hosts.iter().map(|host| ReferredServer { name: host.clone(), ip: None }).collect();
    let mut labels = 0;
    for step in 0..=MAX_REFERRALS {
        let all = responses_from(cache, &servers, query).await;
        if all.is_empty() && step == 0 {
            cache.is_blocked.store(true, Ordering::Relaxed);
        }
        let is_used = |response: &&Arc<DnsResponseSeen>| {
            response.message.metadata.authoritative && is_answer(response.message.metadata.response_code)
        };
        if all.iter().any(|response| is_used(&response)) {
            return all.iter().filter(is_used).cloned().collect();
        }
        // Each referral leads to a zone below the one before.
        let referrals = all.iter().filter_map(|response| referral(query, &response.message));
        let Some((zone, referred)) = referrals.into_iter().find(|(zone, _)| zone.num_labels() > labels) else { break };
        labels = zone.num_labels();
        servers = referred;
    }
    Vec::new()
}

async fn responses_from(cache: &DnsCache, servers: &[ReferredServer], query: &Query) -> Vec<Arc<DnsResponseSeen>> {
    let of_server = async |server: &ReferredServer| {
        let ip = match server.ip {
            Some(ip) => ip,
            None => address_of(cache, &server.name).await?,
        };
        let server = SocketAddr::new(ip, cache.authoritative_port());
        cache.ask_authoritative_once(server, query).await.ok()
    };
    join_all(servers.iter().take(MAX_SERVERS).map(of_server)).await.into_iter().flatten().collect()
}

/// A name in the zone that contains the records of this query. DS records, and proofs that there are none, are in the
/// parent zone (RFC 4035 §2.4).
pub(super) fn zone_of(query: &Query) -> Name {
    match query.query_type() {
        RecordType::DS => query.name().base_name(),
        _ => query.name().clone(),
    }
}

/// Who omits the proof in the response to this query.
pub(super) async fn omitted_by(cache: &DnsCache, anchors: &DnssecAnchors, query: &Query) -> ProofOmittedBy {
    let anchor = anchors.zone(query.name());
    if *cache.omits_proofs.get_or_init(|| omits_proof_of(cache, &anchor)).await {
        return ProofOmittedBy::Resolver;
    }
    let Some((zone, hosts)) = servers_of(cache, &zone_of(query)).await else { return ProofOmittedBy::Unknown };
    let cell = match cache.proofs_of_zones.lock() {
        Ok(mut zones) => Arc::clone(zones.entry(zone).or_default()),
        Err(_) => return ProofOmittedBy::Unknown,
    };
    *cell.get_or_init(|| at_servers(cache, &hosts, query)).await
}

/// Whether the resolver omits the proof that the zone of the trust anchor has no PTR record.
async fn omits_proof_of(cache: &DnsCache, anchor: &Name) -> bool {
    let response = cache.ask(&Query::query(anchor.clone(), RecordType::PTR)).await;
    response.is_ok_and(|response| is_answer(response.message.metadata.response_code) && !has_proof(&response.message))
}

/// The zone of a name, and its name servers, according to the resolver.
pub(super) async fn servers_of(cache: &DnsCache, name: &Name) -> Option<(Name, Vec<Name>)> {
    let mut at = name.clone();
    loop {
        let response = cache.ask(&Query::query(at.clone(), RecordType::NS)).await.ok()?;
        let own = response.message.answers.iter().filter(|record| record.name == at);
        let hosts: Vec<Name> = own
            .filter_map(|record| match &record.data {
                RData::NS(host) => Some(host.0.clone()),
                _ => None,
            })
            .collect();
        if !hosts.is_empty() {
            return Some((at, hosts));
        }
        if at.is_root() {
            return None;
        }
        at = at.base_name();
    }
}

async fn at_servers(cache: &DnsCache, hosts: &[Name], query: &Query) -> ProofOmittedBy {
    let responses = responses_of(cache, hosts, query).await;
    let is_signed = |message: &Message| has_proof(message) || has_signature(message);
    match responses.as_slice() {
        [] => ProofOmittedBy::Unknown,
        all if all.iter().any(|one| is_signed(&one.message)) => ProofOmittedBy::Resolver,
        _ => ProofOmittedBy::Servers,
    }
}

async fn address_of(cache: &DnsCache, host: &Name) -> Option<IpAddr> {
    for kind in [RecordType::A, RecordType::AAAA] {
        let Ok(response) = cache.ask(&Query::query(host.clone(), kind)).await else { continue };
        let ip = response.message.answers.iter().find_map(|record| match &record.data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
            _ => None,
        });
        if ip.is_some() {
            return ip;
        }
    }
    None
}
