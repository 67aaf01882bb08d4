//! What comes after the conversation: where the time went, the findings with cause and fix, the verdict.

use super::{columns, duration, milliseconds, scan, tls};
use crate::check::{Finding, Severity};
use crate::evidence::Phase;
use crate::lexicon::{Confidence, Fix};
use crate::render::style::{Role, StyledLine};
use crate::render::{Display, Symbols, Verbosity, escape};
use crate::report::{Exit, JudgedExpectation, PhaseStatus, Report, Verdict, phases};

/// What comes after the conversation.
pub fn conclusion(report: &Report, look: &Display) -> String {
    let mut lines = Vec::new();
    if look.volume != Verbosity::Quiet {
        lines.extend(phase_line(report, look));
        lines.extend(scan::scanned(report, look));
        lines.extend(auth_line(report, look));
        let mut findings: Vec<&Finding> = report.findings.iter().collect();
        // The worst stands last, next to the verdict.
        findings.reverse();
        for finding in findings {
            lines.extend(finding_lines(report, finding, look));
        }
        for judged in &report.expectations {
            lines.extend(expectation_lines(judged, look));
        }
    }
    lines.extend(verdict_lines(report, look));
    let painted = lines.iter().map(|line| line.paint(look));
    std::iter::once(tls::pem(report, look)).chain(painted).collect()
}

fn phase_line(report: &Report, look: &Display) -> Vec<StyledLine> {
    let phases = phases(&report.plan, &report.evidence);
    let timed: Vec<(&'static str, f64)> = phases
        .iter()
        .filter(|phase| phase.status != PhaseStatus::Skipped)
        .filter_map(|phase| Some((short(phase.name), phase.ms?)))
        .collect();
    let Some(slowest) = timed.iter().map(|(_, ms)| *ms).max_by(f64::total_cmp) else { return Vec::new() };
    let mut lines = Vec::new();
    let (mut line, mut column) = (StyledLine::new(), 0);
    for (at, (name, ms)) in timed.iter().enumerate() {
        let word = format!("{name} {}", milliseconds(*ms));
        let end = if at + 1 == timed.len() { " ms" } else { ", " };
        if column > 0 && column + word.len() + end.len() > look.width {
            lines.push(std::mem::take(&mut line));
            column = 0;
        }
        let role = if (*ms - slowest).abs() < f64::EPSILON && timed.len() > 1 { Role::Bold } else { Role::Dim };
        column += word.len() + end.len();
        line = line.and(role, word).and(Role::Dim, end);
    }
    lines.push(line);
    lines
}

/// Where no login was wanted: what is offered, and whether it is offered where it should be.
fn auth_line(report: &Report, look: &Display) -> Vec<StyledLine> {
    let session = report.evidence.main_session().filter(|_| report.plan.login.is_none());
    let Some((_, inside)) = session.and_then(|session| session.capabilities(Phase::EhloTls)) else { return Vec::new() };
    let mechanisms = inside.auth_mechanisms();
    if mechanisms.is_empty() {
        return Vec::new();
    }
    let before =
        session.and_then(|session| session.capabilities(Phase::Ehlo)).map(|(_, offers)| offers.auth_mechanisms());
    let where_offered = match before {
        Some(before) if before.is_empty() => " (inside TLS only, as it should be)",
        Some(_) | None => "",
    };
    labelled("auth", Role::Plain, &format!("{}{where_offered}", escape::visible(&mechanisms.join(" "))), look)
}

pub(in crate::render) fn short(phase: Phase) -> &'static str {
    match phase {
        Phase::Dns => "dns",
        Phase::Connect => "tcp",
        Phase::Greeting => "greeting",
        Phase::Ehlo => "ehlo",
        Phase::EhloTls => "ehlo/tls",
        Phase::Starttls => "starttls",
        Phase::Tls => "tls",
        Phase::Auth => "auth",
        Phase::Mail => "mail",
        Phase::Rcpt => "rcpt",
        Phase::Rset => "rset",
        Phase::Quit => "quit",
    }
}

fn finding_lines(report: &Report, finding: &Finding, look: &Display) -> Vec<StyledLine> {
    let (role, word) = match finding.severity {
        Severity::Error => (Role::Error, "FAIL"),
        Severity::Warning => (Role::Warning, "WARN"),
        Severity::Notice => (Role::Bold, "NOTE"),
    };
    let (role, word, aside) = match () {
        () if finding.expected => (Role::Bold, "OK  ", " (expected)"),
        () if report.is_ignored(finding) => (role, word, " (ignored)"),
        () => (role, word, ""),
    };
    let mut lines = Vec::new();
    let first = format!("{word} {}{aside}  ", finding.rule);
    let summary = escape::visible(&finding.summary);
    let options = columns(look.width).initial_indent(&first).subsequent_indent("     ");
    for (at, piece) in textwrap::wrap(&summary, options).into_iter().enumerate() {
        lines.push(if at == 0 {
            StyledLine::of(role, format!("{word} ")).and(Role::Bold, piece.get(word.len() + 1..).unwrap_or_default())
        } else {
            StyledLine::of(Role::Bold, piece.into_owned())
        });
    }
    // What is as it should be needs no fix.
    if !finding.expected {
        lines.extend(explanation(finding, look));
    }
    if let Some(seen) = pointer(report, finding) {
        lines.extend(labelled("seen", Role::Dim, &seen, look));
    }
    lines
}

/// Whether an expectation held, and if not, what was seen in the place of what was expected.
fn expectation_lines(judged: &JudgedExpectation, look: &Display) -> Vec<StyledLine> {
    let (role, word) = if judged.held { (Role::Bold, "HELD") } else { (Role::Error, "FAIL") };
    let expression = escape::visible(&judged.expression);
    let mut lines = Vec::new();
    for (at, piece) in
        textwrap::wrap(&expression, columns(look.width.saturating_sub(5).max(20))).into_iter().enumerate()
    {
        let first = if at == 0 { word } else { "    " };
        lines.push(StyledLine::of(role, first).and(Role::Plain, format!(" {piece}")));
    }
    if !judged.held {
        let seen = match &judged.seen {
            Some(seen) => format!("seen {}", escape::visible(seen)),
            None => "not seen: the check did not get that far".to_owned(),
        };
        let told = format!("expected {}, {seen}", escape::visible(&judged.expected));
        lines.extend(labelled("", Role::Plain, &told, look));
    }
    lines
}

/// What a finding means and what to do about it.
pub(in crate::render) fn explanation(finding: &Finding, look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    let sure = match finding.confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    };
    let cause = format!("{sure}: {}", escape::visible(&finding.cause));
    lines.extend(labelled("cause", Role::Plain, &cause, look));
    if let Some(otherwise) = &finding.otherwise {
        lines.extend(labelled("or", Role::Dim, &escape::visible(otherwise), look));
    }
    for consequence in &finding.consequences {
        lines.extend(labelled("so", Role::Plain, &escape::visible(consequence), look));
    }
    lines.extend(fix_lines(&finding.fixes, look));
    lines
}

/// What to do, numbered when there is a choice.
pub(in crate::render) fn fix_lines(fixes: &[Fix], look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    for (at, fix) in fixes.iter().enumerate() {
        let label = if fixes.len() == 1 { "fix".to_owned() } else { format!("fix {}", at + 1) };
        let colon = if fix.command.is_some() || fix.url.is_some() { ":" } else { "" };
        lines.extend(labelled(&label, Role::Plain, &format!("{}{colon}", escape::visible(&fix.text)), look));
        for more in fix.command.iter().chain(&fix.url) {
            lines.push(command_line(&escape::visible(more)));
        }
    }
    lines
}

pub(in crate::render) fn labelled(label: &str, role: Role, text: &str, look: &Display) -> Vec<StyledLine> {
    // A label that is longer than its column leaves less of the first line.
    let longer = " ".repeat(label.len().saturating_sub(6));
    let options = columns(look.width.saturating_sub(9).max(20)).initial_indent(&longer);
    textwrap::wrap(text, options)
        .into_iter()
        .enumerate()
        .map(|(at, piece)| {
            let label = if at == 0 { label } else { "" };
            let piece =
                if at == 0 { piece.get(longer.len()..).unwrap_or_default().to_owned() } else { piece.into_owned() };
            StyledLine::of(Role::Dim, format!("  {label:<6} ")).and(role, piece)
        })
        .collect()
}

/// A command is never broken: it must survive being copied.
pub(in crate::render) fn command_line(command: &str) -> StyledLine {
    StyledLine::of(Role::Plain, "           ").and(Role::Command, command)
}

/// Which lines of the conversation a finding rests on.
fn pointer(report: &Report, finding: &Finding) -> Option<String> {
    let id = finding.evidence.events.last()?;
    let event = report.evidence.transcript.iter().find(|event| event.seq == *id)?;
    Some(format!("at {:.0} ms, {}; more: smtpcheck explain {}", event.at_ms, event.phase, finding.rule))
}

/// What came of a try that another one follows; empty when the look shows the verdict only.
pub fn try_line(number: usize, report: &Report, look: &Display) -> String {
    if look.volume == Verbosity::Quiet {
        return String::new();
    }
    let what = worst(report)
        .map_or_else(String::new, |finding| format!("{}: {}, ", finding.rule, escape::visible(&finding.summary)));
    let told = format!("{what}exit {} ({})", report.exit.code(), in_words(report.exit));
    labelled(&format!("try {number}"), Role::Plain, &told, look).iter().map(|line| line.paint(look)).collect()
}

fn verdict_lines(report: &Report, look: &Display) -> Vec<StyledLine> {
    let (role, word) = match report.verdict() {
        Verdict::Pass => (Role::Bold, "PASS"),
        Verdict::Fail => (Role::Error, "FAIL"),
        Verdict::Incomplete => (Role::Warning, "CUT SHORT"),
    };
    let mut parts = Vec::new();
    if look.volume == Verbosity::Quiet {
        parts.push(report.plan.target.host.with_port(report.plan.target.port));
    }
    match worst(report) {
        Some(finding) if look.volume == Verbosity::Quiet => {
            parts.push(format!("{}: {}", finding.rule, escape::visible(&finding.summary)));
        }
        _ => parts.push(counts(report)),
    }
    if let Some(untested) = untested(report) {
        parts.push(format!("not tested: {untested}"));
    }
    parts.push(format!("exit {} ({})", report.exit.code(), in_words(report.exit)));
    parts.push(duration(report.total_ms));
    let separator = if look.signs == Symbols::Unicode { " · " } else { " - " };
    if look.volume == Verbosity::Quiet {
        return vec![StyledLine::of(role, word).and(Role::Plain, format!("  {}", parts.join(separator)))];
    }
    // A new line begins between two parts, never inside one.
    let mut lines = Vec::new();
    let mut text = String::new();
    for part in parts {
        let width =
            textwrap::core::display_width(&text) + separator.chars().count() + textwrap::core::display_width(&part);
        if !text.is_empty() && width + word.len() + 2 > look.width {
            lines.push(std::mem::take(&mut text));
        }
        if !text.is_empty() {
            text.push_str(separator);
        }
        text.push_str(&part);
    }
    lines.push(text);
    let indent = " ".repeat(word.len() + 2);
    lines
        .into_iter()
        .enumerate()
        .map(|(at, text)| match at {
            0 => StyledLine::of(role, word).and(Role::Plain, format!("  {text}")),
            _ => StyledLine::of(Role::Plain, format!("{indent}{text}")),
        })
        .collect()
}

pub(in crate::render) fn in_words(exit: Exit) -> &'static str {
    match exit {
        Exit::RefusedTemporary => "refused for now",
        Exit::RefusedPermanent => "refused for good",
        Exit::Tls => "TLS",
        Exit::Auth => "login",
        Exit::Ok
        | Exit::Findings
        | Exit::Unreachable
        | Exit::Protocol
        | Exit::Incomplete
        | Exit::Interrupted
        | Exit::Terminated => exit.name(),
    }
}

fn worst(report: &Report) -> Option<&Finding> {
    report
        .findings
        .iter()
        .find(|finding| finding.severity == Severity::Error && !report.is_ignored(finding) && !finding.expected)
}

pub(in crate::render) fn counts(report: &Report) -> String {
    let counts = |finding: &&Finding, severity| finding.severity == severity && !finding.expected;
    let count = |severity| report.findings.iter().filter(|finding| counts(finding, severity)).count();
    let (failed, all) = (report.failed_expectations().count(), report.expectations.len());
    let told = |number: usize, word: &str| match number {
        0 => None,
        1 => Some(format!("1 {word}")),
        more => Some(format!("{more} {word}s")),
    };
    let parts: Vec<String> = [
        told(count(Severity::Error), "error"),
        told(count(Severity::Warning), "warning"),
        told(count(Severity::Notice), "notice"),
        (all > 0).then(|| match (failed, all) {
            (0, 1) => "the expectation held".to_owned(),
            (0, all) => format!("all {all} expectations held"),
            (failed, all) => format!("{failed} of {all} expectations failed"),
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (parts.is_empty(), report.complete) {
        (false, _) => parts.join(", "),
        (true, true) => "nothing wrong in what was tested".to_owned(),
        (true, false) => "stopped before anything could be judged".to_owned(),
    }
}

/// Steps that did not run: what was not tested must not look fine.
pub(in crate::render) fn untested(report: &Report) -> Option<String> {
    let phases = phases(&report.plan, &report.evidence);
    let skipped: Vec<&'static str> = phases
        .iter()
        .filter(|phase| phase.status == PhaseStatus::Skipped)
        .filter_map(|phase| match phase.name {
            Phase::Tls => Some("TLS"),
            Phase::Auth => Some("AUTH"),
            Phase::Mail => Some("MAIL FROM"),
            Phase::Rcpt => Some("RCPT TO"),
            Phase::Greeting => Some("greeting"),
            _ => None,
        })
        .collect();
    if skipped.is_empty() { None } else { Some(skipped.join(", ")) }
}
