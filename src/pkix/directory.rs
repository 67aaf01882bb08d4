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

/// Names with which many others are compared, for example those of a trust store.
pub(crate) struct NameSet<'a> {
    names: Vec<&'a [u8]>,
    /// The attributes of the names that can be parsed, grouped by RDN.
    parsed: Vec<Vec<Vec<Attribute<'a>>>>,
}

impl<'a> NameSet<'a> {
    pub(crate) fn of(names: Vec<&'a [u8]>) -> NameSet<'a> {
        let parsed = names.iter().filter(|name| name.len() <= MAX_LENGTH).filter_map(|name| parts(name)).collect();
        NameSet { names, parsed }
    }

    /// Whether one of the names is the same as this one, as in [`is_same`].
    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        self.names.contains(&name) || (name.len() <= MAX_LENGTH && self.contains_parts(name) == Some(true))
    }

    /// Compares from the beginning and stops when no name is left, so that usually only one or two attributes are
    /// parsed. Returns `None` if the name cannot be parsed.
    fn contains_parts(&self, name: &[u8]) -> Option<bool> {
        let mut left: Vec<&[Vec<Attribute<'_>>]> = self.parsed.iter().map(Vec::as_slice).collect();
        let mut sets = Reader::new(der::only(name, tag::SEQUENCE)?.content);
        while !sets.is_empty() {
            let mut set = Reader::new(sets.expect(tag::SET)?.content);
            let mut place = 0;
            while !set.is_empty() {
                let attribute = Attribute::read(&set.read()?)?;
                left.retain(|sets| {
                    sets.first().and_then(|set| set.get(place)).is_some_and(|known| known.is_same(&attribute))
                });
                if left.is_empty() {
                    return Some(false);
                }
                place += 1;
            }
            left.retain(|sets| sets.first().is_some_and(|set| set.len() == place));
            for sets in &mut left {
                *sets = sets.get(1..).unwrap_or_default();
            }
        }
        Some(left.iter().any(|sets| sets.is_empty()))
    }
}

/// Compares from the beginning and stops at the first difference. Returns `None` if a name cannot be parsed.
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
        let both = [&utf8[..], &name(tag::UTF8_STRING, b"Other")];
        let set = NameSet::of(both.to_vec());
        for other in [&b"Inter"[..], b"inter", b"Inter ", b"Other", b"Others"] {
            for tag in [tag::UTF8_STRING, tag::PRINTABLE_STRING, tag::T61_STRING] {
                let other = name(tag, other);
                assert_eq!(set.contains(&other), both.iter().any(|one| is_same(one, &other)), "{other:?}");
            }
        }
        // A name with a further attribute, in its own RDN or in the same.
        let attribute = |value: &[u8]| {
            let both = [der::wrap(tag::OID, COMMON_NAME), der::wrap(tag::UTF8_STRING, value)].concat();
            der::wrap(tag::SEQUENCE, &both)
        };
        let (one, two) = (attribute(b"Inter"), attribute(b"Net"));
        let in_two = der::wrap(tag::SEQUENCE, &[der::wrap(tag::SET, &one), der::wrap(tag::SET, &two)].concat());
        let in_one = der::wrap(tag::SEQUENCE, &der::wrap(tag::SET, &[one, two].concat()));
        let all = [&utf8[..], &in_two, &in_one, b"\x30\x01", b""];
        for one in all {
            for other in all {
                assert_eq!(NameSet::of(vec![one]).contains(other), is_same(one, other), "{one:?} {other:?}");
            }
        }
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
