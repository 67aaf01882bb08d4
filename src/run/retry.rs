//! One check with its retries: inquire, judge, and if the result is worth it, wait and begin again. Runs and delays are
//! separate steps, because a check that waits takes no part of the concurrency limits.
//!
//! Only exit codes 3 and 4 are retried: the server did not respond, or rejected temporarily. What was rejected permanently,
//! a login above all, would be rejected again, and repeated logins lock accounts. The report of each run is kept. A signal
//! ends the delay, and the last report counts.

use std::io;
use std::time::{Duration, Instant};

use super::error::RunError;
use super::resources::Resources;
use crate::expect::Expectation;
use crate::host::signals::Interruption;
use crate::inquiry::{self, Ended, EvidenceListener, Gather, Signal};
use crate::plan::{LoginProof, Plan, Retry};
use crate::report::{Exit, Report};
use crate::sasl::{Credentials, Proof};
use crate::secret::Secret;

/// How often progress can be shown during a delay.
const TICK: Duration = Duration::from_millis(100);

/// One check, with everything that it needs.
pub struct Job {
    /// What is checked.
    pub plan: Plan,
    /// The password or token of its login.
    pub secret: Option<Secret>,
    /// The time that a command took to print the secret. It counts towards the overall time limit of the first run.
    pub spent: Duration,
    /// What is expected of the result.
    pub expectations: Vec<Expectation>,
    /// How often it is retried.
    pub retry: Retry,
}

/// The result of a check.
#[derive(Debug)]
pub struct RetriedReport {
    /// The last report, which counts.
    pub report: Report,
    /// Those before it, oldest first.
    pub earlier: Vec<Report>,
}

/// Is notified about a check as it runs.
pub(super) trait RetryListener: EvidenceListener {
    /// A run has ended, and a retry follows.
    fn retrying(&mut self, number: usize, report: &Report) -> io::Result<()>;
    /// This much is left of the delay before the next retry.
    fn pausing(&mut self, left: Duration);
}

impl Job {
    /// The credentials of one run: a copy, which is wiped with its gatherer.
    pub(super) fn credentials(&self) -> Option<Credentials> {
        let login = self.plan.login.as_ref()?;
        let proof = match login.proof {
            LoginProof::Password => Proof::Password(self.secret.as_ref()?.duplicate()),
            LoginProof::Token => Proof::Token(self.secret.as_ref()?.duplicate()),
            LoginProof::NoSecret => Proof::NoSecret,
        };
        Some(Credentials { user: login.user.clone(), authzid: login.authzid.clone(), proof })
    }

    /// One run, with the decision whether a retry follows.
    pub(super) async fn run(
        &self,
        mut history: History,
        resources: &Resources,
        listener: &mut dyn RetryListener,
    ) -> Result<Step, RunError> {
        if let Some(signal) = resources.interruption.signal()
            && let Some(result) = history.interrupted(signal)
        {
            return Ok(Step::Ended(Box::new(result)));
        }
        let began = *history.began.get_or_insert_with(Instant::now);
        let report = self.run_once(&history, resources, listener).await?;
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

    /// The plan with the time that is left of its overall limit.
    fn with_time_left(&self) -> Plan {
        let mut plan = self.plan.clone();
        let spent = u64::try_from(self.spent.as_millis()).unwrap_or(u64::MAX);
        plan.limits.total_ms = plan.limits.total_ms.saturating_sub(spent).max(1);
        plan
    }

    /// One run. Its sockets and its copy of the secret go when it ends, not after the delay.
    async fn run_once(
        &self,
        history: &History,
        resources: &Resources,
        listener: &mut dyn RetryListener,
    ) -> Result<Report, RunError> {
        let mut gatherer = match history.reports.is_empty() && !self.spent.is_zero() {
            true => resources.gatherer(&self.with_time_left(), self.credentials())?,
            false => resources.gatherer(&self.plan, self.credentials())?,
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

/// What the earlier runs of a check left.
#[derive(Debug, Default)]
pub(super) struct History {
    /// When the first run began.
    began: Option<Instant>,
    /// The reports of all runs, oldest first.
    reports: Vec<Report>,
    /// Whether a run has sent the secret.
    is_exposed: bool,
}

/// What follows a run or a delay.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing: this is the result.
    Ended(Box<RetriedReport>),
    /// A delay, and then a retry.
    Pause(History, Duration),
    /// A retry.
    Retry(History),
}

impl History {
    /// Waits; a signal ends the check early.
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

    /// The result if a signal arrives between two runs: the last report counts.
    fn interrupted(&mut self, signal: Signal) -> Option<RetriedReport> {
        let mut report = self.reports.pop()?;
        report.exit = match signal {
            Signal::Interrupt => Exit::Interrupted,
            Signal::Terminate => Exit::Terminated,
        };
        Some(RetriedReport { report, earlier: std::mem::take(&mut self.reports) })
    }
}

/// Waits; a signal ends it early.
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
