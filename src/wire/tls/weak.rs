//! The classes of cipher suites that no server should accept. A suite can belong to several classes
//! (`TLS_DH_anon_EXPORT_WITH_RC4_40_MD5` belongs to three), and the server selects only one of the suites in a
//! ClientHello. Therefore a scan repeatedly offers the suites of the classes that have not been found yet, until the
//! server rejects them all.
//!
//! Static RSA and Diffie-Hellman are not classes here. Static RSA lacks only forward secrecy, and the strength of
//! Diffie-Hellman depends on the size of the prime.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a cipher suite is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WeakClass {
    /// No encryption (RFC 9325 §4.1).
    Null,
    /// No certificate: the server is not authenticated.
    Anonymous,
    /// 40-bit or 56-bit keys, designed for the export rules of the 1990s (FREAK, Logjam).
    Export,
    /// RC4 (RFC 7465).
    Rc4,
    /// DES with its 56-bit key (RFC 5469).
    Des,
    /// Triple DES, which has 64-bit blocks (Sweet32).
    TripleDes,
    /// RC2 and IDEA, which also have 64-bit blocks (RFC 5469).
    SmallBlock,
}

impl WeakClass {
    /// All classes, the weakest first.
    pub const ALL: [WeakClass; 7] = [
        WeakClass::Null,
        WeakClass::Export,
        WeakClass::Anonymous,
        WeakClass::Rc4,
        WeakClass::Des,
        WeakClass::SmallBlock,
        WeakClass::TripleDes,
    ];

    /// Whether the cipher suite with this IANA name belongs to the class.
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

    /// The classes to which a cipher suite belongs.
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
    fn a_suite_belongs_to_each_class_in_its_name() {
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
