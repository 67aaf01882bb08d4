//! The proxy of a plan, and the setting that it comes from. A plan contains no password.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::wire::Host;

/// The proxy that the user or the environment names, and whether it is used for the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProxyPlan {
    /// The proxy.
    pub proxy: Proxy,
    /// The environment variable that names the proxy; null if `--proxy` does.
    pub variable: Option<String>,
    /// Why the proxy is not used for the target; null if it is used.
    pub exception: Option<ProxyException>,
}

/// An entry that excludes the target from the proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProxyException {
    /// The entry that matches the target.
    pub entry: String,
    /// The flag or the environment variable that contains the entry.
    pub source: String,
}

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Proxy {
    /// The protocol of the proxy.
    pub scheme: ProxyScheme,
    /// The host of the proxy.
    pub host: Host,
    /// The TCP port of the proxy.
    pub port: u16,
    /// The user name for the proxy, if it needs a login.
    pub user: Option<String>,
}

/// The protocol of a proxy. The names are the same as in curl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProxyScheme {
    /// SOCKS4. This machine looks up the target's name, and only IPv4 is possible.
    Socks4,
    /// SOCKS4a. The proxy looks up the target's name.
    Socks4a,
    /// SOCKS5 (RFC 1928). This machine looks up the target's name.
    Socks5,
    /// SOCKS5. The proxy looks up the target's name.
    Socks5h,
    /// HTTP with the method CONNECT (RFC 9110 §9.3.6). The proxy looks up the target's name.
    Http,
}

impl ProxyScheme {
    /// All protocols, with their names in URLs.
    pub const ALL: [(&'static str, ProxyScheme); 5] = [
        ("socks4", ProxyScheme::Socks4),
        ("socks4a", ProxyScheme::Socks4a),
        ("socks5", ProxyScheme::Socks5),
        ("socks5h", ProxyScheme::Socks5h),
        ("http", ProxyScheme::Http),
    ];

    /// Whether this machine, not the proxy, looks up the target's name.
    pub fn resolves_here(self) -> bool {
        matches!(self, ProxyScheme::Socks4 | ProxyScheme::Socks5)
    }

    /// Whether the protocol supports passwords.
    pub fn has_passwords(self) -> bool {
        !matches!(self, ProxyScheme::Socks4 | ProxyScheme::Socks4a)
    }
}

impl fmt::Display for ProxyScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = ProxyScheme::ALL.iter().find(|(_, scheme)| scheme == self);
        f.write_str(found.map_or("", |(name, _)| name))
    }
}

impl fmt::Display for Proxy {
    /// The URL, without the user name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host.with_port(self.port))
    }
}
