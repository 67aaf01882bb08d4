//! NDJSON: one JSON object per line, of the type `report::StreamRecord`. The commands write the lines while a check
//! runs; [`render_run`] writes the same lines for a finished run.

use super::view::session::Moment;
use super::{Display, json};
use crate::evidence::{Event, Probe};
use crate::report::{CheckOutcome, CheckResult, Report, Run, StreamRecord};

/// All lines of a run.
pub fn render_run(run: &Run, _: &Display) -> String {
    let mut text = written(&StreamRecord::start(&run.source, run.cases.len()));
    for (at, case) in run.cases.iter().enumerate() {
        text.push_str(&check(at + 1, case));
    }
    text.push_str(&written(&StreamRecord::end(run)));
    text
}

/// All lines of one check. `number` is its number in the run, from 1.
pub fn check(number: usize, case: &CheckResult) -> String {
    let mut text = written(&StreamRecord::check(number, case));
    if let CheckOutcome::Checked { report, earlier } = &case.outcome {
        for (at, one) in earlier.iter().enumerate() {
            text.push_str(&moments(number, one));
            text.push_str(&written(&StreamRecord::tried(number, at + 1, one)));
        }
        text.push_str(&moments(number, report));
    }
    text.push_str(&written(&StreamRecord::result(number, case)));
    text
}

fn moments(check: usize, report: &Report) -> String {
    let line_of = |moment: Moment<'_>| match moment {
        Moment::Event(event) => happened(check, event),
        Moment::Answer(probe) => answered(check, probe),
    };
    Moment::all(&report.evidence).into_iter().map(line_of).collect()
}

/// The line for an event of a check.
pub fn happened(check: usize, event: &Event) -> String {
    written(&StreamRecord::Happened { check, happened: Box::new(event.clone()) })
}

/// The line for a probe that ended.
pub fn answered(check: usize, probe: &Probe) -> String {
    written(&StreamRecord::Answered { check, probe: Box::new(probe.clone()) })
}

/// One record as a line.
pub fn written(line: &StreamRecord) -> String {
    json::compact(line) + "\n"
}
