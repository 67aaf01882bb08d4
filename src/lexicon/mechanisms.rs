//! SASL mechanisms by name, including those that smtpcheck does not support: the data that they send, and how secure
//! they are.

use std::sync::LazyLock;

use serde::Deserialize;

use super::embedded::embedded;

static FILE: LazyLock<MechanismsFile> =
    LazyLock::new(|| embedded("mechanisms.toml", include_str!("data/mechanisms.toml")));

#[derive(Deserialize)]
struct MechanismsFile {
    mechanism: Vec<MechanismRow>,
}

/// One SASL mechanism.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct MechanismRow {
    /// The name as registered.
    pub name: String,
    pattern: Option<String>,
    /// The document that defines it.
    pub reference: String,
    /// The data that an eavesdropper would receive.
    pub secret_on_wire: String,
    /// `strong`, `plain-inside-tls`, `obsolete`, `token`, `none` or `private`.
    pub strength: String,
    /// A remark for the user.
    pub remark: String,
    /// Whether smtpcheck should support it.
    #[cfg(test)]
    pub can_smtpcheck: bool,
}

/// Finds a mechanism by its name, case-insensitively.
pub(crate) fn find(name: &str) -> Option<&'static MechanismRow> {
    let name = name.to_ascii_uppercase();
    let exact = FILE.mechanism.iter().find(|row| row.pattern.is_none() && row.name.eq_ignore_ascii_case(&name));
    exact.or_else(|| {
        FILE.mechanism.iter().find(|row| row.pattern.is_some() && name.starts_with(&row.name.to_ascii_uppercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::{FILE, find};
    use crate::sasl::MECHANISMS;

    #[test]
    fn every_mechanism_is_found_by_its_name() {
        for row in &FILE.mechanism {
            assert_eq!(find(&row.name).map(|found| &found.name), Some(&row.name));
        }
    }

    #[test]
    fn every_supported_mechanism_is_described() {
        for mechanism in MECHANISMS {
            assert!(find(mechanism.name).is_some_and(|row| row.can_smtpcheck), "{}", mechanism.name);
        }
    }
}
