//! Signals that end the program: SIGINT, SIGTERM, SIGHUP.
//!
//! A signal interrupts a running inquiry, which then makes its report ([`Interruption`]). A separate thread also
//! watches for signals ([`end_if_unhandled`]), because the main thread may be blocked while it writes to a pipe that no
//! program reads. The library never ends the process. It calls a function that the program installs ([`end_with`]).

use std::sync::{Once, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::inquiry::Signal;

/// The time in which the report can be written after a signal. The output may be a pipe that no program reads.
const TIME_FOR_THE_REPORT: Duration = Duration::from_secs(5);

/// The first signal that arrived.
static RECEIVED: OnceLock<Signal> = OnceLock::new();

/// The function that ends the process.
static END: OnceLock<fn(u8)> = OnceLock::new();

/// The function that is called before the process ends.
static BEFORE_END: OnceLock<fn()> = OnceLock::new();

/// Installs the function that ends the process. Its argument is the exit code. Without this function, a signal only
/// interrupts inquiries.
pub fn end_with(end: fn(u8)) {
    let _ = END.set(end);
}

/// Installs a function that is called before the process ends because of a signal, for example to restore the terminal.
pub fn before_end(restore: fn()) {
    let _ = BEFORE_END.set(restore);
}

pub(super) fn end(signal: Signal) {
    if let Some(restore) = BEFORE_END.get() {
        restore();
    }
    if let Some(end) = END.get() {
        end(signal.exit_code());
    }
}

/// The first signal that arrived since [`end_if_unhandled`] was called.
pub fn received() -> Option<Signal> {
    RECEIVED.get().copied()
}

/// Watches for signals from now on. If the program has not ended five seconds after a signal, this function ends it. In
/// these five seconds, an inquiry can write its report, even if it began after the signal. A second signal ends the
/// program immediately.
pub fn end_if_unhandled() {
    static ONCE: Once = Once::new();
    // If the signals cannot be caught or the thread cannot be started, signals still interrupt inquiries.
    ONCE.call_once(|| drop(spawn_watch()));
}

/// Ends the process when the time for the report is over.
#[cfg(unix)]
fn end_after_the_report(signal: Signal) {
    std::thread::sleep(TIME_FOR_THE_REPORT);
    end(signal);
}

/// Starts the thread that watches for signals. It runs until the process ends. The handlers are installed before this
/// function returns.
#[cfg(unix)]
fn spawn_watch() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let of_terminal = (!is_hangup_ignored()).then_some(SIGHUP);
    // A blocking iterator: a runtime in this thread would cost every start a fiftieth of the time of a check.
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM].into_iter().chain(of_terminal))?;
    let watch = move || {
        let mut arriving =
            signals.forever().map(|number| if number == SIGINT { Signal::Interrupt } else { Signal::Terminate });
        let Some(first) = arriving.next() else { return };
        let _ = RECEIVED.set(first);
        let limit = std::thread::Builder::new().name("limit".to_owned()).spawn(move || end_after_the_report(first));
        if limit.is_err() {
            end_after_the_report(first);
        }
        if let Some(second) = arriving.next() {
            end(second);
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(watch).map(drop)
}

/// Starts the thread that watches for signals. It runs until the process ends. The handlers are installed before this
/// function returns.
#[cfg(not(unix))]
fn spawn_watch() -> std::io::Result<()> {
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
    std::thread::Builder::new().name("signals".to_owned()).spawn(watch)?;
    let _ = listening.recv();
    Ok(())
}

/// Passes the first signal to every inquiry of a runtime.
pub(crate) struct SignalWatch {
    signals: Signals,
    sender: watch::Sender<Option<Signal>>,
}

impl SignalWatch {
    /// Watches for signals from now on. Otherwise, a signal that arrives before an inquiry begins would end the program
    /// without a report. Must be called inside a runtime.
    pub(crate) fn listen() -> SignalWatch {
        SignalWatch { signals: Signals::listen(), sender: watch::Sender::new(None) }
    }

    /// A handle that an inquiry can use to wait for the signal.
    pub(crate) fn interruption(&self) -> Interruption {
        Interruption(self.sender.subscribe())
    }

    /// Passes signals on to the handles. This future never ends.
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
            // The sender was dropped, so no signal will be passed on.
            None => std::future::pending().await,
        }
    }
}

/// Whether SIGHUP was ignored when the program started, as with `nohup`, so that the program continues after its
/// terminal is closed. On Linux, `/proc/self/status` shows this. On other systems it cannot be determined without
/// unsafe code, and SIGHUP ends the program.
#[cfg(unix)]
pub fn is_hangup_ignored() -> bool {
    static IGNORED: OnceLock<bool> = OnceLock::new();
    // The value is read before the first handler is installed, because the handler replaces this setting.
    *IGNORED.get_or_init(|| {
        let status = super::file::regular(std::path::Path::new("/proc/self/status"), 64 * 1024).unwrap_or_default();
        ignores_hangup(&String::from_utf8_lossy(&status))
    })
}

/// Parses the mask of ignored signals: hexadecimal digits, in which the lowest bit is signal 1, SIGHUP (proc(5)).
#[cfg(unix)]
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
pub fn is_hangup_ignored() -> bool {
    false
}

/// Makes a write fail with an error if a file would exceed the size limit of this process (`ulimit -f`). By default, a
/// signal would end the program instead. Must be called inside a runtime.
#[cfg(unix)]
pub(crate) fn report_size_limit() {
    /// The number of SIGXFSZ on Linux and macOS.
    const SIZE_LIMIT: i32 = 25;
    // The handler remains installed after the listener is dropped.
    drop(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(SIZE_LIMIT)));
}

#[cfg(not(unix))]
pub(crate) fn report_size_limit() {}

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
    fn the_mask_of_ignored_signals_is_parsed() {
        assert!(ignores_hangup("Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hangup("SigIgn:\t0000000000001000\nSigCgt:\t0000000000000001\n"));
        assert!(!ignores_hangup(""));
    }
}
