//! Transcripts of smtpcheck, swaks and curl, and sessions written with `S:` and `C:`.

/// A line of either side: after an arrow of swaks or smtpcheck, `S:`, `C:`, or curl's `<` and `>`. Only a time and the mark
/// of an encrypted line may precede an arrow.
pub(super) fn line_of_session(line: &str) -> Option<&str> {
    const SIGNS: [&str; 14] =
        ["<- ", "<~ ", "<** ", "<~* ", "<= ", "-> ", "~> ", "\u{2190} ", "\u{2192} ", "S: ", "C: ", "< ", "> ", "** "];
    let before = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\t' | '.' | '\u{258e}');
    let start = line.trim_start_matches(before);
    SIGNS.iter().find_map(|sign| start.strip_prefix(sign)).map(str::trim)
}
