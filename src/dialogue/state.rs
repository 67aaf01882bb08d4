//! The state of a session, and what the driver is asked to do.

use std::collections::VecDeque;
use std::net::IpAddr;

use zeroize::Zeroizing;

use super::login::{Access, AuthExchange};
use crate::evidence::{EventKind, Fault, Phase};
use crate::question::Script;
use crate::sasl::Binding;
use crate::wire::{Assembler, Capabilities, Command, Framer, Reply};

/// What the driver has to do next.
pub enum Action {
    /// Write these bytes. One flight: nothing is waited for in between.
    Send(Zeroizing<Vec<u8>>),
    /// Start the handshake, then call [`Dialogue::secured`].
    BeginTls,
    /// Keep this as evidence.
    Note(Phase, EventKind),
    /// Read, then call [`Dialogue::receive`], [`Dialogue::closed`] or [`Dialogue::gave_up`].
    Await,
    /// Hang up; the session is over, whole or with a fault.
    HangUp(Result<(), Fault>),
}

/// Without the bytes: a panic may print it.
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
    /// Its certificate verifies.
    Verified,
    /// It does not.
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
    pub(super) line: Encryption,
    pub(super) framer: Framer,
    pub(super) assembler: Assembler,
    pub(super) offers: Capabilities,
    pub(super) steps: VecDeque<Action>,
    pub(super) received: usize,
    /// The reply on which the next command waits, as it was received, with [`Pacing::Paused`].
    pub(super) held: Option<Reply>,
    pub(super) pairing: Pairing,
    /// The greeting did not accept the client, and EHLO is sent only to identify the server.
    pub(super) is_look_only: bool,
}

/// Whether the next reply can be taken for the reply to the next command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pairing {
    /// As far as is known.
    InStep,
    /// The server sent a reply too many, so there may be more.
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
}

/// How far the question about a login has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthProbe {
    Begun,
    BrokenOff,
}

/// Whether the connection is encrypted, and with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Plain,
    Encrypted(Peer),
}

/// Whether MAIL was accepted, so that RSET has something to forget (RFC 5321 §4.1.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    Open,
    None,
}

/// What was in the framer before a command went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// Nothing that ends the session.
    Clear,
    /// A 421: the session is over.
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
