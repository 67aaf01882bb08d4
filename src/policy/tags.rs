//! A list of tags: `v=DMARC1; p=none` (RFC 6376 §3.2). Parts that do not have the form `name=value` are kept.

use std::ops::Range;

/// A list of tags in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagList<'t> {
    /// The parts between the semicolons. Empty parts, such as the one after a final semicolon, are left out.
    pub(crate) tags: Vec<Tag<'t>>,
}

/// One part of a list of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'t> {
    /// The name, without spaces around it; empty if the part contains no `=`.
    pub(crate) name: &'t str,
    /// The value, without spaces around it. If the part contains no `=`, this is the entire part.
    pub(crate) value: &'t str,
    /// The position of the part in the text, in bytes.
    pub(crate) at: Range<usize>,
}

impl<'t> TagList<'t> {
    /// Splits text into tags. Any text can be split.
    pub(crate) fn parse(text: &'t str) -> TagList<'t> {
        let mut begin = 0;
        let mut tags = Vec::new();
        for part in text.split(';') {
            let at = begin..begin + part.len();
            begin = at.end + 1;
            let (name, value) = part.split_once('=').unwrap_or(("", part));
            if !part.trim().is_empty() {
                tags.push(Tag { name: name.trim(), value: value.trim(), at });
            }
        }
        TagList { tags }
    }

    /// The first tag with this name. Names of tags are case-sensitive (RFC 6376 §3.2).
    pub(crate) fn get(&self, name: &str) -> Option<&'t str> {
        self.tags.iter().find(|tag| tag.name == name).map(|tag| tag.value)
    }

    /// The first part that is not of the form `name=value`, or whose name is not a letter followed by letters, digits
    /// and underscores (RFC 6376 §3.2).
    pub(crate) fn not_a_tag(&self) -> Option<&Tag<'t>> {
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        self.tags.iter().find(|tag| !is_name(tag.name))
    }

    /// The names that occur more than once, which makes the list invalid (RFC 6376 §3.2).
    pub(crate) fn doubled(&self) -> Vec<&'t str> {
        let mut doubled: Vec<&str> = Vec::new();
        for (at, tag) in self.tags.iter().enumerate() {
            let earlier = self.tags.iter().take(at).any(|other| other.name == tag.name && !tag.name.is_empty());
            if earlier && !doubled.contains(&tag.name) {
                doubled.push(tag.name);
            }
        }
        doubled
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

    use super::TagList;

    #[test]
    fn tags_keep_their_order_and_parts_without_a_value() {
        let list = TagList::parse("v=DMARC1; p = none ;junk; rua=mailto:a@b.example;");
        let names: Vec<_> = list.tags.iter().map(|tag| (tag.name, tag.value)).collect();
        assert_eq!(names, [("v", "DMARC1"), ("p", "none"), ("", "junk"), ("rua", "mailto:a@b.example")]);
        assert_eq!(list.get("p"), Some("none"));
        assert_eq!(list.tags[1].at, 9..19);
        assert!(list.doubled().is_empty());
        assert_eq!(TagList::parse("p=none; p=reject; p=x").doubled(), ["p"]);
    }
}
