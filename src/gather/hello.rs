//! One ClientHello of ours: led to by SMTP where TLS is not implicit, sent, answered or not, and the line closed. No
//! handshake is ever completed.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::talk::{self, Led};
use super::verify::{self, Expectation};
use super::{World, milliseconds};
use crate::evidence::{Answer, AttemptId, HelloHeard, HelloSeen, Outcome, Presented, Stage};
use crate::question::{HelloRequest, Offer};
use crate::wire::tls::{self, Reader};

/// Before the next one, where a server did not answer the last: it may count connections. One that answers is not waited
/// for; it gets one connection after the other, never two at once.
const SPACING: Duration = Duration::from_millis(250);

/// A server that answers ClientHellos at all answers soon; one that drops what it dislikes never does.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks, and says what came.
pub(crate) async fn ask(world: &Rc<World>, id: AttemptId, request: &HelloRequest) -> Outcome {
    if !world.answers_hellos.get() {
        tokio::time::sleep(SPACING).await;
    }
    let way = request.way();
    let seen = match talk::lead(world, id, &way).await {
        Err(fault) => {
            world.answers_hellos.set(false);
            return Outcome::Failed { fault };
        }
        Ok(Led::Elsewhere(stage)) => turned_away(stage),
        Ok(Led::ToTls(stream)) => exchange(world, request, stream).await,
    };
    world.answers_hellos.set(matches!(seen.heard, HelloHeard::Answer { .. }));
    Outcome::Done { answer: Answer::Hello(seen) }
}

fn turned_away(stage: Stage) -> HelloSeen {
    HelloSeen { ms: None, heard: HelloHeard::TurnedAway { stage }, presented: None }
}

async fn exchange(world: &Rc<World>, request: &HelloRequest, mut stream: TcpStream) -> HelloSeen {
    world.trust.prefetch();
    let mut random = [0; 32];
    // Where the system has no random numbers zeros do: nothing is ever encrypted with them.
    let _ = rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut random);
    let hello = request.offer.hello().bytes(request.sni.as_deref(), random);
    let started = Instant::now();
    let patience = PATIENCE.min(Duration::from_millis(world.plan.limits.reply_ms));
    let mut reader = Reader::default();
    let heard = match tokio::time::timeout(patience, converse(&mut stream, &hello, &mut reader)).await {
        Ok(heard) => heard,
        Err(_) => match reader.finish() {
            Some(answer) => HelloHeard::Answer { answer },
            None => HelloHeard::Silence { waited_ms: milliseconds(patience) },
        },
    };
    let ms = Some(milliseconds(started.elapsed()));
    let presented = presented(world, request, &heard).await;
    HelloSeen { ms, heard, presented }
}

/// Sends the ClientHello and reads until the answer is whole.
async fn converse(stream: &mut TcpStream, hello: &[u8], reader: &mut Reader) -> HelloHeard {
    let ended = |error: &io::Error| {
        if error.kind() == io::ErrorKind::ConnectionReset { HelloHeard::Reset } else { HelloHeard::Closed }
    };
    // A server may close on the first bytes of it; what it said before is worth more than our failed write.
    let _ = stream.write_all(hello).await;
    let mut buffer = vec![0u8; 8 * 1024];
    loop {
        let heard = match stream.read(&mut buffer).await {
            Ok(0) => HelloHeard::Closed,
            Ok(count) => match reader.push(buffer.get(..count).unwrap_or_default()) {
                Some(answer) => return HelloHeard::Answer { answer },
                None => continue,
            },
            Err(error) => ended(&error),
        };
        return match std::mem::take(reader).finish() {
            Some(answer) => HelloHeard::Answer { answer },
            None => heard,
        };
    }
}

/// Certificates that came in clear, judged as those of a whole handshake are. Questions about one suite or group more show
/// the same ones again, which are left out: a scan asks hundreds.
async fn presented(world: &World, request: &HelloRequest, heard: &HelloHeard) -> Option<Box<Presented>> {
    let HelloHeard::Answer { answer: tls::Answer::ServerHello(hello) } = heard else { return None };
    if hello.certificates.is_empty() || !is_about_certificates(&request.offer) {
        return None;
    }
    let ders: Vec<CertificateDer<'static>> = hello.certificates.iter().cloned().map(CertificateDer::from).collect();
    let name = world.plan.tls.sni.clone().unwrap_or_else(|| request.host.to_string());
    let expected = Expectation { name, now: world.started_at };
    Some(Box::new(verify::presented(&ders, ders.len(), world.trust.wait().await, &expected)))
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
