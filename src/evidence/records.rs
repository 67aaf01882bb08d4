//! The response to a DNS query: the records, their DNSSEC state, and the server that sent them. This file contains only
//! facts.
//!
//! A response code such as NXDOMAIN or SERVFAIL is a result. A query without a usable response is a
//! [`DnsFault`](super::fault::Fault::Dns).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::wire::{DnsName, RecordKind};

/// The maximum number of records kept from a response.
pub const MAX_RECORDS: usize = 400;

/// The maximum number of CNAME records that are followed from one name. Resolvers follow 8 to 16.
pub const MAX_ALIASES: usize = 12;

/// The response to a DNS query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordsSeen {
    /// The server that responded; null if the query was not sent to a server.
    pub server: Option<SocketAddr>,
    /// The response code.
    pub code: DnsCode,
    /// The CNAME records that were followed, in order.
    pub aliases: Vec<DnsAlias>,
    /// The records of the requested type, at most [`MAX_RECORDS`], in the order in which they were sent. If a query for
    /// NS records to an authoritative server resulted in a referral to other servers, these are the records of the
    /// referral.
    pub records: Vec<DnsRecord>,
    /// The number of records beyond the limit.
    pub left_out: usize,
    /// The result of smtpcheck's own DNSSEC validation. For a response without records, it is the result for the proof
    /// that there are none.
    pub dnssec: DnssecState,
    /// Whether a response without records has no SOA record of a zone that contains the name. Such a response does not
    /// prove that there are no records: it may be a referral, or invented (RFC 2308 §2.1 and 2.2).
    #[serde(default)]
    pub without_soa: bool,
    /// The signatures of the records; null if there are none.
    #[serde(default)]
    pub signatures: Option<RecordSignatures>,
    /// Whether the server marked the response as authoritative (AA).
    pub authoritative: bool,
    /// Whether the server marked the response as validated (AD).
    pub authenticated: bool,
    /// Whether the response did not fit into a UDP packet and was requested again over TCP.
    pub over_tcp: bool,
    /// The size of the response in bytes.
    pub size: usize,
}

/// What the signatures (RRSIG) of a set of records state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordSignatures {
    /// The TTL in the zone, in seconds (RFC 4034 §3.1.4). The TTL in a resolver's response is the remaining time.
    pub original_ttl: u32,
    /// The numbers of the algorithms, in order.
    pub algorithms: Vec<u8>,
    /// The validity of the signature that ends last; null in reports of earlier versions.
    #[serde(default)]
    pub validity: Option<SignatureValidity>,
}

/// The time during which a signature is valid (RFC 4034 §3.1.5), in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SignatureValidity {
    /// The start (inception).
    pub begins: u32,
    /// The end (expiration).
    pub ends: u32,
}

/// The response code of a DNS server (RFC 1035 §4.1.1, RFC 6895 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DnsCode {
    /// NOERROR: the name exists, with or without records of the requested type.
    NoError,
    /// NXDOMAIN: the name does not exist.
    NxDomain,
    /// SERVFAIL: the server could not find or validate the records.
    ServFail,
    /// REFUSED: the server does not accept queries from this client, or is not responsible for the zone.
    Refused,
    /// NOTIMP: the server does not support this type of query.
    NotImplemented,
    /// FORMERR: the server could not parse the query.
    FormErr,
    /// Another code.
    Other(u16),
}

impl fmt::Display for DnsCode {
    /// The name of the code, as in DNS tools.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DnsCode::NoError => "NOERROR",
            DnsCode::NxDomain => "NXDOMAIN",
            DnsCode::ServFail => "SERVFAIL",
            DnsCode::Refused => "REFUSED",
            DnsCode::NotImplemented => "NOTIMP",
            DnsCode::FormErr => "FORMERR",
            DnsCode::Other(number) => return write!(f, "RCODE {number}"),
        })
    }
}

/// A CNAME record that was followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DnsAlias {
    /// The name that has the CNAME record.
    pub from: DnsName,
    /// The target of the alias.
    pub to: DnsName,
    /// The result of smtpcheck's own DNSSEC validation of this record.
    pub dnssec: DnssecState,
}

/// One DNS record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DnsRecord {
    /// The name of the record, after all aliases.
    pub name: DnsName,
    /// How long resolvers may keep the record, in seconds.
    pub ttl: u32,
    /// The content.
    pub data: RecordData,
}

/// The content of a DNS record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "UPPERCASE")]
pub enum RecordData {
    /// IPv4 address.
    A {
        /// The address.
        ip: Ipv4Addr,
    },
    /// IPv6 address.
    Aaaa {
        /// The address.
        ip: Ipv6Addr,
    },
    /// Certification authority authorization (RFC 8659 §4).
    Caa {
        /// Whether a CA that does not understand the tag must not issue a certificate.
        critical: bool,
        /// The tag: `issue`, `issuewild`, `iodef`.
        tag: String,
        /// The value.
        value: String,
    },
    /// Alias.
    Cname {
        /// The target of the alias.
        target: DnsName,
    },
    /// Public key of a zone (RFC 4034 §2).
    Dnskey {
        /// The flags: 256 (zone key), 257 (key signing key).
        flags: u16,
        /// The algorithm by its IANA number.
        algorithm: u8,
        /// The key tag (RFC 4034 appendix B).
        tag: u16,
    },
    /// Digest of a key of the child zone (RFC 4034 §5).
    Ds {
        /// The key tag.
        tag: u16,
        /// The algorithm of the key by its IANA number.
        algorithm: u8,
        /// The algorithm of the digest by its IANA number.
        digest: u8,
    },
    /// Mail exchanger.
    Mx {
        /// The preference; senders try the smallest first.
        preference: u16,
        /// The host; the root for a null MX (RFC 7505).
        host: DnsName,
    },
    /// Name server.
    Ns {
        /// The host.
        host: DnsName,
    },
    /// Parameters of the hashed denial of existence (RFC 5155 §4).
    Nsec3Param {
        /// The number of additional iterations.
        iterations: u16,
        /// The length of the salt in octets.
        salt: usize,
    },
    /// Host name of an IP address.
    Ptr {
        /// The host name.
        host: DnsName,
    },
    /// Start of a zone.
    Soa {
        /// The primary name server.
        primary: DnsName,
        /// The serial number of the zone.
        serial: u32,
        /// The time in seconds after which secondary servers discard the zone.
        expire: u32,
        /// How long resolvers may keep negative responses, in seconds (RFC 2308 §4).
        minimum: u32,
    },
    /// Service location (RFC 2782).
    Srv {
        /// The priority; clients try the smallest first.
        priority: u16,
        /// The weight among records of the same priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host; the root if the service is not available.
        host: DnsName,
    },
    /// Certificate association (RFC 6698 §2.1).
    Tlsa {
        /// The certificate usage: 0 to 3; other values are undefined.
        usage: u8,
        /// The selector: 0 certificate, 1 public key.
        selector: u8,
        /// The matching type: 0 complete, 1 SHA-256, 2 SHA-512.
        matching: u8,
        /// The association data, in hexadecimal.
        data: String,
    },
    /// Text of a TXT record, or of a record of the former type SPF.
    Txt {
        /// The strings joined without a separator. Bytes that are not UTF-8 are replaced with U+FFFD.
        text: String,
        /// The length of each string in bytes.
        lengths: Vec<usize>,
        /// The bytes encoded as base64; null if they are UTF-8.
        raw_b64: Option<String>,
    },
    /// A record whose content cannot be represented here, for example a name that is not ASCII.
    Unreadable {
        /// The content in master file format.
        text: String,
    },
}

/// The result of a DNSSEC validation (RFC 4033 §5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum DnssecState {
    /// There is a valid chain of signatures from a trust anchor to the records.
    Secure,
    /// A signed proof shows that the zone is not signed.
    Insecure,
    /// The records should be signed, but the signatures are missing or wrong.
    Bogus {
        /// The reason.
        why: BogusReason,
        /// The zone at which the chain of signatures is broken.
        zone: Option<DnsName>,
    },
    /// The state cannot be determined from this machine.
    Indeterminate {
        /// The reason.
        why: IndeterminateReason,
    },
}

/// Why records are bogus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum BogusReason {
    /// The signature has expired.
    Expired {
        /// The end of its validity, in seconds since 1970.
        at: u32,
    },
    /// The validity of the signature begins in the future.
    NotYetValid {
        /// The start of its validity, in seconds since 1970.
        at: u32,
    },
    /// The records have no signature.
    NoSignature,
    /// No DNSKEY record has the key tag of the signature.
    NoKey {
        /// The key tag.
        tag: u16,
    },
    /// No DS record of the parent zone matches a key of the zone.
    DsMismatch,
    /// The signature does not match the records.
    WrongSignature,
    /// The response contains no records, and no valid proof that there are none.
    DenialUnproven,
    /// The parent zone has no DS record for the zone, and there is no valid proof of that.
    DelegationUnproven,
    /// The parent zone has a DS record for the zone, but the zone has no keys.
    KeysMissing,
    /// Another reason.
    Other,
}

/// Why the DNSSEC state cannot be determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum IndeterminateReason {
    /// The resolver removes signatures from its responses.
    SignaturesStripped,
    /// A DNSKEY or DS record that the validation needs could not be looked up.
    LookupFailed,
    /// The resolver returns keys for the zone of the trust anchor that differ from those of the trust anchor.
    AnchorMismatch,
    /// The resolver omits the proof that records do not exist, or that a zone is not signed.
    ProofMissing,
    /// The zone is signed only with Ed448 (algorithm 16), which smtpcheck cannot verify. Other validators can.
    UnsupportedAlgorithm,
    /// The response was not validated: it came from `--resolve`, or from an authoritative server of a zone that is not
    /// signed, or there is no trust anchor for a zone that contains the name.
    NotValidated,
}

impl RecordsSeen {
    /// The IP addresses among the records.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.records.iter().filter_map(|record| match record.data {
            RecordData::A { ip } => Some(IpAddr::V4(ip)),
            RecordData::Aaaa { ip } => Some(IpAddr::V6(ip)),
            _ => None,
        })
    }

    /// The text of each TXT record.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.records.iter().filter_map(|record| match &record.data {
            RecordData::Txt { text, .. } => Some(text.as_str()),
            _ => None,
        })
    }

    /// The name that has the records, after all aliases.
    pub fn final_name<'s>(&'s self, asked: &'s DnsName) -> &'s DnsName {
        self.aliases.last().map_or(asked, |alias| &alias.to)
    }

    /// Whether the name has no record of the requested type: NXDOMAIN, or NOERROR without records.
    pub fn is_void(&self) -> bool {
        match self.code {
            DnsCode::NxDomain => true,
            DnsCode::NoError => self.records.is_empty(),
            DnsCode::ServFail | DnsCode::Refused | DnsCode::NotImplemented | DnsCode::FormErr | DnsCode::Other(_) => {
                false
            }
        }
    }

    /// Whether the response shows which records exist, or that none exist.
    pub fn is_answer(&self) -> bool {
        matches!(self.code, DnsCode::NoError | DnsCode::NxDomain)
    }
}

impl RecordData {
    /// The type of the record; null if its content cannot be represented.
    pub fn kind(&self) -> Option<RecordKind> {
        Some(match self {
            RecordData::A { .. } => RecordKind::A,
            RecordData::Aaaa { .. } => RecordKind::Aaaa,
            RecordData::Caa { .. } => RecordKind::Caa,
            RecordData::Cname { .. } => RecordKind::Cname,
            RecordData::Dnskey { .. } => RecordKind::Dnskey,
            RecordData::Ds { .. } => RecordKind::Ds,
            RecordData::Mx { .. } => RecordKind::Mx,
            RecordData::Ns { .. } => RecordKind::Ns,
            RecordData::Nsec3Param { .. } => RecordKind::Nsec3Param,
            RecordData::Ptr { .. } => RecordKind::Ptr,
            RecordData::Soa { .. } => RecordKind::Soa,
            RecordData::Srv { .. } => RecordKind::Srv,
            RecordData::Tlsa { .. } => RecordKind::Tlsa,
            RecordData::Txt { .. } => RecordKind::Txt,
            RecordData::Unreadable { .. } => return None,
        })
    }
}
