//! The faults of a certification path, one for each rule of RFC 5280 that it violates, and features of a valid path
//! that some clients do not support. This file contains facts only; the checks decide which clients are affected.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A certificate of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "certificate", rename_all = "kebab-case")]
pub enum PathPlace {
    /// A certificate that the server sent.
    Sent {
        /// Its position in the chain, from 0.
        place: usize,
    },
    /// The trust anchor.
    Anchor,
}

/// A rule of RFC 5280 that a certificate of the path violates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PathFault {
    /// The certificate.
    #[serde(flatten)]
    pub at: PathPlace,
    /// The rule.
    #[serde(flatten)]
    pub kind: PathFaultKind,
}

/// The rules that a certificate of a path can violate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum PathFaultKind {
    /// It is not a certificate in DER format.
    Unreadable,
    /// It is larger than 64 KiB.
    TooLarge,
    /// It has X.509 version 1 or 2. Such a certificate cannot be marked as a CA certificate (RFC 5280 §6.1.4 (k)) and
    /// cannot have extensions (§4.1.2.9).
    OldVersion {
        /// The version.
        version: u8,
    },
    /// The current time is outside its validity period (§6.1.3 (a)(2)). This is used only for the trust anchor.
    OutOfDate,
    /// It signed a certificate but is not a CA certificate (§6.1.4 (k)).
    NotAuthority,
    /// It signed a certificate, but its keyUsage lacks keyCertSign (§6.1.4 (n)).
    MayNotSign,
    /// There are more CA certificates below it than it allows (§6.1.4 (l)).
    PathTooLong {
        /// The number that it allows.
        limit: u32,
    },
    /// There are more CA certificates below it than it allows, but only if self-issued certificates are counted. RFC
    /// 5280 does not count them; GnuTLS does.
    PathTooLongWithSelfIssued {
        /// The number that it allows.
        limit: u32,
    },
    /// It is a proxy certificate, which a user issues to a delegate (RFC 3820).
    Proxy,
    /// Its key is a compressed point, which GnuTLS cannot read (RFC 5480 §2.2).
    CompressedKey,
    /// It lacks a TLS feature that is required by a CA certificate above it (RFC 7633 §4.2.2).
    MissingFeature {
        /// The number of the feature in the registry of TLS extensions.
        feature: u32,
    },
    /// It is a CA certificate that requires an OCSP response about itself (RFC 7633 §4.2.2).
    AuthorityWithoutStaple,
    /// It has a critical extension that is not supported (§6.1.4 (o)).
    CriticalExtension {
        /// The extension's name or dotted number.
        extension: String,
    },
    /// It has an extension more than once (§4.2).
    RepeatedExtension {
        /// The extension's name or dotted number.
        extension: String,
    },
    /// It has an extension that does not follow the format in RFC 5280.
    UnreadableExtension {
        /// The extension's name or dotted number.
        extension: String,
    },
    /// It is limited to purposes other than TLS servers (§4.2.1.12).
    OtherUse,
    /// A CA certificate above it is not allowed to issue certificates for this name (§4.2.1.10).
    NameConstraint {
        /// The name.
        name: String,
    },
    /// A CA certificate above it constrains a kind of name that clients cannot compare.
    UnsupportedNameConstraint,
    /// There are more names and constraints than the limit allows, so not all of them are compared.
    TooManyNames,
    /// Its authorityKeyIdentifier identifies a key that is not its issuer's (§4.2.1.1).
    OtherAuthorityKey,
    /// Its signature was not made with its issuer's key.
    WrongSignature,
    /// It states two different algorithms for its signature (§4.1.1.2).
    AlgorithmsDiffer,
    /// smtpcheck does not support the algorithm of its signature.
    UnsupportedSignature {
        /// The algorithm.
        algorithm: String,
    },
    /// Its key is too short.
    WeakKey {
        /// The key, for example `RSA 1024`.
        key: String,
    },
    /// Its signature uses a hash that allows forged signatures.
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
    /// The start of its validity period; null if the trust store contains only its key, not its certificate.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub not_before: Option<Timestamp>,
    /// The end of its validity period (inclusive); null under the same condition.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub not_after: Option<Timestamp>,
}

/// A feature of the path that some clients do not support.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientLimit {
    /// The position of the certificate in the chain, from 0.
    pub place: usize,
    /// The feature.
    pub what: String,
    /// Clients that do not support it.
    pub rejected_by: Vec<String>,
    /// Clients that support it.
    pub accepted_by: Vec<String>,
}
