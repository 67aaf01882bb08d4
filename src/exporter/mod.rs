//! The HTTP server of `smtpcheck exporter`, with the conventions of blackbox_exporter: Prometheus requests
//! `/probe?target=HOST:PORT&module=NAME`, the exporter checks this server, and responds with metrics.
//!
//! - [`server`] accepts connections, with limits for their number, their size and their time, and ends gracefully.
//! - [`routes`] finds the page of a request, and [`probe`] runs the check of a `/probe`.
//! - [`web_config`] parses the file with TLS certificates and users, [`tls`] makes the TLS server of it, and [`access`]
//!   decides who has access.
//! - [`counters`] counts, and [`history`] keeps the last probes.
//!
//! Everything runs on one thread, with the checks, so that nothing needs a lock. Only the comparison of a password and the
//! command that prints one run on other threads. Memory is bounded: at most `max_probes` checks and [`server`]'s number of
//! connections exist at the same time, and [`history`] has a fixed size.
//!
//! Promises:
//! 1. A target that responds slowly never delays the check of another one.
//! 2. No page contains a secret. Details about a password that cannot be read appear only in the log.
//! 3. If a client closes its connection before the response, its check ends, with QUIT where possible.
//!
//! This module knows no configuration file: [`ProbePlanner`] makes the plan of a request.

mod access;
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

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Semaphore, watch};

use self::counters::Counters;
use self::history::ProbeHistory;
use self::service::{ExporterService, StopPhase};
use self::web_files::WebFiles;
use crate::cli::commands::exporter::ExporterRequest;
use crate::host::clock;
use crate::run::Engine;

pub use planner::{FetchSecret, LogLine, PlannedProbe, ProbePlanner, ProbeRefusal, ProbeRequest};

/// Why the exporter cannot start.
#[derive(Debug)]
pub enum ExporterError {
    /// It cannot listen on this address.
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the system.
        error: std::io::Error,
    },
    /// The web configuration file has a mistake.
    WebConfig(String),
}

impl fmt::Display for ExporterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExporterError::Listen { address, error } => write!(f, "--listen {address}: {error}"),
            ExporterError::WebConfig(error) => write!(f, "--web-config {error}"),
        }
    }
}

impl std::error::Error for ExporterError {}

/// A server that can be started.
pub struct Exporter {
    request: ExporterRequest,
    listeners: Vec<TcpListener>,
    web: WebFiles,
}

impl Exporter {
    /// Reads the web configuration file. The exporter does not listen yet.
    pub fn new(request: ExporterRequest) -> Result<Exporter, ExporterError> {
        let web = WebFiles::read(request.web_config.clone()).map_err(ExporterError::WebConfig)?;
        Ok(Exporter { request, listeners: Vec::new(), web })
    }

    /// Listens on all addresses. Returns the URLs.
    pub fn listen(&mut self) -> Result<Vec<String>, ExporterError> {
        let scheme = if self.web.current().tls.is_some() { "https" } else { "http" };
        let mut urls = Vec::new();
        for &address in &self.request.listen {
            let wrong = |error| ExporterError::Listen { address, error };
            let listener = TcpListener::bind(address).map_err(wrong)?;
            listener.set_nonblocking(true).map_err(wrong)?;
            urls.push(format!("{scheme}://{}", listener.local_addr().map_err(wrong)?));
            self.listeners.push(listener);
        }
        Ok(urls)
    }

    /// A warning if other machines can connect without encryption or without a password.
    pub fn warning(&self) -> Option<Cow<'static, str>> {
        let web = self.web.current();
        let lacks = match (web.tls.is_some() || !self.request.is_open(), web.users.is_empty()) {
            _ if !self.request.is_open() => return None,
            (true, false) => return None,
            (false, false) => "without TLS, passwords for the exporter are sent in clear text",
            // A client certificate identifies the client.
            (true, true) if web.needs_client_certificate => return None,
            (true, true) => "without users, every client can use the exporter",
            (false, true) => {
                "without TLS and users, every client can use the exporter, and the responses are sent in clear text"
            }
        };
        Some(format!("other machines can connect: {lacks}; add tls_server_config and basic_auth_users to the file of --web-config").into())
    }

    /// Serves requests until a signal arrives.
    pub fn run(self, engine: Engine, planner: Box<dyn ProbePlanner>, log: LogLine) {
        let Exporter { mut request, listeners, web } = self;
        let most = limits::probes(request.max_probes);
        if most < request.max_probes {
            log(&format!(
                "this machine allows too few file descriptors for {} probes at the same time, so the limit is {most}; raise it, for example with: ulimit -n 4096",
                request.max_probes
            ));
            request.max_probes = most;
        }
        engine.serve(|runner| async move {
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
            server::run(service, listeners, stop).await;
        });
    }
}
