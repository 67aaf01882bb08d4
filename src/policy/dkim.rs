//! DKIM key records (RFC 6376 §3.6.1, RFC 8301, RFC 8463): the tags, the type and size of the key, and every fault that
//! makes a record unusable. Each fault names the mistake that usually causes it. The parser accepts any text and never
//! fails.
//!
//! This module only reads records. Verifying a signature needs a message, which smtpcheck does not have.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};

use super::tags::TagList;
use super::txt::MAX_STRING;

/// The minimum size of an RSA key in bits: smaller keys are never valid (RFC 8301 §3.2).
pub(crate) const MIN_RSA_BITS: u32 = 1024;
/// The recommended size of an RSA key in bits (RFC 8301 §3.2).
pub(crate) const GOOD_RSA_BITS: u32 = 2048;
/// The largest RSA key in bits that every verifier must support (RFC 8301 §3.2).
pub(crate) const MAX_RSA_BITS: u32 = 4096;

/// The length of an Ed25519 public key in octets (RFC 8463 §4.2).
const ED25519_OCTETS: usize = 32;

/// A key record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRecord {
    /// The type of the key.
    pub(crate) kind: KeyKind,
    /// The size of an RSA key in bits, if the key can be read.
    pub(crate) bits: Option<u32>,
    /// Whether the key is revoked: `p=` is empty.
    pub(crate) is_revoked: bool,
    /// Whether signatures with SHA-256 are accepted (`h=`).
    pub(crate) accepts_sha256: bool,
    /// Whether the key may be used for mail (`s=`).
    pub(crate) is_for_mail: bool,
    /// Whether the domain is only testing DKIM (`t=y`).
    pub(crate) is_testing: bool,
    /// The value of `p=` without spaces.
    pub(crate) key: String,
    /// Why the record is not usable.
    pub(crate) faults: Vec<KeyFault>,
}

/// The type of a key (`k=`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// RSA, the default.
    Rsa,
    /// Ed25519 (RFC 8463).
    Ed25519,
    /// A type that is not defined. Verifiers ignore the record.
    Unknown,
}

/// Why a key record is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyFault {
    /// The text is a host name: the target of a CNAME record was entered as a TXT record.
    HostName,
    /// The text contains quotation marks or backslashes as characters.
    Quoted,
    /// The text contains the first or the last line of a PEM file.
    PemArmour,
    /// The text contains a private key.
    PrivateKey,
    /// `v=` is not the first tag.
    VersionNotFirst,
    /// `v=` has a value other than `DKIM1`.
    Version,
    /// A tag occurs twice (RFC 6376 §3.2).
    Doubled,
    /// A part between semicolons has no `=`.
    NotATag,
    /// There is no `p=`.
    NoKey,
    /// `p=` is not base64.
    NotBase64,
    /// The key is incomplete, because the record ends after 255 characters.
    CutAt255,
    /// The key is incomplete.
    Cut,
    /// `p=` is base64, but not a public key of the declared type.
    NotAKey,
    /// An Ed25519 key is wrapped in a SubjectPublicKeyInfo, although only its 32 octets belong in the record.
    Wrapped,
    /// The type is not defined.
    UnknownKind,
}

impl KeyRecord {
    /// Parses a record. Any text can be parsed; [`KeyRecord::faults`] lists its faults.
    pub(crate) fn parse(text: &str) -> KeyRecord {
        let tags = TagList::parse(text);
        let key: String = tags.get("p").unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
        let has = |tag: &str, word: &str| {
            tags.get(tag).is_some_and(|list| list.split(':').any(|entry| entry.trim().eq_ignore_ascii_case(word)))
        };
        let mut record = KeyRecord {
            kind: match tags.get("k") {
                None => KeyKind::Rsa,
                Some(kind) if kind.eq_ignore_ascii_case("rsa") => KeyKind::Rsa,
                Some(kind) if kind.eq_ignore_ascii_case("ed25519") => KeyKind::Ed25519,
                Some(_) => KeyKind::Unknown,
            },
            bits: None,
            is_revoked: tags.get("p").is_some_and(str::is_empty),
            accepts_sha256: tags.get("h").is_none() || has("h", "sha256"),
            is_for_mail: tags.get("s").is_none() || has("s", "*") || has("s", "email"),
            is_testing: has("t", "y"),
            key,
            faults: Vec::new(),
        };
        record.faults = record.mistakes_of_form(text, &tags);
        if record.faults.is_empty() && !record.is_revoked {
            match record.read_key(text.len()) {
                Ok(bits) => record.bits = bits,
                Err(fault) => record.faults.push(fault),
            }
        }
        record
    }

    /// Whether verifiers can use the key.
    pub(crate) fn is_usable(&self) -> bool {
        self.faults.is_empty()
            && !self.is_revoked
            && self.accepts_sha256
            && self.is_for_mail
            && self.bits.is_none_or(|bits| bits >= MIN_RSA_BITS)
    }

    /// The faults in the text and its tags, except faults in the key.
    fn mistakes_of_form(&self, text: &str, tags: &TagList<'_>) -> Vec<KeyFault> {
        if text.contains("PRIVATE KEY-----") {
            return vec![KeyFault::PrivateKey];
        }
        if text.contains("-----BEGIN") || text.contains("-----END") {
            return vec![KeyFault::PemArmour];
        }
        if is_host_name(text) {
            return vec![KeyFault::HostName];
        }
        if text.contains(['"', '\\', '\u{201c}', '\u{201d}']) {
            return vec![KeyFault::Quoted];
        }
        let mut faults = Vec::new();
        let version = tags.tags.iter().position(|tag| tag.name == "v");
        match version {
            Some(0) if tags.get("v") != Some("DKIM1") => faults.push(KeyFault::Version),
            None if text.contains("v=DKIM1") => faults.push(KeyFault::VersionNotFirst),
            Some(0) | None => {}
            Some(_) => faults.push(KeyFault::VersionNotFirst),
        }
        if !tags.doubled().is_empty() {
            faults.push(KeyFault::Doubled);
        }
        if tags.get("p").is_none() {
            faults.push(KeyFault::NoKey);
        } else if tags.not_a_tag().is_some() {
            faults.push(KeyFault::NotATag);
        }
        if self.kind == KeyKind::Unknown {
            faults.push(KeyFault::UnknownKind);
        }
        faults
    }

    /// The size of the key, if it has one.
    fn read_key(&self, length: usize) -> Result<Option<u32>, KeyFault> {
        let Some(bytes) = decoded(&self.key) else { return Err(KeyFault::NotBase64) };
        let cut = if length == MAX_STRING { KeyFault::CutAt255 } else { KeyFault::Cut };
        match (&self.kind, public_key(&bytes)) {
            (KeyKind::Ed25519, _) if bytes.len() == ED25519_OCTETS => Ok(None),
            (KeyKind::Ed25519, Key::OtherAlgorithm) => Err(KeyFault::Wrapped),
            (KeyKind::Rsa, Key::Rsa { bits }) => Ok(Some(bits)),
            (_, Key::Private) => Err(KeyFault::PrivateKey),
            (_, Key::Cut) => Err(cut),
            (KeyKind::Rsa | KeyKind::Ed25519 | KeyKind::Unknown, _) => Err(KeyFault::NotAKey),
        }
    }
}

/// The record that was probably intended, if it is usable. It has no quotation marks, no backslashes, no text before
/// the version, and no tags that exclude its use for mail. The flag `t=s` is kept. An Ed25519 key is in its raw form.
pub(crate) fn corrected(text: &str) -> Option<String> {
    let joined = text.replace("\" \"", "").replace("\"\"", "");
    let plain: String =
        joined.chars().filter(|c| !matches!(c, '"' | '\\' | '(' | ')' | '\u{201c}' | '\u{201d}')).collect();
    let lower = plain.to_ascii_lowercase();
    let begin = lower.find("v=dkim1").or_else(|| lower.find("v = dkim1")).unwrap_or(0);
    let tags = TagList::parse(plain.get(begin..)?);
    let given: String = tags.get("p")?.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = decoded(&given)?;
    let kind = match tags.get("k") {
        Some(kind) if kind.eq_ignore_ascii_case("ed25519") => "ed25519",
        None if bytes.len() == ED25519_OCTETS => "ed25519",
        _ => "rsa",
    };
    let key = match (kind, public_key(&bytes)) {
        ("ed25519", Key::OtherAlgorithm) => {
            general_purpose::STANDARD.encode(bytes.get(bytes.len().checked_sub(ED25519_OCTETS)?..)?)
        }
        _ => given,
    };
    // RFC 6376 §3.6.1: with this flag, the key is not valid for subdomains.
    let is_exact = tags.get("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "s"));
    let flags = if is_exact { " t=s;" } else { "" };
    let record = format!("v=DKIM1; k={kind};{flags} p={key}");
    KeyRecord::parse(&record).is_usable().then_some(record)
}

/// Whether the text is intended as a key record. Guessed names may have other TXT records.
pub(crate) fn is_intended(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let names_key = upper.contains("DOMAINKEY") || upper.contains("DKIM");
    TagList::parse(text).tags.iter().any(|tag| tag.name.trim_start_matches('"') == "p")
        || upper.contains("DKIM1")
        || upper.contains("-----BEGIN")
        || (is_host_name(text) && names_key)
}

/// Whether the text can be the rest of a key that was split into two records: it contains only base64.
pub(crate) fn is_fragment(text: &str) -> bool {
    let text = text.trim().trim_matches('"');
    text.len() >= 16 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/= ".contains(&b))
}

/// Whether the text is a host name with at least two labels.
fn is_host_name(text: &str) -> bool {
    let text = text.trim().trim_end_matches('.');
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    text.contains('.') && text.split('.').all(is_label)
}

/// Decodes base64, with or without padding. If characters at the end are missing, the result is the bytes before them.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true);
    let text = text.trim_end_matches('=');
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/') {
        return None;
    }
    let complete = if text.len() % 4 == 1 { text.get(..text.len() - 1)? } else { text };
    GeneralPurpose::new(&STANDARD, config).decode(complete).ok()
}

/// What the bytes of a key contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Rsa { bits: u32 },
    OtherAlgorithm,
    Private,
    Cut,
    Unreadable,
}

/// The tags of DER elements (X.690 §8.1.2).
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// The object identifier rsaEncryption (RFC 8017 appendix A.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// Reads an RSA key as SubjectPublicKeyInfo, which domains publish in practice, or as RSAPublicKey, which RFC 6376
/// §3.6.1 specifies.
fn public_key(bytes: &[u8]) -> Key {
    let body = match element(bytes) {
        Der::Element { tag: SEQUENCE, content, .. } => content,
        Der::Cut { tag: SEQUENCE } => return Key::Cut,
        Der::Element { .. } | Der::Cut { .. } | Der::Nothing => return Key::Unreadable,
    };
    match element(body) {
        Der::Element { tag: INTEGER, content, rest } => match (bits_of(content), element(rest)) {
            // Private keys begin with a version: 0, or 1 for several primes (RFC 8017 appendix A.1.2).
            (0 | 1, Der::Element { .. }) => Key::Private,
            (bits, Der::Element { tag: INTEGER, rest: [], .. }) => Key::Rsa { bits },
            _ => Key::Unreadable,
        },
        Der::Element { tag: SEQUENCE, content, rest } => {
            let algorithm = match element(content) {
                Der::Element { tag: OID, content, .. } => content,
                Der::Element { .. } | Der::Cut { .. } | Der::Nothing => return Key::Unreadable,
            };
            if algorithm != RSA_ENCRYPTION {
                return Key::OtherAlgorithm;
            }
            match element(rest) {
                // The first octet of a BIT STRING is the number of unused bits.
                Der::Element { tag: BIT_STRING, content: [0, key @ ..], .. } => match public_key_of_pkcs1(key) {
                    Some(bits) => Key::Rsa { bits },
                    None => Key::Unreadable,
                },
                Der::Cut { .. } => Key::Cut,
                Der::Element { .. } | Der::Nothing => Key::Unreadable,
            }
        }
        Der::Cut { .. } => Key::Cut,
        Der::Element { .. } | Der::Nothing => Key::Unreadable,
    }
}

/// The size of an RSAPublicKey.
fn public_key_of_pkcs1(bytes: &[u8]) -> Option<u32> {
    let Der::Element { tag: SEQUENCE, content, .. } = element(bytes) else { return None };
    let Der::Element { tag: INTEGER, content, .. } = element(content) else { return None };
    Some(bits_of(content))
}

/// The number of bits of an unsigned integer.
fn bits_of(integer: &[u8]) -> u32 {
    let zeros = integer.iter().take_while(|octet| **octet == 0).count();
    let digits = integer.get(zeros..).unwrap_or_default();
    let first = digits.first().map_or(0, |octet| octet.leading_zeros());
    u32::try_from(digits.len() * 8).unwrap_or(u32::MAX).saturating_sub(first)
}

/// The first DER element of a byte string.
enum Der<'b> {
    /// A complete element, and the bytes after it.
    Element { tag: u8, content: &'b [u8], rest: &'b [u8] },
    /// The bytes end before the element does.
    Cut { tag: u8 },
    /// There is no element.
    Nothing,
}

fn element(bytes: &[u8]) -> Der<'_> {
    let [tag, length, rest @ ..] = bytes else {
        return bytes.first().map_or(Der::Nothing, |tag| Der::Cut { tag: *tag });
    };
    let (length, rest) = match length {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long @ 0x81..=0x84 => {
            let octets = usize::from(long & 0x7f);
            let Some((digits, rest)) = rest.split_at_checked(octets) else { return Der::Cut { tag: *tag } };
            (digits.iter().fold(0usize, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return Der::Nothing,
    };
    match rest.split_at_checked(length) {
        Some((content, rest)) => Der::Element { tag: *tag, content, rest },
        None => Der::Cut { tag: *tag },
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyKind::Rsa => "rsa",
            KeyKind::Ed25519 => "ed25519",
            KeyKind::Unknown => "unknown",
        })
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyFault::HostName => "the text is a host name, not a key",
            KeyFault::Quoted => "the text contains quotation marks or backslashes as characters",
            KeyFault::PemArmour => "the text contains the BEGIN or END line of a PEM file",
            KeyFault::PrivateKey => "the record contains a private key",
            KeyFault::VersionNotFirst => "v= is not the first tag",
            KeyFault::Version => "v= is not DKIM1",
            KeyFault::Doubled => "a tag occurs twice",
            KeyFault::NotATag => "a part between semicolons does not have the form name=value",
            KeyFault::NoKey => "there is no p= tag",
            KeyFault::NotBase64 => "the value of p= is not base64",
            KeyFault::CutAt255 => "the key is incomplete: the record ends after 255 characters",
            KeyFault::Cut => "the key is incomplete",
            KeyFault::NotAKey => "the value of p= is not a public key of the type in k=",
            KeyFault::Wrapped => "the Ed25519 key is wrapped in a SubjectPublicKeyInfo structure",
            KeyFault::UnknownKind => "the key type in k= is not defined",
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::{any, proptest};

    use super::{KeyFault, KeyKind, KeyRecord, is_fragment, is_intended};

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut bytes = vec![tag];
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => bytes.push(short),
            Ok(byte) => bytes.extend([0x81, byte]),
            Err(_) => bytes.extend([0x82, u8::try_from(length >> 8).unwrap(), u8::try_from(length & 255).unwrap()]),
        }
        bytes.extend(content);
        bytes
    }

    fn pkcs1(bits: usize) -> Vec<u8> {
        let mut modulus = vec![0];
        modulus.extend(vec![0xc5; bits / 8]);
        der(0x30, &[der(2, &modulus), der(2, &[1, 0, 1])].concat())
    }

    fn spki(oid: &[u8], key: &[u8]) -> Vec<u8> {
        let algorithm = der(0x30, &[der(6, oid), vec![5, 0]].concat());
        der(0x30, &[algorithm, der(3, &[&[0], key].concat())].concat())
    }

    /// The value of `p=` for an RSA key of this size.
    pub(crate) fn rsa(bits: usize) -> String {
        STANDARD.encode(spki(super::RSA_ENCRYPTION, &pkcs1(bits)))
    }

    fn faults(text: &str) -> Vec<KeyFault> {
        KeyRecord::parse(text).faults
    }

    #[test]
    fn rsa_keys_have_their_size_in_both_encodings() {
        for bits in [512, 1024, 2048, 4096] {
            assert_eq!(KeyRecord::parse(&format!("v=DKIM1; k=rsa; p={}", rsa(bits))).bits, u32::try_from(bits).ok());
            let short = STANDARD.encode(pkcs1(bits));
            assert_eq!(KeyRecord::parse(&format!("p={short}")).bits, u32::try_from(bits).ok());
        }
    }

    // `k=` is optional. Spaces in the key, unknown tags and a final semicolon are legal.
    #[test]
    fn legal_variants_have_no_fault() {
        let key = rsa(2048);
        let (head, tail) = key.split_at(100);
        for text in [
            format!("v=DKIM1;p={key}"),
            format!("v=DKIM1; k=rsa; n=note; g=*; x=y; p={head} {tail};"),
            format!("p={key}"),
            format!(" v = DKIM1 ; p={key}"),
        ] {
            let record = KeyRecord::parse(&text);
            assert!(record.is_usable() && record.faults.is_empty(), "{text}: {:?}", record.faults);
        }
    }

    #[test]
    fn a_key_cut_at_255_characters_is_recognised() {
        let text = format!("v=DKIM1; k=rsa; p={}", rsa(2048));
        for (length, fault) in
            [(255, KeyFault::CutAt255), (254, KeyFault::Cut), (200, KeyFault::Cut), (20, KeyFault::Cut)]
        {
            assert_eq!(faults(text.get(..length).unwrap()), [fault], "{length}");
        }
        assert!(is_fragment(text.get(255..).unwrap()));
    }

    #[test]
    fn entry_mistakes_are_recognised() {
        let key = rsa(1024);
        for (text, fault) in [
            ("selector1-example-com._domainkey.tenant.onmicrosoft.com".to_owned(), KeyFault::HostName),
            (format!("\"v=DKIM1; p={key}\""), KeyFault::Quoted),
            (format!("v=DKIM1\\; k=rsa\\; p={key}"), KeyFault::Quoted),
            (format!("v=DKIM1; p=-----BEGIN PUBLIC KEY-----{key}-----END PUBLIC KEY-----"), KeyFault::PemArmour),
            (format!("v=DKIM1; p=-----BEGIN RSA PRIVATE KEY-----{key}"), KeyFault::PrivateKey),
            (format!("k=rsa; v=DKIM1; p={key}"), KeyFault::VersionNotFirst),
            (format!("v=DKIM2; p={key}"), KeyFault::Version),
            (format!("v=dkim1; p={key}"), KeyFault::Version),
            (format!("v=DKIM1; p={key}; p={key}"), KeyFault::Doubled),
            (format!("v=DKIM1; rsa; p={key}"), KeyFault::NotATag),
            ("v=DKIM1; k=rsa".to_owned(), KeyFault::NoKey),
            ("v=DKIM1; p=?????".to_owned(), KeyFault::NotBase64),
            ("v=DKIM1; p=aGVsbG8gd29ybGQ=".to_owned(), KeyFault::NotAKey),
            (format!("v=DKIM1; k=dsa; p={key}"), KeyFault::UnknownKind),
        ] {
            assert_eq!(faults(&text), [fault], "{text}");
        }
        let private = der(0x30, &[der(2, &[0]), der(2, &[0x7f; 64]), der(2, &[3])].concat());
        assert_eq!(faults(&format!("p={}", STANDARD.encode(private))), [KeyFault::PrivateKey]);
    }

    #[test]
    fn ed25519_keys_are_32_octets() {
        let raw = STANDARD.encode([7; 32]);
        let record = KeyRecord::parse(&format!("v=DKIM1; k=ed25519; p={raw}"));
        assert_eq!((record.kind.clone(), record.bits, record.is_usable()), (KeyKind::Ed25519, None, true));
        let wrapped = STANDARD.encode(spki(&[0x2b, 0x65, 0x70], &[7; 32]));
        assert_eq!(faults(&format!("v=DKIM1; k=ed25519; p={wrapped}")), [KeyFault::Wrapped]);
        assert_eq!(faults(&format!("v=DKIM1; k=ed25519; p={}", rsa(1024))), [KeyFault::NotAKey]);
    }

    #[test]
    fn restrictions_are_read() {
        let key = rsa(2048);
        let record = KeyRecord::parse(&format!("v=DKIM1; h=sha1; s=tlsrpt; t=y:s; p={key}"));
        assert!(!record.accepts_sha256 && !record.is_for_mail && record.is_testing);
        let record = KeyRecord::parse(&format!("v=DKIM1; h=sha1 : sha256; s=email; t=s; p={key}"));
        assert!(record.accepts_sha256 && record.is_for_mail && !record.is_testing);
        assert!(KeyRecord::parse("v=DKIM1; p=").is_revoked);
        assert!(!KeyRecord::parse(&format!("p={}", rsa(512))).is_usable());
    }

    #[test]
    fn other_records_are_not_intended_as_keys() {
        assert!(!is_intended("v=spf1 -all") && !is_intended("google-site-verification=abc"));
        assert!(is_intended("p=") && is_intended("\"p=abc\"") && is_intended("k1.dkim.example.net"));
        assert!(!is_intended("www.example.net"));
    }

    proptest! {
        #[test]
        fn any_text_can_be_parsed(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            KeyRecord::parse(&text);
            KeyRecord::parse(&format!("v=DKIM1; p={}", STANDARD.encode(&bytes)));
            is_intended(&text);
            is_fragment(&text);
        }
    }
}
