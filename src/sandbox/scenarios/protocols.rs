//! LMTP, servers that are checked with the wrong protocol, MAIL and RCPT parameters, XCLIENT, VRFY and EXPN.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{BARE, ClientUsage, RELAY, SENDING, Server, ServerAct, Trigger};

/// The mailbox server. It supports LHLO, but neither EHLO nor HELO (RFC 2033 §4.1).
const LMTP: Server = Server {
    greeting: "220 localhost Dovecot ready.",
    plain: &["8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING"],
    inside: &["8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING"],
    on: LMTP_COMMANDS,
    ..RELAY
};

const LMTP_COMMANDS: &[(Trigger, &[ServerAct])] = &[
    (Trigger::Ehlo, &[ServerAct::Say("500 5.5.1 Unknown command")]),
    (Trigger::Helo, &[ServerAct::Say("500 5.5.1 Unknown command")]),
    (Trigger::Lhlo, &[ServerAct::Capabilities]),
    (
        Trigger::RcptTo("missing@"),
        &[ServerAct::Say("550 5.1.1 <missing@sandbox.test> User doesn't exist: missing@sandbox.test")],
    ),
];

const XCLIENT: &[&str] =
    &["PIPELINING", "XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT", "8BITMIME"];

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "lmtp",
        summary: "a mailbox server that uses LMTP without TLS",
        server: LMTP,
        client: ClientUsage { scheme: "lmtp://", ..SENDING },
        expect: &["starttls-not-offered"],
        exit: 0,
    },
    Scenario {
        name: "lmtp-recipient-unknown",
        summary: "a mailbox server that rejects a recipient without a mailbox",
        server: LMTP,
        client: ClientUsage {
            scheme: "lmtp://",
            flags: &["--from", "me@sandbox.test", "--to", "you@sandbox.test", "--to", "missing@sandbox.test"],
            ..BARE
        },
        expect: &["recipient-unknown", "starttls-not-offered"],
        exit: 5,
    },
    Scenario {
        name: "lmtp-expected",
        summary: "an LMTP server that is checked with SMTP",
        server: LMTP,
        client: SENDING,
        expect: &["lmtp-expected"],
        exit: 8,
    },
    Scenario {
        name: "xclient",
        summary: "allows this machine to impersonate another client with XCLIENT, as Postfix allows its proxies to do",
        server: Server { inside: XCLIENT, ..RELAY },
        client: ClientUsage { flags: &["--to", "you@sandbox.test", "--xclient", "ADDR=192.0.2.7"], ..BARE },
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "xclient-not-advertised",
        summary: "does not allow this machine to use XCLIENT",
        server: RELAY,
        client: ClientUsage { flags: &["--to", "you@sandbox.test", "--xclient", "ADDR=192.0.2.7"], ..BARE },
        expect: &["xclient-not-advertised"],
        exit: 5,
    },
    Scenario {
        name: "xclient-refused",
        summary: "advertises XCLIENT but rejects it",
        server: Server {
            inside: XCLIENT,
            on: &[(Trigger::Xclient, &[ServerAct::Say("550 5.7.0 Error: insufficient authorization")])],
            ..RELAY
        },
        client: ClientUsage { flags: &["--to", "you@sandbox.test", "--xclient", "ADDR=192.0.2.7"], ..BARE },
        expect: &["xclient-refused"],
        exit: 5,
    },
    Scenario {
        name: "vrfy-confirms-addresses",
        summary: "reveals to any client which mailboxes exist, and who is on a mailing list",
        server: Server {
            on: &[
                (Trigger::VrfyOf("smtpcheck-vrfy-test"), &[ServerAct::Say("550 5.1.1 User unknown")]),
                (Trigger::VrfyOf(""), &[ServerAct::Say("250 2.1.5 You <you@sandbox.test>")]),
                (Trigger::Expn, &[ServerAct::Say("250-ann@sandbox.test\n250 bob@sandbox.test")]),
            ],
            ..RELAY
        },
        client: ClientUsage { flags: &["--to", "you@sandbox.test", "--probe", "vrfy,expn"], ..BARE },
        expect: &["vrfy-confirms-addresses", "expn-lists-members"],
        exit: 0,
    },
    Scenario {
        name: "vrfy-not-implemented",
        summary: "rejects VRFY as an unknown command",
        server: Server {
            on: &[(Trigger::VrfyOf(""), &[ServerAct::Say("502 5.5.1 VRFY command is disabled")])],
            ..RELAY
        },
        client: ClientUsage { flags: &["--probe", "vrfy"], ..BARE },
        expect: &["vrfy-not-implemented"],
        exit: 0,
    },
    Scenario {
        name: "parameter-not-advertised",
        summary: "does not advertise DSN, so a client must not request a delivery notification",
        server: Server { plain: &["STARTTLS", "SIZE 1000"], inside: &["SIZE 1000"], ..RELAY },
        client: ClientUsage { flags: &["--to", "you@sandbox.test", "--rcpt-parameter", "NOTIFY=SUCCESS"], ..BARE },
        expect: &["parameter-not-advertised"],
        exit: 5,
    },
    Scenario {
        name: "parameter-refused",
        summary: "rejects a message that is larger than the advertised SIZE",
        server: Server {
            on: &[(
                Trigger::MailWith("SIZE=99999999"),
                &[ServerAct::Say("552 5.3.4 Message size exceeds fixed limit")],
            )],
            ..RELAY
        },
        client: ClientUsage { flags: &["--to", "you@sandbox.test", "--mail-parameter", "SIZE=99999999"], ..BARE },
        expect: &["parameter-refused"],
        exit: 5,
    },
    Scenario {
        name: "smtp-expected",
        summary: "an SMTP server that is checked with LMTP",
        server: RELAY,
        client: ClientUsage { scheme: "lmtp://", ..BARE },
        expect: &["smtp-expected"],
        exit: 8,
    },
];
