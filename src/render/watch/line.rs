//! One line for each check, and one for each change, for a log or a pipe.

use super::super::style::{Role, StyledLine};
use super::super::view::{duration, verdict};
use super::super::{Display, Verbosity};
use super::values::{change, milliseconds, phase_name, time};
use crate::render::escape::visible;
use crate::report::{Exit, Report, exit_name, phases};
use crate::watch::Observation;
use crate::watch::target::{label, reason};

/// The settings that all lines of a watch share.
pub struct WatchLineForm<'a> {
    /// The colours and symbols.
    pub look: &'a Display,
    /// Whether each line names its target, because there are several.
    pub has_target: bool,
}

/// The lines about a check that has ended, each with its line ending.
pub fn check(report: &Report, observation: &Observation, form: &WatchLineForm<'_>) -> String {
    let WatchLineForm { look, has_target } = form;
    let at = report.started_at();
    let (role, word) = match report.exit {
        Exit::Ok => (Role::Bold, "ok"),
        _ => (Role::Error, "FAIL"),
    };
    let target = if *has_target { format!("{}  ", label(&report.plan)) } else { String::new() };
    let peer = observation.address.map(|ip| ip.to_string()).unwrap_or_else(|| "-".to_owned());
    let mut line = StyledLine::of(Role::Dim, format!("{}  ", time(at)))
        .and(role, format!("{word:<4}"))
        .and(Role::Plain, format!("  {target}{peer:<15}  {:>7}", duration(report.total_ms)));
    if report.exit == Exit::Ok {
        let warnings = verdict::warnings(report).count();
        if warnings > 0 {
            line = line.and(Role::Warning, format!("  {}", verdict::plural(warnings, "warning", "warnings")));
        }
    } else {
        let code = report.exit.code();
        line = line.and(Role::Plain, format!("  exit {code} {}: {}", exit_name(code), visible(&reason(report))));
    }
    if look.volume == Verbosity::Verbose {
        let ran = phases(&report.plan, &report.evidence).into_iter().filter(|phase| phase.ms.is_some());
        let all: Vec<String> =
            ran.map(|phase| format!("{} {}", phase_name(phase.name.key()), milliseconds(phase.ms))).collect();
        line = line.and(Role::Dim, format!("  {}", all.join("  ")));
    }
    let mut text = line.paint(look);
    for one in &observation.changes {
        let line = StyledLine::of(Role::Dim, format!("{}  ", time(at)))
            .and(Role::Warning, "change")
            .and(Role::Plain, format!("  {target}{}", change(one, look.signs.to())));
        text.push_str(&line.paint(look));
    }
    text
}
