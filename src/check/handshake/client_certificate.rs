//! Handshakes that failed because smtpcheck sent no client certificate, or because the server rejected it.

use super::super::finding::Finding;
use super::hellos::{by_offer, is_current};
use super::rules::{CLIENT_CERTIFICATE_REFUSED, CLIENT_CERTIFICATE_REQUIRED};
use crate::evidence::{Evidence, Phase, Session, TlsFault, TlsFaultKind};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::question::Offer;
use crate::wire::tls::Version;

/// The finding about a rejection after the client considered the handshake complete, as in TLS 1.3.
pub(super) fn after_handshake(plan: &Plan, session: Session<'_>, tls: &TlsFault) -> Option<Finding> {
    let TlsFaultKind::Alert { code, name } = &tls.kind else { return None };
    let (_, handshake) = session.handshake()?;
    if handshake.client_certificate_sent {
        return Some(rejected(*code, name));
    }
    handshake.client_certificate_requested.then(|| required(plan, *code, name))
}

/// The finding about a rejection during the handshake. Up to TLS 1.2, the server rejects the client certificate in this
/// phase, often with the generic alert 40 (RFC 5246 §7.4.6, obsolete). The client certificate is the reason if
/// 1. the alert can be about a certificate,
/// 2. the server requested a client certificate in response to a ClientHello that offers TLS 1.2,
/// 3. and neither the version nor the suite that the server chose is the reason.
pub(super) fn in_handshake(plan: &Plan, evidence: &Evidence, tls: &TlsFault) -> Option<Finding> {
    let TlsFaultKind::Alert { code, name } = &tls.kind else { return None };
    let hello = by_offer(evidence, &Offer::Version { version: Version::Tls12 })?;
    let taken = hello.accepted()?;
    let is_about_one = matches!(code, 40..=46 | 48 | 49 | 116);
    if !is_about_one || !taken.client_certificate_requested || !is_current(taken) {
        return None;
    }
    let finding = match plan.tls.identity {
        Some(_) => rejected(*code, name),
        None => required(plan, *code, name),
    };
    Some(finding.tried(hello.probe.id))
}

fn rejected(code: u8, name: &str) -> Finding {
    let summary = format!("the server rejects the client certificate with alert {code} ({name})");
    let mut finding = Finding::new(&CLIENT_CERTIFICATE_REFUSED, Phase::Tls, Confidence::Likely, summary);
    finding.cause = match code {
        45 => "The client certificate has expired according to the server's clock.",
        44 => "The client certificate was revoked.",
        48 => "The server does not trust the CA that issued the client certificate, or the chain was not sent with it.",
        43 => "The server does not accept this type of client certificate.",
        49 => "The client certificate is valid, but its owner is not allowed to connect.",
        _ => "The server does not accept the client certificate.",
    }
    .to_owned();
    finding.otherwise = Some(
        "The server may have rejected the certificate for a reason that the alert does not state. Its mail log shows the reason."
            .to_owned(),
    );
    finding.fixes = vec![Fix::text(
        "Make sure that the file given with --cert contains the complete chain, with the client certificate first. Server operator: add the CA to the server's list of trusted CAs.",
    )];
    finding
}

fn required(plan: &Plan, code: u8, name: &str) -> Finding {
    let summary = format!("the server requires a client certificate (alert {code}, {name})");
    let certain = code == 116;
    let confidence = if certain { Confidence::Certain } else { Confidence::Likely };
    let mut finding = Finding::new(&CLIENT_CERTIFICATE_REQUIRED, Phase::Tls, confidence, summary);
    finding.cause =
        "The server accepts only clients with a certificate that it trusts, and smtpcheck sent no certificate."
            .to_owned();
    finding.otherwise = (!certain).then(|| {
        "The server may have ended the handshake for another reason. Its mail log shows the reason.".to_owned()
    });
    let target = plan.target.host.with_port(plan.target.port);
    finding.fixes = vec![
        Fix::run("Send your client certificate", format!("smtpcheck {target} --cert client.pem --key client.key")),
        Fix::text("Use a port that does not require a client certificate, where mail programs log in with a password"),
    ];
    finding
}
