//! What a caller is notified of while checks run.

use std::io;
use std::time::Duration;

use super::retry::RetriedReport;
use crate::evidence::{Event, Evidence, Probe};
use crate::plan::Plan;
use crate::report::Report;

/// Is notified about a run. Checks are numbered by their place in the run. An error (a closed pipe, a full disk) ends the
/// run. Only the results have to be taken; every other notification is ignored unless the listener has a use for it.
pub trait RunListener {
    /// A check begins.
    fn begun(&mut self, _check: usize, _plan: &Plan) -> io::Result<()> {
        Ok(())
    }
    /// Something happened in a session. The evidence is masked, as for an [`EvidenceListener`].
    fn event(&mut self, _check: usize, _plan: &Plan, _evidence: &Evidence, _event: &Event) -> io::Result<()> {
        Ok(())
    }
    /// A probe has its outcome.
    fn answered(&mut self, _check: usize, _plan: &Plan, _evidence: &Evidence, _probe: &Probe) -> io::Result<()> {
        Ok(())
    }
    /// Nothing has happened in a check for a while.
    fn waiting(&mut self, _check: usize, _plan: &Plan, _evidence: &Evidence) {}
    /// A check has to be retried; `report` is the one that made it necessary.
    fn retrying(&mut self, _check: usize, _number: usize, _report: &Report) -> io::Result<()> {
        Ok(())
    }
    /// This much is left of the delay before the next retry.
    fn pausing(&mut self, _check: usize, _plan: &Plan, _left: Duration) {}
    /// A check has ended; its result follows as soon as the order allows.
    fn finished(&mut self, _check: usize) {}
    /// The result of a check. Called once for each, in order.
    fn ended(&mut self, check: usize, outcome: JobOutcome) -> io::Result<()>;
}

/// What became of a check.
#[derive(Debug)]
pub enum JobOutcome {
    /// It was run.
    Checked(Box<RetriedReport>),
    /// It did not begin.
    NotStarted(StopReason),
}

/// Why no further check begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// A signal arrived.
    Signal,
    /// A check failed, and the run ends with the first failure.
    FirstFailure,
}
