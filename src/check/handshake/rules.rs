//! Rules for failed handshakes, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file.
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
        sees: "The normal handshake failed. In response to a ClientHello that also offers old versions, the server chose TLS 1.1 or older, or it chose TLS 1.2 although --tls-min 1.3 was given.",
        matters: "TLS 1.0 and 1.1 are deprecated, and SSL is broken. Current programs do not connect, and their error messages often do not mention the TLS version.",
        action: "Server operator: update the server or its TLS library, or enable TLS 1.2 and 1.3. If a device does not support these versions, put a relay that supports them in front of it.",
        example: "an old appliance that responds with TLS 1.0",
        references: "RFC 8996 sections 4 and 5 (TLS 1.0 and 1.1 are deprecated), RFC 7568 (SSLv3)",
    },
};

pub(super) static TLS_SUITES_TOO_OLD: Rule = Rule {
    id: "tls-suites-too-old",
    severity: Severity::Error,
    title: "the server uses a cipher suite that some current programs do not offer",
    docs: Docs {
        sees: "The normal handshake failed. In response to a ClientHello that offers all cipher suites, the server chose TLS 1.2 and a suite that many current programs do not offer: a suite without forward secrecy, with CBC, or with finite-field Diffie-Hellman (DHE). The finding lists the clients that connect and those that do not, with their error messages.",
        matters: "Whether a program can connect depends on its TLS library, so sending works on one machine and fails on another. For example, OpenSSL 3 rejects a DHE prime of fewer than 2048 bits with 'dh key too small'.",
        action: "Server operator: allow ECDHE with AES-GCM or ChaCha20 (in Postfix, set smtpd_tls_mandatory_ciphers=high, and do not exclude ECDHE), or update the TLS library.",
        example: "a server that supports only TLS_RSA_WITH_AES_128_CBC_SHA",
        references: "RFC 9325 sections 4.1 and 4.2 (recommended cipher suites)",
    },
};

pub(super) static TLS_GROUP_UNUSUAL: Rule = Rule {
    id: "tls-group-unusual",
    severity: Severity::Error,
    title: "the server uses a key exchange group that some current programs do not offer",
    docs: Docs {
        sees: "The normal handshake failed. In response to a ClientHello that offers all groups, the server chose a group that smtpcheck's TLS library does not support: P-521, X448, a finite-field group (ffdhe) or a Brainpool curve.",
        matters: "Every current client offers X25519 and P-256. Support for other groups depends on the TLS library. The finding lists the clients that connect and those that do not.",
        action: "Server operator: add X25519 and P-256 to the server's groups (in Postfix, with tls_eecdh_auto_curves; in Dovecot, with ssl_curve_list).",
        example: "a server whose only group is P-521",
        references: "RFC 8446 section 9.1 (P-256 must be implemented, X25519 should be), RFC 8446 section 4.2.7, RFC 8422 section 5.1.1",
    },
};

pub(super) static TLS_KEY_UNUSUAL: Rule = Rule {
    id: "tls-key-unusual",
    severity: Severity::Error,
    title: "the server's certificate has a key or signature that some current programs do not accept",
    docs: Docs {
        sees: "The normal handshake failed. In response to a ClientHello that offers all algorithms, the server used a certificate or signature that smtpcheck's TLS library does not accept: a Brainpool or DSA key, or a signature with SHA-1.",
        matters: "Every current client accepts RSA keys and ECDSA keys on P-256. Support for other keys depends on the TLS library. The finding lists the clients that connect and those that do not.",
        action: "Server operator: get a certificate with an RSA or ECDSA P-256 key. Replace the current certificate with the new one, or use both.",
        example: "a certificate with a key on a Brainpool curve",
        references: "RFC 8446 section 9.1 (signatures that must be implemented), RFC 9155 (no SHA-1 in TLS 1.2), RFC 8446 section 4.2.3",
    },
};

pub(super) static TLS_LARGE_HELLO_REFUSED: Rule = Rule {
    id: "tls-large-hello-refused",
    severity: Severity::Error,
    title: "the server, or a device in front of it, cannot read a large ClientHello",
    docs: Docs {
        sees: "The server sent no TLS response to the normal ClientHello, which needs more than one packet because of its post-quantum key share. It responded to a small ClientHello, but not to a large ClientHello without new algorithms.",
        matters: "Current versions of OpenSSL, Go, rustls and browsers send large ClientHellos, so none of them can connect to this server.",
        action: "Server operator: update the server, the load balancer or the firewall that inspects TLS to a version that accepts ClientHellos of several packets. Until then, disable post-quantum groups in the programs that connect.",
        example: "a proxy that looks for the server name only in the first packet (tldr.fail)",
        references: "RFC 8446 section 4.1.2; https://tldr.fail",
    },
};

pub(super) static TLS_DOWNGRADED: Rule = Rule {
    id: "tls-downgraded",
    severity: Severity::Error,
    title: "a device on the network path lowers the TLS version",
    docs: Docs {
        sees: "The server chose TLS 1.2, although smtpcheck offered TLS 1.3. A downgrade marker in the server's response shows that the server also supports TLS 1.3.",
        matters: "A proxy, a firewall or an attacker is probably changing the ClientHello in transit. TLS libraries abort such a handshake.",
        action: "Repeat the check from another network. Server operator: if the result is the same from every network, check the proxy or the TLS inspection in front of the server.",
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
        action: "Specify a client certificate with --cert and --key, or use a port that does not require a client certificate.",
        example: "alert 116 certificate_required, after the handshake",
        references: "RFC 8446 sections 4.4.2.4 and 6.2",
    },
};

pub(super) static CLIENT_CERTIFICATE_REFUSED: Rule = Rule {
    id: "client-certificate-refused",
    severity: Severity::Error,
    title: "the server rejects the client certificate",
    docs: Docs {
        sees: "smtpcheck sent the client certificate given with --cert, and the server closed the connection with an alert about the certificate.",
        matters: "The client cannot use the server. The client certificate has expired, was revoked, was issued by a CA that the server does not trust, or was sent without its chain.",
        action: "Look at the number of the alert: 45 means that the certificate has expired, 44 means that it was revoked, and 48 means that the CA is unknown. Make sure that the file given with --cert contains the complete chain. Server operator: add the CA to the server's list of trusted CAs.",
        example: "alert 48 unknown_ca",
        references: "RFC 8446 section 6.2 (error alerts)",
    },
};

pub(super) static TLS_HANDSHAKE_FAILED: Rule = Rule {
    id: "tls-handshake-failed",
    severity: Severity::Error,
    title: "the TLS handshake fails",
    docs: Docs {
        sees: "The handshake began but did not complete, and no other rule explains the failure. The server sent an alert, closed the connection or did not respond, or the client and the server did not agree on the parameters.",
        matters: "Without TLS the connection is not encrypted, so clients cannot log in safely, and senders that require TLS cannot send mail.",
        action: "Server operator: read the mail log for the time of the check. The alerts protocol_version and handshake_failure usually mean that the server supports only old versions or cipher suites. A closed connection often means that the server has no certificate for this name.",
        example: "alert 40 handshake_failure",
        references: "RFC 8446 section 6 (alerts), RFC 8996 (TLS 1.0 and 1.1 are deprecated)",
    },
};
