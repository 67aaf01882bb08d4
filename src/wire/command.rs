//! The commands that smtpcheck knows. There is no DATA and no BDAT, so that no message can ever be sent.
//!
//! Every argument was parsed before it came here, and none can hold CR, LF or NUL: [`Command::line`] cannot fail and
//! cannot make two commands of one. AUTH is not here, its bytes are secret; the dialogue encodes it.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::wire::address::{ForwardPath, ReversePath};

/// What EHLO and HELO announce (RFC 5321 §4.1.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EhloName {
    /// A name, as the user or the system gave it. It may be wrong on purpose, but it is one word.
    Name(String),
    /// The address of our end of the connection as a literal, which RFC 5321 §4.1.4 wants of a client without a name.
    LocalAddress,
}

impl EhloName {
    /// Reads a name: any printable word. A checker may announce nonsense to see what happens, but not two commands.
    pub fn parse(text: &str) -> Result<EhloName, EhloNameError> {
        match text.chars().find(|c| c.is_control() || c.is_whitespace()) {
            _ if text.is_empty() => Err(EhloNameError::Empty),
            Some(found) => Err(EhloNameError::Stray(found)),
            None => Ok(EhloName::Name(text.to_owned())),
        }
    }

    /// The word that is sent, given the address of our end.
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

/// Why a text cannot be announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EhloNameError {
    /// Nothing there.
    Empty,
    /// A blank, a line break or a control character.
    Stray(char),
}

impl fmt::Display for EhloNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EhloNameError::Empty => f.write_str("the name to announce is empty; write for example mail.example.net"),
            EhloNameError::Stray('\r' | '\n') => {
                f.write_str("the name to announce holds a line break; nothing was sent")
            }
            EhloNameError::Stray(c) => {
                write!(
                    f,
                    "the name to announce holds `{}`; it is one word, for example mail.example.net",
                    c.escape_debug()
                )
            }
        }
    }
}

impl std::error::Error for EhloNameError {}

/// One command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// RFC 5321 §4.1.1.1.
    Ehlo(String),
    /// RFC 5321 §4.1.1.1, for servers that do not know EHLO (§3.2).
    Helo(String),
    /// RFC 3207 §4.
    StartTls,
    /// AUTH PLAIN without a password (RFC 4954 §4): the server would have to ask for one.
    AuthPlain,
    /// The line that breaks a login off (RFC 4954 §4).
    Cancel,
    /// RFC 5321 §4.1.1.2; `SMTPUTF8` as parameter (RFC 6531 §3.4) where an address needs it.
    Mail {
        /// The sender.
        from: ReversePath,
        /// Whether the parameter goes along.
        smtputf8: bool,
    },
    /// RFC 5321 §4.1.1.3.
    Rcpt {
        /// The recipient.
        to: ForwardPath,
    },
    /// RFC 5321 §4.1.1.5: forgets sender and recipients.
    Rset,
    /// RFC 5321 §4.1.1.9: does nothing.
    Noop,
    /// RFC 5321 §4.1.1.10.
    Quit,
}

impl Command {
    /// The bytes, with CRLF.
    pub fn line(&self) -> Vec<u8> {
        format!("{self}\r\n").into_bytes()
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Ehlo(name) => write!(f, "EHLO {name}"),
            Command::Helo(name) => write!(f, "HELO {name}"),
            Command::StartTls => f.write_str("STARTTLS"),
            Command::AuthPlain => f.write_str("AUTH PLAIN"),
            Command::Cancel => f.write_str("*"),
            Command::Mail { from, smtputf8 } => {
                match from {
                    ReversePath::Null => f.write_str("MAIL FROM:<>")?,
                    ReversePath::Mailbox(mailbox) => write!(f, "MAIL FROM:<{mailbox}>")?,
                }
                if *smtputf8 { f.write_str(" SMTPUTF8") } else { Ok(()) }
            }
            Command::Rcpt { to } => write!(f, "RCPT TO:<{to}>"),
            Command::Rset => f.write_str("RSET"),
            Command::Noop => f.write_str("NOOP"),
            Command::Quit => f.write_str("QUIT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, EhloName};
    use crate::wire::address::{ForwardPath, ReversePath};

    #[test]
    fn commands_are_one_line_each() {
        let from = ReversePath::parse("u@example.net").expect("an address");
        let to = ForwardPath::parse("x@example.org").expect("an address");
        assert_eq!(Command::Mail { from, smtputf8: true }.line(), b"MAIL FROM:<u@example.net> SMTPUTF8\r\n");
        assert_eq!(Command::Mail { from: ReversePath::Null, smtputf8: false }.line(), b"MAIL FROM:<>\r\n");
        assert_eq!(Command::Rcpt { to }.line(), b"RCPT TO:<x@example.org>\r\n");
    }

    #[test]
    fn a_name_that_would_be_two_commands_is_refused() {
        assert!(EhloName::parse("mx\r\nMAIL FROM:<>").is_err());
        assert!(EhloName::parse("mx example").is_err());
        assert!(EhloName::parse("").is_err());
        assert!(EhloName::parse("under_score.local").is_ok());
    }

    #[test]
    fn a_client_without_a_name_announces_its_address() {
        let name = EhloName::LocalAddress;
        assert_eq!(name.word("192.0.2.1".parse().ok()), "[192.0.2.1]");
        assert_eq!(name.word("2001:db8::1".parse().ok()), "[IPv6:2001:db8::1]");
        assert_eq!(name.word("::ffff:192.0.2.1".parse().ok()), "[192.0.2.1]");
    }
}
