//! The path of a Unix socket: absolute, printable, and short enough for the socket address of every system.

use std::fmt;
use std::path::Path;

use super::host::HostError;

/// The longest path that fits into the socket address of Linux (`sun_path` has 108 bytes, of which the last is zero).
const MAX_PATH: usize = 107;

/// The absolute path of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SocketPath(String);

impl SocketPath {
    /// Parses a path. A relative path would mean something else in a report that is read elsewhere.
    pub fn parse(text: &str) -> Result<SocketPath, HostError> {
        if !text.starts_with('/') || text.len() < 2 {
            return Err(HostError::NotAPath { text: text.to_owned() });
        }
        if let Some(found) = text.chars().find(|c| c.is_control()) {
            return Err(HostError::StrayInPath { found });
        }
        if text.len() > MAX_PATH {
            return Err(HostError::LongPath { length: text.len(), most: MAX_PATH });
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

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::SocketPath;
    use crate::wire::Host;

    #[test]
    fn only_absolute_printable_paths_of_limited_length_are_accepted() {
        assert!(SocketPath::parse("/var/spool/postfix/private/lmtp").is_ok());
        for text in ["", "/", "lmtp", "./lmtp", "/run/a\nb", "/run/a\0b"] {
            assert!(SocketPath::parse(text).is_err(), "{text:?}");
        }
        assert!(SocketPath::parse(&format!("/{}", "x".repeat(106))).is_ok());
        assert!(SocketPath::parse(&format!("/{}", "x".repeat(107))).is_err());
    }

    proptest! {
        #[test]
        fn an_accepted_path_is_the_same_after_a_report_is_saved_and_loaded(text in any::<String>(), rest in "/[ -~]{1,90}") {
            for text in [text, rest] {
                let Ok(path) = SocketPath::parse(&text) else { continue };
                prop_assert!(!path.text().chars().any(char::is_control));
                let host = Host::Socket(path);
                prop_assert_eq!(Host::try_from(String::from(host.clone())), Ok(host));
            }
        }
    }
}
