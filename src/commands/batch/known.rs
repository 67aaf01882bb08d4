//! The targets that occurred earlier in the input, or that have a record in the `--output` file. Only their identities
//! are kept, so a million targets need about 40 MB.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::report::batch::TargetId;

/// The number of lines whose identities are remembered.
const REMEMBERED: usize = 65_536;

/// Whether targets that occur more than once are checked each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duplicates {
    /// Each target is checked once.
    CheckedOnce,
    /// Each line is checked.
    Kept,
}

/// The known targets.
pub(super) struct KnownTargets {
    duplicates: Duplicates,
    seen: HashSet<TargetId>,
    /// The identities of recently planned lines, by a hash of their text.
    planned: HashMap<u64, TargetId>,
    /// For each target, the number of records in the output that are not yet matched to a line of the input.
    records: HashMap<TargetId, u32>,
    /// The numbers of lines that have a record without a target.
    invalid: HashSet<u64>,
}

impl KnownTargets {
    pub(super) fn new(duplicates: Duplicates) -> KnownTargets {
        KnownTargets {
            duplicates,
            seen: HashSet::new(),
            planned: HashMap::new(),
            records: HashMap::new(),
            invalid: HashSet::new(),
        }
    }

    /// Notes that the output contains a record of this target.
    pub(super) fn add_record(&mut self, id: TargetId) {
        *self.records.entry(id).or_default() += 1;
    }

    /// Notes that the output contains a record of a line without a target.
    pub(super) fn add_invalid(&mut self, line: u64) {
        self.invalid.insert(line);
    }

    /// The identity of an earlier target with the same spelling. `None` if no such target is remembered, or if
    /// repetitions are checked.
    pub(super) fn planned(&self, target: &str) -> Option<TargetId> {
        self.planned.get(&hash(target)).copied().filter(|_| self.duplicates == Duplicates::CheckedOnce)
    }

    /// Remembers the identity of a target.
    pub(super) fn add_planned(&mut self, target: &str, id: TargetId) {
        if self.planned.len() >= REMEMBERED {
            self.planned.clear();
        }
        self.planned.insert(hash(target), id);
    }

    /// Whether an earlier line has the same target, and the line is therefore skipped.
    pub(super) fn is_duplicate(&mut self, id: TargetId) -> bool {
        self.duplicates == Duplicates::CheckedOnce && !self.seen.insert(id)
    }

    /// Whether the output contains a record for this line. If each occurrence of a target is checked, each record
    /// counts for one line.
    pub(super) fn has_record(&mut self, id: TargetId) -> bool {
        match self.records.get_mut(&id) {
            None => false,
            Some(1) => self.records.remove(&id).is_some(),
            Some(count) => {
                *count -= 1;
                true
            }
        }
    }

    /// Whether the output contains a record for this line, which has no target.
    pub(super) fn has_invalid(&self, line: u64) -> bool {
        self.invalid.contains(&line)
    }
}

fn hash(target: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    target.hash(&mut hasher);
    hasher.finish()
}
