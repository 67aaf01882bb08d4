//! Rules for the local end of connections, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file.
pub(super) static RULES: &[&Rule] = &[&SOURCE_ADDRESS_MISSING, &SOURCE_FAMILY_MISMATCH, &SOURCE_PORT_UNAVAILABLE];

pub(super) static SOURCE_ADDRESS_MISSING: Rule = Rule {
    id: "source-address-missing",
    severity: Severity::Error,
    title: "this machine does not have the IP address or interface given with --interface",
    docs: Docs {
        sees: "The operating system did not allow a connection from the IP address or network interface given with --interface.",
        matters: "smtpcheck did not connect to the server.",
        action: "Compare the value with the IP addresses and interfaces of this machine (ip address). On some systems, only root can specify an interface by name; as another user, specify its IP address.",
        example: "smtpcheck mx.example.net:25 --interface 192.0.2.7 on a machine that does not have this IP address",
        references: "curl(1), --interface; ip(7), SO_BINDTODEVICE in socket(7)",
    },
};

pub(super) static SOURCE_FAMILY_MISMATCH: Rule = Rule {
    id: "source-family-mismatch",
    severity: Severity::Error,
    title: "the server has no IP address of the same family as --interface",
    docs: Docs {
        sees: "--interface specifies an IPv4 address, but the server (or the proxy) has only IPv6 addresses, or the reverse.",
        matters: "A connection has the same address family at both ends, so no connection is possible. smtpcheck did not connect to the server.",
        action: "Use an IP address of the other family for --interface, or the name of an interface that has addresses of both families.",
        example: "smtpcheck '[2001:db8::25]:25' --interface 192.0.2.7",
        references: "RFC 8305 section 5",
    },
};

pub(super) static SOURCE_PORT_UNAVAILABLE: Rule = Rule {
    id: "source-port-unavailable",
    severity: Severity::Error,
    title: "none of the ports given with --local-port can be used",
    docs: Docs {
        sees: "Each port given with --local-port is in use on this machine, needs root privileges (below 1024), or is still reserved for an earlier connection to the same server (TIME-WAIT).",
        matters: "smtpcheck did not connect to the server.",
        action: "Use a larger range, above 1023. Each session of a check needs its own port, and a port can be reused only after a few minutes.",
        example: "smtpcheck mx.example.net:25 --local-port 25 without root",
        references: "curl(1), --local-port; RFC 9293 section 3.4.2 (TIME-WAIT)",
    },
};
