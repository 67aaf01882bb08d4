//! One trust anchor in a trust store, in the form that the store provides.
//!
//! A trust store has about 150 certificates, but a chain needs only one or two of them. Reading a PEM file therefore
//! only locates each certificate and its name; [`needed`] decodes the certificates whose names occur in the chain. Read
//! next: [`super::roots`], which reads the files, and `pkix`, which parses the selected certificates.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

use crate::pkix::{self, ChainNames, ParsedCertificate};

/// One trust anchor.
pub(super) enum StoredAnchor {
    /// A certificate. Its own dates and extensions are checked.
    Certificate(CertificateDer<'static>),
    /// A certificate in a PEM file.
    Encoded(EncodedCertificate),
    /// The name and the key, both in DER format including their tags, and the content of NameConstraints. The
    /// compiled-in roots have this form.
    Key { subject: Vec<u8>, key: Vec<u8>, constraints: Option<Vec<u8>> },
}

/// A certificate in a PEM file (RFC 7468 §5.1) that is decoded when it is needed.
pub(super) struct EncodedCertificate {
    file: Arc<Vec<u8>>,
    base64: Range<usize>,
    /// The beginning of the certificate, which usually contains its names.
    start: Vec<u8>,
    der: OnceLock<Vec<u8>>,
}

/// The length of the base64 text from which the names are read: the public root certificates need at most 430
/// characters.
const START: usize = 512;

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const DASHES: &[u8] = b"-----";

impl EncodedCertificate {
    /// Finds the certificates in a PEM file. Other blocks, and blocks that do not begin with base64, are left out.
    pub(super) fn all(file: Vec<u8>) -> Vec<EncodedCertificate> {
        let file = Arc::new(file);
        let begin = memchr::memmem::Finder::new(BEGIN);
        let dashes = memchr::memmem::Finder::new(DASHES);
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(from) = file.get(at..).and_then(|rest| begin.find(rest)) {
            let from = at + from + BEGIN.len();
            let Some(length) = file.get(from..).and_then(|rest| dashes.find(rest)) else { break };
            at = from + length;
            let start = file.get(from..at).and_then(start_of);
            found.extend(start.map(|start| EncodedCertificate {
                file: Arc::clone(&file),
                base64: from..at,
                start,
                der: OnceLock::new(),
            }));
        }
        found
    }

    /// The subject; `None` if the certificate cannot be decoded.
    fn subject(&self) -> Option<&[u8]> {
        ParsedCertificate::subject_of(&self.start).or_else(|| ParsedCertificate::subject_of(self.der()))
    }

    /// The certificate in DER format; empty if it cannot be decoded.
    fn der(&self) -> &[u8] {
        let text = self.file.get(self.base64.clone()).unwrap_or_default();
        self.der.get_or_init(|| decode(text).unwrap_or_default())
    }

    #[cfg(test)]
    pub(super) fn is_decoded(&self) -> bool {
        self.der.get().is_some()
    }
}

/// Decodes the first [`START`] base64 characters, without allocating memory for them, because it is called for every
/// certificate of the trust store.
fn start_of(text: &[u8]) -> Option<Vec<u8>> {
    let mut base64 = [0; START];
    let mut length = 0;
    for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        let free = base64.get_mut(length..)?;
        let taken = line.len().min(free.len());
        free.get_mut(..taken)?.copy_from_slice(line.get(..taken)?);
        length += taken;
        if length == START {
            break;
        }
    }
    STANDARD.decode(base64.get(..length)?).ok()
}

/// Decodes base64. White space at the beginning and the end of lines is ignored.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut joined = Vec::with_capacity(text.len());
    for line in text.split(|byte| *byte == b'\n') {
        joined.extend_from_slice(line.trim_ascii());
    }
    STANDARD.decode(joined).ok()
}

impl StoredAnchor {
    fn is_needed(&self, names: &ChainNames<'_>) -> bool {
        let subject = match self {
            StoredAnchor::Certificate(der) => ParsedCertificate::subject_of(der),
            StoredAnchor::Encoded(encoded) => encoded.subject(),
            StoredAnchor::Key { subject, .. } => Some(subject.as_slice()),
        };
        subject.is_some_and(|subject| names.contains(subject))
    }

    /// The certificate; `None` if the anchor is only a name and a key, or cannot be decoded.
    pub(super) fn certificate(&self) -> Option<CertificateDer<'static>> {
        match self {
            StoredAnchor::Certificate(der) => Some(der.clone()),
            StoredAnchor::Encoded(encoded) => {
                Some(encoded.der()).filter(|der| !der.is_empty()).map(|der| der.to_vec().into())
            }
            StoredAnchor::Key { .. } => None,
        }
    }

    fn as_anchor(&self) -> pkix::Anchor<'_> {
        match self {
            StoredAnchor::Certificate(der) => pkix::Anchor::Certificate(der),
            StoredAnchor::Encoded(encoded) => pkix::Anchor::Certificate(encoded.der()),
            StoredAnchor::Key { subject, key, constraints } => {
                pkix::Anchor::Key { subject, key, constraints: constraints.as_deref() }
            }
        }
    }
}

/// The trust anchors that can be part of a path from this chain: those whose names occur in it.
pub(super) fn needed<'a>(anchors: &'a [StoredAnchor], chain: &[&[u8]]) -> Vec<pkix::Anchor<'a>> {
    let names = ChainNames::of(chain);
    anchors.iter().filter(|anchor| anchor.is_needed(&names)).map(StoredAnchor::as_anchor).collect()
}

#[cfg(test)]
mod tests {
    use super::{EncodedCertificate, StoredAnchor, needed};
    use crate::pkix;

    fn certificate(organization: &str) -> rcgen::Certificate {
        let mut params = rcgen::CertificateParams::new(vec!["mail.example.com".to_owned()]).expect("a valid name");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, organization);
        let key = rcgen::KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("the parameters are complete")
    }

    #[test]
    fn only_anchors_with_a_name_in_the_chain_are_decoded() {
        let long = "x".repeat(600);
        let (own, of_same_name, of_long_name) = (certificate("Own"), certificate("Own"), certificate(&long));
        let mut file: String = (0..20).map(|number| certificate(&format!("Other {number}")).pem()).collect();
        file += &(own.pem() + &of_same_name.pem() + &of_long_name.pem());
        let anchors: Vec<StoredAnchor> =
            EncodedCertificate::all(file.into_bytes()).into_iter().map(StoredAnchor::Encoded).collect();
        assert_eq!(anchors.len(), 23);
        let ders = |chain: &[&[u8]]| -> Vec<Vec<u8>> {
            let of_certificate = |anchor: &pkix::Anchor<'_>| match anchor {
                pkix::Anchor::Certificate(der) => Some(der.to_vec()),
                pkix::Anchor::Key { .. } => None,
            };
            needed(&anchors, chain).iter().filter_map(of_certificate).collect()
        };
        assert_eq!(ders(&[own.der()]), [own.der().to_vec(), of_same_name.der().to_vec()]);
        // This name is longer than the beginning of the certificate, so the certificate was decoded completely.
        let is_decoded = |anchor: &&StoredAnchor| matches!(anchor, StoredAnchor::Encoded(one) if one.is_decoded());
        assert_eq!(anchors.iter().filter(is_decoded).count(), 3);
        assert_eq!(ders(&[of_long_name.der()]), [of_long_name.der().to_vec()]);
        assert!(ders(&[certificate("Unknown").der()]).is_empty());
    }

    #[test]
    fn only_certificates_are_found_in_a_file() {
        let own = certificate("Own");
        let text = format!(
            "# a comment\r\n{}-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n\
             -----BEGIN CERTIFICATE-----\nM*==\n-----END CERTIFICATE-----\n{}-----BEGIN CERTIFICATE-----\nMAA=",
            own.pem().replace('\n', " \r\n"),
            own.pem(),
        );
        let found = EncodedCertificate::all(text.into_bytes());
        assert_eq!(
            found.iter().map(|one| one.der().to_vec()).collect::<Vec<_>>(),
            [own.der().to_vec(), own.der().to_vec()]
        );
        assert!(EncodedCertificate::all(Vec::new()).is_empty());
    }
}
