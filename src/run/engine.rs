//! Runs checks concurrently in one single-threaded runtime.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Runtime;

use super::error::RunError;
use super::listener::{JobOutcome, RunListener, StopReason};
use super::pace::StreamLimits;
use super::proxies::ProxyPasswords;
use super::reach;
use super::repeat::{self, RepeatEnd, RepeatLimits, RepeatListener};
use super::resources::Resources;
use super::retry::{History, Job, RetriedReport, RetryListener, Step};
use super::schedule::{ConcurrencyLimits, Schedule};
use super::stream::{self, StreamEnd, StreamItem, StreamListener};
use crate::evidence::{Event, Evidence, Probe};
use crate::gather::{Gatherer, SharedFiles, SharedLookups};
use crate::host::signals::{self, SignalWatch};
use crate::host::{SetupError, descriptors};
use crate::inquiry::{self, Ended, EvidenceListener, Gather, Signal};
use crate::plan::Plan;
use crate::report::{Exit, Report};

/// Runs checks. It owns the runtime, the signal handlers, and the resources that all checks share.
pub struct Engine {
    pub(super) runtime: Runtime,
    signals: SignalWatch,
    pub(super) resources: Resources,
}

/// Whether more checks are started after a failed check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// More checks are started.
    Continue,
    /// No more checks are started.
    Stop,
}

/// An inquiry about several ports of one host, which share DNS lookups and the start time.
pub struct PortsInquiry {
    gatherer: Gatherer,
}

impl Engine {
    /// Starts the runtime. From now on, a signal interrupts checks instead of ending the program.
    pub fn new() -> Result<Engine, SetupError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SetupError::Runtime)?;
        let signals = {
            let _inside = runtime.enter();
            signals::report_size_limit();
            SignalWatch::listen()
        };
        let resources = Resources {
            files: SharedFiles::default(),
            lookups: SharedLookups::default(),
            proxies: ProxyPasswords::default(),
            interruption: signals.interruption(),
        };
        Ok(Engine { runtime, signals, resources })
    }

    /// Uses the given passwords for proxies, including those that are added later.
    pub fn use_proxies(&mut self, passwords: &ProxyPasswords) {
        self.resources.proxies = passwords.clone();
    }

    /// Tests everything that a check needs from this machine (clock, file descriptors, files), without sending
    /// anything.
    pub fn prepare(&self, job: &Job) -> Result<(), SetupError> {
        self.resources.gatherer(&job.plan, None).map(drop)
    }

    /// Runs all checks, and passes their results to the listener in the order of the jobs.
    pub fn run(
        &mut self,
        jobs: Vec<Job>,
        limits: ConcurrencyLimits,
        policy: FailurePolicy,
        listener: &mut dyn RunListener,
    ) -> Result<(), RunError> {
        let Engine { runtime, signals, resources } = self;
        block_on(runtime, signals, run_all(resources, jobs, limits, policy, listener))
    }

    /// Calls `source` on a separate thread, runs the checks that it returns, and passes each result to the listener as
    /// soon as the check has ended. If this machine allows fewer file descriptors than the checks need, fewer
    /// checks run at the same time.
    pub fn stream<L: Send + 'static>(
        &mut self,
        source: impl Iterator<Item = StreamItem<L>> + Send + 'static,
        mut limits: StreamLimits,
        listener: &mut dyn StreamListener<L>,
    ) -> Result<StreamEnd, RunError> {
        let wanted = stream::descriptors_for(limits.jobs);
        let allowed = descriptors::allowed(wanted);
        if allowed < wanted {
            limits.jobs = stream::jobs_for(allowed);
            listener.reduced(limits.jobs);
        }
        let items = stream::produce(source).map_err(SetupError::Runtime)?;
        let Engine { runtime, signals, resources } = self;
        block_on(runtime, signals, stream::run(resources, items, limits, listener))
    }

    /// Repeats checks until a limit is reached, the listener stops them, or a signal arrives.
    pub fn repeat(
        &mut self,
        jobs: Vec<Job>,
        limits: RepeatLimits,
        listener: &mut dyn RepeatListener,
    ) -> Result<RepeatEnd, RunError> {
        let Engine { runtime, signals, resources } = self;
        block_on(runtime, signals, repeat::run(resources, jobs, limits, listener))
    }

    /// Prepares an inquiry about the ports of a host.
    pub fn ports(&self, plan: &Plan) -> Result<PortsInquiry, SetupError> {
        Ok(PortsInquiry { gatherer: self.resources.gatherer(plan, None)? })
    }

    /// Checks several ports together and makes a report for each. Errors of the listener are ignored, because it only
    /// writes to a terminal.
    pub fn inquire(
        &mut self,
        ports: &mut PortsInquiry,
        plans: Vec<Plan>,
        listener: &mut dyn EvidenceListener,
    ) -> Result<Vec<Report>, SetupError> {
        if plans.is_empty() {
            return Ok(Vec::new());
        }
        let PortsInquiry { gatherer } = ports;
        let started_at = gatherer.started_at();
        let Engine { runtime, signals, .. } = self;
        let inquiring = inquiry::inquire_all(&plans, gatherer, started_at, listener);
        let (evidence, ended): (Vec<Evidence>, Ended) = block_on(runtime, signals, inquiring);
        gatherer.is_able()?;
        let total_ms = gatherer.now_ms();
        Ok(plans.into_iter().zip(evidence).map(|(plan, seen)| Report::new(plan, seen, &ended, total_ms)).collect())
    }

    /// Finds the ports that the network blocks, with the reason for each. If a signal arrives, it is
    /// returned as an error. See `reach`.
    pub fn blocked_ports(&mut self, plans: &[&Plan]) -> Result<BTreeMap<u16, String>, Signal> {
        let Engine { runtime, signals, resources } = self;
        block_on(runtime, signals, reach::blocked_ports(resources, plans))
    }
}

impl PortsInquiry {
    /// Milliseconds since the first probe.
    pub fn elapsed_ms(&self) -> f64 {
        self.gatherer.now_ms()
    }
}

/// Runs a future to its end, and meanwhile passes signals on to the checks.
fn block_on<T>(runtime: &Runtime, signals: &mut SignalWatch, work: impl Future<Output = T>) -> T {
    runtime.block_on(async {
        tokio::select! {
            biased;
            never = signals.pass_on() => match never {},
            result = work => result,
        }
    })
}

async fn run_all(
    resources: &Resources,
    jobs: Vec<Job>,
    limits: ConcurrencyLimits,
    policy: FailurePolicy,
    listener: &mut dyn RunListener,
) -> Result<(), RunError> {
    let total = jobs.len();
    let mut schedule = Schedule::new(jobs.iter().map(|job| job.plan.target.host.to_string()), limits);
    let mut jobs: Vec<Option<(Job, History)>> = jobs.into_iter().map(|job| Some((job, History::default()))).collect();
    let listener = RefCell::new(listener);
    let mut running = FuturesUnordered::new();
    let mut results: BTreeMap<usize, RetriedReport> = BTreeMap::new();
    let (mut next, mut stopped) = (0, None);
    loop {
        loop {
            // Retries take precedence over checks that have not begun, and take place even if no more checks begin.
            let (check, is_new) = match schedule.resume_next() {
                Some(check) => (check, false),
                None if stopped.is_some() => break,
                None => match schedule.begin_next() {
                    Some(check) => (check, true),
                    None => break,
                },
            };
            let Some((job, history)) = jobs.get_mut(check).and_then(Option::take) else { continue };
            if is_new {
                listener.borrow_mut().begun(check, &job.plan).map_err(RunError::Output)?;
            }
            running.push(advance(resources, check, job, Work::Run(history), &listener));
            // The first check begins even after a signal, so that its report shows the signal.
            stopped = stopped.or(resources.interruption.signal().map(|_| StopReason::Signal));
        }
        let Some((check, job, step)) = running.next().await else { break };
        let result = match step? {
            Step::Ended(result) => *result,
            Step::Pause(history, delay) => {
                schedule.paused(check);
                running.push(advance(resources, check, job, Work::Pause(history, delay), &listener));
                continue;
            }
            Step::Retry(history) => {
                schedule.is_due(check);
                if let Some(waiting) = jobs.get_mut(check) {
                    *waiting = Some((job, history));
                }
                continue;
            }
        };
        schedule.ended(check);
        match result.report.exit {
            Exit::Interrupted | Exit::Terminated => stopped = Some(StopReason::Signal),
            Exit::Ok => {}
            _ if policy == FailurePolicy::Stop => stopped = stopped.or(Some(StopReason::FirstFailure)),
            _ => {}
        }
        listener.borrow_mut().finished(check);
        results.insert(check, result);
        while let Some(result) = results.remove(&next) {
            listener.borrow_mut().ended(next, JobOutcome::Checked(Box::new(result))).map_err(RunError::Output)?;
            next += 1;
        }
        schedule.is_finished_up_to(next);
    }
    let reason = stopped.unwrap_or(StopReason::Signal);
    for check in next..total {
        let outcome = match results.remove(&check) {
            Some(result) => JobOutcome::Checked(Box::new(result)),
            None => JobOutcome::NotStarted(reason),
        };
        listener.borrow_mut().ended(check, outcome).map_err(RunError::Output)?;
    }
    Ok(())
}

/// The next step of a check: a run, or the delay before a retry.
enum Work {
    Run(History),
    Pause(History, Duration),
}

/// Does one step of a check. It takes ownership of the job and returns it, so that the secret is wiped when the check
/// ends.
async fn advance(
    resources: &Resources,
    check: usize,
    job: Job,
    work: Work,
    listener: &RefCell<&mut dyn RunListener>,
) -> (usize, Job, Result<Step, RunError>) {
    let mut listener = CheckListener { check, plan: &job.plan, listener };
    let step = match work {
        Work::Run(history) => job.run(history, None, resources, &mut listener).await,
        Work::Pause(history, delay) => Ok(history.pause(delay, resources.interruption.clone(), &mut listener).await),
    };
    (check, job, step)
}

/// Forwards the notifications of one check to the listener of the run, with the index of the check.
struct CheckListener<'a, 'l> {
    check: usize,
    plan: &'a Plan,
    listener: &'a RefCell<&'l mut dyn RunListener>,
}

impl EvidenceListener for CheckListener<'_, '_> {
    fn event(&mut self, plan: &Plan, evidence: &Evidence, event: &Event) -> io::Result<()> {
        self.listener.borrow_mut().event(self.check, plan, evidence, event)
    }

    fn answered(&mut self, plan: &Plan, evidence: &Evidence, probe: &Probe) -> io::Result<()> {
        self.listener.borrow_mut().answered(self.check, plan, evidence, probe)
    }

    fn waiting(&mut self, plan: &Plan, evidence: &Evidence, _: f64) -> io::Result<()> {
        self.listener.borrow_mut().waiting(self.check, plan, evidence);
        Ok(())
    }
}

impl RetryListener for CheckListener<'_, '_> {
    fn retrying(&mut self, number: usize, report: &Report) -> io::Result<()> {
        self.listener.borrow_mut().retrying(self.check, number, report)
    }

    fn pausing(&mut self, left: Duration) {
        self.listener.borrow_mut().pausing(self.check, self.plan, left);
    }
}
