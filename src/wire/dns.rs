//! DNS names and record types, for DNS queries. A [`DnsName`] may contain labels that are not host names, such as
//! `_25._tcp`, `_dmarc` or the expansion of an SPF macro.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::host::DomainName;

/// An absolute DNS name in ASCII: lower case, without a trailing dot. The empty string is the root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct DnsName(String);

/// Why a string is not a DNS name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsNameError {
    /// A label is empty or has more than 63 octets (RFC 1035 §2.3.4).
    Label,
    /// The name has more than 253 characters (RFC 1035 §2.3.4).
    Length,
    /// The name contains a character that is not visible ASCII, or a backslash.
    Character,
}

impl DnsName {
    /// The root of the DNS.
    pub fn root() -> DnsName {
        DnsName(String::new())
    }

    /// Parses a name that contains only visible ASCII characters. A trailing dot is removed.
    pub fn parse(text: &str) -> Result<DnsName, DnsNameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Ok(DnsName::root());
        }
        if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return Err(DnsNameError::Character);
        }
        if text.len() > 253 {
            return Err(DnsNameError::Length);
        }
        if text.split('.').any(|label| label.is_empty() || label.len() > 63) {
            return Err(DnsNameError::Label);
        }
        Ok(DnsName(text.to_ascii_lowercase()))
    }

    /// The name without a trailing dot; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels, from left to right; none for the root.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.').filter(|label| !label.is_empty())
    }

    /// The name without its first label; `None` for the root.
    pub fn parent(&self) -> Option<DnsName> {
        match self.0.split_once('.') {
            Some((_, rest)) => Some(DnsName(rest.to_owned())),
            None if self.0.is_empty() => None,
            None => Some(DnsName::root()),
        }
    }

    /// The name with labels added before it: `_dmarc` and `example.com` become `_dmarc.example.com`.
    pub fn below(&self, labels: &str) -> Result<DnsName, DnsNameError> {
        if self.is_root() { DnsName::parse(labels) } else { DnsName::parse(&format!("{labels}.{}", self.0)) }
    }

    /// The reserved name that contains this name, if there is one (RFC 6761, and IANA's registry of special-use names).
    /// No host on the internet has such a name. Resolvers answer queries for most of these names themselves.
    pub fn reserved_suffix(&self) -> Option<&'static str> {
        const RESERVED: [&str; 7] = ["localhost", "invalid", "onion", "local", "internal", "home.arpa", "test"];
        let ends_with = |suffix: &&str| {
            let rest = self.as_str().strip_suffix(*suffix);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        RESERVED.into_iter().find(ends_with)
    }

    /// Whether this name is equal to the other, or below it.
    pub fn is_within(&self, other: &DnsName) -> bool {
        other.is_root()
            || self.0 == other.0
            || self.0.strip_suffix(other.as_str()).is_some_and(|head| head.ends_with('.'))
    }

    /// The name as a host name; `None` for the root, and for names that are not host names.
    pub fn host_name(&self) -> Option<DomainName> {
        DomainName::parse(&self.0).ok()
    }
}

impl From<&DomainName> for DnsName {
    fn from(name: &DomainName) -> DnsName {
        DnsName(name.ascii().to_ascii_lowercase())
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Display for DnsNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DnsNameError::Label => "each part between the dots must have 1 to 63 characters",
            DnsNameError::Length => "a DNS name has at most 253 characters",
            DnsNameError::Character => "a DNS name must not contain spaces, backslashes or non-ASCII characters",
        })
    }
}

impl std::error::Error for DnsNameError {}

impl TryFrom<String> for DnsName {
    type Error = DnsNameError;

    fn try_from(text: String) -> Result<DnsName, DnsNameError> {
        DnsName::parse(&text)
    }
}

impl From<DnsName> for String {
    fn from(name: DnsName) -> String {
        name.0
    }
}

/// The type of a DNS record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordKind {
    /// IPv4 address (RFC 1035 §3.4.1).
    A,
    /// IPv6 address (RFC 3596).
    Aaaa,
    /// Certification authority authorization (RFC 8659).
    Caa,
    /// Alias (RFC 1035 §3.3.1).
    Cname,
    /// Public key of a zone (RFC 4034 §2).
    Dnskey,
    /// Digest of a key of the child zone (RFC 4034 §5).
    Ds,
    /// Mail exchanger (RFC 5321 §5.1).
    Mx,
    /// Name server (RFC 1035 §3.3.11).
    Ns,
    /// Parameters of the hashed denial of existence (RFC 5155 §4).
    Nsec3Param,
    /// Name of an IP address (RFC 1035 §3.3.12).
    Ptr,
    /// Start of a zone (RFC 1035 §3.3.13).
    Soa,
    /// The former type of SPF records, which is no longer used (RFC 7208 §3.1).
    Spf,
    /// Service location (RFC 2782).
    Srv,
    /// Certificate association (RFC 6698 §2).
    Tlsa,
    /// Text (RFC 1035 §3.3.14).
    Txt,
}

impl RecordKind {
    /// The type as in a master file: `MX`, `TLSA`.
    pub fn name(self) -> &'static str {
        match self {
            RecordKind::A => "A",
            RecordKind::Aaaa => "AAAA",
            RecordKind::Caa => "CAA",
            RecordKind::Cname => "CNAME",
            RecordKind::Dnskey => "DNSKEY",
            RecordKind::Ds => "DS",
            RecordKind::Mx => "MX",
            RecordKind::Ns => "NS",
            RecordKind::Nsec3Param => "NSEC3PARAM",
            RecordKind::Ptr => "PTR",
            RecordKind::Soa => "SOA",
            RecordKind::Spf => "SPF",
            RecordKind::Srv => "SRV",
            RecordKind::Tlsa => "TLSA",
            RecordKind::Txt => "TXT",
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name under `in-addr.arpa` (RFC 1035 §3.5) or `ip6.arpa` (RFC 3596 §2.5) at which the PTR record of an IP address
/// is published.
pub fn reverse_name(ip: std::net::IpAddr) -> DnsName {
    DnsName(match ip {
        std::net::IpAddr::V4(_) => format!("{}.in-addr.arpa", reversed(ip)),
        std::net::IpAddr::V6(_) => format!("{}.ip6.arpa", reversed(ip)),
    })
}

/// The octets (IPv4) or nibbles (IPv6) of an IP address in reverse order, separated by dots, as in `in-addr.arpa` names
/// and in queries to blocklists (RFC 5782 §2.1, §2.4).
pub fn reversed(ip: std::net::IpAddr) -> String {
    let parts: Vec<String> = match ip {
        std::net::IpAddr::V4(v4) => v4.octets().iter().rev().map(u8::to_string).collect(),
        std::net::IpAddr::V6(v6) => v6
            .octets()
            .iter()
            .rev()
            .flat_map(|octet| [octet & 15, octet >> 4])
            .map(|nibble| format!("{nibble:x}"))
            .collect(),
    };
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::{DnsName, DnsNameError, reverse_name};

    fn name(text: &str) -> DnsName {
        DnsName::parse(text).expect("a DNS name")
    }

    #[test]
    fn names_are_lower_case_and_bounded() {
        assert_eq!(name("_25._TCP.Mail.Example.").as_str(), "_25._tcp.mail.example");
        assert_eq!(DnsName::parse("a..b"), Err(DnsNameError::Label));
        assert_eq!(DnsName::parse(&"a".repeat(64)), Err(DnsNameError::Label));
        assert_eq!(DnsName::parse(&["a"; 200].join(".")), Err(DnsNameError::Length));
        assert_eq!(DnsName::parse("a b"), Err(DnsNameError::Character));
        assert_eq!(DnsName::parse("."), Ok(DnsName::root()));
        assert_eq!(DnsName::root().to_string(), ".");
    }

    #[test]
    fn parents_and_subdomains_follow_the_labels() {
        assert_eq!(name("a.b.c").parent(), Some(name("b.c")));
        assert_eq!(name("c").parent(), Some(DnsName::root()));
        assert_eq!(DnsName::root().parent(), None);
        assert!(name("a.example").is_within(&name("example")));
        assert!(!name("badexample").is_within(&name("example")));
        assert!(name("example").is_within(&DnsName::root()));
        assert_eq!(name("example").below("_dmarc"), Ok(name("_dmarc.example")));
    }

    #[test]
    fn addresses_have_reverse_names() {
        assert_eq!(reverse_name("192.0.2.1".parse().expect("an address")), name("1.2.0.192.in-addr.arpa"));
        let v6 = reverse_name("2001:db8::1".parse().expect("an address"));
        assert!(v6.as_str().starts_with("1.0.0.0.0") && v6.as_str().ends_with("8.b.d.0.1.0.0.2.ip6.arpa"));
    }
}
