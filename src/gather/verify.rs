//! Whether a chain leads to an anchor and names the host: each looked at alone, because a strict verifier stops at the
//! first fault. Dates are the checks' business, so the chain is walked at a moment when all of it was in date.

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use std::time::Duration;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::certificate;
use super::trust::Store;
use crate::evidence::{Certificate, ChainFault, NameMatch, Presented, Trust};

/// What is expected of a certificate.
pub(super) struct Expectation {
    /// The name of the server.
    pub(super) name: String,
    /// The moment at which it must hold.
    pub(super) now: Timestamp,
}

/// Reads and judges the certificates as they were sent, of which `sent` came in all.
pub(super) fn presented(
    ders: &[CertificateDer<'static>],
    sent: usize,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    store: &Store,
    expected: &Expectation,
) -> Presented {
    let chain = certificate::read_chain(ders);
    let verdict = walk(ders, &chain, algorithms, store, expected.now);
    Presented {
        chain_length: sent,
        trust: verdict.trust,
        path: verdict.path,
        name: name_match(ders, &chain, expected.name.clone()),
        store: store.origin.clone(),
        chain,
    }
}

/// What a chain is, and by which of its certificates it leads to the anchor.
struct Verdict {
    trust: Trust,
    path: Vec<usize>,
}

/// Walks the chain from the leaf to an anchor of the store.
fn walk(
    ders: &[CertificateDer<'static>],
    chain: &[Certificate],
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    store: &Store,
    now: Timestamp,
) -> Verdict {
    let untrusted =
        |why, detail: &str| Verdict { trust: Trust::Untrusted { why, detail: detail.to_owned() }, path: Vec::new() };
    let (Some((der, others)), Some(leaf)) = (ders.split_first(), chain.first()) else {
        return untrusted(ChainFault::Malformed, "the server sent no certificate");
    };
    // A leaf that is itself in the user's file is trusted as it stands. webpki would call a self-signed CA
    // certificate, the default of `openssl req -x509`, unfit as a leaf, even when it is the anchor.
    if store.pinned.contains(der) {
        return Verdict { trust: Trust::Trusted { path: vec![leaf.subject.clone()] }, path: vec![0] };
    }
    let parsed = match webpki::EndEntityCert::try_from(der) {
        Ok(parsed) => parsed,
        Err(_) if leaf.self_signed => return untrusted(ChainFault::SelfSigned, "signed by its own key"),
        Err(error) => return untrusted(ChainFault::Malformed, &error.to_string()),
    };
    let at = |moment: Timestamp| -> Result<(Vec<usize>, Vec<String>), webpki::Error> {
        let moment = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(moment.as_second()).unwrap_or(0)));
        let usage = webpki::KeyUsage::server_auth();
        let found = parsed.verify_for_usage(algorithms, &store.anchors, others, moment, usage, None, None)?;
        let between = found.intermediate_certificates().filter_map(|one| {
            let place = ders.iter().position(|der| der.as_ref() == one.der().as_ref())?;
            Some((place, chain.get(place)?.subject.clone()))
        });
        let (mut places, mut subjects): (Vec<usize>, Vec<String>) =
            std::iter::once((0, leaf.subject.clone())).chain(between).unzip();
        places.dedup();
        subjects.extend(name_of(found.anchor()));
        Ok((places, subjects))
    };
    let today = at(now);
    if let Ok((path, subjects)) = today {
        return Verdict { trust: Trust::Trusted { path: subjects }, path };
    }
    match (today, at(common_moment(chain))) {
        (_, Ok((path, subjects))) => Verdict { trust: Trust::Outdated { path: subjects }, path },
        (_, Err(_)) if leaf.self_signed => untrusted(ChainFault::SelfSigned, "signed by its own key"),
        (_, Err(error)) => match fault(&error) {
            // Usage is looked at before the issuer; the checks see it by themselves, and a lost issuer they would not.
            ChainFault::Usage if !reaches_anchor(ders, chain, store) => {
                untrusted(ChainFault::UnknownIssuer, "no issuer was found")
            }
            // The library prints every algorithm that it has, by number.
            ChainFault::WeakSignature => untrusted(ChainFault::WeakSignature, "its algorithm is not supported"),
            why => untrusted(why, &error.to_string()),
        },
    }
}

/// Whether the last certificate that can be followed to is signed by an anchor, by its name.
fn reaches_anchor(ders: &[CertificateDer<'static>], chain: &[Certificate], store: &Store) -> bool {
    let mut last = 0;
    for _ in 0..chain.len() {
        match chain.get(last).and_then(|one| one.issued_by) {
            Some(next) => last = next,
            None => break,
        }
    }
    let parsed = ders.get(last).and_then(|der| X509Certificate::from_der(der).ok());
    // The anchor holds the inside of the SEQUENCE, the certificate the whole.
    parsed.is_some_and(|(_, one)| {
        let issuer = one.issuer().as_raw();
        store.anchors.iter().any(|anchor| issuer.ends_with(anchor.subject.as_ref()))
    })
}

/// A moment at which every certificate is in date; else one inside the leaf's validity.
fn common_moment(chain: &[Certificate]) -> Timestamp {
    let readable = || chain.iter().filter(|one| one.is_readable());
    let latest_start = readable().map(|one| one.not_before).max().unwrap_or(Timestamp::UNIX_EPOCH);
    let first_end = readable().map(|one| one.not_after).min().unwrap_or(Timestamp::UNIX_EPOCH);
    if latest_start <= first_end {
        return latest_start;
    }
    chain.first().map_or(Timestamp::UNIX_EPOCH, |leaf| leaf.not_before)
}

/// The subject of an anchor, which holds only the inside of the SEQUENCE.
fn name_of(anchor: &TrustAnchor<'_>) -> Option<String> {
    let inside = anchor.subject.as_ref();
    let length = u16::try_from(inside.len()).ok()?.to_be_bytes();
    let mut der = vec![0x30, 0x82];
    der.extend(length);
    der.extend(inside);
    // DER wants the shortest form of a length; the parser takes the long one too.
    X509Name::from_der(&der).ok().map(|(_, name)| name.to_string())
}

fn fault(error: &webpki::Error) -> ChainFault {
    use webpki::Error;
    match error {
        Error::UnknownIssuer => ChainFault::UnknownIssuer,
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => ChainFault::Expired,
        Error::InvalidSignatureForPublicKey => ChainFault::BadSignature,
        Error::UnsupportedSignatureAlgorithmContext(_) | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            ChainFault::WeakSignature
        }
        Error::NameConstraintViolation => ChainFault::NameConstraint,
        Error::CaUsedAsEndEntity
        | Error::EndEntityUsedAsCa
        | Error::PathLenConstraintViolated
        | Error::RequiredEkuNotFoundContext(_) => ChainFault::Usage,
        Error::BadDer | Error::BadDerTime | Error::UnsupportedCertVersion => ChainFault::Malformed,
        _ => ChainFault::Other,
    }
}

/// Whether the leaf names the host (RFC 9525 §6).
fn name_match(ders: &[CertificateDer<'static>], chain: &[Certificate], expected: String) -> NameMatch {
    let Some(leaf) = chain.first().filter(|leaf| leaf.is_readable()) else {
        return NameMatch::Unreadable { expected };
    };
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
