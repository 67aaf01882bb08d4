//! One trust anchor in a trust store, in the form that the store provides. [`needed`] selects the anchors whose names
//! occur in a chain. Read next: [`super::roots`], which reads the files, [`super::bundle`], which parses large files, and
//! `pkix`, which parses the selected certificates.

use rustls::pki_types::CertificateDer;

use super::bundle::EncodedCertificate;
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
        let is_decoded = |anchor: &&StoredAnchor| matches!(anchor, StoredAnchor::Encoded(one) if one.is_decoded());
        assert_eq!(anchors.iter().filter(is_decoded).count(), 2);
        assert_eq!(ders(&[of_long_name.der()]), [of_long_name.der().to_vec()]);
        assert!(ders(&[certificate("Unknown").der()]).is_empty());
    }
}
