//! qmail logs, in which spaces are replaced by `_`:
//! `192.0.2.1_does_not_like_recipient./Remote_host_said:_550_no_such_user/Giving_up_on_192.0.2.1./`.

use super::extract::{ExtractedReply, MarkedLine, at_start, first_reply};
use super::libraries::is_known;
use crate::lexicon::ReplyPhase;

/// The words that qmail-remote writes before a reply.
const PHASES: [(&str, ReplyPhase); 5] = [
    ("does_not_like_recipient", ReplyPhase::Rcpt),
    ("but_sender_was_rejected", ReplyPhase::Mail),
    ("but_my_name_was_rejected", ReplyPhase::Ehlo),
    ("but_greeting_failed", ReplyPhase::Greeting),
    ("failed_after_I_sent_the_message", ReplyPhase::Data),
];

/// The phase of a qmail-remote sentence, in a log or in a bounce (with spaces).
pub(super) fn phase(before: &str) -> Option<ReplyPhase> {
    let before = before.replace(' ', "_");
    PHASES.iter().find(|(words, _)| before.contains(words)).map(|(_, phase)| *phase)
}

/// A qmail-remote sentence with the text of a reply but without its code, as old versions write it.
pub(super) fn words_without_code(before: &str, after: &str) -> Option<ExtractedReply> {
    let phase = phase(before)?;
    let text = after.split_once(" Giving up on ").map_or(after, |(text, _)| text).trim();
    is_known(text).then(|| ExtractedReply::of(text).at(Some(phase)))
}

pub(super) fn server_reply(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let phase = phase(before);
    let text = after.replace('_', " ");
    let end = text.find("/Giving up").or_else(|| text.find('/').filter(|at| at + 1 == text.len()));
    let text = text.get(..end.unwrap_or(text.len()))?;
    // Translated versions write these words in both languages: `said: / odpowiedzial: 500 No such user`.
    Some(ExtractedReply::of(at_start(text).or_else(|| first_reply(text))?).at(phase))
}
