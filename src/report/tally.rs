//! Counts of results by exit code, for commands that write each report and do not keep it in memory.

use std::collections::BTreeMap;

use super::{CheckOutcome, CheckResult, Exit, StreamRecord};

/// The counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExitTally {
    checks: usize,
    skipped: usize,
    by_exit: BTreeMap<u8, usize>,
}

impl ExitTally {
    /// Counts a result.
    pub fn count(&mut self, result: &CheckResult) {
        self.checks += 1;
        match &result.outcome {
            CheckOutcome::Checked { report, .. } => *self.by_exit.entry(report.exit.code()).or_insert(0) += 1,
            CheckOutcome::Skipped { .. } => self.skipped += 1,
        }
    }

    /// The exit code of the program, as in [`super::Run::exit_code`]. If no check failed, it is 0. After a signal, it
    /// is the code of the signal. Otherwise, it is the exit code that all failed checks share, or 1 if their codes
    /// differ.
    pub fn exit_code(&self) -> u8 {
        let failures: Vec<u8> = self.by_exit.keys().copied().filter(|&code| code != 0).collect();
        if let Some(&signal) = failures.iter().find(|&&code| code >= Exit::Interrupted.code()) {
            return signal;
        }
        match failures.as_slice() {
            [] => 0,
            [one] => *one,
            _ => 1,
        }
    }

    /// The last record of a stream.
    pub fn end(&self) -> StreamRecord {
        let results = self.checks - self.skipped;
        StreamRecord::End { checks: self.checks, results, skipped: self.skipped, by_exit: self.by_exit.clone() }
    }
}
