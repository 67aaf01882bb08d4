//! The report of a domain check: the matrix of mail servers, the findings, what senders do, and what authenticates
//! mail from the domain. Read next: [`super::matrix`].

use unicode_width::UnicodeWidthStr;

use super::matrix::matrix;
use super::rows::{StateRow, state_rows};
use super::wrap::{columns, hanging, wrapped};
use crate::check::domain::{self, seen::DomainSeen};
use crate::evidence::Outcome;
use crate::plan::Plan;
use crate::question::Question;
use crate::render::style::{Role, StyledLine};
use crate::render::view::domain::{self as view, DomainPart};
use crate::render::view::lookups::lookups;
use crate::render::view::session::Moment;
use crate::render::view::spf_tree::{SpfLine, spf_tree};
use crate::render::{Display, Symbols, escape};
use crate::report::Report;

/// The spaces between columns.
const GAP: usize = 2;

/// The results; `None` if the report is about a server.
pub(super) fn results(report: &Report) -> Option<DomainSeen> {
    domain::results(&report.plan, &report.evidence)
}

/// The header: the domain and a summary.
pub(super) fn header(plan: &Plan, seen: &DomainSeen, look: &Display) -> Vec<StyledLine> {
    let mut name = seen.domain.clone();
    if let Some(unicode) = &seen.unicode {
        name = format!("{name} ({})", escape::visible(unicode));
    }
    let mut parts = view::headline(seen);
    parts.extend(
        plan.domain
            .as_ref()
            .and_then(|domain| domain.recipient.as_ref())
            .map(|recipient| format!("recipient {}", escape::visible(&recipient.to_string()))),
    );
    let (separator, mut lines, mut text) = (look.signs.dot(), Vec::new(), String::new());
    let mut left = look.width.saturating_sub(name.width() + GAP);
    for part in parts {
        if !text.is_empty() && text.width() + separator.width() + part.width() > left {
            lines.push(std::mem::take(&mut text));
            left = look.width.saturating_sub(GAP);
        }
        if !text.is_empty() {
            text.push_str(separator);
        }
        text.push_str(&part);
    }
    lines.push(text);
    let first = |text: String| StyledLine::of(Role::Bold, name.clone()).and(Role::Plain, format!("  {text}"));
    lines
        .into_iter()
        .enumerate()
        .map(|(at, text)| if at == 0 { first(text) } else { StyledLine::of(Role::Plain, format!("  {text}")) })
        .collect()
}

/// What senders do, what the domain publishes, the SPF tree, and what was not tested.
pub(super) fn rest(seen: &DomainSeen, look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    let senders = view::senders(seen);
    if senders.iter().any(|(_, cells)| !cells.is_empty()) {
        lines.push(StyledLine::new());
        lines.push(StyledLine::of(Role::Bold, "What senders do"));
        for (name, cells) in senders {
            let mut label = format!("  {name:<13}  ");
            for (role, text) in cells {
                lines.extend(hanging(&label, Role::Plain, role, &text, look));
                label = " ".repeat(label.width());
            }
        }
    }
    let recipient = view::recipient(seen);
    if !recipient.is_empty() {
        lines.push(StyledLine::new());
        lines.push(StyledLine::of(Role::Bold, "Recipient"));
        lines.extend(parts(&recipient, look));
    }
    lines.push(StyledLine::new());
    lines.push(StyledLine::of(Role::Bold, "Policies for mail to the domain"));
    lines.extend(parts(&view::receiving(seen), look));
    lines.push(StyledLine::new());
    lines.push(StyledLine::of(Role::Bold, "Mail from the domain"));
    lines.extend(parts(&view::sending(seen), look));
    if let Some((record, terms)) = spf_tree(seen) {
        lines.push(StyledLine::new());
        lines.extend(hanging("SPF  ", Role::Bold, Role::Plain, &record, look));
        lines.extend(tree(&terms, look));
    }
    let untested = view::not_tested(seen);
    if !untested.is_empty() {
        lines.push(StyledLine::new());
        lines.push(StyledLine::of(Role::Bold, "Not tested"));
        for one in untested {
            lines.extend(hanging("  ", Role::Plain, Role::Plain, &one, look));
        }
    }
    lines.push(StyledLine::new());
    lines
}

fn parts(parts: &[DomainPart], look: &Display) -> Vec<StyledLine> {
    let mut rows = Vec::new();
    for DomainPart { name, state, detail } in parts {
        rows.push(StateRow { name, role: state.role(), word: state.word(), detail });
    }
    state_rows(&rows, look)
}

/// The terms of the SPF record as a tree.
fn tree(terms: &[SpfLine], look: &Display) -> Vec<StyledLine> {
    let stem = |line: &SpfLine| -> String {
        let last = line.follows.len().saturating_sub(1);
        let branches = line.follows.iter().enumerate().map(|(at, follows)| match (look.signs, at == last, follows) {
            (Symbols::Unicode, true, true) => "├─ ",
            (Symbols::Unicode, true, false) => "└─ ",
            (Symbols::Unicode, false, true) => "│  ",
            (Symbols::Ascii, true, true) => "|- ",
            (Symbols::Ascii, true, false) => "`- ",
            (Symbols::Ascii, false, true) => "|  ",
            (_, false, false) => "   ",
        });
        branches.collect()
    };
    let widest = terms.iter().map(|line| stem(line).width() + line.term.width()).max().unwrap_or(0);
    let term = widest.min(look.width / 2);
    let mark = terms.iter().map(|line| line.mark.width()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for line in terms {
        let stem = stem(line);
        let pad = " ".repeat(term.saturating_sub(stem.width() + line.term.width()));
        let cost = if line.cost == 0 { String::new() } else { line.cost.to_string() };
        let facts = if mark == 0 { format!("  {cost:>2}  ") } else { format!("  {:<mark$}  {cost:>2}  ", line.mark) };
        let used = stem.width() + line.term.width() + pad.width() + facts.width();
        let first = StyledLine::of(Role::Dim, stem.clone())
            .and(line.role, line.term.clone())
            .and(Role::Plain, pad)
            .and(line.role, facts);
        if used + line.detail.width() <= look.width {
            lines.push(first.and(Role::Dim, line.detail.clone()));
        } else {
            lines.push(first);
            lines.extend(hanging(&" ".repeat(stem.width() + GAP), Role::Plain, Role::Dim, &line.detail, look));
        }
    }
    lines
}

/// The TLSA records that match the certificates of the mail servers, one line each (`--tlsa`).
pub fn tlsa(report: &Report) -> String {
    let records = domain::tlsa_records(&report.plan, &report.evidence);
    records.iter().map(|record| format!("{}\n", escape::visible(record))).collect()
}

/// Every session with a mail server, and every lookup (`--verbose`).
pub(super) fn sessions(report: &Report, look: &Display) -> Vec<StyledLine> {
    let mut lines = Vec::new();
    for probe in &report.evidence.probes {
        let title = match &probe.question {
            Question::Session(request) => {
                let name = request.script.sni.as_deref().map(|name| format!("{} at ", escape::visible(name)));
                format!("{}{}", name.unwrap_or_default(), request.host.with_port(request.port))
            }
            Question::Hello(request) => format!("{}, {}", request.host.with_port(request.port), request.offer),
            Question::Resolve { .. } | Question::Records(_) | Question::Fetch(_) | Question::Machine { .. } => continue,
        };
        lines.push(StyledLine::of(Role::Bold, title));
        let events = report.evidence.transcript.iter().filter(|event| event.probe == probe.id);
        let shown = events.flat_map(|event| Moment::Event(event).lines(&report.plan, &report.evidence, look));
        // The last line shows why a session failed, or the answer to a ClientHello.
        let ended = match (&probe.question, &probe.outcome) {
            (Question::Session(_), Outcome::Done { .. } | Outcome::Underway) => Vec::new(),
            _ => Moment::Answer(probe).lines(&report.plan, &report.evidence, look),
        };
        lines.extend(shown.chain(ended).collect::<Vec<_>>().iter().flat_map(|line| wrapped(line, look)));
        lines.push(StyledLine::new());
    }
    let lookups = lookups(&report.evidence);
    if !lookups.is_empty() {
        lines.push(StyledLine::of(Role::Bold, "Lookups"));
        let options = columns(look.width).initial_indent("  ").subsequent_indent("    ");
        for lookup in &lookups {
            let pieces = textwrap::wrap(lookup, options.clone());
            lines.extend(pieces.into_iter().map(|piece| StyledLine::of(Role::Plain, piece.into_owned())));
        }
        lines.push(StyledLine::new());
    }
    lines
}

/// The results without the findings, for formats that show findings differently.
pub(super) fn overview(report: &Report, seen: &DomainSeen, look: &Display) -> Vec<StyledLine> {
    let mut lines = header(&report.plan, seen, look);
    lines.push(StyledLine::new());
    lines.extend(matrix(seen, look));
    lines.extend(rest(seen, look));
    lines
}

/// The SPF record and its tree as plain text; empty if there is none.
pub(in crate::render) fn spf_lines(seen: &DomainSeen, look: &Display) -> String {
    let Some((record, terms)) = spf_tree(seen) else { return String::new() };
    let lines = std::iter::once(StyledLine::of(Role::Plain, record)).chain(tree(&terms, look));
    lines.map(|line| line.paint(look)).collect()
}
