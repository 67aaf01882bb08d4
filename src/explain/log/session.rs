//! Which command a reply belongs to, by the order of commands and replies in each session of a log.
//!
//! Promises: bounded in sessions and in commands of a session.

use std::collections::{HashMap, VecDeque};

use super::extract::{ExtractedReply, at_start};
use crate::lexicon::ReplyPhase;

/// Sessions whose last commands are remembered (Exchange logs many at the same time).
const MAX_SESSIONS: usize = 256;
/// Commands without a reply that are remembered for a session; no client pipelines more, so replies are missing in this log.
const MAX_WAITING: usize = 100;

/// The commands that wait for their replies, for each session of a log.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, VecDeque<ReplyPhase>>);

impl Sessions {
    /// Takes a line of one side of a session: a command or a reply.
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

    /// The phase of the command that a reply belongs to: the oldest one that waits (RFC 2920 §3.1: replies arrive in order).
    /// 334 and 354 leave it waiting, because another reply follows (RFC 4954 §4, RFC 5321 §4.1.1.4).
    pub(super) fn replied(&mut self, session: &str, reply: &ExtractedReply) -> Option<ReplyPhase> {
        let waiting = self.0.get_mut(session)?;
        let phase = waiting.front().copied()?;
        let goes_on = reply.is_open() || reply.text.starts_with("334") || reply.text.starts_with("354");
        if !goes_on {
            waiting.pop_front();
        }
        Some(phase)
    }
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

/// Whether the first four bytes are those of a command, in any case.
pub(super) fn begins_like_command(line: &[u8]) -> bool {
    let word = line.get(..4).unwrap_or_default();
    COMMANDS.iter().any(|(name, _)| name.as_bytes().get(..4).is_some_and(|name| name.eq_ignore_ascii_case(word)))
}
