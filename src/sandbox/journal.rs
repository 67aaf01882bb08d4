//! What clients of a sandbox do, told line by line to who wants to know. A secret never comes this far: of AUTH only the
//! mechanism is recorded, of a message only its size.

use std::sync::Arc;

/// One thing that a client or a server of the sandbox did.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalEntry {
    /// The number of the connection, from 1, counted over all servers.
    pub session: u64,
    /// Whose connection it is.
    pub scenario: &'static str,
    /// Milliseconds since the connection was made.
    pub at_ms: f64,
    /// Who did it.
    pub speaker: JournalSpeaker,
    /// A line without its end, or a remark. Text of a client is as it came: escape it before it is shown.
    pub text: String,
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalSpeaker {
    /// The client said it.
    Client,
    /// We said it.
    Server,
    /// Neither side: a connection, a handshake, an end.
    Neither,
}

/// Who hears what happens.
pub type JournalListener = Arc<dyn Fn(JournalEntry) + Send + Sync>;
