//! What is known about a reply apart from its text: the phase, and who sent it.

use serde::{Deserialize, Serialize};

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

/// What is known beside the reply.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The step at which it came.
    pub step: Option<ReplyPhase>,
    /// The provider's id, if it was recognised.
    pub provider: Option<&'a str>,
    /// The software's id, if it was recognised.
    pub software: Option<&'a str>,
}
