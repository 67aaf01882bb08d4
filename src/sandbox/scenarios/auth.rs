//! Faults of logins: rejections, missing mechanisms, protocol errors of a mechanism.

use crate::sandbox::Scenario;
use crate::sandbox::login::{self, LoginBehaviour};
use crate::sandbox::scenario::{
    BARE, ClientUsage, LOGGING_IN, RELAY, RequiredBeforeMail, SUBMISSION, Server, ServerAct, Trigger,
};

/// A server with these mechanisms, and how it handles logins.
const fn with(inside: &'static [&'static str], login: LoginBehaviour) -> Server {
    Server { plain: &["STARTTLS"], inside, login, ..SUBMISSION }
}

/// A server that ends each login with this reply.
const fn ends(reply: &'static str) -> Server {
    Server { login: LoginBehaviour::Ends(reply), ..SUBMISSION }
}

const fn by(mechanism: &'static [&'static str]) -> ClientUsage {
    ClientUsage { flags: mechanism, secret: Some(login::PASSWORD), ..BARE }
}

const SCRAM: &[&str] = &["AUTH SCRAM-SHA-256"];
const TOKEN: ClientUsage =
    ClientUsage { flags: &["--user", login::USER, "--auth", "XOAUTH2"], secret: Some(login::TOKEN), ..BARE };
/// `{"alg":"none"}.{"exp":1600000000}` with an invalid signature.
const OLD_TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjE2MDAwMDAwMDB9.c2FuZGJveA";
/// A check with a short timeout.
const HASTY: ClientUsage =
    ClientUsage { flags: &["--user", login::USER, "--timeout", "1s", "--max-time", "5s"], ..LOGGING_IN };

pub(super) static ALL: &[Scenario] = &[
    Scenario {
        name: "auth-wrong-password",
        summary: "the password is rejected",
        server: SUBMISSION,
        client: ClientUsage { secret: Some("not-the-password"), ..LOGGING_IN },
        expect: &["auth-credentials-refused"],
        exit: 7,
    },
    Scenario {
        name: "auth-user-with-display-name",
        summary: "the user name contains a display name and is rejected",
        server: SUBMISSION,
        client: ClientUsage { flags: &["--user", "Me <user@sandbox.test>"], secret: Some(login::PASSWORD), ..BARE },
        expect: &["auth-user-name-form"],
        exit: 7,
    },
    Scenario {
        name: "auth-token-is-a-document",
        summary: "the JSON document of the token service is given as the token",
        server: with(&["AUTH XOAUTH2"], LoginBehaviour::Right),
        client: ClientUsage {
            flags: &["--user", login::USER, "--auth", "XOAUTH2"],
            secret: Some("{\"access_token\":\"sandbox\",\"expires_in\":3599}"),
            ..BARE
        },
        expect: &["auth-token-unsuitable"],
        exit: 7,
    },
    Scenario {
        name: "auth-wrong-password-scram",
        summary: "the password is rejected in SCRAM, where it is never sent",
        server: with(SCRAM, LoginBehaviour::Right),
        client: ClientUsage { secret: Some("not-the-password"), ..LOGGING_IN },
        expect: &["auth-credentials-refused"],
        exit: 7,
    },
    Scenario {
        name: "auth-wrong-password-cram-md5",
        summary: "the password is rejected in CRAM-MD5",
        server: with(&["AUTH CRAM-MD5 PLAIN"], LoginBehaviour::Right),
        client: ClientUsage {
            flags: &["--user", login::USER, "--auth", "CRAM-MD5"],
            secret: Some("not-the-password"),
            ..BARE
        },
        expect: &["auth-credentials-refused", "auth-mechanism-obsolete"],
        exit: 7,
    },
    Scenario {
        name: "auth-ntlm-refused",
        summary: "the password is rejected in NTLM",
        server: with(&["AUTH NTLM"], LoginBehaviour::Right),
        client: LOGGING_IN,
        expect: &["auth-credentials-refused", "auth-mechanism-obsolete"],
        exit: 7,
    },
    Scenario {
        name: "auth-digest-md5",
        summary: "the only mechanism is DIGEST-MD5, which is obsolete",
        server: with(&["AUTH DIGEST-MD5"], LoginBehaviour::Right),
        client: LOGGING_IN,
        expect: &["auth-mechanism-obsolete"],
        exit: 0,
    },
    Scenario {
        name: "auth-refused-without-reason",
        summary: "the login is rejected with 550, without a reason",
        server: ends("550 5.0.0 Requested action not taken"),
        client: LOGGING_IN,
        expect: &["auth-refused"],
        exit: 7,
    },
    Scenario {
        name: "auth-back-end-down",
        summary: "the login is temporarily rejected with 454",
        server: ends("454 4.7.0 Temporary authentication failure"),
        client: LOGGING_IN,
        expect: &["auth-temporary-failure"],
        exit: 4,
    },
    Scenario {
        name: "auth-app-password",
        summary: "requires an app password instead of the account's password",
        server: ends(
            "534 5.7.9 Application-specific password required. For more information, go to https://support.google.com/mail/?p=InvalidSecondFactor",
        ),
        client: LOGGING_IN,
        expect: &["auth-app-password-required"],
        exit: 7,
    },
    Scenario {
        name: "auth-oauth-only",
        summary: "no longer accepts passwords, only OAuth tokens",
        server: ends("535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
        client: LOGGING_IN,
        expect: &["auth-oauth-required"],
        exit: 7,
    },
    Scenario {
        name: "auth-switched-off",
        summary: "SMTP AUTH is disabled for the tenant",
        server: ends(
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
        ),
        client: LOGGING_IN,
        expect: &["account-restricted"],
        exit: 7,
    },
    Scenario {
        name: "auth-account-locked",
        summary: "the account is locked after too many failed logins",
        server: ends("535 5.7.0 Your account has been locked due to too many failed login attempts"),
        client: LOGGING_IN,
        expect: &["account-restricted"],
        exit: 7,
    },
    Scenario {
        name: "auth-mechanism-refused",
        summary: "the mechanism is advertised but rejected as unknown",
        server: ends("504 5.5.4 Unrecognized authentication type"),
        client: LOGGING_IN,
        expect: &["auth-mechanism-refused"],
        exit: 7,
    },
    Scenario {
        name: "auth-not-offered",
        summary: "AUTH is not advertised, neither before TLS nor inside it",
        server: Server { demands: RequiredBeforeMail::Nothing, ..RELAY },
        client: LOGGING_IN,
        expect: &["auth-not-offered"],
        exit: 7,
    },
    Scenario {
        name: "auth-mechanism-mismatch",
        summary: "the only advertised mechanisms require a Kerberos ticket",
        server: with(&["AUTH GSSAPI GSS-SPNEGO"], LoginBehaviour::Right),
        client: LOGGING_IN,
        expect: &["auth-mechanism-mismatch"],
        exit: 7,
    },
    Scenario {
        name: "auth-in-plain-text",
        summary: "AUTH is advertised before TLS, where the password can be read in transit",
        server: Server { plain: &["PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN", "8BITMIME"], ..SUBMISSION },
        client: BARE,
        expect: &["auth-offered-in-plaintext"],
        exit: 0,
    },
    Scenario {
        name: "auth-only-in-plain-text",
        summary: "no TLS, so the password is not sent",
        server: Server { plain: &["PIPELINING", "AUTH PLAIN LOGIN"], ..SUBMISSION },
        client: LOGGING_IN,
        expect: &["starttls-not-offered"],
        exit: 6,
    },
    Scenario {
        name: "auth-withheld",
        summary: "the client does not use TLS, so the password is not sent",
        server: Server { plain: &["PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN"], ..SUBMISSION },
        client: ClientUsage { flags: &["--user", login::USER, "--tls", "none"], ..LOGGING_IN },
        expect: &["auth-withheld", "auth-offered-in-plaintext"],
        exit: 7,
    },
    Scenario {
        name: "auth-required",
        summary: "MAIL is rejected until the client logs in",
        server: SUBMISSION,
        client: ClientUsage { flags: &["--from", "me@sandbox.test", "--to", "you@elsewhere.test"], ..BARE },
        expect: &["auth-required"],
        exit: 7,
    },
    Scenario {
        name: "auth-obsolete-mechanisms",
        summary: "only CRAM-MD5 and DIGEST-MD5 are advertised, which are obsolete",
        server: with(&["AUTH CRAM-MD5 DIGEST-MD5"], LoginBehaviour::Right),
        client: BARE,
        expect: &["auth-mechanism-obsolete"],
        exit: 0,
    },
    Scenario {
        name: "auth-tokens-only",
        summary: "only OAuth tokens are accepted",
        server: with(&["AUTH XOAUTH2 OAUTHBEARER"], LoginBehaviour::Right),
        client: BARE,
        expect: &["auth-tokens-only"],
        exit: 0,
    },
    Scenario {
        name: "auth-token-refused",
        summary: "the token is rejected, and a challenge contains the reason",
        server: with(
            &["AUTH XOAUTH2"],
            LoginBehaviour::TokenRefused(
                "{\"status\":\"400\",\"schemes\":\"Bearer\",\"scope\":\"https://mail.google.com/\"}",
                "535 5.7.8 Username and Password not accepted.",
            ),
        ),
        client: TOKEN,
        expect: &["auth-credentials-refused"],
        exit: 7,
    },
    Scenario {
        name: "auth-token-expired",
        summary: "the client's token has expired and is rejected",
        server: with(&["AUTH XOAUTH2"], LoginBehaviour::Ends("535 5.7.3 Authentication unsuccessful")),
        client: ClientUsage { secret: Some(OLD_TOKEN), ..TOKEN },
        expect: &["auth-token-expired"],
        exit: 7,
    },
    Scenario {
        name: "auth-token-unsuitable",
        summary: "the client's token is a refresh token, so it is not sent",
        server: with(&["AUTH XOAUTH2"], LoginBehaviour::Right),
        client: ClientUsage { secret: Some("1//0gSandboxRefreshToken"), ..TOKEN },
        expect: &["auth-token-unsuitable"],
        exit: 7,
    },
    Scenario {
        name: "scram-other-nonce",
        summary: "the server's SCRAM challenge belongs to another login",
        server: with(SCRAM, LoginBehaviour::OtherNonce),
        client: LOGGING_IN,
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "scram-four-thousand-million-rounds",
        summary: "the server requests 4,294,967,295 hash iterations, which would overload the client",
        server: with(SCRAM, LoginBehaviour::Rounds(u32::MAX)),
        client: LOGGING_IN,
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "scram-one-round",
        summary: "the server requests a single hash iteration, so the password can be guessed",
        server: with(SCRAM, LoginBehaviour::Rounds(1)),
        client: LOGGING_IN,
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "scram-wrong-proof",
        summary: "the server does not know the password: its signature is wrong",
        server: with(SCRAM, LoginBehaviour::WrongProof),
        client: LOGGING_IN,
        expect: &["auth-server-unverified"],
        exit: 8,
    },
    Scenario {
        name: "scram-without-proof",
        summary: "the server accepts the login without its signature",
        server: with(SCRAM, LoginBehaviour::Unproved),
        client: LOGGING_IN,
        expect: &["auth-server-unverified"],
        exit: 8,
    },
    Scenario {
        name: "auth-challenges-without-end",
        summary: "every response gets another challenge",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Challenges("VXNlcm5hbWU6")])], ..SUBMISSION },
        client: by(&["--user", login::USER, "--auth", "LOGIN", "--timeout", "1s", "--max-time", "5s"]),
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "auth-challenge-not-base64",
        summary: "the challenge is not base64",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Challenges("***")])], ..SUBMISSION },
        client: by(&["--user", login::USER, "--auth", "LOGIN", "--timeout", "1s", "--max-time", "5s"]),
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "auth-challenge-of-a-megabyte",
        summary: "a challenge of 1 MB",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Challenge(1024 * 1024)])], ..SUBMISSION },
        client: by(&["--user", login::USER, "--auth", "LOGIN", "--timeout", "1s", "--max-time", "5s"]),
        expect: &["reply-endless"],
        exit: 8,
    },
    Scenario {
        name: "auth-silence",
        summary: "no reply to AUTH",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Silence])], ..SUBMISSION },
        client: HASTY,
        expect: &["reply-missing"],
        exit: 3,
    },
    Scenario {
        name: "auth-close",
        summary: "the connection is closed at AUTH",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Close])], ..SUBMISSION },
        client: LOGGING_IN,
        expect: &["connection-closed"],
        exit: 8,
    },
    Scenario {
        name: "auth-echo",
        summary: "the server echoes everything, so a careless client shows the password",
        server: ends(
            "535 5.7.8 Cannot log in demo@sandbox.test with open-sesame-42 (b3Blbi1zZXNhbWUtNDI=, 6f70656e2d736573616d652d3432)",
        ),
        client: LOGGING_IN,
        expect: &["auth-credentials-refused"],
        exit: 7,
    },
    Scenario {
        name: "sender-of-somebody-else",
        summary: "logged in, but this sender is not allowed",
        server: Server {
            on: &[(
                Trigger::Rcpt,
                &[ServerAct::Say(
                    "553 5.7.1 <boss@sandbox.test>: Sender address rejected: not owned by user demo@sandbox.test",
                )],
            )],
            ..SUBMISSION
        },
        client: ClientUsage {
            flags: &["--user", login::USER, "--from", "boss@sandbox.test", "--to", "you@elsewhere.test"],
            ..LOGGING_IN
        },
        expect: &["sender-not-accepted"],
        exit: 5,
    },
];
