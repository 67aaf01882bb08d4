//! Counts of names. The number of different names is limited, because a file of records can contain arbitrary names.

use std::collections::BTreeMap;

/// The maximum number of different names in each count.
pub(super) const MOST_NAMES: usize = 1000;

/// Counts a name, unless there are too many different names.
pub(super) fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    let is_full = counts.len() >= MOST_NAMES;
    match counts.get_mut(name) {
        Some(known) => *known += 1,
        None if is_full => {}
        None => drop(counts.insert(name.to_owned(), 1)),
    }
}
