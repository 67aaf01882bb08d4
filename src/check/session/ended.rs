//! Sessions that ended early: the server closed the connection, stopped responding or sent an endless reply, or a time
//! limit was reached.

use super::super::finding::{Finding, PhaseFailure, Rule, plural, seconds};
use super::order::repeated;
use super::replies::is_reported_elsewhere;
use super::rules::{CONNECTION_CLOSED, REPLY_ENDLESS, REPLY_MISSING, TIME_LIMIT_REACHED};
use crate::evidence::fit::Fit;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Event, EventKind, Evidence, Fault, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;
use crate::question::Purpose;

pub(super) fn finding(plan: &Plan, evidence: &Evidence, session: Session<'_>, fault: &Fault) -> Option<Finding> {
    let ending = ending(plan, session, fault)?;
    let confidence = if ending.otherwise.is_some() { Confidence::Likely } else { Confidence::Certain };
    let mut finding = Finding::new(ending.rule, ending.phase, confidence, ending.summary).tried(session.probe.id);
    finding.otherwise = ending.otherwise.map(str::to_owned);
    for event in events_at_end(session, ending.phase) {
        finding = finding.on(event);
    }
    finding.cause = ending.cause.to_owned();
    finding.fixes.extend(ending.fixes);
    finding.failure = Some(ending.failure);
    if session.sequence().swallowed.is_some() {
        swallowed(plan, evidence, session, &mut finding);
    }
    Some(finding)
}

/// A session that ended early, as the parts of a finding.
struct SessionEnding {
    rule: &'static Rule,
    phase: Phase,
    summary: String,
    cause: &'static str,
    otherwise: Option<&'static str>,
    fixes: Vec<Fix>,
    failure: PhaseFailure,
}

fn ending(plan: &Plan, session: Session<'_>, fault: &Fault) -> Option<SessionEnding> {
    let target = plan.target.host.with_port(plan.target.port);
    Some(match fault {
        // `connect`, `proxy`, `greeting`, `handshake` and `starttls` report these.
        Fault::NoAddress
        | Fault::NotConnected { .. }
        | Fault::SocketNotConnected { .. }
        | Fault::Binary
        | Fault::Proxy { .. }
        | Fault::Tls { .. }
        | Fault::Silent { phase: Phase::Greeting, .. }
        | Fault::Closed { phase: Phase::Greeting, .. }
        | Fault::Dns { .. }
        | Fault::NotPublic { .. }
        | Fault::Http { .. }
        | Fault::Interrupted => return None,
        // A server that violates the protocol of the login mechanism may also close the connection.
        Fault::Closed { phase: Phase::Auth, .. } if session.login_given_up().is_some() => return None,
        Fault::Silent { phase, waited_ms, partial_bytes } => silent(&target, *phase, *waited_ms, *partial_bytes),
        Fault::Closed { phase, reset } => closed(&target, *phase, *reset),
        Fault::Endless { phase } => SessionEnding {
            rule: &REPLY_ENDLESS,
            phase: *phase,
            summary: match phase {
                Phase::Greeting => "the greeting does not end".to_owned(),
                phase => format!("the reply to {phase} does not end"),
            },
            cause: "No valid reply is this long, so the server, or a device in front of it, is faulty or attacks its clients. smtpcheck closed the connection when the reply exceeded the limit of smtpcheck (64 KiB or 512 lines).",
            otherwise: None,
            fixes: vec![Fix::text(
                "Check that the host and port are those of a mail server. Server operator: read the mail log, and check the devices in front of the server.",
            )],
            failure: PhaseFailure::Protocol,
        },
        Fault::Unread { phase } => SessionEnding {
            rule: &REPLY_MISSING,
            phase: *phase,
            summary: format!("the server stopped accepting data at {phase}"),
            cause: "Usually, the server process has stopped responding.",
            otherwise: Some(
                "A device on the network path may be blocking the connection. Repeat the check from another network to find out.",
            ),
            fixes: vec![Fix::text(
                "Repeat the check. Server operator: check whether the server process is still running and reads from its connections.",
            )],
            failure: PhaseFailure::Unreachable,
        },
        Fault::TimeUp { phase } => time_limit(plan, &target, *phase),
    })
}

fn silent(target: &str, phase: Phase, waited_ms: f64, partial_bytes: usize) -> SessionEnding {
    let waited = seconds(waited_ms);
    let (summary, cause, otherwise) = if partial_bytes == 0 {
        (
            format!("the server sent no reply to {phase} within {waited}"),
            "Usually, the server is waiting for a DNS lookup, a content filter or a database.",
            "A device on the network path may be dropping the reply. Repeat the check from another network to find out.",
        )
    } else {
        (
            format!(
                "the reply to {phase} was still incomplete after {waited} ({} received)",
                plural(partial_bytes, "byte", "bytes")
            ),
            "The server sends its reply very slowly, as a tarpit does, or stopped in the middle of it.",
            "A device on the network path may be dropping the rest of the reply. Repeat the check from another network to find out.",
        )
    };
    SessionEnding {
        rule: &REPLY_MISSING,
        phase,
        summary,
        cause,
        otherwise: Some(otherwise),
        fixes: vec![Fix::repeat(
            "Repeat the check with a longer timeout",
            format!("smtpcheck {target} --timeout 300s --max-time 10m"),
        )],
        failure: PhaseFailure::Unreachable,
    }
}

fn closed(target: &str, phase: Phase, reset: bool) -> SessionEnding {
    let closes = if reset { "resets" } else { "closes" };
    SessionEnding {
        rule: &CONNECTION_CLOSED,
        phase,
        summary: format!("the server {closes} the connection instead of replying to {phase}"),
        cause: "The server process probably ended in the middle of the session.",
        otherwise: Some(
            "A proxy or firewall on the network path may have closed the connection. Repeat the check from another network to find out.",
        ),
        fixes: vec![
            Fix::repeat(
                "Repeat the check from another network; if the session succeeds there, a device in your network closes the connection",
                format!("smtpcheck {target}"),
            ),
            Fix::run(
                "Server operator: find the reason in the mail log for the time of the check (command for Postfix), and check the proxies and firewalls in front of the server",
                "journalctl -u postfix -n 50",
            ),
        ],
        failure: PhaseFailure::Protocol,
    }
}

fn time_limit(plan: &Plan, target: &str, phase: Phase) -> SessionEnding {
    let seconds = std::time::Duration::from_millis(plan.limits.total_ms).as_secs_f64();
    SessionEnding {
        rule: &TIME_LIMIT_REACHED,
        phase,
        summary: format!("the overall time limit ({seconds:.1} s) was reached at {phase}"),
        cause: "This limit is set in smtpcheck (--max-time), not in the server. Later phases were not tested.",
        otherwise: None,
        fixes: vec![Fix::repeat(
            "Repeat the check with a longer time limit",
            format!("smtpcheck {target} --max-time 5m --timeout 2m"),
        )],
        failure: PhaseFailure::Incomplete,
    }
}

/// The command whose reply is missing (or, if no command was sent, the event that began the phase), and the part
/// of the reply that arrived.
fn events_at_end(session: Session<'_>, phase: Phase) -> Vec<&Event> {
    let is_whole = |received: &ReceivedReply<'_>| received.fit() != Fit::Unfinished;
    let answered = session.all_replies().filter(|received| received.event.phase == phase && is_whole(received)).count();
    let sent = || session.events().filter(|event| event.phase == phase && matches!(event.what, EventKind::Sent { .. }));
    let awaited = sent().nth(answered).or_else(|| sent().last());
    let begun = session
        .events()
        .filter(|event| {
            matches!(event.what, EventKind::Dialled { .. } | EventKind::Tunnelled { .. } | EventKind::Secured { .. })
        })
        .last();
    let parts = session.events().filter(|event| match &event.what {
        EventKind::Received { reply, .. } => {
            event.phase == phase && reply.irregularities.iter().any(is_reported_elsewhere)
        }
        EventKind::Unfinished { .. } => event.phase == phase,
        _ => false,
    });
    awaited.or(begun).into_iter().chain(parts).collect()
}

/// States in a finding that one of several pipelined commands got no reply. It is not known which command got no reply,
/// so none of the replies is used. A second session without PIPELINING shows whether pipelining is the cause.
fn swallowed(plan: &Plan, evidence: &Evidence, session: Session<'_>, finding: &mut Finding) {
    finding.consequences.push(
        "smtpcheck sent several commands together (PIPELINING), and one reply is missing, so it is not known which command each reply belongs to".to_owned(),
    );
    finding.consequences.extend(repeated(plan, evidence, session));
    let Some(probe) = evidence.probes(Purpose::InStep).next() else { return };
    finding.evidence.probes.push(probe.probe.id);
    let wanted = probe.request.script.envelope.as_ref().map_or(0, |envelope| envelope.to.len());
    let answered = probe.replies().filter(|received| received.event.phase == Phase::Rcpt).count();
    if wanted > 0 && answered == wanted {
        finding.failure = Some(PhaseFailure::Protocol);
        finding.cause = "The server advertises PIPELINING, but loses a command that arrives together with others. It replied to each command when smtpcheck sent them one at a time.".to_owned();
        finding.otherwise = Some(
            "A proxy or filter in front of the server may be losing the command. Repeat the check from another network to find out."
                .to_owned(),
        );
        finding.fixes.insert(
            0,
            Fix::run(
                "Server operator: do not advertise PIPELINING until it works (command for Postfix)",
                "postconf -e smtpd_discard_ehlo_keywords=pipelining",
            ),
        );
    }
}
