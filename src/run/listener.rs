//! The notifications that a caller receives while checks run.

use std::io;
use std::time::Duration;

use super::retry::RetriedReport;
use crate::evidence::{Event, Evidence, Probe};
use crate::plan::Plan;
use crate::report::Report;

/// Receives notifications about a run. `check` is the position of a check in the run, from 0. An error (for example a
/// full disk) ends the run. A listener only has to implement [`RunListener::ended`]. By default, the other
/// notifications are ignored.
pub trait RunListener {
    /// A check begins.
    fn begun(&mut self, _check: usize, _plan: &Plan) -> io::Result<()> {
        Ok(())
    }
    /// A new event of a session. The evidence is masked, as for an
    /// [`EvidenceListener`](crate::inquiry::EvidenceListener).
    fn event(&mut self, _check: usize, _plan: &Plan, _evidence: &Evidence, _event: &Event) -> io::Result<()> {
        Ok(())
    }
    /// A probe has ended.
    fn answered(&mut self, _check: usize, _plan: &Plan, _evidence: &Evidence, _probe: &Probe) -> io::Result<()> {
        Ok(())
    }
    /// A check is still waiting for the network.
    fn waiting(&mut self, _check: usize, _plan: &Plan, _evidence: &Evidence) {}
    /// A check will be retried for the `_number`th time, because of this report.
    fn retrying(&mut self, _check: usize, _number: usize, _report: &Report) -> io::Result<()> {
        Ok(())
    }
    /// A check waits for its next retry, which begins after the time `_left`.
    fn pausing(&mut self, _check: usize, _plan: &Plan, _left: Duration) {}
    /// A check has ended. Its result follows when all earlier checks have ended.
    fn finished(&mut self, _check: usize) {}
    /// The result of a check. This is called once for each check, in the order of the checks.
    fn ended(&mut self, check: usize, outcome: JobOutcome) -> io::Result<()>;
}

/// The outcome of a check.
#[derive(Debug)]
pub enum JobOutcome {
    /// The check ran.
    Checked(Box<RetriedReport>),
    /// The check did not start.
    NotStarted(StopReason),
}

/// Why no more checks are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// A signal arrived.
    Signal,
    /// A check failed, and the policy is [`FailurePolicy::Stop`](super::FailurePolicy::Stop).
    FirstFailure,
}
