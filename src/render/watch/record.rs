//! The records and the summary of a watch as JSON.

use serde::Serialize;

use super::super::json::{compact, pretty};
use crate::watch::record::WatchRecord;
use crate::watch::summary::WatchSummary;

/// The summary with the key that distinguishes it from other records. It has the form of [`WatchRecord::Summary`].
#[derive(Serialize)]
struct SummaryRecord<'a> {
    event: &'static str,
    #[serde(flatten)]
    summary: &'a WatchSummary,
}

/// A record as one line, with its line ending.
pub fn line(record: &WatchRecord) -> String {
    compact(record) + "\n"
}

/// The summary as one line, with its line ending.
pub fn summary_line(summary: &WatchSummary) -> String {
    compact(&SummaryRecord { event: "summary", summary }) + "\n"
}

/// The summary as indented JSON, with a final line ending.
pub fn summary(summary: &WatchSummary) -> String {
    pretty(&SummaryRecord { event: "summary", summary }) + "\n"
}
