//! The DNS servers that questions are sent to: the resolver of the plan, or those that this machine is configured to use,
//! in turn. A server that responded is asked first from then on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;

use super::exchange::{DnsQuestion, DnsResponseSeen, NoDnsResponse, exchange};
use crate::evidence::fault::DnsFaultKind;
use crate::gather::names;

/// The maximum number of servers that are used, as in glibc.
const MAX_SERVERS: usize = 3;
/// The number of times that a question is sent to a server that does not respond. One packet can be lost.
const ATTEMPTS: usize = 2;

/// The servers, and the limits for asking them.
#[derive(Debug)]
pub(super) struct DnsServers {
    servers: Vec<SocketAddr>,
    /// Whether this machine is configured to use a resolver, or the plan names one.
    is_configured: bool,
    /// The index of the server that responded last.
    preferred: AtomicUsize,
    timeout: Duration,
}

impl DnsServers {
    /// The given server, or those of this machine.
    pub(super) fn of(resolver: Option<SocketAddr>, connect_ms: u64) -> DnsServers {
        let timeout = timeout(connect_ms);
        let (servers, is_configured) = match resolver {
            Some(server) => (vec![server], true),
            None => match names::system_servers() {
                servers if !servers.is_empty() => (servers.into_iter().take(MAX_SERVERS).collect(), true),
                // If resolv.conf is missing or contains no name server, glibc uses 127.0.0.1.
                _ => (vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 53))], false),
            },
        };
        DnsServers { servers, is_configured, preferred: AtomicUsize::new(0), timeout }
    }

    /// Asks the servers in turn. A server that does not respond is asked again after all others. A server that refuses
    /// the question or cannot answer it is not asked again; its response is used if no other server has a better one.
    pub(super) async fn ask(
        &self,
        question: &DnsQuestion,
        received: &AtomicUsize,
    ) -> Result<DnsResponseSeen, NoDnsResponse> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut left: Vec<(usize, SocketAddr)> = self.servers.iter().copied().enumerate().collect();
        let by = first.min(left.len().saturating_sub(1));
        left.rotate_left(by);
        let mut fallback = None;
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            let mut silent = Vec::new();
            for (index, server) in left {
                match exchange(server, question, self.timeout, received).await {
                    Ok(response) if is_final(response.message.metadata.response_code) => {
                        self.preferred.store(index, Ordering::Relaxed);
                        return Ok(response);
                    }
                    Ok(response) => {
                        fallback.get_or_insert(response);
                    }
                    Err(none) => {
                        if none.kind == DnsFaultKind::Timeout {
                            silent.push((index, server));
                        }
                        failure.get_or_insert(none);
                    }
                }
            }
            if silent.is_empty() || fallback.is_some() {
                break;
            }
            left = silent;
        }
        match (fallback, failure) {
            (Some(response), _) => Ok(response),
            (None, Some(none)) if !self.is_configured && none.kind == DnsFaultKind::Unreachable => {
                Err(NoDnsResponse { kind: DnsFaultKind::NoResolver, ..none })
            }
            (None, Some(none)) => Err(none),
            (None, None) => Err(NoDnsResponse::new(DnsFaultKind::NoResolver, "no name server is configured")),
        }
    }
}

/// Asks one authoritative server, again if there is no response.
pub(super) async fn ask_authoritative(
    server: SocketAddr,
    question: &DnsQuestion,
    connect_ms: u64,
    received: &AtomicUsize,
) -> Result<DnsResponseSeen, NoDnsResponse> {
    let timeout = timeout(connect_ms);
    match exchange(server, question, timeout, received).await {
        Err(none) if none.kind == DnsFaultKind::Timeout => exchange(server, question, timeout, received).await,
        result => result,
    }
}

/// The timeout of each attempt.
fn timeout(connect_ms: u64) -> Duration {
    Duration::from_millis(connect_ms.div_ceil(2).clamp(1, 5000))
}

/// Whether another server would give the same response.
fn is_final(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}
