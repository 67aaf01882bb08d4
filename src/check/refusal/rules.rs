//! The rules of refusals: one for each cause that the lexicon knows, and one for each step at which a reply says nothing
//! that anybody knows. Sentences about single replies are data in the lexicon; these are the pages of the kinds.

use crate::check::{Docs, Rule, Severity};
use crate::lexicon::Cause;

/// The rule of a cause; none for what is no refusal or not known.
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
    title: "the server refuses us in its greeting",
    cites: &["RFC 5321 section 3.1", "RFC 7504 section 3"],
    docs: Docs {
        sees: "The greeting is a 4yz or 5yz reply in the place of 220.",
        matters: "The server turned us away before it knew what we want: it does not accept our address (reputation, reverse DNS, its own list), or it is too busy (4yz), or it takes no mail at all (521).",
        action: "For 4yz, try again later. For 5yz, read the server's text: it usually names the reason, often a list on which the sending address stands.",
        example: "554-mx.example.net Your access to this mail system has been rejected due to the sending MTA's poor reputation",
        references: "RFC 5321 section 3.1, RFC 7504 (521)",
    },
};

pub static EHLO_REFUSED: Rule = Rule {
    id: "ehlo-refused",
    severity: Severity::Error,
    title: "the server refuses our EHLO",
    cites: &["RFC 5321 section 4.1.1.1", "RFC 5321 section 4.1.4"],
    docs: Docs {
        sees: "EHLO (and HELO, where the server did not know EHLO) was answered with 4yz or 5yz.",
        matters: "Most often the server does not like the name that we announce: it must be a full host name or an address in brackets.",
        action: "Announce a full host name that exists in DNS and belongs to the sending machine, with --ehlo.",
        example: "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        references: "RFC 5321 sections 4.1.1.1 and 4.1.4",
    },
};

pub static STARTTLS_REFUSED: Rule = Rule {
    id: "starttls-refused",
    severity: Severity::Error,
    title: "the server offers STARTTLS and then refuses it",
    cites: &["RFC 3207 section 4"],
    docs: Docs {
        sees: "STARTTLS was offered, and the answer to it is not 220.",
        matters: "454 means that TLS is not available now, mostly because the server cannot read its key or certificate. Senders that insist on TLS deliver nothing.",
        action: "The operator reads the mail log at the moment of the refusal: it names the file or the setting that is wrong.",
        example: "454 4.7.0 TLS not available due to local problem",
        references: "RFC 3207 section 4 (220, 501, 454)",
    },
};

pub static AUTH_REFUSED: Rule = Rule {
    id: "auth-refused",
    severity: Severity::Error,
    title: "the server refuses the login",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "AUTH was answered with 5yz, mostly 535.",
        matters: "Nothing can be sent until the login works. 535 has a dozen causes beside a wrong password: an app password or OAuth is needed, SMTP is switched off for the account, another host is responsible.",
        action: "Check user name (often the full address) and password; read the server's text, it often names the page to open.",
        example: "535 5.7.8 Error: authentication failed",
        references: "RFC 4954 section 6 (reply codes of AUTH)",
    },
};

pub static AUTH_TEMPORARY_FAILURE: Rule = Rule {
    id: "auth-temporary-failure",
    severity: Severity::Error,
    title: "the server cannot check the login now",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "AUTH was answered with 4yz.",
        matters: "The password was not judged: the part of the server that knows the passwords is down or overloaded, or too many logins came at once.",
        action: "Try again later, with the same password. If it stays, the operator reads the log of the authentication service.",
        example: "454 4.7.0 Temporary authentication failure",
        references: "RFC 4954 section 6 (454)",
    },
};

pub static AUTH_REQUIRED: Rule = Rule {
    id: "auth-required",
    severity: Severity::Error,
    title: "the server wants a login before it takes mail",
    cites: &["RFC 4954 section 6", "RFC 6409 section 4.3"],
    docs: Docs {
        sees: "MAIL or RCPT was answered with 530, and no login was made.",
        matters: "That is how a submission server should behave; it only means that the check went as far as it can without credentials.",
        action: "Give a user with --user and a password with --password-stdin, --password-file or --password-command.",
        example: "530 5.7.0 Authentication required",
        references: "RFC 4954 section 6 (530)",
    },
};

pub static SENDER_REFUSED: Rule = Rule {
    id: "sender-refused",
    severity: Severity::Error,
    title: "the server refuses the sender",
    cites: &["RFC 5321 section 3.3"],
    docs: Docs {
        sees: "MAIL FROM was answered with 4yz or 5yz.",
        matters: "The server does not take mail from this sender, from this login or from this machine; no recipient was looked at.",
        action: "Read the server's text. After a login, use the account's own address as sender.",
        example: "550 5.7.1 Sender address rejected: not owned by user",
        references: "RFC 5321 section 3.3",
    },
};

pub static RECIPIENT_REFUSED: Rule = Rule {
    id: "recipient-refused",
    severity: Severity::Error,
    title: "the server refuses a recipient",
    cites: &["RFC 5321 section 3.3"],
    docs: Docs {
        sees: "RCPT TO was answered with 5yz.",
        matters: "Mail to this address would come back. The refusal can be about the address, but also about the sender, this machine or a missing login: many servers keep those refusals for this moment.",
        action: "Read the server's text. Check the address; if it speaks of relaying, log in.",
        example: "550 5.1.1 <x@example.net>: Recipient address rejected: User unknown",
        references: "RFC 5321 section 3.3",
    },
};

pub static RECIPIENT_DEFERRED: Rule = Rule {
    id: "recipient-deferred",
    severity: Severity::Error,
    title: "the server puts a recipient off",
    cites: &["RFC 5321 section 4.2.1", "RFC 6647 section 2"],
    docs: Docs {
        sees: "RCPT TO was answered with 4yz.",
        matters: "Mail would wait in the sender's queue and be tried again. Greylisting does this to every stranger once; a full mailbox, a rate limit or a fault of the server does it too.",
        action: "Try again after some minutes from the same address. If it stays, read the server's text.",
        example: "451 4.7.1 <x@example.net>: Recipient address rejected: Greylisted",
        references: "RFC 5321 section 4.2.1, RFC 6647 (greylisting)",
    },
};

pub static SERVER_CLOSING: Rule = Rule {
    id: "server-closing",
    severity: Severity::Error,
    title: "the server ends the conversation with 421",
    cites: &["RFC 5321 section 3.8", "RFC 5321 section 4.2.2"],
    docs: Docs {
        sees: "A 421 after the greeting, at any step.",
        matters: "The server closes the line: it shuts down, is overloaded, or limits what one client may do. Mail would wait and be tried again.",
        action: "Try again later, with fewer connections. If it stays, the server's text and its log tell why.",
        example: "421 4.7.0 mx.example.net Error: too many errors",
        references: "RFC 5321 section 3.8",
    },
};

pub static RECIPIENT_UNKNOWN: Rule = Rule {
    id: "recipient-unknown",
    severity: Severity::Error,
    title: "the recipient does not exist there",
    cites: &["RFC 5321 section 4.2.3", "RFC 3463 section 3.2"],
    docs: Docs {
        sees: "RCPT TO was refused, and the reply says that the server has no such mailbox.",
        matters: "Mail to this address comes back. Repeated tries to addresses that do not exist harm the sender's reputation.",
        action: "Check the address letter by letter and take it off lists. If every address of the domain is refused, it is not the mailbox: look at the domain's MX.",
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
        sees: "The reply says that the mailbox is over its quota.",
        matters: "Mail waits in the sender's queue (4yz) or comes back (5yz) until the recipient makes room.",
        action: "Tell the recipient by another way; nothing is wrong on the sender's side.",
        example: "452 4.2.2 The email account that you tried to reach is over quota",
        references: "RFC 3463 section 3.3 (x.2.2)",
    },
};

pub static MAILBOX_DISABLED: Rule = Rule {
    id: "mailbox-disabled",
    severity: Severity::Error,
    title: "the recipient's mailbox is switched off",
    cites: &["RFC 3463 section 3.3"],
    docs: Docs {
        sees: "The reply says that the mailbox exists and takes no mail: disabled, suspended, inactive.",
        matters: "Mail comes back until somebody switches it on again.",
        action: "Ask the recipient for another address; the recipient's administrator can switch it on.",
        example: "550 5.2.1 The email account that you tried to reach is disabled",
        references: "RFC 3463 section 3.3 (x.2.1)",
    },
};

pub static MAILBOX_MOVED: Rule = Rule {
    id: "mailbox-moved",
    severity: Severity::Error,
    title: "the recipient has another address now",
    cites: &["RFC 5321 section 4.2.3"],
    docs: Docs {
        sees: "The reply says that the mailbox has moved.",
        matters: "Mail to the old address comes back.",
        action: "Use the new address if the reply names one, else ask the recipient.",
        example: "551 User not local; please try x@example.org",
        references: "RFC 5321 section 4.2.3 (551), RFC 3463 section 3.2 (x.1.6)",
    },
};

pub static DOMAIN_UNKNOWN: Rule = Rule {
    id: "domain-unknown",
    severity: Severity::Error,
    title: "the domain of an address does not exist",
    cites: &["RFC 5321 section 5.1"],
    docs: Docs {
        sees: "The reply says that the domain of the recipient cannot be found in DNS, or has no mail server.",
        matters: "Nobody can deliver there.",
        action: "Check the part behind the @. If the domain is yours, publish its MX record.",
        example: "450 4.1.2 <x@exmaple.net>: Recipient address rejected: Domain not found",
        references: "RFC 5321 section 5.1, RFC 3463 section 3.2 (x.1.2)",
    },
};

pub static NO_MAIL_ACCEPTED: Rule = Rule {
    id: "no-mail-accepted",
    severity: Severity::Error,
    title: "this host or domain takes no mail at all",
    cites: &["RFC 7504 section 4", "RFC 7505 section 3"],
    docs: Docs {
        sees: "The reply says that the host never takes mail (521) or that the domain declares so in DNS (null MX, 556).",
        matters: "It is meant: trying again does not help.",
        action: "Use another address or another host.",
        example: "556 5.1.10 <x@example.com>: Recipient address rejected: Domain example.com does not accept mail (nullMX)",
        references: "RFC 7504 (521, 556), RFC 7505 (null MX)",
    },
};

pub static RELAY_DENIED: Rule = Rule {
    id: "relay-denied",
    severity: Severity::Error,
    title: "the server does not forward mail for us to this domain",
    cites: &["RFC 5321 section 7.9", "RFC 6409 section 4.3"],
    docs: Docs {
        sees: "The reply says that the recipient's domain is not the server's own and that we may not send through it.",
        matters: "A server forwards to other domains only for users it knows; everything else would be an open relay. For an open-relay test this refusal is what you want to see.",
        action: "Log in (--user), on port 587 or 465. If the domain should be the server's own, its operator adds it to the list of local domains.",
        example: "554 5.7.1 <x@example.org>: Relay access denied",
        references: "RFC 5321 section 7.9, RFC 6409 section 4.3",
    },
};

pub static RECIPIENT_RESTRICTED: Rule = Rule {
    id: "recipient-restricted",
    severity: Severity::Error,
    title: "the recipient takes mail from inside only",
    cites: &["RFC 3463 section 3.8"],
    docs: Docs {
        sees: "The reply says that only members, known senders or logged-in users may write to this address.",
        matters: "The address exists; mail from you is refused.",
        action: "Send from an address that may write there, or ask the recipient's administrator to open the group or mailbox.",
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
        sees: "The reply is about the address in MAIL FROM: it does not exist, its domain cannot be found, it is not yours, or it is not verified at the provider.",
        matters: "No mail goes out with this sender. Many servers say so only at RCPT TO.",
        action: "Use the address of the account that logs in, or have the address or domain added and verified at the provider.",
        example: "553 5.7.1 <a@example.net>: Sender address rejected: not owned by user b@example.net",
        references: "RFC 5321 section 3.3, RFC 6409 section 6.1",
    },
};

pub static SENDER_AUTHENTICATION_FAILED: Rule = Rule {
    id: "sender-authentication-failed",
    severity: Severity::Error,
    title: "the sender's domain does not vouch for this mail",
    cites: &["RFC 7372 section 3"],
    docs: Docs {
        sees: "The reply names SPF, DKIM or DMARC.",
        matters: "Receivers refuse mail whose domain does not name the sending server or whose signature is missing.",
        action: "Add the sending server to the SPF record of the domain, sign with DKIM, and let both agree with the From domain (DMARC); or send through the domain's own server.",
        example: "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        references: "RFC 7372 section 3 (x.7.20 to x.7.26)",
    },
};

pub static AUTH_CREDENTIALS_REFUSED: Rule = Rule {
    id: "auth-credentials-refused",
    severity: Severity::Error,
    title: "user name or password is wrong",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "The reply to AUTH says that the credentials are not accepted.",
        matters: "Nothing can be sent until the login works. Repeated wrong tries can lock the account.",
        action: "Check the user name (most servers want the full address) and the password; look whether the provider wants an app password or an API key in its place.",
        example: "535 5.7.8 Error: authentication failed",
        references: "RFC 4954 section 6 (535)",
    },
};

pub static AUTH_APP_PASSWORD_REQUIRED: Rule = Rule {
    id: "auth-app-password-required",
    severity: Severity::Error,
    title: "the provider wants an app password",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "The reply, or what is known of the provider, says that the normal password is not accepted by programs.",
        matters: "The password may be right and is refused all the same.",
        action: "Make an app password (also called authorization code or mail password) in the security settings of the account and use it.",
        example: "534-5.7.9 Application-specific password required",
        references: "RFC 4954 section 6 (534)",
    },
};

pub static AUTH_OAUTH_REQUIRED: Rule = Rule {
    id: "auth-oauth-required",
    severity: Severity::Error,
    title: "the provider takes OAuth only",
    cites: &["RFC 7628 section 3"],
    docs: Docs {
        sees: "The reply says that login with a password is switched off for this account, tenant or provider.",
        matters: "No password can work there.",
        action: "Use a program that logs in with OAuth 2.0, an SMTP relay, or have the administrator allow SMTP AUTH where that still exists.",
        example: "535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
        references: "RFC 7628 (OAUTHBEARER)",
    },
};

pub static ACCOUNT_RESTRICTED: Rule = Rule {
    id: "account-restricted",
    severity: Severity::Error,
    title: "the account or address may not do this",
    cites: &["RFC 5248 section 2"],
    docs: Docs {
        sees: "The reply says that the account, the tenant or the sending address is locked, limited, not enabled for SMTP, or not allowed from here.",
        matters: "Credentials may be right; a setting or a lock stands in the way.",
        action: "Open the page or the setting that the reply names; the administrator of the account lifts the restriction.",
        example: "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
        references: "RFC 5248 section 2 (x.7.13)",
    },
};

pub static AUTH_MECHANISM_REFUSED: Rule = Rule {
    id: "auth-mechanism-refused",
    severity: Severity::Error,
    title: "the server does not take this login mechanism",
    cites: &["RFC 4954 section 6"],
    docs: Docs {
        sees: "The reply to AUTH says that the mechanism is unknown, not offered, too weak or not for this place.",
        matters: "Another mechanism may work with the same password.",
        action: "Choose one of those that the EHLO answer lists, with --auth; on a host that receives mail from outside no login works.",
        example: "504 5.7.4 Unrecognized authentication type",
        references: "RFC 4954 section 6 (504, 534)",
    },
};

pub static ENCRYPTION_REQUIRED: Rule = Rule {
    id: "encryption-required",
    severity: Severity::Error,
    title: "the server wants an encrypted line first",
    cites: &["RFC 3207 section 4", "RFC 8314 section 4"],
    docs: Docs {
        sees: "The reply says that this step is only possible inside TLS.",
        matters: "That is how a careful server should behave.",
        action: "Use STARTTLS (leave --tls none away) or port 465.",
        example: "530 5.7.0 Must issue a STARTTLS command first",
        references: "RFC 3207 section 4 (530), RFC 4954 section 6 (538)",
    },
};

pub static CLIENT_REVERSE_DNS: Rule = Rule {
    id: "client-reverse-dns",
    severity: Severity::Error,
    title: "the address of the sending machine has no fitting name",
    cites: &["RFC 7372 section 3.3"],
    docs: Docs {
        sees: "The reply says that the PTR record of the sending address is missing, generic, or does not lead back to it.",
        matters: "Receivers take such machines for home computers.",
        action: "The provider of the address sets a PTR record to the host name of the sending machine, and that name gets an A or AAAA record with the same address; or send through a relay.",
        example: "550 5.7.25 Reverse DNS validation failed",
        references: "RFC 7372 section 3.3 (x.7.25)",
    },
};

pub static EHLO_NAME_REFUSED: Rule = Rule {
    id: "ehlo-name-refused",
    severity: Severity::Error,
    title: "the server does not accept the name that we announce",
    cites: &["RFC 5321 section 4.1.1.1", "RFC 5321 section 4.1.4"],
    docs: Docs {
        sees: "The reply is about the name in EHLO: not a full host name, not to be found in DNS, the server's own, or listed. Postfix says so only at RCPT TO.",
        matters: "Mail from this machine is refused whatever sender and recipient are.",
        action: "Announce the full host name of the sending machine, one that exists in DNS: --ehlo here, myhostname or smtp_helo_name in the mail server.",
        example: "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        references: "RFC 5321 sections 4.1.1.1 and 4.1.4",
    },
};

pub static CLIENT_REPUTATION: Rule = Rule {
    id: "client-reputation",
    severity: Severity::Error,
    title: "the address of the sending machine is listed or in bad repute",
    cites: &["RFC 5782 section 2"],
    docs: Docs {
        sees: "The reply says that our address stands on a block list, has a poor reputation, or is not accepted by the receiver.",
        matters: "It is about the sending machine, not about sender or recipient; all its mail to this receiver is refused.",
        action: "Open the page that the reply names and ask for removal once the reason is gone; until then send through a relay with a good name. A listing of a whole network is the provider's business.",
        example: "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        references: "RFC 5782 (DNS block lists)",
    },
};

pub static GREYLISTED: Rule = Rule {
    id: "greylisted",
    severity: Severity::Error,
    title: "the server asks every stranger to come back later",
    cites: &["RFC 6647 section 2"],
    docs: Docs {
        sees: "A 4yz reply that speaks of greylisting, or of trying again after some minutes.",
        matters: "It is no fault: a mail server tries again by itself and gets through. A program that does not try again loses the mail.",
        action: "Try again from the same address after the time that the reply names, or five minutes.",
        example: "451 4.7.1 <x@example.net>: Recipient address rejected: Greylisted for 5 minutes",
        references: "RFC 6647 (greylisting)",
    },
};

pub static RATE_LIMITED: Rule = Rule {
    id: "rate-limited",
    severity: Severity::Error,
    title: "too much was sent in too short a time",
    cites: &["RFC 5321 section 4.2.2"],
    docs: Docs {
        sees: "The reply speaks of a limit on messages, recipients, logins or connections in a time.",
        matters: "Mail waits, and trying harder makes it worse.",
        action: "Send more slowly; ask the provider for a higher limit if the volume is honest.",
        example: "452 4.4.5 Rate limit exceeded, try again later.",
        references: "RFC 5321 section 4.2.2 (421, 450)",
    },
};

pub static TOO_MANY_CONNECTIONS: Rule = Rule {
    id: "too-many-connections",
    severity: Severity::Error,
    title: "too many connections at a time",
    cites: &["RFC 5321 section 4.2.2"],
    docs: Docs {
        sees: "The reply speaks of too many connections or sessions, from us or in all.",
        matters: "The server protects itself; the next try may work.",
        action: "Use fewer connections in parallel, and close them with QUIT; try again later.",
        example: "421 4.7.0 mx.example.net Error: too many connections from 192.0.2.1",
        references: "RFC 5321 section 4.2.2 (421)",
    },
};

pub static MESSAGE_TOO_LARGE: Rule = Rule {
    id: "message-too-large",
    severity: Severity::Error,
    title: "the message is larger than the server takes",
    cites: &["RFC 1870 section 6.1"],
    docs: Docs {
        sees: "The reply speaks of the size of the message.",
        matters: "The same message will be refused again.",
        action: "Send a link in the place of the attachment; the operator can raise the limit (SIZE in the EHLO answer shows it).",
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
        sees: "The reply speaks of the number of recipients.",
        matters: "The recipients beyond the limit get nothing from this message.",
        action: "Send to fewer recipients at a time; mail servers split a message by themselves on 452.",
        example: "452 4.5.3 Too many recipients",
        references: "RFC 5321 section 4.5.3.1.10",
    },
};

pub static CONTENT_POLICY: Rule = Rule {
    id: "content-policy",
    severity: Severity::Error,
    title: "a policy of the receiver forbids it",
    cites: &["RFC 3463 section 3.8"],
    docs: Docs {
        sees: "The reply speaks of spam, viruses, content, or of a policy without another reason.",
        matters: "The same mail will be refused again; often only the receiver knows why.",
        action: "Read the text, open the address in it, and ask the receiver's administrator with the whole reply.",
        example: "554 5.7.1 Message rejected by content filter",
        references: "RFC 3463 section 3.8 (x.7.0, x.7.1)",
    },
};

pub static COMMAND_SYNTAX_REFUSED: Rule = Rule {
    id: "command-syntax-refused",
    severity: Severity::Error,
    title: "the server cannot read something that was sent",
    cites: &["RFC 5321 section 4.2.4"],
    docs: Docs {
        sees: "The reply says that a command or an address is not written as the server wants it.",
        matters: "The same will be refused again.",
        action: "Check the addresses for odd characters; if they are right, a proxy on the way may change the commands.",
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
        sees: "The reply speaks of the order of commands (503). Mostly it is the echo of an earlier refusal.",
        matters: "The earlier refusal is the cause, not this one.",
        action: "Look at the first refusal above; if there is none, the server wants a login or EHLO first.",
        example: "503 5.5.1 Error: need MAIL command",
        references: "RFC 5321 section 4.1.4",
    },
};

pub static COMMAND_UNSUPPORTED: Rule = Rule {
    id: "command-unsupported",
    severity: Severity::Error,
    title: "the server does not do this",
    cites: &["RFC 5321 section 4.2.4"],
    docs: Docs {
        sees: "The reply says that a command or a parameter is not implemented.",
        matters: "Old servers, special appliances and filters on the way answer like this.",
        action: "Do without it; if another network gives another answer, a filter on the way is the cause.",
        example: "502 5.5.1 Command not implemented",
        references: "RFC 5321 section 4.2.4",
    },
};

pub static SERVER_FAULT: Rule = Rule {
    id: "server-fault",
    severity: Severity::Error,
    title: "the server has a fault of its own",
    cites: &["RFC 5321 section 4.2.3"],
    docs: Docs {
        sees: "The reply speaks of a look-up, a configuration, a database or another part of the server that fails.",
        matters: "Nothing on this side is wrong. Mail waits and is tried again if the code begins with 4.",
        action: "Try again later; the operator reads the mail log of the server at this moment.",
        example: "451 4.3.5 <x@example.net>: Server configuration error",
        references: "RFC 5321 section 4.2.3 (451), RFC 3463 section 3.4 (x.3.5)",
    },
};

pub static SERVER_STORAGE_FULL: Rule = Rule {
    id: "server-storage-full",
    severity: Severity::Error,
    title: "the server has no room left",
    cites: &["RFC 3463 section 3.4"],
    docs: Docs {
        sees: "The reply speaks of the server's disk or queue, not of one mailbox.",
        matters: "All mail to this server waits.",
        action: "Try again later; the operator makes room on the disk of the queue.",
        example: "452 4.3.1 Insufficient system storage",
        references: "RFC 3463 section 3.4 (x.3.1)",
    },
};
