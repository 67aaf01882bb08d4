//! What every entry of the lexicon has: how certain its meaning is, and what to do.

use serde::{Deserialize, Serialize};

/// How sure a reading or a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One reading among several.
    Possible,
    /// The best reading; what else it could be is said with it.
    Likely,
    /// The evidence admits no other reading.
    Certain,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fix {
    /// In words.
    pub text: String,
    /// A command to run or a setting to make.
    #[serde(default)]
    pub command: Option<String>,
    /// A page to open.
    #[serde(default)]
    pub url: Option<String>,
    /// For whom it is; none: for every user. Only in the data: a fix that is shown has already been selected.
    #[serde(default, skip_serializing)]
    #[cfg_attr(test, schemars(skip))]
    pub when: Option<FixWhen>,
}

/// For whom a fix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixWhen {
    /// Users whose login name is not an email address.
    UserWithoutDomain,
}

impl Fix {
    /// Words only.
    pub fn text(text: impl Into<String>) -> Fix {
        Fix { text: text.into(), command: None, url: None, when: None }
    }

    /// Words with a command.
    pub fn run(text: impl Into<String>, command: impl Into<String>) -> Fix {
        Fix { text: text.into(), command: Some(command.into()), url: None, when: None }
    }

    /// Words with a page.
    pub fn open(text: impl Into<String>, url: impl Into<String>) -> Fix {
        Fix { text: text.into(), command: None, url: Some(url.into()), when: None }
    }
}
