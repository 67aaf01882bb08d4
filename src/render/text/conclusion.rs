//! The part after the session: the times of the phases, the findings with cause and fix, and the verdict.

use super::chain;
use super::domain;
use super::labels::{fix_lines, labelled};
use super::matrix;
use super::scan;
use super::settings;
use super::wrap::columns;
use crate::check::domain::seen::DomainSeen;
use crate::check::settings::seen::SettingsSeen;
use crate::check::{Finding, Severity};
use crate::evidence::Phase;
use crate::render::style::{Role, StyledLine};
use crate::render::view::phases::{self, PhaseRow};
use crate::render::view::verdict::{self, FailureReason, OutcomeWord};
use crate::render::view::{duration, milliseconds};
use crate::render::{Display, Verbosity, escape};
use crate::report::{JudgedExpectation, Report};

/// The part of the output after the session.
pub fn conclusion(report: &Report, look: &Display) -> String {
    if let Some(seen) = domain::results(report) {
        return of_domain(report, &seen, look);
    }
    if let Some(seen) = settings::results(report) {
        return of_settings(report, &seen, look);
    }
    let mut lines = Vec::new();
    if look.volume != Verbosity::Quiet {
        lines.extend(phase_line(report, look));
        lines.extend(scan::scanned(report, look));
        lines.extend(auth_line(report, look));
        // The most important finding is first, as in every format.
        for finding in &report.findings {
            lines.extend(finding_lines(report, finding, look));
        }
        for judged in &report.expectations {
            lines.extend(expectation_lines(judged, look));
        }
    }
    lines.extend(verdict_lines(report, look));
    let painted = lines.iter().map(|line| line.paint(look));
    std::iter::once(chain::pem(report, look)).chain(painted).collect()
}

/// The report of a domain check.
fn of_domain(report: &Report, seen: &DomainSeen, look: &Display) -> String {
    let mut lines = Vec::new();
    if look.volume != Verbosity::Quiet {
        lines.extend(domain::header(&report.plan, seen, look));
        lines.push(StyledLine::new());
        lines.extend(matrix::matrix(seen, look));
        for finding in &report.findings {
            lines.extend(finding_lines(report, finding, look));
        }
        for judged in &report.expectations {
            lines.extend(expectation_lines(judged, look));
        }
        lines.extend(domain::rest(seen, look));
    }
    if look.volume == Verbosity::Verbose {
        lines.extend(domain::sessions(report, look));
    }
    lines.extend(verdict_lines(report, look));
    lines.iter().map(|line| line.paint(look)).collect()
}

/// The report of a search for client settings.
fn of_settings(report: &Report, seen: &SettingsSeen, look: &Display) -> String {
    let mut lines = Vec::new();
    if look.volume != Verbosity::Quiet {
        lines.extend(settings::overview(seen, look));
        for finding in &report.findings {
            lines.extend(finding_lines(report, finding, look));
        }
        for judged in &report.expectations {
            lines.extend(expectation_lines(judged, look));
        }
        lines.extend(settings::rest(seen, look));
    }
    if look.volume == Verbosity::Verbose {
        lines.extend(domain::sessions(report, look));
    }
    lines.extend(verdict_lines(report, look));
    lines.iter().map(|line| line.paint(look)).collect()
}

fn phase_line(report: &Report, look: &Display) -> Vec<StyledLine> {
    let rows = phases::rows(report);
    let timed: Vec<(&PhaseRow, f64)> = rows.iter().filter_map(|row| Some((row, row.ms?))).collect();
    if timed.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let (mut line, mut column) = (StyledLine::new(), 0);
    for (at, (row, ms)) in timed.iter().enumerate() {
        let word = format!("{} {}", row.name, milliseconds(*ms));
        let end = if at + 1 == timed.len() { " ms" } else { ", " };
        if column > 0 && column + word.len() + end.len() > look.width {
            lines.push(std::mem::take(&mut line));
            column = 0;
        }
        let role = if row.is_slowest { Role::Bold } else { Role::Dim };
        column += word.len() + end.len();
        line = line.and(role, word).and(Role::Dim, end);
    }
    lines.push(line);
    lines
}

/// For a check without a login: the advertised mechanisms, and whether they are advertised only over TLS.
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
        Some(before) if before.is_empty() => " (only over TLS, as recommended)",
        Some(_) | None => "",
    };
    labelled("auth", Role::Plain, &format!("{}{where_offered}", escape::visible(&mechanisms.join(" "))), look)
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
    // An expected finding needs no fix.
    if !finding.expected {
        lines.extend(explanation(finding, look));
    }
    if let Some(place) = pointer(report, finding) {
        lines.extend(labelled("phase", Role::Dim, &place, look));
    }
    lines
}

/// Whether an expectation was met; if it was not, also the expected and the actual value.
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
            Some(seen) => format!("got {}", escape::visible(seen)),
            None => "but the check did not get this value".to_owned(),
        };
        let comparison = format!("expected {}, {seen}", escape::visible(&judged.expected));
        lines.extend(labelled("", Role::Plain, &comparison, look));
    }
    lines
}

/// The cause, the consequences and the fixes of a finding.
pub(in crate::render) fn explanation(finding: &Finding, look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    let cause = format!("{}: {}", verdict::sure(finding), verdict::sentence(&finding.cause));
    lines.extend(labelled("cause", Role::Plain, &cause, look));
    if let Some(otherwise) = &finding.otherwise {
        lines.extend(labelled("or", Role::Dim, &verdict::sentence(otherwise), look));
    }
    for consequence in &finding.consequences {
        lines.extend(labelled("effect", Role::Plain, &verdict::sentence(consequence), look));
    }
    lines.extend(fix_lines(&finding.fixes, look));
    lines
}

/// The phase and time of the session line that a finding is based on. If the finding is about something that did not
/// happen, this is the last line before the expected event.
fn pointer(report: &Report, finding: &Finding) -> Option<String> {
    let id = finding.evidence.events.last()?;
    let event = report.evidence.transcript.iter().find(|event| event.seq == *id)?;
    Some(format!("{}, at {:.0} ms; for details: smtpcheck explain {}", finding.phase, event.at_ms, finding.rule))
}

/// The result of a run that was followed by a retry; empty if only the verdict is shown.
pub fn try_line(number: usize, report: &Report, look: &Display) -> String {
    if look.volume == Verbosity::Quiet {
        return String::new();
    }
    let reasons = FailureReason::all(report);
    let why = reasons.first().map_or_else(String::new, |first| format!("{}: {}, ", first.id(), first.summary()));
    let line = format!("{why}{}", verdict::exit(report));
    labelled(&format!("run {number}"), Role::Plain, &line, look).iter().map(|line| line.paint(look)).collect()
}

fn verdict_lines(report: &Report, look: &Display) -> Vec<StyledLine> {
    let word = OutcomeWord::of_report(report);
    let (role, word) = (word.role(), word.word());
    let mut parts = Vec::new();
    if look.volume == Verbosity::Quiet {
        parts.push(report.plan.name());
    }
    match FailureReason::all(report).first() {
        Some(first) if look.volume == Verbosity::Quiet => parts.push(format!("{}: {}", first.id(), first.summary())),
        _ => parts.push(verdict::counts(report)),
    }
    if let Some(untested) = verdict::untested(report) {
        parts.push(format!("not tested: {untested}"));
    }
    if let Some(addresses) = verdict::untested_addresses(report) {
        parts.push(format!("not tested: {addresses}"));
    }
    parts.push(verdict::exit(report));
    parts.push(duration(report.total_ms));
    let separator = look.signs.dot();
    if look.volume == Verbosity::Quiet {
        return vec![StyledLine::of(role, word).and(Role::Plain, format!("  {}", parts.join(separator)))];
    }
    // Lines are wrapped only between parts.
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
