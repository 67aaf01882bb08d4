//! Sendmail: `stat=` and `dsn=` of a delivery, `reject=` and `reply=` of its server.

use super::extract::{ExtractedReply, MarkedLine, at_start, closed, first_reply, host_name};
use crate::lexicon::ReplyPhase;
use crate::wire::EnhancedStatus;

/// What Sendmail logs instead of a reply that it has read (sysexits). `Host unknown` and the like are its own errors.
const WORDS: [&str; 3] = ["User unknown", "Service unavailable", "Data format error"];

/// `stat=Deferred: 450 ...`, or `dsn=5.1.1, stat=User unknown`: words of Sendmail for a code, and `dsn=` has the status.
pub(super) fn stat(MarkedLine { line, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let host = field(line, "relay=").and_then(host_name);
    if let Some(reply) = first_reply(after) {
        return Some(closed(line, reply).by(host));
    }
    let status = field(line, "dsn=").and_then(|status| EnhancedStatus::parse(status.trim_end_matches(',')))?;
    let word = WORDS.iter().find(|word| after.starts_with(**word))?;
    Some(ExtractedReply::of(format!("{status} {word}")).by(host))
}

/// `ruleset=check_rcpt, ... reject=550 ...`, `reply=550 ...`.
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
