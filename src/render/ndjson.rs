//! One JSON object a line, whose types are `report::Line`. `verbs` writes the lines as things happen; [`whole`] tells a
//! finished run in the same way.

use super::text::Moment;
use super::{Look, escape};
use crate::evidence::{Attempt, Event};
use crate::report::{Line, Run};

/// All lines.
pub fn whole(run: &Run, _: &Look) -> String {
    let mut text = written(&Line::start(&run.source, run.cases.len()));
    for (at, case) in run.cases.iter().enumerate() {
        let number = at + 1;
        text.push_str(&written(&Line::check(number, case)));
        if let Some(report) = case.report() {
            for moment in Moment::all(&report.evidence) {
                text.push_str(&match moment {
                    Moment::Event(event) => happened(number, event),
                    Moment::Answer(attempt) => answered(number, attempt),
                });
            }
        }
        text.push_str(&written(&Line::result(number, case)));
    }
    text.push_str(&written(&Line::end(run)));
    text
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
