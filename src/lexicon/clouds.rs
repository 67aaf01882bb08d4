//! Cloud providers and CI services in which a machine may run: how to recognise them, and whether they block outgoing
//! mail connections.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::embedded::embedded;
use super::meaning::{Confidence, Fix};

static FILE: LazyLock<CloudsFile> = LazyLock::new(|| embedded("clouds.toml", include_str!("data/clouds.toml")));

#[derive(Deserialize)]
struct CloudsFile {
    cloud: Vec<Cloud>,
}

/// One cloud provider, platform or CI service.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Cloud {
    /// The public id, in kebab-case.
    #[cfg(test)]
    pub id: String,
    /// The name as it is shown to the user.
    pub name: String,
    /// `cloud`, `platform`, `ci` or `virtual`.
    pub kind: String,
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    dmi: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    host_suffix: Vec<String>,
    /// The outgoing ports that are blocked by default.
    pub blocks: Vec<u16>,
    /// How certain the recognition is.
    pub certainty: Confidence,
    /// The explanation for the user.
    pub means: String,
    /// Fixes for the user.
    #[serde(default)]
    pub fix: Vec<Fix>,
    #[cfg(test)]
    source: String,
    #[cfg(test)]
    example: BTreeMap<String, String>,
    #[cfg(test)]
    counter_example: BTreeMap<String, String>,
}

/// Facts about a machine from which the place is recognised.
#[derive(Clone, Debug, Default)]
pub(crate) struct MachineSigns<'a> {
    /// Files of `/sys/class/dmi/id` with their contents.
    pub dmi: BTreeMap<&'a str, &'a str>,
    /// Names of environment variables that are set.
    pub env: Vec<&'a str>,
    /// The host name.
    pub host: Option<&'a str>,
}

/// The first entry that matches the facts.
pub(crate) fn recognise(signs: &MachineSigns<'_>) -> Option<&'static Cloud> {
    FILE.cloud.iter().find(|cloud| {
        let by_env = cloud.env.iter().any(|name| signs.env.contains(&name.as_str()));
        let by_dmi = cloud.dmi.iter().any(|(file, values)| {
            let content = signs.dmi.get(file.as_str()).map(|content| content.trim().to_lowercase());
            content.is_some_and(|content| values.iter().any(|value| content.contains(&value.to_lowercase())))
        });
        let by_host =
            signs.host.is_some_and(|host| cloud.host_suffix.iter().any(|suffix| host.ends_with(suffix.as_str())));
        by_env || by_dmi || by_host
    })
}

/// The names of all environment variables that are used for recognition.
pub(crate) fn variables() -> impl Iterator<Item = &'static str> {
    FILE.cloud.iter().flat_map(|cloud| cloud.env.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::{FILE, MachineSigns, recognise};

    #[test]
    fn every_place_is_recognised_by_its_example_and_not_by_its_counter_example() {
        for cloud in &FILE.cloud {
            assert!(!cloud.source.is_empty(), "{} has no source", cloud.id);
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
                recognise(&signs).map(|found| found.id.clone())
            };
            assert_eq!(found(&cloud.example).as_ref(), Some(&cloud.id), "{:?}", cloud.example);
            assert_ne!(found(&cloud.counter_example).as_ref(), Some(&cloud.id), "{:?}", cloud.counter_example);
        }
    }
}
