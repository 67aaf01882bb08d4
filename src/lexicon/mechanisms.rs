//! SASL mechanisms by name, including those that smtpcheck does not support: the data that they send, and how secure
//! they are.

use super::pool::Text;

include!(concat!(env!("OUT_DIR"), "/lexicon/mechanisms.rs"));

/// One SASL mechanism.
#[derive(Debug)]
pub(crate) struct MechanismRow {
    /// The name as registered.
    pub name: Text,
    pattern: Option<Text>,
    /// The document that defines it.
    pub reference: Text,
    /// The data that an eavesdropper would receive.
    pub secret_on_wire: Text,
    /// `strong`, `plain-inside-tls`, `obsolete`, `token`, `none` or `private`.
    pub strength: Text,
    /// A remark for the user.
    pub remark: Text,
}

/// Finds a mechanism by its name, case-insensitively.
pub(crate) fn find(name: &str) -> Option<&'static MechanismRow> {
    let name = name.to_ascii_uppercase();
    let exact = MECHANISMS.iter().find(|row| row.pattern.is_none() && row.name.eq_ignore_ascii_case(&name));
    exact.or_else(|| {
        MECHANISMS.iter().find(|row| row.pattern.is_some() && name.starts_with(&row.name.to_ascii_uppercase()))
    })
}

#[cfg(test)]
mod tests {
    use super::{MECHANISMS as ROWS, find};
    use crate::lexicon::entries;
    use crate::sasl::MECHANISMS;

    #[test]
    fn every_mechanism_is_found_by_its_name() {
        for row in &ROWS {
            assert_eq!(find(&row.name).map(|found| found.name), Some(row.name));
        }
    }

    #[test]
    fn every_supported_mechanism_is_described() {
        for mechanism in MECHANISMS {
            let mut rows = entries().mechanisms.entries.mechanism.iter();
            let row = rows.find(|row| *row.name.get_ref() == mechanism.name);
            assert!(row.is_some_and(|row| row.can_smtpcheck), "{}", mechanism.name);
        }
    }
}
