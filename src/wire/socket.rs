//! The path of a Unix socket: absolute, printable, and short enough for the socket address of every system.

use std::fmt;
use std::path::Path;

/// The longest path that fits into the socket address of Linux (`sun_path` has 108 bytes, of which the last is zero).
const MAX_PATH: usize = 107;

/// The absolute path of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SocketPath(String);

impl SocketPath {
    /// Parses a path. A relative path would mean something different in a report that is read elsewhere.
    pub fn parse(text: &str) -> Result<SocketPath, SocketPathError> {
        if !text.starts_with('/') || text.len() < 2 {
            return Err(SocketPathError::NotAbsolute { text: text.to_owned() });
        }
        if let Some(found) = text.chars().find(|c| c.is_control()) {
            return Err(SocketPathError::Control { found });
        }
        if text.len() > MAX_PATH {
            return Err(SocketPathError::Long { length: text.len() });
        }
        Ok(SocketPath(text.to_owned()))
    }

    /// The path as text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The path for the operating system.
    pub fn path(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl fmt::Display for SocketPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a string is not the path of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketPathError {
    /// It is not an absolute path.
    NotAbsolute {
        /// The string.
        text: String,
    },
    /// It contains a control character.
    Control {
        /// The character.
        found: char,
    },
    /// It is longer than a socket address allows.
    Long {
        /// The length in bytes.
        length: usize,
    },
}

impl fmt::Display for SocketPathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketPathError::NotAbsolute { text } => {
                write!(f, "{} is not the absolute path of a Unix socket", text.escape_debug())
            }
            SocketPathError::Control { found } => {
                write!(f, "the socket path contains the control character `{}`", found.escape_debug())
            }
            SocketPathError::Long { length } => {
                write!(f, "the path of a Unix socket can have at most {MAX_PATH} bytes, but this one has {length}")
            }
        }
    }
}

impl std::error::Error for SocketPathError {}

#[cfg(test)]
mod tests {
    use super::SocketPath;

    #[test]
    fn only_absolute_printable_paths_of_limited_length_are_accepted() {
        assert!(SocketPath::parse("/var/spool/postfix/private/lmtp").is_ok());
        for text in ["", "/", "lmtp", "./lmtp", "/run/a\nb", "/run/a\0b"] {
            assert!(SocketPath::parse(text).is_err(), "{text:?}");
        }
        assert!(SocketPath::parse(&format!("/{}", "x".repeat(106))).is_ok());
        assert!(SocketPath::parse(&format!("/{}", "x".repeat(107))).is_err());
    }
}
