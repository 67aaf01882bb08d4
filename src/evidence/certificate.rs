//! One certificate as the server sent it: its fields, and which other certificate of the chain signed it. This file
//! contains facts only; the checks decide whether there is a problem.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One certificate as the server sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Certificate {
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// The X.509 version, 1 to 3; 0 if the certificate cannot be parsed.
    pub version: u32,
    /// DNS names and IP addresses of the subjectAltName extension, at most 200.
    pub names: Vec<String>,
    /// The number of names in the certificate, including those that are not kept.
    pub names_total: usize,
    /// The common name of the subject. Current clients ignore it (RFC 9525 §6.3).
    pub common_name: Option<String>,
    /// The start of the validity period.
    #[cfg_attr(test, schemars(with = "String"))]
    pub not_before: Timestamp,
    /// The end of the validity period (inclusive).
    #[cfg_attr(test, schemars(with = "String"))]
    pub not_after: Timestamp,
    /// The public key, for example `RSA 2048` or `EC P-256`.
    pub key: String,
    /// The size of the key in bits; null if the kind of key is not recognised.
    pub key_bits: Option<u32>,
    /// The algorithm of the signature on the certificate.
    pub signature: String,
    /// Whether subject and issuer have the same name and the certificate is signed with its own key.
    pub self_signed: bool,
    /// The position in the chain (from 0) of the certificate that signed it; null if that certificate was not sent.
    pub issued_by: Option<usize>,
    /// Whether it is a CA certificate, which may sign other certificates (RFC 5280 §4.2.1.9).
    pub is_authority: bool,
    /// The operations that its key may be used for (RFC 5280 §4.2.1.3); null if it has no keyUsage extension.
    pub key_usage: Option<Vec<String>>,
    /// The purposes it may be used for (RFC 5280 §4.2.1.12), as names or dotted numbers; null if it has no extKeyUsage
    /// extension.
    pub extended_key_usage: Option<Vec<String>>,
    /// Whether it requires the server to send an OCSP response with it (RFC 7633).
    pub must_staple: bool,
    /// URLs of its issuer's certificate (RFC 5280 §4.2.2.1).
    pub issuer_urls: Vec<String>,
    /// SHA-256 of the certificate, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of the public key including its algorithm (SubjectPublicKeyInfo), in hexadecimal.
    pub spki_sha256: String,
    /// The certificate: DER, encoded as base64.
    pub der_b64: String,
}

impl Certificate {
    /// Whether `now` is within the validity period. Names and signatures are not considered.
    pub fn is_in_date(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether the certificate could be parsed.
    pub fn is_readable(&self) -> bool {
        self.version != 0
    }
}
