//! The rules of rejections: one for each category of the lexicon, and one for each phase, for replies of which only the
//! code is known. Sentences about single replies are data in the lexicon; here are the pages of the categories.

use crate::check::{Docs, Rule, Severity};
use crate::lexicon::Cause;

/// The rule of a category; none if it is not a rejection or not known.
pub fn of(cause: Cause) -> Option<&'static Rule> {
    Some(match cause {
        Cause::UnknownUser => &RECIPIENT_UNKNOWN,
        Cause::MailboxFull => &MAILBOX_FULL,
        Cause::MailboxDisabled => &MAILBOX_DISABLED,
        Cause::MailboxMoved => &MAILBOX_MOVED,
        Cause::DomainUnknown => &DOMAIN_UNKNOWN,
        Cause::NoMailAccepted => &NO_MAIL_ACCEPTED,
        Cause::RelayDenied => &RELAY_DENIED,
        Cause::RecipientRestricted => &RECIPIENT_RESTRICTED,
        Cause::SenderRejected => &SENDER_NOT_ACCEPTED,
        Cause::SenderAuthentication => &SENDER_AUTHENTICATION_FAILED,
        Cause::Credentials => &AUTH_CREDENTIALS_REFUSED,
        Cause::AppPassword => &AUTH_APP_PASSWORD_REQUIRED,
        Cause::OauthRequired => &AUTH_OAUTH_REQUIRED,
        Cause::AccountRestricted => &ACCOUNT_RESTRICTED,
        Cause::AuthMechanism => &AUTH_MECHANISM_REFUSED,
        Cause::AuthRequired => &AUTH_REQUIRED,
        Cause::EncryptionRequired => &ENCRYPTION_REQUIRED,
        Cause::StarttlsFailed => &STARTTLS_REFUSED,
        Cause::ReverseDns => &CLIENT_REVERSE_DNS,
        Cause::HeloName => &EHLO_NAME_REFUSED,
        Cause::Reputation => &CLIENT_REPUTATION,
        Cause::Greylisted => &GREYLISTED,
        Cause::RateLimited => &RATE_LIMITED,
        Cause::TooManyConnections => &TOO_MANY_CONNECTIONS,
        Cause::TooLarge => &MESSAGE_TOO_LARGE,
        Cause::TooManyRecipients => &TOO_MANY_RECIPIENTS,
        Cause::ContentPolicy => &CONTENT_POLICY,
        Cause::Syntax => &COMMAND_SYNTAX_REFUSED,
        Cause::Sequence => &COMMAND_OUT_OF_SEQUENCE,
        Cause::Unsupported => &COMMAND_UNSUPPORTED,
        Cause::ServerFault => &SERVER_FAULT,
        Cause::ServerFull => &SERVER_STORAGE_FULL,
        Cause::Closing => &SERVER_CLOSING,
        Cause::Accepted | Cause::Other => return None,
    })
}

/// Every rule of this check.
pub static RULES: &[&Rule] = &[
    &GREETING_REFUSED,
    &EHLO_REFUSED,
    &STARTTLS_REFUSED,
    &AUTH_REFUSED,
    &AUTH_TEMPORARY_FAILURE,
    &AUTH_REQUIRED,
    &SENDER_REFUSED,
    &RECIPIENT_REFUSED,
    &RECIPIENT_DEFERRED,
    &SERVER_CLOSING,
    &RECIPIENT_UNKNOWN,
    &MAILBOX_FULL,
    &MAILBOX_DISABLED,
    &MAILBOX_MOVED,
    &DOMAIN_UNKNOWN,
    &NO_MAIL_ACCEPTED,
    &RELAY_DENIED,
    &RECIPIENT_RESTRICTED,
    &SENDER_NOT_ACCEPTED,
    &SENDER_AUTHENTICATION_FAILED,
    &AUTH_CREDENTIALS_REFUSED,
    &AUTH_APP_PASSWORD_REQUIRED,
    &AUTH_OAUTH_REQUIRED,
    &ACCOUNT_RESTRICTED,
    &AUTH_MECHANISM_REFUSED,
    &ENCRYPTION_REQUIRED,
    &CLIENT_REVERSE_DNS,
    &EHLO_NAME_REFUSED,
    &CLIENT_REPUTATION,
    &GREYLISTED,
    &RATE_LIMITED,
    &TOO_MANY_CONNECTIONS,
    &MESSAGE_TOO_LARGE,
    &TOO_MANY_RECIPIENTS,
    &CONTENT_POLICY,
    &COMMAND_SYNTAX_REFUSED,
    &COMMAND_OUT_OF_SEQUENCE,
    &COMMAND_UNSUPPORTED,
    &SERVER_FAULT,
    &SERVER_STORAGE_FULL,
];

pub static GREETING_REFUSED: Rule = Rule {
    id: "greeting-refused",
    severity: Severity::Error,
    title: "the server rejects the connection in its greeting",
    cites: &["RFC 5321 section 3.1", "RFC 7504 section 3"],
    docs: Docs {
        sees: "The greeting is a 4yz or 5yz reply instead of 220.",
        matters: "The server rejected the client before any command was sent: it does not accept your IP address (reputation, reverse DNS, its own list), or it is too busy (4yz), or it accepts no mail at all (521).",
        action: "For 4yz, try again later. For 5yz, read the server's text: it usually names the reason, often a block list that contains your IP address.",
        example: "554-mx.example.net Your access to this mail system has been rejected due to the sending MTA's poor reputation",
        references: "RFC 5321 section 3.1, RFC 7504 (521)",
    },
};

pub static EHLO_REFUSED: Rule = Rule {
    id: "ehlo-refused",
    severity: Severity::Error,
    title: "the server rejects EHLO",
    cites: &["RFC 5321 section 4.1.1.1", "RFC 5321 section 4.1.4"],
    docs: Docs {
        sees: "The reply to EHLO (or to HELO, if the server did not know EHLO) was 4yz or 5yz.",
        matters: "Most often the server does not accept the EHLO name: it must be a fully qualified host name, or an IP address in brackets.",
        action: "Use --ehlo with a fully qualified host name that exists in DNS and belongs to the sending machine.",
        example: "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        references: "RFC 5321 sections 4.1.1.1 and 4.1.4",
    },
};

pub static STARTTLS_REFUSED: Rule = Rule {
    id: "starttls-refused",
    severity: Severity::Error,
    title: "the server advertises STARTTLS and then rejects it",
    cites: &["RFC 3207 section 4"],
    docs: Docs {
        sees: "STARTTLS was advertised, but the reply to it is not 220.",
        matters: "454 means that TLS is temporarily not available, usually because the server cannot read its key or certificate. Senders that require TLS cannot deliver.",
        action: "Server operator: read the mail log for the time of the rejection. It names the file or the setting that is wrong.",
        example: "454 4.7.0 TLS not available due to local problem",
        references: "RFC 3207 section 4 (220, 501, 454)",
    },
};

pub static AUTH_REFUSED: Rule = Rule {
    id: "auth-refused",
    severity: Severity::Error,
    title: "the server rejects the login",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "The reply to AUTH was 5yz, usually 535.",
        matters: "No mail can be sent until the login works. Besides a wrong password, 535 has a dozen causes: an app password or OAuth is needed, SMTP is switched off for the account, the account belongs to another host.",
        action: "Check the user name (often the full email address) and the password. Read the server's text: it often names the page to open.",
        example: "535 5.7.8 Error: authentication failed",
        references: "RFC 4954 section 6 (reply codes of AUTH)",
    },
};

pub static AUTH_TEMPORARY_FAILURE: Rule = Rule {
    id: "auth-temporary-failure",
    severity: Severity::Error,
    title: "the server cannot check the login at the moment",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "The reply to AUTH was 4yz.",
        matters: "The password was not checked: the server's authentication service is down or overloaded, or there were too many logins at once.",
        action: "Try again later with the same password. If the error remains, the server's operator should read the log of the authentication service.",
        example: "454 4.7.0 Temporary authentication failure",
        references: "RFC 4954 section 6 (454)",
    },
};

pub static AUTH_REQUIRED: Rule = Rule {
    id: "auth-required",
    severity: Severity::Error,
    title: "the server requires a login before it accepts mail",
    cites: &["RFC 4954 section 6", "RFC 6409 section 4.3"],
    docs: Docs {
        sees: "The reply to MAIL or RCPT was 530, and there was no login.",
        matters: "A submission server should behave in this way. It only means that the check cannot continue without credentials.",
        action: "Give a user name with --user and a password with --password-stdin, --password-file or --password-command.",
        example: "530 5.7.0 Authentication required",
        references: "RFC 4954 section 6 (530)",
    },
};

pub static SENDER_REFUSED: Rule = Rule {
    id: "sender-refused",
    severity: Severity::Error,
    title: "the server rejects the sender",
    cites: &["RFC 5321 section 3.3"],
    docs: Docs {
        sees: "The reply to MAIL FROM was 4yz or 5yz.",
        matters: "The server does not accept mail from this sender, this login or this machine. No recipient was tested.",
        action: "Read the server's text. After a login, use the email address of the account as the sender.",
        example: "550 5.7.1 Sender address rejected: not owned by user",
        references: "RFC 5321 section 3.3",
    },
};

pub static RECIPIENT_REFUSED: Rule = Rule {
    id: "recipient-refused",
    severity: Severity::Error,
    title: "the server rejects a recipient",
    cites: &["RFC 5321 section 3.3"],
    docs: Docs {
        sees: "The reply to RCPT TO was 5yz.",
        matters: "Mail to this email address would bounce. The reason may be the email address, but also the sender, this machine or a missing login: many servers reject those only at RCPT TO.",
        action: "Read the server's text. Check the email address. If the text mentions relaying, log in.",
        example: "550 5.1.1 <x@example.net>: Recipient address rejected: User unknown",
        references: "RFC 5321 section 3.3",
    },
};

pub static RECIPIENT_DEFERRED: Rule = Rule {
    id: "recipient-deferred",
    severity: Severity::Error,
    title: "the server defers a recipient",
    cites: &["RFC 5321 section 4.2.1", "RFC 6647 section 2"],
    docs: Docs {
        sees: "The reply to RCPT TO was 4yz.",
        matters: "Mail would stay in the sender's queue and be retried. Greylisting does this once to every unknown client. Other reasons are a full mailbox, a rate limit or a fault of the server.",
        action: "Try again after a few minutes from the same IP address. If the error remains, read the server's text.",
        example: "451 4.7.1 <x@example.net>: Recipient address rejected: Greylisted",
        references: "RFC 5321 section 4.2.1, RFC 6647 (greylisting)",
    },
};

pub static SERVER_CLOSING: Rule = Rule {
    id: "server-closing",
    severity: Severity::Error,
    title: "the server ends the session with 421",
    cites: &["RFC 5321 section 3.8", "RFC 5321 section 4.2.2"],
    docs: Docs {
        sees: "A 421 reply after the greeting, in any phase.",
        matters: "The server closes the connection: it is shutting down, is overloaded, or limits what one client may do. Mail would stay in the queue and be retried.",
        action: "Try again later, with fewer connections. If the error remains, the server's text and its log show the reason.",
        example: "421 4.7.0 mx.example.net Error: too many errors",
        references: "RFC 5321 section 3.8",
    },
};

pub static RECIPIENT_UNKNOWN: Rule = Rule {
    id: "recipient-unknown",
    severity: Severity::Error,
    title: "the recipient does not exist on this server",
    cites: &["RFC 5321 section 4.2.3", "RFC 3463 section 3.2"],
    docs: Docs {
        sees: "RCPT TO was rejected, and the reply means that the server has no such mailbox.",
        matters: "Mail to this email address bounces. Repeated attempts to send to unknown recipients harm the sender's reputation.",
        action: "Check the email address letter by letter, and remove it from mailing lists if it is wrong. If every email address of the domain is rejected, the mailbox is not the reason: check the domain's MX records.",
        example: "550 5.1.1 <x@example.net>: Recipient address rejected: User unknown in local recipient table",
        references: "RFC 5321 section 4.2.3, RFC 3463 section 3.2 (x.1.1)",
    },
};

pub static MAILBOX_FULL: Rule = Rule {
    id: "mailbox-full",
    severity: Severity::Error,
    title: "the recipient's mailbox is full",
    cites: &["RFC 3463 section 3.3"],
    docs: Docs {
        sees: "The reply means that the mailbox is over its quota.",
        matters: "Mail stays in the sender's queue (4yz) or bounces (5yz) until the recipient deletes messages.",
        action: "Inform the recipient in another way. The sender has nothing to fix.",
        example: "452 4.2.2 The email account that you tried to reach is over quota",
        references: "RFC 3463 section 3.3 (x.2.2)",
    },
};

pub static MAILBOX_DISABLED: Rule = Rule {
    id: "mailbox-disabled",
    severity: Severity::Error,
    title: "the recipient's mailbox is disabled",
    cites: &["RFC 3463 section 3.3"],
    docs: Docs {
        sees: "The reply means that the mailbox exists but accepts no mail: it is disabled, suspended or inactive.",
        matters: "Mail bounces until the mailbox is enabled again.",
        action: "Ask the recipient for another email address. The recipient's administrator can enable the mailbox.",
        example: "550 5.2.1 The email account that you tried to reach is disabled",
        references: "RFC 3463 section 3.3 (x.2.1)",
    },
};

pub static MAILBOX_MOVED: Rule = Rule {
    id: "mailbox-moved",
    severity: Severity::Error,
    title: "the recipient has a new email address",
    cites: &["RFC 5321 section 4.2.3"],
    docs: Docs {
        sees: "The reply means that the mailbox has moved.",
        matters: "Mail to the old email address bounces.",
        action: "Use the new email address if the reply names one. Otherwise ask the recipient.",
        example: "551 User not local; please try x@example.org",
        references: "RFC 5321 section 4.2.3 (551), RFC 3463 section 3.2 (x.1.6)",
    },
};

pub static DOMAIN_UNKNOWN: Rule = Rule {
    id: "domain-unknown",
    severity: Severity::Error,
    title: "the domain of an email address does not exist",
    cites: &["RFC 5321 section 5.1"],
    docs: Docs {
        sees: "The reply means that the domain of the recipient cannot be found in DNS, or has no mail server.",
        matters: "Mail to this domain cannot be delivered.",
        action: "Check the part after the @. If you operate the domain, publish its MX record.",
        example: "450 4.1.2 <x@exmaple.net>: Recipient address rejected: Domain not found",
        references: "RFC 5321 section 5.1, RFC 3463 section 3.2 (x.1.2)",
    },
};

pub static NO_MAIL_ACCEPTED: Rule = Rule {
    id: "no-mail-accepted",
    severity: Severity::Error,
    title: "this host or domain accepts no mail at all",
    cites: &["RFC 7504 section 4", "RFC 7505 section 3"],
    docs: Docs {
        sees: "The reply means that the host never accepts mail (521), or that the domain declares this in DNS (null MX, 556).",
        matters: "This is intentional. Trying again does not help.",
        action: "Use another email address or another host.",
        example: "556 5.1.10 <x@example.com>: Recipient address rejected: Domain example.com does not accept mail (nullMX)",
        references: "RFC 7504 (521, 556), RFC 7505 (null MX)",
    },
};

pub static RELAY_DENIED: Rule = Rule {
    id: "relay-denied",
    severity: Severity::Error,
    title: "the server does not relay mail to this domain for this client",
    cites: &["RFC 5321 section 7.9", "RFC 6409 section 4.3"],
    docs: Docs {
        sees: "The reply means that the recipient's domain is not local to the server, and that this client may not send through it.",
        matters: "A server relays mail to other domains only for known users; otherwise it would be an open relay. In an open-relay test this rejection is the desired result.",
        action: "Log in (--user), on port 587 or 465. Server operator: if the domain should be local, add it to the list of local domains.",
        example: "554 5.7.1 <x@example.org>: Relay access denied",
        references: "RFC 5321 section 7.9, RFC 6409 section 4.3",
    },
};

pub static RECIPIENT_RESTRICTED: Rule = Rule {
    id: "recipient-restricted",
    severity: Severity::Error,
    title: "the recipient accepts mail only from certain senders",
    cites: &["RFC 3463 section 3.8"],
    docs: Docs {
        sees: "The reply means that only members, known senders or logged-in users may send to this email address.",
        matters: "The email address exists, but mail from you is rejected.",
        action: "Send from an email address that is allowed, or ask the recipient's administrator to open the group or mailbox.",
        example: "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
        references: "RFC 3463 section 3.8 (x.7.1, x.7.2)",
    },
};

pub static SENDER_NOT_ACCEPTED: Rule = Rule {
    id: "sender-not-accepted",
    severity: Severity::Error,
    title: "the server does not accept this sender address",
    cites: &["RFC 5321 section 3.3", "RFC 6409 section 6.1"],
    docs: Docs {
        sees: "The reply is about the email address in MAIL FROM: it does not exist, its domain cannot be found, it does not belong to the login, or it is not verified at the provider.",
        matters: "No mail can be sent with this sender. Many servers reject it only at RCPT TO.",
        action: "Use the email address of the account that logs in, or have the email address or domain added and verified at the provider.",
        example: "553 5.7.1 <a@example.net>: Sender address rejected: not owned by user b@example.net",
        references: "RFC 5321 section 3.3, RFC 6409 section 6.1",
    },
};

pub static SENDER_AUTHENTICATION_FAILED: Rule = Rule {
    id: "sender-authentication-failed",
    severity: Severity::Error,
    title: "the mail fails the sender domain's authentication (SPF, DKIM or DMARC)",
    cites: &["RFC 7372 section 3"],
    docs: Docs {
        sees: "The reply mentions SPF, DKIM or DMARC.",
        matters: "Receiving servers reject mail if the sender's domain does not list the sending server, or if the signature is missing.",
        action: "Add the sending server to the SPF record of the domain, sign with DKIM, and make sure that both match the From domain (DMARC); or send through the domain's own server.",
        example: "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        references: "RFC 7372 section 3 (x.7.20 to x.7.26)",
    },
};

pub static AUTH_CREDENTIALS_REFUSED: Rule = Rule {
    id: "auth-credentials-refused",
    severity: Severity::Error,
    title: "the user name or password is wrong",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "The reply to AUTH means that the credentials are not accepted.",
        matters: "No mail can be sent until the login works. Repeated failed logins can lock the account.",
        action: "Check the user name (most servers expect the full email address) and the password. Check whether the provider requires an app password or an API key instead.",
        example: "535 5.7.8 Error: authentication failed",
        references: "RFC 4954 section 6 (535)",
    },
};

pub static AUTH_APP_PASSWORD_REQUIRED: Rule = Rule {
    id: "auth-app-password-required",
    severity: Severity::Error,
    title: "the provider requires an app password",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "The reply, or known facts about the provider, show that the provider does not accept the normal password from programs.",
        matters: "The password may be correct, but it is rejected.",
        action: "Create an app password (also called authorization code or mail password) in the security settings of the account, and use it.",
        example: "534-5.7.9 Application-specific password required",
        references: "RFC 4954 section 6 (534)",
    },
};

pub static AUTH_OAUTH_REQUIRED: Rule = Rule {
    id: "auth-oauth-required",
    severity: Severity::Error,
    title: "the provider accepts only OAuth",
    cites: &["RFC 7628 section 3"],
    docs: Docs {
        sees: "The reply means that login with a password is switched off for this account, tenant or provider.",
        matters: "No password is accepted.",
        action: "Use a program that logs in with OAuth 2.0, use an SMTP relay, or ask the administrator to allow SMTP AUTH where that is still possible.",
        example: "535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
        references: "RFC 7628 (OAUTHBEARER)",
    },
};

pub static ACCOUNT_RESTRICTED: Rule = Rule {
    id: "account-restricted",
    severity: Severity::Error,
    title: "the account or address is restricted",
    cites: &["RFC 5248 section 2"],
    docs: Docs {
        sees: "The reply means that the account, the tenant or the sending address is locked, limited, not enabled for SMTP, or not allowed from your network.",
        matters: "The credentials may be correct, but a setting or a lock prevents sending.",
        action: "Open the page or the setting that the reply names. Account administrator: remove the restriction.",
        example: "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
        references: "RFC 5248 section 2 (x.7.13)",
    },
};

pub static AUTH_MECHANISM_REFUSED: Rule = Rule {
    id: "auth-mechanism-refused",
    severity: Severity::Error,
    title: "the server does not accept this login mechanism",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "The reply to AUTH means that the mechanism is unknown, not available, too weak or not allowed here.",
        matters: "Another mechanism may work with the same password.",
        action: "Use --auth with one of the mechanisms that the EHLO reply lists. On a host that receives mail from other servers, no login works.",
        example: "504 5.7.4 Unrecognized authentication type",
        references: "RFC 4954 section 6 (504, 534)",
    },
};

pub static ENCRYPTION_REQUIRED: Rule = Rule {
    id: "encryption-required",
    severity: Severity::Error,
    title: "the server requires an encrypted connection first",
    cites: &["RFC 3207 section 4", "RFC 8314 section 4"],
    docs: Docs {
        sees: "The reply means that the command is allowed only inside TLS.",
        matters: "A well-configured server should behave in this way.",
        action: "Use STARTTLS (remove --tls none) or port 465.",
        example: "530 5.7.0 Must issue a STARTTLS command first",
        references: "RFC 3207 section 4 (530), RFC 4954 section 6 (538)",
    },
};

pub static CLIENT_REVERSE_DNS: Rule = Rule {
    id: "client-reverse-dns",
    severity: Severity::Error,
    title: "the IP address of the sending machine has no matching reverse DNS",
    cites: &["RFC 7372 section 3.3"],
    docs: Docs {
        sees: "The reply means that the PTR record of the sending IP address is missing, is generic, or names a host that does not resolve to this IP address.",
        matters: "Receiving servers treat such machines as home computers.",
        action: "Ask the provider of the IP address to set a PTR record with the host name of the sending machine, and give that name an A or AAAA record with the same IP address; or send through a relay.",
        example: "550 5.7.25 Reverse DNS validation failed",
        references: "RFC 7372 section 3.3 (x.7.25)",
    },
};

pub static EHLO_NAME_REFUSED: Rule = Rule {
    id: "ehlo-name-refused",
    severity: Severity::Error,
    title: "the server does not accept the EHLO name",
    cites: &["RFC 5321 section 4.1.1.1", "RFC 5321 section 4.1.4"],
    docs: Docs {
        sees: "The reply is about the EHLO name: it is not a fully qualified host name, cannot be found in DNS, is the server's own name, or is on a block list. Postfix rejects it only at RCPT TO.",
        matters: "Mail from this machine is rejected, regardless of sender and recipient.",
        action: "Use the fully qualified host name of the sending machine, which must exist in DNS: --ehlo in smtpcheck, myhostname or smtp_helo_name in the mail server.",
        example: "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        references: "RFC 5321 sections 4.1.1.1 and 4.1.4",
    },
};

pub static CLIENT_REPUTATION: Rule = Rule {
    id: "client-reputation",
    severity: Severity::Error,
    title: "the IP address of the sending machine is on a block list or has a poor reputation",
    cites: &["RFC 5782 section 2"],
    docs: Docs {
        sees: "The reply means that your IP address is on a block list, has a poor reputation, or is not accepted by the receiving server.",
        matters: "The reason is the sending machine, not the sender or the recipient. All its mail to this server is rejected.",
        action: "Open the page that the reply names, and request removal after you have fixed the reason. Until then, send through a relay with a good reputation. If an entire network is listed, its provider must request the removal.",
        example: "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        references: "RFC 5782 (DNS block lists)",
    },
};

pub static GREYLISTED: Rule = Rule {
    id: "greylisted",
    severity: Severity::Error,
    title: "the server temporarily rejects unknown clients (greylisting)",
    cites: &["RFC 6647 section 2"],
    docs: Docs {
        sees: "A 4yz reply that mentions greylisting, or trying again after some minutes.",
        matters: "This is not a fault: a mail server retries by itself and is then accepted. A program that does not retry loses the mail.",
        action: "Try again from the same IP address after the time that the reply names, or after five minutes.",
        example: "451 4.7.1 <x@example.net>: Recipient address rejected: Greylisted for 5 minutes",
        references: "RFC 6647 (greylisting)",
    },
};

pub static RATE_LIMITED: Rule = Rule {
    id: "rate-limited",
    severity: Severity::Error,
    title: "a rate limit of the server was reached",
    cites: &["RFC 5321 section 4.2.2"],
    docs: Docs {
        sees: "The reply mentions a limit on messages, recipients, logins or connections in a period of time.",
        matters: "Mail stays in the queue. More attempts make it worse.",
        action: "Send more slowly. If the volume is legitimate, ask the provider for a higher limit.",
        example: "452 4.4.5 Rate limit exceeded, try again later.",
        references: "RFC 5321 section 4.2.2 (421, 450)",
    },
};

pub static TOO_MANY_CONNECTIONS: Rule = Rule {
    id: "too-many-connections",
    severity: Severity::Error,
    title: "too many simultaneous connections",
    cites: &["RFC 5321 section 4.2.2"],
    docs: Docs {
        sees: "The reply mentions too many connections or sessions, from this client or in total.",
        matters: "The server protects itself. The next attempt may succeed.",
        action: "Use fewer connections in parallel, close them with QUIT, and try again later.",
        example: "421 4.7.0 mx.example.net Error: too many connections from 192.0.2.1",
        references: "RFC 5321 section 4.2.2 (421)",
    },
};

pub static MESSAGE_TOO_LARGE: Rule = Rule {
    id: "message-too-large",
    severity: Severity::Error,
    title: "the message is larger than the server accepts",
    cites: &["RFC 1870 section 6.1"],
    docs: Docs {
        sees: "The reply mentions the size of the message.",
        matters: "The same message will be rejected again.",
        action: "Send a link instead of the attachment. Server operator: you can raise the limit (SIZE in the EHLO reply shows it).",
        example: "552 5.3.4 Message size exceeds fixed limit",
        references: "RFC 1870 section 6.1",
    },
};

pub static TOO_MANY_RECIPIENTS: Rule = Rule {
    id: "too-many-recipients",
    severity: Severity::Error,
    title: "too many recipients in one message",
    cites: &["RFC 5321 section 4.5.3.1.10"],
    docs: Docs {
        sees: "The reply mentions the number of recipients.",
        matters: "The recipients beyond the limit do not receive this message.",
        action: "Send to fewer recipients at a time. After 452, mail servers send the message to the other recipients separately.",
        example: "452 4.5.3 Too many recipients",
        references: "RFC 5321 section 4.5.3.1.10",
    },
};

pub static CONTENT_POLICY: Rule = Rule {
    id: "content-policy",
    severity: Severity::Error,
    title: "a policy of the receiving server forbids the mail",
    cites: &["RFC 3463 section 3.8"],
    docs: Docs {
        sees: "The reply mentions spam, viruses, content, or a policy without another reason.",
        matters: "The same mail will be rejected again. Often only the receiving server's operator knows the reason.",
        action: "Read the text, open the web page that it names, and send the complete reply to the receiving server's administrator.",
        example: "554 5.7.1 Message rejected by content filter",
        references: "RFC 3463 section 3.8 (x.7.0, x.7.1)",
    },
};

pub static COMMAND_SYNTAX_REFUSED: Rule = Rule {
    id: "command-syntax-refused",
    severity: Severity::Error,
    title: "the server rejects the syntax of a command",
    cites: &["RFC 5321 section 4.2.4"],
    docs: Docs {
        sees: "The reply means that the syntax of a command or an email address is not valid for the server.",
        matters: "The same command will be rejected again.",
        action: "Check the email addresses for unusual characters. If they are correct, a proxy on the network path may change the commands.",
        example: "501 5.1.3 Bad recipient address syntax",
        references: "RFC 5321 section 4.2.4",
    },
};

pub static COMMAND_OUT_OF_SEQUENCE: Rule = Rule {
    id: "command-out-of-sequence",
    severity: Severity::Error,
    title: "the server expected another command first",
    cites: &["RFC 5321 section 4.1.4"],
    docs: Docs {
        sees: "The reply mentions the order of commands (503). Usually it is a consequence of an earlier rejection.",
        matters: "The cause is the earlier rejection, not this one.",
        action: "Read the first rejection above. If there is none, the server expects a login or EHLO first.",
        example: "503 5.5.1 Error: need MAIL command",
        references: "RFC 5321 section 4.1.4",
    },
};

pub static COMMAND_UNSUPPORTED: Rule = Rule {
    id: "command-unsupported",
    severity: Severity::Error,
    title: "the server does not support the command",
    cites: &["RFC 5321 section 4.2.4"],
    docs: Docs {
        sees: "The reply means that a command or a parameter is not implemented.",
        matters: "Old servers, special appliances and filters on the network path reply in this way.",
        action: "Do not use the command. If the reply is different from another network, a filter on the network path is the cause.",
        example: "502 5.5.1 Command not implemented",
        references: "RFC 5321 section 4.2.4",
    },
};

pub static SERVER_FAULT: Rule = Rule {
    id: "server-fault",
    severity: Severity::Error,
    title: "the server has an internal fault",
    cites: &["RFC 5321 section 4.2.3"],
    docs: Docs {
        sees: "The reply means that a lookup, a configuration, a database or another part of the server fails.",
        matters: "The client is not at fault. If the code begins with 4, mail stays in the queue and is retried.",
        action: "Try again later. Server operator: read the mail log for the time of the check.",
        example: "451 4.3.5 <x@example.net>: Server configuration error",
        references: "RFC 5321 section 4.2.3 (451), RFC 3463 section 3.4 (x.3.5)",
    },
};

pub static SERVER_STORAGE_FULL: Rule = Rule {
    id: "server-storage-full",
    severity: Severity::Error,
    title: "the server has no storage space left",
    cites: &["RFC 3463 section 3.4"],
    docs: Docs {
        sees: "The reply is about the server's disk or queue, not about one mailbox.",
        matters: "All mail to this server stays in the senders' queues.",
        action: "Try again later. Server operator: free space on the disk of the queue.",
        example: "452 4.3.1 Insufficient system storage",
        references: "RFC 3463 section 3.4 (x.3.1)",
    },
};
