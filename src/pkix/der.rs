//! DER, as OpenSSL and GnuTLS read it: one tag byte, definite lengths, nothing beyond the end. Both accept a length that is
//! not in its shortest form, and any byte but 0 for TRUE (X.690 §10.1 and §11.1 forbid it), so this does. A decision about
//! trust must not depend on how lenient a general parser is, so `pkix` reads what it decides about by itself.
//!
//! Every function returns none for bytes that are not DER; nothing here panics or allocates by what the bytes claim.

/// Tags of X.690 §8.1.2 that certificates use.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const T61_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// `[number]` with primitive content.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// `[number]` with elements inside.
    pub(crate) const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and content.
    pub(crate) whole: &'a [u8],
}

/// Elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element.
    pub(crate) fn read(&mut self) -> Option<Element<'a>> {
        let (&tag, after) = self.rest.split_first()?;
        // The high-tag-number form is used by nothing in a certificate.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, header) = length(after)?;
        let end = header.checked_add(1)?.checked_add(length)?;
        let whole = self.rest.get(..end)?;
        let content = whole.get(header.checked_add(1)?..)?;
        self.rest = self.rest.get(end..)?;
        Some(Element { tag, content, whole })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.read().filter(|element| element.tag == tag)
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Option<Element<'a>>> {
        if self.rest.first() == Some(&tag) { self.read().map(Some) } else { Some(None) }
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

/// A length and how many bytes it took (X.690 §8.1.3: definite, of at most four bytes).
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let (&first, after) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), 1));
    }
    let count = usize::from(first & 0x7f);
    let digits = after.get(..count).filter(|_| (1..=4).contains(&count))?;
    let value =
        digits.iter().try_fold(0usize, |value, byte| value.checked_mul(256)?.checked_add(usize::from(*byte)))?;
    Some((value, count + 1))
}

/// The only element of these bytes, with this tag.
pub(crate) fn only(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    let mut reader = Reader::new(bytes);
    let element = reader.expect(tag)?;
    reader.end()?;
    Some(element)
}

/// The elements of a SEQUENCE OF or SET OF.
pub(crate) fn elements(content: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut reader = Reader::new(content);
    let mut found = Vec::new();
    while !reader.is_empty() {
        found.push(reader.read()?);
    }
    Some(found)
}

/// A BIT STRING of whole bytes: a key or a signature.
pub(crate) fn whole_bytes(content: &[u8]) -> Option<&[u8]> {
    content.split_first().filter(|(unused, _)| **unused == 0).map(|(_, bytes)| bytes)
}

/// An INTEGER that is not negative and fits (X.690 §8.3).
pub(crate) fn small_integer(content: &[u8]) -> Option<u32> {
    let is_shortest = match content {
        [] => false,
        [0, second, ..] => *second >= 0x80,
        [first, ..] => *first < 0x80,
    };
    if !is_shortest && content != [0] {
        return None;
    }
    content.iter().try_fold(0u32, |value, byte| value.checked_mul(256)?.checked_add(u32::from(*byte)))
}

/// A BOOLEAN (X.690 §8.2.2).
pub(crate) fn boolean(content: &[u8]) -> Option<bool> {
    match content {
        [byte] => Some(*byte != 0),
        _ => None,
    }
}

/// Whether an INTEGER is in its shortest form (X.690 §8.3.2). OpenSSL reads no other.
pub(crate) fn is_integer(content: &[u8]) -> bool {
    match content {
        [] => false,
        [0, second, ..] => *second >= 0x80,
        [0xff, second, ..] => *second < 0x80,
        _ => true,
    }
}

/// An object identifier in dotted numbers, for people.
pub(crate) fn dotted(oid: &[u8]) -> String {
    let mut arcs: Vec<String> = Vec::new();
    let mut value: u64 = 0;
    for byte in oid.iter().take(64) {
        value = value.saturating_mul(128).saturating_add(u64::from(byte & 0x7f));
        if byte & 0x80 != 0 {
            continue;
        }
        if arcs.is_empty() {
            let first = (value / 40).min(2);
            arcs.push(first.to_string());
            arcs.push(value.saturating_sub(first * 40).to_string());
        } else {
            arcs.push(value.to_string());
        }
        value = 0;
    }
    arcs.join(".")
}

/// Puts a tag and a length before the content.
pub(crate) fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut whole = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => whole.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            whole.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            whole.extend(digits);
        }
    }
    whole.extend_from_slice(content);
    whole
}

/// Seconds from 1970 of a UTCTime or GeneralizedTime in the one form that RFC 5280 §4.1.2.5 allows: with seconds, in
/// UTC, without fractions. A date before 1970 is negative.
pub(crate) fn time(element: &Element<'_>) -> Option<i64> {
    let digits = element.content.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        Some(digits.get(range)?.iter().fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0')))
    };
    let (year, rest) = match (element.tag, digits.len()) {
        // §4.1.2.5.1: 50 to 99 are of the last century.
        (tag::UTC_TIME, 12) => {
            let short = number(0..2)?;
            (if short >= 50 { 1900 + short } else { 2000 + short }, 2)
        }
        (tag::GENERALIZED_TIME, 14) => (number(0..4)?, 4),
        _ => return None,
    };
    let field = |at: usize| number(rest + at..rest + at + 2);
    let (month, day, hour, minute, second) = (field(0)?, field(2)?, field(4)?, field(6)?, field(8)?);
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let longest = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days from 1970-01-01 in the Gregorian calendar, years counted from March.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (shifted_year.div_euclid(400), shifted_year.rem_euclid(400));
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_length_is_definite_and_ends_where_the_bytes_end() {
        assert_eq!(only(&[0x04, 0x01, 0xaa], tag::OCTET_STRING).unwrap().content, [0xaa]);
        // OpenSSL and GnuTLS read a length that could be shorter.
        assert_eq!(only(&[0x04, 0x81, 0x01, 0xaa], tag::OCTET_STRING).unwrap().content, [0xaa]);
        assert_eq!(only(&[0x04, 0x80, 0xaa, 0, 0], tag::OCTET_STRING), None);
        assert_eq!(only(&[0x04, 0x02, 0xaa], tag::OCTET_STRING), None);
        assert_eq!(only(&[0x04, 0x01, 0xaa, 0x00], tag::OCTET_STRING), None);
        assert_eq!(only(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff], tag::OCTET_STRING), None);
        let long = wrap(tag::OCTET_STRING, &[7; 300]);
        assert_eq!(only(&long, tag::OCTET_STRING).unwrap().content, [7; 300]);
    }

    #[test]
    fn times_are_seconds_from_1970_and_may_lie_before_it() {
        let at = |tag, text: &str| time(&Element { tag, content: text.as_bytes(), whole: &[] });
        assert_eq!(at(tag::UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(at(tag::UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(at(tag::UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(at(tag::GENERALIZED_TIME, "99991231235959Z"), Some(253_402_300_799));
        assert_eq!(at(tag::GENERALIZED_TIME, "20240229120000Z"), Some(1_709_208_000));
        for wrong in ["230229120000Z", "231301000000Z", "2301010000Z", "230101000000+0000", "230101246000Z"] {
            assert_eq!(at(tag::UTC_TIME, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_identifier_is_shown_in_dotted_numbers() {
        assert_eq!(dotted(&[0x55, 0x1d, 0x0e]), "2.5.29.14");
        assert_eq!(dotted(&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18]), "1.3.6.1.5.5.7.1.24");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            let mut total = 0;
            while let Some(element) = reader.read() {
                total += element.whole.len();
                let _ = (time(&element), small_integer(element.content), dotted(element.content));
            }
            prop_assert!(total <= bytes.len());
        }
    }
}
