//! Servers with which nothing is wrong, in the ways in which servers are right.

use crate::sandbox::Scenario;
use crate::sandbox::login;
use crate::sandbox::scenario::{
    BARE, ClientUsage, IMPLICIT, LOGGING_IN, Pace, RELAY, RequiredBeforeMail, SENDING, SUBMISSION, Server, ServerAct,
    TlsTerms, Trigger,
};

/// A login with sender and recipient.
const WHOLE: ClientUsage =
    ClientUsage { flags: &["--user", login::USER, "--from", login::USER, "--to", "you@elsewhere.test"], ..LOGGING_IN };

pub static ALL: &[Scenario] = &[
    Scenario {
        name: "healthy-submission",
        summary: "a server for mail programs: STARTTLS, login, sender and recipient, all as it should be",
        server: SUBMISSION,
        client: WHOLE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-relay",
        summary: "a server for mail of other servers: STARTTLS, and no login",
        server: RELAY,
        client: SENDING,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-implicit",
        summary: "a server for mail programs that encrypts from the first byte, as port 465 does",
        server: IMPLICIT,
        client: ClientUsage { flags: &["--tls", "implicit", "--user", login::USER], ..WHOLE },
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-scram",
        summary: "a login in which the password is never sent, bound to the encrypted line",
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
        summary: "a login with an OAuth token",
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
        summary: "a login with a certificate, and without a password",
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
        summary: "a server that asks for a certificate of the client and is content without one",
        server: Server { tls: TlsTerms::ClientCertificateWelcome, ..RELAY },
        client: SENDING,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-tls12",
        summary: "a server that has TLS 1.2 and no TLS 1.3",
        server: Server { tls: TlsTerms::Only12, ..SUBMISSION },
        client: WHOLE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-without-pipelining",
        summary: "a server that wants one command at a time",
        server: Server { plain: &["STARTTLS"], inside: &["SIZE 1000000"], ..RELAY },
        client: SENDING,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-lower-case",
        summary: "keywords in lower case and STARTTLS last, which is allowed",
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
        summary: "each reply arrives one byte at a time",
        server: Server { pace: Pace::Bytes, ..SUBMISSION },
        client: WHOLE,
        expect: &[],
        exit: 0,
    },
    Scenario {
        name: "healthy-odd-replies",
        summary: "replies that are unusual and allowed: several lines, no text, 251, 252-like words, blanks at the end",
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
        summary: "the server says 221 and closes without the good-bye of TLS",
        server: Server {
            on: &[(Trigger::Quit, &[ServerAct::Say("221 2.0.0 Bye"), ServerAct::CloseRudely])],
            ..SUBMISSION
        },
        client: BARE,
        expect: &[],
        exit: 0,
    },
];
