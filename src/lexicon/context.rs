//! The facts about a reply other than its text: the phase and the sender.

use serde::{Deserialize, Serialize};

/// The phase of a reply, under its name in the data. `data` includes the end of the message. smtpcheck itself never
/// reaches this phase, but pasted replies can belong to it.
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
    /// Every phase with its name.
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

    /// Finds a phase by its name.
    pub fn parse(word: &str) -> Option<ReplyPhase> {
        ReplyPhase::ALL.iter().find(|(name, _)| *name == word).map(|(_, step)| *step)
    }
}

/// The facts about a reply other than its text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The phase of the session.
    pub step: Option<ReplyPhase>,
    /// The id of the provider, if it was recognised.
    pub provider: Option<&'a str>,
    /// The id of the software, if it was recognised.
    pub software: Option<&'a str>,
}
