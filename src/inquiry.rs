//! The loop: ask, gather, repeat. Each answer may raise new questions; when nothing new is asked and nothing is under
//! way, everything has been seen. It does no I/O of its own and knows no check by name.

use std::io;

use jiff::Timestamp;

use crate::check;
use crate::evidence::{Attempt, AttemptId, Event, Evidence, Fault, Outcome, SkipReason, Stage};
use crate::gather::{Arrival, Gather, Signal};
use crate::plan::Plan;
use crate::question::Question;

/// Hears of evidence as it arrives. An error (a closed pipe, a full disk) ends the inquiry.
pub trait Listener {
    /// Something happened.
    fn event(&mut self, plan: &Plan, evidence: &Evidence, event: &Event) -> io::Result<()>;
    /// A question has its outcome.
    fn answered(&mut self, plan: &Plan, evidence: &Evidence, attempt: &Attempt) -> io::Result<()>;
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
    listener: &mut dyn Listener,
) -> (Evidence, Ended) {
    let mut inquiry = Inquiry { plan, gather, listener, evidence: Evidence::new(started_at), open: Vec::new() };
    let ended = inquiry.run();
    (inquiry.evidence, ended)
}

struct Inquiry<'a> {
    plan: &'a Plan,
    gather: &'a mut dyn Gather,
    listener: &'a mut dyn Listener,
    evidence: Evidence,
    open: Vec<AttemptId>,
}

impl Inquiry<'_> {
    fn run(&mut self) -> Ended {
        self.ask();
        while !self.open.is_empty() {
            let arrival = self.gather.next();
            let heard = match arrival {
                Arrival::Event { attempt, at_ms, stage, tls, what } => {
                    self.evidence.happened(at_ms, attempt, stage, tls, what);
                    match self.evidence.transcript.last() {
                        Some(event) => self.listener.event(self.plan, &self.evidence, event),
                        None => Ok(()),
                    }
                }
                Arrival::Answered { attempt, at_ms, outcome } => {
                    let heard = self.close(attempt, at_ms, outcome);
                    self.ask();
                    heard
                }
                Arrival::Waiting => self.listener.waiting(self.plan, &self.evidence, self.gather.now_ms()),
                Arrival::TimeUp => {
                    return match self.give_up(|stage| Fault::TimeUp { stage }) {
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

    fn ask(&mut self) {
        for question in check::ask(self.plan, &self.evidence) {
            if self.evidence.answer_to(&question).is_some() {
                continue;
            }
            let now = self.gather.now_ms();
            if matches!(question, Question::Talk(_)) && self.connections() >= self.plan.limits.max_connections {
                let outcome = Outcome::Skipped { reason: SkipReason::ConnectionBudget };
                self.evidence.asked(question, now, outcome);
                continue;
            }
            let id = self.evidence.asked(question.clone(), now, Outcome::Underway);
            self.open.push(id);
            self.gather.ask(id, &question);
        }
    }

    fn connections(&self) -> u32 {
        let made = self.evidence.talks().filter(|talk| !matches!(talk.attempt.outcome, Outcome::Skipped { .. }));
        u32::try_from(made.count()).unwrap_or(u32::MAX)
    }

    fn close(&mut self, id: AttemptId, at_ms: f64, outcome: Outcome) -> io::Result<()> {
        self.open.retain(|open| *open != id);
        self.evidence.ended(id, at_ms, outcome);
        match self.evidence.attempt(id) {
            Some(attempt) => self.listener.answered(self.plan, &self.evidence, attempt),
            None => Ok(()),
        }
    }

    /// Everything under way ends here, each with the step at which it stood.
    fn give_up(&mut self, fault: impl Fn(Stage) -> Fault) -> io::Result<()> {
        let now = self.gather.now_ms();
        let mut heard = Ok(());
        for id in self.open.clone() {
            let stage =
                self.evidence.talks().find(|talk| talk.attempt.id == id).map_or(Stage::Dns, |talk| talk.awaited());
            let closed = self.close(id, now, Outcome::Failed { fault: fault(stage) });
            heard = heard.and(closed);
        }
        heard
    }
}
