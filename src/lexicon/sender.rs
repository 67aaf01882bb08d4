//! What words about a recipient mean when the server replies to MAIL FROM with them: the sender is meant, because no
//! recipient has been named (RFC 5321 §3.3).

use std::sync::LazyLock;

use serde::Deserialize;

use super::cause::Cause;
use super::embedded::embedded;
use super::meaning::{Confidence, Fix};
use crate::wire::EnhancedStatus;

static FILE: LazyLock<SenderFile> = LazyLock::new(|| embedded("sender.toml", include_str!("data/sender.toml")));

#[derive(Deserialize)]
struct SenderFile {
    sender: Vec<SenderRow>,
}

/// What a cause or a status means at MAIL.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(super) struct SenderRow {
    /// The cause that the words have at RCPT.
    category: Option<Cause>,
    /// The enhanced status codes, with `x` for the class.
    #[serde(default)]
    status: Vec<String>,
    /// The cause at MAIL.
    pub(super) to: Cause,
    /// At most this certain.
    pub(super) confidence: Confidence,
    /// For people.
    pub(super) means: String,
    /// What else it could be.
    #[serde(rename = "else")]
    pub(super) otherwise: Option<String>,
    /// What to do.
    pub(super) fix: Vec<Fix>,
}

/// The row for a reply at MAIL: by its status, then by its cause; none if it is not about a recipient.
pub(super) fn find(cause: Cause, status: Option<EnhancedStatus>) -> Option<&'static SenderRow> {
    let detail = status.map(|status| status.to_string());
    let has_status = |row: &&SenderRow| {
        let kind = detail.as_deref().and_then(|status| status.get(2..));
        kind.is_some_and(|kind| row.status.iter().any(|known| known.strip_prefix("x.") == Some(kind)))
    };
    let rows = &FILE.sender;
    let by_cause = || rows.iter().find(|row| row.category == Some(cause) && row.status.is_empty());
    rows.iter().find(|row| has_status(row) && row.category.is_none_or(|of| of == cause)).or_else(by_cause)
}

#[cfg(test)]
mod tests {
    use super::FILE;
    use crate::lexicon::{Confidence, ReplyPhase};

    #[test]
    fn every_row_leads_to_a_cause_that_can_arise_at_mail() {
        for row in &FILE.sender {
            assert!(row.to.can_arise_at(ReplyPhase::Mail), "{row:?}");
            assert!(row.otherwise.is_some() || row.confidence == Confidence::Certain, "{row:?}");
            assert!(!row.fix.is_empty() && (row.category.is_some() || !row.status.is_empty()), "{row:?}");
        }
    }
}
