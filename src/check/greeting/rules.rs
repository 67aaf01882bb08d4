//! The rules about the greeting.

use super::super::finding::{Docs, Rule, Severity};

pub(super) static RULES: &[&Rule] =
    &[&GREETING_MISSING, &IMPLICIT_TLS_EXPECTED, &GREETING_NOT_SMTP, &GREETING_OF_ANOTHER_HOST, &GREETING_SLOW];

pub(super) static GREETING_MISSING: Rule = Rule {
    id: "greeting-missing",
    severity: Severity::Error,
    title: "the server accepts the connection but sends no greeting",
    docs: Docs {
        sees: "The TCP connection succeeds, but no complete greeting arrives within the time limit for one reply (--timeout), or the server closes the connection before the greeting is complete. If the server sent no data, smtpcheck also tried a TLS handshake on the same port, but no TLS handshake succeeded there. If a greeting arrived in that connection, a proxy may be waiting for the client's first bytes. If the server closed the connection, smtpcheck also tried the host's other mail ports.",
        matters: "In SMTP, the server sends first. A server that sends no greeting is overloaded, fails when it starts, is waiting for a slow reverse DNS lookup of your IP address, delays unknown clients on purpose, or is not a mail server. RFC 5321 recommends that clients wait five minutes.",
        action: "Repeat the check with a longer --timeout. If no greeting arrives within five minutes, check the host and port. Server operator: if the greeting is only late, check the server's DNS lookups and greeting delay.",
        example: "smtpcheck mx.example.net:25 --timeout 300s --max-time 310s",
        references: "RFC 5321 sections 3.1 and 4.5.3.2.1",
    },
};

pub(in crate::check) static IMPLICIT_TLS_EXPECTED: Rule = Rule {
    id: "implicit-tls-expected",
    severity: Severity::Error,
    title: "the port uses implicit TLS (TLS from the first byte)",
    docs: Docs {
        sees: "On an unencrypted connection, the server sent no SMTP greeting. It responded to a TLS handshake on the same port. Unless the port is 25, smtpcheck also tries port 587, for programs that support only STARTTLS.",
        matters: "The server waits for the client to start TLS, and the client waits for the greeting, until one of them times out. This is one of the most common mistakes in mail settings.",
        action: "Use implicit TLS on this port. In mail programs the setting is called SSL, SSL/TLS or SMTPS, not STARTTLS.",
        example: "smtpcheck smtps://mail.example.net:465",
        references: "RFC 8314 section 3.3 (implicit TLS for submission)",
    },
};

pub(super) static GREETING_NOT_SMTP: Rule = Rule {
    id: "greeting-not-smtp",
    severity: Severity::Error,
    title: "the service on this port is not SMTP",
    docs: Docs {
        sees: "The first line from the server does not begin with a three-digit code. The rule also applies if the server sends binary data, or if the greeting belongs to another service that uses such codes (FTP, NNTP, LMTP) and the server rejects EHLO.",
        matters: "Another service uses this port or Unix socket, for example a web server, SSH, IMAP, POP3 or FTP. Most sockets in Postfix's private directory belong to internal services, which use a binary protocol.",
        action: "Use the SMTP port. Mail programs use 587 with STARTTLS or 465 with implicit TLS. Mail servers use 25.",
        example: "* OK [CAPABILITY IMAP4rev1 ...] on port 143",
        references: "RFC 5321 section 4.2 (form of replies)",
    },
};

pub(super) static GREETING_SLOW: Rule = Rule {
    id: "greeting-slow",
    severity: Severity::Notice,
    title: "the greeting is slow",
    docs: Docs {
        sees: "At least five seconds passed between the connection and the end of the greeting.",
        matters: "Some servers delay every unknown client on purpose to detect programs that do not wait. Others look up the reverse DNS name of your IP address and get no response. Programs with a short timeout fail here, but mail servers wait five minutes.",
        action: "Set a longer timeout in your program. Operator of the sending machine: set a PTR record for its IP address. Server operator: check the DNS lookups and the greeting delay.",
        example: "220-mx.example.net ESMTP, then a pause of six seconds, then 220 mx.example.net ESMTP",
        references: "RFC 5321 section 4.5.3.2.1 (five minutes for the greeting)",
    },
};

pub(super) static GREETING_OF_ANOTHER_HOST: Rule = Rule {
    id: "greeting-of-another-host",
    severity: Severity::Warning,
    title: "the server that responds is not the provider's",
    docs: Docs {
        sees: "The host name belongs to a known provider, but the greeting shows server software that the provider is not known to use.",
        matters: "Some web hosting companies and internet providers redirect all mail connections to their own server. Virus scanners do the same on a single machine. Logins then fail, and the certificate does not match the host name.",
        action: "Ask your hosting company whether outgoing SMTP is redirected (on cPanel servers: SMTP restrictions), use another port of the provider, or send through the hosting company's own server.",
        example: "220 server1.hoster.example ESMTP Exim 4.96 from smtp.gmail.com",
        references: "RFC 5321 section 4.2 (greeting)",
    },
};
