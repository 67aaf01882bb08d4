//! TLSA records, and whether they match a certificate chain (RFC 6698, RFC 7671, RFC 7672). This file handles single
//! records: whether mail servers use a record, and whether it matches one certificate. Read next: [`chain`], which
//! evaluates all records of a host for the chain that it sent.

mod chain;
mod der;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256, Sha512};

use crate::evidence::{Certificate, RecordData};
pub(crate) use chain::{ChainMiss, TlsaMatch, TlsaOutcome, TlsaReferences, TlsaVerdict, evaluate, needed};

/// A TLSA record (RFC 6698 §2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsaRecord {
    /// The certificate usage.
    pub(crate) usage: u8,
    /// The selector: 0 certificate, 1 public key.
    pub(crate) selector: u8,
    /// The matching type: 0 complete, 1 SHA-256, 2 SHA-512.
    pub(crate) matching: u8,
    /// The association data; `None` if it is not hexadecimal.
    pub(crate) data: Option<Vec<u8>>,
    /// The association data in hexadecimal.
    pub(crate) text: String,
}

/// Why a mail server ignores a TLSA record (RFC 7672 §3.1, RFC 7671 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsaUnusable {
    /// Usage 0 or 1, which requires a public CA and is not used for SMTP (RFC 7672 §3.1.3).
    PkixUsage,
    /// A usage above 3.
    UnknownUsage,
    /// A selector above 1.
    UnknownSelector,
    /// A matching type above 2, including 255 (private use).
    UnknownMatching,
    /// The digest is too short or too long.
    DigestLength {
        /// The length that the matching type requires, in octets.
        expected: usize,
        /// The length of the data in octets.
        found: usize,
    },
    /// The data is not a certificate (selector 0) or not a public key (selector 1).
    NotParsed,
}

impl TlsaRecord {
    /// The TLSA record in a DNS record; `None` for another type of record.
    pub(crate) fn read(record: &RecordData) -> Option<TlsaRecord> {
        let RecordData::Tlsa { usage, selector, matching, data } = record else { return None };
        let text = data.to_ascii_lowercase();
        Some(TlsaRecord { usage: *usage, selector: *selector, matching: *matching, data: from_hex(&text), text })
    }

    /// The three numbers: `3 1 1`.
    pub(crate) fn kind(&self) -> String {
        format!("{} {} {}", self.usage, self.selector, self.matching)
    }

    /// Why mail servers ignore the record; `None` if they use it. The fields are checked in their order in the record.
    pub(crate) fn unusable(&self) -> Option<TlsaUnusable> {
        match self.usage {
            0 | 1 => return Some(TlsaUnusable::PkixUsage),
            2 | 3 => {}
            _ => return Some(TlsaUnusable::UnknownUsage),
        }
        if self.selector > 1 {
            return Some(TlsaUnusable::UnknownSelector);
        }
        let Some(data) = &self.data else { return Some(TlsaUnusable::NotParsed) };
        let expected = match self.matching {
            0 => {
                let is_parsed =
                    if self.selector == 0 { der::certificate_parts(data).is_some() } else { der::is_public_key(data) };
                return (!is_parsed).then_some(TlsaUnusable::NotParsed);
            }
            1 => 32,
            2 => 64,
            _ => return Some(TlsaUnusable::UnknownMatching),
        };
        let found = data.len();
        (found != expected).then_some(TlsaUnusable::DigestLength { expected, found })
    }

    /// Whether the record matches this certificate. The position in the chain and the dates are not considered.
    pub(crate) fn is_of(&self, certificate: &Certificate) -> bool {
        let Some(der) = decoded(certificate) else { return false };
        let selected = match self.selector {
            0 => der.as_slice(),
            _ => match der::certificate_parts(&der) {
                Some(parts) => parts.public_key,
                None => return false,
            },
        };
        let associated = match self.matching {
            0 => selected.to_vec(),
            1 => Sha256::digest(selected).to_vec(),
            2 => Sha512::digest(selected).to_vec(),
            _ => return false,
        };
        self.data.as_ref() == Some(&associated)
    }
}

impl fmt::Display for TlsaRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.usage, self.selector, self.matching, self.text)
    }
}

impl fmt::Display for TlsaUnusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsaUnusable::PkixUsage => f.write_str("usages 0 and 1 are not used for SMTP"),
            TlsaUnusable::UnknownUsage => f.write_str("the usage is unknown"),
            TlsaUnusable::UnknownSelector => f.write_str("the selector is unknown"),
            TlsaUnusable::UnknownMatching => f.write_str("the matching type is unknown"),
            TlsaUnusable::DigestLength { expected, found } => {
                write!(f, "the digest has {found} octets instead of {expected}")
            }
            TlsaUnusable::NotParsed => f.write_str("the data is not a certificate or public key"),
        }
    }
}

/// The record `3 1 1` for a certificate, as in a zone file. It continues to match if the certificate is renewed with
/// the same key.
pub(crate) fn suggested(owner: &str, certificate: &Certificate) -> Option<String> {
    Some(format!("{owner}. IN TLSA 3 1 1 {}", suggested_data(certificate)?))
}

/// The data of the record `3 1 1` for a certificate: the SHA-256 digest of its public key, in hexadecimal.
pub(crate) fn suggested_data(certificate: &Certificate) -> Option<String> {
    let der = decoded(certificate)?;
    let key = der::certificate_parts(&der)?.public_key;
    Some(hex(&Sha256::digest(key)))
}

/// The record `2 0 1` for the certificate of a CA, as in a zone file.
pub(crate) fn suggested_for_ca(owner: &str, certificate: &Certificate) -> Option<String> {
    let digest = Sha256::digest(decoded(certificate)?);
    Some(format!("{owner}. IN TLSA 2 0 1 {}", hex(&digest)))
}

fn decoded(certificate: &Certificate) -> Option<Vec<u8>> {
    STANDARD.decode(&certificate.der_b64).ok().filter(|der| !der.is_empty())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(high)? << 4 | digit(low)?) } else { None }).collect()
}
