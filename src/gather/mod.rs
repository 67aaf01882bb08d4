//! The network: sockets, names, TLS. It answers the questions of one inquiry ([`Gatherer`]).
//!
//! Sessions run side by side as tasks of the gatherer, and end with it. It has no runtime: the caller's is used
//! (`run::Engine`), so that one thread can gather for any number of inquiries. Deadlines: one for each reply and each
//! handshake ([`session`]), one for connecting ([`dial`]), one for everything (here).

mod certificate;
#[cfg(test)]
mod chains;
mod dial;
mod hello;
mod identity;
mod names;
mod roots;
mod session;
mod shared;
mod staple;
mod tap;
mod tls;
mod trust;
mod verify;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use tokio::sync::{Notify, mpsc};
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::evidence::{Answer, Certificate, Outcome, ProbeId, Staple};
use crate::host::signals::Interruption;
use crate::host::{SetupError, clock, descriptors, machine};
use crate::inquiry::{Arrival, Gather};
use crate::plan::Plan;
use crate::question::Question;
use crate::sasl::Credentials;
use crate::secret::Echoes;

pub(crate) use shared::SharedFiles;

/// Bytes of all sessions of an inquiry that are read: a report holds them all.
const MAX_RUN: usize = 1024 * 1024;
/// How long nothing may arrive before progress is shown, and how often it is shown then.
const IDLE: Duration = Duration::from_millis(300);
const STILL_IDLE: Duration = Duration::from_millis(100);

/// Asks the network. Use it inside a tokio runtime of one thread.
pub(crate) struct Gatherer {
    tasks: LocalSet,
    world: Rc<GatherContext>,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    interruption: Interruption,
    total: Duration,
    idle_since: Instant,
    is_time_up: bool,
    is_exposed: bool,
}

/// What the tasks share.
pub(crate) struct GatherContext {
    /// The first time that was read: everything is prepared before the clock starts.
    start: OnceCell<Instant>,
    pub(crate) plan: Plan,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) echoes: Echoes,
    pub(crate) names: names::LookupCache,
    pub(crate) trust: trust::Anchors,
    pub(crate) identity: Option<Arc<CertifiedKey>>,
    /// Where the keys of TLS sessions are written, if the user asks for it.
    pub(crate) key_log: Option<Arc<dyn rustls::KeyLog>>,
    /// The wall clock at the start, for the dates of certificates.
    pub(crate) started_at: Timestamp,
    pub(crate) stops: StopSignals,
    pub(crate) post: mpsc::UnboundedSender<Arrival>,
    /// Bytes that servers sent in all sessions.
    received: Cell<usize>,
    /// Whether the last ClientHello was answered, so that the next need not wait.
    pub(crate) answers_hellos: Cell<bool>,
    /// Whether a connection failed because no descriptor was left.
    lacks_descriptors: Cell<bool>,
}

/// What ends a session early, by its probe.
#[derive(Default)]
pub(crate) struct StopSignals(RefCell<HashMap<ProbeId, Rc<Notify>>>);

impl Gatherer {
    /// Prepares everything that can go wrong before something is sent.
    pub(crate) fn new(
        plan: &Plan,
        credentials: Option<Credentials>,
        files: &SharedFiles,
        interruption: Interruption,
    ) -> Result<Gatherer, SetupError> {
        let started_at = clock::now()?;
        descriptors::are_left()?;
        let (post, arrivals) = mpsc::unbounded_channel();
        let world = GatherContext {
            start: OnceCell::new(),
            plan: plan.clone(),
            echoes: credentials.as_ref().map(Credentials::echoes).unwrap_or_default(),
            credentials,
            names: names::LookupCache::default(),
            trust: files.anchors(plan)?,
            identity: files.identity(plan)?,
            key_log: files.key_log()?,
            started_at,
            stops: StopSignals::default(),
            post,
            received: Cell::new(0),
            answers_hellos: Cell::new(true),
            lacks_descriptors: Cell::new(false),
        };
        Ok(Gatherer {
            tasks: LocalSet::new(),
            world: Rc::new(world),
            arrivals,
            interruption,
            total: Duration::from_millis(plan.limits.total_ms),
            idle_since: Instant::now(),
            is_time_up: false,
            is_exposed: false,
        })
    }

    /// The same for a check whose secret an earlier run has sent to this server.
    pub(crate) fn after_exposure(self) -> Gatherer {
        Gatherer { is_exposed: true, ..self }
    }

    /// Whether what was seen can be judged: a connection that this machine could not open says nothing about a server.
    pub(crate) fn is_able(&self) -> Result<(), SetupError> {
        self.world.notes_error(self.world.names.errno.get());
        if self.world.lacks_descriptors.get() { Err(SetupError::Descriptors) } else { Ok(()) }
    }
}

impl Gather for Gatherer {
    fn ask(&mut self, id: ProbeId, question: &Question) {
        let world = Rc::clone(&self.world);
        match question.clone() {
            Question::Resolve { host } => {
                self.tasks.spawn_local(async move {
                    let names = world.names.look_up_all(&world, &host).await;
                    world.answered(id, Outcome::Done { answer: Answer::Names(names) });
                });
            }
            Question::Talk(request) => {
                self.tasks.spawn_local(async move {
                    let outcome = session::hold(&world, id, &request).await;
                    world.answered(id, outcome);
                });
            }
            Question::Hello(request) => {
                self.tasks.spawn_local(async move {
                    let outcome = hello::ask(&world, id, &request).await;
                    world.answered(id, outcome);
                });
            }
            Question::Machine { variables } => {
                let answer = Answer::Machine(machine::inspect(&variables));
                world.answered(id, Outcome::Done { answer });
            }
        }
        self.idle_since = Instant::now();
    }

    fn stop(&mut self, id: ProbeId) {
        self.world.stops.of(id).notify_one();
    }

    async fn next(&mut self) -> Arrival {
        if let Some(signal) = self.interruption.signal() {
            return Arrival::Interrupted(signal);
        }
        let deadline = self.world.start() + self.total;
        let idle = self.idle_since.elapsed();
        let wait = if idle < IDLE { IDLE - idle } else { STILL_IDLE };
        let Gatherer { tasks, arrivals, interruption, is_time_up, .. } = self;
        let is_in_time = !*is_time_up;
        let arrival = tasks
            .run_until(async {
                tokio::select! {
                    biased;
                    signal = interruption.wait() => Arrival::Interrupted(signal),
                    // The sender is in `world`, which this gatherer holds.
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
        self.world.now_ms()
    }

    fn echoes(&self) -> Echoes {
        self.world.echoes.clone()
    }

    fn is_exposed(&self) -> bool {
        self.is_exposed
    }
}

impl GatherContext {
    pub(crate) fn now_ms(&self) -> f64 {
        milliseconds(self.start().elapsed())
    }

    /// Counts what was received; false when it is more than a report can hold.
    pub(crate) fn receives(&self, bytes: usize) -> bool {
        let received = self.received.get().saturating_add(bytes);
        self.received.set(received);
        received <= MAX_RUN
    }

    /// Looks at an error of a connection; a lack of descriptors says nothing about a server.
    pub(crate) fn notes_error(&self, errno: Option<i32>) {
        if descriptors::is_lack(errno) {
            self.lacks_descriptors.set(true);
        }
    }

    fn start(&self) -> Instant {
        *self.start.get_or_init(Instant::now)
    }

    /// The receiver is gone only when the gatherer is about to go.
    pub(crate) fn post(&self, arrival: Arrival) {
        let _ = self.post.send(arrival);
    }

    fn answered(&self, probe: ProbeId, outcome: Outcome) {
        self.post(Arrival::Answered { probe, at_ms: self.now_ms(), outcome });
    }
}

impl StopSignals {
    pub(crate) fn of(&self, id: ProbeId) -> Rc<Notify> {
        Rc::clone(self.0.borrow_mut().entry(id).or_default())
    }
}

/// What a chain of certificates and the OCSP response beside it contain, read as those of a handshake are; whether clients
/// trust them is not decided.
pub fn certificates(chain: &[Vec<u8>], staple: &[u8]) -> (Vec<Certificate>, Option<Staple>) {
    let ders: Vec<CertificateDer<'_>> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    (certificate::read_chain(&ders), staple::read(staple, ders.first(), None, None, 0))
}

/// Milliseconds, rounded to microseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
