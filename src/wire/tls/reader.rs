//! Turns received bytes into one [`TlsAnswer`]: it parses records and the handshake messages in them, and decides when
//! the answer is complete.
//!
//! These rules apply:
//!
//! 1. Bytes that cannot be TLS are recognised from the first such byte. Text is recognised at the end of its
//!    first line, or after 64 bytes.
//! 2. A handshake message may span several records, and a record may contain several messages (RFC 8446 §5.1). Both
//!    cases are handled.
//! 3. With TLS 1.3, the ServerHello completes the answer, because all later messages are encrypted. With older
//!    versions, ServerHelloDone completes it.
//! 4. A fatal alert is the answer, unless a ServerHello arrived before it. In that case the ServerHello is the answer.
//! 5. Warnings before a ServerHello are skipped, because some servers send a warning about the server name (RFC 6066
//!    §3). If no other message follows, the last warning is the answer. `close_notify` is always the last message.
//! 6. Invalid bytes after a ServerHello end the parsing, but the ServerHello remains the answer.
//! 7. [`MAX_BYTES`], [`MAX_EMPTY`] and [`MAX_WARNINGS`] limit the memory and work that a peer can cause.
//!
//! The answer depends only on the bytes, not on how they were split into pieces.

use crate::wire::tls::answer::MAX_TEXT;
use crate::wire::tls::{ServerHello, TlsAnswer, Version};

/// The maximum number of bytes that are read.
pub(crate) const MAX_BYTES: usize = 512 * 1024;
/// The maximum number of empty records that are skipped.
pub(crate) const MAX_EMPTY: usize = 32;
/// The maximum number of warning alerts that are skipped.
pub(crate) const MAX_WARNINGS: usize = 16;
/// The maximum size of a record: 2^14 bytes of plaintext, and 2048 bytes that encryption may add before TLS 1.3.
const MAX_RECORD: usize = 16 * 1024 + 2048;

/// Parses the server's bytes until the answer is complete.
#[derive(Debug, Default)]
pub struct FlightReader {
    /// Bytes that do not form a complete record yet.
    pending: Vec<u8>,
    /// Bytes that do not form a complete handshake message yet.
    messages: Vec<u8>,
    received_bytes: usize,
    empty: usize,
    warnings: usize,
    warning: Option<u8>,
    hello: Option<ServerHello>,
    phase: ReaderState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ReaderState {
    /// It is not known yet whether the peer uses TLS.
    #[default]
    First,
    Records,
    /// The answer has been returned.
    Over,
}

/// The protocol that the first bytes indicate.
enum FirstRecord {
    Tls,
    Sslv2,
    Foreign,
}

impl FlightReader {
    /// Adds received bytes, in pieces of any size. Returns the answer once, as soon as it is complete. Later bytes are
    /// ignored.
    pub fn push(&mut self, bytes: &[u8]) -> Option<TlsAnswer> {
        if self.phase == ReaderState::Over {
            return None;
        }
        let taken = bytes.get(..MAX_BYTES.saturating_sub(self.received_bytes)).unwrap_or(bytes);
        self.received_bytes += taken.len();
        self.pending.extend_from_slice(taken);
        let mut answer = self.advance();
        if answer.is_none() && self.received_bytes == MAX_BYTES {
            answer = Some(self.best("more than 512 KiB without a complete message"));
        }
        if answer.is_some() {
            self.phase = ReaderState::Over;
        }
        answer
    }

    /// The best possible answer at the end of the stream or after the timeout: a ServerHello without the messages that
    /// should follow, the last warning, or text without a line ending. `None` if no bytes arrived or the answer was
    /// already returned.
    pub fn finish(mut self) -> Option<TlsAnswer> {
        match self.phase {
            ReaderState::First if self.pending.is_empty() => None,
            ReaderState::First => Some(TlsAnswer::not_tls(&self.pending)),
            ReaderState::Records => Some(self.best("TLS records that end before the ServerHello is complete")),
            ReaderState::Over => None,
        }
    }

    fn advance(&mut self) -> Option<TlsAnswer> {
        if self.phase == ReaderState::First {
            let mut heads = (1..=self.pending.len()).filter_map(|end| self.pending.get(..end));
            let (head, opening) = heads.find_map(|head| Some((head, opening(head)?)))?;
            match opening {
                FirstRecord::Tls => self.phase = ReaderState::Records,
                FirstRecord::Sslv2 => return Some(TlsAnswer::Sslv2),
                FirstRecord::Foreign => return Some(TlsAnswer::not_tls(head)),
            }
        }
        let pending = std::mem::take(&mut self.pending);
        let mut rest: &[u8] = &pending;
        while let [kind, major, _, high, low, body @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if !(0x14..=0x18).contains(kind) || *major != 3 || length > MAX_RECORD {
                return Some(self.best("bytes that are not a TLS record"));
            }
            let Some((body, after)) = body.split_at_checked(length) else { break };
            if let Some(answer) = self.record(*kind, body) {
                return Some(answer);
            }
            rest = after;
        }
        let used = pending.len() - rest.len();
        self.pending = pending;
        self.pending.drain(..used);
        None
    }

    fn record(&mut self, kind: u8, body: &[u8]) -> Option<TlsAnswer> {
        if body.is_empty() {
            self.empty += 1;
            return (self.empty > MAX_EMPTY).then(|| self.best("too many empty records"));
        }
        match kind {
            0x15 => body.chunks(2).find_map(|alert| self.alert(alert)),
            0x16 => self.handshake(body),
            0x14 => Some(self.best("ChangeCipherSpec before a ServerHello")),
            0x17 => Some(self.best("application data before a ServerHello")),
            _ => Some(self.best("a heartbeat before a ServerHello")),
        }
    }

    fn alert(&mut self, alert: &[u8]) -> Option<TlsAnswer> {
        let [level, code] = alert else {
            return Some(self.best("an incomplete alert"));
        };
        self.warning = Some(*code);
        self.warnings += 1;
        // RFC 8446 §6.1: close_notify has the level of a warning, and is the last message of the peer.
        let goes_on = *level == 1 && *code != 0 && self.warnings <= MAX_WARNINGS;
        (!goes_on).then(|| self.best("an alert"))
    }

    fn handshake(&mut self, fragment: &[u8]) -> Option<TlsAnswer> {
        let mut messages = std::mem::take(&mut self.messages);
        messages.extend_from_slice(fragment);
        let mut rest: &[u8] = &messages;
        while let [kind, high, middle, low, body @ ..] = rest {
            let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
            if length > MAX_BYTES {
                return Some(self.best("a handshake message that is longer than the limit"));
            }
            let Some((body, after)) = body.split_at_checked(length) else { break };
            if let Some(answer) = self.message(*kind, body) {
                return Some(answer);
            }
            rest = after;
        }
        let used = messages.len() - rest.len();
        self.messages = messages;
        self.messages.drain(..used);
        None
    }

    /// Processes one handshake message without its header (RFC 8446 §4; RFC 5246 §7.4, obsolete, for older versions).
    fn message(&mut self, kind: u8, body: &[u8]) -> Option<TlsAnswer> {
        match (kind, &mut self.hello) {
            // HelloRequest has no meaning during a handshake and is ignored.
            (0, _) => None,
            (2, None) => match ServerHello::parse(body) {
                Ok(hello) => {
                    let decides = hello.version == Version::Tls13;
                    self.hello = Some(hello);
                    decides.then(|| self.best("a ServerHello"))
                }
                Err(why) => Some(TlsAnswer::malformed(why)),
            },
            (_, None) => Some(TlsAnswer::malformed(format!("handshake message {kind} before a ServerHello"))),
            (11, Some(hello)) => {
                hello.certificate(body);
                None
            }
            (12, Some(hello)) => {
                hello.key_exchange(body);
                None
            }
            (13, Some(hello)) => {
                hello.client_certificate_requested = true;
                None
            }
            // ServerHelloDone, or a second ServerHello, which is invalid.
            (14 | 2, Some(_)) => Some(self.best("a ServerHello")),
            // The OCSP response, a session ticket, and unknown messages.
            (_, Some(_)) => None,
        }
    }

    /// The most informative answer so far: a ServerHello; otherwise, the last alert; otherwise, the problem `why`.
    fn best(&mut self, why: &str) -> TlsAnswer {
        match (self.hello.take(), self.warning) {
            (Some(hello), _) => TlsAnswer::ServerHello(hello),
            (None, Some(code)) => TlsAnswer::alert(code),
            (None, None) => TlsAnswer::malformed(why),
        }
    }
}

/// Recognises the protocol from the first bytes, if they are sufficient. For text, [`MAX_TEXT`] bytes after leading
/// white space are always sufficient.
fn opening(head: &[u8]) -> Option<FirstRecord> {
    match head {
        [] | [0x14..=0x18] => None,
        [0x14..=0x18, 3, ..] => Some(FirstRecord::Tls),
        // The constant fields of an SSLv2 SERVER-HELLO: type 4 and version 2.
        [0x80..=0xFF, fields @ ..] => match fields {
            [] | [_] | [_, 4] | [_, 4, _] | [_, 4, _, _] | [_, 4, _, _, 0] => None,
            [_, 4, _, _, 0, 2, ..] => Some(FirstRecord::Sslv2),
            _ => Some(FirstRecord::Foreign),
        },
        [b' '..=b'~' | b'\t' | b'\r' | b'\n', ..] => {
            let ends = head.trim_ascii_start().contains(&b'\n') || head.len() >= MAX_TEXT;
            ends.then_some(FirstRecord::Foreign)
        }
        _ => Some(FirstRecord::Foreign),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{FlightReader, MAX_BYTES, MAX_EMPTY, MAX_RECORD, MAX_WARNINGS};
    use crate::wire::tls::flights::{self, DHE, RETRY, RETRY_COOKIE, SSLV3, TLS10, TLS12};
    use crate::wire::tls::{FirstBytes, ServerHello, TlsAnswer, Version};

    const FLIGHTS: [&str; 6] = [TLS12, TLS10, DHE, RETRY, RETRY_COOKIE, SSLV3];
    const SSLV2: &[u8] = &[0x80, 0x2F, 4, 0, 1, 0, 2, 3, 0xE0, 0, 3, 0, 16];

    fn received(pieces: &[&[u8]]) -> Option<TlsAnswer> {
        let mut reader = FlightReader::default();
        pieces.iter().find_map(|piece| reader.push(piece)).or_else(|| reader.finish())
    }

    fn at_once(bytes: &[u8]) -> TlsAnswer {
        FlightReader::default().push(bytes).expect("decided without more")
    }

    fn hello(answer: TlsAnswer) -> ServerHello {
        match answer {
            TlsAnswer::ServerHello(hello) => hello,
            other => panic!("{other:?}"),
        }
    }

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).expect("short").to_be_bytes();
        [&[kind, 3, 3][..], &length, body].concat()
    }

    /// The records of a flight, each with type and body.
    fn records(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut found = Vec::new();
        while let [kind, _, _, high, low, rest @ ..] = bytes {
            let (body, after) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            found.push((*kind, body.to_vec()));
            bytes = after;
        }
        found
    }

    #[test]
    fn a_tls_1_2_flight_yields_all_clear_text_facts_and_a_leading_warning_is_skipped() {
        let hello = hello(at_once(&flights::bytes(TLS12)));
        assert_eq!((hello.version, hello.suite), (Version::Tls12, 0xC02C));
        assert_eq!(hello.suite_name, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
        assert_eq!((hello.group, hello.group_name.as_deref()), (Some(29), Some("X25519")));
        assert_eq!(hello.signature.as_deref(), Some("ecdsa_secp256r1_sha256"));
        assert!(hello.secure_renegotiation && hello.extended_master_secret && !hello.compression);
        assert!(!hello.is_retry && !hello.client_certificate_requested);
        assert_eq!((hello.downgrade, hello.dh_bits), (None, None));
        let subjects: Vec<String> = hello
            .certificates
            .iter()
            .map(|der| x509_parser::parse_x509_certificate(der).expect("whole").1.subject().to_string())
            .collect();
        assert_eq!(subjects, ["CN=mx.example.net"]);
    }

    #[test]
    fn a_tls_1_0_flight_has_a_curve_and_no_scheme() {
        let hello = hello(at_once(&flights::bytes(TLS10)));
        assert_eq!((hello.version, hello.group_name.as_deref()), (Version::Tls10, Some("X25519")));
        assert_eq!((hello.signature, hello.downgrade, hello.certificates.len()), (None, None, 1));
    }

    #[test]
    fn a_dhe_flight_yields_the_prime_size_the_downgrade_marker_and_the_certificate_request() {
        let hello = hello(at_once(&flights::bytes(DHE)));
        assert_eq!((hello.dh_bits, hello.group), (Some(1024), None));
        assert_eq!(hello.signature.as_deref(), Some("rsa_pss_rsae_sha256"));
        assert_eq!((hello.downgrade, hello.client_certificate_requested), (Some(Version::Tls12), true));
    }

    #[test]
    fn a_hello_retry_request_yields_the_group() {
        let retry = hello(at_once(&flights::bytes(RETRY)));
        assert_eq!((retry.version, retry.is_retry), (Version::Tls13, true));
        assert_eq!(retry.group_name.as_deref(), Some("X25519MLKEM768"));
        let retry = hello(at_once(&flights::bytes(RETRY_COOKIE)));
        assert_eq!((retry.is_retry, retry.group_name.as_deref()), (true, Some("X25519")));
    }

    #[test]
    fn an_sslv3_server_hello_is_the_answer_at_the_end_of_the_stream() {
        let mut reader = FlightReader::default();
        assert_eq!(reader.push(&flights::bytes(SSLV3)), None);
        let hello = hello(reader.finish().expect("a ServerHello was received"));
        assert_eq!((hello.version, hello.suite), (Version::Ssl3, 0x0039));
        assert!(hello.secure_renegotiation && !hello.extended_master_secret);
    }

    #[test]
    fn a_fatal_alert_is_the_answer_and_a_warning_only_if_it_is_the_last_message() {
        let alert = TlsAnswer::Alert { code: 70, name: "protocol_version".to_owned() };
        assert_eq!(at_once(&[0x15, 3, 1, 0, 2, 2, 70]), alert);
        assert_eq!(at_once(&[0x15, 3, 3, 0, 2, 1, 0]), TlsAnswer::alert(0));
        let mut reader = FlightReader::default();
        assert_eq!(reader.push(&[0x15, 3, 3, 0, 2, 1, 112]), None);
        assert_eq!(reader.finish(), Some(TlsAnswer::alert(112)));
        let storm = [0x15, 3, 3, 0, 2, 1, 112].repeat(MAX_WARNINGS + 1);
        assert_eq!(at_once(&storm), TlsAnswer::alert(112));
    }

    #[test]
    fn an_alert_after_a_server_hello_does_not_replace_it() {
        let mut bytes = flights::bytes(SSLV3);
        bytes.extend(record(0x15, &[2, 80]));
        assert_eq!(hello(at_once(&bytes)).version, Version::Ssl3);
    }

    #[test]
    fn other_protocols_are_recognised_and_their_first_line_is_kept() {
        let known: &[(&[u8], FirstBytes, &str)] = &[
            (b"220 mx ESMTP\r\n", FirstBytes::Smtp, "220 mx ESMTP"),
            (b"220-mx\r\n220 ESMTP\r\n", FirstBytes::Smtp, "220-mx"),
            (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n", FirstBytes::Http, "HTTP/1.1 400 Bad Request"),
            (b"* OK ready\r\n", FirstBytes::Imap, "* OK ready"),
            (b"SSH-2.0-OpenSSH_9.6\r\n", FirstBytes::Ssh, "SSH-2.0-OpenSSH_9.6"),
        ];
        for (bytes, kind, text) in known {
            assert_eq!(at_once(bytes), TlsAnswer::NotTls { kind: *kind, text: (*text).to_owned() });
        }
        let mut reader = FlightReader::default();
        assert_eq!(reader.push(b"220 mx"), None);
        let half = TlsAnswer::NotTls { kind: FirstBytes::Smtp, text: "220 mx".to_owned() };
        assert_eq!(reader.finish(), Some(half));
        assert!(matches!(at_once(&[b'x'; 64]), TlsAnswer::NotTls { kind: FirstBytes::Unknown, .. }));
        assert!(matches!(at_once(&[0, 1]), TlsAnswer::NotTls { kind: FirstBytes::Unknown, .. }));
    }

    #[test]
    fn sslv2_is_recognised_and_an_empty_stream_has_no_answer() {
        assert_eq!(at_once(SSLV2), TlsAnswer::Sslv2);
        assert_eq!(FlightReader::default().finish(), None);
        let mut reader = FlightReader::default();
        assert_eq!(reader.push(SSLV2), Some(TlsAnswer::Sslv2));
        assert_eq!((reader.push(b"more"), reader.finish()), (None, None));
    }

    #[test]
    fn invalid_records_are_malformed() {
        for bytes in [
            record(0x17, &[1, 2, 3]),
            record(0x14, &[1]),
            record(0x15, &[2]),
            record(0x16, &[2, 0, 0, 4, 3, 3, 0, 0]),
            record(0x16, &[14, 0, 0, 0]),
            record(0x16, &[11, 0xFF, 0xFF, 0xFF]),
            vec![0x16, 3, 3, 0xFF, 0xFF],
        ] {
            assert!(matches!(at_once(&bytes), TlsAnswer::Malformed { .. }), "{bytes:?}");
        }
        assert!(matches!(received(&[&[0x16, 3, 3, 0, 90]]), Some(TlsAnswer::Malformed { .. })));
    }

    #[test]
    fn the_number_of_empty_records_is_limited() {
        let storm = record(0x16, &[]).repeat(MAX_EMPTY + 1);
        assert_eq!(at_once(&storm), TlsAnswer::Malformed { why: "too many empty records".to_owned() });
    }

    #[test]
    fn a_flight_without_end_is_decided_at_the_limit_from_the_messages_so_far() {
        let mut reader = FlightReader::default();
        assert_eq!(reader.push(&flights::bytes(SSLV3)), None);
        // An endless sequence of session tickets.
        let noise = record(0x16, &[&[4, 0, 0x3F, 0][..], &vec![0; 0x3F00]].concat());
        let answers: Vec<TlsAnswer> = (0..100).filter_map(|_| reader.push(&noise)).collect();
        assert_eq!(answers.len(), 1);
        assert!(reader.received_bytes == MAX_BYTES && reader.pending.len() + reader.messages.len() < 2 * MAX_RECORD);
    }

    #[test]
    fn messages_are_independent_of_the_record_boundaries() {
        for flight in [TLS12, TLS10, DHE] {
            let bytes = flights::bytes(flight);
            let whole = at_once(&bytes);
            let joined: Vec<u8> =
                records(&bytes).into_iter().filter(|(kind, _)| *kind == 0x16).flat_map(|(_, body)| body).collect();
            assert_eq!(at_once(&record(0x16, &joined)), whole);
            let crumbs: Vec<u8> = joined.chunks(1).flat_map(|crumb| record(0x16, crumb)).collect();
            assert_eq!(at_once(&crumbs), whole);
        }
    }

    proptest! {
        #[test]
        fn any_split_of_the_same_bytes_gives_the_same_answer(
            which in 0usize..10,
            cuts in proptest::collection::vec(0usize..1200, 0..12),
        ) {
            let texts: [&[u8]; 4] = [b"220 mx ESMTP\r\n220 x", b"\r\n\r\nHTTP/1.1 400 no\r\n", SSLV2, &[0xEF, 0xBB, 0xBF, 0x32]];
            let bytes = FLIGHTS.get(which).map_or_else(|| texts[which - FLIGHTS.len()].to_vec(), |hex| flights::bytes(hex));
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = received(&[&bytes]);
            prop_assert_eq!(received(&pieces), whole.clone());
            prop_assert_eq!(received(&single), whole);
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_may_be_split_anywhere(
            lead in 0usize..4,
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let leads: [&[u8]; 4] = [&[], &[0x16, 3, 3, 0, 40, 2, 0, 0, 36, 3, 3], &[0x16, 3, 1], &[0x15, 3, 1, 0, 2, 1, 112]];
            let bytes = [leads[lead], &bytes].concat();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(received(&single), received(&[&bytes]));
        }

        #[test]
        fn a_corrupted_real_flight_never_panics_and_may_be_split_anywhere(
            which in 0usize..6,
            faults in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
            end in any::<proptest::sample::Index>(),
        ) {
            let mut bytes = flights::bytes(FLIGHTS[which]);
            for (at, fault) in faults {
                let at = at.index(bytes.len());
                bytes[at] = fault;
            }
            bytes.truncate(end.index(bytes.len()) + 1);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = received(&[&bytes]);
            prop_assert!(whole.is_some());
            prop_assert_eq!(received(&single), whole);
        }
    }
}
