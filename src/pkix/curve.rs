//! The elliptic curves that are supported in certificates.

/// A curve that RFC 5480 §2.1.1.1 allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P224,
    P256,
    P384,
    P521,
}

/// The curves by their object identifiers.
pub(super) const CURVES: &[(&[u8], Curve)] = &[
    (&[0x2b, 0x81, 0x04, 0x00, 0x21], Curve::P224),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07], Curve::P256),
    (&[0x2b, 0x81, 0x04, 0x00, 0x22], Curve::P384),
    (&[0x2b, 0x81, 0x04, 0x00, 0x23], Curve::P521),
];
