//! Rules for names and connections, with their pages.

use super::super::finding::{Docs, Rule, Severity};

/// All rules in this file.
pub(super) static RULES: &[&Rule] = &[
    &NAME_NOT_FOUND,
    &NAME_WITHOUT_ADDRESS,
    &NAME_LOOKUP_FAILED,
    &NAME_WITH_MANY_ADDRESSES,
    &CONNECTION_REFUSED,
    &CONNECTION_TIMED_OUT,
    &CONNECTION_IMPOSSIBLE,
    &ADDRESS_UNREACHABLE,
    &RESOLVE_ENTRY_UNUSED,
    &NAME_POINTS_ELSEWHERE,
    &SOCKET_ACCESS_DENIED,
    &SOCKET_MISSING,
    &SOCKET_NOT_SERVED,
    &SOCKET_UNSUITABLE,
];

pub(super) static NAME_NOT_FOUND: Rule = Rule {
    id: "name-not-found",
    severity: Severity::Error,
    title: "the host name does not exist",
    docs: Docs {
        sees: "The DNS resolver replied that the name does not exist (NXDOMAIN).",
        matters: "Without an IP address, no connection to the server is possible.",
        action: "Compare the name with the provider's documentation, letter by letter. If the name exists only in an internal network, use that network's DNS resolver (--resolver), or run smtpcheck on a machine in that network.",
        example: "smtpcheck smtp.gmial.com",
        references: "RFC 2308 section 2.1 (what NXDOMAIN means)",
    },
};

pub(super) static NAME_WITHOUT_ADDRESS: Rule = Rule {
    id: "name-without-address",
    severity: Severity::Error,
    title: "the host name exists but has no IP address",
    docs: Docs {
        sees: "The name exists, but the DNS resolver returned no IP address for it, or no IP address of the requested family (-4 or -6).",
        matters: "Often the target is a mail domain (example.net) instead of its mail server (mail.example.net). Such a domain has MX records but no IP address.",
        action: "Look up the domain's MX records to find its mail servers, or use the host name from the provider's documentation.",
        example: "smtpcheck example.net, where only mail.example.net has an IP address",
        references: "RFC 5321 section 5.1 (locating the target host), RFC 2308 section 2.2",
    },
};

pub(super) static NAME_LOOKUP_FAILED: Rule = Rule {
    id: "name-lookup-failed",
    severity: Severity::Error,
    title: "the host name could not be looked up",
    docs: Docs {
        sees: "The DNS resolver did not respond, refused the query, or reported a failure (SERVFAIL).",
        matters: "The mail server was not tested. The fault is between this machine and its DNS resolver, or in the domain's name servers.",
        action: "Look up another name. If that lookup also fails, fix the DNS settings of this machine or container (/etc/resolv.conf, VPN, firewall on port 53). If only this name fails, the domain owner must fix the domain's name servers.",
        example: "a container without DNS; a domain whose DNSSEC signatures have expired",
        references: "RFC 1035 section 4.1.1 (response codes)",
    },
};

pub(super) static NAME_WITH_MANY_ADDRESSES: Rule = Rule {
    id: "name-with-many-addresses",
    severity: Severity::Notice,
    title: "the host name has more IP addresses than smtpcheck tries",
    docs: Docs {
        sees: "The DNS lookup returned more than 16 IP addresses of one family. smtpcheck tries only the first 16.",
        matters: "A mail server tries only some of a host's IP addresses before it tries the next host, so each delivery uses only a few of them. In addition, a DNS response with so many records may not fit into one UDP packet. A dozen IP addresses are enough even for a large mail service.",
        action: "Domain owner: give the name fewer IP addresses, or list several names in the MX records. If you do not operate the domain, compare the name with the provider's documentation.",
        example: "a name with 40 A records",
        references: "RFC 5321 section 5.1 (a client may limit the number of IP addresses that it tries)",
    },
};

pub(super) static CONNECTION_REFUSED: Rule = Rule {
    id: "connection-refused",
    severity: Severity::Error,
    title: "the host refuses connections on this port",
    docs: Docs {
        sees: "The host, or a firewall in front of it, rejected the connection immediately (TCP reset).",
        matters: "The network path works. The mail service is stopped or listens on another port, or a firewall rejects the connection on behalf of the host.",
        action: "If the host responds on another mail port, use that port. Otherwise, check the host name and the port. For a public server, the network may block the port: ask the hosting company or internet provider, or send through a relay. In a container, localhost means the container itself. Server operator: start the mail service, make it listen on the IP address that clients use, and check the firewall.",
        example: "smtpcheck localhost:2525 with no server running",
        references: "RFC 9293 section 3.10.7 (reset)",
    },
};

/// The rules about checks that ended before they reached a server.
pub(in crate::check) static BEFORE_THE_SERVER: &[&Rule] =
    &[&NAME_NOT_FOUND, &NAME_WITHOUT_ADDRESS, &NAME_LOOKUP_FAILED, &CONNECTION_IMPOSSIBLE];

pub(super) static CONNECTION_TIMED_OUT: Rule = Rule {
    id: "connection-timed-out",
    severity: Severity::Error,
    title: "connection attempts to this port time out",
    docs: Docs {
        sees: "The connection was neither accepted nor rejected within the time limit (--connect-timeout). smtpcheck then tries the other mail ports of the host, and checks whether this machine is hosted by a cloud provider that blocks the port.",
        matters: "A timeout usually means that a firewall drops the packets. Most home and cloud networks block outgoing connections to port 25. A wrong IP address has the same effect.",
        action: "If another mail port of the host responds, use that port (587 and 465 require a login). If no port responds, ask the hosting company, cloud or internet provider to unblock the port, or send through a relay on another port or through the HTTPS API of a sending service. To find out whether the network blocks mail ports, check the ports of another provider. If this machine is hosted by a known cloud provider, the finding explains how to have the port unblocked.",
        example: "smtpcheck mx.example.net:25 from a cloud machine",
        references: "RFC 8314 section 3.3 (which ports mail clients use), RFC 9293 section 3.8",
    },
};

pub(super) static CONNECTION_IMPOSSIBLE: Rule = Rule {
    id: "connection-impossible",
    severity: Severity::Error,
    title: "this machine cannot reach the host",
    docs: Docs {
        sees: "The operating system could not connect because this machine has no route to the host, has no IP address in the host's address family (IPv4 or IPv6), or has a local policy that forbids the connection.",
        matters: "The connection failed before the mail service could respond. The cause is usually on this machine or in its network.",
        action: "Check the routes, the VPN and the local firewall of this machine. For a web application on a server with SELinux, allow httpd_can_sendmail. To reach a host that has only an IPv6 address, use a network with IPv6.",
        example: "a host with only an AAAA record, checked from an IPv4-only network",
        references: "RFC 8305 (Happy Eyeballs)",
    },
};

pub(super) static ADDRESS_UNREACHABLE: Rule = Rule {
    id: "address-unreachable",
    severity: Severity::Warning,
    title: "one IP address of the host cannot be reached",
    docs: Docs {
        sees: "The host has several IP addresses. The connection to one IP address failed, and the connection to another succeeded. For the loopback addresses of this machine, the finding is a notice.",
        matters: "Programs that try the unreachable IP address first are delayed, and some programs never try the next one.",
        action: "Server operator: make the mail service listen on that IP address, or remove the IP address from DNS.",
        example: "an AAAA record for a server that listens on IPv4 only",
        references: "RFC 8305 section 5",
    },
};

pub(super) static RESOLVE_ENTRY_UNUSED: Rule = Rule {
    id: "resolve-entry-unused",
    severity: Severity::Notice,
    title: "a --resolve entry is for a host or port that is not checked",
    docs: Docs {
        sees: "--resolve gives an IP address for a host and port that this run does not check.",
        matters: "The entry has no effect. The target's name is looked up in DNS as usual, so the check may reach the wrong server.",
        action: "Change the host and port in --resolve to match the target. The default port is 587, or 465 with implicit TLS.",
        example: "smtpcheck mail.example.net:25 --resolve mail.example.net:587:192.0.2.7",
        references: "curl(1), --resolve",
    },
};

pub(super) static NAME_POINTS_ELSEWHERE: Rule = Rule {
    id: "name-points-elsewhere",
    severity: Severity::Warning,
    title: "a public name resolves to this machine or a private network",
    docs: Docs {
        sees: "The host name belongs to a known provider, and the lookup returned only loopback or private IP addresses. --resolve was not given. The rule also applies to any host name whose only IP addresses are 0.0.0.0 or ::, which DNS filters return. The finding is an error if the connection fails.",
        matters: "Public mail providers have public IP addresses, so the IP address does not belong to the provider. The hosts file, a DNS filter, a virus scanner, a VPN or the hosting company redirects the name.",
        action: "Remove the entry for this name from the hosts file, or use another resolver (--resolver). If the redirection is intended, connect to this network's relay by its own name.",
        example: "smtp.gmail.com resolves to 127.0.0.1",
        references: "RFC 5321 section 5.1 (locating the target host), RFC 6761 section 6.3 (localhost)",
    },
};

pub(super) static SOCKET_ACCESS_DENIED: Rule = Rule {
    id: "socket-access-denied",
    severity: Severity::Error,
    title: "this user is not allowed to connect to the Unix socket",
    docs: Docs {
        sees: "The operating system rejected the connection to the Unix socket with EACCES or EPERM. smtpcheck checked each part of the path to find the directory or socket whose permissions are the cause.",
        matters: "A client needs execute permission (x) on every directory in the path, and write permission (w) on the socket. A mail server that runs as another user may still be able to connect.",
        action: "Run the check as the user that normally connects to the socket, or grant the missing permission. In Dovecot, set user, group and mode in the unix_listener. In Postfix, do not change the permissions of its private directory: only Postfix may use the sockets there.",
        example: "smtpcheck lmtp+unix:/var/spool/postfix/private/dovecot-lmtp as a user other than postfix and root",
        references: "unix(7), connect(2), path_resolution(7)",
    },
};

pub(super) static SOCKET_MISSING: Rule = Rule {
    id: "socket-missing",
    severity: Severity::Error,
    title: "the Unix socket does not exist",
    docs: Docs {
        sees: "The operating system reports that the path of the Unix socket, or a directory in it, does not exist (ENOENT or ENOTDIR).",
        matters: "The server that should create the socket is not running, or creates the socket at another path.",
        action: "Compare the path with the server's configuration, and start the server. A path in Postfix's configuration is relative to the queue directory, normally /var/spool/postfix.",
        example: "smtpcheck lmtp+unix:/private/dovecot-lmtp, where Postfix uses lmtp:unix:private/dovecot-lmtp",
        references: "unix(7), postconf(5) on queue_directory",
    },
};

pub(super) static SOCKET_NOT_SERVED: Rule = Rule {
    id: "socket-not-served",
    severity: Severity::Error,
    title: "no process accepts connections on the Unix socket",
    docs: Docs {
        sees: "The socket exists, but the connection was refused because no process listens on it (ECONNREFUSED), or the queue of the listening process stayed full until the time limit (--connect-timeout).",
        matters: "The socket file remains when the server exits. A full queue means that the server is still running, but is overloaded or suspended.",
        action: "Start or restart the server that creates the socket. If the queue is full, read the mail log and raise the process limit of the service.",
        example: "a socket that remained after Dovecot was killed",
        references: "unix(7), connect(2)",
    },
};

pub(super) static SOCKET_UNSUITABLE: Rule = Rule {
    id: "socket-unsuitable",
    severity: Severity::Error,
    title: "the path is not a stream socket",
    docs: Docs {
        sees: "The path is a file, a directory or a datagram socket, or the operating system does not support Unix sockets.",
        matters: "SMTP and LMTP need a stream socket. The path does not belong to a mail server.",
        action: "Use the socket path from the server's configuration.",
        example: "smtpcheck lmtp+unix:/dev/log, the datagram socket of the system log",
        references: "unix(7), connect(2) on EPROTOTYPE",
    },
};
