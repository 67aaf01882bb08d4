//! Rules for servers that accept smtpcheck's TLS connections, but not those of some other clients.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file. The TLS scan also reports them.
pub(super) static RULES: &[&Rule] = &[&TLS_RENEGOTIATION_INSECURE, &TLS_EXTENDED_MASTER_SECRET_MISSING];

pub(in crate::check) static TLS_RENEGOTIATION_INSECURE: Rule = Rule {
    id: "tls-renegotiation-insecure",
    severity: Severity::Warning,
    title: "the server does not support secure renegotiation, or uses TLS compression",
    docs: Docs {
        sees: "The server chose TLS 1.2 in the session and did not send renegotiation_info. With --tls-scan, the rule also applies if the server omits renegotiation_info in TLS 1.2 or an older version, or uses compression.",
        matters: "Programs that use OpenSSL 3 (PHP, Python, Postfix, swaks) abort the handshake with 'unsafe legacy renegotiation disabled'. Without renegotiation_info, an on-path attacker can insert data before the client's data (CVE-2009-3555). If the server uses compression, an attacker can guess secrets from the size of the compressed data (CRIME).",
        action: "Server operator: update the TLS library of the server, or of the device in front of it. Until then, configure clients to accept such servers (in OpenSSL, with Options = UnsafeLegacyServerConnect).",
        example: "no renegotiation_info in the ServerHello",
        references: "RFC 5746 section 3.6, RFC 9325 section 3.3 (compression)",
    },
};

pub(in crate::check) static TLS_EXTENDED_MASTER_SECRET_MISSING: Rule = Rule {
    id: "tls-extended-master-secret-missing",
    severity: Severity::Notice,
    title: "the server does not use the extended master secret, so clients in FIPS mode cannot connect",
    docs: Docs {
        sees: "In the session or in the scan (--tls-scan), the server chose TLS 1.2 or older and did not use the extended master secret, although smtpcheck offered it.",
        matters: "Clients in FIPS 140-3 mode cannot connect, for example RHEL 9.2 and later in FIPS mode, OpenSSL's FIPS provider from version 3.1, Go with GODEBUG=fips140=only, and rustls in FIPS mode. Other clients can connect.",
        action: "Server operator: enable TLS 1.3, or update the server's TLS library.",
        example: "a server with OpenSSL 1.0.2, as on RHEL 7",
        references: "RFC 7627 section 5.3 (a client may abort a handshake without the extended master secret)",
    },
};
