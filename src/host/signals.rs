//! Signals that end the program: SIGINT, SIGTERM, SIGHUP.
//!
//! An inquiry that runs is interrupted and leaves a report ([`Interruption`]). A thread of its own watches as well
//! ([`end_if_unhandled`]): the main thread may be blocked in writing to a pipe that nothing reads. The library never ends
//! the process; the program installs what does ([`end_with`]).

use std::sync::{Once, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::inquiry::Signal;

/// How long a report may take after a signal. The output may go to a pipe that is never read.
const TIME_FOR_THE_REPORT: Duration = Duration::from_secs(5);

/// The first signal that arrived.
static RECEIVED: OnceLock<Signal> = OnceLock::new();

/// What ends the process.
static END: OnceLock<fn(u8)> = OnceLock::new();

/// Installs what ends the process, given the exit code. Without it a signal only interrupts inquiries.
pub fn end_with(end: fn(u8)) {
    let _ = END.set(end);
}

pub(super) fn end(signal: Signal) {
    if let Some(end) = END.get() {
        end(signal.exit_code());
    }
}

/// The signal that has arrived, if the program watches for them.
pub fn received() -> Option<Signal> {
    RECEIVED.get().copied()
}

/// Watches for signals from here on, and ends the program if it has not ended five seconds after one. Until then a running
/// inquiry can write its report, and one that begins only then as well. A second signal ends the program immediately.
pub fn end_if_unhandled() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (ready, listening) = std::sync::mpsc::channel();
        let watch = move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            let signal = runtime.block_on(async {
                let mut signals = Signals::listen();
                let _ = ready.send(());
                let signal = signals.next().await;
                let _ = RECEIVED.set(signal);
                tokio::select! {
                    () = tokio::time::sleep(TIME_FOR_THE_REPORT) => signal,
                    second = signals.next() => second,
                }
            });
            end(signal);
        };
        // It belongs to the process and ends with it. If it cannot be started, signals still interrupt inquiries.
        if std::thread::Builder::new().name("signals".to_owned()).spawn(watch).is_ok() {
            let _ = listening.recv();
        }
    });
}

/// Passes the first signal on to every inquiry of a runtime.
pub(crate) struct SignalWatch {
    signals: Signals,
    sender: watch::Sender<Option<Signal>>,
}

impl SignalWatch {
    /// Listens from here on: a signal that arrives before an inquiry begins would otherwise end the program without a
    /// report. Call inside a runtime.
    pub(crate) fn listen() -> SignalWatch {
        SignalWatch { signals: Signals::listen(), sender: watch::Sender::new(None) }
    }

    /// What an inquiry waits for.
    pub(crate) fn interruption(&self) -> Interruption {
        Interruption(self.sender.subscribe())
    }

    /// Passes signals on, and does not end.
    pub(crate) async fn pass_on(&mut self) -> std::convert::Infallible {
        loop {
            let signal = self.signals.next().await;
            self.sender.send_if_modified(|first| {
                let is_first = first.is_none();
                first.get_or_insert(signal);
                is_first
            });
        }
    }
}

/// The arrival of a signal.
#[derive(Clone)]
pub(crate) struct Interruption(watch::Receiver<Option<Signal>>);

impl Interruption {
    /// The signal, if it has arrived.
    pub(crate) fn signal(&self) -> Option<Signal> {
        received().or(*self.0.borrow())
    }

    /// Waits for a signal.
    pub(crate) async fn wait(&mut self) -> Signal {
        let arrived = self.0.wait_for(Option::is_some).await.ok().and_then(|signal| *signal);
        match arrived {
            Some(signal) => signal,
            // The sender is gone: no signal will be passed on.
            None => std::future::pending().await,
        }
    }
}

/// Whether the program was started by `nohup`, which lets it run on after its terminal is closed. Linux shows this in a
/// file of the kernel; elsewhere it cannot be found out without unsafe code, and a hangup ends the program.
#[cfg(unix)]
pub fn is_hangup_ignored() -> bool {
    static IGNORED: OnceLock<bool> = OnceLock::new();
    // Read before the first handler is set, which replaces the former setting.
    *IGNORED.get_or_init(|| {
        let status = super::file::regular(std::path::Path::new("/proc/self/status"), 64 * 1024).unwrap_or_default();
        ignores_hangup(&String::from_utf8_lossy(&status))
    })
}

/// A mask in hexadecimal digits, of which the lowest bit is signal 1, SIGHUP (proc(5)).
#[cfg(unix)]
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
pub fn is_hangup_ignored() -> bool {
    false
}

#[cfg(unix)]
pub(super) struct Signals {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// A signal that cannot be caught keeps its default action: it ends the program.
    pub(super) fn listen() -> Signals {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = if is_hangup_ignored() { None } else { signal(SignalKind::hangup()).ok() };
        let (interrupt, terminate) = (signal(SignalKind::interrupt()).ok(), signal(SignalKind::terminate()).ok());
        Signals { interrupt, terminate, hangup }
    }

    pub(super) async fn next(&mut self) -> Signal {
        async fn next_signal(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = next_signal(&mut self.interrupt) => Signal::Interrupt,
            () = next_signal(&mut self.terminate) => Signal::Terminate,
            () = next_signal(&mut self.hangup) => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> Signals {
        Signals
    }

    pub(super) async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::ignores_hangup;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        assert!(ignores_hangup("Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hangup("SigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!ignores_hangup(""));
    }
}
