//! Parses the embedded files, and normalises text for comparison with them.

/// Parses an embedded file. The tests verify that every file can be parsed.
pub(super) fn embedded<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> T {
    match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => unreachable!("{name} is embedded and tested: {error}"),
    }
}

/// Normalises text for comparison: lower case, with each run of white space replaced by one space.
pub fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !normal.is_empty() {
            normal.push(' ');
        }
        if word.is_ascii() {
            normal.extend(word.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
        } else {
            normal.push_str(&word.to_lowercase());
        }
    }
    normal
}
