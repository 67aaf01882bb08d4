//! The report as one JSON document; its types are `report::Document`.

use super::{Look, escape};
use crate::report::{Document, Report};

/// The whole document, indented, with a final line end.
pub fn render(report: &Report, _: &Look) -> String {
    // Serialisation of our own types with string keys cannot fail.
    let document = serde_json::to_string_pretty(&Document::from(report)).unwrap_or_default();
    escape::json(&document) + "\n"
}
