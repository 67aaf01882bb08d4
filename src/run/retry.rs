//! Runs one check with its retries: it runs the inquiry and evaluates the result. If a retry may succeed, it waits and
//! runs the check again.
//!
//! A check is retried only on exit codes 3 and 4, which mean that the server could not be reached or sent a temporary
//! rejection. A permanent rejection would be repeated, and repeated logins could lock an account. The report of each
//! run is kept. If a signal arrives during the delay, the check ends, and the last report is its result.

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

/// The interval between progress notifications during a delay.
const TICK: Duration = Duration::from_millis(100);

/// A check with everything that it needs to run.
pub struct Job {
    /// The plan of the check.
    pub plan: Plan,
    /// The password or token for the login.
    pub secret: Option<Secret>,
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

    /// Runs the check until it needs no retry, or until no retry is left.
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

    /// Runs the check once. Its sockets are closed and its copy of the secret is wiped when the run ends, not after the
    /// delay.
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
