//! DNS blocklists, recognised by the wording of replies.

use super::pool::{FixRow, List, Text};

include!(concat!(env!("OUT_DIR"), "/lexicon/blocklists.rs"));

/// One blocklist.
#[derive(Debug)]
pub(crate) struct Blocklist {
    /// The name as it is shown to the user.
    pub name: Text,
    any: List<Text>,
    /// The page for looking up or removing an entry; empty if there is none.
    pub removal: Text,
    /// Fixes for the user.
    pub fix: List<FixRow>,
}

/// The first list that is named in normalised text.
pub(crate) fn named_in(text: &str) -> Option<&'static Blocklist> {
    LISTS.iter().find(|list| list.any.iter().any(|word| text.contains(&**word)))
}

#[cfg(test)]
mod tests {
    use super::named_in;
    use crate::lexicon::{entries, normal};

    #[test]
    fn every_list_is_found_in_its_example_and_not_in_its_counter_example() {
        for list in &entries().blocklists.entries.blocklist {
            let id = list.id.get_ref();
            assert!(!list.source.is_empty(), "{id} has no source");
            assert!(list.means.ends_with('.'), "{id}: {}", list.means);
            assert!(["ip", "domain", "network"].contains(&list.kind.as_str()), "{id}: {}", list.kind);
            assert!(["sender", "provider", "receiver"].contains(&list.who.as_str()), "{id}: {}", list.who);
            assert!(list.active || list.removal.is_empty(), "{id} is shut down and has a removal page");
            let found = |text: &str| named_in(&normal(text)).map(|found| found.name.as_str());
            assert_eq!(found(&list.example), Some(list.name.as_str()), "{}", list.example);
            assert_ne!(found(&list.counter_example), Some(list.name.as_str()), "{}", list.counter_example);
        }
    }
}
