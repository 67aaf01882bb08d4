//! A probe that sends a ClientHello and does not complete the handshake, read back from the evidence.

use super::hello::{HelloOutcome, HelloSeen};
use super::record::{Answer, Outcome, Probe};
use crate::question::HelloRequest;
use crate::wire::tls;

/// One ClientHello of ours, read back from its attempt.
#[derive(Clone, Copy, Debug)]
pub struct HelloProbe<'a> {
    /// The attempt it is.
    pub probe: &'a Probe,
    /// What was wanted.
    pub request: &'a HelloRequest,
}

impl<'a> HelloProbe<'a> {
    /// What came of it; none while it is under way, and where it was skipped or failed.
    pub fn seen(&self) -> Option<&'a HelloSeen> {
        match &self.probe.outcome {
            Outcome::Done { answer: Answer::Hello(seen) } => Some(seen),
            _ => None,
        }
    }

    /// The ServerHello, if there was one. A choice of what was not offered (RFC 8446 §4.1.3 forbids it) takes nothing.
    pub fn accepted(&self) -> Option<&'a tls::ServerHello> {
        let HelloOutcome::Answer { answer: tls::TlsAnswer::ServerHello(taken) } = &self.seen()?.heard else {
            return None;
        };
        let offered = self.request.offer.hello();
        let group_is_offered = |group| offered.groups.contains(&group);
        let is_offered = taken.version <= offered.version
            && offered.suites.contains(&taken.suite)
            && (taken.version < tls::Version::Tls13 || taken.group.is_none_or(group_is_offered));
        is_offered.then_some(taken)
    }

    /// Whether the server hung up on the ClientHello without a word: its no to what was offered, or to us.
    pub fn is_hung_up(&self) -> bool {
        self.seen().is_some_and(|seen| matches!(seen.heard, HelloOutcome::Closed | HelloOutcome::Reset))
    }

    /// The alert, if one was the answer.
    pub fn alert(&self) -> Option<u8> {
        match &self.seen()?.heard {
            HelloOutcome::Answer { answer: tls::TlsAnswer::Alert { code, .. } } => Some(*code),
            _ => None,
        }
    }

    /// Whether TLS came back, a ServerHello, one of SSLv2, or an alert: the server sessions with us still.
    pub fn is_answered(&self) -> bool {
        let is_tls = |answer: &tls::TlsAnswer| {
            matches!(answer, tls::TlsAnswer::ServerHello(_) | tls::TlsAnswer::Alert { .. } | tls::TlsAnswer::Sslv2)
        };
        self.seen().is_some_and(|seen| matches!(&seen.heard, HelloOutcome::Answer { answer } if is_tls(answer)))
    }

    /// Whether the server said no to what was offered, and not to us: an alert, or it hung up on the ClientHello.
    pub fn is_declined(&self) -> bool {
        self.seen().is_some_and(|seen| match &seen.heard {
            HelloOutcome::Answer { answer } => matches!(answer, tls::TlsAnswer::Alert { .. }),
            HelloOutcome::Closed | HelloOutcome::Reset => true,
            HelloOutcome::Silence { .. } | HelloOutcome::TurnedAway { .. } => false,
        })
    }
}
