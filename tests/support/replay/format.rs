//! The tables and keys of a transcript file, which `mod.rs` documents.

use std::collections::BTreeMap;

use serde::Deserialize;
use smtpcheck::wire::tls::Version;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    pub summary: String,
    pub args: Vec<String>,
    pub password: Option<String>,
    pub expect: Vec<String>,
    #[serde(default)]
    pub quiet: Vec<String>,
    pub exit: u8,
    pub names: Option<TypedNames>,
    /// For a check of a domain: the records of its DNS.
    #[serde(default)]
    pub zone: Vec<String>,
    /// For a check of a domain: the web pages.
    #[serde(default)]
    pub page: Vec<TypedPage>,
    #[serde(default)]
    pub machine: TypedMachine,
    #[serde(default)]
    pub session: Vec<TypedSession>,
    #[serde(default)]
    pub hello: Vec<TypedHello>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedPage {
    pub(super) host: String,
    pub(super) body: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedHello {
    pub(super) offer: String,
    pub(super) version: Option<Version>,
    #[serde(default)]
    pub(super) suite: u16,
    pub(super) group: Option<u16>,
    pub(super) dh_bits: Option<u32>,
    pub(super) signature: Option<String>,
    #[serde(default)]
    pub(super) old: bool,
    pub(super) master_secret: Option<String>,
    #[serde(default)]
    pub(super) asks_certificate: bool,
    pub(super) certificate: Option<String>,
    pub(super) alert: Option<u8>,
    pub(super) instead: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedNames {
    pub(super) a: Option<TypedLookup>,
    pub(super) aaaa: Option<TypedLookup>,
    #[serde(default)]
    pub(super) resolvers: Vec<std::net::IpAddr>,
    /// The A records of other names. Names that are not listed have the same IP addresses as the target.
    #[serde(default)]
    pub(super) others: BTreeMap<String, TypedLookup>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedMachine {
    #[serde(default)]
    pub(super) dmi: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) variables: Vec<String>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum TypedLookup {
    Addresses(Vec<std::net::IpAddr>),
    Word(String),
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedSession {
    pub(super) port: Option<u16>,
    #[serde(default)]
    pub(super) implicit: Option<bool>,
    pub(super) name: Option<String>,
    pub(super) connect: Option<String>,
    /// What the proxy does, if the check uses one.
    pub(super) proxy: Option<String>,
    #[serde(default)]
    pub(super) failed: Vec<(std::net::IpAddr, String)>,
    #[serde(default)]
    pub(super) dialogue: String,
    pub(super) handshake: Option<TypedHandshake>,
    /// The fault of a Unix socket.
    pub(super) socket: Option<smtpcheck::evidence::SocketFault>,
    /// `smtp` or `lmtp`: only for sessions of this protocol.
    pub(super) protocol: Option<smtpcheck::plan::Protocol>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedHandshake {
    pub(super) trust: Option<String>,
    pub(super) names: Option<Vec<String>>,
    /// Why this machine has no trust store.
    pub(super) store_missing: Option<smtpcheck::evidence::MissingStore>,
    #[serde(default)]
    pub(super) leaf: TypedCertificate,
    #[serde(default)]
    pub(super) chain: Vec<TypedCertificate>,
    pub(super) signature_fault: Option<String>,
    pub(super) staple: Option<String>,
    /// Why the OCSP response is not valid, as a `StapleFault`.
    pub(super) staple_fault: Option<String>,
    /// A property of the server certificate that some clients cannot verify.
    pub(super) limit: Option<String>,
    /// `asked` if the server requests a client certificate, `shown` if the client also sends one.
    pub(super) client_certificate: Option<String>,
    pub(super) lacks: Option<Vec<String>>,
    pub(super) fault: Option<String>,
    pub(super) first_bytes: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypedCertificate {
    pub(super) subject: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) common_name: Option<String>,
    pub(super) days_left: Option<i64>,
    pub(super) valid_days: Option<i64>,
    pub(super) not_yet: Option<i64>,
    pub(super) key: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) issued_by: Option<usize>,
    #[serde(default)]
    pub(super) self_signed: bool,
    #[serde(default)]
    pub(super) authority: bool,
    pub(super) key_usage: Option<Vec<String>>,
    pub(super) extended_key_usage: Option<Vec<String>>,
    #[serde(default)]
    pub(super) must_staple: bool,
    #[serde(default)]
    pub(super) issuer_urls: Vec<String>,
}
