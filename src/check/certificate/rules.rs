//! The rules about certificates, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All of them, in the order in which they are judged.
pub(super) static RULES: &[&Rule] = &[
    &CERTIFICATE_INTERCEPTED,
    &CERTIFICATE_UNTRUSTED,
    &CERTIFICATE_SELF_SIGNED,
    &CERTIFICATE_CHAIN_INCOMPLETE,
    &CERTIFICATE_NAME_CONSTRAINED,
    &CERTIFICATE_NAME_MISMATCH,
    &CERTIFICATE_EXPIRED,
    &CERTIFICATE_NOT_YET_VALID,
    &CERTIFICATE_INTERMEDIATE_EXPIRED,
    &CERTIFICATE_EXPIRES_SOON,
    &CERTIFICATE_REVOKED,
    &CERTIFICATE_STAPLE_MISSING,
    &CERTIFICATE_STAPLE_UNUSABLE,
    &CERTIFICATE_SIGNATURE_INVALID,
    &CERTIFICATE_KEY_WEAK,
    &CERTIFICATE_SIGNATURE_WEAK,
    &CERTIFICATE_USAGE_WRONG,
    &CERTIFICATE_LIMITED_CLIENTS,
    &CERTIFICATE_CHAIN_DISORDERED,
    &CERTIFICATE_CHAIN_UNNECESSARY,
    &CERTIFICATE_LIFETIME_LONG,
];

pub(super) static CERTIFICATE_UNTRUSTED: Rule = Rule {
    id: "certificate-untrusted",
    severity: Severity::Error,
    title: "the certificate is not issued by a trusted CA",
    docs: Docs {
        sees: "The chain that the server sent does not lead to a trusted root: its CA is private or unknown to this machine, or the chain is broken. A warning on port 25 without a login, where mail servers do not verify certificates.",
        matters: "Anyone can create such a certificate, so a client cannot distinguish the server from an on-path attacker. Programs that verify certificates reject it.",
        action: "If the CA is private, give its root with --cacert, and install that root in every program that sends to this server. If the CA is public, update ca-certificates on this machine, or ask the server's operator to install the complete chain.",
        example: "a certificate of a company's own CA",
        references: "RFC 5280 section 6.1 (path validation)",
    },
};

pub(super) static CERTIFICATE_SELF_SIGNED: Rule = Rule {
    id: "certificate-self-signed",
    severity: Severity::Error,
    title: "the certificate is self-signed, not issued by a CA",
    docs: Docs {
        sees: "Subject and issuer of the server's certificate are the same, it is signed with its own key, and it is not in the trust store. A warning on port 25 without a login.",
        matters: "Anyone can create one for any name. Programs that verify certificates reject it. Programs that do not verify cannot distinguish the server from an on-path attacker.",
        action: "Server operator: get a certificate of a public CA (ACME is free). If you operate a private server, give its certificate with --cacert: an exact match is trusted.",
        example: "a certificate of openssl req -x509, or a package's snakeoil certificate",
        references: "RFC 5280 section 6.1 (path validation)",
    },
};

pub(super) static CERTIFICATE_CHAIN_INCOMPLETE: Rule = Rule {
    id: "certificate-chain-incomplete",
    severity: Severity::Error,
    title: "the server does not send the intermediate certificate",
    docs: Docs {
        sees: "The server's certificate was not signed by any of the certificates that were sent, nor by a trusted root, and it contains the URL of its issuer's certificate. A warning on port 25 without a login.",
        matters: "Browsers download or cache the missing certificate, mail programs and mail servers do not. The connection therefore works in some programs and fails in others.",
        action: "Server operator: install the complete chain: fullchain.pem instead of cert.pem, the server's certificate first.",
        example: "a certificate issued by R11 (Let's Encrypt), and R11's own certificate is not sent",
        references: "RFC 8446 section 4.4.2 (certificate list), RFC 5280 section 4.2.2.1 (URL of the issuer's certificate)",
    },
};

pub(super) static CERTIFICATE_INTERCEPTED: Rule = Rule {
    id: "certificate-intercepted",
    severity: Severity::Error,
    title: "a virus scanner or gateway replaces the server's certificate",
    docs: Docs {
        sees: "The issuer of an untrusted certificate is a virus scanner on this machine or a network gateway, not a CA. Or the host name is that of a known public provider, and the certificate is self-signed or comes from a CA that is not public.",
        matters: "It intercepts and reads the entire session. Programs that verify certificates reject its certificate. The server's own certificate was not seen.",
        action: "Switch off the scanning of encrypted mail, or exclude this program. On a company network, ask its administrator for the gateway's root certificate.",
        example: "issuer: O=Avast Web/Mail Shield, CN=Avast Web/Mail Shield Root",
        references: "RFC 5280 section 6.1",
    },
};

pub(super) static CERTIFICATE_NAME_MISMATCH: Rule = Rule {
    id: "certificate-name-mismatch",
    severity: Severity::Error,
    title: "the certificate does not match the host name",
    docs: Docs {
        sees: "None of the names in the certificate matches the host that smtpcheck connected to. A warning on port 25 without a login.",
        matters: "Clients that verify certificates reject it, because it may be a different server.",
        action: "Connect to a name in the certificate, or ask the server's operator to add the host name to the certificate. On shared hosting, use the host name of the hosting company.",
        example: "mail.example.net, certificate for *.hoster.example",
        references: "RFC 9525 section 6.1, RFC 8314 section 3.2",
    },
};

pub(super) static CERTIFICATE_EXPIRED: Rule = Rule {
    id: "certificate-expired",
    severity: Severity::Error,
    title: "the certificate has expired",
    docs: Docs {
        sees: "The server's certificate has expired. A warning on port 25 without a login.",
        matters: "Clients that verify certificates refuse to connect.",
        action: "Server operator: renew the certificate and reload the mail service; until the service reads the renewed file, it uses the old one. If the certificate should still be valid, check this machine's clock.",
        example: "notAfter=Nov 18 06:02:11 2026 GMT",
        references: "RFC 5280 section 4.1.2.5",
    },
};

pub(super) static CERTIFICATE_NOT_YET_VALID: Rule = Rule {
    id: "certificate-not-yet-valid",
    severity: Severity::Error,
    title: "the certificate is not valid yet",
    docs: Docs {
        sees: "The validity of the server's certificate begins in the future. A warning on port 25 without a login.",
        matters: "Until then, clients that verify certificates refuse to connect. Often this machine's clock is wrong.",
        action: "Check this machine's clock first. Server operator: if the clock is right, use a certificate that is already valid.",
        example: "a machine whose clock is set to 1970",
        references: "RFC 5280 section 4.1.2.5",
    },
};

pub(super) static CERTIFICATE_EXPIRES_SOON: Rule = Rule {
    id: "certificate-expires-soon",
    severity: Severity::Warning,
    title: "a certificate of the chain expires soon",
    docs: Docs {
        sees: "The server's certificate, or one between it and the root, expires in 21 days or less (--cert-days changes this; its second number makes it an error).",
        matters: "Automatic renewal normally happens about 30 days before expiry, so it has probably failed.",
        action: "Server operator: renew the certificate now, reload the mail service, and find out why the automatic renewal failed.",
        example: "certbot renewed the file, but Postfix was not reloaded",
        references: "RFC 5280 section 4.1.2.5",
    },
};

pub(super) static CERTIFICATE_SIGNATURE_INVALID: Rule = Rule {
    id: "certificate-signature-invalid",
    severity: Severity::Error,
    title: "the server does not prove that it has the certificate's key",
    docs: Docs {
        sees: "The handshake is signed with a different key than the certificate's.",
        matters: "The certificate may have been copied from another server.",
        action: "Server operator: check that the key and the certificate match.",
        example: "the certificate was renewed with a new key, and the old key is still in use",
        references: "RFC 8446 section 4.4.3",
    },
};

pub(super) static CERTIFICATE_INTERMEDIATE_EXPIRED: Rule = Rule {
    id: "certificate-intermediate-expired",
    severity: Severity::Error,
    title: "a certificate between the server's and the root is expired or not yet valid",
    docs: Docs {
        sees: "A CA certificate in the chain to the root has expired or is not yet valid. A warning on port 25 without a login.",
        matters: "Clients that verify certificates refuse to connect, even if the server's own certificate is valid.",
        action: "Server operator: install the current chain of the CA (from the CA's page of chain certificates) and reload the mail service.",
        example: "the AddTrust root in May 2020, DST Root CA X3 in September 2021",
        references: "RFC 5280 section 6.1.3 (each certificate of the path must be valid at the current time)",
    },
};

pub(super) static CERTIFICATE_KEY_WEAK: Rule = Rule {
    id: "certificate-key-weak",
    severity: Severity::Error,
    title: "a key in the chain is too short",
    docs: Docs {
        sees: "The chain contains an RSA key of less than 2048 bits, an elliptic curve of less than 256 bits, or a DSA key. A warning on port 25 without a login.",
        matters: "Such keys can be broken. Current programs reject them, often with an error message that does not mention the key.",
        action: "Server operator: create a new key (EC P-256, or RSA with 2048 bits or more) and get a certificate for it.",
        example: "an RSA key of 1024 bits; OpenSSL reports: ee key too small",
        references: "RFC 9325 section 4.5 (key lengths)",
    },
};

pub(super) static CERTIFICATE_SIGNATURE_WEAK: Rule = Rule {
    id: "certificate-signature-weak",
    severity: Severity::Error,
    title: "a certificate is signed with MD5 or SHA-1",
    docs: Docs {
        sees: "The server's certificate, or one between it and the root, is signed with a hash that can be forged. A warning on port 25 without a login.",
        matters: "Current programs reject it; OpenSSL reports: ca md too weak.",
        action: "Server operator: get a new certificate that is signed with SHA-256 or better; change the settings of a private CA first.",
        example: "sha1WithRSAEncryption",
        references: "RFC 9155 section 2 (MD5 and SHA-1 in signatures), RFC 9325 section 4.5",
    },
};

pub(super) static CERTIFICATE_USAGE_WRONG: Rule = Rule {
    id: "certificate-usage-wrong",
    severity: Severity::Error,
    title: "the certificate is not for a TLS server",
    docs: Docs {
        sees: "Its extended key usage lacks serverAuth, its key usage lacks digitalSignature, or it is the certificate of a CA (CA:TRUE; a warning, because OpenSSL and GnuTLS accept it). A warning on port 25 without a login.",
        matters: "Programs that verify certificates reject it, because it was issued for another purpose.",
        action: "Server operator: get a certificate for a TLS server: CA:FALSE, extended key usage serverAuth, key usage digitalSignature.",
        example: "a certificate for clients (clientAuth) or for signing mail (emailProtection)",
        references: "RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12",
    },
};

pub(super) static CERTIFICATE_NAME_CONSTRAINED: Rule = Rule {
    id: "certificate-name-constrained",
    severity: Severity::Error,
    title: "the CA is not allowed to certify this name",
    docs: Docs {
        sees: "The name constraints of a CA in the chain exclude a name of the server's certificate. A warning on port 25 without a login.",
        matters: "Programs that verify certificates reject it, even if everything else about it is right.",
        action: "Server operator: get the certificate from a CA that is allowed to certify this name, or widen the constraints of a private CA.",
        example: "a CA for example.com issues a certificate for mail.example.net",
        references: "RFC 5280 section 4.2.1.10 (name constraints)",
    },
};

pub(super) static CERTIFICATE_CHAIN_DISORDERED: Rule = Rule {
    id: "certificate-chain-disordered",
    severity: Severity::Warning,
    title: "the certificates are sent in the wrong order",
    docs: Docs {
        sees: "A certificate was signed by one that comes before it in the list.",
        matters: "Most programs sort the certificates. Older ones do not, and fail.",
        action: "Server operator: sort the file: the server's certificate first, then always the certificate that signed the previous one.",
        example: "leaf, root, intermediate",
        references: "RFC 8446 section 4.4.2 (each certificate should certify the one before it; in TLS 1.2 it must)",
    },
};

pub(super) static CERTIFICATE_CHAIN_UNNECESSARY: Rule = Rule {
    id: "certificate-chain-unnecessary",
    severity: Severity::Notice,
    title: "the server sends unnecessary certificates",
    docs: Docs {
        sees: "A certificate is sent twice, is a root, belongs to another chain, or more than ten are sent.",
        matters: "It costs bytes and packets in each handshake. A root is not trusted because it is sent. An expired certificate confuses some programs.",
        action: "Server operator: remove it from the file. The server's certificate and the intermediate certificates are enough.",
        example: "fullchain.pem pasted twice into one file",
        references: "RFC 8446 section 4.4.2 (the root may be left out)",
    },
};

pub(super) static CERTIFICATE_STAPLE_MISSING: Rule = Rule {
    id: "certificate-staple-missing",
    severity: Severity::Error,
    title: "the certificate requires an OCSP response (must-staple), and the server sends no valid one",
    docs: Docs {
        sees: "The certificate has the must-staple extension, but the server sent no OCSP response with it, or an invalid one: out of date, about another certificate, or not signed by the issuer. A warning on port 25 without a login.",
        matters: "Programs that enforce must-staple, including all with GnuTLS, reject the certificate. Most mail servers cannot send OCSP responses at all.",
        action: "Server operator: get a certificate without must-staple, or switch OCSP stapling on if the server supports it (Exim: tls_ocsp_file).",
        example: "TLS Feature: status_request",
        references: "RFC 7633 section 4.2.2, RFC 6066 section 8",
    },
};

pub(super) static CERTIFICATE_REVOKED: Rule = Rule {
    id: "certificate-revoked",
    severity: Severity::Error,
    title: "the CA has revoked the certificate",
    docs: Docs {
        sees: "The OCSP response that the server sends with its certificate reports the status revoked, is about this certificate, and is signed by its issuer or by a responder that the issuer authorized. A warning on port 25 without a login.",
        matters: "The certificate is no longer valid, usually because its key was compromised. Programs that check for revocation reject it.",
        action: "Server operator: immediately create a new key and get a new certificate for it.",
        example: "Cert Status: revoked",
        references: "RFC 6960 section 2.2 (status of a certificate)",
    },
};

pub(super) static CERTIFICATE_LIFETIME_LONG: Rule = Rule {
    id: "certificate-lifetime-long",
    severity: Severity::Notice,
    title: "the certificate is valid for more than 825 days",
    docs: Docs {
        sees: "The period of validity of the server's certificate is longer than 825 days.",
        matters: "Apple's systems reject server certificates that are valid for longer, including those of private CAs. Public CAs are no longer allowed to issue them.",
        action: "Server operator: use a certificate with a shorter validity, and renew it automatically.",
        example: "openssl req -x509 -days 3650",
        references: "RFC 5280 section 4.1.2.5; Apple: Requirements for trusted certificates in iOS 13 and macOS 10.15 (support.apple.com/103769)",
    },
};

pub(super) static CERTIFICATE_STAPLE_UNUSABLE: Rule = Rule {
    id: "certificate-staple-unusable",
    severity: Severity::Error,
    title: "the server's OCSP response is invalid",
    docs: Docs {
        sees: "The server sent an OCSP response that is about another certificate, is not signed by the issuer or a responder that it authorized, is out of date, or cannot be read.",
        matters: "Clients that use GnuTLS close the connection. Most others continue without the response, so they do not notice a revocation.",
        action: "Server operator: fetch a new OCSP response for the current certificate and reload the mail service, or switch OCSP stapling off.",
        example: "the certificate was renewed, and the response for the old one is still sent",
        references: "RFC 6960 section 3.2 (when a response is accepted), section 4.2.2.2 (authorized responders)",
    },
};

pub(super) static CERTIFICATE_LIMITED_CLIENTS: Rule = Rule {
    id: "certificate-limited-clients",
    severity: Severity::Warning,
    title: "some clients cannot verify the certificate",
    docs: Docs {
        sees: "The chain is valid, but it has a feature that not every TLS library supports: a critical certificatePolicies or inhibitAnyPolicy, name constraints for directory names, more than six CA certificates, an unusual signature, or the host name only in the common name.",
        matters: "Clients with OpenSSL and GnuTLS connect. Clients with another TLS library reject the certificate.",
        action: "Server operator: get a certificate without this feature if such clients must be able to connect.",
        example: "X509v3 Certificate Policies: critical",
        references: "RFC 5280 section 4.2 (a client rejects a critical extension that it cannot process)",
    },
};
