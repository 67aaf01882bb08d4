//! The loop: ask, gather, repeat. Each answer may raise new questions. When no question is new and no probe is running,
//! the inquiry is complete. It knows no check by name.
//!
//! [`Inquiry`] is a state machine without I/O, like `dialogue`. Arrivals go in through [`Inquiry::arrive`]; the caller
//! carries out what [`Inquiry::step`] returns: questions to ask, sessions to stop, notifications for a listener. The time
//! is an argument of both. [`inquire`] and [`inquire_all`] (`driver.rs`) join it with a port ([`Gather`]) and a listener.
//!
//! An inquiry can have several plans: each has evidence of its own, as if it were the only one, and a question that two
//! of them ask is asked once. The port sees probes with numbers of the inquiry; the inquiry knows which case holds which.

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

pub use driver::{EvidenceListener, at_once, inquire, inquire_all};
pub use port::{Arrival, Gather, Signal};

/// Why an inquiry ended.
#[derive(Debug)]
pub enum Ended {
    /// Every question was asked and answered.
    Complete,
    /// The overall time limit (`--max-time`) was reached.
    TimeUp,
    /// A signal arrived.
    Interrupted(Signal),
    /// The listener could not write.
    Unwritable(io::Error),
}

/// What the caller does next.
#[derive(Debug)]
pub enum InquiryStep {
    /// Start a probe.
    Ask {
        /// The number of the probe at the port.
        probe: ProbeId,
        /// What it asks.
        question: Box<Question>,
    },
    /// End a probe early: no case expects anything more from it.
    Stop {
        /// The number of the probe at the port.
        probe: ProbeId,
    },
    /// Notify the listener of an event: see [`Inquiry::shown_event`].
    Happened {
        /// The place of the case's plan.
        case: usize,
        /// The number of the event in its evidence.
        event: EventId,
    },
    /// Notify the listener of an outcome: see [`Inquiry::shown_probe`].
    Answered {
        /// The place of the case's plan.
        case: usize,
        /// The number of the probe in its evidence.
        probe: ProbeId,
    },
    /// Notify the listener that nothing has happened for a while: see [`Inquiry::shown`].
    Waiting {
        /// The place of the plan that waits longest.
        case: usize,
        /// The time.
        now_ms: f64,
    },
    /// Wait for an arrival.
    Await,
    /// It is over; there is no further step.
    End(Ended),
}

/// The loop for some plans.
#[derive(Debug)]
pub struct Inquiry<'p> {
    cases: Vec<InquiryCase<'p>>,
    pending: Vec<PendingQuestion>,
    /// What the listener has not been notified of yet.
    notifications: VecDeque<InquiryStep>,
    asking: Asking,
    /// Probes to end early.
    stops: VecDeque<ProbeId>,
    /// Looks for probes to end as soon as every new question is asked.
    looks_for_stops: bool,
    ended: Option<Ended>,
}

/// A plan with what was seen for it.
#[derive(Debug)]
struct InquiryCase<'p> {
    plan: &'p Plan,
    evidence: Evidence,
    /// The same as listeners may see it: [`crate::evidence::Mask`] decides.
    shown: Evidence,
}

/// How far the round of new questions is.
#[derive(Debug)]
enum Asking {
    /// Nothing has arrived that can raise a question.
    Idle,
    /// Every case is looked at, and again if a question was answered at once from what another case had seen.
    Round {
        /// The next case.
        case: usize,
        /// Its questions that are still to be asked.
        questions: VecDeque<Question>,
        /// The case whose questions these are.
        of: usize,
        /// Whether a question of this round was answered at once.
        is_answered: bool,
    },
}

/// A question that the port was asked. Its number is its place, from 1.
#[derive(Debug)]
struct PendingQuestion {
    question: Question,
    /// The cases that it is asked for; the first one asked first.
    holders: Vec<ProbeHolder>,
    is_open: bool,
}

/// A case by its place, and the number of the probe there.
#[derive(Clone, Copy, Debug)]
struct ProbeHolder {
    case: usize,
    probe: ProbeId,
}

impl<'p> Inquiry<'p> {
    /// An inquiry about these plans. `echoes` are the secrets that peers may repeat; `is_exposed` says whether an earlier
    /// run of the same check sent the secret.
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

    /// What to do next. Notifications come first, so that a listener sees an event before what follows from it.
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

    /// Takes what the port delivered.
    pub fn arrive(&mut self, arrival: Arrival, now_ms: f64) {
        match arrival {
            Arrival::Event { probe, at_ms, phase, tls, what } => {
                self.happened(probe, at_ms, phase, tls, &what);
                // Silence is the only event that raises a question before the session is over.
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
                self.give_up(now_ms, |phase| Fault::TimeUp { phase });
                self.ended = Some(Ended::TimeUp);
            }
            Arrival::Interrupted(signal) => {
                self.give_up(now_ms, |_| Fault::Interrupted);
                self.ended = Some(Ended::Interrupted(signal));
            }
        }
    }

    /// Whether a signal ended it.
    pub fn is_interrupted(&self) -> bool {
        matches!(self.ended, Some(Ended::Interrupted(_)))
    }

    /// A plan with its evidence as listeners may see it.
    pub fn shown(&self, case: usize) -> Option<(&Plan, &Evidence)> {
        self.cases.get(case).map(|case| (case.plan, &case.shown))
    }

    /// The same with one of its events.
    pub fn shown_event(&self, case: usize, event: EventId) -> Option<(&Plan, &Evidence, &Event)> {
        let (plan, shown) = self.shown(case)?;
        Some((plan, shown, shown.event(event)?))
    }

    /// The same with one of its probes.
    pub fn shown_probe(&self, case: usize, probe: ProbeId) -> Option<(&Plan, &Evidence, &Probe)> {
        let (plan, shown) = self.shown(case)?;
        Some((plan, shown, shown.probe(probe)?))
    }

    /// What was seen, in the order of the plans.
    pub fn into_evidence(self) -> Vec<Evidence> {
        self.cases.into_iter().map(|case| case.evidence).collect()
    }

    /// The next question for the port, of any case.
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
        // What was answered at once can raise further questions.
        self.asking = if is_answered { Asking::new_round() } else { Asking::Idle };
    }

    /// Notes that a case asks a question; gives the number of its probe if the port has to be asked.
    fn ask_for(&mut self, at: usize, question: &Question, now_ms: f64) -> Option<ProbeId> {
        let case = self.cases.get_mut(at)?;
        if case.evidence.answer_to(question).is_some() {
            return None;
        }
        let connects = matches!(question, Question::Session(_) | Question::Hello(_));
        let budget = usize::try_from(case.plan.limits.max_connections).unwrap_or(usize::MAX);
        if connects && case.evidence.connections() >= budget {
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

    /// One more case holds a probe: it gets what was seen so far, and what is seen from now on. True if the probe is over.
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

    /// The open probes from which none of their holders expects anything more.
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

    /// Every open probe ends here, in the phase that it has reached.
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
            Question::Resolve { .. } | Question::Machine { .. } => None,
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
    /// Whether it answers a question of a case that does not hold it yet. Within one case each session is held
    /// separately: a follow-up may repeat one on purpose.
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
