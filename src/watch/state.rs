//! The state of all targets of a watch.

use jiff::Timestamp;

use super::target::{Observation, TargetWatch};
use crate::plan::Plan;
use crate::report::{InterfaceComparison, Report, compared};

/// The maximum number of targets that are read from a file, which can contain any number.
const MOST_SAVED_TARGETS: usize = 1000;

/// The state of a watch.
#[derive(Debug)]
pub struct Watch {
    /// When the watch began, or was reset.
    pub began: Timestamp,
    /// The targets, in the order of the command line.
    pub targets: Vec<TargetWatch>,
    /// Whether checks are missing because their saved records cannot be read. Nothing shows that these checks passed.
    pub lacks_checks: bool,
}

impl Watch {
    /// A watch without checks.
    pub fn new(plans: impl IntoIterator<Item = Plan>, began: Timestamp) -> Watch {
        Watch { began, targets: plans.into_iter().map(TargetWatch::new).collect(), lacks_checks: false }
    }

    /// Records that a check of a target has begun.
    pub fn begun(&mut self, target: usize, at: Timestamp) {
        if let Some(target) = self.targets.get_mut(target) {
            target.running_since = Some(at);
        }
    }

    /// Counts a check that has ended. A check is counted when it ends, so a running check does not count as a loss.
    pub fn ended(&mut self, target: usize, report: &Report) -> Option<Observation> {
        self.targets.get_mut(target).map(|target| target.add(report))
    }

    /// Adds a saved report of a check. `number` is the number of the target, from 1; unknown targets are added.
    pub fn add_saved(&mut self, number: usize, report: &Report) {
        let target = number.saturating_sub(1).min(MOST_SAVED_TARGETS);
        while self.targets.len() <= target {
            self.targets.push(TargetWatch::new(report.plan.clone()));
        }
        if let Some(known) = self.targets.get_mut(target) {
            if known.checks == 0 {
                known.plan = report.plan.clone();
            }
            known.add(report);
        }
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

    /// The targets whose checks pass from some interfaces and fail from others.
    pub(super) fn compared_interfaces(&self) -> Vec<InterfaceComparison> {
        /// The targets with the same plan except for the interface, and their results.
        type Group<'a> = (Plan, Vec<(String, &'a TargetWatch)>);
        let mut groups: Vec<Group<'_>> = Vec::new();
        for target in &self.targets {
            let mut plan = target.plan.clone();
            let Some(interface) = plan.source.interface.take() else { continue };
            let named = (interface.to_string(), target);
            match groups.iter_mut().find(|(known, _)| *known == plan) {
                Some((_, group)) => group.push(named),
                None => groups.push((plan, vec![named])),
            }
        }
        let results = |group: &[(String, &TargetWatch)], plan: &Plan| {
            let results = group.iter().map(|(name, target)| (name.as_str(), &target.interface_results));
            compared(&plan.name(), results)
        };
        groups.iter().filter_map(|(plan, group)| results(group, plan)).collect()
    }

    /// The number of checks that have ended.
    pub fn checks(&self) -> u64 {
        self.targets.iter().map(|target| target.checks).sum()
    }
}
