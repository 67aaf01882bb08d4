//! Servers without faults, with different configurations.

use crate::sandbox::Scenario;
use crate::sandbox::login;
use crate::sandbox::scenario::{
    BARE, ClientUsage, IMPLICIT, LOGGING_IN, Pace, RELAY, RequiredBeforeMail, SENDING, SUBMISSION, Server, ServerAct,
    TlsTerms, Trigger,
};

/// A check with a login, a sender and a recipient.
const WHOLE: ClientUsage =
    ClientUsage { flags: &["--user", login::USER, "--from", login::USER, "--to", "you@elsewhere.test"], ..LOGGING_IN };

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "healthy-submission",
        summary: "a submission server for mail clients, with STARTTLS and AUTH",
        server: SUBMISSION,
        client: WHOLE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-relay",
        summary: "a receiving mail server (MX), with STARTTLS and without AUTH",
        server: RELAY,
        client: SENDING,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-implicit",
        summary: "a submission server with implicit TLS, as on port 465",
        server: IMPLICIT,
        client: ClientUsage { flags: &["--tls", "implicit", "--user", login::USER], ..WHOLE },
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-scram",
        summary: "supports SCRAM with channel binding, so the password is never sent",
        server: Server {
            plain: &["PIPELINING", "STARTTLS", "8BITMIME"],
            inside: &["PIPELINING", "AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN", "8BITMIME"],
            ..SUBMISSION
        },
        client: LOGGING_IN,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-oauth",
        summary: "accepts a login with an OAuth token",
        server: Server {
            plain: &["STARTTLS"],
            inside: &["AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER", "8BITMIME"],
            ..SUBMISSION
        },
        client: ClientUsage {
            flags: &["--user", login::USER, "--auth", "OAUTHBEARER,XOAUTH2"],
            secret: Some(login::TOKEN),
            ..BARE
        },
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-external",
        summary: "accepts a login with a client certificate instead of a password",
        server: Server {
            plain: &["STARTTLS"],
            inside: &["AUTH EXTERNAL PLAIN"],
            tls: TlsTerms::ClientCertificateWelcome,
            ..SUBMISSION
        },
        client: ClientUsage { flags: &["--cert", "{client-certificate}", "--auth", "EXTERNAL"], ..BARE },
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-client-certificate-welcome",
        summary: "requests a client certificate, but does not require one",
        server: Server { tls: TlsTerms::ClientCertificateWelcome, ..RELAY },
        client: SENDING,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-tls12",
        summary: "supports TLS 1.2 but not TLS 1.3",
        server: Server { tls: TlsTerms::Only12, ..SUBMISSION },
        client: WHOLE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-without-pipelining",
        summary: "does not advertise PIPELINING, so the client must send one command at a time",
        server: Server { plain: &["STARTTLS"], inside: &["SIZE 1000000"], ..RELAY },
        client: SENDING,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-lower-case",
        summary: "advertises extensions in lower case, with STARTTLS last, which is allowed",
        server: Server {
            plain: &["pipelining", "size 10240000", "starttls"],
            inside: &["pipelining", "size 10240000", "auth plain login", "8bitmime"],
            ..SUBMISSION
        },
        client: WHOLE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-byte-by-byte",
        summary: "sends each reply one byte at a time",
        server: Server { pace: Pace::Bytes, ..SUBMISSION },
        client: WHOLE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-odd-replies",
        summary: "sends unusual but valid replies: a multi-line greeting, code 251, no text, trailing spaces",
        server: Server {
            greeting: "220-localhost ESMTP\n220-We do not authorize the use of this system to transport unsolicited mail\n220 and/or bulk e-mail.",
            on: &[
                (Trigger::Mail, &[ServerAct::Say("250")]),
                (Trigger::Rcpt, &[ServerAct::Say("251 User not local; will forward to <you@elsewhere.test>")]),
                (Trigger::Rset, &[ServerAct::Say("250 ")]),
                (Trigger::Quit, &[ServerAct::Say("221-2.0.0 localhost\n221 2.0.0 closing   "), ServerAct::Close]),
            ],
            demands: RequiredBeforeMail::Tls,
            ..RELAY
        },
        client: SENDING,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-early-close",
        summary: "closes the connection after 221 without a TLS close_notify alert",
        server: Server {
            on: &[(Trigger::Quit, &[ServerAct::Say("221 2.0.0 Bye"), ServerAct::CloseRudely])],
            ..SUBMISSION
        },
        client: BARE,
        expect: &[],
        exit: 0,
    },
];
