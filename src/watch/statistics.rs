//! Durations in constant memory: last, mean, best, worst, percentiles and jitter, and the last samples for a graph.

use std::collections::VecDeque;

use hdrhistogram::Histogram;

/// The longest duration that is counted, in microseconds: an hour. Longer durations are counted as this value;
/// `--max-time` is usually a minute.
const LONGEST_US: u64 = 3_600_000_000;
/// The number of significant digits of a percentile.
const DIGITS: u8 = 2;
/// The number of samples that are kept for a graph. No terminal shows more columns.
pub const SAMPLES: usize = 240;

/// The number of samples below which the 99th percentile is the longest duration.
const ENOUGH_FOR_P99: u64 = 100;

/// The durations of one phase.
#[derive(Debug)]
pub struct Durations {
    times: Histogram<u32>,
    last_us: Option<u64>,
    sum_us: u128,
    best_us: u64,
    worst_us: u64,
    /// The sum of the differences between consecutive durations.
    jitter_sum_us: u128,
    samples: VecDeque<GraphSample>,
}

/// One sample of a graph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GraphSample {
    /// The duration in milliseconds.
    Ms(f64),
    /// The phase failed or timed out.
    Failed,
}

/// The durations and failures of one phase.
#[derive(Debug, Default)]
pub struct PhaseStatistics {
    /// The durations of the phases that succeeded.
    pub durations: Durations,
    /// The number of failures other than timeouts.
    pub failures: u64,
    /// The number of timeouts.
    pub timeouts: u64,
}

/// The result of one phase of one check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PhaseEnd {
    /// The phase succeeded, after this number of milliseconds.
    Ok(f64),
    /// The phase failed.
    Failed,
    /// The time limit was reached. The time spent waiting is not a duration.
    TimedOut,
}

impl Default for Durations {
    fn default() -> Durations {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        Durations {
            // These bounds are valid constants: 1 <= low, 2 * low <= high, digits <= 5.
            times: histogram.expect("valid bounds"),
            last_us: None,
            sum_us: 0,
            best_us: u64::MAX,
            worst_us: 0,
            jitter_sum_us: 0,
            samples: VecDeque::new(),
        }
    }
}

impl Durations {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is clamped to the range")]
    fn add(&mut self, ms: f64) {
        let ms = if ms.is_nan() { 0.0 } else { ms };
        let us = (ms * 1000.0).round().clamp(1.0, 3_600_000_000.0) as u64;
        // The value is within the bounds of the histogram.
        let _ = self.times.record(us);
        if let Some(last) = self.last_us {
            self.jitter_sum_us += u128::from(us.abs_diff(last));
        }
        self.last_us = Some(us);
        self.sum_us += u128::from(us);
        self.best_us = self.best_us.min(us);
        self.worst_us = self.worst_us.max(us);
        self.sample(GraphSample::Ms(ms));
    }

    fn sample(&mut self, sample: GraphSample) {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The number of durations.
    pub fn count(&self) -> u64 {
        self.times.len()
    }

    /// The last duration in milliseconds.
    pub fn last(&self) -> Option<f64> {
        self.last_us.map(milliseconds)
    }

    /// The mean in milliseconds.
    #[allow(clippy::cast_precision_loss, reason = "a mean needs no more than the precision of a double")]
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum_us as f64 / self.count() as f64 / 1000.0)
    }

    /// The shortest duration in milliseconds.
    pub fn best(&self) -> Option<f64> {
        (self.count() > 0).then(|| milliseconds(self.best_us))
    }

    /// The longest duration in milliseconds.
    pub fn worst(&self) -> Option<f64> {
        (self.count() > 0).then(|| milliseconds(self.worst_us))
    }

    /// The duration in milliseconds that this percentage of all durations does not exceed, to two significant digits.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let us = self.times.value_at_quantile(percent / 100.0).clamp(self.best_us.min(self.worst_us), self.worst_us);
        (self.count() > 0).then(|| milliseconds(us))
    }

    /// Whether there are enough durations for a 99th percentile that is not simply the longest duration.
    pub fn has_p99(&self) -> bool {
        self.count() >= ENOUGH_FOR_P99
    }

    /// The mean difference between consecutive durations, in milliseconds.
    #[allow(clippy::cast_precision_loss, reason = "a mean needs no more than the precision of a double")]
    pub fn jitter(&self) -> Option<f64> {
        let pairs = self.count().saturating_sub(1);
        (pairs > 0).then(|| self.jitter_sum_us as f64 / pairs as f64 / 1000.0)
    }

    /// The last samples, the oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = GraphSample> + ExactSizeIterator + '_ {
        self.samples.iter().copied()
    }
}

impl PhaseStatistics {
    /// Counts the end of a phase.
    pub fn add(&mut self, end: PhaseEnd) {
        match end {
            PhaseEnd::Ok(ms) => self.durations.add(ms),
            PhaseEnd::Failed => {
                self.failures += 1;
                self.durations.sample(GraphSample::Failed);
            }
            PhaseEnd::TimedOut => {
                self.timeouts += 1;
                self.durations.sample(GraphSample::Failed);
            }
        }
    }

    /// The number of times that the phase ran.
    pub fn runs(&self) -> u64 {
        self.durations.count() + self.failures + self.timeouts
    }
}

#[allow(clippy::cast_precision_loss, reason = "at most an hour")]
fn milliseconds(us: u64) -> f64 {
    us as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{Durations, GraphSample, PhaseEnd, PhaseStatistics, SAMPLES};

    fn of(all: &[f64]) -> PhaseStatistics {
        let mut statistics = PhaseStatistics::default();
        all.iter().for_each(|ms| statistics.add(PhaseEnd::Ok(*ms)));
        statistics
    }

    #[test]
    fn the_values_of_a_few_durations_are_those_that_a_user_computes() {
        let Durations { .. } = Durations::default();
        let seen = of(&[10.0, 30.0, 20.0]).durations;
        assert_eq!(
            (seen.last(), seen.mean(), seen.best(), seen.worst()),
            (Some(20.0), Some(20.0), Some(10.0), Some(30.0))
        );
        assert_eq!(seen.jitter(), Some(15.0));
        assert!((seen.percentile(50.0).expect("three durations") - 20.0).abs() < 0.2);
        assert_eq!(seen.percentile(99.0), Some(30.0));
        assert!(!seen.has_p99());
    }

    #[test]
    fn without_durations_there_are_no_values() {
        let seen = PhaseStatistics::default().durations;
        assert_eq!((seen.last(), seen.mean(), seen.best(), seen.worst()), (None, None, None, None));
        assert_eq!((seen.jitter(), seen.percentile(50.0), of(&[1.0]).durations.jitter()), (None, None, None));
    }

    #[test]
    fn a_timeout_is_counted_separately_and_is_not_a_duration() {
        let mut seen = of(&[10.0]);
        seen.add(PhaseEnd::TimedOut);
        seen.add(PhaseEnd::Failed);
        assert_eq!((seen.timeouts, seen.failures, seen.runs(), seen.durations.worst()), (1, 1, 3, Some(10.0)));
        assert_eq!(seen.durations.samples().last(), Some(GraphSample::Failed));
    }

    #[test]
    fn percentiles_of_many_durations_are_exact_to_two_digits() {
        let all: Vec<f64> = (1..=1000).map(f64::from).collect();
        let seen = of(&all).durations;
        for (percent, exact) in [(50.0, 500.0), (95.0, 950.0), (99.0, 990.0)] {
            let ms = seen.percentile(percent).expect("durations");
            assert!((ms - exact).abs() / exact < 0.01, "{percent}: {ms}");
        }
        assert!(seen.has_p99());
    }

    #[test]
    fn a_duration_beyond_the_bounds_counts_as_the_bound() {
        let seen = of(&[0.0, 1e12, f64::NAN]).durations;
        assert_eq!((seen.count(), seen.best(), seen.worst()), (3, Some(0.001), Some(3_600_000.0)));
    }

    #[test]
    fn the_number_of_samples_is_limited() {
        let seen = of(&vec![5.0; SAMPLES * 3]).durations;
        assert_eq!(seen.samples().len(), SAMPLES);
    }
}
