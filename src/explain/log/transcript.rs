//! Transcripts of smtpcheck, swaks and curl, and sessions written with `S:` and `C:`.

/// The command or reply in a line: the text after an arrow of swaks or smtpcheck, after `S:` or `C:`, or after curl's
/// `<` or `>`. Only a time, the bar that marks an encrypted line, or a logger's prefix may precede an arrow. Some
/// programs write two signs (ESP Mail Client: `< S: 501 ...`), and OpenSMTPD's trace has words before the sign (`mta:
/// 0x7f: <<< 554-...`).
pub(super) fn line_of_session(line: &str) -> Option<&str> {
    const SIGNS: [&str; 18] = [
        "[<-] ",
        "[->] ",
        "<- ",
        "<~ ",
        "<** ",
        "<~* ",
        "<= ",
        "-> ",
        "~> ",
        "\u{2190} ",
        "\u{2192} ",
        "S: ",
        "C: ",
        "< ",
        "> ",
        "** ",
        "<<< ",
        ">>> ",
    ];
    let before = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\t' | '.' | '\u{258e}');
    let start = line.trim_start_matches(before);
    let words = SIGNS.iter().find_map(|sign| start.strip_prefix(sign));
    let words = words.or_else(|| after_trace_sign(start)).or_else(|| after_log_prefix(start))?;
    let inner = words.strip_prefix("S: ").or_else(|| words.strip_prefix("C: ")).unwrap_or(words).trim();
    Some(quoted_line(inner).unwrap_or(inner))
}

/// The line in quotation marks that Ruby's debug output shows: `-> "535-5.7.1 no\r\n"`.
fn quoted_line(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')?.strip_suffix("\\r\\n")
}

/// The reply after a logger's prefix (`[12:00:00 | Connection | FINE] < 535 no`). An arrow elsewhere in a line has no
/// meaning, so the prefix must end with a bracket, a bar or a colon, and a reply code must follow the arrow.
fn after_log_prefix(line: &str) -> Option<&str> {
    const ARROWS: [&str; 5] = [" < ", " <- ", " << ", " <<< ", " S: "];
    ARROWS.iter().find_map(|arrow| {
        let (prefix, text) = line.split_once(arrow)?;
        let is_prefix = prefix.ends_with([']', ')', '|', ':']);
        let (code, rest) = text.split_at_checked(3)?;
        let is_code = code.bytes().all(|byte| byte.is_ascii_digit()) && code.starts_with(['2', '3', '4', '5']);
        (is_prefix && is_code && (rest.is_empty() || rest.starts_with([' ', '-']))).then_some(text)
    })
}

/// The text after OpenSMTPD's sign for a received or a sent line.
fn after_trace_sign(line: &str) -> Option<&str> {
    line.contains("mta: ")
        .then(|| line.split_once(": <<< ").or_else(|| line.split_once(": >>> ")))?
        .map(|(_, text)| text)
}
