//! One check with its tries: inquire, judge, and when the result is worth it, wait and begin again.
//!
//! Only exit 3 and 4 are tried again: nobody answers, or the server says "not now". What is refused for good would be
//! refused again, and repeating it annoys servers. Every try is kept. A signal ends the waiting, and the last try stands.

use std::io;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::CommandError;
use crate::evidence::Evidence;
use crate::expect::Expectation;
use crate::gather::{self, Gather, Gatherer, Signal};
use crate::inquiry::{self, Ended, EvidenceListener};
use crate::plan::{LoginProof, Plan, Retry};
use crate::report::{Exit, Report};
use crate::sasl::{Credentials, Proof};
use crate::secret::Secret;

/// One check, with everything that it needs.
pub(super) struct Job {
    pub(super) plan: Plan,
    pub(super) secret: Option<Secret>,
    pub(super) expectations: Vec<Expectation>,
    pub(super) retry: Retry,
}

/// What came of it.
pub(super) struct RetriedReport {
    /// The last try, which counts.
    pub(super) report: Report,
    /// Those before it, oldest first.
    pub(super) earlier: Vec<Report>,
}

/// Hears what happens.
pub(super) trait RetryListener: EvidenceListener {
    /// A try has ended, and another one follows.
    fn tried(&mut self, number: usize, report: &Report) -> io::Result<()>;
    /// This much is left of the pause before the next try.
    fn pausing(&mut self, left: Duration);
}

impl Job {
    /// Prepares a try. Everything that can go wrong before something is sent goes wrong here.
    pub(super) fn gatherer(&self) -> Result<Gatherer, CommandError> {
        Ok(Gatherer::new(&self.plan, credentials(&self.plan, self.secret.as_ref()))?)
    }

    /// Checks, until the result is not worth another try. The first try is prepared.
    pub(super) fn run(&self, first: Gatherer, teller: &mut dyn RetryListener) -> Result<RetriedReport, CommandError> {
        let began = Instant::now();
        let mut earlier: Vec<Report> = Vec::new();
        let mut gatherer = first;
        let mut is_exposed = false;
        loop {
            let mut report = self.run_once(&mut gatherer, teller)?;
            // Its sockets and its copy of the secret go now, not after the pause.
            drop(gatherer);
            is_exposed |= report.evidence.sends_secret();
            let done = u32::try_from(earlier.len()).unwrap_or(u32::MAX);
            let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let is_worth_it = matches!(report.exit, Exit::Unreachable | Exit::RefusedTemporary);
            let Some(pause) = self.retry.pause(done, elapsed_ms).filter(|_| is_worth_it) else {
                return Ok(RetriedReport { report, earlier });
            };
            teller.tried(earlier.len() + 1, &report).map_err(CommandError::Output)?;
            let signal = gather::pause(Duration::from_millis(pause), &mut |left| teller.pausing(left))?;
            if let Some(signal) = signal {
                report.exit = match signal {
                    Signal::Interrupt => Exit::Interrupted,
                    Signal::Terminate => Exit::Terminated,
                };
                return Ok(RetriedReport { report, earlier });
            }
            earlier.push(report);
            gatherer = self.gatherer()?;
            if is_exposed {
                gatherer = gatherer.after_exposure();
            }
        }
    }

    /// A check that a signal stopped before it began.
    pub(super) fn stopped(&self, signal: Signal) -> RetriedReport {
        let evidence = Evidence::new(Timestamp::now());
        let ended = Ended::Interrupted(signal);
        let report = Report::judged(self.plan.clone(), evidence, &ended, 0.0, &self.expectations);
        RetriedReport { report, earlier: Vec::new() }
    }

    fn run_once(&self, gatherer: &mut Gatherer, teller: &mut dyn RetryListener) -> Result<Report, CommandError> {
        let (evidence, ended) = inquiry::inquire(&self.plan, gatherer, Timestamp::now(), teller);
        let total_ms = gatherer.now_ms();
        gatherer.is_able()?;
        match ended {
            Ended::Unheard(error) => Err(CommandError::Output(error)),
            ended => Ok(Report::judged(self.plan.clone(), evidence, &ended, total_ms, &self.expectations)),
        }
    }
}

/// Each try gets a copy of its own, which is wiped with its gatherer.
fn credentials(plan: &Plan, secret: Option<&Secret>) -> Option<Credentials> {
    let login = plan.login.as_ref()?;
    let proof = match login.proof {
        LoginProof::Password => Proof::Password(secret?.duplicate()),
        LoginProof::Token => Proof::Token(secret?.duplicate()),
        LoginProof::NoSecret => Proof::NoSecret,
    };
    Some(Credentials { user: login.user.clone(), authzid: login.authzid.clone(), proof })
}
