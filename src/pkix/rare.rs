//! Signature algorithms that aws-lc does not support, but OpenSSL and GnuTLS do: ECDSA on P-224 or with SHA-224, DSA,
//! Ed448. The computation uses only public values, so it does not need to run in constant time.

use num_bigint::BigUint;
use sha3::digest::{ExtendableOutput, Update, XofReader};

use super::curve::Curve;
use super::der::{self, Reader, tag};

/// The maximum size of the prime of a DSA key.
const MAX_DSA_BITS: u64 = 8192;

/// A curve y² = x³ - 3x + b over the integers modulo p, with a base point of order n (SEC 2 §2).
struct Weierstrass {
    p: BigUint,
    b: BigUint,
    n: BigUint,
    base: (BigUint, BigUint),
}

/// A point in Jacobian coordinates. z is 0 for the point at infinity.
#[derive(Clone)]
struct Jacobian {
    x: BigUint,
    y: BigUint,
    z: BigUint,
}

fn hex(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.as_bytes(), 16).unwrap_or_default()
}

impl Weierstrass {
    /// The parameters of a curve; `None` if aws-lc supports all signatures on it.
    fn of(curve: Curve) -> Option<Weierstrass> {
        let [p, b, n, x, y] = match curve {
            Curve::P224 => [
                "ffffffffffffffffffffffffffffffff000000000000000000000001",
                "b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
                "ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d",
                "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
                "bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
            ],
            Curve::P256 => [
                "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
                "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
                "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
                "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
                "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
            ],
            Curve::P384 => [
                "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
                "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
                "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
                "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
                "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
            ],
            Curve::P521 => return None,
        };
        Some(Weierstrass { p: hex(p), b: hex(b), n: hex(n), base: (hex(x), hex(y)) })
    }

    fn minus(&self, one: &BigUint, other: &BigUint) -> BigUint {
        (one + &self.p - other % &self.p) % &self.p
    }

    fn times(&self, one: &BigUint, other: &BigUint) -> BigUint {
        one * other % &self.p
    }

    fn is_on_curve(&self, x: &BigUint, y: &BigUint) -> bool {
        let right = self.times(&self.times(x, x), x) + &self.b;
        x < &self.p && y < &self.p && self.times(y, y) == self.minus(&right, &(x * 3u8))
    }

    fn double(&self, one: &Jacobian) -> Jacobian {
        let (delta, gamma) = (self.times(&one.z, &one.z), self.times(&one.y, &one.y));
        let beta = self.times(&one.x, &gamma);
        let alpha = self.times(&(self.minus(&one.x, &delta) * 3u8), &(&one.x + &delta));
        let x = self.minus(&self.times(&alpha, &alpha), &(&beta * 8u8));
        let sum = &one.y + &one.z;
        let z = self.minus(&self.minus(&self.times(&sum, &sum), &gamma), &delta);
        let y = self.minus(&self.times(&alpha, &self.minus(&(&beta * 4u8), &x)), &(self.times(&gamma, &gamma) * 8u8));
        Jacobian { x, y, z }
    }

    fn add(&self, one: &Jacobian, other: &Jacobian) -> Jacobian {
        let zero = BigUint::ZERO;
        if one.z == zero {
            return other.clone();
        }
        if other.z == zero {
            return one.clone();
        }
        let (of_one, of_other) = (self.times(&one.z, &one.z), self.times(&other.z, &other.z));
        let (u1, u2) = (self.times(&one.x, &of_other), self.times(&other.x, &of_one));
        let s1 = self.times(&self.times(&one.y, &other.z), &of_other);
        let s2 = self.times(&self.times(&other.y, &one.z), &of_one);
        if u1 == u2 {
            return if s1 == s2 { self.double(one) } else { Jacobian { x: zero.clone(), y: zero.clone(), z: zero } };
        }
        let h = self.minus(&u2, &u1);
        let i = self.times(&(&h * 2u8), &(&h * 2u8));
        let (j, r, v) = (self.times(&h, &i), self.minus(&s2, &s1) * 2u8, self.times(&u1, &i));
        let x = self.minus(&self.minus(&self.times(&r, &r), &j), &(&v * 2u8));
        let y = self.minus(&self.times(&r, &self.minus(&v, &x)), &(self.times(&s1, &j) * 2u8));
        let sum = &one.z + &other.z;
        let z = self.times(&self.minus(&self.minus(&self.times(&sum, &sum), &of_one), &of_other), &h);
        Jacobian { x, y, z }
    }

    fn multiply(&self, scalar: &BigUint, (x, y): &(BigUint, BigUint)) -> Jacobian {
        let point = Jacobian { x: x.clone(), y: y.clone(), z: BigUint::from(1u8) };
        let mut sum = Jacobian { x: BigUint::ZERO, y: BigUint::ZERO, z: BigUint::ZERO };
        for bit in (0..scalar.bits()).rev() {
            sum = self.double(&sum);
            if scalar.bit(bit) {
                sum = self.add(&sum, &point);
            }
        }
        sum
    }
}

/// Parses Ecdsa-Sig-Value (RFC 3279 §2.2.3) or Dss-Sig-Value (§2.2.2): two positive integers below the order.
fn pair(signature: &[u8], order: &BigUint) -> Option<(BigUint, BigUint)> {
    let mut fields = Reader::new(der::only(signature, tag::SEQUENCE)?.content);
    let mut number = || {
        let content = fields.expect(tag::INTEGER)?.content;
        let is_positive = content.first().is_some_and(|first| *first < 0x80);
        let number = is_positive.then(|| BigUint::from_bytes_be(content))?;
        (number > BigUint::ZERO && number < *order).then_some(number)
    };
    let found = (number()?, number()?);
    fields.end()?;
    Some(found)
}

/// The leftmost bits of a hash, as many as the order has (FIPS 186-4 §4.6, §6.4).
fn leftmost(digest: &[u8], order: &BigUint) -> BigUint {
    let length = u64::try_from(digest.len()).unwrap_or(0).saturating_mul(8);
    BigUint::from_bytes_be(digest) >> length.saturating_sub(order.bits())
}

/// Verifies an ECDSA signature (FIPS 186-4 §6.4). The point must be uncompressed.
pub(super) fn ecdsa(curve: Curve, point: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
    let curve = Weierstrass::of(curve)?;
    let verified = || {
        let length = usize::try_from(curve.p.bits().div_ceil(8)).ok()?;
        let (x, y) = point.strip_prefix(&[0x04])?.split_at_checked(length).filter(|(_, y)| y.len() == length)?;
        let key = (BigUint::from_bytes_be(x), BigUint::from_bytes_be(y));
        let (r, s) = pair(signature, &curve.n)?;
        let inverse = s.modpow(&(&curve.n - 2u8), &curve.n);
        let (u1, u2) = (leftmost(digest, &curve.n) * &inverse % &curve.n, &r * &inverse % &curve.n);
        let sum = curve.add(&curve.multiply(&u1, &curve.base), &curve.multiply(&u2, &key));
        let z = sum.z.modpow(&(&curve.p - 2u8), &curve.p);
        let x = curve.times(&sum.x, &curve.times(&z, &z));
        Some(curve.is_on_curve(&key.0, &key.1) && sum.z > BigUint::ZERO && x % &curve.n == r)
    };
    Some(verified().unwrap_or(false))
}

/// Verifies a DSA signature (FIPS 186-4 §4.7). The key consists of p, q, g and y.
pub(super) fn dsa([p, q, g, y]: [&[u8]; 4], digest: &[u8], signature: &[u8]) -> bool {
    let [p, q, g, y] = [p, q, g, y].map(BigUint::from_bytes_be);
    let one = BigUint::from(1u8);
    let is_usual = p.bits() <= MAX_DSA_BITS && (160..=512).contains(&q.bits()) && p.bit(0) && q.bit(0);
    if !is_usual || g <= one || g >= p || y <= one || y >= p {
        return false;
    }
    let Some((r, s)) = pair(signature, &q) else { return false };
    let inverse = s.modpow(&(&q - 2u8), &q);
    let (u1, u2) = (leftmost(digest, &q) * &inverse % &q, &r * &inverse % &q);
    g.modpow(&u1, &p) * y.modpow(&u2, &p) % &p % &q == r
}

/// The curve of Ed448 (RFC 8032 §5.2): x² + y² = 1 + dx²y².
struct Edwards {
    p: BigUint,
    d: BigUint,
    order: BigUint,
}

type Projective = (BigUint, BigUint, BigUint);

impl Edwards {
    fn new() -> Edwards {
        let one = BigUint::from(1u8);
        let p = (&one << 448) - (&one << 224) - &one;
        let d = &p - 39_081u32;
        let order = (&one << 446) - hex("8335dc163bb124b65129c96fde933d8d723a70aadc873d6d54a7bb0d");
        Edwards { p, d, order }
    }

    fn base(&self) -> Projective {
        let x = "4f1970c66bed0ded221d15a622bf36da9e146570470f1767ea6de324a3d3a46412ae1af72ab66511433b80e18b00938e2626a82bc70cc05e";
        let y = "693f46716eb6bc248876203756c9c7624bea73736ca3984087789c1e05a0c2d73ad3ff1ce67c39c4fdbd132c4ed7c8ad9808795bf230fa14";
        (hex(x), hex(y), BigUint::from(1u8))
    }

    fn minus(&self, one: &BigUint, other: &BigUint) -> BigUint {
        (one + &self.p - other % &self.p) % &self.p
    }

    /// Decodes a point (RFC 8032 §5.2.3).
    fn decode(&self, bytes: &[u8; 57]) -> Option<Projective> {
        let (last, first) = bytes.split_last()?;
        let (is_odd, y) = (last & 0x80 != 0, BigUint::from_bytes_le(first));
        if last & 0x7f != 0 || y >= self.p {
            return None;
        }
        let one = BigUint::from(1u8);
        let square = &y * &y % &self.p;
        let (u, v) = (self.minus(&square, &one), self.minus(&(&self.d * &square % &self.p), &one));
        let quotient = u * v.modpow(&(&self.p - 2u8), &self.p) % &self.p;
        let x = quotient.modpow(&((&self.p + 1u8) >> 2), &self.p);
        if &x * &x % &self.p != quotient || (x == BigUint::ZERO && is_odd) {
            return None;
        }
        let x = if x.bit(0) == is_odd { x } else { &self.p - x };
        Some((x, y, one))
    }

    /// Adds two points. The formula (RFC 8032 §5.2.4) is valid for any two points.
    fn add(&self, (x1, y1, z1): &Projective, (x2, y2, z2): &Projective) -> Projective {
        let p = &self.p;
        let a = z1 * z2 % p;
        let (b, c, d) = (&a * &a % p, x1 * x2 % p, y1 * y2 % p);
        let e = &self.d * &c % p * &d % p;
        let (f, g) = (self.minus(&b, &e), (&b + &e) % p);
        let h = (x1 + y1) * (x2 + y2) % p;
        let x = &a * &f % p * self.minus(&self.minus(&h, &c), &d) % p;
        let y = &a * &g % p * self.minus(&d, &c) % p;
        (x, y, f * g % p)
    }

    fn multiply(&self, scalar: &BigUint, point: &Projective) -> Projective {
        let mut sum = (BigUint::ZERO, BigUint::from(1u8), BigUint::from(1u8));
        for bit in (0..scalar.bits()).rev() {
            sum = self.add(&sum, &sum);
            if scalar.bit(bit) {
                sum = self.add(&sum, point);
            }
        }
        sum
    }
}

/// Verifies an Ed448 signature without a context (RFC 8032 §5.2.7).
pub(super) fn ed448(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let verified = || {
        let curve = Edwards::new();
        let (r, s) = signature.split_at_checked(57)?;
        let (s, key, r) =
            (<&[u8; 57]>::try_from(s).ok()?, <&[u8; 57]>::try_from(key).ok()?, <&[u8; 57]>::try_from(r).ok()?);
        let (s, of_key, of_r) = (BigUint::from_bytes_le(s), curve.decode(key)?, curve.decode(r)?);
        let mut hash = sha3::Shake256::default();
        for part in [&b"SigEd448\0\0"[..], r, key, message] {
            hash.update(part);
        }
        let mut digest = [0; 114];
        hash.finalize_xof().read(&mut digest);
        let k = BigUint::from_bytes_le(&digest) % &curve.order;
        let (x1, y1, z1) = curve.multiply(&s, &curve.base());
        let (x2, y2, z2) = curve.add(&of_r, &curve.multiply(&k, &of_key));
        let is_same = x1 * &z2 % &curve.p == x2 * &z1 % &curve.p && y1 * z2 % &curve.p == y2 * z1 % &curve.p;
        Some(s < curve.order && is_same)
    };
    verified().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

    use super::*;

    fn bytes(digits: &str) -> Vec<u8> {
        (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    /// RFC 8032 §7.4, the test vectors "-----Blank" and "-----1 octet".
    #[test]
    fn the_signatures_of_rfc_8032_verify_and_changed_ones_do_not() {
        for (key, message, signature) in [
            (
                "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
                "",
                "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600",
            ),
            (
                "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b8438ea4cb82169c235160627b4c3a9480",
                "03",
                "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00",
            ),
        ] {
            let (key, message, signature) = (bytes(key), bytes(message), bytes(signature));
            assert!(ed448(&key, &message, &signature));
            assert!(!ed448(&key, b"another", &signature));
            for at in [0, 56, 57, 113] {
                let mut changed = signature.clone();
                changed[at] ^= 1;
                assert!(!ed448(&key, &message, &changed), "{at}");
            }
        }
    }

    #[test]
    fn invalid_bytes_are_not_a_signature() {
        assert!(!ed448(&[0; 57], b"", &[0xff; 114]));
        assert!(!ed448(&[], b"", &[]));
        assert_eq!(ecdsa(Curve::P224, &[4; 57], &[0; 28], &[0x30, 0]), Some(false));
        assert!(!dsa([&[], &[], &[], &[]], &[0; 20], &[0x30, 6, 2, 1, 1, 2, 1, 1]));
    }
}
