//! A view of the evidence: one probe that sends a ClientHello without completing the handshake.

use super::hello::{HelloOutcome, HelloSeen};
use super::record::{Answer, Outcome, Probe};
use crate::question::HelloRequest;
use crate::wire::tls;

/// One ClientHello probe.
#[derive(Clone, Copy, Debug)]
pub struct HelloProbe<'a> {
    /// The probe.
    pub probe: &'a Probe,
    /// The request.
    pub request: &'a HelloRequest,
}

impl<'a> HelloProbe<'a> {
    /// The server's response; `None` if the probe is still running, was skipped or failed.
    pub fn seen(&self) -> Option<&'a HelloSeen> {
        match &self.probe.outcome {
            Outcome::Done { answer: Answer::Hello(seen) } => Some(seen),
            _ => None,
        }
    }

    /// The ServerHello, if the server sent one. A ServerHello that selects a value that was not offered (forbidden by
    /// RFC 8446 §4.1.3) does not count.
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

    /// Whether the server closed the connection after the ClientHello: it rejected either the offered parameters or
    /// this client.
    pub fn is_hung_up(&self) -> bool {
        self.seen().is_some_and(|seen| matches!(seen.heard, HelloOutcome::Closed | HelloOutcome::Reset))
    }

    /// The alert, if the server sent one.
    pub fn alert(&self) -> Option<u8> {
        match &self.seen()?.heard {
            HelloOutcome::Answer { answer: tls::TlsAnswer::Alert { code, .. } } => Some(*code),
            _ => None,
        }
    }

    /// Whether the server responded with TLS (a ServerHello, an SSLv2 ServerHello or an alert), which shows that it
    /// still serves this client.
    pub fn is_answered(&self) -> bool {
        let is_tls = |answer: &tls::TlsAnswer| {
            matches!(answer, tls::TlsAnswer::ServerHello(_) | tls::TlsAnswer::Alert { .. } | tls::TlsAnswer::Sslv2)
        };
        self.seen().is_some_and(|seen| matches!(&seen.heard, HelloOutcome::Answer { answer } if is_tls(answer)))
    }

    /// Whether the server rejected the offered parameters, not this client: it sent an alert or closed the connection.
    pub fn is_declined(&self) -> bool {
        self.seen().is_some_and(|seen| match &seen.heard {
            HelloOutcome::Answer { answer } => matches!(answer, tls::TlsAnswer::Alert { .. }),
            HelloOutcome::Closed | HelloOutcome::Reset => true,
            HelloOutcome::Silence { .. } | HelloOutcome::TurnedAway { .. } => false,
        })
    }
}
