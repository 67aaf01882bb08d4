//! The events of a transcript: what was sent, received and decided in all sessions.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::fault::ConnectFault;
use super::place::{EventId, Phase, ProbeId};
use super::tls::Handshake;
use crate::wire::Reply;

/// One thing that happened in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// Its number.
    pub seq: EventId,
    /// Milliseconds since the start.
    pub at_ms: f64,
    /// The conversation.
    pub probe: ProbeId,
    /// The step it belongs to.
    pub phase: Phase,
    /// Whether the line was encrypted at that moment.
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
    /// One address was dialled.
    Dialled {
        /// Where.
        address: SocketAddr,
        /// When the attempt began, milliseconds since the start.
        started_ms: f64,
        /// How it ended.
        result: DialResult,
    },
    /// We sent a line.
    Sent {
        /// As it was sent, without CRLF; a secret is replaced.
        text: String,
        /// Whether something was replaced.
        redacted: bool,
        /// Which recipient of the plan it names, from 0.
        recipient: Option<usize>,
    },
    /// The server sent a whole reply.
    Received {
        /// The reply.
        #[serde(flatten)]
        reply: Reply,
        /// Which recipient of the plan it answers, from 0.
        recipient: Option<usize>,
    },
    /// The server sent bytes that nobody had asked for; nothing was done with them.
    Stray {
        /// The bytes as text, U+FFFD for what is not UTF-8.
        text: String,
        /// How many bytes.
        bytes: usize,
    },
    /// The start of an answer that had not ended when we gave up waiting for it.
    Unfinished {
        /// The bytes as text, U+FFFD for what is not UTF-8.
        text: String,
        /// How many bytes.
        bytes: usize,
    },
    /// TLS is up.
    Secured {
        /// All that is known about it.
        handshake: Box<Handshake>,
    },
    /// AUTH was wanted and the password stayed here.
    Withheld {
        /// Why.
        reason: WithheldReason,
    },
    /// The server sent tickets with which a session can be resumed (RFC 8446 §4.6.1); told at the end. In TLS 1.2, which
    /// tells it in the handshake, it is one.
    Tickets {
        /// How many.
        count: u32,
    },
    /// What the token tells of itself; the token is not shown.
    Token {
        /// Its kind.
        form: TokenForm,
        /// When it ends, seconds since 1970, if it says so.
        expires: Option<i64>,
        /// For whom it is, if it says so.
        audience: Option<String>,
    },
    /// The password has something that is often a mistake; it is sent as it is.
    OddPassword {
        /// What.
        oddities: Vec<PasswordOddity>,
    },
    /// The server says in a challenge why it refuses (RFC 7628 §3.2.2).
    Explained {
        /// Its words.
        text: String,
    },
    /// A running AUTH exchange was given up.
    AuthCancelled {
        /// Why.
        reason: CancelReason,
    },
    /// MAIL or RCPT was not sent because an address needs SMTPUTF8, which is not offered (RFC 6531 §3.2).
    NeedsSmtputf8 {
        /// The address.
        address: String,
        /// Which recipient of the plan it is, from 0; none is the sender.
        recipient: Option<usize>,
    },
    /// Nothing has come for so long that it is worth looking elsewhere at the side; the wait goes on.
    Quiet {
        /// How long, milliseconds.
        waited_ms: f64,
    },
    /// The server closed after QUIT without saying 221 (RFC 5321 §4.1.1.10 wants it).
    ClosedWithoutFarewell,
}

/// How one dial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum DialResult {
    /// It is the connection of this conversation.
    Connected {
        /// Our end.
        local: SocketAddr,
    },
    /// It failed.
    Failed {
        /// Why.
        fault: ConnectFault,
    },
    /// Another address was faster (RFC 8305 §5), so this one was given up while it was under way.
    Overtaken,
}

/// Why the password stayed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum WithheldReason {
    /// The line is not encrypted.
    Plaintext,
    /// The peer's certificate does not verify.
    Unverified,
    /// AUTH is not offered.
    NotOffered,
    /// The token is a refresh token, which no mail server may see.
    RefreshToken,
    /// No mechanism is both offered and ours.
    NoCommonMechanism {
        /// What the server offers.
        offered: Vec<String>,
        /// What was allowed here.
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

/// Something in a password that is often a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PasswordOddity {
    /// It begins with a blank.
    LeadingBlank,
    /// It ends with a blank.
    TrailingBlank,
    /// Four groups of four letters with blanks between: a Google app password as it is shown.
    AppPasswordWithBlanks,
    /// It has characters beyond ASCII, which programs encode in different ways.
    NotAscii,
}

/// Why a running AUTH exchange was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CancelReason {
    /// The server asked for more than the mechanism has.
    UnexpectedChallenge,
    /// The challenge is not base64 (RFC 4954 §4).
    NotBase64,
    /// The challenge is not one of the mechanism, or answers another login.
    Malformed,
    /// The server asks for too many or too few rounds of hashing.
    Iterations,
    /// The server does not prove that it knows the password, whatever it says.
    ServerUnproved,
}
