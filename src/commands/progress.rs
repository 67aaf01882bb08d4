//! One line on standard error while we wait, on a terminal only; gone before anything else is written.

use std::io::{self, IsTerminal, Write};

use crate::evidence::{EventKind, Evidence};

pub(super) struct Progress {
    enabled: bool,
    shown: bool,
}

impl Progress {
    pub(super) fn new() -> Progress {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Progress { enabled: io::stderr().is_terminal() && !dumb, shown: false }
    }

    /// Says what we wait for. Trouble with standard error is nobody's business here.
    pub(super) fn wait(&mut self, evidence: &Evidence, now_ms: f64) {
        if !self.enabled {
            return;
        }
        let since = evidence.transcript.last().map_or(0.0, |event| event.at_ms);
        let what = match evidence.transcript.last().map(|event| (&event.what, event.phase)) {
            None => "the connection".to_owned(),
            Some((EventKind::Dialled { .. }, _)) => "the greeting".to_owned(),
            Some((_, phase)) => phase.to_string(),
        };
        self.show(&format!("waiting for {what} ... {:.1} s", (now_ms - since) / 1000.0));
    }

    /// Says something for the moment.
    pub(super) fn show(&mut self, text: &str) {
        if !self.enabled {
            return;
        }
        let line = format!("\r\x1b[K  {text}");
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(line.as_bytes()).and_then(|()| stderr.flush());
        self.shown = true;
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if self.shown {
            let mut stderr = io::stderr().lock();
            let _ = stderr.write_all(b"\r\x1b[K").and_then(|()| stderr.flush());
            self.shown = false;
        }
    }
}
