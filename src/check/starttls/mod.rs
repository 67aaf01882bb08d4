//! The start of TLS: whether STARTTLS is advertised and required, whether data is injected before TLS, and whether
//! implicit TLS was used on a port that expects STARTTLS. Failed handshakes are the subject of [`super::handshake`].
//! Modules: [`missing`] (a server without STARTTLS) and [`rules`].

mod missing;
mod rules;

use super::auth::in_clear;
use super::finding::{Check, Finding, PhaseFailure, Rule, Severity, plural};
use super::greeting::IMPLICIT_TLS_EXPECTED;
use super::{elsewhere, peer, place, programs};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Event, EventKind, Evidence, Fault, Phase, Session, TlsFaultKind};
use crate::lexicon::providers::PortTls;
use crate::lexicon::{Confidence, Fix};
use crate::plan::{IntrusiveProbe, Plan, Protocol, QuitAfter, TlsMode, TlsUse};
use crate::question::{Envelope, Purpose, Question, SessionRequest, Starttls};
use crate::wire::{Capabilities, Host, Reply, ReversePath};
use missing::{fixes_without_starttls, is_withheld};
use rules::{
    SMTP_INSPECTION, STARTTLS_COMMAND_INJECTION, STARTTLS_EXPECTED, STARTTLS_INJECTED_BYTES, STARTTLS_NOT_ENFORCED,
    STARTTLS_NOT_OFFERED, STARTTLS_STRIPPED,
};

pub(super) static CHECK: Check = Check {
    subject: "starttls",
    ask,
    judge,
    rules: &[
        &STARTTLS_NOT_OFFERED,
        &STARTTLS_STRIPPED,
        &SMTP_INSPECTION,
        &STARTTLS_INJECTED_BYTES,
        &STARTTLS_EXPECTED,
        &STARTTLS_COMMAND_INJECTION,
        &STARTTLS_NOT_ENFORCED,
    ],
};

/// Requests these sessions:
///
/// 1. If implicit TLS got no TLS response: a session that finds out whether the port sends an unencrypted greeting and
///    advertises STARTTLS.
/// 2. If STARTTLS is advertised: the intrusive probes that the user requested.
/// 3. If TLS is needed and STARTTLS is not advertised: sessions on the other submission ports.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    if let Some(Fault::Tls { tls }) = session.fault() {
        let other = matches!(tls.kind, TlsFaultKind::NotTls | TlsFaultKind::Closed | TlsFaultKind::Silent { .. });
        if plan.tls_use() == TlsUse::Implicit && other {
            return vec![Question::session(in_plain(plan))];
        }
    }
    let offered = session.capabilities(Phase::Ehlo).is_some_and(|(_, offers)| offers.has("STARTTLS"));
    if !offered {
        let is_needed = plan.tls_use() == TlsUse::Required || is_withheld(plan, session);
        return if is_needed && lacks_starttls(plan, session) { elsewhere::questions(plan) } else { Vec::new() };
    }
    let wants = |probe: IntrusiveProbe| plan.probes.contains(&probe);
    let mut questions = Vec::new();
    if wants(IntrusiveProbe::StarttlsInjection) {
        let port = plan.target.port;
        let mut session =
            SessionRequest::probe(plan, Purpose::StarttlsInjection, port, TlsUse::Required, QuitAfter::Starttls);
        session.script.starttls = Starttls::WithNoop;
        questions.push(Question::session(session));
    }
    let port = plan.target.port;
    // On port 25 a server must accept MAIL without TLS (RFC 3207 §4).
    let is_for_programs = port != 25 && plan.target.protocol == Protocol::Smtp;
    let asks_for_mail = (wants(IntrusiveProbe::MailBeforeTls) && port != 25) || (plan.tls.scan && is_for_programs);
    let asks_for_auth = wants(IntrusiveProbe::AuthBeforeTls) || (plan.tls.scan && is_for_programs);
    if asks_for_mail || asks_for_auth {
        let mut session = SessionRequest::probe(plan, Purpose::BeforeTls, port, TlsUse::Never, QuitAfter::Mail);
        let from = plan.from.clone().unwrap_or(ReversePath::Null);
        session.script.envelope = asks_for_mail.then(|| Envelope::plain(from, Vec::new()));
        session.script.asks_for_auth = asks_for_auth;
        questions.push(Question::session(session));
    }
    questions
}

fn in_plain(plan: &Plan) -> SessionRequest {
    SessionRequest::probe(plan, Purpose::OtherTlsMode, plan.target.port, TlsUse::IfOffered, QuitAfter::Starttls)
}

/// Whether implicit TLS was used on a port that sends an unencrypted greeting.
pub(super) fn is_expected(evidence: &Evidence) -> bool {
    greeted_in_plain(evidence).is_some()
}

/// Whether the probe for [`is_expected`] is still running.
pub(super) fn is_being_asked(plan: &Plan, evidence: &Evidence) -> bool {
    let question = Question::session(in_plain(plan));
    evidence.answer_to(&question).is_some_and(|probe| !probe.is_over())
}

fn greeted_in_plain(evidence: &Evidence) -> Option<(Session<'_>, ReceivedReply<'_>)> {
    let probe = evidence.probes(Purpose::OtherTlsMode).find(|probe| probe.request.script.tls == TlsUse::IfOffered)?;
    Some((probe, probe.reply_at(Phase::Greeting).filter(|received| received.accepts())?))
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let (Some(main), Some(session)) = (evidence.main_session(), evidence.decisive_session()) else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(not_offered(plan, evidence, session));
    findings.extend(injected(main));
    if matches!(session.fault(), Some(Fault::Tls { .. })) {
        findings.extend(expected_starttls(plan, evidence, session));
    }
    findings.extend(command_injection(evidence));
    findings.extend(not_enforced(plan, evidence));
    findings
}

/// Whether the server should advertise STARTTLS in this session, but does not.
fn lacks_starttls(plan: &Plan, session: Session<'_>) -> bool {
    let wanted = matches!(plan.tls_use(), TlsUse::Required | TlsUse::IfOffered);
    let Some((_, offers)) = session.capabilities(Phase::Ehlo) else { return false };
    // Without EHLO, no extension can be advertised; `ehlo` reports that.
    if !wanted || plan.quit_after < QuitAfter::Ehlo || offers.has("STARTTLS") || session.fell_back_to_helo() {
        return false;
    }
    // If there were several replies to EHLO, it is not known which list is valid; `session` reports that.
    let is_reply = |text: &str| text.lines().any(|line| line.starts_with("250"));
    !session.events().any(|event| matches!(&event.what, EventKind::Stray { text, .. } if !event.tls && is_reply(text)))
}

fn not_offered(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let (received, offers) = session.capabilities(Phase::Ehlo).filter(|_| lacks_starttls(plan, session))?;
    let required = plan.tls_use() == TlsUse::Required;
    let withheld = is_withheld(plan, session);
    // A connection to a Unix socket does not leave this machine, and only root can read what is sent over it.
    if session.request.host.socket().is_some() && !required && !withheld {
        return None;
    }
    let clear = in_clear(&offers);
    let login = (!clear.is_empty()).then(|| {
        format!(
            "Programs that log in may send passwords unencrypted, because AUTH {} is advertised on this connection",
            clear.join(" ")
        )
    });
    if let Some(mut finding) = masked(plan, evidence, session).or_else(|| stripped(plan, evidence, session)) {
        finding.consequences.extend(login);
        return Some(finding);
    }
    let (severity, failure) = match () {
        () if required || withheld => (Severity::Error, Some(PhaseFailure::Tls)),
        () if is_this_machine(session) => (Severity::Notice, None),
        () => (Severity::Warning, None),
    };
    let summary = "the server does not advertise STARTTLS, so the connection is unencrypted".to_owned();
    let mut finding =
        Finding::new(&STARTTLS_NOT_OFFERED, Phase::Starttls, Confidence::Certain, summary).on(received.event);
    finding.severity = severity;
    finding.failure = failure;
    finding.cause = match (severity, required) {
        (Severity::Notice, _) => {
            "The EHLO reply does not list STARTTLS. The connection does not leave this machine, so it cannot be read in transit. Test servers often have no TLS."
                .to_owned()
        }
        (_, true) => "TLS was required (--tls starttls), but the EHLO reply does not list STARTTLS.".to_owned(),
        _ => "The EHLO reply does not list STARTTLS, so an on-path attacker can read and change everything on this connection."
            .to_owned(),
    };
    finding.consequences.extend(login);
    if withheld {
        finding.consequences.push(
            "smtpcheck did not send the password, because the connection is unencrypted (--allow-plaintext-auth overrides this)"
                .to_owned(),
        );
    }
    if plan.target.protocol == Protocol::Lmtp {
        finding.fixes.push(Fix::text(
            "Server operator: enable TLS. Dovecot advertises STARTTLS over LMTP if ssl is yes, and ssl_cert and ssl_key are set.",
        ));
        return Some(finding);
    }
    let has_login = !offers.auth_mechanisms().is_empty();
    finding.fixes = fixes_without_starttls(plan, evidence, session, has_login);
    Some(finding)
}

/// Reports that a firewall has overwritten part of a reply: an extension name consists of four or more Xs, or of three
/// or more Xs and one other letter, or the greeting consists of asterisks.
fn masked(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let is_mask = |word: &str| {
        let crosses = word.bytes().take_while(|&byte| byte == b'X').count();
        (crosses >= 4 && word.len() == crosses) || (crosses >= 3 && word.len() == crosses + 1)
    };
    let starred =
        |text: &str| text.matches('*').count() >= 5 && text.chars().all(|c| matches!(c, '*' | ' ' | '0'..='9'));
    let greeting = session.reply_at(Phase::Greeting).filter(|received| starred(&received.reply.joined()));
    let masks = |offers: &Capabilities| offers.offered.iter().any(|offer| is_mask(&offer.keyword));
    let keyword = session.capabilities(Phase::Ehlo).filter(|(_, offers)| masks(offers));
    let event = greeting.map(|received| received.event).or(keyword.map(|(received, _)| received.event))?;
    let summary = "a firewall on the network path replaces the greeting or STARTTLS (SMTP inspection)".to_owned();
    let mut finding = Finding::new(&SMTP_INSPECTION, Phase::Starttls, Confidence::Certain, summary).on(event);
    finding.cause = "SMTP inspection in Cisco ASA and PIX firewalls replaces the greeting with asterisks, and extensions with the letter X. STARTTLS does not work behind such a firewall.".to_owned();
    finding.fixes.push(Fix::run(
        "Firewall administrator: disable SMTP inspection, or configure it to allow TLS",
        "no inspect esmtp",
    ));
    // Programs can change their port, but mail servers deliver to port 25.
    let at = if plan.target.port == 25 { 1 } else { 0 };
    if !elsewhere::are_closed(evidence) {
        finding.fixes.insert(at, implicit_tls(plan));
    }
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

/// Reports that STARTTLS is missing, although the provider always advertises it.
fn stripped(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let provider = peer::provider_by_name(plan).filter(|provider| provider.starttls_always)?;
    let port = plan.target.port;
    provider.ports.iter().find(|known| known.port == port && known.tls == PortTls::Starttls)?;
    let (received, _) = session.capabilities(Phase::Ehlo)?;
    let summary = format!("{} always advertises STARTTLS on port {port}, but it is missing", provider.name);
    let mut finding = Finding::new(&STARTTLS_STRIPPED, Phase::Starttls, Confidence::Likely, summary).on(received.event);
    finding.cause =
        "A device on the network path (a firewall, a virus scanner or an on-path attacker) removes the extension."
            .to_owned();
    finding.otherwise = Some(
        "The connection may have been redirected to another server. The greeting shows whether this server belongs to the provider."
            .to_owned(),
    );
    let has_implicit = provider.ports.iter().any(|known| known.tls == PortTls::Implicit);
    if has_implicit && !elsewhere::are_closed(evidence) {
        finding.fixes.push(implicit_tls(plan));
    }
    finding.fixes.push(Fix::text(
        "On this machine, switch off the mail scanning of the virus scanner (for example Avast or AVG: Mail Shield), and repeat the check",
    ));
    finding.fixes.push(Fix::text(
        "Repeat the check from another network, for example over a mobile connection. If STARTTLS is advertised there, ask the administrator of this network, or the hosting company, to switch off SMTP inspection (Cisco: no inspect esmtp) or the redirection of mail connections for this host, or send through their relay with an account on it.",
    ));
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

fn implicit_tls(plan: &Plan) -> Fix {
    Fix::run(
        format!("Use port 465 instead; in the program, select {}", programs::encryption(TlsUse::Implicit)),
        format!("smtpcheck smtps://{}", plan.target.host.with_port(465)),
    )
}

fn is_this_machine(session: Session<'_>) -> bool {
    let by_address = session.server_address().is_some_and(|ip| ip.to_canonical().is_loopback());
    by_address
        || matches!(session.request.host, Host::Ip(ip) if ip.is_loopback())
        || session.request.host.socket().is_some()
}

fn injected(session: Session<'_>) -> Option<Finding> {
    let (event, bytes) = session.events().find_map(|event| match &event.what {
        EventKind::Stray { bytes, .. } if event.phase == Phase::Starttls && !event.tls && after_220(session, event) => {
            Some((event, *bytes))
        }
        _ => None,
    })?;
    let sent = plural(bytes, "byte", "bytes");
    let summary = format!("{sent} of unencrypted data arrived after the 220 reply to STARTTLS, before TLS began");
    let mut finding = Finding::new(&STARTTLS_INJECTED_BYTES, Phase::Starttls, Confidence::Certain, summary).on(event);
    finding.cause = "After its 220 reply to STARTTLS, a server must send only TLS data. The server, a proxy in front of it or an on-path attacker sent other data. smtpcheck did not process it.".to_owned();
    finding.fixes.push(Fix::text(
        "To find out whether the server or an on-path attacker sends this data, repeat the check from another network",
    ));
    finding.fixes.push(Fix::text(
        "Server operator: if the server sends this data, update the mail server or the proxy in front of it",
    ));
    finding.failure = Some(PhaseFailure::Protocol);
    Some(finding)
}

/// Data that arrives before the reply to STARTTLS is merely unsolicited. Data that arrives after the 220 reply
/// indicates an attack or a defect.
fn after_220(session: Session<'_>, stray: &Event) -> bool {
    session.reply_at(Phase::Starttls).is_some_and(|received| received.event.seq < stray.seq)
}

fn expected_starttls(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let (probe, greeting) = greeted_in_plain(evidence)?;
    let upgraded = probe.handshake();
    let port = plan.target.port;
    let summary = match upgraded {
        Some(_) => format!("port {port} expects STARTTLS, but implicit TLS was used"),
        None => format!("port {port} expects an unencrypted session, but implicit TLS was used"),
    };
    let mut finding = Finding::new(&STARTTLS_EXPECTED, Phase::Tls, Confidence::Certain, summary);
    finding = finding.tried(session.probe.id).on(greeting.event);
    finding.cause = match upgraded {
        Some(_) => {
            "On a second, unencrypted connection, the server sent a greeting and advertised STARTTLS, and the TLS handshake succeeded."
                .to_owned()
        }
        None => {
            "On a second, unencrypted connection, the server sent a greeting, but smtpcheck could not start TLS.".to_owned()
        }
    };
    finding.fixes.push(Fix::repeat(
        if upgraded.is_some() {
            "Repeat the check with STARTTLS"
        } else {
            "To find out which extensions the server advertises, repeat the check without TLS"
        },
        format!(
            "smtpcheck {} --tls {}",
            plan.target.host.with_port(port),
            if upgraded.is_some() { "starttls" } else { "none" }
        ),
    ));
    // If the provider is not known, only the submission port suggests that port 465 exists.
    let other = match place::public_provider(plan) {
        Some(provider) if provider.ports.iter().any(|known| known.tls == PortTls::Implicit) => {
            ", or use port 465 with SSL/TLS"
        }
        None if port == 587 => ", or use port 465 with SSL/TLS if the server offers it",
        Some(_) | None => "",
    };
    finding.fixes.push(Fix::text(if upgraded.is_some() {
        format!(
            "In the mail program or application, select {} instead of SSL/TLS for this port{other}",
            programs::encryption(TlsUse::IfOffered)
        )
    } else {
        format!(
            "In the mail program or application, select {} for this port, if you trust the network; otherwise use port 587 or 465",
            programs::encryption(TlsUse::Never)
        )
    }));
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

/// Ports whose TLS mode is specified by an RFC. On other ports, the first check guesses the TLS mode.
const WITH_A_RULE: [u16; 3] = [25, 465, 587];

/// A plan for the same port in the other TLS mode, if no RFC specifies the mode and the findings show that the other
/// mode is the right one.
pub(crate) fn in_other_mode(plan: &Plan, findings: &[Finding]) -> Option<Plan> {
    let found = |rule: &Rule| findings.iter().any(|finding| finding.rule == rule.id);
    let mode = match () {
        () if WITH_A_RULE.contains(&plan.target.port) => return None,
        () if found(&IMPLICIT_TLS_EXPECTED) => TlsMode::Implicit,
        () if found(&STARTTLS_EXPECTED) => TlsMode::Starttls,
        () => return None,
    };
    let mut plan = plan.clone();
    plan.tls.mode = mode;
    Some(plan)
}

/// The reply that proves that the server executed NOOP over TLS, although NOOP was sent before TLS. One of:
///
/// 1. A reply over TLS before smtpcheck sent a command there. A greeting does not count (220 is not a reply to NOOP,
///    RFC 5321 §4.3.2), nor does data that the server also sends unprompted in the main session.
/// 2. A reply to NOOP in response to QUIT: the server keeps the NOOP until it reads the next command. This does not
///    count if the server's reply to QUIT in the main session is not 221 either.
pub(crate) fn carried_into_tls<'a>(evidence: &'a Evidence, probe: Session<'a>) -> Option<ReceivedReply<'a>> {
    probe.handshake()?;
    let is_ours = |event: &Event| event.tls && matches!(event.what, EventKind::Sent { .. });
    let first_sent = probe.events().find(|event| is_ours(event)).map(|event| event.seq);
    let unasked = |received: &ReceivedReply<'_>| first_sent.is_none_or(|sent| received.event.seq < sent);
    let is_habit =
        |received: &ReceivedReply<'_>| evidence.main_session().is_some_and(|main| sends_unasked(main, received));
    let inside = || probe.all_replies().filter(|received| received.event.tls);
    let answered = inside().find(|received| unasked(received) && !received.reply.has_code(220) && !is_habit(received));
    let to_quit = || inside().find(|received| received.event.phase == Phase::Quit && is_reply_to_noop(received.reply));
    let quits_oddly = |main: Session<'_>| {
        let last = main.all_replies().filter(|received| received.event.phase == Phase::Quit).last();
        last.is_some_and(|received| !received.reply.has_code(221))
    };
    answered.or_else(|| to_quit().filter(|_| !evidence.main_session().is_some_and(quits_oddly)))
}

/// Whether a reply is possible for NOOP but not for QUIT (RFC 5321 §4.3.2): 250, or 500 to 504 for an unknown command.
fn is_reply_to_noop(reply: &Reply) -> bool {
    reply.has_code(250) || (500..=504).any(|code| reply.has_code(code))
}

/// Whether the same unsolicited reply also arrived over TLS in the main session, in which no NOOP was sent before
/// TLS: as stray bytes, or instead of the reply to EHLO.
fn sends_unasked(main: Session<'_>, received: &ReceivedReply<'_>) -> bool {
    let line = received.reply.first_line();
    let as_stray = main.events().any(|event| match &event.what {
        EventKind::Stray { text, .. } => event.tls && text.lines().any(|stray| stray == line),
        _ => false,
    });
    let in_doubt = |other: &ReceivedReply<'_>| !other.accepts() || main.sequence().broken.is_some();
    let to_ehlo = main.all_replies().filter(|other| other.event.phase == Phase::EhloTls).filter(in_doubt);
    as_stray || to_ehlo.map(|other| other.reply).any(|reply| reply.lines().first() == Some(&line))
}

fn command_injection(evidence: &Evidence) -> Option<Finding> {
    let probe = evidence.probes(Purpose::StarttlsInjection).next()?;
    let received = carried_into_tls(evidence, probe)?;
    let line = received.first_line();
    let summary = if received.event.phase == Phase::Quit {
        format!(
            "after the TLS handshake, the server executed a command that it had received before the handshake; the reply arrived after QUIT: {line}"
        )
    } else {
        format!(
            "after the TLS handshake, the server executed a command that it had received before the handshake: {line}"
        )
    };
    let finding =
        Finding::new(&STARTTLS_COMMAND_INJECTION, Phase::Starttls, Confidence::Certain, summary).on(received.event);
    Some(Finding {
        cause: "The server does not discard data that it received before the handshake, so an on-path attacker can insert commands before the client's commands.".to_owned(),
        fixes: vec![Fix::text("Server operator: update the mail server, or the proxy in front of it (CVE-2011-0411 and similar)")],
        failure: Some(PhaseFailure::Protocol),
        ..finding
    })
}

fn not_enforced(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let probe = evidence.probes(Purpose::BeforeTls).next()?;
    let received = probe.reply_at(Phase::Mail).filter(|received| received.accepts())?;
    let summary = format!("port {} accepts MAIL FROM before TLS", plan.target.port);
    let finding =
        Finding::new(&STARTTLS_NOT_ENFORCED, Phase::Starttls, Confidence::Certain, summary).on(received.event);
    Some(Finding {
        cause: "TLS is available but not required, so a misconfigured program can send mail unencrypted without an error message.".to_owned(),
        fixes: vec![Fix::run(
            "Server operator: require TLS for the submission service (command for Postfix)",
            "postconf -P submission/inet/smtpd_tls_security_level=encrypt",
        )],
        ..finding
    })
}
