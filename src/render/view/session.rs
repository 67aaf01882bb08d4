//! The lines of a session: time, encryption, sender and text. They do not depend on the width of the display; the text
//! format wraps them, and HTML turns them into table rows.
//!
//! A follow-up connection is shown as one line when it ends; `-v` shows all of its lines. Text received from the server
//! has passed through [`escape`].

use std::collections::HashSet;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::lines::{SessionLine, added, aside, continued, noted, session_lines, timed};
use super::verdict::plural;
use super::{duration, tls};
use crate::check;
use crate::evidence::{
    Answer, DialResult, Event, EventId, EventKind, Evidence, Fault, Lookup, Names, Outcome, Phase, Probe,
    ProxyFaultKind, Session, SkipReason, SocketResult, TunnelResult, WithheldReason,
};
use crate::plan::{ConnectionSource, Family, Plan, Protocol, TlsUse};
use crate::question::{Purpose, Question};
use crate::render::style::Role;
use crate::render::symbols::Speaker;
use crate::render::{Display, Transcript, Verbosity, escape};
use crate::report::Report;
use crate::wire::Reply;
use crate::wire::status::Class;

/// The lines of the session that the display settings include.
pub(in crate::render) fn session(report: &Report, look: &Display) -> Vec<SessionLine> {
    let Report { plan, evidence, findings, .. } = report;
    if look.transcript == Transcript::None {
        return Vec::new();
    }
    let pointed: HashSet<EventId> =
        findings.iter().flat_map(|finding| finding.evidence.events.iter().copied()).collect();
    Moment::all(evidence)
        .into_iter()
        .filter(|shown| look.transcript == Transcript::Full || shown.is_among(&pointed))
        .flat_map(|shown| shown.lines(plan, evidence, look))
        .collect()
}

/// An entry of the session: an event, or the result of a probe.
pub(in crate::render) enum Moment<'a> {
    Event(&'a Event),
    Answer(&'a Probe),
}

impl<'a> Moment<'a> {
    /// All entries of a run in the order in which they occurred.
    pub(in crate::render) fn all(evidence: &'a Evidence) -> Vec<Moment<'a>> {
        let mut moments: Vec<(f64, Moment<'a>)> =
            evidence.transcript.iter().map(|event| (event.at_ms, Moment::Event(event))).collect();
        for probe in &evidence.probes {
            if let Some(ms) = probe.duration_ms {
                moments.push((probe.started_ms + ms, Moment::Answer(probe)));
            }
        }
        moments.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        moments.into_iter().map(|(_, moment)| moment).collect()
    }

    fn is_among(&self, pointed: &HashSet<EventId>) -> bool {
        match self {
            Moment::Event(event) => pointed.contains(&event.seq),
            Moment::Answer(_) => false,
        }
    }

    /// The lines of the entry that the display settings include.
    pub(in crate::render) fn lines(&self, plan: &Plan, evidence: &Evidence, look: &Display) -> Vec<SessionLine> {
        match self {
            Moment::Event(event) => {
                let is_probe = evidence.probe(event.probe).is_some_and(|probe| match &probe.question {
                    Question::Session(request) => request.purpose != Purpose::Main,
                    Question::Hello(_) => true,
                    Question::Resolve { .. } | Question::Records(_) | Question::Fetch(_) | Question::Machine { .. } => {
                        false
                    }
                });
                // A follow-up connection is one line, written when it ends.
                if is_probe && look.volume != Verbosity::Verbose {
                    Vec::new()
                } else {
                    event_lines(plan, event, evidence.started_at, look)
                }
            }
            Moment::Answer(probe) => answer_lines(plan, evidence, probe),
        }
    }
}

fn event_lines(plan: &Plan, event: &Event, started_at: Timestamp, look: &Display) -> Vec<SessionLine> {
    let note = |role: Role, sign: Speaker, text: String| noted(event, role, sign, &text);
    match &event.what {
        EventKind::Dialled { address, started_ms, result } => {
            let ms = event.at_ms - started_ms;
            match result {
                DialResult::Connected { local } => {
                    let from = match plan.source == ConnectionSource::default() {
                        true => String::new(),
                        false => format!(" from {local}"),
                    };
                    let bypass = without_proxy(plan);
                    note(Role::Dim, Speaker::Note, format!("connected to {address}{from} in {}{bypass}", duration(ms)))
                }
                DialResult::Failed { fault } => {
                    let text = format!("{address}: {} after {}", fault.kind, duration(ms));
                    note(Role::Error, Speaker::Fault, text)
                }
                DialResult::Overtaken => note(
                    Role::Dim,
                    Speaker::Note,
                    format!("{address}: abandoned after {}, because another address connected first", duration(ms)),
                ),
            }
        }
        EventKind::SocketOpened { path, started_ms, result } => {
            let path = escape::visible(path);
            let after = duration(event.at_ms - started_ms);
            match result {
                SocketResult::Connected => note(Role::Dim, Speaker::Note, format!("connected to {path} in {after}")),
                SocketResult::Failed { fault } => {
                    note(Role::Error, Speaker::Fault, format!("{path}: {} after {after}", fault.kind))
                }
            }
        }
        EventKind::ProxyDialled { address, started_ms, result } => {
            let ms = duration(event.at_ms - started_ms);
            match result {
                DialResult::Connected { .. } => note(
                    Role::Dim,
                    Speaker::Note,
                    format!("connected to the proxy {} in {ms}", proxy_name(plan, *address)),
                ),
                DialResult::Failed { fault } => {
                    note(Role::Error, Speaker::Fault, format!("proxy {address}: {} after {ms}", fault.kind))
                }
                DialResult::Overtaken => note(
                    Role::Dim,
                    Speaker::Note,
                    format!("proxy {address}: abandoned after {ms}, because another address connected first"),
                ),
            }
        }
        EventKind::ProxyHeaderSent { version, text } => {
            note(Role::Client, Speaker::Client, format!("{} (PROXY protocol {version})", escape::visible(text)))
        }
        EventKind::ProxyLogin { user } => {
            let text = format!("logged in to the proxy as {}; the password is not shown", escape::visible(user));
            note(Role::Dim, Speaker::Note, text)
        }
        EventKind::Tunnelled { target, started_ms, result, .. } => {
            let ms = duration(event.at_ms - started_ms);
            let target = escape::visible(target);
            match result {
                TunnelResult::Connected => {
                    note(Role::Dim, Speaker::Note, format!("connected to {target} through the proxy in {ms}"))
                }
                TunnelResult::Failed { fault } => {
                    let detail = escape::visible(&fault.detail);
                    let text =
                        format!("no connection to {target} through the proxy after {ms}: {} ({detail})", fault.kind);
                    note(Role::Error, Speaker::Fault, text)
                }
            }
        }
        EventKind::Sent { text, .. } => {
            let gloss = user_name(event.phase, text);
            session_lines(event, Speaker::Client, &[(Role::Client, escape::visible(text))], &gloss)
        }
        EventKind::Received { reply, .. } => reply_lines(event, reply, look),
        EventKind::Unfinished { text, bytes } => {
            let bytes = plural(*bytes, "byte", "bytes");
            let text = format!("{bytes} of an unfinished reply: {}", escape::visible(text.trim_end()));
            note(Role::Error, Speaker::Fault, text)
        }
        EventKind::Stray { text, bytes } => {
            let bytes = plural(*bytes, "unexpected byte", "unexpected bytes");
            let text = format!("{bytes}: {}", escape::visible(text.trim_end()));
            note(Role::Error, Speaker::Fault, text)
        }
        EventKind::Secured { handshake } => tls::lines(event, handshake, started_at, look),
        EventKind::Withheld { reason } => {
            note(Role::Warning, Speaker::Note, format!("login skipped: {}", withheld(reason)))
        }
        // Findings report these events if they matter.
        EventKind::OddPassword { .. } | EventKind::Token { .. } => Vec::new(),
        EventKind::Explained { text } => {
            note(Role::Dim, Speaker::Note, format!("explanation from the server: {}", escape::visible(text)))
        }
        EventKind::AuthCancelled { .. } => note(Role::Error, Speaker::Fault, "login cancelled".to_owned()),
        EventKind::NeedsSmtputf8 { address, .. } => {
            let text = format!(
                "{} was not sent: it needs SMTPUTF8, which the server does not advertise",
                escape::visible(address)
            );
            note(Role::Error, Speaker::Fault, text)
        }
        EventKind::ParameterWithheld { parameter, extension } => {
            let text = format!("{parameter} was not sent, because the server does not advertise {extension}");
            note(Role::Warning, Speaker::Note, text)
        }
        EventKind::ClaimWithheld { command, missing } => {
            let text =
                format!("{command} was not sent, because the server does not advertise it with {}", missing.join(", "));
            note(Role::Error, Speaker::Fault, text)
        }
        // Shown with `-v` only.
        EventKind::Tickets { count } if look.volume == Verbosity::Verbose => {
            let tickets = if *count > 1 { format!(" ({count} tickets)") } else { String::new() };
            note(Role::Dim, Speaker::Note, format!("the TLS session can be resumed{tickets}"))
        }
        EventKind::Tickets { .. } => Vec::new(),
        EventKind::Quiet { waited_ms } => note(
            Role::Dim,
            Speaker::Note,
            format!("no data for {:.1} s; still waiting while other probes run", waited_ms / 1000.0),
        ),
        EventKind::ClosedWithoutFarewell => {
            note(Role::Dim, Speaker::Note, "the server closed the connection without a 221 reply".to_owned())
        }
    }
}

/// The address of the proxy, its URL, and where the URL comes from.
fn proxy_name(plan: &Plan, address: SocketAddr) -> String {
    let Some(settings) = &plan.proxy else { return address.to_string() };
    let from = settings.variable.as_ref().map(|variable| format!(", from {}", escape::visible(variable)));
    format!("{address} ({}{})", settings.proxy, from.unwrap_or_default())
}

/// Why the proxy is not used, if one is named.
fn without_proxy(plan: &Plan) -> String {
    match plan.proxy.as_ref().and_then(|settings| settings.exception.as_ref()) {
        Some(exception) => {
            let (source, entry) = (escape::visible(&exception.source), escape::visible(&exception.entry));
            format!(", without the proxy ({source} contains {entry})")
        }
        None => String::new(),
    }
}

fn withheld(reason: &WithheldReason) -> &'static str {
    match reason {
        WithheldReason::Plaintext => "the connection is not encrypted, so the password was not sent",
        WithheldReason::Unverified => "the certificate could not be verified, so the password was not sent",
        WithheldReason::NotOffered => "the server does not advertise AUTH",
        WithheldReason::RefreshToken => {
            "the token is or contains a refresh token, which must not be sent to a mail server"
        }
        WithheldReason::NoCommonMechanism { .. } => "no mechanism in common",
    }
}

fn reply_lines(event: &Event, reply: &Reply, look: &Display) -> Vec<SessionLine> {
    let mut lines = Vec::new();
    for (at, text) in reply.lines().iter().enumerate() {
        let text = escape::visible(text);
        let refused = match reply.class() {
            Class::Transient => Role::Temporary,
            Class::Permanent => Role::Permanent,
            Class::Success | Class::Intermediate | Class::Undefined => Role::Server,
        };
        // Only the reply code and the enhanced status have the colour of a rejection.
        let code_end = code_length(reply, &text);
        let (code, rest) = text.split_at_checked(code_end).unwrap_or(("", &text));
        let gloss = if at == 0 { challenge(reply) } else { String::new() };
        let parts = [(refused, code.to_owned()), (Role::Server, rest.to_owned())];
        let shown = if at == 0 {
            session_lines(event, Speaker::Server, &parts, &gloss)
        } else {
            continued(event, Speaker::Server, &parts)
        };
        lines.extend(shown);
    }
    if look.volume == Verbosity::Verbose && !reply.irregularities.is_empty() {
        let raw = escape::visible(&String::from_utf8_lossy(&reply.raw).escape_debug().to_string());
        lines.extend(added(event, Role::Dim, Speaker::Note, &format!("raw: {raw}")));
    }
    lines
}

fn code_length(reply: &Reply, line: &str) -> usize {
    let Some(code) = reply.code.map(|code| code.to_string()).filter(|code| line.starts_with(code.as_str())) else {
        return 0;
    };
    let status = reply.enhanced.map(|status| status.to_string()).unwrap_or_default();
    let with_status = code.len() + 1 + status.len();
    if !status.is_empty() && line.get(code.len() + 1..).is_some_and(|rest| rest.starts_with(&status)) {
        with_status
    } else {
        code.len()
    }
}

/// The decoded challenge of a 334 reply, if it is text.
fn challenge(reply: &Reply) -> String {
    if !reply.has_code(334) {
        return String::new();
    }
    decoded(reply.text.first().map_or("", String::as_str))
}

fn user_name(phase: Phase, text: &str) -> String {
    if phase == Phase::Auth && !text.contains(' ') { decoded(text) } else { String::new() }
}

fn decoded(text: &str) -> String {
    let plain = STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match plain.map(|plain| plain.trim_end_matches('\0').to_owned()).filter(|plain| !plain.trim().is_empty()) {
        Some(plain) => format!("({})", escape::visible(&plain)),
        None => String::new(),
    }
}

fn answer_lines(plan: &Plan, evidence: &Evidence, probe: &Probe) -> Vec<SessionLine> {
    match &probe.question {
        Question::Resolve { .. } => match &probe.outcome {
            Outcome::Done { answer: Answer::Names(names) } => name_lines(probe, names),
            _ => Vec::new(),
        },
        Question::Session(request) if request.purpose != Purpose::Main => {
            let Some(session) = evidence.sessions().find(|session| session.probe.id == probe.id) else {
                return Vec::new();
            };
            aside(&probe_line(plan, evidence, session))
        }
        Question::Hello(_) => {
            let hello = evidence.hellos().find(|hello| hello.probe.id == probe.id);
            hello.map(|hello| aside(&tls::offered(hello))).unwrap_or_default()
        }
        // Findings that use these results name the file or the setting.
        Question::Records(_) | Question::Fetch(_) | Question::Machine { .. } => Vec::new(),
        Question::Session(_) => probe.fault().map(|fault| fault_lines(probe, fault)).unwrap_or_default(),
    }
}

fn name_lines(probe: &Probe, names: &Names) -> Vec<SessionLine> {
    let family = |lookup: &Lookup, word: &str| match lookup {
        Lookup::Found { addresses, left_out, .. } => {
            let more = (*left_out > 0).then(|| format!("and {left_out} more"));
            Some(addresses.iter().map(ToString::to_string).chain(more).collect::<Vec<_>>().join(", "))
        }
        Lookup::Empty { .. } => Some(format!("no {word} address")),
        Lookup::NotFound { .. } => Some("the name does not exist".to_owned()),
        Lookup::Failed { detail, .. } => Some(format!("{word} lookup failed: {}", escape::visible(detail))),
        Lookup::NotAsked => None,
    };
    let mut parts: Vec<String> =
        [family(&names.aaaa, "IPv6"), family(&names.a, "IPv4")].into_iter().flatten().collect();
    parts.dedup();
    let text = format!("{}: {}", names.host.both(), parts.join(", "));
    let at = probe.started_ms + probe.duration_ms.unwrap_or(0.0);
    timed(at, Role::Dim, Speaker::Note, &text)
}

fn fault_lines(probe: &Probe, fault: &Fault) -> Vec<SessionLine> {
    let text = match fault {
        // The lookup and the connection attempts have their own lines.
        Fault::NoAddress | Fault::NotConnected { .. } | Fault::SocketNotConnected { .. } => return Vec::new(),
        // If the proxy was not reached, there is no event about the server.
        Fault::Proxy { proxy } => match proxy.kind {
            ProxyFaultKind::NameUnknown => {
                format!("no connection to the proxy: {}", escape::visible(&proxy.detail))
            }
            _ => return Vec::new(),
        },
        Fault::Binary => "the server sends binary data; connection closed".to_owned(),
        Fault::NotPublic { address } => format!("not requested: {address} is not a public IP address"),
        Fault::Dns { detail, .. } => format!("the DNS lookup failed: {}", escape::visible(detail)),
        Fault::Http { detail } => format!("the response is not HTTP: {}", escape::visible(detail)),
        Fault::Silent { phase, waited_ms, partial_bytes } => {
            let complete = if *partial_bytes > 0 { "complete " } else { "" };
            let reply = match phase {
                Phase::Greeting => "greeting".to_owned(),
                _ => format!("reply to {phase}"),
            };
            format!("no {complete}{reply} within {}", duration(*waited_ms))
        }
        Fault::Closed { phase, reset: true } => format!("connection reset at {phase}"),
        Fault::Closed { phase, reset: false } => format!("connection closed at {phase}"),
        Fault::Tls { tls } => format!("TLS failed: {}", escape::visible(&tls::failure(tls))),
        Fault::Endless { phase } => format!("the reply at {phase} does not end; connection closed"),
        Fault::Unread { phase } => format!("the server stopped reading at {phase}"),
        Fault::TimeUp { phase } => format!("the overall time limit was reached at {phase}"),
        Fault::Interrupted => "interrupted".to_owned(),
    };
    let at = probe.started_ms + probe.duration_ms.unwrap_or(0.0);
    timed(at, Role::Error, Speaker::Fault, &text)
}

/// A session that queries mailboxes, in one line.
fn disclosure(session: Session<'_>) -> String {
    let replies: Vec<String> = session
        .all_replies()
        .filter(|received| received.event.phase == Phase::Vrfy)
        .map(|received| received.reply.code.map_or_else(|| "no code".to_owned(), |code| code.to_string()))
        .collect();
    match &session.probe.outcome {
        Outcome::Skipped { .. } => "VRFY and EXPN: not tested (--max-connections reached)".to_owned(),
        _ if replies.is_empty() => "VRFY and EXPN: no reply".to_owned(),
        _ => format!("VRFY and EXPN: {}", replies.join(", ")),
    }
}

/// A session without MAIL and RCPT parameters, in one line.
fn without_parameters(session: Session<'_>) -> String {
    match (&session.probe.outcome, session.reply_at(Phase::Rcpt).or_else(|| session.reply_at(Phase::Mail))) {
        (Outcome::Skipped { .. }, _) => "again without parameters: not tested (--max-connections reached)".to_owned(),
        (_, Some(received)) => {
            let first = received.reply.first_line();
            format!("again without parameters: {}", escape::visible(&first))
        }
        (_, None) => "again without parameters: no reply to MAIL FROM".to_owned(),
    }
}

/// A session that begins with the command of the other protocol, in one line.
fn other_protocol(session: Session<'_>) -> String {
    let (protocol, command) = match session.request.script.protocol {
        Protocol::Smtp => ("SMTP", "EHLO"),
        Protocol::Lmtp => ("LMTP", "LHLO"),
    };
    let reply = session.reply_at(Phase::Ehlo).or_else(|| session.reply_at(Phase::EhloTls));
    match (&session.probe.outcome, reply) {
        (Outcome::Skipped { .. }, _) => format!("again as {protocol}: not tested (--max-connections reached)"),
        (_, Some(received)) => {
            let first = received.reply.first_line();
            format!("again as {protocol}: the reply to {command} is {}", escape::visible(&first))
        }
        (_, None) => format!("again as {protocol}: no reply to {command}"),
    }
}

/// A follow-up connection in one line.
fn probe_line(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> String {
    let port = session.request.port;
    let what = match session.request.purpose {
        Purpose::OtherTlsMode if session.request.script.tls == TlsUse::Implicit => {
            format!("port {port} again, with implicit TLS")
        }
        Purpose::OtherTlsMode => format!("port {port} again, unencrypted"),
        Purpose::OtherFamily if session.request.family == Family::V4 => "again over IPv4".to_owned(),
        Purpose::OtherFamily => "again over IPv6".to_owned(),
        Purpose::OtherAddress | Purpose::EveryAddress => format!("again at {}", session.request.host),
        Purpose::StarttlsInjection => return injection(evidence, session),
        Purpose::BeforeTls => return before_tls(session),
        Purpose::OtherProtocol => return other_protocol(session),
        Purpose::Disclosure => return disclosure(session),
        Purpose::WithoutParameters => return without_parameters(session),
        Purpose::InStep => "again, with a pause before each command".to_owned(),
        Purpose::ProxyHeader => "again, with a PROXY header".to_owned(),
        Purpose::ServerName => {
            let name = session.request.script.sni.as_deref().unwrap_or_default();
            format!("port {port} again, with the server name {}", escape::visible(name))
        }
        Purpose::MailExchanger => {
            let name = session.request.script.sni.as_deref().unwrap_or_default();
            format!("{} at {}", escape::visible(name), session.request.host)
        }
        Purpose::ClientSettings => session.request.host.with_port(port),
        Purpose::SiblingPort | Purpose::TlsHello | Purpose::Main => format!("{} on port {port}", plan.target.host),
    };
    let outcome = match (&session.probe.outcome, session.reply_at(Phase::Greeting), session.handshake()) {
        (Outcome::Skipped { reason: SkipReason::ConnectionBudget }, _, _) => {
            "not tested (--max-connections reached)".to_owned()
        }
        (Outcome::Skipped { reason: SkipReason::TimeUp }, _, _) => "not tested (overall time limit reached)".to_owned(),
        (_, Some(received), _) => {
            let first = received.reply.first_line();
            escape::visible(&first)
        }
        (_, None, Some(_)) => "TLS handshake completed, no greeting".to_owned(),
        (Outcome::Failed { fault: Fault::NotConnected { connect } }, _, _) => connect.kind.to_string(),
        (Outcome::Failed { fault: Fault::Proxy { proxy } }, _, _) => format!("proxy: {}", proxy.kind),
        (Outcome::Failed { fault: Fault::Tls { .. } }, _, _) => "no TLS".to_owned(),
        (Outcome::Failed { fault: Fault::TimeUp { .. } | Fault::Interrupted }, _, _) => "not finished".to_owned(),
        _ => "no greeting".to_owned(),
    };
    format!("{what}: {outcome}")
}

/// The result of `--probe starttls-injection`. The result is "not vulnerable" only if the probe proves it.
fn injection(evidence: &Evidence, session: Session<'_>) -> String {
    let works_without = evidence.main_session().is_some_and(|main| main.handshake().is_some());
    let answered = check::carried_into_tls(evidence, session).is_some();
    let greets = session.all_replies().any(|received| received.event.tls && received.event.phase == Phase::EhloTls);
    let before =
        session.events().any(|event| matches!(event.what, EventKind::Stray { .. }) && event.phase == Phase::Starttls);
    let outcome = match (session.handshake(), session.reply_at(Phase::Starttls)) {
        (Some(_), _) if answered => "vulnerable: the command was executed after the TLS handshake",
        (Some(_), _) if greets => "not vulnerable: the server sends data over TLS, but not the reply to the command",
        (Some(_), _) if before => "not vulnerable: the command was answered before TLS and not carried over",
        (Some(_), _) => "not vulnerable: nothing was carried over into TLS",
        (None, Some(received)) if received.reply.has_code(220) && works_without => {
            "not vulnerable: the handshake failed because of the command, so it was not executed"
        }
        (None, Some(received)) if received.reply.has_code(220) => {
            "not tested (the handshake also fails without the command)"
        }
        (None, Some(_)) => "not vulnerable: the server rejects STARTTLS followed by a command",
        (None, None) => "not tested (STARTTLS was not reached)",
    };
    format!("STARTTLS and NOOP in one packet: {outcome}")
}

fn before_tls(session: Session<'_>) -> String {
    // The first reply to AUTH counts; the second one is the reply to the cancellation.
    let answer = |phase, name: &str| match session.replies().find(|received| received.event.phase == phase) {
        Some(received) => escape::visible(&received.reply.first_line()),
        None => format!("not tested ({name} was not reached)"),
    };
    let script = &session.request.script;
    let auth = script.asks_for_auth.then(|| format!("AUTH before TLS: {}", answer(Phase::Auth, "AUTH")));
    let mail = script.envelope.is_some().then(|| format!("MAIL FROM before TLS: {}", answer(Phase::Mail, "MAIL")));
    [auth, mail].into_iter().flatten().collect::<Vec<_>>().join("; ")
}
