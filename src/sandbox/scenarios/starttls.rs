//! Faults in STARTTLS: missing, masked, rejected, not followed by TLS, or open to command injection.

use crate::sandbox::Scenario;
use crate::sandbox::scenario::{
    BARE, ClientUsage, RELAY, RequiredBeforeMail, SENDING, SUBMISSION, Server, ServerAct, Trigger,
};

const REQUIRED: ClientUsage = ClientUsage { flags: &["--tls", "starttls"], ..BARE };
/// A check with a short timeout.
const HASTY: ClientUsage = ClientUsage { flags: &["--timeout", "1s", "--max-time", "5s"], ..BARE };

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "starttls-missing",
        summary: "does not advertise STARTTLS, which the client requires",
        server: Server { plain: &["PIPELINING", "SIZE 10240000", "8BITMIME"], ..RELAY },
        client: REQUIRED,
        expect: &["starttls-not-offered"],
        exit: 6,
    },
    Scenario {
        name: "starttls-masked",
        summary: "a firewall replaces STARTTLS with XXXXXXXA and the greeting with asterisks",
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
        summary: "accepts AUTH before TLS, although it advertises AUTH only over TLS",
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
        summary: "advertises STARTTLS but temporarily rejects it with 454",
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
        summary: "advertises STARTTLS but rejects it as not implemented",
        server: Server { on: &[(Trigger::Starttls, &[ServerAct::Say("502 5.5.1 Command not implemented")])], ..RELAY },
        client: BARE,
        expect: &["starttls-refused"],
        exit: 6,
    },
    Scenario {
        name: "starttls-injected-reply",
        summary: "sends another reply together with the 220; a vulnerable client treats it as sent over TLS",
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
        summary: "after the TLS handshake, executes a command that it received before the handshake (CVE-2011-0411)",
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
        summary: "keeps a command received before the TLS handshake, and executes it when the first command over TLS arrives (CVE-2011-0411)",
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
        summary: "sends a second greeting over TLS instead of waiting for EHLO",
        server: Server { on: &[(Trigger::Secured, &[ServerAct::Say("220 localhost ESMTP, over TLS")])], ..RELAY },
        client: ClientUsage { flags: &["--probe", "starttls-injection"], ..BARE },
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "starttls-demanded-inside-tls",
        summary: "requires STARTTLS for MAIL although TLS is active",
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
        summary: "a submission server that accepts MAIL before TLS",
        server: Server { demands: RequiredBeforeMail::Nothing, ..SUBMISSION },
        client: ClientUsage { flags: &["--probe", "mail-before-tls"], ..BARE },
        expect: &["starttls-not-enforced"],
        exit: 0,
    },
    Scenario {
        name: "starttls-then-silence",
        summary: "accepts STARTTLS with 220, then sends no data",
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
        summary: "accepts STARTTLS with 220, then sends an SMTP reply instead of the handshake",
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
        summary: "accepts STARTTLS with 220, then sends bytes that are not TLS",
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
        summary: "accepts STARTTLS with 220, then closes the connection",
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
        summary: "accepts STARTTLS with 220, then resets the connection",
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
