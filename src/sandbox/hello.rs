//! Responses to a ClientHello, of kinds that current TLS libraries cannot send: old versions, weak cipher suites, a
//! downgraded version, an incomplete ServerHello. Such a handshake ends after the server's first flight.
//!
//! Only the parts of the ClientHello that the decision needs are parsed (RFC 8446 §4.1.2). If a ClientHello cannot be
//! parsed, the TLS library handles it. Read next: `acts`, which calls [`react`] before it starts the library.

use rustls::pki_types::CertificateDer;

/// The maximum size of a ClientHello record that is examined, in bytes.
pub(super) const MAX_HELLO: usize = 16 * 1024 + 5;

const TLS10: u16 = 0x0301;
const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

/// How a server responds to a ClientHello. Where a variant does not apply, the TLS library responds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloAnswer {
    /// The TLS library responds to every ClientHello.
    Library,
    /// Every ClientHello is rejected with this alert.
    Alert(u8),
    /// This version is the newest supported one (0x0300 is SSLv3, 0x0301 is TLS 1.0).
    OnlyUpTo(u16),
    /// Only TLS 1.2 with cipher suites that current clients do not offer.
    OnlyOldSuites,
    /// TLS 1.2 with the downgrade marker of a server that supports TLS 1.3 (RFC 8446 §4.1.3).
    Downgraded,
    /// The connection is closed after a ClientHello of more than this many bytes.
    UpTo(usize),
    /// A client that offers at most TLS 1.0 or 1.1 gets that version.
    OldToo,
    /// A client that offers at most TLS 1.0 or 1.1 gets that version, even if it signals a fallback (RFC 7507).
    OldTooUnguarded,
    /// A client that offers at most TLS 1.2 gets it without the extended master secret (RFC 7627).
    NoExtendedMasterSecret,
    /// A client that offers only weak cipher suites gets one of them.
    WeakToo,
    /// A client that offers at most TLS 1.2 gets it without secure renegotiation (RFC 5746).
    NoSecureRenegotiation,
    /// The first half of a ServerHello, then no more data.
    Half,
    /// Only TLS 1.2 with DHE and a prime of this many bits.
    OnlyDhe(usize),
    /// Only TLS 1.2 with ECDHE and this group.
    OnlyGroup(u16),
    /// Only TLS 1.2 with ECDHE and this signature scheme.
    OnlySignature(u16),
    /// A client that does not send this server name (SNI) is rejected with this alert.
    OnlyNamed(&'static str, u8),
}

/// The reaction to a ClientHello.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// The TLS library handles it.
    LeaveToLibrary,
    /// These bytes are sent; then the server waits until the client closes the connection.
    Send(Vec<u8>),
    /// The connection is closed.
    Close,
}

/// The parts of a ClientHello that the decision needs.
struct ClientOffer {
    highest: u16,
    suites: Vec<u16>,
    groups: Vec<u16>,
    signatures: Vec<u16>,
    name: Option<String>,
    bytes: usize,
}

/// Decides how to respond to a ClientHello. `hello` is its complete TLS record.
pub(super) fn react(answer: HelloAnswer, hello: &[u8], chain: &[CertificateDer<'_>]) -> Reaction {
    let Some(offer) = read(hello) else { return Reaction::LeaveToLibrary };
    let chosen = |version: u16, suite: u16, mark, renegotiation| {
        let extensions = HelloExtensions { renegotiation, has_master_secret: true };
        Reaction::Send(flight(version, suite, mark, extensions, chain))
    };
    let first_of = |list: &[u16]| list.iter().copied().find(|suite| offer.suites.contains(suite));
    let is_12 = offer.highest == TLS12;
    let is_old = (TLS10..TLS12).contains(&offer.highest);
    match answer {
        HelloAnswer::Library => Reaction::LeaveToLibrary,
        HelloAnswer::Alert(code) => Reaction::Send(alert(code)),
        HelloAnswer::OnlyUpTo(version) if offer.highest >= version => {
            let suite = if version < TLS10 { 0x0035 } else { 0xC013 };
            let suite = if offer.suites.contains(&suite) { suite } else { 0x0035 };
            chosen(version, suite, DowngradeMark::None, Renegotiation::Bound)
        }
        HelloAnswer::OnlyUpTo(_) => Reaction::Send(alert(PROTOCOL_VERSION)),
        HelloAnswer::OnlyOldSuites => {
            match [0x009D, 0x0035, 0x002F].into_iter().find(|suite| offer.suites.contains(suite)) {
                Some(suite) => chosen(offer.highest.min(TLS12), suite, DowngradeMark::None, Renegotiation::Bound),
                None => Reaction::Send(alert(HANDSHAKE_FAILURE)),
            }
        }
        HelloAnswer::Downgraded => {
            chosen(TLS12.min(offer.highest), 0xC02F, DowngradeMark::HasTls13, Renegotiation::Bound)
        }
        HelloAnswer::UpTo(bytes) if offer.bytes > bytes => Reaction::Close,
        HelloAnswer::UpTo(_) => Reaction::LeaveToLibrary,
        // RFC 7507 §3: the server supports a newer version, so the fallback is inappropriate.
        HelloAnswer::OldToo if is_old && offer.suites.contains(&FALLBACK) => {
            Reaction::Send(alert(INAPPROPRIATE_FALLBACK))
        }
        HelloAnswer::OldToo | HelloAnswer::OldTooUnguarded if is_old => match first_of(&[0xC013, 0x002F]) {
            Some(suite) => chosen(offer.highest, suite, DowngradeMark::None, Renegotiation::Bound),
            None => Reaction::Send(alert(HANDSHAKE_FAILURE)),
        },
        HelloAnswer::OldToo | HelloAnswer::OldTooUnguarded => Reaction::LeaveToLibrary,
        HelloAnswer::NoExtendedMasterSecret if is_12 => match first_of(STRONG) {
            Some(suite) => {
                let extensions = HelloExtensions { renegotiation: Renegotiation::Bound, has_master_secret: false };
                Reaction::Send(flight(TLS12, suite, DowngradeMark::None, extensions, chain))
            }
            None => Reaction::Send(alert(HANDSHAKE_FAILURE)),
        },
        HelloAnswer::NoExtendedMasterSecret => Reaction::LeaveToLibrary,
        HelloAnswer::WeakToo => match first_of(WEAK) {
            Some(suite) if is_12 && offer.suites.iter().all(|suite| !STRONG.contains(suite)) => {
                chosen(TLS12.min(offer.highest), suite, DowngradeMark::None, Renegotiation::Bound)
            }
            _ => Reaction::LeaveToLibrary,
        },
        HelloAnswer::NoSecureRenegotiation if offer.highest == TLS12 => {
            let suite = offer.suites.iter().copied().find(|suite| STRONG.contains(suite));
            match suite {
                Some(suite) => chosen(TLS12, suite, DowngradeMark::None, Renegotiation::Unbound),
                None => Reaction::Send(alert(HANDSHAKE_FAILURE)),
            }
        }
        HelloAnswer::NoSecureRenegotiation => Reaction::LeaveToLibrary,
        HelloAnswer::OnlyDhe(bits) if offer.suites.contains(&0x009E) && offer.highest >= TLS12 => {
            Reaction::Send(exchange(0x009E, &dhe_params(bits), 0x0804, chain))
        }
        HelloAnswer::OnlyGroup(group) if offer.groups.contains(&group) && offer.suites.contains(&0xC02F) => {
            Reaction::Send(exchange(0xC02F, &curve_params(group), 0x0804, chain))
        }
        HelloAnswer::OnlySignature(scheme) if offer.signatures.contains(&scheme) && offer.suites.contains(&0xC02B) => {
            Reaction::Send(exchange(0xC02B, &curve_params(23), scheme, chain))
        }
        HelloAnswer::OnlyDhe(_) | HelloAnswer::OnlyGroup(_) | HelloAnswer::OnlySignature(_) => {
            Reaction::Send(alert(HANDSHAKE_FAILURE))
        }
        HelloAnswer::OnlyNamed(name, _) if offer.name.as_deref() == Some(name) => Reaction::LeaveToLibrary,
        HelloAnswer::OnlyNamed(_, code) => Reaction::Send(alert(code)),
        HelloAnswer::Half => {
            let extensions = HelloExtensions { renegotiation: Renegotiation::Bound, has_master_secret: true };
            let whole = flight(TLS12, 0xC02F, DowngradeMark::None, extensions, chain);
            Reaction::Send(whole.get(..40).unwrap_or(&whole).to_vec())
        }
    }
}

const PROTOCOL_VERSION: u8 = 70;
const HANDSHAKE_FAILURE: u8 = 40;
const INAPPROPRIATE_FALLBACK: u8 = 86;
/// TLS_FALLBACK_SCSV (RFC 7507).
const FALLBACK: u16 = 0x5600;
/// Anonymous, 3DES, RC4, export and NULL cipher suites, most preferred first. A client finds a less preferred suite
/// only if it does not offer the suites before it.
const WEAK: &[u16] = &[0x0034, 0xC012, 0x000A, 0x0005, 0xC011, 0x0003, 0x0002];
/// ECDHE with AES-GCM, and the other cipher suites of current clients.
const STRONG: &[u16] = &[0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA8, 0xCCA9, 0x009C, 0x009D, 0x1301, 0x1302, 0x1303];

#[derive(Clone, Copy, PartialEq, Eq)]
enum DowngradeMark {
    None,
    /// The last eight bytes of the server random, which signal that the server supports TLS 1.3 (RFC 8446 §4.1.3).
    HasTls13,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Renegotiation {
    /// The ServerHello contains the renegotiation_info extension (RFC 5746 §3.6).
    Bound,
    /// It does not contain the extension.
    Unbound,
}

/// Extensions of a ServerHello.
#[derive(Clone, Copy)]
struct HelloExtensions {
    renegotiation: Renegotiation,
    /// Whether the extended master secret is included (RFC 7627).
    has_master_secret: bool,
}

/// A fatal alert.
pub(super) fn alert(code: u8) -> Vec<u8> {
    vec![21, 3, 3, 0, 2, 2, code]
}

/// A TLS 1.2 flight with a ServerKeyExchange (RFC 5246 §7.4.3, obsolete). The signature is invalid, which is sufficient
/// because smtpcheck's follow-up probes do not verify it.
fn exchange(suite: u16, params: &[u8], scheme: u16, chain: &[CertificateDer<'_>]) -> Vec<u8> {
    let extensions = HelloExtensions { renegotiation: Renegotiation::Bound, has_master_secret: true };
    let flight = flight(TLS12, suite, DowngradeMark::None, extensions, chain);
    let body = [params, &scheme.to_be_bytes(), &[0, 4, 1, 2, 3, 4]].concat();
    let done = record(TLS12, &message(14, &[]));
    let before = flight.len().saturating_sub(done.len());
    [flight.get(..before).unwrap_or_default(), &record(TLS12, &message(12, &body)), &done].concat()
}

/// DHE parameters: a prime of this many bits (the value is not a real prime), the generator 2, and a public value.
fn dhe_params(bits: usize) -> Vec<u8> {
    let length = u16::try_from(bits / 8).unwrap_or(0).to_be_bytes();
    [&length, vec![0xFF; bits / 8].as_slice(), &[0, 1, 2], &[0, 1, 4]].concat()
}

/// ECDHE parameters: a named curve (RFC 8422 §5.4) with an invalid point.
fn curve_params(group: u16) -> Vec<u8> {
    [&[3][..], &group.to_be_bytes(), &[32], &[9; 32]].concat()
}

/// ServerHello, Certificate and ServerHelloDone: the server's first flight before TLS 1.3, which is not encrypted.
fn flight(
    version: u16,
    suite: u16,
    mark: DowngradeMark,
    extensions: HelloExtensions,
    chain: &[CertificateDer<'_>],
) -> Vec<u8> {
    let mut random = *b"a sandbox has nothing to hide...";
    if mark == DowngradeMark::HasTls13 {
        random.iter_mut().rev().zip(b"DOWNGRD\x01".iter().rev()).for_each(|(byte, sign)| *byte = *sign);
    }
    let mut hello = version.to_be_bytes().to_vec();
    hello.extend_from_slice(&random);
    hello.push(0);
    hello.extend_from_slice(&suite.to_be_bytes());
    hello.push(0);
    let mut added = Vec::new();
    if extensions.renegotiation == Renegotiation::Bound {
        added.extend_from_slice(&[0xFF, 0x01, 0, 1, 0]);
    }
    if extensions.has_master_secret && version >= TLS10 {
        added.extend_from_slice(&[0, 23, 0, 0]);
    }
    if !added.is_empty() {
        hello.extend_from_slice(&u16::try_from(added.len()).unwrap_or(0).to_be_bytes());
        hello.extend_from_slice(&added);
    }
    let mut list = Vec::new();
    for der in chain {
        list.extend_from_slice(&three(der.len()));
        list.extend_from_slice(der);
    }
    let certificate = [three(list.len()).to_vec(), list].concat();
    [
        record(version, &message(2, &hello)),
        record(version, &message(11, &certificate)),
        record(version, &message(14, &[])),
    ]
    .concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &three(body.len()), body].concat()
}

/// Splits a handshake message into records of at most 2^14 bytes (RFC 8446 §5.1).
fn record(version: u16, message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in message.chunks(16 * 1024) {
        bytes.push(22);
        bytes.extend_from_slice(&version.to_be_bytes());
        bytes.extend_from_slice(&u16::try_from(piece.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(piece);
    }
    bytes
}

fn three(length: usize) -> [u8; 3] {
    let [.., a, b, c] = length.to_be_bytes();
    [a, b, c]
}

/// Reads bytes received from the client. Every method returns `None` if too few bytes are left.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn vector(&mut self, length_bytes: usize) -> Option<&'a [u8]> {
        let length = self.number(length_bytes)?;
        self.take(length)
    }
}

/// The length of the TLS record at the start of `bytes`: `None` if its header is incomplete, `Err` if it is not TLS.
pub(super) fn record_length(bytes: &[u8]) -> Result<Option<usize>, ()> {
    match bytes {
        [22, 3, _, high, low, ..] => Ok(Some(5 + usize::from(u16::from_be_bytes([*high, *low])))),
        [] | [22] | [22, 3] | [22, 3, _] | [22, 3, _, _] => Ok(None),
        _ => Err(()),
    }
}

fn read(hello: &[u8]) -> Option<ClientOffer> {
    let mut record = Cursor(hello);
    record.take(5)?;
    let mut message = Cursor(record.0);
    (message.number(1)? == 1).then_some(())?;
    let mut body = Cursor(message.vector(3).unwrap_or(message.0));
    let mut highest = u16::try_from(body.number(2)?).ok()?;
    body.take(32)?;
    body.vector(1)?;
    let suites = body.vector(2)?.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
    let suites: Vec<u16> = suites.collect();
    body.vector(1)?;
    let (mut groups, mut signatures, mut name) = (Vec::new(), Vec::new(), None);
    let mut extensions = Cursor(body.vector(2).unwrap_or_default());
    while let (Some(kind), Some(content)) = (extensions.number(2), extensions.vector(2)) {
        // server_name (RFC 6066 §3): one host name in a list of one.
        if kind == 0 {
            let mut list = Cursor(content);
            list.take(3);
            name = list.vector(2).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        }
        if kind == 10 || kind == 13 {
            let list = Cursor(content).vector(2).unwrap_or_default().chunks_exact(2);
            let words = list.filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?))).collect();
            if kind == 10 { groups = words } else { signatures = words }
        }
        // supported_versions (RFC 8446 §4.2.1): TLS 1.3 is offered only in this extension.
        if kind == 43 {
            let mut content = Cursor(content);
            let versions = content.vector(1)?.chunks_exact(2);
            let versions = versions.filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
            highest = versions.filter(|version| *version <= TLS13).max().unwrap_or(highest);
        }
    }
    Some(ClientOffer { highest, suites, groups, signatures, name, bytes: hello.len() })
}

#[cfg(test)]
mod tests {
    use super::{HelloAnswer, Reaction, TLS12, TLS13, react, read, record_length};
    use crate::wire::tls::{self, ClientHello, FlightReader, Version};

    fn bytes(hello: &ClientHello) -> Vec<u8> {
        hello.bytes(None, [7; 32])
    }

    fn received(answer: HelloAnswer, hello: &ClientHello) -> Option<tls::TlsAnswer> {
        match react(answer, &bytes(hello), &[]) {
            Reaction::Send(bytes) => FlightReader::default().push(&bytes),
            Reaction::Close | Reaction::LeaveToLibrary => None,
        }
    }

    #[test]
    fn the_offer_in_a_client_hello_is_parsed() {
        let modern = read(&bytes(&ClientHello::small())).expect("a ClientHello");
        assert_eq!((modern.highest, modern.suites.contains(&0x1301)), (TLS13, true));
        assert_eq!(read(&bytes(&ClientHello::everything(Version::Tls12))).map(|offer| offer.highest), Some(TLS12));
        assert_eq!(record_length(&bytes(&ClientHello::small())), Ok(Some(bytes(&ClientHello::small()).len())));
        assert_eq!(record_length(b"EHLO"), Err(()));
        assert!(read(b"\x16\x03\x01\x00\x02\x01\x00").is_none());
    }

    #[test]
    fn the_parser_of_the_checker_reads_every_response() {
        let accepted = |answer, hello: &ClientHello| match received(answer, hello) {
            Some(tls::TlsAnswer::ServerHello(taken)) => Some((taken.version, taken.suite_name.clone(), taken)),
            _ => None,
        };
        let old = ClientHello::everything(Version::Tls10);
        assert_eq!(accepted(HelloAnswer::OnlyUpTo(0x0301), &old).map(|taken| taken.0), Some(Version::Tls10));
        assert_eq!(
            accepted(HelloAnswer::OnlyUpTo(0x0300), &ClientHello::everything(Version::Ssl3)).map(|taken| taken.0),
            Some(Version::Ssl3)
        );
        assert!(accepted(HelloAnswer::OldToo, &ClientHello::everything(Version::Tls11)).is_some());
        assert_eq!(react(HelloAnswer::OldToo, &bytes(&ClientHello::small()), &[]), Reaction::LeaveToLibrary);
        let weak = accepted(HelloAnswer::WeakToo, &ClientHello::weak(Version::Tls12, &[]))
            .map(|taken| taken.1)
            .unwrap_or_default();
        assert!(weak.contains("_anon_"), "{weak}");
        let fallback = ClientHello::fallback(Version::Tls11);
        assert!(matches!(received(HelloAnswer::OldToo, &fallback), Some(tls::TlsAnswer::Alert { code: 86, .. })));
        assert!(accepted(HelloAnswer::OldTooUnguarded, &fallback).is_some());
        let (_, _, bare) =
            accepted(HelloAnswer::NoExtendedMasterSecret, &ClientHello::rsa_only()).expect("a ServerHello");
        assert!(!bare.extended_master_secret && bare.secure_renegotiation);
        let (_, _, lowered) = accepted(HelloAnswer::Downgraded, &ClientHello::small()).expect("a ServerHello");
        assert_eq!(lowered.downgrade, Some(Version::Tls12));
        let (_, _, unbound) =
            accepted(HelloAnswer::NoSecureRenegotiation, &ClientHello::rsa_only()).expect("a ServerHello");
        assert!(!unbound.secure_renegotiation);
        let dhe =
            accepted(HelloAnswer::OnlyDhe(1024), &ClientHello::everything(Version::Tls12)).expect("a ServerHello").2;
        assert_eq!((dhe.dh_bits, dhe.signature.as_deref()), (Some(1024), Some("rsa_pss_rsae_sha256")));
        let curve =
            accepted(HelloAnswer::OnlyGroup(25), &ClientHello::everything(Version::Tls12)).expect("a ServerHello").2;
        assert_eq!(curve.group, Some(25));
        let signed = accepted(HelloAnswer::OnlySignature(0x0808), &ClientHello::everything(Version::Tls12));
        assert_eq!(signed.expect("a ServerHello").2.signature.as_deref(), Some("ed448"));
        let named = |sni| react(HelloAnswer::OnlyNamed("a.test", 112), &ClientHello::small().bytes(sni, [7; 32]), &[]);
        assert_eq!(named(Some("a.test")), Reaction::LeaveToLibrary);
        assert_eq!(
            (named(None), named(Some("b.test"))),
            (Reaction::Send(super::alert(112)), Reaction::Send(super::alert(112)))
        );
        assert_eq!(react(HelloAnswer::UpTo(600), &bytes(&ClientHello::large()), &[]), Reaction::Close);
        assert!(matches!(received(HelloAnswer::Alert(80), &old), Some(tls::TlsAnswer::Alert { code: 80, .. })));
        assert_eq!(received(HelloAnswer::Half, &old), None);
    }
}
