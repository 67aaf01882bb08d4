//! The records and the summary of a batch as JSON.

use serde::Serialize;

use super::super::json::{compact, pretty};
use crate::report::batch::{BatchRecord, BatchSummary};

/// A record as one line, with its line ending.
pub fn line(record: &BatchRecord) -> String {
    compact(record) + "\n"
}

/// The summary as indented JSON, with a final line ending. It has the form of [`BatchRecord::Summary`], but the summary
/// is borrowed.
pub fn summary(summary: &BatchSummary) -> String {
    #[derive(Serialize)]
    struct SummaryRecord<'a> {
        event: &'static str,
        #[serde(flatten)]
        summary: &'a BatchSummary,
    }
    pretty(&SummaryRecord { event: "summary", summary }) + "\n"
}
