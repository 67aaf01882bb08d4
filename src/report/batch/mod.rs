//! The records of `smtpcheck batch`: one JSON object per line, in the order in which the checks end, and a summary.
//!
//! A record contains the main keys of a report, such as `phases`, `tls` and `findings`, with the same meaning; `--full`
//! adds the complete report. Every record is self-contained, so files can be cut, joined and sorted with any tool.
//! [`BatchTally`] counts records without keeping them: its memory does not depend on their number, except for
//! targets that are checked from several interfaces. The counts of several files are the same in any order.

mod count;
mod domain;
mod id;
mod interfaces;
mod reader;
mod record;
mod summary;
mod tally;

use serde::{Deserialize, Serialize};

pub use domain::{DomainCounts, DomainOverview};
pub use id::{TargetId, WrittenTarget};
pub use reader::{RecordReader, SavedLine, SavedTarget, begins_a_batch};
pub(super) use record::category_name;
pub use record::{InvalidLine, RecordOrigin, TargetRecord};
pub use summary::{
    BatchProgress, BatchSummary, FindingCount, FindingExample, InterfaceCounts, InvalidExample, PhaseTimes, SlowTarget,
};
pub use tally::BatchTally;

/// The JSON Schema (2020-12) of one record, generated from the types below by this file's test.
pub const BATCH_SCHEMA: &str = include_str!("../../../schema/batch.json");

/// One line of the output, or the `--summary` file.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum BatchRecord {
    /// A target was checked.
    Target(Box<TargetRecord>),
    /// A line of the input could not be checked.
    InvalidLine(InvalidLine),
    /// The counts of all records.
    Summary(Box<BatchSummary>),
}

#[cfg(test)]
mod tests {
    use super::BatchRecord;
    use crate::report::published::assert_schema;

    #[test]
    fn the_published_schema_of_a_record_matches_the_types() {
        assert_schema::<BatchRecord>("batch");
    }
}
