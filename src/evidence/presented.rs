//! The certificates that a server showed. Trust, name and dates are separate facts, so that a certificate with three
//! faults shows three. Read next: [`super::certificate`], one certificate.

use serde::{Deserialize, Serialize};

use super::Certificate;
use super::path::{AnchorSeen, ClientLimit, PathFault};

/// What a server showed of itself, and whom it convinces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Presented {
    /// The chain exactly as sent, leaf first; at most 60 certificates are kept.
    pub chain: Vec<Certificate>,
    /// How many certificates were sent.
    pub chain_length: usize,
    /// Whether the chain leads to an anchor, names and dates aside.
    pub trust: Trust,
    /// The certificates of the chain that lead to the anchor, by their places from 0; empty when untrusted.
    pub path: Vec<usize>,
    /// Whether the leaf names the host.
    pub name: NameMatch,
    /// Whose anchors were used.
    pub store: TrustStore,
    /// The anchor that the path leads to, or would lead to without its faults; none: no anchor was found.
    #[serde(default)]
    pub anchor: Option<AnchorSeen>,
    /// What is wrong with the path, the dates of the certificates that were sent aside.
    #[serde(default)]
    pub faults: Vec<PathFault>,
    /// What some clients cannot verify in a path that is valid.
    #[serde(default)]
    pub limits: Vec<ClientLimit>,
}

impl Presented {
    /// The certificate of the server itself.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
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
        /// In words.
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
