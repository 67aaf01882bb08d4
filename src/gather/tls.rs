//! One TLS handshake by rustls, with a verifier that records everything and decides nothing: the talk goes on after a
//! bad certificate, because there is more to see, and the dialogue keeps the secrets back.
//!
//! Trust, name and dates are looked at one by one, since a strict verifier stops at the first fault: the chain is
//! judged at a moment inside the leaf's validity, the name alone, the dates by the checks.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tap::Tap;
use super::trust::Store;
use super::{World, certificate, milliseconds};
use crate::evidence::{Certificate, ChainFault, Handshake, NameMatch, TlsFault, TlsFaultKind, Trust};
use crate::plan::{Plan, TlsVersion};
use crate::wire::Host;

/// Certificates of a chain that are looked at.
const MAX_CHAIN: usize = 20;

/// Runs the handshake within the time for one reply.
pub(crate) async fn handshake(
    world: &World,
    host: &Host,
    mut tap: Tap<TcpStream>,
) -> Result<(TlsStream<Tap<TcpStream>>, Handshake), TlsFault> {
    world.trust.prefetch();
    let expected = world.plan.tls.sni.clone().unwrap_or_else(|| host.to_string());
    let recorder = Arc::new(Recorder::new());
    let wanted = Arc::new(ClientCertificateWanted::default());
    let name = ServerName::try_from(expected.clone()).ok();
    let config = config(&world.plan, &recorder, &wanted, name.is_some());
    // A name that TLS cannot carry (RFC 6066 §3) goes without SNI; the address stands in, and is not sent.
    let sent = name.clone().unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()));
    tap.arm();
    let started = Instant::now();
    let patience = Duration::from_millis(world.plan.limits.reply_ms);
    let connect = TlsConnector::from(Arc::new(config)).connect(sent, tap).into_fallible();
    let stream = match tokio::time::timeout(patience, connect).await {
        Ok(Ok(stream)) => stream,
        Ok(Err((error, tap))) => return Err(fault(&error, tap.first_bytes())),
        Err(_) => {
            let kind = TlsFaultKind::Silent { waited_ms: milliseconds(started.elapsed()) };
            return Err(TlsFault {
                kind,
                first_bytes: String::new(),
                detail: "no answer to the ClientHello".to_owned(),
            });
        }
    };
    let ms = milliseconds(started.elapsed());
    let sni = match &name {
        Some(ServerName::DnsName(_)) => Some(expected.clone()),
        _ => None,
    };
    let seen = Seen { expected, sni, ms, wanted: wanted.0.load(Ordering::Relaxed) };
    let evidence = describe(stream.get_ref().1, &recorder, world.trust.wait(), seen);
    Ok((stream, evidence))
}

struct Seen {
    expected: String,
    sni: Option<String>,
    ms: f64,
    wanted: bool,
}

fn config(plan: &Plan, recorder: &Arc<Recorder>, wanted: &Arc<ClientCertificateWanted>, sni: bool) -> ClientConfig {
    let versions: &[&rustls::SupportedProtocolVersion] = match plan.tls.min {
        TlsVersion::V1_2 => &[&rustls::version::TLS13, &rustls::version::TLS12],
        TlsVersion::V1_3 => &[&rustls::version::TLS13],
    };
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&recorder.provider))
        .with_protocol_versions(versions)
        .expect("the provider has suites for TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(recorder) as Arc<dyn ServerCertVerifier>)
        .with_client_cert_resolver(Arc::clone(wanted) as Arc<dyn ResolvesClientCert>);
    // The verifier is not called on a resumed session: each handshake here is a full one.
    config.resumption = Resumption::disabled();
    config.enable_sni = sni;
    config
}

fn describe(connection: &ClientConnection, recorder: &Recorder, store: &Store, seen: Seen) -> Handshake {
    let ders: Vec<CertificateDer<'static>> =
        connection.peer_certificates().unwrap_or_default().iter().take(MAX_CHAIN).cloned().collect();
    let chain: Vec<Certificate> = ders.iter().map(certificate::read).collect();
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "1.2",
        _ => "unknown",
    };
    let cipher =
        connection.negotiated_cipher_suite().map(|suite| suite.suite().as_str().unwrap_or("unknown").to_owned());
    let group =
        connection.negotiated_key_exchange_group().map(|group| group.name().as_str().unwrap_or("unknown").to_owned());
    let signature_fault = recorder.signature_fault.lock().map(|fault| fault.clone()).unwrap_or_default();
    Handshake {
        version: version.to_owned(),
        // rustls writes TLS13_AES_...; IANA's registry says TLS_AES_...
        cipher: cipher.unwrap_or_default().replace("TLS13_", "TLS_"),
        group,
        sni: seen.sni,
        ms: seen.ms,
        client_certificate_requested: seen.wanted,
        trust: trust(&ders, &chain, recorder.algorithms(), store),
        name: name_match(&ders, &chain, seen.expected),
        signature_fault,
        store: store.origin.clone(),
        chain,
    }
}

/// Whether the chain leads to an anchor, at a moment when the leaf is in date.
fn trust(
    ders: &[CertificateDer<'static>],
    chain: &[Certificate],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    store: &Store,
) -> Trust {
    let untrusted = |why, detail: &str| Trust::Untrusted { why, detail: detail.to_owned() };
    let (Some((der, others)), Some((leaf, _))) = (ders.split_first(), chain.split_first()) else {
        return untrusted(ChainFault::Malformed, "the server sent no certificate");
    };
    // A leaf that is itself in the user's file is trusted as it stands. webpki would call a self-signed CA
    // certificate, the default of `openssl req -x509`, unfit as a leaf, even when it is the anchor.
    if store.pinned.contains(der) {
        return Trust::Trusted { path: vec![leaf.subject.clone()] };
    }
    let parsed = match webpki::EndEntityCert::try_from(der) {
        Ok(parsed) => parsed,
        Err(_) if leaf.self_signed => return untrusted(ChainFault::SelfSigned, "signed by its own key"),
        Err(error) => return untrusted(ChainFault::Malformed, &error.to_string()),
    };
    let middle = (leaf.not_before.as_second() / 2).saturating_add(leaf.not_after.as_second() / 2);
    let moment = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(middle).unwrap_or(0)));
    let now = UnixTime::now();
    let in_date = leaf.not_before.as_second() <= now.as_secs().cast_signed()
        && now.as_secs().cast_signed() <= leaf.not_after.as_second();
    let usage = webpki::KeyUsage::server_auth();
    let moment = if in_date { now } else { moment };
    match parsed.verify_for_usage(algorithms, &store.anchors, others, moment, usage, None, None) {
        Ok(path) => {
            let subjects = chain.iter().take(path.intermediate_certificates().count() + 1);
            Trust::Trusted { path: subjects.map(|certificate| certificate.subject.clone()).collect() }
        }
        Err(_) if leaf.self_signed => untrusted(ChainFault::SelfSigned, "signed by its own key"),
        Err(error) => untrusted(chain_fault(&error), &error.to_string()),
    }
}

fn chain_fault(error: &webpki::Error) -> ChainFault {
    use webpki::Error;
    match error {
        Error::UnknownIssuer => ChainFault::UnknownIssuer,
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => ChainFault::IntermediateExpired,
        Error::InvalidSignatureForPublicKey => ChainFault::BadSignature,
        Error::CaUsedAsEndEntity
        | Error::EndEntityUsedAsCa
        | Error::NameConstraintViolation
        | Error::PathLenConstraintViolated
        | Error::RequiredEkuNotFoundContext(_) => ChainFault::Usage,
        Error::BadDer | Error::BadDerTime | Error::UnsupportedCertVersion => ChainFault::Malformed,
        _ => ChainFault::Other,
    }
}

fn name_match(ders: &[CertificateDer<'static>], chain: &[Certificate], expected: String) -> NameMatch {
    let Some(leaf) = chain.first() else { return NameMatch::Unreadable { expected } };
    let presented = leaf.names.clone();
    let Ok(name) = ServerName::try_from(expected.as_str()) else {
        return NameMatch::Differs { expected, presented };
    };
    let by_webpki = ders
        .first()
        .and_then(|der| webpki::EndEntityCert::try_from(der).ok())
        .map(|parsed| parsed.verify_is_valid_for_subject_name(&name).is_ok());
    // webpki refuses some certificates as a whole (X.509 version 1); their names can still be compared.
    let plainly = || presented.iter().any(|name| name.eq_ignore_ascii_case(&expected));
    if by_webpki.unwrap_or_else(plainly) {
        NameMatch::Matches { expected }
    } else {
        NameMatch::Differs { expected, presented }
    }
}

fn fault(error: &io::Error, first: &[u8]) -> TlsFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let kind = match (inner, error.kind()) {
        (Some(rustls::Error::AlertReceived(alert)), _) => {
            TlsFaultKind::Alert { code: u8::from(*alert), name: format!("{alert:?}") }
        }
        // A TLS record begins with its type, 20 to 23 (RFC 8446 §5.1).
        (Some(rustls::Error::InvalidMessage(_)), _) if !first.first().is_some_and(|byte| (20..=23).contains(byte)) => {
            TlsFaultKind::NotTls
        }
        (Some(_), _) => TlsFaultKind::Incompatible,
        (None, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => TlsFaultKind::Reset,
        (None, _) => TlsFaultKind::Closed,
    };
    let shown = first.get(..64).unwrap_or(first);
    TlsFault { kind, first_bytes: String::from_utf8_lossy(shown).into_owned(), detail: error.to_string() }
}

/// Accepts every certificate and every signature, and keeps what was wrong with the signature.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    signature_fault: Mutex<Option<String>>,
}

impl Recorder {
    fn new() -> Recorder {
        Recorder {
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            signature_fault: Mutex::new(None),
        }
    }

    fn algorithms(&self) -> &[&'static dyn SignatureVerificationAlgorithm] {
        self.provider.signature_verification_algorithms.all
    }

    fn record(&self, result: Result<HandshakeSignatureValid, rustls::Error>) {
        if let (Err(error), Ok(mut fault)) = (result, self.signature_fault.lock()) {
            *fault = Some(error.to_string());
        }
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _staple: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.record(rustls::crypto::verify_tls12_signature(message, leaf, signed, algorithms));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.record(rustls::crypto::verify_tls13_signature(message, leaf, signed, algorithms));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Has no certificate to give, but hears when one is asked for.
#[derive(Debug, Default)]
struct ClientCertificateWanted(AtomicBool);

impl ResolvesClientCert for ClientCertificateWanted {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}
