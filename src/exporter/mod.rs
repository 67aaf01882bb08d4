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
mod probe;
mod routes;
mod server;
mod tls;
mod web_config;
mod web_files;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};

use self::counters::Counters;
use self::history::History;
use self::web_files::WebFiles;
use crate::cli::commands::exporter::ExporterRequest;
use crate::expect::Expectation;
use crate::host::clock;
use crate::plan::Plan;
use crate::render::exporter::ModuleRow;
use crate::run::{CheckRunner, Engine};
use crate::secret::Secret;

/// Makes the plans of probes. `commands` implements it with the configuration file.
pub trait ProbePlanner {
    /// The plan of a request.
    fn plan(&self, request: &ProbeRequest) -> Result<PlannedProbe, ProbeRefusal>;
    /// The modules, by name.
    fn modules(&self) -> Vec<ModuleRow>;
    /// The configuration of all modules, or of one, without secrets.
    fn configuration(&self, module: Option<&str>) -> String;
    /// A plan of each module, which is not run. It names the files that the checks of the module need.
    fn examples(&self) -> Vec<Plan>;
    /// The planner of the configuration as it is now.
    fn read_again(&self) -> Result<Box<dyn ProbePlanner>, String>;
}

/// What a request asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeRequest {
    /// The target, if the request names one.
    pub target: Option<String>,
    /// The name of the module, if the request names one.
    pub module: Option<String>,
    /// The name that the certificate must cover, if it is not that of the target.
    pub hostname: Option<String>,
}

/// A check that has not begun.
pub struct PlannedProbe {
    /// The name of the module.
    pub module: String,
    /// The plan.
    pub plan: Plan,
    /// The expectations of the module.
    pub expectations: Vec<Expectation>,
    /// Reads the password, if the check needs one.
    pub fetch: Option<FetchSecret>,
}

/// Reads a password. Also returns how long this took, which counts towards the time limit of the check. It blocks its
/// thread.
pub type FetchSecret = Box<dyn FnOnce() -> Result<(Option<Secret>, Duration), String> + Send>;

/// Why a request leads to no check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeRefusal {
    /// The request has a mistake. The text says what to write instead.
    Invalid(String),
    /// There is no such module.
    UnknownModule(String),
    /// The module would send its password to a host that it is not for.
    OtherHost(String),
}

/// Writes a line to the log.
pub type LogLine = Rc<dyn Fn(&str)>;

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
            let service = Rc::new(Service {
                permits: Arc::new(Semaphore::new(request.max_probes)),
                request,
                runner,
                planner: RefCell::new(planner),
                counters: Counters::new(clock::now().ok()),
                history: RefCell::new(History::default()),
                web: RefCell::new(web),
                files_read: Cell::new(Instant::now()),
                stopping,
                log,
            });
            server::run(service, listeners, stop).await;
        });
    }
}

/// How far the exporter has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum StopPhase {
    /// It serves requests.
    Running,
    /// It accepts no further requests. Probes that run may come to their end.
    Draining,
    /// Probes that still run are stopped.
    Stopping,
}

/// What all requests share.
struct Service {
    request: ExporterRequest,
    runner: CheckRunner,
    planner: RefCell<Box<dyn ProbePlanner>>,
    counters: Counters,
    history: RefCell<History>,
    web: RefCell<WebFiles>,
    /// One permit for each probe that may run.
    permits: Arc<Semaphore>,
    /// When the trust stores and certificates of the checks were read.
    files_read: Cell<Instant>,
    stopping: watch::Receiver<StopPhase>,
    log: LogLine,
}

impl Service {
    /// Trust stores and client certificates are read again after this time, because they are renewed while the exporter
    /// runs.
    const FILES_AGE: Duration = Duration::from_secs(3600);

    /// Reads the configuration and all files again.
    fn reload(&self) -> Result<(), String> {
        self.runner.forget_files();
        self.files_read.set(Instant::now());
        let result = self.replace_configuration();
        self.counters.reloaded(result.is_ok(), clock::now().ok());
        match &result {
            Ok(()) => self.log("the configuration was read again"),
            Err(error) => self.log(&format!("the configuration was not replaced, because it has a mistake: {error}")),
        }
        result
    }

    /// Replaces the configuration and the web configuration, if neither has a mistake.
    fn replace_configuration(&self) -> Result<(), String> {
        let planner = self.planner.borrow().read_again()?;
        for plan in planner.examples() {
            self.runner.prepare(&plan).map_err(|error| error.to_string())?;
        }
        self.web.borrow_mut().reload().map_err(|error| format!("--web-config {error}"))?;
        *self.planner.borrow_mut() = planner;
        Ok(())
    }

    /// Lets the checks read their files again if they are old.
    fn refresh_files(&self) {
        if self.files_read.get().elapsed() > Service::FILES_AGE {
            self.runner.forget_files();
            self.files_read.set(Instant::now());
        }
    }

    fn log(&self, line: &str) {
        (self.log)(line);
    }

    /// The current time. If the clock is wrong, the page shows 1970.
    fn now(&self) -> Timestamp {
        clock::now().unwrap_or(Timestamp::UNIX_EPOCH)
    }
}
