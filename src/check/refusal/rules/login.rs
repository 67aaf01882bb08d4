//! Rules for rejections that are caused by the login, the account or missing encryption.

use crate::check::finding::{Docs, Rule, Severity};

pub(crate) static AUTH_REQUIRED: Rule = Rule {
    id: "auth-required",
    severity: Severity::Error,
    title: "the server requires a login before it accepts mail",
    docs: Docs {
        sees: "The reply to MAIL FROM or RCPT TO means that a login is required (usually 530), and smtpcheck did not log in.",
        matters: "This is the correct behaviour of a submission server. The check cannot continue without credentials.",
        action: "Specify a user name with --user, and a password with --password-stdin, --password-file or --password-command.",
        example: "530 5.7.0 Authentication required",
        references: "RFC 4954 section 6 (530), RFC 6409 section 4.3",
    },
};

pub(crate) static AUTH_CREDENTIALS_REFUSED: Rule = Rule {
    id: "auth-credentials-refused",
    severity: Severity::Error,
    title: "the server does not accept the user name or password",
    docs: Docs {
        sees: "The reply to AUTH means that the server does not accept the credentials.",
        matters: "You cannot send mail until the login succeeds. Repeated failed logins can lock the account.",
        action: "Check the user name (most servers expect the full email address) and the password. Check whether the provider requires an app password or an API key instead of the normal password.",
        example: "535 5.7.8 Error: authentication failed",
        references: "RFC 4954 section 6 (535)",
    },
};

pub(crate) static AUTH_APP_PASSWORD_REQUIRED: Rule = Rule {
    id: "auth-app-password-required",
    severity: Severity::Error,
    title: "the provider requires an app password",
    docs: Docs {
        sees: "The reply, or information about the provider, shows that the provider does not accept the normal password from programs.",
        matters: "The provider rejects the login even if the password is correct.",
        action: "Create an app password (also called an authorization code or a mail password) in the security settings of the account, and use it.",
        example: "534-5.7.9 Application-specific password required",
        references: "RFC 4954 section 6 (534)",
    },
};

pub(crate) static AUTH_OAUTH_REQUIRED: Rule = Rule {
    id: "auth-oauth-required",
    severity: Severity::Error,
    title: "the provider accepts only OAuth",
    docs: Docs {
        sees: "The reply means that logins with a password are disabled for this account, tenant or provider.",
        matters: "The provider rejects every login with a password, even if the password is correct.",
        action: "Use a program that logs in with OAuth 2.0, or use an SMTP relay. Account administrator: if the provider still supports it, allow SMTP AUTH with passwords.",
        example: "535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
        references: "RFC 7628 section 3 (OAUTHBEARER)",
    },
};

pub(crate) static ACCOUNT_RESTRICTED: Rule = Rule {
    id: "account-restricted",
    severity: Severity::Error,
    title: "the account or email address is restricted",
    docs: Docs {
        sees: "The reply means that the account, the tenant or the sender's email address is locked, limited, not enabled for SMTP, or not allowed from your network.",
        matters: "The credentials may be correct, but a setting or a lock prevents sending.",
        action: "Read the server's reply, and open the page or setting that it names. Account administrator: remove the restriction.",
        example: "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
        references: "RFC 5248 section 2 (x.7.13)",
    },
};

pub(crate) static AUTH_MECHANISM_REFUSED: Rule = Rule {
    id: "auth-mechanism-refused",
    severity: Severity::Error,
    title: "the server does not accept this login mechanism",
    docs: Docs {
        sees: "The reply to AUTH means that the mechanism is unknown, not available, too weak or not allowed on this server.",
        matters: "The login fails, but another mechanism may succeed with the same password.",
        action: "Use --auth with one of the mechanisms that the EHLO reply lists. If the host only receives mail from other servers, use the provider's submission server.",
        example: "504 5.7.4 Unrecognized authentication type",
        references: "RFC 4954 section 6 (504, 534)",
    },
};

pub(crate) static ENCRYPTION_REQUIRED: Rule = Rule {
    id: "encryption-required",
    severity: Severity::Error,
    title: "the server requires an encrypted connection",
    docs: Docs {
        sees: "The reply means that the server accepts the command only over TLS.",
        matters: "This is the correct behaviour of a submission server. Programs that do not use TLS cannot send mail.",
        action: "Use STARTTLS (remove --tls none), or implicit TLS on port 465.",
        example: "530 5.7.0 Must issue a STARTTLS command first",
        references: "RFC 3207 section 4 (530), RFC 4954 section 6 (538), RFC 8314 section 4",
    },
};
