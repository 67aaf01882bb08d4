//! The port between the inquiry and what answers its questions: the network (`gather`), or a transcript in a test.

use crate::evidence::{EventKind, Outcome, Phase, ProbeId};
use crate::question::Question;
use crate::secret::Echoes;

/// Something that answers questions.
pub trait Gather {
    /// Starts a probe that answers a question.
    fn ask(&mut self, id: ProbeId, question: &Question);
    /// Waits for the next arrival. Called only while a probe is running.
    fn next(&mut self) -> impl Future<Output = Arrival>;
    /// Ends a probe early: it is answered with what was seen so far.
    fn stop(&mut self, id: ProbeId);
    /// Milliseconds since the start, by a monotonic clock.
    fn now_ms(&self) -> f64;
    /// The secrets that peers may repeat, shared with the sessions: the list grows when something is computed from a secret.
    fn echoes(&self) -> Echoes {
        Echoes::default()
    }
    /// Whether an earlier run of the same check sent the secret to this server.
    fn is_exposed(&self) -> bool {
        false
    }
}

/// What reaches the inquiry.
#[derive(Debug)]
pub enum Arrival {
    /// Something happened in a session.
    Event {
        /// The probe that holds the session.
        probe: ProbeId,
        /// When, milliseconds since the start.
        at_ms: f64,
        /// The phase of the session.
        phase: Phase,
        /// Whether the session was encrypted.
        tls: bool,
        /// What happened.
        what: EventKind,
    },
    /// A probe has its outcome.
    Answered {
        /// The probe.
        probe: ProbeId,
        /// When, milliseconds since the start.
        at_ms: f64,
        /// The outcome.
        outcome: Outcome,
    },
    /// A signal asks the program to end.
    Interrupted(Signal),
    /// The overall time limit was reached.
    TimeUp,
    /// Nothing has arrived for 300 ms, or for another 100 ms after that: progress can be shown.
    Waiting,
}

/// A signal that ends the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, or Ctrl-C.
    Interrupt,
    /// SIGTERM, or SIGHUP (the terminal was closed).
    Terminate,
}

impl Signal {
    /// The exit code of a program that this signal ends: 128 and the number of the signal; SIGHUP counts as SIGTERM.
    pub fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}
