//! Rules for the PROXY protocol, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file.
pub(super) static RULES: &[&Rule] = &[&PROXY_HEADER_MISSING, &PROXY_HEADER_UNEXPECTED];

pub(super) static PROXY_HEADER_MISSING: Rule = Rule {
    id: "proxy-header-missing",
    severity: Severity::Error,
    title: "the server waits for a PROXY header",
    docs: Docs {
        sees: "There are three signs: the server closes the connection or sends 421 after 3 to 5 seconds (the usual waiting time for a PROXY header); it sends nothing before the time limit, and does not respond to TLS either; or it rejects the session because the header is missing or invalid. smtpcheck then sends the header in a second session. If the server accepts EHLO in that session, the cause is certain. If it does not, smtpcheck reports the finding only if a rejection mentions the header.",
        matters: "The port is for connections from a load balancer. Clients that connect directly are not served.",
        action: "Connect to the load balancer. To test the server behind it, send the header with --haproxy-protocol v1 or v2. Server operator: offer a port without the PROXY protocol for direct connections.",
        example: "Postfix with smtpd_upstream_proxy_protocol = haproxy sends 421 4.3.0 after 5 seconds",
        references: "haproxy, The PROXY protocol, section 2; Postfix postconf(5), smtpd_upstream_proxy_protocol",
    },
};

pub(super) static PROXY_HEADER_UNEXPECTED: Rule = Rule {
    id: "proxy-header-unexpected",
    severity: Severity::Error,
    title: "the server rejects a PROXY header",
    docs: Docs {
        sees: "After a PROXY header (--haproxy-protocol), the server sends an error (500 to 503) before the reply to EHLO, rejects the session because of the header, or does not complete the TLS handshake. If smtpcheck sent no header, the same errors right after the greeting mean that a load balancer in front of the server sends a header. If EHLO was already sent when the error arrived, the second session, with a pause before each command, shows this.",
        matters: "The server does not support the PROXY protocol, or does not allow this machine to use it. If it treats the header as a command, its replies no longer match the client's commands, and some servers close the connection.",
        action: "Remove --haproxy-protocol. Server operator: enable the PROXY protocol in the server, or disable it in the load balancer.",
        example: "500 5.5.2 Error: command not recognized, right after the greeting, from a server behind haproxy with send-proxy",
        references: "haproxy, The PROXY protocol, section 2; RFC 5321 section 4.2.3 (500 to 503)",
    },
};
