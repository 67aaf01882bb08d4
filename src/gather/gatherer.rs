//! Runs the probes of one inquiry over the network: the implementation of `inquiry::Gather`.

use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::context::{CheckSecrets, GatherContext};
use super::names::LookupCache;
use super::shared::SharedFiles;
use super::{dns, fetch, hello, session};
use crate::evidence::{Answer, Outcome, ProbeId};
use crate::host::signals::Interruption;
use crate::host::{SetupError, clock, machine};
use crate::inquiry::{Arrival, Gather};
use crate::plan::Plan;
use crate::question::Question;
use crate::secret::Echoes;

/// How long to wait without a result before showing progress.
const IDLE: Duration = Duration::from_millis(300);
const STILL_IDLE: Duration = Duration::from_millis(100);

/// Answers questions over the network. It must be used inside a single-threaded tokio runtime.
pub(crate) struct Gatherer {
    tasks: LocalSet,
    context: Rc<GatherContext>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    interruption: Interruption,
    total: Duration,
    idle_since: Instant,
    is_time_up: bool,
    is_exposed: bool,
}

impl Gatherer {
    /// The wall-clock time at which it was created. The validity periods of certificates are compared with it.
    pub(crate) fn started_at(&self) -> Timestamp {
        self.context.started_at
    }

    /// Creates a gatherer. All preparation that can fail is done here, before any data is sent.
    pub(crate) fn new(
        plan: &Plan,
        secrets: CheckSecrets,
        files: &SharedFiles,
        names: Rc<LookupCache>,
        interruption: Interruption,
    ) -> Result<Gatherer, SetupError> {
        let started_at = clock::now()?;
        let (post, arrivals) = mpsc::unbounded_channel();
        let context = GatherContext::new(plan, secrets, files, names, started_at, post)?;
        Ok(Gatherer {
            tasks: LocalSet::new(),
            context: Rc::new(context),
            arrivals,
            interruption,
            total: Duration::from_millis(plan.limits.total_ms),
            idle_since: Instant::now(),
            is_time_up: false,
            is_exposed: false,
        })
    }

    /// Records that an earlier run of the same check has sent the secret to this server.
    pub(crate) fn after_exposure(self) -> Gatherer {
        Gatherer { is_exposed: true, ..self }
    }

    /// Whether the results are meaningful. If this machine could not open a connection, they do not show anything about
    /// the server.
    pub(crate) fn is_able(&self) -> Result<(), SetupError> {
        if self.context.lacks_descriptors() { Err(SetupError::Descriptors) } else { Ok(()) }
    }
}

impl Gather for Gatherer {
    fn ask(&mut self, id: ProbeId, question: &Question) {
        let context = Rc::clone(&self.context);
        match question.clone() {
            Question::Resolve { host } => {
                self.tasks.spawn_local(async move {
                    let names = context.names.look_up_all(&context.plan, &host).await;
                    context.answered(id, Outcome::Done { answer: Answer::Names(names) });
                });
            }
            Question::Session(request) => {
                self.tasks.spawn_local(async move {
                    let outcome = session::hold(&context, id, &request).await;
                    context.answered(id, outcome);
                });
            }
            Question::Hello(request) => {
                self.tasks.spawn_local(async move {
                    let outcome = hello::ask(&context, id, &request).await;
                    context.answered(id, outcome);
                });
            }
            Question::Records(request) => {
                self.tasks.spawn_local(async move {
                    let outcome = dns::look_up(&context, &request).await;
                    context.answered(id, outcome);
                });
            }
            Question::Fetch(request) => {
                self.tasks.spawn_local(async move {
                    let outcome = fetch::get(&context, &request).await;
                    context.answered(id, outcome);
                });
            }
            Question::Machine { variables } => {
                let answer = Answer::Machine(machine::inspect(&variables));
                context.answered(id, Outcome::Done { answer });
            }
        }
        self.idle_since = Instant::now();
    }

    fn stop(&mut self, id: ProbeId) {
        self.context.stops.of(id).notify_one();
    }

    async fn next(&mut self) -> Arrival {
        if let Some(signal) = self.interruption.signal() {
            return Arrival::Interrupted(signal);
        }
        let deadline = self.context.start() + self.total;
        let idle = self.idle_since.elapsed();
        let wait = if idle < IDLE { IDLE - idle } else { STILL_IDLE };
        let Gatherer { tasks, arrivals, interruption, is_time_up, .. } = self;
        let is_in_time = !*is_time_up;
        let arrival = tasks
            .run_until(async {
                tokio::select! {
                    biased;
                    signal = interruption.wait() => Arrival::Interrupted(signal),
                    // This channel cannot be closed, because `context` contains a sender.
                    Some(arrival) = arrivals.recv() => arrival,
                    () = tokio::time::sleep_until(deadline), if is_in_time => Arrival::TimeUp,
                    () = tokio::time::sleep(wait) => Arrival::Waiting,
                }
            })
            .await;
        match arrival {
            Arrival::TimeUp => self.is_time_up = true,
            Arrival::Waiting => {}
            Arrival::Event { .. } | Arrival::Answered { .. } | Arrival::Interrupted(_) => {
                self.idle_since = Instant::now();
            }
        }
        arrival
    }

    fn now_ms(&self) -> f64 {
        self.context.now_ms()
    }

    fn echoes(&self) -> Echoes {
        self.context.echoes.clone()
    }

    fn is_exposed(&self) -> bool {
        self.is_exposed
    }
}
