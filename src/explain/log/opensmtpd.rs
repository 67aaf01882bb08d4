//! OpenSMTPD logs: `mta delivery result="PermFail" stat="550 5.1.1 ..."`.

use super::extract::{ExtractedReply, MarkedLine, closed, first_reply};

/// The reply between the quotation marks that follow `stat=`.
pub(super) fn stat(MarkedLine { line, after, .. }: MarkedLine<'_>) -> Option<ExtractedReply> {
    let quoted = after.strip_prefix('"')?;
    Some(closed(line, first_reply(quoted.split('"').next()?)?))
}
