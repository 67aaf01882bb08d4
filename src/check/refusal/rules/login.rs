//! Rejections because of the login, the account or a missing encryption.

use crate::check::finding::{Docs, Rule, Severity};

pub(crate) static AUTH_REQUIRED: Rule = Rule {
    id: "auth-required",
    severity: Severity::Error,
    title: "the server requires a login before it accepts mail",
    docs: Docs {
        sees: "The reply to MAIL or RCPT was 530, and there was no login.",
        matters: "A submission server should behave in this way. It only means that the check cannot continue without credentials.",
        action: "Give a user name with --user and a password with --password-stdin, --password-file or --password-command.",
        example: "530 5.7.0 Authentication required",
        references: "RFC 4954 section 6 (530), RFC 6409 section 4.3",
    },
};

pub(crate) static AUTH_CREDENTIALS_REFUSED: Rule = Rule {
    id: "auth-credentials-refused",
    severity: Severity::Error,
    title: "the user name or password is wrong",
    docs: Docs {
        sees: "The reply to AUTH means that the credentials are not accepted.",
        matters: "No mail can be sent until the login works. Repeated failed logins can lock the account.",
        action: "Check the user name (most servers expect the full email address) and the password. Check whether the provider requires an app password or an API key instead.",
        example: "535 5.7.8 Error: authentication failed",
        references: "RFC 4954 section 6 (535)",
    },
};

pub(crate) static AUTH_APP_PASSWORD_REQUIRED: Rule = Rule {
    id: "auth-app-password-required",
    severity: Severity::Error,
    title: "the provider requires an app password",
    docs: Docs {
        sees: "The reply, or known facts about the provider, show that the provider does not accept the normal password from programs.",
        matters: "The password may be correct, but it is rejected.",
        action: "Create an app password (also called authorization code or mail password) in the security settings of the account, and use it.",
        example: "534-5.7.9 Application-specific password required",
        references: "RFC 4954 section 6 (534)",
    },
};

pub(crate) static AUTH_OAUTH_REQUIRED: Rule = Rule {
    id: "auth-oauth-required",
    severity: Severity::Error,
    title: "the provider accepts only OAuth",
    docs: Docs {
        sees: "The reply means that login with a password is switched off for this account, tenant or provider.",
        matters: "No password is accepted.",
        action: "Use a program that logs in with OAuth 2.0, use an SMTP relay, or ask the administrator to allow SMTP AUTH where that is still possible.",
        example: "535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
        references: "RFC 7628 section 3 (OAUTHBEARER)",
    },
};

pub(crate) static ACCOUNT_RESTRICTED: Rule = Rule {
    id: "account-restricted",
    severity: Severity::Error,
    title: "the account or address is restricted",
    docs: Docs {
        sees: "The reply means that the account, the tenant or the sending address is locked, limited, not enabled for SMTP, or not allowed from your network.",
        matters: "The credentials may be correct, but a setting or a lock prevents sending.",
        action: "Open the page or the setting that the reply names. Account administrator: remove the restriction.",
        example: "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
        references: "RFC 5248 section 2 (x.7.13)",
    },
};

pub(crate) static AUTH_MECHANISM_REFUSED: Rule = Rule {
    id: "auth-mechanism-refused",
    severity: Severity::Error,
    title: "the server does not accept this login mechanism",
    docs: Docs {
        sees: "The reply to AUTH means that the mechanism is unknown, not available, too weak or not allowed here.",
        matters: "Another mechanism may work with the same password.",
        action: "Use --auth with one of the mechanisms that the EHLO reply lists. On a host that receives mail from other servers, no login works.",
        example: "504 5.7.4 Unrecognized authentication type",
        references: "RFC 4954 section 6 (504, 534)",
    },
};

pub(crate) static ENCRYPTION_REQUIRED: Rule = Rule {
    id: "encryption-required",
    severity: Severity::Error,
    title: "the server requires an encrypted connection first",
    docs: Docs {
        sees: "The reply means that the command is allowed only inside TLS.",
        matters: "A well-configured server should behave in this way.",
        action: "Use STARTTLS (remove --tls none) or port 465.",
        example: "530 5.7.0 Must issue a STARTTLS command first",
        references: "RFC 3207 section 4 (530), RFC 4954 section 6 (538), RFC 8314 section 4",
    },
};
