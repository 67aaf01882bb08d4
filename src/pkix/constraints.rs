//! Name constraints (RFC 5280 §4.2.1.10, applied in §6.1.3 (b) and (c)): whether a CA is allowed to issue certificates
//! for the names of a certificate below it. A constraint on a kind of name that no client can compare always counts as
//! violated.
//!
//! The number of comparisons is limited, because the server controls both names and constraints.

use super::certificate::{GeneralName, NameConstraints, ParsedCertificate};
use super::der::{self, tag};
use super::directory;

/// The maximum number of names in a certificate multiplied by the number of constraints of a CA, as in OpenSSL. Real
/// certificates and CAs have tens of each.
const MAX_PRODUCT: usize = 1 << 20;

/// The maximum number of comparisons in one validation.
const MAX_COMPARISONS: usize = 1 << 22;

/// The number of comparisons left in this validation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comparisons(usize);

impl Default for Comparisons {
    fn default() -> Comparisons {
        Comparisons(MAX_COMPARISONS)
    }
}

/// How a certificate violates the constraints of a CA above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// This name is excluded or not permitted.
    Name(String),
    /// There are constraints on a kind of name that cannot be compared.
    UnknownKind,
    /// There are too many names and constraints to compare.
    TooMany,
}

/// Compares the names of a certificate with the constraints of a CA above it.
pub(crate) fn violation(
    one: &ParsedCertificate<'_>,
    is_leaf: bool,
    constraints: &NameConstraints<'_>,
    left: &mut Comparisons,
) -> Option<Violation> {
    let common = common_names(one, is_leaf);
    let both = || constraints.permitted.iter().chain(&constraints.excluded);
    // A constraint on a kind of name that no client can compare: GnuTLS rejects every certificate below it, and OpenSSL
    // rejects a certificate with a name of this kind.
    if both().any(|base| matches!(base, GeneralName::Other(_))) {
        return Some(Violation::UnknownKind);
    }
    // GnuTLS rejects every certificate below an excluded subtree of a kind that it does not compare, unless the subtree
    // is empty.
    let is_uncompared = |base: &GeneralName<'_>| match base {
        GeneralName::Directory(name) => directory::parts(name).is_none_or(|parts| !parts.is_empty()),
        GeneralName::Uri(host) => !host.is_empty(),
        GeneralName::Srv | GeneralName::SmtpUtf8(_) => true,
        _ => false,
    };
    if let Some(base) = constraints.excluded.iter().find(|base| is_uncompared(base)) {
        // A name that is explicitly excluded is the more specific result.
        let hit = names(one, &common).into_iter().find(|name| is_within(name, base));
        return Some(hit.map_or(Violation::UnknownKind, |name| Violation::Name(display_name(&name))));
    }
    // OpenSSL does not compare service names.
    if both().any(|base| *base == GeneralName::Srv) && names(one, &common).contains(&GeneralName::Srv) {
        return Some(Violation::UnknownKind);
    }
    // The mask of the IP address is not a prefix (§4.2.1.10 requires the style of RFC 4632).
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
        // §6.1.3 (c): the name must not be within an excluded subtree.
        let is_excluded = |base: &GeneralName<'_>| is_empty(base) || is_within(&name, base);
        if constraints.excluded.iter().filter(of_kind).any(is_excluded) {
            return Some(Violation::Name(display_name(&name)));
        }
        // §6.1.3 (b): the name must be within a permitted subtree, if there are any of its kind.
        let mut permitted = constraints.permitted.iter().filter(of_kind).peekable();
        if permitted.peek().is_some() && !permitted.any(|base| is_within(&name, base)) {
            return Some(Violation::Name(display_name(&name)));
        }
    }
    None
}

/// The names that constraints apply to: the subject unless it is empty, the email addresses in it, the alternative
/// names, and the common names that are treated as DNS names.
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

/// The common names that clients treat as DNS names if there is no DNS name. OpenSSL does this for common names that
/// look like a host name; GnuTLS does it for all common names of a certificate without alternative names.
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

/// An empty email address or URI host: OpenSSL interprets it as permitting no name, GnuTLS as excluding all names.
fn is_empty(base: &GeneralName<'_>) -> bool {
    matches!(base, GeneralName::Email(text) | GeneralName::Uri(text) if text.is_empty())
}

/// Whether a name is within the subtree of `base`, which is a name of the same kind.
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

/// "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side" (§4.2.1.10). If
/// `base` starts with a dot, a common practice, at least one label must be added.
fn is_host_within(name: &[u8], base: &[u8]) -> bool {
    if base.is_empty() {
        return true;
    }
    let Some(at) = name.len().checked_sub(base.len()) else { return false };
    let (front, tail) = name.split_at(at);
    tail.eq_ignore_ascii_case(base) && (front.is_empty() || base.starts_with(b".") || front.ends_with(b"."))
}

/// `base` is an email address, a host, or a domain with a leading dot.
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

/// Compares the host part of an absolute URI. A URI without a host is never within a subtree.
fn is_uri_within(name: &[u8], base: &[u8]) -> bool {
    let Some(at) = name.windows(3).position(|window| window == b"://") else { return false };
    let rest = name.get(at + 3..).unwrap_or_default();
    let authority = rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next().unwrap_or_default();
    let host = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    let host = host.split(|byte| *byte == b':').next().unwrap_or_default();
    !host.is_empty() && is_whole_host_within(host, base)
}

/// In constraints on email addresses and URIs, a host matches only itself, and a leading dot means all hosts below the
/// domain. An empty host never matches: OpenSSL rejects certificates below such a constraint.
fn is_whole_host_within(host: &[u8], base: &[u8]) -> bool {
    if base.starts_with(b".") {
        host.len() > base.len() && is_host_within(host, base)
    } else {
        host.eq_ignore_ascii_case(base)
    }
}

/// Splits a constraint into IP address and mask, of 4 or 16 bytes each. Returns `None` if the mask is not a prefix.
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

/// Whether `base` is a prefix of the name, compared part by part (RFC 5280 §7.1).
fn is_directory_within(name: &[u8], base: &[u8]) -> bool {
    let (Some(name), Some(base)) = (relative_names(name), relative_names(base)) else { return false };
    base.len() <= name.len() && name.iter().zip(&base).all(|(name, base)| is_same_part(name, base))
}

/// The RelativeDistinguishedNames of a Name: the content of each SET.
fn relative_names(name: &[u8]) -> Option<Vec<&[u8]>> {
    let sets = der::elements(der::only(name, tag::SEQUENCE)?.content)?;
    sets.into_iter().map(|set| (set.tag == tag::SET).then_some(set.content)).collect()
}

/// The type and value of the attribute, if the part has exactly one.
fn attribute(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut fields = der::Reader::new(der::only(part, tag::SEQUENCE)?.content);
    let oid = fields.expect(tag::OID)?.content;
    let value = fields.read()?;
    fields.end()?;
    Some((oid, value.content))
}

/// Whether two parts have the same bytes, or the same text in different string types. Letter case and repeated spaces
/// are ignored (RFC 5280 §7.1).
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

/// The name as it is shown to the user.
fn display_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::Dns(bytes) | GeneralName::Email(bytes) | GeneralName::Uri(bytes) => {
            String::from_utf8_lossy(bytes).chars().take(255).collect()
        }
        GeneralName::Address(bytes) => match (<[u8; 4]>::try_from(*bytes), <[u8; 16]>::try_from(*bytes)) {
            (Ok(four), _) => std::net::Ipv4Addr::from(four).to_string(),
            (_, Ok(sixteen)) => std::net::Ipv6Addr::from(sixteen).to_string(),
            _ => "an IP address of invalid length".to_owned(),
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
    fn names_are_compared_with_subtrees_of_their_own_kind() {
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
        assert!(!is_address_within(&[192, 0, 2, 9], &[192, 0, 2, 0, 255, 0, 255, 0]), "the mask is not a prefix");
        assert!(!is_address_within(&[0; 16], &[0; 8]), "the lengths differ");
    }
}
