//! The results of a domain check, as they appear in reports. Every value follows from the plan and the evidence, so a
//! saved report yields the same results again.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::alignment::DmarcAlignment;

/// The results of a domain check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DomainSeen {
    /// The domain in ASCII.
    pub domain: String,
    /// The domain in Unicode; null if it is the same.
    pub unicode: Option<String>,
    /// The DNSSEC state of the MX records of the domain.
    pub dnssec: DnssecSeen,
    /// The authoritative name servers.
    pub delegation: Vec<NameServerSeen>,
    /// Whether the domain declares that it receives no mail (RFC 7505).
    pub null_mx: bool,
    /// The hosts that receive mail for the domain, in the order in which senders try them.
    pub mx: Vec<MxSeen>,
    /// How mail is delivered to the domain, depending on the policies that the sender supports.
    pub senders: Vec<SenderSeen>,
    /// The worst DANE result of all MX hosts; null while unknown.
    pub dane: Option<DaneState>,
    /// The MTA-STS policy.
    pub mta_sts: StsSeen,
    /// The TLS-RPT record.
    pub tls_rpt: TlsRptSeen,
    /// The SPF record, with its evaluation.
    pub spf: SpfSeen,
    /// The DKIM keys that were found or requested.
    pub dkim: DkimSeen,
    /// The DMARC record.
    pub dmarc: DmarcSeen,
    /// The sending IP addresses (`--sending`).
    pub sending: Vec<SendingSeen>,
    /// The results of blocklists for the domain name.
    pub lists: Vec<ListSeen>,
    /// Whether the domain accepts mail for a recipient that cannot exist; null if this was not tested.
    pub catch_all: Option<bool>,
    /// What was not tested, and why.
    pub not_tested: Vec<NotTested>,
}

/// A DNSSEC state with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DnssecSeen {
    /// The state; null while unknown.
    pub state: Option<DnssecWord>,
    /// The reason, if the state is `bogus` or `indeterminate`.
    pub reason: Option<String>,
}

/// A DNSSEC state (RFC 4033 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DnssecWord {
    /// Signed, and valid.
    Secure,
    /// Not signed.
    Insecure,
    /// Signed, but not valid.
    Bogus,
    /// Not known.
    Indeterminate,
}

/// An authoritative name server of the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NameServerSeen {
    /// The host name.
    pub name: String,
    /// The IP address that was queried; null if the name has none.
    pub address: Option<IpAddr>,
    /// Its response.
    pub state: NameServerState,
    /// The serial number of the server's copy of the zone.
    pub serial: Option<u32>,
    /// The records that differ from those of the other servers: the type, for example `MX`, and the name if it is not
    /// the domain, for example `TXT _dmarc.example.com`.
    pub differs: Vec<String>,
}

/// The response of an authoritative name server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NameServerState {
    /// It is authoritative for the zone.
    Authoritative,
    /// It responds, but is not authoritative for the zone.
    Lame,
    /// It does not respond.
    Unreachable,
    /// Its name has no IP address.
    NoAddress,
    /// It was not queried.
    NotTested,
}

/// A host that receives mail for the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MxSeen {
    /// The preference of the MX record; null for the domain itself, if it has no MX record.
    pub preference: Option<u16>,
    /// The host name.
    pub host: String,
    /// Whether the host is the domain itself, because it has no MX record (RFC 5321 §5.1).
    pub implicit: bool,
    /// The name that the host name is an alias (CNAME) for.
    pub alias: Option<String>,
    /// The DNSSEC state of its address records.
    pub dnssec: DnssecSeen,
    /// Its IP addresses.
    pub addresses: Vec<MxAddressSeen>,
    /// The TLSA records that match none of its certificates, although other records match them: for the next key, or
    /// left over.
    #[serde(default)]
    pub unmatched_tlsa: Vec<String>,
    /// Why the host has no usable IP address.
    pub problem: Option<String>,
}

/// One IP address of an MX host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MxAddressSeen {
    /// The IP address.
    pub ip: IpAddr,
    /// The TCP port.
    pub port: u16,
    /// Whether the server accepted the connection; null if this was not tested.
    pub reachable: Option<bool>,
    /// Whether the server is ready: it sent a greeting and accepted EHLO.
    pub ready: bool,
    /// The first failure, as a short phrase; null if nothing failed or nothing was tested.
    pub problem: Option<String>,
    /// The first line of the greeting.
    pub greeting: Option<String>,
    /// The host name in the greeting.
    pub greeting_host: Option<String>,
    /// The host name in the reply to EHLO.
    pub ehlo_host: Option<String>,
    /// The names in its PTR records.
    pub ptr: Vec<String>,
    /// Whether one of these names resolves back to the IP address; null if unknown.
    pub forward_confirmed: Option<bool>,
    /// Whether STARTTLS is advertised; null if unknown.
    pub starttls: Option<bool>,
    /// The negotiated TLS version, for example `TLS 1.3`.
    pub tls_version: Option<String>,
    /// The certificates, one for each key type that the server has. A client gets one of them.
    pub certificates: Vec<MxCertificateSeen>,
    /// What senders do, depending on the policies that they support. If the certificates differ, this is the worst
    /// result.
    pub policies: PoliciesSeen,
    /// The reply to `MAIL FROM:<>`.
    pub null_sender: ProbeReply,
    /// The reply to `RCPT TO:<postmaster@...>`.
    pub postmaster: ProbeReply,
    /// The reply for the recipient that the user gave.
    pub recipient: ProbeReply,
    /// The reply for a recipient that cannot exist.
    pub unknown_recipient: ProbeReply,
    /// The reply for a recipient in another domain.
    pub relay: ProbeReply,
}

/// A reply to MAIL FROM or RCPT TO.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProbeReply {
    /// Whether the server accepted the command.
    pub state: ProbeReplyState,
    /// The reply code.
    pub code: Option<u16>,
    /// The text of the reply.
    pub text: Option<String>,
    /// Why the command was not tested, in a few words; null if the server replied.
    #[serde(default)]
    pub why: Option<String>,
}

/// Whether a server accepted a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProbeReplyState {
    /// It was not sent.
    #[default]
    NotTested,
    /// Accepted.
    Accepted,
    /// Temporarily rejected.
    Deferred,
    /// Rejected.
    Rejected,
}

/// A certificate of an MX host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MxCertificateSeen {
    /// Its key type: `rsa`, `ecdsa`, `ed25519`, `other`.
    pub kind: String,
    /// Whether it is valid for the host name.
    pub verifies: bool,
    /// Its fault, as a short phrase: `expired`, `wrong name`, `self-signed`.
    pub problem: Option<String>,
    /// The days until it expires; negative if it has expired.
    pub days_left: Option<i64>,
    /// Its names.
    pub names: Vec<String>,
    /// The SHA-256 digest of its public key (SubjectPublicKeyInfo), in hexadecimal.
    pub spki_sha256: String,
    /// What senders do if they get this certificate.
    pub policies: PoliciesSeen,
}

/// What senders do, depending on the policies that they support.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PoliciesSeen {
    /// A sender without a policy: opportunistic TLS (RFC 7435).
    pub opportunistic: Delivery,
    /// A sender that uses DANE (RFC 7672).
    pub dane: DaneSeen,
    /// A sender that uses MTA-STS (RFC 8461).
    pub mta_sts: StsResultSeen,
}

/// How a message would be delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Not known.
    #[default]
    Unknown,
    /// Encrypted, and the server is authenticated.
    Authenticated,
    /// Encrypted, but the server is not authenticated.
    Encrypted,
    /// Unencrypted.
    ClearText,
    /// Not delivered.
    NotDelivered,
}

/// The result for a sender that uses DANE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DaneSeen {
    /// The state; null while unknown.
    pub state: Option<DaneState>,
    /// How the message would be delivered.
    pub delivers: Delivery,
    /// The failure, as a TLS report result type (RFC 8460 §4.3), for example `tlsa-invalid`.
    pub result: Option<String>,
    /// Senders with a different result, each with its result, for example `mox: delivers`.
    pub senders: Vec<String>,
    /// The TLSA records, and whether each matches.
    pub records: Vec<TlsaSeen>,
}

/// The state of DANE for a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DaneState {
    /// A usable TLSA record matches the certificate.
    Valid,
    /// There are no TLSA records.
    Absent,
    /// The address records or the TLSA records are not signed, so senders do not use DANE.
    Insecure,
    /// There are TLSA records, but none is usable. Senders require TLS, but do not authenticate the server.
    Unusable,
    /// The lookup failed or its result is bogus, so senders do not use the host.
    Error,
    /// No usable TLSA record matches the certificate.
    Invalid,
}

/// A TLSA record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TlsaSeen {
    /// The record: `3 1 1 0123...`.
    pub record: String,
    /// Whether it matches a certificate of this server; null if it is not usable or no certificate was seen.
    pub matches: Option<bool>,
    /// Why it is not usable, or why it does not match.
    pub problem: Option<String>,
}

/// The result for a sender that uses MTA-STS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StsResultSeen {
    /// How the message would be delivered.
    pub delivers: Delivery,
    /// Whether the host matches the policy; null without a policy.
    pub listed: Option<bool>,
    /// The failure, as a TLS report result type (RFC 8460 §4.3), for example `certificate-host-mismatch`.
    pub result: Option<String>,
}

/// How one kind of sender delivers mail to the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SenderSeen {
    /// The kind of sender.
    pub sender: SenderKind,
    /// The result for each MX host.
    pub hosts: Vec<HostDelivery>,
    /// The result for the domain, which is the result for the first host that the sender can use.
    pub delivers: Delivery,
}

/// A kind of sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SenderKind {
    /// A sender that supports DANE.
    Dane,
    /// A sender that supports MTA-STS.
    MtaSts,
    /// A sender that supports neither.
    Neither,
}

/// How mail is delivered to one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostDelivery {
    /// The host name.
    pub host: String,
    /// How mail is delivered.
    pub delivers: Delivery,
    /// The reason, if mail is not delivered or the result is not known: a TLS report result type, if one fits.
    pub reason: Option<String>,
}

/// The MTA-STS policy of the domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StsSeen {
    /// The TXT record at `_mta-sts`; null if there is none.
    pub record: Option<String>,
    /// The id in the record.
    pub id: Option<String>,
    /// The state.
    pub state: PublishedState,
    /// The mode of the policy: `enforce`, `testing`, `none`.
    pub mode: Option<String>,
    /// How long senders keep the policy, in seconds.
    pub max_age: Option<u64>,
    /// The patterns of MX hosts in the policy.
    pub mx: Vec<String>,
    /// The HTTP status of the policy.
    pub status: Option<u16>,
    /// The fault, as a short phrase, or as a TLS report result type if one fits (`sts-policy-fetch-error`).
    pub problem: Option<String>,
}

/// The state of a record or policy that a domain can publish.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PublishedState {
    /// Unknown, because it was not tested or the lookup failed.
    #[default]
    Unknown,
    /// Not published.
    Absent,
    /// Published, and valid.
    Valid,
    /// Published, but not valid.
    Invalid,
}

/// The TLS-RPT record of the domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TlsRptSeen {
    /// The TXT record at `_smtp._tls`; null if there is none.
    pub record: Option<String>,
    /// The state.
    pub state: PublishedState,
    /// The addresses that receive reports.
    pub rua: Vec<String>,
    /// What is wrong.
    pub problem: Option<String>,
}

/// The SPF record of the domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SpfSeen {
    /// The record; null if there is none.
    pub record: Option<String>,
    /// The state.
    pub state: PublishedState,
    /// What is wrong.
    pub problem: Option<String>,
    /// The number of lookups for the entire record (RFC 7208 §4.6.4); null if part of it depends on the sender.
    pub lookups: Option<u32>,
    /// The number of lookups that found no record.
    pub void_lookups: Option<u32>,
    /// The terms of the record, with the terms of included records below them.
    pub tree: Vec<SpfTermSeen>,
    /// The results for the IP addresses given with `--sending`, or for the IP addresses of the MX hosts.
    pub results: Vec<SpfResultSeen>,
}

/// A term in an SPF record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SpfTermSeen {
    /// The term as it is written in the record.
    pub term: String,
    /// The number of lookups that the term itself needs, without the terms below it.
    pub cost: u32,
    /// The addresses or hosts that it refers to, or `NXDOMAIN`; null if there is nothing to show.
    pub detail: Option<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// The outcome of the term for the first address of the results: `match`, `no-match`, `void`, `error`,
    /// `not-needed`; null if there are no results.
    pub outcome: Option<String>,
    /// The terms of the included record.
    pub children: Vec<SpfTermSeen>,
}

/// The SPF result for one IP address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SpfResultSeen {
    /// The IP address of the client.
    pub ip: IpAddr,
    /// The result (RFC 7208 §2.6): `pass`, `fail`, `softfail`, `neutral`, `none`, `temperror`, `permerror`.
    pub result: String,
    /// The terms that determined the result, from the outermost record to the innermost.
    pub decided_by: Vec<String>,
    /// The number of lookups that were needed to find the result.
    pub lookups: u32,
}

/// The DKIM keys of the domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DkimSeen {
    /// Whether any key can exist; false if `_domainkey` does not exist, null if unknown.
    pub can_exist: Option<bool>,
    /// The selectors that were requested, and the common selectors that have a record.
    pub keys: Vec<DkimKeySeen>,
    /// The number of common selectors that were tried without a result.
    pub tried: usize,
}

/// The key of one selector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DkimKeySeen {
    /// The selector.
    pub selector: String,
    /// The state.
    pub state: DkimState,
    /// The key type: `rsa`, `ed25519`.
    pub kind: Option<String>,
    /// The key size in bits.
    pub bits: Option<u32>,
    /// The names that the selector is an alias (CNAME) for.
    pub via: Vec<String>,
    /// What is wrong.
    pub problem: Option<String>,
}

/// The state of a DKIM key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DkimState {
    /// Usable.
    Ok,
    /// The key is revoked (an empty `p=`).
    Revoked,
    /// Too short.
    Weak,
    /// Not readable.
    Broken,
    /// There is no record.
    Absent,
    /// Not known.
    Unknown,
}

/// The DMARC record that applies to the domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DmarcSeen {
    /// The state.
    pub state: PublishedState,
    /// The name at which the record was found.
    pub found_at: Option<String>,
    /// The record.
    pub record: Option<String>,
    /// The policy that applies to the domain: `none`, `quarantine`, `reject`.
    pub policy: Option<String>,
    /// The organizational domain according to the tree walk (RFC 9989).
    pub organizational_domain: Option<String>,
    /// The organizational domain according to the public suffix list (RFC 7489, historic).
    pub organizational_domain_by_list: Option<String>,
    /// The policy according to RFC 7489 (historic), if it differs.
    pub policy_by_list: Option<String>,
    /// Which DKIM signatures count for DMARC (`adkim`).
    pub dkim_alignment: Option<DmarcAlignment>,
    /// Which SPF results count for DMARC (`aspf`).
    pub spf_alignment: Option<DmarcAlignment>,
    /// The names that were looked up, in order, each with its result.
    pub walk: Vec<String>,
    /// The addresses that receive aggregate reports.
    pub rua: Vec<String>,
    /// Report domains that have not declared that they accept the reports.
    pub unauthorized: Vec<String>,
    /// What is wrong.
    pub problem: Option<String>,
}

/// An IP address that sends mail for the domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SendingSeen {
    /// The IP address.
    pub ip: IpAddr,
    /// The names in its PTR records.
    pub ptr: Vec<String>,
    /// Whether one of these names resolves back to the IP address; null if unknown.
    pub forward_confirmed: Option<bool>,
    /// The results of blocklists.
    pub lists: Vec<ListSeen>,
}

/// The result of one blocklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ListSeen {
    /// The zone of the list.
    pub zone: String,
    /// The state.
    pub state: ListState,
    /// The addresses in its response, for example `127.0.0.2`.
    pub codes: Vec<IpAddr>,
    /// What the codes mean, or why the list is not usable.
    pub detail: Option<String>,
}

/// The state of a blocklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ListState {
    /// Not listed, and the list works.
    Clean,
    /// Listed, and the list works.
    Listed,
    /// The list does not answer this resolver.
    Refused,
    /// The test entries of the list are wrong, or it does not respond.
    NotWorking,
}

/// Something that was not tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotTested {
    /// What was not tested.
    pub what: String,
    /// Why.
    pub why: String,
}
