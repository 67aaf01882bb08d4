//! MAIL, RCPT, RSET and QUIT in a session.

use std::collections::VecDeque;

use super::state::{Dialogue, Drained, Pairing, PendingCommand, SessionState, Transaction};
use crate::evidence::fit::{Fit, fit};
use crate::evidence::{EventKind, Phase};
use crate::plan::QuitAfter;
use crate::wire::{Command, Parameter, Reply};

impl<'a> Dialogue<'a> {
    pub(super) fn begin_envelope(&mut self) {
        if self.script.envelope.is_none() || self.script.quit_after <= QuitAfter::Auth {
            return self.send_quit();
        }
        if self.drain_stray(Phase::Mail) == Drained::Closing {
            return;
        }
        if self.pairing == Pairing::OutOfStep {
            return self.send_quit();
        }
        let Some(envelope) = &self.script.envelope else { return };
        let smtputf8 = self.offers.has("SMTPUTF8");
        let given = &envelope.parameters;
        let mut of_mail = self.permitted(&given.mail, given.is_forced, Phase::Mail);
        if let Some(address) = envelope.from.mailbox().filter(|from| from.needs_smtputf8() && !smtputf8) {
            let address = address.to_string();
            self.note(Phase::Mail, EventKind::NeedsSmtputf8 { address, recipient: None });
            return self.send_quit();
        }
        let needs = |at: usize| envelope.to.get(at).and_then(|to| to.mailbox()).is_some_and(|to| to.needs_smtputf8());
        let parameter = smtputf8
            && (envelope.from.mailbox().is_some_and(|from| from.needs_smtputf8()) || (0..envelope.to.len()).any(needs));
        let from = envelope.from.clone();
        if parameter && !of_mail.contains(&Parameter::smtputf8()) {
            of_mail.push(Parameter::smtputf8());
        }
        let mail = Command::Mail { from, parameters: of_mail };
        let mut due = VecDeque::from([PendingCommand::new(mail, Phase::Mail)]);
        let of_rcpt = match self.script.quit_after >= QuitAfter::Rcpt && !envelope.to.is_empty() {
            true => self.permitted(&given.rcpt, given.is_forced, Phase::Rcpt),
            false => Vec::new(),
        };
        if self.script.quit_after >= QuitAfter::Rcpt {
            for (number, to) in envelope.to.iter().enumerate() {
                if needs(number) && !smtputf8 {
                    let what = EventKind::NeedsSmtputf8 { address: to.to_string(), recipient: Some(number) };
                    self.note(Phase::Rcpt, what);
                    continue;
                }
                let command =
                    PendingCommand::new(Command::Rcpt { to: to.clone(), parameters: of_rcpt.clone() }, Phase::Rcpt);
                due.push_back(PendingCommand { recipient: Some(number), ..command });
            }
        }
        if self.send(&due) == Drained::Clear {
            self.state = SessionState::Envelope { due, transaction: Transaction::None };
        }
    }

    /// The parameters whose extensions are advertised. The others are recorded as not sent, unless they are forced.
    fn permitted(&mut self, given: &[Parameter], is_forced: bool, phase: Phase) -> Vec<Parameter> {
        let mut permitted = Vec::new();
        for parameter in given {
            let extension = parameter.extension();
            if is_forced || self.offers.has(extension) {
                permitted.push(parameter.clone());
            } else {
                let (parameter, extension) = (parameter.to_string(), extension.to_owned());
                self.note(phase, EventKind::ParameterWithheld { parameter, extension });
            }
        }
        permitted
    }

    pub(super) fn envelope_answered(
        &mut self,
        mut due: VecDeque<PendingCommand>,
        mut transaction: Transaction,
        reply: &Reply,
    ) {
        let answered = due.pop_front();
        if answered.is_some_and(|command| command.phase == Phase::Mail) && fit(Phase::Mail, reply) == Fit::Accepts {
            transaction = Transaction::Open;
        }
        // Without PIPELINING, no other command has been sent yet. If MAIL was rejected, every RCPT would be rejected as
        // a consequence. With PIPELINING, the replies to the RCPT commands are still expected.
        if let (Some(next), false) = (due.front(), self.pipelines())
            && self.drain_stray(next.phase) == Drained::Closing
        {
            return;
        }
        let goes_on = self.pipelines() || (transaction == Transaction::Open && self.pairing == Pairing::InStep);
        if due.is_empty() || !goes_on {
            return match transaction {
                Transaction::Open => self.reset_and_leave(),
                Transaction::None => self.send_quit(),
            };
        }
        if self.pipelines() || self.send(&due) == Drained::Clear {
            self.state = SessionState::Envelope { due, transaction };
        }
    }

    pub(super) fn reset_and_leave(&mut self) {
        self.leave(VecDeque::from([
            PendingCommand::new(Command::Rset, Phase::Rset),
            PendingCommand::new(Command::Quit, Phase::Quit),
        ]));
    }

    pub(super) fn send_quit(&mut self) {
        self.leave(VecDeque::from([PendingCommand::new(Command::Quit, Phase::Quit)]));
    }

    pub(super) fn leave(&mut self, due: VecDeque<PendingCommand>) {
        if self.send(&due) == Drained::Clear {
            self.state = SessionState::Farewell { due };
        }
    }

    pub(super) fn quit_answered(&mut self, mut due: VecDeque<PendingCommand>, reply: &Reply) {
        due.pop_front();
        if due.is_empty() {
            // The last reply of a session is 221 to QUIT. After any other reply, another reply may follow.
            match fit(Phase::Quit, reply) {
                Fit::Accepts => self.hang_up_after_quit(),
                _ => self.state = SessionState::Linger,
            }
            return;
        }
        if self.pipelines() || self.send(&due) == Drained::Clear {
            self.state = SessionState::Farewell { due };
        }
    }

    pub(super) fn hang_up_after_quit(&mut self) {
        let extra = self.framer.take_stray();
        if !extra.is_empty() {
            self.note_stray(Phase::Quit, &extra);
        }
        self.hang_up(Ok(()));
    }
}
