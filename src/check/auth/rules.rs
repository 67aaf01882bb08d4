//! The rules about logins, with their pages.

use super::super::{Docs, Rule, Severity};

/// All of them.
pub(super) static RULES: &[&Rule] = &[
    &AUTH_NOT_OFFERED,
    &AUTH_MECHANISM_MISMATCH,
    &AUTH_EXCHANGE_BROKEN,
    &AUTH_SERVER_UNPROVED,
    &AUTH_IN_PLAINTEXT,
    &AUTH_TAKEN_IN_PLAINTEXT,
    &AUTH_WITHHELD,
    &AUTH_TOKEN_EXPIRED,
    &AUTH_TOKEN_UNFIT,
    &AUTH_MECHANISM_OBSOLETE,
    &AUTH_TOKENS_ONLY,
];

pub(super) static AUTH_NOT_OFFERED: Rule = Rule {
    id: "auth-not-offered",
    severity: Severity::Error,
    title: "the server takes no login here",
    cites: &["RFC 4954 section 3", "RFC 6409 section 4.3"],
    docs: Docs {
        sees: "A login was wanted (--user), and AUTH is not among the keywords of the last EHLO answer. Nothing was sent. Without --user and --from it is a notice, on the ports for mail programs (587 and 465) and inside TLS only.",
        matters: "Ports for mail between servers (25) take no login. Many servers offer AUTH only inside TLS.",
        action: "Use the submission port, 587 with STARTTLS or 465, or the provider's submission host in the place of its MX.",
        example: "smtpcheck mx.example.net:25 --user u@example.net",
        references: "RFC 4954 section 3, RFC 6409 section 4.3",
    },
};

pub(super) static AUTH_MECHANISM_MISMATCH: Rule = Rule {
    id: "auth-mechanism-mismatch",
    severity: Severity::Error,
    title: "server and client have no login mechanism in common",
    cites: &["RFC 4954 section 3"],
    docs: Docs {
        sees: "AUTH is offered, with none of the mechanisms that smtpcheck has or that --auth allows. Nothing was sent.",
        matters: "A server with XOAUTH2 or OAUTHBEARER only has switched passwords off; one with GSSAPI only wants a domain login.",
        action: "Use a credential of the kind that the server wants, or have the operator add PLAIN inside TLS.",
        example: "250 AUTH XOAUTH2 OAUTHBEARER",
        references: "RFC 4954 section 3",
    },
};

pub(super) static AUTH_EXCHANGE_BROKEN: Rule = Rule {
    id: "auth-exchange-broken",
    severity: Severity::Error,
    title: "the server does not follow the login mechanism",
    cites: &["RFC 4954 section 4"],
    docs: Docs {
        sees: "The server asked for more than the mechanism has, with something that is not base64 or not of this mechanism, or for a number of hashing rounds that is out of all bounds; smtpcheck cancelled the login with `*`.",
        matters: "No client can log in this way.",
        action: "Try another mechanism with --auth; the operator looks at the authentication service.",
        example: "334 after the password of AUTH LOGIN",
        references: "RFC 4954 section 4",
    },
};

pub(super) static AUTH_SERVER_UNPROVED: Rule = Rule {
    id: "auth-server-unproved",
    severity: Severity::Error,
    title: "the server does not prove that it knows the password",
    cites: &["RFC 5802 section 3", "RFC 6331 section 2"],
    docs: Docs {
        sees: "In SCRAM and DIGEST-MD5 the server signs the login with what it knows of the password. Its signature was wrong, or it said yes without one.",
        matters: "It may be somebody else who lets everybody in, to collect mail or more passwords. The password itself was not sent.",
        action: "Do not use this server until its operator has looked at it; compare from another network.",
        example: "235 without the v= of SCRAM",
        references: "RFC 5802 section 3 (the client must check the server's signature)",
    },
};

pub(super) static AUTH_TOKEN_EXPIRED: Rule = Rule {
    id: "auth-token-expired",
    severity: Severity::Error,
    title: "the access token has expired",
    cites: &["RFC 7519 section 4.1.4", "RFC 6750 section 3.1"],
    docs: Docs {
        sees: "The token is a JSON Web Token, and the moment of its end has passed by the clock of this machine. The token itself is never shown.",
        matters: "Access tokens live for an hour or so; no server takes an old one.",
        action: "Fetch a new one with the refresh token, just before the login; --token-command runs the program that does it.",
        example: "exp 1700000000",
        references: "RFC 7519 section 4.1.4 (exp), RFC 6750 section 3.1 (invalid_token)",
    },
};

pub(super) static AUTH_TOKEN_UNFIT: Rule = Rule {
    id: "auth-token-unfit",
    severity: Severity::Error,
    title: "the token is not one for this server",
    cites: &["RFC 7519 section 4.1.3", "RFC 6749 section 1.5"],
    docs: Docs {
        sees: "The token is a refresh token (then it stayed here), or it says that it is for another service. The token itself is never shown.",
        matters: "A refresh token is as good as the password and belongs to the token service alone. A token for another service is refused.",
        action: "Ask the token service for an access token for mail: at Microsoft the scope https://outlook.office.com/SMTP.Send, at Google https://mail.google.com/.",
        example: "a token for https://graph.microsoft.com at smtp.office365.com",
        references: "RFC 7519 section 4.1.3 (aud), RFC 6749 section 1.5 (refresh tokens)",
    },
};

pub(super) static AUTH_MECHANISM_OBSOLETE: Rule = Rule {
    id: "auth-mechanism-obsolete",
    severity: Severity::Notice,
    title: "the server offers login mechanisms that are given up",
    cites: &["RFC 6331 section 2", "RFC 4954 section 9"],
    docs: Docs {
        sees: "CRAM-MD5, DIGEST-MD5 or NTLM is among the mechanisms of AUTH. A warning where nothing else is offered.",
        matters: "Who listens can try passwords against what is sent, and the server has to keep every password readable, or its hash, which is as good. Inside TLS they protect nothing that PLAIN does not.",
        action: "The operator offers PLAIN inside TLS, better SCRAM-SHA-256, and takes the old ones away; in Dovecot: auth_mechanisms = plain login scram-sha-256.",
        example: "250 AUTH CRAM-MD5 DIGEST-MD5",
        references: "RFC 6331 (why DIGEST-MD5 is historic), RFC 4954 section 9",
    },
};

pub(super) static AUTH_TOKENS_ONLY: Rule = Rule {
    id: "auth-tokens-only",
    severity: Severity::Notice,
    title: "the server takes OAuth tokens and no passwords",
    cites: &["RFC 7628 section 1"],
    docs: Docs {
        sees: "All mechanisms that the server offers take a token: XOAUTH2, OAUTHBEARER.",
        matters: "Programs that know only user name and password cannot log in here.",
        action: "Use a program that logs in with OAuth 2.0, or ask the provider whether app passwords or a relay with passwords exist.",
        example: "250 AUTH XOAUTH2",
        references: "RFC 7628 section 1; documents of Google and Microsoft about XOAUTH2",
    },
};

pub(super) static AUTH_IN_PLAINTEXT: Rule = Rule {
    id: "auth-offered-in-plaintext",
    severity: Severity::Warning,
    title: "the server would take a password over an open line",
    cites: &["RFC 4954 section 9", "RFC 8314 section 4.1"],
    docs: Docs {
        sees: "AUTH with PLAIN or LOGIN is offered before TLS.",
        matters: "A program that is not careful sends its password for everybody to read. RFC 4954 forbids offering PLAIN there unless a policy wants it.",
        action: "The operator offers AUTH inside TLS only; in Postfix smtpd_tls_auth_only = yes, in Dovecot disable_plaintext_auth = yes, in Exim auth_advertise_hosts with $tls_in_cipher.",
        example: "250-STARTTLS and 250 AUTH PLAIN LOGIN in the same answer",
        references: "RFC 4954 section 9, RFC 8314 section 4.1",
    },
};

pub(super) static AUTH_TAKEN_IN_PLAINTEXT: Rule = Rule {
    id: "auth-accepted-in-plaintext",
    severity: Severity::Warning,
    title: "the server takes a login over an open line, although it offers none there",
    cites: &["RFC 4954 section 4", "RFC 8314 section 4.1"],
    docs: Docs {
        sees: "With --probe auth-before-tls or --tls-scan: STARTTLS is offered, AUTH with PLAIN or LOGIN is not, and AUTH PLAIN, sent before TLS without a password, is answered with 334 in the place of a refusal. The login is broken off; no password is sent.",
        matters: "A program that does not wait for the offer sends its password for everybody on the way to read, and the login works, so that nobody notices.",
        action: "The operator refuses AUTH before TLS; in Postfix smtpd_tls_auth_only = yes, in Dovecot disable_plaintext_auth = yes (since 2.4: auth_allow_cleartext = no), in Exim server_advertise_condition of each authenticator with $tls_in_cipher.",
        example: "334 to AUTH PLAIN on port 587, before STARTTLS; 538 or 530 would be right",
        references: "RFC 4954 section 4 and 6 (538 encryption required), RFC 8314 section 4.1",
    },
};

pub(super) static AUTH_WITHHELD: Rule = Rule {
    id: "auth-withheld",
    severity: Severity::Error,
    title: "the password stayed here, because you chose an open line",
    cites: &["RFC 4954 section 9"],
    docs: Docs {
        sees: "A login was wanted together with --tls none.",
        matters: "Everybody on the way could read the password. No secret goes over a line that is not encrypted unless you say so by name.",
        action: "Leave --tls none away, or, on a line that you trust, add --allow-plaintext-auth.",
        example: "smtpcheck mail.example.net:25 --tls none --user u@example.net",
        references: "RFC 4954 section 9",
    },
};
