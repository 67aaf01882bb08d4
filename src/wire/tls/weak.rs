//! The classes of cipher suites that no server should accept. A suite can belong to more than one of them
//! (`TLS_DH_anon_EXPORT_WITH_RC4_40_MD5` to three), and one that a server accepts can hide all others in one ClientHello.
//! So a scan offers the suites of classes that are not yet known, until the server rejects them.
//!
//! Static RSA and Diffie-Hellman are no classes here: the first lacks forward secrecy only, and of the second the size of
//! the prime decides.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a suite is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WeakClass {
    /// No encryption (RFC 9325 §4.1).
    Null,
    /// No certificate: the server does not prove who it is.
    Anonymous,
    /// Keys of 40 or 56 bits, made for export rules of the 1990s (FREAK, Logjam).
    Export,
    /// RC4 (RFC 7465).
    Rc4,
    /// DES with a key of 56 bits (RFC 5469).
    Des,
    /// Triple DES: blocks of 64 bits (Sweet32).
    TripleDes,
    /// RC2 and IDEA: blocks of 64 bits too (RFC 5469).
    SmallBlock,
}

impl WeakClass {
    /// All of them, the worst first.
    pub const ALL: [WeakClass; 7] = [
        WeakClass::Null,
        WeakClass::Export,
        WeakClass::Anonymous,
        WeakClass::Rc4,
        WeakClass::Des,
        WeakClass::SmallBlock,
        WeakClass::TripleDes,
    ];

    /// Whether the suite of this IANA name belongs to it.
    pub fn has(self, suite_name: &str) -> bool {
        let parts: &[&str] = match self {
            WeakClass::Null => &["_NULL_"],
            WeakClass::Anonymous => &["_anon_"],
            WeakClass::Export => &["_EXPORT"],
            WeakClass::Rc4 => &["_RC4_"],
            WeakClass::Des => &["_DES_", "_DES40_"],
            WeakClass::TripleDes => &["_3DES_"],
            WeakClass::SmallBlock => &["_RC2_", "_IDEA_"],
        };
        parts.iter().any(|part| suite_name.contains(part))
    }

    /// Those that a suite belongs to.
    pub fn of(suite_name: &str) -> impl Iterator<Item = WeakClass> + '_ {
        WeakClass::ALL.into_iter().filter(move |class| class.has(suite_name))
    }
}

impl fmt::Display for WeakClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WeakClass::Null => "NULL",
            WeakClass::Anonymous => "anonymous",
            WeakClass::Export => "EXPORT",
            WeakClass::Rc4 => "RC4",
            WeakClass::Des => "DES",
            WeakClass::TripleDes => "3DES",
            WeakClass::SmallBlock => "RC2 and IDEA",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::WeakClass;

    #[test]
    fn a_suite_belongs_to_each_class_that_its_name_shows() {
        let of = |name| WeakClass::of(name).collect::<Vec<_>>();
        assert_eq!(of("TLS_RSA_WITH_NULL_SHA"), [WeakClass::Null]);
        assert_eq!(of("TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"), [WeakClass::Export, WeakClass::Anonymous, WeakClass::Rc4]);
        assert_eq!(of("TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"), [WeakClass::Export, WeakClass::Des]);
        assert_eq!(of("TLS_RSA_WITH_3DES_EDE_CBC_SHA"), [WeakClass::TripleDes]);
        assert_eq!(of("TLS_RSA_WITH_DES_CBC_SHA"), [WeakClass::Des]);
        assert_eq!(of("TLS_RSA_WITH_IDEA_CBC_SHA"), [WeakClass::SmallBlock]);
        assert_eq!(of("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), []);
    }

    #[test]
    fn every_class_is_in_the_list_once() {
        for class in WeakClass::ALL {
            assert_eq!(WeakClass::ALL.iter().filter(|other| **other == class).count(), 1);
        }
    }
}
