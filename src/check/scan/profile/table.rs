//! The structure of a profile. Names are spelled as in the results of a scan: suites by their IANA names, groups as in
//! [`crate::wire::tls::group_name`], keys and signatures as in the listing of a certificate.

use serde::{Deserialize, Serialize};

use crate::check::scan::results::{Features, Preference};
use crate::check::scan::seen::Support;
use crate::wire::tls::Version;

/// Whether the server must or should be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The server does not meet the profile without the change.
    Must,
    /// The profile recommends the change, or phases the feature out.
    Should,
}

/// A profile: the requirements of one publication.
pub(super) struct Profile {
    /// The publication with its edition.
    pub(super) title: &'static str,
    pub(super) url: &'static str,
    pub(super) versions: Versions,
    pub(super) suites: Graded,
    /// Suites of which the server must accept at least one, and the section with this requirement.
    pub(super) suites_wanted: Option<(&'static [&'static str], &'static str)>,
    pub(super) groups: Graded,
    /// Groups of which the server must or should accept at least one, the level, and the section with this requirement.
    pub(super) groups_wanted: &'static [(&'static [&'static str], Level, &'static str)],
    /// The prime of ephemeral Diffie-Hellman; none if the profile does not allow ephemeral Diffie-Hellman.
    pub(super) prime: Option<Prime>,
    /// The side whose cipher suite preference should take precedence, and the section that requires it.
    pub(super) order: Option<(Preference, &'static str)>,
    /// The section that forbids MD5, SHA-1 and SHA-224 in key exchange signatures.
    pub(super) hashes: Option<&'static str>,
    pub(super) features: &'static [Feature],
    pub(super) certificate: CertificateRules,
    /// Requirements that a scan cannot test.
    pub(super) not_testable: &'static [&'static str],
}

/// TLS versions.
pub(super) struct Versions {
    pub(super) allowed: &'static [Version],
    /// Versions that must or should be accepted.
    pub(super) wanted: &'static [(Version, Level)],
    pub(super) source: &'static str,
}

/// Cipher suites or groups, by grade. A name that is in neither list is not allowed.
pub(super) struct Graded {
    pub(super) good: &'static [&'static str],
    pub(super) phased_out: &'static [&'static str],
    pub(super) source: &'static str,
}

/// The Diffie-Hellman prime.
pub(super) struct Prime {
    /// The minimum size in bits.
    pub(super) least: u32,
    pub(super) source: &'static str,
}

/// An extension, or another feature.
pub(super) struct Feature {
    pub(super) name: &'static str,
    pub(super) of: fn(&Features) -> Support,
    pub(super) wanted: Support,
    /// Whether it also applies to TLS 1.3.
    pub(super) in_tls_1_3: bool,
    pub(super) level: Level,
    pub(super) found: &'static str,
    pub(super) change: &'static str,
    pub(super) source: &'static str,
}

/// Requirements for certificates.
pub(super) struct CertificateRules {
    /// The minimum size of an RSA key in bits; `u32::MAX` if RSA is not allowed.
    pub(super) rsa_least: u32,
    /// RSA keys with fewer bits are phased out.
    pub(super) rsa_good: u32,
    /// Keys other than RSA.
    pub(super) keys: Graded,
    pub(super) signatures: Graded,
    /// The maximum validity period in days for each level, longest first.
    pub(super) days: &'static [(i64, Level)],
    pub(super) days_source: &'static str,
    pub(super) source: &'static str,
}

/// Renegotiation that is not bound to the connection (RFC 5746).
pub(super) const fn secure_renegotiation(source: &'static str) -> Feature {
    Feature {
        name: "secure renegotiation",
        of: |features| features.secure_renegotiation,
        wanted: Support::Yes,
        in_tls_1_3: false,
        level: Level::Must,
        found: "the server does not support secure renegotiation (RFC 5746)",
        change: "Update the TLS library, or disable renegotiation",
        source,
    }
}

/// TLS compression.
pub(super) const fn no_compression(source: &'static str) -> Feature {
    Feature {
        name: "compression",
        of: |features| features.compression,
        wanted: Support::No,
        in_tls_1_3: false,
        level: Level::Must,
        found: "the server uses compression",
        change: "Disable TLS compression",
        source,
    }
}
