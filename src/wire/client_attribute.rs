//! The attributes of XCLIENT and XFORWARD, two Postfix extensions with which a proxy passes facts about its client to
//! the server.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The maximum length of a value. Postfix reads command lines of up to 2048 bytes, and a host name has at most 255
/// bytes.
const MAX_VALUE: usize = 255;

/// One of the two commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ClientCommand {
    /// The server treats the session as that of the given client.
    Xclient,
    /// The server records the given client in its log.
    Xforward,
}

impl ClientCommand {
    /// The attributes that the documentation of Postfix defines.
    pub fn attributes(self) -> &'static [&'static str] {
        match self {
            ClientCommand::Xclient => {
                &["ADDR", "NAME", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT", "REVERSE_NAME"]
            }
            ClientCommand::Xforward => &["ADDR", "NAME", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"],
        }
    }
}

impl fmt::Display for ClientCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClientCommand::Xclient => "XCLIENT",
            ClientCommand::Xforward => "XFORWARD",
        })
    }
}

/// An attribute with its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientAttribute {
    /// The name, in upper case.
    pub name: String,
    /// The value as the user wrote it, not encoded.
    pub value: String,
}

/// Values that mean "there is no value". They are not encoded.
const WITHOUT_VALUE: [&str; 2] = ["[UNAVAILABLE]", "[TEMPUNAVAIL]"];

impl ClientAttribute {
    /// Parses `NAME=VALUE` for one of the commands.
    pub fn parse(command: ClientCommand, text: &str) -> Result<ClientAttribute, ClientAttributeError> {
        let (name, value) = text.split_once('=').ok_or(ClientAttributeError::NoValue)?;
        let name = name.to_ascii_uppercase();
        if !command.attributes().contains(&name.as_str()) {
            return Err(ClientAttributeError::Name { command, name });
        }
        let value = match value.to_ascii_uppercase() {
            upper if WITHOUT_VALUE.contains(&upper.as_str()) => upper,
            _ => value.to_owned(),
        };
        let is_number = |text: &str| text.parse::<u16>().is_ok();
        let is_missing = WITHOUT_VALUE.contains(&value.as_str());
        match name.as_str() {
            _ if value.is_empty() => return Err(ClientAttributeError::NoValue),
            _ if value.len() > MAX_VALUE => return Err(ClientAttributeError::Long),
            _ if value.chars().any(char::is_control) => return Err(ClientAttributeError::Control),
            _ if is_missing => {}
            "ADDR" | "DESTADDR" if address(&value).is_none() => return Err(ClientAttributeError::Address),
            "PORT" | "DESTPORT" if !is_number(&value) => return Err(ClientAttributeError::Port),
            _ => {}
        }
        Ok(ClientAttribute { name, value })
    }

    /// The attribute as it is sent: an IPv6 address gets the prefix `IPV6:`, and the value is encoded in xtext.
    fn encoded(&self) -> String {
        if WITHOUT_VALUE.contains(&self.value.as_str()) {
            return format!("{}={}", self.name, self.value);
        }
        let value = match (self.name.as_str(), address(&self.value)) {
            ("ADDR" | "DESTADDR", Some(IpAddr::V6(ip))) => format!("IPV6:{ip}"),
            ("ADDR" | "DESTADDR", Some(IpAddr::V4(ip))) => ip.to_string(),
            _ => self.value.clone(),
        };
        format!("{}={}", self.name, xtext(&value))
    }
}

impl fmt::Display for ClientAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.encoded())
    }
}

/// An IP address, with or without the prefix of an IPv6 address and with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let has_prefix = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("IPV6:"));
    let text = if has_prefix { text.get(5..)? } else { text };
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    text.parse().ok()
}

/// Encodes a value (RFC 3461 §4, xtext): printable ASCII characters except `+` and `=` are not changed, and every other
/// byte becomes `+` and two hexadecimal digits.
fn xtext(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'+' | b'=' => text.push_str(&format!("+{byte:02X}")),
            byte if byte.is_ascii_graphic() => text.push(char::from(byte)),
            byte => text.push_str(&format!("+{byte:02X}")),
        }
    }
    text
}

/// Why a string is not an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAttributeError {
    /// The equals sign or the value is missing.
    NoValue,
    /// The command has no such attribute.
    Name {
        /// The command.
        command: ClientCommand,
        /// The name.
        name: String,
    },
    /// The value is not an IP address.
    Address,
    /// The value is not a port.
    Port,
    /// The value is too long.
    Long,
    /// The value contains a control character.
    Control,
}

impl fmt::Display for ClientAttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientAttributeError::NoValue => {
                f.write_str("write NAME=VALUE, for example ADDR=192.0.2.1; the value [UNAVAILABLE] is also allowed")
            }
            ClientAttributeError::Name { command, name } => write!(
                f,
                "{command} has no attribute {}; it has {}",
                name.escape_debug(),
                command.attributes().join(", ")
            ),
            ClientAttributeError::Address => {
                f.write_str("the value must be an IP address, for example 192.0.2.1 or 2001:db8::1")
            }
            ClientAttributeError::Port => f.write_str("the value must be a port, a number from 0 to 65535"),
            ClientAttributeError::Long => write!(f, "the value is longer than {MAX_VALUE} bytes"),
            ClientAttributeError::Control => f.write_str("the value contains a control character"),
        }
    }
}

impl std::error::Error for ClientAttributeError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{ClientAttribute, ClientCommand, xtext};

    #[test]
    fn attributes_are_sent_in_the_notation_of_postfix() {
        for (text, sent) in [
            ("addr=192.0.2.1", "ADDR=192.0.2.1"),
            ("ADDR=2001:db8::1", "ADDR=IPV6:2001:db8::1"),
            ("ADDR=ipv6:2001:db8::1", "ADDR=IPV6:2001:db8::1"),
            ("DESTADDR=[2001:db8::1]", "DESTADDR=IPV6:2001:db8::1"),
            ("ADDR=[unavailable]", "ADDR=[UNAVAILABLE]"),
            ("NAME=[TEMPUNAVAIL]", "NAME=[TEMPUNAVAIL]"),
            ("LOGIN=a b+c=d", "LOGIN=a+20b+2Bc+3Dd"),
            ("REVERSE_NAME=b\u{fc}cher.example", "REVERSE_NAME=b+C3+BCcher.example"),
            ("PORT=2525", "PORT=2525"),
        ] {
            let attribute = ClientAttribute::parse(ClientCommand::Xclient, text).expect(text);
            assert_eq!(attribute.to_string(), sent);
        }
    }

    #[test]
    fn error_messages_state_what_to_write() {
        for (text, needle) in [
            ("ADDR", "ADDR=192.0.2.1"),
            ("NAME=", "NAME=VALUE"),
            ("IDENT=x", "it has ADDR, NAME"),
            ("ADDR=mail.example.net", "must be an IP address"),
            ("PORT=99999", "must be a port"),
            ("HELO=a\r\nMAIL", "control character"),
        ] {
            let error = ClientAttribute::parse(ClientCommand::Xclient, text).expect_err("a mistake").to_string();
            assert!(error.contains(needle), "{text:?} -> {error}");
        }
        assert!(ClientAttribute::parse(ClientCommand::Xforward, "IDENT=x").is_ok());
    }

    fn decoded(text: &str) -> Vec<u8> {
        let (mut bytes, mut rest) = (Vec::new(), text);
        while let Some(first) = rest.chars().next() {
            let taken =
                if first == '+' { rest.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok()) } else { None };
            bytes.push(taken.unwrap_or(first as u8));
            rest = rest.get(if first == '+' { 3 } else { 1 }..).unwrap_or_default();
        }
        bytes
    }

    proptest! {
        #[test]
        fn xtext_is_one_printable_word_and_can_be_decoded(value in any::<String>()) {
            let text = xtext(&value);
            prop_assert!(text.chars().all(|c| c.is_ascii_graphic() && c != '='));
            prop_assert_eq!(decoded(&text), value.into_bytes());
        }

        #[test]
        fn an_attribute_never_contains_a_line_break(text in any::<String>(), value in any::<String>()) {
            for text in [text, format!("HELO={value}")] {
                let Ok(attribute) = ClientAttribute::parse(ClientCommand::Xclient, &text) else { continue };
                prop_assert!(attribute.to_string().chars().all(|c| c.is_ascii_graphic()));
            }
        }
    }
}
