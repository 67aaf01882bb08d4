//! Accepts HTTP connections, and ends gracefully.
//!
//! These limits prevent slow or hostile clients from using up memory or file descriptors:
//! 1. the number of connections; more clients have to wait until a connection ends;
//! 2. 10 s for the TLS handshake, and 10 s for the first request;
//! 3. the size of a request (16 KiB) and the number of its headers;
//! 4. [`IDLE`] for everything else except the check: a response must be read, and the next request must arrive, within
//!    this time.
//!
//! After SIGTERM or SIGINT, no more connections are accepted. Running probes may continue for up to [`DRAIN`], because
//! Prometheus would record a probe without a result as a failure. Probes that are still running after that are stopped.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::access::PasswordCheck;
use super::limits::SPARE_CONNECTIONS;
use super::routes::{self, Page};
use super::service::{ExporterService, StopPhase};
use crate::host;
use crate::host::service::{ServiceSignal, ServiceSignals};

/// The time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The time in which the first request of a connection must arrive.
const FIRST_REQUEST: Duration = Duration::from_secs(10);

/// How long a connection may exist while no check runs for it. If Prometheus's scrape interval is longer than this,
/// Prometheus opens a new connection.
const IDLE: Duration = Duration::from_secs(65);

/// The size of a request without a body, and the number of its headers.
const MOST_BYTES: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// The pause after a connection could not be accepted for lack of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// How long probes may run after a signal.
const DRAIN: Duration = Duration::from_secs(5);

/// How long stopped probes have to end their sessions; see `run::service`.
const STOP: Duration = Duration::from_secs(3);

/// Serves requests until a signal arrives.
pub(super) async fn run(
    service: Rc<ExporterService>,
    listeners: Vec<TcpListener>,
    mut signals: ServiceSignals,
    stop: watch::Sender<StopPhase>,
) {
    let most = service.request.max_probes.saturating_add(SPARE_CONNECTIONS);
    let connections = Arc::new(Semaphore::new(most));
    let passwords = Rc::new(PasswordCheck::new());
    let accept = |listener| accept(Rc::clone(&service), listener, Arc::clone(&connections), Rc::clone(&passwords));
    let accepting: Vec<JoinHandle<()>> = listeners.into_iter().map(accept).map(spawn_local).collect();
    while signals.next().await == ServiceSignal::Reload {
        // The log contains the result.
        let _ = service.reload();
    }
    service.log("a signal arrived; ending");
    accepting.iter().for_each(JoinHandle::abort);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    for (phase, time) in [(StopPhase::Draining, DRAIN), (StopPhase::Stopping, STOP)] {
        let _ = stop.send(phase);
        if phase == StopPhase::Stopping {
            host::service::end();
        }
        tokio::select! {
            _ = timeout(time, connections.acquire_many(all)) => {}
            // A second signal ends the wait.
            () = stopped(&mut signals) => {}
        }
    }
    let probes = u32::try_from(service.request.max_probes).unwrap_or(u32::MAX);
    let _ = timeout(STOP, service.permits.acquire_many(probes)).await;
}

/// Waits for a signal that ends the exporter.
async fn stopped(signals: &mut ServiceSignals) {
    while signals.next().await != ServiceSignal::Stop {}
}

/// Accepts the connections of one address.
async fn accept(
    service: Rc<ExporterService>,
    listener: TcpListener,
    connections: Arc<Semaphore>,
    passwords: Rc<PasswordCheck>,
) {
    loop {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                sleep(PAUSE).await;
                continue;
            }
        };
        let refreshed = service.web.borrow_mut().refresh();
        match refreshed {
            Ok(false) => {}
            Ok(true) => service.log("the --web-config file or a certificate has changed and was read again"),
            Err(error) => service.log(&format!("--web-config {error}; the old configuration remains in use")),
        }
        let (service, passwords) = (Rc::clone(&service), Rc::clone(&passwords));
        // The task owns the permit, because the exporter waits for all permits before it ends.
        spawn_local(async move {
            let _permit = permit;
            let open = &service.counters.connections;
            open.set(open.get() + 1);
            // An error means that the client has disconnected, or does not use TLS or HTTP.
            let _ = serve(&service, stream, &passwords).await;
            open.set(open.get().saturating_sub(1));
        });
    }
}

async fn serve(service: &Rc<ExporterService>, stream: TcpStream, passwords: &Rc<PasswordCheck>) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let tls = service.web.borrow().current().tls.clone();
    match tls {
        Some(config) => {
            let secured = timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await;
            serve_http(service, secured.map_err(io::Error::other)??, passwords).await;
        }
        None => serve_http(service, stream, passwords).await,
    }
    Ok(())
}

/// Serves the requests of one connection.
async fn serve_http(
    service: &Rc<ExporterService>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    passwords: &Rc<PasswordCheck>,
) {
    let activity = Rc::new(Activity {
        since: Cell::new(Instant::now()),
        limit: Cell::new(FIRST_REQUEST),
        is_busy: Cell::new(false),
    });
    let respond = |request: Request<Incoming>| {
        let (service, passwords, activity) = (Rc::clone(service), Rc::clone(passwords), Rc::clone(&activity));
        async move {
            activity.is_busy.set(true);
            let response = routes::respond(&service, &passwords, &request).await;
            activity.is_busy.set(false);
            activity.since.set(Instant::now());
            activity.limit.set(IDLE);
            Ok::<Response<Page>, Infallible>(response)
        }
    };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(MOST_BYTES).max_headers(MOST_HEADERS);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service_fn(respond)));
    let mut stopping = service.stopping.clone();
    let mut is_ending = false;
    loop {
        let limit = if activity.is_busy.get() { Instant::now() + IDLE } else { activity.end() };
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            _ = stopping.wait_for(|phase| *phase > StopPhase::Running), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            () = sleep_until(limit) => {
                if !activity.is_busy.get() && activity.end() <= Instant::now() {
                    return;
                }
            }
        }
    }
}

/// The state of a connection.
struct Activity {
    /// The end of the last response, or the start of the connection.
    since: Cell<Instant>,
    /// How long the connection may last after that.
    limit: Cell<Duration>,
    /// Whether a response is being prepared. A check has its own time limit.
    is_busy: Cell<bool>,
}

impl Activity {
    /// When the connection ends, unless a request arrives first.
    fn end(&self) -> Instant {
        self.since.get() + self.limit.get()
    }
}
