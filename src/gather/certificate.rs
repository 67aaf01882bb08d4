//! DER to the facts that a report shows. A certificate that cannot be read is kept as bytes, with what could be told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::{Oid, OidRegistry};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::evidence::Certificate;

/// Names that are kept of one certificate.
const MAX_NAMES: usize = 200;

/// Reads one certificate.
pub(crate) fn read(der: &CertificateDer<'_>) -> Certificate {
    let (sha256, der_b64) = (hex(&Sha256::digest(der)), STANDARD.encode(der));
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return Certificate {
            subject: "(unreadable)".to_owned(),
            issuer: "(unreadable)".to_owned(),
            serial: String::new(),
            names: Vec::new(),
            common_name: None,
            not_before: Timestamp::MIN,
            not_after: Timestamp::MIN,
            key: "(unreadable)".to_owned(),
            signature: "(unreadable)".to_owned(),
            self_signed: false,
            sha256,
            der_b64,
        };
    };
    let time = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).unwrap_or(Timestamp::MIN);
    Certificate {
        subject: parsed.subject().to_string(),
        issuer: parsed.issuer().to_string(),
        serial: hex(parsed.raw_serial()),
        names: names(&parsed),
        common_name: parsed.subject().iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned),
        not_before: time(parsed.validity().not_before),
        not_after: time(parsed.validity().not_after),
        key: key(parsed.public_key()),
        signature: algorithm(&parsed.signature_algorithm.algorithm),
        self_signed: parsed.subject().as_raw() == parsed.issuer().as_raw() && parsed.verify_signature(None).is_ok(),
        sha256,
        der_b64,
    }
}

fn names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = parsed.subject_alternative_name() else { return Vec::new() };
    let shown = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(shown).take(MAX_NAMES).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| std::net::Ipv6Addr::from(sixteen).to_string())
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> String {
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", rsa.key_size()),
        Ok(PublicKey::EC(_)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => "EC P-256".to_owned(),
                Some("1.3.132.0.34") => "EC P-384".to_owned(),
                Some("1.3.132.0.35") => "EC P-521".to_owned(),
                Some(other) => format!("EC {other}"),
                None => "EC".to_owned(),
            }
        }
        Ok(PublicKey::DSA(_)) => "DSA".to_owned(),
        _ if info.algorithm.algorithm.to_id_string() == "1.3.101.112" => "Ed25519".to_owned(),
        _ => info.algorithm.algorithm.to_id_string(),
    }
}

fn algorithm(oid: &Oid<'_>) -> String {
    let registry = OidRegistry::default().with_pkcs1().with_x962().with_x509();
    match oid.to_id_string().as_str() {
        "1.3.101.112" => "ed25519".to_owned(),
        dotted => registry.get(oid).map_or_else(|| dotted.to_owned(), |entry| entry.sn().to_owned()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
