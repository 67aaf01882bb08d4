//! Faults in logins: rejections, missing mechanisms, and protocol errors within a mechanism.

use crate::sandbox::Scenario;
use crate::sandbox::login::{self, LoginBehaviour};
use crate::sandbox::scenario::{
    BARE, ClientUsage, LOGGING_IN, RELAY, RequiredBeforeMail, SUBMISSION, Server, ServerAct, Trigger,
};

/// A submission server with these EHLO extensions over TLS and this login behaviour.
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
        summary: "rejects a login with a wrong password",
        server: SUBMISSION,
        client: ClientUsage { secret: Some("not-the-password"), ..LOGGING_IN },
        expect: &["auth-credentials-refused"],
        exit: 7,
    },
    Scenario {
        name: "auth-user-with-display-name",
        summary: "rejects a login because the user name contains a display name",
        server: SUBMISSION,
        client: ClientUsage { flags: &["--user", "Me <user@sandbox.test>"], secret: Some(login::PASSWORD), ..BARE },
        expect: &["auth-user-name-form"],
        exit: 7,
    },
    Scenario {
        name: "auth-token-is-a-document",
        summary: "the client uses the token service's JSON document as the token",
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
        summary: "rejects a SCRAM login with a wrong password",
        server: with(SCRAM, LoginBehaviour::Right),
        client: ClientUsage { secret: Some("not-the-password"), ..LOGGING_IN },
        expect: &["auth-credentials-refused"],
        exit: 7,
    },
    Scenario {
        name: "auth-wrong-password-cram-md5",
        summary: "rejects a CRAM-MD5 login with a wrong password",
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
        summary: "rejects an NTLM login",
        server: with(&["AUTH NTLM"], LoginBehaviour::Right),
        client: LOGGING_IN,
        expect: &["auth-credentials-refused", "auth-mechanism-obsolete"],
        exit: 7,
    },
    Scenario {
        name: "auth-digest-md5",
        summary: "advertises only DIGEST-MD5, which is obsolete",
        server: with(&["AUTH DIGEST-MD5"], LoginBehaviour::Right),
        client: LOGGING_IN,
        expect: &["auth-mechanism-obsolete"],
        exit: 0,
    },
    Scenario {
        name: "auth-refused-without-reason",
        summary: "rejects the login with 550, without a reason",
        server: ends("550 5.0.0 Requested action not taken"),
        client: LOGGING_IN,
        expect: &["auth-refused"],
        exit: 7,
    },
    Scenario {
        name: "auth-back-end-down",
        summary: "temporarily rejects the login with 454",
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
        summary: "advertises the mechanism but rejects it as unknown",
        server: ends("504 5.5.4 Unrecognized authentication type"),
        client: LOGGING_IN,
        expect: &["auth-mechanism-refused"],
        exit: 7,
    },
    Scenario {
        name: "auth-not-offered",
        summary: "advertises AUTH neither before nor after STARTTLS",
        server: Server { demands: RequiredBeforeMail::Nothing, ..RELAY },
        client: LOGGING_IN,
        expect: &["auth-not-offered"],
        exit: 7,
    },
    Scenario {
        name: "auth-mechanism-mismatch",
        summary: "advertises only mechanisms that require a Kerberos ticket",
        server: with(&["AUTH GSSAPI GSS-SPNEGO"], LoginBehaviour::Right),
        client: LOGGING_IN,
        expect: &["auth-mechanism-mismatch"],
        exit: 7,
    },
    Scenario {
        name: "auth-in-plain-text",
        summary: "advertises AUTH before TLS, when the password can be read in transit",
        server: Server { plain: &["PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN", "8BITMIME"], ..SUBMISSION },
        client: BARE,
        expect: &["auth-offered-in-plaintext"],
        exit: 0,
    },
    Scenario {
        name: "auth-only-in-plain-text",
        summary: "does not advertise STARTTLS, so the client does not send the password",
        server: Server { plain: &["PIPELINING", "AUTH PLAIN LOGIN"], ..SUBMISSION },
        client: LOGGING_IN,
        expect: &["starttls-not-offered"],
        exit: 6,
    },
    Scenario {
        name: "auth-withheld",
        summary: "the client is run without TLS, so it does not send the password",
        server: Server { plain: &["PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN"], ..SUBMISSION },
        client: ClientUsage { flags: &["--user", login::USER, "--tls", "none"], ..LOGGING_IN },
        expect: &["auth-withheld", "auth-offered-in-plaintext"],
        exit: 7,
    },
    Scenario {
        name: "auth-required",
        summary: "rejects MAIL until the client logs in",
        server: SUBMISSION,
        client: ClientUsage { flags: &["--from", "me@sandbox.test", "--to", "you@elsewhere.test"], ..BARE },
        expect: &["auth-required"],
        exit: 7,
    },
    Scenario {
        name: "auth-obsolete-mechanisms",
        summary: "advertises only CRAM-MD5 and DIGEST-MD5, which are obsolete",
        server: with(&["AUTH CRAM-MD5 DIGEST-MD5"], LoginBehaviour::Right),
        client: BARE,
        expect: &["auth-mechanism-obsolete"],
        exit: 0,
    },
    Scenario {
        name: "auth-tokens-only",
        summary: "accepts only OAuth tokens",
        server: with(&["AUTH XOAUTH2 OAUTHBEARER"], LoginBehaviour::Right),
        client: BARE,
        expect: &["auth-tokens-only"],
        exit: 0,
    },
    Scenario {
        name: "auth-token-refused",
        summary: "rejects the token and sends the reason in a challenge",
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
        summary: "rejects the client's token, which has expired",
        server: with(&["AUTH XOAUTH2"], LoginBehaviour::Ends("535 5.7.3 Authentication unsuccessful")),
        client: ClientUsage { secret: Some(OLD_TOKEN), ..TOKEN },
        expect: &["auth-token-expired"],
        exit: 7,
    },
    Scenario {
        name: "auth-token-unsuitable",
        summary: "the client has a refresh token instead of an access token and does not send it",
        server: with(&["AUTH XOAUTH2"], LoginBehaviour::Right),
        client: ClientUsage { secret: Some("1//0gSandboxRefreshToken"), ..TOKEN },
        expect: &["auth-token-unsuitable"],
        exit: 7,
    },
    Scenario {
        name: "scram-other-nonce",
        summary: "sends a SCRAM challenge whose nonce belongs to another login",
        server: with(SCRAM, LoginBehaviour::OtherNonce),
        client: LOGGING_IN,
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "scram-four-thousand-million-rounds",
        summary: "requests 4,294,967,295 SCRAM iterations, which would overload the client",
        server: with(SCRAM, LoginBehaviour::Rounds(u32::MAX)),
        client: LOGGING_IN,
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "scram-one-round",
        summary: "requests a single SCRAM iteration, which makes the password easy to guess",
        server: with(SCRAM, LoginBehaviour::Rounds(1)),
        client: LOGGING_IN,
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "scram-wrong-proof",
        summary: "sends a wrong SCRAM signature, so it cannot prove that it knows the password",
        server: with(SCRAM, LoginBehaviour::WrongProof),
        client: LOGGING_IN,
        expect: &["auth-server-unverified"],
        exit: 8,
    },
    Scenario {
        name: "scram-without-proof",
        summary: "accepts the SCRAM login without sending its signature",
        server: with(SCRAM, LoginBehaviour::Unproved),
        client: LOGGING_IN,
        expect: &["auth-server-unverified"],
        exit: 8,
    },
    Scenario {
        name: "auth-challenges-without-end",
        summary: "replies to every client response with another challenge",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Challenges("VXNlcm5hbWU6")])], ..SUBMISSION },
        client: by(&["--user", login::USER, "--auth", "LOGIN", "--timeout", "1s", "--max-time", "5s"]),
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "auth-challenge-not-base64",
        summary: "sends a challenge that is not base64",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Challenges("***")])], ..SUBMISSION },
        client: by(&["--user", login::USER, "--auth", "LOGIN", "--timeout", "1s", "--max-time", "5s"]),
        expect: &["auth-exchange-broken"],
        exit: 8,
    },
    Scenario {
        name: "auth-challenge-of-a-megabyte",
        summary: "sends a challenge of 1 MB",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Challenge(1024 * 1024)])], ..SUBMISSION },
        client: by(&["--user", login::USER, "--auth", "LOGIN", "--timeout", "1s", "--max-time", "5s"]),
        expect: &["reply-endless"],
        exit: 8,
    },
    Scenario {
        name: "auth-silence",
        summary: "does not reply to AUTH",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Silence])], ..SUBMISSION },
        client: HASTY,
        expect: &["reply-missing"],
        exit: 3,
    },
    Scenario {
        name: "auth-close",
        summary: "closes the connection after AUTH",
        server: Server { on: &[(Trigger::Auth, &[ServerAct::Close])], ..SUBMISSION },
        client: LOGGING_IN,
        expect: &["connection-closed"],
        exit: 8,
    },
    Scenario {
        name: "auth-echo",
        summary: "repeats the password in its reply, so a client that shows the reply reveals the password",
        server: ends(
            "535 5.7.8 Cannot log in demo@sandbox.test with open-sesame-42 (b3Blbi1zZXNhbWUtNDI=, 6f70656e2d736573616d652d3432)",
        ),
        client: LOGGING_IN,
        expect: &["auth-credentials-refused"],
        exit: 7,
    },
    Scenario {
        name: "sender-of-another-user",
        summary: "accepts the login, but rejects the sender because it belongs to another user",
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
