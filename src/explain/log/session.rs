//! Finds the command to which a reply belongs, from the order of commands and replies in each session of a log.
//!
//! The number of sessions in memory and the number of commands per session are bounded.

use std::collections::{HashMap, VecDeque};

use super::extract::{ExtractedReply, at_start};
use crate::lexicon::ReplyPhase;

/// The maximum number of sessions in memory. Exchange logs many concurrent sessions.
const MAX_SESSIONS: usize = 256;
/// The maximum number of commands without a reply in a session. No client pipelines more commands, so a log with more
/// of them is missing some replies.
const MAX_WAITING: usize = 100;

/// The commands without a reply, for each session of a log.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, VecDeque<ReplyPhase>>);

impl Sessions {
    /// Processes a line of a session. Returns the reply if the line is one.
    pub(super) fn received(&mut self, session: &str, words: &str) -> Option<ExtractedReply> {
        if let Some(text) = at_start(words) {
            let reply = ExtractedReply::of_line(text);
            let phase = self.replied(session, &reply);
            return Some(reply.at(phase));
        }
        if let Some(phase) = command(words) {
            self.commanded(session, phase);
        }
        None
    }

    /// Processes a command.
    pub(super) fn commanded(&mut self, session: &str, phase: ReplyPhase) {
        if self.0.len() >= MAX_SESSIONS && !self.0.contains_key(session) {
            self.0.clear();
        }
        let waiting = self.0.entry(session.to_owned()).or_default();
        waiting.push_back(phase);
        if waiting.len() > MAX_WAITING {
            waiting.pop_front();
        }
    }

    /// Processes a reply. Returns the phase of its command, which is the oldest command without a reply, because
    /// replies arrive in order (RFC 2920 §3.1). After 334 and 354, another reply to the same command follows (RFC 4954
    /// §4, RFC 5321 §4.1.1.4).
    pub(super) fn replied(&mut self, session: &str, reply: &ExtractedReply) -> Option<ReplyPhase> {
        let waiting = self.0.get_mut(session)?;
        let phase = waiting.front().copied()?;
        if is_last_reply(reply) {
            waiting.pop_front();
        }
        Some(phase)
    }

    /// Processes the end of a reply whose first line was passed to [`replied`](Sessions::replied).
    pub(super) fn completed(&mut self, session: &str, reply: &ExtractedReply) {
        if let Some(waiting) = self.0.get_mut(session).filter(|_| is_last_reply(reply)) {
            waiting.pop_front();
        }
    }
}

/// Whether a reply is complete, and the last one to its command.
fn is_last_reply(reply: &ExtractedReply) -> bool {
    !(reply.is_open() || reply.text.starts_with("334") || reply.text.starts_with("354"))
}

const COMMANDS: [(&str, ReplyPhase); 10] = [
    ("EHLO", ReplyPhase::Ehlo),
    ("HELO", ReplyPhase::Ehlo),
    ("LHLO", ReplyPhase::Ehlo),
    ("STARTTLS", ReplyPhase::Starttls),
    ("AUTH", ReplyPhase::Auth),
    ("MAIL FROM:", ReplyPhase::Mail),
    ("RCPT TO:", ReplyPhase::Rcpt),
    ("DATA", ReplyPhase::Data),
    ("RSET", ReplyPhase::Rset),
    ("QUIT", ReplyPhase::Quit),
];

/// The phase of a line that is a command.
pub(super) fn command(line: &str) -> Option<ReplyPhase> {
    let fits = |name: &str| {
        line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && (name.ends_with(':') || matches!(line.as_bytes().get(name.len()), None | Some(b' ')))
    };
    COMMANDS.iter().find(|(name, _)| fits(name)).map(|(_, phase)| *phase)
}

/// Whether the line starts with the first four letters of a command, in upper or lower case.
pub(super) fn begins_like_command(line: &[u8]) -> bool {
    let word = line.get(..4).unwrap_or_default();
    COMMANDS.iter().any(|(name, _)| name.as_bytes().get(..4).is_some_and(|name| name.eq_ignore_ascii_case(word)))
}
