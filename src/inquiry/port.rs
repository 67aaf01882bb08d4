//! The interface between the inquiry and the gatherer. The gatherer answers the questions from the network (`gather`),
//! or from a transcript in a test.

use crate::evidence::{EventKind, Outcome, Phase, ProbeId};
use crate::question::Question;
use crate::secret::Echoes;

/// Answers questions.
pub trait Gather {
    /// Starts a probe that answers a question.
    fn ask(&mut self, id: ProbeId, question: &Question);
    /// Waits for the next arrival. Called only while a probe is running.
    fn next(&mut self) -> impl Future<Output = Arrival>;
    /// Ends a probe early. Its outcome contains the results so far.
    fn stop(&mut self, id: ProbeId);
    /// Milliseconds since the start, measured with a monotonic clock.
    fn now_ms(&self) -> f64;
    /// The secrets that are masked if a peer repeats them. The list is shared with the sessions, because they add
    /// values computed from a secret.
    fn echoes(&self) -> Echoes {
        Echoes::default()
    }
    /// Whether an earlier run of the same check sent the secret to this server.
    fn is_exposed(&self) -> bool {
        false
    }
}

/// An event that the gatherer reports to the inquiry.
#[derive(Debug)]
pub enum Arrival {
    /// An event occurred in a session.
    Event {
        /// The probe of the session.
        probe: ProbeId,
        /// The time in milliseconds since the start.
        at_ms: f64,
        /// The phase of the session.
        phase: Phase,
        /// Whether the session was encrypted.
        tls: bool,
        /// The event.
        what: EventKind,
    },
    /// A probe has ended.
    Answered {
        /// The number of the probe.
        probe: ProbeId,
        /// The time in milliseconds since the start.
        at_ms: f64,
        /// The outcome.
        outcome: Outcome,
    },
    /// The program received a signal that ends it.
    Interrupted(Signal),
    /// The overall time limit was reached.
    TimeUp,
    /// There was no arrival for 300 ms, or for another 100 ms after that. Progress can be shown.
    Waiting,
}

/// A signal that ends the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, or Ctrl-C.
    Interrupt,
    /// SIGTERM, or SIGHUP when the terminal is closed.
    Terminate,
}

impl Signal {
    /// The exit code of a program that is ended by this signal: 128 plus the number of the signal. SIGHUP has the same
    /// code as SIGTERM.
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}
