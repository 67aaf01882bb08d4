//! What came of a ClientHello of ours that was never completed.

use serde::{Deserialize, Serialize};

use super::place::Phase;
use super::presented::Presented;
use crate::wire::tls;

/// What a server answered to a ClientHello of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HelloSeen {
    /// Milliseconds from the ClientHello to the answer; none if it was never sent.
    pub ms: Option<f64>,
    /// What came.
    pub heard: HelloOutcome,
    /// The certificates, if they came in clear (before TLS 1.3).
    pub presented: Option<Box<Presented>>,
}

/// What came after a ClientHello of ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "came", rename_all = "kebab-case")]
pub enum HelloOutcome {
    /// Bytes.
    Answer {
        /// What they say.
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
    /// The server did not let us get to TLS, so the ClientHello was not sent.
    TurnedAway {
        /// At which step; its reply stands in the transcript.
        phase: Phase,
    },
}
