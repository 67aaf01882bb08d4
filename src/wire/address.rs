//! Email addresses in the envelope (RFC 5321 §4.1.2): dot-strings, quoted strings, domains, address literals, the null
//! reverse-path, and UTF-8 (RFC 6531 §3.3). A parsed email address contains no control character, so it cannot inject a
//! second command.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::secret::written::without_password;
use crate::wire::host::{DomainName, HostError};

/// The part after the `@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Domain {
    Name(DomainName),
    Literal(IpAddr),
}

/// `local-part@domain`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mailbox {
    /// Includes the quotes if the local part was quoted.
    local: String,
    domain: Domain,
}

impl Mailbox {
    /// Parses `user@example.net`, `"odd user"@example.net` or `user@[192.0.2.1]`, each with or without angle brackets.
    pub fn parse(text: &str) -> Result<Mailbox, AddressError> {
        if let Some(found) = text.chars().find(|c| c.is_control()) {
            return Err(AddressError::Control { found });
        }
        let bare = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
        let parsed = split(bare).and_then(|(local, domain)| Ok((local, parse_domain(domain)?, check_local(local)?)));
        let (local, domain, ()) = parsed.map_err(|error| in_other_notation(text).unwrap_or(error))?;
        let text = bare;
        // RFC 5321 §4.5.3.1.1 and .3: 64 octets of local part, 256 of path.
        if local.len() > 64 || text.len() > 254 {
            return Err(AddressError::TooLong);
        }
        Ok(Mailbox { local: local.to_owned(), domain })
    }

    /// Whether the server must support SMTPUTF8 for this email address. Only the local part matters, because the domain
    /// can be sent in its ASCII form (RFC 6531 §3.2).
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// The domain, unless it is an address literal.
    pub fn domain(&self) -> Option<&DomainName> {
        match &self.domain {
            Domain::Name(name) => Some(name),
            Domain::Literal(_) => None,
        }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.domain {
            Domain::Name(name) => write!(f, "{}@{name}", self.local),
            Domain::Literal(IpAddr::V4(ip)) => write!(f, "{}@[{ip}]", self.local),
            Domain::Literal(IpAddr::V6(ip)) => write!(f, "{}@[IPv6:{ip}]", self.local),
        }
    }
}

impl TryFrom<String> for Mailbox {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Mailbox, AddressError> {
        Mailbox::parse(&text)
    }
}

impl From<Mailbox> for String {
    fn from(mailbox: Mailbox) -> String {
        mailbox.to_string()
    }
}

/// The argument of MAIL FROM: a mailbox, or the empty path `<>` of a bounce (RFC 5321 §4.5.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ReversePath {
    /// `<>`.
    Null,
    /// A sender.
    Mailbox(Mailbox),
}

impl ReversePath {
    /// Parses a mailbox or `<>`.
    pub fn parse(text: &str) -> Result<ReversePath, AddressError> {
        if text == "<>" { Ok(ReversePath::Null) } else { Mailbox::parse(text).map(ReversePath::Mailbox) }
    }

    /// The sender's mailbox; `None` for `<>`.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            ReversePath::Null => None,
            ReversePath::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReversePath::Null => f.write_str("<>"),
            ReversePath::Mailbox(mailbox) => mailbox.fmt(f),
        }
    }
}

impl TryFrom<String> for ReversePath {
    type Error = AddressError;

    fn try_from(text: String) -> Result<ReversePath, AddressError> {
        ReversePath::parse(&text)
    }
}

impl From<ReversePath> for String {
    fn from(path: ReversePath) -> String {
        path.to_string()
    }
}

/// The argument of RCPT TO: a mailbox, or `postmaster` without a domain (RFC 5321 §4.1.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ForwardPath {
    /// `<postmaster>`, in the letter case that the user typed.
    Postmaster(String),
    /// A recipient.
    Mailbox(Mailbox),
}

impl ForwardPath {
    /// Parses a mailbox or `postmaster`.
    pub fn parse(text: &str) -> Result<ForwardPath, AddressError> {
        let bare = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
        if bare.eq_ignore_ascii_case("postmaster") {
            return Ok(ForwardPath::Postmaster(bare.to_owned()));
        }
        if bare.is_empty() && !text.is_empty() {
            return Err(AddressError::NullRecipient);
        }
        Mailbox::parse(text).map(ForwardPath::Mailbox)
    }

    /// The recipient's mailbox; `None` for `postmaster` without a domain.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            ForwardPath::Postmaster(_) => None,
            ForwardPath::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForwardPath::Postmaster(name) => f.write_str(name),
            ForwardPath::Mailbox(mailbox) => mailbox.fmt(f),
        }
    }
}

impl TryFrom<String> for ForwardPath {
    type Error = AddressError;

    fn try_from(text: String) -> Result<ForwardPath, AddressError> {
        ForwardPath::parse(&text)
    }
}

impl From<ForwardPath> for String {
    fn from(path: ForwardPath) -> String {
        path.to_string()
    }
}

macro_rules! schema_is_a_string {
    ($($name:ident),*) => {$(
        #[cfg(test)]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string" })
            }
        }
    )*};
}
schema_is_a_string!(Mailbox, ReversePath, ForwardPath);

/// Why a string is not an email address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// It is empty.
    Empty,
    /// It contains a line break, NUL or another control character.
    Control {
        /// The character.
        found: char,
    },
    /// It has no `@`.
    NoDomain {
        /// The string.
        text: String,
    },
    /// There is no text before the `@`.
    NoLocalPart,
    /// The local part needs quotes, or contains misplaced dots or quotes.
    LocalPart {
        /// The text before the `@`.
        local: String,
        /// The problem, as the rest of a sentence about the local part.
        why: &'static str,
    },
    /// The part after the `@` is not a domain.
    Domain(HostError),
    /// `[...]` does not contain an IP address.
    Literal {
        /// The literal.
        text: String,
    },
    /// An address with other text around it: a display name, spaces, `mailto:`.
    Decorated {
        /// The address alone.
        address: String,
    },
    /// More than one address.
    Several {
        /// The first one.
        first: String,
    },
    /// It is longer than RFC 5321 §4.5.3.1 allows.
    TooLong,
    /// `<>` was given as a recipient.
    NullRecipient,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressError::Empty => f.write_str("the email address is empty; write it as user@example.net"),
            AddressError::Control { found: '\r' | '\n' } => {
                f.write_str("the email address contains a line break, which would inject a second command")
            }
            AddressError::Control { found } => {
                write!(f, "the email address contains the control character {}", found.escape_debug())
            }
            AddressError::NoDomain { text } => {
                let shown = text.escape_debug();
                if !text.is_ascii() || text.contains(' ') {
                    return write!(
                        f,
                        "{shown} is a name, not an email address; write the address of the mailbox, as user@example.net (programs have another field for the name)"
                    );
                }
                write!(
                    f,
                    "{shown} has no domain; write it as {shown}@example.net. If a program sends to or from a local name such as root, set a full address there, or an alias (/etc/aliases; msmtp: aliases; ssmtp: root=)"
                )
            }
            AddressError::NoLocalPart => {
                f.write_str("there is no user name before the @; write it as user@example.net")
            }
            // The local part may contain a password, so the message does not repeat it.
            AddressError::LocalPart { local, .. } if local.contains(':') => {
                f.write_str("the part before the @ contains a colon; write only the address, without a password")
            }
            AddressError::LocalPart { local, why } => {
                write!(f, "the part before the @ {why}; put it in quotes: '\"{}\"@...'", local.escape_debug())
            }
            AddressError::Domain(error) => {
                write!(f, "after the @: {}", error.to_string().replace("the host", "the domain"))
            }
            AddressError::Literal { text } => {
                write!(
                    f,
                    "{} is not an address literal; write it as [192.0.2.1] or [IPv6:2001:db8::1]",
                    text.escape_debug()
                )
            }
            AddressError::Decorated { address } => {
                write!(
                    f,
                    "only the address is allowed here, without a name or other text; write {}",
                    without_password(address)
                )
            }
            AddressError::Several { first } => {
                write!(
                    f,
                    "this is more than one address; write only one, for example {}; if the flag is repeatable, repeat it for the others",
                    without_password(first)
                )
            }
            AddressError::TooLong => {
                f.write_str("the email address is too long: at most 64 bytes before the @ and 254 in total (RFC 5321)")
            }
            AddressError::NullRecipient => {
                f.write_str("<> is only valid as the sender; a recipient must be an email address")
            }
        }
    }
}

impl std::error::Error for AddressError {}

fn split(text: &str) -> Result<(&str, &str), AddressError> {
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err(AddressError::NoDomain { text: text.to_owned() });
    };
    if local.is_empty() {
        return Err(AddressError::NoLocalPart);
    }
    Ok((local, domain))
}

/// The likely meaning of a string that contains an email address but is not one: `Ann <ann@example.net>`,
/// `mailto:ann@example.net`, `ann@example.net, bob@example.net`, as in the header of a message (RFC 5322 §3.4) or in a
/// link (RFC 6068 §2).
fn in_other_notation(text: &str) -> Option<AddressError> {
    let address = |text: &str| {
        let text = text.trim();
        let text = match text.rsplit_once('<') {
            Some((_, rest)) => rest.strip_suffix('>')?,
            None => text,
        };
        let is_link = text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
        let text = if is_link { text.get(7..)?.split('?').next()? } else { text };
        let (local, domain) = split(text).ok()?;
        check_local(local).ok()?;
        parse_domain(domain).ok()?;
        Some(text.to_owned())
    };
    let several: Vec<Option<String>> =
        text.split([',', ';', ' ']).filter(|part| part.contains('@')).map(address).collect();
    match several.as_slice() {
        [Some(first), Some(_), ..] => Some(AddressError::Several { first: first.clone() }),
        // A stray character is a typing error.
        _ => address(text)
            .or_else(|| address(text.trim_matches(['<', '>', ',', ';', '(', ')', '\'', '"', ' '])))
            .map(|address| AddressError::Decorated { address }),
    }
}

fn check_local(local: &str) -> Result<(), AddressError> {
    let wrong = |why| Err(AddressError::LocalPart { local: local.to_owned(), why });
    if let Some(inner) = local.strip_prefix('"') {
        // RFC 5321 §4.1.2 Quoted-string: `"` and `\` must follow a backslash.
        let Some(inner) = inner.strip_suffix('"') else { return wrong("lacks the closing quote") };
        let mut escaped = false;
        for c in inner.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return wrong("contains an unescaped quote"),
                _ => {}
            }
        }
        return if escaped { wrong("ends with a backslash") } else { Ok(()) };
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return wrong("begins or ends with a dot, or contains two consecutive dots");
    }
    // RFC 5322 §3.2.3 atext, and any non-ASCII character (RFC 6531 §3.3).
    let legal = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    if local.chars().all(legal) { Ok(()) } else { wrong("contains a character that needs quotes") }
}

fn parse_domain(text: &str) -> Result<Domain, AddressError> {
    let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return DomainName::parse(text).map(Domain::Name).map_err(AddressError::Domain);
    };
    // RFC 5321 §4.1.3: `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
    let v6 = inner.get(..5).filter(|tag| tag.eq_ignore_ascii_case("ipv6:")).and_then(|_| inner.get(5..));
    let ip = match v6 {
        Some(text) => text.parse().map(IpAddr::V6).ok(),
        None => inner.parse().map(IpAddr::V4).ok(),
    };
    ip.map(Domain::Literal).ok_or_else(|| AddressError::Literal { text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{AddressError, ForwardPath, Mailbox, ReversePath};

    fn display_form(text: &str) -> String {
        Mailbox::parse(text).map_or_else(|error| format!("error: {error}"), |mailbox| mailbox.to_string())
    }

    #[test]
    fn plain_quoted_literal_and_international_addresses_are_parsed() {
        assert_eq!(display_form("User@Example.NET"), "User@example.net");
        assert_eq!(display_form("<user@example.net>"), "user@example.net");
        assert_eq!(display_form("\"odd @ user\"@example.net"), "\"odd @ user\"@example.net");
        assert_eq!(display_form("user@[192.0.2.1]"), "user@[192.0.2.1]");
        assert_eq!(display_form("user@[IPv6:2001:db8::1]"), "user@[IPv6:2001:db8::1]");
        assert_eq!(display_form("user@bücher.example"), "user@xn--bcher-kva.example");
        assert!(Mailbox::parse("jürgen@example.net").expect("an address").needs_smtputf8());
        assert!(!Mailbox::parse("user@bücher.example").expect("an address").needs_smtputf8());
    }

    #[test]
    fn an_address_with_a_line_break_is_rejected() {
        for text in ["a@example.net\r\nDATA", "a\n@example.net", "\"a\rb\"@example.net", "a@example.net\0"] {
            assert!(matches!(Mailbox::parse(text), Err(AddressError::Control { .. })), "{text:?}");
            assert!(ReversePath::parse(text).is_err() && ForwardPath::parse(text).is_err());
        }
    }

    #[test]
    fn error_messages_show_the_correct_form() {
        assert!(display_form("root").contains("write it as root@example.net"));
        assert!(display_form("a b@example.net").contains("quotes"));
        assert!(display_form("<you@example.net").contains("write you@example.net"));
        assert!(display_form("root").contains("/etc/aliases"));
        assert!(display_form("Example News").contains("a name, not an email address"));
        assert!(display_form("a..b@example.net").contains("two consecutive dots"));
        assert!(display_form("a@exa mple.net").contains("after the @: the domain contains a space"));
        assert!(display_form("a@[192.0.2]").contains("address literal"));
        assert!(display_form("@example.net").contains("no user name before"));
    }

    #[test]
    fn an_address_in_another_notation_is_named_alone() {
        for text in [
            "First Last <ann@example.net>",
            "\"Last, First\" <ann@example.net>",
            " ann@example.net ",
            "mailto:ann@example.net",
            "MAILTO:ann@example.net?subject=x",
            "<mailto:ann@example.net>",
        ] {
            let error = AddressError::Decorated { address: "ann@example.net".to_owned() };
            assert_eq!(Mailbox::parse(text), Err(error), "{text}");
        }
        for text in [
            "ann@example.net,bob@example.net",
            "ann@example.net; Bob <bob@example.net>",
            "ann@example.net bob@example.net",
        ] {
            assert!(
                matches!(Mailbox::parse(text), Err(AddressError::Several { first }) if first == "ann@example.net"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_null_sender_and_the_bare_postmaster_are_paths() {
        assert_eq!(ReversePath::parse("<>"), Ok(ReversePath::Null));
        assert_eq!(ForwardPath::parse("<>"), Err(AddressError::NullRecipient));
        assert_eq!(ForwardPath::parse("Postmaster").expect("a path").to_string(), "Postmaster");
    }
}
