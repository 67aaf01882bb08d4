//! The rule about clients that do not connect although the handshake of smtpcheck succeeded.

use super::super::{Docs, Rule, Severity};

/// All of them; `tls-renegotiation-insecure`, which is raised here too, belongs to the scan.
pub(super) static RULES: &[&Rule] = &[&TLS_EXTENDED_MASTER_SECRET_MISSING];

pub(in crate::check) static TLS_EXTENDED_MASTER_SECRET_MISSING: Rule = Rule {
    id: "tls-extended-master-secret-missing",
    severity: Severity::Notice,
    title: "clients in FIPS mode cannot connect: TLS 1.2 without the extended master secret",
    cites: &["RFC 7627 section 5.3"],
    docs: Docs {
        sees: "The server chose TLS 1.2 or older, in the session or in the scan (--tls-scan), and did not confirm the extended master secret, which smtpcheck offers.",
        matters: "Most clients connect. Clients in FIPS 140-3 mode do not: RHEL 9.2 and later in FIPS mode, OpenSSL's FIPS provider from 3.1 on, Go with GODEBUG=fips140=only, rustls in FIPS mode.",
        action: "Server operator: switch TLS 1.3 on, or update the server's TLS library.",
        example: "a server with OpenSSL 1.0.2, as on RHEL 7",
        references: "RFC 7627 section 5.3 (clients may end the handshake without it)",
    },
};
