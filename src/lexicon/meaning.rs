//! Parts that all entries in the lexicon share: the confidence of an interpretation, and the fixes.

use serde::{Deserialize, Serialize};

/// How certain an interpretation or a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One of several interpretations.
    Possible,
    /// The most probable interpretation. The alternatives are stated with it.
    Likely,
    /// The evidence does not allow any other interpretation.
    Certain,
}

/// One action that the user can take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fix {
    /// The action as a sentence.
    pub text: String,
    /// A command to run or a setting to change.
    #[serde(default)]
    pub command: Option<String>,
    /// A page to open.
    #[serde(default)]
    pub url: Option<String>,
    /// The users that the fix applies to; null for all users. Only the data uses this field: a fix that is shown has
    /// already been selected.
    #[serde(default, skip_serializing)]
    #[cfg_attr(test, schemars(skip))]
    pub when: Option<FixWhen>,
    /// Whether the command repeats the check, and therefore needs the check's flags. This is not saved, because the
    /// command has these flags by the time a fix is shown.
    #[serde(skip)]
    #[cfg_attr(test, schemars(skip))]
    pub is_repeat: bool,
    /// Whether only an administrator of the server or of the recipient's domain can apply it. Not saved, because checks
    /// use it only to decide which fixes to add.
    #[serde(skip)]
    #[cfg_attr(test, schemars(skip))]
    pub is_for_administrator: bool,
    /// The id of the server software that the fix applies to; none if it applies to all. Only the data uses this field.
    #[serde(skip)]
    #[cfg_attr(test, schemars(skip))]
    pub software: Option<&'static str>,
}

/// The users to whom a fix applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixWhen {
    /// Users whose login name is not an email address.
    UserWithoutDomain,
    /// Users whose sender address may differ from the address of the account that they log in with.
    OtherSender,
    /// Sessions without a login that the server accepted.
    WithoutLogin,
    /// Sessions with a login that the server accepted.
    WithLogin,
    /// Sessions without TLS.
    Unencrypted,
    /// Users whose login name is not the one that the provider gives to all customers.
    OtherUser,
    /// Replies that name no web page.
    WithoutPage,
}

impl Fix {
    /// A fix that is only a sentence.
    pub fn text(text: impl Into<String>) -> Fix {
        Fix {
            text: text.into(),
            command: None,
            url: None,
            when: None,
            is_repeat: false,
            is_for_administrator: false,
            software: None,
        }
    }

    /// A fix with a command.
    pub fn run(text: impl Into<String>, command: impl Into<String>) -> Fix {
        Fix { command: Some(command.into()), ..Fix::text(text) }
    }

    /// A fix that repeats the check, possibly with other flags.
    pub fn repeat(text: impl Into<String>, command: impl Into<String>) -> Fix {
        Fix { is_repeat: true, ..Fix::run(text, command) }
    }

    /// A fix with a page.
    pub fn open(text: impl Into<String>, url: impl Into<String>) -> Fix {
        Fix { url: Some(url.into()), ..Fix::text(text) }
    }
}

/// The domain of an address in a command; the placeholder if the address is unknown, empty or has no domain.
pub(crate) fn domain_of<'a>(address: &'a str, placeholder: &'a str) -> &'a str {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain.trim_end_matches('>'));
    domain.filter(|domain| !domain.is_empty()).unwrap_or(placeholder)
}
