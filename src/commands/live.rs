//! Writes the output of checks while they run. Text and records of the first check that has not ended are written
//! immediately. The output of later checks is held back until the earlier checks have ended, so that outputs are in
//! order and never mixed. Other formats are written at the end.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::CommandError;
use super::progress::Progress;
use super::sink::Sink;
use crate::evidence::{Event, Evidence, Probe};
use crate::plan::Plan;
use crate::render::write_out::Template;
use crate::render::{Display, Format, Live, Transcript, Verbosity, ndjson, text};
use crate::report::{CheckOutcome, CheckResult, Document, ExitTally, Report, Run, RunSource, StreamRecord};
use crate::run::{ConcurrencyLimits, Engine, FailurePolicy, Job, JobOutcome, RetriedReport, RunError, RunListener};

/// How the result is shown.
pub(super) struct ReportDisplay<'a> {
    pub(super) format: &'static Format,
    pub(super) look: &'a Display,
    /// `--write-out`, which replaces the format.
    pub(super) template: Option<&'a Template>,
}

/// Which results are kept in memory after they have been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retention {
    /// All reports, because report files are written from them at the end.
    Reports,
    /// Only the values that the format needs at the end of the run.
    AsNeeded,
}

/// The results of a run: complete, or only counted.
pub(super) enum Results {
    Kept(Run),
    Counted(ExitTally),
}

impl Results {
    /// The exit code of the program.
    pub(super) fn exit_code(&self, format: &Format, look: &Display) -> u8 {
        match self {
            Results::Kept(run) => format.exit_code(run, look),
            Results::Counted(tally) => tally.exit_code(),
        }
    }
}

impl ReportDisplay<'_> {
    fn is_text(&self) -> bool {
        self.format.live == Live::Text && self.template.is_none()
    }

    /// Whether a record is written for each event as it happens.
    fn is_records(&self) -> bool {
        self.format.live == Live::Records && self.template.is_none()
    }
}

/// Runs checks and writes their results to `sink`.
pub(super) fn run(
    engine: &mut Engine,
    jobs: Vec<Job>,
    limits: ConcurrencyLimits,
    source: RunSource,
    shown: &ReportDisplay<'_>,
    retention: Retention,
    sink: &mut Sink,
) -> Result<Results, CommandError> {
    let is_streamed = shown.is_text() || shown.is_records() || shown.template.is_some();
    let is_single = jobs.len() == 1;
    let kept = match retention {
        Retention::AsNeeded if is_streamed && !is_single => Kept::Counts(ExitTally::default()),
        Retention::AsNeeded | Retention::Reports => Kept::Results(Vec::new()),
    };
    let form = match () {
        () if shown.is_records() => LiveForm::Records,
        () if shown.is_text() && matches!(sink, Sink::Stdout | Sink::Stderr) => LiveForm::Text,
        () => LiveForm::Silent,
    };
    let progress = Progress::new(jobs.len());
    let mut output = LiveOutput { shown, form, sink, progress, current: 0, waiting: BTreeMap::new(), kept };
    if shown.is_records() {
        output.write(&ndjson::written(&StreamRecord::start(&source, jobs.len()))).map_err(CommandError::Output)?;
    }
    let outcome = engine.run(jobs, limits, FailurePolicy::Continue, &mut output);
    output.progress.clear();
    outcome?;
    let results = match std::mem::replace(&mut output.kept, Kept::Counts(ExitTally::default())) {
        Kept::Counts(tally) => Results::Counted(tally),
        Kept::Results(cases) => Results::Kept(Run::new(source, cases)),
    };
    let rest = match &results {
        Results::Kept(run) if shown.is_records() => ndjson::written(&StreamRecord::end(run)),
        Results::Counted(tally) if shown.is_records() => ndjson::written(&tally.end()),
        Results::Kept(run) if !is_streamed => (shown.format.render)(run, shown.look),
        Results::Kept(_) | Results::Counted(_) => String::new(),
    };
    output.write(&rest).map_err(CommandError::Output)?;
    Ok(results)
}

/// Runs one check and shows only the progress line.
pub(super) fn run_single(engine: &mut Engine, job: Job) -> Result<RetriedReport, CommandError> {
    let mut listener = SingleResult { progress: Progress::new(1), result: None };
    let outcome = engine.run(vec![job], ConcurrencyLimits::in_all(1), FailurePolicy::Continue, &mut listener);
    listener.progress.clear();
    outcome?;
    // The first check of a run always begins.
    listener.result.ok_or_else(|| CommandError::Machine(anyhow::anyhow!("the check did not begin")))
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> CommandError {
        match error {
            RunError::Setup(error) => error.into(),
            RunError::Output(error) => CommandError::Output(error),
        }
    }
}

/// How a check is written while it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LiveForm {
    Silent,
    Text,
    /// A record for each event.
    Records,
}

enum Kept {
    Results(Vec<CheckResult>),
    Counts(ExitTally),
}

struct LiveOutput<'a> {
    shown: &'a ReportDisplay<'a>,
    form: LiveForm,
    sink: &'a mut Sink,
    progress: Progress,
    /// The first check that has not ended.
    current: usize,
    /// The output of later checks, which is held back.
    waiting: BTreeMap<usize, String>,
    kept: Kept,
}

impl LiveOutput<'_> {
    fn write(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.progress.clear();
        self.sink.write(text)
    }

    /// Writes the output of a check, or holds it back until all earlier checks have ended.
    fn write_of(&mut self, check: usize, text: &str) -> io::Result<()> {
        if check == self.current {
            return self.write(text);
        }
        if !text.is_empty() {
            self.waiting.entry(check).or_default().push_str(text);
        }
        Ok(())
    }

    /// The part of the result that was not written while the check was running.
    fn result(&self, check: usize, result: &CheckResult) -> String {
        let ReportDisplay { look, template, .. } = self.shown;
        let CheckOutcome::Checked { report, earlier } = &result.outcome else { return String::new() };
        if let Some(template) = template {
            return template.fill(&Document::from(report.as_ref()).after(earlier));
        }
        match self.form {
            LiveForm::Records => ndjson::written(&StreamRecord::result(check + 1, result)),
            LiveForm::Text if look.transcript == Transcript::Full => text::conclusion(report, look),
            LiveForm::Text => {
                let (text, heading) = (text::render(report, look), text::header(&report.plan, look));
                text.strip_prefix(&heading).unwrap_or(&text).to_owned()
            }
            LiveForm::Silent if self.shown.is_text() => text::tries(earlier, look) + &text::render(report, look),
            LiveForm::Silent => String::new(),
        }
    }
}

impl RunListener for LiveOutput<'_> {
    fn begun(&mut self, check: usize, plan: &Plan) -> io::Result<()> {
        let look = self.shown.look;
        if check > 0 && self.shown.is_text() && look.volume != Verbosity::Quiet {
            self.write_of(check, "\n")?;
        }
        let heading = match self.form {
            LiveForm::Text => text::header(plan, look),
            LiveForm::Records => ndjson::written(&StreamRecord::begun(check + 1, plan)),
            LiveForm::Silent => String::new(),
        };
        self.write_of(check, &heading)
    }

    fn event(&mut self, check: usize, plan: &Plan, evidence: &Evidence, event: &Event) -> io::Result<()> {
        let text = match self.form {
            LiveForm::Silent => return Ok(()),
            LiveForm::Text => text::event(plan, evidence, event, self.shown.look),
            LiveForm::Records => ndjson::happened(check + 1, event),
        };
        self.write_of(check, &text)
    }

    fn answered(&mut self, check: usize, plan: &Plan, evidence: &Evidence, probe: &Probe) -> io::Result<()> {
        let text = match self.form {
            LiveForm::Silent => return Ok(()),
            LiveForm::Text => text::answered(plan, evidence, probe, self.shown.look),
            LiveForm::Records => ndjson::answered(check + 1, probe),
        };
        self.write_of(check, &text)
    }

    fn waiting(&mut self, check: usize, plan: &Plan, evidence: &Evidence) {
        self.progress.waiting(check, plan, evidence);
    }

    fn retrying(&mut self, check: usize, number: usize, report: &Report) -> io::Result<()> {
        let text = match self.form {
            LiveForm::Silent => return Ok(()),
            LiveForm::Text => text::try_line(number, report, self.shown.look),
            LiveForm::Records => ndjson::written(&StreamRecord::tried(check + 1, number, report)),
        };
        self.write_of(check, &text)
    }

    fn pausing(&mut self, check: usize, plan: &Plan, left: Duration) {
        self.progress.pausing(check, plan, left);
    }

    fn finished(&mut self, _: usize) {
        self.progress.finished();
    }

    fn ended(&mut self, check: usize, outcome: JobOutcome) -> io::Result<()> {
        self.current = check;
        if let Some(text) = self.waiting.remove(&check) {
            self.write(&text)?;
        }
        // A signal arrived before the check began, so the run does not include this check.
        let JobOutcome::Checked(checked) = outcome else { return Ok(()) };
        let RetriedReport { report, earlier } = *checked;
        let result = CheckResult::of(report).after(earlier);
        let text = self.result(check, &result);
        self.write(&text)?;
        match &mut self.kept {
            Kept::Results(results) => results.push(result),
            Kept::Counts(tally) => tally.count(&result),
        }
        self.current = check + 1;
        self.progress.is_written(check);
        match self.waiting.remove(&self.current) {
            Some(text) => self.write(&text),
            None => Ok(()),
        }
    }
}

/// A listener that stores the result of one check.
struct SingleResult {
    progress: Progress,
    result: Option<RetriedReport>,
}

impl RunListener for SingleResult {
    fn waiting(&mut self, check: usize, plan: &Plan, evidence: &Evidence) {
        self.progress.waiting(check, plan, evidence);
    }

    fn pausing(&mut self, check: usize, plan: &Plan, left: Duration) {
        self.progress.pausing(check, plan, left);
    }

    fn ended(&mut self, _: usize, outcome: JobOutcome) -> io::Result<()> {
        if let JobOutcome::Checked(checked) = outcome {
            self.result = Some(*checked);
        }
        Ok(())
    }
}
