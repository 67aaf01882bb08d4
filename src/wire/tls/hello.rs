//! The ClientHello of each kind of probe, and its encoding.
//!
//! The handshake is never completed, so a ClientHello may offer parameters that no client should use. All of them
//! follow these rules:
//!
//! 1. A TLS 1.3 key share is always empty. RFC 8446 §4.2.8 allows this as a request for the server's choice of a group.
//!    The server replies with a HelloRetryRequest, and no key is ever generated.
//! 2. Probes up to TLS 1.2 offer DEFLATE compression in addition to null, to find out whether the server would use it
//!    (CRIME). In TLS 1.3 only null is allowed (RFC 8446 §4.1.2). A ClientHello that imitates a current client also
//!    offers only null.
//! 3. The last extension is never empty, because some servers hang if it is. A message of 256 to 511 bytes is padded to
//!    512 bytes, because other servers hang on messages of these sizes (RFC 7685 §1).
//! 4. No value is random: the caller provides 32 bytes, and the same 32 bytes give the same ClientHello.

use serde::{Deserialize, Serialize};

use crate::wire::host::Host;
use crate::wire::tls::Version;
use crate::wire::tls::offers::{
    GROUPS_CURRENT, GROUPS_POST_QUANTUM, SIGNATURES, SIGNATURES_CURRENT, SIGNATURES_ECDSA, SIGNATURES_OLD,
    SIGNATURES_RSA, SUITES_13, groups, rare_suites, signatures, suites, suites_of, suites_where,
};
use crate::wire::tls::weak::WeakClass;

/// The maximum number of entries of one list that are sent, so that every [`ClientHello`] can be encoded.
const MAX_OFFERED: usize = 4096;
/// RFC 8446 §5.1: the maximum length of a record fragment.
const MAX_FRAGMENT: usize = 16 * 1024;
/// The size to which [`HelloShape::PaddedClient`] is padded. With TCP and IP headers, this takes two packets on any
/// network.
const LARGE: usize = 1800;

/// A ClientHello whose handshake is never completed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClientHello {
    /// The highest version that is offered. It is the only one, except for the shapes that imitate a client.
    pub version: Version,
    /// Cipher suites by number, most preferred first. At most 4096 are sent; the same limit applies to groups and
    /// signatures.
    pub suites: Vec<u16>,
    /// Groups by number; empty in SSLv3.
    pub groups: Vec<u16>,
    /// Signature schemes by number; empty before TLS 1.2.
    pub signatures: Vec<u16>,
    /// The other fields and extensions.
    pub shape: HelloShape,
}

/// The fields and extensions of a [`ClientHello`] other than its lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HelloShape {
    /// One version, and only the extensions that a server needs to select parameters in it.
    Question,
    /// Imitates a current client: TLS 1.3, and TLS 1.2 for servers without it.
    Client,
    /// The same as `Client`, padded to more than 1500 bytes.
    PaddedClient,
    /// The message format of SSLv2 (draft-hickman-netscape-ssl-00) with its seven cipher suites. The lists are not
    /// used.
    Sslv2,
}

/// TLS_FALLBACK_SCSV (RFC 7507 §2): states that the client supports a newer version than it offers.
const FALLBACK: u16 = 0x5600;

impl ClientHello {
    /// All parameters that a server of that version could accept, including old and weak cipher suites, modern ones
    /// first.
    pub fn everything(version: Version) -> ClientHello {
        ClientHello {
            version,
            suites: suites(version),
            groups: groups(version),
            signatures: signatures(version),
            shape: HelloShape::Question,
        }
    }

    /// TLS 1.2 for a server with an ECDSA certificate: only the cipher suites and signature schemes for such
    /// certificates.
    pub fn ecdsa_only() -> ClientHello {
        let suites = suites_where(|name| name.starts_with("TLS_ECDHE_ECDSA_"));
        ClientHello { suites, signatures: SIGNATURES_ECDSA.to_vec(), ..ClientHello::everything(Version::Tls12) }
    }

    /// TLS 1.2 for a server with an RSA certificate: ECDHE, DHE and static RSA, with only RSA signature schemes.
    pub fn rsa_only() -> ClientHello {
        let suites = suites_where(|name| {
            ["TLS_ECDHE_RSA_", "TLS_DHE_RSA_", "TLS_RSA_"].iter().any(|family| name.starts_with(family))
        });
        ClientHello { suites, signatures: SIGNATURES_RSA.to_vec(), ..ClientHello::everything(Version::Tls12) }
    }

    /// Cipher suites with static RSA key exchange. A server that accepts one does not provide forward secrecy. Weak
    /// cipher suites are left out, because the server could select one of them instead.
    pub fn static_rsa(version: Version) -> ClientHello {
        let is_static = |name: &str| name.starts_with("TLS_RSA_") && WeakClass::of(name).next().is_none();
        let mut hello = ClientHello::everything(version);
        if version == Version::Tls12 {
            hello.signatures = SIGNATURES_RSA.to_vec();
        }
        ClientHello { suites: suites_of(version, is_static), ..hello }
    }

    /// Only weak cipher suites: each suite that belongs to at least one class that is not in `known`.
    pub fn weak(version: Version, known: &[WeakClass]) -> ClientHello {
        let is_open = |name: &str| WeakClass::of(name).any(|class| !known.contains(&class));
        ClientHello { suites: suites_of(version, is_open), ..ClientHello::everything(version) }
    }

    /// Only DHE cipher suites that are not weak. The server selects the prime, and its reply shows it.
    pub fn dhe(version: Version) -> ClientHello {
        let is_dhe = |name: &str| name.starts_with("TLS_DHE_") && WeakClass::of(name).next().is_none();
        ClientHello { suites: suites_of(version, is_dhe), ..ClientHello::everything(version) }
    }

    /// Only ECDHE cipher suites, to find out which curves the server supports.
    pub fn ecdhe(version: Version) -> ClientHello {
        let is_ecdhe = |name: &str| name.starts_with("TLS_ECDHE_") && WeakClass::of(name).next().is_none();
        ClientHello { suites: suites_of(version, is_ecdhe), ..ClientHello::everything(version) }
    }

    /// Cipher suites that few servers support, such as ARIA and static Diffie-Hellman.
    pub fn rare(version: Version) -> ClientHello {
        ClientHello { suites: rare_suites(version), ..ClientHello::everything(version) }
    }

    /// These cipher suites, in this order.
    pub fn of_suites(version: Version, suites: &[u16]) -> ClientHello {
        ClientHello { suites: suites.to_vec(), ..ClientHello::everything(version) }
    }

    /// Imitates a client that falls back to this version after a newer version was rejected (RFC 7507 §4).
    pub fn fallback(version: Version) -> ClientHello {
        let mut hello = ClientHello::everything(version);
        hello.suites.push(FALLBACK);
        hello
    }

    /// TLS 1.2 with a signed key exchange and only the hashes MD5, SHA-1 and SHA-224 (RFC 9155 §3).
    pub fn old_hashes() -> ClientHello {
        let is_signed = |name: &str| {
            (name.starts_with("TLS_ECDHE_") || name.starts_with("TLS_DHE_")) && WeakClass::of(name).next().is_none()
        };
        ClientHello {
            suites: suites_where(is_signed),
            signatures: SIGNATURES_OLD.to_vec(),
            ..ClientHello::everything(Version::Tls12)
        }
    }

    /// Only SSLv2.
    pub fn sslv2() -> ClientHello {
        let empty = Vec::new;
        let (suites, groups, signatures) = (empty(), empty(), empty());
        ClientHello { version: Version::Ssl3, suites, groups, signatures, shape: HelloShape::Sslv2 }
    }

    /// Only TLS 1.3 with hybrid ML-KEM groups. A server that supports one selects it in a HelloRetryRequest. Other
    /// servers send an alert: `handshake_failure` (OpenSSL, rustls) or `unexpected_message` (Java).
    pub fn post_quantum() -> ClientHello {
        ClientHello { groups: GROUPS_POST_QUANTUM.to_vec(), ..ClientHello::everything(Version::Tls13) }
    }

    /// The offer of a current client without hybrid ML-KEM groups. It has fewer than 260 bytes if the host name has at
    /// most 60 characters, and fits into one packet with any host name.
    pub fn small() -> ClientHello {
        let modern = suites_where(|name| {
            name.starts_with("TLS_ECDHE_") && (name.contains("_GCM_") || name.contains("_CHACHA20_"))
        });
        ClientHello {
            version: Version::Tls13,
            suites: SUITES_13.iter().take(3).copied().chain(modern).collect(),
            groups: GROUPS_CURRENT.to_vec(),
            signatures: SIGNATURES_CURRENT.to_vec(),
            shape: HelloShape::Client,
        }
    }

    /// The same as [`ClientHello::small`], but hybrid ML-KEM groups come first, and the message is padded (RFC 7685) to
    /// more than 1500 bytes, as if it contained their key shares. If a server responds to [`ClientHello::small`] but
    /// not to this one, the server or a device on the network path cannot handle a ClientHello that is split into two
    /// packets.
    pub fn large() -> ClientHello {
        let groups = [GROUPS_POST_QUANTUM, GROUPS_CURRENT].concat();
        ClientHello { groups, shape: HelloShape::PaddedClient, ..ClientHello::small() }
    }

    /// The same ClientHello without the given cipher suites, to find out which one the server selects next.
    #[must_use]
    pub fn without_suites(&self, suites: &[u16]) -> ClientHello {
        ClientHello { suites: without(&self.suites, suites), ..self.clone() }
    }

    /// The same ClientHello without the given groups.
    #[must_use]
    pub fn without_groups(&self, groups: &[u16]) -> ClientHello {
        ClientHello { groups: without(&self.groups, groups), ..self.clone() }
    }

    /// The encoded records. If `sni` is not a DNS name, for example an IP address, no server name is sent (RFC 6066
    /// §3).
    ///
    /// In SSLv3, `TLS_EMPTY_RENEGOTIATION_INFO_SCSV` is added to the cipher suites, as RFC 5746 §3.3 requires for a
    /// ClientHello without extensions.
    pub fn bytes(&self, sni: Option<&str>, random: [u8; 32]) -> Vec<u8> {
        if self.shape == HelloShape::Sslv2 {
            return sslv2(random);
        }
        let message = self.message(sni, random);
        // RFC 8446 §5.1: the record version of the first ClientHello is TLS 1.0, for compatibility with old servers.
        let record_version: u16 = if self.version == Version::Ssl3 { 0x0300 } else { 0x0301 };
        let mut bytes = Vec::with_capacity(message.len() + 5);
        for fragment in message.chunks(MAX_FRAGMENT) {
            bytes.push(22);
            bytes.extend(record_version.to_be_bytes());
            bytes.extend(sized(2, fragment));
        }
        bytes
    }

    fn message(&self, sni: Option<&str>, random: [u8; 32]) -> Vec<u8> {
        let mut body = Vec::new();
        // RFC 8446 §4.1.2: since TLS 1.3 the version is in an extension, and this field contains TLS 1.2.
        body.extend(self.version.min(Version::Tls12).number().to_be_bytes());
        body.extend(random);
        body.extend(sized(1, &self.session(random)));
        let mut suites = words(&self.suites);
        if self.version == Version::Ssl3 {
            suites.extend([0x00, 0xFF]);
        }
        body.extend(sized(2, &suites));
        let asks_for_deflate = self.shape == HelloShape::Question && self.version < Version::Tls13;
        body.extend(sized(1, if asks_for_deflate { &[1, 0] } else { &[0] }));
        if self.version > Version::Ssl3 {
            let mut extensions = self.extensions(sni);
            // The message's type and length (4 bytes), and the length of the extensions (2 bytes).
            let size = 4 + body.len() + 2 + extensions.len();
            extensions.extend(self.padding(size));
            body.extend(sized(2, &extensions));
        }
        [vec![1], sized(3, &body)].concat()
    }

    /// RFC 8446 §D.4: a 32-byte session id makes the ClientHello look like a resumption, which middleboxes do not
    /// block. The value does not matter, so the reversed random bytes are used.
    fn session(&self, random: [u8; 32]) -> Vec<u8> {
        match self.version {
            Version::Ssl3 | Version::Tls10 | Version::Tls11 | Version::Tls12 => Vec::new(),
            Version::Tls13 => random.into_iter().rev().collect(),
        }
    }

    fn extensions(&self, sni: Option<&str>) -> Vec<u8> {
        let offers_13 = self.version == Version::Tls13;
        let offers_12 = self.version == Version::Tls12 || (offers_13 && self.shape != HelloShape::Question);
        let offers_old = offers_12 || self.version < Version::Tls12;
        let mut bytes = Vec::new();
        if let Some(name) = sni.and_then(server_name) {
            // RFC 6066 §3: a list of names with their type; 0 is a host name.
            bytes.extend(extension(0, &sized(2, &[vec![0], sized(2, name.as_bytes())].concat())));
        }
        if offers_old {
            // RFC 7627 §5.1: extended_master_secret.
            bytes.extend(extension(23, &[]));
            // RFC 5746 §3.4: renegotiation_info, empty in a first handshake.
            bytes.extend(extension(0xFF01, &[0]));
        }
        if offers_old && self.shape == HelloShape::Question {
            // RFC 7366 §2: encrypt_then_mac. A server confirms it only if the selected cipher suite uses CBC.
            bytes.extend(extension(22, &[]));
            // RFC 5077 §3.2 (obsolete, used until TLS 1.2): session_ticket, which states that the client accepts
            // tickets.
            bytes.extend(extension(35, &[]));
        }
        if !self.groups.is_empty() {
            bytes.extend(extension(10, &sized(2, &words(&self.groups))));
        }
        if offers_old {
            // RFC 8422 §5.1.2: ec_point_formats, uncompressed only.
            bytes.extend(extension(11, &[1, 0]));
            // RFC 6066 §8: status_request, which requests an OCSP response from any responder.
            bytes.extend(extension(5, &[1, 0, 0, 0, 0]));
        }
        if offers_12 || offers_13 {
            bytes.extend(extension(13, &sized(2, &words(&self.signatures))));
            if self.shape == HelloShape::Question && self.signatures != SIGNATURES {
                // RFC 8446 §4.2.3: signature_algorithms_cert. Only the server's key is tested, so the issuer of the
                // certificate may have used any signature scheme.
                bytes.extend(extension(50, &sized(2, &words(SIGNATURES))));
            }
        }
        if offers_13 {
            let versions: &[u8] = if offers_12 { &[3, 4, 3, 3] } else { &[3, 4] };
            bytes.extend(extension(43, &sized(1, versions)));
            // RFC 8446 §4.2.9: psk_key_exchange_modes, resumption only with a new key exchange.
            bytes.extend(extension(45, &[1, 1]));
            bytes.extend(extension(51, &sized(2, &[])));
        }
        bytes
    }

    /// The padding extension for a message of `size` bytes; empty if it needs none.
    fn padding(&self, size: usize) -> Vec<u8> {
        let wanted = match self.shape {
            HelloShape::PaddedClient if size < LARGE => LARGE,
            HelloShape::Question | HelloShape::Client | HelloShape::PaddedClient if (256..512).contains(&size) => 512,
            HelloShape::Question | HelloShape::Client | HelloShape::PaddedClient | HelloShape::Sslv2 => {
                return Vec::new();
            }
        };
        extension(21, &vec![0; wanted.saturating_sub(size + 4).max(1)])
    }
}

/// An SSLv2 CLIENT-HELLO: message type, version, three lengths, the cipher suites of three bytes each, an empty session
/// id and a challenge.
fn sslv2(random: [u8; 32]) -> Vec<u8> {
    // RC4 128, RC4 40, RC2 128, RC2 40, IDEA, DES, triple DES, all with MD5.
    const KINDS: [u32; 7] = [0x01_0080, 0x02_0080, 0x03_0080, 0x04_0080, 0x05_0080, 0x06_0040, 0x07_00C0];
    let suites: Vec<u8> = KINDS.iter().flat_map(|kind| kind.to_be_bytes().into_iter().skip(1)).collect();
    let challenge = random.get(..16).unwrap_or_default();
    let size = |part: &[u8]| (part.len() as u16).to_be_bytes();
    let body = [&[1, 0, 2][..], &size(&suites), &[0, 0], &size(challenge), &suites, challenge].concat();
    // The high bit means that the header has two bytes and that there is no padding.
    let length = (body.len() as u16 | 0x8000).to_be_bytes();
    [&length[..], &body].concat()
}

/// The host name in the form that RFC 6066 §3 allows: ASCII, without a trailing dot, and not an IP address.
fn server_name(text: &str) -> Option<String> {
    let host = Host::parse(text).ok()?;
    let name = host.name()?.ascii();
    // RFC 1035 §2.3.1, and underscores, which container names contain. If the last label has only digits, resolvers
    // interpret the name as an IPv4 address.
    let spelled = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let numeric = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    (spelled && !numeric).then(|| name.to_owned())
}

fn without(list: &[u16], gone: &[u16]) -> Vec<u16> {
    list.iter().filter(|id| !gone.contains(id)).copied().collect()
}

fn words(list: &[u16]) -> Vec<u8> {
    list.iter().take(MAX_OFFERED).flat_map(|word| word.to_be_bytes()).collect()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), sized(2, body)].concat()
}

/// Prefixes `body` with its length in `width` bytes. [`MAX_OFFERED`] limits the lists, so the length always fits.
fn sized(width: usize, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u64).to_be_bytes();
    length.into_iter().skip(8_usize.saturating_sub(width)).chain(body.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

    use proptest::prelude::{any, prop_assert_eq, proptest};
    use tls_parser::{
        TlsClientHelloContents, TlsExtension, TlsExtensionType, TlsMessage, TlsMessageHandshake, TlsVersion,
        parse_tls_client_hello_extensions, parse_tls_message_handshake, parse_tls_raw_record,
    };

    use super::{ClientHello, HelloShape, server_name};
    use crate::wire::tls::{Version, WeakClass, suite_name};

    const NAME: Option<&str> = Some("mx.example.net");

    /// The joined handshake message and the version of the records.
    fn unframed(mut bytes: &[u8]) -> (Vec<u8>, u16) {
        let (mut message, mut version) = (Vec::new(), 0);
        while !bytes.is_empty() {
            let (rest, record) = parse_tls_raw_record(bytes).expect("a record");
            assert_eq!(record.hdr.record_type.0, 22);
            version = record.hdr.version.0;
            message.extend_from_slice(record.data);
            bytes = rest;
        }
        (message, version)
    }

    fn with_parsed<R>(bytes: &[u8], look: impl FnOnce(&TlsClientHelloContents<'_>, &[TlsExtension<'_>]) -> R) -> R {
        let (message, _) = unframed(bytes);
        let (rest, parsed) = parse_tls_message_handshake(&message).expect("a message");
        assert!(rest.is_empty());
        let TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)) = parsed else { panic!("{parsed:?}") };
        let (rest, extensions) = parse_tls_client_hello_extensions(hello.ext.unwrap_or_default()).expect("extensions");
        assert!(rest.is_empty());
        look(&hello, &extensions)
    }

    fn all() -> Vec<ClientHello> {
        let mut all: Vec<ClientHello> = Version::ALL.map(ClientHello::everything).to_vec();
        all.extend([ClientHello::ecdsa_only(), ClientHello::rsa_only(), ClientHello::old_hashes()]);
        for version in [Version::Ssl3, Version::Tls10, Version::Tls12] {
            all.extend([ClientHello::static_rsa(version), ClientHello::weak(version, &[]), ClientHello::dhe(version)]);
            all.extend([ClientHello::fallback(version), ClientHello::rare(version)]);
        }
        all.push(ClientHello::ecdhe(Version::Tls12));
        all.extend([ClientHello::post_quantum(), ClientHello::small(), ClientHello::large()]);
        all
    }

    fn kinds(hello: &ClientHello) -> Vec<u16> {
        with_parsed(&hello.bytes(NAME, [7; 32]), |_, extensions| {
            extensions.iter().map(|extension| TlsExtensionType::from(extension).0).collect()
        })
    }

    #[test]
    fn the_encoded_hello_contains_exactly_the_offered_lists() {
        for offered in all() {
            with_parsed(&offered.bytes(NAME, [7; 32]), |hello, extensions| {
                let mut suites: Vec<u16> = hello.ciphers.iter().map(|suite| suite.0).collect();
                if offered.version == Version::Ssl3 {
                    assert_eq!(suites.pop(), Some(0x00FF));
                    assert_eq!(hello.ext, None);
                }
                assert_eq!(suites, offered.suites);
                assert_eq!(hello.version.0, offered.version.number().min(0x0303));
                assert_eq!(hello.random, [7; 32]);
                let methods: &[u8] = if offered.version < Version::Tls13 { &[1, 0] } else { &[0] };
                assert_eq!(hello.comp.iter().map(|method| method.0).collect::<Vec<_>>(), methods);
                assert_eq!(hello.session_id.is_some(), offered.version == Version::Tls13);
                for extension in extensions {
                    match extension {
                        TlsExtension::SNI(names) => assert_eq!(names[0].1, b"mx.example.net"),
                        TlsExtension::EllipticCurves(groups) => {
                            assert_eq!(groups.iter().map(|group| group.0).collect::<Vec<_>>(), offered.groups);
                        }
                        TlsExtension::SignatureAlgorithms(schemes) => assert_eq!(*schemes, offered.signatures),
                        TlsExtension::KeyShare(share) => assert_eq!(*share, [0, 0]),
                        _ => {}
                    }
                }
            });
        }
    }

    #[test]
    fn each_version_has_its_own_extensions_and_record_version() {
        let twelve = ClientHello::everything(Version::Tls12);
        assert_eq!(kinds(&twelve), [0, 23, 0xFF01, 22, 35, 10, 11, 5, 13, 21]);
        assert_eq!(kinds(&ClientHello::everything(Version::Tls10)), [0, 23, 0xFF01, 22, 35, 10, 11, 5, 21]);
        assert_eq!(kinds(&ClientHello::everything(Version::Tls13)), [0, 10, 13, 43, 45, 51]);
        assert_eq!(kinds(&ClientHello::small()), [0, 23, 0xFF01, 10, 11, 5, 13, 43, 45, 51]);
        assert_eq!(unframed(&twelve.bytes(NAME, [0; 32])).1, 0x0301);
        assert_eq!(unframed(&ClientHello::everything(Version::Ssl3).bytes(NAME, [0; 32])).1, 0x0300);
    }

    #[test]
    fn a_client_shape_offers_two_versions_and_a_question_shape_one() {
        let versions = |hello: ClientHello| {
            with_parsed(&hello.bytes(None, [0; 32]), |_, extensions| {
                extensions.iter().find_map(|extension| match extension {
                    TlsExtension::SupportedVersions(versions) => Some(versions.clone()),
                    _ => None,
                })
            })
        };
        assert_eq!(versions(ClientHello::small()), Some(vec![TlsVersion(0x0304), TlsVersion(0x0303)]));
        assert_eq!(versions(ClientHello::everything(Version::Tls12)), None);
        // A list with one version has two bytes, which the parser interprets as a server's extension.
        let alone = ClientHello::post_quantum().bytes(None, [0; 32]);
        assert!(alone.windows(7).any(|window| window == [0, 43, 0, 3, 2, 3, 4]));
    }

    #[test]
    fn hellos_have_their_intended_sizes_and_avoid_those_that_make_servers_hang() {
        let long = "a-rather-long-label-of-a-host-name.and-another-one-that-is-long.example-of-a-company.example";
        for name in [None, NAME, Some(&long[..60]), Some(long)] {
            let small = ClientHello::small().bytes(name, [0; 32]).len();
            assert!(small < if name.is_none_or(|name| name.len() <= 60) { 260 } else { 600 }, "{small} of {name:?}");
            assert!(ClientHello::large().bytes(name, [0; 32]).len() > 1500);
            for hello in all().iter().filter(|hello| hello.version > Version::Ssl3) {
                let (message, _) = unframed(&hello.bytes(name, [0; 32]));
                assert!(!(256..512).contains(&message.len()), "{} of {hello:?}", message.len());
            }
        }
        assert_eq!(ClientHello::large().without_groups(&[0x11EC, 0x11EB, 0x11ED]).groups, ClientHello::small().groups);
    }

    #[test]
    fn the_last_extension_is_never_empty() {
        for hello in all().iter().filter(|hello| hello.version > Version::Ssl3) {
            let last = kinds(hello).pop();
            assert!(!matches!(last, None | Some(0 | 23)), "{last:?} of {hello:?}");
        }
    }

    #[test]
    fn each_probe_offers_only_its_own_kind_of_suites() {
        let names = |hello: &ClientHello| hello.suites.iter().map(|&id| suite_name(id)).collect::<Vec<_>>();
        assert!(names(&ClientHello::ecdsa_only()).iter().all(|name| name.contains("_ECDSA_")));
        assert!(names(&ClientHello::rsa_only()).iter().all(|name| name.contains("_RSA_")));
        let static_rsa = ClientHello::static_rsa(Version::Tls12);
        assert!(names(&static_rsa).iter().all(|name| name.starts_with("TLS_RSA_")));
        let weak = ClientHello::weak(Version::Tls12, &[]);
        assert!(names(&weak).iter().all(|name| !name.contains("_AES_") || name.contains("_anon_")));
        let everything = ClientHello::everything(Version::Tls12);
        for hello in [
            ClientHello::ecdsa_only(),
            ClientHello::rsa_only(),
            static_rsa,
            weak.clone(),
            ClientHello::dhe(Version::Tls12),
        ] {
            assert!(hello.suites.len() > 14 && hello.suites.iter().all(|id| everything.suites.contains(id)));
            assert_eq!((hello.version, hello.shape), (Version::Tls12, HelloShape::Question));
        }
        let rest = everything.without_suites(&weak.suites);
        assert!(names(&rest).iter().all(|name| ["AES", "CHACHA", "CAMELLIA", "SEED"].iter().any(|c| name.contains(c))));
        // Only the server's key is tested; the certificate may be signed with any scheme.
        assert!(kinds(&ClientHello::ecdsa_only()).contains(&50) && !kinds(&everything).contains(&50));
    }

    #[test]
    fn a_known_weak_class_does_not_hide_others() {
        let names = |known: &[WeakClass]| {
            ClientHello::weak(Version::Tls12, known).suites.iter().map(|&id| suite_name(id)).collect::<Vec<_>>()
        };
        for class in WeakClass::ALL {
            assert!(names(&[]).iter().any(|name| class.has(name)), "{class}");
            let others: Vec<WeakClass> = WeakClass::ALL.into_iter().filter(|other| *other != class).collect();
            let alone = names(&others);
            assert!(!alone.is_empty() && alone.iter().all(|name| class.has(name)), "{class}: {alone:?}");
        }
        assert!(names(&WeakClass::ALL).is_empty());
        // A suite that also belongs to a known class is still offered because of its other class.
        assert!(names(&[WeakClass::Anonymous]).contains(&"TLS_DH_anon_WITH_RC4_128_MD5".to_owned()));
        assert!(
            ClientHello::static_rsa(Version::Tls12)
                .suites
                .iter()
                .all(|&id| WeakClass::of(&suite_name(id)).next().is_none())
        );
    }

    #[test]
    fn an_sslv2_hello_has_the_sslv2_format() {
        let bytes = ClientHello::sslv2().bytes(NAME, [7; 32]);
        assert_eq!(bytes.len(), 2 + 9 + 21 + 16);
        assert_eq!(bytes[..11], [0x80, 46, 1, 0, 2, 0, 21, 0, 0, 0, 16]);
        assert_eq!(bytes[11..17], [1, 0, 0x80, 2, 0, 0x80]);
        assert_eq!(bytes[32..], [7; 16]);
    }

    #[test]
    fn only_host_names_are_sent_as_server_name() {
        assert_eq!(server_name("MX.Example.NET."), Some("mx.example.net".to_owned()));
        assert_eq!(server_name("mail_relay"), Some("mail_relay".to_owned()));
        assert_eq!(server_name("bücher.example"), Some("xn--bcher-kva.example".to_owned()));
        for no in ["192.0.2.1", "2001:db8::1", "[2001:db8::1]", "127.1", "", ".", "a b", "a/b"] {
            assert_eq!(server_name(no), None, "{no}");
        }
        let without = ClientHello::small().bytes(None, [0; 32]);
        assert_eq!(ClientHello::small().bytes(Some("192.0.2.1"), [0; 32]), without);
    }

    proptest! {
        #[test]
        fn any_hello_is_encoded_as_complete_records(
            suites in proptest::collection::vec(any::<u16>(), 0..9000),
            groups in proptest::collection::vec(any::<u16>(), 0..9000),
            signatures in proptest::collection::vec(any::<u16>(), 0..9000),
            at in 0usize..5,
            shape in 0usize..3,
        ) {
            let shape = [HelloShape::Question, HelloShape::Client, HelloShape::PaddedClient][shape];
            let hello = ClientHello { version: Version::ALL[at], suites, groups, signatures, shape };
            let (message, _) = unframed(&hello.bytes(NAME, [1; 32]));
            let length = u32::from_be_bytes([0, message[1], message[2], message[3]]) as usize;
            prop_assert_eq!(length + 4, message.len());
        }
    }
}
