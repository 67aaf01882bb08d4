//! The log of client and server activity in a sandbox, passed entry by entry to a listener. It contains no secrets:
//! only the mechanism of an AUTH command and the size of a message are recorded.

use std::sync::Arc;

/// One action of a client or of a sandbox server.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalEntry {
    /// The number of the connection, counted from 1 across all servers.
    pub session: u64,
    /// The scenario that the client connected to.
    pub scenario: &'static str,
    /// Milliseconds since the client connected.
    pub at_ms: f64,
    /// Who performed the action.
    pub speaker: JournalSpeaker,
    /// A line without its line ending, or a note. Text received from a client is unchanged: escape it before display.
    pub text: String,
}

/// Who performed an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalSpeaker {
    /// The client sent the text.
    Client,
    /// The sandbox server sent the text.
    Server,
    /// The text is a note about the connection: its start, its end or a handshake.
    Neither,
}

/// Receives the entries.
pub type JournalListener = Arc<dyn Fn(JournalEntry) + Send + Sync>;
