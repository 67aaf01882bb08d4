//! The report of a search for client settings: the recommended settings, the sources, and the settings that were
//! tested.

use super::labels::command_line;
use super::rows::{StateRow, state_rows};
use super::wrap::hanging;
use crate::check::settings::{self, seen::SettingsSeen};
use crate::render::style::{Role, StyledLine};
use crate::render::view::settings::{self as view, SettingsRow};
use crate::render::{Display, escape};
use crate::report::Report;

/// The results; `None` if the report is about something else.
pub(super) fn results(report: &Report) -> Option<SettingsSeen> {
    settings::results(&report.plan, &report.evidence)
}

/// The header, the recommended settings, the sources, and the settings that were tested.
pub(super) fn overview(seen: &SettingsSeen, look: &Display) -> Vec<StyledLine> {
    let (name, summary) = view::headline(seen);
    let mut lines = hanging(&format!("{name}  "), Role::Bold, Role::Plain, &summary, look);
    lines.push(StyledLine::new());
    match &seen.recommended {
        Some(setting) => {
            lines.push(StyledLine::of(Role::Bold, "Recommended settings"));
            for (label, text) in view::recommended(setting) {
                let role =
                    if matches!(label, "server" | "port" | "security" | "user") { Role::Bold } else { Role::Plain };
                lines.extend(hanging(&format!("  {label:<12}  "), Role::Dim, role, &text, look));
            }
        }
        None => lines.push(StyledLine::of(Role::Bold, "No settings can be recommended")),
    }
    lines.push(StyledLine::new());
    lines.push(StyledLine::of(Role::Bold, "Sources"));
    lines.extend(table(&view::sources(seen, look), look));
    let tested = view::candidates(seen, look);
    if !tested.is_empty() {
        lines.push(StyledLine::new());
        lines.push(StyledLine::of(Role::Bold, "Tested settings, best first"));
        lines.extend(table(&tested, look));
    }
    lines.push(StyledLine::new());
    lines
}

/// What was not tested, and the next command.
pub(super) fn rest(seen: &SettingsSeen, look: &Display) -> Vec<StyledLine> {
    let mut lines = vec![StyledLine::new()];
    let untested = view::not_tested(seen);
    if !untested.is_empty() {
        lines.push(StyledLine::of(Role::Bold, "Not tested"));
        for one in untested {
            lines.extend(hanging("  ", Role::Plain, Role::Plain, &one, look));
        }
        lines.push(StyledLine::new());
    }
    if let Some(setting) = &seen.recommended {
        lines.push(StyledLine::of(Role::Plain, "To check these settings again:"));
        lines.push(command_line(&escape::visible(&setting.command)));
        lines.push(StyledLine::new());
    }
    lines
}

fn table(rows: &[SettingsRow], look: &Display) -> Vec<StyledLine> {
    let mut all = Vec::new();
    for SettingsRow { name, role, word, detail } in rows {
        all.push(StateRow { name, role: *role, word, detail });
    }
    state_rows(&all, look)
}
