//! Receives the results of the checks, adds each result to the state, and writes a line or a record for it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::super::sink::Sink;
use super::terminal::WatchScreen;
use crate::host::clock;
use crate::plan::AddressChoice;
use crate::render::watch::line::{self, WatchLineForm};
use crate::render::watch::{record, summary as text};
use crate::render::write_out::Template;
use crate::render::{Display, WatchForm};
use crate::report::Document;
use crate::run::{Job, RepeatCommand, RepeatListener, RetriedReport};
use crate::watch::Watch;
use crate::watch::record::WatchRecord;
use crate::watch::summary::WatchSummary;

pub(super) struct WatchResults<'a> {
    pub(super) state: Arc<Mutex<Watch>>,
    pub(super) form: WatchForm,
    pub(super) look: &'a Display,
    /// Whether each check is directed to the next IP address of the host.
    pub(super) goes_round: bool,
    pub(super) has_target: bool,
    pub(super) is_quiet: bool,
    /// `--write-out`, which replaces the line of a check.
    pub(super) template: Option<&'a Template>,
    pub(super) sink: Sink,
    /// Whether the program that reads standard output has ended.
    pub(super) is_closed: bool,
    /// The screen, while it is shown. During that time, no lines are written.
    pub(super) screen: Option<WatchScreen>,
}

impl WatchResults<'_> {
    /// Writes the first record.
    pub(super) fn begin(&mut self, first: &WatchRecord) -> io::Result<()> {
        match self.form {
            WatchForm::Records => self.write(&record::line(first)),
            WatchForm::Lines | WatchForm::Summary(_) => Ok(()),
        }
    }

    /// Writes the summary.
    pub(super) fn end(&mut self, summary: &WatchSummary) -> io::Result<()> {
        let summary = match self.form {
            WatchForm::Lines if self.template.is_some() => return Ok(()),
            WatchForm::Lines => text::summary(summary, self.look),
            WatchForm::Summary(render) => render(summary, self.look),
            WatchForm::Records => record::summary_line(summary),
        };
        self.write(&summary)
    }

    /// Writes text. If the reader has closed the pipe, the watch ends, because its results would be lost.
    fn write(&mut self, text: &str) -> io::Result<()> {
        if self.is_closed || text.is_empty() {
            return Ok(());
        }
        let Sink::Stdout = &self.sink else { return self.sink.write(text) };
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            written => written,
        }
    }
}

impl RepeatListener for WatchResults<'_> {
    fn begins(&mut self, target: usize, job: &mut Job) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(now) = clock::now() {
            state.begun(target, now);
        }
        let Some(watched) = state.targets.get_mut(target) else { return };
        if watched.checks > 0 {
            // The time that a password command took is counted only once.
            job.spent = Duration::ZERO;
        }
        if self.goes_round {
            job.plan.addresses =
                watched.next_address().map_or(AddressChoice::First, |address| AddressChoice::Only { address });
        }
    }

    fn ended(&mut self, target: usize, result: RetriedReport) -> io::Result<()> {
        let RetriedReport { report, earlier } = result;
        let observation = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.ended(target, &report)
        };
        let Some(observation) = observation else { return Ok(()) };
        let text = match self.form {
            WatchForm::Summary(_) => return Ok(()),
            WatchForm::Lines if self.template.is_some() => {
                let document = Document::from(&report).after(&earlier);
                self.template.map(|template| template.fill(&document)).unwrap_or_default()
            }
            WatchForm::Lines if self.is_quiet || self.screen.is_some() => return Ok(()),
            WatchForm::Lines => {
                line::check(&report, &observation, &WatchLineForm { look: self.look, has_target: self.has_target })
            }
            WatchForm::Records => {
                let report = Box::new(Document::from(&report).after(&earlier));
                record::line(&WatchRecord::Watched { target: target + 1, number: observation.number, report })
            }
        };
        self.write(&text)
    }

    fn tick(&mut self) -> RepeatCommand {
        match &self.screen {
            _ if self.is_closed => RepeatCommand::Stop,
            Some(screen) => screen.command(),
            None => RepeatCommand::Continue,
        }
    }
}
