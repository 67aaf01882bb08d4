//! The course of a watch, in a fixed number of periods. When all periods are in use, they are joined in pairs. The
//! periods therefore always cover the entire watch, and grow as the watch runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The maximum number of periods.
pub const PERIODS: usize = 256;

/// The checks of one period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Period {
    /// When the first check of the period began.
    #[cfg_attr(test, schemars(with = "String"))]
    pub from: Timestamp,
    /// When the last check of the period began.
    #[cfg_attr(test, schemars(with = "String"))]
    pub to: Timestamp,
    /// The number of checks.
    pub checks: u64,
    /// The number of checks that failed.
    pub failures: u64,
    /// The exit code of the last check that failed; 0 if none failed.
    pub exit_code: u8,
    /// The shortest duration of the checks that passed, in milliseconds; null if none passed.
    pub best_ms: Option<f64>,
    /// The mean duration of the checks that passed, in milliseconds; null if none passed.
    pub mean_ms: Option<f64>,
    /// The longest duration of the checks that passed, in milliseconds; null if none passed.
    pub worst_ms: Option<f64>,
}

/// The periods of a watch.
#[derive(Debug)]
pub struct Timeline {
    periods: Vec<Period>,
    /// The number of checks that a period contains when it is complete.
    size: u64,
}

impl Default for Timeline {
    fn default() -> Timeline {
        Timeline { periods: Vec::new(), size: 1 }
    }
}

impl Timeline {
    /// Adds a check that began at this time. Checks are added in the order in which they end.
    pub fn add(&mut self, at: Timestamp, exit_code: u8, total_ms: f64) {
        let ms = (exit_code == 0).then_some(total_ms);
        let failures = u64::from(exit_code != 0);
        let check = Period { from: at, to: at, checks: 1, failures, exit_code, best_ms: ms, mean_ms: ms, worst_ms: ms };
        let size = self.size;
        if let Some(last) = self.periods.last_mut().filter(|last| last.checks < size) {
            *last = joined(last, &check);
            return;
        }
        if self.periods.len() == PERIODS {
            self.size *= 2;
            let pair = |pair: &[Period]| {
                let (first, rest) = pair.split_first()?;
                Some(rest.iter().fold(first.clone(), |all, one| joined(&all, one)))
            };
            self.periods = self.periods.chunks(2).filter_map(pair).collect();
        }
        self.periods.push(check);
    }

    /// The periods, the oldest first.
    pub fn periods(&self) -> &[Period] {
        &self.periods
    }
}

fn joined(one: &Period, other: &Period) -> Period {
    let passed = |period: &Period| period.checks.saturating_sub(period.failures);
    let both = |least: fn(f64, f64) -> f64, a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => Some(least(a, b)),
        (a, b) => a.or(b),
    };
    #[allow(clippy::cast_precision_loss, reason = "weights of a mean")]
    let mean = match (one.mean_ms, other.mean_ms) {
        (Some(a), Some(b)) => {
            let (weight, more) = (passed(one) as f64, passed(other) as f64);
            Some((a * weight + b * more) / (weight + more).max(1.0))
        }
        (a, b) => a.or(b),
    };
    Period {
        from: one.from.min(other.from),
        to: one.to.max(other.to),
        checks: one.checks + other.checks,
        failures: one.failures + other.failures,
        exit_code: if other.exit_code == 0 { one.exit_code } else { other.exit_code },
        best_ms: both(f64::min, one.best_ms, other.best_ms),
        mean_ms: mean,
        worst_ms: both(f64::max, one.worst_ms, other.worst_ms),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{PERIODS, Timeline};

    #[test]
    fn a_week_of_checks_fits_into_the_periods_and_none_is_lost() {
        let mut line = Timeline::default();
        let began = Timestamp::UNIX_EPOCH;
        let checks = 7 * 24 * 3600 / 5;
        for number in 0..checks {
            let at = began + SignedDuration::from_secs(i64::from(number) * 5);
            line.add(at, if number % 20 == 19 { 3 } else { 0 }, f64::from(number % 10));
        }
        let periods = line.periods();
        assert!(periods.len() <= PERIODS && periods.len() > PERIODS / 4, "{}", periods.len());
        assert_eq!(periods.iter().map(|period| period.checks).sum::<u64>(), u64::try_from(checks).expect("positive"));
        assert_eq!(
            periods.iter().map(|period| period.failures).sum::<u64>(),
            u64::try_from(checks / 20).expect("positive")
        );
        assert!(periods.windows(2).all(|pair| pair.first().zip(pair.last()).is_some_and(|(a, b)| a.to < b.from)));
        let longest = periods.iter().filter_map(|period| period.worst_ms).fold(0.0, f64::max);
        assert!((longest - 9.0).abs() < 0.001, "{longest}");
    }

    #[test]
    fn the_mean_of_joined_periods_is_that_of_their_checks() {
        let mut line = Timeline::default();
        (0..=PERIODS).for_each(|number| line.add(Timestamp::UNIX_EPOCH, 0, if number % 2 == 0 { 10.0 } else { 20.0 }));
        let first = line.periods().first().expect("a period");
        assert_eq!((first.checks, first.mean_ms, first.best_ms), (2, Some(15.0), Some(10.0)));
    }
}
