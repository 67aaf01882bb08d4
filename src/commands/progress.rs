//! The progress line on standard error, which shows what smtpcheck is waiting for. The line is shown only on a
//! terminal, and removed before other output is written. It also shows the time since the start of the command.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::evidence::{EventKind, Evidence};
use crate::host::environment;
use crate::plan::Plan;

/// The state of the progress line of a run.
pub(super) struct Progress {
    is_enabled: bool,
    is_shown: bool,
    began: Instant,
    total: usize,
    finished: usize,
    /// The first check that has not ended.
    current: usize,
    /// A description of what the current check is waiting for. Until that is known, it still describes an earlier
    /// check.
    waiting_for: Option<String>,
}

impl Progress {
    pub(super) fn new(total: usize) -> Progress {
        let is_dumb = environment::value("TERM").is_some_and(|term| term == "dumb");
        Progress {
            is_enabled: io::stderr().is_terminal() && !is_dumb,
            is_shown: false,
            began: Instant::now(),
            total,
            finished: 0,
            current: 0,
            waiting_for: None,
        }
    }

    /// Shows what a check is waiting for.
    pub(super) fn waiting(&mut self, check: usize, plan: &Plan, evidence: &Evidence) {
        if self.is_enabled {
            let last = evidence.transcript.last().map(|event| (&event.what, event.phase));
            let what = match last {
                None => "the connection".to_owned(),
                Some((EventKind::Dialled { .. } | EventKind::SocketOpened { .. } | EventKind::Tunnelled { .. }, _)) => {
                    "the greeting".to_owned()
                }
                Some((EventKind::ProxyDialled { .. }, _)) => "the proxy".to_owned(),
                Some((_, phase)) => phase.to_string(),
            };
            self.show(check, plan, &format!("waiting for {what}"));
        }
    }

    /// Shows the time until the next retry of a check.
    pub(super) fn pausing(&mut self, check: usize, plan: &Plan, left: Duration) {
        if self.is_enabled {
            self.show(check, plan, &format!("next retry in {:.0} s", left.as_secs_f64().ceil()));
        }
    }

    /// Counts a check that has ended. Checks can end in any order.
    pub(super) fn finished(&mut self) {
        self.finished += 1;
    }

    /// Notes that the results of this check and of all earlier checks have been written.
    pub(super) fn is_written(&mut self, check: usize) {
        self.current = check + 1;
        self.waiting_for = None;
    }

    /// Removes the line.
    pub(super) fn clear(&mut self) {
        if self.is_shown {
            let mut stderr = io::stderr().lock();
            let _ = stderr.write_all(b"\r\x1b[K").and_then(|()| stderr.flush());
            self.is_shown = false;
        }
    }

    fn show(&mut self, check: usize, plan: &Plan, what: &str) {
        if check == self.current || self.waiting_for.is_none() {
            self.waiting_for = Some(match self.total {
                0 | 1 => what.to_owned(),
                _ => format!("{}: {what}", plan.name()),
            });
        }
        let text = line(self.began.elapsed(), self.finished, self.total, self.waiting_for.as_deref().unwrap_or(what));
        // The line must fit the width of the terminal, because a wrapped line could not be removed.
        let width = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        let text: String = text.chars().filter(|c| !c.is_control()).take(width.saturating_sub(1)).collect();
        let mut stderr = io::stderr().lock();
        // An error is ignored: the results do not depend on the progress line.
        let _ = stderr.write_all(format!("\r\x1b[K{text}").as_bytes()).and_then(|()| stderr.flush());
        self.is_shown = true;
    }
}

fn line(elapsed: Duration, finished: usize, total: usize, what: &str) -> String {
    let seconds = elapsed.as_secs_f64();
    match total {
        0 | 1 => format!("  {seconds:.1} s  {what}"),
        _ => format!("  {seconds:.1} s  {finished}/{total}  {what}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::line;

    #[test]
    fn several_checks_are_counted() {
        let elapsed = Duration::from_millis(1240);
        assert_eq!(line(elapsed, 0, 1, "waiting for the greeting"), "  1.2 s  waiting for the greeting");
        assert_eq!(
            line(elapsed, 3, 20, "a:25: waiting for the greeting"),
            "  1.2 s  3/20  a:25: waiting for the greeting"
        );
    }
}
