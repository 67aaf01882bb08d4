//! One JSON object a line, whose types are `report::Line`. `verbs` writes the lines as things happen; [`whole`] tells a
//! finished run in the same way.

use super::text::Moment;
use super::{Look, escape};
use crate::evidence::{Attempt, Event};
use crate::report::{Case, CaseOutcome, Line, Report, Run};

/// All lines.
pub fn whole(run: &Run, _: &Look) -> String {
    let mut text = written(&Line::start(&run.source, run.cases.len()));
    for (at, case) in run.cases.iter().enumerate() {
        text.push_str(&check(at + 1, case));
    }
    text.push_str(&written(&Line::end(run)));
    text
}

/// All lines of one check, whose number counts from 1.
pub fn check(number: usize, case: &Case) -> String {
    let mut text = written(&Line::check(number, case));
    if let CaseOutcome::Checked { report, earlier } = &case.outcome {
        for (at, one) in earlier.iter().enumerate() {
            text.push_str(&moments(number, one));
            text.push_str(&written(&Line::tried(number, at + 1, one)));
        }
        text.push_str(&moments(number, report));
    }
    text.push_str(&written(&Line::result(number, case)));
    text
}

fn moments(check: usize, report: &Report) -> String {
    let told = |moment: Moment<'_>| match moment {
        Moment::Event(event) => happened(check, event),
        Moment::Answer(attempt) => answered(check, attempt),
    };
    Moment::all(&report.evidence).into_iter().map(told).collect()
}

/// Something that happened in a check.
pub fn happened(check: usize, event: &Event) -> String {
    written(&Line::Happened { check, happened: Box::new(event.clone()) })
}

/// A question of a check that has its answer.
pub fn answered(check: usize, attempt: &Attempt) -> String {
    written(&Line::Answered { check, attempt: Box::new(attempt.clone()) })
}

/// One line.
pub fn written(line: &Line) -> String {
    // Serialisation of our own types with string keys cannot fail.
    let json = serde_json::to_string(line).unwrap_or_default();
    format!("{}\n", escape::json(&json))
}
