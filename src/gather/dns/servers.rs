//! The DNS servers that queries are sent to: the plan's resolver, or the servers that this machine is configured to
//! use, in turn. After a server has responded, it is queried first.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::proto::op::ResponseCode;

use super::exchange::{DnsQuestion, DnsResponseSeen, NoDnsResponse, exchange};
use crate::evidence::fault::DnsFaultKind;
use crate::gather::names;

/// The maximum number of servers that are used, as in glibc.
const MAX_SERVERS: usize = 3;
/// How many times a query is sent to a server that does not respond: a packet can be lost.
const ATTEMPTS: usize = 2;

/// The servers, and the limits for queries.
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
    /// The given server, or the servers that this machine is configured to use.
    pub(super) fn of(resolver: Option<SocketAddr>, connect_ms: u64) -> DnsServers {
        let timeout = names::attempt_timeout(connect_ms);
        let (servers, is_configured) = match resolver {
            Some(server) => (vec![server], true),
            None => match names::system_servers() {
                servers if !servers.is_empty() => (servers.into_iter().take(MAX_SERVERS).collect(), true),
                _ => (vec![names::LOOPBACK], false),
            },
        };
        DnsServers { servers, is_configured, preferred: AtomicUsize::new(0), timeout }
    }

    /// Queries the servers in turn. A server that does not respond is queried again after all others. A server that
    /// refuses the query is not queried again; its response is used if no other server returns a better one. If the best
    /// response is SERVFAIL, the query is repeated once, because a resolver also responds with SERVFAIL if packets to the
    /// authoritative servers were lost. A resolver that keeps such results (RFC 9520 §3.2) responds at once.
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
            (Some(response), _) if response.message.metadata.response_code == ResponseCode::ServFail => {
                let again = exchange(response.server, question, self.timeout, received).await;
                Ok(again.ok().filter(|again| is_final(again.message.metadata.response_code)).unwrap_or(response))
            }
            (Some(response), _) => Ok(response),
            (None, Some(none)) if !self.is_configured && none.kind == DnsFaultKind::Unreachable => {
                Err(NoDnsResponse { kind: DnsFaultKind::NoResolver, ..none })
            }
            (None, Some(none)) => Err(none),
            (None, None) => Err(NoDnsResponse::new(DnsFaultKind::NoResolver, "no name server is configured")),
        }
    }
}

/// Queries one authoritative server, and repeats the query if there is no response.
pub(super) async fn ask_authoritative(
    server: SocketAddr,
    question: &DnsQuestion,
    connect_ms: u64,
    received: &AtomicUsize,
) -> Result<DnsResponseSeen, NoDnsResponse> {
    let timeout = names::attempt_timeout(connect_ms);
    match exchange(server, question, timeout, received).await {
        Err(none) if none.kind == DnsFaultKind::Timeout => exchange(server, question, timeout, received).await,
        result => result,
    }
}

/// Whether another server would return the same response.
fn is_final(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, UdpSocket};
    use std::sync::atomic::AtomicUsize;
    use std::time::{Duration, Instant};

    use hickory_resolver::proto::op::{Message, Query, ResponseCode};
    use hickory_resolver::proto::rr::{Name, RecordType};

    use super::super::exchange::{DnsQuestion, DnsResponseSeen, NoDnsResponse, ServerRole};
    use super::DnsServers;

    /// A server that responds to each query with this code.
    fn server(code: ResponseCode) -> SocketAddr {
        server_with(vec![code])
    }

    /// A server that responds to the queries with these codes, and then always with the last.
    fn server_with(codes: Vec<ResponseCode>) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("an address");
        std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            let last = codes.last().copied().expect("a code");
            let mut codes = codes.into_iter().chain(std::iter::repeat(last));
            while let Ok((count, peer)) = socket.recv_from(&mut buffer) {
                let request = Message::from_vec(buffer.get(..count).unwrap_or_default()).expect("a question");
                let mut response = Message::response(request.metadata.id, request.metadata.op_code);
                response.add_query(request.queries.first().cloned().unwrap_or_default());
                response.metadata.response_code = codes.next().expect("a code");
                socket.send_to(&response.to_vec().expect("a message"), peer).expect("sent");
            }
        });
        address
    }

    fn ask(servers: &DnsServers) -> Result<DnsResponseSeen, NoDnsResponse> {
        let query = Query::query(Name::from_ascii("example.test.").expect("a name"), RecordType::MX);
        let question = DnsQuestion { query, role: ServerRole::Resolver };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(servers.ask(&question, &AtomicUsize::new(0)))
    }

    fn in_order(servers: Vec<SocketAddr>, timeout: Duration) -> DnsServers {
        DnsServers { servers, is_configured: true, preferred: 0.into(), timeout }
    }

    #[test]
    fn dead_silent_and_refusing_servers_are_passed_over_once() {
        let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let closed = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("an address");
        let good = server(ResponseCode::NXDomain);
        let all = vec![closed, silent.local_addr().expect("an address"), server(ResponseCode::Refused), good];
        let servers = in_order(all, Duration::from_millis(500));
        assert_eq!(ask(&servers).expect("a response").server, good);
        let started = Instant::now();
        assert_eq!(ask(&servers).expect("a response").server, good);
        assert!(
            started.elapsed() < Duration::from_millis(500),
            "the working server is queried first after its response"
        );
    }

    #[test]
    fn a_query_is_repeated_once_after_servfail() {
        let code = |codes: &[ResponseCode]| {
            let servers = in_order(vec![server_with(codes.to_vec())], Duration::from_millis(500));
            ask(&servers).expect("a response").message.metadata.response_code
        };
        assert_eq!(code(&[ResponseCode::ServFail, ResponseCode::NXDomain]), ResponseCode::NXDomain);
        let twice = [ResponseCode::ServFail, ResponseCode::ServFail, ResponseCode::NXDomain];
        assert_eq!(code(&twice), ResponseCode::ServFail);
        assert_eq!(code(&[ResponseCode::ServFail, ResponseCode::Refused]), ResponseCode::ServFail);
        // A refusal is deliberate.
        assert_eq!(code(&[ResponseCode::Refused, ResponseCode::NXDomain]), ResponseCode::Refused);
    }

    #[test]
    fn a_refusal_is_used_if_there_is_nothing_better() {
        let closed = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("an address");
        let refusing = server(ResponseCode::Refused);
        let servers = in_order(vec![refusing, closed], Duration::from_millis(500));
        assert_eq!(ask(&servers).expect("a response").message.metadata.response_code, ResponseCode::Refused);
    }
}
