//! Replaces the spelling variants of a word with one spelling, so that a phrase needs to list only that spelling:
//! letters with and without accents (`przepełniona`, `przepelniona`), contractions (`isn't`, `is not`), British and
//! American endings, `e-mail` and `email`.
//!
//! The build script writes the literals of phrases in the same spelling.

use std::borrow::Cow;

/// Pairs of a spelling and its replacement. The order matters.
const SPELLINGS: [(&str, &str); 10] = [
    ("can't", "can not"),
    ("cannot", "can not"),
    ("won't", "will not"),
    ("n't", " not"),
    ("e-mail", "email"),
    ("user name", "username"),
    ("authoris", "authoriz"),
    ("recognis", "recogniz"),
    ("black list", "blacklist"),
    ("block list", "blocklist"),
];

/// Text in lower case, converted to one spelling.
pub(super) fn unified(text: &str) -> String {
    let mut text = if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(without_accents(text)) };
    for (spelling, other) in SPELLINGS {
        if text.contains(spelling) {
            text = Cow::Owned(text.replace(spelling, other));
        }
    }
    text.into_owned()
}

fn without_accents(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            'à'..='å' | 'ā' | 'ă' | 'ą' | 'ả' | 'ạ' => plain.push('a'),
            'ç' | 'ć' | 'č' => plain.push('c'),
            'ď' | 'đ' => plain.push('d'),
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => plain.push('e'),
            'ğ' | 'ģ' => plain.push('g'),
            'ì'..='ï' | 'ī' | 'į' | 'ı' => plain.push('i'),
            'ł' | 'ľ' | 'ļ' => plain.push('l'),
            'ñ' | 'ń' | 'ň' => plain.push('n'),
            'ò'..='ö' | 'ø' | 'ő' | 'ō' => plain.push('o'),
            'ŕ' | 'ř' => plain.push('r'),
            'ś' | 'š' | 'ş' | 'ș' => plain.push('s'),
            'ß' => plain.push_str("ss"),
            'ť' | 'ţ' | 'ț' => plain.push('t'),
            'ù'..='ü' | 'ů' | 'ű' | 'ū' | 'ų' => plain.push('u'),
            'ý' | 'ÿ' => plain.push('y'),
            'ź' | 'ż' | 'ž' => plain.push('z'),
            'ё' => plain.push('е'),
            '’' | '‘' | '´' => plain.push('\''),
            // Accents that follow their letter (decomposed Unicode).
            '\u{300}'..='\u{36f}' => {}
            _ => plain.push(one),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn different_spellings_of_a_word_are_the_same() {
        for (one, other) in [
            ("skrzynka przepełniona", "skrzynka przepelniona"),
            ("boîte pleine", "boi\u{302}te pleine"),
            ("this account isn’t allowed", "this account is not allowed"),
            ("cannot find", "can't find"),
            ("your e-mail was not authorised", "your email was not authorized"),
            ("größe überschritten", "grosse uberschritten"),
        ] {
            assert_eq!(unified(one), unified(other));
        }
        assert_eq!(unified("550 5.1.1 user unknown"), "550 5.1.1 user unknown");
    }
}
