//! Sends one GET request over HTTPS, in the same way as a mail server that fetches an MTA-STS policy (RFC 8461 §3.3).
//! The certificate is verified in the same way as that of a mail server. If it fails verification, no request is sent.
//! Redirects are not followed, and no cookies and no client certificate are sent.
//! Requests for client settings can also be sent over HTTP, which authenticates nothing.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, LOCATION, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::context::GatherContext;
use super::dial;
use super::dns::{self, beside};
use super::duration::milliseconds;
use super::stream::ServerStream;
use super::tap::Tap;
use super::tls::{self, Secured};
use crate::evidence::{
    Answer, Fault, FetchSeen, HttpResponse, Incompatibility, MAX_BODY, Outcome, Phase, TlsFault, TlsFaultKind,
};
use crate::plan::Family;
use crate::question::{FetchReach, FetchRequest, FetchTransport};
use crate::wire::Host;

/// The time limit for the request, counted from its beginning (RFC 8461 §3.3 suggests one minute). It limits the wait
/// for the response. Lookups, the connection and the TLS handshake also have their own limits.
const DEADLINE: Duration = Duration::from_secs(60);
/// The time limit for the body after the headers. A policy is short, so a server that needs longer probably never
/// finishes sending it.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum size of the status line and the headers.
const MAX_HEAD: usize = 64 * 1024;

/// Sends the request and reads the response.
pub(super) async fn get(context: &Rc<GatherContext>, request: &FetchRequest) -> Outcome {
    let started = Instant::now();
    let limit = request.limit_ms.map_or(DEADLINE, Duration::from_millis);
    let work = fetched(context, request, started + limit.min(DEADLINE));
    let ended = match request.limit_ms {
        None => work.await,
        // The time limits for the individual steps can be longer than this one.
        Some(_) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(silent(started))),
    };
    match ended {
        Ok(seen) => Outcome::Done { answer: Answer::Fetch(Box::new(seen)) },
        Err(fault) => Outcome::Failed { fault },
    }
}

fn silent(started: Instant) -> Fault {
    Fault::Silent { phase: Phase::Tls, waited_ms: milliseconds(started.elapsed()), partial_bytes: 0 }
}

async fn fetched(context: &Rc<GatherContext>, request: &FetchRequest, deadline: Instant) -> Result<FetchSeen, Fault> {
    let addresses = addresses(context, request).await?;
    let stream = dial::dial_one_of(context, &addresses, request.port).await?;
    let address = stream.peer_addr().unwrap_or(SocketAddr::new(IpAddr::from([0; 4]), request.port));
    if request.transport == FetchTransport::Http {
        let response = Some(response(context, request, stream, deadline).await?);
        return Ok(FetchSeen { address, tls_version: None, presented: None, response });
    }
    let name = request.host.ascii().to_owned();
    let Secured { stream, handshake, .. } = tls::handshake_as(context, name, None, Tap::new(ServerStream::Tcp(stream)))
        .await
        .map_err(|tls| Fault::Tls { tls })?;
    let is_verified = handshake.verifies(context.started_at);
    if let Some(detail) = handshake.signature_fault.clone() {
        return Err(not_proven(detail, handshake.sni));
    }
    if !is_verified && handshake.presented.verifies(context.started_at) {
        return Err(not_proven("the OCSP response does not confirm the certificate".to_owned(), handshake.sni));
    }
    let response = if is_verified { Some(response(context, request, stream, deadline).await?) } else { None };
    let (tls_version, presented) = (Some(handshake.version), Some(Box::new(handshake.presented)));
    Ok(FetchSeen { address, tls_version, presented, response })
}

/// The fault if the certificates are valid, but the server has not proved that it has the private key.
fn not_proven(detail: String, sni: Option<String>) -> Fault {
    let kind = TlsFaultKind::Incompatible { why: Incompatibility::Other };
    Fault::Tls { tls: TlsFault { kind, first_bytes: String::new(), detail, sni, server_hello: None } }
}

/// The web server's IP addresses, in the address families that the plan allows.
async fn addresses(context: &Rc<GatherContext>, request: &FetchRequest) -> Result<Vec<IpAddr>, Fault> {
    let mut addresses = context.plan.given_addresses_at(&Host::Name(request.host.clone()), request.port);
    if addresses.is_empty() {
        addresses = dns::host_addresses(context, &request.host).await?;
        let first = addresses.first().copied();
        if request.reach == FetchReach::Public {
            addresses.retain(|ip| is_public(*ip));
        }
        if let (Some(address), true) = (first, addresses.is_empty()) {
            return Err(Fault::NotPublic { address });
        }
    }
    addresses.retain(|ip| match context.plan.family {
        Family::Any => true,
        Family::V4 => ip.is_ipv4(),
        Family::V6 => ip.is_ipv6(),
    });
    if addresses.is_empty() { Err(Fault::NoAddress) } else { Ok(addresses) }
}

/// Whether packets to this IP address can leave the local network.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            // Shared addresses of providers (RFC 6598).
            let is_shared = first == 100 && (64..128).contains(&second);
            !(ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_broadcast()
                || ip.is_multicast()
                || first == 0
                || is_shared)
        }
        IpAddr::V6(ip) => {
            !(ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_multicast())
        }
    }
}

async fn response(
    context: &GatherContext,
    request: &FetchRequest,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    deadline: Instant,
) -> Result<HttpResponse, Fault> {
    let started = Instant::now();
    let limit = deadline.min(started + Duration::from_millis(context.plan.limits.reply_ms));
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| not_http(&error))?;
    let message = message(request)?;
    let work = pin!(async {
        let received =
            tokio::time::timeout_at(limit, sender.send_request(message)).await.map_err(|_| silent(started))?;
        let response = received.map_err(|error| not_http(&error))?;
        Ok(read(context, response, deadline).await)
    });
    // The connection and the request are polled together. Errors of the connection also reach the request.
    beside(work, pin!(async { drop(connection.await) })).await
}

fn message(request: &FetchRequest) -> Result<Request<Empty<Bytes>>, Fault> {
    let host = request.host.ascii();
    let usual = match request.transport {
        FetchTransport::Https => 443,
        FetchTransport::Http => 80,
    };
    let host = if request.port == usual { host.to_owned() } else { format!("{host}:{}", request.port) };
    Request::get(request.path.as_str())
        .header(HOST, host)
        .header(USER_AGENT, concat!("smtpcheck/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| Fault::Http { detail: error.to_string() })
}

fn not_http(error: &hyper::Error) -> Fault {
    use std::error::Error;
    let detail = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    Fault::Http { detail }
}

/// Reads the body, up to its size and time limits.
async fn read(context: &GatherContext, response: Response<Incoming>, deadline: Instant) -> HttpResponse {
    let pause = Duration::from_millis(context.plan.limits.reply_ms);
    let deadline = deadline.min(Instant::now() + BODY_TIMEOUT);
    let (head, mut body) = response.into_parts();
    let mut bytes: Vec<u8> = Vec::new();
    let mut received = 0;
    let (mut is_cut, mut timed_out) = (false, false);
    while received <= MAX_BODY {
        let limit = deadline.min(Instant::now() + pause);
        match tokio::time::timeout_at(limit, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                received += data.len();
                let room = MAX_BODY.saturating_sub(bytes.len()).min(data.len());
                bytes.extend_from_slice(data.get(..room).unwrap_or_default());
            }
            Ok(Some(Err(_))) => {
                is_cut = true;
                break;
            }
            Err(_) => {
                (is_cut, timed_out) = (true, true);
                break;
            }
            Ok(None) => break,
        }
    }
    HttpResponse {
        status: head.status.as_u16(),
        content_type: header(&head.headers, &CONTENT_TYPE),
        location: header(&head.headers, &LOCATION),
        body: text_of(&bytes),
        body_bytes: received,
        too_long: received > MAX_BODY,
        is_cut,
        timed_out,
    }
}

/// The text of a body. XML files can be in UTF-16 (with a byte order mark), or in ISO 8859-1 or Windows-1252 according
/// to their declaration (XML 1.0 §4.3.3); everything else is read as UTF-8.
fn text_of(bytes: &[u8]) -> String {
    let units = |from_two: fn([u8; 2]) -> u16| -> String {
        let pairs = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
        char::decode_utf16(pairs.map(from_two)).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => return units(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'<', ..] => return units(u16::from_be_bytes),
        _ => {}
    }
    // The printable characters of ISO 8859-1 have the same numbers in Unicode. Windows-1252 differs only in punctuation
    // marks, which occur in no setting.
    let is_latin = std::str::from_utf8(bytes).is_err() && declares_latin(bytes);
    if is_latin {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// Whether an XML declaration names an encoding with one byte for each character.
fn declares_latin(bytes: &[u8]) -> bool {
    let start = bytes.split(|byte| *byte == b'>').next().unwrap_or_default();
    let declaration = String::from_utf8_lossy(start).to_ascii_lowercase();
    declaration.trim_start().starts_with("<?xml")
        && ["iso-8859-1", "latin1", "windows-1252"]
            .iter()
            .any(|name| declaration.contains(&format!("\"{name}\"")) || declaration.contains(&format!("'{name}'")))
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests;
