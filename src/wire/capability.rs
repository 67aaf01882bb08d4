//! The contents of a reply to EHLO (RFC 5321 §4.1.1.1): the first line is a greeting, and every other line starts with
//! the keyword of an extension.
//!
//! Keywords are compared case-insensitively (RFC 5321 §2.4, §4.1.1.1) and found on every line after the greeting,
//! including the last. `AUTH=LOGIN`, the form used before AUTH was standardised, is treated as AUTH.

use serde::{Deserialize, Serialize};

use crate::wire::reply::Reply;

/// One extension in the reply to EHLO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capability {
    /// The keyword, spelled as the server sent it.
    pub keyword: String,
    /// The words after it.
    pub parameters: Vec<String>,
}

/// All extensions that a server advertises.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capabilities {
    /// The first line: the server's name and the text after it.
    pub greeting: String,
    /// The extensions, in the order in which the server listed them.
    pub offered: Vec<Capability>,
}

impl Capabilities {
    /// Parses the reply to EHLO. For a reply to HELO, the list is empty.
    pub fn read(reply: &Reply) -> Capabilities {
        let mut lines = reply.text.iter();
        let greeting = lines.next().cloned().unwrap_or_default();
        let offered = lines
            .filter_map(|line| {
                let mut words = line.split_ascii_whitespace().map(str::to_owned);
                Some(Capability { keyword: words.next()?, parameters: words.collect() })
            })
            .collect();
        Capabilities { greeting, offered }
    }

    /// Finds an extension by its keyword.
    pub fn find(&self, keyword: &str) -> Option<&Capability> {
        self.offered.iter().find(|offer| offer.keyword.eq_ignore_ascii_case(keyword))
    }

    /// Whether an extension is advertised.
    pub fn has(&self, keyword: &str) -> bool {
        self.find(keyword).is_some()
    }

    /// The mechanisms of AUTH (RFC 4954 §3), in upper case, without duplicates, in the order in which the server listed
    /// them.
    pub fn auth_mechanisms(&self) -> Vec<String> {
        let mut mechanisms: Vec<String> = Vec::new();
        for offer in &self.offered {
            let old_form = offer.keyword.get(5..).filter(|_| has_prefix(&offer.keyword, "AUTH="));
            if old_form.is_none() && !offer.keyword.eq_ignore_ascii_case("AUTH") {
                continue;
            }
            for word in old_form.into_iter().chain(offer.parameters.iter().map(String::as_str)) {
                let name = word.to_ascii_uppercase();
                if !name.is_empty() && !mechanisms.contains(&name) {
                    mechanisms.push(name);
                }
            }
        }
        mechanisms
    }

    /// The maximum message size in bytes (RFC 1870 §4). `None` if SIZE is not advertised, has no number, or is 0 ("no
    /// fixed limit").
    pub fn size(&self) -> Option<u64> {
        let bytes = self.find("SIZE")?.parameters.first()?.parse().ok()?;
        (bytes > 0).then_some(bytes)
    }

    /// Each keyword with its parameters as one string.
    pub fn words(&self) -> Vec<String> {
        self.offered
            .iter()
            .map(|offer| {
                let mut words = vec![offer.keyword.clone()];
                words.extend(offer.parameters.iter().cloned());
                words.join(" ")
            })
            .collect()
    }
}

fn has_prefix(word: &str, prefix: &str) -> bool {
    word.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::Capabilities;
    use crate::wire::reply;

    fn read(text: &str) -> Capabilities {
        Capabilities::read(&reply::from_text(text).expect("a reply"))
    }

    #[test]
    fn keywords_are_case_insensitive_and_found_on_the_first_and_last_line() {
        let offers = read("250-mx.example.net\n250-starttls\n250 Size 1000");
        assert!(offers.has("STARTTLS"));
        assert_eq!(offers.size(), Some(1000));
        assert!(read("250-mx.example.net\n250 STARTTLS").has("STARTTLS"));
    }

    #[test]
    fn a_keyword_in_the_greeting_line_is_not_an_extension() {
        assert!(!read("250 STARTTLS").has("STARTTLS"));
    }

    #[test]
    fn the_old_form_of_auth_is_recognised() {
        let offers = read("250-mx.example.net\n250-AUTH=LOGIN\n250 AUTH login PLAIN");
        assert_eq!(offers.auth_mechanisms(), ["LOGIN", "PLAIN"]);
    }

    #[test]
    fn size_zero_means_no_limit() {
        assert_eq!(read("250-mx.example.net\n250 SIZE 0").size(), None);
        assert_eq!(read("250-mx.example.net\n250 SIZE").size(), None);
    }
}
