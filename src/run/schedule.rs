//! Decides which check begins next. Checks begin in the given order, unless a limit delays them. This file uses no I/O
//! and no clock.
//!
//! The limits are:
//! 1. the number of concurrent checks in total;
//! 2. the number of concurrent checks of one host, so that a server does not mistake them for an attack, and concurrent
//!    logins do not lock an account;
//! 3. how far checks may be ahead of the first unfinished check, because their results are kept in memory until it has
//!    ended.

use std::collections::{BTreeSet, HashMap, VecDeque};

/// How many checks may run at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencyLimits {
    /// In total.
    pub at_once: usize,
    /// Of one host.
    pub per_host: usize,
}

impl ConcurrencyLimits {
    /// This limit in total, and the usual limit of two per host.
    pub fn in_all(at_once: usize) -> ConcurrencyLimits {
        ConcurrencyLimits { at_once, per_host: 2 }
    }
}

/// How far a check may be ahead of the first unfinished check.
const MOST_AHEAD: usize = 256;

/// The checks that have not begun.
#[derive(Debug)]
pub(super) struct Schedule {
    limits: ConcurrencyLimits,
    hosts: Vec<HostQueue>,
    /// The host of each check, as an index into `hosts`.
    host_of: Vec<usize>,
    /// The next check of each host that is below its limit.
    startable: BTreeSet<usize>,
    /// Checks whose delay before a retry has passed.
    due: BTreeSet<usize>,
    /// The number of running checks. Checks that wait before a retry are not counted.
    running: usize,
    first_unfinished: usize,
}

#[derive(Debug, Default)]
struct HostQueue {
    waiting: VecDeque<usize>,
    running: usize,
}

impl Schedule {
    /// A schedule of one check for each item. Each item is the host of a check.
    pub(super) fn new(hosts: impl IntoIterator<Item = String>, limits: ConcurrencyLimits) -> Schedule {
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut queues: Vec<HostQueue> = Vec::new();
        let mut host_of = Vec::new();
        for (check, host) in hosts.into_iter().enumerate() {
            let at = *known.entry(host).or_insert_with(|| {
                queues.push(HostQueue::default());
                queues.len() - 1
            });
            host_of.push(at);
            if let Some(queue) = queues.get_mut(at) {
                queue.waiting.push_back(check);
            }
        }
        let startable = queues.iter().filter_map(|queue| queue.waiting.front().copied()).collect();
        Schedule { limits, hosts: queues, host_of, startable, due: BTreeSet::new(), running: 0, first_unfinished: 0 }
    }

    /// The check that must begin now, or `None` if no check may begin.
    pub(super) fn begin_next(&mut self) -> Option<usize> {
        if self.running >= self.limits.at_once {
            return None;
        }
        let check = *self.startable.first()?;
        if check >= self.first_unfinished.saturating_add(MOST_AHEAD) {
            return None;
        }
        self.startable.pop_first();
        let queue = self.hosts.get_mut(*self.host_of.get(check)?)?;
        queue.waiting.pop_front();
        queue.running += 1;
        self.running += 1;
        if queue.running < self.limits.per_host {
            self.startable.extend(queue.waiting.front());
        }
        Some(check)
    }

    /// Returns the check to retry now, if the limits allow it.
    pub(super) fn resume_next(&mut self) -> Option<usize> {
        if self.running >= self.limits.at_once {
            return None;
        }
        let host_of = |check: usize| self.host_of.get(check).copied();
        let has_room = |check: &usize| {
            let queue = host_of(*check).and_then(|at| self.hosts.get(at));
            queue.is_some_and(|queue| queue.running < self.limits.per_host)
        };
        let check = self.due.iter().copied().find(has_room)?;
        let queue = self.hosts.get_mut(host_of(check)?)?;
        self.due.remove(&check);
        queue.running += 1;
        self.running += 1;
        if queue.running >= self.limits.per_host
            && let Some(next) = queue.waiting.front()
        {
            self.startable.remove(next);
        }
        Some(check)
    }

    /// Records that a check waits before a retry.
    pub(super) fn paused(&mut self, check: usize) {
        self.ended(check);
    }

    /// Records that the delay of a check has passed.
    pub(super) fn is_due(&mut self, check: usize) {
        self.due.insert(check);
    }

    /// Records that a check has ended.
    pub(super) fn ended(&mut self, check: usize) {
        let Some(queue) = self.host_of.get(check).and_then(|at| self.hosts.get_mut(*at)) else { return };
        queue.running = queue.running.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
        self.startable.extend(queue.waiting.front());
    }

    /// Records that every check before this one has ended.
    pub(super) fn is_finished_up_to(&mut self, check: usize) {
        self.first_unfinished = check;
    }
}

#[cfg(test)]
mod tests {
    use super::{ConcurrencyLimits, MOST_AHEAD, Schedule};

    fn schedule(hosts: &[&str], at_once: usize) -> Schedule {
        Schedule::new(hosts.iter().map(|host| (*host).to_owned()), ConcurrencyLimits::in_all(at_once))
    }

    fn begin_all(schedule: &mut Schedule) -> Vec<usize> {
        std::iter::from_fn(|| schedule.begin_next()).collect()
    }

    #[test]
    fn checks_begin_in_order_up_to_the_limit() {
        let mut schedule = schedule(&["a", "b", "c", "d"], 3);
        assert_eq!(begin_all(&mut schedule), [0, 1, 2]);
        schedule.ended(1);
        assert_eq!(begin_all(&mut schedule), [3]);
    }

    #[test]
    fn a_host_has_at_most_two_checks_at_once_and_later_checks_of_other_hosts_can_begin_first() {
        let mut schedule = schedule(&["a", "a", "a", "b", "a"], 8);
        assert_eq!(begin_all(&mut schedule), [0, 1, 3]);
        schedule.ended(0);
        assert_eq!(begin_all(&mut schedule), [2]);
        schedule.ended(3);
        assert_eq!(begin_all(&mut schedule), Vec::<usize>::new());
        schedule.ended(2);
        schedule.ended(1);
        assert_eq!(begin_all(&mut schedule), [4]);
    }

    #[test]
    fn a_check_that_waits_for_a_retry_lets_others_begin_and_then_takes_precedence() {
        let mut schedule = schedule(&["a", "b", "c", "d"], 1);
        assert_eq!(begin_all(&mut schedule), [0]);
        schedule.paused(0);
        assert_eq!(begin_all(&mut schedule), [1]);
        schedule.is_due(0);
        assert_eq!(schedule.resume_next(), None);
        schedule.ended(1);
        assert_eq!(schedule.resume_next(), Some(0));
        assert_eq!(begin_all(&mut schedule), Vec::<usize>::new());
        schedule.ended(0);
        assert_eq!((schedule.resume_next(), begin_all(&mut schedule)), (None, vec![2]));
    }

    #[test]
    fn a_retry_does_not_exceed_the_limit_of_its_host() {
        let mut schedule = schedule(&["a", "a", "a", "a", "b"], 8);
        assert_eq!(begin_all(&mut schedule), [0, 1, 4]);
        schedule.paused(0);
        assert_eq!(begin_all(&mut schedule), [2]);
        schedule.is_due(0);
        assert_eq!(schedule.resume_next(), None);
        schedule.ended(1);
        assert_eq!(schedule.resume_next(), Some(0));
        assert_eq!(begin_all(&mut schedule), Vec::<usize>::new());
        schedule.ended(2);
        assert_eq!(begin_all(&mut schedule), [3]);
    }

    #[test]
    fn the_number_of_results_that_wait_for_a_slow_check_is_limited() {
        let hosts: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let mut schedule = schedule(&hosts, 8);
        let mut begun = 0;
        while let Some(check) = schedule.begin_next() {
            begun += 1;
            if check != 0 {
                schedule.ended(check);
            }
        }
        assert_eq!(begun, MOST_AHEAD);
        schedule.is_finished_up_to(MOST_AHEAD);
        assert_eq!(schedule.begin_next(), Some(MOST_AHEAD));
    }
}
