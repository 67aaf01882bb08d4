//! Whether a certificate names a host (RFC 9525 §6): by a DNS name or an IP address in subjectAltName, and by nothing else.
//! The common name is not looked at (§6.3), and an address that is written as a DNS name is no address.

use std::net::IpAddr;

use super::certificate::{Certificate, GeneralName};

/// Whether one of the names is the expected one.
pub(crate) fn matches(certificate: &Certificate<'_>, expected: &str) -> bool {
    let names = certificate.extensions.names.as_deref().unwrap_or_default();
    match expected.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        // §6.5: the bytes of the address.
        Ok(IpAddr::V4(address)) => names.contains(&GeneralName::Address(&address.octets())),
        Ok(IpAddr::V6(address)) => names.contains(&GeneralName::Address(&address.octets())),
        Err(_) => {
            let expected = expected.strip_suffix('.').unwrap_or(expected).as_bytes();
            names.iter().any(|name| matches!(name, GeneralName::Dns(presented) if is_host(presented, expected)))
        }
    }
}

/// §6.3: letter case aside the same, or a `*` that stands for the first label as a whole. What it stands before must have
/// two labels: `*.com` is accepted by neither OpenSSL nor GnuTLS.
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
    let is_plain = !domain.contains(&b'*') && domain.contains(&b'.') && !domain.starts_with(b".");
    is_plain && domain.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_whole_label() {
        for (presented, expected, same) in [
            ("mail.example.com", "mail.example.com", true),
            ("MAIL.example.com", "mail.EXAMPLE.com", true),
            ("*.example.com", "mail.example.com", true),
            ("*.example.com", "xn--mnchen-3ya.example.com", true),
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
