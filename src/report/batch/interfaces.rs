//! The results of targets that were checked from several interfaces of this machine. Memory is needed only for these
//! targets, and the result does not depend on the order of the records.

use std::collections::{BTreeMap, HashMap};

use super::super::interfaces::DecidingFinding;
use super::super::{InterfaceComparison, InterfaceResult, InterfaceTally, compared};
use super::count::MOST_NAMES;
use super::{InterfaceCounts, SavedTarget, TargetId};

/// The number of targets in a summary.
const EXAMPLES: usize = 20;

/// The results by target and by interface.
#[derive(Debug, Default)]
pub(super) struct BatchInterfaces {
    /// The names of the interfaces. The tallies of a target refer to them by index.
    names: Vec<String>,
    by_interface: BTreeMap<String, BTreeMap<u8, u64>>,
    targets: HashMap<TargetId, ComparedTarget>,
}

#[derive(Debug)]
struct ComparedTarget {
    name: Box<str>,
    /// The results from each interface that was used.
    results: Vec<(usize, InterfaceTally)>,
}

impl BatchInterfaces {
    /// Counts a record. Records of targets that were checked from one interface are ignored.
    pub(super) fn add(&mut self, record: &SavedTarget<'_>) {
        let Some((target, interface)) = record.compared_interface() else { return };
        let Some(index) = self.index_of(interface) else { return };
        *self.by_interface.entry(interface.to_owned()).or_default().entry(record.exit.code).or_default() += 1;
        let findings = record.findings.iter().map(|finding| DecidingFinding {
            rule: &finding.rule,
            severity: finding.severity,
            category: finding.category.as_deref(),
        });
        let result = InterfaceResult::of(record.exit.code, findings);
        let target = self
            .targets
            .entry(target)
            .or_insert_with(|| ComparedTarget { name: record.name().into(), results: Vec::new() });
        match target.results.iter_mut().find(|(known, _)| *known == index) {
            Some((_, tally)) => tally.add(result),
            None => {
                let mut tally = InterfaceTally::default();
                tally.add(result);
                target.results.push((index, tally));
            }
        }
    }

    /// The counts, and the first targets that accept only some of the interfaces.
    pub(super) fn counts(&self) -> Option<InterfaceCounts> {
        if self.by_interface.is_empty() {
            return None;
        }
        let mut examples: Vec<InterfaceComparison> =
            self.targets.values().filter_map(|target| self.comparison(target)).collect();
        examples.sort_unstable();
        let differing = examples.len() as u64;
        examples.truncate(EXAMPLES);
        Some(InterfaceCounts { by_interface: self.by_interface.clone(), differing, examples })
    }

    fn comparison(&self, target: &ComparedTarget) -> Option<InterfaceComparison> {
        let mut results: Vec<(&str, &InterfaceTally)> = target
            .results
            .iter()
            .filter_map(|(index, tally)| Some((self.names.get(*index)?.as_str(), tally)))
            .collect();
        results.sort_unstable_by_key(|(name, _)| *name);
        compared(&target.name, results.into_iter())
    }

    /// The index of an interface; `None` if there are too many different interfaces, because a file of records can
    /// contain arbitrary names.
    fn index_of(&mut self, interface: &str) -> Option<usize> {
        if let Some(index) = self.names.iter().position(|known| known == interface) {
            return Some(index);
        }
        if self.names.len() >= MOST_NAMES {
            return None;
        }
        self.names.push(interface.to_owned());
        Some(self.names.len() - 1)
    }
}
