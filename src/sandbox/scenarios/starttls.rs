//! What can be wrong with STARTTLS: missing, masked, refused, followed by something else, obeyed in the wrong order.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{BARE, Client, Demand, Do, On, RELAY, SENDING, SUBMISSION, Server};

const REQUIRED: Client = Client { flags: &["--tls", "starttls"], ..BARE };
/// A check that does not wait for half a minute.
const HASTY: Client = Client { flags: &["--timeout", "1s", "--max-time", "5s"], ..BARE };

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
            on: &[(On::Auth, &[Do::Say("334 "), Do::Say("501 5.7.0 Authentication cancelled")])],
            ..SUBMISSION
        },
        client: Client { flags: &["--probe", "auth-before-tls"], ..BARE },
        expect: &["auth-accepted-in-plaintext"],
        exit: 0,
    },
    Scenario {
        name: "starttls-refused",
        summary: "STARTTLS is offered and then refused for now: 454",
        server: Server {
            on: &[(On::Starttls, &[Do::Say("454 4.7.0 TLS not available due to local problem")])],
            ..RELAY
        },
        client: BARE,
        expect: &["starttls-refused"],
        exit: 4,
    },
    Scenario {
        name: "starttls-unknown",
        summary: "STARTTLS is offered and then not known",
        server: Server { on: &[(On::Starttls, &[Do::Say("502 5.5.1 Command not implemented")])], ..RELAY },
        client: BARE,
        expect: &["starttls-refused"],
        exit: 6,
    },
    Scenario {
        name: "starttls-injected-reply",
        summary: "a reply in plain text comes together with the 220, for a client that takes it for one from inside TLS",
        server: Server {
            on: &[(On::Starttls, &[Do::Raw(b"220 2.0.0 Ready to start TLS\r\n250 injected\r\n"), Do::Tls])],
            ..RELAY
        },
        client: BARE,
        expect: &["starttls-injected-bytes"],
        exit: 8,
    },
    Scenario {
        name: "starttls-command-injection",
        summary: "a command that came before TLS is obeyed inside it (CVE-2011-0411)",
        server: Server { on: &[(On::Starttls, &[Do::Say("220 2.0.0 Ready to start TLS"), Do::TlsCarrying])], ..RELAY },
        client: Client { flags: &["--probe", "starttls-injection"], ..BARE },
        expect: &["starttls-command-injection"],
        exit: 8,
    },
    Scenario {
        name: "starttls-command-injection-held",
        summary: "a command that came before TLS is obeyed together with the first one inside it (CVE-2011-0411)",
        server: Server { on: &[(On::Starttls, &[Do::Say("220 2.0.0 Ready to start TLS"), Do::TlsHolding])], ..RELAY },
        client: Client { flags: &["--probe", "starttls-injection"], ..BARE },
        expect: &["starttls-command-injection"],
        exit: 8,
    },
    Scenario {
        name: "greets-again-inside-tls",
        summary: "the server greets a second time inside TLS, where it has to wait for EHLO",
        server: Server { on: &[(On::Secured, &[Do::Say("220 localhost ESMTP, inside TLS")])], ..RELAY },
        client: Client { flags: &["--probe", "starttls-injection"], ..BARE },
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "starttls-demanded-inside-tls",
        summary: "the server demands STARTTLS for MAIL inside TLS",
        server: Server { on: &[(On::Mail, &[Do::Say("530 5.7.0 Must issue a STARTTLS command first")])], ..RELAY },
        client: SENDING,
        expect: &["encryption-required"],
        exit: 5,
    },
    Scenario {
        name: "starttls-not-enforced",
        summary: "a server for mail programs takes MAIL before TLS",
        server: Server { demands: Demand::Nothing, ..SUBMISSION },
        client: Client { flags: &["--probe", "mail-before-tls"], ..BARE },
        expect: &["starttls-not-enforced"],
        exit: 0,
    },
    Scenario {
        name: "starttls-then-silence",
        summary: "220 to STARTTLS, and then nothing",
        server: Server { on: &[(On::Starttls, &[Do::Say("220 2.0.0 Ready to start TLS"), Do::Silence])], ..RELAY },
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "starttls-then-plain-text",
        summary: "220 to STARTTLS, and then SMTP in plain text where the handshake should be",
        server: Server {
            on: &[(
                On::Starttls,
                &[
                    Do::Say("220 2.0.0 Ready to start TLS"),
                    Do::Wait(50),
                    Do::Say("500 5.5.1 Command unrecognized"),
                    Do::Silence,
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
                On::Starttls,
                &[
                    Do::Say("220 2.0.0 Ready to start TLS"),
                    Do::Wait(50),
                    Do::Raw(b"\x00\x01\x02\xff\xfe\xfd\x80\x81"),
                    Do::Silence,
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
        server: Server { on: &[(On::Starttls, &[Do::Say("220 2.0.0 Ready to start TLS"), Do::Close])], ..RELAY },
        client: BARE,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "starttls-then-reset",
        summary: "220 to STARTTLS, and then the connection is reset",
        server: Server {
            on: &[(On::Starttls, &[Do::Say("220 2.0.0 Ready to start TLS"), Do::Wait(50), Do::Reset])],
            ..RELAY
        },
        client: BARE,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
];
