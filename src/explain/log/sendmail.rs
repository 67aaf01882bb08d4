//! Sendmail logs: `stat=` and `dsn=` of deliveries, `reject=` and `reply=` of received mail.

use super::extract::{ExtractedReply, MarkedLine, at_start, closed, first_reply, host_name};
use crate::lexicon::ReplyPhase;
use crate::wire::EnhancedStatus;

/// The messages that Sendmail logs instead of the server's reply (from sysexits). Other messages, such as `Host
/// unknown`, are Sendmail's own errors.
const WORDS: [&str; 3] = ["User unknown", "Service unavailable", "Data format error"];

/// `stat=Deferred: 450 ...` contains the reply. `dsn=5.1.1, stat=User unknown` contains the status and Sendmail's own
/// text.
pub(super) fn stat(MarkedLine { line, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let host = field(line, "relay=").and_then(host_name);
    if let Some(reply) = first_reply(after) {
        return Some(closed(line, reply).by(host));
    }
    let status = field(line, "dsn=").and_then(|status| EnhancedStatus::parse(status.trim_end_matches(',')))?;
    let word = WORDS.iter().find(|word| after.starts_with(**word))?;
    // Neither the words nor the status show the reason. The error `sendmail-service-unavailable` explains this line.
    if *word == "Service unavailable" && status.kind() == (0, 0) {
        return None;
    }
    Some(ExtractedReply::of(format!("{status} {word}")).by(host))
}

/// The reply in `ruleset=check_rcpt, ... reject=550 ...` or `reply=550 ...`.
pub(super) fn reply_field(MarkedLine { line, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    Some(ExtractedReply::of(at_start(after.trim_start_matches('"'))?).at(ruleset(line)))
}

fn ruleset(line: &str) -> Option<ReplyPhase> {
    match field(line, "ruleset=")? {
        "check_rcpt" => Some(ReplyPhase::Rcpt),
        "check_mail" => Some(ReplyPhase::Mail),
        "check_relay" => Some(ReplyPhase::Greeting),
        _ => None,
    }
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = line.split_once(name)?;
    value.split([' ', ',', '[']).next()
}
