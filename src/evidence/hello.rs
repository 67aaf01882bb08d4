//! The response to a ClientHello whose handshake was not completed.

use serde::{Deserialize, Serialize};

use super::place::Phase;
use super::presented::Presented;
use crate::wire::tls;

/// The server's response to a ClientHello, with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HelloSeen {
    /// Milliseconds from the ClientHello to the response; none if it was never sent.
    pub ms: Option<f64>,
    /// The response.
    pub heard: HelloOutcome,
    /// The certificates, if they were sent in clear text (before TLS 1.3).
    pub presented: Option<Box<Presented>>,
}

/// The server's response to a ClientHello.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "came", rename_all = "kebab-case")]
pub enum HelloOutcome {
    /// Bytes.
    Answer {
        /// Their meaning.
        answer: tls::TlsAnswer,
    },
    /// End of stream.
    Closed,
    /// RST.
    Reset,
    /// Nothing.
    Silence {
        /// How long, milliseconds.
        waited_ms: f64,
    },
    /// The server rejected the session before TLS, so the ClientHello was not sent.
    TurnedAway {
        /// At which phase; the reply is in the transcript.
        phase: Phase,
    },
}
