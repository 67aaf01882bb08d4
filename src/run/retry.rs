//! One check with its retries: inquire, judge, and if the result is worth it, wait and begin again.
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

    /// Checks until the result is not worth another retry.
    pub(super) async fn run(
        &self,
        resources: &Resources,
        listener: &mut dyn RetryListener,
    ) -> Result<RetriedReport, RunError> {
        let began = Instant::now();
        let mut earlier: Vec<Report> = Vec::new();
        let mut is_exposed = false;
        loop {
            let mut report = self.run_once(resources, is_exposed, listener).await?;
            is_exposed |= report.evidence.sends_secret();
            let done = u32::try_from(earlier.len()).unwrap_or(u32::MAX);
            let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let is_worth_it = matches!(report.exit, Exit::Unreachable | Exit::RefusedTemporary);
            let Some(delay) = self.retry.pause(done, elapsed_ms).filter(|_| is_worth_it) else {
                return Ok(RetriedReport { report, earlier });
            };
            listener.retrying(earlier.len() + 1, &report).map_err(RunError::Output)?;
            if let Some(signal) = pause(Duration::from_millis(delay), resources.interruption.clone(), listener).await {
                report.exit = match signal {
                    Signal::Interrupt => Exit::Interrupted,
                    Signal::Terminate => Exit::Terminated,
                };
                return Ok(RetriedReport { report, earlier });
            }
            earlier.push(report);
        }
    }

    /// One run. Its sockets and its copy of the secret go when it ends, not after the delay.
    async fn run_once(
        &self,
        resources: &Resources,
        is_exposed: bool,
        listener: &mut dyn RetryListener,
    ) -> Result<Report, RunError> {
        let mut gatherer = resources.gatherer(&self.plan, self.credentials())?;
        if is_exposed {
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
