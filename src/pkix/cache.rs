//! The results of verified signatures. The same signature of a certificate is needed up to three times: for the order of
//! the chain as sent, for the path, and for webpki. Verifying it takes longer than parsing the certificate.

use std::cell::RefCell;

use super::certificate::ParsedCertificate;
use super::signature::{self, SignatureAlgorithm, SignatureFault, VerifyingKey};

/// A signature of a certificate. All fields are in DER format, including their tags, except `signature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CertificateSignature<'a> {
    /// SubjectPublicKeyInfo of the issuer.
    pub(crate) key: &'a [u8],
    /// AlgorithmIdentifier outside the signed part.
    pub(crate) algorithm: &'a [u8],
    /// The signed part, TBSCertificate.
    pub(crate) signed: &'a [u8],
    /// The signature itself.
    pub(crate) signature: &'a [u8],
}

impl CertificateSignature<'_> {
    fn verify(&self) -> Result<(), SignatureFault> {
        let scheme = SignatureAlgorithm::read(self.algorithm)?;
        signature::verify(scheme, &VerifyingKey::read(self.key)?, self.signed, self.signature)
    }

    /// Whether every library that supports the algorithm comes to the same result. Some reject a compressed point, short
    /// RSA keys, or some parameters of RSASSA-PSS.
    fn is_common(&self) -> bool {
        match (SignatureAlgorithm::read(self.algorithm), VerifyingKey::read(self.key)) {
            (Ok(SignatureAlgorithm::Ecdsa(_)), Ok(VerifyingKey::Ec { point, .. })) => point.first() == Some(&0x04),
            (Ok(SignatureAlgorithm::RsaPkcs1(_)), Ok(VerifyingKey::Rsa { bits, pss: None, .. })) => bits >= 2048,
            _ => false,
        }
    }
}

/// The signatures of a chain that were verified so far.
#[derive(Default)]
pub(crate) struct SignatureCache<'a>(RefCell<Vec<(CertificateSignature<'a>, Result<(), SignatureFault>)>>);

impl<'a> SignatureCache<'a> {
    /// Whether a certificate was signed with a key, given as SubjectPublicKeyInfo.
    pub(crate) fn verify(&self, child: &ParsedCertificate<'a>, key: &'a [u8]) -> Result<(), SignatureFault> {
        let (algorithm, signed, signature) = (child.outer_algorithm, child.signed, child.signature);
        let wanted = CertificateSignature { key, algorithm, signed, signature };
        let mut results = self.0.borrow_mut();
        if let Some((_, result)) = results.iter().find(|(known, _)| *known == wanted) {
            return result.clone();
        }
        let result = wanted.verify();
        results.push((wanted, result.clone()));
        result
    }

    /// The correct signatures on which all libraries agree.
    pub(crate) fn correct(&self) -> Vec<CertificateSignature<'a>> {
        let results = self.0.borrow();
        let correct = results.iter().filter(|(_, result)| result.is_ok()).map(|(signature, _)| *signature);
        correct.filter(CertificateSignature::is_common).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{CertificateSignature, SignatureCache};
    use crate::pkix::ParsedCertificate;

    #[test]
    fn a_signature_is_verified_once_and_only_correct_ones_are_listed() {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec!["mail.example.net".to_owned()]).expect("a valid name");
        let (own, other) =
            (params.self_signed(&key).expect("complete"), rcgen::generate_simple_self_signed(Vec::new()));
        let other = other.expect("complete").cert;
        let one = ParsedCertificate::read(own.der()).expect("a certificate");
        let two = ParsedCertificate::read(other.der()).expect("a certificate");
        let cache = SignatureCache::default();
        for _ in 0..2 {
            assert!(cache.verify(&one, one.key).is_ok());
            assert!(cache.verify(&one, two.key).is_err());
        }
        assert_eq!(cache.0.borrow().len(), 2);
        let (algorithm, signed, signature) = (one.outer_algorithm, one.signed, one.signature);
        assert_eq!(cache.correct(), [CertificateSignature { key: one.key, algorithm, signed, signature }]);
    }
}
