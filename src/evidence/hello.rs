//! The response to a ClientHello whose handshake was not completed.

use serde::{Deserialize, Serialize};

use super::place::Phase;
use super::presented::Presented;
use crate::wire::tls;

/// The server's response to a ClientHello, with its timing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HelloSeen {
    /// Milliseconds from the ClientHello to the response; null if the ClientHello was not sent.
    pub ms: Option<f64>,
    /// The response.
    pub heard: HelloOutcome,
    /// The certificates, if they were sent in clear text (TLS 1.2 and earlier).
    pub presented: Option<Box<Presented>>,
}

/// The server's response to a ClientHello.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "came", rename_all = "kebab-case")]
pub enum HelloOutcome {
    /// The server sent bytes.
    Answer {
        /// The meaning of the bytes.
        answer: tls::TlsAnswer,
    },
    /// The server closed the connection (FIN).
    Closed,
    /// The connection was reset (RST).
    Reset,
    /// The server sent no bytes before the timeout.
    Silence {
        /// The time waited, in milliseconds.
        waited_ms: f64,
    },
    /// The server rejected the session before TLS, so the ClientHello was not sent.
    TurnedAway {
        /// The phase in which it was rejected; the reply is in the transcript.
        phase: Phase,
    },
}
