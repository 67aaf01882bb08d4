//! The last probes, for the page `/`. Their number and the size of each diagnosis are bounded.

use std::collections::VecDeque;

use crate::render::exporter::ProbeRow;

/// The number of probes that are kept.
const LENGTH: usize = 100;

/// The maximum length of a diagnosis. A longer diagnosis is truncated.
const LONGEST: usize = 16 * 1024;

/// The last probes.
#[derive(Debug, Default)]
pub(super) struct ProbeHistory {
    rows: VecDeque<(ProbeRow, Option<String>)>,
    last: u64,
}

impl ProbeHistory {
    /// Adds a probe. Only a failed probe has a diagnosis.
    pub(super) fn add(&mut self, mut row: ProbeRow, diagnosis: Option<String>) {
        self.last += 1;
        row.id = self.last;
        if self.rows.len() >= LENGTH {
            self.rows.pop_front();
        }
        self.rows.push_back((row, diagnosis.map(shortened)));
    }

    /// The probes, latest first.
    pub(super) fn rows(&self) -> impl Iterator<Item = &ProbeRow> {
        self.rows.iter().rev().map(|(row, _)| row)
    }

    /// The diagnosis of a probe, if it is kept.
    pub(super) fn diagnosis(&self, id: u64) -> Option<&str> {
        self.rows.iter().find(|(row, _)| row.id == id)?.1.as_deref()
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n(cut)\n");
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{LENGTH, LONGEST, ProbeHistory, ProbeRow};

    #[test]
    fn only_the_last_probes_are_kept_and_long_diagnoses_are_truncated() {
        let mut history = ProbeHistory::default();
        for _ in 0..LENGTH + 50 {
            history.add(ProbeRow::default(), Some("\u{e4}".repeat(LONGEST)));
        }
        assert_eq!(history.rows().count(), LENGTH);
        assert_eq!(history.rows().next().map(|row| row.id), Some(150));
        assert!(history.diagnosis(50).is_none());
        assert!(history.diagnosis(51).is_some_and(|text| text.len() <= LONGEST + 10 && text.ends_with("(cut)\n")));
        assert!(history.diagnosis(0).is_none());
    }
}
