//! Text of a peer made safe to show: control characters, escape sequences, characters that change the direction of
//! writing or cannot be seen become visible escapes. What is left is plain printable text on one line.

/// The same text without anything that a terminal would act upon.
pub fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_dangerous(c) {
            let number = u32::from(c);
            let escape = if number < 0x100 { format!("\\x{number:02x}") } else { format!("\\u{{{number:x}}}") };
            safe.push_str(&escape);
        } else {
            safe.push(c);
        }
    }
    safe
}

/// The same JSON with characters that JSON allows raw, and terminals act upon, written as `\u` escapes. In JSON such
/// characters can only stand inside strings.
pub fn json(document: &str) -> String {
    let mut safe = String::with_capacity(document.len());
    for c in document.chars() {
        if c != '\n' && is_dangerous(c) {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Marks, embeddings, overrides and isolates of writing direction (UAX 9).
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators, zero-width characters, the byte order mark, interlinear annotation.
            | '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // No characters at all; XML 1.0 forbids them.
            | '\u{fffe}' | '\u{ffff}'
            // Tags, which can hide whole messages.
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{json, visible};

    #[test]
    fn escape_sequences_and_overrides_become_visible() {
        assert_eq!(visible("\u{1b}]52;c;AAAA\u{7}"), "\\x1b]52;c;AAAA\\x07");
        assert_eq!(visible("\u{9b}31m"), "\\x9b31m");
        assert_eq!(visible("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(visible("schöner Gruß"), "schöner Gruß");
    }

    #[test]
    fn json_stays_json() {
        let document = serde_json::to_string(&"\u{9b}\u{202e}\u{7f}\u{e0041}").expect("a string");
        let safe = json(&document);
        assert!(safe.is_ascii(), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).expect("still JSON"), "\u{9b}\u{202e}\u{7f}\u{e0041}");
    }

    proptest! {
        #[test]
        fn no_control_character_survives(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(char::is_control));
        }
    }
}
