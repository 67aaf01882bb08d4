//! Conversations that end badly at each step: closed, reset, silent, 421, out of order, endless.

use crate::sandbox::Scenario;
use crate::sandbox::login;
use crate::sandbox::scenario::{
    BARE, ClientUsage, LOGGING_IN, RELAY, RequiredBeforeMail, SENDING, SUBMISSION, Server, ServerAct, Trigger,
};

const fn doing(on: &'static [(Trigger, &'static [ServerAct])]) -> Server {
    Server { on, ..RELAY }
}

/// A check that does not wait for half a minute.
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

pub static ALL: &[Scenario] = &[
    ends!(Connect, "close-at-connect", "closed before a greeting", [ServerAct::Close], &["greeting-missing"], 3),
    ends!(
        Connect,
        "reset-at-connect",
        "reset before a greeting",
        [ServerAct::Wait(100), ServerAct::Reset],
        &["greeting-missing"],
        3
    ),
    ends!(Ehlo, "close-at-ehlo", "closed at EHLO", [ServerAct::Close], &["connection-closed"], 8),
    ends!(Ehlo, "reset-at-ehlo", "reset at EHLO", [ServerAct::Reset], &["connection-closed"], 8),
    ends!(Ehlo, "silence-at-ehlo", "silent at EHLO", [ServerAct::Silence], &["reply-missing"], 3),
    ends!(Ehlo, "421-at-ehlo", "421 at EHLO", [ServerAct::Say(BYE), ServerAct::Close], &["server-closing"], 4),
    ends!(
        Starttls,
        "421-at-starttls",
        "421 at STARTTLS",
        [ServerAct::Say(BYE), ServerAct::Close],
        &["server-closing"],
        4
    ),
    ends!(
        EhloInside,
        "close-at-ehlo-inside-tls",
        "closed at EHLO inside TLS",
        [ServerAct::Close],
        &["connection-closed"],
        8
    ),
    ends!(
        EhloInside,
        "421-at-ehlo-inside-tls",
        "421 at EHLO inside TLS",
        [ServerAct::Say(BYE), ServerAct::Close],
        &["server-closing"],
        4
    ),
    ends!(
        EhloInside,
        "silence-at-ehlo-inside-tls",
        "silent at EHLO inside TLS",
        [ServerAct::Silence],
        &["reply-missing"],
        3
    ),
    ends!(Mail, "close-at-mail", "closed at MAIL", [ServerAct::Close], &["connection-closed"], 8),
    ends!(Mail, "reset-at-mail", "reset at MAIL", [ServerAct::Reset], &["connection-closed"], 8),
    ends!(Mail, "silence-at-mail", "silent at MAIL", [ServerAct::Silence], &["reply-missing"], 3),
    ends!(Mail, "421-at-mail", "421 at MAIL", [ServerAct::Say(BYE), ServerAct::Close], &["server-closing"], 4),
    ends!(Rcpt, "close-at-rcpt", "closed at RCPT", [ServerAct::Close], &["connection-closed"], 8),
    ends!(Rcpt, "reset-at-rcpt", "reset at RCPT", [ServerAct::Reset], &["connection-closed"], 8),
    ends!(Rcpt, "silence-at-rcpt", "silent at RCPT", [ServerAct::Silence], &["reply-missing"], 3),
    ends!(Rcpt, "421-at-rcpt", "421 at RCPT", [ServerAct::Say(BYE), ServerAct::Close], &["server-closing"], 4),
    ends!(Quit, "close-at-quit", "closed at QUIT without a good-bye, which nobody minds", [ServerAct::Close], &[], 0),
    ends!(Quit, "silence-at-quit", "silent at QUIT, when everything was answered", [ServerAct::Silence], &[], 0),
    ends!(
        Ehlo,
        "half-close-at-ehlo",
        "the server closes its side at EHLO and goes on reading",
        [ServerAct::HalfClose],
        &["connection-closed"],
        8
    ),
    ends!(
        EhloInside,
        "reset-at-ehlo-inside-tls",
        "reset at EHLO inside TLS",
        [ServerAct::Reset],
        &["connection-closed"],
        8
    ),
    ends!(
        Mail,
        "close-rudely-at-mail",
        "closed at MAIL, without the good-bye of TLS",
        [ServerAct::CloseRudely],
        &["connection-closed"],
        8
    ),
    Scenario {
        name: "reset-at-auth",
        summary: "reset at AUTH",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Reset])], ..SUBMISSION },
        client: ClientUsage { flags: &["--user", login::USER], secret: Some(login::PASSWORD), ..BARE },
        expect: &["connection-closed"],
        exit: 8,
    },
    Scenario {
        name: "size-too-small",
        summary: "the server takes messages of a thousand bytes at most, and says so",
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
        summary: "421 at AUTH",
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
        "354, which asks for a message, in answer to MAIL",
        [ServerAct::Say("354 go ahead")],
        &["reply-invalid"],
        8
    ),
    ends!(
        Ehlo,
        "reply-without-code",
        "a line without a code in answer to EHLO",
        [ServerAct::Say("Hello there")],
        &["reply-invalid"],
        8
    ),
    ends!(Ehlo, "reply-of-two-digits", "a code of two digits", [ServerAct::Say("25 localhost")], &["reply-invalid"], 8),
    ends!(
        Ehlo,
        "reply-of-four-digits",
        "a code of four digits",
        [ServerAct::Say("2500 localhost")],
        &["reply-invalid"],
        8
    ),
    ends!(Mail, "reply-999", "a code that nobody has defined", [ServerAct::Say("999 what")], &["reply-invalid"], 8),
    Scenario {
        name: "time-is-up",
        summary: "the server thinks over the recipient for longer than the client has time for everything",
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
        summary: "the server is silent, and the client may not look for the reason by a second connection",
        server: doing(&[(Trigger::Connect, &[ServerAct::Silence])]),
        client: ClientUsage { flags: &["--max-connections", "1", "--timeout", "1s", "--max-time", "5s"], ..BARE },
        expect: &["greeting-missing", "connection-limit-reached"],
        exit: 3,
    },
    Scenario {
        name: "bare-line-feeds",
        summary: "lines that end with LF alone",
        server: doing(&[(Trigger::Ehlo, &[ServerAct::Raw(b"250-localhost\n250-STARTTLS\n250 8BITMIME\n")])]),
        client: SENDING,
        expect: &["reply-malformed"],
        exit: 0,
    },
    Scenario {
        name: "codes-change-in-a-reply",
        summary: "a reply whose lines carry different codes",
        server: doing(&[(Trigger::Mail, &[ServerAct::Say("250-2.1.0 Ok\n550 5.7.1 No")])]),
        client: SENDING,
        expect: &["reply-invalid"],
        exit: 8,
    },
    Scenario {
        name: "reply-before-the-command",
        summary: "the answer to EHLO comes together with the greeting",
        server: doing(&[(Trigger::Connect, &[ServerAct::Say("220 localhost ESMTP\n250 localhost")])]),
        client: SENDING,
        expect: &["reply-unsolicited"],
        exit: 8,
    },
    Scenario {
        name: "two-replies-to-ehlo",
        summary: "two replies to one command",
        server: doing(&[(Trigger::Ehlo, &[ServerAct::Say("250-localhost\n250 STARTTLS\n250 and again")])]),
        client: SENDING,
        expect: &["reply-unsolicited"],
        exit: 8,
    },
    Scenario {
        name: "one-reply-behind",
        summary: "MAIL gets two replies, so that the recipient, rejected a second later, looks accepted",
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
        summary: "AUTH gets a 235, and a second later the rejection",
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
        summary: "a proxy greets, and a second later the server behind it",
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
        summary: "AUTH is answered with 250 in the place of 235",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Say("250 Ok")])], ..SUBMISSION },
        client: LOGGING_IN,
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "recipient-rejected-with-250",
        summary: "a recipient gets 250 with the enhanced status of a rejection",
        server: doing(&[(Trigger::Rcpt, &[ServerAct::Say("250 5.1.1 User unknown")])]),
        client: SENDING,
        expect: &["reply-invalid"],
        exit: 8,
    },
    Scenario {
        name: "submission-without-anything",
        summary: "no STARTTLS and no login: a server that was never configured",
        server: Server { plain: &["8BITMIME"], demands: RequiredBeforeMail::Nothing, ..RELAY },
        client: SENDING,
        expect: &["starttls-not-offered"],
        exit: 0,
    },
];
