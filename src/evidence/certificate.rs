//! One certificate as it was sent: what it says of itself, and which of its companions signed it. Facts only; what is
//! wrong with them is for the checks to say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One certificate as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Certificate {
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// The X.509 version, 1 to 3; 0 if the certificate cannot be read.
    pub version: u32,
    /// DNS names and addresses of the subjectAltName extension, at most 200.
    pub names: Vec<String>,
    /// How many names it has.
    pub names_total: usize,
    /// The common name of the subject, which no client looks at any more (RFC 9525 §6.3).
    pub common_name: Option<String>,
    /// First moment of validity.
    #[cfg_attr(test, schemars(with = "String"))]
    pub not_before: Timestamp,
    /// Last moment of validity.
    #[cfg_attr(test, schemars(with = "String"))]
    pub not_after: Timestamp,
    /// The public key, `RSA 2048` or `EC P-256`.
    pub key: String,
    /// Its size in bits; none if the kind of key is not known.
    pub key_bits: Option<u32>,
    /// The algorithm of the issuer's signature.
    pub signature: String,
    /// Whether subject and issuer are the same name and the signature is its own key's.
    pub self_signed: bool,
    /// Which certificate of the chain signed it, by its place from 0; none: none of those that were sent.
    pub issued_by: Option<usize>,
    /// Whether it may sign other certificates (RFC 5280 §4.2.1.9).
    pub is_authority: bool,
    /// What its key may do (RFC 5280 §4.2.1.3); none if it does not say.
    pub key_usage: Option<Vec<String>>,
    /// What it is for (RFC 5280 §4.2.1.12), names or dotted numbers; none if it does not say.
    pub extended_key_usage: Option<Vec<String>>,
    /// Whether it promises that an OCSP response comes with it (RFC 7633).
    pub must_staple: bool,
    /// Where its issuer's certificate can be fetched (RFC 5280 §4.2.2.1).
    pub issuer_urls: Vec<String>,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// SHA-256 of the public key with its algorithm (SubjectPublicKeyInfo), hexadecimal.
    pub spki_sha256: String,
    /// The certificate, base64 of DER.
    pub der_b64: String,
}

impl Certificate {
    /// Whether it is valid at this moment, names and signatures aside.
    pub fn is_in_date(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether it could be read at all.
    pub fn is_readable(&self) -> bool {
        self.version != 0
    }
}
