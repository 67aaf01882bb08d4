//! The protocol log of Exchange: CSV with the session in field 3, `<` or `>` in field 7, and the line in field 8.

/// The session id and the command or reply of a log line.
pub(super) fn session_line(line: &str) -> Option<(&str, String)> {
    let mut fields = line.splitn(8, ',');
    let session = fields.nth(2)?;
    let data = fields.nth(4)?;
    Some((session, unquoted(data)))
}

/// The first CSV field, without quotation marks.
fn unquoted(field: &str) -> String {
    match field.strip_prefix('"') {
        None => field.split(',').next().unwrap_or(field).to_owned(),
        Some(quoted) => {
            let end = quoted.rfind("\",").or_else(|| quoted.rfind('"')).unwrap_or(quoted.len());
            quoted.get(..end).unwrap_or(quoted).replace("\"\"", "\"")
        }
    }
}
