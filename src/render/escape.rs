//! Makes text received from a server safe to show. Control characters, invisible characters, characters that change the
//! writing direction and unassigned characters are replaced by visible escapes. The result is printable text on one
//! line. Every text format, log line and annotation uses [`visible`]; JSON uses [`json`].
//!
//! The characters are selected by their Unicode properties, not by a list: see [`CharacterClass::of`].

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The maximum number of consecutive combining marks. Written languages need up to four; many marks would cover the
/// lines above.
const MOST_MARKS: usize = 8;

/// Escapes text for display.
pub fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut marks = Marks::default();
    for c in text.chars() {
        if marks.must_escape(c) {
            let number = u32::from(c);
            let escape = if number < 0x100 { format!("\\x{number:02x}") } else { format!("\\u{{{number:x}}}") };
            safe.push_str(&escape);
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Escapes a JSON document: characters that JSON permits unescaped, but that are unsafe in a terminal, become `\u`
/// escapes (RFC 8259 section 7). The values do not change, because such characters occur only inside JSON strings.
pub fn json(document: &str) -> String {
    let mut safe = String::with_capacity(document.len());
    let mut marks = Marks::default();
    for c in document.chars() {
        if marks.must_escape(c) && c != '\n' {
            let mut units = [0u16; 2];
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
        if c == '"' {
            marks = Marks::default();
        }
    }
    safe
}

/// The effect of a character on the text around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CharacterClass {
    Plain,
    /// A combining mark, which is drawn over the character before it.
    Mark,
    /// A character that terminals interpret, that is invisible, or that is unassigned.
    Dangerous,
}

impl CharacterClass {
    /// The dangerous characters, by General_Category (UAX 44):
    /// 1. Cc, control characters;
    /// 2. Cf, format characters: direction marks (UAX 9), zero-width characters, soft hyphen, tags, byte order mark;
    /// 3. Zl and Zp, line and paragraph separators;
    /// 4. Co, private use: the font determines how they look, and some fonts show check marks and locks;
    /// 5. Cn, unassigned, including the noncharacters that XML 1.0 forbids: terminals do not know their width;
    ///
    /// and every character with Default_Ignorable_Code_Point, which is invisible where it is not supported: Hangul
    /// fillers, variation selectors, the Mongolian vowel separator.
    fn of(c: char) -> CharacterClass {
        if matches!(c, ' '..='~') {
            return CharacterClass::Plain;
        }
        const DANGEROUS: GeneralCategoryGroup = GeneralCategoryGroup::Other
            .union(GeneralCategoryGroup::LineSeparator)
            .union(GeneralCategoryGroup::ParagraphSeparator);
        let category = CodePointMapData::<GeneralCategory>::new().get(c);
        if DANGEROUS.contains(category) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c) {
            CharacterClass::Dangerous
        } else if GeneralCategoryGroup::Mark.contains(category) {
            CharacterClass::Mark
        } else {
            CharacterClass::Plain
        }
    }
}

/// Counts consecutive combining marks. A mark at the start of the text is also escaped, because it would be drawn over
/// the character before the text.
struct Marks(usize);

impl Default for Marks {
    fn default() -> Marks {
        Marks(MOST_MARKS)
    }
}

impl Marks {
    /// Whether the next character must be escaped.
    fn must_escape(&mut self, next: char) -> bool {
        match CharacterClass::of(next) {
            CharacterClass::Dangerous => true,
            CharacterClass::Mark => {
                self.0 = self.0.saturating_add(1);
                self.0 > MOST_MARKS
            }
            CharacterClass::Plain => {
                self.0 = 0;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::{MOST_MARKS, json, visible};

    #[test]
    fn escape_sequences_and_overrides_become_visible() {
        assert_eq!(visible("\u{1b}]52;c;AAAA\u{7}"), "\\x1b]52;c;AAAA\\x07");
        assert_eq!(visible("\u{9b}31m"), "\\x9b31m");
        assert_eq!(visible("a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(visible("schöner Gruß"), "schöner Gruß");
    }

    #[test]
    fn invisible_characters_become_visible() {
        for c in [
            '\u{ad}',
            '\u{34f}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180e}',
            '\u{180b}',
            '\u{200b}',
            '\u{2028}',
            '\u{2029}',
            '\u{2060}',
            '\u{2062}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{1d173}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{e000}',
            '\u{378}',
            '\u{fdd0}',
            '\u{ffff}',
            '\u{10ffff}',
        ] {
            let escape = match u32::from(c) {
                number @ ..0x100 => format!("\\x{number:02x}"),
                number => format!("\\u{{{number:x}}}"),
            };
            assert_eq!(visible(&format!("a{c}b")), format!("a{escape}b"));
        }
        let written = "Grüße, naïve, Пользователь, 受信者が不明, مستخدم, उपयोगकर्ता, ผู้ใช้, \u{a0}x";
        assert_eq!(visible(written), written);
    }

    #[test]
    fn marks_are_shown_up_to_a_limit_and_never_at_the_start() {
        let pile = |count: usize| format!("a{}b", "\u{301}".repeat(count));
        assert_eq!(visible(&pile(MOST_MARKS)), pile(MOST_MARKS));
        let escaped = format!("a{}\\u{{301}}b", "\u{301}".repeat(MOST_MARKS));
        assert_eq!(visible(&pile(MOST_MARKS + 1)), escaped);
        assert_eq!(visible("\u{338}a"), "\\u{338}a");
        let document = serde_json::to_string(&["\u{338}a", &pile(100)]).expect("strings");
        let safe = json(&document);
        assert!(safe.starts_with("[\"\\u0338a") && !safe.contains(&"\u{301}".repeat(MOST_MARKS + 1)), "{safe}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&safe).expect("still JSON"), ["\u{338}a", &pile(100)]);
    }

    #[test]
    fn escaped_json_has_the_same_value() {
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
