//! Searches a program's output for the test password, in every form in which the program could print it by accident.
//!
//! Six consecutive bytes of the password count as a leak: in plain text of any case, percent-encoded, as hexadecimal
//! digits, as a list of decimal bytes, or in base64 of either alphabet at any alignment. That includes the base64 of
//! `\0user\0password`, truncated or wrapped. Escaped forms (JSON, HTML, shell) need no decoder, because escaping leaves
//! letters unchanged and the password begins with enough letters.
//! Hashes of the password and nested encodings are not found. `program.rs` applies the search to every run.

/// The password of all tests. It contains every problematic character that fits in one line.
pub const CANARY: &str = "c4nary pw,=\"\\'%s+/é~";

/// Short enough to find a truncated password, and long enough not to occur in normal output by chance.
const MIN_LENGTH: usize = 6;

/// Tells whether the last bytes of a text are a part of the password.
type Part<'a> = &'a dyn Fn(u64) -> bool;

/// Decodes a text and calls the function for each position; the last six decoded bytes are in the lowest 48 bits.
type Form = (&'static str, fn(&[u8], Part<'_>) -> bool);

const FORMS: &[Form] = &[
    ("in plain", in_plain),
    ("percent-encoded", from_percent),
    ("in hexadecimal", from_hex),
    ("as decimal bytes", from_decimal),
    ("in base64", from_base64),
];

/// The forms in which the output contains the password. The expected result is an empty list.
pub fn leaks(output: &[u8]) -> Vec<&'static str> {
    leaks_of(CANARY, output)
}

/// Like `leaks`, for another password.
pub fn leaks_of(password: &str, output: &[u8]) -> Vec<&'static str> {
    let canary = password.to_ascii_lowercase();
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(byte.to_ascii_lowercase()));
    let parts: Vec<u64> = canary.as_bytes().windows(MIN_LENGTH).map(number).collect();
    // A cheap check of the last byte rules out most of the many positions. The output of a run is searched in an
    // unoptimized build, so this function and its callers use loops instead of iterators.
    let mut ends = [false; 256];
    for part in &parts {
        let [.., end] = part.to_be_bytes();
        ends[usize::from(end)] = true;
        ends[usize::from(end.to_ascii_uppercase())] = true;
    }
    let is_part = |last: u64| ends[(last & 0xff) as usize] && parts.contains(&number(&last.to_be_bytes()[2..]));
    FORMS.iter().filter(|(_, shows)| shows(output, &is_part)).map(|(name, _)| *name).collect()
}

fn in_plain(text: &[u8], is_part: Part<'_>) -> bool {
    let mut last = 0;
    for byte in text {
        last = last << 8 | u64::from(*byte);
        if is_part(last) {
            return true;
        }
    }
    false
}

/// Decodes percent-encoding (RFC 3986 §2.1). Characters that are not encoded are copied.
fn from_percent(text: &[u8], is_part: Part<'_>) -> bool {
    let (mut last, mut at) = (0, 0);
    while at < text.len() {
        let mut byte = text[at];
        at += 1;
        if byte == b'%' && at + 1 < text.len() {
            let (high, low) = (NIBBLE[usize::from(text[at])], NIBBLE[usize::from(text[at + 1])]);
            if high != NONE && low != NONE {
                byte = high << 4 | low;
                at += 2;
            }
        }
        last = last << 8 | u64::from(byte);
        if is_part(last) {
            return true;
        }
    }
    false
}

/// Decodes consecutive hexadecimal digits, with or without the usual separators between bytes: `63:34`, `63 34`,
/// `\x63\x34`, `0x63, 0x34`.
fn from_hex(text: &[u8], is_part: Part<'_>) -> bool {
    let unmarked = String::from_utf8_lossy(text).replace("0x", "").replace("\\x", "");
    let joined = without(unmarked.as_bytes(), b" ,:-\r\n");
    shows_hex(text, is_part) || shows_hex(&joined, is_part)
}

fn shows_hex(text: &[u8], is_part: Part<'_>) -> bool {
    let (mut last, mut digits) = (0, 0);
    for byte in text {
        let nibble = NIBBLE[usize::from(*byte)];
        if nibble == NONE {
            digits = 0;
            continue;
        }
        last = last << 4 | u64::from(nibble);
        digits += 1;
        if digits >= 2 * MIN_LENGTH && is_part(last) {
            return true;
        }
    }
    false
}

fn without(text: &[u8], left_out: &[u8]) -> Vec<u8> {
    let mut rest = Vec::with_capacity(text.len());
    for byte in text {
        if !left_out.contains(byte) {
            rest.push(*byte);
        }
    }
    rest
}

/// Decodes lists of bytes as `{:?}` prints them.
fn from_decimal(text: &[u8], is_part: Part<'_>) -> bool {
    let (mut last, mut number, mut has_digits) = (0, 0_u64, false);
    for byte in text.iter().chain(b" ") {
        if byte.is_ascii_digit() {
            number = (number * 10 + u64::from(byte - b'0')).min(1000);
            has_digits = true;
        } else if has_digits {
            last = last << 8 | if number < 256 { number } else { 0 };
            (number, has_digits) = (0, false);
            if is_part(last) {
                return true;
            }
        }
    }
    false
}

/// Decodes base64 (RFC 4648 §4 and §5). It is not known where the encoded text begins, so a byte can begin at each of the
/// four alignments: at the end of a letter, or two or four bits before it.
fn from_base64(text: &[u8], is_part: Part<'_>) -> bool {
    shows_base64(text, is_part) || shows_base64(&without(text, b" \t\r\n\x0c"), is_part)
}

fn shows_base64(text: &[u8], is_part: Part<'_>) -> bool {
    let (mut last, mut bits) = (0_u64, 0_usize);
    for byte in text {
        let sextet = SEXTET[usize::from(*byte)];
        if sextet == NONE {
            bits = 0;
            continue;
        }
        last = last << 6 | u64::from(sextet);
        bits += 6;
        for unused in [0, 2, 4] {
            if bits >= 8 * MIN_LENGTH + unused && is_part(last >> unused) {
                return true;
            }
        }
    }
    false
}

/// The value in the tables for a character that is not a digit.
const NONE: u8 = 0xff;

/// The values of hexadecimal digits.
const NIBBLE: [u8; 256] = values(&[b"0123456789abcdef", b"0123456789ABCDEF"]);

/// The values of the letters of both alphabets of base64.
const SEXTET: [u8; 256] = values(&[
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
]);

/// For each byte, its position in one of the alphabets.
const fn values(alphabets: &[&[u8]]) -> [u8; 256] {
    let mut table = [NONE; 256];
    let mut which = 0;
    while which < alphabets.len() {
        let mut at = 0;
        while at < alphabets[which].len() {
            table[alphabets[which][at] as usize] = at as u8;
            at += 1;
        }
        which += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::{CANARY, leaks};

    const USER: &str = "u@example.net";
    const QUOTED_USER: &str = "o'neil@example.net";

    fn hex(separator: &str) -> String {
        CANARY.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator)
    }

    fn percent_encoded(is_literal: fn(u8) -> bool) -> String {
        let encode = |byte| if is_literal(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        CANARY.bytes().map(encode).collect()
    }

    #[test]
    fn the_unchanged_password_is_a_leak() {
        assert!(leaks(format!("login as u with {CANARY} failed").as_bytes()).contains(&"in plain"));
    }

    #[test]
    fn the_password_in_capitals_is_a_leak() {
        assert!(leaks(CANARY.to_uppercase().as_bytes()).contains(&"in plain"));
    }

    #[test]
    fn the_password_escaped_for_json_or_debug_output_is_a_leak() {
        for text in [serde_json::to_string(CANARY).unwrap(), format!("{CANARY:?}")] {
            assert!(leaks(text.as_bytes()).contains(&"in plain"), "{text}");
        }
    }

    #[test]
    fn the_first_eight_bytes_of_the_password_are_a_leak() {
        assert!(leaks(b"AUTH c4nary p...").contains(&"in plain"));
    }

    #[test]
    fn a_percent_encoded_password_is_a_leak() {
        for is_literal in [(|byte| byte.is_ascii_alphanumeric()) as fn(u8) -> bool, |_| false] {
            let text = percent_encoded(is_literal);
            assert!(leaks(format!("smtp://u:{text}@host").as_bytes()).contains(&"percent-encoded"), "{text}");
        }
    }

    #[test]
    fn a_hexadecimal_password_is_a_leak_with_any_separators() {
        for text in [hex(""), hex(":"), hex(" "), hex("\\x"), hex(", 0x"), hex("").to_uppercase()] {
            assert!(leaks(format!("(a{text})").as_bytes()).contains(&"in hexadecimal"), "{text}");
        }
    }

    #[test]
    fn a_password_printed_as_a_list_of_bytes_is_a_leak() {
        assert!(leaks(format!("Vec {:?}", CANARY.as_bytes()).as_bytes()).contains(&"as decimal bytes"));
    }

    #[test]
    fn a_base64_password_is_a_leak_at_any_offset() {
        for before in ["", "x", "xy", "xyz", "\0u@example.net\0", "n,a=u,\u{1}auth=Bearer "] {
            let text = STANDARD.encode(format!("{before}{CANARY} and more"));
            assert!(leaks(format!("C: AUTH PLAIN {text}").as_bytes()).contains(&"in base64"), "{before:?}");
        }
    }

    #[test]
    fn the_initial_response_of_auth_plain_is_a_leak_for_each_user() {
        for user in [USER, QUOTED_USER] {
            let text = STANDARD.encode(format!("\0{user}\0{CANARY}"));
            assert!(leaks(text.as_bytes()).contains(&"in base64"), "{user}");
        }
    }

    #[test]
    fn a_base64_password_is_a_leak_when_truncated_wrapped_or_in_the_url_alphabet() {
        let text = STANDARD.encode(format!("\0{USER}\0{CANARY}"));
        let (head, tail) = text.split_at(30);
        let shapes =
            [text[3..].to_owned(), format!("{head}\r\n{tail}"), URL_SAFE_NO_PAD.encode(CANARY), text[..34].to_owned()];
        for shape in shapes {
            assert!(leaks(shape.as_bytes()).contains(&"in base64"), "{shape}");
        }
    }

    #[test]
    fn base64_and_hexadecimal_without_the_password_are_not_a_leak() {
        let harmless = [
            STANDARD.encode(format!("\0{USER}\0another password")),
            "235 2.7.0 Authentication successful; canary, c4nar, 63:34:6e:61".to_owned(),
            "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            "%63%34%6E%61%72".to_owned(),
        ];
        for text in harmless {
            assert_eq!(leaks(text.as_bytes()), Vec::<&str>::new(), "{text}");
        }
    }
}
