//! What all requests share: the configuration, the counts, the limits, and the state of the exporter.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};

use super::counters::Counters;
use super::history::ProbeHistory;
use super::planner::{LogLine, ProbePlanner, ReloadMistake};
use super::web_files::WebFiles;
use crate::cli::commands::exporter::ExporterRequest;
use crate::host::clock;
use crate::run::CheckRunner;

/// How far the shutdown of the exporter has progressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StopPhase {
    /// It serves requests.
    Running,
    /// It accepts no more requests. Running probes may finish.
    Draining,
    /// Probes that are still running are stopped.
    Stopping,
}

/// What all requests share.
pub(super) struct ExporterService {
    pub(super) request: ExporterRequest,
    pub(super) runner: CheckRunner,
    pub(super) planner: RefCell<Box<dyn ProbePlanner>>,
    pub(super) counters: Counters,
    pub(super) history: RefCell<ProbeHistory>,
    pub(super) web: RefCell<WebFiles>,
    /// One permit for each probe that may run.
    pub(super) permits: Arc<Semaphore>,
    /// When the trust stores and certificates of the checks were read.
    pub(super) files_read: Cell<Instant>,
    pub(super) stopping: watch::Receiver<StopPhase>,
    pub(super) log: LogLine,
}

impl ExporterService {
    /// Trust stores and client certificates are read again after this time, because they can be renewed while the
    /// exporter runs.
    const FILES_AGE: Duration = Duration::from_secs(3600);

    /// Reads the configuration and all files again. Clients may see the error text.
    pub(super) fn reload(&self) -> Result<(), String> {
        self.runner.forget_files();
        self.files_read.set(Instant::now());
        let result = self.replace_configuration();
        self.counters.reloaded(result.is_ok(), clock::now().ok());
        match result {
            Ok(()) => {
                self.log("the configuration was read again");
                Ok(())
            }
            Err(ReloadMistake { details, place }) => {
                self.log(&format!("the configuration was not replaced, because it contains an error: {details}"));
                Err(place)
            }
        }
    }

    /// Replaces the configuration and the web configuration, if neither contains an error.
    fn replace_configuration(&self) -> Result<(), ReloadMistake> {
        // These messages name files and keys, but no values.
        let public = |text: String| ReloadMistake { details: text.clone(), place: text };
        let planner = self.planner.borrow().read_again()?;
        for plan in planner.examples() {
            self.runner.prepare(&plan).map_err(|error| public(error.to_string()))?;
        }
        self.web.borrow_mut().reload().map_err(|error| public(format!("--web-config {error}")))?;
        *self.planner.borrow_mut() = planner;
        Ok(())
    }

    /// Makes the checks read their files again if they were last read more than an hour ago.
    pub(super) fn refresh_files(&self) {
        if self.files_read.get().elapsed() > ExporterService::FILES_AGE {
            self.runner.forget_files();
            self.files_read.set(Instant::now());
        }
    }

    pub(super) fn log(&self, line: &str) {
        (self.log)(line);
    }

    /// The current time. If the clock is wrong, the page shows 1970.
    pub(super) fn now(&self) -> Timestamp {
        clock::now().unwrap_or(Timestamp::UNIX_EPOCH)
    }
}
