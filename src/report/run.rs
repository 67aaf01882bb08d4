//! Everything that one command looked at: one report for each target or each check of a suite, with its name, its place in
//! the suite's file, and what was left out and why. This is what formats render; a plain check is a run of one case.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Document, Report};

/// All cases of one command, in the order in which they were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Where the cases come from.
    pub source: Source,
    /// The cases.
    pub cases: Vec<Case>,
}

/// Where the cases of a run come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One target on the command line.
    Target,
    /// Several, which JSON shows as a list.
    Targets,
    /// A suite's file, as it was named.
    Suite(PathBuf),
}

/// One check.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name in a suite, else `host:port`; unique within the run.
    pub name: String,
    /// Where a suite's file declares it.
    pub place: Option<Place>,
    /// What came of it.
    pub outcome: CaseOutcome,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum CaseOutcome {
    /// It was checked.
    Checked {
        /// The last attempt, which counts.
        report: Box<Report>,
        /// Attempts before it (`--retry`, `--wait`), oldest first.
        earlier: Vec<Report>,
    },
    /// It was not, and that is as the suite wants it (`needs`).
    Skipped {
        /// Why, as a sentence without a full stop.
        reason: String,
    },
}

/// A place in a suite's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Run {
    /// A run of one report.
    pub fn of(report: Report) -> Run {
        Run { source: Source::Target, cases: vec![Case::of(report)] }
    }

    /// What the program says to the shell: a signal, else the common code if all failures share it, else 1.
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

    /// The reports that count, in order.
    pub fn reports(&self) -> impl Iterator<Item = &Report> {
        self.cases.iter().filter_map(Case::report)
    }
}

impl Case {
    /// A case without a suite.
    pub fn of(report: Report) -> Case {
        let name = report.plan.target.host.with_port(report.plan.target.port);
        Case { name, place: None, outcome: CaseOutcome::Checked { report: Box::new(report), earlier: Vec::new() } }
    }

    /// Reads one check that was saved as JSON, with the tries before it.
    pub fn load(json: &str) -> Result<Case, serde_json::Error> {
        let mut document: Document = serde_json::from_str(json)?;
        let earlier = document.take_earlier();
        Ok(Case::of(Report::from(document)).after(earlier))
    }

    /// The same with the tries before it.
    pub fn after(mut self, before: Vec<Report>) -> Case {
        if let CaseOutcome::Checked { earlier, .. } = &mut self.outcome {
            *earlier = before;
        }
        self
    }

    /// The report that counts, if it was checked.
    pub fn report(&self) -> Option<&Report> {
        match &self.outcome {
            CaseOutcome::Checked { report, .. } => Some(report),
            CaseOutcome::Skipped { .. } => None,
        }
    }
}
