//! Rules for logins, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file.
pub(super) static RULES: &[&Rule] = &[
    &AUTH_NOT_OFFERED,
    &AUTH_MECHANISM_MISMATCH,
    &AUTH_EXCHANGE_BROKEN,
    &AUTH_SERVER_UNVERIFIED,
    &AUTH_IN_PLAINTEXT,
    &AUTH_TAKEN_IN_PLAINTEXT,
    &AUTH_WITHHELD,
    &AUTH_TOKEN_EXPIRED,
    &AUTH_TOKEN_UNSUITABLE,
    &AUTH_USER_NAME_FORM,
    &AUTH_MECHANISM_OBSOLETE,
    &AUTH_TOKENS_ONLY,
];

pub(super) static AUTH_NOT_OFFERED: Rule = Rule {
    id: "auth-not-offered",
    severity: Severity::Error,
    title: "the server does not advertise AUTH on this port",
    docs: Docs {
        sees: "A login was requested (--user), but the last EHLO reply does not list AUTH. smtpcheck did not send the password, and tried the submission ports of the host (587 and 465). Without --user and --from, smtpcheck reports this only for TLS sessions on the submission ports (587 and 465), and only as a notice.",
        matters: "Programs cannot log in. Most servers do not accept logins on port 25, which is for mail between servers. Many servers advertise AUTH only over TLS.",
        action: "Use port 587 with STARTTLS, or port 465. If the server accepts mail from your network without a login, leave the user name and the password empty in the program. Use the provider's submission server, not the server in its MX record. Server operator: enable AUTH if programs should log in on this port.",
        example: "smtpcheck mx.example.net:25 --user u@example.net",
        references: "RFC 4954 section 3, RFC 6409 section 4.3",
    },
};

pub(super) static AUTH_MECHANISM_MISMATCH: Rule = Rule {
    id: "auth-mechanism-mismatch",
    severity: Severity::Error,
    title: "the server and smtpcheck have no login mechanism in common",
    docs: Docs {
        sees: "The server advertises AUTH, but none of its mechanisms is both supported by smtpcheck and allowed by --auth. smtpcheck did not send the password.",
        matters: "Clients cannot log in with the given credentials. A server that advertises only XOAUTH2 or OAUTHBEARER accepts no passwords. A server that advertises only GSSAPI requires a Kerberos login.",
        action: "Use the type of credentials that the server requires, for example an OAuth token. Server operator: enable PLAIN over TLS.",
        example: "250 AUTH XOAUTH2 OAUTHBEARER",
        references: "RFC 4954 section 3",
    },
};

pub(super) static AUTH_EXCHANGE_BROKEN: Rule = Rule {
    id: "auth-exchange-broken",
    severity: Severity::Error,
    title: "the server violates the protocol of the login mechanism",
    docs: Docs {
        sees: "The server sent more challenges than the mechanism defines, sent a challenge that is not base64 or not valid for the mechanism, or requested an unreasonable number of hash iterations. smtpcheck cancelled the login with `*`. If smtpcheck then tries another mechanism (--try-all-mechanisms), the finding is a warning.",
        matters: "No client can log in to this server with this mechanism.",
        action: "Try another mechanism with --auth. Server operator: check the authentication service.",
        example: "a 334 reply to the password in AUTH LOGIN",
        references: "RFC 4954 section 4",
    },
};

pub(super) static AUTH_SERVER_UNVERIFIED: Rule = Rule {
    id: "auth-server-unverified",
    severity: Severity::Error,
    title: "the server does not prove that it has the password",
    docs: Docs {
        sees: "In SCRAM and DIGEST-MD5, the server signs the login with a value derived from the password. The server's signature was wrong, or the server accepted the login without a signature.",
        matters: "The server may belong to an attacker who accepts every login in order to collect mail or passwords. smtpcheck did not send the password itself.",
        action: "Repeat the check from another network. Do not use this server until its operator has checked it. Server operator: check the authentication service and the devices in front of it.",
        example: "a 235 reply without SCRAM's v= value",
        references: "RFC 5802 section 3 (the client must check the server's signature), RFC 6331 section 2",
    },
};

pub(super) static AUTH_TOKEN_EXPIRED: Rule = Rule {
    id: "auth-token-expired",
    severity: Severity::Error,
    title: "the access token has expired",
    docs: Docs {
        sees: "The token is a JSON Web Token that has expired, according to this machine's clock. smtpcheck never shows the token itself.",
        matters: "Access tokens are usually valid for about an hour. Servers do not accept an expired token.",
        action: "Use the refresh token to get a new access token just before the login. With --token-command, smtpcheck runs a program that does this.",
        example: "exp 1700000000",
        references: "RFC 7519 section 4.1.4 (exp), RFC 6750 section 3.1 (invalid_token)",
    },
};

pub(super) static AUTH_TOKEN_UNSUITABLE: Rule = Rule {
    id: "auth-token-unsuitable",
    severity: Severity::Error,
    title: "the token cannot be used for this login",
    docs: Docs {
        sees: "The given value is not an access token. For example, it is a refresh token (which smtpcheck does not send), the token service's entire JSON response, a token prefixed with the word Bearer, a complete XOAUTH2 string, or a placeholder. The rule also applies to an access token that is not valid for the login: it is for another service, it lacks the SMTP.Send or SMTP.SendAsApp permission (Microsoft), or it belongs to a user other than the one given with --user. smtpcheck never shows the token itself.",
        matters: "A mail server accepts only an access token that was issued for mail and for this user. A refresh token is equivalent to the password and must be sent only to the token service.",
        action: "Pass only the value of access_token. Request the token with the mail scope: https://outlook.office.com/SMTP.Send for Microsoft, https://mail.google.com/ for Google. A Microsoft Entra application also needs the SMTP.SendAsApp permission, and an administrator must give it access with New-ServicePrincipal and Add-MailboxPermission.",
        example: "a token for https://graph.microsoft.com that is used with smtp.office365.com",
        references: "RFC 7519 section 4.1.3 (aud), RFC 6749 section 1.5 (refresh tokens)",
    },
};

pub(super) static AUTH_USER_NAME_FORM: Rule = Rule {
    id: "auth-user-name-form",
    severity: Severity::Warning,
    title: "the user name contains more than an email address",
    docs: Docs {
        sees: "The user name contains an email address together with a display name, angle brackets, quotation marks, spaces or mailto:, and the login was not accepted. The finding is an error if the server rejected the login.",
        matters: "smtpcheck sends this value unchanged as the user name. Servers look up the entire value and find no such account, so the login fails as it does with a wrong password.",
        action: "Use only the email address as the user name. The display name belongs in the From header of messages.",
        example: "--user 'Ann <ann@example.net>'",
        references: "RFC 4954 section 4, RFC 4616 section 2 (the authentication identity), RFC 5322 section 3.4 (display names)",
    },
};

pub(super) static AUTH_MECHANISM_OBSOLETE: Rule = Rule {
    id: "auth-mechanism-obsolete",
    severity: Severity::Notice,
    title: "the server advertises obsolete login mechanisms",
    docs: Docs {
        sees: "The server advertises CRAM-MD5, DIGEST-MD5 or NTLM. The finding is a warning if the server advertises no other mechanism.",
        matters: "An eavesdropper can run an offline dictionary attack, and the server has to store every password in clear text, or as a hash that is as useful to an attacker as the password itself. Over TLS, these mechanisms are no safer than PLAIN.",
        action: "Server operator: enable SCRAM-SHA-256, or PLAIN over TLS, and disable the obsolete mechanisms (in Dovecot: auth_mechanisms = plain login scram-sha-256).",
        example: "250 AUTH CRAM-MD5 DIGEST-MD5",
        references: "RFC 6331 section 2 (reasons why DIGEST-MD5 is historic), RFC 4954 section 9",
    },
};

pub(super) static AUTH_TOKENS_ONLY: Rule = Rule {
    id: "auth-tokens-only",
    severity: Severity::Notice,
    title: "the server accepts only OAuth tokens, not passwords",
    docs: Docs {
        sees: "All mechanisms that the server advertises use a token (XOAUTH2, OAUTHBEARER).",
        matters: "Programs that support only logins with a user name and a password cannot log in to this server.",
        action: "Use a program that logs in with OAuth 2.0, or ask the provider for an app password or a relay that accepts passwords.",
        example: "250 AUTH XOAUTH2",
        references: "RFC 7628 section 1; Google's and Microsoft's XOAUTH2 documentation",
    },
};

pub(super) static AUTH_IN_PLAINTEXT: Rule = Rule {
    id: "auth-offered-in-plaintext",
    severity: Severity::Warning,
    title: "the server advertises password logins on an unencrypted connection",
    docs: Docs {
        sees: "The server advertises AUTH with PLAIN or LOGIN before TLS.",
        matters: "A program that does not require TLS sends its password where an on-path attacker can read it. According to RFC 4954, servers should not permit PLAIN on an unencrypted connection.",
        action: "Server operator: advertise AUTH only over TLS. In Postfix, set smtpd_tls_auth_only = yes. In Dovecot, set disable_plaintext_auth = yes (since 2.4: auth_allow_cleartext = no). In Exim, use $tls_in_cipher in auth_advertise_hosts.",
        example: "250-STARTTLS and 250 AUTH PLAIN LOGIN in the same reply",
        references: "RFC 4954 sections 4 and 9, RFC 8314 section 4.1",
    },
};

pub(super) static AUTH_TAKEN_IN_PLAINTEXT: Rule = Rule {
    id: "auth-accepted-in-plaintext",
    severity: Severity::Warning,
    title: "the server accepts a login on an unencrypted connection without advertising it",
    docs: Docs {
        sees: "The server advertises STARTTLS, and does not advertise AUTH with PLAIN or LOGIN before TLS. However, when smtpcheck sent AUTH PLAIN without a password before TLS, the server replied with 334 instead of rejecting the command. smtpcheck then cancelled the login without sending a password. smtpcheck runs this test only with --probe auth-before-tls or --tls-scan.",
        matters: "A program that does not check the advertised extensions sends its password where an on-path attacker can read it. The login succeeds, so no error message shows the problem.",
        action: "Server operator: reject AUTH before TLS. In Postfix, set smtpd_tls_auth_only = yes. In Dovecot, set disable_plaintext_auth = yes (since 2.4: auth_allow_cleartext = no). In Exim, use $tls_in_cipher in the server_advertise_condition of each authenticator.",
        example: "the reply to AUTH PLAIN on port 587, before STARTTLS, is 334 instead of 538 or 530",
        references: "RFC 4954 sections 4 and 6 (538 encryption required), RFC 8314 section 4.1",
    },
};

pub(super) static AUTH_WITHHELD: Rule = Rule {
    id: "auth-withheld",
    severity: Severity::Error,
    title: "smtpcheck did not send the password, because --tls none was given",
    docs: Docs {
        sees: "A login was requested together with --tls none.",
        matters: "An on-path attacker could read the password. smtpcheck does not send secrets over an unencrypted connection unless --allow-plaintext-auth is given.",
        action: "Remove --tls none. If you trust the network path, you can add --allow-plaintext-auth instead.",
        example: "smtpcheck mail.example.net:25 --tls none --user u@example.net",
        references: "RFC 4954 section 9",
    },
};
