//! The first thing a server says, or does not say. Silence and foreign words raise one more question: does it answer
//! in the other TLS mode?

use super::{Check, Confidence, Docs, Finding, Fix, PhaseFailure, Rule, Severity, peer};
use crate::evidence::{Event, EventKind, Evidence, Fault, Phase, ProbeId, Session};
use crate::lexicon::software;
use crate::plan::{Family, Plan, QuitAfter, TlsUse};
use crate::question::{Purpose, Question, SessionRequest};
use crate::wire::Class;
use crate::wire::reply::Reply;

pub static CHECK: Check = Check {
    subject: "greeting",
    ask,
    judge,
    rules: &[&GREETING_MISSING, &IMPLICIT_TLS_EXPECTED, &GREETING_NOT_SMTP, &GREETING_OF_ANOTHER_HOST, &GREETING_SLOW],
};

static GREETING_MISSING: Rule = Rule {
    id: "greeting-missing",
    severity: Severity::Error,
    title: "the server accepts the connection and says nothing",
    cites: &["RFC 5321 section 3.1", "RFC 5321 section 4.5.3.2.1"],
    docs: Docs {
        sees: "TCP connects, and no greeting arrives within the time for one reply (--timeout), or the server closes without a word. Where it was silent, a TLS handshake on the same port got no answer either.",
        matters: "An SMTP server speaks first. A silent one is overloaded, waits for a slow look-up of our address, delays strangers on purpose, or is not a mail server. RFC 5321 lets a server take five minutes.",
        action: "Try again with a longer --timeout; if the greeting comes then, the operator looks at its DNS look-ups and greet delay. If never, check host and port.",
        example: "smtpcheck mx.example.net:25 --timeout 300s --max-time 310s",
        references: "RFC 5321 sections 3.1 and 4.5.3.2.1",
    },
};

static IMPLICIT_TLS_EXPECTED: Rule = Rule {
    id: "implicit-tls-expected",
    severity: Severity::Error,
    title: "the port speaks TLS from the first byte",
    cites: &["RFC 8314 section 3.3"],
    docs: Docs {
        sees: "In plain text the server was silent or answered with something that is not SMTP; to a TLS handshake on the same port it answered.",
        matters: "The server waits for the client to start TLS, the client waits for a greeting: both wait until one gives up. This is the most common mistake in mail settings.",
        action: "Use implicit TLS on this port. In mail programs the setting is called SSL, SSL/TLS or SMTPS, and not STARTTLS.",
        example: "smtpcheck smtps://mail.example.net:465",
        references: "RFC 8314 section 3.3 (implicit TLS for submission)",
    },
};

static GREETING_NOT_SMTP: Rule = Rule {
    id: "greeting-not-smtp",
    severity: Severity::Error,
    title: "something else than SMTP answers on this port",
    cites: &["RFC 5321 section 4.2"],
    docs: Docs {
        sees: "The first line has no three-digit code; or it is that of a service which has codes too (FTP, NNTP, LMTP), and EHLO is refused.",
        matters: "Another service listens here: a web server, SSH, IMAP, POP3, FTP.",
        action: "Use the SMTP port: 587 with STARTTLS or 465 with implicit TLS for mail programs, 25 between servers.",
        example: "* OK [CAPABILITY IMAP4rev1 ...] on port 143",
        references: "RFC 5321 section 4.2 (form of replies)",
    },
};

static GREETING_SLOW: Rule = Rule {
    id: "greeting-slow",
    severity: Severity::Notice,
    title: "the greeting takes its time",
    cites: &["RFC 5321 section 4.5.3.2.1"],
    docs: Docs {
        sees: "Five seconds or more passed between the connection and the end of the greeting.",
        matters: "Some servers delay every stranger on purpose, to send away programs that do not wait; others look up the name of our address and get no answer. Programs with a short time-out give up here, mail servers wait five minutes.",
        action: "Give your program more time. If the server is yours, look at its DNS look-ups and at its greet delay; if the sending machine is yours, give its address a PTR record.",
        example: "220-mx.example.net ESMTP, then a pause of six seconds, then 220 mx.example.net ESMTP",
        references: "RFC 5321 section 4.5.3.2.1 (five minutes for the greeting)",
    },
};

/// From which time on a greeting is slow. postscreen's greet test takes six seconds.
const SLOW_MS: f64 = 5000.0;

static GREETING_OF_ANOTHER_HOST: Rule = Rule {
    id: "greeting-of-another-host",
    severity: Severity::Warning,
    title: "another server answers in the provider's place",
    cites: &["RFC 5321 section 4.2"],
    docs: Docs {
        sees: "The host name belongs to a known provider, and the greeting is that of other software than the provider runs.",
        matters: "Some web hosters and internet providers redirect all mail connections to a server of their own; virus scanners do it on one machine. Logins then fail, and the certificate is the wrong one.",
        action: "Ask the hoster whether outgoing SMTP is redirected (on cPanel servers: SMTP restrictions), use another port of the provider, or send through the hoster's own server.",
        example: "220 server1.hoster.example ESMTP Exim 4.96 from smtp.gmail.com",
        references: "RFC 5321 section 4.2 (greeting)",
    },
};

fn ask(plan: &Plan, evidence: &Evidence) -> Vec<Question> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    let plaintext = plan.tls_use() != TlsUse::Implicit;
    let quiet = session.events().any(|event| matches!(event.what, EventKind::Quiet { .. }));
    if plaintext && quiet {
        return vec![Question::Talk(in_tls(plan))];
    }
    if !session.is_over() {
        return Vec::new();
    }
    // Servers that wait for TLS often hang up on a client that says nothing.
    let silent = match session.fault() {
        Some(Fault::Silent { phase: Phase::Greeting, .. }) => true,
        Some(Fault::Closed { phase: Phase::Greeting, .. }) => greeting(session).is_none(),
        _ => false,
    };
    let foreign = greeting(session).is_some_and(|reply| reply.code.is_none());
    if plaintext && (silent || foreign) {
        return vec![Question::Talk(in_tls(plan))];
    }
    let turned_away = greeting(session).is_some_and(|reply| reply.code.is_some() && !reply.is_success())
        || matches!(session.fault(), Some(Fault::Closed { phase: Phase::Greeting, .. }));
    if turned_away { other_family(plan, evidence, session).into_iter().collect() } else { Vec::new() }
}

/// What nobody waits for any more: of the two ways to begin, the one that was wrong. A server that waits for TLS will
/// never greet in plain text once it has answered in TLS, and one that has greeted in plain text will not do it in TLS.
pub(super) fn settled(plan: &Plan, evidence: &Evidence) -> Option<ProbeId> {
    let session = evidence.main_session()?;
    let in_tls = evidence.probes(Purpose::OtherTlsMode).find(|probe| probe.request == &in_tls(plan))?;
    if greeting(session).is_some_and(|reply| reply.code.is_some()) {
        return (!in_tls.is_over()).then_some(in_tls.probe.id);
    }
    in_tls.handshake()?;
    (!session.is_over()).then_some(session.probe.id)
}

/// A server may take us at one of its addresses and not at the other: our own two addresses have two reputations.
fn other_family(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Question> {
    let (peer, _) = session.connected()?;
    let (_, names) = evidence.names()?;
    let names = names.filter(|_| plan.family == Family::Any)?;
    let (family, addresses) = if peer.is_ipv4() { (Family::V6, &names.aaaa) } else { (Family::V4, &names.a) };
    if addresses.addresses().is_empty() {
        return None;
    }
    let probe = SessionRequest::probe(plan, Purpose::OtherFamily, plan.target.port, plan.tls_use(), QuitAfter::Banner);
    Some(Question::Talk(SessionRequest { family, ..probe }))
}

fn in_tls(plan: &Plan) -> SessionRequest {
    SessionRequest::probe(plan, Purpose::OtherTlsMode, plan.target.port, TlsUse::Implicit, QuitAfter::Banner)
}

fn greeting(session: Session<'_>) -> Option<&Reply> {
    session.reply_at(Phase::Greeting).map(|heard| heard.reply)
}

fn judge(plan: &Plan, evidence: &Evidence) -> Vec<Finding> {
    let Some(session) = evidence.main_session() else { return Vec::new() };
    if let Some(finding) = in_the_other_mode(plan, evidence, session) {
        return vec![finding];
    }
    let begun = greeting(session).is_some();
    let mut finding = match session.fault() {
        Some(Fault::Silent { phase: Phase::Greeting, waited_ms, partial_bytes }) => {
            let waited = waited_ms / 1000.0;
            if *partial_bytes > 0 {
                missing(plan, session, &format!("does not end its greeting within {waited:.0} seconds"), *partial_bytes)
            } else {
                missing(plan, session, &format!("says nothing for {waited:.0} seconds"), 0)
            }
        }
        Some(Fault::Closed { phase: Phase::Greeting, reset }) => hung_up(session, *reset, begun),
        _ => {
            let words = not_smtp(plan, session).or_else(|| of_another_host(plan, session));
            return [words, slow(session)].into_iter().flatten().collect();
        }
    };
    weigh_other_family(plan, evidence, &mut finding);
    vec![finding]
}

/// What a second connection that began with TLS has shown: SMTP, another service, or that there is no TLS either.
fn in_the_other_mode(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> Option<Finding> {
    // A port can take both, and one that greets in plain text speaks plain text.
    if greeting(session).is_some_and(Reply::is_success) {
        return None;
    }
    let probe = evidence.probes(Purpose::OtherTlsMode).find(|probe| probe.request.script.tls == TlsUse::Implicit)?;
    let inside = greeting(probe);
    let foreign = match (inside, probe.fault()) {
        (Some(reply), _) if reply.code.is_none() => Some(reply.joined()),
        (None, Some(Fault::Tls { tls })) if recognise(&tls.first_bytes).is_some() => Some(tls.first_bytes.clone()),
        _ => None,
    };
    if let Some(words) = foreign {
        return Some(foreign_service(plan, session, &words).tried(probe.probe.id));
    }
    let (event, _) = probe.handshake()?;
    let target = plan.target.host.with_port(plan.target.port);
    let summary = format!("port {} speaks TLS from the first byte, and plain text was spoken to it", plan.target.port);
    let mut finding = Finding::new(&IMPLICIT_TLS_EXPECTED, Phase::Greeting, Confidence::Certain, summary);
    finding = finding.tried(session.probe.id).on(event);
    finding.cause = if greeting(session).is_some() {
        "to plain text the server answered with something that is not SMTP; a second connection that began with TLS was answered in TLS".to_owned()
    } else {
        "the server waited for a TLS handshake while smtpcheck waited for a greeting; a second connection that began with TLS was answered at once".to_owned()
    };
    if inside.is_none() {
        finding.confidence = Confidence::Likely;
        finding.otherwise = Some("inside TLS no SMTP greeting came either, so another service with TLS may listen here, a web server for example".to_owned());
    }
    finding.fixes.push(Fix::run("check it with implicit TLS", format!("smtpcheck smtps://{target}")));
    finding.fixes.push(Fix::text("in the mail program or application choose SSL/TLS (also called SMTPS or implicit TLS), not STARTTLS, for this port"));
    finding.failure = Some(PhaseFailure::Tls);
    Some(finding)
}

fn slow(session: Session<'_>) -> Option<Finding> {
    let heard = session.reply_at(Phase::Greeting).filter(|heard| heard.accepts())?;
    let is_silence = |event: &&Event| matches!(event.what, EventKind::Quiet { .. });
    let before =
        session.events().take_while(|event| event.seq < heard.event.seq).filter(|event| !is_silence(event)).last()?;
    let waited = heard.event.at_ms - before.at_ms;
    if waited < SLOW_MS {
        return None;
    }
    let summary = format!("the greeting took {:.1} seconds", waited / 1000.0);
    let finding = Finding::new(&GREETING_SLOW, Phase::Greeting, Confidence::Likely, summary).on(heard.event);
    Some(Finding {
        cause: "the server delays strangers on purpose; programs with a short time-out give up before it".to_owned(),
        otherwise: Some("it may wait for a look-up of our address, or be overloaded; its mail log tells".to_owned()),
        fixes: vec![Fix::text(
            "give your program more time for the greeting; mail servers wait five minutes (RFC 5321)",
        )],
        ..finding
    })
}

/// The provider's own name, greeted by software that the provider does not run.
fn of_another_host(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let heard = session.reply_at(Phase::Greeting).filter(|heard| heard.accepts())?;
    let provider = peer::provider_by_name(plan).filter(|provider| provider.has_known_greeting())?;
    let text = heard.reply.joined();
    let other = software::by_greeting(&text).filter(|row| row.kind == "server" && row.provider.is_none())?;
    if provider.greets_with(&text) {
        return None;
    }
    let summary = format!("{} greets as {}, which is not what {} runs", plan.target.host, other.name, provider.name);
    let finding = Finding::new(&GREETING_OF_ANOTHER_HOST, Phase::Greeting, Confidence::Likely, summary).on(heard.event);
    Some(Finding {
        cause: "something between here and the provider redirects the connection to a server of its own: a web hoster, an internet provider, or a virus scanner".to_owned(),
        otherwise: Some("the provider may have changed its software; the certificate tells whose server it is".to_owned()),
        fixes: vec![
            Fix::text("ask the hoster or internet provider whether outgoing SMTP is redirected (cPanel: SMTP restrictions), or send through its server"),
            Fix::run("look whether the other port is redirected too", format!("smtpcheck smtps://{}", plan.target.host.with_port(465))),
        ],
        ..finding
    })
}

fn hung_up(session: Session<'_>, reset: bool, begun: bool) -> Finding {
    let how = if reset { "resets the connection" } else { "hangs up" };
    let when = if begun { "in the middle of its greeting" } else { "without a word" };
    let summary = format!("the server accepts the connection and {how} {when}");
    let mut finding =
        Finding::new(&GREETING_MISSING, Phase::Greeting, Confidence::Likely, summary).tried(session.probe.id);
    for event in session.events() {
        finding.evidence.events.push(event.seq);
    }
    finding.cause = "an access list does not let this machine in, a proxy or load balancer has no server behind it, or a limit on connections is reached".to_owned();
    finding.otherwise =
        Some("the same check from another network tells an access list from a broken server".to_owned());
    finding.fixes.push(Fix::text(
        "the operator looks whether the mail service runs behind the proxy, and which clients its access list lets in",
    ));
    finding.fixes.push(Fix::text("try again in some minutes, and from another network"));
    finding.failure = Some(PhaseFailure::Unreachable);
    finding
}

fn missing(plan: &Plan, session: Session<'_>, what: &str, partial_bytes: usize) -> Finding {
    let summary = format!("the server accepts the connection and {what}");
    let mut finding =
        Finding::new(&GREETING_MISSING, Phase::Greeting, Confidence::Likely, summary).tried(session.probe.id);
    for event in session.events() {
        finding.evidence.events.push(event.seq);
    }
    finding.cause = if partial_bytes > 0 {
        format!(
            "{partial_bytes} bytes of a greeting arrived and no end of it: the server is very slow, or stalls on purpose"
        )
    } else {
        "it is overloaded, delays strangers on purpose, or waits for a slow look-up of our address; or this is no mail server".to_owned()
    };
    finding.otherwise =
        Some("a longer --timeout tells a slow server from a dead one; RFC 5321 allows five minutes".to_owned());
    finding.fixes.push(Fix::run(
        "wait as long as a mail server would",
        format!("smtpcheck {} --timeout 300s --max-time 310s", plan.target.host.with_port(plan.target.port)),
    ));
    finding.fixes.push(Fix::text("check that host and port are those of a mail server"));
    finding.failure = Some(PhaseFailure::Unreachable);
    finding
}

/// Whether the other address family was greeted, for a finding about the first one.
pub(super) fn weigh_other_family(plan: &Plan, evidence: &Evidence, finding: &mut Finding) {
    let Some(probe) = evidence.probes(Purpose::OtherFamily).next() else { return };
    let Some(heard) = probe.reply_at(Phase::Greeting).filter(|heard| heard.accepts()) else { return };
    let (name, flag) = if probe.request.family == Family::V4 { ("IPv4", "-4") } else { ("IPv6", "-6") };
    finding
        .consequences
        .push(format!("over {name} the same server greets us, so it is about our address of the other family"));
    finding.evidence.events.push(heard.event.seq);
    let target = plan.target.host.with_port(plan.target.port);
    finding.fixes.insert(
        0,
        Fix::run(
            format!("use {name} for this server until the other address is in order"),
            format!("smtpcheck {target} {flag}"),
        ),
    );
}

/// Refusals with a code are judged by `refusal`, unless the greeting shows whose they are.
fn not_smtp(plan: &Plan, session: Session<'_>) -> Option<Finding> {
    let heard = session.reply_at(Phase::Greeting)?;
    if heard.reply.code.is_none() {
        return Some(foreign_service(plan, session, &heard.reply.joined()).on(heard.event));
    }
    let service = service_with_codes(session)?;
    let refused = session.reply_at(Phase::Ehlo)?;
    let summary = format!("{} answers on port {}, not an SMTP server", service.name, plan.target.port);
    let finding = Finding::new(&GREETING_NOT_SMTP, Phase::Greeting, Confidence::Likely, summary);
    Some(Finding {
        cause: format!("{}, and EHLO is unknown there", service.sign),
        otherwise: Some(
            "a mail server whose EHLO a filter blocks can look like this; its operator can tell".to_owned(),
        ),
        fixes: vec![Fix::run(
            "use the SMTP port of this host",
            format!("smtpcheck {}", plan.target.host.with_port(587)),
        )],
        failure: Some(PhaseFailure::Protocol),
        ..finding.on(heard.event).on(refused.event)
    })
}

/// A service that is no SMTP and answers with codes of three digits too.
pub(super) struct OtherService {
    name: &'static str,
    sign: &'static str,
}

/// FTP (RFC 959 §4.2), NNTP (RFC 3977 §3.2) and LMTP (RFC 2033 §4.1) refuse EHLO and HELO, and their greetings tell them.
pub(super) fn service_with_codes(session: Session<'_>) -> Option<OtherService> {
    let refused = session.reply_at(Phase::Ehlo).is_some_and(|heard| heard.reply.class() == Class::Permanent);
    let heard = session.reply_at(Phase::Greeting).filter(|heard| refused && heard.reply.is_success())?;
    let text = heard.reply.joined().to_ascii_lowercase();
    let says = |word: &str| text.contains(word);
    if heard.reply.has_code(200) || heard.reply.has_code(201) {
        Some(OtherService {
            name: "a news server (NNTP)",
            sign: "its greeting begins with 200 or 201 in the place of 220",
        })
    } else if says("lmtp") {
        Some(OtherService { name: "a mailbox store (LMTP)", sign: "its greeting says LMTP, where clients say LHLO" })
    } else if (says("ftp") && !says("smtp")) || says("filezilla") {
        Some(OtherService { name: "a file server (FTP)", sign: "its greeting says FTP" })
    } else {
        None
    }
}

fn foreign_service(plan: &Plan, session: Session<'_>, words: &str) -> Finding {
    let known = recognise(words);
    let (service, port) = known.unwrap_or(("something else", ""));
    let summary = format!("{service} answers on port {}, not an SMTP server", plan.target.port);
    let confidence = if known.is_some() { Confidence::Certain } else { Confidence::Likely };
    let mut finding = Finding::new(&GREETING_NOT_SMTP, Phase::Greeting, confidence, summary).tried(session.probe.id);
    finding.cause = "the first line of an SMTP server begins with a three-digit code; this one does not".to_owned();
    if known.is_none() {
        finding.otherwise =
            Some("a mail server behind a broken proxy can begin like this too; its operator can tell".to_owned());
    }
    finding.fixes.push(Fix::run(
        format!("use the SMTP port of this host{port}"),
        format!("smtpcheck {}", plan.target.host.with_port(587)),
    ));
    finding.failure = Some(PhaseFailure::Protocol);
    finding
}

/// The service whose first words these are, and which port people confuse with it.
fn recognise(text: &str) -> Option<(&'static str, &'static str)> {
    let starts = |prefix: &str| text.starts_with(prefix);
    if starts("* OK") || starts("* PREAUTH") || starts("* BYE") {
        Some(("an IMAP server", " (IMAP, 143 and 993, is for reading mail)"))
    } else if starts("+OK") || starts("-ERR") {
        Some(("a POP3 server", " (POP3, 110 and 995, is for fetching mail)"))
    } else if starts("SSH-") {
        Some(("an SSH server", ""))
    } else if starts("HTTP/") || starts("<!DOCTYPE") || starts("<html") {
        Some(("a web server", ""))
    } else {
        None
    }
}
