//! EHLO extensions: the meaning of each keyword in the server's list.

use std::sync::LazyLock;

use serde::Deserialize;

use super::embedded::embedded;

static FILE: LazyLock<KeywordsFile> = LazyLock::new(|| embedded("keywords.toml", include_str!("data/keywords.toml")));

#[derive(Deserialize)]
struct KeywordsFile {
    keyword: Vec<Keyword>,
}

/// One extension.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Keyword {
    /// The keyword as registered, in upper case.
    pub keyword: String,
    pattern: Option<String>,
    /// The document that defines it.
    pub reference: String,
    /// `registered`, `historic`, `private` or `masked`.
    pub status: String,
    /// The meaning of the keyword.
    pub meaning: String,
    /// The sentence that is shown if the extension is advertised.
    pub says: String,
    /// The sentence that is shown if the extension is missing, if that matters.
    pub absent: Option<String>,
    #[cfg(test)]
    source: Option<String>,
    #[cfg(test)]
    example: String,
    #[cfg(test)]
    counter_example: String,
}

/// Finds a keyword. Exact rows are tried first, then prefixes, longest first.
pub(crate) fn find(word: &str) -> Option<&'static Keyword> {
    let word = word.to_ascii_uppercase();
    let is_prefix = |row: &&Keyword| row.pattern.as_deref() == Some("prefix");
    let exact = FILE.keyword.iter().find(|row| !is_prefix(row) && row.keyword.eq_ignore_ascii_case(&word));
    exact.or_else(|| {
        let fits = |row: &&Keyword| is_prefix(row) && word.starts_with(&row.keyword.to_ascii_uppercase());
        FILE.keyword.iter().filter(fits).max_by_key(|row| row.keyword.len())
    })
}

/// Whether a word is a keyword in this list. A row that only matches as a prefix does not count.
pub(crate) fn is_registered(word: &str) -> bool {
    FILE.keyword.iter().any(|row| row.pattern.is_none() && row.keyword.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::{FILE, find};

    #[test]
    fn every_keyword_is_found_by_its_example_and_not_by_its_counter_example() {
        let word = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
        for row in &FILE.keyword {
            assert!(row.source.as_deref() != Some(""), "{} has an empty source", row.keyword);
            let found = |line: &str| find(&word(line)).map(|found| found.keyword.clone());
            assert_eq!(found(&row.example).as_ref(), Some(&row.keyword), "{}", row.example);
            assert_ne!(found(&row.counter_example).as_ref(), Some(&row.keyword), "{}", row.counter_example);
        }
    }
}
