//! The DNS lookups of an inquiry. The responses become evidence, with their DNSSEC states.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::anchors::DnssecAnchors;
use super::beside::beside;
use super::cache::{DnsCache, covered_type, is_answer, signature};
use super::exchange::{DnsResponseSeen, NoDnsResponse};
use super::read::{self, AliasPath, EndlessAliases};
use super::reason::{bogus, not_validated};
use super::referral::glue;
use super::validate::{DnssecValidator, ResponseStates};
use crate::evidence::{
    BogusReason, DnsAlias, DnsCode, DnsFaultKind, DnsRecord, MAX_ALIASES, MAX_RECORDS, RecordData, RecordSignatures,
    RecordsSeen, SignatureValidity,
};
use crate::plan::{OverrideHost, Plan};
use crate::question::RecordsRequest;
use crate::wire::{Host, RecordKind};

/// The DNS lookups of an inquiry.
pub(in crate::gather) struct DnsRecordSource {
    pub(super) cache: DnsCache,
    validator: DnssecValidator,
}

impl DnsRecordSource {
    /// The lookups for a plan, validated with the given trust anchors.
    pub(in crate::gather) fn new(plan: &Plan, anchors: DnssecAnchors) -> DnsRecordSource {
        let cache = DnsCache::new(plan);
        DnsRecordSource { validator: DnssecValidator::new(cache.clone(), anchors), cache }
    }

    /// Queries the resolver and validates the response.
    pub(super) async fn look_up(&self, request: &RecordsRequest, query: &Query) -> Result<RecordsSeen, NoDnsResponse> {
        let work = pin!(async {
            let mut first = self.cache.ask(query).await?;
            let is_link = matches!(query.query_type(), RecordType::DS | RecordType::DNSKEY);
            if is_link && !is_answer(first.message.metadata.response_code) {
                self.validator.repair_zone(query.name()).await;
                first = self.cache.ask(query).await?;
            }
            let path = match aliases_of(query, &first) {
                Err(none) if none.kind == DnsFaultKind::AliasLoop => {
                    let seen = self.false_loop(request, query, &first).await?;
                    return seen.ok_or(none);
                }
                path => path?,
            };
            let mut states = self.validator.states(query, &first.message, &path).await;
            // The response may have been replaced, if it contains keys or digests.
            let response = self.cache.ask(query).await?;
            let path = aliases_of(query, &response)?;
            if !Arc::ptr_eq(&first, &response) {
                states = self.validator.states(query, &response.message, &path).await;
            }
            let seen = records_seen(request, query, &response, &path, &states)?;
            if path.links.is_empty() || !seen.records.is_empty() || !seen.is_answer() {
                return Ok(seen);
            }
            // To validate a proof that there are no records, the query must contain the name at the end of the aliases.
            // This also finds the records if the resolver did not follow the aliases.
            let query = Query::query(path.end.clone(), query.query_type());
            let response = self.cache.ask(&query).await?;
            let direct = aliases_of(&query, &response)?;
            let is_known = |name: &Name| name == query.name() || path.links.iter().any(|link| link.name == *name);
            if !direct.links.is_empty() && is_known(&direct.end) {
                return Err(NoDnsResponse::new(DnsFaultKind::AliasLoop, "the CNAME records form a loop"));
            }
            if !direct.links.is_empty() {
                return Ok(seen);
            }
            let states = self.validator.states(&query, &response.message, &direct).await;
            let end = records_seen(request, &query, &response, &direct, &states)?;
            Ok(RecordsSeen { aliases: seen.aliases, ..end })
        });
        beside(work, pin!(self.cache.prefetch(query))).await
    }

    /// The response with aliases that form a loop, if the first alias is bogus. Servers that validate DNSSEC reject it.
    async fn false_loop(
        &self,
        request: &RecordsRequest,
        query: &Query,
        response: &DnsResponseSeen,
    ) -> Result<Option<RecordsSeen>, NoDnsResponse> {
        let is_alias = |record: &&Record| &record.name == query.name() && record.record_type() == RecordType::CNAME;
        let Some(alias) = response.message.answers.iter().find(is_alias) else { return Ok(None) };
        if !self.validator.is_alias_bogus(query.name(), &response.message).await {
            return Ok(None);
        }
        let path = AliasPath { links: vec![alias], end: query.name().clone() };
        let state = bogus(BogusReason::NoSignature, None);
        let states = ResponseStates { aliases: vec![state.clone()], records: state };
        records_seen(request, query, response, &path, &states).map(Some)
    }

    /// Queries an authoritative server. If the zone is signed, the server's own signatures are verified with the zone's
    /// keys, which come from the resolver.
    pub(super) async fn authoritative(
        &self,
        request: &RecordsRequest,
        query: &Query,
        server: SocketAddr,
    ) -> Result<RecordsSeen, NoDnsResponse> {
        let response = self.cache.ask_authoritative(server, query).await?;
        let path = aliases_of(query, &response)?;
        let records = self.validator.state_at_server(query, &response.message).await;
        let aliases = vec![not_validated(); path.links.len()];
        let states = ResponseStates { aliases, records };
        let seen = records_seen(request, query, &response, &path, &states)?;
        let records = match query.query_type() {
            RecordType::NS if seen.records.is_empty() && seen.aliases.is_empty() => {
                referral_records(request, &response)
            }
            _ => return Ok(seen),
        };
        Ok(RecordsSeen { records, ..seen })
    }
}

/// What the signatures of a set of records state.
fn signatures(name: &Name, kind: RecordType, records: &[Record]) -> Option<RecordSignatures> {
    let of_set = records.iter().filter(|record| &record.name == name && covered_type(record) == Some(kind));
    let inputs: Vec<_> = of_set.filter_map(signature).map(|signature| signature.input()).collect();
    let mut algorithms: Vec<u8> = inputs.iter().map(|input| u8::from(input.algorithm)).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let last = inputs.iter().max_by_key(|input| input.sig_expiration.get());
    let validity =
        last.map(|input| SignatureValidity { begins: input.sig_inception.get(), ends: input.sig_expiration.get() });
    Some(RecordSignatures { original_ttl: inputs.first()?.original_ttl, algorithms, validity })
}

/// The NS records that a server of the parent zone sends as a referral (RFC 1034 §4.3.2, step 3b), and the IP addresses of
/// these name servers (glue). The NS records are in the authority section, the addresses in the additional section.
/// Neither are authoritative.
fn referral_records(request: &RecordsRequest, response: &DnsResponseSeen) -> Vec<DnsRecord> {
    let message = &response.message;
    let asked = message.queries.first().map(Query::name);
    let is_delegation = |record: &&Record| record.record_type() == RecordType::NS && Some(&record.name) == asked;
    let delegation: Vec<&Record> = message.authorities.iter().filter(is_delegation).take(MAX_RECORDS).collect();
    let hosts = delegation.iter().filter_map(|record| match &record.data {
        RData::NS(host) => Some(&host.0),
        _ => None,
    });
    let glue: Vec<&Record> = hosts.flat_map(|host| glue(message, host)).take(MAX_RECORDS).collect();
    delegation.into_iter().chain(glue).map(|record| read::dns_record(record, &request.name)).collect()
}

/// The IP addresses that `--resolve` specifies for this name. Entries for `*` do not apply here, because names that are
/// not hosts, such as names in blocklists, would get an address. Entries for `*` apply only to connections.
pub(super) fn overridden(plan: &Plan, request: &RecordsRequest) -> Option<RecordsSeen> {
    if request.server.is_some() || !matches!(request.kind, RecordKind::A | RecordKind::Aaaa) {
        return None;
    }
    let host = OverrideHost::One(Host::Name(request.name.host_name()?));
    // Entries for `*` are ignored, because otherwise every name in a blocklist would have an address.
    let given = plan.overrides_of(&host, plan.target.port);
    if given.is_empty() {
        return None;
    }
    let records = given.into_iter().filter_map(|ip| match (ip, request.kind) {
        (IpAddr::V4(ip), RecordKind::A) => Some(RecordData::A { ip }),
        (IpAddr::V6(ip), RecordKind::Aaaa) => Some(RecordData::Aaaa { ip }),
        _ => None,
    });
    Some(RecordsSeen {
        server: None,
        code: DnsCode::NoError,
        aliases: Vec::new(),
        records: records.map(|data| DnsRecord { name: request.name.clone(), ttl: 0, data }).collect(),
        left_out: 0,
        dnssec: not_validated(),
        without_soa: false,
        signatures: None,
        authoritative: false,
        authenticated: false,
        over_tcp: false,
        size: 0,
    })
}

fn aliases_of<'m>(query: &Query, response: &'m DnsResponseSeen) -> Result<AliasPath<'m>, NoDnsResponse> {
    // A response that contains only records of other names is not an answer. It also does not show that there is no
    // record.
    let answers = &response.message.answers;
    let is_related = |record: &Record| &record.name == query.name() || record.record_type() == RecordType::DNAME;
    if !answers.is_empty() && !answers.iter().any(is_related) {
        let detail = format!("{}: the response contains only records of other names", response.server);
        return Err(NoDnsResponse::new(DnsFaultKind::Malformed, detail));
    }
    read::follow_aliases(query.name(), query.query_type(), &response.message.answers).map_err(|why| match why {
        EndlessAliases::Loop => NoDnsResponse::new(DnsFaultKind::AliasLoop, "the CNAME records form a loop"),
        EndlessAliases::Limit => NoDnsResponse::new(
            DnsFaultKind::AliasLimit,
            format!("there are more than {MAX_ALIASES} CNAME records in a chain"),
        ),
    })
}

fn records_seen(
    request: &RecordsRequest,
    query: &Query,
    response: &DnsResponseSeen,
    path: &AliasPath<'_>,
    states: &ResponseStates,
) -> Result<RecordsSeen, NoDnsResponse> {
    let message = &response.message;
    let kind = query.query_type();
    let mut aliases = Vec::new();
    for (link, dnssec) in path.links.iter().zip(&states.aliases) {
        let RData::CNAME(target) = &link.data else { continue };
        let (Some(from), Some(to)) = (read::dns_name(&link.name), read::dns_name(&target.0)) else {
            return Err(NoDnsResponse::new(DnsFaultKind::Malformed, format!("unusable name in {}", link.data)));
        };
        aliases.push(DnsAlias { from, to, dnssec: dnssec.clone() });
    }
    let end = read::dns_name(&path.end).unwrap_or_else(|| request.name.clone());
    let of_kind = message.answers.iter().filter(|record| record.name == path.end && record.record_type() == kind);
    let total = of_kind.clone().count();
    // A response without the SOA record of a zone does not contain this record as a proof.
    let is_own = |record: &Record| kind == RecordType::SOA && record.name == path.end;
    let is_soa_above =
        |record: &Record| record.record_type() == RecordType::SOA && record.name.zone_of(&path.end) && !is_own(record);
    Ok(RecordsSeen {
        server: Some(response.server),
        code: read::code(message.metadata.response_code),
        aliases,
        records: of_kind.take(MAX_RECORDS).map(|record| read::dns_record(record, &end)).collect(),
        left_out: total.saturating_sub(MAX_RECORDS),
        dnssec: states.records.clone(),
        without_soa: total == 0
            && is_answer(message.metadata.response_code)
            && !message.authorities.iter().any(is_soa_above),
        signatures: signatures(&path.end, kind, &message.answers),
        authoritative: message.metadata.authoritative,
        authenticated: message.metadata.authentic_data,
        over_tcp: response.over_tcp,
        size: response.size,
    })
}
