//! Servers that try to hang, crash or deceive a client, or to exhaust its memory. For each, a check must end within its
//! time limit, with bounded memory, and with a finding that names the cause.

use crate::sandbox::Scenario;
use crate::sandbox::login;
use crate::sandbox::scenario::{BARE, ClientUsage, RELAY, Recipe, SENDING, SUBMISSION, Server, ServerAct, Trigger};

/// A check with a short timeout.
const HASTY: ClientUsage = ClientUsage {
    flags: &["--from", "me@sandbox.test", "--to", "you@sandbox.test", "--timeout", "1s", "--max-time", "5s"],
    ..BARE
};

const fn doing(on: &'static [(Trigger, &'static [ServerAct])]) -> Server {
    Server { on, ..RELAY }
}

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "drip-at-greeting",
        summary: "sends an endless greeting, one byte per second",
        server: doing(&[(Trigger::Connect, &[ServerAct::Raw(b"220 "), ServerAct::Endless(b"x", 1000)])]),
        client: HASTY,
        expect: &["greeting-missing"],
        exit: 3,
    },
    Scenario {
        name: "drip-at-mail",
        summary: "sends an endless reply to MAIL, one byte every 100 ms",
        server: doing(&[(Trigger::Mail, &[ServerAct::Raw(b"250 "), ServerAct::Endless(b"x", 100)])]),
        client: HASTY,
        expect: &["reply-missing"],
        exit: 3,
    },
    Scenario {
        name: "endless-greeting",
        summary: "sends a greeting with an endless number of lines",
        server: doing(&[(Trigger::Connect, &[ServerAct::Endless(b"220-welcome\r\n", 0)])]),
        client: HASTY,
        expect: &["reply-endless"],
        exit: 8,
    },
    Scenario {
        name: "endless-ehlo",
        summary: "sends a reply to EHLO with an endless number of lines",
        server: doing(&[(Trigger::Ehlo, &[ServerAct::Endless(b"250-XANOTHER\r\n", 0)])]),
        client: HASTY,
        expect: &["reply-endless"],
        exit: 8,
    },
    Scenario {
        name: "ehlo-of-100000-lines",
        summary: "sends a reply to EHLO with 100,000 lines",
        server: doing(&[(
            Trigger::Ehlo,
            &[ServerAct::Times(100_000, b"250-XKEYWORD\r\n"), ServerAct::Raw(b"250 STARTTLS\r\n")],
        )]),
        client: HASTY,
        expect: &["reply-endless"],
        exit: 8,
    },
    Scenario {
        name: "line-of-ten-megabytes",
        summary: "sends a reply line of 10 MB",
        server: doing(&[(
            Trigger::Ehlo,
            &[ServerAct::Raw(b"250 "), ServerAct::Times(10 * 1024 * 1024, b"x"), ServerAct::Raw(b"\r\n")],
        )]),
        client: HASTY,
        expect: &["reply-endless"],
        exit: 8,
    },
    Scenario {
        name: "endless-replies",
        summary: "sends an endless number of replies to EHLO",
        server: doing(&[(Trigger::Ehlo, &[ServerAct::Endless(b"250 localhost\r\n", 0)])]),
        client: HASTY,
        expect: &["reply-unsolicited", "reply-endless"],
        exit: 8,
    },
    Scenario {
        name: "endless-inside-tls",
        summary: "sends a reply to EHLO over TLS with an endless number of lines",
        server: doing(&[(Trigger::EhloInside, &[ServerAct::Endless(b"250-XANOTHER\r\n", 0)])]),
        client: HASTY,
        expect: &["reply-endless"],
        exit: 8,
    },
    Scenario {
        name: "poisoned-replies",
        summary: "sends escape sequences, HTML tags and forged CI annotations in its replies",
        server: Server {
            greeting: POISON_GREETING,
            on: &[
                (Trigger::Ehlo, &[ServerAct::Say(POISON_EHLO)]),
                (Trigger::EhloInside, &[ServerAct::Say(POISON_EHLO)]),
                (Trigger::Rcpt, &[ServerAct::Say(POISON_RCPT)]),
                (Trigger::Quit, &[ServerAct::Say(POISON_QUIT), ServerAct::Close]),
            ],
            ..RELAY
        },
        client: SENDING,
        expect: &["recipient-unknown", "reply-malformed"],
        exit: 5,
    },
    Scenario {
        name: "poisoned-bytes",
        summary: "sends NUL, invalid UTF-8 and C1 control characters in its replies",
        server: doing(&[
            (
                Trigger::Connect,
                &[ServerAct::Raw(b"220 localhost \x00\xff\xfe\xc3\x28\x80\x9b31m\xe2\x80\xae ESMTP\r\n")],
            ),
            (Trigger::Ehlo, &[ServerAct::Raw(b"250-localhost \x00\x1b[1m\r\n250-X\xf0\x9f\x92\r\n250 STARTTLS\r\n")]),
            (
                Trigger::EhloInside,
                &[ServerAct::Raw(b"250-localhost \x00\x1b[1m\r\n250-X\xf0\x9f\x92\r\n250 STARTTLS\r\n")],
            ),
            (Trigger::Rcpt, &[ServerAct::Raw(b"550 5.1.1 \x00\xff\xfe User unknown \x9b\x1b]0;x\x07\r\n")]),
        ]),
        client: SENDING,
        expect: &["recipient-unknown", "reply-malformed"],
        exit: 5,
    },
    Scenario {
        name: "poisoned-instead-of-tls",
        summary: "sends escape sequences instead of a TLS handshake",
        server: doing(&[(
            Trigger::Starttls,
            &[
                ServerAct::Say("220 2.0.0 Ready"),
                ServerAct::Wait(50),
                ServerAct::Raw(b"\x1b]52;c;AAAA\x07\x1b[2J::error::forged\r\n<script>alert(1)</script>\r\n"),
                ServerAct::Silence,
            ],
        )]),
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "poisoned-certificate",
        summary: "sends a certificate with escape sequences and HTML tags in its names",
        server: Server { identity: Recipe::HostileNames, ..RELAY },
        client: BARE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "tls-record-storm",
        summary: "sends an endless number of small TLS records instead of a ServerHello",
        server: doing(&[(
            Trigger::Handshake,
            &[ServerAct::Wait(50), ServerAct::Endless(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00", 0)],
        )]),
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "tls-warning-storm",
        summary: "sends an endless number of TLS warning alerts instead of a ServerHello",
        server: doing(&[(
            Trigger::Handshake,
            &[ServerAct::Wait(50), ServerAct::Endless(b"\x15\x03\x03\x00\x02\x01\x70", 0)],
        )]),
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "tls-empty-record-storm",
        summary: "sends an endless number of empty TLS records instead of a ServerHello",
        server: doing(&[(Trigger::Handshake, &[ServerAct::Wait(50), ServerAct::Endless(b"\x16\x03\x03\x00\x00", 0)])]),
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "tls-drip",
        summary: "sends a ServerHello at one byte every 100 ms",
        server: doing(&[(
            Trigger::Handshake,
            &[
                ServerAct::Wait(50),
                ServerAct::Raw(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb"),
                ServerAct::Endless(b"\x03", 100),
            ],
        )]),
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "certificate-of-a-megabyte",
        summary: "sends a certificate of 1 MB",
        server: Server { identity: Recipe::Megabyte, ..RELAY },
        client: HASTY,
        expect: &["tls-handshake-failed"],
        exit: 6,
    },
    Scenario {
        name: "chain-of-forty",
        summary: "sends a chain of 40 certificates",
        server: Server { identity: Recipe::LongChain, ..RELAY },
        client: BARE,
        expect: &["certificate-chain-unnecessary"],
        exit: 0,
    },
    Scenario {
        name: "stops-reading",
        summary: "stops reading after the TLS handshake, so the client's writes block",
        server: doing(&[(Trigger::Secured, &[ServerAct::Deaf])]),
        client: HASTY,
        expect: &["reply-missing"],
        exit: 3,
    },
    Scenario {
        name: "echo-of-auth",
        summary: "sends a multi-line reply to AUTH that contains the password in pieces",
        server: Server {
            on: &[(
                Trigger::AuthAnswer,
                &[ServerAct::Say("535-5.7.8 open-se\n535-5.7.8 same-42\n535 5.7.8 b3Blbi1z ZXNhbWUtNDI=")],
            )],
            plain: &["STARTTLS"],
            inside: &["AUTH LOGIN"],
            ..SUBMISSION
        },
        client: ClientUsage { flags: &["--user", login::USER], secret: Some(login::PASSWORD), ..BARE },
        expect: &["auth-credentials-refused"],
        exit: 7,
    },
];

/// Terminal escape sequences (OSC 52 writes to the clipboard, OSC 8 hides the target of a link, CSI clears the screen),
/// CI log commands, HTML and XML tags, and characters that change the writing direction.
const POISON_GREETING: &str = "220 localhost ESMTP \x1b]52;c;cm0gLXJmIH4=\x07\x1b[2J\u{9b}31m \u{202e}desrever\u{202c} ::error::forged <script>alert(1)</script>";
const POISON_EHLO: &str = "250-localhost \x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\\n250-X\u{2066}HIDDEN\u{200b}\u{feff}\n250-PIPELINING\n250 STARTTLS";
const POISON_RCPT: &str = "550-5.1.1 User unknown ::error file=x,line=1::forged%0A%0D\n550-5.1.1 ##[error]forged ##vso[task.complete]\n550-5.1.1 </pre></svg><img src=x onerror=alert(1)> ]]> <!-- & \" ' `x` $(id)\n550 5.1.1 \x1b[31mred\x07 | a | b | [x](javascript:alert(1)) ![x](http://evil.example/x.png)";
const POISON_QUIT: &str = "221 bye \x1b]0;title\x07\u{202e}";
