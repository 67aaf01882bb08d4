//! X.500 directory names (RFC 5280 §4.1.2.4): whether a name can be parsed, and whether two names are equal.

use super::der::{self, Reader, tag};

/// Longer names are only compared byte by byte, because a search compares names many times.
const MAX_LENGTH: usize = 4096;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// One attribute of a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) oid: &'a [u8],
    tag: u8,
    content: &'a [u8],
}

impl<'a> Attribute<'a> {
    fn read(whole: &der::Element<'a>) -> Option<Attribute<'a>> {
        let mut fields = Reader::new(Some(whole).filter(|one| one.tag == tag::SEQUENCE)?.content);
        let oid = fields.expect(tag::OID)?.content;
        let value = fields.read()?;
        fields.end()?;
        Some(Attribute { oid, tag: value.tag, content: value.content })
    }

    /// The value as text, for all string types.
    pub(crate) fn text(&self) -> Option<String> {
        match self.tag {
            tag::UTF8_STRING => std::str::from_utf8(self.content).ok().map(str::to_owned),
            // OpenSSL treats T61String as Latin-1.
            tag::PRINTABLE_STRING | tag::IA5_STRING | tag::T61_STRING | tag::NUMERIC_STRING => {
                Some(self.content.iter().map(|byte| char::from(*byte)).collect())
            }
            tag::BMP_STRING => {
                let units = self.content.chunks(2).map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
                String::from_utf16(&units.collect::<Option<Vec<u16>>>()?).ok()
            }
            tag::UNIVERSAL_STRING => {
                let points = self.content.chunks(4).map(|four| Some(u32::from_be_bytes(four.try_into().ok()?)));
                points.map(|point| char::from_u32(point?)).collect()
            }
            _ => None,
        }
    }

    fn is_same(&self, other: &Attribute<'_>) -> bool {
        // In one string type, different bytes are different text.
        if self.oid != other.oid || self.tag == other.tag {
            return self.oid == other.oid && self.content == other.content;
        }
        self.text().is_some_and(|text| Some(text) == other.text())
    }

    /// Whether OpenSSL can parse this value in a name: a valid string, or a type that it treats as bytes.
    fn is_readable(&self) -> bool {
        match self.tag {
            tag::UTF8_STRING | tag::BMP_STRING | tag::UNIVERSAL_STRING => self.text().is_some(),
            tag::PRINTABLE_STRING | tag::IA5_STRING | tag::T61_STRING | tag::NUMERIC_STRING => true,
            tag::BIT_STRING | tag::SEQUENCE => true,
            _ => false,
        }
    }
}

/// The attributes of a Name, grouped by RDN (relative distinguished name). Returns `None` if it cannot be parsed.
pub(crate) fn parts(name: &[u8]) -> Option<Vec<Vec<Attribute<'_>>>> {
    let sets = der::elements(der::only(name, tag::SEQUENCE)?.content)?;
    sets.into_iter().map(part).collect()
}

fn part(set: der::Element<'_>) -> Option<Vec<Attribute<'_>>> {
    let list = der::elements(Some(set).filter(|set| set.tag == tag::SET)?.content)?;
    list.iter().map(Attribute::read).collect()
}

/// Whether both OpenSSL and GnuTLS can parse this Name. Each of them rejects a certificate with a name that it cannot
/// parse.
pub(crate) fn is_readable(name: &[u8]) -> bool {
    parts(name).is_some_and(|parts| parts.iter().flatten().all(Attribute::is_readable))
}

/// The common names that are valid text.
pub(crate) fn common_names(name: &[u8]) -> Vec<String> {
    let parts = parts(name).unwrap_or_default();
    parts.iter().flatten().filter(|one| one.oid == COMMON_NAME).filter_map(Attribute::text).collect()
}

/// Whether two names are equal, regardless of their string types (RFC 5280 §7.1). Differences in letter case and spaces
/// matter, because they matter to GnuTLS.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    if one.len().max(other.len()) > MAX_LENGTH {
        return false;
    }
    is_same_in_parts(one, other) == Some(true)
}

/// Compares from the beginning and stops at the first difference, because a trust store has hundreds of names. Returns
/// `None` if a name cannot be parsed.
fn is_same_in_parts(one: &[u8], other: &[u8]) -> Option<bool> {
    let mut ones = Reader::new(der::only(one, tag::SEQUENCE)?.content);
    let mut others = Reader::new(der::only(other, tag::SEQUENCE)?.content);
    while !ones.is_empty() && !others.is_empty() {
        let mut one = Reader::new(ones.expect(tag::SET)?.content);
        let mut other = Reader::new(others.expect(tag::SET)?.content);
        while !one.is_empty() && !other.is_empty() {
            if !Attribute::read(&one.read()?)?.is_same(&Attribute::read(&other.read()?)?) {
                return Some(false);
            }
        }
        if one.is_empty() != other.is_empty() {
            return Some(false);
        }
    }
    Some(ones.is_empty() == others.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(tag: u8, value: &[u8]) -> Vec<u8> {
        let mut attribute = der::wrap(tag::OID, COMMON_NAME);
        attribute.extend(der::wrap(tag, value));
        der::wrap(tag::SEQUENCE, &der::wrap(tag::SET, &der::wrap(tag::SEQUENCE, &attribute)))
    }

    #[test]
    fn comparison_of_names_ignores_the_string_type_but_not_the_letter_case() {
        let utf8 = name(tag::UTF8_STRING, b"Inter");
        assert!(is_same(&utf8, &name(tag::PRINTABLE_STRING, b"Inter")));
        assert!(is_same(&utf8, &name(tag::BMP_STRING, b"\0I\0n\0t\0e\0r")));
        assert!(!is_same(&utf8, &name(tag::UTF8_STRING, b"inter")));
        assert!(!is_same(&utf8, &name(tag::UTF8_STRING, b"Inter ")));
        assert_eq!(common_names(&utf8), ["Inter"]);
    }

    #[test]
    fn a_name_with_an_invalid_string_cannot_be_parsed() {
        assert!(is_readable(&name(tag::UTF8_STRING, b"Inter")));
        assert!(!is_readable(&name(tag::UTF8_STRING, b"\xff")));
        assert!(!is_readable(&name(tag::BMP_STRING, b"\0I\0")));
        assert!(!is_readable(&name(tag::INTEGER, b"\x01")));
        assert!(!is_readable(b"\x30\x01"));
    }
}
