//! A TLS handshake as it was seen, and the certificates as they were sent. Trust, name and dates are separate facts,
//! so that a certificate with three faults shows three.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A completed handshake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Handshake {
    /// `1.2` or `1.3`.
    pub version: String,
    /// The cipher suite by its IANA name.
    pub cipher: String,
    /// The key exchange group; none on a resumed session.
    pub group: Option<String>,
    /// The name in our ClientHello; an address sends none (RFC 6066 §3).
    pub sni: Option<String>,
    /// Milliseconds from the ClientHello to the end of the handshake.
    pub ms: f64,
    /// Whether the server asked for a certificate of ours.
    pub client_certificate_requested: bool,
    /// The chain exactly as sent, leaf first.
    pub chain: Vec<Certificate>,
    /// Whether the chain leads to an anchor, names and dates aside.
    pub trust: Trust,
    /// Whether the leaf names the host.
    pub name: NameMatch,
    /// Whether the handshake was signed by the leaf's key; a fault in the library's words.
    pub signature_fault: Option<String>,
    /// Whose anchors were used.
    pub store: TrustStore,
}

impl Handshake {
    /// The certificate of the server itself.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    /// Whether a careful client would go on: trusted, named, in date, signed.
    pub fn verifies(&self, now: Timestamp) -> bool {
        let in_date = |certificate: &Certificate| certificate.not_before <= now && now <= certificate.not_after;
        matches!(self.trust, Trust::Trusted { .. })
            && matches!(self.name, NameMatch::Matches { .. })
            && self.signature_fault.is_none()
            && self.leaf().is_some_and(in_date)
    }
}

/// Whether the chain leads to an anchor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "trust", rename_all = "kebab-case")]
pub enum Trust {
    /// It does.
    Trusted {
        /// Subjects from the leaf to the anchor.
        path: Vec<String>,
    },
    /// It does not.
    Untrusted {
        /// Why.
        why: ChainFault,
        /// The library's words.
        detail: String,
    },
}

/// Why a chain leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChainFault {
    /// The leaf is signed by its own key.
    SelfSigned,
    /// No certificate that was sent leads to an anchor.
    UnknownIssuer,
    /// An intermediate certificate is out of date.
    IntermediateExpired,
    /// A certificate is not for this use, or its constraints forbid it.
    Usage,
    /// A signature does not fit.
    BadSignature,
    /// A certificate cannot be read.
    Malformed,
    /// Something else.
    Other,
}

/// Whether the leaf names the host (RFC 9525 §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum NameMatch {
    /// It does.
    Matches {
        /// The name that was expected.
        expected: String,
    },
    /// It does not.
    Differs {
        /// The name that was expected.
        expected: String,
        /// The names that it carries instead.
        presented: Vec<String>,
    },
    /// It could not be read.
    Unreadable {
        /// The name that was expected.
        expected: String,
    },
}

/// Whose anchors were used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "store", rename_all = "kebab-case")]
pub enum TrustStore {
    /// This machine's.
    System {
        /// How many.
        anchors: usize,
    },
    /// Mozilla's, compiled in, because this machine has none.
    Mozilla {
        /// How many.
        anchors: usize,
    },
    /// A file that the user named.
    File {
        /// Which.
        path: String,
        /// How many.
        anchors: usize,
    },
}

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
    /// DNS names and addresses of the subjectAltName extension.
    pub names: Vec<String>,
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
    /// The algorithm of the issuer's signature.
    pub signature: String,
    /// Whether subject and issuer are the same name and the signature is its own key's.
    pub self_signed: bool,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// The certificate, base64 of DER.
    pub der_b64: String,
}
