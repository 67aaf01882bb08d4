//! Mozilla, Server Side TLS 5.8 (2026): <https://ssl-config.mozilla.org/guidelines/5.8.json>. Changes since 5.7:
//! ephemeral Diffie-Hellman with a prime is removed, and X25519MLKEM768 is the first group. The sources cited in this
//! profile are keys in that file.

use super::table::{CertificateRules, Feature, Graded, Level, Profile, Versions};
use crate::check::scan::results::Preference;
use crate::check::scan::seen::Support;
use crate::wire::tls::Version;

const URL: &str = "https://wiki.mozilla.org/Security/Server_Side_TLS";

const SUITES_13: &[&str] = &["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

const GROUPS: Graded =
    Graded { good: &["X25519MLKEM768", "X25519", "secp256r1", "secp384r1"], phased_out: &[], source: "tls_curves" };

const GROUPS_WANTED: &[(&[&str], Level, &str)] = &[(&["X25519MLKEM768"], Level::Should, "tls_curves")];

const CURVES: Graded = Graded { good: &["EC P-256", "EC P-384"], phased_out: &[], source: "certificate_curves" };

const STAPLE: Feature = Feature {
    name: "OCSP stapling",
    of: |features| features.ocsp_response,
    wanted: Support::Yes,
    in_tls_1_3: true,
    level: Level::Should,
    found: "the server sends no OCSP response with the certificate",
    change: "Enable OCSP stapling if the certificate's issuer still operates an OCSP responder",
    source: "ocsp_staple",
};

const NOT_TESTABLE: &[&str] = &[
    "session resumption and tickets",
    "signatures of the intermediate certificates",
    "HSTS, which SMTP does not have",
];

pub(super) static INTERMEDIATE: Profile = Profile {
    title: "Mozilla Server Side TLS 5.8, intermediate",
    url: URL,
    versions: Versions {
        allowed: &[Version::Tls12, Version::Tls13],
        wanted: &[(Version::Tls13, Level::Should)],
        source: "tls_versions",
    },
    suites: Graded {
        good: &[
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        ],
        phased_out: &[],
        source: "ciphers, ciphersuites",
    },
    suites_wanted: None,
    groups: GROUPS,
    groups_wanted: GROUPS_WANTED,
    prime: None,
    order: Some((Preference::Client, "server_preferred_order")),
    hashes: None,
    features: &[STAPLE],
    certificate: CertificateRules {
        rsa_least: 2048,
        rsa_good: 2048,
        keys: CURVES,
        signatures: Graded {
            good: &["sha256WithRSAEncryption", "ecdsa-with-SHA256", "ecdsa-with-SHA384", "ecdsa-with-SHA512"],
            phased_out: &[],
            source: "certificate_signatures",
        },
        days: &[(366, Level::Must), (90, Level::Should)],
        days_source: "maximum_certificate_lifespan, recommended_certificate_lifespan",
        source: "rsa_key_size",
    },
    not_testable: NOT_TESTABLE,
};

pub(super) static MODERN: Profile = Profile {
    title: "Mozilla Server Side TLS 5.8, modern",
    url: URL,
    versions: Versions { allowed: &[Version::Tls13], wanted: &[(Version::Tls13, Level::Must)], source: "tls_versions" },
    suites: Graded { good: SUITES_13, phased_out: &[], source: "ciphersuites" },
    suites_wanted: None,
    groups: GROUPS,
    groups_wanted: GROUPS_WANTED,
    prime: None,
    order: Some((Preference::Client, "server_preferred_order")),
    hashes: None,
    features: &[STAPLE],
    certificate: CertificateRules {
        rsa_least: u32::MAX,
        rsa_good: u32::MAX,
        keys: CURVES,
        signatures: Graded {
            good: &["ecdsa-with-SHA256", "ecdsa-with-SHA384", "ecdsa-with-SHA512"],
            phased_out: &[],
            source: "certificate_signatures",
        },
        days: &[(90, Level::Must)],
        days_source: "maximum_certificate_lifespan",
        source: "certificate_types",
    },
    not_testable: NOT_TESTABLE,
};
