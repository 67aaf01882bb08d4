//! Host names and IP addresses as a user types them: letters, digits, hyphens, underscores (container names contain
//! them), internationalized names in both forms, IPv4 and IPv6 literals. Quotes, commas and spaces, which are often
//! copied from a configuration file, are reported as errors instead of being looked up.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::socket::{SocketPath, SocketPathError};

/// A host name in two forms: ASCII for the network and Unicode for display.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName {
    /// Lower-case A-labels without a trailing dot.
    ascii: String,
    /// U-labels (RFC 5890 §2.3.2.1); equal to `ascii` for most names.
    unicode: String,
}

impl DomainName {
    /// Parses a host name without a port. An IP address is not accepted.
    pub fn parse(text: &str) -> Result<DomainName, HostError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        if let Some(found) = text.chars().find(|&c| is_stray(c)) {
            // If a space follows the host, the host ends there, and the rest is another word.
            let first = text.split_whitespace().next().filter(|first| first.contains('.'));
            let cleaned = first.unwrap_or(text).chars().filter(|&c| !is_stray(c)).collect();
            return Err(HostError::Stray { found, cleaned });
        }
        let ascii = idna::domain_to_ascii(text).map_err(|_| HostError::NotAName { text: text.to_owned() })?;
        // IDNA maps some characters to spaces or punctuation, for example `´` to a space and `：` to a colon.
        if ascii.chars().any(is_stray) {
            let found = text.chars().find(|&c| mapped(c).chars().any(is_stray));
            let found = found.ok_or_else(|| HostError::NotAName { text: text.to_owned() })?;
            let separates = mapped(found).contains(is_separator);
            let cleaned = text.chars().filter(|&c| !separates && !mapped(c).chars().any(is_stray)).collect();
            return Err(HostError::Stray { found, cleaned });
        }
        let bad_label = |label: &str| label.is_empty() || label.len() > 63;
        if ascii.len() > 253 || ascii.split('.').any(bad_label) {
            // RFC 1035 §2.3.4: a label has 1 to 63 octets, and a name has at most 255 including its length octets.
            return Err(HostError::Length { text: text.to_owned() });
        }
        let (unicode, _) = idna::domain_to_unicode(&ascii);
        Ok(DomainName { ascii, unicode })
    }

    /// The form for lookups, SNI and SMTP commands.
    pub fn ascii(&self) -> &str {
        &self.ascii
    }

    /// The form for display.
    pub fn unicode(&self) -> &str {
        &self.unicode
    }

    /// Whether the two forms differ.
    pub fn is_international(&self) -> bool {
        self.ascii != self.unicode
    }

    /// Both forms if they differ: `bücher.example (xn--bcher-kva.example)`.
    pub fn both(&self) -> String {
        if self.is_international() { format!("{} ({})", self.unicode, self.ascii) } else { self.ascii.clone() }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ascii)
    }
}

impl TryFrom<String> for DomainName {
    type Error = HostError;

    fn try_from(text: String) -> Result<DomainName, HostError> {
        DomainName::parse(&text)
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> String {
        name.ascii
    }
}

/// The host to connect to: a name to look up, an IP address, or a Unix socket of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Host {
    /// A host name.
    Name(DomainName),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A Unix socket, which has no port.
    Socket(SocketPath),
}

/// A host as it is written before a port: an IPv6 address in brackets, everything else unchanged.
pub(crate) fn bracketed(host: &str) -> Cow<'_, str> {
    if host.contains(':') { Cow::Owned(format!("[{host}]")) } else { Cow::Borrowed(host) }
}

impl Host {
    /// Parses a name, `192.0.2.1`, `2001:db8::1` or `[2001:db8::1]`.
    pub fn parse(text: &str) -> Result<Host, HostError> {
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = inner.parse::<IpAddr>() {
            return Ok(Host::Ip(ip));
        }
        // Without this check, `1.2.3` or `300.1.1.1` would be looked up as a name, with a confusing result.
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.bytes().any(|b| b.is_ascii_digit()) {
            return Err(HostError::NotAnAddress { text: text.to_owned() });
        }
        DomainName::parse(text).map(Host::Name)
    }

    /// The notation of a target: `host:25`, `192.0.2.1:25`, `[2001:db8::1]:25`, or the path of a socket.
    pub fn with_port(&self, port: u16) -> String {
        match self {
            Host::Name(_) | Host::Ip(_) => format!("{}:{port}", self.bracketed()),
            Host::Socket(path) => path.to_string(),
        }
    }

    /// The notation of a target without a port: `host`, `192.0.2.1`, `[2001:db8::1]`.
    pub fn bracketed(&self) -> String {
        match self {
            Host::Name(_) | Host::Ip(_) => bracketed(&self.to_string()).into_owned(),
            Host::Socket(path) => path.to_string(),
        }
    }

    /// The host name; `None` for an IP address or a socket.
    pub fn name(&self) -> Option<&DomainName> {
        match self {
            Host::Name(name) => Some(name),
            Host::Ip(_) | Host::Socket(_) => None,
        }
    }

    /// The path of the Unix socket; `None` for a host name or an IP address.
    pub fn socket(&self) -> Option<&SocketPath> {
        match self {
            Host::Socket(path) => Some(path),
            Host::Name(_) | Host::Ip(_) => None,
        }
    }

    /// The name that the server's certificate must contain, unless the user gives another one. A Unix socket is on this
    /// machine, so its name is `localhost`.
    pub fn expected_name(&self) -> String {
        match self {
            Host::Name(_) | Host::Ip(_) => self.to_string(),
            Host::Socket(_) => "localhost".to_owned(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => name.fmt(f),
            Host::Ip(ip) => ip.fmt(f),
            Host::Socket(path) => path.fmt(f),
        }
    }
}

impl TryFrom<String> for Host {
    type Error = HostError;

    fn try_from(text: String) -> Result<Host, HostError> {
        if text.starts_with('/') {
            SocketPath::parse(&text).map(Host::Socket).map_err(HostError::Socket)
        } else {
            Host::parse(&text)
        }
    }
}

impl From<Host> for String {
    fn from(host: Host) -> String {
        host.to_string()
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Host {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Host".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "a host name in ASCII form, an IP address, or the absolute path of a Unix socket" })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for DomainName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DomainName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "a host name in ASCII form" })
    }
}

/// Why a string is not a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// It is empty.
    Empty,
    /// It contains a character that is not allowed in a host name.
    Stray {
        /// The first such character.
        found: char,
        /// The string without such characters.
        cleaned: String,
    },
    /// It consists of digits and dots but is not an IPv4 address.
    NotAnAddress {
        /// The string.
        text: String,
    },
    /// A label or the entire name is too long, or a label is empty.
    Length {
        /// The string.
        text: String,
    },
    /// IDNA does not allow it (RFC 5891).
    NotAName {
        /// The string.
        text: String,
    },
    /// It is not the path of a Unix socket.
    Socket(SocketPathError),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostError::Empty => f.write_str("the host is empty; give a host such as smtp.example.net"),
            HostError::Stray { found, cleaned } => {
                write!(f, "the host contains {}, which is not allowed in a host name", name_of(*found))?;
                match DomainName::parse(cleaned) {
                    // These characters separate parts of an address, and one of the parts can be a password.
                    Ok(_) if is_separator(*found) => Ok(()),
                    Ok(name) => write!(f, "; did you mean {}", name.ascii()),
                    Err(_) => Ok(()),
                }
            }
            HostError::NotAnAddress { text } => {
                write!(f, "{text} is not an IPv4 address, which has four numbers from 0 to 255 separated by dots")
            }
            HostError::Length { text } => {
                let shown: String = text.chars().take(60).collect();
                let dots = if text.chars().count() > 60 { "..." } else { "" };
                write!(
                    f,
                    "{shown}{dots} is not a host name: each part between dots must have 1 to 63 characters, and the entire name at most 253"
                )
            }
            HostError::NotAName { text } => write!(f, "{} is not a host name", text.escape_debug()),
            HostError::Socket(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for HostError {}

fn is_stray(c: char) -> bool {
    c.is_control() || c.is_whitespace() || (c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'))
}

/// Whether this character separates the parts of an address.
fn is_separator(c: char) -> bool {
    matches!(c, '@' | ':' | '?' | '#')
}

/// What IDNA makes of one character (UTS #46 section 4); empty if it does not allow the character.
fn mapped(c: char) -> String {
    idna::domain_to_ascii(c.encode_utf8(&mut [0; 4])).unwrap_or_default()
}

fn name_of(c: char) -> String {
    match c {
        ' ' => "a space".to_owned(),
        '\t' => "a tab".to_owned(),
        '\n' | '\r' => "a line break".to_owned(),
        '"' | '\'' => format!("a quote ({c})"),
        other => format!("`{}`", other.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{DomainName, Host, HostError};
    use crate::wire::SocketPath;

    proptest! {
        #[test]
        fn the_path_of_a_socket_is_the_same_after_a_report_is_saved_and_loaded(text in any::<String>(), path in "/[ -~]{1,90}") {
            for text in [text, path] {
                let Ok(path) = SocketPath::parse(&text) else { continue };
                prop_assert!(!path.text().chars().any(char::is_control));
                let host = Host::Socket(path);
                prop_assert_eq!(Host::try_from(String::from(host.clone())), Ok(host));
            }
        }
    }

    #[test]
    fn names_are_lower_case_without_a_trailing_dot() {
        assert_eq!(DomainName::parse("SMTP.Example.NET.").expect("a name").ascii(), "smtp.example.net");
        assert_eq!(DomainName::parse("mail_server").expect("a container's name").ascii(), "mail_server");
    }

    #[test]
    fn international_names_have_both_forms() {
        let name = DomainName::parse("bücher.example").expect("a name");
        assert_eq!((name.ascii(), name.unicode()), ("xn--bcher-kva.example", "bücher.example"));
        assert_eq!(DomainName::parse("xn--bcher-kva.example").expect("a name"), name);
    }

    #[test]
    fn addresses_are_parsed_with_and_without_brackets() {
        assert_eq!(Host::parse("[2001:db8::1]"), Host::parse("2001:db8::1"));
        assert!(matches!(Host::parse("192.0.2.1"), Ok(Host::Ip(_))));
        assert!(matches!(Host::parse("300.0.2.1"), Err(HostError::NotAnAddress { .. })));
    }

    #[test]
    fn characters_that_idna_maps_to_spaces_or_punctuation_are_reported() {
        let message = |text: &str| Host::parse(text).expect_err("no host").to_string();
        assert_eq!(
            message("mail.exam´ple.net"),
            "the host contains `´`, which is not allowed in a host name; did you mean mail.example.net"
        );
        assert_eq!(message("mail.example.net：587"), "the host contains `：`, which is not allowed in a host name");
        assert_eq!(message("me＠example.net"), "the host contains `＠`, which is not allowed in a host name");
        // Full-width letters and dots are the usual ones in a name typed with an East Asian keyboard.
        assert_eq!(DomainName::parse("ｍａｉｌ．example。net").expect("a name").ascii(), "mail.example.net");
    }

    #[test]
    fn punctuation_copied_from_a_configuration_file_is_reported_and_removed() {
        let message = |text: &str| Host::parse(text).expect_err("no host").to_string();
        assert_eq!(
            message("smtp.gmail.com;"),
            "the host contains `;`, which is not allowed in a host name; did you mean smtp.gmail.com"
        );
        assert_eq!(
            message("\"smtp.gmail.com\""),
            "the host contains a quote (\"), which is not allowed in a host name; did you mean smtp.gmail.com"
        );
        assert!(message("smtp.gmail.com ").contains("a space"));
        assert!(message("a..b").contains("not a host name"));
        assert!(message("").contains("empty"));
    }
}
