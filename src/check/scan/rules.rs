//! The rules about what a server accepts, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All of them.
pub(super) static RULES: &[&Rule] = &[
    &TLS_OLD_VERSION_ACCEPTED,
    &TLS_WEAK_SUITE_ACCEPTED,
    &TLS_FALLBACK_UNPROTECTED,
    &TLS_PROFILE_NOT_MET,
    &TLS_SCAN_INCONCLUSIVE,
];

pub(super) static TLS_OLD_VERSION_ACCEPTED: Rule = Rule {
    id: "tls-old-version-accepted",
    severity: Severity::Warning,
    title: "the server still accepts deprecated TLS versions",
    docs: Docs {
        sees: "With --tls-scan: the server accepts a ClientHello that offers only TLS 1.1, TLS 1.0, SSLv3 or SSLv2. A notice on port 25, where an old version is still better than no encryption.",
        matters: "An on-path attacker can downgrade careless clients to these versions. Security audits report them as a fault.",
        action: "Server operator: switch them off; in Postfix set smtpd_tls_protocols and smtpd_tls_mandatory_protocols to >=TLSv1.2.",
        example: "TLS 1.0 and TLS 1.1 in addition to TLS 1.3",
        references: "RFC 8996 sections 4 and 5 (TLS 1.0 and 1.1 are deprecated), RFC 7568 (SSLv3)",
    },
};

pub(super) static TLS_WEAK_SUITE_ACCEPTED: Rule = Rule {
    id: "tls-weak-suite-accepted",
    severity: Severity::Warning,
    title: "the server accepts an insecure cipher suite",
    docs: Docs {
        sees: "With --tls-scan: the server accepts a suite without encryption (NULL) or without a certificate (anonymous), with EXPORT, DES, 3DES, RC2, IDEA or RC4, or Diffie-Hellman with a prime of less than 2048 bits. Each of these is tested separately, so that one does not hide another. A notice on port 25, and if there are only anonymous suites.",
        matters: "Some of them are broken, and some never protected anything. A client that offers them may get them.",
        action: "Server operator: exclude them; in Postfix smtpd_tls_ciphers=medium and smtpd_tls_exclude_ciphers=aNULL, eNULL, EXPORT, DES, RC4, 3DES.",
        example: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        references: "RFC 9325 section 4.1 (suites that must not be used)",
    },
};

pub(super) static TLS_FALLBACK_UNPROTECTED: Rule = Rule {
    id: "tls-fallback-unprotected",
    severity: Severity::Notice,
    title: "the server does not detect a forced downgrade to an older TLS version",
    docs: Docs {
        sees: "With --tls-scan: the server accepts TLS 1.1 or older in addition to a newer version, and accepts a ClientHello of an older version with TLS_FALLBACK_SCSV instead of rejecting it with the alert inappropriate_fallback.",
        matters: "Some clients retry a failed handshake with an older version. Without this alert an on-path attacker can make handshakes fail until the oldest version is used (POODLE).",
        action: "Server operator: switch TLS 1.1 and older off, or update the TLS library.",
        example: "TLS 1.1 with TLS_FALLBACK_SCSV is accepted by a server that supports TLS 1.2",
        references: "RFC 7507 section 3 (what a server does about TLS_FALLBACK_SCSV)",
    },
};

pub(super) static TLS_PROFILE_NOT_MET: Rule = Rule {
    id: "tls-profile-not-met",
    severity: Severity::Warning,
    title: "the server deviates from the published TLS profile",
    docs: Docs {
        sees: "With --tls-profile: versions, cipher suites, groups, the Diffie-Hellman prime, certificates or features deviate from the profile of Mozilla, NCSC-NL or BSI. Each deviation is listed with the section of the publication that it comes from. A notice if nothing must change, but something is not recommended or is being phased out.",
        matters: "Security audits and contracts require such profiles. A profile requires more than security: a server can be secure and not meet it.",
        action: "Server operator: change what is listed, the most important first, and repeat the check. What a scan cannot see is listed as not tested.",
        example: "smtpcheck mx.example.net:25 --tls-profile ncsc-nl-2025, and TLS 1.0 is accepted",
        references: "Mozilla Server Side TLS 5.8, NCSC-NL guidelines for TLS 2025-05, BSI TR-03116-4 with TR-02102-2; RFC 9325 section 1 (the IETF's recommendations)",
    },
};

pub(super) static TLS_SCAN_INCONCLUSIVE: Rule = Rule {
    id: "tls-scan-inconclusive",
    severity: Severity::Notice,
    title: "the TLS scan did not complete",
    docs: Docs {
        sees: "With --tls-scan: the server rejected a connection, the limit of --max-connections was reached, or the server does not use TLS.",
        matters: "What was not tested is not known. It is reported neither as passed nor as missing.",
        action: "Repeat the scan after a few minutes, with longer pauses, or from an IP address that the server does not limit.",
        example: "421 too many connections after the seventh ClientHello",
        references: "RFC 5321 section 4.5.4.1 (how often to try)",
    },
};
