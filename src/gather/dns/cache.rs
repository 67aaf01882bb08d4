//! All DNS queries of an inquiry and their responses: each query is sent once. The library's validator also looks up
//! keys and digests through this cache, so they are counted and kept like other records.
//!
//! The TTL is ignored, because an inquiry takes seconds.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, Stream};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::DnsHandle;
use hickory_resolver::proto::dnssec::rdata::{DNSSECRData, RRSIG};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::NS;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::sync::{OnceCell, Semaphore};

use super::exchange::{DnsQuestion, DnsResponseSeen, NoDnsResponse, ServerRole, exchange};
use super::servers::DnsServers;
use super::{read, servers};
use crate::evidence::fault::DnsFaultKind;
use crate::gather::names;
use crate::plan::Plan;

/// Keys are looked up in advance for the zones of the last three labels of a name, such as `example.co.uk`.
const LIKELY_ZONES: usize = 3;

/// The timeout of a query that repeats another one at an authoritative server.
const REPEAT_TIMEOUT: Duration = Duration::from_secs(2);

/// The maximum number of concurrent queries. Each query needs a socket, and resolvers drop queries that arrive in long
/// bursts.
const MAX_CONCURRENT: usize = 48;
/// The usual port of DNS servers.
const DNS_PORT: u16 = 53;
/// The number of failed lookups after which the search for a name's zone ends.
const MAX_FAILURES: usize = 2;

/// Values that are computed once for each key.
pub(super) type OncePerKey<K, T> = Mutex<HashMap<K, Arc<OnceCell<T>>>>;

type Asked = Arc<OnceCell<Result<Arc<DnsResponseSeen>, NoDnsResponse>>>;

/// The queries of an inquiry and their responses. Copies share them.
#[derive(Clone)]
pub(super) struct DnsCache {
    shared: Arc<CacheState>,
    /// Whether the resolver omits proofs, once this is known.
    pub(super) omits_proofs: Arc<OnceCell<bool>>,
    /// For each zone whose proof was missing: who omits it.
    pub(super) proofs_of_zones: Arc<OncePerKey<Name, ProofOmittedBy>>,
    /// The queries that were repeated at authoritative servers, and whether the response was replaced.
    repeated: Arc<OncePerKey<(Name, RecordType), bool>>,
    /// The number of replaced responses.
    replaced: Arc<AtomicUsize>,
    /// Whether authoritative servers did not respond to the repeated queries.
    pub(super) is_blocked: Arc<AtomicBool>,
}

struct CacheState {
    resolver: Option<SocketAddr>,
    connect_ms: u64,
    /// The port of authoritative servers.
    authoritative_port: u16,
    /// Created for the first query, because creating it reads this machine's configuration.
    servers: OnceLock<DnsServers>,
    asked: Mutex<HashMap<(Name, RecordType), Asked>>,
    /// For each name whose state is known: whether a zone begins at this name.
    cuts: Mutex<HashMap<Name, ZoneCut>>,
    received: AtomicUsize,
    /// Limits the number of concurrent queries.
    permits: Semaphore,
}

/// Who omits the proof in a response without records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProofOmittedBy {
    /// The resolver, or a device on the network path to it.
    Resolver,
    /// The authoritative servers of the zone.
    Servers,
    /// No authoritative server answered.
    Unknown,
}

/// Whether a zone begins at a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ZoneCut {
    Apex,
    Inside,
}

impl DnsCache {
    pub(super) fn new(plan: &Plan) -> DnsCache {
        let state = CacheState {
            resolver: plan.resolver,
            connect_ms: plan.limits.connect_ms,
            authoritative_port: plan.domain.as_ref().map_or(DNS_PORT, |domain| domain.dns_port),
            servers: OnceLock::new(),
            asked: Mutex::default(),
            cuts: Mutex::default(),
            received: AtomicUsize::new(0),
            permits: Semaphore::new(MAX_CONCURRENT),
        };
        DnsCache {
            shared: Arc::new(state),
            omits_proofs: Arc::default(),
            proofs_of_zones: Arc::default(),
            repeated: Arc::default(),
            replaced: Arc::default(),
            is_blocked: Arc::default(),
        }
    }

    /// The port of authoritative servers.
    pub(super) fn authoritative_port(&self) -> u16 {
        self.shared.authoritative_port
    }

    /// Queries the resolver, unless the same query has been sent before.
    pub(super) async fn ask(&self, query: &Query) -> Result<Arc<DnsResponseSeen>, NoDnsResponse> {
        let CacheState { resolver, connect_ms, received, permits, .. } = &*self.shared;
        let Some(cell) = self.cell(query.name(), query.query_type()) else {
            return Err(NoDnsResponse::new(DnsFaultKind::Malformed, "an earlier lookup failed"));
        };
        let servers = self.shared.servers.get_or_init(|| DnsServers::of(*resolver, *connect_ms));
        let question = DnsQuestion { query: query.clone(), role: ServerRole::Resolver };
        let answered = cell.get_or_init(|| async {
            // The semaphore is never closed.
            let _permit = permits.acquire().await;
            servers.ask(&question, received).await.map(Arc::new)
        });
        answered.await.clone()
    }

    /// Queries an authoritative server. The response is not kept.
    pub(super) async fn ask_authoritative(
        &self,
        server: SocketAddr,
        query: &Query,
    ) -> Result<Arc<DnsResponseSeen>, NoDnsResponse> {
        let CacheState { connect_ms, received, .. } = &*self.shared;
        servers::ask_authoritative(server, &authoritative(query), *connect_ms, received).await.map(Arc::new)
    }

    /// Queries an authoritative server once. The response is not kept.
    pub(super) async fn ask_authoritative_once(
        &self,
        server: SocketAddr,
        query: &Query,
    ) -> Result<Arc<DnsResponseSeen>, NoDnsResponse> {
        let timeout = names::attempt_timeout(self.shared.connect_ms).min(REPEAT_TIMEOUT);
        exchange(server, &authoritative(query), timeout, &self.shared.received).await.map(Arc::new)
    }

    /// Whether a query was repeated at authoritative servers; `None` only after a panic.
    pub(super) fn repeated(&self, query: &Query) -> Option<Arc<OnceCell<bool>>> {
        let mut repeated = self.repeated.lock().ok()?;
        Some(Arc::clone(repeated.entry((query.name().clone(), query.query_type())).or_default()))
    }

    /// Whether the response to a query about the name or a name above it was replaced.
    pub(super) fn has_replaced_above(&self, name: &Name) -> bool {
        let Ok(repeated) = self.repeated.lock() else { return false };
        repeated.iter().any(|((at, _), cell)| at.zone_of(name) && cell.get() == Some(&true))
    }

    /// The number of responses that were replaced so far.
    pub(super) fn replaced(&self) -> usize {
        self.replaced.load(Ordering::Relaxed)
    }

    /// Replaces the resolver's response to a query, unless the new one is the same.
    pub(super) fn replace(&self, query: &Query, response: Arc<DnsResponseSeen>) -> bool {
        let Ok(mut asked) = self.shared.asked.lock() else { return false };
        let key = (query.name().clone(), query.query_type());
        let is_same = asked
            .get(&key)
            .and_then(|cell| cell.get())
            .is_some_and(|known| known.as_ref().is_ok_and(|known| has_same_records(&known.message, &response.message)));
        if !is_same {
            asked.insert(key, Arc::new(OnceCell::from(Ok(response))));
            self.replaced.fetch_add(1, Ordering::Relaxed);
        }
        !is_same
    }

    fn cell(&self, name: &Name, kind: RecordType) -> Option<Asked> {
        let mut asked = self.shared.asked.lock().ok()?;
        Some(Arc::clone(asked.entry((name.clone(), kind)).or_default()))
    }

    /// Whether a response to the query already exists.
    pub(super) fn is_answered(&self, query: &Query) -> bool {
        let Ok(asked) = self.shared.asked.lock() else { return false };
        asked.get(&(query.name().clone(), query.query_type())).is_some_and(|cell| cell.initialized())
    }

    /// Looks up the keys and digests that are probably needed to validate the response to a query.
    pub(super) async fn prefetch(&self, query: &Query) {
        let name = query.name();
        // A host below a domain is rarely a separate zone.
        let is_host = matches!(query.query_type(), RecordType::A | RecordType::AAAA) && name.num_labels() > 2;
        let labels = usize::from(name.num_labels()) - usize::from(is_host);
        let levels = labels.min(LIKELY_ZONES);
        let zones: Vec<Name> =
            (0..=levels).map(|labels| name.trim_to(labels)).filter(|zone| !is_service(zone)).collect();
        self.prefetch_zones(&zones).await;
    }

    /// Looks up the keys and digests of zones.
    pub(super) async fn prefetch_zones(&self, zones: &[Name]) {
        let of_zone = |zone: &Name| {
            let digests = (!zone.is_root()).then_some(RecordType::DS);
            let kinds = [Some(RecordType::DNSKEY), digests];
            let zone = zone.clone();
            kinds.into_iter().flatten().map(move |kind| Query::query(zone.clone(), kind)).collect::<Vec<_>>()
        };
        let queries: Vec<Query> = zones.iter().flat_map(of_zone).collect();
        join_all(queries.iter().map(|query| self.ask(query))).await;
    }

    /// Finds the zone that contains a name, from the SOA record in a response or by looking up this record. The
    /// validator needs the zone of records without signatures. Returns `None` if the responses about the name or a name
    /// above it show no zone: there may be a delegation to servers that do not serve the zone. The validator then looks
    /// up the delegation.
    pub(super) async fn find_zone(&self, name: &Name, negative: Option<&Message>) -> Option<Name> {
        let mut at = name.clone();
        let mut failures = 0;
        loop {
            let found = match negative.and_then(|message| soa_owner(&message.authorities, name)) {
                Some(apex) => Some(apex),
                None => {
                    let response = self.ask(&Query::query(at.clone(), RecordType::SOA)).await;
                    failures += usize::from(response.is_err());
                    response.ok().and_then(|response| zone_in(&response.message, &at))
                }
            };
            if let Some(apex) = found {
                self.note_zone(&at, &apex);
                return (at == *name).then_some(apex);
            }
            if at.is_root() || failures == MAX_FAILURES {
                return None;
            }
            at = at.base_name();
        }
    }

    fn note_zone(&self, name: &Name, apex: &Name) {
        let Ok(mut cuts) = self.shared.cuts.lock() else { return };
        let mut at = name.clone();
        while &at != apex && !at.is_root() {
            cuts.insert(at.clone(), ZoneCut::Inside);
            at = at.base_name();
        }
        cuts.insert(apex.clone(), ZoneCut::Apex);
    }

    /// Whether one of the lookups that show whether a name's zone is signed has failed.
    pub(super) fn has_failed_above(&self, name: &Name) -> bool {
        let Ok(asked) = self.shared.asked.lock() else { return true };
        let has_failed = |cell: &Asked| match cell.get() {
            Some(Ok(response)) => !is_answer(response.message.metadata.response_code),
            Some(Err(_)) => true,
            None => false,
        };
        asked.iter().any(|((at, kind), cell)| {
            matches!(kind, RecordType::DS | RecordType::SOA | RecordType::NS) && at.zone_of(name) && has_failed(cell)
        })
    }

    #[cfg(test)]
    pub(super) fn received(&self) -> usize {
        self.shared.received.load(Ordering::Relaxed)
    }

    /// Whether a zone is known to begin at a name.
    pub(super) fn is_zone(&self, name: &Name) -> bool {
        self.cut(name) == Some(ZoneCut::Apex)
    }

    fn cut(&self, name: &Name) -> Option<ZoneCut> {
        self.shared.cuts.lock().ok()?.get(name).copied()
    }

    /// The response that the validator receives.
    async fn respond(&self, query: &Query) -> Result<Message, NetError> {
        let mut empty = Message::query().into_response();
        empty.add_query(query.clone());
        if query.query_type() == RecordType::NS
            && !self.is_answered(query)
            && let Some(cut) = self.cut(query.name())
        {
            // To find the zone that contains a name, the validator looks up NS records, from the name upwards. These
            // lookups are answered here. NS records that the inquiry itself requested are validated as usual.
            if cut == ZoneCut::Apex {
                empty.add_answer(Record::from_rdata(query.name().clone(), 0, RData::NS(NS(Name::root()))));
            }
            return Ok(empty);
        }
        match self.ask(query).await {
            Ok(response) => Ok(for_validation(query, &response.message)),
            // The name may be inside a zone, so the validator continues with the name above it.
            Err(_) if query.query_type() == RecordType::NS => Ok(empty),
            Err(none) => Err(NetError::from(none.detail)),
        }
    }
}

impl DnsHandle for DnsCache {
    type Response = Pin<Box<dyn Stream<Item = Result<DnsResponse, NetError>> + Send>>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        let cache = self.clone();
        Box::pin(stream::once(Box::pin(async move {
            let (request, _) = request.into_parts();
            let Some(query) = request.queries.first() else {
                return Err(NetError::from("the request has no question"));
            };
            let mut message = cache.respond(query).await?;
            message.metadata.id = request.metadata.id;
            Ok(DnsResponse::from_message(message)?)
        })))
    }
}

/// Whether the response code shows which records exist, or that none exist.
pub(super) fn is_answer(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

/// The question for an authoritative server.
fn authoritative(query: &Query) -> DnsQuestion {
    DnsQuestion { query: query.clone(), role: ServerRole::Authoritative }
}

/// Whether two responses have the same records in their answer and authority sections, whatever their TTL.
fn has_same_records(one: &Message, other: &Message) -> bool {
    let is_within = |some: &[Record], all: &[Record]| {
        some.iter().all(|record| all.iter().any(|known| known.name == record.name && known.data == record.data))
    };
    let is_same = |one: &[Record], other: &[Record]| is_within(one, other) && is_within(other, one);
    is_same(&one.answers, &other.answers) && is_same(&one.authorities, &other.authorities)
}

/// A label such as `_tcp` is not a zone in practice.
fn is_service(name: &Name) -> bool {
    name.iter().next().is_some_and(|label| label.starts_with(b"_"))
}

fn soa_owner(records: &[Record], below: &Name) -> Option<Name> {
    let soa = records.iter().find(|record| record.record_type() == RecordType::SOA && record.name.zone_of(below))?;
    Some(soa.name.clone())
}

/// The zone of a name, according to the response to a query for its SOA record.
fn zone_in(message: &Message, name: &Name) -> Option<Name> {
    // After an alias, the SOA record belongs to the zone of the target.
    let is_alias = message.answers.iter().any(|record| record.record_type() == RecordType::CNAME);
    let of_answers = soa_owner(&message.answers, name);
    of_answers.or_else(|| (!is_alias).then(|| soa_owner(&message.authorities, name)).flatten())
}

/// The part of a response that matters for its validation. The library validates every record of a response, and each
/// record would require more queries.
fn for_validation(query: &Query, message: &Message) -> Message {
    let mut message = message.clone();
    let kind = query.query_type();
    let names: Vec<Name> = match read::follow_aliases(query.name(), kind, &message.answers) {
        Ok(path) => path.links.iter().map(|link| link.name.clone()).chain([path.end.clone()]).collect(),
        Err(read::EndlessAliases::Loop | read::EndlessAliases::Limit) => Vec::new(),
    };
    let covered = |record: &Record| covered_type(record).unwrap_or_else(|| record.record_type());
    message.answers.retain(|record| {
        let of = covered(record);
        (names.contains(&record.name) && (of == kind || of == RecordType::CNAME)) || of == RecordType::DNAME
    });
    let is_positive = !message.answers.is_empty();
    message.authorities.retain(|record| match covered(record) {
        RecordType::NSEC | RecordType::NSEC3 => true,
        RecordType::SOA => !is_positive,
        _ => false,
    });
    message.additionals.clear();
    message
}

/// The type of the records that an RRSIG record signs.
pub(super) fn covered_type(record: &Record) -> Option<RecordType> {
    signature(record).map(|signature| signature.input().type_covered)
}

/// The signature in an RRSIG record.
pub(super) fn signature(record: &Record) -> Option<&RRSIG> {
    match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some(signature),
        _ => None,
    }
}
