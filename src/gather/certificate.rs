//! Extracts the facts that a report shows from a certificate in DER format. A certificate that cannot be parsed is kept
//! as bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{Oid, OidRegistry};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::evidence::Certificate;
use crate::pkix::{
    self, SignatureCache,
    signature::{SignatureFault, VerifyingKey},
};

/// The maximum number of names that are kept from one certificate.
const MAX_NAMES: usize = 200;

/// The TLS feature `status_request` in a certificate (RFC 7633 §4.2.3).
const STATUS_REQUEST: u32 = 5;

/// Parses a chain as the server sent it, and determines which certificate signed which.
pub(crate) fn read_chain<'a>(ders: &'a [CertificateDer<'_>], signatures: &SignatureCache<'a>) -> Vec<Certificate> {
    let parsed: Vec<Option<X509Certificate<'a>>> =
        ders.iter().map(|der| X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed)).collect();
    let issuer_of = |at: usize, child: &X509Certificate<'a>| {
        let mut others = parsed.iter().enumerate().filter(|(other, _)| *other != at);
        others.find(|(_, one)| one.as_ref().is_some_and(|one| signs(one, child, signatures))).map(|(other, _)| other)
    };
    ders.iter()
        .zip(&parsed)
        .enumerate()
        .map(|(at, (der, parsed))| match parsed {
            None => unreadable(der),
            Some(parsed) => {
                let certificate = readable(der, parsed, signatures);
                let issued_by = if certificate.self_signed { None } else { issuer_of(at, parsed) };
                Certificate { issued_by, ..certificate }
            }
        })
        .collect()
}

/// The hash of the certificate for `tls-server-end-point`, with the hash function of its signature, or SHA-256 if that
/// function is MD5 or SHA-1 (RFC 5929 §4.1).
pub(crate) fn end_point(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let name = algorithm(&parsed.signature_algorithm.algorithm).to_ascii_lowercase();
    Some(if name.contains("sha384") {
        Sha384::digest(der).to_vec()
    } else if name.contains("sha512") {
        Sha512::digest(der).to_vec()
    } else if name.contains("ed25519") || name.contains("pss") {
        // RFC 5929 does not define a hash for these algorithms.
        return None;
    } else {
        Sha256::digest(der).to_vec()
    })
}

/// Whether one certificate signed another, according to the names and the signature. If the signature cannot be
/// verified, only the names are compared.
fn signs<'a>(issuer: &X509Certificate<'a>, child: &X509Certificate<'a>, signatures: &SignatureCache<'a>) -> bool {
    if issuer.subject().as_raw() != child.issuer().as_raw() {
        return false;
    }
    let Some(read) = pkix::ParsedCertificate::read(child.as_raw()) else { return false };
    matches!(
        signatures.verify(&read, issuer.tbs_certificate.subject_pki.raw),
        Ok(()) | Err(SignatureFault::Unsupported(_))
    )
}

fn unreadable(der: &CertificateDer<'_>) -> Certificate {
    Certificate {
        subject: "(unreadable)".to_owned(),
        issuer: "(unreadable)".to_owned(),
        serial: String::new(),
        version: 0,
        names: Vec::new(),
        names_total: 0,
        common_name: None,
        not_before: Timestamp::MIN,
        not_after: Timestamp::MIN,
        key: "(unreadable)".to_owned(),
        key_bits: None,
        signature: "(unreadable)".to_owned(),
        self_signed: false,
        issued_by: None,
        is_authority: false,
        key_usage: None,
        extended_key_usage: None,
        must_staple: false,
        issuer_urls: Vec::new(),
        sha256: hex(&Sha256::digest(der)),
        spki_sha256: String::new(),
        der_b64: STANDARD.encode(der),
    }
}

fn readable<'a>(
    der: &CertificateDer<'_>,
    parsed: &X509Certificate<'a>,
    signatures: &SignatureCache<'a>,
) -> Certificate {
    let all_names = names(parsed);
    Certificate {
        subject: parsed.subject().to_string(),
        issuer: parsed.issuer().to_string(),
        serial: hex(parsed.raw_serial()),
        // X.509 version numbers start at 0.
        version: parsed.version().0.saturating_add(1),
        names_total: all_names.len(),
        names: all_names.into_iter().take(MAX_NAMES).collect(),
        common_name: parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned),
        not_before: moment(parsed.validity().not_before.timestamp()),
        not_after: moment(parsed.validity().not_after.timestamp()),
        key: key(parsed.public_key()),
        key_bits: size(parsed.public_key()),
        signature: algorithm(&parsed.signature_algorithm.algorithm),
        self_signed: signs(parsed, parsed, signatures),
        issued_by: None,
        is_authority: parsed.is_ca(),
        key_usage: key_usage(parsed),
        extended_key_usage: extended_key_usage(parsed),
        must_staple: must_staple(parsed),
        issuer_urls: issuer_urls(parsed),
        sha256: hex(&Sha256::digest(der)),
        spki_sha256: hex(&Sha256::digest(parsed.public_key().raw)),
        der_b64: STANDARD.encode(der),
    }
}

/// Converts seconds since 1970. 99991231235959Z, which means "no expiry" (RFC 5280 §4.1.2.5), is one day after the
/// latest possible timestamp.
pub(super) fn moment(seconds: i64) -> Timestamp {
    let nearest = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(seconds).unwrap_or(nearest)
}

/// The names of the key usages in RFC 5280 §4.2.1.3.
fn key_usage(parsed: &X509Certificate<'_>) -> Option<Vec<String>> {
    let usage = parsed.key_usage().ok()??.value;
    let words = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    Some(words.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word.to_owned()).collect())
}

/// The names of the purposes in RFC 5280 §4.2.1.12.
fn extended_key_usage(parsed: &X509Certificate<'_>) -> Option<Vec<String>> {
    let usage = parsed.extended_key_usage().ok()??.value;
    let words = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let known = words.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word.to_owned());
    Some(known.chain(usage.other.iter().take(20).map(Oid::to_id_string)).collect())
}

fn must_staple(parsed: &X509Certificate<'_>) -> bool {
    pkix::ParsedCertificate::read(parsed.as_raw())
        .is_some_and(|read| read.extensions.tls_features.contains(&STATUS_REQUEST))
}

fn issuer_urls(parsed: &X509Certificate<'_>) -> Vec<String> {
    let access = parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => Some(access),
        _ => None,
    });
    let Some(access) = access else { return Vec::new() };
    access
        .accessdescs
        .iter()
        // id-ad-caIssuers (RFC 5280 §4.2.2.1).
        .filter(|description| description.access_method.to_id_string() == "1.3.6.1.5.5.7.48.2")
        .filter_map(|description| match &description.access_location {
            GeneralName::URI(uri) => Some((*uri).to_owned()),
            _ => None,
        })
        .take(4)
        .collect()
}

fn names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = parsed.subject_alternative_name() else { return Vec::new() };
    let shown = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(shown).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| std::net::Ipv6Addr::from(sixteen).to_string())
}

/// Elliptic curves: object identifier, name and size in bits.
const CURVES: &[(&str, &str, u32)] = &[
    ("1.2.840.10045.3.1.1", "P-192", 192),
    ("1.3.132.0.33", "P-224", 224),
    ("1.2.840.10045.3.1.7", "P-256", 256),
    ("1.3.132.0.34", "P-384", 384),
    ("1.3.132.0.35", "P-521", 521),
    ("1.3.132.0.10", "secp256k1", 256),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 256),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", 384),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", 512),
];

fn curve(info: &SubjectPublicKeyInfo<'_>) -> Option<String> {
    info.algorithm.parameters.as_ref()?.as_oid().ok().map(|oid| oid.to_id_string())
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> String {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", bits(info).unwrap_or(rsa.key_size())),
        Ok(PublicKey::EC(_)) => match curve(info) {
            None => "EC".to_owned(),
            Some(dotted) => match CURVES.iter().find(|(oid, ..)| *oid == dotted) {
                Some((_, name, _)) => format!("EC {name}"),
                None => format!("EC {dotted}"),
            },
        },
        Ok(PublicKey::DSA(_)) => VerifyingKey::read(info.raw).map_or_else(|_| "DSA".to_owned(), |key| key.name()),
        _ => match info.algorithm.algorithm.to_id_string().as_str() {
            "1.3.101.112" => "Ed25519".to_owned(),
            "1.3.101.113" => "Ed448".to_owned(),
            "1.2.840.113549.1.1.10" => match VerifyingKey::read(info.raw) {
                Ok(VerifyingKey::Rsa { bits, .. }) => format!("RSA-PSS {bits}"),
                _ => "RSA-PSS".to_owned(),
            },
            dotted => dotted.to_owned(),
        },
    }
}

/// The exact size of an RSA modulus in bits.
fn bits(info: &SubjectPublicKeyInfo<'_>) -> Option<usize> {
    match VerifyingKey::read(info.raw) {
        Ok(VerifyingKey::Rsa { bits, .. }) => Some(bits),
        _ => None,
    }
}

fn size(info: &SubjectPublicKeyInfo<'_>) -> Option<u32> {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => u32::try_from(bits(info).unwrap_or(rsa.key_size())).ok(),
        Ok(PublicKey::EC(_)) => {
            let dotted = curve(info)?;
            CURVES.iter().find(|(oid, ..)| *oid == dotted).map(|(.., bits)| *bits)
        }
        _ => match info.algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.10040.4.1" => {
                VerifyingKey::read(info.raw).ok()?.name().rsplit(' ').next().and_then(|bits| bits.parse().ok())
            }
            "1.3.101.112" => Some(256),
            "1.3.101.113" => Some(456),
            "1.2.840.113549.1.1.10" => match VerifyingKey::read(info.raw) {
                Ok(VerifyingKey::Rsa { bits, .. }) => u32::try_from(bits).ok(),
                _ => None,
            },
            _ => None,
        },
    }
}

/// The algorithms of public CAs, and algorithms that the registry of the parser does not contain. Building the registry
/// takes longer than parsing a certificate.
const ALGORITHMS: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.3.101.112", "ed25519"),
];

fn algorithm(oid: &Oid<'_>) -> String {
    let dotted = oid.to_id_string();
    if let Some((_, name)) = ALGORITHMS.iter().find(|(known, _)| *known == dotted) {
        return (*name).to_owned();
    }
    let registry = OidRegistry::default().with_pkcs1().with_x962().with_x509();
    registry.get(oid).map_or(dotted, |entry| entry.sn().to_owned())
}

/// The bytes as hexadecimal digits in lower case.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{ALGORITHMS, OidRegistry, hex};

    #[test]
    fn algorithms_have_the_names_that_the_parser_gives_them() {
        let registry = OidRegistry::default().with_pkcs1().with_x962().with_x509();
        let names: Vec<(String, &str)> = registry.iter().map(|(oid, entry)| (oid.to_id_string(), entry.sn())).collect();
        for (dotted, name) in ALGORITHMS {
            let known = names.iter().find(|(known, _)| known == dotted);
            assert!(known.is_none_or(|(_, known)| known == name), "{dotted}: {name}, {known:?}");
        }
        assert_eq!(hex(&[0x00, 0x0f, 0xa5]), "000fa5");
    }
}
