//! Runs an inquiry with a gatherer and a listener: carries out each step, and waits for arrivals between steps.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;

use super::{Ended, Gather, Inquiry, InquiryStep};
use crate::evidence::{Event, Evidence, Probe};
use crate::plan::Plan;

/// Receives a notification when evidence arrives. The evidence is masked: repetitions of a secret are hidden. An error
/// (a closed pipe, a full disk) ends the inquiry. A listener implements only the methods that it needs.
pub trait EvidenceListener {
    /// An event occurred in a session.
    fn event(&mut self, _plan: &Plan, _evidence: &Evidence, _event: &Event) -> io::Result<()> {
        Ok(())
    }
    /// A probe has ended.
    fn answered(&mut self, _plan: &Plan, _evidence: &Evidence, _probe: &Probe) -> io::Result<()> {
        Ok(())
    }
    /// There was no event for a while.
    fn waiting(&mut self, _plan: &Plan, _evidence: &Evidence, _now_ms: f64) -> io::Result<()> {
        Ok(())
    }
}

/// Runs an inquiry about one plan until there are no more questions.
pub async fn inquire(
    plan: &Plan,
    gather: &mut impl Gather,
    started_at: Timestamp,
    listener: &mut dyn EvidenceListener,
) -> (Evidence, Ended) {
    let (mut evidence, ended) = inquire_all(std::slice::from_ref(plan), gather, started_at, listener).await;
    (evidence.pop().unwrap_or_else(|| Evidence::new(started_at)), ended)
}

/// Runs one inquiry for several plans. The evidence is returned in the order of the plans.
pub async fn inquire_all(
    plans: &[Plan],
    gather: &mut impl Gather,
    started_at: Timestamp,
    listener: &mut dyn EvidenceListener,
) -> (Vec<Evidence>, Ended) {
    let mut inquiry = Inquiry::new(plans, started_at, &gather.echoes(), gather.is_exposed());
    loop {
        let notified = match inquiry.step(gather.now_ms()) {
            InquiryStep::Ask { probe, question } => {
                gather.ask(probe, &question);
                Ok(())
            }
            InquiryStep::Stop { probe } => {
                gather.stop(probe);
                Ok(())
            }
            InquiryStep::Happened { case, event } => match inquiry.shown_event(case, event) {
                Some((plan, shown, event)) => listener.event(plan, shown, event),
                None => Ok(()),
            },
            InquiryStep::Answered { case, probe } => match inquiry.shown_probe(case, probe) {
                Some((plan, shown, probe)) => listener.answered(plan, shown, probe),
                None => Ok(()),
            },
            InquiryStep::Waiting { case, now_ms } => match inquiry.shown(case) {
                Some((plan, shown)) => listener.waiting(plan, shown, now_ms),
                None => Ok(()),
            },
            InquiryStep::Await => {
                let arrival = gather.next().await;
                inquiry.arrive(arrival, gather.now_ms());
                Ok(())
            }
            InquiryStep::End(ended) => return (inquiry.into_evidence(), ended),
        };
        if let Err(error) = notified
            && !inquiry.is_interrupted()
        {
            // After a signal, the remaining output is written if possible, and the signal determines the exit code.
            return (inquiry.into_evidence(), Ended::Unwritable(error));
        }
    }
}

/// The result of an inquiry whose gatherer never waits, such as a transcript in a test. `None` if the gatherer waits.
pub fn at_once<T>(inquiring: impl Future<Output = T>) -> Option<T> {
    match pin!(inquiring).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}
