//! Sends one crafted ClientHello, after STARTTLS unless TLS is implicit, reads the response, and closes the connection.
//! The handshake is never completed.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::context::GatherContext;
use super::duration::milliseconds;
use super::session::{self, HandshakeLead};
use super::stream::ServerStream;
use super::trust::Store;
use super::verify::{self, CertificateExpectation};
use crate::evidence::{Answer, HelloOutcome, HelloSeen, Outcome, Phase, Presented, ProbeId};
use crate::plan::TlsUse;
use crate::question::{HelloRequest, Offer};
use crate::wire::tls::{self, FlightReader};

/// The timeout for a response. Most servers respond to a ClientHello quickly. A server that ignores unsupported offers
/// never responds.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends the ClientHello and returns the response.
pub(crate) async fn ask(context: &Rc<GatherContext>, id: ProbeId, request: &HelloRequest) -> Outcome {
    let delay = context.pace.delay();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let way = request.preceding_session();
    let started = Instant::now();
    let led = session::lead(context, id, &way).await;
    let (outcome, is_served) = match led {
        Err(fault) => (Outcome::Failed { fault }, false),
        Ok(HandshakeLead::Elsewhere(phase)) => (Outcome::Done { answer: Answer::Hello(is_rejected(phase)) }, false),
        Ok(HandshakeLead::ToTls(stream)) => {
            let seen = exchange(context, request, stream).await;
            // If a server accepts STARTTLS and then closes the connection, it rejects the offer, not the connection.
            // After a timeout, no additional delay is needed.
            let is_served = match seen.heard {
                HelloOutcome::Answer { .. } | HelloOutcome::Silence { .. } => true,
                HelloOutcome::Closed | HelloOutcome::Reset => request.tls != TlsUse::Implicit,
                HelloOutcome::TurnedAway { .. } => false,
            };
            (Outcome::Done { answer: Answer::Hello(seen) }, is_served)
        }
    };
    if is_served {
        context.pace.served();
    } else {
        context.pace.rejected(started.elapsed());
    }
    outcome
}

fn is_rejected(phase: Phase) -> HelloSeen {
    HelloSeen { ms: None, heard: HelloOutcome::TurnedAway { phase }, presented: None }
}

async fn exchange(context: &Rc<GatherContext>, request: &HelloRequest, mut stream: ServerStream) -> HelloSeen {
    context.trust.prefetch();
    let mut random = [0; 32];
    // If the system provides no random numbers, zeros are sufficient, because no data is encrypted with them.
    let _ = rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut random);
    let hello = request.offer.hello().bytes(request.sni.as_deref(), random);
    let started = Instant::now();
    let timeout = READ_TIMEOUT.min(Duration::from_millis(context.plan.limits.reply_ms));
    let mut reader = FlightReader::default();
    let heard = match tokio::time::timeout(timeout, converse(&mut stream, &hello, &mut reader)).await {
        Ok(heard) => heard,
        Err(_) => match reader.finish() {
            Some(answer) => HelloOutcome::Answer { answer },
            None => HelloOutcome::Silence { waited_ms: milliseconds(timeout) },
        },
    };
    let ms = Some(milliseconds(started.elapsed()));
    let presented = presented(context, request, &heard).await;
    HelloSeen { ms, heard, presented }
}

/// Sends the ClientHello and reads until the response is complete.
async fn converse(stream: &mut ServerStream, hello: &[u8], reader: &mut FlightReader) -> HelloOutcome {
    let ended = |error: &io::Error| {
        if error.kind() == io::ErrorKind::ConnectionReset { HelloOutcome::Reset } else { HelloOutcome::Closed }
    };
    // The server may close the connection after the first bytes. Its response is more significant than the failed
    // write.
    let _ = stream.write_all(hello).await;
    let mut buffer = vec![0u8; 8 * 1024];
    loop {
        let heard = match stream.read(&mut buffer).await {
            Ok(0) => HelloOutcome::Closed,
            Ok(count) => match reader.push(buffer.get(..count).unwrap_or_default()) {
                Some(answer) => return HelloOutcome::Answer { answer },
                None => continue,
            },
            Err(error) => ended(&error),
        };
        return match std::mem::take(reader).finish() {
            Some(answer) => HelloOutcome::Answer { answer },
            None => heard,
        };
    }
}

/// Certificates that were sent unencrypted, verified in the same way as after a complete handshake. Probes for other
/// cipher suites and groups skip this: a scan has hundreds of them, and each would yield the same certificates.
async fn presented(context: &GatherContext, request: &HelloRequest, heard: &HelloOutcome) -> Option<Box<Presented>> {
    let HelloOutcome::Answer { answer: tls::TlsAnswer::ServerHello(hello) } = heard else { return None };
    if hello.certificates.is_empty() || !is_about_certificates(&request.offer) {
        return None;
    }
    let ders: Vec<CertificateDer<'static>> = hello.certificates.iter().cloned().map(CertificateDer::from).collect();
    // The certificate is compared with the name in the ClientHello. In a ClientHello to the IP address of an MX host,
    // this is the name of that host.
    let name =
        request.sni.clone().or_else(|| context.plan.tls.sni.clone()).unwrap_or_else(|| request.host.expected_name());
    let expected = CertificateExpectation { name, now: context.started_at };
    let verify = |store: &Store| verify::presented(&ders, ders.len(), store, &expected);
    Some(Box::new(context.trust.verify(verify, Presented::is_trusted).await))
}

fn is_about_certificates(offer: &Offer) -> bool {
    match offer {
        Offer::Version { .. }
        | Offer::EcdsaOnly
        | Offer::RsaOnly
        | Offer::PostQuantum
        | Offer::Small
        | Offer::Large => true,
        Offer::StaticRsa { .. }
        | Offer::Weak { .. }
        | Offer::Dhe { .. }
        | Offer::Fallback { .. }
        | Offer::OldHashes
        | Offer::Sslv2
        | Offer::OtherSuites { .. }
        | Offer::Order { .. }
        | Offer::OtherGroups { .. } => false,
    }
}
