//! What the words of servers mean, as data: reply codes, enhanced status codes, phrases of providers and software,
//! EHLO keywords, SASL mechanisms, providers, greetings, clouds, block lists. Embedded TOML (`data/`), a loader for
//! each, and [`read`], which finds the best reading of one reply.
//!
//! No sentence about a code stands in Rust. Each entry has an example that must match and one that must not, and the
//! tests of the loaders run them. Nothing is parsed before it is needed: a check in which nothing is refused parses
//! nothing of this.
//!
//! Read next: [`cause`] (the closed lists), [`phrases`] (how text is matched), [`read`] (what comes first).

pub mod blocklists;
pub mod cause;
pub mod clouds;
pub mod keywords;
pub mod mechanisms;
pub mod phrases;
pub mod providers;
mod read;
pub mod software;
pub mod tables;
pub mod vocabulary;

use serde::{Deserialize, Serialize};

pub use cause::{Category, Cause};
pub use read::{Basis, Context, Reading, by_class, read};

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
    /// For whom it is; none: for everybody. It stands in the data only, and has been heeded when a fix is shown.
    #[serde(default, skip_serializing)]
    #[cfg_attr(test, schemars(skip))]
    pub when: Option<FixWhen>,
}

/// For whom a fix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixWhen {
    /// Who logs in with a name that is no address.
    UserWithoutDomain,
}

/// The step at which a reply came, as the data names it. `data` is the end of the message too: smtpcheck never gets
/// there, pasted replies do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReplyPhase {
    /// The greeting.
    Greeting,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS.
    Starttls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA and the end of the message.
    Data,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
}

impl ReplyPhase {
    /// Every step with its word.
    pub const ALL: [(&'static str, ReplyPhase); 9] = [
        ("greeting", ReplyPhase::Greeting),
        ("ehlo", ReplyPhase::Ehlo),
        ("starttls", ReplyPhase::Starttls),
        ("auth", ReplyPhase::Auth),
        ("mail", ReplyPhase::Mail),
        ("rcpt", ReplyPhase::Rcpt),
        ("data", ReplyPhase::Data),
        ("rset", ReplyPhase::Rset),
        ("quit", ReplyPhase::Quit),
    ];

    /// A step by its word.
    pub fn parse(word: &str) -> Option<ReplyPhase> {
        ReplyPhase::ALL.iter().find(|(name, _)| *name == word).map(|(_, step)| *step)
    }
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

/// Parses an embedded file. That it can be parsed is what the tests of the loaders prove.
fn embedded<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> T {
    match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => unreachable!("{name} is embedded and tested: {error}"),
    }
}

/// Text as literals are looked up in it: lower case, runs of white space as one blank.
pub fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        if word.is_ascii() {
            normal.extend(word.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
        } else {
            normal.push_str(&word.to_lowercase());
        }
    }
    normal
}
