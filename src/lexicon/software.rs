//! Recognises the software of a server by its greeting, its reply to EHLO or other replies. Also recognises providers
//! by MX host names, and devices on the network path by their certificates.

use std::sync::{LazyLock, OnceLock};

use regex_lite::Regex;
use serde::Deserialize;

use super::embedded::{embedded, normal};
use super::meaning::Fix;

static FILE: LazyLock<SoftwareFile> = LazyLock::new(|| embedded("software.toml", include_str!("data/software.toml")));

#[derive(Deserialize)]
struct SoftwareFile {
    software: Vec<Software>,
    sign: Vec<SoftwareSign>,
    mx: Vec<Mx>,
    certificate: Vec<CertificateSign>,
}

/// Server software that is recognised by its greeting.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Software {
    /// The public id, in kebab-case.
    pub id: String,
    /// The name as it is shown to the user.
    pub name: String,
    regex: String,
    /// Compiled on first use, because most greetings match one of the first rows.
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
    /// `server`, `provider`, `gateway`, `test` or `mask`.
    pub kind: String,
    /// The id of the provider whose servers send this greeting.
    pub provider: Option<String>,
    #[cfg(test)]
    source: Option<String>,
    #[cfg(test)]
    example: String,
    #[cfg(test)]
    counter_example: String,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
struct SoftwareSign {
    software: String,
    #[serde(rename = "where")]
    place: String,
    literal: String,
    #[cfg(test)]
    source: String,
    #[cfg(test)]
    example: String,
    #[cfg(test)]
    counter_example: String,
}

/// A provider or gateway that is recognised by the name of its MX hosts.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Mx {
    suffix: String,
    prefix: Option<String>,
    /// The name as it is shown to the user.
    #[cfg(test)]
    pub name: String,
    /// The id of the provider, if it is one.
    pub provider: Option<String>,
    /// The id of the software, if it is one.
    pub software: Option<String>,
    #[cfg(test)]
    source: String,
    #[cfg(test)]
    example: String,
    #[cfg(test)]
    counter_example: String,
}

/// A name in a certificate that indicates who operates the server.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct CertificateSign {
    #[serde(rename = "where")]
    place: String,
    literal: String,
    #[serde(default)]
    equals: bool,
    /// The operator or device.
    pub meaning: String,
    /// `antivirus`, `gateway`, `default`, `hosting`, `local` or `provider`.
    pub kind: String,
    /// The id of the provider, if it is one.
    #[cfg(test)]
    pub provider: Option<String>,
    /// The explanation for the user.
    pub means: String,
    /// Fixes for the user.
    #[serde(default)]
    pub fix: Vec<Fix>,
    #[cfg(test)]
    source: Option<String>,
    #[cfg(test)]
    example: String,
    #[cfg(test)]
    counter_example: String,
}

/// Finds software by its id.
pub(crate) fn find(id: &str) -> Option<&'static Software> {
    FILE.software.iter().find(|row| row.id.eq_ignore_ascii_case(id))
}

/// The software that sends this greeting.
pub(crate) fn by_greeting(text: &str) -> Option<&'static Software> {
    FILE.software.iter().find(|row| {
        let compiled = row.compiled.get_or_init(|| Regex::new(&row.regex).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    })
}

/// The software that is recognised by the reply to EHLO or any other reply.
pub(crate) fn by_words(ehlo: Option<&str>, replies: &[String]) -> Option<&'static str> {
    let ehlo = ehlo.map(normal);
    let replies: Vec<String> = replies.iter().map(|reply| normal(reply)).collect();
    FILE.sign
        .iter()
        .find(|sign| match sign.place.as_str() {
            "ehlo" => ehlo.as_ref().is_some_and(|text| text.contains(&sign.literal)),
            _ => replies.iter().any(|reply| reply.contains(&sign.literal)),
        })
        .map(|sign| sign.software.as_str())
}

/// The provider or gateway to which an MX host belongs.
pub(crate) fn by_mx(host: &str) -> Option<&'static Mx> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    FILE.mx.iter().find(|row| {
        host.ends_with(&row.suffix) && row.prefix.as_ref().is_none_or(|prefix| host.starts_with(prefix.as_str()))
    })
}

impl CertificateSign {
    /// Whether the literal occurs in a distinguished name or a DNS name. With `equals` it must be an entire value
    /// (`CN=ubuntu`).
    fn occurs_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let value = |part: &str| part.split_once('=').map_or(part, |(_, value)| value).trim() == self.literal;
        if self.equals { text.split(',').any(value) } else { text.contains(&self.literal) }
    }
}

/// The first entry that matches a name in the certificate.
pub(crate) fn by_certificate(subject: &str, issuer: &str, names: &[String]) -> Option<&'static CertificateSign> {
    FILE.certificate.iter().find(|sign| {
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
    use super::{FILE, by_greeting, by_mx};
    use crate::lexicon::{normal, providers};

    #[test]
    fn every_example_of_a_greeting_matches_its_own_row() {
        for row in &FILE.software {
            assert!(row.source.as_deref() != Some(""), "{} has an empty source", row.id);
            assert_eq!(by_greeting(&row.example).map(|found| &found.id), Some(&row.id), "{}", row.example);
            assert_ne!(
                by_greeting(&row.counter_example).map(|found| &found.id),
                Some(&row.id),
                "{}",
                row.counter_example
            );
        }
    }

    #[test]
    fn every_literal_is_in_its_example_and_not_in_its_counter_example() {
        for sign in &FILE.sign {
            assert!(!sign.source.is_empty(), "{} has no source", sign.literal);
            assert!(normal(&sign.example).contains(&sign.literal), "{}", sign.example);
            assert!(!normal(&sign.counter_example).contains(&sign.literal), "{}", sign.counter_example);
        }
    }

    #[test]
    fn every_mx_row_is_found_by_its_example() {
        for row in &FILE.mx {
            assert!(!row.source.is_empty(), "{} has no source", row.name);
            assert_eq!(by_mx(&row.example).map(|found| &found.name), Some(&row.name), "{}", row.example);
            assert!(
                by_mx(&row.counter_example).is_none_or(|found| found.suffix != row.suffix),
                "{}",
                row.counter_example
            );
        }
    }

    #[test]
    fn every_certificate_entry_matches_its_example_and_not_its_counter_example() {
        for sign in &FILE.certificate {
            assert!(sign.source.as_deref() != Some(""), "{} has an empty source", sign.literal);
            let is_known = |id: &String| providers::all().iter().any(|provider| provider.id == *id);
            assert!(sign.provider.as_ref().is_none_or(is_known), "{} names an unknown provider", sign.literal);
            assert!(sign.occurs_in(&sign.example), "{}", sign.example);
            assert!(!sign.occurs_in(&sign.counter_example), "{}", sign.counter_example);
        }
    }
}
