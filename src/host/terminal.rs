//! Reads the answer to a question, and restores the terminal if a signal arrives while the user types a password, because the
//! echo is off during that time.

use std::io::{self, BufRead, Read};

#[cfg(unix)]
use tokio::sync::oneshot;

/// The maximum length of an answer.
const MAX_ANSWER: u64 = 64;

/// Reads a line from standard input. Everything except `y` and `yes` means no.
pub(crate) fn reads_yes() -> bool {
    let mut answer = String::new();
    let read = io::stdin().lock().take(MAX_ANSWER).read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Watches for signals until the returned value is dropped. On a signal, it restores the echo of the terminal and ends
/// the program. If there is no terminal, or on systems other than Unix, it has no effect.
#[cfg(unix)]
pub(super) fn watch_prompt() -> Option<oneshot::Sender<()>> {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

    use super::{file, signals};

    let terminal = file::terminal().ok()?;
    let before = tcgetattr(&terminal).ok()?;
    let (done, answered) = oneshot::channel();
    let (ready, listening) = std::sync::mpsc::channel();
    let watch = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        let signal = runtime.block_on(async {
            let mut signals = signals::Signals::listen();
            let _ = ready.send(());
            tokio::select! {
                signal = signals.next() => Some(signal),
                _ = answered => None,
            }
        });
        if let Some(signal) = signal {
            let _ = tcsetattr(&terminal, OptionalActions::Flush, &before);
            signals::end(signal);
        }
    };
    std::thread::Builder::new().name("prompt".to_owned()).spawn(watch).ok()?;
    let _ = listening.recv();
    Some(done)
}

#[cfg(not(unix))]
pub(super) fn watch_prompt() {}
