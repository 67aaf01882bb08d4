//! The HTTP server of `smtpcheck exporter`, with the conventions of blackbox_exporter: when Prometheus requests
//! `/probe?target=HOST:PORT&module=NAME`, the exporter checks that target and responds with metrics.
//!
//! - [`server`] accepts connections, limits their number, size and duration, and ends gracefully. [`connections`]
//!   selects the connection that is closed if there are too many.
//! - [`routes`] finds the page for a request, and [`probe`] runs the check for `/probe`.
//! - [`web_config`] parses the file with TLS certificates and users, [`tls`] sets up TLS from it, and [`access`]
//!   decides who has access.
//! - [`counters`] counts, and [`history`] keeps the last probes.
//!
//! Everything runs on one thread, together with the checks, so no locks are needed. Only password comparisons and the
//! commands that print passwords run on other threads. Memory is bounded: at most `max_probes` checks run and a limited
//! number of connections exist at the same time, and [`history`] has a fixed size.
//!
//! The exporter follows these rules:
//! 1. A target that responds slowly never delays the check of another target.
//! 2. No page contains a secret. Details about a password that cannot be read appear only in the log.
//! 3. If a client closes its connection before the response, its check ends, with QUIT where possible.
//!
//! This module does not read the configuration file: [`ProbePlanner`] makes the plan for a request.

mod access;
mod connections;
mod counters;
mod history;
mod limits;
mod planner;
mod probe;
mod routes;
mod server;
mod service;
mod tls;
mod web_config;
mod web_files;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use self::counters::Counters;
use self::history::ProbeHistory;
use self::service::{ExporterService, StopPhase};
use self::web_files::WebFiles;
use crate::cli::commands::exporter::ExporterRequest;
use crate::host::service::ServiceSignals;
use crate::host::{SetupError, clock};
use crate::run::{CheckRunner, Engine};

pub use planner::{FetchSecret, LogLine, PlannedProbe, ProbePlanner, ProbeRefusal, ProbeRequest, ReloadMistake};

/// Why the exporter cannot start.
#[derive(Debug)]
pub enum ExporterError {
    /// It cannot listen on this address.
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's error.
        error: std::io::Error,
    },
    /// The web configuration file contains an error.
    WebConfig(String),
    /// A file that a check needs cannot be read, or this machine cannot run checks.
    Setup(SetupError),
}

impl fmt::Display for ExporterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExporterError::Listen { address, error } => write!(f, "--listen {address}: {error}"),
            ExporterError::WebConfig(error) => write!(f, "--web-config {error}"),
            ExporterError::Setup(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ExporterError {}

/// A server that can be started.
pub struct Exporter {
    request: ExporterRequest,
    web: WebFiles,
}

impl Exporter {
    /// Reads the web configuration file. The exporter does not listen yet.
    pub fn new(request: ExporterRequest) -> Result<Exporter, ExporterError> {
        let web = WebFiles::read(request.web_config.clone()).map_err(ExporterError::WebConfig)?;
        Ok(Exporter { request, web })
    }

    /// A warning if other machines can connect without encryption or without a password.
    pub fn warning(&self) -> Option<String> {
        if !self.request.is_open() {
            return None;
        }
        let web = self.web.current();
        // A client certificate identifies the client.
        let lacks = match (web.tls.is_some(), !web.users.is_empty() || web.needs_client_certificate) {
            (true, true) => return None,
            (true, false) => "every client can use the exporter, because it has no users",
            (false, true) => "passwords for the exporter are sent in clear text, because it has no TLS",
            (false, false) => {
                "every client can use the exporter and its responses are sent in clear text, because it has neither users nor TLS"
            }
        };
        Some(format!("{lacks}; add tls_server_config and basic_auth_users to the --web-config file"))
    }

    /// Reads the files that the checks need, without listening.
    pub fn prepare(engine: Engine, planner: &dyn ProbePlanner) -> Result<(), ExporterError> {
        engine.serve(|runner| async move { read_files(&runner, planner) })
    }

    /// Serves requests until a signal arrives. The log contains each address once the exporter listens on it.
    pub fn run(self, engine: Engine, planner: Box<dyn ProbePlanner>, log: LogLine) -> Result<(), ExporterError> {
        let Exporter { mut request, web } = self;
        let most = limits::probes(request.max_probes);
        if most < request.max_probes {
            log(&format!(
                "this machine allows too few file descriptors for {} probes at the same time, so the limit is {most}; allow more file descriptors, for example with: ulimit -n 4096",
                request.max_probes
            ));
            request.max_probes = most;
        }
        engine.serve(|runner| async move {
            // From now on, no signal is missed.
            let signals = ServiceSignals::listen();
            read_files(&runner, planner.as_ref())?;
            let scheme = if web.current().tls.is_some() { "https" } else { "http" };
            let mut listeners = Vec::new();
            for &address in &request.listen {
                let wrong = |error| ExporterError::Listen { address, error };
                let listener = TcpListener::bind(address).await.map_err(wrong)?;
                log(&format!("listening on {scheme}://{}", listener.local_addr().map_err(wrong)?));
                listeners.push(listener);
            }
            let (stop, stopping) = watch::channel(StopPhase::Running);
            let service = Rc::new(ExporterService {
                permits: Arc::new(Semaphore::new(request.max_probes)),
                request,
                runner,
                planner: RefCell::new(planner),
                counters: Counters::new(clock::now().ok()),
                history: RefCell::new(ProbeHistory::default()),
                web: RefCell::new(web),
                files_read: Cell::new(Instant::now()),
                stopping,
                log,
            });
            server::run(service, listeners, signals, stop).await;
            Ok(())
        })
    }
}

fn read_files(runner: &CheckRunner, planner: &dyn ProbePlanner) -> Result<(), ExporterError> {
    planner.examples().iter().try_for_each(|plan| runner.prepare(plan)).map_err(ExporterError::Setup)
}
