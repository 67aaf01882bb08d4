//! Verifies signatures of certificates, OCSP responses and handshakes (RFC 5280 §6.1.3 (a)(1), RFC 8446 §4.4.3). aws-lc
//! is used where possible. Algorithms that it lacks but other libraries support are implemented here and in
//! [`super::rare`], using only public values: RSASSA-PSS with any salt length, RSA with SHA-224 and MD5, and others.
//!
//! This module does not reject weak hashes or short keys. It verifies their signatures like any others, so that the
//! report shows the weakness instead of an invalid signature.

use aws_lc_rs::signature::{self as aws, UnparsedPublicKey, VerificationAlgorithm};
use num_bigint::BigUint;
use sha2::Digest;

use super::curve::CURVES;
pub(crate) use super::curve::Curve;
use super::der::{self, Reader, tag};
use super::rare;

/// A hash function used in signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureHash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureAlgorithm {
    RsaPkcs1(SignatureHash),
    /// RFC 4055 §3.1: the hash, the hash of the mask generation function, and the length of the salt.
    RsaPss {
        hash: SignatureHash,
        mask: SignatureHash,
        salt: usize,
    },
    Ecdsa(SignatureHash),
    Dsa(SignatureHash),
    Ed25519,
    Ed448,
}

/// Why a signature is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignatureFault {
    /// The signature was not made with the given key over the given bytes.
    Wrong,
    /// The signature algorithm is for another kind of key.
    OtherKind,
    /// The signature cannot be verified; the text is the unsupported feature.
    Unsupported(String),
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// The identifier of RSA that was used before PKCS #1 (X.509 (1988), annex H).
const RSA_OF_X509: &[u8] = &[0x55, 0x08, 0x01, 0x01];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];

/// Signature algorithms by their object identifiers.
const SCHEMES: &[(&[u8], SignatureAlgorithm)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], SignatureAlgorithm::RsaPkcs1(SignatureHash::Md5)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], SignatureAlgorithm::RsaPkcs1(SignatureHash::Sha1)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0e], SignatureAlgorithm::RsaPkcs1(SignatureHash::Sha224)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], SignatureAlgorithm::RsaPkcs1(SignatureHash::Sha256)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], SignatureAlgorithm::RsaPkcs1(SignatureHash::Sha384)),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], SignatureAlgorithm::RsaPkcs1(SignatureHash::Sha512)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], SignatureAlgorithm::Ecdsa(SignatureHash::Sha1)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01], SignatureAlgorithm::Ecdsa(SignatureHash::Sha224)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02], SignatureAlgorithm::Ecdsa(SignatureHash::Sha256)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], SignatureAlgorithm::Ecdsa(SignatureHash::Sha384)),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], SignatureAlgorithm::Ecdsa(SignatureHash::Sha512)),
    (ED25519, SignatureAlgorithm::Ed25519),
    (ED448, SignatureAlgorithm::Ed448),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03], SignatureAlgorithm::Dsa(SignatureHash::Sha1)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x01], SignatureAlgorithm::Dsa(SignatureHash::Sha224)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02], SignatureAlgorithm::Dsa(SignatureHash::Sha256)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x03], SignatureAlgorithm::Dsa(SignatureHash::Sha384)),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x04], SignatureAlgorithm::Dsa(SignatureHash::Sha512)),
];

/// Hash functions by their object identifiers.
const HASHES: &[(&[u8], SignatureHash)] = &[
    (&[0x2b, 0x0e, 0x03, 0x02, 0x1a], SignatureHash::Sha1),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04], SignatureHash::Sha224),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01], SignatureHash::Sha256),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02], SignatureHash::Sha384),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03], SignatureHash::Sha512),
];

/// Names of algorithms that are not supported here, by their object identifiers.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.2", "RSA with MD2"),
    ("1.2.156.10197.1.501", "SM2 with SM3"),
    ("1.2.643.7.1.1.3.2", "GOST R 34.10-2012"),
    ("1.2.643.7.1.1.3.3", "GOST R 34.10-2012"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

/// A public key, parsed from SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug)]
pub(crate) enum VerifyingKey<'a> {
    Rsa {
        /// The key in the format RSAPublicKey.
        der: &'a [u8],
        bits: usize,
        /// Set if the key is only for RSASSA-PSS (RFC 4055 §3.3); the inner value contains the parameters that the key
        /// is limited to, if there are any.
        pss: Option<Option<(SignatureHash, SignatureHash, usize)>>,
    },
    Ec {
        curve: Curve,
        point: &'a [u8],
    },
    Ed25519 {
        point: &'a [u8],
    },
    Ed448 {
        point: &'a [u8],
    },
    Dsa {
        /// The numbers p, q, g and y.
        numbers: [&'a [u8]; 4],
    },
}

/// The smallest RSA key that has 112 bits of security according to OpenSSL. Its formula yields 108 bits for 1963 bits
/// and rounds up, so that keys slightly shorter than 2048 bits are accepted.
pub(crate) const LEAST_RSA_BITS: usize = 1963;

/// Whether the key is a compressed point, which GnuTLS cannot read (RFC 5480 §2.2: support is optional).
pub(crate) fn is_compressed(info: &[u8]) -> bool {
    VerifyingKey::parts(info).is_some_and(|(oid, _, bits)| oid == EC && matches!(bits.first(), Some(0x02 | 0x03)))
}

/// The algorithm, its parameters and the key.
type KeyParts<'a> = (&'a [u8], Option<&'a [u8]>, &'a [u8]);

/// The maximum size of an RSA key, as in aws-lc. A larger key could take seconds.
const MAX_RSA_BITS: usize = 8192;

impl<'a> VerifyingKey<'a> {
    /// Parses SubjectPublicKeyInfo, including its tag (RFC 5280 §4.1.2.7).
    pub(crate) fn read(info: &'a [u8]) -> Result<VerifyingKey<'a>, SignatureFault> {
        let malformed = || SignatureFault::Unsupported("a public key that cannot be parsed".to_owned());
        let (oid, parameters, bits) = VerifyingKey::parts(info).ok_or_else(malformed)?;
        match oid {
            RSA | RSA_OF_X509 | RSA_PSS => {
                let pss = match (oid == RSA_PSS, parameters) {
                    (false, _) => None,
                    (true, None) => Some(None),
                    (true, Some(whole)) => Some(Some(pss_parameters(whole).ok_or_else(malformed)?)),
                };
                let size = rsa_numbers(bits).map(|(modulus, _)| modulus.bits()).ok_or_else(malformed)?;
                Ok(VerifyingKey::Rsa { der: bits, bits: usize::try_from(size).unwrap_or(usize::MAX), pss })
            }
            EC => {
                let unnamed = || SignatureFault::Unsupported("an elliptic curve with explicit parameters".to_owned());
                let name = parameters.and_then(|whole| der::only(whole, tag::OID)).ok_or_else(unnamed)?.content;
                let known = CURVES.iter().find(|(oid, _)| *oid == name);
                let unknown = || SignatureFault::Unsupported(format!("the curve {}", curve_name(&der::dotted(name))));
                let curve = known.map(|(_, curve)| *curve).ok_or_else(unknown)?;
                Ok(VerifyingKey::Ec { curve, point: bits })
            }
            ED25519 => Ok(VerifyingKey::Ed25519 { point: bits }),
            ED448 => Ok(VerifyingKey::Ed448 { point: bits }),
            DSA => Ok(VerifyingKey::Dsa { numbers: dsa_numbers(parameters, bits).ok_or_else(malformed)? }),
            other => Err(SignatureFault::Unsupported(format!("a key of type {}", key_name(&der::dotted(other))))),
        }
    }

    fn parts(info: &'a [u8]) -> Option<KeyParts<'a>> {
        let mut fields = Reader::new(der::only(info, tag::SEQUENCE)?.content);
        let (oid, parameters) = algorithm(fields.expect(tag::SEQUENCE)?.whole)?;
        let bits = der::whole_bytes(fields.expect(tag::BIT_STRING)?.content)?;
        fields.end()?;
        Some((oid, parameters, bits))
    }

    /// Whether the key has less than 112 bits of security. OpenSSL at its default level and GnuTLS require 112 bits
    /// (RFC 9325 §4.5).
    pub(crate) fn is_weak(&self) -> bool {
        match self {
            VerifyingKey::Rsa { bits, .. } => *bits < LEAST_RSA_BITS,
            VerifyingKey::Dsa { numbers: [p, ..] } => size(p) < LEAST_RSA_BITS,
            VerifyingKey::Ec { .. } | VerifyingKey::Ed25519 { .. } | VerifyingKey::Ed448 { .. } => false,
        }
    }

    /// The name, for example `RSA 2048`.
    pub(crate) fn name(&self) -> String {
        match self {
            VerifyingKey::Rsa { bits, .. } => format!("RSA {bits}"),
            VerifyingKey::Ec { curve: Curve::P224, .. } => "EC P-224".to_owned(),
            VerifyingKey::Ec { curve: Curve::P256, .. } => "EC P-256".to_owned(),
            VerifyingKey::Ec { curve: Curve::P384, .. } => "EC P-384".to_owned(),
            VerifyingKey::Ec { curve: Curve::P521, .. } => "EC P-521".to_owned(),
            VerifyingKey::Ed25519 { .. } => "Ed25519".to_owned(),
            VerifyingKey::Ed448 { .. } => "Ed448".to_owned(),
            VerifyingKey::Dsa { numbers: [p, ..] } => format!("DSA {}", size(p)),
        }
    }
}

fn curve_name(dotted: &str) -> &str {
    match dotted {
        "1.2.840.10045.3.1.1" => "P-192",
        "1.3.132.0.10" => "secp256k1",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        "1.2.156.10197.1.301" => "SM2",
        other => other,
    }
}

fn key_name(dotted: &str) -> &str {
    match dotted {
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        other => other,
    }
}

/// The content of an AlgorithmIdentifier: the identifier, and the parameters including their tag.
fn algorithm(whole: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let mut fields = Reader::new(der::only(whole, tag::SEQUENCE)?.content);
    let oid = fields.expect(tag::OID)?.content;
    let parameters = if fields.is_empty() { None } else { Some(fields.read()?.whole) };
    fields.end()?;
    Some((oid, parameters))
}

impl SignatureAlgorithm {
    /// Parses the AlgorithmIdentifier of a signature.
    pub(crate) fn read(whole: &[u8]) -> Result<SignatureAlgorithm, SignatureFault> {
        let malformed = || SignatureFault::Unsupported("a signature algorithm that cannot be parsed".to_owned());
        let (oid, parameters) = algorithm(whole).ok_or_else(malformed)?;
        if oid == RSA_PSS {
            let (hash, mask, salt) = parameters.and_then(pss_parameters).ok_or_else(malformed)?;
            return Ok(SignatureAlgorithm::RsaPss { hash, mask, salt });
        }
        if let Some((_, scheme)) = SCHEMES.iter().find(|(known, _)| *known == oid) {
            // The parameters are NULL for RSA (RFC 4055 §5) and absent for the other algorithms (RFC 5758 §3.2, RFC
            // 8410 §3). In practice NULL also occurs there.
            let is_plain = parameters.is_none_or(|whole| whole == [0x05, 0x00]);
            return if is_plain { Ok(*scheme) } else { Err(malformed()) };
        }
        let dotted = der::dotted(oid);
        let name = UNSUPPORTED.iter().find(|(known, _)| *known == dotted).map_or(dotted.as_str(), |(_, name)| name);
        Err(SignatureFault::Unsupported(name.to_owned()))
    }

    /// The hash, if signatures with it can be forged (RFC 9155 §2, RFC 9325 §4.5).
    pub(crate) fn weak_hash(self) -> Option<&'static str> {
        let hashes = match self {
            SignatureAlgorithm::RsaPkcs1(hash) | SignatureAlgorithm::Ecdsa(hash) | SignatureAlgorithm::Dsa(hash) => {
                [hash, hash]
            }
            SignatureAlgorithm::RsaPss { hash, mask, .. } => [hash, mask],
            SignatureAlgorithm::Ed25519 | SignatureAlgorithm::Ed448 => return None,
        };
        hashes.into_iter().find_map(|hash| match hash {
            SignatureHash::Md5 => Some("MD5"),
            SignatureHash::Sha1 => Some("SHA-1"),
            SignatureHash::Sha224 | SignatureHash::Sha256 | SignatureHash::Sha384 | SignatureHash::Sha512 => None,
        })
    }
}

/// Parses the parameters of RSASSA-PSS (RFC 4055 §3.1). The defaults are SHA-1, MGF1 with SHA-1, and a salt of 20
/// bytes; the trailer is always 1.
fn pss_parameters(whole: &[u8]) -> Option<(SignatureHash, SignatureHash, usize)> {
    let mut fields = Reader::new(der::only(whole, tag::SEQUENCE)?.content);
    let hash_of = |whole: &[u8]| {
        let (oid, parameters) = algorithm(whole)?;
        let is_plain = parameters.is_none_or(|whole| whole == [0x05, 0x00]);
        HASHES.iter().find(|(known, _)| is_plain && *known == oid).map(|(_, hash)| *hash)
    };
    let hash = match fields.optional(tag::constructed(0))? {
        Some(explicit) => hash_of(explicit.content)?,
        None => SignatureHash::Sha1,
    };
    let mask = match fields.optional(tag::constructed(1))? {
        Some(explicit) => {
            let (oid, parameters) = algorithm(explicit.content)?;
            if oid != MGF1 {
                return None;
            }
            hash_of(parameters?)?
        }
        None => SignatureHash::Sha1,
    };
    let salt = match fields.optional(tag::constructed(2))? {
        Some(explicit) => {
            usize::try_from(der::small_integer(der::only(explicit.content, tag::INTEGER)?.content)?).ok()?
        }
        None => 20,
    };
    let trailer = match fields.optional(tag::constructed(3))? {
        Some(explicit) => der::small_integer(der::only(explicit.content, tag::INTEGER)?.content)?,
        None => 1,
    };
    fields.end()?;
    (trailer == 1).then_some((hash, mask, salt))
}

/// Verifies the signature of a message.
pub(crate) fn verify(
    scheme: SignatureAlgorithm,
    key: &VerifyingKey<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureFault> {
    let by_aws = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
        UnparsedPublicKey::new(algorithm, key).verify(message, signature).map_err(|_| SignatureFault::Wrong)
    };
    match (scheme, key) {
        (SignatureAlgorithm::RsaPkcs1(hash), VerifyingKey::Rsa { der, bits, pss: None }) => {
            let algorithm: Option<&'static dyn VerificationAlgorithm> = match hash {
                SignatureHash::Sha1 => Some(&aws::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
                SignatureHash::Sha256 => Some(&aws::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
                SignatureHash::Sha384 => Some(&aws::RSA_PKCS1_2048_8192_SHA384),
                SignatureHash::Sha512 => Some(&aws::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
                SignatureHash::Md5 | SignatureHash::Sha224 => None,
            };
            match algorithm {
                Some(algorithm) if *bits >= 2048 => by_aws(algorithm, der),
                _ => rsa(der, signature, |encoded, _| encoded_by_pkcs1(hash, message, encoded)),
            }
        }
        (SignatureAlgorithm::RsaPss { hash, mask, salt }, VerifyingKey::Rsa { der, bits, pss }) => {
            // RFC 4055 §3.3: the parameters of the key also apply to the signature, and its salt length is the minimum.
            if let Some(Some((of_key, mask_of_key, least))) = pss
                && (hash != *of_key || mask != *mask_of_key || salt < *least)
            {
                return Err(SignatureFault::OtherKind);
            }
            // GnuTLS requires the same hash for both purposes and does not support SHA-224.
            if hash != mask || hash == SignatureHash::Sha224 {
                return Err(SignatureFault::Unsupported(
                    "RSASSA-PSS with two different hashes or with SHA-224".to_owned(),
                ));
            }
            // If a key may be used with both kinds of RSA signatures, GnuTLS accepts only the default salt length.
            if pss.is_none() && salt != hash.digest(&[]).len() {
                return Err(SignatureFault::Unsupported(format!(
                    "RSASSA-PSS with a salt of {salt} bytes and a general RSA key"
                )));
            }
            let algorithm: Option<&'static dyn VerificationAlgorithm> = match hash {
                SignatureHash::Sha256 => Some(&aws::RSA_PSS_2048_8192_SHA256),
                SignatureHash::Sha384 => Some(&aws::RSA_PSS_2048_8192_SHA384),
                SignatureHash::Sha512 => Some(&aws::RSA_PSS_2048_8192_SHA512),
                SignatureHash::Md5 | SignatureHash::Sha1 | SignatureHash::Sha224 => None,
            };
            match algorithm {
                Some(algorithm) if *bits >= 2048 && hash == mask && salt == hash.digest(&[]).len() => {
                    by_aws(algorithm, der)
                }
                _ => rsa(der, signature, |encoded, bits| encoded_by_pss((hash, mask, salt), message, encoded, bits)),
            }
        }
        (SignatureAlgorithm::Ecdsa(hash), VerifyingKey::Ec { curve, point }) => match ecdsa(*curve, hash) {
            Some(algorithm) => by_aws(algorithm, point),
            None => match rare::ecdsa(*curve, point, &hash.digest(message), signature) {
                Some(verified) => if_verified(verified),
                None => Err(SignatureFault::Unsupported("this combination of hash and curve".to_owned())),
            },
        },
        (SignatureAlgorithm::Dsa(hash), VerifyingKey::Dsa { numbers }) => {
            if_verified(rare::dsa(*numbers, &hash.digest(message), signature))
        }
        (SignatureAlgorithm::Ed448, VerifyingKey::Ed448 { point }) => {
            if_verified(rare::ed448(point, message, signature))
        }
        (SignatureAlgorithm::Ed25519, VerifyingKey::Ed25519 { point }) => by_aws(&aws::ED25519, point),
        _ => Err(SignatureFault::OtherKind),
    }
}

fn if_verified(verified: bool) -> Result<(), SignatureFault> {
    if verified { Ok(()) } else { Err(SignatureFault::Wrong) }
}

/// The aws-lc algorithm; `None` if aws-lc does not support this combination.
fn ecdsa(curve: Curve, hash: SignatureHash) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (curve, hash) {
        (Curve::P256, SignatureHash::Sha1) => &aws::ECDSA_P256_SHA1_ASN1,
        (Curve::P256, SignatureHash::Sha256) => &aws::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, SignatureHash::Sha384) => &aws::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, SignatureHash::Sha512) => &aws::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, SignatureHash::Sha256) => &aws::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, SignatureHash::Sha384) => &aws::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, SignatureHash::Sha512) => &aws::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, SignatureHash::Sha1) => &aws::ECDSA_P521_SHA1_ASN1,
        (Curve::P521, SignatureHash::Sha224) => &aws::ECDSA_P521_SHA224_ASN1,
        (Curve::P521, SignatureHash::Sha256) => &aws::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, SignatureHash::Sha384) => &aws::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, SignatureHash::Sha512) => &aws::ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

impl SignatureHash {
    pub(crate) fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            SignatureHash::Md5 => md5::Md5::digest(bytes).to_vec(),
            SignatureHash::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            SignatureHash::Sha224 => sha2::Sha224::digest(bytes).to_vec(),
            SignatureHash::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            SignatureHash::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
            SignatureHash::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        }
    }

    /// The hash function that an AlgorithmIdentifier in OCSP names (RFC 6960 §4.1.1).
    pub(crate) fn by_algorithm(whole: &[u8]) -> Option<SignatureHash> {
        let (oid, _) = algorithm(whole)?;
        HASHES.iter().find(|(known, _)| *known == oid).map(|(_, hash)| *hash)
    }
}

/// Parses Dss-Parms and DSAPublicKey (RFC 3279 §2.3.2): p, q, g and y.
fn dsa_numbers<'a>(parameters: Option<&'a [u8]>, bits: &'a [u8]) -> Option<[&'a [u8]; 4]> {
    let mut fields = Reader::new(der::only(parameters?, tag::SEQUENCE)?.content);
    let mut number = || Some(fields.expect(tag::INTEGER)?.content).filter(|number| is_positive(number));
    let (p, q, g) = (number()?, number()?, number()?);
    fields.end()?;
    let y = Some(der::only(bits, tag::INTEGER)?.content).filter(|number| is_positive(number))?;
    Some([p, q, g, y])
}

fn is_positive(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first < 0x80)
}

/// The size of a number in bits.
fn size(bytes: &[u8]) -> usize {
    usize::try_from(BigUint::from_bytes_be(bytes).bits()).unwrap_or(usize::MAX)
}

/// Parses modulus and exponent of RSAPublicKey (RFC 8017 §A.1.1).
fn rsa_numbers(der: &[u8]) -> Option<(BigUint, BigUint)> {
    let mut fields = Reader::new(der::only(der, tag::SEQUENCE)?.content);
    let modulus = fields.expect(tag::INTEGER)?.content;
    let exponent = fields.expect(tag::INTEGER)?.content;
    fields.end()?;
    (is_positive(modulus) && is_positive(exponent))
        .then(|| (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent)))
}

/// RSAVP1 (RFC 8017 §5.2.2): decrypts the signature to a value as long as the modulus. `judge` receives this value and
/// the size of the modulus in bits, and decides whether the signature is valid.
fn rsa(der: &[u8], signature: &[u8], judge: impl FnOnce(&[u8], usize) -> bool) -> Result<(), SignatureFault> {
    let (modulus, exponent) = rsa_numbers(der).ok_or(SignatureFault::Wrong)?;
    let bits = usize::try_from(modulus.bits()).unwrap_or(usize::MAX);
    // aws-lc rejects exponents of more than 33 bits, and they do not occur in practice.
    let is_usual = (512..=MAX_RSA_BITS).contains(&bits) && (2..=33).contains(&exponent.bits()) && exponent.bit(0);
    if !is_usual {
        return Err(SignatureFault::Unsupported(format!("an RSA key of {bits} bits with an unusual exponent")));
    }
    let length = bits.div_ceil(8);
    let number = BigUint::from_bytes_be(signature);
    if signature.len() != length || number >= modulus {
        return Err(SignatureFault::Wrong);
    }
    let short = number.modpow(&exponent, &modulus).to_bytes_be();
    let mut encoded = vec![0; length.saturating_sub(short.len())];
    encoded.extend(short);
    if judge(&encoded, bits) { Ok(()) } else { Err(SignatureFault::Wrong) }
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2): the entire expected value is built and compared, so that no parser is involved.
fn encoded_by_pkcs1(hash: SignatureHash, message: &[u8], encoded: &[u8]) -> bool {
    let oid: &[u8] = match hash {
        SignatureHash::Md5 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05],
        other => HASHES.iter().find(|(_, hash)| *hash == other).map_or(&[], |(oid, _)| oid),
    };
    let mut algorithm = der::wrap(tag::OID, oid);
    algorithm.extend([0x05, 0x00]);
    let mut info = der::wrap(tag::SEQUENCE, &algorithm);
    info.extend(der::wrap(tag::OCTET_STRING, &hash.digest(message)));
    let info = der::wrap(tag::SEQUENCE, &info);
    let Some(padding) = encoded.len().checked_sub(info.len() + 3).filter(|padding| *padding >= 8) else { return false };
    let mut expected = vec![0x00, 0x01];
    expected.extend(vec![0xff; padding]);
    expected.push(0x00);
    expected.extend(info);
    encoded == expected
}

/// EMSA-PSS-VERIFY (RFC 8017 §9.1.2). The comments give its step numbers.
fn encoded_by_pss(
    (hash, mask, salt): (SignatureHash, SignatureHash, usize),
    message: &[u8],
    encoded: &[u8],
    bits: usize,
) -> bool {
    let digest = hash.digest(message);
    // The encoded message is one bit shorter than the modulus.
    let unused = (8 - (bits - 1) % 8) % 8;
    let encoded = if unused == 0 {
        match encoded.split_first() {
            Some((0, rest)) => rest,
            _ => return false,
        }
    } else {
        encoded
    };
    // Steps 3 and 4.
    let Some((&0xbc, body)) = encoded.split_last() else { return false };
    let Some(at) = body.len().checked_sub(digest.len()) else { return false };
    let (masked, proof) = body.split_at(at);
    // Steps 5 to 9.
    let mut block = masked.to_vec();
    let top = 0xffu8 >> unused;
    if block.first().is_some_and(|first| first & !top != 0) {
        return false;
    }
    for (byte, cover) in block.iter_mut().zip(mgf1(mask, proof, masked.len())) {
        *byte ^= cover;
    }
    if let Some(first) = block.first_mut() {
        *first &= top;
    }
    // Steps 10 and 11.
    let Some(padding) = block.len().checked_sub(salt).and_then(|rest| rest.checked_sub(1)) else { return false };
    let (zeros, rest) = block.split_at(padding);
    let Some((&0x01, salt)) = rest.split_first() else { return false };
    // Steps 12 to 14.
    let mut whole = vec![0; 8];
    whole.extend(&digest);
    whole.extend(salt);
    zeros.iter().all(|byte| *byte == 0) && hash.digest(&whole) == proof
}

/// The mask generation function MGF1 (RFC 8017 §B.2.1).
fn mgf1(hash: SignatureHash, seed: &[u8], length: usize) -> Vec<u8> {
    let mut mask = Vec::with_capacity(length + 64);
    let mut counter: u32 = 0;
    while mask.len() < length {
        mask.extend(hash.digest(&[seed, &counter.to_be_bytes()].concat()));
        counter = counter.wrapping_add(1);
    }
    mask.truncate(length);
    mask
}
