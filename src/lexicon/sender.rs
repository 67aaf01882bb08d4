//! The meaning of words about a recipient in a reply to MAIL FROM. Such words refer to the sender, because the server
//! has not received a recipient (RFC 5321 §3.3).

use super::cause::Cause;
use super::meaning::Confidence;
use super::pool::{FixRow, List, Text};
use crate::wire::EnhancedStatus;

include!(concat!(env!("OUT_DIR"), "/lexicon/sender.rs"));

/// The meaning of a cause or a status at MAIL.
#[derive(Debug)]
pub(super) struct SenderRow {
    /// The cause of the same words at RCPT.
    category: Option<Cause>,
    /// The enhanced status codes, with `x` for the class.
    status: List<Text>,
    /// The cause at MAIL.
    pub(super) to: Cause,
    /// The maximum confidence.
    pub(super) confidence: Confidence,
    /// The explanation for the user.
    pub(super) means: Text,
    /// Another possible cause.
    pub(super) otherwise: Option<Text>,
    /// What to do.
    pub(super) fix: List<FixRow>,
}

/// The row for a reply to MAIL, by its status, then by its cause; none if the reply does not refer to a recipient.
pub(super) fn find(cause: Cause, status: Option<EnhancedStatus>) -> Option<&'static SenderRow> {
    let detail = status.map(|status| status.to_string());
    let has_status = |row: &&SenderRow| {
        let kind = detail.as_deref().and_then(|status| status.get(2..));
        kind.is_some_and(|kind| row.status.iter().any(|known| known.strip_prefix("x.") == Some(kind)))
    };
    let rows = &SENDERS;
    let by_cause = || rows.iter().find(|row| row.category == Some(cause) && row.status.is_empty());
    rows.iter().find(|row| has_status(row) && row.category.is_none_or(|of| of == cause)).or_else(by_cause)
}
