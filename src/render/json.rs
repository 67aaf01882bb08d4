//! Reports as JSON documents, whose types are `report::Document`: one document for one target, a list of them for several,
//! and for a suite one with a case for each check.

use super::{Display, escape};
use crate::report::{CheckOutcome, Document, Report, Run, RunDocument, RunSource};

/// The whole output, indented, with a final line end.
pub fn render_run(run: &Run, _: &Display) -> String {
    if let RunSource::Suite(_) = run.source {
        // Serialisation of our own types with string keys cannot fail.
        let document = serde_json::to_string_pretty(&RunDocument::from(run)).unwrap_or_default();
        return escape::json(&document) + "\n";
    }
    let documents: Vec<String> = run
        .cases
        .iter()
        .filter_map(|case| match &case.outcome {
            CheckOutcome::Checked { report, earlier } => Some(document(report, earlier)),
            CheckOutcome::Skipped { .. } => None,
        })
        .collect();
    match (&run.source, documents.as_slice()) {
        (RunSource::Target, [one]) => format!("{one}\n"),
        (_, several) => format!("[\n{}\n]\n", several.join(",\n")),
    }
}

/// One document.
fn document(report: &Report, earlier: &[Report]) -> String {
    // Serialisation of our own types with string keys cannot fail.
    let document = serde_json::to_string_pretty(&Document::from(report).after(earlier)).unwrap_or_default();
    escape::json(&document)
}
