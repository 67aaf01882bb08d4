//! Faults in the greeting and in EHLO: no greeting, rejections, other services, other hosts.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{BARE, ClientUsage, IMPLICIT, RELAY, SENDING, SUBMISSION, Server, ServerAct, Trigger};

/// A check with a short timeout.
const HASTY: ClientUsage = ClientUsage { flags: &["--timeout", "1s", "--max-time", "5s"], ..BARE };

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "greeting-missing",
        summary: "accepts the connection and sends nothing, like an overloaded server or a firewall",
        server: Server { on: &[(Trigger::Connect, &[ServerAct::Silence])], ..SUBMISSION },
        client: HASTY,
        expect: &["greeting-missing"],
        exit: 3,
    },
    Scenario {
        name: "greeting-slow",
        summary: "sends the greeting after 6 seconds, as some servers do to deter spammers",
        server: Server {
            on: &[(Trigger::Connect, &[ServerAct::Wait(6000), ServerAct::Say("220 localhost ESMTP")])],
            ..RELAY
        },
        client: BARE,
        expect: &["greeting-slow"],
        exit: 0,
    },
    Scenario {
        name: "greeting-no-service",
        summary: "sends 554 instead of a greeting, usually because the client's IP address has a poor reputation",
        server: Server { greeting: "554 localhost No SMTP service here", ..RELAY },
        client: BARE,
        expect: &["client-reputation"],
        exit: 5,
    },
    Scenario {
        name: "greeting-refused",
        summary: "rejects the client in the greeting without a reason",
        server: Server { greeting: "590-No.\n590 No.", ..RELAY },
        client: BARE,
        expect: &["greeting-refused"],
        exit: 5,
    },
    Scenario {
        name: "greeting-block-list",
        summary: "rejects the client in the greeting because its IP address is on a blocklist",
        server: Server {
            greeting: "554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/127.0.0.1",
            ..RELAY
        },
        client: BARE,
        expect: &["client-reputation"],
        exit: 5,
    },
    Scenario {
        name: "greeting-too-many-connections",
        summary: "sends 421 instead of a greeting because of too many concurrent connections",
        server: Server {
            on: &[(
                Trigger::Connect,
                &[
                    ServerAct::Say("421 4.7.0 localhost Too many concurrent SMTP connections; please try again later"),
                    ServerAct::Close,
                ],
            )],
            ..RELAY
        },
        client: BARE,
        expect: &["too-many-connections"],
        exit: 4,
    },
    Scenario {
        name: "greeting-busy",
        summary: "sends 421 instead of a greeting, without a reason",
        server: Server {
            on: &[(
                Trigger::Connect,
                &[
                    ServerAct::Say("421 localhost Service not available, closing transmission channel"),
                    ServerAct::Close,
                ],
            )],
            ..RELAY
        },
        client: BARE,
        expect: &["server-closing"],
        exit: 4,
    },
    Scenario {
        name: "greeting-pop3",
        summary: "a POP3 server responds",
        server: Server { greeting: "+OK POP3 ready <1.2@localhost>", ..SUBMISSION },
        client: BARE,
        expect: &["greeting-not-smtp"],
        exit: 8,
    },
    Scenario {
        name: "greeting-imap",
        summary: "an IMAP server responds",
        server: Server { greeting: "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.", ..SUBMISSION },
        client: BARE,
        expect: &["greeting-not-smtp"],
        exit: 8,
    },
    Scenario {
        name: "greeting-ssh",
        summary: "an SSH server responds",
        server: Server { greeting: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", ..SUBMISSION },
        client: BARE,
        expect: &["greeting-not-smtp"],
        exit: 8,
    },
    Scenario {
        name: "greeting-http",
        summary: "a web server responds with an HTTP error",
        server: Server {
            on: &[(
                Trigger::Connect,
                &[ServerAct::Say("HTTP/1.1 400 Bad Request\nServer: nginx\nConnection: close\n"), ServerAct::Close],
            )],
            ..SUBMISSION
        },
        client: BARE,
        expect: &["greeting-not-smtp"],
        exit: 8,
    },
    Scenario {
        name: "greeting-ftp",
        summary: "an FTP server responds with 220, the code of an SMTP greeting",
        server: Server {
            greeting: "220 (vsFTPd 3.0.3)",
            on: &[
                (Trigger::Ehlo, &[ServerAct::Say("530 Please login with USER and PASS.")]),
                (Trigger::Helo, &[ServerAct::Say("530 Please login with USER and PASS.")]),
                (Trigger::Quit, &[ServerAct::Say("221 Goodbye."), ServerAct::Close]),
            ],
            ..SUBMISSION
        },
        client: BARE,
        expect: &["greeting-not-smtp"],
        exit: 8,
    },
    Scenario {
        name: "greeting-of-another-host",
        summary: "a web hosting provider's server responds instead of Gmail's",
        server: Server {
            greeting: "220 server1.hoster.test ESMTP Exim 4.96 Thu, 01 Jan 2026 09:00:00 +0000",
            ..SUBMISSION
        },
        client: ClientUsage { host: Some("smtp.gmail.com"), flags: &["--sni", "localhost"], ..BARE },
        expect: &["greeting-of-another-host"],
        exit: 0,
    },
    Scenario {
        name: "tls-before-greeting",
        summary: "the server expects implicit TLS, but the client waits for a greeting",
        server: IMPLICIT,
        client: HASTY,
        expect: &["implicit-tls-expected"],
        exit: 6,
    },
    Scenario {
        name: "plain-where-tls-was-expected",
        summary: "the client starts with TLS, but the server sends an unencrypted greeting",
        server: RELAY,
        client: ClientUsage { flags: &["--tls", "implicit"], ..BARE },
        expect: &["starttls-expected"],
        exit: 6,
    },
    Scenario {
        name: "ehlo-unknown",
        summary: "a legacy server that supports only HELO",
        server: Server { on: &[(Trigger::Ehlo, &[ServerAct::Say("500 Command unrecognized")])], ..RELAY },
        client: SENDING,
        expect: &["ehlo-unsupported"],
        exit: 0,
    },
    Scenario {
        name: "ehlo-refused",
        summary: "rejects EHLO and HELO without a reason",
        server: Server {
            on: &[
                (Trigger::Ehlo, &[ServerAct::Say("550 Requested action not taken")]),
                (Trigger::Helo, &[ServerAct::Say("550 Requested action not taken")]),
            ],
            ..RELAY
        },
        client: BARE,
        expect: &["ehlo-refused"],
        exit: 5,
    },
    Scenario {
        name: "ehlo-name-refused",
        summary: "rejects the EHLO name because it is not a fully qualified host name",
        server: Server {
            on: &[(
                Trigger::Ehlo,
                &[ServerAct::Say("550 5.7.1 <laptop>: Helo command rejected: need fully-qualified hostname")],
            )],
            ..RELAY
        },
        client: BARE,
        expect: &["ehlo-name-refused"],
        exit: 5,
    },
    Scenario {
        name: "capabilities-hidden",
        summary: "advertises fewer extensions over TLS than before it, as if a device on the network path had sent the first reply",
        server: Server {
            plain: &["PIPELINING", "SIZE 10240000", "STARTTLS", "8BITMIME", "CHUNKING"],
            inside: &["SIZE 10240000"],
            ..RELAY
        },
        client: BARE,
        expect: &["capabilities-differ"],
        exit: 0,
    },
];
