//! An OCSP response that came with a certificate (RFC 6960 §4.2.1): what it says, and whether it may say it.
//!
//! It counts when (RFC 6960 §3.2)
//! 1. it is about this certificate: hashes of the issuer's name and key, and the serial number (§4.1.1);
//! 2. its signature verifies by the issuer's key, or by that of a responder whom the issuer certified for this (§4.2.2.2);
//! 3. the time of the response has come, and the next one has not (§4.2.2.1).
//!
//! What does not count is neither a revocation nor what a certificate with the must-staple extension promises.

use super::certificate::{Certificate, OCSP_SIGNING};
use super::der::{self, Element, Reader, tag};
use super::signature::{self, Hash, Key, Scheme};
use crate::evidence::{StapleFault, StapleStatus};

/// Answers of one response that are looked at; a staple has one.
const MAX_ANSWERS: usize = 16;

/// Seconds by which clocks may differ.
const SKEW: i64 = 300;

/// What a response says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: StapleStatus,
    /// Seconds from 1970.
    pub(crate) next_update: Option<i64>,
    /// Why it does not count.
    pub(crate) fault: Option<StapleFault>,
}

/// Whom a certificate must be signed by: the issuer's name with its tag, and SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authority<'a> {
    pub(crate) subject: &'a [u8],
    pub(crate) key: &'a [u8],
}

/// Reads a response about a certificate. Without its issuer, nothing can be verified.
pub(crate) fn read(response: &[u8], leaf: &Certificate<'_>, issuer: Option<Authority<'_>>, now: i64) -> Said {
    let unreadable = Said { status: StapleStatus::Unreadable, next_update: None, fault: Some(StapleFault::Unreadable) };
    let Some(basic) = Basic::read(response) else { return unreadable };
    let about = |answer: &&Answer<'_>| match issuer {
        Some(issuer) => answer.is_about(leaf, issuer),
        None => answer.serial == leaf.serial,
    };
    let answer = basic.answers.iter().find(about).or(basic.answers.first());
    let Some(answer) = answer else { return unreadable };
    let fault = match issuer {
        None => Some(StapleFault::UnknownIssuer),
        Some(issuer) if !answer.is_about(leaf, issuer) => Some(StapleFault::OtherCertificate),
        Some(issuer) if !basic.is_signed(issuer, now) => Some(StapleFault::WrongSignature),
        // §4.2.2.1: without nextUpdate newer information is always there; GnuTLS takes such a response for some days.
        Some(_) if answer.this_update > now + SKEW || answer.next_update.is_some_and(|until| until < now - SKEW) => {
            Some(StapleFault::OutOfDate)
        }
        Some(_) => None,
    };
    Said { status: answer.status, next_update: answer.next_update, fault }
}

struct Basic<'a> {
    /// ResponseData with its tag, which is what is signed.
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    certificates: Vec<&'a [u8]>,
    answers: Vec<Answer<'a>>,
}

struct Answer<'a> {
    hash: Hash,
    name_hash: &'a [u8],
    key_hash: &'a [u8],
    serial: &'a [u8],
    status: StapleStatus,
    this_update: i64,
    next_update: Option<i64>,
}

impl<'a> Basic<'a> {
    /// OCSPResponse, and in it BasicOCSPResponse.
    fn read(response: &'a [u8]) -> Option<Basic<'a>> {
        let mut outer = Reader::new(der::only(response, tag::SEQUENCE)?.content);
        // 0 is successful; the others have no bytes.
        outer.expect(tag::ENUMERATED).filter(|status| status.content == [0])?;
        let bytes = outer.expect(tag::constructed(0))?;
        let mut bytes = Reader::new(der::only(bytes.content, tag::SEQUENCE)?.content);
        // id-pkix-ocsp-basic.
        bytes.expect(tag::OID).filter(|oid| der::dotted(oid.content) == "1.3.6.1.5.5.7.48.1.1")?;
        let basic = bytes.expect(tag::OCTET_STRING)?;
        let mut basic = Reader::new(der::only(basic.content, tag::SEQUENCE)?.content);
        let data = basic.expect(tag::SEQUENCE)?;
        let algorithm = basic.expect(tag::SEQUENCE)?.whole;
        let signature = der::whole_bytes(basic.expect(tag::BIT_STRING)?.content)?;
        let certificates = match basic.optional(tag::constructed(0))? {
            Some(list) => der::elements(der::only(list.content, tag::SEQUENCE)?.content)?,
            None => Vec::new(),
        };
        let mut fields = Reader::new(data.content);
        fields.optional(tag::constructed(0))?;
        // ResponderID, by name or by key: which key signed is found out by trying the few that may have.
        fields.read()?;
        fields.expect(tag::GENERALIZED_TIME)?;
        let list = der::elements(fields.expect(tag::SEQUENCE)?.content)?;
        let answers = list.iter().take(MAX_ANSWERS).map(Answer::read).collect::<Option<Vec<_>>>()?;
        let certificates = certificates.iter().take(4).map(|one| one.whole).collect();
        Some(Basic { signed: data.whole, algorithm, signature, certificates, answers })
    }

    /// §4.2.2.2: by the issuer itself, or by a certificate that the issuer signed for signing OCSP responses.
    fn is_signed(&self, issuer: Authority<'_>, now: i64) -> bool {
        let by = |key: &[u8], algorithm: &[u8], message: &[u8], signature: &[u8]| {
            Scheme::read(algorithm)
                .ok()
                .filter(|scheme| scheme.weak_hash().is_none())
                .zip(Key::read(key).ok().filter(|key| !key.is_weak()))
                .is_some_and(|(scheme, key)| signature::verify(scheme, &key, message, signature).is_ok())
        };
        if by(issuer.key, self.algorithm, self.signed, self.signature) {
            return true;
        }
        let responders = self.certificates.iter().filter_map(|der| Certificate::read(der));
        responders
            .filter(|one| one.issuer == issuer.subject && one.is_in_date(now))
            .filter(|one| one.extensions.unknown_critical.is_empty() && one.extensions.unreadable.is_empty())
            .filter(|one| one.extensions.extended_key_usage.as_ref().is_some_and(|uses| uses.contains(&OCSP_SIGNING)))
            .filter(|one| one.inner_algorithm == one.outer_algorithm)
            .filter(|one| by(issuer.key, one.outer_algorithm, one.signed, one.signature))
            .any(|one| by(one.key, self.algorithm, self.signed, self.signature))
    }
}

impl<'a> Answer<'a> {
    /// SingleResponse.
    fn read(element: &Element<'a>) -> Option<Answer<'a>> {
        let mut fields = Reader::new(Some(element).filter(|one| one.tag == tag::SEQUENCE)?.content);
        let mut id = Reader::new(fields.expect(tag::SEQUENCE)?.content);
        let hash = Hash::by_algorithm(id.expect(tag::SEQUENCE)?.whole)?;
        let (name_hash, key_hash) = (id.expect(tag::OCTET_STRING)?.content, id.expect(tag::OCTET_STRING)?.content);
        let serial = id.expect(tag::INTEGER)?.content;
        // CertStatus: good [0], revoked [1], unknown [2].
        let status = match fields.read()?.tag & 0x1f {
            0 => StapleStatus::Good,
            1 => StapleStatus::Revoked,
            _ => StapleStatus::Unknown,
        };
        let this_update = der::time(&fields.expect(tag::GENERALIZED_TIME)?)?;
        let next_update = match fields.optional(tag::constructed(0))? {
            Some(explicit) => Some(der::time(&der::only(explicit.content, tag::GENERALIZED_TIME)?)?),
            None => None,
        };
        Some(Answer { hash, name_hash, key_hash, serial, status, this_update, next_update })
    }

    /// §4.1.1: the hash of the issuer's name, of the bits of its key, and the serial number.
    fn is_about(&self, leaf: &Certificate<'_>, issuer: Authority<'_>) -> bool {
        let key = || {
            let mut fields = Reader::new(der::only(issuer.key, tag::SEQUENCE)?.content);
            fields.expect(tag::SEQUENCE)?;
            der::whole_bytes(fields.expect(tag::BIT_STRING)?.content)
        };
        self.serial == leaf.serial
            && leaf.issuer == issuer.subject
            && self.hash.digest(issuer.subject) == self.name_hash
            && key().is_some_and(|key| self.hash.digest(key) == self.key_hash)
    }
}
