//! Logs of other programs: a reply after words such as `response: `, or a code followed by an enhanced status anywhere
//! in a line.

use super::extract::{ExtractedReply, MarkedLine, at_start, closed};
use crate::wire::{EnhancedStatus, ReplyCode};

/// The reply in `deferred: 450 ...`, `response: 550 ...` or ` C="250 ..."`.
pub(super) fn quoted(MarkedLine { line, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let text = at_start(after)?;
    // JavaMail shows only the code of a greeting. The complete sentence contains more information.
    if text.len() == 3 && line.contains("Could not connect to SMTP host") {
        return None;
    }
    let end = text.find(['"', '}']).unwrap_or(text.len());
    Some(closed(line, text.get(..end)?))
}

/// Exchange's last error: `{LED=441 4.4.1 Error encountered: "Failed to connect. Winsock error code: 10060."}`.
pub(super) fn last_error(MarkedLine { line, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let text = at_start(after)?;
    let end = text.find('}').unwrap_or(text.len());
    Some(closed(line, text.get(..end)?))
}

/// Cisco's appliances: `Unknown address error ('550', ['<a@example.com>... Relaying denied']) []`. The mark ends before
/// the code.
pub(super) fn code_in_tuple(MarkedLine { after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let (code, rest) = after.split_once("', [")?;
    ReplyCode::parse(code.as_bytes()).filter(|_| code.len() == 3)?;
    let lines = rest.split_once("])").map_or(rest, |(lines, _)| lines);
    let words = lines.trim_matches(['\'', '"']).replace("', '", " ");
    let reply = format!("{code} {words}");
    at_start(&reply)?;
    Some(ExtractedReply::of(reply))
}

/// `550 5.1.1`: a code and a status of the same class. The mark begins with the last digit of the code.
pub(super) fn code_and_status(MarkedLine { line, before, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    // The mark ends two bytes after the space that follows the code.
    let start = before.len().checked_sub(6)?;
    let is_separate = start == 0 || !before.as_bytes().get(start - 1)?.is_ascii_alphanumeric();
    let text = line.get(start..)?;
    let code = text.as_bytes().get(..3).and_then(ReplyCode::parse)?;
    let (status, _) = EnhancedStatus::lead(text.get(4..)?)?;
    // The line may begin with earlier lines of the same reply: `451-4.4.0 first 451 4.4.0 second`.
    let earlier = line.get(..start)?.find(&format!("{code}-{status} "));
    let text = earlier.and_then(|at| line.get(at..)).unwrap_or(text);
    (is_separate && u16::from(status.class()) == code.number() / 100).then(|| closed(line, text))
}
