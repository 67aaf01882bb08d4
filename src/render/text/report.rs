//! One report as text, all at once or line by line during the check.

use super::conclusion::{conclusion, try_line};
use super::domain;
use super::settings;
use super::wrap::wrapped;
use crate::evidence::{Event, Evidence, Probe};
use crate::plan::Plan;
use crate::render::style::{Role, StyledLine};
use crate::render::view::session::{self, Moment};
use crate::render::{Display, Symbols, Transcript, Verbosity, escape};
use crate::report::Report;
use crate::wire::EhloName;

/// A line for each run before the last one.
pub fn tries(earlier: &[Report], look: &Display) -> String {
    earlier.iter().enumerate().map(|(at, report)| try_line(at + 1, report, look)).collect()
}

/// The complete report.
pub fn render(report: &Report, look: &Display) -> String {
    let mut text = String::new();
    if look.volume != Verbosity::Quiet && report.plan.is_about_server() {
        text.push_str(&header(&report.plan, look));
        text.extend(session(report, look).iter().map(|line| line.paint(look)));
    }
    text.push_str(&conclusion(report, look));
    text
}

/// The session, wrapped to the width of the display.
fn session(report: &Report, look: &Display) -> Vec<StyledLine> {
    session::session(report, look).iter().flat_map(|line| wrapped(line, look)).collect()
}

fn moment(moment: &Moment<'_>, plan: &Plan, evidence: &Evidence, look: &Display) -> String {
    let lines = moment.lines(plan, evidence, look);
    lines.iter().flat_map(|line| wrapped(line, look)).map(|line| line.paint(look)).collect()
}

/// The header: target, TLS mode and EHLO name.
pub fn header(plan: &Plan, look: &Display) -> String {
    // The header of a domain or of its client settings contains results.
    if look.volume == Verbosity::Quiet || !plan.is_about_server() {
        return String::new();
    }
    let target = plan.target.notation();
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

/// The lines of an event that just occurred; empty if it is not shown.
pub fn event(plan: &Plan, evidence: &Evidence, event: &Event, look: &Display) -> String {
    if !is_live(plan, look) {
        return String::new();
    }
    moment(&Moment::Event(event), plan, evidence, look)
}

/// The lines of a probe that just ended; empty if it is not shown.
pub fn answered(plan: &Plan, evidence: &Evidence, probe: &Probe, look: &Display) -> String {
    if !is_live(plan, look) {
        return String::new();
    }
    moment(&Moment::Answer(probe), plan, evidence, look)
}

/// Whether the session is shown while it runs. A domain check has many sessions at the same time.
fn is_live(plan: &Plan, look: &Display) -> bool {
    look.volume != Verbosity::Quiet && look.transcript == Transcript::Full && plan.is_about_server()
}

/// The session, or the results of a domain, as plain text for formats that are not written to a terminal.
pub(in crate::render) fn plain_session(report: &Report, look: &Display) -> String {
    let look = for_readers(look);
    if let Some(seen) = domain::results(report) {
        return domain::overview(report, &seen, &look).iter().map(|line| line.paint(&look)).collect();
    }
    if let Some(seen) = settings::results(report) {
        let lines = settings::overview(&seen, &look).into_iter().chain(settings::rest(&seen, &look));
        return lines.map(|line| line.paint(&look)).collect();
    }
    session(report, &look).iter().map(|line| line.paint(&look)).collect()
}

/// The display settings for such formats: no colours, and a fixed width that does not depend on the terminal.
pub(in crate::render) fn for_readers(look: &Display) -> Display {
    let volume = if look.volume == Verbosity::Verbose { Verbosity::Verbose } else { Verbosity::Normal };
    Display { signs: Symbols::Unicode, volume, ..look.for_file() }
}
