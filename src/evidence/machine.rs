//! What this machine says of itself without asking anybody: the makers that its firmware names, which of the
//! environment variables that tell a place are set (names only, never values), its host name. Which place that is, the
//! lexicon knows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The signs of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Machine {
    /// Files of `/sys/class/dmi/id` with their trimmed contents; empty where there are none (containers of another
    /// system, macOS, Windows).
    pub dmi: BTreeMap<String, String>,
    /// Those of the asked variables that are set and not empty.
    pub variables: Vec<String>,
    /// The host name, lower case.
    pub host: Option<String>,
}
