//! The output of `smtpcheck ports`: a table with a row for each port, the findings for the ports that respond, and the
//! recommended ports. On a wide display, the verdict in the table also names the rule.

use super::style::{Role, StyledLine};
use super::table::{self, Cell, Column, Side};
use super::{Display, Verbosity, escape, text, view};
use crate::check::{self, Finding, Severity};
use crate::lexicon::providers::{self, ProviderSigns};
use crate::report::Report;
use crate::report::ports::{PortPurpose, PortRow, PortState, PortTlsMode, PortsReport};
use crate::wire::EhloName;

/// The minimum width at which the verdict names the rule.
const WIDE: usize = 100;
/// The width of the verdict: `FAIL` and the longest rule id that is likely in this table.
const VERDICT: usize = 31;

/// The JSON document, indented, with a final line ending.
pub fn json(answer: &PortsReport) -> String {
    super::json::pretty(&answer) + "\n"
}

/// The complete output as text. `reports` are the reports of the rows, in the same order.
pub fn render(answer: &PortsReport, reports: &[Report], look: &Display) -> String {
    if look.volume == Verbosity::Quiet {
        return verdict(answer, look).paint(look);
    }
    let mut lines = vec![header(answer, reports), StyledLine::new()];
    lines.extend(rows(answer, reports, look));
    let groups = findings(answer, reports);
    if !groups.is_empty() {
        lines.push(StyledLine::new());
    }
    for group in &groups {
        lines.extend(group_lines(group, look));
    }
    lines.extend(certificates(answer, look));
    lines.push(StyledLine::new());
    lines.extend(recommendation(answer, look));
    lines.push(verdict(answer, look));
    let mut whole: String = lines.iter().map(|line| line.paint(look)).collect();
    if look.volume == Verbosity::Verbose {
        for report in reports {
            whole.push('\n');
            whole.push_str(&text::render(report, look));
        }
    }
    whole
}

/// A note about ports with different certificates. Often, one service has loaded the renewed certificate and another
/// has not.
fn certificates(answer: &PortsReport, look: &Display) -> Vec<StyledLine> {
    if answer.certificates.len() < 2 {
        return Vec::new();
    }
    let listed_certificates: Vec<String> = answer
        .certificates
        .iter()
        .map(|one| {
            let ports: Vec<String> = one.ports.iter().map(u16::to_string).collect();
            format!("{} ({}, {} d)", listed(&ports), escape::visible(&one.name), one.days_left)
        })
        .collect();
    let text = format!(
        "the ports use different certificates: {}. If one certificate was renewed, restart or reload the services that \
         still use the old one",
        listed_certificates.join("; ")
    );
    let mut lines = vec![StyledLine::new()];
    lines.extend(text::labelled("note", Role::Bold, &text, look));
    lines
}

fn header(answer: &PortsReport, reports: &[Report]) -> StyledLine {
    let ports: Vec<String> = answer.ports.iter().map(|row| row.port.to_string()).collect();
    let mut line = StyledLine::of(Role::Bold, answer.host.to_string());
    if let Some(name) = answer.host.name().filter(|name| name.is_international()) {
        line = line.and(Role::Plain, format!(" ({})", escape::visible(name.unicode())));
    }
    line = line.and(Role::Plain, format!("  {}", listed(&ports)));
    match reports.first().map(|report| &report.plan.ehlo) {
        Some(EhloName::Name(name)) => line.and(Role::Plain, format!("  as {}", escape::visible(name))),
        _ => line,
    }
}

fn rows(answer: &PortsReport, reports: &[Report], look: &Display) -> Vec<StyledLine> {
    let verdict = if look.width >= WIDE { VERDICT } else { 4 };
    let auth = table::rest(look.width, &[5, 11, 13, 10, 8, verdict]).max(12);
    let column = |width, side| Column { width, side };
    let columns = [
        column(5, Side::Right),
        column(11, Side::Left),
        column(13, Side::Left),
        column(auth, Side::Left),
        column(10, Side::Right),
        column(8, Side::Right),
        column(verdict, Side::Left),
    ];
    let heads = ["PORT", "STATE", "TLS", "AUTH", "CERT", "GREETING", if verdict > 4 { "VERDICT" } else { "" }];
    let mut lines = table::row(&columns, &heads.map(|head| (Role::Bold, head.to_owned())));
    for (row, report) in answer.ports.iter().zip(reports) {
        lines.extend(table::row(&columns, &cells(row, report, verdict > 4)));
    }
    lines
}

fn cells(row: &PortRow, report: &Report, names_rule: bool) -> [Cell; 7] {
    let reached = matches!(row.state, PortState::Open | PortState::NotSmtp);
    let role = if reached { Role::Plain } else { Role::Dim };
    let greeting = row.greeting_ms.map_or_else(|| "-".to_owned(), view::duration);
    [
        (if reached { Role::Bold } else { Role::Dim }, row.port.to_string()),
        (role, state(row.state).to_owned()),
        (role, tls(row)),
        (role, auth(row)),
        certificate(row),
        (role, greeting),
        judged(row, report, names_rule),
    ]
}

fn state(state: PortState) -> &'static str {
    match state {
        PortState::Open => "open",
        PortState::NotSmtp => "not SMTP",
        PortState::Refused => "refused",
        PortState::Silent => "silent",
        PortState::Unreachable => "unreachable",
        PortState::NotTested => "not tested",
    }
}

fn tls(row: &PortRow) -> String {
    let Some(tls) = &row.tls else { return "-".to_owned() };
    let mode = match tls.mode {
        PortTlsMode::Implicit => "implicit",
        PortTlsMode::Starttls => "STARTTLS",
        PortTlsMode::None => return "none".to_owned(),
    };
    match &tls.version {
        Some(version) => format!("{mode} {version}"),
        None => "failed".to_owned(),
    }
}

/// The mechanisms that are advertised over TLS; then, with a remark, those that are advertised before TLS starts.
fn auth(row: &PortRow) -> String {
    let words = |mechanisms: &Option<Vec<String>>| {
        let mechanisms = mechanisms.as_ref().filter(|mechanisms| !mechanisms.is_empty())?;
        Some(escape::visible(&mechanisms.join(" ")))
    };
    let inside = words(&row.auth_inside_tls);
    let before = words(&row.auth_before_tls).map(|words| format!("before TLS: {words}"));
    let lines: Vec<String> = inside.into_iter().chain(before).collect();
    if lines.is_empty() { "-".to_owned() } else { lines.join("\n") }
}

fn certificate(row: &PortRow) -> Cell {
    let Some((verifies, days)) = row.tls.as_ref().and_then(|tls| Some((tls.verifies?, tls.days_left?))) else {
        return (Role::Dim, "-".to_owned());
    };
    if verifies { (Role::Plain, format!("ok {days} d")) } else { (Role::Error, format!("bad {days} d")) }
}

fn judged(row: &PortRow, report: &Report, names_rule: bool) -> Cell {
    if !matches!(row.state, PortState::Open | PortState::NotSmtp) {
        return (Role::Dim, "-".to_owned());
    }
    let worst = report.findings.iter().find(|finding| finding.severity > Severity::Notice);
    let (role, word) = match worst.map(|finding| finding.severity) {
        Some(Severity::Error) => (Role::Error, "FAIL"),
        Some(Severity::Warning) => (Role::Warning, "WARN"),
        Some(Severity::Notice) | None => (Role::Bold, "PASS"),
    };
    match worst {
        Some(finding) if names_rule => (role, format!("{word} {}", finding.rule)),
        _ => (role, word.to_owned()),
    }
}

/// A finding, with the ports that it applies to.
struct Group<'a> {
    finding: &'a Finding,
    ports: Vec<u16>,
    is_same_everywhere: bool,
    /// Whether it is shown as a note, because the host is not the cause.
    is_note: bool,
}

/// The findings to show below the table. A finding that several ports share is shown once.
///
/// 1. Errors and warnings of ports that accept connections.
/// 2. If no port accepts connections, the findings that explain why.
/// 3. Port 25, if it does not respond but another port accepts connections: this indicates a blocked port on the
///    network path.
/// 4. If no port works for mail programs, every other port that does not respond.
fn findings<'a>(answer: &PortsReport, reports: &'a [Report]) -> Vec<Group<'a>> {
    let reached = |state| matches!(state, PortState::Open | PortState::NotSmtp);
    let anything = answer.ports.iter().any(|row| reached(row.state));
    let submission = answer.recommendation.submission.is_some();
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (row, report) in answer.ports.iter().zip(reports) {
        let blocked = row.state == PortState::Silent && (row.purpose == PortPurpose::Relay || !submission);
        if anything && !reached(row.state) && !blocked {
            continue;
        }
        for finding in report.findings.iter().filter(|finding| finding.severity > Severity::Notice) {
            match groups
                .iter_mut()
                .find(|group| group.finding.rule == finding.rule && group.finding.cause == finding.cause)
            {
                Some(group) => {
                    group.ports.push(row.port);
                    group.is_same_everywhere &= group.finding.summary == finding.summary;
                }
                None => groups.push(Group {
                    finding,
                    ports: vec![row.port],
                    is_same_everywhere: true,
                    is_note: blocked && anything,
                }),
            }
        }
    }
    groups
}

fn group_lines(group: &Group<'_>, look: &Display) -> Vec<StyledLine> {
    let Group { finding, ports, is_same_everywhere, is_note } = group;
    let (role, word) = match (is_note, finding.severity) {
        (true, _) | (_, Severity::Notice) => (Role::Bold, "NOTE"),
        (_, Severity::Warning) => (Role::Warning, "WARN"),
        (_, Severity::Error) => (Role::Error, "FAIL"),
    };
    let numbers: Vec<String> = ports.iter().map(u16::to_string).collect();
    let which = if ports.len() == 1 { "port" } else { "ports" };
    let what = match check::rule(&finding.rule).filter(|_| !is_same_everywhere) {
        Some(rule) => rule.title.to_owned(),
        None => escape::visible(&finding.summary),
    };
    let first = format!("{word} {}  ", finding.rule);
    let options = text::columns(look.width).initial_indent(&first).subsequent_indent("     ");
    let title = format!("{which} {}: {what}", listed(&numbers));
    let mut lines: Vec<StyledLine> = textwrap::wrap(&title, options)
        .into_iter()
        .enumerate()
        .map(|(at, piece)| match at {
            0 => StyledLine::of(role, format!("{word} "))
                .and(Role::Bold, piece.get(word.len() + 1..).unwrap_or_default()),
            _ => StyledLine::of(Role::Bold, piece.into_owned()),
        })
        .collect();
    lines.extend(text::explanation(finding, look));
    lines
}

fn recommendation(answer: &PortsReport, look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    let chosen = &answer.recommendation;
    let mut label = "use";
    for (choice, whom) in [(&chosen.submission, "for mail programs"), (&chosen.relay, "for other mail servers")] {
        let Some(choice) = choice else { continue };
        lines.extend(text::labelled(label, Role::Bold, &format!("{} {whom}: {}", choice.port, choice.why), look));
        lines.push(text::command_line(&choice.command));
        label = "";
    }
    let anything = answer.ports.iter().any(|row| row.state == PortState::Open);
    match (&chosen.submission, &chosen.relay) {
        (None, None) if anything => {
            lines.extend(text::labelled(
                "use",
                Role::Bold,
                "none of these ports until the problems above are fixed",
                look,
            ));
        }
        (None, None) => {
            lines.extend(text::labelled("note", Role::Bold, "no usable port: no mail server responds", look))
        }
        (None, Some(_)) => {
            lines.extend(text::labelled("note", Role::Plain, "no usable port for mail programs", look));
        }
        (Some(_), _) => {}
    }
    let host = answer.host.name().map(|name| name.ascii().to_owned());
    if let Some(provider) = providers::recognise(&ProviderSigns { host: host.as_deref(), ..ProviderSigns::default() }) {
        lines.extend(text::labelled(
            "see",
            Role::Plain,
            &format!("user name and password for {}:", provider.name),
            look,
        ));
        lines.push(text::command_line(&format!("smtpcheck providers {}", provider.id)));
    }
    lines
}

fn verdict(answer: &PortsReport, look: &Display) -> StyledLine {
    let (role, word) = match answer.exit.code {
        0 => (Role::Bold, "PASS"),
        9 | 130 | 143 => (Role::Warning, "INCOMPLETE"),
        _ => (Role::Error, "FAIL"),
    };
    let open = answer.ports.iter().filter(|row| row.state == PortState::Open).count();
    let parts = [
        format!("{open} of {} ports open", answer.ports.len()),
        format!("exit {} ({})", answer.exit.code, answer.exit.name.replace('_', " ")),
        view::duration(answer.total_ms),
    ];
    let separator = look.signs.dot();
    StyledLine::of(role, word).and(Role::Plain, format!("  {}", parts.join(separator)))
}

fn listed(words: &[String]) -> String {
    words.join(", ")
}
