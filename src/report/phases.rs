//! The phases of a session: the result and the duration of each, or the reason why it did not run.

use serde::{Deserialize, Serialize};

use crate::evidence::fit::Fit;
use crate::evidence::{
    DialResult, EventKind, Evidence, Fault, Lookup, Outcome, Phase, Probe, Session, SocketResult, TunnelResult,
};
use crate::plan::{Plan, QuitAfter, TlsUse};

/// The result of one phase. Its duration does not include earlier phases.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PhaseResult {
    /// The phase.
    pub name: Phase,
    /// The result.
    pub status: PhaseStatus,
    /// The duration in milliseconds; null if the phase did not run or the duration is unknown.
    pub ms: Option<f64>,
    /// Why the phase did not run or failed.
    pub reason: Option<String>,
}

/// The result of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PhaseStatus {
    /// The phase succeeded.
    Ok,
    /// The phase failed, or the server rejected the command.
    Failed,
    /// The phase did not run.
    Skipped,
    /// The phase ran, but its result is unknown because replies and commands were out of step.
    Unknown,
}

/// The phases of the main session, in order.
pub fn phases(plan: &Plan, evidence: &Evidence) -> Vec<PhaseResult> {
    // A domain check, or a search for client settings, has no main session.
    if !plan.is_about_server() {
        return Vec::new();
    }
    let mut phases = Vec::new();
    if let Some((probe, names)) = evidence.names() {
        phases.push(dns(probe, names.map(|names| [&names.a, &names.aaaa])));
    }
    let Some(session) = evidence.main_session() else { return phases };
    phases.push(connect(session));
    let order: &[Phase] = if plan.tls_use() == TlsUse::Implicit {
        &[Phase::Tls, Phase::Greeting, Phase::EhloTls, Phase::Auth, Phase::Mail, Phase::Rcpt, Phase::Quit]
    } else {
        &[
            Phase::Greeting,
            Phase::Ehlo,
            Phase::Starttls,
            Phase::Tls,
            Phase::EhloTls,
            Phase::Auth,
            Phase::Mail,
            Phase::Rcpt,
            Phase::Quit,
        ]
    };
    for &phase in order {
        if phase == Phase::Auth && !plan.claims.is_empty() {
            phases.push(phase_result(plan, session, Phase::Xclient));
        }
        phases.push(phase_result(plan, session, phase));
    }
    phases
}

fn dns(probe: &Probe, lookups: Option<[&Lookup; 2]>) -> PhaseResult {
    let found = lookups.is_some_and(|lookups| lookups.iter().any(|lookup| !lookup.addresses().is_empty()));
    let status = if found { PhaseStatus::Ok } else { PhaseStatus::Failed };
    // A batch looks up the name before the check begins, so the lookups can take longer than the probe.
    let longest = lookups.into_iter().flatten().filter_map(|lookup| lookup.duration_ms()).fold(0.0, f64::max);
    PhaseResult { name: Phase::Dns, status, ms: probe.duration_ms.map(|ms| rounded(ms.max(longest))), reason: None }
}

fn connect(session: Session<'_>) -> PhaseResult {
    let dialled = session.events().find_map(|event| match &event.what {
        EventKind::Dialled { started_ms, result: DialResult::Connected { .. }, .. }
        | EventKind::SocketOpened { started_ms, result: SocketResult::Connected, .. }
        | EventKind::Tunnelled { started_ms, result: TunnelResult::Connected, .. } => Some(event.at_ms - started_ms),
        _ => None,
    });
    match (dialled, session.fault()) {
        (Some(ms), _) => {
            PhaseResult { name: Phase::Connect, status: PhaseStatus::Ok, ms: Some(rounded(ms)), reason: None }
        }
        (None, Some(Fault::NoAddress)) => skipped(Phase::Connect, "no IP address"),
        (None, fault) => PhaseResult {
            name: Phase::Connect,
            status: PhaseStatus::Failed,
            ms: session.probe.duration_ms.map(rounded),
            reason: fault.and_then(|fault| match fault {
                Fault::NotConnected { connect } => Some(connect.detail.clone()),
                Fault::SocketNotConnected { socket } => Some(socket.detail.clone()),
                Fault::Proxy { proxy } => Some(format!("proxy: {}", proxy.kind)),
                _ => None,
            }),
        },
    }
}

fn skipped(name: Phase, reason: &str) -> PhaseResult {
    PhaseResult { name, status: PhaseStatus::Skipped, ms: None, reason: Some(reason.to_owned()) }
}

/// The result of a phase. Its duration is the time from its start (a command, the connection or the end of the
/// handshake) to its last reply.
fn phase_result(plan: &Plan, session: Session<'_>, phase: Phase) -> PhaseResult {
    if phase == Phase::Tls {
        return tls_result(plan, session);
    }
    let last = session.replies().filter(|received| received.event.phase == phase).last();
    let begun = if phase == Phase::Greeting {
        session.events().take_while(|event| event.phase != Phase::Greeting).last()
    } else {
        session.events().find(|event| event.phase == phase && matches!(event.what, EventKind::Sent { .. }))
    };
    match (begun, last) {
        (_, Some(received)) => {
            let ms = begun.map(|event| rounded(received.event.at_ms - event.at_ms));
            let harmless = received.fit() == Fit::Odd && received.reply.is_success();
            let accepted = received.accepts() || harmless;
            let reason = (!accepted)
                .then(|| received.reply.code.map_or_else(|| "no reply code".to_owned(), |code| code.to_string()));
            let status = if accepted { PhaseStatus::Ok } else { PhaseStatus::Failed };
            PhaseResult { name: phase, status, ms, reason }
        }
        (Some(_), None) if is_in_doubt(session, phase) => PhaseResult {
            name: phase,
            status: PhaseStatus::Unknown,
            ms: None,
            reason: Some("replies and commands were out of step".to_owned()),
        },
        (Some(event), None) if failed_at(session, phase) => {
            let end = session.probe.duration_ms.map(|ms| session.probe.started_ms + ms);
            let ms = end.map(|end| rounded(end - event.at_ms));
            PhaseResult { name: phase, status: PhaseStatus::Failed, ms, reason: Some("no reply".to_owned()) }
        }
        _ => skipped(phase, why_skipped(plan, session, phase)),
    }
}

/// Whether the phase may have received a reply that cannot be assigned to a command with certainty.
fn is_in_doubt(session: Session<'_>, phase: Phase) -> bool {
    let is_answered = session.all_replies().any(|received| received.event.phase == phase);
    is_answered && session.sequence().believed_until().is_some()
}

fn tls_result(plan: &Plan, session: Session<'_>) -> PhaseResult {
    if let Some((_, handshake)) = session.handshake() {
        return PhaseResult {
            name: Phase::Tls,
            status: PhaseStatus::Ok,
            ms: Some(rounded(handshake.ms)),
            reason: None,
        };
    }
    match session.fault() {
        Some(Fault::Tls { tls }) => {
            PhaseResult { name: Phase::Tls, status: PhaseStatus::Failed, ms: None, reason: Some(tls.detail.clone()) }
        }
        _ => skipped(Phase::Tls, why_skipped(plan, session, Phase::Tls)),
    }
}

fn failed_at(session: Session<'_>, phase: Phase) -> bool {
    match session.fault() {
        Some(
            Fault::Silent { phase: at, .. }
            | Fault::Closed { phase: at, .. }
            | Fault::Endless { phase: at }
            | Fault::Unread { phase: at }
            | Fault::TimeUp { phase: at },
        ) => *at == phase,
        Some(Fault::Binary) => phase == Phase::Greeting,
        _ => false,
    }
}

fn why_skipped(plan: &Plan, session: Session<'_>, phase: Phase) -> &'static str {
    let is_requested = match phase {
        Phase::Starttls | Phase::Tls | Phase::EhloTls => plan.tls_use() != TlsUse::Never,
        Phase::Auth => plan.login.is_some(),
        Phase::Xclient => !plan.claims.is_empty(),
        Phase::Mail => plan.from.is_some(),
        Phase::Rcpt => !plan.to.is_empty(),
        _ => true,
    };
    if !is_requested {
        return "not requested";
    }
    if matches!(session.probe.outcome, Outcome::Underway) || session.fault().is_some() {
        return "the session ended before this phase";
    }
    if plan.quit_after < QuitAfter::Rcpt {
        return "an earlier phase failed or was the last requested phase";
    }
    match phase {
        Phase::Starttls | Phase::Tls | Phase::EhloTls => "STARTTLS was not advertised, or an earlier phase failed",
        _ => "an earlier phase failed",
    }
}

/// Rounds milliseconds to microseconds, the precision of the measurement.
pub(super) fn rounded(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}
