//! Postfix logs: the client (`smtp`) logs the replies of other servers, and the server (`smtpd`) logs its own replies.

use super::extract::{ExtractedReply, MarkedLine, at_start, closed, first_reply, named_host, phase_in_words};
use super::qmail;
use crate::lexicon::ReplyPhase;

/// The reply in `host x[192.0.2.1] said: 550 ... (in reply to RCPT TO command)`.
pub(super) fn server_reply(MarkedLine { before, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let Some(text) = at_start(after).or_else(|| first_reply(after)) else {
        return qmail::words_without_code(before, after);
    };
    let host = named_host(before);
    if let Some((text, words)) = text.rsplit_once(" (in reply to ") {
        return Some(ExtractedReply::of(text).at(phase_in_words(words)).by(host));
    }
    if before.contains("emote host said: ") {
        // A bounce of qmail: `does not like recipient. Remote host said: 550 ... Giving up on 192.0.2.1.`
        let text = text.split_once(" Giving up on ").map_or(text, |(text, _)| text);
        return Some(closed(&format!("{before}{text}"), text).at(qmail::phase(before)).by(host));
    }
    let phase = before.contains("SASL authentication failed").then_some(ReplyPhase::Auth);
    Some(closed(&format!("{before}{text}"), text).at(phase).by(host))
}

/// The reply in `host x[192.0.2.1] refused to talk to me: 554 ...`. Postfix uses these words for the greeting and for
/// HELO after EHLO. A server does not greet with a code about commands (RFC 5321 §4.2.2), so 50x is the reply to HELO.
pub(super) fn greeting(marked: MarkedLine<'_>) -> Option<ExtractedReply> {
    let is_about_command = first_reply(marked.after).is_some_and(|text| text.starts_with("50"));
    refused_at(if is_about_command { ReplyPhase::Ehlo } else { ReplyPhase::Greeting }, marked)
}

/// The reply in `host x[192.0.2.1] refused to start TLS: 454 ...`.
pub(super) fn starttls(marked: MarkedLine<'_>) -> Option<ExtractedReply> {
    refused_at(ReplyPhase::Starttls, marked)
}

fn refused_at(phase: ReplyPhase, MarkedLine { line, before, after }: MarkedLine<'_>) -> Option<ExtractedReply> {
    Some(closed(line, first_reply(after)?).at(Some(phase)).by(named_host(before)))
}

/// The reply of smtpd in `reject: RCPT from x[192.0.2.1]: 550 ...; from=<`.
pub(super) fn reject(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let text = first_reply(after)?;
    let end = text.find("; from=<").or_else(|| text.find("; proto=")).unwrap_or(text.len());
    Some(ExtractedReply::of(text.get(..end)?).at(phase_in_words(after)))
}
