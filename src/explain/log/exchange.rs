//! Exchange's protocol log: CSV, the session in the third field, `<` or `>` in the seventh, the line in the eighth.

/// The session and the line of a command or reply.
pub(super) fn session_line(line: &str) -> Option<(&str, String)> {
    let mut fields = line.splitn(8, ',');
    let session = fields.nth(2)?;
    let data = fields.nth(4)?;
    Some((session, unquoted(data)))
}

/// One CSV field without its quotation marks, or what precedes the next comma.
fn unquoted(field: &str) -> String {
    match field.strip_prefix('"') {
        None => field.split(',').next().unwrap_or(field).to_owned(),
        Some(quoted) => {
            let end = quoted.rfind("\",").or_else(|| quoted.rfind('"')).unwrap_or(quoted.len());
            quoted.get(..end).unwrap_or(quoted).replace("\"\"", "\"")
        }
    }
}
