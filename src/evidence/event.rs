//! The events of a transcript: what smtpcheck sent, received and decided in all sessions.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::fault::ConnectFault;
use super::place::{EventId, Phase, ProbeId};
use super::proxy::TunnelResult;
use super::socket::SocketResult;
use super::tls::Handshake;
use crate::sasl::token::{TokenClaims, TokenForm};
use crate::wire::{ClientCommand, ProxyHeaderVersion, Reply};

/// An event of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// The number of the event, from 1.
    pub seq: EventId,
    /// Milliseconds since the start of the run.
    pub at_ms: f64,
    /// The probe that ran the session.
    pub probe: ProbeId,
    /// The phase of the session.
    pub phase: Phase,
    /// Whether the connection was encrypted at that moment.
    pub tls: bool,
    /// The kind of event, with its data.
    #[serde(flatten)]
    pub what: EventKind,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EventKind {
    /// smtpcheck tried to connect to one IP address.
    Dialled {
        /// The IP address and port.
        address: SocketAddr,
        /// When the connection attempt started, in milliseconds since the start of the run.
        started_ms: f64,
        /// The result.
        result: DialResult,
    },
    /// smtpcheck tried to connect to a Unix socket of this machine.
    SocketOpened {
        /// The path of the socket.
        path: String,
        /// When the connection attempt started, in milliseconds since the start of the run.
        started_ms: f64,
        /// The result.
        result: SocketResult,
    },
    /// smtpcheck tried to connect to one IP address of the proxy.
    ProxyDialled {
        /// The IP address and port of the proxy.
        address: SocketAddr,
        /// When the connection attempt started, in milliseconds since the start of the run.
        started_ms: f64,
        /// The result.
        result: DialResult,
    },
    /// smtpcheck sent the proxy's user name and password to the proxy.
    ProxyLogin {
        /// The user name.
        user: String,
    },
    /// smtpcheck asked the proxy to connect to the server.
    Tunnelled {
        /// The host and port that the proxy was asked to connect to.
        target: String,
        /// The IP address and port that the proxy was asked to connect to; null if the proxy looks up the name.
        address: Option<SocketAddr>,
        /// When the connection to the proxy started, in milliseconds since the start of the run.
        started_ms: f64,
        /// The result.
        result: TunnelResult,
    },
    /// smtpcheck sent a header of the PROXY protocol.
    ProxyHeaderSent {
        /// The version of the header.
        version: ProxyHeaderVersion,
        /// The header as a line of version 1.
        text: String,
    },
    /// smtpcheck sent a line.
    Sent {
        /// The line without CRLF; a secret is replaced.
        text: String,
        /// Whether part of the line was replaced.
        redacted: bool,
        /// The recipient in the command: its index in the list of recipients, from 0.
        recipient: Option<usize>,
    },
    /// The server sent a complete reply.
    Received {
        /// The reply.
        #[serde(flatten)]
        reply: Reply,
        /// The recipient that the reply refers to: its index in the list of recipients, from 0.
        recipient: Option<usize>,
    },
    /// The server sent unsolicited bytes, which were ignored.
    Stray {
        /// The bytes as text, with U+FFFD for invalid UTF-8.
        text: String,
        /// The number of bytes.
        bytes: usize,
    },
    /// The beginning of a reply that was not complete when the time limit was reached.
    Unfinished {
        /// The bytes as text, with U+FFFD for invalid UTF-8.
        text: String,
        /// The number of bytes.
        bytes: usize,
    },
    /// The TLS handshake is complete.
    Secured {
        /// The handshake.
        handshake: Box<Handshake>,
    },
    /// A login was requested, but the password was not sent.
    Withheld {
        /// The reason.
        reason: WithheldReason,
    },
    /// The server sent tickets for resuming the TLS session (RFC 8446 §4.6.1). The event is recorded at the end of the
    /// session. In TLS 1.2, where a ticket is part of the handshake, the count is 1.
    Tickets {
        /// The number of tickets.
        count: u32,
    },
    /// The unencrypted fields of the token. The token itself is not shown.
    Token {
        /// The kind of token.
        form: TokenForm,
        /// When it expires, in seconds since 1970; null if the token does not state it.
        expires: Option<i64>,
        /// Its audience; null if the token does not state it.
        audience: Option<String>,
        /// Its permissions and its owner; null if it is not a JSON Web Token.
        #[serde(default)]
        claims: Option<TokenClaims>,
    },
    /// The password has a property that often indicates a mistake. It is sent unchanged.
    OddPassword {
        /// The properties.
        oddities: Vec<PasswordOddity>,
    },
    /// The server explained its rejection in a challenge (RFC 7628 §3.2.2).
    Explained {
        /// The explanation.
        text: String,
    },
    /// An AUTH exchange was cancelled.
    AuthCancelled {
        /// The reason.
        reason: CancelReason,
    },
    /// MAIL or RCPT was not sent because an email address needs SMTPUTF8, which is not advertised (RFC 6531 §3.2).
    NeedsSmtputf8 {
        /// The email address.
        address: String,
        /// The recipient: its index in the list of recipients, from 0. Null if the email address is the sender's.
        recipient: Option<usize>,
    },
    /// A parameter of MAIL or RCPT was not sent, because its extension is not advertised (RFC 5321 §4.1.1.11).
    ParameterWithheld {
        /// The parameter.
        parameter: String,
        /// The extension that defines it.
        extension: String,
    },
    /// XCLIENT or XFORWARD was not sent, because the server does not advertise all attributes. The session ends,
    /// because the server would not treat the session as that of the other client.
    ClaimWithheld {
        /// XCLIENT or XFORWARD.
        command: ClientCommand,
        /// The attributes that are not advertised; all of them if the command is not advertised.
        missing: Vec<String>,
    },
    /// The server has been silent for so long that smtpcheck starts follow-up probes. The session continues to wait.
    Quiet {
        /// The time without data, in milliseconds.
        waited_ms: f64,
    },
    /// The server closed the connection after QUIT without sending 221 (RFC 5321 §4.1.1.10 requires it).
    ClosedWithoutFarewell,
}

/// The result of one connection attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum DialResult {
    /// The connection was established and is used for this session.
    Connected {
        /// The local IP address and port.
        local: SocketAddr,
    },
    /// The connection attempt failed.
    Failed {
        /// The reason.
        fault: ConnectFault,
    },
    /// The connection to another IP address was established first (RFC 8305 §5), so this attempt was abandoned.
    Overtaken,
}

/// Why the password was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum WithheldReason {
    /// The connection is not encrypted.
    Plaintext,
    /// The server's certificate fails verification.
    Unverified,
    /// AUTH is not advertised.
    NotOffered,
    /// The token is or contains a refresh token. A refresh token must not be sent to a mail server.
    RefreshToken,
    /// No advertised mechanism is allowed and supported by smtpcheck.
    NoCommonMechanism {
        /// The mechanisms that the server advertises.
        offered: Vec<String>,
        /// The mechanisms that smtpcheck was allowed to use.
        allowed: Vec<String>,
    },
}

/// A property of a password that often indicates a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PasswordOddity {
    /// It starts with a space.
    LeadingBlank,
    /// It ends with a space.
    TrailingBlank,
    /// Four groups of four letters, separated by spaces, which is how Google displays an app password.
    AppPasswordWithBlanks,
    /// It contains non-ASCII characters, which different programs encode in different ways.
    NotAscii,
    /// It begins and ends with the same quotation mark.
    Quoted,
    /// It contains a percent sign with two hexadecimal digits, as in a URL.
    PercentEncoded,
}

/// Why an AUTH exchange was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CancelReason {
    /// The server sent more challenges than the mechanism defines.
    UnexpectedChallenge,
    /// The challenge is not base64 (RFC 4954 §4).
    NotBase64,
    /// The challenge is not valid for the mechanism, or belongs to another login.
    Malformed,
    /// The server requested too many or too few hash iterations.
    Iterations,
    /// The server did not prove that it knows the password.
    ServerUnproved,
}

#[cfg(test)]
mod tests {
    use super::{Event, EventKind};

    #[test]
    fn a_report_from_before_the_claims_is_loaded() {
        let saved = r#"{"seq":1,"at_ms":1.0,"probe":1,"phase":"auth","tls":true,"kind":"token","form":"jwt","expires":1,"audience":"a"}"#;
        let event: Event = serde_json::from_str(saved).expect("a saved event");
        assert!(matches!(event.what, EventKind::Token { claims: None, .. }));
    }
}
