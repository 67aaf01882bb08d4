//! Responses of the resolver without records and without any proof (NSEC or NSEC3 records, RFC 4035 §3.1.3), although the
//! zone is signed. Some forwarders remove the authority section, which contains the proof. Then nothing is known about
//! the zone. Two tests show who omits the proof:
//!
//! 1. A response about the zone of the trust anchor, whose servers send proofs. If the resolver omits this proof too, it
//!    omits all of them.
//! 2. Otherwise, the zone's authoritative servers are queried directly, once for each zone.
//!
//! If a chain of signatures is broken, the keys and digests in it are looked up again at the authoritative servers, because
//! the resolver may have changed them. All these lookups are sent only if records are not valid otherwise.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::proto::op::{Message, Query};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

use super::anchors::DnssecAnchors;
use super::cache::{DnsCache, is_answer};
use super::reason;

/// The maximum number of authoritative servers that are queried for a proof.
const MAX_SERVERS: usize = 2;
/// The maximum number of responses that are replaced in one chain of signatures.
const MAX_REPLACED: usize = 6;

/// Who omits the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProofOmittedBy {
    /// The resolver, or a device on the network path to it.
    Resolver,
    /// The authoritative servers of the zone.
    Servers,
    /// No authoritative server answered.
    Unknown,
}

/// Whether a response contains a record of a proof. Whether the proof is valid is decided elsewhere.
pub(super) fn has_proof(message: &Message) -> bool {
    message.authorities.iter().any(|record| matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3))
}

fn has_signature(message: &Message) -> bool {
    message.answers.iter().any(|record| record.record_type() == RecordType::RRSIG)
}

/// Looks up a broken chain of signatures again at the authoritative servers, from the trust anchor to the name. Returns
/// whether a response of the resolver was replaced, now or earlier.
pub(super) async fn repair_chain(cache: &DnsCache, anchors: &DnssecAnchors, name: &Name) -> bool {
    let mut is_replaced = cache.has_replaced_above(name);
    for _ in 0..MAX_REPLACED {
        let Some(query) = reason::first_broken_link(cache, anchors, name).await else { break };
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
    for host in hosts.iter().take(MAX_SERVERS) {
        let Some(ip) = address_of(cache, host).await else { continue };
        let server = SocketAddr::new(ip, cache.authoritative_port());
        let Ok(response) = cache.ask_authoritative(server, query).await else { continue };
        let (message, metadata) = (&response.message, &response.message.metadata);
        let is_signed = has_proof(message) || has_signature(message);
        if metadata.authoritative && is_answer(metadata.response_code) && is_signed {
            return cache.replace(query, response);
        }
    }
    false
}

/// A name in the zone that contains the records of this query. DS records, and proofs that there are none, are in the
/// parent zone (RFC 4035 §2.4).
fn zone_of(query: &Query) -> Name {
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
async fn servers_of(cache: &DnsCache, name: &Name) -> Option<(Name, Vec<Name>)> {
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
    let mut result = ProofOmittedBy::Unknown;
    for host in hosts.iter().take(MAX_SERVERS) {
        let Some(ip) = address_of(cache, host).await else { continue };
        let server = SocketAddr::new(ip, cache.authoritative_port());
        let Ok(response) = cache.ask_authoritative(server, query).await else { continue };
        let metadata = &response.message.metadata;
        if !metadata.authoritative || !is_answer(metadata.response_code) {
            continue;
        }
        if has_proof(&response.message) || has_signature(&response.message) {
            return ProofOmittedBy::Resolver;
        }
        result = ProofOmittedBy::Servers;
    }
    result
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
