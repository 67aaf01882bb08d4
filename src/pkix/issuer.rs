//! Trust anchors, and the issuers of certificates: other certificates of the chain, or trust anchors. [`ChainNames`]
//! selects the trust anchors that can be part of a path. Read next: [`super::path`].

use super::certificate::{self, NameConstraints, ParsedCertificate};
use super::directory::NameSet;

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
    pub(super) fn of_anchor(anchor: &Anchor<'a>) -> Option<Issuer<'a>> {
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

/// The names that occur in a chain. A trust anchor with another name cannot be part of a path.
pub(crate) struct ChainNames<'a>(NameSet<'a>);

impl<'a> ChainNames<'a> {
    /// Certificates that cannot be parsed have no names.
    pub(crate) fn of(chain: &[&'a [u8]]) -> ChainNames<'a> {
        let read = chain.iter().filter_map(|der| ParsedCertificate::read(der));
        let mut names: Vec<&[u8]> = read.flat_map(|one| [one.issuer, one.subject]).collect();
        names.sort_unstable();
        names.dedup();
        ChainNames(NameSet::of(names))
    }

    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        self.0.contains(name)
    }
}
