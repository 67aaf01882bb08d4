//! How TLS starts at a mail server, for the policies that require it.

use crate::check::domain::seen::Delivery;
use crate::evidence::fault::{Incompatibility, TlsFaultKind};
use crate::evidence::{Fault, Phase, Presented, Session};

/// What a client gets from a server that accepted EHLO.
#[derive(Clone, Copy, Debug)]
pub(super) enum StarttlsResult<'c> {
    /// This certificate chain.
    Chain(&'c Presented),
    /// The server does not advertise STARTTLS.
    NotOffered,
    /// The server advertises STARTTLS, but TLS fails.
    Fails(StarttlsFailure),
}

/// How TLS fails at a server that advertises STARTTLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StarttlsFailure {
    /// The server rejects the command.
    Rejected,
    /// The server accepts the command, but the handshake fails.
    Handshake,
}

impl StarttlsResult<'_> {
    /// How a sender without a policy delivers. After a failed handshake, it connects again without TLS (RFC 7435 §4).
    pub(super) fn opportunistic(self) -> Delivery {
        match self {
            StarttlsResult::Chain(_) => Delivery::Encrypted,
            StarttlsResult::NotOffered | StarttlsResult::Fails(_) => Delivery::ClearText,
        }
    }
}

impl StarttlsFailure {
    /// The TLS report result type. RFC 8460 §4.3 has no type for a failed handshake, so the general type applies.
    pub(super) fn report_word(self) -> &'static str {
        match self {
            StarttlsFailure::Rejected => "starttls-not-supported",
            StarttlsFailure::Handshake => "validation-failure",
        }
    }

    /// What the server does, as the end of a sentence.
    pub(super) fn words(self) -> &'static str {
        match self {
            StarttlsFailure::Rejected => "rejects the STARTTLS command",
            StarttlsFailure::Handshake => "fails in the TLS handshake",
        }
    }
}

/// How TLS failed in a session; `None` if it did not fail, or if this machine or a limit of smtpcheck may be the reason.
pub(super) fn starttls_failure(session: Session<'_>) -> Option<StarttlsFailure> {
    let (_, offers) = session.capabilities(Phase::Ehlo)?;
    if !offers.has("STARTTLS") {
        return None;
    }
    if session.reply_at(Phase::Starttls).is_some_and(|reply| !reply.accepts()) {
        return Some(StarttlsFailure::Rejected);
    }
    let is_of_server = match session.fault()? {
        Fault::Tls { tls } => match tls.kind {
            TlsFaultKind::Incompatible { why } => match why {
                Incompatibility::Version | Incompatibility::Other => true,
                Incompatibility::Downgraded | Incompatibility::TooLarge => false,
            },
            TlsFaultKind::NotTls
            | TlsFaultKind::Alert { .. }
            | TlsFaultKind::Closed
            | TlsFaultKind::Reset
            | TlsFaultKind::Silent { .. } => true,
        },
        Fault::Closed { phase, .. } | Fault::Silent { phase, .. } => matches!(phase, Phase::Starttls | Phase::Tls),
        _ => false,
    };
    is_of_server.then_some(StarttlsFailure::Handshake)
}
