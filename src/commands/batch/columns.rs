//! The cells of a row of a CSV file.

use crate::cli::flags::batch::{ColumnContent, CsvColumns};
use crate::render::batch::csv::CsvCell;
use crate::report::batch::{InvalidLine, TargetRecord};
use crate::report::fields::FieldValue;
use crate::report::{Document, Report};

impl CsvColumns {
    /// The names of the columns.
    pub(super) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|column| column.name.as_str()).collect()
    }

    /// The cells of a target.
    pub(super) fn of_report(&self, record: &TargetRecord, report: &Report, earlier: &[Report]) -> Vec<CsvCell> {
        let document = Document::from(report).after(earlier);
        let cell = |content: ColumnContent| match content {
            ColumnContent::Line => CsvCell::Number(record.line.to_string()),
            ColumnContent::Tags => CsvCell::of_json(record.tags.as_ref()),
            ColumnContent::Error => CsvCell::Number(String::new()),
            ColumnContent::Value(field, index) => of_values(&field.read(&document, index)),
        };
        self.0.iter().map(|column| cell(column.content)).collect()
    }

    /// The cells of a line that could not be checked.
    pub(super) fn of_invalid(&self, invalid: &InvalidLine) -> Vec<CsvCell> {
        let cell = |content: ColumnContent| match content {
            ColumnContent::Line => CsvCell::Number(invalid.line.to_string()),
            ColumnContent::Tags => CsvCell::of_json(invalid.tags.as_ref()),
            ColumnContent::Error => CsvCell::Text(invalid.error.clone()),
            ColumnContent::Value(..) => CsvCell::Number(String::new()),
        };
        self.0.iter().map(|column| cell(column.content)).collect()
    }
}

/// Several values, for example one for each recipient, are separated by spaces.
fn of_values(values: &[FieldValue]) -> CsvCell {
    match values {
        [FieldValue::Text(text)] => CsvCell::Text(text.clone()),
        [FieldValue::List(list)] => CsvCell::Text(list.join(" ")),
        [FieldValue::Number(number)] => CsvCell::Number(number.to_string()),
        [one] => CsvCell::Number(one.plain()),
        several => CsvCell::Text(several.iter().map(FieldValue::plain).collect::<Vec<_>>().join(" ")),
    }
}
