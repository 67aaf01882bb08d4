//! The text format: the session line by line, the times of the phases, the findings with cause and fix, and the
//! verdict.
//!
//! A session line consists of a bar if it was encrypted, the milliseconds since the start, a symbol for the direction,
//! and the text. The content does not depend on colours, Unicode or the width.

mod chain;
mod conclusion;
mod domain;
mod labels;
mod matrix;
mod report;
mod rows;
mod scan;
mod settings;
mod wrap;

use super::{Display, Verbosity};
use crate::report::{CheckOutcome, Run, RunSource};

pub(super) use conclusion::explanation;
pub use conclusion::{conclusion, try_line};
pub(super) use domain::spf_lines;
pub use domain::tlsa;
pub(super) use labels::{command_line, fix_lines, labelled};
pub use report::{answered, event, header, render, tries};
pub(super) use report::{for_readers, plain_session};
pub(super) use scan::scanned;
pub(super) use wrap::{columns, prose};

/// All reports, separated by empty lines.
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
