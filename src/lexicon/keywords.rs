//! EHLO extensions: the meaning of each keyword in the server's list.

use super::pool::Text;

include!(concat!(env!("OUT_DIR"), "/lexicon/keywords.rs"));

/// One extension.
#[derive(Debug)]
pub(crate) struct Keyword {
    /// The keyword as registered, in upper case.
    pub keyword: Text,
    pattern: Option<Text>,
    /// The document that defines it.
    pub reference: Text,
    /// `registered`, `historic`, `private` or `masked`.
    pub status: Text,
    /// The meaning of the keyword.
    pub meaning: Text,
    /// The sentence that is shown if the extension is advertised.
    pub says: Text,
    /// The sentence that is shown if the extension is missing; none if that does not matter.
    pub absent: Option<Text>,
}

/// Finds a keyword. Exact rows are tried first, then prefixes, longest first.
pub(crate) fn find(word: &str) -> Option<&'static Keyword> {
    let word = word.to_ascii_uppercase();
    let is_prefix = |row: &&Keyword| row.pattern.as_deref() == Some("prefix");
    let exact = KEYWORDS.iter().find(|row| !is_prefix(row) && row.keyword.eq_ignore_ascii_case(&word));
    exact.or_else(|| {
        let fits = |row: &&Keyword| is_prefix(row) && word.starts_with(&row.keyword.to_ascii_uppercase());
        KEYWORDS.iter().filter(fits).max_by_key(|row| row.keyword.len())
    })
}

/// Whether a word is a keyword in this list. A row that only matches as a prefix does not count.
pub(crate) fn is_registered(word: &str) -> bool {
    KEYWORDS.iter().any(|row| row.pattern.is_none() && row.keyword.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::lexicon::entries;

    #[test]
    fn every_keyword_is_found_by_its_example_and_not_by_its_counter_example() {
        let word = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
        for row in &entries().keywords.entries.keyword {
            let keyword = row.keyword.get_ref().as_str();
            assert!(row.source.as_deref() != Some(""), "{keyword} has an empty source");
            let found = |line: &str| find(&word(line)).map(|found| found.keyword.as_str());
            assert_eq!(found(&row.example), Some(keyword), "{}", row.example);
            assert_ne!(found(&row.counter_example), Some(keyword), "{}", row.counter_example);
        }
    }
}
