//! Transcripts of smtpcheck, swaks and curl, and sessions written with `S:` and `C:`.

/// The command or reply in a line: the text after an arrow of swaks or smtpcheck, after `S:` or `C:`, or after curl's
/// `<` or `>`. Only a time, and the bar that marks an encrypted line, may precede an arrow. Some programs write two
/// signs (ESP Mail Client: `< S: 501 ...`), and OpenSMTPD's trace has words before the sign (`mta: 0x7f: <<< 554-...`).
pub(super) fn line_of_session(line: &str) -> Option<&str> {
    const SIGNS: [&str; 16] = [
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
    let words = SIGNS.iter().find_map(|sign| start.strip_prefix(sign)).or_else(|| after_trace_sign(start))?;
    let inner = words.strip_prefix("S: ").or_else(|| words.strip_prefix("C: ")).unwrap_or(words);
    Some(inner.trim())
}

/// The text after OpenSMTPD's sign for a received or a sent line.
fn after_trace_sign(line: &str) -> Option<&str> {
    line.contains("mta: ")
        .then(|| line.split_once(": <<< ").or_else(|| line.split_once(": >>> ")))?
        .map(|(_, text)| text)
}
