//! A probe that sends a ClientHello and does not complete the handshake, read back from the evidence.

use super::hello::{HelloOutcome, HelloSeen};
use super::record::{Answer, Outcome, Probe};
use crate::question::HelloRequest;
use crate::wire::tls;

/// One ClientHello, read back from its probe.
#[derive(Clone, Copy, Debug)]
pub struct HelloProbe<'a> {
    /// The probe.
    pub probe: &'a Probe,
    /// The request.
    pub request: &'a HelloRequest,
}

impl<'a> HelloProbe<'a> {
    /// The response; none while it is running, and if it was skipped or failed.
    pub fn seen(&self) -> Option<&'a HelloSeen> {
        match &self.probe.outcome {
            Outcome::Done { answer: Answer::Hello(seen) } => Some(seen),
            _ => None,
        }
    }

    /// The ServerHello, if there was one. A choice that was not offered (forbidden by RFC 8446 §4.1.3) does not count.
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

    /// Whether the server closed the connection on the ClientHello: it rejects what was offered, or this client.
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

    /// Whether TLS was received, a ServerHello, one of SSLv2, or an alert: the server still responds to this client.
    pub fn is_answered(&self) -> bool {
        let is_tls = |answer: &tls::TlsAnswer| {
            matches!(answer, tls::TlsAnswer::ServerHello(_) | tls::TlsAnswer::Alert { .. } | tls::TlsAnswer::Sslv2)
        };
        self.seen().is_some_and(|seen| matches!(&seen.heard, HelloOutcome::Answer { answer } if is_tls(answer)))
    }

    /// Whether the server rejected what was offered, not this client: an alert, or it closed the connection.
    pub fn is_declined(&self) -> bool {
        self.seen().is_some_and(|seen| match &seen.heard {
            HelloOutcome::Answer { answer } => matches!(answer, tls::TlsAnswer::Alert { .. }),
            HelloOutcome::Closed | HelloOutcome::Reset => true,
            HelloOutcome::Silence { .. } | HelloOutcome::TurnedAway { .. } => false,
        })
    }
}
