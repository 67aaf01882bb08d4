//! Transcripts of smtpcheck, swaks and curl, and sessions written with `S:` and `C:`.

/// The command or reply in a line: the text after an arrow of swaks or smtpcheck, after `S:` or `C:`, or after curl's
/// `<` or `>`. Only a time and the bar of an encrypted line may precede an arrow.
pub(super) fn line_of_session(line: &str) -> Option<&str> {
    const SIGNS: [&str; 14] =
        ["<- ", "<~ ", "<** ", "<~* ", "<= ", "-> ", "~> ", "\u{2190} ", "\u{2192} ", "S: ", "C: ", "< ", "> ", "** "];
    let before = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\t' | '.' | '\u{258e}');
    let start = line.trim_start_matches(before);
    SIGNS.iter().find_map(|sign| start.strip_prefix(sign)).map(str::trim)
}
