//! Rows of a CSV file, in the format of RFC 4180.

use serde::Serialize;

use super::super::escape;

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsvCell {
    /// Text that may come from a server. Control characters are escaped, and an apostrophe is inserted before a
    /// character that a spreadsheet would interpret as the start of a formula.
    Text(String),
    /// A number, or a word that smtpcheck defines; empty if there is no value.
    Number(String),
}

impl CsvCell {
    /// A value as JSON; empty if there is none.
    pub fn of_json(value: Option<&impl Serialize>) -> CsvCell {
        CsvCell::Text(value.and_then(|value| serde_json::to_string(value).ok()).unwrap_or_default())
    }
}

/// The header row, with the column names.
pub fn head(names: &[&str]) -> String {
    let cells: Vec<CsvCell> = names.iter().map(|name| CsvCell::Number((*name).to_owned())).collect();
    row(&cells)
}

/// One row, with its line ending.
pub fn row(cells: &[CsvCell]) -> String {
    let cells: Vec<String> = cells.iter().map(cell).collect();
    cells.join(",") + "\r\n"
}

fn cell(cell: &CsvCell) -> String {
    let text = match cell {
        CsvCell::Number(text) => text.clone(),
        CsvCell::Text(text) if text.starts_with(['=', '+', '-', '@']) => format!("'{}", escape::visible(text)),
        CsvCell::Text(text) => escape::visible(text),
    };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::{CsvCell, head, row};

    #[test]
    fn cells_are_quoted_and_formulas_are_text() {
        let text = |text: &str| CsvCell::Text(text.to_owned());
        assert_eq!(head(&["line", "exit.code"]), "line,exit.code\r\n");
        let cells = [CsvCell::Number("-5".to_owned()), text("a,\"b\""), text("=1+1"), text("x\r\ny"), text("")];
        assert_eq!(row(&cells), "-5,\"a,\"\"b\"\"\",'=1+1,x\\x0d\\x0ay,\r\n");
    }
}
