//! Extracts from a DER-encoded certificate the parts that TLSA records are compared with: the public key
//! (SubjectPublicKeyInfo), the subject and the issuer. This module verifies nothing, because the signatures of the
//! chain were verified when it was received.
//!
//! Every function returns `None` for bytes that are not DER. No function panics.

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
/// `[0]`, the version of a certificate.
const VERSION: u8 = 0xa0;

/// The parts of a certificate, each with its tag and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CertificateParts<'d> {
    pub(super) issuer: &'d [u8],
    pub(super) subject: &'d [u8],
    /// The SubjectPublicKeyInfo.
    pub(super) public_key: &'d [u8],
}

/// Splits a certificate into its parts (RFC 5280 §4.1).
pub(super) fn certificate_parts(der: &[u8]) -> Option<CertificateParts<'_>> {
    let (certificate, rest) = content(der, SEQUENCE)?;
    if !rest.is_empty() {
        return None;
    }
    let (mut fields, signature) = content(certificate, SEQUENCE)?;
    let (_, signature) = split(signature, SEQUENCE)?;
    let (_, after) = split(signature, BIT_STRING)?;
    if !after.is_empty() {
        return None;
    }
    if fields.first() == Some(&VERSION) {
        (_, fields) = split(fields, VERSION)?;
    }
    let (_, fields) = split(fields, INTEGER)?;
    let (_, fields) = split(fields, SEQUENCE)?;
    let (issuer, fields) = split(fields, SEQUENCE)?;
    let (_, fields) = split(fields, SEQUENCE)?;
    let (subject, fields) = split(fields, SEQUENCE)?;
    let (public_key, _) = split(fields, SEQUENCE)?;
    is_public_key(public_key).then_some(CertificateParts { issuer, subject, public_key })
}

/// Whether the bytes are a SubjectPublicKeyInfo: an algorithm and a bit string (RFC 5280 §4.1.2.7).
pub(super) fn is_public_key(der: &[u8]) -> bool {
    let parts = || {
        let (info, rest) = content(der, SEQUENCE)?;
        let (_, key) = split(info, SEQUENCE)?;
        let (_, after) = split(key, BIT_STRING)?;
        Some(rest.is_empty() && after.is_empty())
    };
    parts() == Some(true)
}

/// The first element, which must have this tag, and the bytes after it.
fn split(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (content, rest) = content(bytes, tag)?;
    let length = bytes.len().checked_sub(rest.len())?;
    debug_assert!(length >= content.len());
    Some((bytes.get(..length)?, rest))
}

/// The content of the first element, which must have this tag, and the bytes after the element (X.690 §8.1.3: definite
/// form, at most four bytes).
fn content(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first().filter(|_| *first == tag)?;
    if length < 0x80 {
        return rest.split_at_checked(usize::from(length));
    }
    let count = usize::from(length & 0x7f);
    let (digits, rest) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
    let length = digits.iter().fold(0_u64, |length, digit| length << 8 | u64::from(*digit));
    rest.split_at_checked(usize::try_from(length).ok()?)
}
