//! Which domains in DKIM signatures and envelope senders count for DMARC: a part of the results of a domain check.

use serde::{Deserialize, Serialize};

/// Which domains are aligned with the domain in the From header (RFC 9989 §4.7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DmarcAlignment {
    /// The mode.
    pub mode: AlignmentWord,
    /// The domains that are aligned: the `d=` domains of DKIM signatures, or the domains of envelope senders. `*.`
    /// means all names below a domain.
    pub domains: Vec<String>,
}

/// The alignment mode of a DMARC record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AlignmentWord {
    /// The organizational domains must be equal.
    Relaxed,
    /// The domains must be equal.
    Strict,
}
