//! Sends the commands of a session, and checks for unsolicited bytes before each of them.

use std::collections::VecDeque;

use zeroize::Zeroizing;

use super::state::{Action, Dialogue, Drained, Encryption, HelloCommand, Pairing, PendingCommand, SessionState};
use crate::evidence::sequence::could_be_reply;
use crate::evidence::{EventKind, Fault, Phase};
use crate::plan::{Esmtp, Protocol};
use crate::question::{Pacing, Starttls};
use crate::wire::{Command, reply};

impl<'a> Dialogue<'a> {
    pub(super) fn send_hello(&mut self, hello: HelloCommand) {
        let name = self.script.ehlo.word(self.local);
        let command = match hello {
            HelloCommand::Ehlo => Command::Ehlo(name),
            HelloCommand::Helo => Command::Helo(name),
            HelloCommand::Lhlo => Command::Lhlo(name),
        };
        let phase = self.ehlo_phase();
        self.send_one(command, phase, SessionState::Ehlo(hello));
    }

    /// The command that follows the greeting and the TLS handshake.
    pub(super) fn first_hello(&self) -> HelloCommand {
        match (self.script.protocol, self.script.esmtp) {
            (Protocol::Smtp, Esmtp::Auto | Esmtp::Always) => HelloCommand::Ehlo,
            (Protocol::Smtp, Esmtp::Never) => HelloCommand::Helo,
            (Protocol::Lmtp, _) => HelloCommand::Lhlo,
        }
    }

    pub(super) fn send_starttls(&mut self) {
        if self.script.starttls == Starttls::WithNoop {
            if self.drain_stray(Phase::Starttls) == Drained::Closing {
                return;
            }
            let mut bytes = Zeroizing::new(Vec::new());
            for command in [Command::StartTls, Command::Noop] {
                bytes.extend_from_slice(&command.line());
                let what = EventKind::Sent { text: command.to_string(), redacted: false, recipient: None };
                self.note(Phase::Starttls, what);
            }
            self.steps.push_back(Action::Send(bytes));
            self.state = SessionState::StartTls;
            return;
        }
        self.send_one(Command::StartTls, Phase::Starttls, SessionState::StartTls);
    }

    pub(super) fn send_one(&mut self, command: Command, phase: Phase, next: SessionState<'a>) {
        if self.send(&VecDeque::from([PendingCommand::new(command, phase)])) == Drained::Clear {
            self.state = next;
        }
    }

    /// Sends the first of the commands, or all of them together if the server supports pipelining (RFC 2920 §3.1). If
    /// the server has just sent 421, which means that it is closing the connection, no command is sent.
    pub(super) fn send(&mut self, commands: &VecDeque<PendingCommand>) -> Drained {
        let phase = commands.front().map_or(Phase::Quit, |command| command.phase);
        if self.drain_stray(phase) == Drained::Closing {
            return Drained::Closing;
        }
        let together = if self.pipelines() { commands.len() } else { 1 };
        let mut bytes = Zeroizing::new(Vec::new());
        for pending in commands.iter().take(together) {
            bytes.extend_from_slice(&pending.command.line());
            let text = pending.command.to_string();
            self.note(pending.phase, EventKind::Sent { text, redacted: false, recipient: pending.recipient });
        }
        self.steps.push_back(Action::Send(bytes));
        Drained::Clear
    }

    pub(super) fn pipelines(&self) -> bool {
        self.script.pacing == Pacing::Prompt && self.offers.has("PIPELINING")
    }

    pub(super) fn ehlo_phase(&self) -> Phase {
        match self.encryption {
            Encryption::Encrypted(_) => Phase::EhloTls,
            Encryption::Plain => Phase::Ehlo,
        }
    }

    /// Empties the framer before a command is sent or TLS begins. Bytes in it are unsolicited, with one exception: a
    /// server may send 421 at any time (RFC 5321 §3.8).
    pub(super) fn drain_stray(&mut self, phase: Phase) -> Drained {
        let stray = self.framer.take_stray();
        if stray.is_empty() {
            return Drained::Clear;
        }
        let closing = reply::from_text(&String::from_utf8_lossy(&stray)).filter(|reply| reply.has_code(421));
        match closing.filter(|_| !matches!(self.state, SessionState::Handshake)) {
            Some(reply) => {
                self.note(phase, EventKind::Received { reply, recipient: None });
                self.hang_up(Ok(()));
                Drained::Closing
            }
            None => {
                let text = String::from_utf8_lossy(&stray);
                if self.script.pacing == Pacing::Prompt && could_be_reply(&text) {
                    self.pairing = Pairing::OutOfStep;
                }
                self.note_stray(phase, &stray);
                Drained::Clear
            }
        }
    }

    pub(super) fn note_stray(&mut self, phase: Phase, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.note(phase, EventKind::Stray { text, bytes: bytes.len() });
    }

    pub(super) fn note(&mut self, phase: Phase, what: EventKind) {
        self.steps.push_back(Action::Note(phase, what));
    }

    pub(super) fn hang_up(&mut self, result: Result<(), Fault>) {
        self.state = SessionState::Over;
        self.steps.push_back(Action::HangUp(result));
    }
}
