//! The events of a transcript: what was sent, received and decided in all sessions.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::fault::ConnectFault;
use super::place::{EventId, Phase, ProbeId};
use super::tls::Handshake;
use crate::wire::Reply;

/// Something that happened in a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// Its number.
    pub seq: EventId,
    /// Milliseconds since the start.
    pub at_ms: f64,
    /// The session.
    pub probe: ProbeId,
    /// The phase that it belongs to.
    pub phase: Phase,
    /// Whether the connection was encrypted at that moment.
    pub tls: bool,
    /// What happened.
    #[serde(flatten)]
    pub what: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventKind {
    /// A connection to one IP address was attempted.
    Dialled {
        /// Where.
        address: SocketAddr,
        /// When it started, milliseconds since the start of the run.
        started_ms: f64,
        /// How it ended.
        result: DialResult,
    },
    /// smtpcheck sent a line.
    Sent {
        /// As it was sent, without CRLF; a secret is replaced.
        text: String,
        /// Whether something was replaced.
        redacted: bool,
        /// The recipient that it names, by its number in the plan, from 0.
        recipient: Option<usize>,
    },
    /// The server sent a complete reply.
    Received {
        /// The reply.
        #[serde(flatten)]
        reply: Reply,
        /// The recipient that it is about, by its number in the plan, from 0.
        recipient: Option<usize>,
    },
    /// The server sent unsolicited bytes; they were ignored.
    Stray {
        /// The bytes as text, U+FFFD for what is not UTF-8.
        text: String,
        /// How many bytes.
        bytes: usize,
    },
    /// The start of a reply that was not complete when the time limit was reached.
    Unfinished {
        /// The bytes as text, U+FFFD for what is not UTF-8.
        text: String,
        /// How many bytes.
        bytes: usize,
    },
    /// TLS is active.
    Secured {
        /// The handshake.
        handshake: Box<Handshake>,
    },
    /// A login was requested, but the password was not sent.
    Withheld {
        /// Why.
        reason: WithheldReason,
    },
    /// The server sent tickets with which a session can be resumed (RFC 8446 §4.6.1); recorded at the end. In TLS 1.2, which
    /// has it in the handshake, the count is 1.
    Tickets {
        /// How many.
        count: u32,
    },
    /// What the token says about itself; the token is not shown.
    Token {
        /// Its kind.
        form: TokenForm,
        /// When it expires, seconds since 1970, if it says so.
        expires: Option<i64>,
        /// Its audience, if it says so.
        audience: Option<String>,
    },
    /// The password has a property that is often a mistake; it is sent unchanged.
    OddPassword {
        /// What.
        oddities: Vec<PasswordOddity>,
    },
    /// The server gave the reason of its rejection in a challenge (RFC 7628 §3.2.2).
    Explained {
        /// The text.
        text: String,
    },
    /// An AUTH exchange was cancelled.
    AuthCancelled {
        /// Why.
        reason: CancelReason,
    },
    /// MAIL or RCPT was not sent because an email address needs SMTPUTF8, which is not advertised (RFC 6531 §3.2).
    NeedsSmtputf8 {
        /// The address.
        address: String,
        /// The recipient, by its number in the plan, from 0; none is the sender.
        recipient: Option<usize>,
    },
    /// No data for so long that follow-up probes start; the wait continues.
    Quiet {
        /// How long, milliseconds.
        waited_ms: f64,
    },
    /// The server closed the connection after QUIT without sending 221 (RFC 5321 §4.1.1.10 requires it).
    ClosedWithoutFarewell,
}

/// How one connection attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum DialResult {
    /// It is the connection of this session.
    Connected {
        /// The local address.
        local: SocketAddr,
    },
    /// It failed.
    Failed {
        /// Why.
        fault: ConnectFault,
    },
    /// Another IP address was faster (RFC 8305 §5), so this attempt was abandoned.
    Overtaken,
}

/// Why the password was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum WithheldReason {
    /// The connection is not encrypted.
    Plaintext,
    /// The peer's certificate does not verify.
    Unverified,
    /// AUTH is not advertised.
    NotOffered,
    /// The token is a refresh token, which must not be sent to a mail server.
    RefreshToken,
    /// No advertised mechanism is allowed and supported by smtpcheck.
    NoCommonMechanism {
        /// What the server advertises.
        offered: Vec<String>,
        /// What smtpcheck was allowed to use.
        allowed: Vec<String>,
    },
}

/// What a token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum TokenForm {
    /// A JSON Web Token (RFC 7519).
    Jwt,
    /// A refresh token, which is for the token service only.
    Refresh,
    /// Anything else.
    Opaque,
}

/// A property of a password that is often a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PasswordOddity {
    /// It starts with a space.
    LeadingBlank,
    /// It ends with a space.
    TrailingBlank,
    /// Four groups of four letters, separated by spaces: a Google app password as Google displays it.
    AppPasswordWithBlanks,
    /// It contains non-ASCII characters, which programs encode in different ways.
    NotAscii,
}

/// Why an AUTH exchange was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CancelReason {
    /// The server sent more challenges than the mechanism has.
    UnexpectedChallenge,
    /// The challenge is not base64 (RFC 4954 §4).
    NotBase64,
    /// The challenge is not valid for the mechanism, or belongs to another login.
    Malformed,
    /// The server requests too many or too few hash iterations.
    Iterations,
    /// The server does not prove that it knows the password.
    ServerUnproved,
}
