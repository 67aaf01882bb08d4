//! Cloud providers and CI services that a machine may run in: how to recognise them, and whether they block outgoing
//! mail connections.

use super::meaning::Confidence;
use super::pool::{FixRow, List, Text};
use std::collections::BTreeMap;

include!(concat!(env!("OUT_DIR"), "/lexicon/clouds.rs"));

/// One cloud provider, platform or CI service.
#[derive(Debug)]
pub(crate) struct Cloud {
    /// The name as it is shown to the user.
    pub name: Text,
    /// `cloud`, `platform`, `ci` or `virtual`.
    pub kind: Text,
    env: List<Text>,
    /// Files in `/sys/class/dmi/id` with the values that they may contain.
    dmi: &'static [(Text, List<Text>)],
    host_suffix: List<Text>,
    /// The outgoing ports that are blocked by default.
    pub blocks: &'static [u16],
    /// How certain the recognition is.
    pub certainty: Confidence,
    /// The explanation for the user.
    pub means: Text,
    /// Fixes for the user.
    pub fix: List<FixRow>,
}

/// Facts about a machine that identify its cloud.
#[derive(Clone, Debug, Default)]
pub(crate) struct MachineSigns<'a> {
    /// Files in `/sys/class/dmi/id` with their contents.
    pub dmi: BTreeMap<&'a str, &'a str>,
    /// Names of environment variables that are set.
    pub env: Vec<&'a str>,
    /// The host name.
    pub host: Option<&'a str>,
}

/// The first entry that matches the facts.
pub(crate) fn recognise(signs: &MachineSigns<'_>) -> Option<&'static Cloud> {
    CLOUDS.iter().find(|cloud| {
        let by_env = cloud.env.iter().any(|name| signs.env.contains(&&**name));
        let by_dmi = cloud.dmi.iter().any(|(file, values)| {
            let content = signs.dmi.get(&**file).map(|content| content.trim().to_lowercase());
            content.is_some_and(|content| values.iter().any(|value| content.contains(&value.to_lowercase())))
        });
        let by_host = signs.host.is_some_and(|host| cloud.host_suffix.iter().any(|suffix| host.ends_with(&**suffix)));
        by_env || by_dmi || by_host
    })
}

/// The names of all environment variables that are used for recognition.
pub(crate) fn variables() -> impl Iterator<Item = &'static str> {
    CLOUDS.iter().flat_map(|cloud| cloud.env.texts())
}

#[cfg(test)]
mod tests {
    use super::{MachineSigns, recognise};
    use crate::lexicon::entries;

    #[test]
    fn every_place_is_recognised_by_its_example_and_not_by_its_counter_example() {
        for cloud in &entries().clouds.entries.cloud {
            assert!(!cloud.source.is_empty(), "{} has no source", cloud.name);
            let found = |example: &std::collections::BTreeMap<String, String>| {
                let mut signs = MachineSigns::default();
                for (key, value) in example {
                    match key.as_str() {
                        "env" => signs.env.push(value),
                        "host" => signs.host = Some(value),
                        file => {
                            signs.dmi.insert(file, value);
                        }
                    }
                }
                recognise(&signs).map(|found| found.name.as_str())
            };
            assert_eq!(found(&cloud.example), Some(cloud.name.as_str()), "{:?}", cloud.example);
            assert_ne!(found(&cloud.counter_example), Some(cloud.name.as_str()), "{:?}", cloud.counter_example);
        }
    }
}
