//! The certificates that a server sent. Trust, name and dates are separate facts, so three faults in one certificate
//! are reported separately. Read next: [`super::certificate`], one certificate.

use serde::{Deserialize, Serialize};

use super::Certificate;
use super::path::{AnchorSeen, ClientLimit, PathFault};

/// The certificates that a server sent, and the result of their verification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Presented {
    /// The chain exactly as it was sent, leaf first; at most 60 certificates are kept.
    pub chain: Vec<Certificate>,
    /// The number of certificates that were sent.
    pub chain_length: usize,
    /// Whether there is a path from the chain to a trust anchor. Names and dates are not considered.
    pub trust: Trust,
    /// The positions in the chain (from 0) of the certificates that form the path to the trust anchor; empty if the
    /// chain is not trusted.
    pub path: Vec<usize>,
    /// Whether the leaf certificate covers the host name.
    pub name: NameMatch,
    /// The trust store that was used.
    pub store: TrustStore,
    /// The trust anchor at the end of the path, even if the path has faults; null if none was found.
    #[serde(default)]
    pub anchor: Option<AnchorSeen>,
    /// Faults in the path, except the expiry of certificates that the server sent.
    #[serde(default)]
    pub faults: Vec<PathFault>,
    /// Features of a valid path that some clients do not support.
    #[serde(default)]
    pub limits: Vec<ClientLimit>,
}

impl Presented {
    /// The server's own certificate.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    /// Whether the chain leads to a trust anchor and all certificates are within their validity periods.
    pub(crate) fn is_trusted(&self) -> bool {
        matches!(self.trust, Trust::Trusted { .. })
    }
}

/// Whether there is a path from the chain to a trust anchor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "trust", rename_all = "kebab-case")]
pub enum Trust {
    /// There is a path from the chain to a trust anchor.
    Trusted {
        /// The subjects from the leaf to the trust anchor.
        path: Vec<String>,
    },
    /// There would be a path to a trust anchor if all certificates were within their validity periods.
    Outdated {
        /// The subjects from the leaf to the trust anchor.
        path: Vec<String>,
    },
    /// There is no path from the chain to a trust anchor.
    Untrusted {
        /// The reason.
        why: ChainFault,
        /// The reason, as a sentence.
        detail: String,
    },
}

/// Why there is no path from a chain to a trust anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ChainFault {
    /// The leaf is signed with its own key.
    SelfSigned,
    /// There is no path to a trust anchor from any certificate that was sent.
    UnknownIssuer,
    /// A certificate has expired or is not valid yet, and there is no time at which all of them are valid.
    Expired,
    /// A certificate is not permitted for this purpose.
    Usage,
    /// A CA certificate is not allowed to issue certificates for this name (RFC 5280 §4.2.1.10).
    NameConstraint,
    /// A signature uses an algorithm that is no longer accepted, such as SHA-1.
    WeakSignature,
    /// A signature is invalid.
    BadSignature,
    /// A certificate cannot be parsed.
    Malformed,
    /// Any other reason.
    Other,
}

/// Whether the leaf certificate covers the host name (RFC 9525 §6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum NameMatch {
    /// The certificate covers the host name.
    Matches {
        /// The expected name.
        expected: String,
    },
    /// The certificate does not cover the host name.
    Differs {
        /// The expected name.
        expected: String,
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// The certificate cannot be parsed.
    Unreadable {
        /// The expected name.
        expected: String,
    },
}

/// A trust store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "store", rename_all = "kebab-case")]
pub enum TrustStore {
    /// The trust store of this machine.
    System {
        /// The number of trust anchors.
        anchors: usize,
    },
    /// Mozilla's root certificates, which are compiled in. They are used if this machine has no trust store.
    Mozilla {
        /// The number of trust anchors.
        anchors: usize,
        /// Why this machine has no trust store; null if that is not known, for example on macOS and Windows.
        #[serde(default)]
        missing: Option<MissingStore>,
    },
    /// A file that the user specified.
    File {
        /// The path of the file.
        path: String,
        /// The number of trust anchors.
        anchors: usize,
    },
}

/// Why this machine has no trust store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MissingStore {
    /// The locations that contain no certificate: those that environment variables specify, or otherwise the standard
    /// file, if it exists.
    pub places: Vec<EmptyPlace>,
    /// The standard file of this system, if it contains certificates. It is not read, because environment variables
    /// specify other locations.
    pub unused: Option<String>,
}

/// A location of a trust store that contains no certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EmptyPlace {
    /// The environment variable that specifies the location; null for a standard location.
    pub variable: Option<String>,
    /// The path of the file or directory.
    pub path: String,
    /// Why no certificate was read.
    pub fault: PlaceFault,
}

/// Why a location contains no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PlaceFault {
    /// It does not exist.
    Missing,
    /// The user who runs smtpcheck is not allowed to read it.
    Denied,
    /// It is a directory instead of a file, or a file instead of a directory.
    WrongKind,
    /// It contains no certificate.
    Empty,
}
