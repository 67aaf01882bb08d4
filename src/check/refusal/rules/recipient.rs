//! Rules for rejections that are caused by the recipient, its mailbox or its domain.

use crate::check::finding::{Docs, Rule, Severity};

pub(crate) static RECIPIENT_UNKNOWN: Rule = Rule {
    id: "recipient-unknown",
    severity: Severity::Error,
    title: "the recipient does not exist on this server",
    docs: Docs {
        sees: "The server rejected RCPT TO, and the reply means that the server has no such mailbox.",
        matters: "Mail to this email address bounces. Repeated attempts to send to unknown recipients harm the sender's reputation.",
        action: "Check the email address letter by letter. If it is wrong, remove it from your mailing lists. If the server rejects every email address of the domain, check the domain's MX records.",
        example: "550 5.1.1 <x@example.net>: Recipient address rejected: User unknown in local recipient table",
        references: "RFC 5321 section 4.2.3, RFC 3463 section 3.2 (x.1.1)",
    },
};

pub(crate) static MAILBOX_FULL: Rule = Rule {
    id: "mailbox-full",
    severity: Severity::Error,
    title: "the recipient's mailbox is full",
    docs: Docs {
        sees: "The reply means that the mailbox is over its quota.",
        matters: "Mail remains in the queue of the sending server (4yz) or bounces (5yz) until the recipient deletes messages.",
        action: "Inform the recipient through another channel, for example by telephone. Recipient: delete messages, or get a larger quota.",
        example: "452 4.2.2 The email account that you tried to reach is over quota",
        references: "RFC 3463 section 3.3 (x.2.2)",
    },
};

pub(crate) static MAILBOX_DISABLED: Rule = Rule {
    id: "mailbox-disabled",
    severity: Severity::Error,
    title: "the recipient's mailbox is disabled",
    docs: Docs {
        sees: "The reply means that the mailbox exists but accepts no mail, because it is disabled, suspended or inactive.",
        matters: "Mail to this email address bounces until the mailbox is enabled again.",
        action: "Ask the recipient for another email address. Recipient's administrator: enable the mailbox.",
        example: "550 5.2.1 The email account that you tried to reach is disabled",
        references: "RFC 3463 section 3.3 (x.2.1)",
    },
};

pub(crate) static MAILBOX_MOVED: Rule = Rule {
    id: "mailbox-moved",
    severity: Severity::Error,
    title: "the recipient has a new email address",
    docs: Docs {
        sees: "The reply means that the mailbox has moved.",
        matters: "Mail to the old email address bounces.",
        action: "Use the new email address if the reply contains it. If not, ask the recipient for it.",
        example: "551 User not local; please try x@example.org",
        references: "RFC 5321 section 4.2.3 (551), RFC 3463 section 3.2 (x.1.6)",
    },
};

pub(crate) static DOMAIN_UNKNOWN: Rule = Rule {
    id: "domain-unknown",
    severity: Severity::Error,
    title: "the domain of an email address does not exist",
    docs: Docs {
        sees: "The reply means that the domain of the recipient cannot be found in DNS, or has no mail server.",
        matters: "Mail to this domain cannot be delivered.",
        action: "Check the part of the email address after the @. Domain owner: publish the domain's MX record.",
        example: "450 4.1.2 <x@exmaple.net>: Recipient address rejected: Domain not found",
        references: "RFC 5321 section 5.1, RFC 3463 section 3.2 (x.1.2)",
    },
};

pub(crate) static NO_MAIL_ACCEPTED: Rule = Rule {
    id: "no-mail-accepted",
    severity: Severity::Error,
    title: "this host or domain accepts no mail at all",
    docs: Docs {
        sees: "The reply means that the host never accepts mail (521), or that the domain declares in DNS that it accepts no mail (null MX, 556).",
        matters: "This is intentional, so every retry will fail.",
        action: "Use an email address in another domain, or another host.",
        example: "556 5.1.10 <x@example.com>: Recipient address rejected: Domain example.com does not accept mail (nullMX)",
        references: "RFC 7504 (521, 556), RFC 7505 section 3 (null MX)",
    },
};

pub(crate) static RELAY_DENIED: Rule = Rule {
    id: "relay-denied",
    severity: Severity::Error,
    title: "the server does not relay mail to this domain for this client",
    docs: Docs {
        sees: "The reply means that the server does not receive mail for the recipient's domain, and that this client is not allowed to send mail to other domains through it.",
        matters: "A server relays mail to other domains only for authenticated or trusted clients, because it would otherwise be an open relay. In a test for open relays, this rejection is the desired result.",
        action: "Log in (--user) on port 587 or 465. Server operator: if the server should receive mail for this domain, add the domain to its list of local domains.",
        example: "554 5.7.1 <x@example.org>: Relay access denied",
        references: "RFC 5321 section 7.9, RFC 6409 section 4.3",
    },
};

pub(crate) static RECIPIENT_RESTRICTED: Rule = Rule {
    id: "recipient-restricted",
    severity: Severity::Error,
    title: "the recipient accepts mail only from certain senders",
    docs: Docs {
        sees: "The reply means that only members, known senders or authenticated users may send to this email address.",
        matters: "The email address exists, but the server rejects mail from this sender.",
        action: "Send from an email address that is allowed. Recipient's administrator: allow the sender to send to the group or mailbox.",
        example: "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required",
        references: "RFC 3463 section 3.8 (x.7.1, x.7.2)",
    },
};
