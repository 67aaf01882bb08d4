//! Looks up DNS records for the checks of a domain. Unlike [`super::names`], the records are validated here, and the
//! hosts file is not used, because a domain is checked as its senders see it.

mod exchange;
mod read;
mod servers;

use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::sync::OnceCell;

use self::exchange::{DnsQuestion, DnsResponseSeen, NoDnsResponse, ServerRole};
use self::servers::DnsServers;
use super::context::GatherContext;
use crate::evidence::fault::DnsFaultKind;
use crate::evidence::{
    Answer, DnsAlias, DnsCode, DnsRecord, DnssecState, Fault, IndeterminateReason, MAX_RECORDS, Outcome, RecordData,
    RecordsSeen,
};
use crate::plan::{OverrideHost, Plan};
use crate::question::RecordsRequest;
use crate::wire::{Host, RecordKind};

type Asked = Arc<OnceCell<Result<Arc<DnsResponseSeen>, NoDnsResponse>>>;

/// All DNS questions of an inquiry and their responses.
#[derive(Clone, Default)]
pub(super) struct DnsRecordCache {
    shared: Arc<CacheState>,
}

#[derive(Default)]
struct CacheState {
    servers: OnceCell<DnsServers>,
    asked: Mutex<HashMap<(Name, RecordType), Asked>>,
    received: AtomicUsize,
}

impl DnsRecordCache {
    /// Asks the resolver, unless the same question has been asked before.
    async fn ask(&self, plan: &Plan, query: &Query) -> Result<Arc<DnsResponseSeen>, NoDnsResponse> {
        let key = (query.name().clone(), query.query_type());
        let cell = {
            let Ok(mut asked) = self.shared.asked.lock() else {
                return Err(NoDnsResponse::new(DnsFaultKind::Malformed, "an earlier lookup panicked"));
            };
            Arc::clone(asked.entry(key).or_default())
        };
        let servers = self.shared.servers.get_or_init(|| async { DnsServers::of(plan) }).await;
        let question = DnsQuestion { query: query.clone(), role: ServerRole::Resolver };
        let result =
            cell.get_or_init(|| async { servers.ask(&question, &self.shared.received).await.map(Arc::new) }).await;
        result.clone()
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
    let cache = &context.dns;
    let response = match request.server {
        Some(server) => {
            let question = DnsQuestion { query: query.clone(), role: ServerRole::Authoritative };
            servers::ask_authoritative(server, &question, &context.plan, &cache.shared.received).await.map(Arc::new)
        }
        None => cache.ask(&context.plan, &query).await,
    };
    match response {
        Ok(response) => match records_seen(request, &query, &response) {
            Ok(records) => done(records),
            Err(none) => failed(none),
        },
        Err(none) => {
            context.notes_error(none.errno);
            failed(none)
        }
    }
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

fn records_seen(
    request: &RecordsRequest,
    query: &Query,
    response: &DnsResponseSeen,
) -> Result<RecordsSeen, NoDnsResponse> {
    let message = &response.message;
    let kind = query.query_type();
    let path = read::follow_aliases(query.name(), kind, &message.answers).map_err(|_| {
        NoDnsResponse::new(DnsFaultKind::AliasLoop, "the CNAME records form a loop or a chain that is too long")
    })?;
    let mut aliases = Vec::new();
    for link in &path.links {
        let hickory_resolver::proto::rr::RData::CNAME(target) = &link.data else { continue };
        let (Some(from), Some(to)) = (read::dns_name(&link.name), read::dns_name(&target.0)) else {
            return Err(NoDnsResponse::new(DnsFaultKind::Malformed, format!("unusable name in {}", link.data)));
        };
        aliases.push(DnsAlias { from, to, dnssec: not_validated() });
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
        dnssec: not_validated(),
        authoritative: message.metadata.authoritative,
        authenticated: message.metadata.authentic_data,
        over_tcp: response.over_tcp,
        size: response.size,
    })
}
