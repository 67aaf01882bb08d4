//! The evidence of one run: probes with their outcomes, and the transcript.
//!
//! Append-only: a number never changes its meaning.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use super::fault::Fault;
use super::hello::HelloSeen;
use super::machine::Machine;
use super::names::Names;
use super::place::{EventId, Phase, ProbeId};
use crate::question::{Question, SessionRequest};
use crate::secret::Echoes;

/// The evidence of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The wall-clock time at the start; dates are judged by it.
    pub started_at: Timestamp,
    /// Questions with their outcomes, in the order of asking; the id of a probe is its place, from 1.
    pub probes: Vec<Probe>,
    /// Events of all sessions in chronological order; the id of an event is its place, from 1.
    pub transcript: Vec<Event>,
    /// What is masked if a server repeats it; see [`super::mask`].
    pub echoes: Echoes,
    /// Whether an earlier run of the same check (`--retry`) has sent the secret to this server already.
    pub is_exposed: bool,
}

/// One question with its outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Probe {
    /// Its number.
    pub id: ProbeId,
    /// What was asked.
    pub question: Question,
    /// When it started, milliseconds since the start of the run.
    pub started_ms: f64,
    /// Its duration, milliseconds; none while it is running or if it was skipped.
    pub duration_ms: Option<f64>,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Outcome {
    /// Still running; in a finished report: interrupted.
    Underway,
    /// Answered.
    Done {
        /// The answer.
        answer: Answer,
    },
    /// It failed.
    Failed {
        /// Why.
        fault: Fault,
    },
    /// Not tested.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// Addresses of a name, or that it has none.
    Names(Names),
    /// Facts about this machine.
    Machine(Machine),
    /// The server's response to a ClientHello.
    Hello(HelloSeen),
    /// The session ended normally; it is in the transcript.
    Session,
}

/// Why a probe was not tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// The limit of `--max-connections` was reached.
    ConnectionBudget,
    /// The overall time limit was reached.
    TimeUp,
}

impl Evidence {
    /// Empty evidence.
    pub fn new(started_at: Timestamp) -> Evidence {
        Evidence {
            started_at,
            probes: Vec::new(),
            transcript: Vec::new(),
            echoes: Echoes::default(),
            is_exposed: false,
        }
    }

    /// Adds a question; the caller has checked that it is new.
    pub fn asked(&mut self, question: Question, started_ms: f64, outcome: Outcome) -> ProbeId {
        let id = ProbeId(u32::try_from(self.probes.len() + 1).unwrap_or(u32::MAX));
        self.probes.push(Probe { id, question, started_ms, duration_ms: None, outcome });
        id
    }

    /// Adds an event and gives it its number.
    pub fn happened(&mut self, at_ms: f64, probe: ProbeId, phase: Phase, tls: bool, what: EventKind) -> &Event {
        let seq = EventId(u32::try_from(self.transcript.len() + 1).unwrap_or(u32::MAX));
        let event = Event { seq, at_ms, probe, phase, tls, what };
        let at = self.transcript.len();
        self.transcript.push(event);
        // The element was pushed one line above.
        self.transcript.get(at).expect("the event that was just pushed")
    }

    /// Ends a probe.
    pub fn ended(&mut self, id: ProbeId, at_ms: f64, outcome: Outcome) {
        let place = self.place(id);
        if let Some(probe) = place.and_then(|place| self.probes.get_mut(place)) {
            probe.duration_ms = Some(at_ms - probe.started_ms);
            probe.outcome = outcome;
        }
    }

    /// A probe by its number.
    pub fn probe(&self, id: ProbeId) -> Option<&Probe> {
        self.probes.get(self.place(id)?)
    }

    /// The place of a probe: its number, except in a report that another program made.
    fn place(&self, id: ProbeId) -> Option<usize> {
        let likely = usize::try_from(id.0).ok()?.checked_sub(1)?;
        match self.probes.get(likely) {
            Some(probe) if probe.id == id => Some(likely),
            _ => self.probes.iter().position(|probe| probe.id == id),
        }
    }

    /// Whether the secret, or something made of it, was sent in it.
    pub fn sends_secret(&self) -> bool {
        self.transcript.iter().any(|event| matches!(event.what, EventKind::Sent { redacted: true, .. }))
    }

    /// An event by its number.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        let at = usize::try_from(id.0).ok()?.checked_sub(1)?;
        self.transcript.get(at).filter(|event| event.seq == id)
    }

    /// The probe of a question, if it was asked.
    pub fn answer_to(&self, question: &Question) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.question == *question)
    }

    /// The lookup of the target's name.
    pub fn names(&self) -> Option<(&Probe, Option<&Names>)> {
        self.probes.iter().find_map(|probe| match (&probe.question, &probe.outcome) {
            (Question::Resolve { .. }, Outcome::Done { answer: Answer::Names(names) }) => Some((probe, Some(names))),
            (Question::Resolve { .. }, _) => Some((probe, None)),
            _ => None,
        })
    }

    /// The number of connections that were made or attempted.
    pub fn connections(&self) -> usize {
        let is_connection = |probe: &&Probe| {
            matches!(probe.question, Question::Session(_) | Question::Hello(_))
                && !matches!(probe.outcome, Outcome::Skipped { .. })
        };
        self.probes.iter().filter(is_connection).count()
    }

    /// Facts about this machine, if that was asked.
    pub fn machine(&self) -> Option<(&Probe, &Machine)> {
        self.probes.iter().find_map(|probe| match &probe.outcome {
            Outcome::Done { answer: Answer::Machine(machine) } => Some((probe, machine)),
            _ => None,
        })
    }
}

impl Probe {
    /// Whether it has ended, in any way.
    pub fn is_over(&self) -> bool {
        !matches!(self.outcome, Outcome::Underway)
    }

    /// Why it failed, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        match &self.outcome {
            Outcome::Failed { fault } => Some(fault),
            Outcome::Underway | Outcome::Done { .. } | Outcome::Skipped { .. } => None,
        }
    }

    /// The request, if it is a session.
    pub fn request(&self) -> Option<&SessionRequest> {
        match &self.question {
            Question::Session(request) => Some(request),
            Question::Resolve { .. } | Question::Hello(_) | Question::Machine { .. } => None,
        }
    }
}
