//! Converts a response from a DNS server to evidence: the chain of aliases, and the records of the requested type.
//! Nothing that a server sends is rejected here: a record that cannot be represented is kept as text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hickory_resolver::proto::dnssec::PublicKey;
use hickory_resolver::proto::dnssec::rdata::DNSSECRData;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use crate::evidence::{DnsCode, DnsRecord, MAX_ALIASES, RecordData};
use crate::gather::certificate;
use crate::wire::{DnsName, RecordKind};

/// The record type SPF (RFC 7208 §14.1), for which hickory has no name.
const SPF: u16 = 99;

/// The chain of CNAME records from a name to the requested records.
pub(super) struct AliasPath<'m> {
    /// The CNAME records, in the order in which they are followed.
    pub(super) links: Vec<&'m Record>,
    /// The name at the end of the chain.
    pub(super) end: Name,
}

/// Why a chain of aliases leads to no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndlessAliases {
    Loop,
    /// The chain has more than [`MAX_ALIASES`] records.
    Limit,
}

/// Follows the CNAME records among the answers.
pub(super) fn follow_aliases<'m>(
    asked: &Name,
    kind: RecordType,
    answers: &'m [Record],
) -> Result<AliasPath<'m>, EndlessAliases> {
    let mut path = AliasPath { links: Vec::new(), end: asked.clone() };
    if kind == RecordType::CNAME {
        return Ok(path);
    }
    while let Some((record, target)) = alias_at(&path.end, answers) {
        let is_loop = target == asked || target == &path.end || path.links.iter().any(|link| &link.name == target);
        if is_loop {
            return Err(EndlessAliases::Loop);
        }
        if path.links.len() == MAX_ALIASES {
            return Err(EndlessAliases::Limit);
        }
        path.links.push(record);
        path.end = target.clone();
    }
    Ok(path)
}

fn alias_at<'m>(name: &Name, answers: &'m [Record]) -> Option<(&'m Record, &'m Name)> {
    answers.iter().filter(|record| &record.name == name).find_map(|record| match &record.data {
        RData::CNAME(target) => Some((record, &target.0)),
        _ => None,
    })
}

/// The response code.
pub(super) fn code(code: ResponseCode) -> DnsCode {
    match code {
        ResponseCode::NoError => DnsCode::NoError,
        ResponseCode::NXDomain => DnsCode::NxDomain,
        ResponseCode::ServFail => DnsCode::ServFail,
        ResponseCode::Refused => DnsCode::Refused,
        ResponseCode::NotImp => DnsCode::NotImplemented,
        ResponseCode::FormErr => DnsCode::FormErr,
        other => DnsCode::Other(u16::from(other)),
    }
}

/// The record type, in the library's form.
pub(super) fn record_type(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Caa => RecordType::CAA,
        RecordKind::Cname => RecordType::CNAME,
        RecordKind::Dnskey => RecordType::DNSKEY,
        RecordKind::Ds => RecordType::DS,
        RecordKind::Mx => RecordType::MX,
        RecordKind::Ns => RecordType::NS,
        RecordKind::Nsec3Param => RecordType::NSEC3PARAM,
        RecordKind::Ptr => RecordType::PTR,
        RecordKind::Soa => RecordType::SOA,
        RecordKind::Spf => RecordType::Unknown(SPF),
        RecordKind::Srv => RecordType::SRV,
        RecordKind::Tlsa => RecordType::TLSA,
        RecordKind::Txt => RecordType::TXT,
    }
}

/// The name, in the library's form.
pub(super) fn library_name(name: &DnsName) -> Option<Name> {
    // Each label is passed separately, because the library gives some characters in a string a special meaning.
    let mut parsed = Name::from_labels(name.labels().map(str::as_bytes)).ok()?;
    parsed.set_fqdn(true);
    Some(parsed)
}

/// The name in upper case. Servers must not distinguish it from the name in lower case (RFC 4343 §3).
pub(super) fn in_upper_case(name: &Name) -> Name {
    let labels = name.iter().map(<[u8]>::to_ascii_uppercase).collect::<Vec<_>>();
    let mut upper = Name::from_labels(labels).unwrap_or_else(|_| name.clone());
    upper.set_fqdn(true);
    upper
}

/// A name from a response; `None` if it cannot be represented.
pub(super) fn dns_name(name: &Name) -> Option<DnsName> {
    let labels: Option<Vec<&str>> =
        name.iter().map(|label| std::str::from_utf8(label).ok().filter(|label| !label.contains('.'))).collect();
    DnsName::parse(&labels?.join(".")).ok()
}

/// A record of the requested type.
pub(super) fn dns_record(record: &Record, at: &DnsName) -> DnsRecord {
    let data = data(&record.data).unwrap_or_else(|| RecordData::Unreadable { text: record.data.to_string() });
    DnsRecord { name: dns_name(&record.name).unwrap_or_else(|| at.clone()), ttl: record.ttl, data }
}

fn data(data: &RData) -> Option<RecordData> {
    Some(match data {
        RData::A(a) => RecordData::A { ip: a.0 },
        RData::AAAA(aaaa) => RecordData::Aaaa { ip: aaaa.0 },
        RData::CAA(caa) => RecordData::Caa {
            critical: caa.issuer_critical,
            tag: caa.tag.clone(),
            value: String::from_utf8_lossy(&caa.value).into_owned(),
        },
        RData::CNAME(name) => RecordData::Cname { target: dns_name(&name.0)? },
        RData::MX(mx) => RecordData::Mx { preference: mx.preference, host: dns_name(&mx.exchange)? },
        RData::NS(name) => RecordData::Ns { host: dns_name(&name.0)? },
        RData::PTR(name) => RecordData::Ptr { host: dns_name(&name.0)? },
        RData::SOA(soa) => RecordData::Soa {
            primary: dns_name(&soa.mname)?,
            serial: soa.serial,
            // RFC 1035 §3.3.13: the number is unsigned.
            expire: soa.expire.cast_unsigned(),
            minimum: soa.minimum,
        },
        RData::SRV(srv) => {
            RecordData::Srv { priority: srv.priority, weight: srv.weight, port: srv.port, host: dns_name(&srv.target)? }
        }
        RData::TLSA(tlsa) => RecordData::Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: certificate::hex(&tlsa.cert_data),
        },
        RData::TXT(TXT { txt_data, .. }) => text(txt_data.iter().map(AsRef::as_ref)),
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => RecordData::Dnskey {
            flags: key.flags(),
            algorithm: u8::from(key.public_key().algorithm()),
            tag: key.calculate_key_tag().ok()?,
        },
        RData::DNSSEC(DNSSECRData::DS(ds)) => RecordData::Ds {
            tag: ds.key_tag(),
            algorithm: u8::from(ds.algorithm()),
            digest: u8::from(ds.digest_type()),
        },
        RData::DNSSEC(DNSSECRData::NSEC3PARAM(param)) => {
            RecordData::Nsec3Param { iterations: param.iterations(), salt: param.salt().len() }
        }
        RData::Unknown { code, rdata } if u16::from(*code) == SPF => text(strings(&rdata.anything)?.into_iter()),
        _ => return None,
    })
}

fn text<'t>(strings: impl Iterator<Item = &'t [u8]>) -> RecordData {
    let strings: Vec<&[u8]> = strings.collect();
    let bytes = strings.concat();
    let raw_b64 = std::str::from_utf8(&bytes).is_err().then(|| STANDARD.encode(&bytes));
    RecordData::Txt {
        text: String::from_utf8_lossy(&bytes).into_owned(),
        lengths: strings.iter().map(|string| string.len()).collect(),
        raw_b64,
    }
}

/// The character strings in the content of a record (RFC 1035 §3.3).
fn strings(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut strings = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (string, rest) = rest.split_at_checked(usize::from(*length))?;
        strings.push(string);
        bytes = rest;
    }
    Some(strings)
}
