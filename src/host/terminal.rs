//! Reads the answer to a question, and restores the terminal if a signal arrives while the user types a password, because the
//! echo is off during that time.

use std::io::{self, BufRead, Read};

#[cfg(unix)]
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
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

/// A terminal without echo. Its modes are restored when it is dropped.
#[cfg(unix)]
pub(super) struct HiddenPrompt {
    terminal: std::fs::File,
    before: rustix::termios::Termios,
    _done: oneshot::Sender<()>,
}

#[cfg(unix)]
impl Drop for HiddenPrompt {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Turns off the echo of the terminal before the prompt is printed, so that early input is not shown. Watches for
/// signals until the returned value is dropped. On a signal, it restores the echo and ends the program. If there is no
/// terminal, or on systems other than Unix, it has no effect.
#[cfg(unix)]
pub(super) fn watch_prompt() -> Option<HiddenPrompt> {
    use super::{file, signals};

    let (terminal, own) = (file::terminal().ok()?, file::terminal().ok()?);
    let before = tcgetattr(&terminal).ok()?;
    let mut hidden = before.clone();
    // The modes in which `rpassword` reads. A key that is typed before `rpassword` sets them must have the same
    // meaning.
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
    hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
    hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
    let restored = before.clone();
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
            let _ = tcsetattr(&terminal, OptionalActions::Flush, &restored);
            signals::end(signal);
        }
    };
    std::thread::Builder::new().name("prompt".to_owned()).spawn(watch).ok()?;
    let _ = listening.recv();
    let prompt = HiddenPrompt { terminal: own, before, _done: done };
    let _ = tcsetattr(&prompt.terminal, OptionalActions::Now, &hidden);
    Some(prompt)
}

#[cfg(not(unix))]
pub(super) fn watch_prompt() {}
