//! What is wrong with a certification path, one fault for each rule of RFC 5280 that it breaks, and what some clients
//! cannot verify in a path that is valid. Facts; what they mean for whom is for the checks to say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which certificate of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "certificate", rename_all = "kebab-case")]
pub enum PathPlace {
    /// One that was sent.
    Sent {
        /// Its place in the chain, from 0.
        place: usize,
    },
    /// The trust anchor.
    Anchor,
}

/// A rule that a certificate of the path breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PathFault {
    /// Which certificate.
    #[serde(flatten)]
    pub at: PathPlace,
    /// What is wrong with it.
    #[serde(flatten)]
    pub kind: PathFaultKind,
}

/// What can be wrong with a certificate of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum PathFaultKind {
    /// It is no certificate in DER.
    Unreadable,
    /// It is larger than 64 KiB.
    TooLarge,
    /// It is of X.509 version 1 or 2: as an authority's it cannot say that it is one (RFC 5280 §6.1.4 (k)), and extensions are
    /// not for it (§4.1.2.9).
    OldVersion {
        /// Which.
        version: u8,
    },
    /// Its dates exclude the moment of the check (§6.1.3 (a)(2)); only of the anchor.
    OutOfDate,
    /// It signed a certificate, and is not that of an authority (§6.1.4 (k)).
    NotAuthority,
    /// It signed a certificate, and its keyUsage lacks keyCertSign (§6.1.4 (n)).
    MayNotSign,
    /// More authorities are below it than it allows (§6.1.4 (l)).
    PathTooLong {
        /// How many it allows.
        limit: u32,
    },
    /// Not more are below it than it allows, unless self-issued ones count, which RFC 5280 leaves out and GnuTLS does not.
    PathTooLongWithSelfIssued {
        /// How many it allows.
        limit: u32,
    },
    /// It is a proxy certificate, which a user issues for himself (RFC 3820).
    Proxy,
    /// Its key is a compressed point, which GnuTLS does not read (RFC 5480 §2.2).
    CompressedKey,
    /// It lacks a TLS feature that an authority above it has (RFC 7633 §4.2.2).
    MissingFeature {
        /// Its number in the registry of TLS extensions.
        feature: u32,
    },
    /// It is that of an authority and must come with an OCSP response about itself (RFC 7633 §4.2.2).
    AuthorityWithoutStaple,
    /// An extension that is critical and not processed (§6.1.4 (o)).
    CriticalExtension {
        /// Its name, or its dotted number.
        extension: String,
    },
    /// An extension that it has more than once (§4.2).
    RepeatedExtension {
        /// Its name, or its dotted number.
        extension: String,
    },
    /// An extension that is not formed as RFC 5280 says.
    UnreadableExtension {
        /// Its name, or its dotted number.
        extension: String,
    },
    /// It is limited to other uses than TLS servers (§4.2.1.12).
    OtherUse,
    /// An authority above it may not sign for this name (§4.2.1.10).
    NameConstraint {
        /// The name.
        name: String,
    },
    /// An authority above it constrains a kind of name that clients cannot compare.
    UnsupportedNameConstraint,
    /// It has more names, and there are more constraints, than are compared.
    TooManyNames,
    /// Its authorityKeyIdentifier names another key than that of its issuer (§4.2.1.1).
    OtherAuthorityKey,
    /// Its signature was not made by the key of its issuer.
    WrongSignature,
    /// It names two different algorithms for its one signature (§4.1.1.2).
    AlgorithmsDiffer,
    /// Its signature cannot be verified here.
    UnsupportedSignature {
        /// The algorithm.
        algorithm: String,
    },
    /// Its key is too short.
    WeakKey {
        /// The key, as `RSA 1024`.
        key: String,
    },
    /// Its signature is made over a hash that can be forged.
    WeakSignature {
        /// The hash.
        hash: String,
    },
}

/// The trust anchor of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AnchorSeen {
    /// The subject's distinguished name.
    pub subject: String,
    /// First moment of validity; none if the store has no certificate of it, only the key.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub not_before: Option<Timestamp>,
    /// Last moment of validity.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub not_after: Option<Timestamp>,
}

/// Something that some clients cannot verify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientLimit {
    /// Which certificate of the chain, from 0.
    pub place: usize,
    /// What it is.
    pub what: String,
    /// Who cannot verify it.
    pub rejected_by: Vec<String>,
    /// Who can.
    pub accepted_by: Vec<String>,
}
