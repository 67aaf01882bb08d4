//! Writes the results of a suite in the order of the file. Each result is written as soon as all earlier results are
//! written. Formats that cannot be written step by step are written at the end.

use std::io;
use std::time::Duration;

use super::super::CommandError;
use super::super::progress::Progress;
use super::super::sink::Sink;
use super::prepare::PreparedCheck;
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::render::{Display, Format, Live, ndjson, suite as rendering};
use crate::report::{CheckOutcome, CheckResult, FilePosition, Run, RunSource, StreamRecord};
use crate::run::{ConcurrencyLimits, Engine, FailurePolicy, Job, JobOutcome, RetriedReport, RunListener, StopReason};

/// How the results of a suite are displayed.
pub(super) struct SuiteDisplay<'a> {
    pub(super) format: &'static Format,
    pub(super) look: &'a Display,
    pub(super) source: RunSource,
}

/// Runs the checks that are not skipped, and writes the results of all checks.
pub(super) fn run(
    engine: &mut Engine,
    ready: Vec<PreparedCheck>,
    limits: ConcurrencyLimits,
    policy: FailurePolicy,
    shown: SuiteDisplay<'_>,
    sink: &mut Sink,
) -> Result<Run, CommandError> {
    let total = ready.len();
    let (mut cases, mut jobs): (Vec<SuiteCase>, Vec<Job>) = (Vec::new(), Vec::new());
    for PreparedCheck { check, place, job, skipped, .. } in ready {
        if skipped.is_none() {
            jobs.push(job);
        }
        cases.push(SuiteCase { name: check.name, place, skipped });
    }
    let progress = Progress::new(jobs.len());
    let mut output = SuiteOutput { shown, sink, progress, cases, results: Vec::new() };
    if output.shown.format.live == Live::Records {
        output.write(&ndjson::written(&StreamRecord::start(&output.shown.source, total)))?;
    }
    output.write_skipped().map_err(CommandError::Output)?;
    let outcome = engine.run(jobs, limits, policy, &mut output);
    output.progress.clear();
    outcome?;
    let SuiteOutput { shown, sink, results, .. } = output;
    let run = Run::new(shown.source, results);
    let rest = match shown.format.live {
        Live::Text => rendering::summary(&run, shown.look),
        Live::Records => ndjson::written(&StreamRecord::end(&run)),
        Live::AtEnd => (shown.format.render)(&run, shown.look),
    };
    sink.write(&rest).map_err(CommandError::Output)?;
    Ok(run)
}

/// What is needed to write the result of a check.
struct SuiteCase {
    name: String,
    place: Option<FilePosition>,
    /// The reason why the check is skipped; `None` if it will run.
    skipped: Option<String>,
}

struct SuiteOutput<'a> {
    shown: SuiteDisplay<'a>,
    sink: &'a mut Sink,
    progress: Progress,
    cases: Vec<SuiteCase>,
    /// The results that have been written. They belong to the first cases.
    results: Vec<CheckResult>,
}

impl SuiteOutput<'_> {
    fn write(&mut self, text: &str) -> Result<(), CommandError> {
        self.progress.clear();
        self.sink.write(text).map_err(CommandError::Output)
    }

    /// Writes the result of the next case.
    fn push(&mut self, outcome: CheckOutcome) -> io::Result<()> {
        let Some(case) = self.cases.get(self.results.len()) else { return Ok(()) };
        let result = CheckResult { name: case.name.clone(), place: case.place, outcome };
        let text = match self.shown.format.live {
            Live::Text => rendering::case(&result, self.shown.look),
            Live::Records => ndjson::check(self.results.len() + 1, &result),
            Live::AtEnd => String::new(),
        };
        self.results.push(result);
        if text.is_empty() {
            return Ok(());
        }
        self.progress.clear();
        self.sink.write(&text)
    }

    /// Writes the skipped cases before the next case that is run.
    fn write_skipped(&mut self) -> io::Result<()> {
        while let Some(reason) = self.cases.get(self.results.len()).and_then(|case| case.skipped.clone()) {
            self.push(CheckOutcome::Skipped { reason })?;
        }
        Ok(())
    }
}

impl RunListener for SuiteOutput<'_> {
    fn waiting(&mut self, check: usize, plan: &Plan, evidence: &Evidence) {
        self.progress.waiting(check, plan, evidence);
    }

    fn pausing(&mut self, check: usize, plan: &Plan, left: Duration) {
        self.progress.pausing(check, plan, left);
    }

    fn finished(&mut self, _: usize) {
        self.progress.finished();
    }

    fn ended(&mut self, check: usize, outcome: JobOutcome) -> io::Result<()> {
        self.push(match outcome {
            JobOutcome::Checked(checked) => {
                let RetriedReport { report, earlier } = *checked;
                CheckOutcome::Checked { report: Box::new(report), earlier }
            }
            JobOutcome::NotStarted(StopReason::Signal) => {
                CheckOutcome::Skipped { reason: "a signal stopped the run before this check began".to_owned() }
            }
            JobOutcome::NotStarted(StopReason::FirstFailure) => CheckOutcome::Skipped {
                reason: "an earlier check failed, and --fail-fast stops the run at the first failure".to_owned(),
            },
        })?;
        self.progress.is_written(check);
        self.write_skipped()
    }
}
