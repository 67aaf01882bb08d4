//! Trust anchors, and the issuers of certificates: other certificates of the chain, or trust anchors. A trust store has
//! 150 anchors, of which a path needs at most a few, so only those are parsed. Read next: [`super::path`].

use super::certificate::{self, NameConstraints, ParsedCertificate};
use super::directory;

/// A trust anchor from the trust store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor<'a> {
    /// A certificate in DER format.
    Certificate(&'a [u8]),
    /// A name and a key, both including their tags, and the content of NameConstraints.
    Key { subject: &'a [u8], key: &'a [u8], constraints: Option<&'a [u8]> },
}

impl Anchor<'_> {
    /// Whether the anchor is the server's own certificate.
    pub(super) fn is(&self, chain: &[&[u8]]) -> bool {
        matches!(self, Anchor::Certificate(der) if chain.first() == Some(der))
    }
}

/// The issuer of a certificate: a certificate that the server sent, or a trust anchor.
#[derive(Clone, Debug)]
pub(super) struct Issuer<'a> {
    pub(super) subject: &'a [u8],
    pub(super) key: &'a [u8],
    /// The certificate; `None` for a trust anchor that has only a key.
    pub(super) certificate: Option<ParsedCertificate<'a>>,
    pub(super) constraints: Option<NameConstraints<'a>>,
    /// The certificate in DER format; empty if there is none.
    pub(super) der: &'a [u8],
}

impl<'a> Issuer<'a> {
    fn of_anchor(anchor: &Anchor<'a>) -> Option<Issuer<'a>> {
        match anchor {
            Anchor::Certificate(der) => ParsedCertificate::read(der).map(|one| Issuer::of_certificate(&one, der)),
            Anchor::Key { subject, key, constraints } => {
                let constraints = match constraints {
                    Some(content) => Some(certificate::constraints_of_anchor(content)?),
                    None => None,
                };
                Some(Issuer { subject, key, certificate: None, constraints, der: &[] })
            }
        }
    }

    fn of_certificate(one: &ParsedCertificate<'a>, der: &'a [u8]) -> Issuer<'a> {
        let constraints = one.extensions.name_constraints.clone();
        Issuer { subject: one.subject, key: one.key, certificate: Some(one.clone()), constraints, der }
    }
}

/// Parses the trust anchors that can be part of a path: those with the name of an issuer in the chain, and those that
/// the server sent. The others are `None`, like those that cannot be parsed, because a trust store has 150 anchors.
pub(super) fn needed<'a>(
    anchors: &[Anchor<'a>],
    chain: &[&[u8]],
    sent: &[Option<ParsedCertificate<'_>>],
) -> Vec<Option<Issuer<'a>>> {
    let mut issuers: Vec<&[u8]> = sent.iter().flatten().map(|one| one.issuer).collect();
    issuers.sort_unstable();
    issuers.dedup();
    let is_issuer = |subject: &[u8]| issuers.iter().any(|issuer| directory::is_same(subject, issuer));
    let is_needed = |anchor: &Anchor<'_>| match anchor {
        Anchor::Certificate(der) => {
            ParsedCertificate::subject_of(der).is_some_and(is_issuer) || chain.iter().any(|sent| sent == der)
        }
        Anchor::Key { subject, .. } => is_issuer(subject),
    };
    anchors.iter().map(|anchor| if is_needed(anchor) { Issuer::of_anchor(anchor) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::{Anchor, needed};
    use crate::pkix::ParsedCertificate;

    fn certificate(name: &str) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["mail.example.com".to_owned()]).expect("a valid name");
        params.distinguished_name.push(rcgen::DnType::OrganizationName, name);
        let key = rcgen::KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("the parameters are complete").der().to_vec()
    }

    #[test]
    fn only_anchors_with_a_name_in_the_chain_are_parsed() {
        let (own, of_same_name) = (certificate("Example"), certificate("Example"));
        let others: Vec<Vec<u8>> = (0..140).map(|number| certificate(&format!("Example {number}"))).collect();
        let mut anchors: Vec<Anchor<'_>> = others.iter().map(|der| Anchor::Certificate(der)).collect();
        anchors.push(Anchor::Certificate(&own));
        anchors.push(Anchor::Certificate(&of_same_name));
        anchors.push(Anchor::Certificate(b"no certificate"));
        let chain: [&[u8]; 1] = [&own];
        let parsed = needed(&anchors, &chain, &[ParsedCertificate::read(&own)]);
        assert_eq!(parsed.len(), anchors.len());
        let places: Vec<usize> = (0..parsed.len()).filter(|at| parsed.get(*at).is_some_and(Option::is_some)).collect();
        assert_eq!(places, [140, 141]);
    }
}
