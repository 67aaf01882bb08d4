//! Calculates where a literal is in the index: in the slot of a few of its bytes (a gram). The build script and the
//! search use the same functions, so this file is part of both.

/// The slot of a gram (a number whose bytes are in little-endian order), and a check value that distinguishes the gram
/// from most others in the slot.
pub(super) fn slot(gram: u32, bits: u32) -> (usize, u8) {
    // A multiplication by the golden ratio spreads similar grams over all slots.
    let hash = gram.wrapping_mul(0x9E37_79B1);
    ((hash >> (32 - bits)) as usize, (hash >> (24 - bits)) as u8)
}

/// The last four bytes of the text, after one more byte has been added.
pub(super) fn next(last_four: u32, byte: u8) -> u32 {
    last_four >> 8 | u32::from(byte) << 24
}

/// The last two bytes of the last four.
pub(super) fn two(last_four: u32) -> u32 {
    last_four >> 16
}
