//! Finds features of a valid path that webpki, the verifier of rustls, may not support.

use super::certificate::{self, ParsedCertificate};
use super::curve::Curve;
use super::der;
use super::form::extension_name;
use super::signature::{self, SignatureAlgorithm, VerifyingKey};

/// A feature of a valid path that webpki may not support. The path is then verified with webpki to find out.
pub(crate) struct Rarity {
    /// The position of the certificate in the chain.
    pub(crate) place: usize,
    pub(crate) what: String,
}

/// Lists the features of a valid path that webpki may not support.
pub(crate) fn rarities(chain: &[&[u8]], path: &[usize]) -> Vec<Rarity> {
    let of = |place: usize| Some((place, ParsedCertificate::read(chain.get(place)?)?));
    let read: Vec<(usize, ParsedCertificate<'_>)> = path.iter().filter_map(|place| of(*place)).collect();
    let mut found: Vec<Rarity> = read.iter().flat_map(|(place, one)| rare_parts(*place, one)).collect();
    // webpki accepts at most six intermediate certificates.
    if path.len() > 7 {
        let last = path.last().copied().unwrap_or(0);
        found.push(Rarity { place: last, what: format!("{} CA certificates below the root", path.len() - 1) });
    }
    found
}

fn rare_parts(place: usize, one: &ParsedCertificate<'_>) -> Vec<Rarity> {
    let mut whats: Vec<String> = Vec::new();
    for oid in &one.extensions.rarely_supported {
        whats.push(format!("the critical extension {}", extension_name(&der::dotted(oid))));
    }
    let limits = one.extensions.name_constraints.iter();
    let is_directory = |name: &certificate::GeneralName<'_>| matches!(name, certificate::GeneralName::Directory(_));
    if limits.flat_map(|limits| limits.permitted.iter().chain(&limits.excluded)).any(is_directory) {
        whats.push("name constraints for directory names".to_owned());
    }
    match VerifyingKey::read(one.key) {
        Ok(VerifyingKey::Ec { curve: Curve::P224, .. }) => whats.push("a key on curve P-224".to_owned()),
        Ok(VerifyingKey::Dsa { .. }) => whats.push("a DSA key".to_owned()),
        _ => {}
    }
    let scheme = SignatureAlgorithm::read(one.outer_algorithm);
    match scheme {
        Ok(SignatureAlgorithm::Ed448) => whats.push("an Ed448 signature".to_owned()),
        Ok(SignatureAlgorithm::Dsa(_)) => whats.push("a DSA signature".to_owned()),
        _ => {}
    }
    if let Ok(SignatureAlgorithm::RsaPss { hash, mask, salt }) = scheme
        && (hash != mask || salt != hash.digest(&[]).len())
    {
        whats.push(format!("an RSASSA-PSS signature with a salt of {salt} bytes"));
    }
    if scheme.is_ok_and(|scheme| {
        matches!(
            scheme,
            SignatureAlgorithm::RsaPkcs1(signature::SignatureHash::Sha224)
                | SignatureAlgorithm::Ecdsa(signature::SignatureHash::Sha224)
        )
    }) {
        whats.push("a signature with SHA-224".to_owned());
    }
    whats.into_iter().map(|what| Rarity { place, what }).collect()
}
