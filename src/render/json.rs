//! Reports as JSON: a `report::Document` for one target, a list of documents for several targets, and a
//! `report::RunDocument` for a suite.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use super::{Display, escape};
use crate::report::{CheckOutcome, Document, Report, Run, RunDocument, RunSource};

/// The complete output, indented, with a final line ending.
pub fn render_run(run: &Run, _: &Display) -> String {
    if let RunSource::Suite(_) = run.source {
        return pretty(&RunDocument::from(run)) + "\n";
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
    pretty(&Document::from(report).after(earlier))
}

/// Any serialisable value as indented JSON. Formats write JSON only with this function and with [`compact`].
pub(super) fn pretty(value: &impl Serialize) -> String {
    written(value, PrettyFormatter::new())
}

/// Any serialisable value as JSON on one line.
pub(super) fn compact(value: &impl Serialize) -> String {
    written(value, CompactFormatter)
}

fn written<F: Formatter>(value: &impl Serialize, layout: F) -> String {
    let mut bytes = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, Rounded(layout));
    // Serialisation of types with string keys cannot fail, and JSON is UTF-8.
    let _ = value.serialize(&mut writer);
    escape::json(&String::from_utf8(bytes).unwrap_or_default())
}

/// A formatter that rounds numbers to three decimal places: 0.12 instead of 0.11999999999999994. All fractional numbers
/// in the documents are milliseconds.
struct Rounded<F>(F);

/// Defines methods that delegate to the inner formatter.
macro_rules! as_before {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $kind)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Rounded<F> {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        self.0.write_f64(writer, (value * 1000.0).round() / 1000.0)
    }

    as_before! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }
}

#[cfg(test)]
mod tests {
    use super::{compact, pretty};

    #[test]
    fn numbers_are_rounded_and_the_layout_is_unchanged() {
        let value = serde_json::json!({"ms": 0.119_999_999_999_999_94, "whole": 3.0, "list": [1, [], {}], "text": "a"});
        assert_eq!(compact(&value), r#"{"list":[1,[],{}],"ms":0.12,"text":"a","whole":3.0}"#);
        let again: serde_json::Value = serde_json::from_str(&compact(&value)).expect("JSON");
        assert_eq!(pretty(&value), serde_json::to_string_pretty(&again).expect("JSON"));
    }
}
