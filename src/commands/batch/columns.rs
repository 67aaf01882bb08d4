//! The cells of a row of a CSV file.

use crate::cli::flags::batch::{ColumnContent, Columns};
use crate::render::batch::csv::Cell;
use crate::report::batch::{InvalidLine, TargetRecord};
use crate::report::fields::FieldValue;
use crate::report::{Document, Report};

impl Columns {
    /// The names of the columns.
    pub(super) fn names(&self) -> Vec<&str> {
        self.0.iter().map(|column| column.name.as_str()).collect()
    }

    /// The cells of a target.
    pub(super) fn of_report(&self, record: &TargetRecord, report: &Report, earlier: &[Report]) -> Vec<Cell> {
        let document = Document::from(report).after(earlier);
        let cell = |content: ColumnContent| match content {
            ColumnContent::Line => Cell::Number(record.line.to_string()),
            ColumnContent::Tags => Cell::of_json(record.tags.as_ref()),
            ColumnContent::Error => Cell::Number(String::new()),
            ColumnContent::Value(field, index) => of_values(&field.read(&document, index)),
        };
        self.0.iter().map(|column| cell(column.content)).collect()
    }

    /// The cells of a line that could not be checked.
    pub(super) fn of_invalid(&self, invalid: &InvalidLine) -> Vec<Cell> {
        let cell = |content: ColumnContent| match content {
            ColumnContent::Line => Cell::Number(invalid.line.to_string()),
            ColumnContent::Tags => Cell::of_json(invalid.tags.as_ref()),
            ColumnContent::Error => Cell::Text(invalid.error.clone()),
            ColumnContent::Value(..) => Cell::Number(String::new()),
        };
        self.0.iter().map(|column| cell(column.content)).collect()
    }
}

/// Several values, for example one for each recipient, are separated by spaces.
fn of_values(values: &[FieldValue]) -> Cell {
    match values {
        [FieldValue::Text(text)] => Cell::Text(text.clone()),
        [FieldValue::List(list)] => Cell::Text(list.join(" ")),
        [FieldValue::Number(number)] => Cell::Number(number.to_string()),
        [one] => Cell::Number(one.plain()),
        several => Cell::Text(several.iter().map(FieldValue::plain).collect::<Vec<_>>().join(" ")),
    }
}
