//! qmail logs, in which spaces are replaced by `_`:
//! `192.0.2.1_does_not_like_recipient./Remote_host_said:_550_no_such_user/Giving_up_on_192.0.2.1./`.

use super::extract::{ExtractedReply, MarkedLine, at_start};
use crate::lexicon::ReplyPhase;

pub(super) fn server_reply(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let phase = before.contains("does_not_like_recipient").then_some(ReplyPhase::Rcpt);
    let text = after.replace('_', " ");
    let end = text.find("/Giving up").or_else(|| text.find('/').filter(|at| at + 1 == text.len()));
    Some(ExtractedReply::of(at_start(text.get(..end.unwrap_or(text.len()))?)?).at(phase))
}
