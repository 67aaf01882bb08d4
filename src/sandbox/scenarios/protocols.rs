//! LMTP, and servers that are checked with the wrong protocol.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{BARE, ClientUsage, RELAY, SENDING, Server, ServerAct, Trigger};

/// The server of mailboxes: it knows LHLO, but neither EHLO nor HELO (RFC 2033 §4.1).
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

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "lmtp",
        summary: "a server of mailboxes that speaks LMTP, without TLS",
        server: LMTP,
        client: ClientUsage { scheme: "lmtp://", ..SENDING },
        expect: &["starttls-not-offered"],
        exit: 0,
    },
    Scenario {
        name: "lmtp-recipient-unknown",
        summary: "a server of mailboxes that rejects a recipient without a mailbox",
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
        summary: "speaks LMTP, but is checked as an SMTP server",
        server: LMTP,
        client: SENDING,
        expect: &["lmtp-expected"],
        exit: 8,
    },
    Scenario {
        name: "smtp-expected",
        summary: "speaks SMTP, but is checked as an LMTP server",
        server: RELAY,
        client: ClientUsage { scheme: "lmtp://", ..BARE },
        expect: &["smtp-expected"],
        exit: 8,
    },
];
