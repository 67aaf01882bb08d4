//! The input of all files in this module: the certificates of one handshake, with their context.

use super::super::finding::{Finding, Rule};
use crate::evidence::{Certificate, Event, Handshake, Phase, Presented, ProbeId, Session};
use crate::lexicon::Confidence;
use crate::plan::{Plan, TlsMode};

/// The certificates that a server presented, with the plan, the time and their location in the evidence.
#[derive(Clone, Copy)]
pub(super) struct CertificateContext<'a> {
    pub(super) plan: &'a Plan,
    /// The handshake's event; none for a ClientHello probe.
    pub(super) event: Option<&'a Event>,
    pub(super) probe: ProbeId,
    /// The session with the server that sent the certificates.
    pub(super) session: Session<'a>,
    pub(super) presented: &'a Presented,
    /// The handshake in which the certificates were sent; none for a ClientHello probe, which does not complete the
    /// handshake.
    pub(super) handshake: Option<&'a Handshake>,
    pub(super) leaf: &'a Certificate,
    pub(super) now: jiff::Timestamp,
}

impl<'a> CertificateContext<'a> {
    pub(super) fn lineage(self) -> Vec<(usize, &'a Certificate)> {
        self.presented.lineage()
    }

    /// The name of a certificate in findings. It contains the subject, because positions can be counted from 0 or 1.
    pub(super) fn called(self, place: usize) -> String {
        match self.presented.chain.get(place) {
            Some(one) if place > 0 => format!("the certificate {}", one.subject),
            _ => "the certificate".to_owned(),
        }
    }

    pub(super) fn finding(self, rule: &'static Rule, confidence: Confidence, summary: String) -> Finding {
        let finding = Finding::new(rule, Phase::Tls, confidence, summary).tried(self.probe);
        match self.event {
            Some(event) => finding.on(event),
            None => finding,
        }
    }

    pub(super) fn target(self) -> String {
        self.plan.target.host.with_port(self.plan.target.port)
    }
}

/// Whether this is a session as between mail servers, which by default do not verify certificates.
pub(super) fn is_between_servers(plan: &Plan) -> bool {
    plan.target.port == 25 && plan.tls.mode == TlsMode::Auto && plan.login.is_none()
}
