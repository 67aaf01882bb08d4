//! The rules about the PROXY protocol, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules of this file.
pub(super) static RULES: &[&Rule] = &[&PROXY_HEADER_MISSING, &PROXY_HEADER_UNEXPECTED];

pub(super) static PROXY_HEADER_MISSING: Rule = Rule {
    id: "proxy-header-missing",
    severity: Severity::Error,
    title: "the server waits for a PROXY header",
    docs: Docs {
        sees: "The server closes the connection or sends 421 after 3 to 5 seconds, the time that servers wait for a PROXY header, or a rejection names PROXY. smtpcheck then sends the header in a second session. If the server accepts EHLO there, the cause is certain. If no reply names PROXY, smtpcheck reports the finding only in that case.",
        matters: "The port is for connections from a load balancer. Clients that connect to the port directly cannot use the server.",
        action: "Connect to the load balancer. To test the server behind it, send the header with --haproxy-protocol v1 or v2. Server operator: offer a port without the PROXY protocol for direct connections.",
        example: "Postfix with smtpd_upstream_proxy_protocol = haproxy sends 421 4.3.0 after 5 seconds",
        references: "haproxy, The PROXY protocol, section 2; Postfix postconf(5), smtpd_upstream_proxy_protocol",
    },
};

pub(super) static PROXY_HEADER_UNEXPECTED: Rule = Rule {
    id: "proxy-header-unexpected",
    severity: Severity::Error,
    title: "the server does not expect a PROXY header",
    docs: Docs {
        sees: "After a PROXY header (--haproxy-protocol), the server sends 500 to 503 before the reply to EHLO, names PROXY in a rejection, or fails in the TLS handshake. If smtpcheck sent no header, the same errors right after the greeting mean that a load balancer in front of the server sends one.",
        matters: "The server treats the header as a command. The replies no longer match the commands of the client, and some servers close the connection.",
        action: "Remove --haproxy-protocol. Server operator: switch on the PROXY protocol in the server, or switch it off in the load balancer.",
        example: "500 5.5.2 Error: command not recognized, right after the greeting, behind a haproxy with send-proxy",
        references: "haproxy, The PROXY protocol, section 2; RFC 5321 section 4.2.3 (500 to 503)",
    },
};
