//! Exim: `SMTP error from remote mail server after RCPT TO:<x>: host y [192.0.2.1]: 550 ...`. In logs this is one line;
//! in bounces the reply is on the next line.

use super::extract::{ExtractedReply, MarkedLine, first_reply, named_host, phase_in_words};
use crate::lexicon::ReplyPhase;

/// The contents of a line with `SMTP error from remote mail server`.
pub(super) enum EximLine {
    Reply(ExtractedReply),
    /// The reply is on the next line; this is its phase, if the line contains it.
    NextLine(Option<ReplyPhase>),
}

pub(super) fn smtp_error(MarkedLine { after, .. }: MarkedLine<'_>) -> EximLine {
    let phase = after.split_once(" after ").and_then(|(_, words)| phase_in_words(words));
    match first_reply(after) {
        Some(text) => EximLine::Reply(ExtractedReply::of_line(text).at(phase).by(named_host(after))),
        None => EximLine::NextLine(phase.filter(|_| after.trim_end().ends_with(':'))),
    }
}

/// The reply on the line after `SMTP error from remote mail server after ...:`.
pub(super) fn next_line(line: &str, phase: ReplyPhase) -> Option<ExtractedReply> {
    Some(ExtractedReply::of_line(first_reply(line)?).by(named_host(line)).at(Some(phase)))
}
