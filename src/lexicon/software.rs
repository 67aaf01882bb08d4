//! The software behind a server, by its greeting, its EHLO reply or its sentences; providers by MX names; and
//! certificates that tell who is in between.

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

/// One kind of software, by its greeting.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Software {
    /// Public, kebab-case.
    pub id: String,
    /// For people.
    pub name: String,
    regex: String,
    /// Compiled when it is first needed: most greetings are recognised by one of the first rows.
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
    /// `server`, `provider`, `gateway`, `test` or `mask`.
    pub kind: String,
    /// The provider that this greeting proves.
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

/// A provider or gateway by the name of its MX hosts.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct Mx {
    suffix: String,
    prefix: Option<String>,
    /// For people.
    #[cfg(test)]
    pub name: String,
    /// The provider's id, if it is one.
    pub provider: Option<String>,
    /// The software's id, if it is one.
    pub software: Option<String>,
    #[cfg(test)]
    source: String,
    #[cfg(test)]
    example: String,
    #[cfg(test)]
    counter_example: String,
}

/// What a name in a certificate tells about who shows it.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, serde(deny_unknown_fields))]
pub(crate) struct CertificateSign {
    #[serde(rename = "where")]
    place: String,
    literal: String,
    #[serde(default)]
    equals: bool,
    /// Who or what.
    pub meaning: String,
    /// `antivirus`, `gateway`, `default`, `hosting`, `local` or `provider`.
    pub kind: String,
    /// The provider's id, if it is one.
    #[cfg(test)]
    pub provider: Option<String>,
    /// For people.
    pub means: String,
    /// What to do.
    #[serde(default)]
    pub fix: Vec<Fix>,
    #[cfg(test)]
    source: Option<String>,
    #[cfg(test)]
    example: String,
    #[cfg(test)]
    counter_example: String,
}

/// A kind of software by its id.
pub(crate) fn find(id: &str) -> Option<&'static Software> {
    FILE.software.iter().find(|row| row.id.eq_ignore_ascii_case(id))
}

/// The software that a greeting tells.
pub(crate) fn by_greeting(text: &str) -> Option<&'static Software> {
    FILE.software.iter().find(|row| {
        let compiled = row.compiled.get_or_init(|| Regex::new(&row.regex).ok());
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    })
}

/// The software that an EHLO reply or any other reply tells.
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

/// Whose MX a host name is.
pub(crate) fn by_mx(host: &str) -> Option<&'static Mx> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    FILE.mx.iter().find(|row| {
        host.ends_with(&row.suffix) && row.prefix.as_ref().is_none_or(|prefix| host.starts_with(prefix.as_str()))
    })
}

impl CertificateSign {
    /// Whether it is in a distinguished name or a DNS name; with `equals` it must be a whole value (`CN=ubuntu`).
    fn occurs_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let value = |part: &str| part.split_once('=').map_or(part, |(_, value)| value).trim() == self.literal;
        if self.equals { text.split(',').any(value) } else { text.contains(&self.literal) }
    }
}

/// What the names in a certificate tell.
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
    fn every_greeting_is_won_by_its_row() {
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
    fn every_sign_stands_in_its_example_and_not_in_its_counter_example() {
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
    fn every_certificate_sign_stands_in_its_example_and_not_in_its_counter_example() {
        for sign in &FILE.certificate {
            assert!(sign.source.as_deref() != Some(""), "{} has an empty source", sign.literal);
            let is_known = |id: &String| providers::all().iter().any(|provider| provider.id == *id);
            assert!(sign.provider.as_ref().is_none_or(is_known), "{} names an unknown provider", sign.literal);
            assert!(sign.occurs_in(&sign.example), "{}", sign.example);
            assert!(!sign.occurs_in(&sign.counter_example), "{}", sign.counter_example);
        }
    }
}
