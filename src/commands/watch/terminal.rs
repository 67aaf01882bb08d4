//! The terminal of a watch: raw mode, the alternate screen, and a thread that reads keys and draws. The terminal is
//! restored in every case: at the end, after a panic, and before a signal ends the process. The summary is then printed
//! on the normal screen.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::{DefaultTerminal, Terminal};

use crate::host::{clock, signals};
use crate::render::watch::screen::{ScreenAnswer, ScreenFacts, ScreenKey, ScreenView, draw};
use crate::run::RepeatCommand;
use crate::watch::Watch;

/// How long the thread waits for a key before it checks whether it must end.
const KEY_WAIT: Duration = Duration::from_millis(50);
/// The time between two redraws while a check is running.
const REDRAW: Duration = Duration::from_millis(200);

/// Whether the terminal is in raw mode.
static IS_RAW: AtomicBool = AtomicBool::new(false);

/// The screen, while it is shown.
pub(super) struct WatchScreen {
    thread: Option<JoinHandle<()>>,
    shared: Arc<SharedState>,
}

/// What the screen thread and the engine share.
struct SharedState {
    /// The last command from the user.
    is_paused: AtomicBool,
    is_stopped: AtomicBool,
    /// Whether the watch has ended, so that the thread must end.
    is_over: AtomicBool,
}

impl WatchScreen {
    /// Shows the screen. An error means that this terminal does not support it.
    pub(super) fn open(state: Arc<Mutex<Watch>>, facts: ScreenFacts) -> io::Result<WatchScreen> {
        let terminal = begin()?;
        let shared = Arc::new(SharedState {
            is_paused: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        let run = move || {
            // If the terminal was closed, the watch ends.
            if show(terminal, &state, &facts, &of_thread).is_err() {
                of_thread.is_stopped.store(true, Ordering::Relaxed);
            }
        };
        match std::thread::Builder::new().name("screen".to_owned()).spawn(run) {
            Ok(thread) => Ok(WatchScreen { thread: Some(thread), shared }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// The last command from the user.
    pub(super) fn command(&self) -> RepeatCommand {
        if self.shared.is_stopped.load(Ordering::Relaxed) {
            RepeatCommand::Stop
        } else if self.shared.is_paused.load(Ordering::Relaxed) {
            RepeatCommand::Pause
        } else {
            RepeatCommand::Continue
        }
    }
}

impl Drop for WatchScreen {
    /// Ends the thread and restores the terminal.
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        restore();
    }
}

fn begin() -> io::Result<DefaultTerminal> {
    enable_raw_mode()?;
    IS_RAW.store(true, Ordering::SeqCst);
    signals::before_end(restore);
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        report(panic);
    }));
    let opened =
        execute!(io::stdout(), EnterAlternateScreen).and_then(|()| Terminal::new(CrosstermBackend::new(io::stdout())));
    opened.inspect_err(|_| restore())
}

/// Restores the terminal, if it is in raw mode. An error is ignored, because it means that the terminal was closed.
fn restore() {
    if IS_RAW.swap(false, Ordering::SeqCst) {
        let _ = disable_raw_mode();
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    }
}

/// Reads keys and draws until the watch is over.
fn show(
    mut terminal: DefaultTerminal,
    state: &Mutex<Watch>,
    facts: &ScreenFacts,
    shared: &SharedState,
) -> io::Result<()> {
    let mut view = ScreenView::default();
    let (mut lines, mut drawn): (usize, Option<Instant>) = (0, None);
    while !shared.is_over.load(Ordering::Relaxed) {
        if drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let now = clock::now().unwrap_or(state.began);
            terminal.draw(|frame| lines = draw(frame, &state, &view, facts, now))?;
            drawn = Some(Instant::now());
        }
        if !event::poll(KEY_WAIT)? {
            continue;
        }
        match event::read()? {
            Event::Key(pressed) => {
                let Some(key) = known(pressed) else { continue };
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                match view.press(key, state.targets.len(), lines) {
                    ScreenAnswer::Ignore => continue,
                    ScreenAnswer::Draw => {}
                    ScreenAnswer::Reset => {
                        let now = clock::now().unwrap_or(state.began);
                        state.reset(now);
                    }
                    ScreenAnswer::Quit => {
                        shared.is_stopped.store(true, Ordering::Relaxed);
                        return Ok(());
                    }
                }
                shared.is_paused.store(view.is_paused, Ordering::Relaxed);
                drawn = None;
            }
            Event::Resize(..) => drawn = None,
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_) => {}
        }
    }
    Ok(())
}

/// The meaning of a key, if it has one.
fn known(pressed: KeyEvent) -> Option<ScreenKey> {
    if pressed.kind == KeyEventKind::Release {
        return None;
    }
    if pressed.modifiers.contains(KeyModifiers::CONTROL) {
        return (pressed.code == KeyCode::Char('c')).then_some(ScreenKey::Interrupt);
    }
    Some(match pressed.code {
        KeyCode::Char(letter) => ScreenKey::Char(letter.to_ascii_lowercase()),
        KeyCode::Up => ScreenKey::Up,
        KeyCode::Down => ScreenKey::Down,
        KeyCode::PageUp => ScreenKey::PageUp,
        KeyCode::PageDown => ScreenKey::PageDown,
        KeyCode::Left => ScreenKey::Left,
        KeyCode::Right | KeyCode::Tab => ScreenKey::Right,
        KeyCode::Esc => ScreenKey::Escape,
        _ => return None,
    })
}
