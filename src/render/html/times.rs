//! Where the time went: a table of the steps, each with a bar that begins where the step before it ended. The table says
//! everything in words and numbers; the bars, inline SVG, are for the eye.

use std::fmt::Write;

use super::{heading, words};
use crate::render::text;
use crate::report::{PhaseResult, PhaseStatus, Report, phases};

/// Units of the drawing from the first moment to the last.
const WIDTH: f64 = 1000.0;

pub(super) fn section(number: usize, level: u8, report: &Report) -> String {
    let phases = phases(&report.plan, &report.evidence);
    let whole: f64 = phases.iter().filter_map(|phase| phase.ms).sum();
    if phases.is_empty() {
        return String::new();
    }
    let slowest = phases.iter().filter_map(|phase| phase.ms).max_by(f64::total_cmp);
    let mut page = heading(number, level, "times", "Where the time went");
    page.push_str("<table class=\"times\">\n<tr><th scope=\"col\">Step</th><th scope=\"col\" class=\"number\">ms</th>");
    page.push_str("<th scope=\"col\">Result</th><td class=\"track\"></td></tr>\n");
    let mut begun = 0.0;
    for phase in &phases {
        let mut classes = Vec::new();
        if phase.ms.is_some() && phase.ms == slowest {
            classes.push("slowest");
        }
        if phase.status == PhaseStatus::Failed {
            classes.push("failed");
        }
        // What did not run has no bar, and needs the room for its reason.
        let room = if phase.ms.is_none() { " colspan=\"2\"" } else { "" };
        let _ = write!(
            page,
            "<tr class=\"{}\"><th scope=\"row\">{}</th><td class=\"number\">{}</td><td{room}>{}</td>",
            classes.join(" "),
            text::short(phase.name),
            phase.ms.map(|ms| format!("{ms:.1}")).unwrap_or_default(),
            result(phase)
        );
        if let Some(ms) = phase.ms {
            let _ = write!(page, "<td class=\"track\">{}</td>", bar(begun, ms, whole));
            begun += ms;
        }
        page.push_str("</tr>\n");
    }
    page + "</table>\n"
}

fn result(phase: &PhaseResult) -> String {
    let word = match phase.status {
        PhaseStatus::Ok => "ok",
        PhaseStatus::Failed => "failed",
        PhaseStatus::Skipped => "not run",
        PhaseStatus::Unknown => "not known",
    };
    match &phase.reason {
        Some(reason) => format!("{word}: {}", words(reason)),
        None => word.to_owned(),
    }
}

fn bar(begun: f64, ms: f64, whole: f64) -> String {
    if whole <= 0.0 {
        return String::new();
    }
    let (at, length) = (begun / whole * WIDTH, (ms / whole * WIDTH).max(2.0));
    // A bar that is too short to be seen is drawn as long as a hair, and stays inside.
    let at = at.min(WIDTH - length);
    format!(
        "<svg viewBox=\"0 0 {WIDTH} 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">\
         <rect x=\"{at:.1}\" y=\"1\" width=\"{length:.1}\" height=\"8\"/></svg>"
    )
}
