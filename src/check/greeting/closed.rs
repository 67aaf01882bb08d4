//! Connections that the server closes before its greeting. The other mail ports of the host show whether the server
//! rejects this machine, or whether only the process for this port ends.

use super::super::finding::{Finding, PhaseFailure};
use super::super::{elsewhere, place};
use super::rules::GREETING_MISSING;
use crate::evidence::{DialResult, EventKind, Evidence, Phase, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::Plan;

/// A server that waits at least this long before it closes the connection waits for the client.
const WAITED_MS: f64 = 2500.0;

/// How long the server kept the connection open.
fn waited_ms(session: Session<'_>) -> Option<f64> {
    let connected = session
        .events()
        .find(|event| matches!(event.what, EventKind::Dialled { result: DialResult::Connected { .. }, .. }))?;
    Some(session.probe.started_ms + session.probe.duration_ms? - connected.at_ms)
}

pub(super) fn finding(plan: &Plan, evidence: &Evidence, session: Session<'_>, reset: bool, begun: bool) -> Finding {
    let how = if reset { "resets" } else { "closes" };
    let when = if begun { "in the middle of its greeting" } else { "without a greeting" };
    let summary = format!("the server accepts the connection but {how} it {when}");
    let mut finding =
        Finding::new(&GREETING_MISSING, Phase::Greeting, Confidence::Likely, summary).tried(session.probe.id);
    for event in session.events() {
        finding.evidence.events.push(event.seq);
    }
    finding.failure = Some(PhaseFailure::Unreachable);
    let log = Fix::text(
        "Server operator: read what the mail log says about these connections, for example a missing table, certificate or login socket (Postfix: postfix check, and journalctl -u 'postfix*' | grep fatal; in a container: docker logs), and check access lists and connection limits",
    );
    let again = Fix::text("Repeat the check in a few minutes, and from another network");
    let is_inside = place::is_inside(plan, session) && plan.target.host.socket().is_none();
    if let Some(other) = elsewhere::greeted(evidence) {
        let port = other.request.port;
        finding = finding.tried(other.probe.id);
        finding.cause = format!(
            "On port {port}, the same host sends a greeting. The process for port {} therefore probably ends with an error when it starts, or an access list applies to this port only.",
            plan.target.port
        );
        finding.otherwise = Some(
            "The service for this port may be down behind a proxy or load balancer. The server's mail log shows the reason."
                .to_owned(),
        );
        let use_other = (port != 25).then(|| elsewhere::fix(plan, other, "where the server sends a greeting"));
        finding.fixes = use_other.into_iter().chain([log, again]).collect();
    } else if waited_ms(session).is_some_and(|waited| waited >= WAITED_MS) {
        finding.cause = "The server closed the connection after it had waited for data from the client. In SMTP, the server sends first, so it probably expects the header of the PROXY protocol, which a load balancer sends, or the service behind it does not respond.".to_owned();
        finding.otherwise = Some(
            "The server may be waiting for a slow DNS lookup or login service. The server's mail log shows the reason."
                .to_owned(),
        );
        finding.fixes = vec![
            Fix::text(
                "If the server is behind a load balancer, connect through it, or to a port without the PROXY protocol. Server operator: switch the protocol off for this port, or on in the load balancer (Postfix: smtpd_upstream_proxy_protocol, postscreen_upstream_proxy_protocol; Exim: hosts_proxy; Dovecot: haproxy)",
            ),
            log,
            again,
        ];
    } else if is_inside {
        finding.cause = "Something accepts the connections, for example the port forwarding of Docker, a load balancer or a tunnel, but no mail server responds behind it.".to_owned();
        finding.otherwise = Some(
            "The server's process may end with an error when it starts, or an access list may exclude this machine. The server's mail log shows the reason."
                .to_owned(),
        );
        finding.fixes = vec![
            // Docker accepts connections to a published port even if the server in the container cannot be reached.
            Fix::text(
                "If the server runs in a container, make it listen on all addresses there (0.0.0.0, not 127.0.0.1), and publish the port that it uses",
            ),
            Fix::run("Check that the server is running, and which port is forwarded to it", "docker ps"),
            log,
        ];
    } else {
        finding.cause = "The server does not accept mail from this machine (an access list, or a connection limit that has been reached), or its process ends with an error when it starts.".to_owned();
        finding.otherwise = Some(
            "The mail service may be down behind a proxy or load balancer. Repeat the check from another network to find out: if the connection is closed there too, no access list is the cause."
                .to_owned(),
        );
        finding.fixes = vec![log, again];
    }
    finding
}
