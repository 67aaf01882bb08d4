//! Identifies places in the evidence: the number of a probe or an event, and the phase of a session.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a probe, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeId(pub u32);

/// The number of an event in the transcript, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EventId(pub u32);

/// The phases of a session, in chronological order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The name lookup.
    Dns,
    /// The TCP connection.
    Connect,
    /// The server's greeting.
    Greeting,
    /// EHLO or HELO before TLS.
    Ehlo,
    /// STARTTLS and the reply to it.
    Starttls,
    /// The TLS handshake and the certificate.
    Tls,
    /// EHLO over TLS.
    EhloTls,
    /// XCLIENT and XFORWARD.
    Xclient,
    /// VRFY and EXPN.
    Vrfy,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
}

impl Phase {
    /// The name in JSON, metrics and tables.
    pub fn key(self) -> &'static str {
        match self {
            Phase::Dns => "dns",
            Phase::Connect => "connect",
            Phase::Greeting => "greeting",
            Phase::Ehlo => "ehlo",
            Phase::Starttls => "starttls",
            Phase::Tls => "tls",
            Phase::EhloTls => "ehlo-tls",
            Phase::Xclient => "xclient",
            Phase::Vrfy => "vrfy",
            Phase::Auth => "auth",
            Phase::Mail => "mail",
            Phase::Rcpt => "rcpt",
            Phase::Rset => "rset",
            Phase::Quit => "quit",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Dns => "the name lookup",
            Phase::Connect => "the connection",
            Phase::Greeting => "the greeting",
            Phase::Ehlo | Phase::EhloTls => "EHLO",
            Phase::Starttls => "STARTTLS",
            Phase::Tls => "the TLS handshake",
            Phase::Xclient => "XCLIENT",
            Phase::Vrfy => "VRFY",
            Phase::Auth => "AUTH",
            Phase::Mail => "MAIL FROM",
            Phase::Rcpt => "RCPT TO",
            Phase::Rset => "RSET",
            Phase::Quit => "QUIT",
        })
    }
}
