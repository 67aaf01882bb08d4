//! The way into TLS: STARTTLS offered, accepted, clean, required; or TLS begun where STARTTLS is expected. Why a handshake
//! fails is [`super::handshake`]'s.

use super::auth::in_clear;
use super::{Check, Confidence, Docs, Finding, Fix, PhaseFailure, Rule, Severity, peer};
use crate::evidence::session::ReceivedReply;
use crate::evidence::{Event, EventKind, Evidence, Fault, Phase, Session, TlsFaultKind, WithheldReason};
use crate::lexicon::providers::PortTls;
use crate::plan::{IntrusiveProbe, Plan, QuitAfter, TlsUse};
use crate::question::{Envelope, Purpose, Question, SessionRequest, Starttls};
use crate::wire::{Capabilities, Host, Reply, ReversePath};

pub static CHECK: Check = Check {
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
    title: "the server offers no encryption",
    cites: &["RFC 3207 section 4", "RFC 8314 section 4"],
    docs: Docs {
        sees: "STARTTLS is not among the keywords of the EHLO answer. An error when TLS was required (--tls starttls) or a login was wanted, since no password goes over an open line; a notice on this machine's own addresses, where test servers live; else a warning.",
        matters: "Everything on this line can be read and changed on the way, passwords included. A firewall that inspects SMTP may have removed the keyword.",
        action: "The operator gives the server a certificate and switches TLS on. If it is on, look for SMTP inspection on the way; the same check from another network tells.",
        example: "250-mx.example.net, 250-SIZE 10240000, 250 HELP",
        references: "RFC 3207 section 4, RFC 8314 section 4",
    },
};

static STARTTLS_STRIPPED: Rule = Rule {
    id: "starttls-stripped",
    severity: Severity::Error,
    title: "something on the way removes the offer of encryption",
    cites: &["RFC 3207 section 6"],
    docs: Docs {
        sees: "STARTTLS is missing at a provider of which it is known that it always offers it.",
        matters: "A firewall, a virus scanner or an attacker between here and the provider takes the keyword away, so that programs send everything, passwords too, for it to read.",
        action: "Use port 465, where TLS begins with the first byte and nothing can be taken away. Look for SMTP inspection in the firewall or the virus scanner, and compare from another network.",
        example: "smtp.gmail.com on 587 without STARTTLS",
        references: "RFC 3207 section 6 (stripping), RFC 8314 section 3.3",
    },
};

static SMTP_INSPECTION: Rule = Rule {
    id: "smtp-inspection",
    severity: Severity::Error,
    title: "a firewall on the way rewrites the conversation",
    cites: &["RFC 3207 section 6"],
    docs: Docs {
        sees: "The greeting consists of asterisks, or a keyword of the EHLO answer is overwritten with the letter X.",
        matters: "That is what the SMTP inspection of Cisco ASA and PIX firewalls leaves of a greeting and of STARTTLS. No encryption, and often no login, is possible through it.",
        action: "The administrator of the firewall switches the inspection off (`no inspect esmtp`) or allows TLS in it (`allow-tls`). Port 465 goes past it.",
        example: "220 ********************************, and 250-XXXXXXXA in the place of 250-STARTTLS",
        references: "RFC 3207 section 6; Cisco document 113423",
    },
};

static STARTTLS_INJECTED_BYTES: Rule = Rule {
    id: "starttls-injected-bytes",
    severity: Severity::Error,
    title: "plain text follows the 220 to STARTTLS",
    cites: &["RFC 3207 section 6"],
    docs: Docs {
        sees: "Bytes arrived behind the reply to STARTTLS and before TLS began. smtpcheck shows them and feeds them to nobody.",
        matters: "A client that keeps such bytes takes them for something that was said inside TLS: somebody on the way can put words in the server's mouth (response injection, the mirror of CVE-2011-0411). A server that does it by itself is broken.",
        action: "Repeat the check from another network. If the bytes stay, the operator updates the server or the proxy in front of it; if not, somebody on the first network changes the traffic.",
        example: "220 ready for TLS, and in the same packet 250 mx.example.net",
        references: "RFC 3207 section 6; CVE-2011-0411",
    },
};

static STARTTLS_EXPECTED: Rule = Rule {
    id: "starttls-expected",
    severity: Severity::Error,
    title: "the port speaks plain text first",
    cites: &["RFC 3207 section 4", "RFC 8314 section 3.3"],
    docs: Docs {
        sees: "TLS was started at once, and the server answered in plain text, or not at all; a second connection in plain text got a greeting.",
        matters: "TLS libraries say 'wrong version number' or 'invalid content type' here. It only means that the port wants STARTTLS, or no TLS.",
        action: "Use STARTTLS on this port, or port 465 for TLS from the first byte. In mail programs choose STARTTLS, and not SSL/TLS.",
        example: "smtpcheck smtps://mail.example.net:587",
        references: "RFC 3207 section 4, RFC 8314 section 3.3",
    },
};

static STARTTLS_COMMAND_INJECTION: Rule = Rule {
    id: "starttls-command-injection",
    severity: Severity::Error,
    title: "a command sent before TLS takes effect inside TLS",
    cites: &["RFC 3207 section 4.2"],
    docs: Docs {
        sees: "With --probe starttls-injection, STARTTLS and NOOP went out in one packet. The server answered 220, the handshake was made, and inside TLS the reply to NOOP came: before anything was sent there, or in the place of the reply to QUIT. What the server sends unasked in the main session too does not count.",
        matters: "Somebody on the way can put commands before the client's: a whole MAIL, RCPT and DATA that collects the client's password and mail (CVE-2011-0411 and its like).",
        action: "The operator updates the mail server, or the proxy in front of it: what was read before TLS must be forgotten.",
        example: "STARTTLS CRLF NOOP CRLF in one packet, and 250 inside TLS",
        references: "RFC 3207 section 4.2 (the server must discard what it knew from before); CVE-2011-0411",
    },
};

static STARTTLS_NOT_ENFORCED: Rule = Rule {
    id: "starttls-not-enforced",
    severity: Severity::Warning,
    title: "the server takes mail before TLS on a port for mail programs",
    cites: &["RFC 8314 section 4.1"],
    docs: Docs {
        sees: "With --probe mail-before-tls or --tls-scan: STARTTLS is offered on a port other than 25, and MAIL FROM without it is accepted in the place of 530. On port 25 a server must take it (RFC 3207 section 4), so nothing is said there.",
        matters: "A program that is set up wrongly sends mail, and perhaps a password, over the open line without noticing.",
        action: "The operator requires TLS on that port; in Postfix: smtpd_tls_security_level=encrypt for the submission service in master.cf.",
        example: "250 2.1.0 Ok to MAIL FROM on port 587, before STARTTLS",
        references: "RFC 8314 section 4.1, RFC 3207 section 4 (530 must issue a STARTTLS command first)",
    },
};

/// 1. Implicit TLS met something that is not TLS, or nothing: does the port greet in plain text, and offer STARTTLS?
/// 2. What the user asked for by name, where STARTTLS is offered.
fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session().filter(Session::is_over) else { return Vec::new() };
    if let Some(Fault::Tls { tls }) = session.fault() {
        let other = matches!(tls.kind, TlsFaultKind::NotTls | TlsFaultKind::Closed | TlsFaultKind::Silent { .. });
        if plan.tls_use() == TlsUse::Implicit && other {
            return vec![Question::Talk(in_plain(plan))];
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
        questions.push(Question::Talk(session));
    }
    let port = plan.target.port;
    // On port 25 a server must take MAIL in the clear (RFC 3207 §4).
    let asks_for_mail = (wants(IntrusiveProbe::MailBeforeTls) || plan.tls.scan) && port != 25;
    let asks_for_auth = wants(IntrusiveProbe::AuthBeforeTls) || (plan.tls.scan && port != 25);
    if asks_for_mail || asks_for_auth {
        let mut session = SessionRequest::probe(plan, Purpose::BeforeTls, port, TlsUse::Never, QuitAfter::Mail);
        let from = plan.from.clone().unwrap_or(ReversePath::Null);
        session.script.envelope = asks_for_mail.then_some(Envelope { from, to: Vec::new() });
        session.script.asks_for_auth = asks_for_auth;
        questions.push(Question::Talk(session));
    }
    questions
}

fn in_plain(plan: &Plan) -> SessionRequest {
    SessionRequest::probe(plan, Purpose::OtherTlsMode, plan.target.port, TlsUse::IfOffered, QuitAfter::Starttls)
}

/// Whether TLS was started at a port that greets in plain text.
pub(super) fn is_expected(evidence: &Evidence) -> bool {
    greeted_in_plain(evidence).is_some()
}

/// Whether that is still to be found out.
pub(super) fn is_being_asked(plan: &Plan, evidence: &Evidence) -> bool {
    let question = Question::Talk(in_plain(plan));
    evidence.answer_to(&question).is_some_and(|probe| !probe.is_over())
}

fn greeted_in_plain(evidence: &Evidence) -> Option<(Session<'_>, ReceivedReply<'_>)> {
    let probe = evidence.probes(Purpose::OtherTlsMode).find(|probe| probe.request.script.tls == TlsUse::IfOffered)?;
    Some((probe, probe.reply_at(Phase::Greeting).filter(|heard| heard.accepts())?))
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
    let (heard, offers) = session.capabilities(Phase::Ehlo)?;
    let required = plan.tls_use() == TlsUse::Required;
    // Without EHLO nothing can be offered; that is ehlo's finding, and this one its consequence.
    if !wanted || plan.quit_after < QuitAfter::Ehlo || offers.has("STARTTLS") || session.fell_back_to_helo() {
        return None;
    }
    // More replies to EHLO came than one: which of the lists counts is not known, and the session says so.
    let is_reply = |text: &str| text.lines().any(|line| line.starts_with("250"));
    if session
        .events()
        .any(|event| matches!(&event.what, EventKind::Stray { text, .. } if !event.tls && is_reply(text)))
    {
        return None;
    }
    // On a port for mail programs AUTH is missing because TLS is: most servers offer it inside TLS only.
    let withheld = session.events().any(|event| match &event.what {
        EventKind::Withheld { reason: WithheldReason::Plaintext } => true,
        EventKind::Withheld { reason: WithheldReason::NotOffered } => plan.target.port != 25,
        _ => false,
    });
    let clear = in_clear(&offers);
    let login = (!clear.is_empty())
        .then(|| format!("a login would go over the open line: AUTH {} is offered on it", clear.join(" ")));
    if let Some(mut finding) = masked(plan, session).or_else(|| stripped(plan, session)) {
        finding.consequences.extend(login);
        return Some(finding);
    }
    let (severity, failure) = match () {
        () if required || withheld => (Severity::Error, Some(PhaseFailure::Tls)),
        () if is_this_machine(session) => (Severity::Notice, None),
        () => (Severity::Warning, None),
    };
    let summary = "the server does not offer STARTTLS: the line stays open to everybody on the way".to_owned();
    let mut finding =
        Finding::new(&STARTTLS_NOT_OFFERED, Phase::Starttls, Confidence::Certain, summary).on(heard.event);
    finding.severity = severity;
    finding.failure = failure;
    finding.cause = match (severity, required) {
        (Severity::Notice, _) => {
            "the server's list has no STARTTLS; on this machine itself nobody reads along, and test servers do without"
                .to_owned()
        }
        (_, true) => "TLS was required (--tls starttls), and the server's list has no STARTTLS".to_owned(),
        _ => "the server's list has no STARTTLS, so everything on this line can be read and changed on the way"
            .to_owned(),
    };
    finding.consequences.extend(login);
    if withheld {
        finding.consequences.push(
            "the password stayed here: no secret goes over a line that is not encrypted (--allow-plaintext-auth would)"
                .to_owned(),
        );
    }
    finding.fixes.push(Fix::run(
        "the operator switches TLS on; in Postfix",
        "postconf -e smtpd_tls_security_level=may smtpd_tls_chain_files=/path/to/key-and-chain.pem",
    ));
    if plan.target.port != 465 {
        finding.fixes.push(Fix::run(
            "look whether the host speaks implicit TLS on port 465",
            format!("smtpcheck smtps://{}", plan.target.host.with_port(465)),
        ));
    }
    finding.fixes.push(Fix::text(
        "repeat the check from another network: if STARTTLS is there, a firewall on this side removes it",
    ));
    Some(finding)
}

/// A keyword of three or more X and one letter, or of four or more X, or a greeting of asterisks.
fn masked(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let is_mask = |word: &str| {
        let crosses = word.bytes().take_while(|&byte| byte == b'X').count();
        (crosses >= 4 && word.len() == crosses) || (crosses >= 3 && word.len() == crosses + 1)
    };
    let starred =
        |text: &str| text.matches('*').count() >= 5 && text.chars().all(|c| matches!(c, '*' | ' ' | '0'..='9'));
    let greeting = session.reply_at(Phase::Greeting).filter(|heard| starred(&heard.reply.joined()));
    let masks = |offers: &Capabilities| offers.offered.iter().any(|offer| is_mask(&offer.keyword));
    let keyword = session.capabilities(Phase::Ehlo).filter(|(_, offers)| masks(offers));
    let event = greeting.map(|heard| heard.event).or(keyword.map(|(heard, _)| heard.event))?;
    let summary = "a firewall on the way overwrites the greeting or STARTTLS (SMTP inspection)".to_owned();
    let mut finding = Finding::new(&SMTP_INSPECTION, Phase::Starttls, Confidence::Certain, summary).on(event);
    finding.cause = "asterisks in the greeting and keywords of X are what Cisco firewalls leave of them; the server itself says something else".to_owned();
    finding.fixes.push(Fix::run(
        "the administrator of the firewall switches the inspection off, or allows TLS in it",
        "no inspect esmtp",
    ));
    finding.fixes.push(implicit_tls(plan));
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

/// STARTTLS is missing where it is known to be there always.
fn stripped(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let provider = peer::provider_by_name(plan).filter(|provider| provider.starttls_always)?;
    let port = plan.target.port;
    provider.ports.iter().find(|known| known.port == port && known.tls == PortTls::Starttls)?;
    let (heard, _) = session.capabilities(Phase::Ehlo)?;
    let summary = format!("{} always offers STARTTLS on port {port}, and it is missing here", provider.name);
    let mut finding = Finding::new(&STARTTLS_STRIPPED, Phase::Starttls, Confidence::Likely, summary).on(heard.event);
    finding.cause = "something between here and the provider takes it away: a firewall, a virus scanner, or somebody who wants to read along".to_owned();
    finding.otherwise =
        Some("the name could also lead to another server than the provider's; the greeting tells".to_owned());
    finding.fixes.push(implicit_tls(plan));
    finding.fixes.push(Fix::text(
        "look for SMTP inspection in the firewall or the virus scanner, and repeat the check from another network",
    ));
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

fn implicit_tls(plan: &Plan) -> Fix {
    Fix::run(
        "go past it with TLS from the first byte",
        format!("smtpcheck smtps://{}", plan.target.host.with_port(465)),
    )
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
    let summary = format!("{bytes} bytes of plain text came behind the 220 to STARTTLS, before TLS began");
    let mut finding = Finding::new(&STARTTLS_INJECTED_BYTES, Phase::Starttls, Confidence::Certain, summary).on(event);
    finding.cause = "the server, a proxy in front of it or somebody on the way puts words where only TLS may come; they were not fed to TLS and not believed".to_owned();
    finding.fixes.push(Fix::text("repeat the check from another network, to tell the server from somebody on the way"));
    finding.fixes.push(Fix::text("if it stays, the operator updates the mail server or the proxy in front of it"));
    finding.failure = Some(PhaseFailure::Protocol);
    Some(finding)
}

/// Bytes *before* the STARTTLS command went out are merely unasked for; those behind its 220 are an attack or a defect.
fn after_220(session: Session<'_>, stray: &Event) -> bool {
    session.reply_at(Phase::Starttls).is_some_and(|heard| heard.event.seq < stray.seq)
}

fn expected_starttls(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    let (probe, greeting) = greeted_in_plain(evidence)?;
    let upgraded = probe.handshake();
    let port = plan.target.port;
    let summary = match upgraded {
        Some(_) => format!("port {port} speaks plain text first and wants STARTTLS; TLS was started at once"),
        None => format!("port {port} speaks plain text; TLS was started at once"),
    };
    let mut finding = Finding::new(&STARTTLS_EXPECTED, Phase::Tls, Confidence::Certain, summary);
    finding = finding.tried(session.probe.id).on(greeting.event);
    finding.cause = match upgraded {
        Some(_) => {
            "a second connection in plain text was greeted, offered STARTTLS, and TLS worked that way".to_owned()
        }
        None => "a second connection in plain text was greeted, and no TLS could be started on it".to_owned(),
    };
    finding.fixes.push(Fix::run(
        if upgraded.is_some() { "check it with STARTTLS" } else { "check it in plain text, to see what it offers" },
        format!(
            "smtpcheck {} --tls {}",
            plan.target.host.with_port(port),
            if upgraded.is_some() { "starttls" } else { "none" }
        ),
    ));
    finding.fixes.push(Fix::text(
        "in the mail program or application choose STARTTLS for this port, not SSL/TLS; or use port 465",
    ));
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

/// What shows that NOOP, sent before TLS, was carried out inside it. That STARTTLS was advertised and accepted is in the
/// session itself: else there is no handshake.
///
/// 1. A reply inside TLS before anything was sent there. Not a greeting (NOOP is never answered with 220, RFC 5321
///    §4.3.2), and not what the server sends unasked in the main session too.
/// 2. 250 to QUIT: the server keeps the NOOP until it reads the next command. Not where it answers QUIT with 250 always.
pub(crate) fn carried_into_tls<'a>(evidence: &'a Evidence, probe: Session<'a>) -> Option<ReceivedReply<'a>> {
    probe.handshake()?;
    let is_ours = |event: &Event| event.tls && matches!(event.what, EventKind::Sent { .. });
    let first_said = probe.events().find(|event| is_ours(event)).map(|event| event.seq);
    let unasked = |heard: &ReceivedReply<'_>| first_said.is_none_or(|said| heard.event.seq < said);
    let is_habit = |heard: &ReceivedReply<'_>| evidence.main_session().is_some_and(|main| sends_unasked(main, heard));
    let inside = || probe.all_replies().filter(|heard| heard.event.tls);
    let answered = inside().find(|heard| unasked(heard) && !heard.reply.has_code(220) && !is_habit(heard));
    let to_quit = || inside().find(|heard| heard.event.phase == Phase::Quit && is_reply_to_noop(heard.reply));
    let quits_oddly = |main: Session<'_>| {
        let last = main.all_replies().filter(|heard| heard.event.phase == Phase::Quit).last();
        last.is_some_and(|heard| !heard.reply.has_code(221))
    };
    answered.or_else(|| to_quit().filter(|_| !evidence.main_session().is_some_and(quits_oddly)))
}

/// What a server sends to NOOP and never to QUIT (RFC 5321 §4.3.2): 250, or that it does not know the command.
fn is_reply_to_noop(reply: &Reply) -> bool {
    reply.has_code(250) || (500..=504).any(|code| reply.has_code(code))
}

/// Whether the main session, where nothing was sent ahead, has the same reply inside TLS to no command: as stray bytes, or
/// taken for a reply that it cannot be.
fn sends_unasked(main: Session<'_>, heard: &ReceivedReply<'_>) -> bool {
    let line = heard.reply.lines().into_iter().next().unwrap_or_default();
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
    let heard = carried_into_tls(evidence, probe)?;
    let line = heard.first_line();
    let summary = if heard.event.phase == Phase::Quit {
        format!("a command that was sent before TLS is answered inside TLS as the reply to QUIT: {line}")
    } else {
        format!("a command that was sent before TLS is answered inside TLS: {line}")
    };
    let finding =
        Finding::new(&STARTTLS_COMMAND_INJECTION, Phase::Starttls, Confidence::Certain, summary).on(heard.event);
    Some(Finding {
        cause: "the server keeps what it has read before the handshake, so that somebody on the way can put commands in front of the client's".to_owned(),
        fixes: vec![Fix::text("the operator updates the mail server, or the proxy in front of it (CVE-2011-0411 and its like)")],
        failure: Some(PhaseFailure::Protocol),
        ..finding
    })
}

fn not_enforced(plan: &Plan, evidence: &Evidence) -> Option<Finding> {
    let probe = evidence.probes(Purpose::BeforeTls).next()?;
    let heard = probe.reply_at(Phase::Mail).filter(|heard| heard.accepts())?;
    let summary = format!("port {} takes MAIL FROM before TLS", plan.target.port);
    let finding = Finding::new(&STARTTLS_NOT_ENFORCED, Phase::Starttls, Confidence::Certain, summary).on(heard.event);
    Some(Finding {
        cause: "TLS is offered and not required there, so a program that is set up wrongly sends over the open line without noticing".to_owned(),
        fixes: vec![Fix::run(
            "the operator requires TLS for the submission service; in Postfix",
            "postconf -P submission/inet/smtpd_tls_security_level=encrypt",
        )],
        ..finding
    })
}
