//! Bounces (DSN, RFC 3464, obsolete): the headers `Diagnostic-Code` and `Remote-MTA`.

use super::extract::{ExtractedReply, MarkedLine, first_reply, host_name};
use super::libraries::is_known;
use super::postfix;
use crate::lexicon::{self, program_errors};
use crate::wire::EnhancedStatus;

/// The reply in `Diagnostic-Code: smtp; 550 ...`. The header may also contain a Postfix log message with `said:`.
pub(super) fn diagnostic(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let after = after.split_once(';').map_or(after, |(_, value)| value).trim_start();
    let Some((before, words)) = after.split_once(" said: ") else { return first_reply(after).map(ExtractedReply::of) };
    postfix::server_reply(MarkedLine { line: after, before, after: words })
}

/// The words of the header `Diagnostic-Code: X-Postfix; Spam message rejected`, with the status from another header. A
/// mail server also reports its own failures in this way; these are not rejections.
pub(super) fn words_with_status(status: &str, MarkedLine { after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (_, words) = after.split_once(';')?;
    let words = words.trim();
    let is_rejection = EnhancedStatus::parse(status).is_some()
        && is_known(words)
        && program_errors::find(&lexicon::normal(words)).is_none();
    is_rejection.then(|| ExtractedReply::of(format!("{status} {words}")))
}

/// The server that sent the reply, from `Remote-MTA: dns; mx.example.com`.
pub(super) fn remote_mta(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<String> {
    host_name(after.split_once(';')?.1)
}
