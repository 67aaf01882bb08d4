//! Bounces (DSN, RFC 3464, historic): the headers `Diagnostic-Code` and `Remote-MTA`.

use super::extract::{ExtractedReply, MarkedLine, first_reply, host_name};
use super::postfix;

/// `Diagnostic-Code: smtp; 550 ...`, or with the sentence of Postfix in it.
pub(super) fn diagnostic(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let after = after.split_once(';').map_or(after, |(_, value)| value).trim_start();
    let Some((before, words)) = after.split_once(" said: ") else { return first_reply(after).map(ExtractedReply::of) };
    postfix::server_reply(MarkedLine { line: after, before, after: words })
}

/// `Remote-MTA: dns; mx.example.com`: the server that sent the reply.
pub(super) fn remote_mta(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<String> {
    host_name(after.split_once(';')?.1)
}
