//! Parts of a check in a suite: its target, its requirements for this machine, and the source of its password.

use std::fmt;
use std::path::PathBuf;

use crate::secret::Secret;

/// The kind of target of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuiteSubject {
    /// A server (the key `target`).
    Server,
    /// A mail domain (the key `domain`).
    Domain,
}

impl SuiteSubject {
    /// The key that contains the target.
    pub fn key(self) -> &'static str {
        match self {
            SuiteSubject::Server => "target",
            SuiteSubject::Domain => "domain",
        }
    }
}

/// A requirement for this machine or its network. If it is not met, the check is skipped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The network allows connections to this port.
    Egress(u16),
    /// The machine has a route to IPv4 addresses.
    Ipv4,
    /// The machine has a route to IPv6 addresses.
    Ipv6,
    /// This environment variable is set.
    Variable(String),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Need::Egress(port) => write!(f, "egress:{port}"),
            Need::Ipv4 => f.write_str("ipv4"),
            Need::Ipv6 => f.write_str("ipv6"),
            Need::Variable(name) => write!(f, "env:{name}"),
        }
    }
}

/// The source of a password.
#[derive(Debug)]
pub enum Password {
    /// The output of this command.
    Command(String),
    /// The content of this file.
    File(PathBuf),
    /// The value of this environment variable.
    Environment(String),
    /// An OAuth access token, from the output of this command.
    TokenCommand(String),
    /// The password, written in the suite itself.
    Plain(Secret),
}

impl Password {
    /// The key that names this source.
    pub fn key(&self) -> &'static str {
        match self {
            Password::Command(_) => "password-command",
            Password::File(_) => "password-file",
            Password::Environment(_) => "password-env",
            Password::TokenCommand(_) => "token-command",
            Password::Plain(_) => "password",
        }
    }
}
