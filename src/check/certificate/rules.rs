//! The rules about certificates, with their pages.

use super::super::{Docs, Rule, Severity};

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
    &CERTIFICATE_CHAIN_SURPLUS,
    &CERTIFICATE_LIFETIME_LONG,
];

pub(super) static CERTIFICATE_UNTRUSTED: Rule = Rule {
    id: "certificate-untrusted",
    severity: Severity::Error,
    title: "nobody whom this machine trusts vouches for the certificate",
    cites: &["RFC 5280 section 6.1"],
    docs: Docs {
        sees: "The chain that the server sent does not lead to a trusted root: its authority is private or unknown here, or the chain is broken. A warning on port 25 without a login, where mail servers do not verify.",
        matters: "Anybody can make such a certificate, so a client cannot tell the server from somebody in the middle. Programs that verify refuse it.",
        action: "For a private authority, name its root with --cacert, and give that root to every program that sends here. For a public one, update ca-certificates here, or have the operator install the whole chain.",
        example: "a certificate of the company's own authority",
        references: "RFC 5280 section 6.1 (path validation)",
    },
};

pub(super) static CERTIFICATE_SELF_SIGNED: Rule = Rule {
    id: "certificate-self-signed",
    severity: Severity::Error,
    title: "the certificate is signed by its own key",
    cites: &["RFC 5280 section 6.1"],
    docs: Docs {
        sees: "Subject and issuer of the server's certificate are the same, its own key signed it, and it is not among those that are trusted. A warning on port 25 without a login.",
        matters: "Anybody can make one for any name. Programs that verify refuse it; those that do not cannot tell the server from somebody in the middle.",
        action: "The operator gets a certificate of a public authority (ACME is free). Where the server is your own and private, name its certificate with --cacert: an exact match is trusted as it stands.",
        example: "the certificate that openssl req -x509 makes, or a package's snakeoil certificate",
        references: "RFC 5280 section 6.1 (path validation)",
    },
};

pub(super) static CERTIFICATE_CHAIN_INCOMPLETE: Rule = Rule {
    id: "certificate-chain-incomplete",
    severity: Severity::Error,
    title: "the server does not send the intermediate certificate",
    cites: &["RFC 8446 section 4.4.2", "RFC 5280 section 4.2.2.1"],
    docs: Docs {
        sees: "None of the certificates that were sent signed the server's, no trusted root did either, and the certificate says where its issuer's can be fetched. A warning on port 25 without a login.",
        matters: "Browsers fetch or remember the missing certificate, mail programs and servers do not: it works here and fails there.",
        action: "The operator installs the whole chain: fullchain.pem in the place of cert.pem, the server's certificate first.",
        example: "a certificate of R11 (Let's Encrypt), and R11's own is not sent",
        references: "RFC 8446 section 4.4.2 (certificate list), RFC 5280 section 4.2.2.1 (where the issuer's can be fetched)",
    },
};

pub(super) static CERTIFICATE_INTERCEPTED: Rule = Rule {
    id: "certificate-intercepted",
    severity: Severity::Error,
    title: "a virus scanner or gateway shows a certificate of its own",
    cites: &["RFC 5280 section 6.1"],
    docs: Docs {
        sees: "The issuer of an untrusted certificate is a virus scanner on this machine or a network gateway, not an authority.",
        matters: "It sits between here and the server, reads everything, and programs that verify refuse its certificate. The server's own certificate was not seen.",
        action: "Switch off the scanning of encrypted mail, or exclude this program; on a company network ask its administrator for the gateway's root certificate.",
        example: "issuer: O=Avast Web/Mail Shield, CN=Avast Web/Mail Shield Root",
        references: "RFC 5280 section 6.1",
    },
};

pub(super) static CERTIFICATE_NAME_MISMATCH: Rule = Rule {
    id: "certificate-name-mismatch",
    severity: Severity::Error,
    title: "the certificate is for another name",
    cites: &["RFC 9525 section 6.1", "RFC 8314 section 3.2"],
    docs: Docs {
        sees: "None of the names in the certificate is the host that was asked for. A warning on port 25 without a login.",
        matters: "A client that verifies refuses it: it may be talking to another server.",
        action: "Connect to a name that the certificate carries, or have the name added to the certificate. On shared hosting, use the host name of the hoster.",
        example: "mail.example.net, certificate for *.hoster.example",
        references: "RFC 9525 section 6",
    },
};

pub(super) static CERTIFICATE_EXPIRED: Rule = Rule {
    id: "certificate-expired",
    severity: Severity::Error,
    title: "the certificate has expired",
    cites: &["RFC 5280 section 4.1.2.5"],
    docs: Docs {
        sees: "The last day of the server's certificate has passed. A warning on port 25 without a login.",
        matters: "Clients that verify refuse it from that moment on.",
        action: "The operator renews the certificate and reloads the mail service; a renewed file that no service has read does not help. If it looks valid, check the clock of this machine.",
        example: "notAfter=Nov 18 06:02:11 2026 GMT",
        references: "RFC 5280 section 4.1.2.5",
    },
};

pub(super) static CERTIFICATE_NOT_YET_VALID: Rule = Rule {
    id: "certificate-not-yet-valid",
    severity: Severity::Error,
    title: "the certificate is not valid yet",
    cites: &["RFC 5280 section 4.1.2.5"],
    docs: Docs {
        sees: "The first day of the server's certificate lies ahead. A warning on port 25 without a login.",
        matters: "Clients that verify refuse it until then. Often the clock of this machine is wrong.",
        action: "Check the clock of this machine first; then the operator issues a certificate that is valid now.",
        example: "a machine whose clock stands at 1970",
        references: "RFC 5280 section 4.1.2.5",
    },
};

pub(super) static CERTIFICATE_EXPIRES_SOON: Rule = Rule {
    id: "certificate-expires-soon",
    severity: Severity::Warning,
    title: "a certificate of the chain expires soon",
    cites: &["RFC 5280 section 4.1.2.5"],
    docs: Docs {
        sees: "The server's certificate, or one between it and the root, ends in 21 days or less (--cert-days changes that; its second number makes it an error).",
        matters: "Automatic renewal happens about 30 days before the end; a certificate this old shows that it has stopped.",
        action: "The operator renews it now and finds out why that did not happen by itself; the mail service must be reloaded afterwards.",
        example: "certbot renewed the file, and nobody reloaded Postfix",
        references: "RFC 5280 section 4.1.2.5",
    },
};

pub(super) static CERTIFICATE_SIGNATURE_INVALID: Rule = Rule {
    id: "certificate-signature-invalid",
    severity: Severity::Error,
    title: "the server does not prove that the certificate is its own",
    cites: &["RFC 8446 section 4.4.3"],
    docs: Docs {
        sees: "The handshake is signed with another key than the certificate's.",
        matters: "The certificate could have been copied from somebody else.",
        action: "The operator checks that key and certificate belong together.",
        example: "the certificate was renewed with a new key, and the old key is still in use",
        references: "RFC 8446 section 4.4.3",
    },
};

pub(super) static CERTIFICATE_INTERMEDIATE_EXPIRED: Rule = Rule {
    id: "certificate-intermediate-expired",
    severity: Severity::Error,
    title: "a certificate between the server's and the root is out of date",
    cites: &["RFC 5280 section 6.1.3"],
    docs: Docs {
        sees: "The last day of an authority's certificate by which the chain leads to the root has passed, or its first one lies ahead. A warning on port 25 without a login.",
        matters: "The server's own certificate may be in date, and clients that verify refuse it all the same.",
        action: "The operator installs the current chain of the authority (its page of chain certificates has it) and reloads the mail service.",
        example: "the AddTrust root of May 2020, DST Root CA X3 of September 2021",
        references: "RFC 5280 section 6.1.3 (each certificate of the path must be in date)",
    },
};

pub(super) static CERTIFICATE_KEY_WEAK: Rule = Rule {
    id: "certificate-key-weak",
    severity: Severity::Error,
    title: "a key in the chain is too short",
    cites: &["RFC 9325 section 4.5"],
    docs: Docs {
        sees: "An RSA key of less than 2048 bits, an elliptic curve of less than 256 bits, or a DSA key. A warning on port 25 without a login.",
        matters: "Such keys can be broken; current programs refuse them, often with words that name no key.",
        action: "The operator makes a new key (EC P-256, or RSA with 2048 bits or more) and gets a certificate for it.",
        example: "an RSA key of 1024 bits; OpenSSL says: ee key too small",
        references: "RFC 9325 section 4.5 (lengths of keys)",
    },
};

pub(super) static CERTIFICATE_SIGNATURE_WEAK: Rule = Rule {
    id: "certificate-signature-weak",
    severity: Severity::Error,
    title: "a certificate is signed with MD5 or SHA-1",
    cites: &["RFC 9155 section 2", "RFC 9325 section 4.5"],
    docs: Docs {
        sees: "The server's certificate, or one between it and the root, is signed with a hash that can be forged. A warning on port 25 without a login.",
        matters: "Current programs refuse it; OpenSSL says: ca md too weak.",
        action: "The operator gets a new certificate, signed with SHA-256 or better; a private authority changes its settings first.",
        example: "sha1WithRSAEncryption",
        references: "RFC 9155 section 2 (MD5 and SHA-1 in signatures), RFC 9325 section 4.5",
    },
};

pub(super) static CERTIFICATE_USAGE_WRONG: Rule = Rule {
    id: "certificate-usage-wrong",
    severity: Severity::Error,
    title: "the certificate is not made for a server",
    cites: &["RFC 5280 section 4.2.1.12", "RFC 5280 section 4.2.1.3", "RFC 5280 section 4.2.1.9"],
    docs: Docs {
        sees: "Its extended key usage lacks serverAuth, its key usage lacks digitalSignature, or it is the certificate of an authority (CA:TRUE; then a warning, since OpenSSL and GnuTLS accept it). A warning on port 25 without a login.",
        matters: "Programs that verify refuse it: it was made for something else.",
        action: "The operator gets a certificate for a TLS server: CA:FALSE, extended key usage serverAuth, key usage digitalSignature.",
        example: "a certificate for clients (clientAuth) or for signing mail (emailProtection)",
        references: "RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12",
    },
};

pub(super) static CERTIFICATE_NAME_CONSTRAINED: Rule = Rule {
    id: "certificate-name-constrained",
    severity: Severity::Error,
    title: "the authority may not sign for this name",
    cites: &["RFC 5280 section 4.2.1.10"],
    docs: Docs {
        sees: "The name constraints of an authority in the chain exclude a name of the server's certificate. A warning on port 25 without a login.",
        matters: "Programs that verify refuse the certificate, although everything else about it may be right.",
        action: "The operator gets the certificate from an authority that may sign for this name; a private authority widens its constraints.",
        example: "an authority for example.com signs for mail.example.net",
        references: "RFC 5280 section 4.2.1.10 (name constraints)",
    },
};

pub(super) static CERTIFICATE_CHAIN_DISORDERED: Rule = Rule {
    id: "certificate-chain-disordered",
    severity: Severity::Warning,
    title: "the certificates are sent in the wrong order",
    cites: &["RFC 8446 section 4.4.2"],
    docs: Docs {
        sees: "A certificate is not signed by the one that follows it, but by one further on.",
        matters: "Most programs sort them; older ones do not, and fail there only.",
        action: "The operator puts the file in order: the server's certificate first, then each time the one that signed the one before.",
        example: "leaf, root, intermediate",
        references: "RFC 8446 section 4.4.2 (each following certificate should certify the one before; TLS 1.2 says must)",
    },
};

pub(super) static CERTIFICATE_CHAIN_SURPLUS: Rule = Rule {
    id: "certificate-chain-surplus",
    severity: Severity::Notice,
    title: "the server sends certificates that nobody needs",
    cites: &["RFC 8446 section 4.4.2"],
    docs: Docs {
        sees: "A certificate is sent twice, is a root, belongs to another chain, or more than ten are sent.",
        matters: "It costs bytes and packets in each handshake; a root that is sent is not believed for that. An old one that is out of date confuses some programs.",
        action: "The operator removes it from the file: the server's certificate and the intermediate ones are enough.",
        example: "fullchain.pem pasted twice into one file",
        references: "RFC 8446 section 4.4.2 (the root may be left out)",
    },
};

pub(super) static CERTIFICATE_STAPLE_MISSING: Rule = Rule {
    id: "certificate-staple-missing",
    severity: Severity::Error,
    title: "the certificate promises an OCSP response, and none came",
    cites: &["RFC 7633 section 4.2.2"],
    docs: Docs {
        sees: "The certificate has the must-staple extension, and the server sent no OCSP response with it, or one that does not count: out of date, about another certificate, or not signed by the issuer. A warning on port 25 without a login.",
        matters: "Programs that heed the promise, all with GnuTLS among them, refuse the certificate. Mail servers mostly cannot send OCSP responses at all.",
        action: "The operator gets a certificate without must-staple, or switches stapling on where the server can do it (Exim: tls_ocsp_file).",
        example: "TLS Feature: status_request",
        references: "RFC 7633 section 4.2.2, RFC 6066 section 8",
    },
};

pub(super) static CERTIFICATE_REVOKED: Rule = Rule {
    id: "certificate-revoked",
    severity: Severity::Error,
    title: "the authority has revoked the certificate",
    cites: &["RFC 6960 section 2.2"],
    docs: Docs {
        sees: "The OCSP response that the server sends with its certificate says revoked, is about this certificate and is signed by its issuer or by a responder that the issuer authorized. A warning on port 25 without a login.",
        matters: "The authority takes its word back, mostly because the key is no longer secret. Programs that look refuse it.",
        action: "The operator makes a new key and gets a new certificate for it, at once.",
        example: "Cert Status: revoked",
        references: "RFC 6960 section 2.2 (status of a certificate)",
    },
};

pub(super) static CERTIFICATE_LIFETIME_LONG: Rule = Rule {
    id: "certificate-lifetime-long",
    severity: Severity::Notice,
    title: "the certificate is valid for more than 825 days",
    cites: &["RFC 5280 section 4.1.2.5"],
    docs: Docs {
        sees: "Between the first and the last day of the server's certificate lie more than 825 days.",
        matters: "Apple's systems refuse server certificates valid for longer, of private authorities too; public ones may not issue them any more.",
        action: "The operator issues it for a shorter time and renews it by a program.",
        example: "openssl req -x509 -days 3650",
        references: "RFC 5280 section 4.1.2.5; Apple: Requirements for trusted certificates in iOS 13 and macOS 10.15 (support.apple.com/103769)",
    },
};

pub(super) static CERTIFICATE_STAPLE_UNUSABLE: Rule = Rule {
    id: "certificate-staple-unusable",
    severity: Severity::Error,
    title: "the OCSP response of the server is invalid",
    cites: &["RFC 6960 section 3.2"],
    docs: Docs {
        sees: "The server sent an OCSP response that is about another certificate, is not signed by the issuer or a responder that it authorized, is out of date, or cannot be read.",
        matters: "Clients with GnuTLS end the connection. Most others continue without the response, and what it says is lost, a revocation too.",
        action: "Fetch a new OCSP response for the current certificate and reload the mail service, or switch stapling off (server operator).",
        example: "the certificate was renewed, and the response for the old one is still sent",
        references: "RFC 6960 section 3.2 (when a response is accepted), section 4.2.2.2 (authorized responders)",
    },
};

pub(super) static CERTIFICATE_LIMITED_CLIENTS: Rule = Rule {
    id: "certificate-limited-clients",
    severity: Severity::Warning,
    title: "some clients cannot verify the certificate",
    cites: &["RFC 5280 section 4.2"],
    docs: Docs {
        sees: "The chain is valid, and a certificate in it has something that not every TLS library supports: a critical certificatePolicies or inhibitAnyPolicy, name constraints for directory names, more than six certificates of authorities, an unusual signature, the host name in the common name only.",
        matters: "Clients with OpenSSL and GnuTLS connect, and clients with another library reject the certificate.",
        action: "Get a certificate without it if such clients must be able to connect (server operator).",
        example: "X509v3 Certificate Policies: critical",
        references: "RFC 5280 section 4.2 (a client rejects a critical extension that it cannot process)",
    },
};
