//! The start of TLS: whether STARTTLS is advertised, accepted, free of injected data, and required; or whether TLS was
//! started at once on a port that expects STARTTLS. Why a handshake fails is the subject of [`super::handshake`].

use super::auth::in_clear;
use super::finding::{Check, Docs, Finding, PhaseFailure, Rule, Severity};
use super::greeting::IMPLICIT_TLS_EXPECTED;
use super::peer;
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Event, EventKind, Evidence, Fault, Phase, Session, TlsFaultKind, WithheldReason};
use crate::lexicon::providers::PortTls;
use crate::lexicon::{Confidence, Fix};
use crate::plan::{IntrusiveProbe, Plan, QuitAfter, TlsMode, TlsUse};
use crate::question::{Envelope, Purpose, Question, SessionRequest, Starttls};
use crate::wire::{Capabilities, Host, Reply, ReversePath};

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

static STARTTLS_NOT_OFFERED: Rule = Rule {
    id: "starttls-not-offered",
    severity: Severity::Warning,
    title: "the server does not advertise STARTTLS",
    docs: Docs {
        sees: "The EHLO reply does not list STARTTLS. An error if TLS was required (--tls starttls) or a login was requested, because smtpcheck does not send passwords unencrypted by default; a notice for IP addresses of this machine, where test servers often run; otherwise a warning.",
        matters: "An on-path attacker can read and change everything on this connection, including passwords. A firewall that inspects SMTP may have removed the extension.",
        action: "Server operator: install a certificate and switch TLS on. If it is on, look for SMTP inspection on the network path; repeat the check from another network to find out.",
        example: "250-mx.example.net, 250-SIZE 10240000, 250 HELP",
        references: "RFC 3207 section 4, RFC 8314 section 4",
    },
};

static STARTTLS_STRIPPED: Rule = Rule {
    id: "starttls-stripped",
    severity: Severity::Error,
    title: "a device on the network path removes STARTTLS",
    docs: Docs {
        sees: "STARTTLS is missing, although the provider is known to always advertise it.",
        matters: "A firewall, a virus scanner or an on-path attacker removes the extension, so that programs send everything, including passwords, unencrypted and it can be read.",
        action: "Use port 465 (implicit TLS), where the extension cannot be removed. Look for SMTP inspection in the firewall or the virus scanner, and repeat the check from another network.",
        example: "smtp.gmail.com on 587 without STARTTLS",
        references: "RFC 3207 section 6 (stripping), RFC 8314 section 3.3",
    },
};

static SMTP_INSPECTION: Rule = Rule {
    id: "smtp-inspection",
    severity: Severity::Error,
    title: "a firewall on the network path changes the SMTP session",
    docs: Docs {
        sees: "The greeting consists of asterisks, or an extension in the EHLO reply is overwritten with the letter X.",
        matters: "The SMTP inspection of Cisco ASA and PIX firewalls replaces the greeting and STARTTLS in this way. TLS, and often a login, is not possible through it.",
        action: "Firewall administrator: switch the inspection off (`no inspect esmtp`), or allow TLS in it (`allow-tls`). Port 465 avoids the inspection.",
        example: "220 ********************************, and 250-XXXXXXXA instead of 250-STARTTLS",
        references: "RFC 3207 section 6; Cisco document 113423",
    },
};

static STARTTLS_INJECTED_BYTES: Rule = Rule {
    id: "starttls-injected-bytes",
    severity: Severity::Error,
    title: "unencrypted data follows the 220 reply to STARTTLS",
    docs: Docs {
        sees: "Data arrived after the reply to STARTTLS and before TLS began. smtpcheck shows it and does not process it.",
        matters: "A client that keeps such data reads it as if it had been received inside TLS, so an on-path attacker can forge replies of the server (response injection, the counterpart of CVE-2011-0411). A server that sends such data itself is broken.",
        action: "Repeat the check from another network. If the data arrives there too, the server's operator should update the server or the proxy in front of it. If it does not, a device or an attacker on the first network changes the traffic.",
        example: "220 ready for TLS, followed in the same packet by 250 mx.example.net",
        references: "RFC 3207 section 6; CVE-2011-0411",
    },
};

static STARTTLS_EXPECTED: Rule = Rule {
    id: "starttls-expected",
    severity: Severity::Error,
    title: "the port does not use implicit TLS: the session begins unencrypted",
    docs: Docs {
        sees: "TLS was started at once, and the server responded in plain text or not at all. A second, unencrypted connection got a greeting.",
        matters: "TLS libraries report this as 'wrong version number' or 'invalid content type'. It only means that the port expects STARTTLS, or no TLS.",
        action: "Use STARTTLS on this port, or port 465 for implicit TLS. In mail programs, select STARTTLS, not SSL/TLS.",
        example: "smtpcheck smtps://mail.example.net:587",
        references: "RFC 3207 section 4, RFC 8314 section 3.3",
    },
};

static STARTTLS_COMMAND_INJECTION: Rule = Rule {
    id: "starttls-command-injection",
    severity: Severity::Error,
    title: "a command that was sent before TLS takes effect inside TLS",
    docs: Docs {
        sees: "With --probe starttls-injection, smtpcheck sent STARTTLS and NOOP in one packet. The server replied with 220, the handshake succeeded, and the reply to NOOP arrived inside TLS: before any command was sent there, or instead of the reply to QUIT. Data that the server also sends without a command in the main session does not count.",
        matters: "An on-path attacker can insert commands before the client's: for example MAIL, RCPT and DATA that collect the client's password and mail (CVE-2011-0411 and similar).",
        action: "Server operator: update the mail server, or the proxy in front of it. Data that was read before TLS must be discarded.",
        example: "STARTTLS CRLF NOOP CRLF in one packet, and a 250 reply inside TLS",
        references: "RFC 3207 section 4.2 (the server must discard what it knew from before); CVE-2011-0411",
    },
};

static STARTTLS_NOT_ENFORCED: Rule = Rule {
    id: "starttls-not-enforced",
    severity: Severity::Warning,
    title: "the server accepts MAIL FROM before TLS on a port for mail programs",
    docs: Docs {
        sees: "With --probe mail-before-tls or --tls-scan: STARTTLS is advertised on a port other than 25, and MAIL FROM without TLS is accepted instead of rejected with 530. On port 25 a server must accept it (RFC 3207 section 4), so it is not reported there.",
        matters: "A misconfigured program sends mail, and perhaps a password, over the unencrypted connection, and no error shows it.",
        action: "Server operator: require TLS on that port; in Postfix: smtpd_tls_security_level=encrypt for the submission service in master.cf.",
        example: "250 2.1.0 Ok to MAIL FROM on port 587, before STARTTLS",
        references: "RFC 8314 section 4.1, RFC 3207 section 4 (530 must issue a STARTTLS command first)",
    },
};

/// 1. Implicit TLS got no TLS response: does the port greet in plain text, and does it advertise STARTTLS?
/// 2. The probes that the user asked for, if STARTTLS is advertised.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    if let Some(Fault::Tls { tls }) = session.fault() {
        let other = matches!(tls.kind, TlsFaultKind::NotTls | TlsFaultKind::Closed | TlsFaultKind::Silent { .. });
        if plan.tls_use() == TlsUse::Implicit && other {
            return vec![Question::Session(in_plain(plan))];
        }
    }
    let offered = session.capabilities(Phase::Ehlo).is_some_and(|(_, offers)| offers.has("STARTTLS"));
    if !offered {
        return Vec::new();
    }
    let wants = |probe: IntrusiveProbe| plan.probes.contains(&probe);
    let mut questions = Vec::new();
    if wants(IntrusiveProbe::StarttlsInjection) {
        let port = plan.target.port;
        let mut session =
            SessionRequest::probe(plan, Purpose::StarttlsInjection, port, TlsUse::Required, QuitAfter::Starttls);
        session.script.starttls = Starttls::WithNoop;
        questions.push(Question::Session(session));
    }
    let port = plan.target.port;
    // On port 25 a server must accept MAIL without TLS (RFC 3207 §4).
    let asks_for_mail = (wants(IntrusiveProbe::MailBeforeTls) || plan.tls.scan) && port != 25;
    let asks_for_auth = wants(IntrusiveProbe::AuthBeforeTls) || (plan.tls.scan && port != 25);
    if asks_for_mail || asks_for_auth {
        let mut session = SessionRequest::probe(plan, Purpose::BeforeTls, port, TlsUse::Never, QuitAfter::Mail);
        let from = plan.from.clone().unwrap_or(ReversePath::Null);
        session.script.envelope = asks_for_mail.then_some(Envelope { from, to: Vec::new() });
        session.script.asks_for_auth = asks_for_auth;
        questions.push(Question::Session(session));
    }
    questions
}

fn in_plain(plan: &Plan) -> SessionRequest {
    SessionRequest::probe(plan, Purpose::OtherTlsMode, plan.target.port, TlsUse::IfOffered, QuitAfter::Starttls)
}

/// Whether TLS was started at once on a port that greets in plain text.
pub(super) fn is_expected(evidence: &Evidence) -> bool {
    greeted_in_plain(evidence).is_some()
}

/// Whether the probe for that is still running.
pub(super) fn is_being_asked(plan: &Plan, evidence: &Evidence) -> bool {
    let question = Question::Session(in_plain(plan));
    evidence.answer_to(&question).is_some_and(|probe| !probe.is_over())
}

fn greeted_in_plain(evidence: &Evidence) -> Option<(Session<'_>, ReceivedReply<'_>)> {
    let probe = evidence.probes(Purpose::OtherTlsMode).find(|probe| probe.request.script.tls == TlsUse::IfOffered)?;
    Some((probe, probe.reply_at(Phase::Greeting).filter(|received| received.accepts())?))
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let (Some(main), Some(session)) = (evidence.main_session(), evidence.decisive_session()) else { return Vec::new() };
    let mut findings = Vec::new();
    findings.extend(not_offered(plan, session));
    findings.extend(injected(main));
    if matches!(session.fault(), Some(Fault::Tls { .. })) {
        findings.extend(expected_starttls(plan, evidence, session));
    }
    findings.extend(command_injection(evidence));
    findings.extend(not_enforced(plan, evidence));
    findings
}

fn not_offered(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let wanted = matches!(plan.tls_use(), TlsUse::Required | TlsUse::IfOffered);
    let (received, offers) = session.capabilities(Phase::Ehlo)?;
    let required = plan.tls_use() == TlsUse::Required;
    // Without EHLO nothing can be advertised; `ehlo` reports that.
    if !wanted || plan.quit_after < QuitAfter::Ehlo || offers.has("STARTTLS") || session.fell_back_to_helo() {
        return None;
    }
    // There were several replies to EHLO, and it is not known which list counts; `session` reports that.
    let is_reply = |text: &str| text.lines().any(|line| line.starts_with("250"));
    if session
        .events()
        .any(|event| matches!(&event.what, EventKind::Stray { text, .. } if !event.tls && is_reply(text)))
    {
        return None;
    }
    // On a port for mail programs AUTH is missing because TLS is: most servers advertise it inside TLS only.
    let withheld = session.events().any(|event| match &event.what {
        EventKind::Withheld { reason: WithheldReason::Plaintext } => true,
        EventKind::Withheld { reason: WithheldReason::NotOffered } => plan.target.port != 25,
        _ => false,
    });
    let clear = in_clear(&offers);
    let login = (!clear.is_empty()).then(|| {
        format!("A login would be sent unencrypted: AUTH {} is advertised on this connection", clear.join(" "))
    });
    if let Some(mut finding) = masked(plan, session).or_else(|| stripped(plan, session)) {
        finding.consequences.extend(login);
        return Some(finding);
    }
    let (severity, failure) = match () {
        () if required || withheld => (Severity::Error, Some(PhaseFailure::Tls)),
        () if is_this_machine(session) => (Severity::Notice, None),
        () => (Severity::Warning, None),
    };
    let summary = "the server does not advertise STARTTLS, so the connection stays unencrypted".to_owned();
    let mut finding =
        Finding::new(&STARTTLS_NOT_OFFERED, Phase::Starttls, Confidence::Certain, summary).on(received.event);
    finding.severity = severity;
    finding.failure = failure;
    finding.cause = match (severity, required) {
        (Severity::Notice, _) => {
            "The EHLO reply does not list STARTTLS. On this machine itself no data can be read in transit, and test servers often have no TLS."
                .to_owned()
        }
        (_, true) => "TLS was required (--tls starttls), but the EHLO reply does not list STARTTLS.".to_owned(),
        _ => "The EHLO reply does not list STARTTLS, so an on-path attacker can read and change everything on this connection."
            .to_owned(),
    };
    finding.consequences.extend(login);
    if withheld {
        finding.consequences.push(
            "The password was not sent, because the connection is not encrypted (--allow-plaintext-auth overrides this)"
                .to_owned(),
        );
    }
    finding.fixes.push(Fix::run(
        "Server operator: switch TLS on; in Postfix",
        "postconf -e smtpd_tls_security_level=may smtpd_tls_chain_files=/path/to/key-and-chain.pem",
    ));
    if plan.target.port != 465 {
        finding.fixes.push(Fix::run(
            "Check whether the host supports implicit TLS on port 465",
            format!("smtpcheck smtps://{}", plan.target.host.with_port(465)),
        ));
    }
    finding.fixes.push(Fix::text(
        "Repeat the check from another network: if STARTTLS is advertised there, a firewall in your network removes it",
    ));
    Some(finding)
}

/// An extension of three or more X and one letter, or of four or more X, or a greeting of asterisks.
fn masked(plan: &Plan, session: Session<'_>) -> Option<Finding> {
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
    let summary = "a firewall on the network path overwrites the greeting or STARTTLS (SMTP inspection)".to_owned();
    let mut finding = Finding::new(&SMTP_INSPECTION, Phase::Starttls, Confidence::Certain, summary).on(event);
    finding.cause = "Cisco firewalls replace the greeting with asterisks and extensions with the letter X. The server itself sends something else.".to_owned();
    finding
        .fixes
        .push(Fix::run("Firewall administrator: switch the inspection off, or allow TLS in it", "no inspect esmtp"));
    finding.fixes.push(implicit_tls(plan));
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

/// STARTTLS is missing at a provider that always advertises it.
fn stripped(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let provider = peer::provider_by_name(plan).filter(|provider| provider.starttls_always)?;
    let port = plan.target.port;
    provider.ports.iter().find(|known| known.port == port && known.tls == PortTls::Starttls)?;
    let (received, _) = session.capabilities(Phase::Ehlo)?;
    let summary = format!("{} always advertises STARTTLS on port {port}, but it is missing", provider.name);
    let mut finding = Finding::new(&STARTTLS_STRIPPED, Phase::Starttls, Confidence::Likely, summary).on(received.event);
    finding.cause = "A device on the network path removes it: a firewall, a virus scanner, or an attacker who wants to read the traffic.".to_owned();
    finding.otherwise =
        Some("The host name may lead to another server than the provider's; the greeting shows which one.".to_owned());
    finding.fixes.push(implicit_tls(plan));
    finding.fixes.push(Fix::text(
        "Look for SMTP inspection in the firewall or the virus scanner, and repeat the check from another network",
    ));
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

fn implicit_tls(plan: &Plan) -> Fix {
    Fix::run("Avoid it with implicit TLS", format!("smtpcheck smtps://{}", plan.target.host.with_port(465)))
}

fn is_this_machine(session: Session<'_>) -> bool {
    let by_address = session.connected().is_some_and(|(peer, _)| peer.ip().to_canonical().is_loopback());
    by_address || matches!(session.request.host, Host::Ip(ip) if ip.is_loopback())
}

fn injected(session: Session<'_>) -> Option<Finding> {
    let (event, bytes) = session.events().find_map(|event| match &event.what {
        EventKind::Stray { bytes, .. } if event.phase == Phase::Starttls && !event.tls && after_220(session, event) => {
            Some((event, *bytes))
        }
        _ => None,
    })?;
    let summary =
        format!("{bytes} bytes of unencrypted data arrived after the 220 reply to STARTTLS, before TLS began");
    let mut finding = Finding::new(&STARTTLS_INJECTED_BYTES, Phase::Starttls, Confidence::Certain, summary).on(event);
    finding.cause = "The server, a proxy in front of it or an on-path attacker sends data where only TLS is allowed. smtpcheck did not process it.".to_owned();
    finding.fixes.push(Fix::text(
        "Repeat the check from another network, to find out whether the server or an on-path attacker sends it",
    ));
    finding.fixes.push(Fix::text(
        "If it comes from the server, server operator: update the mail server or the proxy in front of it",
    ));
    finding.failure = Some(PhaseFailure::Protocol);
    Some(finding)
}

/// Data *before* the STARTTLS command is only unsolicited; data after its 220 is an attack or a defect.
fn after_220(session: Session<'_>, stray: &Event) -> bool {
    session.reply_at(Phase::Starttls).is_some_and(|received| received.event.seq < stray.seq)
}

fn expected_starttls(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let (probe, greeting) = greeted_in_plain(evidence)?;
    let upgraded = probe.handshake();
    let port = plan.target.port;
    let summary = match upgraded {
        Some(_) => format!("port {port} begins unencrypted and expects STARTTLS, but TLS was started at once"),
        None => format!("port {port} begins unencrypted, but TLS was started at once"),
    };
    let mut finding = Finding::new(&STARTTLS_EXPECTED, Phase::Tls, Confidence::Certain, summary);
    finding = finding.tried(session.probe.id).on(greeting.event);
    finding.cause = match upgraded {
        Some(_) => {
            "On a second, unencrypted connection the server sent a greeting, advertised STARTTLS, and TLS worked."
                .to_owned()
        }
        None => {
            "On a second, unencrypted connection the server sent a greeting, but TLS could not be started.".to_owned()
        }
    };
    finding.fixes.push(Fix::run(
        if upgraded.is_some() {
            "Repeat the check with STARTTLS"
        } else {
            "Repeat the check without TLS, to see what the server advertises"
        },
        format!(
            "smtpcheck {} --tls {}",
            plan.target.host.with_port(port),
            if upgraded.is_some() { "starttls" } else { "none" }
        ),
    ));
    finding.fixes.push(Fix::text(
        "In the mail program or application, select STARTTLS for this port, not SSL/TLS; or use port 465",
    ));
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

/// Ports whose TLS mode is specified by an RFC. On other ports, the TLS mode of the first check is a guess.
const WITH_A_RULE: [u16; 3] = [25, 465, 587];

/// A plan for the same port in the other TLS mode, if no RFC specifies the mode and the findings show that the other mode
/// is the right one.
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

/// The reply which proves that a NOOP sent before TLS was executed inside it. STARTTLS was advertised and accepted:
/// otherwise there is no handshake.
///
/// 1. A reply inside TLS before any command was sent there. Not a greeting (220 is not a reply to NOOP, RFC 5321
///    §4.3.2), and not data that the server also sends without a command in the main session.
/// 2. 250 to QUIT: the server keeps the NOOP until it reads the next command. Not if it always replies to QUIT with 250.
pub(crate) fn carried_into_tls<'a>(evidence: &'a Evidence, probe: Session<'a>) -> Option<ReceivedReply<'a>> {
    probe.handshake()?;
    let is_ours = |event: &Event| event.tls && matches!(event.what, EventKind::Sent { .. });
    let first_said = probe.events().find(|event| is_ours(event)).map(|event| event.seq);
    let unasked = |received: &ReceivedReply<'_>| first_said.is_none_or(|said| received.event.seq < said);
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

/// A reply to NOOP that is never a reply to QUIT (RFC 5321 §4.3.2): 250, or that the command is unknown.
fn is_reply_to_noop(reply: &Reply) -> bool {
    reply.has_code(250) || (500..=504).any(|code| reply.has_code(code))
}

/// Whether the main session, in which nothing was sent before TLS, has the same unsolicited reply inside TLS: as stray
/// bytes, or in place of the reply to EHLO.
fn sends_unasked(main: Session<'_>, received: &ReceivedReply<'_>) -> bool {
    let line = received.reply.lines().into_iter().next().unwrap_or_default();
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
        format!("the reply to a command that was sent before TLS arrives inside TLS as the reply to QUIT: {line}")
    } else {
        format!("the reply to a command that was sent before TLS arrives inside TLS: {line}")
    };
    let finding =
        Finding::new(&STARTTLS_COMMAND_INJECTION, Phase::Starttls, Confidence::Certain, summary).on(received.event);
    Some(Finding {
        cause: "The server keeps data that it read before the handshake, so an on-path attacker can insert commands before the client's.".to_owned(),
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
        cause: "TLS is available but not required, so a misconfigured program sends mail unencrypted, and no error shows it.".to_owned(),
        fixes: vec![Fix::run(
            "Server operator: require TLS for the submission service; in Postfix",
            "postconf -P submission/inet/smtpd_tls_security_level=encrypt",
        )],
        ..finding
    })
}
