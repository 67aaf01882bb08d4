//! The phases of a session with their times, as all formats show them.

use crate::render::escape;
use crate::report::{PhaseResult, PhaseStatus, Report, phases};

/// The row of one phase.
pub(in crate::render) struct PhaseRow {
    /// The name, as in JSON.
    pub(in crate::render) name: &'static str,
    /// The duration in milliseconds, if the phase ran and the duration is known.
    pub(in crate::render) ms: Option<f64>,
    /// The total duration of the earlier phases in milliseconds.
    pub(in crate::render) begun_ms: f64,
    /// The result.
    pub(in crate::render) status: PhaseStatus,
    /// The result in words, with the reason.
    pub(in crate::render) result: String,
    /// Whether no other phase took longer.
    pub(in crate::render) is_slowest: bool,
}

/// All phases of the main session, in order.
pub(in crate::render) fn rows(report: &Report) -> Vec<PhaseRow> {
    let phases = phases(&report.plan, &report.evidence);
    let ran = |phase: &PhaseResult| phase.ms.filter(|_| phase.status != PhaseStatus::Skipped);
    let slowest = phases.iter().filter_map(ran).max_by(f64::total_cmp);
    let is_choice = phases.iter().filter_map(ran).count() > 1;
    let mut begun_ms = 0.0;
    let mut rows = Vec::new();
    for phase in &phases {
        let ms = ran(phase);
        rows.push(PhaseRow {
            name: phase.name.key(),
            ms,
            begun_ms,
            status: phase.status,
            result: result(phase),
            is_slowest: is_choice && ms.is_some() && ms == slowest,
        });
        begun_ms += ms.unwrap_or(0.0);
    }
    rows
}

fn result(phase: &PhaseResult) -> String {
    let word = match phase.status {
        PhaseStatus::Ok => "ok",
        PhaseStatus::Failed => "failed",
        PhaseStatus::Skipped => "not tested",
        PhaseStatus::Unknown => "unknown",
    };
    match &phase.reason {
        Some(reason) => format!("{word}: {}", escape::visible(reason)),
        None => word.to_owned(),
    }
}
