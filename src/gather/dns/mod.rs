//! Looks up DNS records for the checks of a domain. Unlike [`super::names`], the records are validated here, and the
//! hosts file is not used, because the checks must find the same records as servers that send mail to the domain.

pub(super) mod anchors;
mod beside;
mod cache;
mod dname;
mod exchange;
mod keyed;
mod missing_proof;
mod proofs;
mod read;
mod reason;
mod referral;
mod repair;
mod served;
mod servers;
pub(super) mod source;
mod validate;

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use hickory_resolver::proto::op::Query;

pub(super) use self::beside::beside;

use self::exchange::NoDnsResponse;
use super::context::GatherContext;
use crate::evidence::{Answer, DnsFaultKind, Fault, Outcome, RecordsSeen};
use crate::question::RecordsRequest;
use crate::wire::{DnsName, DomainName, RecordKind};

/// Looks up the records. If the name is in a blocklist zone with a customer key, the query contains the key, but the
/// request and the outcome do not.
pub(super) async fn look_up(context: &Rc<GatherContext>, request: &RecordsRequest) -> Outcome {
    let keys = context.plan.domain.as_ref().map(|domain| &domain.list_keys);
    let asked = keys.and_then(|keys| keys.asked(request.name.as_str())).and_then(|name| DnsName::parse(&name).ok());
    match (keys, asked) {
        (Some(keys), Some(name)) => {
            let asked = RecordsRequest { name, ..request.clone() };
            keyed::without_keys(&look_up_name(context, &asked).await, keys)
        }
        _ if context.plan.is_about_server() => {
            let limit = Duration::from_millis(context.plan.limits.connect_ms.min(SUPPLEMENTARY_LOOKUP_MS));
            tokio::time::timeout(limit, look_up_name(context, request)).await.unwrap_or_else(|_| {
                failed(NoDnsResponse::new(DnsFaultKind::Timeout, "no response within the time limit of this lookup"))
            })
        }
        _ => look_up_name(context, request).await,
    }
}

/// The time limit of a lookup in a check of one server. It only improves the advice about a rejection, so it must not hold
/// up the result. A resolver that works responds in less time.
const SUPPLEMENTARY_LOOKUP_MS: u64 = 2000;

async fn look_up_name(context: &Rc<GatherContext>, request: &RecordsRequest) -> Outcome {
    if let Some(records) = source::overridden(&context.plan, request) {
        return answered(records);
    }
    let Some(name) = read::library_name(&request.name) else {
        return failed(NoDnsResponse::new(DnsFaultKind::Malformed, "the name is too long"));
    };
    let name = if request.upper_case { read::in_upper_case(&name) } else { name };
    let query = Query::query(name, read::record_type(request.kind));
    let result = match request.server {
        Some(server) => context.dns.authoritative(request, &query, server).await,
        None => context.dns.look_up(request, &query).await,
    };
    match result {
        Ok(records) => answered(records),
        Err(none) => {
            context.notes_error(none.errno);
            failed(none)
        }
    }
}

/// The IP addresses of a host, from A and AAAA records.
pub(super) async fn host_addresses(context: &Rc<GatherContext>, host: &DomainName) -> Result<Vec<IpAddr>, Fault> {
    let ask = async |kind| look_up(context, &RecordsRequest::to_resolver(DnsName::from(host), kind)).await;
    let (v6, v4) = tokio::join!(ask(RecordKind::Aaaa), ask(RecordKind::A));
    let mut addresses = Vec::new();
    let mut fault = Fault::NoAddress;
    for outcome in [v6, v4] {
        match outcome {
            Outcome::Done { answer: Answer::Records(records) } if records.is_answer() => {
                addresses.extend(records.addresses());
            }
            Outcome::Done { answer: Answer::Records(records) } => {
                let detail = format!("the resolver responded with {}", records.code);
                fault = Fault::Dns { kind: DnsFaultKind::ErrorCode, detail };
            }
            Outcome::Failed { fault: failed } => fault = failed,
            _ => {}
        }
    }
    if addresses.is_empty() { Err(fault) } else { Ok(addresses) }
}

fn answered(records: RecordsSeen) -> Outcome {
    Outcome::Done { answer: Answer::Records(records) }
}

fn failed(none: NoDnsResponse) -> Outcome {
    Outcome::Failed { fault: Fault::Dns { kind: none.kind, detail: none.detail } }
}

#[cfg(test)]
mod tests;
