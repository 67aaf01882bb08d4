//! The words in the names of a programming language: `InvalidCertificate(NotValidYet)`, `SMTPServerDisconnected`,
//! `MAILBOX_FULL`. A program that prints an error without a sentence prints such a name, and its words are often those of
//! other programs' sentences.

/// The text with the words of its names separated by spaces; `None` if it contains no such name. Only names that begin
/// with an upper-case letter count: these are the names of types and constants, and others are those of functions.
pub(crate) fn as_words(text: &str) -> Option<String> {
    let mut words = String::with_capacity(text.len() + 32);
    let mut found = false;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        found |= add_words(name, &mut words);
        let end = after.find(is_name).unwrap_or(after.len());
        let (others, after) = after.split_at_checked(end)?;
        words.push_str(others);
        rest = after;
    }
    found.then_some(words)
}

/// Adds the words of one name. Returns whether there are several.
fn add_words(name: &str, words: &mut String) -> bool {
    let bytes = name.as_bytes();
    let is_upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    let is_lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    let is_typed = is_upper(0);
    let mut several = false;
    for (at, character) in name.char_indices() {
        if is_typed && character == '_' {
            words.push(' ');
            several = true;
            continue;
        }
        // `NotFound` has two words, and so has `SMTPServer`.
        let is_start = at > 0 && is_upper(at) && (is_lower(at - 1) || is_upper(at - 1) && is_lower(at + 1));
        if is_typed && is_start {
            words.push(' ');
            several = true;
        }
        words.push(character);
    }
    several
}

#[cfg(test)]
mod tests {
    use super::as_words;

    #[test]
    fn names_become_words() {
        for (text, words) in [
            ("error: InvalidCertificate(NotValidYet)", "error: Invalid Certificate(Not Valid Yet)"),
            ("SMTPServerDisconnected", "SMTP Server Disconnected"),
            ("code: 'MAILBOX_FULL',", "code: 'MAILBOX FULL',"),
        ] {
            assert_eq!(as_words(text).as_deref(), Some(words));
        }
        for text in ["a plain sentence", "at onConnectTimeout (x.js:1)", "SMTP and TLS", "smtp_host"] {
            assert_eq!(as_words(text), None, "{text}");
        }
    }
}
