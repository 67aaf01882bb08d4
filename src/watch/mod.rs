//! The state of `smtpcheck watch`: what many checks of the same servers have shown. This module is pure: the caller passes
//! each report with the time, and reads the statistics.
//!
//! Memory is bounded, whatever the servers send and however long the watch runs: durations are kept in histograms
//! ([`statistics`]), the course of time in a fixed number of periods ([`timeline`]), and lists have a maximum length.
//!
//! [`target`] is the state of one target. [`changes`] lists what changed, [`backends`] tells the servers behind a name
//! apart, [`summary`] is the state as JSON, and [`record`] is one check in a file that can be read again.

pub mod backends;
pub mod changes;
pub mod record;
pub mod statistics;
pub mod summary;
pub mod target;
pub mod timeline;

use jiff::Timestamp;

use crate::plan::Plan;
use crate::report::Report;
use changes::Change;
use target::TargetWatch;

/// The state of a watch.
#[derive(Debug)]
pub struct Watch {
    /// When the watch began, or was reset.
    pub began: Timestamp,
    /// The targets, in the order of the command line.
    pub targets: Vec<TargetWatch>,
}

/// What one check added to the state.
#[derive(Debug)]
pub struct Observation {
    /// The number of the check of this target, from 1.
    pub number: u64,
    /// What changed since earlier checks.
    pub changes: Vec<Change>,
}

impl Watch {
    /// A watch without checks.
    pub fn new(plans: impl IntoIterator<Item = Plan>, began: Timestamp) -> Watch {
        Watch { began, targets: plans.into_iter().map(TargetWatch::new).collect() }
    }

    /// Records that a check of a target has begun.
    pub fn begun(&mut self, target: usize, at: Timestamp) {
        if let Some(target) = self.targets.get_mut(target) {
            target.running_since = Some(at);
        }
    }

    /// Counts a check that has ended. A check counts when it ends, so a check that is running is no loss.
    pub fn ended(&mut self, target: usize, report: &Report) -> Option<Observation> {
        self.targets.get_mut(target).map(|target| target.add(report))
    }

    /// Forgets all checks.
    pub fn reset(&mut self, at: Timestamp) {
        self.began = at;
        for target in &mut self.targets {
            let running = target.running_since;
            *target = TargetWatch::new(target.plan.clone());
            target.running_since = running;
        }
    }

    /// The number of checks that have ended.
    pub fn checks(&self) -> u64 {
        self.targets.iter().map(|target| target.checks).sum()
    }
}
