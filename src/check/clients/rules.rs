//! The rules about clients that do not connect although the handshake of smtpcheck succeeded.

use super::super::finding::{Docs, Rule, Severity};

/// All of them; the scan raises them too.
pub(super) static RULES: &[&Rule] = &[&TLS_RENEGOTIATION_INSECURE, &TLS_EXTENDED_MASTER_SECRET_MISSING];

pub(in crate::check) static TLS_RENEGOTIATION_INSECURE: Rule = Rule {
    id: "tls-renegotiation-insecure",
    severity: Severity::Warning,
    title: "the server lacks a protection that every TLS library has had since 2010",
    docs: Docs {
        sees: "The server chose TLS 1.2 and did not send renegotiation_info. With --tls-scan also: it does not send it in TLS 1.2 or older, or it uses compression.",
        matters: "Programs with OpenSSL 3 (PHP, Python, Postfix, swaks) do not connect: they end the handshake with 'unsafe legacy renegotiation disabled'. An on-path attacker can insert data before the client's (CVE-2009-3555), or guess secrets from the size of compressed data (CRIME).",
        action: "Server operator: update the TLS library of the server, or of the device in front of it. Until then clients can allow it: OpenSSL with Options = UnsafeLegacyServerConnect.",
        example: "no renegotiation_info in the ServerHello",
        references: "RFC 5746 section 3.6, RFC 9325 section 3.3 (compression)",
    },
};

pub(in crate::check) static TLS_EXTENDED_MASTER_SECRET_MISSING: Rule = Rule {
    id: "tls-extended-master-secret-missing",
    severity: Severity::Notice,
    title: "clients in FIPS mode cannot connect: TLS 1.2 without the extended master secret",
    docs: Docs {
        sees: "The server chose TLS 1.2 or older, in the session or in the scan (--tls-scan), and did not confirm the extended master secret, which smtpcheck offers.",
        matters: "Most clients connect. Clients in FIPS 140-3 mode do not: RHEL 9.2 and later in FIPS mode, OpenSSL's FIPS provider from 3.1 on, Go with GODEBUG=fips140=only, rustls in FIPS mode.",
        action: "Server operator: switch TLS 1.3 on, or update the server's TLS library.",
        example: "a server with OpenSSL 1.0.2, as on RHEL 7",
        references: "RFC 7627 section 5.3 (clients may end the handshake without it)",
    },
};
