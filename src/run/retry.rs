//! Runs one check with its retries: it runs the inquiry and evaluates the result. If a retry may succeed, it waits and
//! runs the check again. Runs and delays are separate steps, because a check that waits does not count towards the
//! concurrency limits.
//!
//! A check is retried only on exit codes 3 and 4, which mean that the server could not be reached or sent a temporary
//! rejection. A permanent rejection would not change, and repeated logins could lock an account. The report of each run
//! is kept. If a signal arrives during the delay, the check ends, and the last report is its result.

use std::borrow::Cow;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::error::RunError;
use super::resources::Resources;
use crate::expect::Expectation;
use crate::gather::LookupCache;
use crate::host::signals::Interruption;
use crate::inquiry::{self, Ended, EvidenceListener, Gather, Signal};
use crate::plan::{LoginProof, Plan, Retry};
use crate::report::{Exit, Report};
use crate::sasl::{Credentials, Proof};
use crate::secret::Secret;

/// The interval between progress notifications during a delay.
const TICK: Duration = Duration::from_millis(100);

/// A check with everything that it needs to run.
pub struct Job {
    /// The plan of the check.
    pub plan: Plan,
    /// The password or token for the login.
    pub secret: Option<Secret>,
    /// The time that a command took to print the secret. It counts towards the first run's overall time limit.
    pub spent: Duration,
    /// The expectations about the result.
    pub expectations: Vec<Expectation>,
    /// How often, and for how long, the check is retried.
    pub retry: Retry,
}

/// The reports of a check and its retries.
#[derive(Debug)]
pub struct RetriedReport {
    /// The last report, which is the result.
    pub report: Report,
    /// The earlier reports, oldest first.
    pub earlier: Vec<Report>,
}

/// Receives notifications about a check while it runs.
pub(super) trait RetryListener: EvidenceListener {
    /// A run has ended, and a retry follows.
    fn retrying(&mut self, number: usize, report: &Report) -> io::Result<()>;
    /// The next retry begins after the time `left`.
    fn pausing(&mut self, left: Duration);
}

impl Job {
    /// A copy of the credentials for one run. It is wiped when the gatherer of the run is dropped.
    pub(super) fn credentials(&self) -> Option<Credentials> {
        let login = self.plan.login.as_ref()?;
        let proof = match login.proof {
            LoginProof::Password => Proof::Password(self.secret.as_ref()?.duplicate()),
            LoginProof::Token => Proof::Token(self.secret.as_ref()?.duplicate()),
            LoginProof::NoSecret => Proof::NoSecret,
        };
        Some(Credentials { user: login.user.clone(), authzid: login.authzid.clone(), proof })
    }

    /// Runs the check once, and decides whether a retry follows. `names` are the lookups of a check in a stream.
    pub(super) async fn run(
        &self,
        mut history: History,
        names: Option<Rc<LookupCache>>,
        resources: &Resources,
        listener: &mut dyn RetryListener,
    ) -> Result<Step, RunError> {
        if let Some(signal) = resources.interruption.signal()
            && let Some(result) = history.interrupted(signal)
        {
            return Ok(Step::Ended(Box::new(result)));
        }
        let began = *history.began.get_or_insert_with(Instant::now);
        let report = self.run_once(&history, names, resources, listener).await?;
        history.is_exposed |= report.evidence.sends_secret();
        let done = u32::try_from(history.reports.len()).unwrap_or(u32::MAX);
        let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let is_worth_it = matches!(report.exit, Exit::Unreachable | Exit::RefusedTemporary);
        let Some(delay) = self.retry.pause(done, elapsed_ms).filter(|_| is_worth_it) else {
            return Ok(Step::Ended(Box::new(RetriedReport { report, earlier: history.reports })));
        };
        listener.retrying(history.reports.len() + 1, &report).map_err(RunError::Output)?;
        history.reports.push(report);
        Ok(Step::Pause(history, Duration::from_millis(delay)))
    }

    /// The plan, with its overall time limit reduced to the time that remains.
    pub(super) fn with_time_left(&self) -> Plan {
        let mut plan = self.plan.clone();
        let spent = u64::try_from(self.spent.as_millis()).unwrap_or(u64::MAX);
        plan.limits.total_ms = plan.limits.total_ms.saturating_sub(spent).max(1);
        plan
    }

    /// Runs the check once. Its sockets are closed and its copy of the secret is wiped when the run ends, not after the
    /// delay.
    async fn run_once(
        &self,
        history: &History,
        names: Option<Rc<LookupCache>>,
        resources: &Resources,
        listener: &mut dyn RetryListener,
    ) -> Result<Report, RunError> {
        let plan = match history.reports.is_empty() && !self.spent.is_zero() {
            true => Cow::Owned(self.with_time_left()),
            false => Cow::Borrowed(&self.plan),
        };
        let mut gatherer = match names {
            Some(names) => resources.gatherer_with(&plan, self.credentials(), names)?,
            None => resources.gatherer(&plan, self.credentials())?,
        };
        if history.is_exposed {
            gatherer = gatherer.after_exposure();
        }
        let started_at = gatherer.started_at();
        let (evidence, ended) = inquiry::inquire(&self.plan, &mut gatherer, started_at, listener).await;
        let total_ms = gatherer.now_ms();
        gatherer.is_able()?;
        match ended {
            Ended::Unwritable(error) => Err(RunError::Output(error)),
            ended => Ok(Report::judged(self.plan.clone(), evidence, &ended, total_ms, &self.expectations)),
        }
    }
}

/// The state of a check between its runs.
#[derive(Debug, Default)]
pub(super) struct History {
    /// When the first run began.
    began: Option<Instant>,
    /// The reports of all runs, oldest first.
    reports: Vec<Report>,
    /// Whether a run has sent the secret.
    is_exposed: bool,
}

/// The next step after a run or a delay.
#[derive(Debug)]
pub(super) enum Step {
    /// The check has ended with this result.
    Ended(Box<RetriedReport>),
    /// A delay, and then a retry.
    Pause(History, Duration),
    /// A retry.
    Retry(History),
}

impl History {
    /// The state of a check before its first run. `is_exposed` is true if an earlier check has sent the same secret to
    /// the same server.
    pub(super) fn after(is_exposed: bool) -> History {
        History { is_exposed, ..History::default() }
    }

    /// The report of the last run.
    pub(super) fn last(&self) -> Option<&Report> {
        self.reports.last()
    }

    /// Waits before a retry. A signal ends the check early.
    pub(super) async fn pause(
        mut self,
        time: Duration,
        interruption: Interruption,
        listener: &mut dyn RetryListener,
    ) -> Step {
        let signal = pause(time, interruption, listener).await;
        match signal.and_then(|signal| self.interrupted(signal)) {
            Some(result) => Step::Ended(Box::new(result)),
            None => Step::Retry(self),
        }
    }

    /// The result if a signal arrives between two runs. It contains the report of the last run.
    fn interrupted(&mut self, signal: Signal) -> Option<RetriedReport> {
        let mut report = self.reports.pop()?;
        report.exit = match signal {
            Signal::Interrupt => Exit::Interrupted,
            Signal::Terminate => Exit::Terminated,
        };
        Some(RetriedReport { report, earlier: std::mem::take(&mut self.reports) })
    }
}

/// Waits before a retry. If a signal arrives, the delay ends early and the signal is returned.
async fn pause(time: Duration, mut interruption: Interruption, listener: &mut dyn RetryListener) -> Option<Signal> {
    let end = Instant::now() + time;
    loop {
        if let Some(signal) = interruption.signal() {
            return Some(signal);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        listener.pausing(left);
        tokio::select! {
            biased;
            signal = interruption.wait() => return Some(signal),
            () = tokio::time::sleep(left.min(TICK)) => {}
        }
    }
}
