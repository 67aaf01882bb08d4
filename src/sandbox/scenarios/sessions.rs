//! Sessions that fail in each phase: connection closed or reset, no reply, 421, invalid or out-of-step replies.

use crate::sandbox::Scenario;
use crate::sandbox::login;
use crate::sandbox::scenario::{
    BARE, ClientUsage, LOGGING_IN, RELAY, RequiredBeforeMail, SENDING, SUBMISSION, Server, ServerAct, Trigger,
};

const fn doing(on: &'static [(Trigger, &'static [ServerAct])]) -> Server {
    Server { on, ..RELAY }
}

/// A check with a short timeout.
const HASTY: ClientUsage = ClientUsage {
    flags: &["--from", "me@sandbox.test", "--to", "you@sandbox.test", "--timeout", "1s", "--max-time", "5s"],
    ..BARE
};

const BYE: &str = "421 4.3.2 localhost System shutting down";

macro_rules! ends {
    ($moment:ident, $name:literal, $summary:literal, [$($act:expr),+], $rules:expr, $exit:literal) => {
        Scenario {
            name: $name,
            summary: $summary,
            server: doing(&[(Trigger::$moment, &[$($act),+])]),
            client: HASTY,
            expect: $rules,
            exit: $exit,
        }
    };
}

pub(super) static ALL: &[Scenario] = &[
    ends!(
        Connect,
        "close-at-connect",
        "closes the connection before the greeting",
        [ServerAct::Close],
        &["greeting-missing"],
        3
    ),
    ends!(
        Connect,
        "reset-at-connect",
        "resets the connection before the greeting",
        [ServerAct::Wait(100), ServerAct::Reset],
        &["greeting-missing"],
        3
    ),
    ends!(Ehlo, "close-at-ehlo", "closes the connection after EHLO", [ServerAct::Close], &["connection-closed"], 8),
    ends!(Ehlo, "reset-at-ehlo", "resets the connection after EHLO", [ServerAct::Reset], &["connection-closed"], 8),
    ends!(Ehlo, "silence-at-ehlo", "does not reply to EHLO", [ServerAct::Silence], &["reply-missing"], 3),
    ends!(
        Ehlo,
        "421-at-ehlo",
        "replies to EHLO with 421 and closes the connection",
        [ServerAct::Say(BYE), ServerAct::Close],
        &["server-closing"],
        4
    ),
    ends!(
        Starttls,
        "421-at-starttls",
        "replies to STARTTLS with 421 and closes the connection",
        [ServerAct::Say(BYE), ServerAct::Close],
        &["server-closing"],
        4
    ),
    ends!(
        EhloInside,
        "close-at-ehlo-inside-tls",
        "closes the connection after EHLO over TLS",
        [ServerAct::Close],
        &["connection-closed"],
        8
    ),
    ends!(
        EhloInside,
        "421-at-ehlo-inside-tls",
        "replies to EHLO over TLS with 421 and closes the connection",
        [ServerAct::Say(BYE), ServerAct::Close],
        &["server-closing"],
        4
    ),
    ends!(
        EhloInside,
        "silence-at-ehlo-inside-tls",
        "does not reply to EHLO over TLS",
        [ServerAct::Silence],
        &["reply-missing"],
        3
    ),
    ends!(Mail, "close-at-mail", "closes the connection after MAIL", [ServerAct::Close], &["connection-closed"], 8),
    ends!(Mail, "reset-at-mail", "resets the connection after MAIL", [ServerAct::Reset], &["connection-closed"], 8),
    ends!(Mail, "silence-at-mail", "does not reply to MAIL", [ServerAct::Silence], &["reply-missing"], 3),
    ends!(
        Mail,
        "421-at-mail",
        "replies to MAIL with 421 and closes the connection",
        [ServerAct::Say(BYE), ServerAct::Close],
        &["server-closing"],
        4
    ),
    ends!(Rcpt, "close-at-rcpt", "closes the connection after RCPT", [ServerAct::Close], &["connection-closed"], 8),
    ends!(Rcpt, "reset-at-rcpt", "resets the connection after RCPT", [ServerAct::Reset], &["connection-closed"], 8),
    ends!(Rcpt, "silence-at-rcpt", "does not reply to RCPT", [ServerAct::Silence], &["reply-missing"], 3),
    ends!(
        Rcpt,
        "421-at-rcpt",
        "replies to RCPT with 421 and closes the connection",
        [ServerAct::Say(BYE), ServerAct::Close],
        &["server-closing"],
        4
    ),
    ends!(
        Quit,
        "close-at-quit",
        "closes the connection after QUIT without a reply, which is harmless",
        [ServerAct::Close],
        &[],
        0
    ),
    ends!(
        Quit,
        "silence-at-quit",
        "does not reply to QUIT, which is harmless because all other commands are complete",
        [ServerAct::Silence],
        &[],
        0
    ),
    ends!(
        Ehlo,
        "half-close-at-ehlo",
        "stops sending when it receives EHLO (half-close), but continues to read",
        [ServerAct::HalfClose],
        &["connection-closed"],
        8
    ),
    ends!(
        EhloInside,
        "reset-at-ehlo-inside-tls",
        "resets the connection after EHLO over TLS",
        [ServerAct::Reset],
        &["connection-closed"],
        8
    ),
    ends!(
        Mail,
        "close-without-close-notify-at-mail",
        "closes the connection after MAIL, without a TLS close_notify alert",
        [ServerAct::CloseRudely],
        &["connection-closed"],
        8
    ),
    Scenario {
        name: "reset-at-auth",
        summary: "resets the connection after AUTH",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Reset])], ..SUBMISSION },
        client: ClientUsage { flags: &["--user", login::USER], secret: Some(login::PASSWORD), ..BARE },
        expect: &["connection-closed"],
        exit: 8,
    },
    Scenario {
        name: "size-too-small",
        summary: "advertises a SIZE limit of 1000 bytes per message",
        server: Server {
            plain: &["SIZE 1000", "STARTTLS"],
            inside: &["SIZE 1000"],
            on: &[(Trigger::Data, &[ServerAct::Say("552 5.3.4 Message size exceeds fixed limit")])],
            ..RELAY
        },
        client: SENDING,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "421-at-auth",
        summary: "replies to AUTH with 421 and closes the connection",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Say(BYE), ServerAct::Close])], ..SUBMISSION },
        client: ClientUsage {
            flags: &["--user", login::USER, "--timeout", "1s", "--max-time", "5s"],
            secret: Some(login::PASSWORD),
            ..BARE
        },
        expect: &["server-closing"],
        exit: 4,
    },
    ends!(
        Mail,
        "354-to-mail",
        "replies to MAIL with 354, the code that asks the client to send the message",
        [ServerAct::Say("354 go ahead")],
        &["reply-invalid"],
        8
    ),
    ends!(
        Ehlo,
        "reply-without-code",
        "replies to EHLO with a line that has no reply code",
        [ServerAct::Say("Hello there")],
        &["reply-invalid"],
        8
    ),
    ends!(
        Ehlo,
        "reply-of-two-digits",
        "replies to EHLO with a two-digit reply code",
        [ServerAct::Say("25 localhost")],
        &["reply-invalid"],
        8
    ),
    ends!(
        Ehlo,
        "reply-of-four-digits",
        "replies to EHLO with a four-digit reply code",
        [ServerAct::Say("2500 localhost")],
        &["reply-invalid"],
        8
    ),
    ends!(
        Mail,
        "reply-999",
        "replies to MAIL with 999, a reply code that no standard defines",
        [ServerAct::Say("999 what")],
        &["reply-invalid"],
        8
    ),
    Scenario {
        name: "time-is-up",
        summary: "does not reply to RCPT within the client's overall time limit",
        server: doing(&[(Trigger::Rcpt, &[ServerAct::Silence])]),
        client: ClientUsage {
            flags: &["--from", "me@sandbox.test", "--to", "you@sandbox.test", "--max-time", "2s"],
            ..BARE
        },
        expect: &["time-limit-reached"],
        exit: 9,
    },
    Scenario {
        name: "budget-of-one",
        summary: "sends no greeting, and the client's connection limit prevents the probe that would find out why",
        server: doing(&[(Trigger::Connect, &[ServerAct::Silence])]),
        client: ClientUsage { flags: &["--max-connections", "1", "--timeout", "1s", "--max-time", "5s"], ..BARE },
        expect: &["greeting-missing", "connection-limit-reached"],
        exit: 3,
    },
    Scenario {
        name: "bare-line-feeds",
        summary: "ends reply lines with LF instead of CRLF",
        server: doing(&[(Trigger::Ehlo, &[ServerAct::Raw(b"250-localhost\n250-STARTTLS\n250 8BITMIME\n")])]),
        client: SENDING,
        expect: &["reply-malformed"],
        exit: 0,
    },
    Scenario {
        name: "codes-change-in-a-reply",
        summary: "sends a multi-line reply whose lines have different codes",
        server: doing(&[(Trigger::Mail, &[ServerAct::Say("250-2.1.0 Ok\n550 5.7.1 No")])]),
        client: SENDING,
        expect: &["reply-invalid"],
        exit: 8,
    },
    Scenario {
        name: "reply-before-the-command",
        summary: "sends the reply to EHLO together with the greeting",
        server: doing(&[(Trigger::Connect, &[ServerAct::Say("220 localhost ESMTP\n250 localhost")])]),
        client: SENDING,
        expect: &["reply-unsolicited"],
        exit: 8,
    },
    Scenario {
        name: "two-replies-to-ehlo",
        summary: "sends two replies to EHLO",
        server: doing(&[(Trigger::Ehlo, &[ServerAct::Say("250-localhost\n250 STARTTLS\n250 and again")])]),
        client: SENDING,
        expect: &["reply-unsolicited"],
        exit: 8,
    },
    Scenario {
        name: "one-reply-behind",
        summary: "sends two replies to MAIL, so the recipient seems accepted; the rejection arrives one second later",
        server: doing(&[
            (Trigger::Mail, &[ServerAct::Say("250 2.1.0 Ok\n250 2.1.0 Ok")]),
            (
                Trigger::Rcpt,
                &[
                    ServerAct::Wait(1000),
                    ServerAct::Say("550 5.1.1 <you@sandbox.test>: Recipient address rejected: User unknown"),
                ],
            ),
        ]),
        client: SENDING,
        expect: &["session-out-of-step", "recipient-unknown"],
        exit: 8,
    },
    Scenario {
        name: "one-reply-behind-at-login",
        summary: "accepts AUTH with 235 and rejects it one second later",
        server: Server {
            on: &[(
                Trigger::Auth,
                &[
                    ServerAct::Say("235 2.7.0 Accepted"),
                    ServerAct::Wait(1000),
                    ServerAct::Say("535 5.7.8 Not accepted"),
                ],
            )],
            ..SUBMISSION
        },
        client: ClientUsage { secret: Some("not-the-password"), ..LOGGING_IN },
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "two-greetings",
        summary: "a proxy sends a greeting, and one second later the server behind it sends another",
        server: doing(&[(
            Trigger::Connect,
            &[ServerAct::Say("220 proxy ready"), ServerAct::Wait(1000), ServerAct::Say("220 localhost ESMTP")],
        )]),
        client: SENDING,
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "login-answered-with-250",
        summary: "replies to AUTH with 250 instead of 235",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Say("250 Ok")])], ..SUBMISSION },
        client: LOGGING_IN,
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "recipient-rejected-with-250",
        summary: "replies to RCPT with 250, but with the enhanced status code of a rejection",
        server: doing(&[(Trigger::Rcpt, &[ServerAct::Say("250 5.1.1 User unknown")])]),
        client: SENDING,
        expect: &["reply-invalid"],
        exit: 8,
    },
    Scenario {
        name: "submission-without-anything",
        summary: "advertises neither STARTTLS nor AUTH, like some servers in their default configuration",
        server: Server { plain: &["8BITMIME"], demands: RequiredBeforeMail::Nothing, ..RELAY },
        client: SENDING,
        expect: &["starttls-not-offered"],
        exit: 0,
    },
];
