//! What a profile is made of. Names are spelled as a scan spells them: suites as IANA does, groups as
//! [`crate::wire::tls::group_name`], keys and signatures as a certificate is shown.

use super::Level;
use crate::check::scan::results::{Features, Preference, Support};
use crate::wire::tls::Version;

/// One of them.
pub(super) struct Profile {
    /// The publication with its edition.
    pub(super) title: &'static str,
    pub(super) url: &'static str,
    pub(super) versions: Versions,
    pub(super) suites: Graded,
    /// Suites of which at least one must be accepted, and where it says so.
    pub(super) suites_wanted: Option<(&'static [&'static str], &'static str)>,
    pub(super) groups: Graded,
    /// Groups of which at least one has to be accepted, how much that matters, and where it says so.
    pub(super) groups_wanted: &'static [(&'static [&'static str], Level, &'static str)],
    /// The prime of ephemeral Diffie-Hellman, where that is allowed.
    pub(super) prime: Option<Prime>,
    /// Whose order of suites should count, and where it says so.
    pub(super) order: Option<(Preference, &'static str)>,
    /// Where it says that MD5, SHA-1 and SHA-224 may not sign the key exchange.
    pub(super) hashes: Option<&'static str>,
    pub(super) features: &'static [Feature],
    pub(super) certificate: CertificateRules,
    /// What it asks for and a scan cannot see.
    pub(super) not_tested: &'static [&'static str],
}

/// Versions of TLS.
pub(super) struct Versions {
    pub(super) allowed: &'static [Version],
    /// Those that have to be accepted, and how much that matters.
    pub(super) wanted: &'static [(Version, Level)],
    pub(super) source: &'static str,
}

/// Names by how good they are; what is in neither list must go.
pub(super) struct Graded {
    pub(super) good: &'static [&'static str],
    pub(super) phased_out: &'static [&'static str],
    pub(super) source: &'static str,
}

/// The prime of Diffie-Hellman.
pub(super) struct Prime {
    /// Bits.
    pub(super) least: u32,
    pub(super) source: &'static str,
}

/// An extension, or another feature.
pub(super) struct Feature {
    pub(super) name: &'static str,
    pub(super) of: fn(&Features) -> Support,
    pub(super) wanted: Support,
    /// Whether it is about TLS 1.3 too.
    pub(super) in_tls_1_3: bool,
    pub(super) level: Level,
    pub(super) found: &'static str,
    pub(super) change: &'static str,
    pub(super) source: &'static str,
}

/// What a certificate has to be.
pub(super) struct CertificateRules {
    /// Bits of an RSA key; `u32::MAX` where there may be none.
    pub(super) rsa_least: u32,
    /// Below this an RSA key is phased out.
    pub(super) rsa_good: u32,
    /// Keys other than RSA.
    pub(super) keys: Graded,
    pub(super) signatures: Graded,
    /// Days of validity at most, and how much that matters, the longest first.
    pub(super) days: &'static [(i64, Level)],
    pub(super) days_source: &'static str,
    pub(super) source: &'static str,
}

/// Renegotiation that is not bound to the connection (RFC 5746).
pub(super) const fn secure_renegotiation(source: &'static str) -> Feature {
    Feature {
        name: "secure renegotiation",
        of: super::renegotiation,
        wanted: Support::Yes,
        in_tls_1_3: false,
        level: Level::Must,
        found: "renegotiation is not protected (RFC 5746)",
        change: "Update the TLS library, or switch renegotiation off",
        source,
    }
}

/// Compression inside TLS.
pub(super) const fn no_compression(source: &'static str) -> Feature {
    Feature {
        name: "compression",
        of: |features| features.compression,
        wanted: Support::No,
        in_tls_1_3: false,
        level: Level::Must,
        found: "the server compresses",
        change: "Switch compression of TLS off",
        source,
    }
}
