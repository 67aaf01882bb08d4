//! The facts that one session shows about a server. They distinguish the servers behind one name.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::finding::PhaseFailure;
use crate::evidence::fault::ConnectFaultKind;
use crate::evidence::{ChainFault, Doubt, EventId, EventKind, Fault, Handshake, Phase, ProbeId, Session, TlsFaultKind};
use crate::wire::Class;

/// The maximum number of extensions that are kept, and the maximum length of a string in bytes.
const MOST_EXTENSIONS: usize = 64;
const LONGEST: usize = 255;

/// The facts about a server that one session shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BackendSeen {
    /// The IP address; null if no connection was made and several IP addresses were tried.
    pub address: Option<IpAddr>,
    /// The host name in the greeting; null without a greeting.
    pub greeting_host: Option<String>,
    /// The extensions in the last reply to EHLO, sorted; null if there was no successful EHLO.
    pub extensions: Option<Vec<String>>,
    /// `1.2` or `1.3`; null without TLS.
    pub tls_version: Option<String>,
    /// The server's certificate; null without TLS.
    pub certificate: Option<BackendCertificate>,
    /// Whether the server sent a session ticket; null without TLS.
    pub tickets: Option<bool>,
    /// The reason why the session failed before its last phase; null if it did not fail.
    pub failure: Option<BackendFailure>,
    /// The number of the probe in the evidence.
    pub probe: ProbeId,
    /// The number of the event with the greeting.
    pub greeting_event: Option<EventId>,
}

/// The certificate of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BackendCertificate {
    /// SHA-256 of the certificate, in hexadecimal.
    pub sha256: String,
    /// The first name in the certificate; null if it contains none.
    pub name: Option<String>,
    /// The end of the validity period.
    #[cfg_attr(test, schemars(with = "String"))]
    pub not_after: Timestamp,
    /// The reason why the certificate could not be verified; null if it was verified.
    pub fault: Option<CertificateFault>,
}

/// The reason why a certificate could not be verified, worded for a sentence about a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CertificateFault {
    /// It has expired.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It is for another host.
    OtherName,
    /// It is self-signed.
    SelfSigned,
    /// Its issuer is not trusted, or the chain is incomplete.
    Untrusted,
    /// It is revoked.
    Revoked,
    /// Any other reason.
    Other,
}

/// Why a session failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BackendFailure {
    /// The phase.
    pub phase: Phase,
    /// The kind of failure.
    pub kind: PhaseFailure,
    /// The reason, in a few words.
    pub reason: String,
}

impl BackendSeen {
    /// The facts that a session shows about the server that it reached; `None` if it shows none. `now` is compared with
    /// the dates of certificates.
    pub fn of(session: Session<'_>, now: Timestamp) -> Option<BackendSeen> {
        if is_without_network(session) {
            return None;
        }
        let greeting = session.reply_at(Phase::Greeting).filter(|received| received.accepts());
        let greeting_host = greeting.and_then(|received| {
            let first = received.reply.text.first()?.split_ascii_whitespace().next()?.to_owned();
            Some(shortened(first))
        });
        let extensions = session.final_capabilities().map(|(_, offers)| {
            let mut words: Vec<String> = offers.words().into_iter().take(MOST_EXTENSIONS).map(shortened).collect();
            words.sort_unstable();
            words.dedup();
            words
        });
        let handshake = session.handshake().map(|(_, handshake)| handshake);
        let tickets = session.events().any(|event| matches!(event.what, EventKind::Tickets { count } if count > 0));
        let seen = BackendSeen {
            address: address(session),
            greeting_host,
            extensions,
            tls_version: handshake.map(|handshake| handshake.version.clone()),
            certificate: handshake.and_then(|handshake| certificate(handshake, now)),
            tickets: handshake.map(|_| tickets),
            failure: failure(session),
            probe: session.probe.id,
            greeting_event: greeting.map(|received| received.event.seq),
        };
        (seen.address.is_some() || seen.greeting_host.is_some()).then_some(seen)
    }

    /// Whether two sessions show the same facts.
    pub fn is_like(&self, other: &BackendSeen) -> bool {
        let facts = |seen: &BackendSeen| BackendSeen { probe: ProbeId(0), greeting_event: None, ..seen.clone() };
        facts(self) == facts(other)
    }

    /// Whether the session received a reply to EHLO, and therefore shows all the facts.
    pub fn is_complete(&self) -> bool {
        self.extensions.is_some() && self.failure.is_none()
    }

    /// Whether the server advertises STARTTLS or the session uses TLS.
    pub(super) fn has_tls(&self) -> bool {
        let advertises = |words: &Vec<String>| words.iter().any(|word| word.eq_ignore_ascii_case("STARTTLS"));
        self.tls_version.is_some() || self.extensions.as_ref().is_some_and(advertises)
    }
}

impl CertificateFault {
    /// The end of a sentence that begins with "presents a certificate that".
    pub fn in_words(self) -> &'static str {
        match self {
            CertificateFault::Expired => "has expired",
            CertificateFault::NotYetValid => "is not valid yet",
            CertificateFault::OtherName => "is for another host",
            CertificateFault::SelfSigned => "is self-signed",
            CertificateFault::Untrusted => "is not trusted",
            CertificateFault::Revoked => "is revoked",
            CertificateFault::Other => "could not be verified",
        }
    }
}

/// Whether this machine has no network of the address family. Such a failure reveals nothing about the server.
fn is_without_network(session: Session<'_>) -> bool {
    matches!(session.fault(), Some(Fault::NotConnected { connect })
        if matches!(connect.kind, ConnectFaultKind::NetworkUnreachable
            | ConnectFaultKind::NoSourceAddress
            | ConnectFaultKind::SourceFamily))
}

/// The IP address that the session connected to, or the only one that it tried.
fn address(session: Session<'_>) -> Option<IpAddr> {
    if let Some(ip) = session.server_address() {
        return Some(ip);
    }
    let mut tried = session.events().filter_map(|event| match &event.what {
        EventKind::Dialled { address, .. } | EventKind::Tunnelled { address: Some(address), .. } => Some(address.ip()),
        _ => None,
    });
    let first = tried.next();
    first.filter(|_| tried.next().is_none())
}

fn certificate(handshake: &Handshake, now: Timestamp) -> Option<BackendCertificate> {
    let leaf = handshake.leaf()?;
    let fault = |doubt: &Doubt<'_>| match doubt {
        Doubt::OutOfDate(0) if now < leaf.not_before => CertificateFault::NotYetValid,
        Doubt::OutOfDate(_) => CertificateFault::Expired,
        Doubt::Name => CertificateFault::OtherName,
        Doubt::Revoked => CertificateFault::Revoked,
        Doubt::NoPath(ChainFault::SelfSigned) => CertificateFault::SelfSigned,
        Doubt::NoPath(_) => CertificateFault::Untrusted,
        Doubt::NoCertificate
        | Doubt::Path(_)
        | Doubt::WeakKey(_)
        | Doubt::WeakSignature(..)
        | Doubt::Misuse(_)
        | Doubt::Proof(_)
        | Doubt::StapleMissing
        | Doubt::StapleInvalid(_) => CertificateFault::Other,
    };
    Some(BackendCertificate {
        sha256: leaf.sha256.clone(),
        name: leaf.names.first().cloned().or_else(|| leaf.common_name.clone()).map(shortened),
        not_after: leaf.not_after,
        fault: handshake.doubts(now).iter().map(fault).min(),
    })
}

/// The reason why the session failed before the reply to EHLO over TLS. Replies to MAIL and RCPT are not considered,
/// because they depend on the envelope.
fn failure(session: Session<'_>) -> Option<BackendFailure> {
    let failed = |phase, kind, reason: String| Some(BackendFailure { phase, kind, reason });
    match session.fault() {
        Some(Fault::NotConnected { connect }) => {
            return failed(Phase::Connect, PhaseFailure::Unreachable, connect.kind.to_string());
        }
        Some(Fault::Proxy { proxy }) => {
            return failed(
                Phase::Connect,
                PhaseFailure::Unreachable,
                format!("the proxy does not reach it ({})", proxy.kind),
            );
        }
        Some(Fault::Silent { phase, .. } | Fault::Unread { phase }) => {
            return failed(*phase, PhaseFailure::Unreachable, format!("does not send {}", sent_at(*phase)));
        }
        Some(Fault::Closed { phase, .. }) => {
            let kind = if *phase == Phase::Greeting { PhaseFailure::Unreachable } else { PhaseFailure::Protocol };
            return failed(*phase, kind, format!("closes the connection instead of sending {}", sent_at(*phase)));
        }
        Some(Fault::Tls { .. }) => {
            return failed(Phase::Tls, PhaseFailure::Tls, "the TLS handshake failed".to_owned());
        }
        Some(Fault::TimeUp { .. } | Fault::Interrupted) => return None,
        _ => {}
    }
    let refused = session.replies().find(|received| {
        let is_early = matches!(received.event.phase, Phase::Greeting | Phase::Ehlo | Phase::Starttls | Phase::EhloTls);
        is_early && !received.accepts() && !received.reply.is_success()
    })?;
    let phase = refused.event.phase;
    if phase == Phase::Ehlo && session.fell_back_to_helo() {
        return None;
    }
    let replied = |code| match phase {
        Phase::Greeting => format!("sends {code} instead of a greeting"),
        phase => format!("replies with {code} to {phase}"),
    };
    let (kind, what) = match refused.reply.code {
        Some(code) if refused.reply.class() == Class::Transient => (PhaseFailure::RefusedTemporary, replied(code)),
        Some(code) => (PhaseFailure::RefusedPermanent, replied(code)),
        None => (PhaseFailure::Protocol, "sends no valid reply".to_owned()),
    };
    failed(phase, kind, what)
}

/// The expected response of the server in a phase.
fn sent_at(phase: Phase) -> String {
    if phase == Phase::Greeting { "a greeting".to_owned() } else { format!("a reply to {phase}") }
}

/// Whether a session could not connect, or got no reply, within the time limit.
pub(crate) fn is_timeout(session: Session<'_>) -> bool {
    match session.fault() {
        Some(Fault::NotConnected { connect }) => connect.kind == ConnectFaultKind::TimedOut,
        Some(Fault::Silent { .. } | Fault::TimeUp { .. } | Fault::Unread { .. }) => true,
        Some(Fault::Tls { tls }) => matches!(tls.kind, TlsFaultKind::Silent { .. }),
        _ => false,
    }
}

fn shortened(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
