//! The ClientHellos that were sent after a failed handshake, and the responses to them.

use crate::evidence::{Evidence, HelloOutcome, HelloProbe};
use crate::question::Offer;
use crate::wire::tls::{ServerHello, TlsAnswer};

/// Finds the ClientHello with this offer and with a server name.
pub(super) fn by_offer<'a>(evidence: &'a Evidence, offer: &Offer) -> Option<HelloProbe<'a>> {
    evidence.hellos().find(|hello| hello.request.offer == *offer && hello.request.sni.is_some())
}

pub(super) fn is_about_other_suites(hello: &HelloProbe<'_>) -> bool {
    matches!(hello.request.offer, Offer::OtherSuites { .. })
}

pub(super) fn is_alert(hello: HelloProbe<'_>) -> bool {
    let is_alert =
        |received: &HelloOutcome| matches!(received, HelloOutcome::Answer { answer: TlsAnswer::Alert { .. } });
    hello.seen().is_some_and(|seen| is_alert(&seen.heard))
}

/// Whether current TLS libraries offer this suite in TLS 1.2: ephemeral elliptic curves with an AEAD (RFC 9325 §4.2).
pub(super) fn is_current(taken: &ServerHello) -> bool {
    let name = taken.suite_name.as_str();
    name.starts_with("TLS_ECDHE_") && (name.contains("_GCM_") || name.contains("_CHACHA20_"))
}
