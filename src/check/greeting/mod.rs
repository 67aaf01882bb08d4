//! The server's greeting. If no greeting arrives, or the greeting does not come from an SMTP server, smtpcheck also
//! tries implicit TLS on the same port. [`closed`] judges connections that the server closes before the greeting.

mod closed;
mod rules;

use super::finding::{Check, Finding, PhaseFailure, in_shell, plural, seconds};
use super::service::{at_place, by_first_bytes, other_mail_service, service_with_codes};
use super::{elsewhere, other_host, peer, programs, protocol};
use crate::evidence::{Event, EventKind, Evidence, Fault, Phase, ProbeId, Session};
use crate::lexicon::{Confidence, Fix};
use crate::plan::{Family, Plan, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Host;
use crate::wire::reply::Reply;

pub(super) use rules::IMPLICIT_TLS_EXPECTED;
use rules::{GREETING_MISSING, GREETING_NOT_SMTP, GREETING_OF_ANOTHER_HOST, GREETING_SLOW};

pub(super) static CHECK: Check = Check { subject: "greeting", ask, judge, rules: rules::RULES };

/// A greeting that takes at least this long is slow. Postfix's postscreen delays its greeting by six seconds.
const SLOW_MS: f64 = 5000.0;

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let is_other_mode = |finding: Finding| finding.rule == IMPLICIT_TLS_EXPECTED.id;
    if plan.target.port != 25 && in_the_other_mode(plan, evidence, session).is_some_and(is_other_mode) {
        // Some programs support only STARTTLS.
        return vec![Question::session(in_tls(plan))].into_iter().chain(elsewhere::with_starttls(plan)).collect();
    }
    // A server on a Unix socket does not use implicit TLS.
    let plaintext = plan.tls_use() != TlsUse::Implicit && plan.target.host.socket().is_none();
    let quiet = session.events().any(|event| matches!(event.what, EventKind::Quiet { .. }));
    if plaintext && quiet {
        return vec![Question::session(in_tls(plan))];
    }
    if !session.is_over() {
        return Vec::new();
    }
    // Servers that wait for TLS often close the connection if the client sends no data.
    let silent = match session.fault() {
        Some(Fault::Silent { phase: Phase::Greeting, .. }) => true,
        Some(Fault::Closed { phase: Phase::Greeting, .. }) => greeting(session).is_none(),
        _ => false,
    };
    let foreign =
        greeting(session).is_some_and(|reply| reply.code.is_none()) || matches!(session.fault(), Some(Fault::Binary));
    if plaintext && (silent || foreign) {
        let names = if foreign { other_host::questions(plan, evidence) } else { Vec::new() };
        // Where does an SMTP server respond?
        let is_silence = matches!(session.fault(), Some(Fault::Silent { .. }));
        let ports = if is_silence { Vec::new() } else { elsewhere::greetings(plan, evidence) };
        return [Question::session(in_tls(plan))].into_iter().chain(names).chain(ports).collect();
    }
    let turned_away = greeting(session).is_some_and(|reply| reply.code.is_some() && !reply.is_success())
        || matches!(session.fault(), Some(Fault::Closed { phase: Phase::Greeting, .. }));
    if turned_away { other_family(plan, evidence, session).into_iter().collect() } else { Vec::new() }
}

/// The session that can be abandoned, because it uses the wrong TLS mode. A server that responded to a TLS handshake
/// will not send an unencrypted greeting, and a server that sent an unencrypted greeting will not respond to a TLS
/// handshake.
pub(super) fn settled(plan: &Plan, evidence: &Evidence) -> Option<ProbeId> {
    let session = evidence.main_session()?;
    let in_tls = evidence.probes(Purpose::OtherTlsMode).find(|probe| probe.request == &in_tls(plan))?;
    if greeting(session).is_some_and(|reply| reply.code.is_some()) {
        return (!in_tls.is_over()).then_some(in_tls.probe.id);
    }
    in_tls.handshake()?;
    (!session.is_over()).then_some(session.probe.id)
}

/// A session over the other address family. The server may accept this machine over that family, because each of the
/// machine's IP addresses has its own reputation.
fn other_family(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Question> {
    let peer = session.server_address()?;
    let (_, names) = evidence.names()?;
    let names = names.filter(|_| plan.family == Family::Any)?;
    let (family, addresses) = if peer.is_ipv4() { (Family::V6, &names.aaaa) } else { (Family::V4, &names.a) };
    if addresses.addresses().is_empty() {
        return None;
    }
    let probe = SessionRequest::probe(plan, Purpose::OtherFamily, plan.target.port, plan.tls_use(), QuitAfter::Banner);
    Some(Question::session(SessionRequest { family, ..probe }))
}

fn in_tls(plan: &Plan) -> SessionRequest {
    SessionRequest::probe(plan, Purpose::OtherTlsMode, plan.target.port, TlsUse::Implicit, QuitAfter::Banner)
}

fn greeting(session: Session<'_>) -> Option<&Reply> {
    session.reply_at(Phase::Greeting).map(|received| received.reply)
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    if let Some(finding) = in_the_other_mode(plan, evidence, session) {
        return vec![finding];
    }
    let begun = greeting(session).is_some();
    let mut finding = match session.fault() {
        Some(Fault::Silent { phase: Phase::Greeting, waited_ms, partial_bytes }) => {
            let waited = seconds(*waited_ms);
            if let Some(finding) = after_the_client(plan, evidence, session) {
                return vec![finding];
            }
            if *partial_bytes > 0 {
                missing(
                    plan,
                    evidence,
                    session,
                    &format!("does not complete its greeting within {waited}"),
                    *partial_bytes,
                )
            } else {
                missing(plan, evidence, session, &format!("sends no greeting within {waited}"), 0)
            }
        }
        Some(Fault::Closed { phase: Phase::Greeting, reset }) => {
            closed::finding(plan, evidence, session, *reset, begun)
        }
        Some(Fault::Binary) => return binary(plan, evidence, session).into_iter().collect(),
        _ => {
            let is_other_protocol = protocol::accepts_other(evidence).is_some();
            let words = not_smtp(plan, evidence, session)
                .filter(|_| !is_other_protocol)
                .or_else(|| of_another_host(plan, session));
            return [words, slow(session)].into_iter().flatten().collect();
        }
    };
    weigh_other_family(plan, evidence, &mut finding);
    vec![finding]
}

/// A finding if the second connection, with implicit TLS, reached an SMTP server or another service. None if the TLS
/// handshake failed there too.
fn in_the_other_mode(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    // A port may accept both modes. If the server sends an unencrypted greeting, the first session used the right mode.
    if greeting(session).is_some_and(Reply::is_success) {
        return None;
    }
    let probe = evidence.probes(Purpose::OtherTlsMode).find(|probe| probe.request.script.tls == TlsUse::Implicit)?;
    let inside = greeting(probe);
    let foreign = match (inside, probe.fault()) {
        (Some(reply), _) if reply.code.is_none() => Some(reply.joined()),
        (None, Some(Fault::Tls { tls })) if by_first_bytes(&tls.first_bytes).is_some() => Some(tls.first_bytes.clone()),
        _ => None,
    };
    if let Some(words) = foreign {
        return Some(foreign_service(plan, evidence, session, &words).tried(probe.probe.id));
    }
    let (event, _) = probe.handshake()?;
    let target = plan.target.host.with_port(plan.target.port);
    let summary =
        format!("port {} expects TLS from the first byte, but the connection began unencrypted", plan.target.port);
    let mut finding = Finding::new(&IMPLICIT_TLS_EXPECTED, Phase::Greeting, Confidence::Certain, summary);
    finding = finding.tried(session.probe.id).on(event);
    finding.cause = if greeting(session).is_some() {
        "On the unencrypted connection, the server sent data that is not SMTP. On a second connection it responded to a TLS handshake.".to_owned()
    } else {
        "The server waited for a TLS handshake while smtpcheck waited for a greeting. On a second connection, it responded to a TLS handshake immediately.".to_owned()
    };
    if inside.is_none() {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("Another service with TLS, for example a web server, may use this port, because no SMTP greeting arrived over TLS either. Ask the server's operator which service it is.".to_owned());
    }
    finding.fixes.push(Fix::repeat("Repeat the check with implicit TLS", format!("smtpcheck smtps://{target}")));
    finding.fixes.push(Fix::text(format!("In the mail program or application, select {} instead of STARTTLS for this port; it is also called SMTPS or implicit TLS", programs::encryption(TlsUse::Implicit))));
    if let Some(probe) = elsewhere::with_tls(evidence) {
        finding.fixes.push(elsewhere::fix_for(
            plan,
            probe,
            "If the program or device supports only STARTTLS (.NET SmtpClient, many printers and scanners), use",
            "where the server offers it",
        ));
    }
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

fn slow(session: Session<'_>) -> Option<Finding> {
    let received = session.reply_at(Phase::Greeting).filter(|received| received.accepts())?;
    let is_silence = |event: &&Event| matches!(event.what, EventKind::Quiet { .. });
    let before = session
        .events()
        .take_while(|event| event.seq < received.event.seq)
        .filter(|event| !is_silence(event))
        .last()?;
    let waited = received.event.at_ms - before.at_ms;
    if waited < SLOW_MS {
        return None;
    }
    let summary = format!("the greeting took {:.1} seconds", waited / 1000.0);
    let finding = Finding::new(&GREETING_SLOW, Phase::Greeting, Confidence::Likely, summary).on(received.event);
    Some(Finding {
        cause: "The server delays unknown clients on purpose. Programs with a short timeout fail before the greeting arrives.".to_owned(),
        otherwise: Some("The server may be overloaded or waiting for a reverse DNS lookup of your IP address. Its mail log shows the reason.".to_owned()),
        fixes: vec![Fix::text(
            "Set a longer timeout for the greeting in your program (RFC 5321 recommends five minutes for mail servers)",
        )],
        ..finding
    })
}

/// A finding if the host name belongs to a provider, but the greeting shows software that the provider is not known to
/// use.
fn of_another_host(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let received = session.reply_at(Phase::Greeting).filter(|received| received.accepts())?;
    let (provider, other) = peer::instead_of_provider(plan, session)?;
    let summary = format!(
        "the greeting of {} names {}, which {} is not known to use",
        plan.target.host, other.name, provider.name
    );
    let finding =
        Finding::new(&GREETING_OF_ANOTHER_HOST, Phase::Greeting, Confidence::Likely, summary).on(received.event);
    Some(Finding {
        cause:
            "A web hosting company, an internet provider or a virus scanner redirects the connection to another server."
                .to_owned(),
        otherwise: Some(
            "The provider may have changed its software. The certificate shows whether the server is the provider's."
                .to_owned(),
        ),
        fixes: vec![
            Fix::text(
                "Ask your hosting company or internet provider whether it redirects outgoing SMTP connections (cPanel: SMTP restrictions), or send through its mail server",
            ),
            Fix::run(
                "Check whether port 465 is also redirected",
                format!("smtpcheck smtps://{}", plan.target.host.with_port(465)),
            ),
        ],
        ..finding
    })
}

/// A finding if no greeting came while smtpcheck waited, but one came in reply to a ClientHello on another connection. In
/// SMTP, the server speaks first (RFC 5321 section 3.1), so a proxy is waiting for the client.
fn after_the_client(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let probe = evidence.probes(Purpose::OtherTlsMode).find(|probe| probe.request.script.tls == TlsUse::Implicit)?;
    let greeted = match probe.fault() {
        Some(Fault::Tls { tls }) => tls.first_bytes.starts_with("220"),
        _ => false,
    };
    let Some(&Fault::Silent { partial_bytes: 0, waited_ms, .. }) = session.fault() else { return None };
    if !greeted || plan.used_proxy().is_some() {
        return None;
    }
    let summary = format!(
        "no greeting arrived within {}, but one arrived on a connection on which smtpcheck sent data",
        seconds(waited_ms)
    );
    let mut finding =
        Finding::new(&GREETING_MISSING, Phase::Greeting, Confidence::Likely, summary).tried(session.probe.id);
    finding = finding.tried(probe.probe.id);
    for event in session.events() {
        finding.evidence.events.push(event.seq);
    }
    finding.cause = "A proxy in front of the mail server waits for the client's first bytes, for example to find out whether the client starts TLS. In SMTP, the client waits for the greeting, so both sides wait.".to_owned();
    finding.otherwise = Some(
        "One of several servers behind this address may be hanging, or the server may delay some connections on purpose. Repeat the check a few times to find out: a proxy that waits for the client fails every time.".to_owned(),
    );
    finding.fixes = vec![
        Fix::text(
            "Server operator: make the proxy connect to the mail server without waiting for the client (Traefik: an entry point on which all TCP routers have HostSNI(`*`) and no TLS; nginx: no ssl_preread for this port; HAProxy: no inspect-delay and no req.ssl rules for this port; sslh: another port)",
        ),
        Fix::run(
            "Use implicit TLS on port 465 if the server offers it, because there the client speaks first",
            format!("smtpcheck smtps://{}", plan.target.host.with_port(465)),
        ),
        Fix::text("Connect to the mail server past the proxy, for example by its own IP address and port"),
    ];
    finding.failure = Some(PhaseFailure::Unreachable);
    Some(finding)
}

fn missing(plan: &Plan, evidence: &Evidence, session: Session<'_>, what: &str, partial_bytes: usize) -> Finding {
    let summary = format!("the server accepts the connection but {what}");
    let mut finding =
        Finding::new(&GREETING_MISSING, Phase::Greeting, Confidence::Likely, summary).tried(session.probe.id);
    for event in session.events() {
        finding.evidence.events.push(event.seq);
    }
    finding.cause = if partial_bytes > 0 {
        format!(
            "Only {} of a greeting arrived. The server is very slow, or it delays the greeting on purpose.",
            plural(partial_bytes, "byte", "bytes")
        )
    } else {
        "The server is overloaded, delays unknown clients on purpose, or is waiting for a slow reverse DNS lookup of your IP address.".to_owned()
    };
    finding.otherwise = Some(
        "The service on this port might not be a mail server, or a device on the network path may be dropping its data. Repeat the check with a longer --timeout to find out: a server that sends its greeting within five minutes is only slow.".to_owned(),
    );
    if let Host::Socket(path) = &plan.target.host {
        finding.cause = "The service on this socket waits for the client to send first, so it is probably not a mail server. Policy services, SASL servers and milters wait in this way.".to_owned();
        finding.otherwise = Some("The mail server may be overloaded. Its mail log shows whether it is.".to_owned());
        finding.fixes = vec![
            Fix::run(
                "Find the process that listens on the socket (as root)",
                format!("ss -xlp src {}", in_shell(path.text())),
            ),
            other_mail_service(plan, evidence, ""),
        ];
        finding.failure = Some(PhaseFailure::Unreachable);
        return finding;
    }
    finding.fixes.push(Fix::repeat(
        "Repeat the check with a timeout of five minutes, the timeout that mail servers use",
        format!("smtpcheck {} --timeout 300s --max-time 310s", plan.target.host.with_port(plan.target.port)),
    ));
    if partial_bytes == 0 && plan.used_proxy().is_none() {
        finding.fixes.push(Fix::text(format!(
            "If the greeting arrives late, set the timeout in the program to five minutes ({}), and give your IP address a PTR record: many servers look it up before they send the greeting",
            programs::TIMEOUT
        )));
    }
    if let Some(proxy) = plan.used_proxy() {
        finding.otherwise = Some(format!(
            "The proxy {proxy} may not forward the data of mail connections. Repeat the check without the proxy, or through another one, to find out."
        ));
        finding
            .fixes
            .insert(0, Fix::text("Use another proxy, another port of the server (587, 465 or 2525), or no proxy"));
    } else if partial_bytes == 0 {
        finding.fixes.push(Fix::run(
            "Test the host's other ports: firewalls and providers often block only one port",
            format!("smtpcheck ports {}", plan.target.host.bracketed()),
        ));
        finding.fixes.push(Fix::text("If no port responds, repeat the check from another network (for example over a mobile connection); if the server responds there, ask the operator of this network"));
    }
    finding.fixes.push(Fix::text("Check that the host and port are those of a mail server"));
    if partial_bytes == 0 && plan.proxy_header.is_none() && plan.resolves_here() {
        finding.fixes.push(Fix::repeat(
            "If a load balancer is in front of the server, check that both have the PROXY protocol switched on, or both off. To test a server that expects the header, repeat the check with it",
            format!("smtpcheck {} --haproxy-protocol v1", plan.target.host.with_port(plan.target.port)),
        ));
    }
    finding.failure = Some(PhaseFailure::Unreachable);
    finding
}

/// States in a finding that the server does send a greeting over the other address family, or at another IP address.
pub(super) fn weigh_other_family(plan: &Plan, evidence: &Evidence, finding: &mut Finding) {
    weigh_other_address(plan, evidence, finding);
    let Some(probe) = evidence.probes(Purpose::OtherFamily).next() else { return };
    let Some(received) = probe.reply_at(Phase::Greeting).filter(|received| received.accepts()) else { return };
    let is_v4 = probe.request.family == Family::V4;
    let (name, flag, failing) = if is_v4 { ("IPv4", "-4", "IPv6") } else { ("IPv6", "-6", "IPv4") };
    finding
        .consequences
        .push(format!("Over {name}, the same host sends a greeting, so the problem affects only {failing}"));
    finding.evidence.events.push(received.event.seq);
    let target = plan.target.host.with_port(plan.target.port);
    // The probe has found out which family works, so a conditional fix about the families is either redundant or wrong.
    let is_about_family = |command: &str| command.split(' ').any(|word| matches!(word, "-4" | "-6"));
    finding.fixes.retain(|fix| !fix.command.as_deref().is_some_and(is_about_family));
    finding.fixes.insert(
        0,
        Fix::run(
            format!("Use {name} for this server until the problem with {failing} has been fixed"),
            format!("smtpcheck {target} {flag}"),
        ),
    );
}

fn weigh_other_address(plan: &Plan, evidence: &Evidence, finding: &mut Finding) {
    let Some(probe) = evidence.probes(Purpose::OtherAddress).next() else { return };
    let other = &probe.request.host;
    let Some(received) = probe.reply_at(Phase::Greeting) else { return };
    finding.evidence.events.push(received.event.seq);
    if !received.accepts() {
        finding.consequences.push(format!(
            "At {other}, another IP address of the host, the server does not send a 220 greeting either"
        ));
        return;
    }
    finding.consequences.push(format!(
        "At {other}, another IP address of the host, the server sends a greeting, so only one of the host's machines rejects the connection"
    ));
    let target = plan.target.host.with_port(plan.target.port);
    finding.fixes.insert(
        0,
        Fix::run(
            "Use the host's other IP address until the problem has been fixed",
            format!("smtpcheck {target} --resolve {target}:{other}"),
        ),
    );
}

/// The finding about a service with a binary protocol, such as Postfix's internal services.
fn binary(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let (event, text) = session.events().find_map(|event| match &event.what {
        EventKind::Unfinished { text, .. } => Some((event, text)),
        _ => None,
    })?;
    let finding = foreign_service(plan, evidence, session, text).on(event);
    Some(Finding {
        cause: "The server sends binary data. An SMTP greeting is a line of text that begins with a three-digit code."
            .to_owned(),
        ..finding
    })
}

/// Rejections with a code are judged by `refusal`, unless the greeting comes from another service.
fn not_smtp(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let received = session.reply_at(Phase::Greeting)?;
    if received.reply.code.is_none() {
        return Some(foreign_service(plan, evidence, session, &received.reply.joined()).on(received.event));
    }
    let service = service_with_codes(session)?;
    let refused = session.reply_at(Phase::Ehlo)?;
    let summary = format!("{} is used by {}, not by an SMTP server", at_place(plan), service.name);
    let finding = Finding::new(&GREETING_NOT_SMTP, Phase::Greeting, Confidence::Likely, summary);
    Some(Finding {
        cause: format!("{}, and the server rejects EHLO.", service.sign),
        otherwise: Some(
            "The service may be a mail server behind a filter that blocks EHLO. Ask the server's operator whether this is the case."
                .to_owned(),
        ),
        fixes: vec![other_mail_service(plan, evidence, "")],
        failure: Some(PhaseFailure::Protocol),
        ..finding.on(received.event).on(refused.event)
    })
}

fn foreign_service(plan: &Plan, evidence: &Evidence, session: Session<'_>, words: &str) -> Finding {
    let known = by_first_bytes(words);
    let (service, port) = known.unwrap_or(("an unknown service", ""));
    let summary = format!("{} is used by {service}, not by an SMTP server", at_place(plan));
    let confidence = if known.is_some() { Confidence::Certain } else { Confidence::Likely };
    let mut finding = Finding::new(&GREETING_NOT_SMTP, Phase::Greeting, confidence, summary).tried(session.probe.id);
    finding.cause =
        "An SMTP greeting begins with a three-digit code. The first line from this server does not.".to_owned();
    if known.is_none() {
        finding.otherwise = Some(
            "A broken proxy may be hiding a mail server. Ask the server's operator whether this is the case."
                .to_owned(),
        );
    }
    finding.fixes.extend(other_host::fix(plan, evidence));
    match other_host::not_for_sending(plan) {
        Some((_, what)) => finding.cause = format!("{} {what}", finding.cause),
        None => finding.fixes.push(other_mail_service(plan, evidence, port)),
    }
    finding.failure = Some(PhaseFailure::Protocol);
    finding
}
