//! The rules about the local end of connections, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules of this file.
pub(super) static RULES: &[&Rule] = &[&SOURCE_ADDRESS_MISSING, &SOURCE_FAMILY_MISMATCH, &SOURCE_PORT_UNAVAILABLE];

pub(super) static SOURCE_ADDRESS_MISSING: Rule = Rule {
    id: "source-address-missing",
    severity: Severity::Error,
    title: "the IP address or interface of --interface is not on this machine",
    docs: Docs {
        sees: "The operating system did not allow a connection from the IP address or network interface that --interface names.",
        matters: "The server was not contacted.",
        action: "Compare the value with the IP addresses and interfaces of this machine (ip address). Without root, some systems do not allow the name of an interface: use its IP address.",
        example: "smtpcheck mx.example.net:25 --interface 192.0.2.7 on a machine that does not have this IP address",
        references: "curl(1), --interface; ip(7), SO_BINDTODEVICE in socket(7)",
    },
};

pub(super) static SOURCE_FAMILY_MISMATCH: Rule = Rule {
    id: "source-family-mismatch",
    severity: Severity::Error,
    title: "the server has no IP address of the family of --interface",
    docs: Docs {
        sees: "--interface is an IPv4 address and the server (or the proxy) has only IPv6 addresses, or the reverse.",
        matters: "A connection has the same address family at both ends, so no connection is possible. The server was not contacted.",
        action: "Use an IP address of the other family for --interface, or the name of an interface that has both.",
        example: "smtpcheck '[2001:db8::25]:25' --interface 192.0.2.7",
        references: "RFC 8305 section 5",
    },
};

pub(super) static SOURCE_PORT_UNAVAILABLE: Rule = Rule {
    id: "source-port-unavailable",
    severity: Severity::Error,
    title: "no port of --local-port can be used",
    docs: Docs {
        sees: "All ports of --local-port are in use on this machine, need privileges (below 1024), or were used for an earlier connection to the same server that has not expired.",
        matters: "The server was not contacted.",
        action: "Use a larger range, above 1023. Each session of a check needs a port of its own, and a port can be used again only after some minutes.",
        example: "smtpcheck mx.example.net:25 --local-port 25 without root",
        references: "curl(1), --local-port; RFC 9293 section 3.4.2 (TIME-WAIT)",
    },
};
