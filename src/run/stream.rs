//! Runs a stream of checks whose number is not known in advance. A separate thread produces the checks, so that a slow
//! input does not delay the sessions that are running. Memory is bounded: checks are taken from the thread only if they
//! can begin soon, and each result is passed to the listener as soon as its check ends.
//!
//! [`super::pace`] decides when a check begins.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error::RunError;
use super::pace::{PaceStep, Paced, ServerResponse, StreamLimits, StreamPace};
use super::resources::Resources;
use super::retry::{History, Job, RetriedReport, RetryListener, Step};
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{DialResult, EventKind, Evidence, TunnelResult};
use crate::gather::LookupCache;
use crate::host::SetupError;
use crate::inquiry::{EvidenceListener, Signal};
use crate::report::{Exit, Report};

/// How many checks are taken in advance, so that checks of other hosts can begin while one host is at its limit.
const LOOKAHEAD: usize = 4096;
/// The number of items between the thread and the engine.
const CHANNEL: usize = 256;
/// The result of a check that a bug ended.
const BUG: &str = "a bug in smtpcheck ended the check; please report it";
/// The interval between progress notifications.
const TICK: Duration = Duration::from_millis(200);

/// An item of the input. `L` is the caller's data about the item.
pub enum StreamItem<L> {
    /// A check.
    Check(L, Box<Job>),
    /// An item that needs no check, and is passed to the listener.
    Passed(L),
}

/// Receives the results of a stream. An error (for example a full disk) ends the run.
pub trait StreamListener<L> {
    /// A check has ended.
    fn checked(&mut self, label: L, result: RetriedReport) -> io::Result<()>;
    /// A check has no result: a file that it names cannot be read, or a bug ended it.
    fn unable(&mut self, label: L, reason: &str) -> io::Result<()>;
    /// An item that needs no check.
    fn passed(&mut self, label: L) -> io::Result<()>;
    /// No file descriptors were left, so fewer checks run at the same time from now on.
    fn reduced(&mut self, jobs: usize);
    /// Time has passed. The argument is the number of running checks.
    fn tick(&mut self, running: usize);
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// Every item has its result.
    Complete,
    /// A signal ended the run. The checks that were running have no result.
    Interrupted(Signal),
}

/// A check, and the known facts about it.
struct StreamedCheck<L> {
    label: L,
    job: Box<Job>,
    history: History,
    names: Option<Rc<LookupCache>>,
}

/// What has been done with a check.
enum Done<L> {
    LookedUp(Paced<StreamedCheck<L>>),
    Ran(Paced<StreamedCheck<L>>, Result<Step, RunError>),
    Panicked(Paced<StreamedCheck<L>>),
    Paused(Paced<StreamedCheck<L>>, Step),
}

/// Starts the thread that produces the items. After the stream ends, the thread ends at its next item.
pub(super) fn produce<L: Send + 'static>(
    source: impl Iterator<Item = StreamItem<L>> + Send + 'static,
) -> io::Result<mpsc::Receiver<StreamItem<L>>> {
    let (sender, receiver) = mpsc::channel(CHANNEL);
    std::thread::Builder::new().name("input".to_owned()).spawn(move || {
        for item in source {
            if sender.blocking_send(item).is_err() {
                return;
            }
        }
    })?;
    Ok(receiver)
}

pub(super) async fn run<L>(
    resources: &Resources,
    mut items: mpsc::Receiver<StreamItem<L>>,
    limits: StreamLimits,
    listener: &mut dyn StreamListener<L>,
) -> Result<StreamEnd, RunError> {
    let began = Instant::now();
    let mut pace: StreamPace<StreamedCheck<L>> = StreamPace::new(limits);
    let mut working = FuturesUnordered::new();
    let mut interruption = resources.interruption.clone();
    let mut is_open = true;
    let mut next_tick = began + TICK;
    loop {
        let signal = interruption.signal();
        if signal.is_none() {
            while is_open && pace.waiting() < LOOKAHEAD {
                match items.try_recv() {
                    Ok(item) => take(&mut pace, item, listener)?,
                    Err(_) => break,
                }
            }
            while let Some(step) = pace.next(began.elapsed()) {
                working.push(perform(resources, CheckWork::Step(step)));
            }
        }
        if working.is_empty() && (signal.is_some() || (!is_open && pace.waiting() == 0)) {
            return Ok(signal.map_or(StreamEnd::Complete, StreamEnd::Interrupted));
        }
        if Instant::now() >= next_tick {
            listener.tick(pace.running());
            next_tick = Instant::now() + TICK;
        }
        let wake = pace.wake().map_or(next_tick, |wake| next_tick.min(began + wake));
        let takes_items = is_open && signal.is_none() && pace.waiting() < LOOKAHEAD;
        tokio::select! {
            biased;
            Some(done) = working.next(), if !working.is_empty() => {
                let next = settle(&mut pace, done, began.elapsed(), listener)?;
                working.extend(next.map(|work| perform(resources, work)));
            }
            item = items.recv(), if takes_items => match item {
                Some(item) => take(&mut pace, item, listener)?,
                None => is_open = false,
            },
            _ = interruption.wait(), if signal.is_none() => {}
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

/// Records the completed step of a check, and returns the next step if no limit applies to it.
fn settle<L>(
    pace: &mut StreamPace<StreamedCheck<L>>,
    done: Done<L>,
    now: Duration,
    listener: &mut dyn StreamListener<L>,
) -> Result<Option<CheckWork<L>>, RunError> {
    match done {
        Done::LookedUp(check) => pace.looked_up(check),
        Done::Paused(check, Step::Ended(result)) | Done::Ran(check, Ok(Step::Ended(result))) => {
            end(pace, check, *result, now, listener)?;
        }
        Done::Paused(check, Step::Pause(history, _) | Step::Retry(history)) => {
            pace.again(with_history(check, history));
        }
        Done::Ran(check, Ok(Step::Pause(history, delay))) => {
            if let Some(report) = history.last() {
                observe(pace, report, now);
            }
            pace.paused(check.server, now);
            return Ok(Some(CheckWork::Pause(check, history, delay)));
        }
        Done::Ran(check, Ok(Step::Retry(history))) => {
            pace.paused(check.server, now);
            pace.again(with_history(check, history));
        }
        Done::Ran(check, Err(RunError::Setup(SetupError::Descriptors))) => {
            pace.paused(check.server, now);
            match pace.reduce() {
                Some(jobs) => listener.reduced(jobs),
                None if pace.running() == 0 => return Err(SetupError::Descriptors.into()),
                None => {}
            }
            pace.again(with_history(check, History::default()));
        }
        Done::Ran(check, Err(RunError::Setup(error @ SetupError::File { .. }))) => {
            pace.ended(&check.host, check.server, now);
            listener.unable(check.job.label, &error.to_string()).map_err(RunError::Output)?;
        }
        Done::Ran(_, Err(error)) => return Err(error),
        Done::Panicked(check) => {
            pace.ended(&check.host, check.server, now);
            listener.unable(check.job.label, BUG).map_err(RunError::Output)?;
        }
    }
    Ok(None)
}

fn take<L>(
    pace: &mut StreamPace<StreamedCheck<L>>,
    item: StreamItem<L>,
    listener: &mut dyn StreamListener<L>,
) -> Result<(), RunError> {
    match item {
        StreamItem::Passed(label) => listener.passed(label).map_err(RunError::Output),
        StreamItem::Check(label, job) => {
            let target = &job.plan.target;
            let host = target.host.to_string();
            let given = job.plan.given_addresses(&target.host);
            let address = given.first().copied().or_else(|| host.parse::<IpAddr>().ok());
            pace.offer(Paced {
                host,
                server: address.map(|address| SocketAddr::new(address, target.port)),
                // A domain check looks up its servers itself.
                needs_lookup: address.is_none() && job.plan.is_about_server() && target.host.socket().is_none(),
                job: StreamedCheck { label, job, history: History::default(), names: None },
            });
            Ok(())
        }
    }
}

/// What to do with a check.
enum CheckWork<L> {
    Step(PaceStep<StreamedCheck<L>>),
    Pause(Paced<StreamedCheck<L>>, History, Duration),
}

/// Looks up the host of a check, runs the check, or waits before a retry.
async fn perform<L>(resources: &Resources, work: CheckWork<L>) -> Done<L> {
    match work {
        CheckWork::Pause(check, history, delay) => {
            let step = history.pause(delay, resources.interruption.clone(), &mut IgnoredEvents).await;
            Done::Paused(check, step)
        }
        CheckWork::Step(PaceStep::LookUp(mut check)) => {
            let StreamedCheck { job, names, .. } = &mut check.job;
            // If a proxy looks up the name, smtpcheck does not.
            if let Some(name) = job.plan.target.host.name().filter(|_| job.plan.resolves_here()) {
                let mut interruption = resources.interruption.clone();
                let resolved = tokio::select! {
                    biased;
                    _ = interruption.wait() => None,
                    resolved = resources.lookups.resolve(&job.plan, name) => Some(resolved),
                };
                if let Some(resolved) = resolved {
                    check.server = resolved.first.map(|first| SocketAddr::new(first, job.plan.target.port));
                    *names = Some(resolved.names);
                }
            }
            Done::LookedUp(check)
        }
        CheckWork::Step(PaceStep::Run(mut check)) => {
            let StreamedCheck { job, history, names, .. } = &mut check.job;
            let history = std::mem::take(history);
            let names = names.take().unwrap_or_default();
            // A bug that one server triggers must not end the checks of the others. The data that the checks share is
            // only read, or written in one step, so the bug cannot leave it inconsistent.
            let running =
                AssertUnwindSafe(job.run(history, Some(names), resources, &mut IgnoredEvents)).catch_unwind().await;
            match running {
                Ok(result) => Done::Ran(check, result),
                Err(_) => Done::Panicked(check),
            }
        }
    }
}

/// A check that will be run again. Its host is looked up again.
fn with_history<L>(mut check: Paced<StreamedCheck<L>>, history: History) -> Paced<StreamedCheck<L>> {
    check.job.history = history;
    let plan = &check.job.job.plan;
    let is_given = !plan.given_addresses(&plan.target.host).is_empty();
    check.needs_lookup = plan.target.host.name().is_some() && !is_given && plan.is_about_server();
    check
}

fn end<L>(
    pace: &mut StreamPace<StreamedCheck<L>>,
    check: Paced<StreamedCheck<L>>,
    result: RetriedReport,
    now: Duration,
    listener: &mut dyn StreamListener<L>,
) -> Result<(), RunError> {
    observe(pace, &result.report, now);
    pace.ended(&check.host, check.server, now);
    match result.report.exit {
        // A signal ended the check early. Nothing is recorded for it, so that a later run repeats it.
        Exit::Interrupted | Exit::Terminated => Ok(()),
        _ => listener.checked(check.job.label, result).map_err(RunError::Output),
    }
}

/// Records how a check's servers responded.
fn observe<L>(pace: &mut StreamPace<StreamedCheck<L>>, report: &Report, now: Duration) {
    for (server, response) in responses(&report.evidence) {
        pace.observed(server, response, now);
    }
}

fn responses(evidence: &Evidence) -> Vec<(SocketAddr, ServerResponse)> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let mut responses: Vec<(SocketAddr, ServerResponse)> = Vec::new();
    for event in session.events() {
        match &event.what {
            EventKind::Dialled { address, result: DialResult::Connected { .. }, .. } => {
                responses.push((*address, ServerResponse::Accepting));
            }
            EventKind::Tunnelled { address: Some(address), result: TunnelResult::Connected, .. } => {
                responses.push((*address, ServerResponse::Accepting));
            }
            EventKind::Dialled { address, result: DialResult::Failed { fault }, .. }
                if matches!(fault.kind, ConnectFaultKind::Refused | ConnectFaultKind::Reset) =>
            {
                responses.push((*address, ServerResponse::Refusing));
            }
            EventKind::Received { reply, .. } if reply.has_code(421) => {
                if let Some((_, response)) =
                    responses.last_mut().filter(|(_, response)| *response == ServerResponse::Accepting)
                {
                    *response = ServerResponse::Overloaded;
                }
            }
            _ => {}
        }
    }
    responses
}

/// A stream shows nothing while a check runs.
pub(super) struct IgnoredEvents;

impl EvidenceListener for IgnoredEvents {}

impl RetryListener for IgnoredEvents {
    fn retrying(&mut self, _: usize, _: &Report) -> io::Result<()> {
        Ok(())
    }

    fn pausing(&mut self, _: Duration) {}
}

/// The file descriptors that a check needs at the same time: one for its session, and one for a follow-up probe or a
/// lookup.
const DESCRIPTORS_PER_CHECK: usize = 2;

/// The number of descriptors that `jobs` checks need.
pub(super) fn descriptors_for(jobs: usize) -> usize {
    jobs.saturating_mul(DESCRIPTORS_PER_CHECK)
}

/// The number of checks that can run with this many descriptors.
pub(super) fn jobs_for(descriptors: usize) -> usize {
    (descriptors / DESCRIPTORS_PER_CHECK).max(1)
}
