//! Decides which check of a stream begins next, and when. This file uses no I/O and no clock: the caller passes the
//! time since the start of the run.
//!
//! A check passes these limits in this order:
//! 1. its host: at most `per_host` checks of one host run at the same time, so that a server does not mistake them for
//!    an attack;
//! 2. the lookup of its host: at most `lookups` names are looked up at the same time;
//! 3. the first IP address of its host: at most `per_address` checks, because many hosts can share one address;
//! 4. a limit of one check at a time for that IP address and port, if the server there has begun to reply with 421 or
//!    to refuse connections. The delay between these checks doubles, up to a minute, after each such result. Each
//!    success halves the delay;
//! 5. the rate;
//! 6. the number of checks in total.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The limits of a stream of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// The number of checks that run at the same time.
    pub jobs: usize,
    /// The number of checks of one host that run at the same time.
    pub per_host: usize,
    /// The number of checks of one IP address that run at the same time.
    pub per_address: usize,
    /// The number of names that are looked up at the same time.
    pub lookups: usize,
    /// The time between the starts of two checks.
    pub interval: Option<Duration>,
}

/// The delays for an IP address that may have only one check at a time.
const SHORTEST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The number of servers that are remembered as having accepted a connection.
const REMEMBERED: usize = 32_768;

/// A check that waits or runs.
#[derive(Debug)]
pub(super) struct Paced<J> {
    pub(super) job: J,
    pub(super) host: String,
    /// The IP address and the port, once they are known.
    pub(super) server: Option<SocketAddr>,
    /// Whether the host has to be looked up first.
    pub(super) needs_lookup: bool,
}

/// What the caller must do next.
#[derive(Debug)]
pub(super) enum PaceStep<J> {
    /// Look up the host, and then call [`StreamPace::looked_up`].
    LookUp(Paced<J>),
    /// Run the check, and then call [`StreamPace::ended`].
    Run(Paced<J>),
}

/// How a server responded to a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerResponse {
    /// It accepted the connection.
    Accepting,
    /// The server replied with 421.
    Overloaded,
    /// It refused the connection. This matters only if it accepted one before.
    Refusing,
}

/// All checks that were received and have not ended.
#[derive(Debug)]
pub(super) struct StreamPace<J> {
    limits: StreamLimits,
    hosts: HashMap<String, GateQueue<J>>,
    addresses: HashMap<IpAddr, GateQueue<J>>,
    slow: HashMap<SocketAddr, SlowServer<J>>,
    /// When the checks that wait for a slow server may continue.
    wakes: BTreeSet<(Duration, SocketAddr)>,
    remembered: [HashSet<SocketAddr>; 2],
    unresolved: VecDeque<Paced<J>>,
    runnable: VecDeque<Paced<J>>,
    running: usize,
    looking_up: usize,
    /// The number of checks in all queues.
    waiting: usize,
    next_start: Duration,
}

#[derive(Debug)]
struct GateQueue<J> {
    running: usize,
    waiting: VecDeque<Paced<J>>,
}

/// A server that receives one check at a time, with a delay after each.
#[derive(Debug)]
struct SlowServer<J> {
    delay: Duration,
    until: Duration,
    is_busy: bool,
    waiting: VecDeque<Paced<J>>,
}

impl<J> Default for GateQueue<J> {
    fn default() -> GateQueue<J> {
        GateQueue { running: 0, waiting: VecDeque::new() }
    }
}

impl<J> StreamPace<J> {
    pub(super) fn new(limits: StreamLimits) -> StreamPace<J> {
        StreamPace {
            limits,
            hosts: HashMap::new(),
            addresses: HashMap::new(),
            slow: HashMap::new(),
            wakes: BTreeSet::new(),
            remembered: Default::default(),
            unresolved: VecDeque::new(),
            runnable: VecDeque::new(),
            running: 0,
            looking_up: 0,
            waiting: 0,
            next_start: Duration::ZERO,
        }
    }

    /// The number of checks that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The number of running checks.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// Reduces the number of checks that run at the same time to three quarters of the current number. Returns the new
    /// number, or `None` if only one check is left.
    pub(super) fn reduce(&mut self) -> Option<usize> {
        let jobs = (self.running.min(self.limits.jobs) * 3 / 4).max(1);
        let is_less = jobs < self.limits.jobs;
        self.limits.jobs = jobs;
        is_less.then_some(jobs)
    }

    /// Takes a new check.
    pub(super) fn offer(&mut self, check: Paced<J>) {
        let host = self.hosts.entry(check.host.clone()).or_default();
        self.waiting += 1;
        if host.running >= self.limits.per_host {
            host.waiting.push_back(check);
        } else {
            host.running += 1;
            self.enqueue(check);
        }
    }

    /// Takes a check whose host has been looked up.
    pub(super) fn looked_up(&mut self, check: Paced<J>) {
        self.looking_up = self.looking_up.saturating_sub(1);
        self.waiting += 1;
        self.runnable.push_back(Paced { needs_lookup: false, ..check });
    }

    /// Takes back a check that was running. The check still counts towards the limit of its host.
    pub(super) fn again(&mut self, check: Paced<J>) {
        self.waiting += 1;
        self.enqueue(check);
    }

    /// The next check to look up or to run now, if there is one.
    pub(super) fn next(&mut self, now: Duration) -> Option<PaceStep<J>> {
        while let Some((_, server)) = self.wakes.first().copied().filter(|(at, _)| *at <= now) {
            self.wakes.pop_first();
            let slow = self.slow.get_mut(&server).filter(|slow| !slow.is_busy);
            self.runnable.extend(slow.and_then(|slow| slow.waiting.pop_front()));
        }
        if self.looking_up < self.limits.lookups
            && let Some(check) = self.unresolved.pop_front()
        {
            self.waiting -= 1;
            self.looking_up += 1;
            return Some(PaceStep::LookUp(check));
        }
        while self.running < self.limits.jobs && self.next_start <= now {
            let check = self.runnable.pop_front()?;
            if let Some(check) = self.admit(check, now) {
                self.waiting -= 1;
                self.running += 1;
                if let Some(interval) = self.limits.interval {
                    // Unused time is not made up for, so that a pause is not followed by a burst.
                    self.next_start = (self.next_start + interval).max(now.saturating_sub(interval));
                }
                return Some(PaceStep::Run(check));
            }
        }
        None
    }

    /// When [`StreamPace::next`] may return a check even if no other check ends.
    pub(super) fn wake(&self) -> Option<Duration> {
        let delayed = self.wakes.first().map(|(at, _)| *at);
        let rate = (!self.runnable.is_empty() && self.running < self.limits.jobs).then_some(self.next_start);
        [delayed, rate].into_iter().flatten().min()
    }

    /// Records that a check no longer runs, but will be continued. It still counts towards the limit of its host.
    pub(super) fn paused(&mut self, server: Option<SocketAddr>, now: Duration) {
        self.running = self.running.saturating_sub(1);
        let Some(server) = server else { return };
        if let Some(slow) = self.slow.get_mut(&server) {
            slow.is_busy = false;
            slow.until = now + slow.delay;
            self.wakes.insert((slow.until, server));
        }
        let Some(address) = self.addresses.get_mut(&server.ip()) else { return };
        address.running = address.running.saturating_sub(1);
        match address.waiting.pop_front() {
            Some(next) => self.runnable.push_front(next),
            None if address.running == 0 => drop(self.addresses.remove(&server.ip())),
            None => {}
        }
    }

    /// Records that a check has ended.
    pub(super) fn ended(&mut self, host: &str, server: Option<SocketAddr>, now: Duration) {
        self.paused(server, now);
        let Some(queue) = self.hosts.get_mut(host) else { return };
        queue.running = queue.running.saturating_sub(1);
        match queue.waiting.pop_front() {
            Some(next) => {
                queue.running += 1;
                self.enqueue(next);
            }
            None if queue.running == 0 => drop(self.hosts.remove(host)),
            None => {}
        }
    }

    /// Records how a server responded.
    pub(super) fn observed(&mut self, server: SocketAddr, response: ServerResponse, now: Duration) {
        let is_known = || self.remembered.iter().any(|known| known.contains(&server));
        match response {
            ServerResponse::Accepting => {
                if !is_known() {
                    let [new, old] = &mut self.remembered;
                    if new.len() >= REMEMBERED {
                        *old = std::mem::take(new);
                    }
                    new.insert(server);
                }
                let Some(slow) = self.slow.get_mut(&server) else { return };
                slow.delay /= 2;
                if slow.delay < SHORTEST_DELAY
                    && let Some(slow) = self.slow.remove(&server)
                {
                    self.runnable.extend(slow.waiting);
                }
            }
            ServerResponse::Refusing if !is_known() => {}
            ServerResponse::Overloaded | ServerResponse::Refusing => {
                let slow = self.slow.entry(server).or_insert_with(|| SlowServer {
                    delay: Duration::ZERO,
                    until: Duration::ZERO,
                    is_busy: false,
                    waiting: VecDeque::new(),
                });
                slow.delay = (slow.delay * 2).clamp(SHORTEST_DELAY, LONGEST_DELAY);
                slow.until = now + slow.delay;
            }
        }
    }

    fn enqueue(&mut self, check: Paced<J>) {
        if check.needs_lookup { self.unresolved.push_back(check) } else { self.runnable.push_back(check) }
    }

    /// Returns the check if its address has room for it. Otherwise the check waits in a queue.
    fn admit(&mut self, check: Paced<J>, now: Duration) -> Option<Paced<J>> {
        let Some(server) = check.server else { return Some(check) };
        let address = self.addresses.entry(server.ip()).or_default();
        if address.running >= self.limits.per_address {
            address.waiting.push_back(check);
            return None;
        }
        if let Some(slow) = self.slow.get_mut(&server) {
            if slow.is_busy || slow.until > now {
                slow.waiting.push_back(check);
                self.wakes.insert((slow.until, server));
                if address.running == 0 && address.waiting.is_empty() {
                    self.addresses.remove(&server.ip());
                }
                return None;
            }
            slow.is_busy = true;
        }
        address.running += 1;
        Some(check)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use super::{PaceStep, Paced, ServerResponse, StreamLimits, StreamPace};

    const LIMITS: StreamLimits = StreamLimits { jobs: 8, per_host: 2, per_address: 3, lookups: 2, interval: None };

    fn server(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn check(job: u32, host: &str, at: &str) -> Paced<u32> {
        Paced { job, host: host.to_owned(), server: Some(server(at)), needs_lookup: false }
    }

    /// The checks that begin at a time, in milliseconds.
    fn begun(pace: &mut StreamPace<u32>, ms: u64) -> Vec<u32> {
        let next = || match pace.next(Duration::from_millis(ms)) {
            Some(PaceStep::Run(check)) => Some(check.job),
            Some(PaceStep::LookUp(check)) => Some(check.job + 100),
            None => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn hosts_and_addresses_have_limits() {
        let mut pace = StreamPace::new(LIMITS);
        for job in 0..3 {
            pace.offer(check(job, "a", "192.0.2.1:25"));
        }
        for job in 3..6 {
            pace.offer(check(job, "b", "192.0.2.1:25"));
        }
        pace.offer(check(6, "c", "192.0.2.2:25"));
        assert_eq!(begun(&mut pace, 0), [0, 1, 3, 6]);
        pace.ended("a", Some(server("192.0.2.1:25")), Duration::ZERO);
        assert_eq!(begun(&mut pace, 0), [4], "the check of b waited first");
        pace.ended("b", Some(server("192.0.2.1:25")), Duration::ZERO);
        assert_eq!(begun(&mut pace, 0), [2]);
        for host in ["a", "a", "b"] {
            pace.ended(host, Some(server("192.0.2.1:25")), Duration::ZERO);
        }
        assert_eq!(begun(&mut pace, 0), [5]);
        pace.ended("b", Some(server("192.0.2.1:25")), Duration::ZERO);
        pace.ended("c", Some(server("192.0.2.2:25")), Duration::ZERO);
        assert_eq!((pace.waiting(), pace.running()), (0, 0));
        assert!(pace.hosts.is_empty() && pace.addresses.is_empty(), "nothing is kept about hosts without checks");
    }

    #[test]
    fn lookups_have_their_own_limit_and_do_not_count_as_running_checks() {
        let mut pace = StreamPace::new(StreamLimits { jobs: 1, ..LIMITS });
        for (job, host) in [(0, "a"), (1, "b"), (2, "c")] {
            pace.offer(Paced { needs_lookup: true, server: None, ..check(job, host, "192.0.2.1:25") });
        }
        assert_eq!(begun(&mut pace, 0), [100, 101]);
        pace.looked_up(check(1, "b", "192.0.2.1:25"));
        assert_eq!(begun(&mut pace, 0), [102, 1]);
        assert_eq!(pace.running(), 1);
    }

    #[test]
    fn the_rate_spaces_the_starts() {
        let mut pace = StreamPace::new(StreamLimits { interval: Some(Duration::from_millis(100)), ..LIMITS });
        for (job, host) in [(0, "a"), (1, "b"), (2, "c")] {
            pace.offer(check(job, host, "192.0.2.1:25"));
        }
        assert_eq!(begun(&mut pace, 0), [0]);
        assert_eq!(pace.wake(), Some(Duration::from_millis(100)));
        assert_eq!(begun(&mut pace, 99), [0; 0]);
        assert_eq!(begun(&mut pace, 100), [1]);
        assert_eq!(begun(&mut pace, 200), [2]);
    }

    #[test]
    fn a_server_that_replies_421_gets_one_check_at_a_time_with_longer_and_longer_delays() {
        let mut pace = StreamPace::new(StreamLimits { per_host: 8, ..LIMITS });
        let at = "192.0.2.1:25";
        pace.offer(check(0, "a", at));
        assert_eq!(begun(&mut pace, 0), [0]);
        pace.observed(server(at), ServerResponse::Overloaded, Duration::ZERO);
        pace.ended("a", Some(server(at)), Duration::ZERO);
        for job in 1..4 {
            pace.offer(check(job, "a", at));
        }
        assert_eq!(begun(&mut pace, 999), [0; 0]);
        assert_eq!(begun(&mut pace, 1000), [1]);
        pace.observed(server(at), ServerResponse::Overloaded, Duration::from_millis(1000));
        pace.ended("a", Some(server(at)), Duration::from_millis(1000));
        assert_eq!(begun(&mut pace, 2999), [0; 0], "the delay has doubled");
        assert_eq!(begun(&mut pace, 3000), [2]);
        for ms in [3000, 3100] {
            pace.observed(server(at), ServerResponse::Accepting, Duration::from_millis(ms));
        }
        pace.ended("a", Some(server(at)), Duration::ZERO);
        assert_eq!(begun(&mut pace, 9000), [3]);
        assert!(pace.slow.is_empty());
    }

    #[test]
    fn a_refusal_slows_down_only_a_server_that_accepted_a_connection_before() {
        let mut pace: StreamPace<u32> = StreamPace::new(LIMITS);
        pace.observed(server("192.0.2.1:25"), ServerResponse::Refusing, Duration::ZERO);
        assert!(pace.slow.is_empty());
        pace.observed(server("192.0.2.1:25"), ServerResponse::Accepting, Duration::ZERO);
        pace.observed(server("192.0.2.1:25"), ServerResponse::Refusing, Duration::ZERO);
        assert!(!pace.slow.is_empty());
    }

    #[test]
    fn without_file_descriptors_fewer_checks_run() {
        let mut pace = StreamPace::new(LIMITS);
        for (job, host) in [(0, "a"), (1, "b"), (2, "c"), (3, "d")] {
            pace.offer(check(job, host, &format!("192.0.2.{job}:25")));
        }
        assert_eq!(begun(&mut pace, 0).len(), 4);
        assert_eq!((pace.reduce(), pace.reduce()), (Some(3), Some(2)));
    }
}
