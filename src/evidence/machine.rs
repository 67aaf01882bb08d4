//! Facts about this machine that need no network access. They are the vendors named in its firmware, the names (never
//! the values) of environment variables that indicate where it runs, and its host name. The lexicon maps them to a
//! cloud provider or CI service.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Facts that indicate where this machine runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Machine {
    /// Files of `/sys/class/dmi/id` with their trimmed contents; empty if there are none (some containers, macOS,
    /// Windows).
    pub dmi: BTreeMap<String, String>,
    /// The requested environment variables that are set and not empty.
    pub variables: Vec<String>,
    /// The host name in lower case.
    pub host: Option<String>,
}
