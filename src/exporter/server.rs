//! Accepts HTTP connections, and ends gracefully.
//!
//! These limits prevent slow or hostile clients from using up memory or file descriptors, and from keeping other
//! clients out:
//! 1. the number of connections; when it is reached, a connection that waits for a request is closed for each new one
//!    (see [`connections`](super::connections));
//! 2. [`HANDSHAKE`] for the TLS handshake, and [`FIRST_REQUEST`] for the first request;
//! 3. the size of a request (16 KiB) and the number of its headers;
//! 4. [`IDLE`] for everything else except the check: a response must be read, and the next request must arrive, within
//!    this time.
//!
//! After SIGTERM or SIGINT, no more connections are accepted. Running probes may continue for up to [`DRAIN`], because
//! Prometheus would record a probe without a result as a failure. Probes that are still running after that are stopped.

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
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::access::PasswordCheck;
use super::connections::{HttpConnection, HttpConnections, KEPT};
use super::limits::SPARE_CONNECTIONS;
use super::routes::{self, Page};
use super::service::{ExporterService, StopPhase};
use crate::host;
use crate::host::service::{ServiceSignal, ServiceSignals};

/// The time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The time in which the first request of a connection must arrive.
const FIRST_REQUEST: Duration = Duration::from_secs(5);

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
    let server = Rc::new(HttpServer {
        service: Rc::clone(&service),
        passwords: PasswordCheck::new(),
        permits: Arc::clone(&connections),
        open: HttpConnections::default(),
    });
    let accept = |listener| accept(Rc::clone(&server), listener);
    let accepting: Vec<JoinHandle<()>> = listeners.into_iter().map(accept).map(spawn_local).collect();
    while signals.next().await == ServiceSignal::Reload {
        // The log contains the result.
        let _ = service.reload();
    }
    service.log("a signal arrived; the exporter is stopping");
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

/// What the connections share.
struct HttpServer {
    service: Rc<ExporterService>,
    passwords: PasswordCheck,
    /// One permit for each connection that may exist.
    permits: Arc<Semaphore>,
    open: HttpConnections,
}

impl HttpServer {
    /// A permit for another connection. If none is left, another connection is closed.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
                return Some(permit);
            }
            if self.open.close_one(Instant::now()) {
                let closed = &self.service.counters.closed_connections;
                closed.set(closed.get() + 1);
            }
            tokio::select! {
                permit = Arc::clone(&self.permits).acquire_owned() => return permit.ok(),
                () = sleep(KEPT) => {}
            }
        }
    }
}

/// Accepts the connections of one address.
async fn accept(server: Rc<HttpServer>, listener: TcpListener) {
    let service = &server.service;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                sleep(PAUSE).await;
                continue;
            }
        };
        let Some(permit) = server.permit().await else { return };
        let refreshed = service.web.borrow_mut().refresh();
        match refreshed {
            Ok(false) => {}
            Ok(true) => service.log("the --web-config file or a certificate has changed and was read again"),
            Err(error) => service.log(&format!("--web-config {error}; the old configuration remains in use")),
        }
        let server = Rc::clone(&server);
        // The task owns the permit, because the exporter waits for all permits before it ends.
        spawn_local(async move {
            let _permit = permit;
            let connection = server.open.add(Instant::now(), HANDSHAKE);
            let open = &server.service.counters.connections;
            open.set(open.get() + 1);
            tokio::select! {
                // An error means that the client has disconnected, or does not use TLS or HTTP.
                _ = serve(&server, stream, &connection) => {}
                () = connection.closed() => {}
            }
            open.set(open.get().saturating_sub(1));
            server.open.remove(&connection);
        });
    }
}

async fn serve(server: &Rc<HttpServer>, stream: TcpStream, connection: &Rc<HttpConnection>) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let tls = server.service.web.borrow().current().tls.clone();
    match tls {
        Some(config) => {
            let secured = timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await;
            serve_http(server, secured.map_err(io::Error::other)??, connection).await;
        }
        None => serve_http(server, stream, connection).await,
    }
    Ok(())
}

/// Serves the requests of one connection.
async fn serve_http(
    server: &Rc<HttpServer>,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    state: &Rc<HttpConnection>,
) {
    state.expects_request(Instant::now(), FIRST_REQUEST);
    let respond = |request: Request<Incoming>| {
        let (server, state) = (Rc::clone(server), Rc::clone(state));
        async move {
            state.is_processing();
            let response = routes::respond(&server.service, &server.passwords, &request).await;
            state.has_response(Instant::now(), IDLE);
            Ok::<Response<Page>, Infallible>(response)
        }
    };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(MOST_BYTES).max_headers(MOST_HEADERS);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service_fn(respond)));
    let mut stopping = server.service.stopping.clone();
    let mut is_ending = false;
    loop {
        let limit = state.end().unwrap_or_else(|| Instant::now() + IDLE);
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            _ = stopping.wait_for(|phase| *phase > StopPhase::Running), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            () = sleep_until(limit) => {
                if state.end().is_some_and(|end| end <= Instant::now()) {
                    return;
                }
            }
        }
    }
}
