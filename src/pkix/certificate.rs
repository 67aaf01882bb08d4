//! Parses one certificate for path validation (RFC 5280 §4.1): the fields that affect trust, and a list of all
//! extensions that occur twice, are critical but unknown, or cannot be parsed. [`super::path`] checks these fields.

use super::der::{self, Element, Reader, tag};
use super::directory;

/// The maximum length of a certificate. Current versions of rustls and most other clients reject longer ones.
pub(crate) const MAX_LENGTH: usize = 64 * 1024;

/// The maximum number of extensions that are parsed in one certificate (RFC 5280 defines 15).
const MAX_EXTENSIONS: usize = 1000;

/// The maximum number of names that are parsed in one certificate.
const MAX_NAMES: usize = 10_000;

/// A parsed certificate.
#[derive(Clone, Debug)]
pub(crate) struct ParsedCertificate<'a> {
    /// The bytes that the signature covers.
    pub(crate) signed: &'a [u8],
    /// The X.509 version, starting at 1. No version after 3 is defined; OpenSSL and GnuTLS treat higher numbers as 3.
    pub(crate) version: u8,
    pub(crate) serial: &'a [u8],
    /// The issuer's Name, including its tag.
    pub(crate) issuer: &'a [u8],
    pub(crate) subject: &'a [u8],
    /// Seconds since 1970.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    /// SubjectPublicKeyInfo, including its tag.
    pub(crate) key: &'a [u8],
    /// The AlgorithmIdentifier inside the signed part, and the one next to the signature, each including its tag.
    pub(crate) inner_algorithm: &'a [u8],
    pub(crate) outer_algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
    pub(crate) extensions: CertificateExtensions<'a>,
    /// Whether a certificate before version 3 has extensions, which §4.1.2.9 does not allow.
    pub(crate) has_misplaced_extensions: bool,
}

/// The contents of the extensions (RFC 5280 §4.2).
#[derive(Clone, Debug, Default)]
pub(crate) struct CertificateExtensions<'a> {
    pub(crate) basic_constraints: Option<BasicConstraints>,
    /// The bits in the order of §4.2.1.3: the highest bit is digitalSignature.
    pub(crate) key_usage: Option<u16>,
    /// The object identifiers of the purposes.
    pub(crate) extended_key_usage: Option<Vec<&'a [u8]>>,
    pub(crate) names: Option<Vec<GeneralName<'a>>>,
    pub(crate) name_constraints: Option<NameConstraints<'a>>,
    pub(crate) subject_key: Option<&'a [u8]>,
    pub(crate) authority_key: AuthorityKey<'a>,
    /// The obsolete Netscape certificate type. The highest bit is for TLS clients, the second highest for TLS servers.
    pub(crate) netscape_type: Option<u16>,
    /// Critical extensions that are not supported here (§4.2).
    pub(crate) unknown_critical: Vec<&'a [u8]>,
    /// Extensions that occur more than once (§4.2 does not allow this).
    pub(crate) repeated: Vec<&'a [u8]>,
    /// Known extensions that do not have the format of RFC 5280.
    pub(crate) unreadable: Vec<&'a [u8]>,
    /// Extensions with a format error that both OpenSSL and GnuTLS ignore in a server certificate, but that at least
    /// one of them rejects in a CA certificate.
    pub(crate) unreadable_of_authority: Vec<&'a [u8]>,
    /// The TLS features (RFC 7633 §4.1), by number.
    pub(crate) tls_features: Vec<u32>,
    /// Whether it is a proxy certificate (RFC 3820 §3.8), which a user issues to a delegate.
    pub(crate) is_proxy: bool,
    /// Critical extensions that OpenSSL and GnuTLS support and some other clients do not.
    pub(crate) rarely_supported: Vec<&'a [u8]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BasicConstraints {
    pub(crate) is_authority: bool,
    pub(crate) path_length: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AuthorityKey<'a> {
    pub(crate) key: Option<&'a [u8]>,
    /// A directory name, including its tag.
    pub(crate) issuer: Option<&'a [u8]>,
    pub(crate) serial: Option<&'a [u8]>,
}

/// A name of one of the kinds in RFC 5280 §4.2.1.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneralName<'a> {
    Dns(&'a [u8]),
    Email(&'a [u8]),
    Uri(&'a [u8]),
    Address(&'a [u8]),
    /// A Name, including its tag.
    Directory(&'a [u8]),
    /// SRVName (RFC 4985 §2), which GnuTLS supports and OpenSSL does not compare.
    Srv,
    /// SmtpUTF8Mailbox (RFC 9598 §3): an email address whose local part contains non-ASCII characters.
    SmtpUtf8(&'a [u8]),
    /// otherName, x400Address, ediPartyName or registeredID, with the number of its tag.
    Other(u8),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct NameConstraints<'a> {
    pub(crate) permitted: Vec<GeneralName<'a>>,
    pub(crate) excluded: Vec<GeneralName<'a>>,
}

/// The keyCertSign bit of keyUsage (§4.2.1.3).
pub(crate) const KEY_CERT_SIGN: u16 = 1 << 10;

/// The Server Gated Cryptography purposes of Netscape and Microsoft. OpenSSL and GnuTLS accept both as serverAuth.
const GATED: [&[u8]; 2] = [
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x04, 0x01],
    &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x0a, 0x03, 0x03],
];

/// The purposes id-kp-serverAuth and id-kp-OCSPSigning (§4.2.1.12).
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
pub(crate) const OCSP_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];

/// The prefix id-ce: 2.5.29.
const ID_CE: &[u8] = &[0x55, 0x1d];

/// proxyCertInfo and tlsfeature, with the prefix id-pe: 1.3.6.1.5.5.7.1.
const PROXY: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x0e];
const TLS_FEATURE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x18];

/// dnsSRV and SmtpUTF8Mailbox, with the prefix id-on: 1.3.6.1.5.5.7.8.
const DNS_SRV: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x07];
const SMTP_UTF8_MAILBOX: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x09];

const NETSCAPE_TYPE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01];

impl<'a> ParsedCertificate<'a> {
    /// Parses an entire certificate. Returns `None` if the bytes are not a certificate in DER format.
    pub(crate) fn read(der: &'a [u8]) -> Option<ParsedCertificate<'a>> {
        let mut outer = Reader::new(der::only(der, tag::SEQUENCE)?.content);
        let signed = outer.expect(tag::SEQUENCE)?;
        let outer_algorithm = outer.expect(tag::SEQUENCE)?.whole;
        let signature = der::whole_bytes(outer.expect(tag::BIT_STRING)?.content)?;
        outer.end()?;

        let mut inner = Reader::new(signed.content);
        let version = match inner.optional(tag::constructed(0))? {
            // §4.1.2.1: the encoded version starts at 0, which is also the default.
            Some(explicit) => u8::try_from(der::small_integer(der::only(explicit.content, tag::INTEGER)?.content)?)
                .ok()?
                .checked_add(1)?,
            None => 1,
        };
        let serial = inner.expect(tag::INTEGER).filter(|serial| der::is_integer(serial.content))?.content;
        let inner_algorithm = inner.expect(tag::SEQUENCE)?.whole;
        let issuer = inner.expect(tag::SEQUENCE)?.whole;
        let mut validity = Reader::new(inner.expect(tag::SEQUENCE)?.content);
        let (not_before, not_after) = (der::time(&validity.read()?)?, der::time(&validity.read()?)?);
        validity.end()?;
        let subject = inner.expect(tag::SEQUENCE)?.whole;
        let key = inner.expect(tag::SEQUENCE)?.whole;
        if !directory::is_readable(issuer) || !directory::is_readable(subject) {
            return None;
        }
        // issuerUniqueID and subjectUniqueID (§4.1.2.8) are obsolete.
        inner.optional(tag::context(1))?;
        inner.optional(tag::context(2))?;
        let explicit = inner.optional(tag::constructed(3))?;
        let has_misplaced_extensions = explicit.is_some() && version < 3;
        let extensions = match explicit {
            Some(explicit) => CertificateExtensions::read(explicit.content)?,
            None => CertificateExtensions::default(),
        };
        inner.end()?;
        let (signed, issuer, subject) = (signed.whole, issuer, subject);
        Some(ParsedCertificate {
            signed,
            version,
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            inner_algorithm,
            outer_algorithm,
            signature,
            extensions,
            has_misplaced_extensions,
        })
    }

    /// The subject of a certificate. The bytes after it are not needed and may be missing.
    pub(crate) fn subject_of(der: &[u8]) -> Option<&[u8]> {
        let mut inner = Reader::new(der).enter(tag::SEQUENCE)?.enter(tag::SEQUENCE)?;
        inner.optional(tag::constructed(0))?;
        // serialNumber, signature, issuer and validity.
        for tag in [tag::INTEGER, tag::SEQUENCE, tag::SEQUENCE, tag::SEQUENCE] {
            inner.expect(tag)?;
        }
        Some(inner.expect(tag::SEQUENCE)?.whole)
    }

    /// Whether issuer and subject are the same entity (§3.2).
    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether subjectAltName is absent, or occurs once in the format of §4.2.1.6.
    pub(crate) fn has_readable_names(&self) -> bool {
        !self.is_damaged(&[0x55, 0x1d, 17])
    }

    /// Whether basicConstraints is absent, or occurs once in the format of §4.2.1.9.
    pub(crate) fn has_readable_constraints(&self) -> bool {
        !self.is_damaged(&[0x55, 0x1d, 19])
    }

    fn is_damaged(&self, oid: &[u8]) -> bool {
        self.extensions.unreadable.contains(&oid) || self.extensions.repeated.contains(&oid)
    }

    /// Whether extKeyUsage is absent or includes TLS servers (§4.2.1.12). OpenSSL does not accept anyExtendedKeyUsage
    /// as serverAuth.
    pub(crate) fn is_for_servers(&self) -> bool {
        let is_server = |usage: &&[u8]| *usage == SERVER_AUTH || GATED.contains(usage);
        self.extensions.extended_key_usage.as_ref().is_none_or(|uses| uses.iter().any(is_server))
    }

    pub(crate) fn is_in_date(&self, now: i64) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

impl<'a> CertificateExtensions<'a> {
    fn read(content: &'a [u8]) -> Option<CertificateExtensions<'a>> {
        let list = der::elements(der::only(content, tag::SEQUENCE)?.content)?;
        if list.len() > MAX_EXTENSIONS {
            return None;
        }
        let mut found = CertificateExtensions::default();
        let mut known: Vec<&[u8]> = Vec::new();
        for extension in list {
            let mut fields = Reader::new(Some(extension).filter(|one| one.tag == tag::SEQUENCE)?.content);
            let oid = fields.expect(tag::OID)?.content;
            let critical = match fields.optional(tag::BOOLEAN)? {
                Some(flag) => der::boolean(flag.content)?,
                None => false,
            };
            let value = fields.expect(tag::OCTET_STRING)?.content;
            fields.end()?;
            if known.contains(&oid) {
                found.repeated.push(oid);
                continue;
            }
            known.push(oid);
            found.take(oid, critical, value);
        }
        Some(found)
    }

    /// Stores the contents of one extension. A critical extension counts as supported if both OpenSSL 3 and GnuTLS 3.7
    /// process it, because RFC 5280 §4.2 requires clients to reject a certificate with an unsupported critical
    /// extension.
    fn take(&mut self, oid: &'a [u8], critical: bool, value: &'a [u8]) {
        let arc = oid.strip_prefix(ID_CE).and_then(|rest| <[u8; 1]>::try_from(rest).ok()).map(|[arc]| arc);
        let is_read = match arc {
            // subjectKeyIdentifier and authorityKeyIdentifier must not be critical (§4.2.1.1, §4.2.1.2).
            Some(14) => {
                self.refuse_critical(oid, critical);
                der::only(value, tag::OCTET_STRING).map(|key| self.subject_key = Some(key.content))
            }
            Some(35) => {
                self.refuse_critical(oid, critical);
                authority_key(value).map(|key| self.authority_key = key)
            }
            Some(15) => bits(value).map(|bits| self.key_usage = Some(bits)),
            // GnuTLS rejects a certificate with an empty DNS name.
            Some(17) => general_names(value)
                .filter(|names| !names.contains(&GeneralName::Dns(&[])))
                .map(|names| self.names = Some(names)),
            Some(18) => {
                self.refuse_critical(oid, critical);
                general_names(value).map(|_| ())
            }
            Some(19) => basic_constraints(value).map(|(found, is_exact)| {
                self.basic_constraints = Some(found);
                if !is_exact {
                    self.unreadable_of_authority.push(oid);
                }
            }),
            Some(30) => name_constraints(value).map(|found| self.name_constraints = Some(found)),
            Some(37) => object_identifiers(value).map(|found| self.extended_key_usage = Some(found)),
            // cRLDistributionPoints, certificatePolicies and inhibitAnyPolicy have no effect, because clients do not
            // require a policy (§6.1.1 (c): user-initial-policy-set is any-policy).
            Some(31 | 32 | 54) => {
                if critical {
                    self.rarely_supported.push(oid);
                }
                // OpenSSL parses the distribution points even if it does not use them.
                if arc == Some(31) { distribution_points(value) } else { Some(()) }
            }
            _ if oid == PROXY => {
                self.is_proxy = true;
                Some(())
            }
            _ if oid == TLS_FEATURE => {
                self.refuse_critical(oid, critical);
                match tls_features(value) {
                    Some(features) => self.tls_features = features,
                    None => self.unreadable_of_authority.push(oid),
                }
                Some(())
            }
            _ if oid == NETSCAPE_TYPE => {
                self.refuse_critical(oid, critical);
                bits(value).map(|bits| self.netscape_type = Some(bits))
            }
            _ => {
                self.refuse_critical(oid, critical);
                Some(())
            }
        };
        if is_read.is_none() {
            self.unreadable.push(oid);
        }
    }

    fn refuse_critical(&mut self, oid: &'a [u8], critical: bool) {
        if critical {
            self.unknown_critical.push(oid);
        }
    }
}

/// Parses a BIT STRING of at most 16 bits. The first bit becomes the highest.
fn bits(value: &[u8]) -> Option<u16> {
    let (unused, bytes) = der::only(value, tag::BIT_STRING)?.content.split_first()?;
    if *unused > 7 || bytes.len() > 2 {
        return None;
    }
    let first = bytes.first().copied().unwrap_or(0);
    Some(u16::from_be_bytes([first, bytes.get(1).copied().unwrap_or(0)]))
}

/// Parses basicConstraints (§4.2.1.9). The second value is false if the format has an error that both libraries ignore
/// in a server certificate: additional bytes at the end, or a path length that is out of range. An explicit CA flag
/// with the default value violates DER, but occurs in practice and is accepted.
fn basic_constraints(value: &[u8]) -> Option<(BasicConstraints, bool)> {
    let mut outer = Reader::new(value);
    let mut fields = Reader::new(outer.expect(tag::SEQUENCE)?.content);
    let is_authority = match fields.optional(tag::BOOLEAN)? {
        Some(flag) => der::boolean(flag.content)?,
        None => false,
    };
    let limit = fields.optional(tag::INTEGER)?;
    fields.end()?;
    let is_positive = |limit: &Element<'_>| {
        der::is_integer(limit.content) && limit.content.first().is_some_and(|first| *first < 0x80)
    };
    let path_length = match limit {
        Some(limit) => Some(Some(limit).filter(is_positive).map(|limit| der::small_integer(limit.content))?),
        None => None,
    };
    let is_exact = outer.is_empty() && path_length != Some(None);
    // A path length without the CA flag is forbidden and has no effect. OpenSSL and GnuTLS accept it in a server
    // certificate.
    let path_length = path_length.map(|limit| limit.unwrap_or(u32::MAX));
    Some((BasicConstraints { is_authority, path_length }, is_exact))
}

/// Checks the outer format of cRLDistributionPoints (§4.2.1.13).
fn distribution_points(value: &[u8]) -> Option<()> {
    let list = der::elements(der::only(value, tag::SEQUENCE)?.content)?;
    list.iter().all(|point| point.tag == tag::SEQUENCE).then_some(())
}

/// Parses the numbers of the TLS features (RFC 7633 §4.1).
fn tls_features(value: &[u8]) -> Option<Vec<u32>> {
    let list = der::elements(der::only(value, tag::SEQUENCE)?.content)?;
    let number = |one: Element<'_>| der::small_integer(Some(one).filter(|one| one.tag == tag::INTEGER)?.content);
    list.into_iter().map(number).collect()
}

fn object_identifiers(value: &[u8]) -> Option<Vec<&[u8]>> {
    let list = der::elements(der::only(value, tag::SEQUENCE)?.content)?;
    let all = list.into_iter().map(|one| (one.tag == tag::OID).then_some(one.content)).collect::<Option<Vec<_>>>()?;
    (!all.is_empty()).then_some(all)
}

fn general_names(value: &[u8]) -> Option<Vec<GeneralName<'_>>> {
    let list = der::elements(der::only(value, tag::SEQUENCE)?.content)?;
    if list.len() > MAX_NAMES {
        return None;
    }
    list.iter().map(general_name).collect()
}

fn general_name<'a>(element: &Element<'a>) -> Option<GeneralName<'a>> {
    Some(match element.tag {
        0x81 => GeneralName::Email(element.content),
        0x82 => GeneralName::Dns(element.content),
        0x86 => GeneralName::Uri(element.content),
        0x87 => GeneralName::Address(element.content),
        0xa4 => GeneralName::Directory(der::only(element.content, tag::SEQUENCE)?.whole),
        0xa0 => other_name(element)?,
        0xa3 | 0xa5 | 0x88 => GeneralName::Other(element.tag & 0x1f),
        _ => return None,
    })
}

/// Parses otherName: an object identifier for the kind, and the value.
fn other_name<'a>(element: &Element<'a>) -> Option<GeneralName<'a>> {
    let mut fields = Reader::new(element.content);
    let oid = fields.expect(tag::OID)?.content;
    let mut value = Reader::new(fields.expect(tag::constructed(0))?.content);
    fields.end()?;
    let value = value.read()?;
    Some(match oid {
        DNS_SRV => GeneralName::Srv,
        SMTP_UTF8_MAILBOX if value.tag == tag::UTF8_STRING => GeneralName::SmtpUtf8(value.content),
        _ => GeneralName::Other(0),
    })
}

/// Parses nameConstraints (§4.2.1.10). RFC 5280 does not use a maximum, or a minimum other than 0, so such an extension
/// counts as unreadable.
fn name_constraints(value: &[u8]) -> Option<NameConstraints<'_>> {
    let mut fields = Reader::new(der::only(value, tag::SEQUENCE)?.content);
    let permitted = subtrees(fields.optional(tag::constructed(0))?)?;
    let excluded = subtrees(fields.optional(tag::constructed(1))?)?;
    fields.end()?;
    Some(NameConstraints { permitted, excluded })
}

fn subtrees(list: Option<Element<'_>>) -> Option<Vec<GeneralName<'_>>> {
    let Some(list) = list else { return Some(Vec::new()) };
    let list = der::elements(list.content)?;
    if list.len() > MAX_NAMES {
        return None;
    }
    list.into_iter().map(subtree).collect()
}

fn subtree(element: Element<'_>) -> Option<GeneralName<'_>> {
    let mut fields = Reader::new(Some(element).filter(|one| one.tag == tag::SEQUENCE)?.content);
    let base = fields.read()?;
    // A minimum of 0 is the default, but may be written explicitly.
    fields.optional(tag::context(0))?.filter(|minimum| minimum.content != [0]).map_or(Some(()), |_| None)?;
    fields.end()?;
    general_name(&base)
}

/// Parses the name constraints of a trust anchor without a certificate.
pub(crate) fn constraints_of_anchor(content: &[u8]) -> Option<NameConstraints<'_>> {
    let mut fields = Reader::new(content);
    let permitted = subtrees(fields.optional(tag::constructed(0))?)?;
    let excluded = subtrees(fields.optional(tag::constructed(1))?)?;
    fields.end()?;
    Some(NameConstraints { permitted, excluded })
}

/// Parses authorityKeyIdentifier (§4.2.1.1).
fn authority_key(value: &[u8]) -> Option<AuthorityKey<'_>> {
    let mut fields = Reader::new(der::only(value, tag::SEQUENCE)?.content);
    let key = fields.optional(tag::context(0))?.map(|key| key.content);
    let issuers = fields.optional(tag::constructed(1))?;
    let serial = fields.optional(tag::context(2))?.map(|serial| serial.content);
    fields.end()?;
    let issuers = match issuers {
        Some(list) => der::elements(list.content)?,
        None => Vec::new(),
    };
    let issuer = issuers.iter().find_map(|name| match general_name(name) {
        Some(GeneralName::Directory(name)) => Some(name),
        _ => None,
    });
    Some(AuthorityKey { key, issuer, serial })
}
