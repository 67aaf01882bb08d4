//! The rules about failed handshakes, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All of them.
pub(super) static RULES: &[&Rule] = &[
    &TLS_VERSION_TOO_OLD,
    &TLS_SUITES_TOO_OLD,
    &TLS_GROUP_UNUSUAL,
    &TLS_KEY_UNUSUAL,
    &TLS_LARGE_HELLO_REFUSED,
    &TLS_DOWNGRADED,
    &CLIENT_CERTIFICATE_REQUIRED,
    &CLIENT_CERTIFICATE_REFUSED,
    &TLS_HANDSHAKE_FAILED,
];

pub(super) static TLS_VERSION_TOO_OLD: Rule = Rule {
    id: "tls-version-too-old",
    severity: Severity::Error,
    title: "the server supports only obsolete TLS versions",
    docs: Docs {
        sees: "The normal handshake failed, and the server responded to a ClientHello that offers old versions with TLS 1.1 or older; or with TLS 1.2, although --tls-min 1.3 requires more.",
        matters: "TLS 1.0 and 1.1 are deprecated, and SSL is broken. Current programs do not connect, and their error messages do not name the version.",
        action: "Server operator: update the server or its TLS library, or switch TLS 1.2 and 1.3 on. If a device does not support them, put a relay in front of it that does.",
        example: "an old appliance that responds with TLS 1.0",
        references: "RFC 8996 sections 4 and 5 (TLS 1.0 and 1.1 are deprecated), RFC 7568 (SSLv3)",
    },
};

pub(super) static TLS_SUITES_TOO_OLD: Rule = Rule {
    id: "tls-suites-too-old",
    severity: Severity::Error,
    title: "the server has only cipher suites that some current programs do not offer",
    docs: Docs {
        sees: "The normal handshake failed, and the server responded to a ClientHello that offers everything with TLS 1.2 and a suite that many current programs do not offer: without forward secrecy, with CBC, or with finite-field Diffie-Hellman (DHE). The finding lists which clients connect and which do not, with their error messages. OpenSSL 3 rejects a DHE prime of fewer than 2048 bits with 'dh key too small'.",
        matters: "Programs with some TLS libraries do not connect and others do, so it works on one machine and fails on another.",
        action: "Server operator: allow ECDHE with AES-GCM or ChaCha20 (in Postfix: smtpd_tls_mandatory_ciphers=high, and no exclusions of ECDHE), or update the TLS library.",
        example: "TLS_RSA_WITH_AES_128_CBC_SHA and nothing else",
        references: "RFC 9325 sections 4.1 and 4.2 (which suites to use)",
    },
};

pub(super) static TLS_GROUP_UNUSUAL: Rule = Rule {
    id: "tls-group-unusual",
    severity: Severity::Error,
    title: "the server accepts only key exchange groups that some current programs do not offer",
    docs: Docs {
        sees: "The normal handshake failed, and the server responded to a ClientHello that offers all groups with one that smtpcheck's TLS library does not support: P-521, X448, a finite field (ffdhe), a Brainpool curve.",
        matters: "Every client offers X25519 and P-256. Which other groups it offers depends on its TLS library. The finding lists which clients connect.",
        action: "Server operator: add X25519 and P-256 to the server's groups (in Postfix: tls_eecdh_auto_curves; in Dovecot: ssl_curve_list).",
        example: "a server whose only group is P-521",
        references: "RFC 8446 section 9.1 (P-256 must be implemented, X25519 should be), RFC 8446 section 4.2.7, RFC 8422 section 5.1.1",
    },
};

pub(super) static TLS_KEY_UNUSUAL: Rule = Rule {
    id: "tls-key-unusual",
    severity: Severity::Error,
    title: "the server's certificate has a key or signature that some current programs do not accept",
    docs: Docs {
        sees: "The normal handshake failed, and the server responded to a ClientHello that offers everything with a certificate or signature that smtpcheck's TLS library does not accept: Brainpool, DSA, or a signature with SHA-1.",
        matters: "Every client accepts RSA and ECDSA with P-256. What else it accepts depends on its TLS library. The finding lists which clients connect.",
        action: "Server operator: get a certificate with an RSA or ECDSA P-256 key, in addition to the other one or instead of it.",
        example: "a certificate with a key on a Brainpool curve",
        references: "RFC 8446 section 9.1 (signatures that must be implemented), RFC 9155 (no SHA-1 in TLS 1.2), RFC 8446 section 4.2.3",
    },
};

pub(super) static TLS_LARGE_HELLO_REFUSED: Rule = Rule {
    id: "tls-large-hello-refused",
    severity: Severity::Error,
    title: "the server, or a device in front of it, cannot read a large ClientHello",
    docs: Docs {
        sees: "The normal ClientHello, which takes more than one packet because of its post-quantum key share, got no TLS response. A small one got a response, and a large one without any new algorithm did not.",
        matters: "Current browsers, OpenSSL, Go and rustls send large ClientHellos. All of them fail with this server.",
        action: "Server operator: update the server, the load balancer or the firewall that inspects TLS, so that it reads a ClientHello of several packets. Until then, post-quantum groups can be switched off in the programs that connect.",
        example: "a proxy that reads the server name from the first packet only (tldr.fail)",
        references: "RFC 8446 section 4.1.2; https://tldr.fail",
    },
};

pub(super) static TLS_DOWNGRADED: Rule = Rule {
    id: "tls-downgraded",
    severity: Severity::Error,
    title: "a device on the network path lowers the TLS version",
    docs: Docs {
        sees: "The server chose TLS 1.2 and marked that it supports TLS 1.3, although smtpcheck offered TLS 1.3.",
        matters: "The server did not receive what was sent: a proxy, a firewall or an attacker changes the handshake. The TLS library aborts it.",
        action: "Repeat the check from another network. If the result is the same, the server's operator should check the proxy or the TLS inspection in front of the server.",
        example: "DOWNGRD 01 at the end of the server's random number",
        references: "RFC 8446 section 4.1.3 (downgrade protection)",
    },
};

pub(super) static CLIENT_CERTIFICATE_REQUIRED: Rule = Rule {
    id: "client-certificate-required",
    severity: Severity::Error,
    title: "the server requires a client certificate",
    docs: Docs {
        sees: "The server requested a client certificate, smtpcheck sent none (no --cert), and the server aborted the connection.",
        matters: "The server accepts only clients whose certificates it trusts.",
        action: "Give a client certificate with --cert and --key, or use the port for clients without one.",
        example: "alert 116 certificate_required, after the handshake",
        references: "RFC 8446 sections 4.4.2.4 and 6.2",
    },
};

pub(super) static CLIENT_CERTIFICATE_REFUSED: Rule = Rule {
    id: "client-certificate-refused",
    severity: Severity::Error,
    title: "the server rejects the client certificate",
    docs: Docs {
        sees: "smtpcheck sent the certificate of --cert, and the server closed the connection with an alert about it.",
        matters: "The certificate has expired, was revoked, was issued by a CA that the server does not trust, or was sent without its chain.",
        action: "Compare the alert with the certificate: 45 expired, 44 revoked, 48 unknown CA. The file of --cert must contain the complete chain. Server operator: add the CA to those that the server trusts.",
        example: "alert 48 unknown_ca",
        references: "RFC 8446 section 6.2 (error alerts)",
    },
};

pub(super) static TLS_HANDSHAKE_FAILED: Rule = Rule {
    id: "tls-handshake-failed",
    severity: Severity::Error,
    title: "the TLS handshake fails",
    docs: Docs {
        sees: "The handshake began but did not complete: the server sent an alert, closed the connection or did not respond, or the two sides did not agree on the parameters.",
        matters: "Without TLS there is no encrypted connection, so no login, and no mail from senders that require TLS.",
        action: "Server operator: read the mail log for the time of the check. The alerts protocol_version and handshake_failure mean that the server supports only old versions or ciphers. A closed connection often means that the server has no certificate for this name.",
        example: "alert 40 handshake_failure",
        references: "RFC 8446 section 6 (alerts), RFC 8996 (TLS 1.0 and 1.1 are deprecated)",
    },
};
