//! Rules for certificates, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file.
pub(super) static RULES: &[&Rule] = &[
    &CERTIFICATE_INTERCEPTED,
    &TRUST_STORE_MISSING,
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

pub(super) static TRUST_STORE_MISSING: Rule = Rule {
    id: "trust-store-missing",
    severity: Severity::Warning,
    title: "no trust store was found on this machine",
    docs: Docs {
        sees: "smtpcheck found no trusted CA certificate on this machine: the package ca-certificates is not installed, its file is empty or cannot be read, or SSL_CERT_FILE or SSL_CERT_DIR specifies a location without certificates. smtpcheck then verifies the server's certificate with Mozilla's root certificates, which are compiled in. If they do not verify it and the location may have contained the CA, the finding has the severity of the certificate's fault and comes before it. It is only a notice on port 25 without a login, with --insecure, and if a variable is wrong while the system's own file has certificates. It is not reported with --cacert, by smtpcheck domain, nor on macOS and Windows unless a variable specifies the location. smtpcheck reads only the locations that the variables specify; some programs also read the system's directory.",
        matters: "The check can succeed although programs on the same machine, or in the same container, fail: those that use the system's trust store reject the certificate of every server. Typical messages are \"certificate signed by unknown authority\" and \"unable to get local issuer certificate\". The server is not at fault.",
        action: "Install the package ca-certificates, also in container images, or correct the variable. If smtpcheck runs in another container than your program, repeat the check in the program's container. If it does not matter, for example in a container that contains only smtpcheck, use --ignore trust-store-missing.",
        example: "a container image built FROM scratch or FROM debian without ca-certificates; SSL_CERT_FILE=/certs/ca.crt, although no file is mounted there",
        references: "OpenSSL: SSL_CERT_FILE and SSL_CERT_DIR (openssl-env(7)); RFC 5280 section 6.1 (trust anchors)",
    },
};

pub(super) static CERTIFICATE_UNTRUSTED: Rule = Rule {
    id: "certificate-untrusted",
    severity: Severity::Error,
    title: "the certificate is not issued by a trusted CA",
    docs: Docs {
        sees: "The chain that the server sent does not lead to a trusted root, because its CA is private or unknown to this machine, or because the chain is broken. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Anyone can create such a certificate, so a client cannot distinguish the server from an on-path attacker. Programs that verify certificates reject it.",
        action: "If the CA is private, pass its root certificate with --cacert, and install it in every program that sends to this server. If the CA is public, update ca-certificates on this machine. Server operator: install the complete chain.",
        example: "a certificate issued by a company's private CA",
        references: "RFC 5280 section 6.1 (path validation)",
    },
};

pub(super) static CERTIFICATE_SELF_SIGNED: Rule = Rule {
    id: "certificate-self-signed",
    severity: Severity::Error,
    title: "the certificate is self-signed, not issued by a CA",
    docs: Docs {
        sees: "The subject and the issuer of the server's certificate are the same, the certificate is signed with its own key, and it is not in the trust store. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Anyone can create such a certificate for any name. Programs that verify certificates reject it. Programs that do not verify certificates cannot distinguish the server from an on-path attacker.",
        action: "Server operator: get a certificate from a public CA (ACME CAs such as Let's Encrypt issue them free of charge). If the server is private, pass its certificate with --cacert; smtpcheck then trusts exactly this certificate. Trust the certificate in the program as well.",
        example: "a certificate created with openssl req -x509, or the snakeoil certificate that a package creates",
        references: "RFC 5280 section 6.1 (path validation)",
    },
};

pub(super) static CERTIFICATE_CHAIN_INCOMPLETE: Rule = Rule {
    id: "certificate-chain-incomplete",
    severity: Severity::Error,
    title: "the server does not send the intermediate certificate",
    docs: Docs {
        sees: "The server's certificate was not issued by a trusted root, and the server did not send the issuer's certificate. The server's certificate contains the URL of the issuer's certificate, or the issuer's name is that of an intermediate CA. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Some clients download or cache the missing certificate, but most mail programs and mail servers do not. The connection therefore works in some programs and fails in others.",
        action: "Server operator: install the complete chain (fullchain.pem instead of cert.pem), with the server's certificate first.",
        example: "the server sends a certificate issued by Let's Encrypt R11, but not the certificate of R11",
        references: "RFC 8446 section 4.4.2 (certificate list), RFC 5280 section 4.2.2.1 (URL of the issuer's certificate)",
    },
};

pub(super) static CERTIFICATE_INTERCEPTED: Rule = Rule {
    id: "certificate-intercepted",
    severity: Severity::Error,
    title: "a virus scanner or gateway replaces the server's certificate",
    docs: Docs {
        sees: "The server's certificate was issued by a virus scanner on this machine or by a network gateway, not by a CA. The rule also applies if the host name belongs to a known public provider, and the certificate is self-signed or was not issued by a public CA.",
        matters: "The scanner or gateway can read the entire session, and programs that verify certificates reject its certificate. smtpcheck could not examine the server's own certificate.",
        action: "Turn off scanning of encrypted mail, or exclude smtpcheck and your mail program from scanning. On a company network, ask the administrator for the gateway's root certificate.",
        example: "issuer: O=Avast Web/Mail Shield, CN=Avast Web/Mail Shield Root",
        references: "RFC 5280 section 6.1",
    },
};

pub(super) static CERTIFICATE_NAME_MISMATCH: Rule = Rule {
    id: "certificate-name-mismatch",
    severity: Severity::Error,
    title: "the certificate does not match the host name",
    docs: Docs {
        sees: "None of the names in the certificate matches the host that smtpcheck connected to. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Clients that verify certificates refuse to connect, because they may have reached a different server.",
        action: "In your program, use a name from the certificate as the server name. On shared hosting, use the host name of the hosting company's server. Server operator: get a certificate that contains the host name.",
        example: "the target is mail.example.net, but the certificate is for *.hoster.example",
        references: "RFC 9525 section 6.1, RFC 8314 section 3.2",
    },
};

pub(super) static CERTIFICATE_EXPIRED: Rule = Rule {
    id: "certificate-expired",
    severity: Severity::Error,
    title: "the certificate has expired",
    docs: Docs {
        sees: "According to this machine's clock, the server's certificate has expired. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Clients that verify certificates refuse to connect.",
        action: "Server operator: renew the certificate and reload the mail service. Without a reload, the service continues to use the old certificate. If the certificate should still be valid, check this machine's clock.",
        example: "notAfter=Nov 18 06:02:11 2026 GMT",
        references: "RFC 5280 section 4.1.2.5",
    },
};

pub(super) static CERTIFICATE_NOT_YET_VALID: Rule = Rule {
    id: "certificate-not-yet-valid",
    severity: Severity::Error,
    title: "the certificate is not valid yet",
    docs: Docs {
        sees: "The validity period of the server's certificate has not begun yet. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Until the certificate becomes valid, clients that verify certificates refuse to connect. Often, the certificate is correct and this machine's clock is wrong.",
        action: "Check this machine's clock first. Server operator: if the clock is correct, use a certificate that is already valid.",
        example: "a machine whose clock is set to 1970",
        references: "RFC 5280 section 4.1.2.5",
    },
};

pub(super) static CERTIFICATE_EXPIRES_SOON: Rule = Rule {
    id: "certificate-expires-soon",
    severity: Severity::Warning,
    title: "the certificate, or an intermediate certificate, expires soon",
    docs: Docs {
        sees: "The server's certificate, or an intermediate certificate, expires in 21 days or less. --cert-days changes this limit, and can set a second, shorter limit for an error.",
        matters: "Once the certificate has expired, clients that verify certificates refuse to connect. Automatic renewal usually takes place about 30 days before expiry, so it has probably failed, or the mail service has not loaded the new certificate.",
        action: "Server operator: renew the certificate and reload the mail service. If you use automatic renewal, find out why it did not take effect.",
        example: "certbot renewed the file, but Postfix was not reloaded",
        references: "RFC 5280 section 4.1.2.5",
    },
};

pub(super) static CERTIFICATE_SIGNATURE_INVALID: Rule = Rule {
    id: "certificate-signature-invalid",
    severity: Severity::Error,
    title: "the server does not prove that it has the certificate's key",
    docs: Docs {
        sees: "The handshake signature was not made with the key of the server's certificate. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Clients that verify certificates refuse to connect, because the certificate may have been copied from another server.",
        action: "Server operator: check that the key and the certificate match.",
        example: "the certificate was renewed with a new key, and the old key is still in use",
        references: "RFC 8446 section 4.4.3",
    },
};

pub(super) static CERTIFICATE_INTERMEDIATE_EXPIRED: Rule = Rule {
    id: "certificate-intermediate-expired",
    severity: Severity::Error,
    title: "an intermediate certificate has expired or is not valid yet",
    docs: Docs {
        sees: "A CA certificate in the chain to the root has expired or is not valid yet. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Clients that verify certificates refuse to connect, even if the server's own certificate is valid.",
        action: "Server operator: download the current chain from the CA's website, install it, and reload the mail service.",
        example: "the certificate that AddTrust External CA Root issued for the USERTrust RSA CA (expired in May 2020), or the one that DST Root CA X3 issued for Let's Encrypt R3 (expired in September 2021)",
        references: "RFC 5280 section 6.1.3 (each certificate in the path must be valid at the current time)",
    },
};

pub(super) static CERTIFICATE_KEY_WEAK: Rule = Rule {
    id: "certificate-key-weak",
    severity: Severity::Error,
    title: "a key in the chain is too short",
    docs: Docs {
        sees: "The chain contains an RSA key of less than 2048 bits, an elliptic-curve key of less than 256 bits, or a DSA key. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "An attacker may be able to compute the private key. Current programs reject such keys, often with an error message that does not mention the key.",
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
        sees: "The server's certificate, or an intermediate certificate, is signed with MD5 or SHA-1. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Such signatures can be forged, and current programs reject them. OpenSSL reports: ca md too weak.",
        action: "Server operator: get a new certificate that is signed with SHA-256 or better. If the CA is private, first configure it to sign with SHA-256.",
        example: "sha1WithRSAEncryption",
        references: "RFC 9155 section 2 (MD5 and SHA-1 in signatures), RFC 9325 section 4.5",
    },
};

pub(super) static CERTIFICATE_USAGE_WRONG: Rule = Rule {
    id: "certificate-usage-wrong",
    severity: Severity::Error,
    title: "the certificate is not for a TLS server",
    docs: Docs {
        sees: "The certificate's extended key usage lacks serverAuth, its key usage lacks digitalSignature, or the certificate is a CA certificate (CA:TRUE). For CA:TRUE, the finding is always a warning, because OpenSSL and GnuTLS accept such a certificate. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "The certificate was issued for another purpose, so most programs that verify certificates reject it.",
        action: "Server operator: get a certificate for a TLS server, with CA:FALSE, extended key usage serverAuth and key usage digitalSignature.",
        example: "a certificate for clients (clientAuth) or for signing mail (emailProtection)",
        references: "RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12",
    },
};

pub(super) static CERTIFICATE_NAME_CONSTRAINED: Rule = Rule {
    id: "certificate-name-constrained",
    severity: Severity::Error,
    title: "the CA is not allowed to certify this name",
    docs: Docs {
        sees: "The name constraints of a CA in the chain exclude a name in the server's certificate. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Programs that verify certificates reject the certificate, even if it has no other fault.",
        action: "Server operator: get the certificate from a CA that is allowed to certify this name. If the CA is private, change its name constraints to permit this name.",
        example: "a CA for example.com issues a certificate for mail.example.net",
        references: "RFC 5280 section 4.2.1.10 (name constraints)",
    },
};

pub(super) static CERTIFICATE_CHAIN_DISORDERED: Rule = Rule {
    id: "certificate-chain-disordered",
    severity: Severity::Warning,
    title: "the server sends the certificates in the wrong order",
    docs: Docs {
        sees: "In the list that the server sends, an issuer's certificate precedes a certificate that it signed.",
        matters: "Most programs sort the certificates, but older programs fail.",
        action: "Server operator: sort the certificates in the file. Put the server's certificate first, and put each issuer's certificate directly after the certificate that it issued.",
        example: "server certificate, root, intermediate certificate",
        references: "RFC 8446 section 4.4.2 (each certificate should certify the previous one; in TLS 1.2 it must)",
    },
};

pub(super) static CERTIFICATE_CHAIN_UNNECESSARY: Rule = Rule {
    id: "certificate-chain-unnecessary",
    severity: Severity::Notice,
    title: "the server sends unnecessary certificates",
    docs: Docs {
        sees: "The server sends a root certificate, a certificate from another chain, the same certificate twice, or more than ten certificates.",
        matters: "Unnecessary certificates make each handshake larger. Sending a root does not make clients trust it. Some programs fail if an unnecessary certificate has expired.",
        action: "Server operator: remove the unnecessary certificates from the file. The server needs only its own certificate and the intermediate certificates.",
        example: "a file that contains the contents of fullchain.pem twice",
        references: "RFC 8446 section 4.4.2 (the server may omit the root)",
    },
};

pub(super) static CERTIFICATE_STAPLE_MISSING: Rule = Rule {
    id: "certificate-staple-missing",
    severity: Severity::Error,
    title: "the certificate requires an OCSP response (must-staple), but the server sends no valid response",
    docs: Docs {
        sees: "The certificate has the must-staple extension. The server sent no OCSP response, or a response that is out of date, is for another certificate, or is not signed by the issuer. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Programs that enforce must-staple, including all programs that use GnuTLS, reject the certificate. Most mail servers cannot send OCSP responses.",
        action: "Server operator: get a certificate without must-staple, or enable OCSP stapling if the server supports it (Exim: tls_ocsp_file).",
        example: "TLS Feature: status_request",
        references: "RFC 7633 section 4.2.2, RFC 6066 section 8",
    },
};

pub(super) static CERTIFICATE_REVOKED: Rule = Rule {
    id: "certificate-revoked",
    severity: Severity::Error,
    title: "the CA has revoked the certificate",
    docs: Docs {
        sees: "The server's OCSP response states that the server's certificate has been revoked. The response is signed by the certificate's issuer or by a responder that the issuer authorized. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "The certificate is no longer valid. Programs that check for revocation reject it. A common reason for revocation is a compromised key.",
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
        sees: "The validity period of the server's certificate is longer than 825 days.",
        matters: "Apple's systems reject such certificates, including those issued by private CAs. Public CAs are no longer allowed to issue them.",
        action: "Server operator: use a certificate with a shorter validity period, and renew it automatically.",
        example: "openssl req -x509 -days 3650",
        references: "RFC 5280 section 4.1.2.5; Apple: Requirements for trusted certificates in iOS 13 and macOS 10.15 (support.apple.com/103769)",
    },
};

pub(super) static CERTIFICATE_STAPLE_UNUSABLE: Rule = Rule {
    id: "certificate-staple-unusable",
    severity: Severity::Error,
    title: "the server's OCSP response is invalid",
    docs: Docs {
        sees: "The server sent an OCSP response that is for another certificate, is not signed by the issuer or by a responder that the issuer authorized, is out of date, or cannot be read. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE.",
        matters: "Clients that use GnuTLS close the connection. Most other clients continue without the response, so they do not detect a revocation.",
        action: "Server operator: fetch a new OCSP response for the current certificate and reload the mail service, or disable OCSP stapling.",
        example: "the certificate was renewed, but the server still sends the response for the old certificate",
        references: "RFC 6960 section 3.2 (conditions for accepting a response), section 4.2.2.2 (authorized responders)",
    },
};

pub(super) static CERTIFICATE_LIMITED_CLIENTS: Rule = Rule {
    id: "certificate-limited-clients",
    severity: Severity::Warning,
    title: "some clients do not support the certificate",
    docs: Docs {
        sees: "The chain is valid, but it has a feature that some TLS libraries do not support: a critical certificatePolicies or inhibitAnyPolicy extension, name constraints for directory names, more than six CA certificates, an unusual signature, or the host name only in the common name.",
        matters: "Whether a client accepts the certificate depends on its TLS library. The finding lists the libraries that accept it and those that reject it.",
        action: "Server operator: if the clients that reject the certificate must be able to connect, get a certificate that they can verify.",
        example: "X509v3 Certificate Policies: critical",
        references: "RFC 5280 section 4.2 (a client rejects a critical extension that it cannot process)",
    },
};
