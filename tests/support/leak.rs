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

type Form = (&'static str, fn(&[u8]) -> Vec<Vec<u8>>);

/// Decoders: each takes a string and returns the strings that it may encode.
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
    let pieces: Vec<&[u8]> = canary.as_bytes().windows(MIN_LENGTH).collect();
    // A cheap check of the first byte rules out most of the many positions.
    let mut begins = [false; 256];
    for piece in &pieces {
        begins[usize::from(piece[0])] = true;
    }
    let shows = |text: &Vec<u8>| {
        let text = text.to_ascii_lowercase();
        text.windows(MIN_LENGTH).any(|window| begins[usize::from(window[0])] && pieces.contains(&window))
    };
    FORMS.iter().filter(|(_, decode)| decode(output).iter().any(shows)).map(|(name, _)| *name).collect()
}

fn in_plain(text: &[u8]) -> Vec<Vec<u8>> {
    vec![text.to_vec()]
}

/// Decodes percent-encoding (RFC 3986 §2.1). Characters that are not encoded are copied.
fn from_percent(text: &[u8]) -> Vec<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?));
        match digits {
            Some(byte) if *first == b'%' => {
                decoded.push(byte);
                rest = &after[2..];
            }
            _ => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    vec![decoded]
}

/// Decodes consecutive hexadecimal digits, with or without the usual separators between bytes: `63:34`, `63 34`,
/// `\x63\x34`, `0x63, 0x34`.
fn from_hex(text: &[u8]) -> Vec<Vec<u8>> {
    let unmarked = String::from_utf8_lossy(text).replace("0x", "").replace("\\x", "");
    let joined: Vec<u8> = unmarked.bytes().filter(|byte| !b" ,:-\r\n".contains(byte)).collect();
    let mut decoded = Vec::new();
    for run in text.split(|byte| nibble(*byte).is_none()).chain(joined.split(|byte| nibble(*byte).is_none())) {
        for start in 0..2 {
            let digits: Vec<u8> = run.iter().skip(start).filter_map(|byte| nibble(*byte)).collect();
            decoded.push(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect());
        }
    }
    decoded
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Decodes lists of bytes as `{:?}` prints them.
fn from_decimal(text: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(text);
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
    vec![numbers.map(|number| number.parse().unwrap_or(0)).collect()]
}

/// Decodes base64 (RFC 4648 §4 and §5). It is not known where the encoded text begins, so each run of characters is
/// decoded at four alignments.
fn from_base64(text: &[u8]) -> Vec<Vec<u8>> {
    let unwrapped: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut decoded = Vec::new();
    for run in text.split(|byte| sextet(*byte).is_none()).chain(unwrapped.split(|byte| sextet(*byte).is_none())) {
        for start in 0..4 {
            let sextets: Vec<u32> = run.iter().skip(start).filter_map(|byte| sextet(*byte)).collect();
            decoded.push(sextets.chunks(4).flat_map(three_bytes).collect());
        }
    }
    decoded
}

/// The complete bytes in up to four sextets.
fn three_bytes(sextets: &[u32]) -> Vec<u8> {
    let bits = (0..4).fold(0, |bits, index| bits << 6 | sextets.get(index).copied().unwrap_or(0));
    bits.to_be_bytes().into_iter().skip(1).take(sextets.len() * 6 / 8).collect()
}

fn sextet(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(value.into())
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
