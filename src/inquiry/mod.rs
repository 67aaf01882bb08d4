//! The main loop: ask, gather, repeat. Each answer may raise new questions. The inquiry is complete when there are no
//! new questions and no probe is running. It does not depend on any particular check.
//!
//! [`Inquiry`] is a state machine without I/O, like `dialogue`. Arrivals are passed to [`Inquiry::arrive`]. The caller
//! carries out the steps that [`Inquiry::step`] returns: questions to ask, probes to stop, notifications for a
//! listener. Both functions receive the time as an argument. [`inquire`] and [`inquire_all`] (`driver.rs`) connect the
//! inquiry with a gatherer, which implements [`Gather`], and with a listener.
//!
//! An inquiry can have several plans. Each plan is a separate case with its own evidence, but a question that two cases
//! have in common is asked only once. The inquiry numbers the probes that the gatherer runs, and records which cases
//! use which probe.

mod driver;
mod port;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;

use jiff::Timestamp;

use crate::check;
use crate::evidence::{Event, EventId, EventKind, Evidence, Fault, Outcome, Phase, Probe, ProbeId, SkipReason};
use crate::plan::Plan;
use crate::question::Question;
use crate::secret::Echoes;
use crate::wire::DomainName;

pub use driver::{EvidenceListener, at_once, inquire, inquire_all};
pub use port::{Arrival, Gather, Signal};

/// Why an inquiry ended.
#[derive(Debug)]
pub enum Ended {
    /// Every question was asked and answered.
    Complete,
    /// The overall time limit (`--max-time`) was reached.
    TimeUp,
    /// A signal was received.
    Interrupted(Signal),
    /// The listener could not write.
    Unwritable(io::Error),
}

/// The next action of the caller.
#[derive(Debug)]
pub enum InquiryStep {
    /// Start a probe.
    Ask {
        /// The number of the probe in the gatherer.
        probe: ProbeId,
        /// The question that the probe answers.
        question: Box<Question>,
    },
    /// End a probe early, because no case needs more results from it.
    Stop {
        /// The number of the probe in the gatherer.
        probe: ProbeId,
    },
    /// Notify the listener of an event: see [`Inquiry::shown_event`].
    Happened {
        /// The index of the case.
        case: usize,
        /// The number of the event in the evidence of that case.
        event: EventId,
    },
    /// Notify the listener of an outcome: see [`Inquiry::shown_probe`].
    Answered {
        /// The index of the case.
        case: usize,
        /// The number of the probe in the evidence of that case.
        probe: ProbeId,
    },
    /// Notify the listener that there was no event for a while: see [`Inquiry::shown`].
    Waiting {
        /// The index of the case that has been waiting longest.
        case: usize,
        /// The current time in milliseconds since the start.
        now_ms: f64,
    },
    /// Wait for an arrival.
    Await,
    /// The inquiry is over; there are no more steps.
    End(Ended),
}

/// An inquiry about one or several plans.
#[derive(Debug)]
pub struct Inquiry<'p> {
    cases: Vec<InquiryCase<'p>>,
    pending: Vec<PendingQuestion>,
    /// Notifications that have not been passed to the listener yet.
    notifications: VecDeque<InquiryStep>,
    asking: Asking,
    /// Probes to end early.
    stops: VecDeque<ProbeId>,
    /// Whether to search for probes that can be ended, once all new questions have been asked.
    looks_for_stops: bool,
    ended: Option<Ended>,
}

/// A plan with its evidence.
#[derive(Debug)]
struct InquiryCase<'p> {
    plan: &'p Plan,
    evidence: Evidence,
    /// The evidence as listeners may see it, masked by [`crate::evidence::Mask`].
    shown: Evidence,
}

/// The progress of the current round of new questions.
#[derive(Debug)]
enum Asking {
    /// Since the last round, there has been no arrival that could raise a question.
    Idle,
    /// Every case returns its questions. The round is repeated if a question was answered immediately from the results
    /// of another case.
    Round {
        /// The next case whose questions are requested.
        case: usize,
        /// The questions of the current case that have not been asked yet.
        questions: VecDeque<Question>,
        /// The current case.
        of: usize,
        /// Whether a question of this round was answered immediately.
        is_answered: bool,
    },
}

/// A question that was passed to the gatherer. The number of its probe is its position in the list, from 1.
#[derive(Debug)]
struct PendingQuestion {
    question: Question,
    /// The cases that use the probe, in the order in which they asked.
    holders: Vec<ProbeHolder>,
    is_open: bool,
}

/// The index of a case, and the number of the probe in its evidence.
#[derive(Clone, Copy, Debug)]
struct ProbeHolder {
    case: usize,
    probe: ProbeId,
}

impl<'p> Inquiry<'p> {
    /// Starts an inquiry about the given plans. `echoes` are the secrets that are masked if a peer repeats them.
    /// `is_exposed` is true if an earlier run of the same check sent the secret.
    pub fn new(plans: &'p [Plan], started_at: Timestamp, echoes: &Echoes, is_exposed: bool) -> Inquiry<'p> {
        let new = |plan| {
            let evidence = Evidence { echoes: echoes.clone(), is_exposed, ..Evidence::new(started_at) };
            InquiryCase { plan, evidence, shown: Evidence::new(started_at) }
        };
        Inquiry {
            cases: plans.iter().map(new).collect(),
            pending: Vec::new(),
            notifications: VecDeque::new(),
            asking: Asking::new_round(),
            stops: VecDeque::new(),
            looks_for_stops: false,
            ended: None,
        }
    }

    /// The next step. Notifications are returned first, so that a listener receives an event before its consequences.
    pub fn step(&mut self, now_ms: f64) -> InquiryStep {
        if let Some(notification) = self.notifications.pop_front() {
            return notification;
        }
        if let Some(ended) = self.ended.take() {
            return InquiryStep::End(ended);
        }
        if let Some((probe, question)) = self.next_question(now_ms) {
            return InquiryStep::Ask { probe, question: Box::new(question) };
        }
        if std::mem::take(&mut self.looks_for_stops) {
            self.stops = self.settled();
        }
        if let Some(probe) = self.stops.pop_front() {
            return InquiryStep::Stop { probe };
        }
        match self.pending.iter().any(|pending| pending.is_open) {
            true => InquiryStep::Await,
            false => InquiryStep::End(Ended::Complete),
        }
    }

    /// Processes an arrival from the gatherer.
    pub fn arrive(&mut self, arrival: Arrival, now_ms: f64) {
        match arrival {
            Arrival::Event { probe, at_ms, phase, tls, what } => {
                self.happened(probe, at_ms, phase, tls, &what);
                // Silence is the only event that can raise a question before the session is over.
                if matches!(what, EventKind::Quiet { .. }) {
                    self.asking = Asking::new_round();
                }
            }
            Arrival::Answered { probe, at_ms, outcome } => {
                self.close(probe, at_ms, &outcome);
                self.asking = Asking::new_round();
                self.looks_for_stops = true;
            }
            Arrival::Waiting => {
                let waiting = self.pending.iter().find(|pending| pending.is_open);
                if let Some(holder) = waiting.and_then(|pending| pending.holders.first()) {
                    self.notifications.push_back(InquiryStep::Waiting { case: holder.case, now_ms });
                }
            }
            Arrival::TimeUp => {
                let ended = if self.is_answered() { Ended::Complete } else { Ended::TimeUp };
                self.give_up(now_ms, |phase| Fault::TimeUp { phase });
                self.ended = Some(ended);
            }
            Arrival::Interrupted(signal) => {
                self.give_up(now_ms, |_| Fault::Interrupted);
                self.ended = Some(Ended::Interrupted(signal));
            }
        }
    }

    /// Whether the inquiry was ended by a signal.
    pub fn is_interrupted(&self) -> bool {
        matches!(self.ended, Some(Ended::Interrupted(_)))
    }

    /// A plan with its evidence as listeners may see it.
    pub fn shown(&self, case: usize) -> Option<(&Plan, &Evidence)> {
        self.cases.get(case).map(|case| (case.plan, &case.shown))
    }

    /// A plan with its evidence and one of its events.
    pub fn shown_event(&self, case: usize, event: EventId) -> Option<(&Plan, &Evidence, &Event)> {
        let (plan, shown) = self.shown(case)?;
        Some((plan, shown, shown.event(event)?))
    }

    /// A plan with its evidence and one of its probes.
    pub fn shown_probe(&self, case: usize, probe: ProbeId) -> Option<(&Plan, &Evidence, &Probe)> {
        let (plan, shown) = self.shown(case)?;
        Some((plan, shown, shown.probe(probe)?))
    }

    /// The evidence, in the order of the plans.
    pub fn into_evidence(self) -> Vec<Evidence> {
        self.cases.into_iter().map(|case| case.evidence).collect()
    }

    /// The next question of any case that must be passed to the gatherer.
    fn next_question(&mut self, now_ms: f64) -> Option<(ProbeId, Question)> {
        while let Asking::Round { case, questions, of, .. } = &mut self.asking {
            if let Some(question) = questions.pop_front() {
                let of = *of;
                if let Some(probe) = self.ask_for(of, &question, now_ms) {
                    return Some((probe, question));
                }
                continue;
            }
            let at = *case;
            if let Some(next) = self.cases.get(at) {
                *questions = check::ask(next.plan, &next.evidence).into();
                (*of, *case) = (at, at + 1);
            } else {
                self.end_round();
            }
        }
        None
    }

    fn end_round(&mut self) {
        let is_answered = matches!(self.asking, Asking::Round { is_answered: true, .. });
        // Questions that were answered immediately can raise more questions.
        self.asking = if is_answered { Asking::new_round() } else { Asking::Idle };
    }

    /// Records that a case asks a question. Returns the number of the probe if the question must be passed to the
    /// gatherer.
    fn ask_for(&mut self, at: usize, question: &Question, now_ms: f64) -> Option<ProbeId> {
        let case = self.cases.get_mut(at)?;
        if case.evidence.answer_to(question).is_some() {
            return None;
        }
        let budget = usize::try_from(case.plan.limits.max_connections).unwrap_or(usize::MAX);
        if question.connects() && case.evidence.connections() >= budget {
            let outcome = Outcome::Skipped { reason: SkipReason::ConnectionBudget };
            case.asked(question.clone(), now_ms, outcome);
            return None;
        }
        if let Some(pending) = self.pending.iter().position(|pending| pending.serves(question, at)) {
            let is_over = self.join(pending, at, question.clone());
            if let Asking::Round { is_answered, .. } = &mut self.asking {
                *is_answered |= is_over;
            }
            return None;
        }
        let probe = case.asked(question.clone(), now_ms, Outcome::Underway);
        let holders = vec![ProbeHolder { case: at, probe }];
        self.pending.push(PendingQuestion { question: question.clone(), holders, is_open: true });
        Some(number(self.pending.len() - 1))
    }

    /// Adds a case to a probe. The case receives all earlier and all later events. Returns true if the probe is over.
    fn join(&mut self, pending: usize, case: usize, question: Question) -> bool {
        let Some(pending) = self.pending.get_mut(pending) else { return false };
        let Some((probe, events)) = pending.holders.first().and_then(|first| {
            let evidence = &self.cases.get(first.case)?.evidence;
            let events: Vec<Event> =
                evidence.transcript.iter().filter(|event| event.probe == first.probe).cloned().collect();
            Some((evidence.probe(first.probe)?.clone(), events))
        }) else {
            return false;
        };
        let Some(joining) = self.cases.get_mut(case) else { return false };
        let id = joining.asked(question, probe.started_ms, Outcome::Underway);
        for Event { at_ms, phase, tls, what, .. } in events {
            joining.happened(at_ms, id, phase, tls, what);
        }
        pending.holders.push(ProbeHolder { case, probe: id });
        if let Some(ms) = probe.duration_ms {
            joining.ended(id, probe.started_ms + ms, probe.outcome);
        }
        !pending.is_open
    }

    fn happened(&mut self, id: ProbeId, at_ms: f64, phase: Phase, tls: bool, what: &EventKind) {
        for holder in self.holders(id) {
            let Some(case) = self.cases.get_mut(holder.case) else { continue };
            let event = case.happened(at_ms, holder.probe, phase, tls, what.clone());
            self.notifications.push_back(InquiryStep::Happened { case: holder.case, event });
        }
    }

    fn close(&mut self, id: ProbeId, at_ms: f64, outcome: &Outcome) {
        if let Some(pending) = self.pending.get_mut(place(id)) {
            pending.is_open = false;
        }
        for holder in self.holders(id) {
            let Some(case) = self.cases.get_mut(holder.case) else { continue };
            case.ended(holder.probe, at_ms, outcome.clone());
            self.notifications.push_back(InquiryStep::Answered { case: holder.case, probe: holder.probe });
        }
    }

    /// The running probes whose results no case needs any longer.
    fn settled(&self) -> VecDeque<ProbeId> {
        let is_settled = |pending: &PendingQuestion| {
            pending.is_open
                && pending.holders.iter().all(|holder| {
                    let case = self.cases.get(holder.case);
                    case.is_some_and(|case| check::settled(case.plan, &case.evidence) == Some(holder.probe))
                })
        };
        (0..self.pending.len()).filter(|at| self.pending.get(*at).is_some_and(is_settled)).map(number).collect()
    }

    /// Whether the running probes can only improve the advice about faults that have already been shown.
    fn is_answered(&self) -> bool {
        let is_target = |holder: &ProbeHolder, host: &DomainName| {
            self.cases.get(holder.case).is_some_and(|case| case.plan.target.host.name() == Some(host))
        };
        let is_supplementary = |pending: &PendingQuestion| match &pending.question {
            Question::Session(request) => request.purpose.is_supplementary(),
            // Lookups about a rejection that has been received.
            Question::Records(_) => true,
            Question::Resolve { host } => !pending.holders.iter().any(|holder| is_target(holder, host)),
            _ => false,
        };
        self.cases.iter().all(|case| case.plan.is_about_server())
            && self.pending.iter().filter(|pending| pending.is_open).all(is_supplementary)
    }

    /// Ends every running probe in the phase that it has reached.
    fn give_up(&mut self, now_ms: f64, fault: impl Fn(Phase) -> Fault) {
        let is_open = |at: &usize| self.pending.get(*at).is_some_and(|pending| pending.is_open);
        let open: Vec<ProbeId> = (0..self.pending.len()).filter(is_open).map(number).collect();
        for id in open {
            let phase = self.holders(id).first().and_then(|holder| self.phase_of(*holder));
            self.close(id, now_ms, &Outcome::Failed { fault: fault(phase.unwrap_or(Phase::Dns)) });
        }
    }

    fn phase_of(&self, holder: ProbeHolder) -> Option<Phase> {
        let evidence = &self.cases.get(holder.case)?.evidence;
        match &evidence.probe(holder.probe)?.question {
            Question::Hello(_) => Some(Phase::Tls),
            Question::Resolve { .. } | Question::Records(_) | Question::Fetch(_) | Question::Machine { .. } => None,
            Question::Session(_) => {
                Some(evidence.sessions().find(|session| session.probe.id == holder.probe)?.awaited())
            }
        }
    }

    fn holders(&self, id: ProbeId) -> Vec<ProbeHolder> {
        self.pending.get(place(id)).map(|pending| pending.holders.clone()).unwrap_or_default()
    }
}

impl InquiryCase<'_> {
    fn asked(&mut self, question: Question, started_ms: f64, outcome: Outcome) -> ProbeId {
        self.shown.asked(question.clone(), started_ms, outcome.clone());
        self.evidence.asked(question, started_ms, outcome)
    }

    fn happened(&mut self, at_ms: f64, probe: ProbeId, phase: Phase, tls: bool, what: EventKind) -> EventId {
        let event = self.evidence.happened(at_ms, probe, phase, tls, what).clone();
        let shown = self.evidence.mask().event(&event);
        self.shown.transcript.push(shown);
        event.seq
    }

    fn ended(&mut self, id: ProbeId, at_ms: f64, outcome: Outcome) {
        self.evidence.ended(id, at_ms, outcome);
        if let Some(probe) = self.evidence.probe(id).map(|probe| self.evidence.mask().probe(probe)) {
            self.shown.ended(id, at_ms, probe.outcome);
        }
    }
}

impl Asking {
    fn new_round() -> Asking {
        Asking::Round { case: 0, questions: VecDeque::new(), of: 0, is_answered: false }
    }
}

impl PendingQuestion {
    /// Whether this probe also answers a question of another case. Within one case, equal sessions are separate probes,
    /// because a follow-up may repeat a session on purpose.
    fn serves(&self, question: &Question, case: usize) -> bool {
        let fits = match (&self.question, question) {
            (Question::Session(held), Question::Session(wanted)) => held.covers(wanted),
            (held, wanted) => held == wanted,
        };
        fits && self.holders.iter().all(|holder| holder.case != case)
    }
}

fn number(place: usize) -> ProbeId {
    ProbeId(u32::try_from(place + 1).unwrap_or(u32::MAX))
}

fn place(number: ProbeId) -> usize {
    usize::try_from(number.0).unwrap_or(usize::MAX).saturating_sub(1)
}
