//! Logs of other programs: a reply after words such as `response: `, or a code followed by an enhanced status anywhere
//! in a line.

use super::extract::{ExtractedReply, MarkedLine, at_start, closed};
use crate::wire::{EnhancedStatus, ReplyCode};

/// The reply in `deferred: 450 ...`, `response: 550 ...`, `{LED=550 ...}` or ` C="250 ..."`.
pub(super) fn quoted(MarkedLine { line, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let text = at_start(after)?;
    let end = text.find(['"', '}']).unwrap_or(text.len());
    Some(closed(line, text.get(..end)?))
}

/// A reply that begins with a code and a status of the same class, such as `550 5.1.1`. The mark begins with the last
/// digit of the code.
pub(super) fn code_and_status(MarkedLine { line, before, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    // The mark ends two bytes after the space that follows the code.
    let start = before.len().checked_sub(6)?;
    let is_separate = start == 0 || !before.as_bytes().get(start - 1)?.is_ascii_alphanumeric();
    let text = line.get(start..)?;
    let code = text.as_bytes().get(..3).and_then(ReplyCode::parse)?;
    let (status, _) = EnhancedStatus::lead(text.get(4..)?)?;
    (is_separate && u16::from(status.class()) == code.number() / 100).then(|| closed(line, text))
}
