//! Reports as JSON documents, whose types are `report::Document`: one document for one target, a list of them for several,
//! and for a suite one with a case for each check.

use super::{Look, escape};
use crate::report::{CaseOutcome, Document, Report, Run, RunDocument, Source};

/// The whole output, indented, with a final line end.
pub fn whole(run: &Run, _: &Look) -> String {
    if let Source::Suite(_) = run.source {
        // Serialisation of our own types with string keys cannot fail.
        let document = serde_json::to_string_pretty(&RunDocument::from(run)).unwrap_or_default();
        return escape::json(&document) + "\n";
    }
    let documents: Vec<String> = run
        .cases
        .iter()
        .filter_map(|case| match &case.outcome {
            CaseOutcome::Checked { report, earlier } => Some(document(report, earlier)),
            CaseOutcome::Skipped { .. } => None,
        })
        .collect();
    match (&run.source, documents.as_slice()) {
        (Source::Target, [one]) => format!("{one}\n"),
        (_, several) => format!("[\n{}\n]\n", several.join(",\n")),
    }
}

/// One document.
fn document(report: &Report, earlier: &[Report]) -> String {
    // Serialisation of our own types with string keys cannot fail.
    let document = serde_json::to_string_pretty(&Document::from(report).after(earlier)).unwrap_or_default();
    escape::json(&document)
}
