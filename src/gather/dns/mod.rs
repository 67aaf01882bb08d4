//! Looks up DNS records for the checks of a domain. Unlike [`super::names`], the records are validated here, and the
//! hosts file is not used, because a domain is checked as its senders see it.

mod anchors;
mod beside;
mod cache;
mod exchange;
mod read;
mod reason;
mod servers;
#[cfg(test)]
mod tests;
mod validate;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;

use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::RData;

pub(super) use self::beside::beside;

use self::anchors::DnssecAnchors;
use self::cache::DnsCache;
use self::exchange::{DnsResponseSeen, NoDnsResponse};
use self::read::{AliasPath, EndlessAliases};
use self::validate::{DnssecValidator, ResponseStates};
use super::context::GatherContext;
use crate::evidence::{
    Answer, DnsAlias, DnsCode, DnsFaultKind, DnsRecord, DnssecState, Fault, IndeterminateReason, MAX_RECORDS, Outcome,
    RecordData, RecordsSeen,
};
use crate::host::SetupError;
use crate::plan::{OverrideHost, Plan};
use crate::question::RecordsRequest;
use crate::wire::{DnsName, DomainName, Host, RecordKind};

/// The DNS lookups of an inquiry.
pub(super) struct DnsRecordSource {
    cache: DnsCache,
    validator: DnssecValidator,
}

impl DnsRecordSource {
    /// The lookups for a plan. The file with the trust anchor is read here, before any data is sent.
    pub(super) fn new(plan: &Plan) -> Result<DnsRecordSource, SetupError> {
        let path = plan.domain.as_ref().and_then(|domain| domain.trust_anchor.as_deref());
        Ok(DnsRecordSource::with_anchors(plan, DnssecAnchors::read(path)?))
    }

    fn with_anchors(plan: &Plan, anchors: DnssecAnchors) -> DnsRecordSource {
        let cache = DnsCache::new(plan);
        DnsRecordSource { validator: DnssecValidator::new(cache.clone(), anchors), cache }
    }

    /// Asks the resolver and validates the response.
    async fn look_up(&self, request: &RecordsRequest, query: &Query) -> Result<RecordsSeen, NoDnsResponse> {
        let work = pin!(async {
            let response = self.cache.ask(query).await?;
            let path = aliases_of(query, &response)?;
            let states = self.validator.states(query, &response.message, &path).await;
            let seen = records_seen(request, query, &response, &path, &states)?;
            if path.links.is_empty() || !seen.records.is_empty() || !seen.is_answer() {
                return Ok(seen);
            }
            // The validation of a denial needs the name that is denied, which is the end of the aliases. This also
            // finds the records if the resolver did not follow them.
            let query = Query::query(path.end.clone(), query.query_type());
            let response = self.cache.ask(&query).await?;
            let direct = aliases_of(&query, &response)?;
            if !direct.links.is_empty() {
                return Ok(seen);
            }
            let states = self.validator.states(&query, &response.message, &direct).await;
            let end = records_seen(request, &query, &response, &direct, &states)?;
            Ok(RecordsSeen { aliases: seen.aliases, ..end })
        });
        beside(work, pin!(self.cache.prefetch(query.name()))).await
    }
}

/// Looks up the records.
pub(super) async fn look_up(context: &Rc<GatherContext>, request: &RecordsRequest) -> Outcome {
    if let Some(records) = overridden(&context.plan, request) {
        return done(records);
    }
    let Some(name) = read::library_name(&request.name) else {
        return failed(NoDnsResponse::new(DnsFaultKind::Malformed, "the name is too long"));
    };
    let query = Query::query(name, read::record_type(request.kind));
    let result = match request.server {
        Some(server) => authoritative(&context.dns.cache, request, &query, server).await,
        None => context.dns.look_up(request, &query).await,
    };
    match result {
        Ok(records) => done(records),
        Err(none) => {
            context.notes_error(none.errno);
            failed(none)
        }
    }
}

async fn authoritative(
    cache: &DnsCache,
    request: &RecordsRequest,
    query: &Query,
    server: SocketAddr,
) -> Result<RecordsSeen, NoDnsResponse> {
    let response = cache.ask_authoritative(server, query).await?;
    let path = aliases_of(query, &response)?;
    let aliases = vec![not_validated(); path.links.len()];
    records_seen(request, query, &response, &path, &ResponseStates { aliases, records: not_validated() })
}

/// The IP addresses of a host, from A and AAAA records.
pub(super) async fn host_addresses(context: &Rc<GatherContext>, host: &DomainName) -> Result<Vec<IpAddr>, Fault> {
    let ask = async |kind| look_up(context, &RecordsRequest { name: DnsName::from(host), kind, server: None }).await;
    let (v6, v4) = tokio::join!(ask(RecordKind::Aaaa), ask(RecordKind::A));
    let mut addresses = Vec::new();
    let mut fault = Fault::NoAddress;
    for outcome in [v6, v4] {
        match outcome {
            Outcome::Done { answer: Answer::Records(records) } if records.is_answer() => {
                addresses.extend(records.addresses());
            }
            Outcome::Done { answer: Answer::Records(records) } => {
                let detail = format!("the resolver responded {:?}", records.code);
                fault = Fault::Dns { kind: DnsFaultKind::Malformed, detail };
            }
            Outcome::Failed { fault: failed } => fault = failed,
            _ => {}
        }
    }
    if addresses.is_empty() { Err(fault) } else { Ok(addresses) }
}

fn done(records: RecordsSeen) -> Outcome {
    Outcome::Done { answer: Answer::Records(records) }
}

fn failed(none: NoDnsResponse) -> Outcome {
    Outcome::Failed { fault: Fault::Dns { kind: none.kind, detail: none.detail } }
}

/// The IP addresses that `--resolve` specifies for this name. `*` does not apply here: it would give an address to names
/// that are no hosts, such as the names in blocklists. It applies when the host is connected to.
fn overridden(plan: &Plan, request: &RecordsRequest) -> Option<RecordsSeen> {
    if request.server.is_some() || !matches!(request.kind, RecordKind::A | RecordKind::Aaaa) {
        return None;
    }
    let host = OverrideHost::One(Host::Name(request.name.host_name()?));
    let given: Vec<IpAddr> = plan
        .overrides
        .iter()
        .filter(|given| given.port == plan.target.port && given.host == host)
        .map(|given| given.address)
        .collect();
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
        authoritative: false,
        authenticated: false,
        over_tcp: false,
        size: 0,
    })
}

fn not_validated() -> DnssecState {
    DnssecState::Indeterminate { why: IndeterminateReason::NotValidated }
}

fn aliases_of<'m>(query: &Query, response: &'m DnsResponseSeen) -> Result<AliasPath<'m>, NoDnsResponse> {
    read::follow_aliases(query.name(), query.query_type(), &response.message.answers).map_err(|EndlessAliases| {
        NoDnsResponse::new(DnsFaultKind::AliasLoop, "the CNAME records form a loop or a chain that is too long")
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
    Ok(RecordsSeen {
        server: Some(response.server),
        code: read::code(message.metadata.response_code),
        aliases,
        records: of_kind.take(MAX_RECORDS).map(|record| read::dns_record(record, &end)).collect(),
        left_out: total.saturating_sub(MAX_RECORDS),
        dnssec: states.records.clone(),
        authoritative: message.metadata.authoritative,
        authenticated: message.metadata.authentic_data,
        over_tcp: response.over_tcp,
        size: response.size,
    })
}
