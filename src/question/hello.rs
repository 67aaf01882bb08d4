//! The content of a ClientHello whose handshake is not completed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::{Family, Plan, Protocol, TlsUse};
use crate::wire::tls::{ClientHello, Version, WeakClass};
use crate::wire::{EhloName, Host};

/// A ClientHello. Unless TLS is implicit, the SMTP commands up to STARTTLS precede it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HelloRequest {
    /// The host to connect to.
    pub host: Host,
    /// The TCP port.
    pub port: u16,
    /// The address families that may be used.
    pub family: Family,
    /// The protocol of the commands before STARTTLS.
    #[serde(default)]
    pub protocol: Protocol,
    /// The EHLO name.
    pub ehlo: EhloName,
    /// Implicit TLS or STARTTLS.
    pub tls: TlsUse,
    /// The server name to send (SNI). An IP address is never sent (RFC 6066 §3).
    pub sni: Option<String>,
    /// The content of the ClientHello.
    pub offer: Offer,
}

/// The content of a ClientHello.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "offer", rename_all = "kebab-case")]
pub enum Offer {
    /// One TLS version, with all options that servers of its time supported.
    Version {
        /// The version.
        version: Version,
    },
    /// TLS 1.2 for servers with an ECDSA certificate.
    EcdsaOnly,
    /// TLS 1.2 for servers with an RSA certificate.
    RsaOnly,
    /// RSA key exchange, which has no forward secrecy.
    StaticRsa {
        /// The TLS version.
        #[serde(default = "tls12")]
        version: Version,
    },
    /// Only weak cipher suites, which no server should accept.
    Weak {
        /// The TLS version.
        #[serde(default = "tls12")]
        version: Version,
        /// Classes that the server is already known to accept. Their suites are not offered.
        #[serde(default)]
        known: Vec<WeakClass>,
    },
    /// Only ephemeral finite-field Diffie-Hellman, to find the size of the prime.
    Dhe {
        /// The TLS version.
        version: Version,
    },
    /// A version with TLS_FALLBACK_SCSV, which states that a newer version failed before (RFC 7507).
    Fallback {
        /// The TLS version.
        version: Version,
    },
    /// TLS 1.2 with signatures that use MD5, SHA-1 or SHA-224 only.
    OldHashes,
    /// SSLv2.
    Sslv2,
    /// TLS 1.3 with post-quantum groups only.
    PostQuantum,
    /// A small ClientHello, such as current clients send.
    Small,
    /// A ClientHello such as current clients send, but one that needs more than one packet.
    Large,
    /// A list of cipher suites without the suites that the server is already known to accept.
    OtherSuites {
        /// The TLS version.
        #[serde(default = "tls12")]
        version: Version,
        /// The list.
        #[serde(default)]
        list: SuiteList,
        /// The suites that are not offered, by their IANA numbers.
        known: Vec<u16>,
    },
    /// Accepted suites in another order, to find out whether the server uses its own order of preference.
    Order {
        /// The TLS version.
        version: Version,
        /// The suites in the order in which they are offered, by their IANA numbers.
        suites: Vec<u16>,
    },
    /// All groups without those that the server is already known to accept.
    OtherGroups {
        /// The TLS version.
        #[serde(default = "tls13")]
        version: Version,
        /// The groups that are not offered, by their IANA numbers.
        known: Vec<u16>,
    },
}

/// A list of cipher suites to offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SuiteList {
    /// Cipher suites that mail servers commonly use.
    #[default]
    Common,
    /// Cipher suites that few servers use.
    Rare,
}

/// The default for saved reports that do not contain the version.
fn tls12() -> Version {
    Version::Tls12
}

/// The default for groups in saved reports that do not contain the version.
fn tls13() -> Version {
    Version::Tls13
}

impl Offer {
    /// The ClientHello to send.
    pub fn hello(&self) -> ClientHello {
        match self {
            Offer::Version { version } => ClientHello::everything(*version),
            Offer::EcdsaOnly => ClientHello::ecdsa_only(),
            Offer::RsaOnly => ClientHello::rsa_only(),
            Offer::StaticRsa { version } => ClientHello::static_rsa(*version),
            Offer::Weak { version, known } => ClientHello::weak(*version, known),
            Offer::Dhe { version } => ClientHello::dhe(*version),
            Offer::Fallback { version } => ClientHello::fallback(*version),
            Offer::OldHashes => ClientHello::old_hashes(),
            Offer::Sslv2 => ClientHello::sslv2(),
            Offer::PostQuantum => ClientHello::post_quantum(),
            Offer::Small => ClientHello::small(),
            Offer::Large => ClientHello::large(),
            Offer::OtherSuites { version, list: SuiteList::Common, known } => {
                ClientHello::everything(*version).without_suites(known)
            }
            Offer::OtherSuites { version, list: SuiteList::Rare, known } => {
                ClientHello::rare(*version).without_suites(known)
            }
            Offer::Order { version, suites } => ClientHello::of_suites(*version, suites),
            Offer::OtherGroups { version: Version::Tls13, known } => {
                ClientHello::everything(Version::Tls13).without_groups(known)
            }
            Offer::OtherGroups { version, known } => ClientHello::ecdhe(*version).without_groups(known),
        }
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // TLS 1.2 is the usual version for these tests, so it is not mentioned.
        let in_version = |version: &Version| match version {
            Version::Tls12 => String::new(),
            other => format!(", in {other}"),
        };
        match self {
            Offer::Version { version } => write!(f, "{version} with all cipher suites"),
            Offer::EcdsaOnly => f.write_str("an ECDSA certificate only"),
            Offer::RsaOnly => f.write_str("an RSA certificate only"),
            Offer::StaticRsa { version } => {
                write!(f, "only cipher suites without forward secrecy{}", in_version(version))
            }
            Offer::Weak { version, known } if known.is_empty() => {
                write!(f, "weak cipher suites only{}", in_version(version))
            }
            Offer::Weak { version, known } => {
                let known: Vec<String> = known.iter().map(WeakClass::to_string).collect();
                write!(f, "weak cipher suites other than {}{}", known.join(", "), in_version(version))
            }
            Offer::Dhe { version } => write!(f, "ephemeral Diffie-Hellman only{}", in_version(version)),
            Offer::Fallback { version } => write!(f, "{version} as a fallback (RFC 7507)"),
            Offer::OldHashes => f.write_str("signatures with MD5, SHA-1 and SHA-224 only"),
            Offer::Sslv2 => f.write_str("SSLv2 only"),
            Offer::PostQuantum => f.write_str("post-quantum groups only"),
            Offer::Small => f.write_str("a small ClientHello"),
            Offer::Large => f.write_str("a large ClientHello"),
            Offer::OtherSuites { version, list, known } => {
                let (which, other) = match list {
                    SuiteList::Common => ("", "the other "),
                    SuiteList::Rare if known.is_empty() => ("rare ", ""),
                    SuiteList::Rare => ("rare ", "the other "),
                };
                write!(f, "{other}{which}cipher suites{}", in_version(version))
            }
            Offer::Order { version, .. } => {
                write!(f, "the accepted cipher suites in another order{}", in_version(version))
            }
            Offer::OtherGroups { version: Version::Tls13, .. } => {
                f.write_str("only the key exchange groups that the server has not selected yet")
            }
            Offer::OtherGroups { version, .. } => {
                write!(f, "only the key exchange groups that the server has not selected yet, in {version}")
            }
        }
    }
}

impl HelloRequest {
    /// A ClientHello to the plan's server, in the plan's TLS mode.
    pub fn new(plan: &Plan, offer: Offer) -> HelloRequest {
        HelloRequest {
            host: plan.target.host.clone(),
            port: plan.target.port,
            family: plan.family,
            protocol: plan.target.protocol,
            ehlo: plan.ehlo.clone(),
            tls: if plan.tls_use() == TlsUse::Implicit { TlsUse::Implicit } else { TlsUse::Required },
            sni: Some(plan.tls.sni.clone().unwrap_or_else(|| plan.target.host.expected_name())),
            offer,
        }
    }
}
