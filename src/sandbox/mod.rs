//! Deliberately misconfigured SMTP servers on loopback, for `demo`, for the tests and for any mail program.
//!
//! A [`Scenario`] describes one server with one fault; [`SCENARIOS`] lists all scenarios. [`Sandbox::open`] binds the
//! ports, and [`Sandbox::run`] serves all of them on one thread. Messages are never delivered: the sandbox discards
//! them. This module does not use the checker, so that an error in one does not hide an error in the other.
//!
//! | file | contents |
//! |---|---|
//! | `scenario` | the types that describe a scenario |
//! | `scenarios/` | the scenarios, by subject |
//! | `session`, `acts` | one connection, and what the server does on it |
//! | `login` | the server side of AUTH |
//! | `certificates`, `hello` | certificates, and handshakes that TLS libraries no longer support |
//! | `fleet`, `dns` | many servers on one machine, and their DNS names |
//! | `dns_server` | DNS over UDP and TCP |
//! | `domains/` | mail domains: signed zones, mail servers, MTA-STS policies |
//! | `start` | binding ports, and why that can fail |
//! | `journal` | the log of client and server activity |

mod acts;
mod certificates;
mod dns;
mod dns_server;
pub mod domains;
pub(crate) mod fleet;
mod hello;
pub mod journal;
pub mod login;
pub mod scenario;
pub mod scenarios;
mod session;
mod start;
mod transport;

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use certificates::Certificates;
use dns_server::DnsServer;
use domains::{DomainPorts, DomainServers, DomainService};
use journal::JournalListener;
use scenario::Backends;
use session::ConnectionFacts;
use start::bind;

pub use fleet::Fleet;
pub use scenario::Scenario;
pub use scenarios::{SCENARIOS, scenario, scenarios};
pub use start::StartError;

/// The maximum number of concurrent connections. Additional connections are closed immediately.
const MAX_SESSIONS: usize = 4096;
/// The period in which connections are counted for [`scenario::Trigger::Visit`].
const RECENT: Duration = Duration::from_secs(10);

/// Where the servers listen, and for whom.
#[derive(Clone, Debug)]
pub struct Options {
    /// The IP address to listen on.
    pub listen: IpAddr,
    /// The port of the first scenario; the next scenarios use the next ports. `None`: free ports.
    pub port: Option<u16>,
    /// Whether clients on other machines are served.
    pub remote: Remote,
    /// Serve one scenario on every address in 127.0.0.0/8.
    pub fleet: Option<Fleet>,
    /// The port of a small DNS server for `*.test`; 0 means a free port.
    pub dns: Option<u16>,
    /// The ports of the mail domains, if they are served.
    pub domains: Option<DomainPorts>,
}

/// Whether clients on other machines are served (`--allow-remote`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// No.
    Refused,
    /// Yes; the user accepted the risk with the flag.
    Allowed,
}

/// One scenario with its address.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// The IP address and port.
    pub address: SocketAddr,
}

/// Servers whose ports are bound. They respond after [`Sandbox::run`] is called.
pub struct Sandbox {
    runtime: tokio::runtime::Runtime,
    services: Vec<Service>,
    listeners: Vec<TcpListener>,
    fleet: Option<Fleet>,
    remote: Remote,
    dns: Option<DnsServer<dns::Zone>>,
    domains: Option<DomainServers>,
    certificates: Arc<Certificates>,
    signals: Option<ShutdownSignals>,
}

impl Sandbox {
    /// Binds one port for each scenario, or a single port for a fleet.
    pub fn open(scenarios: &[&'static Scenario], options: &Options) -> Result<Sandbox, StartError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StartError::Machine(error.to_string()))?;
        let certificates = Arc::new(Certificates::default());
        let guard = runtime.enter();
        let (mut services, mut listeners) = (Vec::new(), Vec::new());
        if options.fleet.is_some() {
            std::net::TcpListener::bind((Ipv4Addr::new(127, 1, 0, 1), 0)).map_err(StartError::NoFleet)?;
            let address = SocketAddr::new(options.listen, options.port.unwrap_or(0));
            listeners.push(bind(address, "the fleet", "--port")?);
        } else {
            for (at, scenario) in scenarios.iter().copied().enumerate() {
                let port = port(options.port, at, scenarios.len())?;
                let listener = bind(SocketAddr::new(options.listen, port), scenario.name, "--port")?;
                let address = listener.local_addr().map_err(|error| StartError::Machine(error.to_string()))?;
                services.push(Service { scenario, address });
                listeners.push(listener);
            }
        }
        let ports = services.iter().map(|service| (service.scenario.name, service.address.port())).collect();
        let dns = options.dns.map(|port| {
            let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
            let zone = dns::Zone { is_fleet: options.fleet.is_some(), ports, certificates: Arc::clone(&certificates) };
            DnsServer::bind(address, zone).map_err(|error| StartError::Bind {
                address,
                what: "DNS".to_owned(),
                flag: "--dns",
                error,
            })
        });
        let dns = dns.transpose()?;
        let domains = options.domains.map(|ports| DomainServers::open(ports, &certificates)).transpose()?;
        drop(guard);
        let (fleet, remote) = (options.fleet, options.remote);
        Ok(Sandbox { runtime, services, listeners, fleet, remote, dns, domains, certificates, signals: None })
    }

    /// The scenarios with their IP addresses and ports. Empty for a fleet, which serves every address.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The port of the fleet.
    pub fn fleet_port(&self) -> Option<u16> {
        self.fleet.and(self.listeners.first()).and_then(|listener| listener.local_addr().ok()).map(|at| at.port())
    }

    /// The IP address and port of the DNS server.
    pub fn dns(&self) -> Option<SocketAddr> {
        self.dns.as_ref().map(DnsServer::address)
    }

    /// Where the mail domains are served.
    pub fn domains(&self) -> Option<&DomainService> {
        self.domains.as_ref().map(DomainServers::service)
    }

    /// The CA certificates that a client must trust, as PEM.
    pub fn authorities(&self) -> Result<String, StartError> {
        self.certificates.authorities().map_err(StartError::Machine)
    }

    /// A client certificate with its key, as PEM.
    pub fn client_certificate(&self) -> Result<String, StartError> {
        self.certificates.client().map_err(StartError::Machine)
    }

    /// From now on, a signal makes [`Sandbox::run`] return instead of ending the program.
    pub fn heed_signals(&mut self, hangup: Hangup) {
        let _inside = self.runtime.enter();
        self.signals = Some(ShutdownSignals::listen(hangup));
    }

    /// Serves on this thread until a signal arrives. Returns the exit code for the program.
    pub fn run(mut self, listener: Option<JournalListener>) -> u8 {
        if self.signals.is_none() {
            self.heed_signals(Hangup::Ends);
        }
        let signals = self.signals.take();
        self.serve(listener, async {
            match signals {
                Some(signals) => signals.next().await,
                None => std::future::pending().await,
            }
        })
    }

    /// Serves on a new thread until the handle is dropped.
    pub fn spawn(self, listener: Option<JournalListener>) -> Result<Running, StartError> {
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = move || {
            self.serve(listener, async {
                let _ = stopped.await;
                0
            });
        };
        let thread = std::thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn(serve)
            .map_err(|error| StartError::Machine(error.to_string()))?;
        Ok(Running { stop: Some(stop), thread: Some(thread) })
    }

    fn serve(self, listener: Option<JournalListener>, end: impl Future<Output = u8>) -> u8 {
        let Sandbox { runtime, services, listeners, fleet, remote, dns, mut domains, certificates, signals: _ } = self;
        let context = Rc::new(SandboxContext {
            fleet,
            directory: domains.as_ref().map(|domains| Arc::clone(&domains.directory)),
            remote,
            certificates,
            listener,
            number: RefCell::new(0),
            at_once: RefCell::new(0),
            visits: RefCell::default(),
            turns: RefCell::default(),
        });
        let tasks = LocalSet::new();
        for (at, listener) in listeners.into_iter().enumerate() {
            let scenario = services.get(at).map(|service| service.scenario);
            tasks.spawn_local(accept(Rc::clone(&context), listener, scenario));
        }
        if let Some(dns) = dns {
            tasks.spawn_local(dns.run());
        }
        if let Some(mut domains) = domains.take() {
            for server in domains.take_dns_servers() {
                tasks.spawn_local(server.run());
            }
            let DomainServers { mail, web, plain_web, .. } = domains;
            tasks.spawn_local(accept(Rc::clone(&context), mail, None));
            tasks.spawn_local(accept_for_page(Rc::clone(&context), web, WebTransport::Https));
            tasks.spawn_local(accept_for_page(context, plain_web, WebTransport::Http));
        }
        tasks.block_on(&runtime, end)
    }
}

/// A sandbox that runs on another thread. It ends when this handle is dropped.
pub struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct SandboxContext {
    fleet: Option<Fleet>,
    directory: Option<Arc<domains::DomainDirectory>>,
    remote: Remote,
    certificates: Arc<Certificates>,
    listener: Option<JournalListener>,
    number: RefCell<u64>,
    at_once: RefCell<usize>,
    visits: RefCell<HashMap<(&'static str, IpAddr), VecDeque<Instant>>>,
    /// The number of connections to each scenario that has several servers.
    turns: RefCell<HashMap<(&'static str, IpAddr), u64>>,
}

impl SandboxContext {
    /// The number of this connection to a scenario that has several servers, from 1.
    fn turn(&self, scenario: &'static Scenario, at: IpAddr) -> u64 {
        if matches!(scenario.server.backends, Backends::Single) {
            return 1;
        }
        let mut turns = self.turns.borrow_mut();
        let turn = turns.entry((scenario.name, at)).or_default();
        *turn += 1;
        *turn
    }

    /// The number of recent connections to a server, including this one.
    fn visit(&self, scenario: &'static Scenario, at: IpAddr) -> u32 {
        let counts = scenario.server.on.iter().any(|(on, _)| matches!(on, scenario::Trigger::Visit(_)));
        if !counts {
            return 1;
        }
        let mut visits = self.visits.borrow_mut();
        let recent = visits.entry((scenario.name, at)).or_default();
        let now = Instant::now();
        recent.retain(|when| now.duration_since(*when) < RECENT);
        recent.push_back(now);
        u32::try_from(recent.len()).unwrap_or(u32::MAX)
    }
}

/// Accepts connections and starts a task for each. The tasks end with the task set.
async fn accept(context: Rc<SandboxContext>, listener: TcpListener, scenario: Option<&'static Scenario>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => start_session(&context, stream, peer, scenario),
            // For example, too many files are open, or the client has already closed the connection. The next accept
            // may succeed.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Whether a web server uses TLS.
#[derive(Clone, Copy)]
enum WebTransport {
    Https,
    Http,
}

/// Accepts clients of a web server of the mail domains, on this machine only.
async fn accept_for_page(context: Rc<SandboxContext>, listener: TcpListener, transport: WebTransport) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let context = Rc::clone(&context);
        let is_full = *context.at_once.borrow() >= MAX_SESSIONS;
        if !peer.ip().to_canonical().is_loopback() || is_full {
            continue;
        }
        *context.at_once.borrow_mut() += 1;
        tokio::task::spawn_local(async move {
            if let Some(directory) = &context.directory {
                match transport {
                    WebTransport::Https => domains::serve_policy(stream, directory, &context.certificates).await,
                    WebTransport::Http => domains::serve_page(stream, directory).await,
                }
            }
            *context.at_once.borrow_mut() -= 1;
        });
    }
}

fn start_session(
    context: &Rc<SandboxContext>,
    stream: TcpStream,
    peer: SocketAddr,
    scenario: Option<&'static Scenario>,
) {
    let Ok(at) = stream.local_addr() else { return };
    let at = at.ip().to_canonical();
    let is_remote = !at.is_loopback() || !peer.ip().to_canonical().is_loopback();
    if (is_remote && context.remote == Remote::Refused) || *context.at_once.borrow() >= MAX_SESSIONS {
        return;
    }
    let of_fleet = || match at {
        IpAddr::V4(at) => context.fleet.map(|fleet| fleet.at(at)),
        IpAddr::V6(_) => None,
    };
    let of_domain = || match at {
        IpAddr::V4(at) => context.directory.as_ref()?.scenario_at(at),
        IpAddr::V6(_) => None,
    };
    let Some(scenario) = scenario.or_else(of_domain).or_else(of_fleet) else { return };
    *context.number.borrow_mut() += 1;
    *context.at_once.borrow_mut() += 1;
    let visit = ConnectionFacts {
        number: *context.number.borrow(),
        recent: context.visit(scenario, at),
        turn: context.turn(scenario, at),
        at,
    };
    let context = Rc::clone(context);
    tokio::task::spawn_local(async move {
        session::serve(stream, scenario, visit, &context.certificates, context.listener.as_ref()).await;
        *context.at_once.borrow_mut() -= 1;
    });
}

fn port(first: Option<u16>, at: usize, count: usize) -> Result<u16, StartError> {
    let Some(first) = first.filter(|&first| first != 0) else { return Ok(0) };
    let offset = u16::try_from(at).ok().and_then(|at| first.checked_add(at));
    offset.ok_or(StartError::OutOfPorts { first, count })
}

/// What the servers do when the terminal is closed (SIGHUP).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// They end.
    Ends,
    /// They continue, as with `nohup`.
    Ignored,
}

#[cfg(unix)]
struct ShutdownSignals {
    interrupt: io::Result<tokio::signal::unix::Signal>,
    terminate: io::Result<tokio::signal::unix::Signal>,
    /// `None` if the servers continue after the terminal is closed.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl ShutdownSignals {
    fn listen(hangup: Hangup) -> ShutdownSignals {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = if hangup == Hangup::Ends { signal(SignalKind::hangup()).ok() } else { None };
        ShutdownSignals {
            interrupt: signal(SignalKind::interrupt()),
            terminate: signal(SignalKind::terminate()),
            hangup,
        }
    }

    /// Waits for one of the signals. Returns the exit code.
    async fn next(self) -> u8 {
        let (Ok(mut interrupt), Ok(mut terminate)) = (self.interrupt, self.terminate) else {
            // No handler is installed, so the signals end the program.
            return std::future::pending().await;
        };
        let mut hangup = self.hangup;
        let hung_up = async {
            match &mut hangup {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => 0,
            _ = terminate.recv() => 0,
            _ = hung_up => 0,
        }
    }
}

#[cfg(not(unix))]
struct ShutdownSignals;

#[cfg(not(unix))]
impl ShutdownSignals {
    fn listen(_: Hangup) -> ShutdownSignals {
        ShutdownSignals
    }

    async fn next(self) -> u8 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => 0,
            Err(_) => std::future::pending().await,
        }
    }
}
