//! Exim: `SMTP error from remote mail server after RCPT TO:<x>: host y [192.0.2.1]: 550 ...`. In logs, this is one
//! line; in bounces, the reply is on the next line. As a server, Exim logs its own rejections without their code: `H=x
//! [192.0.2.1] F=<a> rejected RCPT <b>: relay not permitted`.

use super::extract::{ExtractedReply, MarkedLine, first_reply, host_name, named_host, phase_in_words};
use crate::lexicon::ReplyPhase;

/// The contents of a line with `SMTP error from remote mail server`.
pub(super) enum EximLine {
    Reply(ExtractedReply),
    /// The reply is on the next line. Contains its phase, if this line shows the phase.
    NextLine(Option<ReplyPhase>),
}

pub(super) fn smtp_error(MarkedLine { before, after, .. }: MarkedLine<'_>) -> EximLine {
    let phase = after.split_once(" after ").and_then(|(_, words)| phase_in_words(words));
    // Newer versions log the host before the sentence: `H=mx.example.com [192.0.2.1]: SMTP error ...`.
    let host = named_host(after).or_else(|| host_name(before.rsplit_once("H=")?.1));
    match first_reply(after) {
        Some(text) => EximLine::Reply(ExtractedReply::of_line(text).at(phase).by(host)),
        None => EximLine::NextLine(phase.filter(|_| after.trim_end().ends_with(':'))),
    }
}

/// The reply on the line after `SMTP error from remote mail server after ...:`.
pub(super) fn next_line(line: &str, phase: ReplyPhase) -> Option<ExtractedReply> {
    Some(ExtractedReply::of_line(first_reply(line)?).by(named_host(line)).at(Some(phase)))
}

/// A rejection by this server. Exim sends 550, or 451 for a temporary rejection, unless the text begins with another
/// code.
pub(super) fn rejection(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (head, mark) = before.rsplit_once(" rejected ")?;
    let phase = match mark.trim() {
        "connection" => ReplyPhase::Greeting,
        "after DATA" => ReplyPhase::Data,
        command => phase_in_words(command)?,
    };
    // The text follows the argument of the command, which may contain colons: an IPv6 address, for example.
    let (_, text) = after.split_once(": ")?;
    let reply = match first_reply(text).filter(|reply| text.trim_start().starts_with(reply)) {
        Some(reply) => reply.to_owned(),
        None if head.ends_with(" temporarily") => format!("451 {}", text.trim()),
        None => format!("550 {}", text.trim()),
    };
    Some(ExtractedReply::of_line(reply).at(Some(phase)))
}
