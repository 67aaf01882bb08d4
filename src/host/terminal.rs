//! The terminal while a password is typed: its echo is off then, and a signal must not leave it off.

#[cfg(unix)]
use tokio::sync::oneshot;

/// On a signal restores the terminal's echo and then ends the program, for as long as the result is kept. Without a
/// terminal or without signals of this kind it does nothing.
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
