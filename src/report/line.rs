//! The records of the NDJSON format, one JSON object per line. The first record is `start`. Events follow while the
//! checks run, then one `result` with the complete report for each check. The last record is `end`; a file without it
//! is truncated.
//!
//! Readers should ignore records of an unknown type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::Tool;
use super::{CheckOutcome, CheckResult, Document, FilePosition, Report, Run, RunSource, SCHEMA_VERSION};
use crate::evidence::{Event, Probe};
use crate::plan::Plan;

/// The JSON Schema (2020-12) of one record, generated from the types below by this file's test.
pub const LINE_SCHEMA: &str = include_str!("../../schema/event.json");

/// One record. `check` is the number of the check in the run, from 1.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum StreamRecord {
    /// The first record.
    Start {
        /// The version of the schema, as in a report.
        schema_version: String,
        /// The name and version of the program.
        tool: Tool,
        /// The path of the suite file, as given on the command line; null without a suite.
        suite: Option<String>,
        /// The number of checks.
        checks: usize,
    },
    /// The start of a check.
    Check {
        /// The number of the check.
        check: usize,
        /// The name of the check, unique within the run.
        name: String,
        /// The position of the check in the suite file; null without a suite.
        place: Option<FilePosition>,
        /// The target as `host:port`; null if the check is skipped.
        target: Option<String>,
    },
    /// The end of a run that is followed by a retry. The events of the next run are numbered from 1 again.
    #[serde(rename = "retry")]
    Tried {
        /// The number of the check.
        check: usize,
        /// The number of the run that ended, from 1.
        number: usize,
        /// The exit code of the run.
        exit_code: u8,
    },
    /// An event of a session.
    Happened {
        /// The number of the check.
        check: usize,
        /// The event, as in `transcript` in the report.
        happened: Box<Event>,
    },
    /// The end of a probe.
    Answered {
        /// The number of the check.
        check: usize,
        /// The probe, as in `probes` in the report.
        probe: Box<Probe>,
    },
    /// The result of a check.
    Result {
        /// The number of the check.
        check: usize,
        /// The name of the check.
        name: String,
        /// The position of the check in the suite file; null without a suite.
        place: Option<FilePosition>,
        /// The reports of earlier runs, oldest first.
        earlier: Vec<Document>,
        /// The report of the last run, which determines the result.
        report: Box<Document>,
    },
    /// A check that was skipped.
    Skipped {
        /// The number of the check.
        check: usize,
        /// The name of the check.
        name: String,
        /// The position of the check in the suite file; null without a suite.
        place: Option<FilePosition>,
        /// The reason.
        reason: String,
    },
    /// The last record.
    End {
        /// The number of checks.
        checks: usize,
        /// The number of checks with a result.
        results: usize,
        /// The number of checks that were skipped.
        skipped: usize,
        /// The number of checks with each exit code.
        by_exit: BTreeMap<u8, usize>,
    },
}

impl StreamRecord {
    /// The `start` record.
    pub fn start(source: &RunSource, checks: usize) -> StreamRecord {
        let suite = match source {
            RunSource::Suite(path) => Some(path.to_string_lossy().into_owned()),
            RunSource::Target | RunSource::Targets => None,
        };
        StreamRecord::Start { schema_version: SCHEMA_VERSION.to_owned(), tool: Tool::this(), suite, checks }
    }

    /// The `check` record of a finished check.
    pub fn check(check: usize, case: &CheckResult) -> StreamRecord {
        let report = case.report();
        StreamRecord::Check {
            check,
            name: case.name.clone(),
            place: case.place,
            target: report.map(|report| report.plan.name()),
        }
    }

    /// The `check` record of a check that starts, without a suite.
    pub fn begun(check: usize, plan: &Plan) -> StreamRecord {
        let name = plan.name();
        StreamRecord::Check { check, name: name.clone(), place: None, target: Some(name) }
    }

    /// The `retry` record.
    pub fn tried(check: usize, number: usize, report: &Report) -> StreamRecord {
        StreamRecord::Tried { check, number, exit_code: report.exit.code() }
    }

    /// The `result` or `skipped` record of a check.
    pub fn result(check: usize, case: &CheckResult) -> StreamRecord {
        let (name, place) = (case.name.clone(), case.place);
        match &case.outcome {
            CheckOutcome::Checked { report, earlier } => StreamRecord::Result {
                check,
                name,
                place,
                earlier: earlier.iter().map(Document::from).collect(),
                report: Box::new(Document::from(report.as_ref())),
            },
            CheckOutcome::Skipped { reason } => StreamRecord::Skipped { check, name, place, reason: reason.clone() },
        }
    }

    /// The `end` record.
    pub fn end(run: &Run) -> StreamRecord {
        let mut by_exit = BTreeMap::new();
        for report in run.reports() {
            *by_exit.entry(report.exit.code()).or_insert(0) += 1;
        }
        let results = run.reports().count();
        StreamRecord::End { checks: run.cases.len(), results, skipped: run.cases.len() - results, by_exit }
    }
}

#[cfg(test)]
mod tests {
    use super::StreamRecord;
    use crate::report::published::assert_schema;

    #[test]
    fn the_published_schema_of_a_record_matches_the_types() {
        assert_schema::<StreamRecord>("event");
    }
}
