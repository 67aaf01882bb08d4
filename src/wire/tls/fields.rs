//! Reads the fields of a TLS handshake message from its start (RFC 8446 §3.4): numbers in network byte order, and
//! vectors that begin with their length. A field that is not complete is `None`, and nothing is consumed.

/// The bytes that have not been read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    /// The next `length` bytes.
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(field)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(field)
    }

    /// The next 16-bit number.
    pub(super) fn word(&mut self) -> Option<u16> {
        self.array().map(|&field| u16::from_be_bytes(field))
    }

    /// The contents of a vector whose length is a number of `width` bytes, at most 3.
    pub(super) fn vector(&mut self, width: usize) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let length = ahead.bytes(width)?.iter().fold(0, |length, &byte| (length << 8) | usize::from(byte));
        let contents = ahead.bytes(length)?;
        *self = ahead;
        Some(contents)
    }
}

#[cfg(test)]
mod tests {
    use super::Fields;

    #[test]
    fn fields_are_read_in_order() {
        let mut fields = Fields(&[3, 3, 2, 7, 8, 0, 0, 1, 9, 0]);
        assert_eq!(fields.word(), Some(0x0303));
        assert_eq!(fields.vector(1), Some(&[7, 8][..]));
        assert_eq!(fields.vector(3), Some(&[9][..]));
        assert_eq!(fields.array::<1>(), Some(&[0]));
        assert_eq!(fields.0, [0_u8; 0]);
    }

    #[test]
    fn an_incomplete_field_consumes_nothing() {
        for bytes in [&[][..], &[0], &[0, 2, 1]] {
            let mut fields = Fields(bytes);
            assert_eq!(fields.vector(2), None);
            assert_eq!((fields.bytes(4), fields.array::<4>()), (None, None));
            assert_eq!(fields.0, bytes);
        }
    }
}
