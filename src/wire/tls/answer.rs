//! A server's response to a ClientHello, and the facts in its handshake messages.
//!
//! The functions here receive complete messages without their header; [`crate::wire::tls::reader`] assembles them. A
//! ServerHello that cannot be parsed is a separate result. Later messages only add facts, so a later message that
//! cannot be parsed is ignored.

use serde::{Deserialize, Serialize};

use crate::wire::tls::fields::Fields;
use crate::wire::tls::{FirstBytes, Version, alert_name, group_name, scheme_name, suite_name};

/// The maximum number of certificates that are kept from a chain.
pub(crate) const MAX_CERTIFICATES: usize = 20;
/// The maximum total size of the certificates that are kept, in bytes.
pub(crate) const MAX_CERTIFICATE_BYTES: usize = 256 * 1024;
/// The maximum number of bytes of text that are kept if a peer does not use TLS.
pub const MAX_TEXT: usize = 64;

/// RFC 8446 §4.1.3: the random value that marks a ServerHello as a HelloRetryRequest (SHA-256 of "HelloRetryRequest").
const RETRY: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11,
    0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// A server's response to a [`crate::wire::tls::ClientHello`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "heard", rename_all = "kebab-case")]
pub enum TlsAnswer {
    /// A ServerHello or HelloRetryRequest, which have the same format: the server accepts part of the offer.
    ServerHello(ServerHello),
    /// An alert instead of a ServerHello: the server rejects the offer.
    Alert {
        /// The number of the alert's description (RFC 8446 §6).
        code: u8,
        /// The name of the description, as returned by [`crate::wire::tls::alert_name`].
        name: String,
    },
    /// An SSLv2 SERVER-HELLO.
    Sslv2,
    /// Bytes that are not TLS but another protocol, usually in plain text.
    NotTls {
        /// The protocol.
        kind: FirstBytes,
        /// The first line without its end, at most 64 bytes, with U+FFFD for invalid UTF-8.
        text: String,
    },
    /// TLS records with invalid contents.
    Malformed {
        /// The problem, as a lower-case phrase.
        why: String,
    },
}

/// The facts in a ServerHello and the messages after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerHello {
    /// The version that the server selected, from the supported_versions extension of TLS 1.3 if present.
    pub version: Version,
    /// The number of the cipher suite that the server selected.
    pub suite: u16,
    /// The IANA name of the cipher suite, or `0x....` if it has none.
    pub suite_name: String,
    /// The number of the group: in TLS 1.3, the group of the key share; in older versions, the named curve of an ECDHE
    /// key exchange.
    pub group: Option<u16>,
    /// The name of the group, as returned by [`crate::wire::tls::group_name`].
    pub group_name: Option<String>,
    /// Whether this is a HelloRetryRequest, in which the server selects a group and requests a key share for it.
    pub is_retry: bool,
    /// The downgrade marker of RFC 8446 §4.1.3, which means that the server supports a newer version than it selected.
    /// `1.2`: a server with TLS 1.3 selected TLS 1.2. `1.1`: a server with TLS 1.2 or later selected TLS 1.1 or older.
    /// If the client offered no newer version, the marker is expected. If the client offered a newer version, a device
    /// on the network path lowered the version. Not every server sets the marker.
    pub downgrade: Option<Version>,
    /// Whether the server supports secure renegotiation (RFC 5746). Always false in TLS 1.3, which has no
    /// renegotiation.
    pub secure_renegotiation: bool,
    /// Whether the extended master secret is used (RFC 7627). Always false in TLS 1.3, which does not need the
    /// extension.
    pub extended_master_secret: bool,
    /// Whether the server selected compression.
    pub compression: bool,
    /// Whether encrypt-then-MAC is used (RFC 7366), which applies only to CBC cipher suites. Always false in TLS 1.3.
    #[serde(default)]
    pub encrypt_then_mac: bool,
    /// Whether the server will send a session ticket (RFC 5077, obsolete). Always false in TLS 1.3, which announces
    /// tickets later.
    #[serde(default)]
    pub session_ticket: bool,
    /// Whether the server will send an OCSP response (RFC 6066 §8). Always false in TLS 1.3, where this is encrypted.
    #[serde(default)]
    pub ocsp_response: bool,
    /// The signature scheme of the key exchange, in TLS 1.2 with an ephemeral key.
    pub signature: Option<String>,
    /// The size of the prime in bits, if the key exchange is DHE.
    pub dh_bits: Option<u32>,
    /// Whether the server requested a client certificate. Known only before TLS 1.3, where the request is not
    /// encrypted.
    pub client_certificate_requested: bool,
    /// The chain as the server sent it, in DER format, leaf first. Known only before TLS 1.3. At most
    /// [`MAX_CERTIFICATES`] certificates and [`MAX_CERTIFICATE_BYTES`] bytes are kept.
    #[serde(skip)]
    pub certificates: Vec<Vec<u8>>,
}

impl TlsAnswer {
    pub(super) fn alert(code: u8) -> TlsAnswer {
        TlsAnswer::Alert { code, name: alert_name(code) }
    }

    pub(super) fn malformed(why: impl Into<String>) -> TlsAnswer {
        TlsAnswer::Malformed { why: why.into() }
    }

    /// The result for bytes that are not TLS: plain text, or an unknown protocol.
    pub(super) fn not_tls(bytes: &[u8]) -> TlsAnswer {
        let line = bytes.trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
        let mut text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        while text.len() > MAX_TEXT {
            text.pop();
        }
        TlsAnswer::NotTls { kind: FirstBytes::of(bytes), text }
    }
}

impl ServerHello {
    /// Parses the body of a ServerHello. The error is a phrase for [`TlsAnswer::Malformed`].
    pub(super) fn parse(body: &[u8]) -> Result<ServerHello, String> {
        let Parts { version: number, random, suite, compression, extensions } =
            Parts::parse(body).ok_or("a ServerHello that cannot be parsed")?;
        let extension = |kind: u16| extensions.iter().find(|(known, _)| *known == kind).map(|(_, body)| *body);
        // RFC 8446 §4.2.1: if the extension is present, only its value counts.
        let number = extension(43).and_then(first_word).unwrap_or(number);
        let version = Version::of(number).ok_or_else(|| format!("a ServerHello with version 0x{number:04X}"))?;
        let is_13 = version == Version::Tls13;
        // RFC 8446 §4.2.8: the group is the first field, both in a ServerHello and in a HelloRetryRequest.
        let group = extension(51).and_then(first_word).filter(|_| is_13);
        Ok(ServerHello {
            version,
            suite,
            suite_name: suite_name(suite),
            group,
            group_name: group.map(group_name),
            is_retry: is_13 && *random == RETRY,
            downgrade: downgrade(random).filter(|_| !is_13),
            secure_renegotiation: !is_13 && extension(0xFF01).is_some(),
            extended_master_secret: !is_13 && extension(23).is_some(),
            compression: compression != 0,
            encrypt_then_mac: !is_13 && extension(22).is_some(),
            session_ticket: !is_13 && extension(35).is_some(),
            ocsp_response: !is_13 && extension(5).is_some(),
            signature: None,
            dh_bits: None,
            client_certificate_requested: false,
            certificates: Vec::new(),
        })
    }

    /// Adds the facts in the body of a Certificate message.
    pub(super) fn certificate(&mut self, body: &[u8]) {
        let Some(list) = Fields(body).vector(3) else { return };
        let mut list = Fields(list);
        let mut kept = self.certificates.iter().map(Vec::len).sum::<usize>();
        while let Some(certificate) = list.vector(3) {
            kept += certificate.len();
            if self.certificates.len() == MAX_CERTIFICATES || kept > MAX_CERTIFICATE_BYTES {
                return;
            }
            self.certificates.push(certificate.to_vec());
        }
    }

    /// Adds the facts in the body of a ServerKeyExchange message. Its format depends on the cipher suite (RFC 5246
    /// §7.4.3, obsolete, and RFC 8422 §5.4).
    pub(super) fn key_exchange(&mut self, body: &[u8]) {
        let is_of = |families: &[&str]| families.iter().any(|family| self.suite_name.starts_with(family));
        let mut fields = Fields(body);
        if is_of(&["TLS_ECDHE_RSA_", "TLS_ECDHE_ECDSA_", "TLS_ECDH_anon_"]) {
            let Some((group, _point)) = named_curve(&mut fields) else { return };
            self.group = Some(group);
            self.group_name = Some(group_name(group));
        } else if is_of(&["TLS_DHE_RSA_", "TLS_DHE_DSS_", "TLS_DH_anon_"]) {
            let [Some(prime), Some(_generator), Some(_public)] = [(); 3].map(|()| fields.vector(2)) else { return };
            self.dh_bits = Some(bits(prime));
        } else {
            return;
        }
        // RFC 5246 §4.7 (obsolete): since TLS 1.2, a signature contains its scheme. If there is no certificate, there
        // is no signature.
        if self.version == Version::Tls12
            && !self.suite_name.contains("_anon_")
            && let Some((scheme, _signature)) = fields.word().zip(fields.vector(2))
        {
            self.signature = Some(scheme_name(scheme));
        }
    }
}

/// The fields of a ServerHello (RFC 8446 §4.1.3).
struct Parts<'a> {
    /// `legacy_version`, between SSLv3 and TLS 1.2.
    version: u16,
    random: &'a [u8; 32],
    suite: u16,
    compression: u8,
    /// The extensions that can be parsed, by type. Each body is parsed only where it is used, so that an invalid
    /// extension does not hide the others.
    extensions: Vec<(u16, &'a [u8])>,
}

impl<'a> Parts<'a> {
    fn parse(body: &'a [u8]) -> Option<Parts<'a>> {
        let mut fields = Fields(body);
        let version = fields.word().filter(|version| (0x0300..=0x0303).contains(version))?;
        let random = fields.array()?;
        let _session_id = fields.vector(1).filter(|id| id.len() <= 32)?;
        let suite = fields.word()?;
        let &[compression] = fields.array()?;
        // SSLv3 has no extensions, but RFC 5746 §3.6 adds one to the ServerHello if the client sent the SCSV. If the
        // length of the list is wrong, the extensions that are complete still count.
        let list = fields.vector(2).unwrap_or_else(|| fields.0.get(2..).unwrap_or_default());
        let mut list = Fields(list);
        let mut extensions = Vec::new();
        while let Some(extension) = list.word().zip(list.vector(2)) {
            extensions.push(extension);
        }
        Some(Parts { version, random, suite, compression, extensions })
    }
}

/// The number of the curve and the server's point. Returns `None` for a curve that is described by its parameters (RFC
/// 8422 §5.4 removed these).
fn named_curve<'a>(fields: &mut Fields<'a>) -> Option<(u16, &'a [u8])> {
    const NAMED_CURVE: u8 = 3;
    fields.array().filter(|&&[kind]| kind == NAMED_CURVE)?;
    fields.word().zip(fields.vector(1))
}

fn first_word(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|&word| u16::from_be_bytes(word))
}

/// RFC 8446 §4.1.3: the last eight bytes of the random are `DOWNGRD` and 1 or 0.
fn downgrade(random: &[u8]) -> Option<Version> {
    match random.last_chunk()? {
        b"DOWNGRD\x01" => Some(Version::Tls12),
        b"DOWNGRD\x00" => Some(Version::Tls11),
        _ => None,
    }
}

/// The length of a number in bits. The number has at most 65535 bytes.
fn bits(number: &[u8]) -> u32 {
    let significant = number.iter().skip_while(|&&byte| byte == 0).count() as u32;
    let first = number.iter().find(|&&byte| byte != 0).map_or(0, |byte| byte.leading_zeros());
    (significant * 8).saturating_sub(first)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

    use super::{MAX_CERTIFICATES, MAX_TEXT, RETRY, ServerHello, TlsAnswer, bits};
    use crate::wire::tls::{FirstBytes, Version};

    /// A ServerHello of TLS 1.2 with this random and these extensions.
    fn body(random: [u8; 32], extensions: &[u8]) -> Vec<u8> {
        let length = u16::try_from(extensions.len()).expect("short").to_be_bytes();
        [&[3, 3][..], &random, &[0, 0xC0, 0x30, 0], &length, extensions].concat()
    }

    #[test]
    fn the_downgrade_marker_is_recognised_before_tls_1_3_only() {
        let mut random = [9; 32];
        random[24..].copy_from_slice(b"DOWNGRD\x01");
        let hello = ServerHello::parse(&body(random, &[])).expect("a ServerHello");
        assert_eq!((hello.version, hello.downgrade), (Version::Tls12, Some(Version::Tls12)));
        let newer = ServerHello::parse(&body(random, &[0, 43, 0, 2, 3, 4])).expect("a ServerHello");
        assert_eq!((newer.version, newer.downgrade), (Version::Tls13, None));
        random[31] = 0;
        let older = ServerHello::parse(&body(random, &[])).expect("a ServerHello");
        assert_eq!(older.downgrade, Some(Version::Tls11));
    }

    #[test]
    fn an_invalid_extension_does_not_hide_the_next() {
        // An empty supported_groups, a GREASE value, then the extended master secret.
        let hello = ServerHello::parse(&body([1; 32], &[0, 10, 0, 0, 0x0A, 0x0A, 0, 1, 0, 0, 23, 0, 0]));
        assert!(hello.expect("a ServerHello").extended_master_secret);
    }

    #[test]
    fn features_are_recognised_by_their_extensions() {
        let hello = ServerHello::parse(&body([1; 32], &[0, 22, 0, 0, 0, 35, 0, 0, 0, 5, 0, 0])).expect("a ServerHello");
        assert!(hello.encrypt_then_mac && hello.session_ticket && hello.ocsp_response);
        let bare = ServerHello::parse(&body([1; 32], &[])).expect("a ServerHello");
        assert!(!bare.encrypt_then_mac && !bare.session_ticket && !bare.ocsp_response);
    }

    #[test]
    fn a_hello_retry_request_is_recognised_by_its_random_in_tls_1_3_only() {
        let retry = ServerHello::parse(&body(RETRY, &[0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0x11, 0xEC])).expect("whole");
        assert_eq!((retry.is_retry, retry.group_name.as_deref()), (true, Some("X25519MLKEM768")));
        assert!(!ServerHello::parse(&body(RETRY, &[])).expect("whole").is_retry);
    }

    #[test]
    fn a_draft_version_of_tls_1_3_is_not_accepted() {
        let why = ServerHello::parse(&body([1; 32], &[0, 43, 0, 2, 0x7F, 0x1C])).expect_err("a draft");
        assert_eq!(why, "a ServerHello with version 0x7F1C");
    }

    #[test]
    fn certificates_beyond_the_limit_are_left_out() {
        let mut hello = ServerHello::parse(&body([1; 32], &[])).expect("whole");
        let list: Vec<u8> = (0..50).flat_map(|_| [0, 0, 1, 0x30]).collect();
        hello.certificate(&[&[0, 0, 200][..], &list].concat());
        assert_eq!(hello.certificates.len(), MAX_CERTIFICATES);
        let mut hello = ServerHello::parse(&body([1; 32], &[])).expect("whole");
        let large = [&[4, 0, 3, 4, 0, 0][..], &vec![0; 0x04_0000]].concat();
        hello.certificate(&large);
        hello.certificate(&large);
        assert_eq!(hello.certificates.len(), 1);
    }

    #[test]
    fn leading_zeros_of_a_prime_do_not_count() {
        assert_eq!((bits(&[0, 0x80, 0]), bits(&[1]), bits(&[0, 0]), bits(&[])), (16, 1, 0, 0));
    }

    #[test]
    fn text_is_one_line_of_at_most_64_bytes() {
        let text = |bytes: &[u8]| match TlsAnswer::not_tls(bytes) {
            TlsAnswer::NotTls { kind, text } => (kind, text),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(b"220 mx ESMTP\r\n220 more"), (FirstBytes::Smtp, "220 mx ESMTP".to_owned()));
        assert!(text(&[0xFE; 64]).1.len() <= MAX_TEXT);
    }

    #[test]
    fn an_answer_in_a_report_is_complete_except_for_the_certificates() {
        let mut hello = ServerHello::parse(&body([1; 32], &[])).expect("whole");
        hello.certificates.push(vec![0x30]);
        let json = serde_json::to_value(TlsAnswer::ServerHello(hello.clone())).expect("json");
        assert_eq!((&json["heard"], &json["version"]), (&"server-hello".into(), &"1.2".into()));
        hello.certificates.clear();
        assert_eq!(serde_json::from_value::<TlsAnswer>(json).expect("the same"), TlsAnswer::ServerHello(hello));
        for answer in
            [TlsAnswer::Sslv2, TlsAnswer::alert(70), TlsAnswer::malformed("x"), TlsAnswer::not_tls(b"* OK\r\n")]
        {
            let json = serde_json::to_string(&answer).expect("json");
            assert_eq!(serde_json::from_str::<TlsAnswer>(&json).expect("the same"), answer);
        }
    }
}
