//! The faults of a single certificate: its format, its extensions, its key, and its reference to the issuer's key.

use super::certificate::ParsedCertificate;
use super::der;
use super::signature::{self, VerifyingKey};
use crate::evidence::PathFaultKind;

/// Format errors that both OpenSSL and GnuTLS ignore in a server certificate, but that at least one of them rejects in
/// a CA certificate.
pub(super) fn of_leniency(one: &ParsedCertificate<'_>) -> Vec<PathFaultKind> {
    let named = one.extensions.unreadable_of_authority.iter().map(|oid| extension_name(&der::dotted(oid)));
    named.map(|extension| PathFaultKind::UnreadableExtension { extension }).collect()
}

/// The faults of a certificate, except those of its extensions.
pub(super) fn of_form(one: &ParsedCertificate<'_>) -> impl Iterator<Item = PathFaultKind> {
    // RFC 5280 §4.1.1.2: the signature algorithm is stated in two places and must be the same in both.
    let differs = one.inner_algorithm != one.outer_algorithm;
    [
        differs.then_some(PathFaultKind::AlgorithmsDiffer),
        one.extensions.is_proxy.then_some(PathFaultKind::Proxy),
        signature::is_compressed(one.key).then_some(PathFaultKind::CompressedKey),
    ]
    .into_iter()
    .flatten()
}

pub(super) fn weak_key(info: &[u8]) -> Option<PathFaultKind> {
    let key = VerifyingKey::read(info).ok().filter(VerifyingKey::is_weak)?;
    Some(PathFaultKind::WeakKey { key: key.name() })
}

/// Critical extensions that are not supported (RFC 5280 §6.1.4 (o) and §6.1.5 (f)), and extensions that occur twice
/// (§4.2) or cannot be parsed.
pub(super) fn of_extensions(one: &ParsedCertificate<'_>) -> Vec<PathFaultKind> {
    let found = &one.extensions;
    let named = |oids: &[&[u8]], kind: fn(String) -> PathFaultKind| {
        oids.iter().map(|oid| kind(extension_name(&der::dotted(oid)))).collect::<Vec<_>>()
    };
    let mut kinds = named(&found.unknown_critical, |extension| PathFaultKind::CriticalExtension { extension });
    kinds.extend(named(&found.repeated, |extension| PathFaultKind::RepeatedExtension { extension }));
    kinds.extend(named(&found.unreadable, |extension| PathFaultKind::UnreadableExtension { extension }));
    kinds
}

/// The name of an extension, or its dotted number.
pub(crate) fn extension_name(dotted: &str) -> String {
    let name = match dotted {
        "2.5.29.9" => "subjectDirectoryAttributes",
        "2.5.29.14" => "subjectKeyIdentifier",
        "2.5.29.15" => "keyUsage",
        "2.5.29.17" => "subjectAltName",
        "2.5.29.18" => "issuerAltName",
        "2.5.29.19" => "basicConstraints",
        "2.5.29.30" => "nameConstraints",
        "2.5.29.31" => "cRLDistributionPoints",
        "2.5.29.32" => "certificatePolicies",
        "2.5.29.33" => "policyMappings",
        "2.5.29.35" => "authorityKeyIdentifier",
        "2.5.29.36" => "policyConstraints",
        "2.5.29.37" => "extKeyUsage",
        "2.5.29.46" => "freshestCRL",
        "2.5.29.54" => "inhibitAnyPolicy",
        "1.3.6.1.5.5.7.1.1" => "authorityInfoAccess",
        "1.3.6.1.5.5.7.1.11" => "subjectInfoAccess",
        "1.3.6.1.5.5.7.1.24" => "TLS feature",
        "1.3.6.1.4.1.11129.2.4.2" => "signed certificate timestamps",
        "1.3.6.1.4.1.11129.2.4.3" => "Certificate Transparency poison",
        "2.16.840.1.113730.1.1" => "Netscape certificate type",
        "2.16.840.1.113730.1.13" => "Netscape comment",
        other => return other.to_owned(),
    };
    name.to_owned()
}

/// Whether authorityKeyIdentifier (RFC 5280 §4.2.1.1) identifies a key or certificate other than this issuer's.
pub(super) fn names_another_key(one: &ParsedCertificate<'_>, issuer: &ParsedCertificate<'_>) -> bool {
    let named = one.extensions.authority_key;
    let differs =
        |named: Option<&[u8]>, own: Option<&[u8]>| matches!((named, own), (Some(named), Some(own)) if named != own);
    differs(named.key, issuer.extensions.subject_key)
        || differs(named.serial, Some(issuer.serial))
        || differs(named.issuer, Some(issuer.issuer))
}
