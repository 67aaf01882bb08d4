//! The state of a session, and the actions of its driver.

use std::collections::VecDeque;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::login::{Access, AuthExchange};
use crate::evidence::{EventKind, Fault, Phase};
use crate::question::Script;
use crate::sasl::Binding;
use crate::wire::{Assembler, Capabilities, ClientCommand, Command, Framer, Reply};

/// The next action of the driver.
pub enum Action {
    /// Write all of these bytes, without waiting for a reply in between.
    Send(Zeroizing<Vec<u8>>),
    /// Start the handshake, then call [`Dialogue::secured`].
    BeginTls,
    /// Record this event as evidence.
    Note(Phase, EventKind),
    /// Read from the connection, then call [`Dialogue::receive`], [`Dialogue::closed`] or [`Dialogue::timed_out`].
    Await,
    /// Close the connection. The session is over, either normally or with a fault.
    HangUp(Result<(), Fault>),
}

/// Leaves out the bytes, because a panic message may contain this output.
impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Action::Send(_) => f.write_str("Send"),
            Action::BeginTls => f.write_str("BeginTls"),
            Action::Note(phase, what) => f.debug_tuple("Note").field(phase).field(what).finish(),
            Action::Await => f.write_str("Await"),
            Action::HangUp(result) => f.debug_tuple("HangUp").field(result).finish(),
        }
    }
}

/// Whether the server's identity is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The server's certificate is trusted and matches the name.
    Verified,
    /// The server's certificate is not trusted, or does not match the name.
    Unverified,
}

/// One session.
#[derive(Debug)]
pub struct Dialogue<'a> {
    pub(super) script: &'a Script,
    pub(super) access: Option<Access<'a>>,
    pub(super) binding: Option<Binding>,
    pub(super) tried: Vec<&'static str>,
    pub(super) made: Vec<Zeroizing<Vec<u8>>>,
    pub(super) local: Option<IpAddr>,
    pub(super) state: SessionState<'a>,
    pub(super) encryption: Encryption,
    pub(super) framer: Framer,
    pub(super) assembler: Assembler,
    pub(super) offers: Capabilities,
    pub(super) steps: VecDeque<Action>,
    pub(super) received: usize,
    /// With [`Pacing::Paused`]: a reply that was received but has not yet been processed, because the wait for more
    /// bytes is not over.
    pub(super) held: Option<Reply>,
    pub(super) pairing: Pairing,
    /// Whether the greeting rejected the client, so that EHLO is sent only to identify the server.
    pub(super) is_look_only: bool,
    /// The commands of the client that the server has accepted on this connection, before or over TLS.
    pub(super) claimed: Vec<ClientCommand>,
}

/// Whether the next reply can be treated as the reply to the next command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairing {
    /// As far as smtpcheck can tell, the next reply belongs to the next command.
    InStep,
    /// The server sent one reply too many, so more may follow.
    OutOfStep,
}

#[derive(Debug)]
pub(super) enum SessionState<'a> {
    Greeting,
    Ehlo(HelloCommand),
    StartTls,
    Handshake,
    Eavesdrop,
    AskAuth(AuthProbe),
    Claim(ClientCommand),
    Queries { due: VecDeque<PendingCommand> },
    Auth(AuthExchange<'a>),
    Envelope { due: VecDeque<PendingCommand>, transaction: Transaction },
    Farewell { due: VecDeque<PendingCommand> },
    Linger,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HelloCommand {
    Ehlo,
    Helo,
    Lhlo,
}

/// The progress of testing whether AUTH works before TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthProbe {
    Begun,
    BrokenOff,
}

/// Whether the connection is encrypted, and whether the peer is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Plain,
    Encrypted(Peer),
}

/// Whether MAIL was accepted, which means that there is a transaction for RSET to abort (RFC 5321 §4.1.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    Open,
    None,
}

/// The result of emptying the framer before a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// The session can continue.
    Clear,
    /// The server sent 421, so the session is over.
    Closing,
}

/// A command whose reply is due.
#[derive(Clone, Debug)]
pub(super) struct PendingCommand {
    pub(super) command: Command,
    pub(super) phase: Phase,
    pub(super) recipient: Option<usize>,
}

impl PendingCommand {
    pub(super) fn new(command: Command, phase: Phase) -> PendingCommand {
        PendingCommand { command, phase, recipient: None }
    }
}
