//! The loop: ask, gather, repeat. Each answer may raise new questions; when nothing new is asked and nothing is under
//! way, everything has been seen. It does no I/O of its own and knows no check by name.
//!
//! Several plans can be inquired side by side ([`inquire_all`]): each keeps evidence of its own, as if it were alone,
//! and what two of them ask is asked once. The gatherer hears errands, and each errand knows for whom it runs.

use std::io;

use jiff::Timestamp;

use crate::check;
use crate::evidence::{Event, EventKind, Evidence, Fault, Outcome, Phase, Probe, ProbeId, SkipReason};
use crate::gather::{Arrival, Gather, Signal};
use crate::plan::Plan;
use crate::question::Question;

/// Hears of evidence as it arrives, and as it is shown: what repeats a secret is masked in it. An error (a closed pipe, a full disk) ends the inquiry.
pub trait EvidenceListener {
    /// Something happened.
    fn event(&mut self, plan: &Plan, evidence: &Evidence, event: &Event) -> io::Result<()>;
    /// A question has its outcome.
    fn answered(&mut self, plan: &Plan, evidence: &Evidence, probe: &Probe) -> io::Result<()>;
    /// Nothing has happened for a while.
    fn waiting(&mut self, plan: &Plan, evidence: &Evidence, now_ms: f64) -> io::Result<()>;
}

/// Why an inquiry ended.
#[derive(Debug)]
pub enum Ended {
    /// Everything was asked and answered.
    Whole,
    /// `--max-time` passed.
    TimeUp,
    /// A signal came.
    Interrupted(Signal),
    /// The listener could not write.
    Unheard(io::Error),
}

/// Asks until nothing is left to ask.
pub fn inquire(
    plan: &Plan,
    gather: &mut dyn Gather,
    started_at: Timestamp,
    listener: &mut dyn EvidenceListener,
) -> (Evidence, Ended) {
    let (mut evidence, ended) = inquire_all(std::slice::from_ref(plan), gather, started_at, listener);
    (evidence.pop().unwrap_or_else(|| Evidence::new(started_at)), ended)
}

/// The same for several plans at once. The evidence is in the order of the plans.
pub fn inquire_all(
    plans: &[Plan],
    gather: &mut dyn Gather,
    started_at: Timestamp,
    listener: &mut dyn EvidenceListener,
) -> (Vec<Evidence>, Ended) {
    let (echoes, is_exposed) = (gather.echoes(), gather.is_exposed());
    let new = |plan| {
        let evidence = Evidence { echoes: echoes.clone(), is_exposed, ..Evidence::new(started_at) };
        InquiryCase { plan, evidence, shown: Evidence::new(started_at) }
    };
    let cases = plans.iter().map(new).collect();
    let mut inquiry = Inquiry { cases, gather, listener, errands: Vec::new() };
    let ended = inquiry.run();
    (inquiry.cases.into_iter().map(|case| case.evidence).collect(), ended)
}

/// A plan with what was seen for it.
struct InquiryCase<'a> {
    plan: &'a Plan,
    evidence: Evidence,
    /// The same as listeners may see it: [`crate::evidence::Mask`] decides.
    shown: Evidence,
}

impl InquiryCase<'_> {
    fn asked(&mut self, question: Question, started_ms: f64, outcome: Outcome) -> ProbeId {
        self.shown.asked(question.clone(), started_ms, outcome.clone());
        self.evidence.asked(question, started_ms, outcome)
    }

    fn happened(&mut self, at_ms: f64, probe: ProbeId, phase: Phase, tls: bool, what: EventKind) {
        let event = self.evidence.happened(at_ms, probe, phase, tls, what).clone();
        let shown = self.evidence.mask().event(&event);
        self.shown.transcript.push(shown);
    }

    fn ended(&mut self, id: ProbeId, at_ms: f64, outcome: Outcome) {
        self.evidence.ended(id, at_ms, outcome);
        if let Some(probe) = self.evidence.probe(id).map(|probe| self.evidence.mask().probe(probe)) {
            self.shown.ended(id, at_ms, probe.outcome);
        }
    }
}

/// Something that the gatherer was asked. Its number is its place, from 1.
struct PendingQuestion {
    question: Question,
    /// For whom it runs; the first asked first.
    holders: Vec<ProbeHolder>,
    is_open: bool,
}

/// A case by its place, and the number of the attempt there.
#[derive(Clone, Copy)]
struct ProbeHolder {
    case: usize,
    probe: ProbeId,
}

struct Inquiry<'a> {
    cases: Vec<InquiryCase<'a>>,
    gather: &'a mut dyn Gather,
    listener: &'a mut dyn EvidenceListener,
    errands: Vec<PendingQuestion>,
}

impl Inquiry<'_> {
    fn run(&mut self) -> Ended {
        self.ask();
        while self.errands.iter().any(|errand| errand.is_open) {
            let arrival = self.gather.next();
            let heard = match arrival {
                Arrival::Event { probe, at_ms, phase, tls, what } => {
                    let heard = self.happened(probe, at_ms, phase, tls, &what);
                    // Silence is the one event that is worth a question before the conversation is over.
                    if matches!(what, EventKind::Quiet { .. }) {
                        self.ask();
                    }
                    heard
                }
                Arrival::Answered { probe, at_ms, outcome } => {
                    let heard = self.close(probe, at_ms, &outcome);
                    self.ask();
                    self.stop_waiting();
                    heard
                }
                Arrival::Waiting => self.wait(),
                Arrival::TimeUp => {
                    return match self.give_up(|phase| Fault::TimeUp { phase }) {
                        Ok(()) => Ended::TimeUp,
                        Err(error) => Ended::Unheard(error),
                    };
                }
                Arrival::Interrupted(signal) => {
                    // What can still be written is written; the signal decides the exit code in any case.
                    let _ = self.give_up(|_| Fault::Interrupted);
                    return Ended::Interrupted(signal);
                }
            };
            if let Err(error) = heard {
                return Ended::Unheard(error);
            }
        }
        Ended::Whole
    }

    /// Asks for all cases, until no answer that is there already raises another question.
    fn ask(&mut self) {
        let mut answered = true;
        while answered {
            answered = false;
            for case in 0..self.cases.len() {
                answered |= self.ask_for(case);
            }
        }
    }

    /// Whether something was answered at once.
    fn ask_for(&mut self, at: usize) -> bool {
        let mut answered = false;
        let Some(case) = self.cases.get(at) else { return false };
        for question in check::ask(case.plan, &case.evidence) {
            let now = self.gather.now_ms();
            let Some(case) = self.cases.get_mut(at) else { break };
            if case.evidence.answer_to(&question).is_some() {
                continue;
            }
            let connects = matches!(question, Question::Talk(_) | Question::Hello(_));
            let budget = usize::try_from(case.plan.limits.max_connections).unwrap_or(usize::MAX);
            if connects && case.evidence.connections() >= budget {
                let outcome = Outcome::Skipped { reason: SkipReason::ConnectionBudget };
                case.asked(question, now, outcome);
                continue;
            }
            if let Some(errand) = self.errands.iter().position(|errand| errand.serves(&question, at)) {
                answered |= self.join(errand, at, question);
                continue;
            }
            let probe = case.asked(question.clone(), now, Outcome::Underway);
            let holders = vec![ProbeHolder { case: at, probe }];
            self.errands.push(PendingQuestion { question: question.clone(), holders, is_open: true });
            self.gather.ask(number(self.errands.len() - 1), &question);
        }
        answered
    }

    /// One more case takes part in an errand: what has come of it is told, what comes will be. True when it is over.
    fn join(&mut self, errand: usize, case: usize, question: Question) -> bool {
        let Some(errand) = self.errands.get_mut(errand) else { return false };
        let Some((probe, events)) = errand.holders.first().and_then(|first| {
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
        errand.holders.push(ProbeHolder { case, probe: id });
        if let Some(ms) = probe.duration_ms {
            joining.ended(id, probe.started_ms + ms, probe.outcome);
        }
        !errand.is_open
    }

    fn happened(&mut self, id: ProbeId, at_ms: f64, phase: Phase, tls: bool, what: &EventKind) -> io::Result<()> {
        for holder in self.holders(id) {
            let Some(case) = self.cases.get_mut(holder.case) else { continue };
            case.happened(at_ms, holder.probe, phase, tls, what.clone());
            if let Some(event) = case.shown.transcript.last() {
                self.listener.event(case.plan, &case.shown, event)?;
            }
        }
        Ok(())
    }

    fn close(&mut self, id: ProbeId, at_ms: f64, outcome: &Outcome) -> io::Result<()> {
        if let Some(errand) = self.errands.get_mut(place(id)) {
            errand.is_open = false;
        }
        let mut heard = Ok(());
        for holder in self.holders(id) {
            let Some(case) = self.cases.get_mut(holder.case) else { continue };
            case.ended(holder.probe, at_ms, outcome.clone());
            if let Some(probe) = case.shown.probe(holder.probe) {
                heard = heard.and(self.listener.answered(case.plan, &case.shown, probe));
            }
        }
        heard
    }

    /// Stops the conversations of which nobody who holds them expects anything any more.
    fn stop_waiting(&mut self) {
        for at in 0..self.errands.len() {
            let Some(errand) = self.errands.get(at).filter(|errand| errand.is_open) else { continue };
            let settled = errand.holders.iter().all(|holder| {
                self.cases
                    .get(holder.case)
                    .is_some_and(|case| check::settled(case.plan, &case.evidence) == Some(holder.probe))
            });
            if settled {
                self.gather.stop(number(at));
            }
        }
    }

    /// Tells that nothing happens to the case that asked first of those that wait.
    fn wait(&mut self) -> io::Result<()> {
        let now = self.gather.now_ms();
        let waiting = self.errands.iter().find(|errand| errand.is_open).and_then(|errand| errand.holders.first());
        match waiting.and_then(|holder| self.cases.get(holder.case)) {
            Some(InquiryCase { plan, shown, .. }) => self.listener.waiting(plan, shown, now),
            None => Ok(()),
        }
    }

    /// Everything under way ends here, each with the step at which it stood.
    fn give_up(&mut self, fault: impl Fn(Phase) -> Fault) -> io::Result<()> {
        let now = self.gather.now_ms();
        let mut heard = Ok(());
        let open: Vec<ProbeId> = (0..self.errands.len())
            .filter(|at| self.errands.get(*at).is_some_and(|errand| errand.is_open))
            .map(number)
            .collect();
        for id in open {
            let phase = self.holders(id).first().and_then(|holder| {
                let evidence = &self.cases.get(holder.case)?.evidence;
                match &evidence.probe(holder.probe)?.question {
                    Question::Hello(_) => Some(Phase::Tls),
                    Question::Resolve { .. } | Question::Machine { .. } => None,
                    Question::Talk(_) => {
                        Some(evidence.sessions().find(|session| session.probe.id == holder.probe)?.awaited())
                    }
                }
            });
            let closed = self.close(id, now, &Outcome::Failed { fault: fault(phase.unwrap_or(Phase::Dns)) });
            heard = heard.and(closed);
        }
        heard
    }

    fn holders(&self, id: ProbeId) -> Vec<ProbeHolder> {
        self.errands.get(place(id)).map(|errand| errand.holders.clone()).unwrap_or_default()
    }
}

impl PendingQuestion {
    /// Whether it answers a question of a case that has no part in it yet. Within one case each conversation is held
    /// for itself: a follow-up may well repeat one.
    fn serves(&self, question: &Question, case: usize) -> bool {
        let fits = match (&self.question, question) {
            (Question::Talk(held), Question::Talk(wanted)) => held.covers(wanted),
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
