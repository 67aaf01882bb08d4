//! Rules for the results of a TLS scan, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file.
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
        sees: "The TLS scan (--tls-scan) found that the server accepts a ClientHello that offers only TLS 1.1, TLS 1.0, SSLv3 or SSLv2. On port 25, the finding is a notice: between mail servers, an old version is better than no encryption.",
        matters: "An on-path attacker may be able to downgrade clients to these versions, which have known weaknesses. Security audits report such versions as a fault.",
        action: "Server operator: disable these versions. In Postfix, set smtpd_tls_protocols and smtpd_tls_mandatory_protocols to >=TLSv1.2.",
        example: "a server that accepts TLS 1.0 and TLS 1.1 in addition to TLS 1.3",
        references: "RFC 8996 sections 4 and 5 (TLS 1.0 and 1.1 are deprecated), RFC 7568 (SSLv3)",
    },
};

pub(super) static TLS_WEAK_SUITE_ACCEPTED: Rule = Rule {
    id: "tls-weak-suite-accepted",
    severity: Severity::Warning,
    title: "the server accepts an insecure cipher suite",
    docs: Docs {
        sees: "The TLS scan (--tls-scan) found that the server accepts a cipher suite without encryption (NULL), without a certificate (anonymous), or with EXPORT, DES, 3DES, RC2, IDEA or RC4. The rule also applies if the server uses Diffie-Hellman with a prime of less than 2048 bits. Each class is tested separately. The finding is a notice on port 25, or if all the weak suites are anonymous.",
        matters: "Clients that offer a weak suite may use it, and an attacker may then be able to read or change the session.",
        action: "Server operator: exclude these cipher suites. In Postfix, set smtpd_tls_ciphers=medium and smtpd_tls_exclude_ciphers=aNULL, eNULL, EXPORT, DES, RC4, 3DES.",
        example: "a server that accepts TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        references: "RFC 9325 section 4.1 (cipher suites that must not be used)",
    },
};

pub(super) static TLS_FALLBACK_UNPROTECTED: Rule = Rule {
    id: "tls-fallback-unprotected",
    severity: Severity::Notice,
    title: "the server does not detect a forced downgrade to an older TLS version",
    docs: Docs {
        sees: "The TLS scan (--tls-scan) found that the server accepts TLS 1.1 or older in addition to a newer version. It also accepts a ClientHello of an older version with TLS_FALLBACK_SCSV, instead of rejecting it with the alert inappropriate_fallback.",
        matters: "Some clients retry a failed handshake with an older version. Without this alert, an on-path attacker can make handshakes fail until such a client uses the oldest version (POODLE).",
        action: "Server operator: disable TLS 1.1 and older, or update the TLS library.",
        example: "a server that supports TLS 1.2 accepts TLS 1.1 with TLS_FALLBACK_SCSV",
        references: "RFC 7507 section 3 (how a server must respond to TLS_FALLBACK_SCSV)",
    },
};

pub(super) static TLS_PROFILE_NOT_MET: Rule = Rule {
    id: "tls-profile-not-met",
    severity: Severity::Warning,
    title: "the server deviates from the published TLS profile",
    docs: Docs {
        sees: "The comparison with a published profile (--tls-profile) found that the server's versions, cipher suites, groups, Diffie-Hellman prime, certificates or features deviate from the profile of Mozilla, NCSC-NL or BSI. The finding lists each deviation with the section of the publication. The finding is a notice if the profile only recommends the changes and does not require them.",
        matters: "Some security audits and contracts require such a profile. A profile can be stricter than necessary, so a server that does not meet it can still be secure.",
        action: "Server operator: make the listed changes, which are sorted by importance, and repeat the check. In the server's configuration, check the requirements that cannot be tested from outside.",
        example: "smtpcheck mx.example.net:25 --tls-profile ncsc-nl-2025, where the server accepts TLS 1.0",
        references: "Mozilla Server Side TLS 5.8, NCSC-NL guidelines for TLS 2025-05, BSI TR-03116-4 with TR-02102-2; RFC 9325 section 1 (the IETF's recommendations)",
    },
};

pub(super) static TLS_SCAN_INCONCLUSIVE: Rule = Rule {
    id: "tls-scan-inconclusive",
    severity: Severity::Notice,
    title: "the TLS scan did not complete",
    docs: Docs {
        sees: "During the TLS scan (--tls-scan), the server rejected a connection or stopped responding, or a limit of smtpcheck (--max-connections or --max-time) was reached. The rule also applies if the server does not use TLS.",
        matters: "Items that were not tested are reported as unknown, neither as passed nor as failed.",
        action: "If a limit of smtpcheck was reached, repeat the scan with a higher limit. If the server rejected connections, repeat the scan after a few minutes, or from an IP address that the server does not rate-limit.",
        example: "the server replies with 421 too many connections after the seventh ClientHello",
        references: "RFC 5321 section 4.5.4.1 (limits on connections to one host)",
    },
};
