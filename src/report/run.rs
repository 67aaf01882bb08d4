//! Everything that one command checked: one report for each target or each check of a suite, with its name, its position in
//! the suite's file, and what was skipped and why. This is what formats render; a single check is a run of one case.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ports::PortsExit;
use super::{Document, Exit, Report, SCHEMA_VERSION};

/// All cases of one command, in the order in which they were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Where the cases come from.
    pub source: RunSource,
    /// The cases.
    pub cases: Vec<CheckResult>,
}

/// Where the cases of a run come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunSource {
    /// One target on the command line.
    Target,
    /// Several, which JSON shows as a list.
    Targets,
    /// A suite's file, as it was named.
    Suite(PathBuf),
}

/// One check.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    /// Its name in a suite, else `host:port`; unique within the run.
    pub name: String,
    /// Where a suite's file declares it.
    pub place: Option<FilePosition>,
    /// Its result.
    pub outcome: CheckOutcome,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckOutcome {
    /// It was checked.
    Checked {
        /// The last run, which decides the result.
        report: Box<Report>,
        /// Earlier runs (`--retry`, `--wait`), oldest first.
        earlier: Vec<Report>,
    },
    /// It was skipped, as the suite asks (`needs`).
    Skipped {
        /// Why, as a sentence without a full stop.
        reason: String,
    },
}

/// A place in a suite's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FilePosition {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Run {
    /// A run of one report.
    pub fn of(report: Report) -> Run {
        Run { source: RunSource::Target, cases: vec![CheckResult::of(report)] }
    }

    /// All checks of several runs as one run without a suite; a name that comes twice gets a number.
    pub fn merged(runs: Vec<Run>) -> Run {
        let mut cases: Vec<CheckResult> = Vec::new();
        let mut taken: HashSet<String> = HashSet::new();
        // The number from which the search goes on: a monitor saves the same target thousands of times.
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
            // Places belong to the one suite that a run has.
            case.place = None;
            cases.push(case);
        }
        Run { source: RunSource::Targets, cases }
    }

    /// The exit code of the program: that of a signal, else the common code if all failures share it, else 1.
    pub fn exit_code(&self) -> u8 {
        let mut failures: Vec<u8> = self.reports().map(|report| report.exit.code()).filter(|&code| code != 0).collect();
        if let Some(&signal) = failures.iter().find(|&&code| code >= 128) {
            return signal;
        }
        failures.dedup();
        match failures.as_slice() {
            [] => 0,
            [one] => *one,
            _ => 1,
        }
    }

    /// The same with its name.
    fn exit(&self) -> PortsExit {
        let code = self.exit_code();
        let of = self.reports().map(|report| report.exit).find(|exit| exit.code() == code);
        let exit = of.unwrap_or(if code == 0 { Exit::Ok } else { Exit::Findings });
        PortsExit { code, name: exit.name().to_owned(), retryable: exit.is_retryable() }
    }

    /// The reports that count, in order.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.cases.iter().filter_map(CheckResult::report)
    }
}

impl CheckResult {
    /// A case without a suite.
    pub fn of(report: Report) -> CheckResult {
        let name = report.plan.target.host.with_port(report.plan.target.port);
        CheckResult {
            name,
            place: None,
            outcome: CheckOutcome::Checked { report: Box::new(report), earlier: Vec::new() },
        }
    }

    /// Reads one check that was saved as JSON, with its earlier runs.
    pub fn load(json: &str) -> Result<CheckResult, serde_json::Error> {
        serde_json::from_str::<Document>(json).map(CheckResult::from)
    }

    /// The same with the runs before it.
    pub fn after(mut self, before: Vec<Report>) -> CheckResult {
        if let CheckOutcome::Checked { earlier, .. } = &mut self.outcome {
            *earlier = before;
        }
        self
    }

    /// Earlier runs, oldest first.
    pub fn earlier(&self) -> &[Report] {
        match &self.outcome {
            CheckOutcome::Checked { earlier, .. } => earlier,
            CheckOutcome::Skipped { .. } => &[],
        }
    }

    /// The report that counts, if it was checked.
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

/// The JSON Schema (2020-12) of a run of a suite, generated from the types below by this file's test.
pub const RUN_SCHEMA: &str = include_str!("../../schema/run.json");

/// A run of a suite as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunDocument {
    /// Of the reports inside, too.
    pub schema_version: String,
    /// The suite's file, as it was named.
    pub suite: PathBuf,
    /// Its checks, in the file's order.
    pub cases: Vec<CheckResultDocument>,
    /// What the program says to the shell.
    pub exit: PortsExit,
}

/// A check of a suite as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckResultDocument {
    /// Its name, unique in the suite.
    pub name: String,
    /// Where the file declares it, from 1; null when an included file does.
    pub line: Option<usize>,
    /// See `line`.
    pub column: Option<usize>,
    /// Why it was skipped; null when it was checked.
    pub skipped: Option<String>,
    /// Its report; null when it was skipped.
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
    fn the_published_schema_of_runs_is_that_of_the_types() {
        assert_schema::<RunDocument>("run");
    }
}
