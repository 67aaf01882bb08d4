//! Sends one query to one DNS server: over UDP, and over TCP if the response is truncated (RFC 1035 §4.2, RFC 7766).
//!
//! The UDP socket is connected, so a closed port is reported immediately, and packets from other hosts are not
//! received. A packet with a different ID or question is ignored. Every attempt has a timeout. [`super::servers`]
//! selects the servers and the number of attempts.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::proto::op::{Edns, Message, MessageType, Query, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::evidence::fault::DnsFaultKind;

/// The maximum UDP payload that is accepted: a packet of this size is not fragmented on common links.
const UDP_PAYLOAD: u16 = 1232;
/// The time after which the packet is sent again, because packets can be lost. The timeout of the attempt stays the
/// same.
const RESEND_AFTER: Duration = Duration::from_millis(1500);
/// The number of packets with a wrong ID or question that are read before the attempt ends.
const MAX_STRAYS: usize = 100;
/// The maximum total size of the DNS responses in one inquiry, in bytes.
pub(super) const MAX_RECEIVED: usize = 4 * 1024 * 1024;

/// A query to a DNS server.
#[derive(Clone, Debug)]
pub(super) struct DnsQuestion {
    /// The name and the type.
    pub(super) query: Query,
    /// The role of the server. For a resolver, two flags are set: RD (recursion desired), and CD (checking disabled,
    /// RFC 4035 §3.2.2), because smtpcheck validates the response itself.
    pub(super) role: ServerRole,
}

/// The role of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerRole {
    /// A resolver, which queries other servers.
    Resolver,
    /// An authoritative server, which is queried only about its own zones.
    Authoritative,
}

/// A response from a DNS server.
#[derive(Clone, Debug)]
pub(super) struct DnsResponseSeen {
    pub(super) message: Message,
    pub(super) server: SocketAddr,
    pub(super) over_tcp: bool,
    pub(super) size: usize,
}

/// Why there is no response.
#[derive(Clone, Debug)]
pub(super) struct NoDnsResponse {
    pub(super) kind: DnsFaultKind,
    pub(super) detail: String,
    pub(super) errno: Option<i32>,
}

impl NoDnsResponse {
    pub(super) fn new(kind: DnsFaultKind, detail: impl Into<String>) -> NoDnsResponse {
        NoDnsResponse { kind, detail: detail.into(), errno: None }
    }

    fn of(server: SocketAddr, error: &io::Error) -> NoDnsResponse {
        NoDnsResponse {
            kind: DnsFaultKind::Unreachable,
            detail: format!("{server}: {error}"),
            errno: error.raw_os_error(),
        }
    }
}

/// Queries the server once. `received` counts the bytes of all responses of the inquiry.
pub(super) async fn exchange(
    server: SocketAddr,
    question: &DnsQuestion,
    timeout: Duration,
    received: &AtomicUsize,
) -> Result<DnsResponseSeen, NoDnsResponse> {
    let first = with_edns(server, question, Some(edns()), timeout, received).await?;
    // RFC 6891 §7: a server that does not support EDNS responds with FORMERR and without an OPT record.
    let is_without_edns = first.message.edns.is_none()
        && matches!(first.message.metadata.response_code, ResponseCode::FormErr | ResponseCode::NotImp);
    if is_without_edns {
        return with_edns(server, question, None, timeout, received).await;
    }
    Ok(first)
}

fn edns() -> Edns {
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_PAYLOAD);
    edns.set_dnssec_ok(true);
    edns
}

async fn with_edns(
    server: SocketAddr,
    question: &DnsQuestion,
    edns: Option<Edns>,
    timeout: Duration,
    received: &AtomicUsize,
) -> Result<DnsResponseSeen, NoDnsResponse> {
    let mut request = Message::query();
    request.add_query(question.query.clone());
    request.metadata.recursion_desired = question.role == ServerRole::Resolver;
    request.metadata.checking_disabled = question.role == ServerRole::Resolver;
    request.edns = edns;
    let bytes = request.to_vec().map_err(|error| NoDnsResponse::new(DnsFaultKind::Malformed, error.to_string()))?;
    if received.load(Ordering::Relaxed) > MAX_RECEIVED {
        return Err(NoDnsResponse::new(
            DnsFaultKind::SizeLimit,
            format!("all responses together exceed {MAX_RECEIVED} bytes"),
        ));
    }
    let silent = |way: &str| {
        let detail = format!("{server}: no response over {way} within {} ms", timeout.as_millis());
        NoDnsResponse::new(DnsFaultKind::Timeout, detail)
    };
    let strays = AtomicUsize::new(0);
    let (message, size) = match tokio::time::timeout(timeout, over_udp(server, &request, &bytes, &strays)).await {
        Ok(result) => result?,
        Err(_) => {
            return Err(match strays.into_inner() {
                0 => silent("UDP"),
                count => unrelated(server, count),
            });
        }
    };
    received.fetch_add(size, Ordering::Relaxed);
    if !message.metadata.truncation {
        return Ok(DnsResponseSeen { message, server, over_tcp: false, size });
    }
    let again = match tokio::time::timeout(timeout, over_tcp(server, &request, &bytes)).await {
        Ok(result) => result,
        Err(_) => Err(silent("TCP")),
    };
    match again {
        Ok((message, _)) if message.metadata.truncation => Err(NoDnsResponse::new(
            DnsFaultKind::Malformed,
            format!("{server}: the response over TCP is truncated, too"),
        )),
        Ok((message, size)) => {
            received.fetch_add(size, Ordering::Relaxed);
            Ok(DnsResponseSeen { message, server, over_tcp: true, size })
        }
        // An invalid response over TCP does not count as a missing response.
        Err(failure) => Err(NoDnsResponse {
            kind: match failure.kind {
                DnsFaultKind::Malformed => DnsFaultKind::Malformed,
                _ => DnsFaultKind::TcpFailed,
            },
            detail: format!(
                "the response over UDP was truncated to {size} bytes, and the query over TCP failed: {}",
                failure.detail
            ),
            errno: failure.errno,
        }),
    }
}

/// The failure if packets arrived, but none of them is a response to the query.
fn unrelated(server: SocketAddr, count: usize) -> NoDnsResponse {
    let detail = format!("{server}: each packet that arrived (number: {count}) has a different ID or question");
    NoDnsResponse::new(DnsFaultKind::Malformed, detail)
}

/// Counts the packets with a different ID or question in `strays`.
async fn over_udp(
    server: SocketAddr,
    request: &Message,
    bytes: &[u8],
    strays: &AtomicUsize,
) -> Result<(Message, usize), NoDnsResponse> {
    let unreachable = |error: io::Error| NoDnsResponse::of(server, &error);
    let any: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await.map_err(unreachable)?;
    socket.connect(server).await.map_err(unreachable)?;
    socket.send(bytes).await.map_err(unreachable)?;
    let mut buffer = vec![0u8; usize::from(u16::MAX)];
    for _ in 0..MAX_STRAYS {
        let count = loop {
            match tokio::time::timeout(RESEND_AFTER, socket.recv(&mut buffer)).await {
                Ok(received) => break received.map_err(unreachable)?,
                Err(_) => socket.send(bytes).await.map_err(unreachable)?,
            };
        };
        let packet = buffer.get(..count).unwrap_or_default();
        // Any host can send a packet with a wrong ID and the server's address as its source, so such a packet does not
        // end the attempt.
        if packet.get(..2) != Some(request.metadata.id.to_be_bytes().as_slice()) {
            strays.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        match parse(server, request, packet) {
            Ok(message) => return Ok((message, count)),
            Err(ParseFailure::OtherQuestion) => {
                strays.fetch_add(1, Ordering::Relaxed);
            }
            Err(ParseFailure::Malformed(detail)) => {
                return Err(NoDnsResponse::new(DnsFaultKind::Malformed, detail));
            }
        }
    }
    Err(unrelated(server, MAX_STRAYS))
}

async fn over_tcp(server: SocketAddr, request: &Message, bytes: &[u8]) -> Result<(Message, usize), NoDnsResponse> {
    let unreachable = |error: io::Error| NoDnsResponse::of(server, &error);
    let mut stream = TcpStream::connect(server).await.map_err(unreachable)?;
    let length = u16::try_from(bytes.len())
        .map_err(|_| NoDnsResponse::new(DnsFaultKind::Malformed, "the question is too long"))?;
    // Length and query are sent in one write, because some servers expect them in one segment (RFC 7766 §8).
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(bytes);
    stream.write_all(&framed).await.map_err(unreachable)?;
    let length = stream.read_u16().await.map_err(unreachable)?;
    let mut response = vec![0u8; usize::from(length)];
    stream.read_exact(&mut response).await.map_err(unreachable)?;
    match parse(server, request, &response) {
        Ok(message) => Ok((message, response.len())),
        Err(ParseFailure::OtherQuestion) => Err(NoDnsResponse::new(
            DnsFaultKind::Malformed,
            format!("{server}: the response belongs to another question"),
        )),
        Err(ParseFailure::Malformed(detail)) => Err(NoDnsResponse::new(DnsFaultKind::Malformed, detail)),
    }
}

enum ParseFailure {
    OtherQuestion,
    Malformed(String),
}

fn parse(server: SocketAddr, request: &Message, packet: &[u8]) -> Result<Message, ParseFailure> {
    let malformed = |error| ParseFailure::Malformed(format!("{server}: the response is not a DNS message ({error})"));
    let message = Message::from_vec(packet).map_err(malformed)?;
    // Some servers omit the question when they report an error.
    let has_question = message.queries == request.queries
        || (message.queries.is_empty() && message.metadata.response_code != ResponseCode::NoError);
    if message.metadata.id != request.metadata.id
        || message.metadata.message_type != MessageType::Response
        || !has_question
    {
        return Err(ParseFailure::OtherQuestion);
    }
    Ok(message)
}
