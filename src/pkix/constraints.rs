//! Name constraints (RFC 5280 §4.2.1.10, applied in §6.1.3 (b) and (c)): whether an authority may sign for the names of a
//! certificate below it. A kind of name that no client can compare counts as a violation as soon as it is constrained.
//!
//! The number of comparisons of one validation is bounded: names and constraints are both chosen by the server.

use super::certificate::{GeneralName, NameConstraints, ParsedCertificate};
use super::der::{self, tag};
use super::directory;

/// Names of one certificate times constraints of one authority: as many as OpenSSL compares. A certificate has tens of names,
/// an authority tens of constraints.
const MAX_PRODUCT: usize = 1 << 20;

/// Comparisons of one validation.
const MAX_COMPARISONS: usize = 1 << 22;

/// What may still be compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comparisons(usize);

impl Default for Comparisons {
    fn default() -> Comparisons {
        Comparisons(MAX_COMPARISONS)
    }
}

/// How a certificate and the constraints above it relate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// This name is excluded, or is not among the permitted ones.
    Name(String),
    /// Constraints of a kind that cannot be compared.
    UnknownKind,
    /// There are too many to compare.
    TooMany,
}

/// Holds the names of a certificate against the constraints of an authority above it.
pub(crate) fn violation(
    one: &ParsedCertificate<'_>,
    is_leaf: bool,
    constraints: &NameConstraints<'_>,
    left: &mut Comparisons,
) -> Option<Violation> {
    let common = common_names(one, is_leaf);
    let both = || constraints.permitted.iter().chain(&constraints.excluded);
    // GnuTLS refuses whatever comes below such a constraint, OpenSSL what carries such a name.
    if both().any(|base| matches!(base, GeneralName::Other(_))) {
        return Some(Violation::UnknownKind);
    }
    // GnuTLS refuses whatever comes below an exclusion that it does not compare, unless that is empty.
    let is_uncompared = |base: &GeneralName<'_>| match base {
        GeneralName::Directory(name) => directory::parts(name).is_none_or(|parts| !parts.is_empty()),
        GeneralName::Uri(host) => !host.is_empty(),
        GeneralName::Srv | GeneralName::SmtpUtf8(_) => true,
        _ => false,
    };
    if let Some(base) = constraints.excluded.iter().find(|base| is_uncompared(base)) {
        // What is excluded is said in the first place.
        let hit = names(one, &common).into_iter().find(|name| is_within(name, base));
        return Some(hit.map_or(Violation::UnknownKind, |name| Violation::Name(display_name(&name))));
    }
    // OpenSSL does not compare service names.
    if both().any(|base| *base == GeneralName::Srv) && names(one, &common).contains(&GeneralName::Srv) {
        return Some(Violation::UnknownKind);
    }
    // An address with a mask that is not a prefix (§4.2.1.10: in the style of RFC 4632).
    if both().any(|base| matches!(base, GeneralName::Address(bytes) if network(bytes).is_none())) {
        return Some(Violation::UnknownKind);
    }
    let names = names(one, &common);
    let cost = constraints.permitted.len().saturating_add(constraints.excluded.len());
    if names.len().saturating_mul(cost) > MAX_PRODUCT {
        return Some(Violation::TooMany);
    }
    for name in names {
        let of_kind = |base: &&GeneralName<'_>| std::mem::discriminant(*base) == std::mem::discriminant(&name);
        match left.0.checked_sub(cost) {
            Some(rest) => left.0 = rest,
            None => return Some(Violation::TooMany),
        }
        // §6.1.3 (c).
        let is_excluded = |base: &GeneralName<'_>| is_empty(base) || is_within(&name, base);
        if constraints.excluded.iter().filter(of_kind).any(is_excluded) {
            return Some(Violation::Name(display_name(&name)));
        }
        // §6.1.3 (b).
        let mut permitted = constraints.permitted.iter().filter(of_kind).peekable();
        if permitted.peek().is_some() && !permitted.any(|base| is_within(&name, base)) {
            return Some(Violation::Name(display_name(&name)));
        }
    }
    None
}

/// The names that constraints apply to: the subject unless it is empty, the email addresses in it, the alternative names,
/// and common names that count as DNS names.
fn names<'a>(one: &ParsedCertificate<'a>, common: &'a [String]) -> Vec<GeneralName<'a>> {
    let mut names: Vec<GeneralName<'a>> = one.extensions.names.clone().unwrap_or_default();
    let mailbox = |name: &mut GeneralName<'a>| {
        if let GeneralName::SmtpUtf8(address) = name {
            *name = GeneralName::Email(address);
        }
    };
    names.iter_mut().for_each(mailbox);
    names.extend(common.iter().map(|name| GeneralName::Dns(name.as_bytes())));
    let parts = relative_names(one.subject).unwrap_or_default();
    if !parts.is_empty() {
        names.push(GeneralName::Directory(one.subject));
    }
    for (oid, value) in parts.into_iter().filter_map(attribute) {
        if oid == EMAIL_ADDRESS {
            names.push(GeneralName::Email(value));
        }
    }
    names
}

/// Common names that count as DNS names where there is no DNS name: for OpenSSL those that look like a host name, for GnuTLS
/// each one of a certificate without alternative names.
fn common_names(one: &ParsedCertificate<'_>, is_leaf: bool) -> Vec<String> {
    let names = one.extensions.names.as_deref().unwrap_or_default();
    if !is_leaf || names.iter().any(|name| matches!(name, GeneralName::Dns(_))) {
        return Vec::new();
    }
    let mut common = directory::common_names(one.subject);
    common.retain(|name| names.is_empty() || looks_like_host(name.as_bytes()));
    common
}

const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];

fn looks_like_host(text: &[u8]) -> bool {
    text.contains(&b'.') && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// An empty address or host permits nothing to OpenSSL, and excludes everything to GnuTLS.
fn is_empty(base: &GeneralName<'_>) -> bool {
    matches!(base, GeneralName::Email(text) | GeneralName::Uri(text) if text.is_empty())
}

/// Whether a name lies within the subtree that begins at `base`, which is of the same kind.
fn is_within(name: &GeneralName<'_>, base: &GeneralName<'_>) -> bool {
    match (name, base) {
        (GeneralName::Dns(name), GeneralName::Dns(base)) => is_host_within(name, base),
        (GeneralName::Email(name), GeneralName::Email(base)) => is_email_within(name, base),
        (GeneralName::Uri(name), GeneralName::Uri(base)) => is_uri_within(name, base),
        (GeneralName::Address(name), GeneralName::Address(base)) => is_address_within(name, base),
        (GeneralName::Directory(name), GeneralName::Directory(base)) => is_directory_within(name, base),
        _ => false,
    }
}

/// "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side"; with a leading dot,
/// as it is widely used, one or more.
fn is_host_within(name: &[u8], base: &[u8]) -> bool {
    if base.is_empty() {
        return true;
    }
    let Some(at) = name.len().checked_sub(base.len()) else { return false };
    let (front, tail) = name.split_at(at);
    tail.eq_ignore_ascii_case(base) && (front.is_empty() || base.starts_with(b".") || front.ends_with(b"."))
}

/// A mailbox, a host, or a domain with a leading dot.
fn is_email_within(name: &[u8], base: &[u8]) -> bool {
    let Some(at) = name.iter().rposition(|byte| *byte == b'@') else { return false };
    let (local, host) = (name.get(..at).unwrap_or_default(), name.get(at + 1..).unwrap_or_default());
    match base.iter().rposition(|byte| *byte == b'@') {
        Some(at) => {
            let (of_base, domain) = (base.get(..at).unwrap_or_default(), base.get(at + 1..).unwrap_or_default());
            (of_base.is_empty() || local == of_base) && host.eq_ignore_ascii_case(domain)
        }
        None => is_whole_host_within(host, base),
    }
}

/// The host part of an absolute URI; one without a host is never within.
fn is_uri_within(name: &[u8], base: &[u8]) -> bool {
    let Some(at) = name.windows(3).position(|window| window == b"://") else { return false };
    let rest = name.get(at + 3..).unwrap_or_default();
    let authority = rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next().unwrap_or_default();
    let host = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    let host = host.split(|byte| *byte == b':').next().unwrap_or_default();
    !host.is_empty() && is_whole_host_within(host, base)
}

/// For email and URIs a host is only itself, and a leading dot means the hosts below. An empty one is no host: OpenSSL
/// refuses what comes below it.
fn is_whole_host_within(host: &[u8], base: &[u8]) -> bool {
    if base.starts_with(b".") {
        host.len() > base.len() && is_host_within(host, base)
    } else {
        host.eq_ignore_ascii_case(base)
    }
}

/// Address and mask, of 4 bytes each or 16.
fn network(base: &[u8]) -> Option<(&[u8], &[u8])> {
    let (address, mask) = base.split_at_checked(base.len() / 2)?;
    let bits: Vec<u32> = mask.iter().map(|byte| byte.leading_ones()).collect();
    let first_short = bits.iter().position(|ones| *ones < 8).unwrap_or(bits.len());
    let is_prefix = mask.iter().enumerate().all(|(at, byte)| match at.cmp(&first_short) {
        std::cmp::Ordering::Less => *byte == 0xff,
        std::cmp::Ordering::Equal => byte.count_ones() == byte.leading_ones(),
        std::cmp::Ordering::Greater => *byte == 0,
    });
    (matches!(base.len(), 8 | 32) && is_prefix).then_some((address, mask))
}

fn is_address_within(name: &[u8], base: &[u8]) -> bool {
    let Some((address, mask)) = network(base) else { return false };
    name.len() == address.len()
        && name.iter().zip(address).zip(mask).all(|((name, address), mask)| name & mask == address & mask)
}

/// §7.1: the base is a prefix of the name, part by part.
fn is_directory_within(name: &[u8], base: &[u8]) -> bool {
    let (Some(name), Some(base)) = (relative_names(name), relative_names(base)) else { return false };
    base.len() <= name.len() && name.iter().zip(&base).all(|(name, base)| is_same_part(name, base))
}

/// The RelativeDistinguishedNames of a Name, each the content of its SET.
fn relative_names(name: &[u8]) -> Option<Vec<&[u8]>> {
    let sets = der::elements(der::only(name, tag::SEQUENCE)?.content)?;
    sets.into_iter().map(|set| (set.tag == tag::SET).then_some(set.content)).collect()
}

/// The one attribute of a part, as its type and the bytes of its value.
fn attribute(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = der::Reader::new(der::only(part, tag::SEQUENCE)?.content);
    let oid = fields.expect(tag::OID)?.content;
    let value = fields.read()?;
    fields.end()?;
    Some((oid, value.content))
}

/// The same bytes, or the same text in another of the string types, letter case and runs of spaces aside (§7.1).
fn is_same_part(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    let (Some((oid, _)), Some((other_oid, _))) = (attribute(one), attribute(other)) else { return false };
    oid == other_oid && text(one).is_some_and(|text_of_one| text(other).is_some_and(|other| text_of_one == other))
}

fn text(part: &[u8]) -> Option<String> {
    let mut fields = der::Reader::new(der::only(part, tag::SEQUENCE)?.content);
    fields.expect(tag::OID)?;
    let value = fields.read()?;
    let is_text = matches!(value.tag, tag::UTF8_STRING | tag::PRINTABLE_STRING | tag::IA5_STRING | tag::T61_STRING);
    let text = std::str::from_utf8(value.content).ok().filter(|_| is_text)?;
    Some(text.split_ascii_whitespace().map(str::to_ascii_lowercase).collect::<Vec<_>>().join(" "))
}

/// A name for people.
fn display_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::Dns(bytes) | GeneralName::Email(bytes) | GeneralName::Uri(bytes) => {
            String::from_utf8_lossy(bytes).chars().take(255).collect()
        }
        GeneralName::Address(bytes) => match (<[u8; 4]>::try_from(*bytes), <[u8; 16]>::try_from(*bytes)) {
            (Ok(four), _) => std::net::Ipv4Addr::from(four).to_string(),
            (_, Ok(sixteen)) => std::net::Ipv6Addr::from(sixteen).to_string(),
            _ => "an IP address of a strange length".to_owned(),
        },
        GeneralName::SmtpUtf8(bytes) => String::from_utf8_lossy(bytes).chars().take(255).collect(),
        GeneralName::Directory(_) => "its subject".to_owned(),
        GeneralName::Srv | GeneralName::Other(_) => "a name of another kind".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_name_has_its_own_subtrees() {
        for (name, base, within) in [
            ("mail.example.com", "example.com", true),
            ("example.com", "example.com", true),
            ("EXAMPLE.com", "example.COM", true),
            ("badexample.com", "example.com", false),
            ("example.com", ".example.com", false),
            ("mail.example.com", ".example.com", true),
            ("mail.example.com", "", true),
        ] {
            assert_eq!(is_host_within(name.as_bytes(), base.as_bytes()), within, "{name} {base}");
        }
        for (name, base, within) in [
            ("a@example.com", "example.com", true),
            ("a@mail.example.com", "example.com", false),
            ("a@mail.example.com", ".example.com", true),
            ("a@example.com", ".example.com", false),
            ("a@example.com", "a@example.com", true),
            ("b@example.com", "a@example.com", false),
            ("example.com", "example.com", false),
        ] {
            assert_eq!(is_email_within(name.as_bytes(), base.as_bytes()), within, "{name} {base}");
        }
        for (name, base, within) in [
            ("https://example.com/x", "example.com", true),
            ("https://u@example.com:8443/x", "example.com", true),
            ("https://evil.example/@example.com", "example.com", false),
            ("https://a.example.com", ".example.com", true),
            ("mailto:a@example.com", "example.com", false),
        ] {
            assert_eq!(is_uri_within(name.as_bytes(), base.as_bytes()), within, "{name} {base}");
        }
        assert!(is_address_within(&[192, 0, 2, 9], &[192, 0, 2, 0, 255, 255, 255, 0]));
        assert!(!is_address_within(&[192, 0, 3, 9], &[192, 0, 2, 0, 255, 255, 255, 0]));
        assert!(!is_address_within(&[192, 0, 2, 9], &[192, 0, 2, 0, 255, 0, 255, 0]), "no prefix");
        assert!(!is_address_within(&[0; 16], &[0; 8]), "of another length");
    }
}
