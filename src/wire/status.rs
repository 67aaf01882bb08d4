//! Reply codes (RFC 5321 §4.2) and enhanced status codes (RFC 3463, used in replies as RFC 2034 defines).
//!
//! This file handles only the numbers and their syntax. The meanings of codes are data in the lexicon.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The class of a reply: the meaning of the first digit (RFC 5321 §4.2.1). A client uses the class if it does not
/// recognise the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 2yz: the command succeeded.
    Success,
    /// 3yz: the server waits for more data.
    Intermediate,
    /// 4yz: temporary failure; the same command may succeed later.
    Transient,
    /// 5yz: permanent failure; the same command will fail again.
    Permanent,
    /// A first digit that RFC 5321 does not define.
    Undefined,
}

/// The three digits at the start of a reply line. RFC 5321 §4.2 limits the second digit to 0 to 5, but real servers
/// also send, for example, `571` and `590`. Therefore any three digits are accepted, and `class` interprets the first
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "u16", into = "u16")]
pub struct ReplyCode(#[cfg_attr(test, schemars(range(min = 0, max = 999)))] u16);

impl ReplyCode {
    /// Parses exactly three ASCII digits.
    pub fn parse(digits: &[u8]) -> Option<ReplyCode> {
        match digits {
            [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                let digit = |byte: &u8| u16::from(byte - b'0');
                Some(ReplyCode(digit(a) * 100 + digit(b) * 10 + digit(c)))
            }
            _ => None,
        }
    }

    /// The class, from the first digit.
    pub fn class(self) -> Class {
        match self.0 / 100 {
            2 => Class::Success,
            3 => Class::Intermediate,
            4 => Class::Transient,
            5 => Class::Permanent,
            _ => Class::Undefined,
        }
    }

    /// The number, 0 to 999.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for ReplyCode {
    type Error = String;

    fn try_from(number: u16) -> Result<ReplyCode, String> {
        if number <= 999 { Ok(ReplyCode(number)) } else { Err(format!("{number} is not a reply code")) }
    }
}

impl From<ReplyCode> for u16 {
    fn from(code: ReplyCode) -> u16 {
        code.0
    }
}

impl PartialEq<u16> for ReplyCode {
    fn eq(&self, number: &u16) -> bool {
        self.0 == *number
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

/// `class.subject.detail`. Subject and detail have one to three digits without leading zeros (RFC 3463 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnhancedStatus {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedStatus {
    /// Parses an enhanced status at the start of a reply's text (RFC 2034 §4). Returns the status and the text after
    /// it. The class may contradict the reply code, as in `451 5.7.3`, which real servers send; the status is kept
    /// unchanged.
    pub fn lead(text: &str) -> Option<(EnhancedStatus, &str)> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let status = EnhancedStatus::parse(word)?;
        match rest.strip_prefix(' ') {
            Some(after) => Some((status, after)),
            None if rest.is_empty() => Some((status, "")),
            None => None,
        }
    }

    /// Finds an enhanced status in the form that qmail uses, `(#5.7.1)`, anywhere in the text.
    pub fn bracketed(text: &str) -> Option<EnhancedStatus> {
        let (_, after) = text.rsplit_once("(#")?;
        let (word, _) = after.split_once(')')?;
        EnhancedStatus::parse(word)
    }

    /// Parses a string that consists only of an enhanced status, such as `5.7.1`.
    pub fn parse(word: &str) -> Option<EnhancedStatus> {
        let mut parts = word.split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let class = match class {
            "2" => 2,
            "4" => 4,
            "5" => 5,
            _ => return None,
        };
        let number = |digits: &str| match digits.len() {
            1..=3 if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse::<u16>().ok(),
            _ => None,
        };
        Some(EnhancedStatus { class, subject: number(subject)?, detail: number(detail)? })
    }

    /// The class: 2, 4 or 5.
    pub fn class(self) -> u8 {
        self.class
    }

    /// Subject and detail: `(7, 139)` for `5.7.139`, which the registry lists as `X.7.139`.
    pub fn kind(self) -> (u16, u16) {
        (self.subject, self.detail)
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl TryFrom<String> for EnhancedStatus {
    type Error = String;

    fn try_from(text: String) -> Result<EnhancedStatus, String> {
        EnhancedStatus::parse(&text).ok_or_else(|| format!("{text} is not an enhanced status code"))
    }
}

impl From<EnhancedStatus> for String {
    fn from(status: EnhancedStatus) -> String {
        status.to_string()
    }
}

#[cfg(test)]
impl schemars::JsonSchema for EnhancedStatus {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EnhancedStatus".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^[245]\.\d{1,3}\.\d{1,3}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, EnhancedStatus, ReplyCode};

    #[test]
    fn a_code_may_have_any_second_digit() {
        let code = ReplyCode::parse(b"571").expect("three digits");
        assert_eq!((code.number(), code.class()), (571, Class::Permanent));
        assert_eq!(ReplyCode::parse(b"25"), None);
        assert_eq!(ReplyCode::parse(b"2505"), None);
        assert_eq!(ReplyCode::parse(b"2a0"), None);
    }

    #[test]
    fn an_enhanced_status_is_found_at_the_start_or_in_brackets() {
        let (status, rest) = EnhancedStatus::lead("5.7.139 Authentication unsuccessful").expect("leads");
        assert_eq!((status.to_string().as_str(), rest), ("5.7.139", "Authentication unsuccessful"));
        assert!(EnhancedStatus::lead("5.7.1").is_some());
        assert_eq!(EnhancedStatus::lead("192.0.2.1 is listed"), None);
        assert_eq!(EnhancedStatus::lead("5.7.1.2 x"), None);
        assert_eq!(EnhancedStatus::lead("3.0.0 x"), None);
        let status = EnhancedStatus::bracketed("sorry, not in my list (#5.7.1)").expect("qmail's form");
        assert_eq!(status.kind(), (7, 1));
    }
}
