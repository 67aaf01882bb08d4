//! Verifies that a path leads from a chain to a trust anchor and that the certificate covers the host name, and
//! evaluates a stapled OCSP response. `pkix` does the verification; this file provides its input and turns the result
//! into evidence.
//!
//! A valid path is also verified with webpki. If webpki rejects it, the rejection is recorded in the evidence: programs
//! that use rustls reject the chain, and other programs do not.

use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, UnixTime,
};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::trust::Store;
use super::{anchor, certificate, staple};
use crate::evidence::{
    AnchorSeen, Certificate, ChainFault, ClientLimit, NameMatch, PathFault, PathFaultKind, PathPlace, Presented,
    Staple, Trust,
};
use crate::pkix::{
    self, CertificateSignature, Found, SignatureCache, der, names::NamedBy, ocsp::Authority, signature::VerifyingKey,
};

/// The requirements for a certificate.
pub(super) struct CertificateExpectation {
    /// The host name that it must cover.
    pub(super) name: String,
    /// The time at which it must be valid.
    pub(super) now: Timestamp,
}

/// Parses and verifies the certificates as the server sent them. `sent` is their total number.
pub(super) fn presented(
    ders: &[CertificateDer<'static>],
    sent: usize,
    store: &Store,
    expected: &CertificateExpectation,
) -> Presented {
    with_staple(ders, sent, &[], store, expected).0
}

/// Like [`presented`], but also evaluates the OCSP response that the server sent (empty if it sent none).
pub(super) fn with_staple(
    ders: &[CertificateDer<'static>],
    sent: usize,
    response: &[u8],
    store: &Store,
    expected: &CertificateExpectation,
) -> (Presented, Option<Staple>) {
    let signatures = SignatureCache::default();
    let chain = certificate::read_chain(ders, &signatures);
    let bytes: Vec<&[u8]> = ders.iter().map(AsRef::as_ref).collect();
    let anchors = anchor::needed(&store.anchors, &bytes);
    let now = expected.now.as_second();
    let found = pkix::find(&bytes, &anchors, now, &signatures);
    let anchor = found.anchor.and_then(|at| anchors.get(at)).copied();
    let seen = anchor.map(anchor_seen);
    let trust = trust(&found, &chain, seen.as_ref());
    let mut limits = match (&trust, anchor) {
        // Limits are not reported for a certificate that is its own trust anchor (only clients configured for it trust
        // it) or that is not permitted for a server (no client accepts it).
        (Trust::Trusted { path }, Some(anchor))
            if path.len() > 1 && chain.first().is_some_and(|leaf| leaf.misuse().is_none()) =>
        {
            limits(ders, &found, anchor, expected, &signatures.correct())
        }
        _ => Vec::new(),
    };
    let (issuer, root) = (issuer(ders, &chain, &found, anchor), anchor.and_then(authority));
    let staple = staple::read(response, ders.first(), issuer, root, now);
    let is_trusted = !matches!(trust, Trust::Untrusted { .. });
    let named_by = ders
        .first()
        .and_then(|der| pkix::ParsedCertificate::read(der))
        .and_then(|read| pkix::names::matches(&read, &expected.name));
    if named_by == Some(NamedBy::CommonName) && matches!(trust, Trust::Trusted { .. }) {
        // Other features of such a certificate that webpki does not support do not matter.
        limits.retain(|limit| limit.place != 0);
        limits.insert(0, by_common_name());
    }
    if let Some(what) = rare_key(ders).filter(|_| matches!(trust, Trust::Trusted { .. })) {
        limits.push(without_support(what));
    }
    let presented = Presented {
        chain_length: sent,
        trust,
        path: if is_trusted { found.path } else { Vec::new() },
        name: name_match(named_by, ders, &chain, expected.name.clone()),
        store: store.origin.clone(),
        anchor: seen,
        faults: found.faults,
        limits,
        chain,
    };
    (presented, staple)
}

fn trust(found: &Found, chain: &[Certificate], anchor: Option<&AnchorSeen>) -> Trust {
    let subject = |place: &usize| chain.get(*place).map(|one| one.subject.clone());
    let mut path: Vec<String> = found.path.iter().filter_map(subject).collect();
    let untrusted = |why, detail: &str| Trust::Untrusted { why, detail: detail.to_owned() };
    let Some(leaf) = chain.first() else {
        return untrusted(ChainFault::Malformed, "the server sent no certificate");
    };
    let is_of_dates = |fault: &PathFault| fault.kind == PathFaultKind::OutOfDate;
    let worst =
        found.faults.iter().filter(|fault| !is_of_dates(fault)).max_by_key(|fault| {
            (fault.kind == PathFaultKind::WrongSignature, matches!(fault.at, PathPlace::Sent { .. }))
        });
    match (anchor, worst) {
        (None, _) if leaf.self_signed => untrusted(ChainFault::SelfSigned, "signed with its own key"),
        (None, Some(fault)) if is_about_bytes(&fault.kind) => untrusted(why(&fault.kind), fault.kind.word()),
        (None, _) => untrusted(ChainFault::UnknownIssuer, "no issuer was found"),
        (Some(_), Some(fault)) => untrusted(why(&fault.kind), fault.kind.word()),
        (Some(anchor), None) => {
            // A certificate that is its own trust anchor occurs in the path only once.
            if found.path != [0] || path.first() != Some(&anchor.subject) || leaf.subject != leaf.issuer {
                path.push(anchor.subject.clone());
            }
            if found.is_outdated || !found.faults.is_empty() {
                Trust::Outdated { path }
            } else {
                Trust::Trusted { path }
            }
        }
    }
}

/// Whether the path ends because of this fault, not because a certificate is missing.
fn is_about_bytes(kind: &PathFaultKind) -> bool {
    matches!(kind, PathFaultKind::Unreadable | PathFaultKind::TooLarge | PathFaultKind::WrongSignature)
}

fn why(kind: &PathFaultKind) -> ChainFault {
    match kind {
        PathFaultKind::Unreadable
        | PathFaultKind::TooLarge
        | PathFaultKind::OldVersion { .. }
        | PathFaultKind::RepeatedExtension { .. }
        | PathFaultKind::UnreadableExtension { .. }
        | PathFaultKind::AlgorithmsDiffer => ChainFault::Malformed,
        PathFaultKind::NameConstraint { .. }
        | PathFaultKind::UnsupportedNameConstraint
        | PathFaultKind::TooManyNames => ChainFault::NameConstraint,
        PathFaultKind::NotAuthority
        | PathFaultKind::MayNotSign
        | PathFaultKind::PathTooLong { .. }
        | PathFaultKind::PathTooLongWithSelfIssued { .. }
        | PathFaultKind::Proxy
        | PathFaultKind::OtherUse => ChainFault::Usage,
        PathFaultKind::WrongSignature => ChainFault::BadSignature,
        PathFaultKind::WeakSignature { .. } => ChainFault::WeakSignature,
        PathFaultKind::OutOfDate => ChainFault::Expired,
        PathFaultKind::CriticalExtension { .. }
        | PathFaultKind::OtherAuthorityKey
        | PathFaultKind::CompressedKey
        | PathFaultKind::MissingFeature { .. }
        | PathFaultKind::AuthorityWithoutStaple
        | PathFaultKind::UnsupportedSignature { .. }
        | PathFaultKind::WeakKey { .. } => ChainFault::Other,
    }
}

fn anchor_seen(anchor: pkix::Anchor<'_>) -> AnchorSeen {
    let (subject, dates) = match anchor {
        pkix::Anchor::Certificate(der) => match pkix::ParsedCertificate::read(der) {
            Some(read) => (read.subject, Some((read.not_before, read.not_after))),
            None => (&[][..], None),
        },
        pkix::Anchor::Key { subject, .. } => (subject, None),
    };
    let shown = X509Name::from_der(subject).map(|(_, name)| name.to_string());
    AnchorSeen {
        subject: shown.unwrap_or_else(|_| "(unreadable)".to_owned()),
        not_before: dates.map(|(from, _)| certificate::moment(from)),
        not_after: dates.map(|(_, to)| certificate::moment(to)),
    }
}

/// The issuer that must have signed an OCSP response about the server certificate.
fn issuer<'a>(
    ders: &'a [CertificateDer<'static>],
    chain: &[Certificate],
    found: &Found,
    anchor: Option<pkix::Anchor<'a>>,
) -> Option<Authority<'a>> {
    let next = found.path.get(1).copied().or_else(|| chain.first()?.issued_by.filter(|_| anchor.is_none()));
    match next {
        Some(next) => authority(pkix::Anchor::Certificate(ders.get(next)?)),
        None => anchor.and_then(authority),
    }
}

fn authority(anchor: pkix::Anchor<'_>) -> Option<Authority<'_>> {
    match anchor {
        pkix::Anchor::Certificate(der) => {
            pkix::ParsedCertificate::read(der).map(|read| Authority { subject: read.subject, key: read.key })
        }
        pkix::Anchor::Key { subject, key, .. } => Some(Authority { subject, key }),
    }
}

/// Features of a valid path that webpki, and therefore clients that use rustls, cannot verify.
fn limits(
    ders: &[CertificateDer<'static>],
    found: &Found,
    anchor: pkix::Anchor<'_>,
    expected: &CertificateExpectation,
    correct: &[CertificateSignature<'_>],
) -> Vec<ClientLimit> {
    if is_verified_by_webpki(ders, found, anchor, expected.now, correct) != Some(false) {
        return Vec::new();
    }
    let of = |place, what: String| ClientLimit {
        place,
        what,
        rejected_by: vec!["rustls".to_owned()],
        accepted_by: vec!["OpenSSL".to_owned(), "GnuTLS".to_owned()],
    };
    let bytes: Vec<&[u8]> = ders.iter().map(AsRef::as_ref).collect();
    let rarities = pkix::rarities(&bytes, &found.path);
    let limits: Vec<ClientLimit> = rarities.into_iter().map(|rarity| of(rarity.place, rarity.what)).collect();
    let leaf = ders.get(..1).unwrap_or_default();
    let is_authority = certificate::read_chain(leaf, &SignatureCache::default()).iter().any(|one| one.is_authority);
    if limits.is_empty() && !is_authority {
        return vec![of(0, "a feature of the path that webpki does not support".to_owned())];
    }
    limits
}

/// A type of key that rustls and Go cannot use in a handshake.
fn rare_key(ders: &[CertificateDer<'static>]) -> Option<&'static str> {
    let read = ders.first().and_then(|der| pkix::ParsedCertificate::read(der))?;
    match VerifyingKey::read(read.key) {
        Ok(VerifyingKey::Rsa { pss: Some(_), .. }) => Some("a key that may be used only with RSASSA-PSS"),
        Ok(VerifyingKey::Ed448 { .. }) => Some("an Ed448 key"),
        _ => None,
    }
}

fn without_support(what: &str) -> ClientLimit {
    ClientLimit {
        place: 0,
        what: what.to_owned(),
        rejected_by: ["rustls", "Go"].map(str::to_owned).to_vec(),
        accepted_by: ["OpenSSL", "GnuTLS"].map(str::to_owned).to_vec(),
    }
}

/// OpenSSL, GnuTLS and programs that use them accept the common name if a certificate has no alternative names. Go
/// stopped accepting it in version 1.15, Apple's systems in 2019, Chrome in version 58 and Firefox in version 101;
/// rustls never accepted it.
fn by_common_name() -> ClientLimit {
    ClientLimit {
        place: 0,
        what: "a host name that is only in the common name, not in subjectAltName".to_owned(),
        rejected_by: ["rustls", "Go", "Apple's systems"].map(str::to_owned).to_vec(),
        accepted_by: ["OpenSSL", "GnuTLS"].map(str::to_owned).to_vec(),
    }
}

/// Whether webpki accepts the path. `None` if webpki does not support the trust anchor, in which case the result would
/// not depend on the chain.
fn is_verified_by_webpki(
    ders: &[CertificateDer<'static>],
    found: &Found,
    anchor: pkix::Anchor<'_>,
    now: Timestamp,
    correct: &[CertificateSignature<'_>],
) -> Option<bool> {
    let pkix::Anchor::Certificate(der) = anchor else { return None };
    let der = CertificateDer::from(der);
    let anchor = webpki::anchor_from_trusted_cert(&der).ok()?;
    let Ok(leaf) = webpki::EndEntityCert::try_from(ders.first()?) else { return Some(false) };
    let between: Vec<CertificateDer<'_>> =
        found.path.iter().skip(1).filter_map(|place| ders.get(*place).cloned()).collect();
    let moment = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.as_second()).unwrap_or(0)));
    let supported = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all;
    let cached: Vec<CachedAlgorithm<'_>> =
        supported.iter().map(|algorithm| CachedAlgorithm { algorithm: *algorithm, correct }).collect();
    let algorithms: Vec<&dyn SignatureVerificationAlgorithm> = cached.iter().map(|one| one as _).collect();
    let usage = webpki::KeyUsage::server_auth();
    Some(leaf.verify_for_usage(&algorithms, &[anchor], &between, moment, usage, None, None).is_ok())
}

/// An algorithm of webpki that does not verify a signature again.
#[derive(Debug)]
struct CachedAlgorithm<'a> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    correct: &'a [CertificateSignature<'a>],
}

impl SignatureVerificationAlgorithm for CachedAlgorithm<'_> {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        // webpki passes the content of each element, and for the key only the bits (RFC 5280 §4.1.1.2, §4.1.2.7).
        let algorithm = der::wrap(der::tag::SEQUENCE, self.signature_alg_id().as_ref());
        let of_key = der::wrap(der::tag::SEQUENCE, self.public_key_alg_id().as_ref());
        let bits = der::wrap(der::tag::BIT_STRING, &[&[0], key].concat());
        let key_info = der::wrap(der::tag::SEQUENCE, &[of_key, bits].concat());
        let wanted = CertificateSignature { key: &key_info, algorithm: &algorithm, signed: message, signature };
        if self.correct.contains(&wanted) {
            return Ok(());
        }
        self.algorithm.verify_signature(key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }

    fn fips_status(&self) -> rustls::pki_types::FipsStatus {
        self.algorithm.fips_status()
    }
}

/// Whether the leaf certificate covers the host name (RFC 9525 §6).
fn name_match(
    named_by: Option<NamedBy>,
    ders: &[CertificateDer<'static>],
    chain: &[Certificate],
    expected: String,
) -> NameMatch {
    // Names that cannot be parsed are unknown, so they are not compared.
    let is_read =
        ders.first().and_then(|der| pkix::ParsedCertificate::read(der)).is_some_and(|read| read.has_readable_names());
    match chain.first().filter(|leaf| is_read && leaf.is_readable()) {
        Some(_) if named_by.is_some() => NameMatch::Matches { expected },
        Some(leaf) => NameMatch::Differs { expected, presented: leaf.names.clone() },
        None => NameMatch::Unreadable { expected },
    }
}
