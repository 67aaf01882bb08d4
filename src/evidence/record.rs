//! The evidence of one run: probes with their outcomes, and the transcript.
//!
//! Evidence is append-only, so the meaning of a number never changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use super::fault::Fault;
use super::fetched::FetchSeen;
use super::hello::HelloSeen;
use super::machine::Machine;
use super::names::Names;
use super::place::{EventId, Phase, ProbeId};
use super::records::RecordsSeen;
use crate::question::{Question, SessionRequest};
use crate::secret::Echoes;

/// The evidence of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The wall-clock time at the start of the run. Validity periods are compared with it.
    pub started_at: Timestamp,
    /// Questions with their outcomes, in the order in which they were asked. The id of a probe is its position, from 1.
    pub probes: Vec<Probe>,
    /// Events of all sessions in chronological order. The id of an event is its position, from 1.
    pub transcript: Vec<Event>,
    /// Finds repetitions of the secret in received text, so that they can be masked; see [`super::mask`].
    pub echoes: Echoes,
    /// Whether an earlier run of the same check (`--retry`) has already sent the secret to this server.
    pub is_exposed: bool,
}

/// One question with its outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Probe {
    /// The number of the probe, from 1.
    pub id: ProbeId,
    /// The question that was asked.
    pub question: Question,
    /// When it started, in milliseconds since the start of the run.
    pub started_ms: f64,
    /// Its duration in milliseconds; null if it is still running or was skipped.
    pub duration_ms: Option<f64>,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Outcome {
    /// The probe is still running. In a finished report: it was interrupted.
    Underway,
    /// The probe was answered.
    Done {
        /// The answer.
        answer: Answer,
    },
    /// The probe failed.
    Failed {
        /// The reason.
        fault: Fault,
    },
    /// The probe was not run.
    Skipped {
        /// The reason.
        reason: SkipReason,
    },
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// The result of a name lookup.
    Names(Names),
    /// Facts about this machine.
    Machine(Machine),
    /// The server's response to a ClientHello.
    Hello(HelloSeen),
    /// The response to a DNS query.
    Records(RecordsSeen),
    /// The response of a web server.
    Fetch(Box<FetchSeen>),
    /// The session ended normally. Its events are in the transcript.
    Session,
}

/// Why a probe was not run.
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
    /// Evidence without probes and events.
    pub fn new(started_at: Timestamp) -> Evidence {
        Evidence {
            started_at,
            probes: Vec::new(),
            transcript: Vec::new(),
            echoes: Echoes::default(),
            is_exposed: false,
        }
    }

    /// Adds a question. The caller has checked that it was not asked before.
    pub fn asked(&mut self, question: Question, started_ms: f64, outcome: Outcome) -> ProbeId {
        let id = ProbeId(u32::try_from(self.probes.len() + 1).unwrap_or(u32::MAX));
        self.probes.push(Probe { id, question, started_ms, duration_ms: None, outcome });
        id
    }

    /// Adds an event and assigns its number.
    pub fn happened(&mut self, at_ms: f64, probe: ProbeId, phase: Phase, tls: bool, what: EventKind) -> &Event {
        let seq = EventId(u32::try_from(self.transcript.len() + 1).unwrap_or(u32::MAX));
        let event = Event { seq, at_ms, probe, phase, tls, what };
        let at = self.transcript.len();
        self.transcript.push(event);
        // The element was pushed in the statement above.
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

    /// Finds a probe by its number.
    pub fn probe(&self, id: ProbeId) -> Option<&Probe> {
        self.probes.get(self.place(id)?)
    }

    /// The index of a probe in the list. It follows from the number, except in a report that was written by another
    /// program.
    fn place(&self, id: ProbeId) -> Option<usize> {
        let likely = usize::try_from(id.0).ok()?.checked_sub(1)?;
        match self.probes.get(likely) {
            Some(probe) if probe.id == id => Some(likely),
            _ => self.probes.iter().position(|probe| probe.id == id),
        }
    }

    /// Whether the secret, or a value computed from it, was sent in this session.
    pub fn sends_secret(&self) -> bool {
        self.transcript.iter().any(|event| matches!(event.what, EventKind::Sent { redacted: true, .. }))
    }

    /// Finds an event by its number.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        let at = usize::try_from(id.0).ok()?.checked_sub(1)?;
        self.transcript.get(at).filter(|event| event.seq == id)
    }

    /// The probe for a question, if it was asked.
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

    /// The number of connections to mail servers that were made or attempted.
    pub fn connections(&self) -> usize {
        let is_connection =
            |probe: &&Probe| probe.question.connects() && !matches!(probe.outcome, Outcome::Skipped { .. });
        self.probes.iter().filter(is_connection).count()
    }

    /// Facts about this machine, if they were requested.
    pub fn machine(&self) -> Option<(&Probe, &Machine)> {
        self.probes.iter().find_map(|probe| match &probe.outcome {
            Outcome::Done { answer: Answer::Machine(machine) } => Some((probe, machine)),
            _ => None,
        })
    }
}

impl Probe {
    /// Whether the probe has ended, for any reason.
    pub fn is_over(&self) -> bool {
        !matches!(self.outcome, Outcome::Underway)
    }

    /// Why the probe failed, if it did.
    pub fn fault(&self) -> Option<&Fault> {
        match &self.outcome {
            Outcome::Failed { fault } => Some(fault),
            Outcome::Underway | Outcome::Done { .. } | Outcome::Skipped { .. } => None,
        }
    }

    /// The request, if the probe is a session.
    pub fn request(&self) -> Option<&SessionRequest> {
        match &self.question {
            Question::Session(request) => Some(request),
            Question::Resolve { .. }
            | Question::Hello(_)
            | Question::Records(_)
            | Question::Fetch(_)
            | Question::Machine { .. } => None,
        }
    }
}
