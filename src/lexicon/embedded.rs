//! Reads the embedded files, and prepares text for comparison with them.

/// Parses an embedded file. That it can be parsed is what the tests of the loaders prove.
pub(super) fn embedded<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> T {
    match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => unreachable!("{name} is embedded and tested: {error}"),
    }
}

/// Text as literals are looked up in it: lower case, runs of white space as one blank.
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
