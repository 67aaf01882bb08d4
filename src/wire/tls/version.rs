//! The protocol versions that can be negotiated in a handshake that uses TLS records. SSLv2 has another message format
//! and is not included.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Protocol versions, oldest first. Versions before TLS 1.2 must no longer be used (RFC 8996).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Version {
    /// SSL 3.0 (RFC 6101, historic).
    #[serde(rename = "SSLv3")]
    Ssl3,
    /// TLS 1.0.
    #[serde(rename = "1.0")]
    Tls10,
    /// TLS 1.1.
    #[serde(rename = "1.1")]
    Tls11,
    /// TLS 1.2 (RFC 5246).
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    Tls13,
}

impl Version {
    /// All versions, oldest first.
    pub const ALL: [Version; 5] = [Version::Ssl3, Version::Tls10, Version::Tls11, Version::Tls12, Version::Tls13];

    /// The version number in the protocol, `0x0300` to `0x0304`.
    pub fn number(self) -> u16 {
        match self {
            Version::Ssl3 => 0x0300,
            Version::Tls10 => 0x0301,
            Version::Tls11 => 0x0302,
            Version::Tls12 => 0x0303,
            Version::Tls13 => 0x0304,
        }
    }

    /// The version with this number; `None` for drafts, DTLS and unknown numbers.
    pub fn of(number: u16) -> Option<Version> {
        Version::ALL.into_iter().find(|version| version.number() == number)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::Ssl3 => "SSLv3",
            Version::Tls10 => "TLS 1.0",
            Version::Tls11 => "TLS 1.1",
            Version::Tls12 => "TLS 1.2",
            Version::Tls13 => "TLS 1.3",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn a_version_is_found_by_its_number_and_parsed_from_json() {
        for version in Version::ALL {
            assert_eq!(Version::of(version.number()), Some(version));
            let json = serde_json::to_string(&version).expect("a name");
            assert_eq!(serde_json::from_str::<Version>(&json).expect("the same name"), version);
        }
        assert_eq!(Version::of(0x7f1c), None);
        assert_eq!(serde_json::to_string(&Version::ALL).expect("names"), r#"["SSLv3","1.0","1.1","1.2","1.3"]"#);
        assert_eq!(
            Version::ALL.map(|version| version.to_string()).join(", "),
            "SSLv3, TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3"
        );
    }
}
