//! The PROXY protocol of load balancers: servers that wait for the header although none was sent, and servers that do
//! not expect the header.
//!
//! Signs of a server that waits, if no header was sent:
//! 1. the connection is closed without a greeting, or 421 arrives instead of a greeting, after 2.5 to 6 seconds
//!    (Dovecot closes after 3 s, Postfix sends 421 after 5 s);
//! 2. nothing arrives until the time limit (haproxy with accept-proxy);
//! 3. the greeting or the reply to EHLO is a rejection, which states that the header is missing or invalid (Exim,
//!    Haraka).
//!
//! The first two signs prove nothing, so a second session sends the header. If the server then accepts EHLO, the cause
//! is certain.
//!
//! Signs of a server that rejects the header: a syntax error before the reply to EHLO, or a rejection because of the
//! header. Module [`rules`]: the rules and their pages.

mod rules;

use super::finding::{Check, Finding, PhaseFailure};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Event, EventKind, Evidence, Fault, Phase, Session, TlsFaultKind};
use crate::lexicon::{self, Basis, Confidence, Context, Fix};
use crate::plan::{Plan, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Class;
use rules::{PROXY_HEADER_MISSING, PROXY_HEADER_UNEXPECTED};

pub(super) static CHECK: Check = Check { subject: "proxy_header", ask, judge, rules: rules::RULES };

/// The lexicon phrase for replies to a connection without a header, or with an invalid header.
const HEADER_NEEDED: &str = "proxy-protocol-mismatch";

/// The lexicon phrase for replies to a header from a machine that is not allowed to send one.
const HEADER_NOT_ALLOWED: &str = "proxy-protocol-not-allowed";

/// How long servers wait for the header, with some tolerance, in milliseconds.
const WAITING: std::ops::RangeInclusive<f64> = 2500.0..=6500.0;

/// A session that sends the header, if the server may wait for it.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    // The header contains the server's IP address, which is unknown if a proxy looked up the server's name.
    let is_known = session.server_address().is_some();
    let Some(sign) = sign_of_waiting(session) else { return Vec::new() };
    let is_explained = matches!(sign, WaitingSign::Silence(_)) && may_expect_tls(evidence);
    if plan.proxy_header.is_some() || !is_known || is_explained {
        return Vec::new();
    }
    let tls = plan.tls_use();
    let last = if tls == TlsUse::Implicit { QuitAfter::Banner } else { QuitAfter::Ehlo };
    let port = plan.target.port;
    vec![Question::session(SessionRequest::probe(plan, Purpose::ProxyHeader, port, tls, last))]
}

/// A sign that the server waits for the header.
enum WaitingSign<'a> {
    /// The connection was closed, or rejected with 421, after the usual waiting time.
    Time(f64),
    /// Nothing arrived within the time limit, in milliseconds.
    Silence(f64),
    /// A reply states that the header is missing or invalid.
    Reply(ReceivedReply<'a>),
}

fn sign_of_waiting(session: Session<'_>) -> Option<WaitingSign<'_>> {
    let rejects = |received: &ReceivedReply<'_>| {
        matches!(received.event.phase, Phase::Greeting | Phase::Ehlo | Phase::EhloTls)
            && received.reply.code.is_some()
            && !received.reply.is_success()
    };
    let waits = |received: &ReceivedReply<'_>| rejects(received) && is_read_as(received, HEADER_NEEDED);
    if let Some(received) = session.all_replies().find(waits) {
        return Some(WaitingSign::Reply(received));
    }
    if let Some(waited_ms) = silence(session) {
        return Some(WaitingSign::Silence(waited_ms));
    }
    let connected = session.events().filter(|event| is_connection(event)).last()?.at_ms;
    let ended = match session.fault() {
        Some(Fault::Closed { phase: Phase::Greeting, .. }) => session.probe.started_ms + session.probe.duration_ms?,
        Some(Fault::Tls { .. }) if session.request.script.tls == TlsUse::Implicit && session.handshake().is_none() => {
            session.probe.started_ms + session.probe.duration_ms?
        }
        _ => {
            let received = session.all_replies().next()?;
            let is_first = received.event.phase == Phase::Greeting && received.reply.has_code(421);
            is_first.then_some(received.event.at_ms)?
        }
    };
    Some(ended - connected).filter(|waited| WAITING.contains(waited)).map(WaitingSign::Time)
}

/// How long smtpcheck waited, if the server sent nothing at all.
fn silence(session: Session<'_>) -> Option<f64> {
    match session.fault()? {
        Fault::Silent { phase: Phase::Greeting, waited_ms, partial_bytes: 0 } => Some(*waited_ms),
        _ => None,
    }
}

/// Whether the server may be silent because it expects TLS, which `greeting` tests first.
fn may_expect_tls(evidence: &Evidence) -> bool {
    let probe = evidence.probes(Purpose::OtherTlsMode).find(|probe| probe.request.script.tls == TlsUse::Implicit);
    let ended = probe.filter(Session::is_over).and_then(|probe| probe.fault());
    !matches!(
        ended,
        Some(Fault::Tls { tls })
            if matches!(tls.kind, TlsFaultKind::Closed | TlsFaultKind::Reset | TlsFaultKind::Silent { .. })
    )
}

fn is_connection(event: &Event) -> bool {
    matches!(event.what, EventKind::Dialled { .. } | EventKind::Tunnelled { .. })
}

/// Whether the lexicon recognises this phrase in a reply.
fn is_read_as(received: &ReceivedReply<'_>, phrase: &str) -> bool {
    let reading = lexicon::read(received.reply, &Context::default());
    reading.is_some_and(|reading| matches!(&reading.basis, Basis::Phrase { id } if id == phrase))
}

/// Whether a reply refers to a header that smtpcheck sent: the lexicon recognises the reply, or the reply repeats the
/// header as an unknown command.
fn is_about_header(received: &ReceivedReply<'_>) -> bool {
    [HEADER_NEEDED, HEADER_NOT_ALLOWED].into_iter().any(|phrase| is_read_as(received, phrase))
        || is_syntax_error(received) && received.reply.joined().contains("PROXY")
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let sent = session.events().find(|event| matches!(event.what, EventKind::ProxyHeaderSent { .. }));
    let finding = match sent {
        Some(event) => unexpected(plan, session, event),
        None => missing(plan, evidence, session).or_else(|| from_balancer(plan, evidence, session)),
    };
    finding.into_iter().collect()
}

fn missing(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let sign = sign_of_waiting(session)?;
    let probe = evidence.probes(Purpose::ProxyHeader).find(Session::is_over);
    let proof = probe.filter(|probe| {
        let phase = if probe.request.script.tls == TlsUse::Implicit { Phase::Greeting } else { Phase::Ehlo };
        probe.reply_at(phase).is_some_and(|received| received.accepts())
    });
    let target = plan.target.host.with_port(plan.target.port);
    let (how, failure) = match &sign {
        WaitingSign::Time(waited) => (
            format!("Without the header, the connection ended after {:.1} s.", waited / 1000.0),
            session.all_replies().next().map_or(PhaseFailure::Unreachable, |_| PhaseFailure::RefusedTemporary),
        ),
        WaitingSign::Silence(waited_ms) => (
            format!("Without the header, nothing arrived within {:.1} s.", *waited_ms / 1000.0),
            PhaseFailure::Unreachable,
        ),
        WaitingSign::Reply(received) => {
            let failure = match received.reply.class() {
                Class::Transient => PhaseFailure::RefusedTemporary,
                _ => PhaseFailure::RefusedPermanent,
            };
            (format!("The server replied: {}.", received.first_line()), failure)
        }
    };
    let (confidence, tested) = match (proof, &sign) {
        (Some(_), _) => {
            (Confidence::Certain, " In a second session, smtpcheck sent the header, and the server accepted EHLO.")
        }
        (None, WaitingSign::Reply(_)) => (Confidence::Likely, ""),
        (None, WaitingSign::Time(_) | WaitingSign::Silence(_)) => return None,
    };
    let summary = format!("port {} of {} expects a PROXY header first", plan.target.port, plan.target.host);
    let phase = match &sign {
        WaitingSign::Reply(received) => received.event.phase,
        WaitingSign::Time(_) | WaitingSign::Silence(_) => Phase::Greeting,
    };
    let mut finding = Finding::new(&PROXY_HEADER_MISSING, phase, confidence, summary).tried(session.probe.id);
    finding.evidence.events.extend(session.events().map(|event| event.seq));
    finding.evidence.probes.extend(probe.map(|probe| probe.probe.id));
    finding.cause = format!(
        "This port is for connections from a load balancer, which sends a PROXY protocol header before anything else. {how}{tested}"
    );
    if confidence == Confidence::Likely {
        finding.otherwise = Some(
            "The server may accept the header only from the IP addresses of its load balancer. Repeat the check with the header to find out."
                .to_owned(),
        );
    }
    finding.fixes.push(Fix::text("Connect to the load balancer instead of the server behind it"));
    finding.fixes.push(Fix::repeat(
        "Alternatively, repeat the check with the header, if this machine is allowed to send it",
        format!("smtpcheck {target} --haproxy-protocol v1"),
    ));
    finding.fixes.push(Fix::text(
        "Server operator: offer a port without the PROXY protocol for direct connections (Postfix: smtpd_upstream_proxy_protocol, Dovecot: haproxy, Exim: hosts_proxy, Haraka: connection.ini)",
    ));
    finding.failure = Some(failure);
    Some(finding)
}

/// A finding if the header was sent and the server treats it as a command.
fn unexpected(plan: &Plan, session: Session<'_>, sent: &Event) -> Option<Finding> {
    let early = |received: &ReceivedReply<'_>| {
        matches!(received.event.phase, Phase::Greeting | Phase::Ehlo) && !received.reply.is_success()
    };
    let named = session.all_replies().find(|received| early(received) && is_about_header(received));
    let syntax = || session.all_replies().find(|received| early(received) && is_syntax_error(received));
    let in_tls = matches!(session.fault(), Some(Fault::Tls { .. })) && session.request.script.tls == TlsUse::Implicit;
    let stray = || session.events().find(|event| is_stray_error(event));
    let (confidence, how, event) = match (named, syntax()) {
        (Some(received), _) => {
            (Confidence::Certain, format!("The server replied: {}.", received.first_line()), received.event)
        }
        (None, Some(received)) => {
            (Confidence::Likely, format!("The server replied: {}.", received.first_line()), received.event)
        }
        (None, None) => match stray() {
            Some(event) => {
                (Confidence::Likely, "The server treated the header as an unknown command.".to_owned(), event)
            }
            None if in_tls => {
                (Confidence::Likely, "The TLS handshake failed, because the header is not TLS.".to_owned(), sent)
            }
            None => return None,
        },
    };
    let summary = format!("port {} of {} rejects the PROXY header", plan.target.port, plan.target.host);
    let phase = if in_tls { Phase::Tls } else { event.phase };
    let mut finding = Finding::new(&PROXY_HEADER_UNEXPECTED, phase, confidence, summary).on(sent).on(event);
    finding.cause = format!("smtpcheck sent a PROXY header, because --haproxy-protocol was given. {how}");
    if confidence == Confidence::Likely {
        finding.otherwise = Some(
            "The server may reject the session for another reason. Repeat the check without the header to find out."
                .to_owned(),
        );
    }
    // The fix has no command, because the flags of this run, including --haproxy-protocol, would be added to it.
    finding.fixes.push(Fix::text("Repeat the check without --haproxy-protocol"));
    finding.fixes.push(Fix::text(
        "Server operator: if a load balancer is in front of this port, enable the PROXY protocol for the port, and allow the load balancer's IP address to send the header",
    ));
    finding.failure = Some(if in_tls { PhaseFailure::Tls } else { PhaseFailure::Protocol });
    Some(finding)
}

/// The finding about an error, right after the greeting, that refers to a command that smtpcheck did not send: a load
/// balancer in front of the server sends the header, and the server does not support it.
///
/// If EHLO was sent before the error arrived, the error looks like the reply to EHLO, and the reply to EHLO is one too
/// many. The second session, with a pause before each command, then shows that the error precedes EHLO.
fn from_balancer(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let (event, seen) = stray_error(session).map(|event| (event, session)).or_else(|| {
        let is_broken = session.sequence().broken.is_some();
        let paused = evidence.probes(Purpose::InStep).find(|_| is_broken)?;
        Some((stray_error(paused)?, paused))
    })?;
    let summary = format!("{} replies to a command that smtpcheck did not send", plan.target.host);
    let mut finding = Finding::new(&PROXY_HEADER_UNEXPECTED, Phase::Greeting, Confidence::Likely, summary)
        .on(event)
        .tried(seen.probe.id);
    finding.cause = "The server sent an error right after its greeting. A load balancer in front of the server probably sends a PROXY header, and the server treats it as a command.".to_owned();
    finding.otherwise = Some("The server may be faulty. The server's log shows which command it received.".to_owned());
    finding.fixes.push(Fix::text(
        "Server operator: enable the PROXY protocol in the server (Postfix: smtpd_upstream_proxy_protocol = haproxy, Dovecot: haproxy = yes, Exim: hosts_proxy), or disable it in the load balancer (haproxy: remove send-proxy)",
    ));
    finding.failure = Some(PhaseFailure::Protocol);
    Some(finding)
}

/// RFC 5321 §4.2.3: 500 to 503 are errors about the syntax or the sequence of commands.
fn is_syntax_error(received: &ReceivedReply<'_>) -> bool {
    [500, 501, 502, 503].into_iter().any(|code| received.reply.has_code(code))
}

/// An error that arrived after the greeting of a mail server, before EHLO was sent.
fn stray_error(session: Session<'_>) -> Option<&Event> {
    let first = session.all_replies().next()?;
    let is_greeted = first.event.phase == Phase::Greeting && first.reply.has_code(220);
    session.events().find(|event| is_greeted && is_stray_error(event))
}

/// Unsolicited bytes before EHLO that begin with such an error.
fn is_stray_error(event: &Event) -> bool {
    match &event.what {
        EventKind::Stray { text, .. } => {
            matches!(event.phase, Phase::Greeting | Phase::Ehlo)
                && ["500", "501", "502", "503"].iter().any(|code| text.starts_with(code))
        }
        _ => false,
    }
}

/// Lists the findings that are caused by a missing or unexpected header as consequences of that finding.
pub(super) fn absorb(findings: &mut Vec<Finding>) {
    let is_cause =
        |finding: &Finding| finding.rule == PROXY_HEADER_MISSING.id || finding.rule == PROXY_HEADER_UNEXPECTED.id;
    if !findings.iter().any(is_cause) {
        return;
    }
    let follows = |finding: &Finding| {
        !is_cause(finding)
            && (finding.failure.is_some() || finding.rule.starts_with("reply-"))
            && !matches!(finding.phase, Phase::Dns | Phase::Auth)
    };
    let (absorbed, mut rest): (Vec<Finding>, Vec<Finding>) = findings.drain(..).partition(follows);
    if let Some(cause) = rest.iter_mut().find(|finding| is_cause(finding)) {
        cause.consequences.extend(absorbed.into_iter().map(|finding| finding.summary));
    }
    *findings = rest;
}
