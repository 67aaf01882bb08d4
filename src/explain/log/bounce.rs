//! Bounces (DSN, RFC 3464, obsolete): the headers `Diagnostic-Code` and `Remote-MTA`.

use super::extract::{ExtractedReply, MarkedLine, first_reply, host_name};
use super::postfix;

/// The reply in `Diagnostic-Code: smtp; 550 ...`. The header may also contain a Postfix log message with `said:`.
pub(super) fn diagnostic(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let after = after.split_once(';').map_or(after, |(_, value)| value).trim_start();
    let Some((before, words)) = after.split_once(" said: ") else { return first_reply(after).map(ExtractedReply::of) };
    postfix::server_reply(MarkedLine { line: after, before, after: words })
}

/// The server that sent the reply, from `Remote-MTA: dns; mx.example.com`.
pub(super) fn remote_mta(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<String> {
    host_name(after.split_once(';')?.1)
}
