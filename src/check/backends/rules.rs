//! Rules for servers behind one name, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this module.
pub(super) static RULES: &[&Rule] = &[
    &BACKEND_FAILS,
    &BACKEND_CERTIFICATE_DIFFERS,
    &BACKEND_TLS_DIFFERS,
    &BACKEND_EXTENSIONS_DIFFER,
    &BACKEND_TICKETS_DIFFER,
];

pub(super) static BACKEND_FAILS: Rule = Rule {
    id: "backend-fails",
    severity: Severity::Error,
    title: "one of several servers behind the name fails",
    docs: Docs {
        sees: "smtpcheck opened sessions with several servers behind one name (--every-address, or smtpcheck watch). Some of these sessions failed before MAIL FROM, and the others did not. If the main session of the check failed, this finding is only a notice, because another finding reports that failure.",
        matters: "DNS or a load balancer directs some clients to the faulty server. Programs that try only one IP address fail at first, and later succeed although nothing has changed. Such a fault is easily missed, because the next check often reaches another server.",
        action: "Server operator: repair the server that the finding names. Until then, remove the server from the load balancer, or remove its IP address from DNS.",
        example: "mail.example.net has four A records, and the host at one of them refuses connections",
        references: "RFC 5321 section 5.1 (which IP addresses a client tries), RFC 8305 section 5",
    },
};

pub(super) static BACKEND_CERTIFICATE_DIFFERS: Rule = Rule {
    id: "backend-certificate-differs",
    severity: Severity::Error,
    title: "one of several servers behind the name has an invalid certificate",
    docs: Docs {
        sees: "smtpcheck opened sessions with several servers behind one name (--every-address, or smtpcheck watch). Some of their certificates could not be verified, and the others could. Different certificates are not a fault if all of them can be verified. On port 25 without a login, the finding is only a warning: by default, mail servers verify certificates only for domains that use MTA-STS or DANE. If the main session of the check received the invalid certificate, this finding is only a notice, because another finding reports that certificate.",
        matters: "Clients fail only when they reach a server whose certificate cannot be verified. Usually, a renewed certificate was not installed on that server.",
        action: "Server operator: install the current certificate on the server that the finding names, and reload the mail service there. Add the server to the certificate renewal procedure.",
        example: "three of four servers send the certificate that was renewed last week, and one sends the old one, which expired yesterday",
        references: "RFC 5280 section 6.1 (path validation), RFC 9525 section 6 (names)",
    },
};

pub(super) static BACKEND_TLS_DIFFERS: Rule = Rule {
    id: "backend-tls-differs",
    severity: Severity::Warning,
    title: "the servers behind the name differ in their TLS support",
    docs: Docs {
        sees: "smtpcheck opened sessions with several servers behind one name (--every-address, or smtpcheck watch). Some of them do not support TLS, and the others do. If all of them support TLS but use different versions, the finding is a notice.",
        matters: "Clients that require TLS fail when they reach a server without TLS. Other clients send their messages unencrypted.",
        action: "Server operator: use the same TLS settings on all servers behind the name.",
        example: "one of two servers does not advertise STARTTLS",
        references: "RFC 3207 section 4 (STARTTLS), RFC 8446 section 4.2.1 (versions)",
    },
};

pub(super) static BACKEND_EXTENSIONS_DIFFER: Rule = Rule {
    id: "backend-extensions-differ",
    severity: Severity::Warning,
    title: "the servers behind the name advertise different extensions",
    docs: Docs {
        sees: "smtpcheck opened sessions with several servers behind one name (--every-address, or smtpcheck watch). The servers' replies to EHLO list different extensions, or the same extensions with different parameters.",
        matters: "One server may accept a message or login that another rejects: for example, the message is too large for one server, or one server lacks a login mechanism. The servers probably run different software, or one server has an old configuration.",
        action: "Server operator: compare the configuration and software version of the server that the finding names with those of the other servers.",
        example: "three servers advertise SIZE 52428800, and one advertises SIZE 10240000",
        references: "RFC 5321 section 4.1.1.1 (EHLO), RFC 1870 section 4 (SIZE)",
    },
};

pub(super) static BACKEND_TICKETS_DIFFER: Rule = Rule {
    id: "backend-tickets-differ",
    severity: Severity::Notice,
    title: "only some of the servers behind the name send TLS session tickets",
    docs: Docs {
        sees: "smtpcheck opened sessions with several servers behind one name (--every-address, or smtpcheck watch). Some of them send TLS session tickets, and the others do not.",
        matters: "Clients can shorten the TLS handshake only with some of the servers. This is not a fault, but it shows that the servers run different software or have different settings.",
        action: "Server operator: if the difference is not intended, use the same TLS settings on all servers behind the name.",
        example: "one of four servers sends no ticket after the handshake",
        references: "RFC 8446 section 4.6.1 (tickets)",
    },
};
