//! Decides whether a certificate covers a host (RFC 9525 §6), by a DNS name or an IP address in subjectAltName. An IP
//! address that is written as a DNS name does not count.
//!
//! The common name is ignored (§6.3), with one exception in both OpenSSL and GnuTLS: if the certificate has no
//! alternative name of a kind that a host can have, its common name is used. Clients without this exception are
//! reported as unable to verify the certificate.

use std::net::IpAddr;

use super::certificate::{GeneralName, ParsedCertificate};
use super::directory;

/// The part of a certificate that covers a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedBy {
    AlternativeName,
    CommonName,
}

/// Compares the names of the certificate with the expected host name or IP address.
pub(crate) fn matches(certificate: &ParsedCertificate<'_>, expected: &str) -> Option<NamedBy> {
    if is_alternative_name(certificate, expected) {
        return Some(NamedBy::AlternativeName);
    }
    let names = certificate.extensions.names.as_deref().unwrap_or_default();
    let is_of_hosts =
        |name: &GeneralName<'_>| matches!(name, GeneralName::Dns(_) | GeneralName::Address(_) | GeneralName::Uri(_));
    let is_address = expected.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    if is_address || names.iter().any(is_of_hosts) {
        return None;
    }
    // GnuTLS uses the common name only if there is exactly one; OpenSSL accepts any of them.
    let common = directory::common_names(certificate.subject);
    let expected = expected.strip_suffix('.').unwrap_or(expected).as_bytes();
    match common.as_slice() {
        [name] if is_host(name.as_bytes(), expected) => Some(NamedBy::CommonName),
        _ => None,
    }
}

fn is_alternative_name(certificate: &ParsedCertificate<'_>, expected: &str) -> bool {
    let names = certificate.extensions.names.as_deref().unwrap_or_default();
    match expected.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        // §6.5: the bytes of the IP address are compared.
        Ok(IpAddr::V4(address)) => names.contains(&GeneralName::Address(&address.octets())),
        Ok(IpAddr::V6(address)) => names.contains(&GeneralName::Address(&address.octets())),
        Err(_) => {
            let expected = expected.strip_suffix('.').unwrap_or(expected).as_bytes();
            names.iter().any(|name| matches!(name, GeneralName::Dns(presented) if is_host(presented, expected)))
        }
    }
}

/// Whether a DNS name from a certificate covers a host (§6.3). Letter case is ignored, and a `*` may replace exactly
/// the first label. At least two labels must follow it: neither OpenSSL nor GnuTLS accepts `*.com`.
fn is_host(presented: &[u8], expected: &[u8]) -> bool {
    if expected.is_empty() || expected.contains(&0) {
        return false;
    }
    if presented.eq_ignore_ascii_case(expected) {
        return !presented.contains(&b'*');
    }
    let Some(domain) = presented.strip_prefix(b"*.") else { return false };
    let Some(dot) = expected.iter().position(|byte| *byte == b'.').filter(|dot| *dot > 0) else { return false };
    let rest = expected.get(dot + 1..).unwrap_or_default();
    // OpenSSL requires a host name after the wildcard, and a valid label in the position of the wildcard. Neither may
    // contain an underscore.
    let is_host_name = domain.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let is_plain = is_host_name && domain.contains(&b'.') && !domain.starts_with(b".");
    let label = expected.get(..dot).unwrap_or_default();
    let is_label = label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    is_plain && is_label && domain.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_matches_exactly_one_label() {
        for (presented, expected, same) in [
            ("mail.example.com", "mail.example.com", true),
            ("MAIL.example.com", "mail.EXAMPLE.com", true),
            ("*.example.com", "mail.example.com", true),
            ("*.example.com", "xn--mnchen-3ya.example.com", true),
            ("*.example.com", "mail_one.example.com", false),
            ("*.mail_one.example.com", "a.mail_one.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.mail.example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.com", "example.com", false),
            ("*", "example", false),
            ("m*.example.com", "mail.example.com", false),
            ("*.*.com", "mail.example.com", false),
            ("mail.*.com", "mail.example.com", false),
            ("mail.example.com.", "mail.example.com", false),
            ("mail.example.com\0.evil.example", "mail.example.com", false),
            ("", "", false),
        ] {
            assert_eq!(is_host(presented.as_bytes(), expected.as_bytes()), same, "{presented} {expected}");
        }
    }
}
