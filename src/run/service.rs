//! Runs checks for a service: one check for each request to the service, until the service ends. The checks share the
//! runtime of the engine and the files that they need. There are no retries, because the client of a service repeats
//! its request.
//!
//! A check can be stopped, for example because its client disconnected. It then starts no more probes. The sessions
//! that are open may continue for up to [`GRACE`], to end with QUIT. After that, they are closed. A check that was
//! stopped has no report.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::engine::Engine;
use super::error::RunError;
use super::resources::Resources;
use super::retry::Job;
use crate::evidence::ProbeId;
use crate::gather::{Gatherer, SharedFiles, SharedLookups};
use crate::host::SetupError;
use crate::inquiry::{self, Arrival, Ended, EvidenceListener, Gather, Signal};
use crate::plan::Plan;
use crate::question::Question;
use crate::report::Report;
use crate::secret::Echoes;

/// How long the sessions of a stopped check may continue. From any phase, an ordinary session receives the reply to
/// QUIT in less than a second.
const GRACE: Duration = Duration::from_secs(2);

/// How long a session has to close after the grace time.
const CLOSING: Duration = Duration::from_millis(200);

/// Runs the checks of a service. Copies of it use the same files.
#[derive(Clone)]
pub struct CheckRunner {
    resources: Rc<RefCell<Rc<Resources>>>,
}

/// Stops a check when it is dropped.
#[derive(Debug)]
pub struct StopHandle {
    _sender: oneshot::Sender<std::convert::Infallible>,
}

/// Whether a check must stop.
#[derive(Debug)]
pub struct CheckStop(oneshot::Receiver<std::convert::Infallible>);

/// A handle that stops a check, and what the check needs to notice it.
pub fn stop_handle() -> (StopHandle, CheckStop) {
    let (sender, receiver) = oneshot::channel();
    (StopHandle { _sender: sender }, CheckStop(receiver))
}

impl Engine {
    /// Runs a service until it ends. Signals do not interrupt its checks: the service decides what a signal means.
    pub fn serve<T, F: Future<Output = T>>(self, service: impl FnOnce(CheckRunner) -> F) -> T {
        let Engine { runtime, resources, .. } = self;
        let runner = CheckRunner { resources: Rc::new(RefCell::new(Rc::new(resources))) };
        let result = LocalSet::new().block_on(&runtime, service(runner));
        // A command that prints a password may still be running on another thread, but its result is not needed.
        runtime.shutdown_background();
        result
    }
}

impl CheckRunner {
    /// The trust stores and client certificates are read again when the next check needs them. Checks that are running
    /// keep the files that they have.
    pub fn forget_files(&self) {
        let mut resources = self.resources.borrow_mut();
        *resources = Rc::new(Resources {
            files: SharedFiles::default(),
            lookups: SharedLookups::default(),
            proxies: resources.proxies.clone(),
            interruption: resources.interruption.clone(),
        });
    }

    /// Reads the files that a check needs, without sending anything.
    pub fn prepare(&self, plan: &Plan) -> Result<(), SetupError> {
        self.current().gatherer(plan, None).map(drop)
    }

    /// Runs a check. `None` if it was stopped.
    pub async fn run(&self, job: Job, mut stop: CheckStop) -> Result<Option<Report>, RunError> {
        if matches!(stop.0.try_recv(), Err(oneshot::error::TryRecvError::Closed)) {
            return Ok(None);
        }
        let resources = self.current();
        let gatherer = resources.gatherer(&job.with_time_left(), job.credentials())?;
        let mut gatherer =
            StoppableGatherer { gatherer, stop: stop.0, open: BTreeSet::new(), stopping: Stopping::NotYet };
        let started_at = gatherer.gatherer.started_at();
        let (evidence, ended) = inquiry::inquire(&job.plan, &mut gatherer, started_at, &mut UnobservedEvents).await;
        gatherer.gatherer.is_able()?;
        let total_ms = gatherer.now_ms();
        match ended {
            // Even if the session of a stopped check ended normally, follow-up probes may be missing.
            _ if !matches!(gatherer.stopping, Stopping::NotYet) => Ok(None),
            Ended::Interrupted(_) => Ok(None),
            Ended::Unwritable(error) => Err(RunError::Output(error)),
            ended @ (Ended::Complete | Ended::TimeUp) => {
                Ok(Some(Report::judged(job.plan, evidence, &ended, total_ms, &job.expectations)))
            }
        }
    }

    fn current(&self) -> Rc<Resources> {
        Rc::clone(&self.resources.borrow())
    }
}

/// A gatherer that ends its sessions early if the check is stopped.
struct StoppableGatherer {
    gatherer: Gatherer,
    stop: oneshot::Receiver<std::convert::Infallible>,
    /// The running probes.
    open: BTreeSet<ProbeId>,
    stopping: Stopping,
}

/// How far stopping the check has progressed.
enum Stopping {
    /// The check was not stopped.
    NotYet,
    /// Its sessions may continue until this time.
    Until(Instant),
    /// Its sessions are closing, and are dropped at this time.
    Closing(Instant),
}

impl Gather for StoppableGatherer {
    fn ask(&mut self, id: ProbeId, question: &Question) {
        if matches!(self.stopping, Stopping::NotYet) {
            self.open.insert(id);
            self.gatherer.ask(id, question);
        }
    }

    async fn next(&mut self) -> Arrival {
        loop {
            let arrival = match self.stopping {
                Stopping::NotYet => tokio::select! {
                    biased;
                    _ = &mut self.stop => {
                        self.stopping = Stopping::Until(Instant::now() + GRACE);
                        continue;
                    }
                    arrival = self.gatherer.next() => arrival,
                },
                Stopping::Until(_) | Stopping::Closing(_) if self.open.is_empty() => {
                    return Arrival::Interrupted(Signal::Terminate);
                }
                Stopping::Until(time) => tokio::select! {
                    biased;
                    arrival = self.gatherer.next() => arrival,
                    () = tokio::time::sleep_until(time) => {
                        self.open.iter().for_each(|probe| self.gatherer.stop(*probe));
                        self.stopping = Stopping::Closing(Instant::now() + CLOSING);
                        continue;
                    }
                },
                Stopping::Closing(time) => tokio::select! {
                    biased;
                    arrival = self.gatherer.next() => arrival,
                    () = tokio::time::sleep_until(time) => return Arrival::Interrupted(Signal::Terminate),
                },
            };
            if let Arrival::Answered { probe, .. } = &arrival {
                self.open.remove(probe);
            }
            // A notification that time has passed would restart the wait endlessly.
            if !matches!(arrival, Arrival::Waiting) {
                return arrival;
            }
        }
    }

    fn stop(&mut self, id: ProbeId) {
        self.gatherer.stop(id);
    }

    fn now_ms(&self) -> f64 {
        self.gatherer.now_ms()
    }

    fn echoes(&self) -> Echoes {
        self.gatherer.echoes()
    }
}

/// A service shows nothing while a check runs.
struct UnobservedEvents;

impl EvidenceListener for UnobservedEvents {}
