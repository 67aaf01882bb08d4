//! The text format: the conversation line by line with its times, where the time went, the findings with cause and
//! fix, and the verdict last, where the eye rests.
//!
//! A line of the conversation is: a mark when it is encrypted, milliseconds since the start, a sign for the direction,
//! the words. Without colour, without Unicode and at 80 columns it says the same.

mod conclusion;
mod scan;
mod tls;

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::style::{Role, StyledLine};
use super::{Display, Symbols, Transcript, Verbosity, escape};
use crate::check;
use crate::evidence::{
    DialResult, Event, EventId, EventKind, Evidence, Fault, Lookup, Names, Outcome, Phase, Probe, Session, SkipReason,
    WithheldReason,
};
use crate::plan::{Family, Plan, TlsUse};
use crate::question::{Purpose, Question};
use crate::report::{CheckOutcome, Report, Run, RunSource};
use crate::wire::status::Class;
use crate::wire::{EhloName, Reply};

pub(super) use conclusion::{command_line, counts, explanation, fix_lines, in_words, labelled, short, untested};
pub use conclusion::{conclusion, try_line};
pub(super) use scan::scanned;
pub(super) use tls::{summary as tls_summary, verdict as tls_verdict};

/// Columns before the words of a line: mark, time, sign.
fn indent(look: &Display) -> usize {
    match look.signs {
        Symbols::Unicode => 10,
        Symbols::Ascii => 11,
    }
}

/// Lines are broken at blanks only: a rule's id, a host name or a flag in two pieces cannot be copied.
pub(super) fn columns(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
}

/// All reports, parted by an empty line.
pub fn render_run(run: &Run, look: &Display) -> String {
    if let RunSource::Suite(_) = run.source {
        return super::suite::render_run(run, look);
    }
    let parting = if look.volume == Verbosity::Quiet { "" } else { "\n" };
    let cases = run.cases.iter().filter_map(|case| match &case.outcome {
        CheckOutcome::Checked { report, earlier } => Some(tries(earlier, look) + &render(report, look)),
        CheckOutcome::Skipped { .. } => None,
    });
    cases.collect::<Vec<_>>().join(parting)
}

/// A line for each try before the one that counts.
pub fn tries(earlier: &[Report], look: &Display) -> String {
    earlier.iter().enumerate().map(|(at, report)| try_line(at + 1, report, look)).collect()
}

/// The whole report.
pub fn render(report: &Report, look: &Display) -> String {
    let mut text = String::new();
    if look.volume != Verbosity::Quiet {
        text.push_str(&header(&report.plan, look));
        text.extend(conversation(report, look).iter().map(|line| line.paint(look)));
    }
    text.push_str(&conclusion(report, look));
    text
}

/// The conversation, as much of it as the look shows.
pub(super) fn conversation(report: &Report, look: &Display) -> Vec<StyledLine> {
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

/// The first line: what is checked and how.
pub fn header(plan: &Plan, look: &Display) -> String {
    if look.volume == Verbosity::Quiet {
        return String::new();
    }
    let target = plan.target.host.with_port(plan.target.port);
    let mut parts = Vec::new();
    if let Some(name) = plan.target.host.name().filter(|name| name.is_international()) {
        parts.push(format!(" ({})", escape::visible(name.unicode())));
    }
    parts.push(format!("  {}", plan.tls_use()));
    if let EhloName::Name(name) = &plan.ehlo {
        parts.push(format!("  as {}", escape::visible(name)));
    }
    let mut column = target.len();
    let mut lines = vec![StyledLine::of(Role::Bold, target)];
    for part in parts {
        let width = textwrap::core::display_width(&part);
        if column + width > look.width {
            lines.push(StyledLine::of(Role::Plain, part));
            column = width;
        } else if let Some(line) = lines.pop() {
            lines.push(line.and(Role::Plain, part));
            column += width;
        }
    }
    lines.iter().map(|line| line.paint(look)).collect()
}

/// One event as it happens; empty when the look does not show it.
pub fn event(plan: &Plan, evidence: &Evidence, event: &Event, look: &Display) -> String {
    if look.volume == Verbosity::Quiet || look.transcript != Transcript::Full {
        return String::new();
    }
    Moment::Event(event).render(plan, evidence, look)
}

/// The outcome of a question as it comes; empty when the look does not show it.
pub fn answered(plan: &Plan, evidence: &Evidence, probe: &Probe, look: &Display) -> String {
    if look.volume == Verbosity::Quiet || look.transcript != Transcript::Full {
        return String::new();
    }
    Moment::Answer(probe).render(plan, evidence, look)
}

/// Something that is shown: an event, or the outcome of a question.
pub(super) enum Moment<'a> {
    Event(&'a Event),
    Answer(&'a Probe),
}

impl<'a> Moment<'a> {
    /// All moments of a run in the order in which they were seen.
    pub(super) fn all(evidence: &'a Evidence) -> Vec<Moment<'a>> {
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

    fn render(&self, plan: &Plan, evidence: &Evidence, look: &Display) -> String {
        self.lines(plan, evidence, look).iter().map(|line| line.paint(look)).collect()
    }

    fn lines(&self, plan: &Plan, evidence: &Evidence, look: &Display) -> Vec<StyledLine> {
        match self {
            Moment::Event(event) => {
                let is_probe = evidence.probe(event.probe).is_some_and(|probe| match &probe.question {
                    Question::Talk(request) => request.purpose != Purpose::Main,
                    Question::Hello(_) => true,
                    Question::Resolve { .. } | Question::Machine { .. } => false,
                });
                // Follow-ups are told in one line when they end.
                if is_probe && look.volume != Verbosity::Verbose {
                    Vec::new()
                } else {
                    event_lines(event, evidence.started_at, look)
                }
            }
            Moment::Answer(probe) => answer_lines(plan, evidence, probe, look),
        }
    }
}

fn event_lines(event: &Event, started_at: Timestamp, look: &Display) -> Vec<StyledLine> {
    let note = |role: Role, sign: LineMark, text: String| noted(event, role, sign, &text, look);
    match &event.what {
        EventKind::Dialled { address, started_ms, result } => {
            let ms = event.at_ms - started_ms;
            match result {
                DialResult::Connected { .. } => {
                    note(Role::Dim, LineMark::Note, format!("connected to {address} in {}", duration(ms)))
                }
                DialResult::Failed { fault } => {
                    let text = format!("{address}: {} after {}", fault.kind, duration(ms));
                    note(Role::Error, LineMark::Fault, text)
                }
                DialResult::Overtaken => note(
                    Role::Dim,
                    LineMark::Note,
                    format!("{address}: given up after {}, the other address was faster", duration(ms)),
                ),
            }
        }
        EventKind::Sent { text, .. } => {
            let gloss = user_name(event.phase, text);
            session_lines(event, LineMark::Client, &[(Role::Client, escape::visible(text))], &gloss, look)
        }
        EventKind::Received { reply, .. } => reply_lines(event, reply, look),
        EventKind::Unfinished { text, bytes } => {
            let text = format!("{bytes} bytes of an answer that has not ended: {}", escape::visible(text.trim_end()));
            note(Role::Error, LineMark::Fault, text)
        }
        EventKind::Stray { text, bytes } => {
            let text = format!("{bytes} bytes that nobody asked for: {}", escape::visible(text.trim_end()));
            note(Role::Error, LineMark::Fault, text)
        }
        EventKind::Secured { handshake } => tls::lines(event, handshake, started_at, look),
        EventKind::Withheld { reason } => {
            note(Role::Warning, LineMark::Note, format!("no login: {}", withheld(reason)))
        }
        // What is told of a secret is told where it matters, in a finding.
        EventKind::OddPassword { .. } | EventKind::Token { .. } => Vec::new(),
        EventKind::Explained { text } => {
            note(Role::Dim, LineMark::Note, format!("the server says why: {}", escape::visible(text)))
        }
        EventKind::AuthCancelled { .. } => note(Role::Error, LineMark::Fault, "the login is cancelled".to_owned()),
        EventKind::NeedsSmtputf8 { address, .. } => {
            let text = format!("{} is not sent: it needs SMTPUTF8, which is not offered", escape::visible(address));
            note(Role::Error, LineMark::Fault, text)
        }
        // `-v` says it; for the rest it is one line too many.
        EventKind::Tickets { count } if look.volume == Verbosity::Verbose => {
            let tickets = if *count > 1 { format!(" ({count} tickets)") } else { String::new() };
            note(Role::Dim, LineMark::Note, format!("the session could be resumed{tickets}"))
        }
        EventKind::Tickets { .. } => Vec::new(),
        EventKind::Quiet { waited_ms } => note(
            Role::Dim,
            LineMark::Note,
            format!("nothing has come for {:.1} s; still waiting, and looking at the side", waited_ms / 1000.0),
        ),
        EventKind::ClosedWithoutFarewell => note(Role::Dim, LineMark::Note, "the server closed without 221".to_owned()),
    }
}

fn withheld(reason: &WithheldReason) -> &'static str {
    match reason {
        WithheldReason::Plaintext => "the line is not encrypted, so the password stays here",
        WithheldReason::Unverified => "the certificate does not verify, so the password stays here",
        WithheldReason::NotOffered => "the server offers no AUTH",
        WithheldReason::RefreshToken => "this is a refresh token, which no mail server may see",
        WithheldReason::NoCommonMechanism { .. } => "no mechanism in common",
    }
}

fn reply_lines(event: &Event, reply: &Reply, look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    for (at, text) in reply.lines().iter().enumerate() {
        let text = escape::visible(text);
        let refused = match reply.class() {
            Class::Transient => Role::Temporary,
            Class::Permanent => Role::Permanent,
            Class::Success | Class::Intermediate | Class::Undefined => Role::Server,
        };
        // The code, and the status where there is one, carry the colour of the refusal; the rest stays the server's.
        let code_end = code_length(reply, &text);
        let (code, rest) = text.split_at_checked(code_end).unwrap_or(("", &text));
        let gloss = if at == 0 { challenge(reply) } else { String::new() };
        let parts = [(refused, code.to_owned()), (Role::Server, rest.to_owned())];
        let shown = if at == 0 {
            session_lines(event, LineMark::Server, &parts, &gloss, look)
        } else {
            continued(event, LineMark::Server, &parts, look)
        };
        lines.extend(shown);
    }
    if look.volume == Verbosity::Verbose && !reply.irregularities.is_empty() {
        let raw = escape::visible(&String::from_utf8_lossy(&reply.raw).escape_debug().to_string());
        lines.extend(added(event, Role::Dim, LineMark::Note, &format!("raw: {raw}"), look));
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

/// What a base64 challenge says, when it says something that can be read.
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

fn answer_lines(plan: &Plan, evidence: &Evidence, probe: &Probe, look: &Display) -> Vec<StyledLine> {
    match &probe.question {
        Question::Resolve { .. } => {
            let names = evidence.names().and_then(|(_, names)| names);
            names.map(|names| name_lines(probe, names, look)).unwrap_or_default()
        }
        Question::Talk(request) if request.purpose != Purpose::Main => {
            let Some(session) = evidence.sessions().find(|session| session.probe.id == probe.id) else {
                return Vec::new();
            };
            aside(&probe_line(plan, evidence, session), look)
        }
        Question::Hello(_) => {
            let hello = evidence.hellos().find(|hello| hello.probe.id == probe.id);
            hello.map(|hello| aside(&tls::offered(hello), look)).unwrap_or_default()
        }
        // The finding that it serves names the place.
        Question::Machine { .. } => Vec::new(),
        Question::Talk(_) => probe.fault().map(|fault| fault_lines(probe, fault, look)).unwrap_or_default(),
    }
}

fn name_lines(probe: &Probe, names: &Names, look: &Display) -> Vec<StyledLine> {
    let family = |lookup: &Lookup, word: &str| match lookup {
        Lookup::Found { addresses, left_out, .. } => {
            let more = (*left_out > 0).then(|| format!("and {left_out} more"));
            Some(addresses.iter().map(ToString::to_string).chain(more).collect::<Vec<_>>().join(" "))
        }
        Lookup::Empty { .. } => Some(format!("no {word}")),
        Lookup::NotFound { .. } => Some("does not exist".to_owned()),
        Lookup::Failed { detail, .. } => Some(format!("{word}: {}", escape::visible(detail))),
        Lookup::NotAsked => None,
    };
    let mut parts: Vec<String> =
        [family(&names.aaaa, "IPv6"), family(&names.a, "IPv4")].into_iter().flatten().collect();
    parts.dedup();
    let text = format!("{} {}", names.host.both(), parts.join(", "));
    let at = probe.started_ms + probe.duration_ms.unwrap_or(0.0);
    timed(at, Role::Dim, LineMark::Note, &text, look)
}

fn fault_lines(probe: &Probe, fault: &Fault, look: &Display) -> Vec<StyledLine> {
    let text = match fault {
        // The look-up and the dials have said it.
        Fault::NoAddress | Fault::NotConnected { .. } => return Vec::new(),
        Fault::Silent { phase, waited_ms, .. } => format!("no answer to {phase} in {}", duration(*waited_ms)),
        Fault::Closed { phase, reset: true } => format!("connection reset at {phase}"),
        Fault::Closed { phase, reset: false } => format!("connection closed at {phase}"),
        Fault::Tls { tls } => format!("TLS failed: {}", escape::visible(&tls::failure(tls))),
        Fault::Endless { phase } => format!("the answer to {phase} does not end; hung up"),
        Fault::Unread { phase } => format!("the server takes nothing more at {phase}"),
        Fault::TimeUp { phase } => format!("our time is up, at {phase}"),
        Fault::Interrupted => "interrupted".to_owned(),
    };
    let at = probe.started_ms + probe.duration_ms.unwrap_or(0.0);
    timed(at, Role::Error, LineMark::Fault, &text, look)
}

/// A follow-up in one line.
fn probe_line(plan: &Plan, evidence: &Evidence, session: Session<'_>) -> String {
    let port = session.request.port;
    let what = match session.request.purpose {
        Purpose::OtherTlsMode if session.request.script.tls == TlsUse::Implicit => {
            format!("port {port} again, with TLS from the first byte")
        }
        Purpose::OtherTlsMode => format!("port {port} again, in plain text"),
        Purpose::OtherFamily if session.request.family == Family::V4 => "again over IPv4".to_owned(),
        Purpose::OtherFamily => "again over IPv6".to_owned(),
        Purpose::StarttlsInjection => return injection(evidence, session),
        Purpose::BeforeTls => return before_tls(session),
        Purpose::InStep => "again, with a pause before each command".to_owned(),
        Purpose::ServerName => {
            let name = session.request.script.sni.as_deref().unwrap_or_default();
            format!("port {port} again, with the server name {}", escape::visible(name))
        }
        Purpose::SiblingPort | Purpose::TlsHello | Purpose::Main => format!("{} on port {port}", plan.target.host),
    };
    let outcome = match (&session.probe.outcome, session.reply_at(Phase::Greeting), session.handshake()) {
        (Outcome::Skipped { reason: SkipReason::ConnectionBudget }, _, _) => {
            "not tried, --max-connections is used up".to_owned()
        }
        (Outcome::Skipped { reason: SkipReason::TimeUp }, _, _) => "not tried, the time is up".to_owned(),
        (_, Some(heard), _) => {
            let first = heard.reply.lines().into_iter().next().unwrap_or_default();
            escape::visible(&first)
        }
        (_, None, Some(_)) => "TLS answers".to_owned(),
        (Outcome::Failed { fault: Fault::NotConnected { connect } }, _, _) => connect.kind.to_string(),
        (Outcome::Failed { fault: Fault::Tls { .. } }, _, _) => "no TLS".to_owned(),
        (Outcome::Failed { fault: Fault::TimeUp { .. } | Fault::Interrupted }, _, _) => "not finished".to_owned(),
        _ => "no greeting".to_owned(),
    };
    format!("{what}: {outcome}")
}

/// What the probe of `--probe starttls-injection` shows; what is not proved is not called safe.
fn injection(evidence: &Evidence, session: Session<'_>) -> String {
    let works_without = evidence.main_session().is_some_and(|main| main.handshake().is_some());
    let answered = check::carried_into_tls(evidence, session).is_some();
    let greets = session.all_replies().any(|heard| heard.event.tls && heard.event.phase == Phase::EhloTls);
    let before =
        session.events().any(|event| matches!(event.what, EventKind::Stray { .. }) && event.phase == Phase::Starttls);
    let outcome = match (session.handshake(), session.reply_at(Phase::Starttls)) {
        (Some(_), _) if answered => "the command took effect inside TLS",
        (Some(_), _) if greets => {
            "the server sends something inside TLS by itself, and not the reply to the command: not vulnerable"
        }
        (Some(_), _) if before => "answered before TLS and not carried over: not vulnerable",
        (Some(_), _) => "nothing was carried into TLS: not vulnerable",
        (None, Some(heard)) if heard.reply.has_code(220) && works_without => {
            "the handshake failed on the bytes of the command, so they were not read as one: not vulnerable"
        }
        (None, Some(heard)) if heard.reply.has_code(220) => "not tested, the handshake fails without the command too",
        (None, Some(_)) => "the server refuses STARTTLS together with a command: not vulnerable",
        (None, None) => "not tested, the conversation did not get to STARTTLS",
    };
    format!("STARTTLS and NOOP in one packet: {outcome}")
}

fn before_tls(session: Session<'_>) -> String {
    // To AUTH the first answer counts; the second is about the login being broken off.
    let answer = |phase, name: &str| match session.replies().find(|heard| heard.event.phase == phase) {
        Some(heard) => escape::visible(&heard.reply.lines().into_iter().next().unwrap_or_default()),
        None => format!("not tested, the conversation did not get to {name}"),
    };
    let script = &session.request.script;
    let auth = script.asks_for_auth.then(|| format!("AUTH before TLS: {}", answer(Phase::Auth, "AUTH")));
    let mail = script.envelope.is_some().then(|| format!("MAIL FROM before TLS: {}", answer(Phase::Mail, "MAIL")));
    [auth, mail].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LineMark {
    Client,
    Server,
    Note,
    Fault,
}

impl LineMark {
    fn mark(self, look: &Display, encrypted: bool) -> &'static str {
        match (look.signs, self, encrypted) {
            (Symbols::Unicode, LineMark::Client, _) => "→ ",
            (Symbols::Unicode, LineMark::Server, _) => "← ",
            (Symbols::Unicode, LineMark::Note, _) => "· ",
            (Symbols::Unicode, LineMark::Fault, _) => "✗ ",
            (Symbols::Ascii, LineMark::Client, false) => "-> ",
            (Symbols::Ascii, LineMark::Client, true) => "~> ",
            (Symbols::Ascii, LineMark::Server, false) => "<- ",
            (Symbols::Ascii, LineMark::Server, true) => "<~ ",
            (Symbols::Ascii, LineMark::Note, _) => "   ",
            (Symbols::Ascii, LineMark::Fault, _) => "!  ",
        }
    }
}

/// The columns before the words: mark, time, sign.
fn margin(at_ms: Option<f64>, encrypted: bool, sign: LineMark, role: Role, look: &Display) -> StyledLine {
    let time = at_ms.map_or_else(|| " ".repeat(6), |ms| format!("{:>6}", format!("{ms:.0}")));
    let sign = sign.mark(look, encrypted);
    StyledLine::of(Role::Encrypted, bar(encrypted, look)).and(Role::Dim, time).and(Role::Plain, " ").and(role, sign)
}

fn session_lines(
    event: &Event,
    sign: LineMark,
    parts: &[(Role, String)],
    gloss: &str,
    look: &Display,
) -> Vec<StyledLine> {
    wrapped(Some(event.at_ms), event.tls, sign, parts, gloss, look)
}

fn continued(event: &Event, sign: LineMark, parts: &[(Role, String)], look: &Display) -> Vec<StyledLine> {
    wrapped(None, event.tls, sign, parts, "", look)
}

fn noted(event: &Event, role: Role, sign: LineMark, text: &str, look: &Display) -> Vec<StyledLine> {
    wrapped(Some(event.at_ms), event.tls, sign, &[(role, text.to_owned())], "", look)
}

/// More about an event, below it.
fn added(event: &Event, role: Role, sign: LineMark, text: &str, look: &Display) -> Vec<StyledLine> {
    wrapped(None, event.tls, sign, &[(role, text.to_owned())], "", look)
}

/// Something beside the conversation.
fn aside(text: &str, look: &Display) -> Vec<StyledLine> {
    wrapped(None, false, LineMark::Note, &[(Role::Dim, text.to_owned())], "", look)
}

fn timed(at_ms: f64, role: Role, sign: LineMark, text: &str, look: &Display) -> Vec<StyledLine> {
    wrapped(Some(at_ms), false, sign, &[(role, text.to_owned())], "", look)
}

/// Breaks the words at the width; what does not fit goes on below them.
fn wrapped(
    at_ms: Option<f64>,
    encrypted: bool,
    sign: LineMark,
    parts: &[(Role, String)],
    gloss: &str,
    look: &Display,
) -> Vec<StyledLine> {
    let width = look.width.saturating_sub(indent(look)).max(20);
    let whole: String = parts.iter().map(|(_, text)| text.as_str()).collect();
    let last_role = parts.last().map_or(Role::Plain, |(role, _)| *role);
    let start = margin(at_ms, encrypted, sign, last_role, look);
    let mut lines = Vec::new();
    if textwrap::core::display_width(&whole) <= width {
        let mut line = start;
        for (role, text) in parts {
            line = line.and(*role, text.clone());
        }
        lines.push(line);
    } else {
        // The first part (the code) is short and stays whole; the rest is broken.
        let (head, tail) = match parts {
            [(role, head), .., (_, tail)] => (Some((*role, head.clone())), tail.clone()),
            [(_, only)] => (None, only.clone()),
            [] => (None, String::new()),
        };
        let head_width = head.as_ref().map_or(0, |(_, head)| textwrap::core::display_width(head));
        let indent = " ".repeat(head_width);
        let options = columns(width).initial_indent(&indent).subsequent_indent("  ");
        for (at, piece) in textwrap::wrap(&tail, options).into_iter().enumerate() {
            let line = if at == 0 {
                let mut line = start.clone();
                if let Some((role, head)) = &head {
                    line = line.and(*role, head.clone());
                }
                line.and(last_role, piece.get(head_width..).unwrap_or_default())
            } else {
                below(encrypted, look).and(last_role, piece.into_owned())
            };
            lines.push(line);
        }
    }
    if gloss.is_empty() {
        return lines;
    }
    if textwrap::core::display_width(&whole) + 2 + textwrap::core::display_width(gloss) <= width {
        let last = lines.pop();
        lines.extend(last.map(|last| last.and(Role::Dim, format!("  {gloss}"))));
    } else {
        let options = columns(width).initial_indent("  ").subsequent_indent("  ");
        let pieces = textwrap::wrap(gloss, options);
        lines.extend(pieces.into_iter().map(|piece| below(encrypted, look).and(Role::Dim, piece.into_owned())));
    }
    lines
}

/// The margin of a line that goes on: the mark, and blanks for time and sign.
fn below(encrypted: bool, look: &Display) -> StyledLine {
    StyledLine::of(Role::Encrypted, bar(encrypted, look)).and(Role::Plain, " ".repeat(indent(look) - 1))
}

fn bar(encrypted: bool, look: &Display) -> &'static str {
    match (encrypted, look.signs) {
        (true, Symbols::Unicode) => "▎",
        (true, Symbols::Ascii) => "|",
        (false, _) => " ",
    }
}

fn milliseconds(ms: f64) -> String {
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}

pub(super) fn duration(ms: f64) -> String {
    if ms < 1000.0 { format!("{} ms", milliseconds(ms)) } else { format!("{:.1} s", ms / 1000.0) }
}
