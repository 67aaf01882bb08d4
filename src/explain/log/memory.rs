//! The facts that the log reader keeps from earlier lines, and the readers of the log formats that need them.
//!
//! The memory use is bounded ([`Sessions`]).

use super::exim::EximLine;
use super::extract::{ExtractedReply, MarkedLine};
use super::session::Sessions;
use super::{bounce, exchange, exim, libraries};
use crate::lexicon::ReplyPhase;

/// Facts from earlier lines that are needed for later ones.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) sessions: Sessions,
    /// The phase of an Exim reply that is expected on the next line.
    pub(super) awaited: Option<ReplyPhase>,
    /// The status in a bounce's `Status` header.
    pub(super) status: Option<String>,
    /// The server of a bounce's `Remote-MTA` header.
    pub(super) remote: Option<String>,
}

impl Memory {
    pub(super) fn diagnostic(&mut self, marked: MarkedLine<'_>) -> Option<ExtractedReply> {
        let status = self.status.take();
        let reply = bounce::diagnostic(marked).or_else(|| bounce::words_with_status(&status?, marked))?;
        Some(reply.by(self.remote.clone()))
    }

    pub(super) fn status(&mut self, MarkedLine { line, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
        self.status = line.strip_prefix("Status: ").map(|status| status.trim().to_owned());
        None
    }

    pub(super) fn remote_mta(&mut self, marked: MarkedLine<'_>) -> Option<ExtractedReply> {
        if marked.after.contains(';') {
            self.remote = bounce::remote_mta(marked);
        }
        None
    }

    pub(super) fn exchange(&mut self, marked: MarkedLine<'_>) -> Option<ExtractedReply> {
        let (session, words) = exchange::session_line(marked.line)?;
        self.sessions.received(session, &words)
    }

    /// The debug output of PHPMailer and smtplib.
    pub(super) fn debug_output(&mut self, marked: MarkedLine<'_>) -> Option<ExtractedReply> {
        self.sessions.received("", libraries::in_debug_output(marked.after))
    }

    /// msmtp names the command in the line before the reply.
    pub(super) fn announced(&mut self, marked: MarkedLine<'_>) -> Option<ExtractedReply> {
        self.awaited = libraries::announced(marked);
        None
    }

    pub(super) fn exim(&mut self, marked: MarkedLine<'_>) -> Option<ExtractedReply> {
        match exim::smtp_error(marked) {
            EximLine::Reply(reply) => Some(reply),
            EximLine::NextLine(phase) => {
                self.awaited = phase;
                None
            }
        }
    }
}
