//! XCLIENT and XFORWARD, which present smtpcheck as another client, and VRFY and EXPN.
//!
//! Postfix documents its extensions XCLIENT and XFORWARD in XCLIENT_README and XFORWARD_README. The commands are sent
//! just before AUTH, and after STARTTLS if TLS is used, because a TLS handshake resets the session.

use std::collections::VecDeque;

use super::state::{Dialogue, Drained, Pairing, PendingCommand, SessionState};
use crate::evidence::fit::{Fit, fit};
use crate::evidence::{EventKind, Phase};
use crate::question::{Query, QueryCommand};
use crate::wire::{ClientAttribute, ClientCommand, Command, Reply};

impl<'a> Dialogue<'a> {
    /// Sends XCLIENT, XFORWARD, VRFY or EXPN if they are due, and otherwise begins the login.
    pub(super) fn begin_claims(&mut self) {
        let claims = &self.script.claims;
        for (command, attributes) in
            [(ClientCommand::Xclient, &claims.xclient), (ClientCommand::Xforward, &claims.xforward)]
        {
            if !attributes.is_empty() && !self.claimed.contains(&command) {
                return self.claim(command, attributes);
            }
        }
        if self.script.queries.is_empty() { self.begin_auth() } else { self.begin_queries() }
    }

    fn claim(&mut self, command: ClientCommand, attributes: &[ClientAttribute]) {
        let offered = self.offers.find(&command.to_string());
        let is_offered = |attribute: &&ClientAttribute| {
            offered.is_some_and(|offer| offer.parameters.iter().any(|name| name.eq_ignore_ascii_case(&attribute.name)))
        };
        let missing: Vec<String> = attributes
            .iter()
            .filter(|attribute| !is_offered(attribute))
            .map(|attribute| attribute.name.clone())
            .collect();
        if !missing.is_empty() {
            self.note(Phase::Xclient, EventKind::ClaimWithheld { command, missing });
            return self.send_quit();
        }
        let line = Command::Client { command, attributes: attributes.to_vec() };
        self.send_one(line, Phase::Xclient, SessionState::Claim(command));
    }

    pub(super) fn claim_answered(&mut self, command: ClientCommand, reply: &Reply) {
        match command {
            // The server greets the new client, and expects EHLO.
            ClientCommand::Xclient if reply.has_code(220) && fit(Phase::Xclient, reply) == Fit::Accepts => {
                self.claimed.push(command);
                self.send_hello(self.first_hello());
            }
            ClientCommand::Xforward if reply.has_code(250) && fit(Phase::Xclient, reply) == Fit::Accepts => {
                self.claimed.push(command);
                self.begin_claims();
            }
            ClientCommand::Xclient | ClientCommand::Xforward => self.send_quit(),
        }
    }

    fn begin_queries(&mut self) {
        let to_send = |query: &Query| match query.command {
            QueryCommand::Vrfy => Command::Vrfy(query.address.clone()),
            QueryCommand::Expn => Command::Expn(query.address.clone()),
        };
        let due = self.script.queries.iter().map(|query| PendingCommand::new(to_send(query), Phase::Vrfy)).collect();
        self.next_query(due);
    }

    /// VRFY and EXPN are not pipelined (RFC 2920 §3.1 allows them only at the end of a group).
    fn next_query(&mut self, due: VecDeque<PendingCommand>) {
        let Some(next) = due.front().cloned().filter(|_| self.pairing == Pairing::InStep) else {
            return self.send_quit();
        };
        if self.send(&VecDeque::from([next])) == Drained::Clear {
            self.state = SessionState::Queries { due };
        }
    }

    pub(super) fn query_answered(&mut self, mut due: VecDeque<PendingCommand>, _: &Reply) {
        due.pop_front();
        self.next_query(due);
    }
}
