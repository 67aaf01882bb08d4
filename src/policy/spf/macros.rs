//! Macro strings of SPF (RFC 7208 §7): parsing and expansion. The expansion of `%{p}` needs lookups, so the caller
//! provides its value.

use std::fmt;
use std::net::IpAddr;

use crate::wire::{DnsName, reversed};

/// A macro string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MacroString {
    parts: Vec<MacroPart>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum MacroPart {
    /// Text, including the text for `%%`, `%_` and `%-`.
    Text { text: String, is_macro: bool },
    /// `%{...}`.
    Letter { letter: char, is_escaped: bool, parts: Option<usize>, is_reversed: bool, delimiters: String },
}

/// Where a macro string is used. The letters c, r and t are valid only in explanations (RFC 7208 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MacroUse {
    /// In a term of a record.
    Record,
    /// In the text of an explanation, which may contain spaces.
    Explanation,
}

/// Why the text is not a macro string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MacroError {
    /// `%` is followed by a character other than `{`, `%`, `_` and `-`.
    Percent,
    /// `%{` without `}`.
    Open,
    /// The letter is unknown.
    Letter,
    /// The letter is valid only in explanations.
    ExplanationLetter,
    /// The number of parts is 0 or too large, or the rest contains characters other than `r` and delimiters.
    Transformer,
    /// A character that is not visible ASCII.
    Character,
}

impl fmt::Display for MacroError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MacroError::Percent => "a percent sign must be written as %%, or begin a macro such as %{i}",
            MacroError::Open => "a macro has no closing brace",
            MacroError::Letter => "a macro has an unknown letter",
            MacroError::ExplanationLetter => "the macro letters c, r and t are valid only in explanations",
            MacroError::Transformer => "the part of a macro after its letter is invalid",
            MacroError::Character => "it contains a character that is not visible ASCII",
        })
    }
}

/// The values of macros.
#[derive(Clone, Debug)]
pub(crate) struct MacroValues<'v> {
    pub(crate) ip: IpAddr,
    /// The local part of the sender.
    pub(crate) local: &'v str,
    /// The domain of the sender, which `include` and `redirect` do not change.
    pub(crate) sender_domain: &'v str,
    /// The domain whose record is evaluated.
    pub(crate) domain: &'v str,
    /// The EHLO name.
    pub(crate) helo: &'v str,
    /// The validated name of the IP address.
    pub(crate) validated: &'v str,
}

impl MacroString {
    /// Parses a macro string.
    pub(crate) fn parse(text: &str, of: MacroUse) -> Result<MacroString, MacroError> {
        let mut parts: Vec<MacroPart> = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c != '%' {
                if !(c.is_ascii_graphic() || (c == ' ' && of == MacroUse::Explanation)) {
                    return Err(MacroError::Character);
                }
                let end = rest.find('%').unwrap_or(rest.len());
                let (plain, after) = rest.split_at(end);
                if !plain.chars().all(|c| c.is_ascii_graphic() || (c == ' ' && of == MacroUse::Explanation)) {
                    return Err(MacroError::Character);
                }
                parts.push(MacroPart::Text { text: plain.to_owned(), is_macro: false });
                rest = after;
                continue;
            }
            let after = rest.get(1..).unwrap_or_default();
            let (text, length) = match after.chars().next() {
                Some('%') => ("%", 1),
                Some('_') => (" ", 1),
                Some('-') => ("%20", 1),
                Some('{') => {
                    let end = after.find('}').ok_or(MacroError::Open)?;
                    parts.push(letter(after.get(1..end).unwrap_or_default(), of)?);
                    rest = after.get(end + 1..).unwrap_or_default();
                    continue;
                }
                _ => return Err(MacroError::Percent),
            };
            parts.push(MacroPart::Text { text: text.to_owned(), is_macro: true });
            rest = after.get(length..).unwrap_or_default();
        }
        Ok(MacroString { parts })
    }

    /// Whether the string ends with a macro, or with a dot and a valid last label (`domain-end`, RFC 7208 §7.1).
    pub(crate) fn has_domain_end(&self) -> bool {
        match self.parts.last() {
            None => false,
            Some(MacroPart::Letter { .. } | MacroPart::Text { is_macro: true, .. }) => true,
            Some(MacroPart::Text { text, is_macro: false }) => {
                let text = text.strip_suffix('.').unwrap_or(text);
                text.rsplit_once('.').is_some_and(|(_, label)| is_top_label(label))
            }
        }
    }

    /// Whether the string contains one of the given macro letters.
    pub(crate) fn contains(&self, letters: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, MacroPart::Letter { letter, .. } if letters.contains(*letter)))
    }

    /// Whether the expansion depends on the message: on the sender, the EHLO name or the IP address.
    pub(crate) fn depends_on_message(&self) -> bool {
        self.contains("slhipvcrt")
    }

    /// The expansion.
    pub(crate) fn expand(&self, values: &MacroValues<'_>) -> String {
        let mut result = String::new();
        for part in &self.parts {
            match part {
                MacroPart::Text { text, .. } => result.push_str(text),
                MacroPart::Letter { letter, is_escaped, parts, is_reversed, delimiters } => {
                    let value = values.of(*letter);
                    let delimiters = if delimiters.is_empty() { "." } else { delimiters };
                    let mut words: Vec<&str> = value.split(|c| delimiters.contains(c)).collect();
                    if *is_reversed {
                        words.reverse();
                    }
                    let skip = parts.map_or(0, |count| words.len().saturating_sub(count));
                    let value = words.get(skip..).unwrap_or_default().join(".");
                    result.push_str(&if *is_escaped { escaped(&value) } else { value });
                }
            }
        }
        result
    }

    /// The expansion as a DNS name. If it is longer than 253 characters, labels on the left are removed (RFC 7208
    /// §7.3). `None` if it is not a DNS name.
    pub(crate) fn expand_name(&self, values: &MacroValues<'_>) -> Option<DnsName> {
        let text = self.expand(values);
        let mut text = text.strip_suffix('.').unwrap_or(&text);
        while text.len() > 253 {
            text = text.split_once('.')?.1;
        }
        DnsName::parse(text).ok()
    }
}

/// The part between `%{` and `}`.
fn letter(text: &str, of: MacroUse) -> Result<MacroPart, MacroError> {
    let mut chars = text.chars();
    let first = chars.next().ok_or(MacroError::Letter)?;
    let letter = first.to_ascii_lowercase();
    match letter {
        's' | 'l' | 'o' | 'd' | 'i' | 'p' | 'v' | 'h' => {}
        'c' | 'r' | 't' if of == MacroUse::Explanation => {}
        'c' | 'r' | 't' => return Err(MacroError::ExplanationLetter),
        _ => return Err(MacroError::Letter),
    }
    let rest = chars.as_str();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at(digits);
    let parts = match number {
        "" => None,
        // RFC 7208 §7.3: the number must not be zero.
        _ => Some(number.parse::<usize>().ok().filter(|count| *count > 0).ok_or(MacroError::Transformer)?),
    };
    let unreversed = rest.strip_prefix(['r', 'R']);
    let delimiters = unreversed.unwrap_or(rest);
    if !delimiters.chars().all(|c| ".-+,/_=".contains(c)) {
        return Err(MacroError::Transformer);
    }
    Ok(MacroPart::Letter {
        letter,
        is_escaped: first.is_ascii_uppercase(),
        parts,
        is_reversed: unreversed.is_some(),
        delimiters: delimiters.to_owned(),
    })
}

/// `toplabel` (RFC 7208 §7.1): letters, digits and hyphens, not only digits, no hyphen at the beginning or end.
fn is_top_label(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.bytes().all(|b| b.is_ascii_digit())
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// URL escaping of all characters except the unreserved ones (RFC 7208 §7.3, RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    let mut result = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            result.push(char::from(byte));
        } else {
            result.push_str(&format!("%{byte:02X}"));
        }
    }
    result
}

impl MacroValues<'_> {
    fn of(&self, letter: char) -> String {
        match letter {
            's' => format!("{}@{}", self.local, self.sender_domain),
            'l' => self.local.to_owned(),
            'o' => self.sender_domain.to_owned(),
            'd' => self.domain.to_owned(),
            'i' => match self.ip {
                IpAddr::V4(v4) => v4.to_string(),
                // The nibbles in the order of the address, separated by dots.
                IpAddr::V6(_) => reversed(self.ip).split('.').rev().collect::<Vec<_>>().join("."),
            },
            'p' => self.validated.to_owned(),
            'v' => if self.ip.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            'h' => self.helo.to_owned(),
            'c' => self.ip.to_string(),
            // The evaluation does not belong to a message, so its receiver and its time are not known.
            'r' => "unknown".to_owned(),
            _ => "0".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MacroError, MacroString, MacroUse, MacroValues};

    /// The examples of RFC 7208 §7.4.
    #[test]
    fn the_examples_of_the_standard_expand_as_printed() {
        let values = |ip: &str| MacroValues {
            ip: ip.parse().expect("an address"),
            local: "strong-bad",
            sender_domain: "email.example.com",
            domain: "email.example.com",
            helo: "mail.example.com",
            validated: "unknown",
        };
        for (text, expected) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ] {
            let parsed = MacroString::parse(text, MacroUse::Record).expect(text);
            assert_eq!(parsed.expand(&values("192.0.2.3")), expected, "{text}");
        }
        let six = MacroString::parse("%{ir}.%{v}._spf.%{d2}", MacroUse::Record).expect("macros");
        let expected = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com";
        assert_eq!(six.expand(&values("2001:db8::cb01")), expected);
    }

    #[test]
    fn invalid_macros_have_a_reason() {
        for (text, expected) in [
            ("%", MacroError::Percent),
            ("%(i)", MacroError::Percent),
            ("%{i", MacroError::Open),
            ("%{}", MacroError::Letter),
            ("%{x}", MacroError::Letter),
            ("%{c}", MacroError::ExplanationLetter),
            ("%{d0}", MacroError::Transformer),
            ("%{d2x}", MacroError::Transformer),
            ("é", MacroError::Character),
        ] {
            assert_eq!(MacroString::parse(text, MacroUse::Record), Err(expected), "{text}");
        }
    }
}
