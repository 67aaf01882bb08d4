//! The signals of a service: SIGTERM and SIGINT stop it, and SIGHUP makes it reload its configuration. While a service
//! runs, no other part of this program reacts to signals. Otherwise, code that waits for a password command could end
//! the program.

use std::sync::OnceLock;

use tokio::sync::watch;

/// Whether the service has ended. Empty if no service runs.
static ENDED: OnceLock<watch::Sender<bool>> = OnceLock::new();

/// Whether this program is a service.
pub(crate) fn is_running() -> bool {
    ENDED.get().is_some()
}

/// Ends the commands that print passwords.
pub(crate) fn end() {
    if let Some(ended) = ENDED.get() {
        ended.send_replace(true);
    }
}

/// Waits until the service ends. Without a service, this never ends.
pub(crate) async fn ended() {
    match ENDED.get() {
        // The sender is never dropped.
        Some(ended) => drop(ended.subscribe().wait_for(|is_over| *is_over).await),
        None => std::future::pending().await,
    }
}

/// How a service reacts to a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceSignal {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
}

/// Waits for signals.
pub(crate) struct ServiceSignals {
    #[cfg(unix)]
    stop: [Option<tokio::signal::unix::Signal>; 2],
    #[cfg(unix)]
    reload: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl ServiceSignals {
    /// Watches for signals from now on. Must be called inside a runtime. A signal that cannot be caught keeps its default
    /// action: it ends the program.
    pub(crate) fn listen() -> ServiceSignals {
        use tokio::signal::unix::{SignalKind, signal};
        ENDED.get_or_init(|| watch::Sender::new(false));
        let of = |kind: SignalKind| signal(kind).ok();
        ServiceSignals {
            stop: [of(SignalKind::terminate()), of(SignalKind::interrupt())],
            reload: of(SignalKind::hangup()),
        }
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> ServiceSignal {
        async fn arrived(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        }
        let [terminate, interrupt] = &mut self.stop;
        tokio::select! {
            () = arrived(terminate) => ServiceSignal::Stop,
            () = arrived(interrupt) => ServiceSignal::Stop,
            () = arrived(&mut self.reload) => ServiceSignal::Reload,
        }
    }
}

#[cfg(not(unix))]
impl ServiceSignals {
    /// Watches for signals from now on.
    pub(crate) fn listen() -> ServiceSignals {
        ENDED.get_or_init(|| watch::Sender::new(false));
        ServiceSignals {}
    }

    /// The next signal. Only Ctrl-C exists.
    pub(crate) async fn next(&mut self) -> ServiceSignal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => ServiceSignal::Stop,
            Err(_) => std::future::pending().await,
        }
    }
}
