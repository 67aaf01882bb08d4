//! Repeats checks of a few targets: each target at an interval, with one check at a time. [`RepeatSchedule`] decides
//! when a check begins; it uses no clock, so the caller passes the time since the start.
//!
//! A check that takes longer than the interval delays only the next check of the same target. Missed checks are not
//! made up for, so that a slow server does not receive a burst of checks.

use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::error::RunError;
use super::resources::Resources;
use super::retry::{History, Job, RetriedReport, Step};
use super::stream::IgnoredEvents;
use crate::inquiry::Signal;
use crate::report::{Exit, Report};

/// The interval between notifications of the listener.
const TICK: Duration = Duration::from_millis(100);

/// When checks are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatLimits {
    /// The time from the start of a check to the start of the next check of the same target. It varies by up to 10%, so
    /// that the checks do not always coincide with the same periodic job on the server.
    pub interval: Duration,
    /// The number of checks of each target; `None` means no limit.
    pub count: Option<u64>,
    /// The time after which no more checks begin.
    pub duration: Option<Duration>,
    /// The number of checks that run at the same time.
    pub jobs: usize,
    /// Varies the intervals. The same seed leads to the same intervals.
    pub seed: u64,
}

/// What the listener requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatCommand {
    /// Continue.
    Continue,
    /// Begin no more checks until `Continue`. Running checks end normally.
    Pause,
    /// End immediately. Running checks have no result.
    Stop,
}

/// Receives the results of repeated checks. `target` is the index of the job. An error (for example a full disk) ends
/// the run.
pub trait RepeatListener {
    /// A check is about to begin. The listener can change its plan.
    fn begins(&mut self, target: usize, job: &mut Job);
    /// A check has ended.
    fn ended(&mut self, target: usize, result: RetriedReport) -> io::Result<()>;
    /// Time has passed. This is called every 100 ms.
    fn tick(&mut self) -> RepeatCommand;
}

/// How repeated checks ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatEnd {
    /// The number of checks or the duration was reached.
    Complete,
    /// The listener ended the run.
    Stopped,
    /// A signal ended the run. The checks that were running have no result.
    Interrupted(Signal),
}

pub(super) async fn run(
    resources: &Resources,
    jobs: Vec<Job>,
    limits: RepeatLimits,
    listener: &mut dyn RepeatListener,
) -> Result<RepeatEnd, RunError> {
    let began = Instant::now();
    let mut schedule = RepeatSchedule::new(jobs.len(), limits);
    let mut jobs: Vec<Option<(Job, bool)>> = jobs.into_iter().map(|job| Some((job, false))).collect();
    let mut running = FuturesUnordered::new();
    let mut interruption = resources.interruption.clone();
    loop {
        if let Some(signal) = interruption.signal() {
            return Ok(RepeatEnd::Interrupted(signal));
        }
        match listener.tick() {
            RepeatCommand::Stop => return Ok(RepeatEnd::Stopped),
            RepeatCommand::Pause => {}
            RepeatCommand::Continue => {
                while let Some(target) = schedule.next(began.elapsed()) {
                    let Some((mut job, is_exposed)) = jobs.get_mut(target).and_then(Option::take) else { continue };
                    listener.begins(target, &mut job);
                    running.push(check(resources, target, job, is_exposed));
                }
            }
        }
        if running.is_empty() && schedule.is_over(began.elapsed()) {
            return Ok(RepeatEnd::Complete);
        }
        let now = began.elapsed();
        // A check that is due but is not allowed to begin yet is tried again at the next tick.
        let wake = began + schedule.wake().filter(|wake| *wake > now).map_or(now + TICK, |wake| wake.min(now + TICK));
        tokio::select! {
            biased;
            Some((target, job, result)) = running.next(), if !running.is_empty() => {
                schedule.ended(target, began.elapsed());
                let RetriedReport { report, earlier } = result?;
                let sends_secret = |report: &Report| report.evidence.sends_secret();
                let is_exposed = sends_secret(&report) || earlier.iter().any(sends_secret);
                if let Some(place) = jobs.get_mut(target) {
                    *place = Some((job, is_exposed));
                }
                // A signal ended the check early, so its result is meaningless.
                if !matches!(report.exit, Exit::Interrupted | Exit::Terminated) {
                    listener.ended(target, RetriedReport { report, earlier }).map_err(RunError::Output)?;
                }
            }
            _ = interruption.wait() => {}
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

/// Runs a check with its retries. It takes ownership of the job and returns it.
async fn check(
    resources: &Resources,
    target: usize,
    job: Job,
    is_exposed: bool,
) -> (usize, Job, Result<RetriedReport, RunError>) {
    let mut history = History::after(is_exposed);
    let result = loop {
        match job.run(history, None, resources, &mut IgnoredEvents).await {
            Err(error) => break Err(error),
            Ok(Step::Ended(result)) => break Ok(*result),
            Ok(Step::Retry(next)) => history = next,
            Ok(Step::Pause(next, delay)) => {
                match next.pause(delay, resources.interruption.clone(), &mut IgnoredEvents).await {
                    Step::Ended(result) => break Ok(*result),
                    Step::Retry(next) | Step::Pause(next, _) => history = next,
                }
            }
        }
    };
    (target, job, result)
}

/// Decides when the checks of each target begin.
#[derive(Debug)]
struct RepeatSchedule {
    limits: RepeatLimits,
    targets: Vec<RepeatedTarget>,
    running: usize,
    random: u64,
}

#[derive(Clone, Copy, Debug)]
struct RepeatedTarget {
    due: Duration,
    is_running: bool,
    begun: u64,
}

impl RepeatSchedule {
    fn new(targets: usize, limits: RepeatLimits) -> RepeatSchedule {
        let target = RepeatedTarget { due: Duration::ZERO, is_running: false, begun: 0 };
        RepeatSchedule { limits, targets: vec![target; targets], running: 0, random: limits.seed }
    }

    /// The target whose check begins now. If several are due, it is the one that has been due for the longest time.
    fn next(&mut self, now: Duration) -> Option<usize> {
        if self.running >= self.limits.jobs || self.is_late(now) {
            return None;
        }
        let count = self.limits.count;
        let waiting = |target: &RepeatedTarget| {
            !target.is_running && target.due <= now && count.is_none_or(|count| target.begun < count)
        };
        let (at, _) = self
            .targets
            .iter()
            .enumerate()
            .filter(|(_, target)| waiting(target))
            .min_by_key(|(_, target)| target.due)?;
        let interval = self.varied();
        let target = self.targets.get_mut(at)?;
        target.is_running = true;
        target.begun += 1;
        target.due = now + interval;
        self.running += 1;
        Some(at)
    }

    /// Records that a check has ended.
    fn ended(&mut self, target: usize, now: Duration) {
        if let Some(target) = self.targets.get_mut(target) {
            target.is_running = false;
            target.due = target.due.max(now);
            self.running = self.running.saturating_sub(1);
        }
    }

    /// Whether no more checks begin.
    fn is_over(&self, now: Duration) -> bool {
        let has_more = |target: &RepeatedTarget| self.limits.count.is_none_or(|count| target.begun < count);
        self.is_late(now) || !self.targets.iter().any(has_more)
    }

    fn is_late(&self, now: Duration) -> bool {
        self.limits.duration.is_some_and(|duration| now >= duration)
    }

    /// When the next check is due.
    fn wake(&self) -> Option<Duration> {
        self.targets.iter().filter(|target| !target.is_running).map(|target| target.due).min()
    }

    /// The interval, varied by up to 10% in each direction.
    fn varied(&mut self) -> Duration {
        // The linear congruential generator of Knuth's MMIX. Its quality does not matter here.
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = u32::try_from(self.random >> 33).unwrap_or(0) % 2001;
        self.limits.interval * (9000 + share) / 10_000
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{RepeatLimits, RepeatSchedule};

    const SECOND: Duration = Duration::from_secs(1);

    fn limits() -> RepeatLimits {
        RepeatLimits { interval: 10 * SECOND, count: None, duration: None, jobs: 8, seed: 7 }
    }

    #[test]
    fn every_interval_is_within_a_tenth_and_they_are_not_all_the_same() {
        let mut schedule = RepeatSchedule::new(1, limits());
        let all: Vec<Duration> = (0..1000).map(|_| schedule.varied()).collect();
        assert!(all.iter().all(|one| (9 * SECOND..=11 * SECOND).contains(one)));
        let mean = all.iter().sum::<Duration>() / 1000;
        assert!(mean.abs_diff(10 * SECOND) < SECOND / 5, "{mean:?}");
        assert!(all.windows(2).any(|pair| pair.first() != pair.last()));
    }

    #[test]
    fn a_target_has_one_check_at_a_time_and_a_slow_check_delays_only_its_own_target() {
        let mut schedule = RepeatSchedule::new(2, limits());
        let now = Duration::ZERO;
        assert_eq!((schedule.next(now), schedule.next(now), schedule.next(now)), (Some(0), Some(1), None));
        schedule.ended(0, SECOND);
        assert_eq!(schedule.next(12 * SECOND), Some(0));
        assert_eq!(schedule.next(12 * SECOND), None);
        schedule.ended(1, 60 * SECOND);
        assert_eq!(schedule.next(60 * SECOND), Some(1));
        assert_eq!(schedule.next(61 * SECOND), None);
    }

    #[test]
    fn the_number_of_checks_and_the_duration_are_limits() {
        let mut schedule = RepeatSchedule::new(1, RepeatLimits { count: Some(1), ..limits() });
        assert_eq!(schedule.next(SECOND), Some(0));
        schedule.ended(0, 2 * SECOND);
        assert!(schedule.is_over(2 * SECOND));
        assert_eq!(schedule.next(100 * SECOND), None);
        let mut schedule = RepeatSchedule::new(1, RepeatLimits { duration: Some(5 * SECOND), ..limits() });
        assert!(!schedule.is_over(SECOND));
        assert_eq!(schedule.next(5 * SECOND), None);
        assert!(schedule.is_over(5 * SECOND));
    }

    #[test]
    fn the_number_of_checks_at_the_same_time_is_limited() {
        let mut schedule = RepeatSchedule::new(3, RepeatLimits { jobs: 2, ..limits() });
        let now = Duration::ZERO;
        assert_eq!((schedule.next(now), schedule.next(now), schedule.next(now)), (Some(0), Some(1), None));
        schedule.ended(0, SECOND);
        assert_eq!(schedule.next(SECOND), Some(2));
    }
}
