//! Verifies the OCSP response that a server sent with its certificate (RFC 6960 §4.2.1).
//!
//! A response is valid if (RFC 6960 §3.2):
//!
//! 1. it is about this certificate: it contains the hashes of the issuer's name and key, and the serial number
//!    (§4.1.1);
//! 2. its signature verifies with the key of the issuer, or of a responder that the issuer certified for this purpose
//!    (§4.2.2.2);
//! 3. it has not expired (§4.2.2.1).
//!
//! An invalid response neither revokes a certificate nor satisfies the must-staple extension.

use super::certificate::{OCSP_SIGNING, ParsedCertificate};
use super::der::{self, Element, Reader, tag};
use super::signature::{self, SignatureAlgorithm, SignatureHash, VerifyingKey};
use crate::evidence::{StapleFault, StapleStatus};

/// The maximum number of answers that are parsed in one response. A stapled response has one.
const MAX_ANSWERS: usize = 16;

/// How long a response without nextUpdate is valid, in seconds.
const LONGEST: i64 = 15 * 86_400;

/// The tolerated difference between clocks, in seconds.
const SKEW: i64 = 300;

/// The contents of a response, and whether it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StapleVerdict {
    pub(crate) status: StapleStatus,
    /// Seconds since 1970.
    pub(crate) next_update: Option<i64>,
    /// Why the response is not valid; `None` if it is valid.
    pub(crate) fault: Option<StapleFault>,
}

/// The issuer that must have signed a certificate: its name including the tag, and SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authority<'a> {
    pub(crate) subject: &'a [u8],
    pub(crate) key: &'a [u8],
}

/// Verifies a response about a certificate. Without a known issuer, the response cannot be verified.
///
/// The root may sign the response instead of the issuer. GnuTLS accepts this, and the owner of the root key could issue
/// any certificate below the root anyway.
pub(crate) fn read(
    response: &[u8],
    leaf: &ParsedCertificate<'_>,
    issuer: Option<Authority<'_>>,
    root: Option<Authority<'_>>,
    now: i64,
) -> StapleVerdict {
    let unreadable =
        StapleVerdict { status: StapleStatus::Unreadable, next_update: None, fault: Some(StapleFault::Unreadable) };
    if is_error(response) {
        return StapleVerdict { fault: Some(StapleFault::ResponderError), ..unreadable };
    }
    let Some(basic) = Basic::read(response) else { return unreadable };
    let about = |answer: &&OcspAnswer<'_>| match issuer {
        Some(issuer) => answer.is_about(leaf, issuer),
        None => answer.serial == leaf.serial,
    };
    let ours = basic.answers.iter().position(|answer| about(&answer));
    let Some(answer) = basic.answers.get(ours.unwrap_or(0)) else { return unreadable };
    // GnuTLS examines only the first answer. A good answer at another position therefore does not count, but a
    // revocation does.
    let is_first = ours == Some(0) || answer.status == StapleStatus::Revoked;
    let fault = match issuer {
        None => Some(StapleFault::UnknownIssuer),
        Some(issuer) if !answer.is_about(leaf, issuer) || !is_first => Some(StapleFault::OtherCertificate),
        Some(issuer) if !std::iter::once(issuer).chain(root).any(|by| basic.is_signed(by, now)) => {
            Some(StapleFault::WrongSignature)
        }
        // A revocation is permanent (§2.2), except for the rare temporary status "hold".
        Some(_) if answer.status == StapleStatus::Revoked => None,
        // §4.2.2.1: without nextUpdate, newer information is always available. GnuTLS accepts such a response for 15
        // days. It also accepts a response whose time is in the future.
        Some(_) if answer.next_update.unwrap_or(answer.this_update + LONGEST) < now - SKEW => {
            Some(StapleFault::OutOfDate)
        }
        Some(_) => None,
    };
    StapleVerdict { status: answer.status, next_update: answer.next_update, fault }
}

/// Whether the responder returned an error (§4.2.1: a status other than successful has no response bytes). GnuTLS
/// treats an error, or an empty SEQUENCE, as a missing response.
fn is_error(response: &[u8]) -> bool {
    let Some(outer) = der::only(response, tag::SEQUENCE) else { return false };
    let mut fields = Reader::new(outer.content);
    let status = fields.optional(tag::ENUMERATED).flatten();
    fields.is_empty() && status.is_none_or(|status| status.content != [0])
}

struct Basic<'a> {
    /// ResponseData including its tag, which is the signed part.
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    certificates: Vec<&'a [u8]>,
    answers: Vec<OcspAnswer<'a>>,
}

struct OcspAnswer<'a> {
    hash: SignatureHash,
    name_hash: &'a [u8],
    key_hash: &'a [u8],
    serial: &'a [u8],
    status: StapleStatus,
    this_update: i64,
    next_update: Option<i64>,
}

impl<'a> Basic<'a> {
    /// Parses OCSPResponse and the BasicOCSPResponse in it.
    fn read(response: &'a [u8]) -> Option<Basic<'a>> {
        let mut outer = Reader::new(der::only(response, tag::SEQUENCE)?.content);
        // The status must be 0 (successful); a response with another status has no response bytes.
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
        // ResponderID is ignored. The key that signed the response is found by trying the few candidates.
        fields.read()?;
        fields.expect(tag::GENERALIZED_TIME)?;
        let list = der::elements(fields.expect(tag::SEQUENCE)?.content)?;
        let answers = list.iter().take(MAX_ANSWERS).map(OcspAnswer::read).collect::<Option<Vec<_>>>()?;
        let certificates = certificates.iter().take(4).map(|one| one.whole).collect();
        Some(Basic { signed: data.whole, algorithm, signature, certificates, answers })
    }

    /// Whether the response was signed by the issuer itself, or with a certificate that the issuer issued for OCSP
    /// signing (§4.2.2.2).
    fn is_signed(&self, issuer: Authority<'_>, now: i64) -> bool {
        let by = |key: &[u8], algorithm: &[u8], message: &[u8], signature: &[u8]| {
            SignatureAlgorithm::read(algorithm)
                .ok()
                // GnuTLS accepts SHA-1 here. A collision is not a risk, because the CA chooses the signed data.
                .filter(|scheme| scheme.weak_hash() != Some("MD5"))
                .zip(VerifyingKey::read(key).ok().filter(|key| !key.is_weak()))
                .is_some_and(|(scheme, key)| signature::verify(scheme, &key, message, signature).is_ok())
        };
        if by(issuer.key, self.algorithm, self.signed, self.signature) {
            return true;
        }
        let responders = self.certificates.iter().filter_map(|der| ParsedCertificate::read(der));
        responders
            .filter(|one| one.issuer == issuer.subject && one.is_in_date(now))
            .filter(|one| one.extensions.unknown_critical.is_empty() && one.extensions.unreadable.is_empty())
            .filter(|one| one.extensions.extended_key_usage.as_ref().is_some_and(|uses| uses.contains(&OCSP_SIGNING)))
            .filter(|one| one.inner_algorithm == one.outer_algorithm)
            .filter(|one| by(issuer.key, one.outer_algorithm, one.signed, one.signature))
            .any(|one| by(one.key, self.algorithm, self.signed, self.signature))
    }
}

impl<'a> OcspAnswer<'a> {
    /// Parses SingleResponse.
    fn read(element: &Element<'a>) -> Option<OcspAnswer<'a>> {
        let mut fields = Reader::new(Some(element).filter(|one| one.tag == tag::SEQUENCE)?.content);
        let mut id = Reader::new(fields.expect(tag::SEQUENCE)?.content);
        let hash = SignatureHash::by_algorithm(id.expect(tag::SEQUENCE)?.whole)?;
        let (name_hash, key_hash) = (id.expect(tag::OCTET_STRING)?.content, id.expect(tag::OCTET_STRING)?.content);
        let serial = id.expect(tag::INTEGER)?.content;
        // CertStatus: good is [0], revoked is [1], unknown is [2].
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
        Some(OcspAnswer { hash, name_hash, key_hash, serial, status, this_update, next_update })
    }

    /// Whether the answer is about this certificate (§4.1.1): the hash of the issuer's name, the hash of its key bits,
    /// and the serial number.
    fn is_about(&self, leaf: &ParsedCertificate<'_>, issuer: Authority<'_>) -> bool {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

    use jiff::Timestamp;
    use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, SigningKey};

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const DAY: i64 = 86_400;
    const ECDSA_SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    const SHA1: &[u8] = &[0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0];
    const BASIC: &[u8] = &[6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];

    struct Made {
        params: CertificateParams,
        key: KeyPair,
        der: Vec<u8>,
    }

    impl Made {
        fn new(name: &str, by: Option<&Made>, change: impl FnOnce(&mut CertificateParams)) -> Made {
            let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, name);
            let at = |seconds| time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            (params.not_before, params.not_after) = (at(NOW - 30 * DAY), at(NOW + 30 * DAY));
            change(&mut params);
            let key = KeyPair::generate().unwrap();
            let made = match by {
                Some(by) => params.signed_by(&key, &Issuer::from_params(&by.params, &by.key)).unwrap(),
                None => params.self_signed(&key).unwrap(),
            };
            Made { der: made.der().to_vec(), params, key }
        }

        fn authority(&self) -> Authority<'_> {
            let read = ParsedCertificate::read(&self.der).unwrap();
            Authority { subject: read.subject, key: read.key }
        }
    }

    /// One answer: the certificate, `good` or `revoked`, and the start and end of validity in days from now.
    struct TestAnswer<'a> {
        about: &'a Made,
        issuer: &'a Made,
        status: &'a str,
        days: (i64, Option<i64>),
    }

    fn moment(days: i64) -> Vec<u8> {
        let at = Timestamp::from_second(NOW + days * DAY).unwrap();
        der::wrap(tag::GENERALIZED_TIME, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
    }

    fn answer(answer: &TestAnswer<'_>) -> Vec<u8> {
        let (leaf, issuer) = (ParsedCertificate::read(&answer.about.der).unwrap(), answer.issuer.authority());
        let mut key = Reader::new(der::only(issuer.key, tag::SEQUENCE).unwrap().content);
        key.read().unwrap();
        let key = der::whole_bytes(key.read().unwrap().content).unwrap();
        let hashes =
            [issuer.subject, key].map(|bytes| der::wrap(tag::OCTET_STRING, &SignatureHash::Sha1.digest(bytes)));
        let id = [SHA1, &hashes[0], &hashes[1], &der::wrap(tag::INTEGER, leaf.serial)].concat();
        let status = match answer.status {
            "good" => der::wrap(tag::context(0), &[]),
            _ => der::wrap(tag::constructed(1), &moment(-2)),
        };
        let (from, until) = answer.days;
        let until = until.map(|until| der::wrap(tag::constructed(0), &moment(until))).unwrap_or_default();
        der::wrap(tag::SEQUENCE, &[der::wrap(tag::SEQUENCE, &id), status, moment(from), until].concat())
    }

    /// A response with these certificates, signed by `signer`.
    fn response(answers: &[TestAnswer<'_>], signer: &Made, certificates: &[&Made]) -> Vec<u8> {
        let answers: Vec<u8> = answers.iter().flat_map(answer).collect();
        let responder = der::wrap(tag::constructed(2), &der::wrap(tag::OCTET_STRING, &[0; 20]));
        let data = der::wrap(tag::SEQUENCE, &[responder, moment(0), der::wrap(tag::SEQUENCE, &answers)].concat());
        let signature = [&[0][..], &signer.key.sign(&data).unwrap()].concat();
        let mut basic = [&data[..], ECDSA_SHA256, &der::wrap(tag::BIT_STRING, &signature)].concat();
        if !certificates.is_empty() {
            let list: Vec<u8> = certificates.iter().flat_map(|one| one.der.clone()).collect();
            basic.extend(der::wrap(tag::constructed(0), &der::wrap(tag::SEQUENCE, &list)));
        }
        let bytes = [BASIC, &der::wrap(tag::OCTET_STRING, &der::wrap(tag::SEQUENCE, &basic))].concat();
        let bytes = der::wrap(tag::constructed(0), &der::wrap(tag::SEQUENCE, &bytes));
        der::wrap(tag::SEQUENCE, &[der::wrap(tag::ENUMERATED, &[0]), bytes].concat())
    }

    fn for_responders(params: &mut CertificateParams) {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    }

    #[test]
    fn a_response_is_valid_if_it_is_signed_by_the_issuer_about_this_certificate_and_not_expired() {
        let root = Made::new("Root", None, |_| ());
        let issuer = Made::new("Issuer", Some(&root), |_| ());
        let (leaf, other) = (Made::new("leaf", Some(&issuer), |_| ()), Made::new("other", Some(&issuer), |_| ()));
        let unrelated = Made::new("Issuer", None, |_| ());
        let delegate = Made::new("delegate", Some(&issuer), for_responders);
        let plain = Made::new("delegate", Some(&issuer), |_| ());
        let foreign = Made::new("delegate", Some(&unrelated), for_responders);
        let ended = Made::new("delegate", Some(&issuer), |params| {
            for_responders(params);
            params.not_after = time::OffsetDateTime::from_unix_timestamp(NOW - DAY).unwrap();
        });
        let read = |bytes: &[u8]| {
            let leaf = ParsedCertificate::read(&leaf.der).unwrap();
            let verdict = super::read(bytes, &leaf, Some(issuer.authority()), Some(root.authority()), NOW);
            (verdict.status, verdict.fault)
        };
        let answer_about =
            |about, status, from, until| TestAnswer { about, issuer: &issuer, status, days: (from, until) };
        let good = || answer_about(&leaf, "good", -1, Some(7));
        use StapleFault::{OtherCertificate, OutOfDate, ResponderError, Unreadable, WrongSignature};
        use StapleStatus::{Good, Revoked};
        let table: &[(&str, Vec<u8>, StapleStatus, Option<StapleFault>)] = &[
            ("good", response(&[good()], &issuer, &[]), Good, None),
            ("revoked", response(&[answer_about(&leaf, "revoked", -1, Some(7))], &issuer, &[]), Revoked, None),
            (
                "revoked, expired response",
                response(&[answer_about(&leaf, "revoked", -9, Some(-2))], &issuer, &[]),
                Revoked,
                None,
            ),
            ("by the root", response(&[good()], &root, &[]), Good, None),
            ("by a responder", response(&[good()], &delegate, &[&delegate]), Good, None),
            ("by an unrelated CA", response(&[good()], &unrelated, &[]), Good, Some(WrongSignature)),
            ("by another certificate", response(&[good()], &leaf, &[&leaf]), Good, Some(WrongSignature)),
            ("without its responder", response(&[good()], &delegate, &[]), Good, Some(WrongSignature)),
            ("not for OCSP", response(&[good()], &plain, &[&plain]), Good, Some(WrongSignature)),
            (
                "by a responder of an unrelated CA",
                response(&[good()], &foreign, &[&foreign]),
                Good,
                Some(WrongSignature),
            ),
            ("by an expired responder", response(&[good()], &ended, &[&ended]), Good, Some(WrongSignature)),
            ("expired", response(&[answer_about(&leaf, "good", -9, Some(-2))], &issuer, &[]), Good, Some(OutOfDate)),
            (
                "old, without nextUpdate",
                response(&[answer_about(&leaf, "good", -16, None)], &issuer, &[]),
                Good,
                Some(OutOfDate),
            ),
            (
                "recent, without nextUpdate",
                response(&[answer_about(&leaf, "good", -14, None)], &issuer, &[]),
                Good,
                None,
            ),
            (
                "about another certificate",
                response(&[answer_about(&other, "good", -1, Some(7))], &issuer, &[]),
                Good,
                Some(OtherCertificate),
            ),
            (
                "about another, revoked certificate",
                response(&[answer_about(&other, "revoked", -1, Some(7))], &issuer, &[]),
                Revoked,
                Some(OtherCertificate),
            ),
            (
                "first answer about another certificate",
                response(&[answer_about(&other, "good", -1, Some(7)), good()], &issuer, &[]),
                Good,
                Some(OtherCertificate),
            ),
            ("an error", vec![0x30, 3, 0x0a, 1, 3], StapleStatus::Unreadable, Some(ResponderError)),
            ("invalid bytes", b"invalid".to_vec(), StapleStatus::Unreadable, Some(Unreadable)),
        ];
        for (what, bytes, status, fault) in table {
            assert_eq!(read(bytes), (*status, *fault), "{what}");
        }
        let mut changed = response(&[good()], &issuer, &[]);
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(read(&changed).1, Some(WrongSignature));
    }
}
