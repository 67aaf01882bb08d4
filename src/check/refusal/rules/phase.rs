//! Rules for rejections whose text the lexicon does not recognise. Only their phase and code are known.

use crate::check::finding::{Docs, Rule, Severity};

pub(crate) static GREETING_REFUSED: Rule = Rule {
    id: "greeting-refused",
    severity: Severity::Error,
    title: "the server rejects the connection in its greeting",
    docs: Docs {
        sees: "The greeting is a 4yz or 5yz reply instead of 220.",
        matters: "The server rejected the client before the first command. It does not accept your IP address (because of its reputation, its reverse DNS or a blocklist), it is too busy (4yz), or it accepts no mail at all (521).",
        action: "For 4yz, retry later. For 5yz, read the server's reply, which usually states the reason. Often, your IP address is on a blocklist.",
        example: "554-mx.example.net Your access to this mail system has been rejected due to the sending MTA's poor reputation",
        references: "RFC 5321 section 3.1, RFC 7504 section 3 (521)",
    },
};

pub(crate) static EHLO_REFUSED: Rule = Rule {
    id: "ehlo-refused",
    severity: Severity::Error,
    title: "the server rejects EHLO",
    docs: Docs {
        sees: "The reply to EHLO was 4yz or 5yz, or the server did not support EHLO and also rejected HELO.",
        matters: "The session cannot continue. Often the server does not accept the EHLO name, which must be a fully qualified host name or an IP address in brackets.",
        action: "Use --ehlo with a fully qualified host name that exists in DNS and belongs to the sending machine.",
        example: "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        references: "RFC 5321 sections 4.1.1.1 and 4.1.4",
    },
};

pub(crate) static STARTTLS_REFUSED: Rule = Rule {
    id: "starttls-refused",
    severity: Severity::Error,
    title: "the server advertises STARTTLS but rejects it",
    docs: Docs {
        sees: "The server advertised STARTTLS, but replied to it with 4yz or 5yz instead of 220.",
        matters: "Senders that require TLS cannot deliver mail. 454 means that TLS is temporarily not available, usually because the server cannot read its key or certificate.",
        action: "Server operator: read the mail log for the time of the rejection. The log usually names the incorrect file or setting.",
        example: "454 4.7.0 TLS not available due to local problem",
        references: "RFC 3207 section 4 (220, 501, 454)",
    },
};

pub(crate) static AUTH_REFUSED: Rule = Rule {
    id: "auth-refused",
    severity: Severity::Error,
    title: "the server rejects the login",
    docs: Docs {
        sees: "The reply to AUTH was 5yz, usually 535.",
        matters: "You cannot send mail until the login succeeds. A wrong password is not the only possible cause of 535. For example, the provider may require an app password or OAuth, SMTP may be disabled for the account, or the account may belong to another server.",
        action: "Check the user name (often the full email address) and the password. Read the server's reply, which often states the reason or names a web page.",
        example: "535 5.7.8 Error: authentication failed",
        references: "RFC 4954 section 6 (reply codes of AUTH)",
    },
};

pub(crate) static AUTH_TEMPORARY_FAILURE: Rule = Rule {
    id: "auth-temporary-failure",
    severity: Severity::Error,
    title: "the server cannot check the login at the moment",
    docs: Docs {
        sees: "The reply to AUTH was 4yz.",
        matters: "The server did not check the password, because its authentication service is down or overloaded, or because it received too many logins at the same time.",
        action: "Retry later with the same password. Server operator: if the error persists, read the authentication service's log.",
        example: "454 4.7.0 Temporary authentication failure",
        references: "RFC 4954 section 6 (454)",
    },
};

pub(crate) static SENDER_REFUSED: Rule = Rule {
    id: "sender-refused",
    severity: Severity::Error,
    title: "the server rejects the sender",
    docs: Docs {
        sees: "The reply to MAIL FROM was 4yz or 5yz.",
        matters: "The server does not accept mail from this sender, this login or this machine. No recipient was tested.",
        action: "Read the server's reply. If you log in, use the account's email address as the sender.",
        example: "550 5.7.1 Sender address rejected: not owned by user",
        references: "RFC 5321 section 3.3",
    },
};

pub(crate) static RECIPIENT_REFUSED: Rule = Rule {
    id: "recipient-refused",
    severity: Severity::Error,
    title: "the server rejects a recipient",
    docs: Docs {
        sees: "The reply to RCPT TO was 5yz.",
        matters: "Mail to this email address bounces. The reason may be the email address, the sender, the sending machine or a missing login, because many servers do not send any of these rejections before RCPT TO.",
        action: "Read the server's reply, and check the email address. If the reply mentions relaying, log in.",
        example: "550 5.1.1 <x@example.net>: Recipient address rejected: User unknown",
        references: "RFC 5321 section 3.3",
    },
};

pub(crate) static RECIPIENT_DEFERRED: Rule = Rule {
    id: "recipient-deferred",
    severity: Severity::Error,
    title: "the server defers a recipient",
    docs: Docs {
        sees: "The reply to RCPT TO was 4yz.",
        matters: "Mail remains in the queue of the sending server, which retries later. A frequent reason is greylisting, in which a server defers the first message from every unknown client. Other reasons are a full mailbox, a rate limit or a server fault.",
        action: "Retry after a few minutes from the same IP address. If the error persists, read the server's reply.",
        example: "451 4.7.1 <x@example.net>: Recipient address rejected: Greylisted",
        references: "RFC 5321 section 4.2.1, RFC 6647 section 2 (greylisting)",
    },
};

pub(crate) static SERVER_CLOSING: Rule = Rule {
    id: "server-closing",
    severity: Severity::Error,
    title: "the server ends the session with 421",
    docs: Docs {
        sees: "The server sent a 421 reply at some point after the greeting.",
        matters: "The server closes the connection because it is shutting down or overloaded, or because the client has reached a limit. Mail remains in the queue of the sending server, which retries later.",
        action: "Retry later, with fewer connections. If the error persists, read the server's reply. Server operator: read the mail log for the time of the check.",
        example: "421 4.7.0 mx.example.net Error: too many errors",
        references: "RFC 5321 sections 3.8 and 4.2.2",
    },
};
