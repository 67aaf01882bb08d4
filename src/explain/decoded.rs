//! Decodes text that was copied out of a container: `\u003c` in JSON, `&lt;` in HTML, `\xd0\xbd` in a Python literal,
//! `=3D` and lines that end with `=` in quoted-printable (RFC 2045 §6.7).
//!
//! Only escapes that cannot be part of a message's own words are decoded. A line that contains a password is not
//! decoded, because decoding could change where the password ends. The readers of replies understand `\n` and `\"`
//! themselves.
//!
//! Read next: [`super::arguments`] and [`super::stream`], which decode their input with this module.

use std::borrow::Cow;

use super::secrets::without_secrets;

/// The characters that HTML and XML escape, and the tags between lines.
const ENTITIES: [(&str, &str); 14] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&apos;", "'"),
    ("&#34;", "\""),
    ("&#39;", "'"),
    ("&#039;", "'"),
    ("&#x27;", "'"),
    ("&#60;", "<"),
    ("&#62;", ">"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
    ("<br>", " "),
    ("<br/>", " "),
];

/// The shortest and longest line that quoted-printable breaks. A line has at most 76 characters (RFC 2045 §6.7).
const BROKEN: std::ops::RangeInclusive<usize> = 60..=78;
/// The maximum number of lines that are joined.
pub(super) const MAX_JOINED: usize = 40;

/// A line without escapes.
pub(super) fn line(text: &str) -> Cow<'_, str> {
    let may_have = |bytes: &[u8]| {
        bytes.windows(2).any(|pair| matches!(pair, b"\\u" | b"\\x" | b"<b"))
            || bytes.contains(&b'&')
            || bytes.windows(3).any(|part| matches!(part, [b'=', high, low] if is_hex(*high) && is_hex(*low)))
    };
    if !may_have(text.as_bytes()) || without_secrets(text) != text {
        return Cow::Borrowed(text);
    }
    let decoded = without_entities(&without_backslashes(&without_equals_signs(text)));
    if decoded == text { Cow::Borrowed(text) } else { Cow::Owned(decoded) }
}

/// Several lines without escapes, and with the lines joined that quoted-printable broke.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    let has_broken = text.lines().any(|line| is_broken(line.as_bytes()));
    let is_plain = |one: &str| matches!(line(one), Cow::Borrowed(_));
    if !has_broken && text.lines().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(first) = lines.next() {
        let mut joined = first.to_owned();
        let mut last = first;
        for _ in 1..MAX_JOINED {
            let Some(next) = is_broken(last.as_bytes()).then(|| lines.next()).flatten() else { break };
            joined.truncate(joined.trim_end().len() - 1);
            joined.push_str(next);
            last = next;
        }
        decoded.push_str(&line(&joined));
        decoded.push('\n');
    }
    if !text.ends_with('\n') {
        decoded.pop();
    }
    Cow::Owned(decoded)
}

/// Whether quoted-printable broke this line. Base64 also ends with `=`, so the line must be a sentence whose last word
/// is short, and not part of a login.
pub(super) fn is_broken(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let Some(text) = line.strip_suffix(b"=").filter(|_| BROKEN.contains(&line.len())) else { return false };
    let words = text.split(|byte| *byte == b' ').count();
    let last = text.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let is_word = last.len() <= 24 && !last.iter().any(|byte| matches!(byte, b'=' | b'+' | b'/'));
    let is_login = text.windows(4).any(|part| part.eq_ignore_ascii_case(b"auth") || part == b"334 ");
    words >= 4 && is_word && !is_login
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'F')
}

fn without_entities(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        let (before, after) = rest.split_at(at);
        decoded.push_str(before);
        let known = ENTITIES.iter().find(|(entity, _)| after.starts_with(entity));
        let (length, sign) = match known {
            Some((entity, sign)) => (entity.len(), *sign),
            None => (1, after.get(..1).unwrap_or_default()),
        };
        decoded.push_str(sign);
        rest = after.get(length..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded
}

/// Decodes `\u003c`, and the bytes of letters outside ASCII (`\xd0\xbd`).
fn without_backslashes(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, after) = rest.split_at(at);
        decoded.push_str(before);
        let (part, length) = utf16(after).or_else(|| bytes(after, "\\x")).unwrap_or_else(|| ("\\".to_owned(), 1));
        decoded.push_str(&part);
        rest = after.get(length..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded
}

/// The character that begins the text as `\u003c` or as two such escapes, and the length of the escapes.
fn utf16(text: &str) -> Option<(String, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let units: Vec<u16> = [unit(0), unit(6)].into_iter().map_while(|unit| unit).collect();
    let first = char::decode_utf16(units).next()?.ok().filter(|one| !one.is_control())?;
    Some((first.to_string(), 6 * first.len_utf16()))
}

/// The letters outside ASCII whose bytes begin the text, each after the sign, and the length of the escapes.
fn bytes(text: &str, sign: &str) -> Option<(String, usize)> {
    let length = sign.len() + 2;
    let values: Vec<u8> = (0..)
        .map_while(|number| {
            let digits = text.get(number * length..(number + 1) * length)?.strip_prefix(sign)?;
            u8::from_str_radix(digits, 16).ok().filter(|value| *value >= 0x80)
        })
        .collect();
    let letters = std::str::from_utf8(&values).ok().filter(|letters| !letters.is_empty())?;
    Some((letters.to_owned(), values.len() * length))
}

/// Decodes quoted-printable: `=3D`, a space at the end of a line, and letters outside ASCII.
fn without_equals_signs(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let (before, after) = rest.split_at(at);
        decoded.push_str(before);
        let (part, length) = match after {
            "=20" | "=09" => (" ".to_owned(), 3),
            _ if after.starts_with("=3D") => ("=".to_owned(), 3),
            _ => bytes(after, "=").unwrap_or_else(|| ("=".to_owned(), 1)),
        };
        decoded.push_str(&part);
        rest = after.get(length..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::{is_broken, line, text};

    #[test]
    fn escapes_of_containers_are_decoded() {
        for (escaped, decoded) in [
            (r"550 5.1.1 \u003ca@example.org\u003e: no", "550 5.1.1 <a@example.org>: no"),
            (r"\ud83d\udcee \u0441\u0442\u043e\u043f", "📮 стоп"),
            (r"(535, b'\xd0\xbd\xd0\xb5\xd1\x82')", "(535, b'нет')"),
            (
                "550 5.1.1 &lt;a@example.org&gt;: no&nbsp;user &amp; no list",
                "550 5.1.1 <a@example.org>: no user & no list",
            ),
            ("550-a<br>550 b", "550-a 550 b"),
            ("a=3Db =E2=80=93 c=20", "a=b – c "),
        ] {
            assert_eq!(line(escaped), decoded);
        }
    }

    #[test]
    fn other_text_and_text_with_a_password_are_not_changed() {
        for plain in [
            r"C:\users\x64 \n \r\n \u00 \x0a",
            "R&D <b> a=b == c=E2 q=1",
            "AUTH PLAIN AGEAYQ==",
            "smtp://a:p&amp;w@mx.example.com",
        ] {
            assert_eq!(line(plain), plain);
        }
    }

    #[test]
    fn lines_that_quoted_printable_broke_are_joined() {
        let broken = "We recommend contacting the other email provider for further inform=\nation.\nnext";
        assert_eq!(text(broken), "We recommend contacting the other email provider for further information.\nnext");
        for other in [
            "AUTH PLAIN AGtpbUBleGFtcGxlLm9yZwBzZWNyZXRzZWNyZXRzZWNyZXRzZWNyZXQ=",
            "short line=",
            "dGhpcyBpcyBhIGxpbmUgb2YgYmFzZTY0IHRleHQgdGhhdCBpcyBsb25nIGVub3VnaCBmb3IgdGhpcw=",
            "a sentence with a word that is far too long: dGhpcyBpcyBhIGxpbmUgb2YgYmFzZTY=",
        ] {
            assert!(!is_broken(other.as_bytes()), "{other}");
        }
    }
}
