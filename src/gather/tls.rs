//! Performs one TLS handshake with rustls. The verifier records all faults and accepts every certificate, so that the
//! test can continue even if the certificate is not trusted. In that case, the dialogue does not send secrets.
//!
//! [`super::verify`] verifies trust and host name separately; the checks evaluate the dates.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionStore, ResolvesClientCert, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, NamedGroup, SignatureScheme};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::context::GatherContext;
use super::duration::milliseconds;
use super::tap::Tap;
use super::trust::Store;
use super::verify::CertificateExpectation;
use super::{certificate, verify};
use crate::evidence::{Handshake, HandshakeKind, Incompatibility, TlsFault, TlsFaultKind};
use crate::pkix;
use crate::pkix::signature::{self, Curve, SignatureAlgorithm, SignatureHash, VerifyingKey};
use crate::plan::TlsVersion;
use crate::question::SessionRequest;
use crate::sasl::Binding;
use crate::wire::tls::FirstBytes;
use crate::wire::tls::{alert_name, scheme_name};

/// The maximum number of certificates in a chain that are parsed.
const MAX_CHAIN: usize = 60;

/// Handshake signature schemes that rustls has no name for (RFC 8446 §4.2.3).
const RSA_PSS_PSS_SHA256: u16 = 0x0809;
const RSA_PSS_PSS_SHA384: u16 = 0x080a;
const RSA_PSS_PSS_SHA512: u16 = 0x080b;

/// Signature schemes that are offered in addition to those of rustls. OpenSSL and GnuTLS offer them, so servers with
/// such a key exist.
const RARE: [u16; 4] = [0x0808, RSA_PSS_PSS_SHA256, RSA_PSS_PSS_SHA384, RSA_PSS_PSS_SHA512];

/// An encrypted connection.
pub(crate) struct Secured {
    pub(crate) stream: TlsStream<Tap>,
    pub(crate) handshake: Handshake,
    pub(crate) binding: Option<Binding>,
    /// Whether the server allows resuming a TLS 1.2 session, by session id or ticket (RFC 5246 §7.3, obsolete). In TLS
    /// 1.3, tickets arrive only after the handshake.
    pub(crate) is_resumable: bool,
}

/// Performs the handshake of a session within the timeout for one reply.
pub(crate) async fn handshake(
    context: &GatherContext,
    request: &SessionRequest,
    tap: Tap,
) -> Result<Secured, TlsFault> {
    let of_plan = || context.plan.tls.sni.clone().unwrap_or_else(|| request.host.expected_name());
    let expected = request.script.sni.clone().unwrap_or_else(of_plan);
    handshake_as(context, expected, context.identity.clone(), tap).await
}

/// Performs the handshake with a server that should have the expected name, which is also sent (SNI). `identity` is the
/// client certificate.
pub(super) async fn handshake_as(
    context: &GatherContext,
    expected: String,
    identity: Option<Arc<CertifiedKey>>,
    mut tap: Tap,
) -> Result<Secured, TlsFault> {
    let recorder = Arc::new(Recorder::new());
    let ours = Arc::new(OurCertificate { asked: AtomicBool::new(false), shown: identity });
    let name = ServerName::try_from(expected.clone()).ok();
    let sessions = Arc::new(ResumptionCache::default());
    let config = config(context, &recorder, &ours, &sessions, name.is_some());
    // A name that is not valid in SNI (RFC 6066 §3) is not sent. rustls then requires an IP address instead, and sends
    // no SNI.
    let sent = name.clone().unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()));
    let sni = match &name {
        Some(ServerName::DnsName(name)) => Some(name.as_ref().to_owned()),
        _ => None,
    };
    let opening = tap.arm();
    let opened =
        || opening.lock().map(|mut opening| (opening.first_bytes(), opening.server_hello())).unwrap_or_default();
    let started = Instant::now();
    let timeout = Duration::from_millis(context.plan.limits.reply_ms);
    let connect = TlsConnector::from(Arc::new(config)).connect(sent, tap).into_fallible();
    // The trust store is read after the ClientHello was sent, while the server creates its response.
    let both = async { tokio::join!(biased; connect, async { context.trust.prefetch() }).0 };
    let stream = match tokio::time::timeout(timeout, both).await {
        Ok(Ok(stream)) => stream,
        Ok(Err((error, _))) => {
            let (first, server_hello) = opened();
            return Err(TlsFault { sni, server_hello: server_hello.map(Box::new), ..fault(&error, &first) });
        }
        Err(_) => {
            let kind = TlsFaultKind::Silent { waited_ms: milliseconds(started.elapsed()) };
            let (first, server_hello) = opened();
            let detail = if first.is_empty() { "no response to the ClientHello" } else { "the response is incomplete" };
            return Err(TlsFault {
                kind,
                first_bytes: String::from_utf8_lossy(&first).into_owned(),
                detail: detail.to_owned(),
                sni,
                server_hello: server_hello.map(Box::new),
            });
        }
    };
    let ms = milliseconds(started.elapsed());
    let asked = ours.asked.load(Ordering::Relaxed);
    let by = CertificateExpectation { name: expected, now: context.started_at };
    let seen = HandshakeSeen { by, sni, ms, asked, shown: asked && ours.shown.is_some() };
    let describe = |store: &Store| describe(stream.get_ref().1, &recorder, store, &seen);
    let described = context.trust.verify(describe, |handshake| handshake.presented.is_trusted()).await;
    let handshake = Handshake { server_hello: opened().1, ..described };
    let binding = binding(stream.get_ref().1);
    Ok(Secured { stream, handshake, binding, is_resumable: sessions.offered.load(Ordering::Relaxed) })
}

/// The data for channel binding. In TLS 1.3 it is the exporter (RFC 9266 §2). In TLS 1.2 it is the hash of the
/// certificate (RFC 5929 §4.1), because there the exporter is safe only with an extended master secret, which rustls
/// does not report.
fn binding(connection: &ClientConnection) -> Option<Binding> {
    if connection.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3) {
        let data = connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).ok()?;
        return Some(Binding { name: "tls-exporter", data: data.to_vec() });
    }
    let data = certificate::end_point(connection.peer_certificates()?.first()?)?;
    Some(Binding { name: "tls-server-end-point", data })
}

struct HandshakeSeen {
    by: CertificateExpectation,
    sni: Option<String>,
    ms: f64,
    asked: bool,
    shown: bool,
}

fn config(
    context: &GatherContext,
    recorder: &Arc<Recorder>,
    ours: &Arc<OurCertificate>,
    sessions: &Arc<ResumptionCache>,
    sni: bool,
) -> ClientConfig {
    let GatherContext { plan, key_log, .. } = context;
    let versions: &[&rustls::SupportedProtocolVersion] = match plan.tls.min {
        TlsVersion::V1_2 => &[&rustls::version::TLS13, &rustls::version::TLS12],
        TlsVersion::V1_3 => &[&rustls::version::TLS13],
    };
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&recorder.provider))
        .with_protocol_versions(versions)
        .expect("the provider has suites for TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(recorder) as Arc<dyn ServerCertVerifier>)
        .with_client_cert_resolver(Arc::clone(ours) as Arc<dyn ResolvesClientCert>);
    config.resumption = Resumption::store(Arc::clone(sessions) as Arc<dyn ClientSessionStore>);
    config.enable_sni = sni;
    if let Some(log) = key_log {
        config.key_log = Arc::clone(log);
    }
    config
}

fn describe(connection: &ClientConnection, recorder: &Recorder, store: &Store, seen: &HandshakeSeen) -> Handshake {
    let sent = connection.peer_certificates().unwrap_or_default();
    let ders: Vec<CertificateDer<'static>> = sent.iter().take(MAX_CHAIN).cloned().collect();
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "1.2",
        _ => "unknown",
    };
    let cipher =
        connection.negotiated_cipher_suite().map(|suite| suite.suite().as_str().unwrap_or("unknown").to_owned());
    let group =
        connection.negotiated_key_exchange_group().map(|group| group.name().as_str().unwrap_or("unknown").to_owned());
    let noted = recorder.noted.lock().map(|noted| noted.clone()).unwrap_or_default();
    let (presented, staple) = verify::with_staple(&ders, sent.len(), &noted.staple, store, &seen.by);
    Handshake {
        version: version.to_owned(),
        // rustls uses names like TLS13_AES_...; the IANA registry uses TLS_AES_...
        cipher: cipher.unwrap_or_default().replace("TLS13_", "TLS_"),
        group,
        signature: noted.scheme,
        alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        kind: match connection.handshake_kind() {
            Some(rustls::HandshakeKind::Resumed) => HandshakeKind::Resumed,
            Some(rustls::HandshakeKind::FullWithHelloRetryRequest) => HandshakeKind::FullWithRetry,
            _ => HandshakeKind::Full,
        },
        sni: seen.sni.clone(),
        ms: seen.ms,
        client_certificate_requested: seen.asked,
        client_certificate_sent: seen.shown,
        staple,
        presented,
        signature_fault: noted.signature_fault,
        server_hello: None,
    }
}

fn fault(error: &io::Error, first: &[u8]) -> TlsFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let kind = match (inner, error.kind()) {
        (Some(rustls::Error::AlertReceived(alert)), _) => {
            let code = u8::from(*alert);
            TlsFaultKind::Alert { code, name: alert_name(code) }
        }
        // The decision uses the bytes, because converting them to text changes them.
        (Some(_), _) if FirstBytes::of(first) == FirstBytes::Sslv2 => {
            TlsFaultKind::Incompatible { why: Incompatibility::Version }
        }
        // A TLS record starts with its type, 20 to 23 (RFC 8446 §5.1).
        (Some(rustls::Error::InvalidMessage(_)), _) if !first.first().is_some_and(|byte| (20..=23).contains(byte)) => {
            TlsFaultKind::NotTls
        }
        (Some(error), _) => TlsFaultKind::Incompatible { why: incompatibility(error) },
        (None, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => TlsFaultKind::Reset,
        (None, _) => TlsFaultKind::Closed,
    };
    TlsFault {
        kind,
        first_bytes: String::from_utf8_lossy(first).into_owned(),
        detail: error.to_string(),
        sni: None,
        server_hello: None,
    }
}

fn incompatibility(error: &rustls::Error) -> Incompatibility {
    use rustls::{Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};
    match error {
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Incompatibility::Version,
        Error::PeerMisbehaved(PeerMisbehaved::AttemptedDowngradeToTls12WhenTls13IsSupported) => {
            Incompatibility::Downgraded
        }
        Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => Incompatibility::TooLarge,
        _ => Incompatibility::Other,
    }
}

/// The alert in an error of a connection that is already encrypted.
pub(crate) fn alert(error: &io::Error) -> Option<TlsFault> {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(inner, Some(rustls::Error::AlertReceived(_))).then(|| fault(error, &[]))
}

/// A verifier that accepts every certificate and every signature, and records them with their faults.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    noted: Mutex<Noted>,
}

#[derive(Clone, Debug, Default)]
struct Noted {
    staple: Vec<u8>,
    scheme: Option<String>,
    signature_fault: Option<String>,
}

impl Recorder {
    fn new() -> Recorder {
        Recorder {
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            noted: Mutex::new(Noted::default()),
        }
    }

    fn record(&self, scheme: SignatureScheme, result: Result<(), String>) {
        if let Ok(mut noted) = self.noted.lock() {
            noted.scheme = Some(scheme_name(u16::from(scheme)));
            noted.signature_fault = result.err();
        }
    }
}

/// Verifies that the handshake was signed with the certificate's key (RFC 8446 §4.4.3, RFC 5246 §7.4.3, obsolete). Only
/// the certificate's key is used; other faults of the certificate do not affect this signature.
fn proof(
    version: TlsVersion,
    message: &[u8],
    leaf: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<(), String> {
    let read = pkix::ParsedCertificate::read(leaf).ok_or("the certificate cannot be parsed")?;
    let name = scheme_name(u16::from(signed.scheme));
    let (scheme, curve) = match signed.scheme {
        SignatureScheme::RSA_PKCS1_SHA1 => (SignatureAlgorithm::RsaPkcs1(SignatureHash::Sha1), None),
        SignatureScheme::RSA_PKCS1_SHA256 => (SignatureAlgorithm::RsaPkcs1(SignatureHash::Sha256), None),
        SignatureScheme::RSA_PKCS1_SHA384 => (SignatureAlgorithm::RsaPkcs1(SignatureHash::Sha384), None),
        SignatureScheme::RSA_PKCS1_SHA512 => (SignatureAlgorithm::RsaPkcs1(SignatureHash::Sha512), None),
        SignatureScheme::RSA_PSS_SHA256 => (pss(SignatureHash::Sha256, 32), None),
        SignatureScheme::RSA_PSS_SHA384 => (pss(SignatureHash::Sha384, 48), None),
        SignatureScheme::RSA_PSS_SHA512 => (pss(SignatureHash::Sha512, 64), None),
        SignatureScheme::ECDSA_NISTP256_SHA256 => (SignatureAlgorithm::Ecdsa(SignatureHash::Sha256), Some(Curve::P256)),
        SignatureScheme::ECDSA_NISTP384_SHA384 => (SignatureAlgorithm::Ecdsa(SignatureHash::Sha384), Some(Curve::P384)),
        SignatureScheme::ECDSA_NISTP521_SHA512 => (SignatureAlgorithm::Ecdsa(SignatureHash::Sha512), Some(Curve::P521)),
        SignatureScheme::ED25519 => (SignatureAlgorithm::Ed25519, None),
        SignatureScheme::ED448 => (SignatureAlgorithm::Ed448, None),
        SignatureScheme::Unknown(RSA_PSS_PSS_SHA256) => (pss(SignatureHash::Sha256, 32), None),
        SignatureScheme::Unknown(RSA_PSS_PSS_SHA384) => (pss(SignatureHash::Sha384, 48), None),
        SignatureScheme::Unknown(RSA_PSS_PSS_SHA512) => (pss(SignatureHash::Sha512, 64), None),
        _ => return Err(format!("{name} cannot be verified by smtpcheck")),
    };
    // RFC 8446 §4.2.3: in TLS 1.3, PKCS #1 is allowed only in certificates, and the signature scheme determines the
    // curve.
    let is_allowed = version == TlsVersion::V1_2 || !matches!(scheme, SignatureAlgorithm::RsaPkcs1(_));
    let key = VerifyingKey::read(read.key).map_err(|fault| fault_in_words(fault, &name))?;
    // RFC 8446 §4.2.3: the rsae schemes are for rsaEncryption keys, and the pss schemes are for RSASSA-PSS keys.
    let is_of_kind = match (signed.scheme, &key) {
        (SignatureScheme::RSA_PSS_SHA256 | SignatureScheme::RSA_PSS_SHA384 | SignatureScheme::RSA_PSS_SHA512, _) => {
            matches!(key, VerifyingKey::Rsa { pss: None, .. })
        }
        (SignatureScheme::Unknown(_), _) => matches!(key, VerifyingKey::Rsa { pss: Some(_), .. }),
        _ => true,
    };
    let is_of_curve = match (&key, curve) {
        (VerifyingKey::Ec { curve, .. }, Some(wanted)) => version == TlsVersion::V1_2 || *curve == wanted,
        _ => true,
    };
    if !is_allowed || !is_of_curve || !is_of_kind {
        return Err(format!("{name} is not allowed with this key"));
    }
    signature::verify(scheme, &key, message, signed.signature()).map_err(|fault| fault_in_words(fault, &name))
}

fn pss(hash: SignatureHash, salt: usize) -> SignatureAlgorithm {
    SignatureAlgorithm::RsaPss { hash, mask: hash, salt }
}

fn fault_in_words(fault: signature::SignatureFault, scheme: &str) -> String {
    match fault {
        signature::SignatureFault::Wrong => "the signature was made with another key".to_owned(),
        signature::SignatureFault::OtherKind => format!("{scheme} is for another kind of key"),
        signature::SignatureFault::Unsupported(what) => format!("smtpcheck cannot verify {what}"),
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        staple: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Ok(mut noted) = self.noted.lock() {
            noted.staple = staple.to_vec();
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.record(signed.scheme, proof(TlsVersion::V1_2, message, leaf, signed));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.record(signed.scheme, proof(TlsVersion::V1_3, message, leaf, signed));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.provider.signature_verification_algorithms.supported_schemes();
        schemes.extend(RARE.map(SignatureScheme::from));
        schemes
    }
}

/// Records whether a session could be resumed, but stores no session. rustls does not call the verifier for a resumed
/// session, so every handshake must be a full one.
#[derive(Debug, Default)]
struct ResumptionCache {
    offered: AtomicBool,
}

impl ClientSessionStore for ResumptionCache {
    fn set_kx_hint(&self, _name: ServerName<'static>, _group: NamedGroup) {}

    fn kx_hint(&self, _name: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _name: ServerName<'static>, _session: Tls12ClientSessionValue) {
        self.offered.store(true, Ordering::Relaxed);
    }

    fn tls12_session(&self, _name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _name: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _name: ServerName<'static>, _ticket: Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

/// Provides the client certificate, if there is one, and records whether the server requests one.
#[derive(Debug)]
struct OurCertificate {
    asked: AtomicBool,
    shown: Option<Arc<CertifiedKey>>,
}

impl ResolvesClientCert for OurCertificate {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.shown.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}
