//! The results of one command. For each target, or each check of a suite, they contain the name, the position in the
//! suite file, and either the report or the reason why the check was skipped. Formats render a run; a single check is a
//! run with one case.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ports::PortsExit;
use super::{Document, Exit, Report, SCHEMA_VERSION};

/// All cases of one command, in the order of the command line or of the suite file.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The source of the cases.
    pub source: RunSource,
    /// The cases.
    pub cases: Vec<CheckResult>,
    /// Whether the saved file lacks the result of a check. Nothing shows that this check passed.
    pub lacks_results: bool,
}

/// The source of the cases of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunSource {
    /// One target on the command line.
    Target,
    /// Several targets, which JSON shows as a list.
    Targets,
    /// A suite file, with its path as given on the command line.
    Suite(PathBuf),
}

/// One check with its result.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    /// The name in the suite, or `host:port` without a suite; unique within the run.
    pub name: String,
    /// The position in the suite file.
    pub place: Option<FilePosition>,
    /// The result.
    pub outcome: CheckOutcome,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckOutcome {
    /// The check ran.
    Checked {
        /// The report of the last run, which determines the result.
        report: Box<Report>,
        /// The reports of earlier runs (`--retry`, `--wait`), oldest first.
        earlier: Vec<Report>,
    },
    /// The check was skipped because a requirement of the suite (`needs`) is not met.
    Skipped {
        /// The reason, without a full stop.
        reason: String,
    },
}

/// A position in a suite file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FilePosition {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Run {
    /// A run with a single report.
    pub fn of(report: Report) -> Run {
        Run::new(RunSource::Target, vec![CheckResult::of(report)])
    }

    /// A run with the result of each of its checks.
    pub fn new(source: RunSource, cases: Vec<CheckResult>) -> Run {
        Run { source, cases, lacks_results: false }
    }

    /// Combines the checks of several runs into one run without a suite. Repeated names receive a number.
    pub fn merged(runs: Vec<Run>) -> Run {
        let lacks_results = runs.iter().any(|run| run.lacks_results);
        let mut cases: Vec<CheckResult> = Vec::new();
        let mut taken: HashSet<String> = HashSet::new();
        // The next number to try for each name. It avoids a slow search if the same target was saved thousands of
        // times.
        let mut next: HashMap<String, usize> = HashMap::new();
        for mut case in runs.into_iter().flat_map(|run| run.cases) {
            if taken.contains(&case.name) {
                let number = next.entry(case.name.clone()).or_insert(2);
                let mut numbered = format!("{} ({number})", case.name);
                while taken.contains(&numbered) {
                    *number += 1;
                    numbered = format!("{} ({number})", case.name);
                }
                case.name = numbered;
            }
            taken.insert(case.name.clone());
            // The merged run has no suite, so positions in a suite file are meaningless.
            case.place = None;
            cases.push(case);
        }
        Run { source: RunSource::Targets, cases, lacks_results }
    }

    /// The exit code of the program. If no check failed, it is 0, or 1 if a result is missing. After a signal, it is
    /// the code of the signal. Otherwise, it is the exit code that all failed checks share, or 1 if their codes differ.
    pub fn exit_code(&self) -> u8 {
        let mut failures: Vec<u8> = self.reports().map(|report| report.exit.code()).filter(|&code| code != 0).collect();
        if let Some(&signal) = failures.iter().find(|&&code| code >= 128) {
            return signal;
        }
        failures.dedup();
        match failures.as_slice() {
            [] => u8::from(self.lacks_results),
            [one] => *one,
            _ => 1,
        }
    }

    /// The exit code of the program with its name.
    fn exit(&self) -> PortsExit {
        let code = self.exit_code();
        let of = self.reports().map(|report| report.exit).find(|exit| exit.code() == code);
        let exit = of.unwrap_or(if code == 0 { Exit::Ok } else { Exit::Findings });
        PortsExit { code, name: exit.name().to_owned(), retryable: exit.is_retryable() }
    }

    /// The last report of each check that ran, in order.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.cases.iter().filter_map(CheckResult::report)
    }
}

impl CheckResult {
    /// A check without a suite.
    pub fn of(report: Report) -> CheckResult {
        let name = report.plan.name();
        CheckResult {
            name,
            place: None,
            outcome: CheckOutcome::Checked { report: Box::new(report), earlier: Vec::new() },
        }
    }

    /// Parses a check that was saved as JSON, with its earlier runs.
    pub fn load(json: &str) -> Result<CheckResult, serde_json::Error> {
        serde_json::from_str::<Document>(json).map(CheckResult::from)
    }

    /// Adds the reports of earlier runs.
    pub fn after(mut self, before: Vec<Report>) -> CheckResult {
        if let CheckOutcome::Checked { earlier, .. } = &mut self.outcome {
            *earlier = before;
        }
        self
    }

    /// The reports of earlier runs, oldest first.
    pub fn earlier(&self) -> &[Report] {
        match &self.outcome {
            CheckOutcome::Checked { earlier, .. } => earlier,
            CheckOutcome::Skipped { .. } => &[],
        }
    }

    /// The report of the last run; `None` if the check was skipped.
    pub fn report(&self) -> Option<&Report> {
        match &self.outcome {
            CheckOutcome::Checked { report, .. } => Some(report),
            CheckOutcome::Skipped { .. } => None,
        }
    }
}

impl From<Document> for CheckResult {
    fn from(mut document: Document) -> CheckResult {
        let earlier = document.take_earlier();
        CheckResult::of(Report::from(document)).after(earlier)
    }
}

/// The JSON Schema (2020-12) of the run of a suite, generated from the types below by this file's test.
pub const RUN_SCHEMA: &str = include_str!("../../schema/run.json");

/// A run of a suite as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunDocument {
    /// The version of the schema; it also applies to the reports in `cases`.
    pub schema_version: String,
    /// The path of the suite file, as given on the command line.
    pub suite: PathBuf,
    /// The checks, in the order of the file.
    pub cases: Vec<CheckResultDocument>,
    /// The exit code of the program.
    pub exit: PortsExit,
}

/// A check of a suite as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckResultDocument {
    /// The name, unique in the suite.
    pub name: String,
    /// The line of the check in the suite file, from 1; null if it is in an included file.
    pub line: Option<usize>,
    /// The column of the check in the suite file, from 1; null if it is in an included file.
    pub column: Option<usize>,
    /// Why the check was skipped; null if it ran.
    pub skipped: Option<String>,
    /// The report; null if the check was skipped.
    pub report: Option<Document>,
}

impl From<&Run> for RunDocument {
    fn from(run: &Run) -> RunDocument {
        let suite = match &run.source {
            RunSource::Suite(path) => path.clone(),
            RunSource::Target | RunSource::Targets => PathBuf::new(),
        };
        let case = |case: &CheckResult| {
            let (skipped, report) = match &case.outcome {
                CheckOutcome::Checked { report, earlier } => {
                    (None, Some(Document::from(report.as_ref()).after(earlier)))
                }
                CheckOutcome::Skipped { reason } => (Some(reason.clone()), None),
            };
            let (line, column) = (case.place.map(|place| place.line), case.place.map(|place| place.column));
            CheckResultDocument { name: case.name.clone(), line, column, skipped, report }
        };
        RunDocument {
            schema_version: SCHEMA_VERSION.to_owned(),
            suite,
            cases: run.cases.iter().map(case).collect(),
            exit: run.exit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RunDocument;
    use crate::report::published::assert_schema;

    #[test]
    fn the_published_schema_of_runs_matches_the_types() {
        assert_schema::<RunDocument>("run");
    }
}
