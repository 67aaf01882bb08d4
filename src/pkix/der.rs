//! Parses DER in the way that OpenSSL and GnuTLS do: one tag byte, definite lengths, no additional bytes at the end.
//! Like both libraries, it accepts a length that is not in its shortest form and any non-zero byte for TRUE, although
//! X.690 §10.1 and §11.1 forbid this. `pkix` does not use a general-purpose parser, because decisions about trust must
//! not depend on how lenient that parser is.
//!
//! Every function returns `None` for bytes that are not DER. No function panics or allocates memory based on a length
//! in the input.

/// The tags (X.690 §8.1.2) that occur in certificates.
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

    /// The tag `[number]` with primitive content.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// The tag `[number]` whose content consists of elements.
    pub(crate) const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// One DER element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// The tag, the length and the content.
    pub(crate) whole: &'a [u8],
}

/// Reads consecutive elements.
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

    /// Reads the next element.
    pub(crate) fn read(&mut self) -> Option<Element<'a>> {
        let (&tag, after) = self.rest.split_first()?;
        // Tags of more than one byte do not occur in certificates.
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

    /// Reads the next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.read().filter(|element| element.tag == tag)
    }

    /// Reads the next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Option<Element<'a>>> {
        if self.rest.first() == Some(&tag) { self.read().map(Some) } else { Some(None) }
    }

    /// Reads the elements inside the next element, which must have this tag. Its end may be missing.
    pub(crate) fn enter(&self, tag: u8) -> Option<Reader<'a>> {
        let (_, after) = self.rest.split_first().filter(|(first, _)| **first == tag)?;
        let (_, header) = length(after)?;
        Some(Reader { rest: after.get(header..)? })
    }

    /// Checks that there are no more bytes.
    pub(crate) fn end(&self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

/// Returns a length and the number of bytes that encode it (X.690 §8.1.3: definite form, at most four bytes).
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

/// Reads the only element in the given bytes, which must have the given tag.
pub(crate) fn only(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    let mut reader = Reader::new(bytes);
    let element = reader.expect(tag)?;
    reader.end()?;
    Some(element)
}

/// Reads the elements of a SEQUENCE OF or SET OF.
pub(crate) fn elements(content: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut reader = Reader::new(content);
    let mut found = Vec::new();
    while !reader.is_empty() {
        found.push(reader.read()?);
    }
    Some(found)
}

/// Reads a BIT STRING that consists of complete bytes: a key or a signature.
pub(crate) fn whole_bytes(content: &[u8]) -> Option<&[u8]> {
    content.split_first().filter(|(unused, _)| **unused == 0).map(|(_, bytes)| bytes)
}

/// Reads a non-negative INTEGER that fits into 32 bits (X.690 §8.3).
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

/// Reads a BOOLEAN (X.690 §8.2.2).
pub(crate) fn boolean(content: &[u8]) -> Option<bool> {
    match content {
        [byte] => Some(*byte != 0),
        _ => None,
    }
}

/// Whether an INTEGER is in its shortest form (X.690 §8.3.2). OpenSSL rejects any other form.
pub(crate) fn is_integer(content: &[u8]) -> bool {
    match content {
        [] => false,
        [0, second, ..] => *second >= 0x80,
        [0xff, second, ..] => *second < 0x80,
        _ => true,
    }
}

/// Formats an object identifier as dotted numbers.
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

/// Encodes an element with this tag and content.
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

/// Parses UTCTime or GeneralizedTime into seconds since 1970 (negative for an earlier date). Only the form of RFC 5280
/// §4.1.2.5 is accepted: with seconds, in UTC, without fractions.
pub(crate) fn time(element: &Element<'_>) -> Option<i64> {
    let digits = element.content.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        Some(digits.get(range)?.iter().fold(0i64, |value, digit| value * 10 + i64::from(digit - b'0')))
    };
    let (year, rest) = match (element.tag, digits.len()) {
        // §4.1.2.5.1: the years 50 to 99 mean 1950 to 1999.
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
    // Counts the days since 1970-01-01 in the Gregorian calendar, with years that start in March.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (shifted_year.div_euclid(400), shifted_year.rem_euclid(400));
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_length_must_be_definite_and_match_the_number_of_bytes() {
        assert_eq!(only(&[0x04, 0x01, 0xaa], tag::OCTET_STRING).unwrap().content, [0xaa]);
        // OpenSSL and GnuTLS accept a length that is not in its shortest form.
        assert_eq!(only(&[0x04, 0x81, 0x01, 0xaa], tag::OCTET_STRING).unwrap().content, [0xaa]);
        assert_eq!(only(&[0x04, 0x80, 0xaa, 0, 0], tag::OCTET_STRING), None);
        assert_eq!(only(&[0x04, 0x02, 0xaa], tag::OCTET_STRING), None);
        assert_eq!(only(&[0x04, 0x01, 0xaa, 0x00], tag::OCTET_STRING), None);
        assert_eq!(only(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff], tag::OCTET_STRING), None);
        let long = wrap(tag::OCTET_STRING, &[7; 300]);
        assert_eq!(only(&long, tag::OCTET_STRING).unwrap().content, [7; 300]);
    }

    #[test]
    fn times_are_seconds_since_1970_and_may_be_negative() {
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
        fn any_bytes_are_accepted_or_rejected_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
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
