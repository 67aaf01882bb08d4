//! Recognises a server's software by its greeting, its EHLO reply or other replies. Also recognises providers by MX
//! host names, and devices on the network path by their certificates.

use std::sync::OnceLock;

use regex_lite::Regex;

use super::normal;
use super::pool::{FixRow, List, Text};

include!(concat!(env!("OUT_DIR"), "/lexicon/software.rs"));

/// Server software that is recognised by its greeting.
#[derive(Debug)]
pub(crate) struct Software {
    /// The public id, in kebab-case.
    pub id: Text,
    /// The name as it is shown to the user.
    pub name: Text,
    regex: Text,
    /// Lower-case literals. Each matching greeting contains one of them, unless the list is empty.
    required: List<Text>,
    /// Compiled on first use, because a greeting needs only a few expressions.
    compiled: OnceLock<Option<Regex>>,
    /// `server`, `provider`, `gateway`, `test` or `mask`.
    pub kind: Text,
    /// The id of the provider whose servers send this greeting.
    pub provider: Option<Text>,
}

#[derive(Debug)]
struct SoftwareSign {
    software: Text,
    place: Text,
    literal: Text,
}

/// A provider or gateway that is recognised by the names of its MX hosts.
#[derive(Debug)]
pub(crate) struct Mx {
    suffix: Text,
    prefix: Option<Text>,
    /// The id, if it is a provider.
    pub provider: Option<Text>,
    /// The id, if it is software.
    pub software: Option<Text>,
}

/// A name in a certificate that indicates who operates the server.
#[derive(Debug)]
pub(crate) struct CertificateSign {
    place: Text,
    literal: Text,
    equals: bool,
    /// The operator or device.
    pub meaning: Text,
    /// `antivirus`, `gateway`, `default`, `hosting`, `local` or `provider`.
    pub kind: Text,
    /// The explanation for the user.
    pub means: Text,
    /// Fixes for the user.
    pub fix: List<FixRow>,
}

impl Software {
    /// Whether a greeting, in ASCII lower case, contains a literal that the expression requires.
    fn may_match(&self, lower: &str) -> bool {
        self.required.is_empty() || self.required.texts().any(|literal| lower.contains(literal))
    }
}

/// Finds software by its id.
pub(crate) fn find(id: &str) -> Option<&'static Software> {
    SOFTWARE.iter().find(|row| row.id.eq_ignore_ascii_case(id))
}

/// The software that sends this greeting.
pub(crate) fn by_greeting(text: &str) -> Option<&'static Software> {
    let lower = text.to_ascii_lowercase();
    SOFTWARE.iter().filter(|row| row.may_match(&lower)).find(|row| {
        let compiled = row.compiled.get_or_init(|| Regex::new(&row.regex).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    })
}

/// The software that is recognised by the EHLO reply or any other reply.
pub(crate) fn by_words(ehlo: Option<&str>, replies: &[String]) -> Option<&'static str> {
    let ehlo = ehlo.map(normal);
    let replies: Vec<String> = replies.iter().map(|reply| normal(reply)).collect();
    SIGNS
        .iter()
        .find(|sign| match sign.place.as_str() {
            "ehlo" => ehlo.as_ref().is_some_and(|text| text.contains(&*sign.literal)),
            _ => replies.iter().any(|reply| reply.contains(&*sign.literal)),
        })
        .map(|sign| sign.software.as_str())
}

/// The provider or gateway that an MX host belongs to.
pub(crate) fn by_mx(host: &str) -> Option<&'static Mx> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    MX.iter().find(|row| {
        host.ends_with(&*row.suffix) && row.prefix.as_ref().is_none_or(|prefix| host.starts_with(&**prefix))
    })
}

impl CertificateSign {
    /// Whether the literal occurs in a distinguished name or a DNS name. With `equals`, it must be an entire value
    /// (`CN=ubuntu`).
    fn occurs_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let value = |part: &str| part.split_once('=').map_or(part, |(_, value)| value).trim() == &*self.literal;
        if self.equals { text.split(',').any(value) } else { text.contains(&*self.literal) }
    }
}

/// The first entry that matches a name in the certificate.
pub(crate) fn by_certificate(subject: &str, issuer: &str, names: &[String]) -> Option<&'static CertificateSign> {
    CERTIFICATES.iter().find(|sign| {
        let hits = |text: &str| sign.occurs_in(text);
        match sign.place.as_str() {
            "issuer" => hits(issuer),
            "subject" => hits(subject),
            _ => names.iter().any(|name| hits(name)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{CERTIFICATES, SOFTWARE, by_greeting, by_mx};
    use crate::lexicon::{entries, normal};

    #[test]
    fn every_example_of_a_greeting_matches_its_own_row() {
        for row in &entries().software.entries.software {
            let id = row.id.get_ref().as_str();
            let found = |greeting: &str| by_greeting(greeting).map(|found| found.id.as_str());
            assert!(row.source.as_deref() != Some(""), "{id} has an empty source");
            assert_eq!(found(&row.example), Some(id), "{}", row.example);
            assert_ne!(found(&row.counter_example), Some(id), "{}", row.counter_example);
        }
    }

    #[test]
    fn a_greeting_that_matches_has_a_required_literal() {
        let rows = &entries().software.entries.software;
        for greeting in rows.iter().flat_map(|row| [&row.example, &row.counter_example]) {
            for row in &SOFTWARE {
                let matches = regex_lite::Regex::new(&row.regex).is_ok_and(|regex| regex.is_match(greeting));
                let may_match = row.may_match(&greeting.to_ascii_lowercase());
                assert!(may_match || !matches, "{greeting} matches {}", row.regex);
            }
        }
        let always = SOFTWARE.iter().filter(|row| row.required.is_empty());
        assert!(
            always.count() < 4,
            "fewer than four expressions may lack a required literal, because these are compiled for every greeting"
        );
    }

    #[test]
    fn every_literal_is_in_its_example_and_not_in_its_counter_example() {
        for sign in &entries().software.entries.sign {
            let literal = sign.literal.get_ref().as_str();
            assert!(!sign.source.is_empty(), "{literal} has no source");
            assert!(normal(&sign.example).contains(literal), "{}", sign.example);
            assert!(!normal(&sign.counter_example).contains(literal), "{}", sign.counter_example);
        }
    }

    #[test]
    fn every_mx_row_is_found_by_its_example() {
        for row in &entries().software.entries.mx {
            assert!(!row.source.is_empty(), "{} has no source", row.name);
            let is_row = |host: &str| {
                by_mx(host)
                    .is_some_and(|found| found.suffix == row.suffix && found.prefix.as_deref() == row.prefix.as_deref())
            };
            assert!(is_row(&row.example), "{}", row.example);
            assert!(
                by_mx(&row.counter_example).is_none_or(|found| found.suffix != row.suffix),
                "{}",
                row.counter_example
            );
        }
    }

    #[test]
    fn every_certificate_entry_matches_its_example_and_not_its_counter_example() {
        for (sign, entry) in CERTIFICATES.iter().zip(&entries().software.entries.certificate) {
            assert!(entry.source.as_deref() != Some(""), "{} has an empty source", sign.literal);
            assert!(sign.occurs_in(&entry.example), "{}", entry.example);
            assert!(!sign.occurs_in(&entry.counter_example), "{}", entry.counter_example);
        }
    }
}
