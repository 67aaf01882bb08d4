//! Rules for rejections that are caused by the sender or the sending machine.

use crate::check::finding::{Docs, Rule, Severity};

pub(crate) static SENDER_NOT_ACCEPTED: Rule = Rule {
    id: "sender-not-accepted",
    severity: Severity::Error,
    title: "the server does not accept the sender's email address",
    docs: Docs {
        sees: "The reply means that the server does not accept the email address in MAIL FROM: it does not exist, its domain cannot be found, it does not belong to the account, or the provider has not verified it.",
        matters: "You cannot send mail from this email address. Many servers reject a sender only at RCPT TO.",
        action: "Use the email address of the account that you log in with, or add the email address or domain at the provider and have it verified.",
        example: "553 5.7.1 <a@example.net>: Sender address rejected: not owned by user b@example.net",
        references: "RFC 5321 section 3.3, RFC 6409 section 6.1",
    },
};

pub(crate) static SENDER_AUTHENTICATION_FAILED: Rule = Rule {
    id: "sender-authentication-failed",
    severity: Severity::Error,
    title: "the mail fails sender authentication (SPF, DKIM or DMARC)",
    docs: Docs {
        sees: "The server rejected the mail, and its reply mentions SPF, DKIM or DMARC.",
        matters: "Receiving servers reject mail if the SPF record of the sender's domain does not list the sending server, or if the DKIM signature is missing or invalid.",
        action: "Send through a server of the sender's domain. Domain owner: add the sending server to the SPF record, sign mail with DKIM, and make sure that the domains verified by SPF and DKIM match the domain in the From header (DMARC).",
        example: "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        references: "RFC 7372 section 3 (x.7.20 to x.7.26)",
    },
};

pub(crate) static CLIENT_REVERSE_DNS: Rule = Rule {
    id: "client-reverse-dns",
    severity: Severity::Error,
    title: "the sending machine's IP address has no matching reverse DNS",
    docs: Docs {
        sees: "The reply means that the PTR record of the sending IP address is missing, is generic, or names a host that does not resolve to this IP address.",
        matters: "Receiving servers treat such a machine like one on a home connection, and often reject its mail.",
        action: "Ask the provider of the IP address to set a PTR record that contains the sending machine's host name, and give that name an A or AAAA record with the same IP address. If this is not possible, send through a relay.",
        example: "550 5.7.25 Reverse DNS validation failed",
        references: "RFC 7372 section 3.3 (x.7.25)",
    },
};

pub(crate) static EHLO_NAME_REFUSED: Rule = Rule {
    id: "ehlo-name-refused",
    severity: Severity::Error,
    title: "the server does not accept the EHLO name",
    docs: Docs {
        sees: "The reply means that the server does not accept the EHLO name: it is not a fully qualified host name, cannot be found in DNS, is the server's own name, or is on a blocklist. Postfix rejects such a name only at RCPT TO.",
        matters: "The server rejects all mail from a machine that uses this name.",
        action: "Use the fully qualified host name of the sending machine, which must exist in DNS. In smtpcheck, use --ehlo; in Postfix, set myhostname or smtp_helo_name.",
        example: "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
        references: "RFC 5321 sections 4.1.1.1 and 4.1.4",
    },
};

pub(crate) static CLIENT_REPUTATION: Rule = Rule {
    id: "client-reputation",
    severity: Severity::Error,
    title: "the sending machine's IP address is on a blocklist or has a poor reputation",
    docs: Docs {
        sees: "The reply means that the receiving server does not accept your IP address, because it is on a blocklist or has a poor reputation.",
        matters: "The problem is with the sending machine, not the sender or the recipient. The server rejects all mail from this machine.",
        action: "Open the page that the reply names, fix the reason for the listing, and then request removal. Until then, send through a relay with a good reputation. Provider of the IP address: if the entire network is listed, request its removal.",
        example: "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        references: "RFC 5782 (DNS blocklists)",
    },
};

pub(crate) static GREYLISTED: Rule = Rule {
    id: "greylisted",
    severity: Severity::Error,
    title: "the server temporarily rejects unknown clients (greylisting)",
    docs: Docs {
        sees: "The server sent a 4yz reply that mentions greylisting or asks the client to try again in a few minutes.",
        matters: "The server delays mail from unknown clients on purpose. Mail servers retry automatically, and the server accepts the retry. smtpcheck reports an error because the server did not accept the mail in this session, and a program that does not retry cannot deliver mail to it.",
        action: "Retry from the same IP address after the time given in the reply, or after five minutes.",
        example: "451 4.7.1 <x@example.net>: Recipient address rejected: Greylisted for 5 minutes",
        references: "RFC 6647 section 2 (greylisting)",
    },
};
