//! The commands that smtpcheck can send. DATA and BDAT are not included, so it can never send a message.
//!
//! All arguments are parsed values that cannot contain CR, LF or NUL. Therefore [`Command::line`] cannot fail, and an
//! argument cannot inject a second command. AUTH lines are not included because they contain secrets; the dialogue
//! module encodes them.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::wire::address::{ForwardPath, ReversePath};
use crate::wire::{ClientAttribute, ClientCommand, DomainName, Parameter};

/// The client name in EHLO and HELO (RFC 5321 §4.1.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EhloName {
    /// A name from the user or the system. It may be deliberately wrong, but it is a single word.
    Name(String),
    /// The local IP address of the connection as an address literal, which RFC 5321 §4.1.4 prescribes for a client
    /// without a name.
    LocalAddress,
}

impl EhloName {
    /// Parses a name: any single printable word. A user may send an invalid name to test the server, but cannot inject
    /// a command.
    pub fn parse(text: &str) -> Result<EhloName, EhloNameError> {
        match text.chars().find(|c| c.is_control() || c.is_whitespace()) {
            _ if text.is_empty() => Err(EhloNameError::Empty),
            Some(found) => Err(EhloNameError::Stray(found)),
            None => Ok(EhloName::Name(text.to_owned())),
        }
    }

    /// The word that is sent. `local` is the local IP address of the connection.
    pub fn word(&self, local: Option<IpAddr>) -> String {
        match (self, local) {
            (EhloName::Name(name), _) => name.clone(),
            (EhloName::LocalAddress, Some(IpAddr::V4(ip))) => format!("[{ip}]"),
            (EhloName::LocalAddress, Some(IpAddr::V6(ip))) => match ip.to_ipv4_mapped() {
                Some(v4) => format!("[{v4}]"),
                None => format!("[IPv6:{ip}]"),
            },
            (EhloName::LocalAddress, None) => "[127.0.0.1]".to_owned(),
        }
    }
}

/// Why a string cannot be used as an EHLO name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EhloNameError {
    /// It is empty.
    Empty,
    /// It contains a space, a line break or a control character.
    Stray(char),
}

impl fmt::Display for EhloNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EhloNameError::Empty => f.write_str("the EHLO name is empty; give a name such as mail.example.net"),
            EhloNameError::Stray('\r' | '\n') => {
                f.write_str("the EHLO name contains a line break, which would inject a second command")
            }
            EhloNameError::Stray(c) => {
                write!(
                    f,
                    "the EHLO name contains `{}`; it must be one word, for example mail.example.net",
                    c.escape_debug()
                )
            }
        }
    }
}

impl std::error::Error for EhloNameError {}

/// The argument of VRFY and EXPN: a mailbox, or a local part without a domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AddressQuery {
    /// The address of a recipient.
    Recipient(ForwardPath),
    /// The mailbox that every server must have (RFC 5321 §4.5.1).
    Postmaster,
    /// A mailbox that probably does not exist: a fixed name, in the domain of the recipient if there is one.
    Invented(Option<DomainName>),
}

impl fmt::Display for AddressQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressQuery::Recipient(path) => write!(f, "{path}"),
            AddressQuery::Postmaster => f.write_str("postmaster"),
            AddressQuery::Invented(Some(domain)) => write!(f, "smtpcheck-vrfy-test@{}", domain.ascii()),
            AddressQuery::Invented(None) => f.write_str("smtpcheck-vrfy-test"),
        }
    }
}

/// One command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// RFC 5321 §4.1.1.1.
    Ehlo(String),
    /// RFC 5321 §4.1.1.1, for servers that do not support EHLO (§3.2).
    Helo(String),
    /// RFC 2033 §4.1: the first command of LMTP.
    Lhlo(String),
    /// RFC 3207 §4.
    StartTls,
    /// AUTH PLAIN without a password (RFC 4954 §4). A server that accepts it must request the password with a
    /// challenge.
    AuthPlain,
    /// The line `*`, which cancels an AUTH exchange (RFC 4954 §4).
    Cancel,
    /// RFC 5321 §4.1.1.2.
    Mail {
        /// The sender.
        from: ReversePath,
        /// The parameters of extensions (RFC 5321 §4.1.1.11).
        parameters: Vec<Parameter>,
    },
    /// RFC 5321 §4.1.1.3.
    Rcpt {
        /// The recipient.
        to: ForwardPath,
        /// The parameters of extensions.
        parameters: Vec<Parameter>,
    },
    /// XCLIENT or XFORWARD, extensions of Postfix.
    Client {
        /// Which of the two.
        command: ClientCommand,
        /// The attributes.
        attributes: Vec<ClientAttribute>,
    },
    /// RFC 5321 §4.1.1.6: asks whether a mailbox exists.
    Vrfy(AddressQuery),
    /// RFC 5321 §4.1.1.7: asks for the members of a mailing list.
    Expn(AddressQuery),
    /// RFC 5321 §4.1.1.5: discards the sender and the recipients.
    Rset,
    /// RFC 5321 §4.1.1.9: has no effect.
    Noop,
    /// RFC 5321 §4.1.1.10.
    Quit,
}

impl Command {
    /// The command line, including CRLF.
    pub fn line(&self) -> Vec<u8> {
        format!("{self}\r\n").into_bytes()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Ehlo(name) => write!(f, "EHLO {name}"),
            Command::Helo(name) => write!(f, "HELO {name}"),
            Command::Lhlo(name) => write!(f, "LHLO {name}"),
            Command::StartTls => f.write_str("STARTTLS"),
            Command::AuthPlain => f.write_str("AUTH PLAIN"),
            Command::Cancel => f.write_str("*"),
            Command::Mail { from, parameters } => {
                match from {
                    ReversePath::Null => f.write_str("MAIL FROM:<>")?,
                    ReversePath::Mailbox(mailbox) => write!(f, "MAIL FROM:<{mailbox}>")?,
                }
                parameters.iter().try_for_each(|parameter| write!(f, " {parameter}"))
            }
            Command::Rcpt { to, parameters } => {
                write!(f, "RCPT TO:<{to}>")?;
                parameters.iter().try_for_each(|parameter| write!(f, " {parameter}"))
            }
            Command::Client { command, attributes } => {
                write!(f, "{command}")?;
                attributes.iter().try_for_each(|attribute| write!(f, " {attribute}"))
            }
            Command::Vrfy(query) => write!(f, "VRFY {query}"),
            Command::Expn(query) => write!(f, "EXPN {query}"),
            Command::Rset => f.write_str("RSET"),
            Command::Noop => f.write_str("NOOP"),
            Command::Quit => f.write_str("QUIT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, EhloName};
    use crate::wire::Parameter;
    use crate::wire::address::{ForwardPath, ReversePath};

    #[test]
    fn commands_are_one_line_each() {
        let from = ReversePath::parse("u@example.net").expect("an address");
        let to = ForwardPath::parse("x@example.org").expect("an address");
        let notify = Parameter::parse("NOTIFY=NEVER").expect("a parameter");
        assert_eq!(
            Command::Mail { from, parameters: vec![Parameter::smtputf8()] }.line(),
            b"MAIL FROM:<u@example.net> SMTPUTF8\r\n"
        );
        assert_eq!(Command::Mail { from: ReversePath::Null, parameters: Vec::new() }.line(), b"MAIL FROM:<>\r\n");
        assert_eq!(Command::Rcpt { to, parameters: vec![notify] }.line(), b"RCPT TO:<x@example.org> NOTIFY=NEVER\r\n");
    }

    #[test]
    fn a_name_that_would_inject_a_second_command_is_rejected() {
        assert!(EhloName::parse("mx\r\nMAIL FROM:<>").is_err());
        assert!(EhloName::parse("mx example").is_err());
        assert!(EhloName::parse("").is_err());
        assert!(EhloName::parse("under_score.local").is_ok());
    }

    #[test]
    fn a_client_without_a_name_sends_its_address_literal() {
        let name = EhloName::LocalAddress;
        assert_eq!(name.word("192.0.2.1".parse().ok()), "[192.0.2.1]");
        assert_eq!(name.word("2001:db8::1".parse().ok()), "[IPv6:2001:db8::1]");
        assert_eq!(name.word("::ffff:192.0.2.1".parse().ok()), "[192.0.2.1]");
    }
}
