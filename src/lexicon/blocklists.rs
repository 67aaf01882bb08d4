//! DNS block lists, recognised by the words that replies contain about them.

use std::sync::LazyLock;

use serde::Deserialize;

use super::embedded::embedded;
use super::meaning::Fix;

static LISTS: LazyLock<BlocklistsFile> =
    LazyLock::new(|| embedded("blocklists.toml", include_str!("data/blocklists.toml")));

#[derive(Deserialize)]
struct BlocklistsFile {
    blocklist: Vec<Blocklist>,
}

/// One block list.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Blocklist {
    /// The public id, in kebab-case.
    #[cfg(test)]
    pub id: String,
    /// The name as it is shown to the user.
    pub name: String,
    any: Vec<String>,
    /// The meaning of an entry in the list.
    #[cfg(test)]
    pub means: String,
    /// The page for looking up or removing an entry; empty if there is none.
    pub removal: String,
    /// The kind of entries: `ip`, `domain` or `network`.
    #[cfg(test)]
    pub kind: String,
    /// Who must act first: `sender`, `provider` or `receiver`.
    #[cfg(test)]
    pub who: String,
    /// False if the list has been shut down.
    #[cfg(test)]
    pub active: bool,
    /// Fixes for the user.
    #[serde(default)]
    pub fix: Vec<Fix>,
    #[cfg(test)]
    source: String,
    #[cfg(test)]
    example: String,
    #[cfg(test)]
    counter_example: String,
}

/// The first list that is named in a normalised text.
pub(crate) fn named_in(text: &str) -> Option<&'static Blocklist> {
    LISTS.blocklist.iter().find(|list| list.any.iter().any(|word| text.contains(word.as_str())))
}

#[cfg(test)]
mod tests {
    use super::{LISTS, named_in};
    use crate::lexicon::normal;

    #[test]
    fn every_list_is_found_in_its_example_and_not_in_its_counter_example() {
        for list in &LISTS.blocklist {
            assert!(!list.source.is_empty(), "{} has no source", list.id);
            assert!(list.means.ends_with('.'), "{}: {}", list.id, list.means);
            assert!(["ip", "domain", "network"].contains(&list.kind.as_str()), "{}: {}", list.id, list.kind);
            assert!(["sender", "provider", "receiver"].contains(&list.who.as_str()), "{}: {}", list.id, list.who);
            assert!(list.active || list.removal.is_empty(), "{} is shut down and has a removal page", list.id);
            let found = |text: &str| named_in(&normal(text)).map(|found| found.id.as_str());
            assert_eq!(found(&list.example), Some(list.id.as_str()), "{}", list.example);
            assert_ne!(found(&list.counter_example), Some(list.id.as_str()), "{}", list.counter_example);
        }
    }
}
