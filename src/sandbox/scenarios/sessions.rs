//! Conversations that end badly at each step: closed, reset, silent, 421, out of order, endless.

use crate::sandbox::Scenario;
use crate::sandbox::login;
use crate::sandbox::scenario::{BARE, Client, Demand, Do, LOGGING_IN, On, RELAY, SENDING, SUBMISSION, Server};

const fn doing(on: &'static [(On, &'static [Do])]) -> Server {
    Server { on, ..RELAY }
}

/// A check that does not wait for half a minute.
const HASTY: Client = Client {
    flags: &["--from", "me@sandbox.test", "--to", "you@sandbox.test", "--timeout", "1s", "--max-time", "5s"],
    ..BARE
};

const BYE: &str = "421 4.3.2 localhost System shutting down";

macro_rules! ends {
    ($moment:ident, $name:literal, $summary:literal, [$($act:expr),+], $rules:expr, $exit:literal) => {
        Scenario {
            name: $name,
            summary: $summary,
            server: doing(&[(On::$moment, &[$($act),+])]),
            client: HASTY,
            expect: $rules,
            exit: $exit,
        }
    };
}

pub static ALL: &[Scenario] = &[
    ends!(Connect, "close-at-connect", "closed before a greeting", [Do::Close], &["greeting-missing"], 3),
    ends!(Connect, "reset-at-connect", "reset before a greeting", [Do::Wait(100), Do::Reset], &["greeting-missing"], 3),
    ends!(Ehlo, "close-at-ehlo", "closed at EHLO", [Do::Close], &["connection-closed"], 8),
    ends!(Ehlo, "reset-at-ehlo", "reset at EHLO", [Do::Reset], &["connection-closed"], 8),
    ends!(Ehlo, "silence-at-ehlo", "silent at EHLO", [Do::Silence], &["reply-missing"], 3),
    ends!(Ehlo, "421-at-ehlo", "421 at EHLO", [Do::Say(BYE), Do::Close], &["server-closing"], 4),
    ends!(Starttls, "421-at-starttls", "421 at STARTTLS", [Do::Say(BYE), Do::Close], &["server-closing"], 4),
    ends!(EhloInside, "close-at-ehlo-inside-tls", "closed at EHLO inside TLS", [Do::Close], &["connection-closed"], 8),
    ends!(
        EhloInside,
        "421-at-ehlo-inside-tls",
        "421 at EHLO inside TLS",
        [Do::Say(BYE), Do::Close],
        &["server-closing"],
        4
    ),
    ends!(EhloInside, "silence-at-ehlo-inside-tls", "silent at EHLO inside TLS", [Do::Silence], &["reply-missing"], 3),
    ends!(Mail, "close-at-mail", "closed at MAIL", [Do::Close], &["connection-closed"], 8),
    ends!(Mail, "reset-at-mail", "reset at MAIL", [Do::Reset], &["connection-closed"], 8),
    ends!(Mail, "silence-at-mail", "silent at MAIL", [Do::Silence], &["reply-missing"], 3),
    ends!(Mail, "421-at-mail", "421 at MAIL", [Do::Say(BYE), Do::Close], &["server-closing"], 4),
    ends!(Rcpt, "close-at-rcpt", "closed at RCPT", [Do::Close], &["connection-closed"], 8),
    ends!(Rcpt, "reset-at-rcpt", "reset at RCPT", [Do::Reset], &["connection-closed"], 8),
    ends!(Rcpt, "silence-at-rcpt", "silent at RCPT", [Do::Silence], &["reply-missing"], 3),
    ends!(Rcpt, "421-at-rcpt", "421 at RCPT", [Do::Say(BYE), Do::Close], &["server-closing"], 4),
    ends!(Quit, "close-at-quit", "closed at QUIT without a good-bye, which nobody minds", [Do::Close], &[], 0),
    ends!(Quit, "silence-at-quit", "silent at QUIT, when everything was answered", [Do::Silence], &[], 0),
    ends!(
        Ehlo,
        "half-close-at-ehlo",
        "the server closes its side at EHLO and goes on reading",
        [Do::HalfClose],
        &["connection-closed"],
        8
    ),
    ends!(EhloInside, "reset-at-ehlo-inside-tls", "reset at EHLO inside TLS", [Do::Reset], &["connection-closed"], 8),
    ends!(
        Mail,
        "close-rudely-at-mail",
        "closed at MAIL, without the good-bye of TLS",
        [Do::CloseRudely],
        &["connection-closed"],
        8
    ),
    Scenario {
        name: "reset-at-auth",
        summary: "reset at AUTH",
        server: Server { on: &[(On::Auth, &[Do::Reset])], ..SUBMISSION },
        client: Client { flags: &["--user", login::USER], secret: Some(login::PASSWORD), ..BARE },
        expect: &["connection-closed"],
        exit: 8,
    },
    Scenario {
        name: "size-too-small",
        summary: "the server takes messages of a thousand bytes at most, and says so",
        server: Server {
            plain: &["SIZE 1000", "STARTTLS"],
            inside: &["SIZE 1000"],
            on: &[(On::Data, &[Do::Say("552 5.3.4 Message size exceeds fixed limit")])],
            ..RELAY
        },
        client: SENDING,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "421-at-auth",
        summary: "421 at AUTH",
        server: Server { on: &[(On::Auth, &[Do::Say(BYE), Do::Close])], ..SUBMISSION },
        client: Client {
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
        [Do::Say("354 go ahead")],
        &["reply-without-sense"],
        8
    ),
    ends!(
        Ehlo,
        "reply-without-code",
        "a line without a code in answer to EHLO",
        [Do::Say("Hello there")],
        &["reply-without-sense"],
        8
    ),
    ends!(Ehlo, "reply-of-two-digits", "a code of two digits", [Do::Say("25 localhost")], &["reply-without-sense"], 8),
    ends!(
        Ehlo,
        "reply-of-four-digits",
        "a code of four digits",
        [Do::Say("2500 localhost")],
        &["reply-without-sense"],
        8
    ),
    ends!(Mail, "reply-999", "a code that nobody has defined", [Do::Say("999 what")], &["reply-without-sense"], 8),
    Scenario {
        name: "time-is-up",
        summary: "the server thinks over the recipient for longer than the client has time for everything",
        server: doing(&[(On::Rcpt, &[Do::Silence])]),
        client: Client {
            flags: &["--from", "me@sandbox.test", "--to", "you@sandbox.test", "--max-time", "2s"],
            ..BARE
        },
        expect: &["run-out-of-time"],
        exit: 9,
    },
    Scenario {
        name: "budget-of-one",
        summary: "the server is silent, and the client may not look for the reason by a second connection",
        server: doing(&[(On::Connect, &[Do::Silence])]),
        client: Client { flags: &["--max-connections", "1", "--timeout", "1s", "--max-time", "5s"], ..BARE },
        expect: &["greeting-missing", "connection-budget-spent"],
        exit: 3,
    },
    Scenario {
        name: "bare-line-feeds",
        summary: "lines that end with LF alone",
        server: doing(&[(On::Ehlo, &[Do::Raw(b"250-localhost\n250-STARTTLS\n250 8BITMIME\n")])]),
        client: SENDING,
        expect: &["reply-irregular"],
        exit: 0,
    },
    Scenario {
        name: "codes-change-in-a-reply",
        summary: "a reply whose lines carry different codes",
        server: doing(&[(On::Mail, &[Do::Say("250-2.1.0 Ok\n550 5.7.1 No")])]),
        client: SENDING,
        expect: &["reply-without-sense"],
        exit: 8,
    },
    Scenario {
        name: "reply-before-the-command",
        summary: "the answer to EHLO comes together with the greeting",
        server: doing(&[(On::Connect, &[Do::Say("220 localhost ESMTP\n250 localhost")])]),
        client: SENDING,
        expect: &["reply-unasked"],
        exit: 8,
    },
    Scenario {
        name: "two-replies-to-ehlo",
        summary: "two replies to one command",
        server: doing(&[(On::Ehlo, &[Do::Say("250-localhost\n250 STARTTLS\n250 and again")])]),
        client: SENDING,
        expect: &["reply-unasked"],
        exit: 8,
    },
    Scenario {
        name: "one-reply-behind",
        summary: "MAIL gets two replies, so that the recipient, rejected a second later, looks accepted",
        server: doing(&[
            (On::Mail, &[Do::Say("250 2.1.0 Ok\n250 2.1.0 Ok")]),
            (
                On::Rcpt,
                &[Do::Wait(1000), Do::Say("550 5.1.1 <you@sandbox.test>: Recipient address rejected: User unknown")],
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
            on: &[(On::Auth, &[Do::Say("235 2.7.0 Accepted"), Do::Wait(1000), Do::Say("535 5.7.8 Not accepted")])],
            ..SUBMISSION
        },
        client: Client { secret: Some("not-the-password"), ..LOGGING_IN },
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "two-greetings",
        summary: "a proxy greets, and a second later the server behind it",
        server: doing(&[(On::Connect, &[Do::Say("220 proxy ready"), Do::Wait(1000), Do::Say("220 localhost ESMTP")])]),
        client: SENDING,
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "login-answered-with-250",
        summary: "AUTH is answered with 250 in the place of 235",
        server: Server { on: &[(On::Auth, &[Do::Say("250 Ok")])], ..SUBMISSION },
        client: LOGGING_IN,
        expect: &["session-out-of-step"],
        exit: 8,
    },
    Scenario {
        name: "recipient-rejected-with-250",
        summary: "a recipient gets 250 with the enhanced status of a rejection",
        server: doing(&[(On::Rcpt, &[Do::Say("250 5.1.1 User unknown")])]),
        client: SENDING,
        expect: &["reply-without-sense"],
        exit: 8,
    },
    Scenario {
        name: "submission-without-anything",
        summary: "no STARTTLS and no login: a server that was never configured",
        server: Server { plain: &["8BITMIME"], demands: Demand::Nothing, ..RELAY },
        client: SENDING,
        expect: &["starttls-not-offered"],
        exit: 0,
    },
];
