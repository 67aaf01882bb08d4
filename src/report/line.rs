//! The report as it grows: one JSON object on each line (NDJSON). It begins with `start`, records events as they happen, has
//! one `result` with the complete report for each check, and ends with `end`: a file without it is cut off.
//!
//! Readers ignore events that they do not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::Tool;
use super::{CheckOutcome, CheckResult, Document, FilePosition, Report, Run, RunSource, SCHEMA_VERSION};
use crate::evidence::{Event, Probe};
use crate::plan::Plan;

/// The JSON Schema (2020-12) of one line, generated from the types below by this file's test.
pub const LINE_SCHEMA: &str = include_str!("../../schema/event.json");

/// One line. `check` is the number of a check in this run, from 1.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum StreamRecord {
    /// The first line.
    Start {
        /// See `Document`.
        schema_version: String,
        /// The program.
        tool: Tool,
        /// The suite's file, as it was named; null without one.
        suite: Option<String>,
        /// How many checks there are.
        checks: usize,
    },
    /// A check begins.
    Check {
        /// Which.
        check: usize,
        /// Its name, unique within the run.
        name: String,
        /// Where a suite's file declares it.
        place: Option<FilePosition>,
        /// `host:port`; null when it is skipped.
        target: Option<String>,
    },
    /// A run of a check has ended and is retried; events are numbered from 1 again.
    #[serde(rename = "retry")]
    Tried {
        /// Which check.
        check: usize,
        /// Which run has ended, from 1.
        number: usize,
        /// Its exit code.
        exit_code: u8,
    },
    /// Something happened in a session.
    Happened {
        /// In which check.
        check: usize,
        /// As the report has it in `transcript`.
        happened: Box<Event>,
    },
    /// A probe has ended.
    Answered {
        /// In which check.
        check: usize,
        /// As the report has it in `probes`.
        probe: Box<Probe>,
    },
    /// A check has ended.
    Result {
        /// Which.
        check: usize,
        /// Its name.
        name: String,
        /// Where a suite's file declares it.
        place: Option<FilePosition>,
        /// Earlier runs, oldest first.
        earlier: Vec<Document>,
        /// The last run, which decides the result.
        report: Box<Document>,
    },
    /// A check was skipped.
    Skipped {
        /// Which.
        check: usize,
        /// Its name.
        name: String,
        /// Where a suite's file declares it.
        place: Option<FilePosition>,
        /// Why.
        reason: String,
    },
    /// The last line.
    End {
        /// How many checks there were.
        checks: usize,
        /// How many have a result.
        results: usize,
        /// How many were skipped.
        skipped: usize,
        /// How many have which exit code.
        by_exit: BTreeMap<u8, usize>,
    },
}

impl StreamRecord {
    /// The first line.
    pub fn start(source: &RunSource, checks: usize) -> StreamRecord {
        let suite = match source {
            RunSource::Suite(path) => Some(path.to_string_lossy().into_owned()),
            RunSource::Target | RunSource::Targets => None,
        };
        StreamRecord::Start { schema_version: SCHEMA_VERSION.to_owned(), tool: Tool::this(), suite, checks }
    }

    /// A check begins.
    pub fn check(check: usize, case: &CheckResult) -> StreamRecord {
        let report = case.report();
        StreamRecord::Check {
            check,
            name: case.name.clone(),
            place: case.place,
            target: report.map(|report| report.plan.target.host.with_port(report.plan.target.port)),
        }
    }

    /// A check begins that has no suite.
    pub fn begun(check: usize, plan: &Plan) -> StreamRecord {
        let name = plan.target.host.with_port(plan.target.port);
        StreamRecord::Check { check, name: name.clone(), place: None, target: Some(name) }
    }

    /// A run has ended and is retried.
    pub fn tried(check: usize, number: usize, report: &Report) -> StreamRecord {
        StreamRecord::Tried { check, number, exit_code: report.exit.code() }
    }

    /// A check has ended.
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

    /// The last line.
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
    fn the_published_schema_of_a_line_is_that_of_the_types() {
        assert_schema::<StreamRecord>("event");
    }
}
