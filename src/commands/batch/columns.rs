//! The cells of a row in a CSV file.

use crate::cli::UsageError;
use crate::cli::commands::batch::BatchArgs;
use crate::cli::flags::batch::{ColumnContent, CsvColumn, CsvColumns, columns};
use crate::plan::Plan;
use crate::render::batch::csv::CsvCell;
use crate::report::batch::{InvalidLine, TargetRecord};
use crate::report::fields::{FieldValue, RequiredPhase};
use crate::report::{Document, Report};

/// The default columns of a file about domains.
const OF_DOMAINS: &str = "line,domain.name,exit.code,exit.name,verdict,findings,domain.mx_count,domain.null_mx,domain.dnssec,\
                          domain.dane,domain.mta_sts.state,domain.mta_sts.mode,domain.tls_rpt.state,spf.state,dmarc.state,\
                          dmarc.policy,senders.dane,senders.mta_sts,senders.neither,total_ms,error";

impl CsvColumns {
    /// The columns of `--columns`, or the default ones.
    pub(super) fn chosen(args: &BatchArgs, plan: &Plan) -> CsvColumns {
        let mut chosen = match &args.columns {
            Some(given) => return given.clone(),
            // The names are a constant, and a test parses them.
            None if plan.domain.is_some() => columns(OF_DOMAINS).unwrap_or_default(),
            None => CsvColumns::default(),
        };
        if args.connection.interface.len() > 1 {
            let column = CsvColumn { name: "interface".to_owned(), content: ColumnContent::Interface };
            chosen.0.insert(1.min(chosen.0.len()), column);
        }
        chosen
    }

    /// Rejects columns that would be empty in every row: server values in a file about domains, and domain values in a
    /// file about servers.
    pub(super) fn fit(&self, plan: &Plan) -> Result<(), UsageError> {
        for column in &self.0 {
            let ColumnContent::Value(field, index) = column.content else { continue };
            let is_of_domain = matches!(field.requires, RequiredPhase::Domain);
            if (plan.domain.is_some() || is_of_domain)
                && let Some(lack) = field.lacks(index, plan)
            {
                let error =
                    UsageError::flag("--columns", format!("this column requires {lack}")).with_value(&column.name);
                let hint = if is_of_domain { "add --domain, or omit the column" } else { "omit the column" };
                return Err(error.with_hint(hint));
            }
        }
        Ok(())
    }

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
            ColumnContent::Interface => CsvCell::Text(record.interface.clone().unwrap_or_default()),
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
            ColumnContent::Interface | ColumnContent::Value(..) => CsvCell::Number(String::new()),
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

#[cfg(test)]
mod tests {
    use super::{OF_DOMAINS, columns};

    #[test]
    fn the_columns_for_domains_are_names_of_the_catalogue() {
        assert_eq!(columns(OF_DOMAINS).map(|columns| columns.0.len()).ok(), Some(21));
    }
}
