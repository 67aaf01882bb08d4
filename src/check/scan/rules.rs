//! The rules about what a server accepts, with their pages.

use super::super::{Docs, Rule, Severity};

/// All of them.
pub(super) static RULES: &[&Rule] = &[
    &TLS_OLD_VERSION_ACCEPTED,
    &TLS_WEAK_SUITE_ACCEPTED,
    &TLS_RENEGOTIATION_INSECURE,
    &TLS_FALLBACK_UNPROTECTED,
    &TLS_PROFILE_NOT_MET,
    &TLS_SCAN_INCONCLUSIVE,
];

pub(super) static TLS_OLD_VERSION_ACCEPTED: Rule = Rule {
    id: "tls-old-version-accepted",
    severity: Severity::Warning,
    title: "the server still accepts versions of TLS that are retired",
    cites: &["RFC 8996 section 4", "RFC 8996 section 5", "RFC 7568 section 3"],
    docs: Docs {
        sees: "With --tls-scan: a ClientHello that offers only TLS 1.1, TLS 1.0, SSLv3 or SSLv2 is accepted. A notice on port 25, where an old version is still better than none.",
        matters: "An attacker on the way can push careless clients down to them; audits count them as a fault.",
        action: "The operator switches them off: in Postfix smtpd_tls_protocols and smtpd_tls_mandatory_protocols to >=TLSv1.2.",
        example: "TLS 1.0 and TLS 1.1 beside TLS 1.3",
        references: "RFC 8996 (TLS 1.0 and 1.1 are retired), RFC 7568 (SSLv3)",
    },
};

pub(super) static TLS_WEAK_SUITE_ACCEPTED: Rule = Rule {
    id: "tls-weak-suite-accepted",
    severity: Severity::Warning,
    title: "the server accepts a cipher suite that protects nobody",
    cites: &["RFC 9325 section 4.1"],
    docs: Docs {
        sees: "With --tls-scan: a suite without encryption (NULL) or without a certificate (anonymous), with EXPORT, DES, 3DES, RC2, IDEA or RC4, or Diffie-Hellman with a prime of less than 2048 bits is accepted. Each of these is looked for apart from the others, so that one does not hide another. A notice on port 25, and where there are only anonymous suites.",
        matters: "Some of them are broken, some never protected anything. A client that offers them may get them.",
        action: "The operator excludes them: in Postfix smtpd_tls_ciphers=medium and smtpd_tls_exclude_ciphers=aNULL, eNULL, EXPORT, DES, RC4, 3DES.",
        example: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        references: "RFC 9325 section 4.1 (suites that must not be used)",
    },
};

pub(in super::super) static TLS_RENEGOTIATION_INSECURE: Rule = Rule {
    id: "tls-renegotiation-insecure",
    severity: Severity::Warning,
    title: "the server lacks a protection that every TLS library has had since 2010",
    cites: &["RFC 5746 section 3.6", "RFC 9325 section 3.3"],
    docs: Docs {
        sees: "The server chose TLS 1.2 and did not send renegotiation_info. With --tls-scan also: in TLS 1.2 or older it does not send it, or it compresses.",
        matters: "Programs with OpenSSL 3 (PHP, Python, Postfix, swaks) do not connect: they end the handshake with 'unsafe legacy renegotiation disabled'. An on-path attacker can put bytes in front of the client's (CVE-2009-3555), or guess secrets by the size of what is compressed (CRIME).",
        action: "Update the TLS library of the server, or of the device in front of it (server operator). Until then clients can allow it: OpenSSL with Options = UnsafeLegacyServerConnect.",
        example: "no renegotiation_info in the ServerHello",
        references: "RFC 5746 section 3.6, RFC 9325 section 3.3 (compression)",
    },
};

pub(super) static TLS_FALLBACK_UNPROTECTED: Rule = Rule {
    id: "tls-fallback-unprotected",
    severity: Severity::Notice,
    title: "the server does not notice when a client is pushed to an older version",
    cites: &["RFC 7507 section 3"],
    docs: Docs {
        sees: "With --tls-scan: TLS 1.1 or older is accepted beside a newer version, and a ClientHello of an older version with TLS_FALLBACK_SCSV is accepted instead of being answered with the alert inappropriate_fallback.",
        matters: "Some clients retry a failed handshake with an older version. Without this answer an on-path attacker can make it fail until the oldest version is used (POODLE).",
        action: "Switch TLS 1.1 and older off, or update the TLS library.",
        example: "TLS 1.1 with TLS_FALLBACK_SCSV is accepted by a server that has TLS 1.2",
        references: "RFC 7507 section 3 (what a server does about TLS_FALLBACK_SCSV)",
    },
};

pub(super) static TLS_PROFILE_NOT_MET: Rule = Rule {
    id: "tls-profile-not-met",
    severity: Severity::Warning,
    title: "the server differs from the published profile of TLS that it is compared with",
    cites: &["RFC 9325 section 1"],
    docs: Docs {
        sees: "With --tls-profile: versions, cipher suites, groups, the prime of Diffie-Hellman, certificates or features differ from what Mozilla, NCSC-NL or BSI publish. Each deviation is listed with the part of the publication that it comes from. A notice where nothing must change, and something is advised against or phased out.",
        matters: "Audits and contracts ask for such profiles. A profile says more than what is insecure: a server can be safe and not meet it.",
        action: "Change what is listed, most important first, and check again. What a scan cannot see is listed as not tested.",
        example: "smtpcheck mx.example.net:25 --tls-profile ncsc-nl-2025, and TLS 1.0 is accepted",
        references: "Mozilla Server Side TLS 5.8, NCSC-NL guidelines for TLS 2025-05, BSI TR-03116-4 with TR-02102-2; RFC 9325 has the IETF's own advice",
    },
};

pub(super) static TLS_SCAN_INCONCLUSIVE: Rule = Rule {
    id: "tls-scan-inconclusive",
    severity: Severity::Notice,
    title: "the scan of TLS did not come to its end",
    cites: &["RFC 5321 section 4.5.4.1"],
    docs: Docs {
        sees: "With --tls-scan: the server turned a connection away, --max-connections was used up, or there is no TLS to look at.",
        matters: "What was not asked is not known. It is not called fine, and not called missing.",
        action: "Repeat the scan after some minutes, with more time between, or from an address that the server does not limit.",
        example: "421 too many connections after the seventh ClientHello",
        references: "RFC 5321 section 4.5.4.1 (how often to try)",
    },
};
