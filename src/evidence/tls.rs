//! A TLS handshake as it was seen, and the certificates as they were sent. Trust, name and dates are separate facts,
//! so that a certificate with three faults shows three. Read next: [`super::certificate`], one certificate.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Certificate;

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
    /// The signature scheme by which the server proved its key, as in RFC 8446 §4.2.3; none if none was seen.
    pub signature: Option<String>,
    /// The protocol by ALPN (RFC 7301); smtpcheck offers none, so a server should choose none.
    pub alpn: Option<String>,
    /// How it came about.
    pub kind: HandshakeKind,
    /// The name in our ClientHello; an address sends none (RFC 6066 §3).
    pub sni: Option<String>,
    /// Milliseconds from the ClientHello to the end of the handshake.
    pub ms: f64,
    /// Whether the server asked for a certificate of ours.
    pub client_certificate_requested: bool,
    /// Whether it got one (`--cert`).
    pub client_certificate_sent: bool,
    /// The OCSP response that came with the certificate (RFC 6066 §8); none if none came.
    pub staple: Option<Staple>,
    /// The chain exactly as sent, leaf first; at most 20 certificates are kept.
    pub chain: Vec<Certificate>,
    /// How many certificates were sent.
    pub chain_length: usize,
    /// Whether the chain leads to an anchor, names and dates aside.
    pub trust: Trust,
    /// The certificates of the chain that lead to the anchor, by their places from 0; empty when untrusted.
    pub path: Vec<usize>,
    /// Whether the leaf names the host.
    pub name: NameMatch,
    /// Whether the handshake was signed by the leaf's key; a fault in the library's words.
    pub signature_fault: Option<String>,
    /// Whose anchors were used.
    pub store: TrustStore,
}

/// How a handshake came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HandshakeKind {
    /// In one round.
    Full,
    /// The server asked for another key share first, which costs a round trip (RFC 8446 §4.1.4).
    FullWithRetry,
    /// A session of before went on.
    Resumed,
}

/// An OCSP response that the server sent along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Staple {
    /// What it says of the certificate.
    pub status: StapleStatus,
    /// Until when it holds; none if it does not say.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub next_update: Option<Timestamp>,
}

/// What an OCSP response says of a certificate (RFC 6960 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StapleStatus {
    /// It is not revoked.
    Good,
    /// It is revoked.
    Revoked,
    /// The responder does not know it.
    Unknown,
    /// The response is an error, or no OCSP response.
    Unreadable,
}

impl Handshake {
    /// The certificate of the server itself.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    /// Whether a careful client would go on: trusted, named, in date, signed.
    pub fn verifies(&self, now: Timestamp) -> bool {
        matches!(self.trust, Trust::Trusted { .. })
            && matches!(self.name, NameMatch::Matches { .. })
            && self.signature_fault.is_none()
            && self.leaf().is_some_and(|leaf| leaf.is_in_date(now))
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
    /// It would, if every certificate of it were in date.
    Outdated {
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
    /// A certificate is out of date, and no moment is in date for all of them.
    Expired,
    /// A certificate is not for this use.
    Usage,
    /// An authority may not sign for this name (RFC 5280 §4.2.1.10).
    NameConstraint,
    /// A signature is of a kind that is not accepted any more, such as SHA-1.
    WeakSignature,
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
