//! The engine: any number of checks on one thread and one runtime, with limits in all and for each host. Every command that
//! sends something uses it.
//!
//! [`Engine::run`] takes checks and hands out their results in the order of the checks, each as soon as all before it have
//! ended; a [`RunListener`] is notified of what happens meanwhile. A signal interrupts every check that runs, and no other
//! begins. [`Engine::inquire`] asks about several ports of one host together, and [`Engine::blocked_ports`] only connects.
//!
//! Does not write anything, and does not know what formats do with the results.

mod reach;
mod retry;
mod schedule;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::evidence::{Event, Evidence, Probe};
use crate::gather::{Gatherer, SharedFiles};
use crate::host::SetupError;
use crate::host::signals::{Interruption, SignalWatch};
use crate::inquiry::{self, Ended, EvidenceListener, Gather, Signal};
use crate::plan::Plan;
use crate::report::{Exit, Report};
use crate::sasl::Credentials;

pub use retry::{Job, RetriedReport};
pub use schedule::ConcurrencyLimits;

use retry::RetryListener;
use schedule::Schedule;

/// Runs checks.
pub struct Engine {
    runtime: Runtime,
    signals: SignalWatch,
    means: Means,
}

/// What every check of a run uses.
struct Means {
    files: SharedFiles,
    interruption: Interruption,
}

/// Why a run ended before its results were complete.
#[derive(Debug)]
pub enum RunError {
    /// This machine cannot check, or a file cannot be read.
    Setup(SetupError),
    /// The listener could not write.
    Output(io::Error),
}

impl From<SetupError> for RunError {
    fn from(error: SetupError) -> RunError {
        RunError::Setup(error)
    }
}

/// Is notified about a run. Checks are named by their place in the run. An error (a closed pipe, a full disk) ends the run.
pub trait RunListener {
    /// A check begins.
    fn begun(&mut self, check: usize, plan: &Plan) -> io::Result<()>;
    /// Something happened in a session. The evidence is masked, as for an [`EvidenceListener`].
    fn event(&mut self, check: usize, plan: &Plan, evidence: &Evidence, event: &Event) -> io::Result<()>;
    /// A probe has its outcome.
    fn answered(&mut self, check: usize, plan: &Plan, evidence: &Evidence, probe: &Probe) -> io::Result<()>;
    /// Nothing has happened in a check for a while.
    fn waiting(&mut self, check: usize, plan: &Plan, evidence: &Evidence);
    /// A check has to be retried; `report` is the one that made it necessary.
    fn retrying(&mut self, check: usize, number: usize, report: &Report) -> io::Result<()>;
    /// This much is left of the delay before the next retry.
    fn pausing(&mut self, check: usize, plan: &Plan, left: Duration);
    /// A check has ended; its result follows as soon as the order allows.
    fn finished(&mut self, check: usize);
    /// The result of a check. Called once for each, in order.
    fn ended(&mut self, check: usize, outcome: JobOutcome) -> io::Result<()>;
}

/// What became of a check.
#[derive(Debug)]
pub enum JobOutcome {
    /// It was run.
    Checked(Box<RetriedReport>),
    /// It did not begin.
    NotStarted(StopReason),
}

/// Why no further check begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// A signal arrived.
    Signal,
    /// A check failed, and the run ends with the first failure.
    FirstFailure,
}

/// What a failed check means for those that have not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Nothing.
    Continue,
    /// They are not started.
    Stop,
}

/// The ports of one host, which share their lookups and their clock.
pub struct PortsInquiry {
    gatherer: Gatherer,
    started_at: Timestamp,
}

impl Engine {
    /// Starts the runtime. From here on a signal interrupts checks instead of ending the program.
    pub fn new() -> Result<Engine, SetupError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SetupError::Runtime)?;
        let signals = {
            let _inside = runtime.enter();
            SignalWatch::listen()
        };
        let means = Means { files: SharedFiles::default(), interruption: signals.interruption() };
        Ok(Engine { runtime, signals, means })
    }

    /// Does for a check everything that can fail before something is sent: clock, descriptors, files.
    pub fn prepare(&self, job: &Job) -> Result<(), SetupError> {
        self.means.gatherer(&job.plan, None).map(drop)
    }

    /// Runs all checks.
    pub fn run(
        &mut self,
        jobs: Vec<Job>,
        limits: ConcurrencyLimits,
        policy: FailurePolicy,
        listener: &mut dyn RunListener,
    ) -> Result<(), RunError> {
        let Engine { runtime, signals, means } = self;
        block_on(runtime, signals, run_all(means, jobs, limits, policy, listener))
    }

    /// Prepares the inquiry about the ports of a host.
    pub fn ports(&self, plan: &Plan) -> Result<PortsInquiry, SetupError> {
        Ok(PortsInquiry { gatherer: self.means.gatherer(plan, None)?, started_at: Timestamp::now() })
    }

    /// Asks about some ports together; a report for each. The listener's errors are those of a terminal and do not matter.
    pub fn inquire(
        &mut self,
        ports: &mut PortsInquiry,
        plans: Vec<Plan>,
        listener: &mut dyn EvidenceListener,
    ) -> Result<Vec<Report>, SetupError> {
        if plans.is_empty() {
            return Ok(Vec::new());
        }
        let PortsInquiry { gatherer, started_at } = ports;
        let Engine { runtime, signals, .. } = self;
        let inquiring = inquiry::inquire_all(&plans, gatherer, *started_at, listener);
        let (evidence, ended): (Vec<Evidence>, Ended) = block_on(runtime, signals, inquiring);
        gatherer.is_able()?;
        let total_ms = gatherer.now_ms();
        Ok(plans.into_iter().zip(evidence).map(|(plan, seen)| Report::new(plan, seen, &ended, total_ms)).collect())
    }

    /// For each port that no connection gets out to, why; or the signal that arrived meanwhile. See `reach`.
    pub fn blocked_ports(&mut self, plans: &[&Plan]) -> Result<BTreeMap<u16, String>, Signal> {
        let Engine { runtime, signals, means } = self;
        block_on(runtime, signals, reach::blocked_ports(means, plans))
    }
}

impl PortsInquiry {
    /// Milliseconds since the first probe.
    pub fn elapsed_ms(&self) -> f64 {
        self.gatherer.now_ms()
    }
}

impl Means {
    fn gatherer(&self, plan: &Plan, credentials: Option<Credentials>) -> Result<Gatherer, SetupError> {
        Gatherer::new(plan, credentials, &self.files, self.interruption.clone())
    }
}

/// Does some work, and passes signals on to it.
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
    means: &Means,
    jobs: Vec<Job>,
    limits: ConcurrencyLimits,
    policy: FailurePolicy,
    listener: &mut dyn RunListener,
) -> Result<(), RunError> {
    let total = jobs.len();
    let mut schedule = Schedule::new(jobs.iter().map(|job| job.plan.target.host.to_string()), limits);
    let mut jobs: Vec<Option<Job>> = jobs.into_iter().map(Some).collect();
    let listener = RefCell::new(listener);
    let mut running = FuturesUnordered::new();
    let mut results: BTreeMap<usize, RetriedReport> = BTreeMap::new();
    let (mut next, mut stopped) = (0, None);
    loop {
        while stopped.is_none()
            && let Some(check) = schedule.begin_next()
        {
            let Some(job) = jobs.get_mut(check).and_then(Option::take) else { continue };
            listener.borrow_mut().begun(check, &job.plan).map_err(RunError::Output)?;
            running.push(run_one(means, check, job, &listener));
            // The first check begins in any case, and its report tells of the signal.
            stopped = means.interruption.signal().map(|_| StopReason::Signal);
        }
        let Some((check, result)) = running.next().await else { break };
        let result = result?;
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

/// One check. It takes the job, so that its secret goes with it.
async fn run_one(
    means: &Means,
    check: usize,
    job: Job,
    listener: &RefCell<&mut dyn RunListener>,
) -> (usize, Result<RetriedReport, RunError>) {
    let mut listener = CheckListener { check, plan: &job.plan, listener };
    (check, job.run(means, &mut listener).await)
}

/// Names the check in each notification.
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
