//! What can be wrong with STARTTLS: missing, masked, refused, followed by something else, obeyed in the wrong order.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{
    BARE, ClientUsage, RELAY, RequiredBeforeMail, SENDING, SUBMISSION, Server, ServerAct, Trigger,
};

const REQUIRED: ClientUsage = ClientUsage { flags: &["--tls", "starttls"], ..BARE };
/// A check that does not wait for half a minute.
const HASTY: ClientUsage = ClientUsage { flags: &["--timeout", "1s", "--max-time", "5s"], ..BARE };

pub static ALL: &[Scenario] = &[
    Scenario {
        name: "starttls-missing",
        summary: "STARTTLS is not offered, and the client insists on it",
        server: Server { plain: &["PIPELINING", "SIZE 10240000", "8BITMIME"], ..RELAY },
        client: REQUIRED,
        expect: &["starttls-not-offered"],
        exit: 6,
    },
    Scenario {
        name: "starttls-masked",
        summary: "a firewall writes X over STARTTLS and asterisks over the greeting",
        server: Server {
            greeting: "220 ********************************",
            plain: &["PIPELINING", "SIZE 10240000", "XXXXXXXA", "8BITMIME"],
            ..RELAY
        },
        client: REQUIRED,
        expect: &["smtp-inspection"],
        exit: 6,
    },
    Scenario {
        name: "auth-accepted-in-plain-text",
        summary: "login is not offered before TLS, and taken all the same",
        server: Server {
            on: &[(Trigger::Auth, &[ServerAct::Say("334 "), ServerAct::Say("501 5.7.0 Authentication cancelled")])],
            ..SUBMISSION
        },
        client: ClientUsage { flags: &["--probe", "auth-before-tls"], ..BARE },
        expect: &["auth-accepted-in-plaintext"],
        exit: 0,
    },
    Scenario {
        name: "starttls-refused",
        summary: "STARTTLS is offered and then refused for now: 454",
        server: Server {
            on: &[(Trigger::Starttls, &[ServerAct::Say("454 4.7.0 TLS not available due to local problem")])],
            ..RELAY
        },
        client: BARE,
        expect: &["starttls-refused"],
        exit: 4,
    },
    Scenario {
        name: "starttls-unknown",
        summary: "STARTTLS is offered and then not known",
        server: Server { on: &[(Trigger::Starttls, &[ServerAct::Say("502 5.5.1 Command not implemented")])], ..RELAY },
        client: BARE,
        expect: &["starttls-refused"],
        exit: 6,
    },
    Scenario {
        name: "starttls-injected-reply",
        summary: "a reply in plain text comes together with the 220, for a client that takes it for one from inside TLS",
        server: Server {
            on: &[(
                Trigger::Starttls,
                &[ServerAct::Raw(b"220 2.0.0 Ready to start TLS\r\n250 injected\r\n"), ServerAct::Tls],
            )],
            ..RELAY
        },
        client: BARE,
        expect: &["starttls-injected-bytes"],
        exit: 8,
    },
    Scenario {
        name: "starttls-command-injection",
        summary: "a command that came before TLS is obeyed inside it (CVE-2011-0411)",
        server: Server {
            on: &[(Trigger::Starttls, &[ServerAct::Say("220 2.0.0 Ready to start TLS"), ServerAct::TlsCarrying])],
            ..RELAY
        },
        client: ClientUsage { flags: &["--probe", "starttls-injection"], ..BARE },
        expect: &["starttls-command-injection"],
        exit: 8,
    },
    Scenario {
        name: "starttls-command-injection-held",
        summary: "a command that came before TLS is obeyed together with the first one inside it (CVE-2011-0411)",
        server: Server {
            on: &[(Trigger::Starttls, &[ServerAct::Say("220 2.0.0 Ready to start TLS"), ServerAct::TlsHolding])],
            ..RELAY
        },
        client: ClientUsage { flags: &["--probe", "starttls-injection"], ..BARE },
        expect: &["starttls-command-injection"],
        exit: 8,
    },
    Scenario {
        name: "greets-again-inside-tls",
        summary: "the server greets a second time inside TLS, where it has to wait for EHLO",
        server: Server { on: &[(Trigger::Secured, &[ServerAct::Say("220 localhost ESMTP, inside TLS")])], ..RELAY },
        client: ClientUsage { flags: &["--probe", "starttls-injection"], ..BARE },
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "starttls-demanded-inside-tls",
        summary: "the server demands STARTTLS for MAIL inside TLS",
        server: Server {
            on: &[(Trigger::Mail, &[ServerAct::Say("530 5.7.0 Must issue a STARTTLS command first")])],
            ..RELAY
        },
        client: SENDING,
        expect: &["encryption-required"],
        exit: 5,
    },
    Scenario {
        name: "starttls-not-enforced",
        summary: "a server for mail programs takes MAIL before TLS",
        server: Server { demands: RequiredBeforeMail::Nothing, ..SUBMISSION },
        client: ClientUsage { flags: &["--probe", "mail-before-tls"], ..BARE },
        expect: &["starttls-not-enforced"],
        exit: 0,
    },
    Scenario {
        name: "starttls-then-silence",
        summary: "220 to STARTTLS, and then nothing",
        server: Server {
            on: &[(Trigger::Starttls, &[ServerAct::Say("220 2.0.0 Ready to start TLS"), ServerAct::Silence])],
            ..RELAY
        },
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "starttls-then-plain-text",
        summary: "220 to STARTTLS, and then SMTP in plain text where the handshake should be",
        server: Server {
            on: &[(
                Trigger::Starttls,
                &[
                    ServerAct::Say("220 2.0.0 Ready to start TLS"),
                    ServerAct::Wait(50),
                    ServerAct::Say("500 5.5.1 Command unrecognized"),
                    ServerAct::Silence,
                ],
            )],
            ..RELAY
        },
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "starttls-then-rubbish",
        summary: "220 to STARTTLS, and then bytes that are nothing",
        server: Server {
            on: &[(
                Trigger::Starttls,
                &[
                    ServerAct::Say("220 2.0.0 Ready to start TLS"),
                    ServerAct::Wait(50),
                    ServerAct::Raw(b"\x00\x01\x02\xff\xfe\xfd\x80\x81"),
                    ServerAct::Silence,
                ],
            )],
            ..RELAY
        },
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "starttls-then-close",
        summary: "220 to STARTTLS, and then the connection is closed",
        server: Server {
            on: &[(Trigger::Starttls, &[ServerAct::Say("220 2.0.0 Ready to start TLS"), ServerAct::Close])],
            ..RELAY
        },
        client: BARE,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "starttls-then-reset",
        summary: "220 to STARTTLS, and then the connection is reset",
        server: Server {
            on: &[(
                Trigger::Starttls,
                &[ServerAct::Say("220 2.0.0 Ready to start TLS"), ServerAct::Wait(50), ServerAct::Reset],
            )],
            ..RELAY
        },
        client: BARE,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
];
