//! Recognises a protocol by the first bytes that a peer sends. Used where TLS or a greeting was expected.
//!
//! The caller decides whether the protocol is correct for the port. Text is recognised by its first line, which may be
//! incomplete. Too few bytes result in [`FirstBytes::Unknown`]; the result may change when more bytes arrive.

use serde::{Deserialize, Serialize};

/// The protocol that the first bytes of a peer belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FirstBytes {
    /// An SMTP reply code, 2yz to 5yz, followed by a space, a hyphen or the end of the line. LMTP looks the same.
    Smtp,
    /// An untagged IMAP response: `* OK`, `* PREAUTH`, `* BYE`, `* BAD`, `* NO`.
    Imap,
    /// POP3: `+OK` or `-ERR`.
    Pop3,
    /// SSH: `SSH-`.
    Ssh,
    /// `HTTP/`, or an HTML page without a status line, which web servers send in response to an invalid request.
    Http,
    /// A reply code and a line that contains FTP (RFC 959 §4.2) but not SMTP.
    Ftp,
    /// `200` or `201`, the greeting of a news server (RFC 3977 §5.1), which no SMTP server sends.
    Nntp,
    /// A TLS record of type handshake.
    TlsHandshake,
    /// A TLS record of type alert.
    TlsAlert,
    /// An SSLv2 SERVER-HELLO.
    Sslv2,
    /// Another protocol, or too few bytes to recognise one.
    Unknown,
}

impl FirstBytes {
    /// Returns the protocol of the bytes received so far. Only the first line is examined.
    pub fn of(bytes: &[u8]) -> FirstBytes {
        match bytes {
            // RFC 8446 §5.1: the content type, then a legacy version whose first byte is 3 in all versions since SSL
            // 3.0.
            [0x16, 3, ..] => FirstBytes::TlsHandshake,
            [0x15, 3, ..] => FirstBytes::TlsAlert,
            // Two length bytes with the high bit set, message type 4, session flag, certificate type, version 2.
            [0x80..=0xFF, _, 4, _, _, 0, 2, ..] => FirstBytes::Sslv2,
            _ => text(bytes),
        }
    }

    /// Whether this is a TLS record. An SSLv2 message is not.
    pub fn is_tls(self) -> bool {
        matches!(self, FirstBytes::TlsHandshake | FirstBytes::TlsAlert)
    }
}

fn text(bytes: &[u8]) -> FirstBytes {
    let line = bytes.trim_ascii_start().split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    if begins(&["ssh-"]) {
        FirstBytes::Ssh
    } else if begins(&["http/", "<html", "<!doctype html", "<head"]) {
        FirstBytes::Http
    } else if begins(&["* ok", "* preauth", "* bye", "* bad", "* no"]) {
        FirstBytes::Imap
    } else if begins(&["+ok", "-err"]) {
        FirstBytes::Pop3
    } else if !is_reply(line.as_bytes()) {
        FirstBytes::Unknown
    } else if begins(&["200", "201"]) {
        FirstBytes::Nntp
    } else if (line.contains("ftp") && !line.contains("smtp")) || line.contains("filezilla") {
        FirstBytes::Ftp
    } else {
        FirstBytes::Smtp
    }
}

/// RFC 5321 §4.2: three digits, the first from 2 to 5, followed by a space, a hyphen or the end of the line.
fn is_reply(line: &[u8]) -> bool {
    match line.trim_ascii_end() {
        [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', rest @ ..] => matches!(rest, [] | [b' ' | b'-', ..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::FirstBytes;

    #[test]
    fn each_protocol_is_recognised_by_its_first_bytes() {
        let known: &[(&[u8], FirstBytes)] = &[
            (b"220 mx.example.net ESMTP\r\n", FirstBytes::Smtp),
            (b"220-mx.example.net\r\n220 ready\r\n", FirstBytes::Smtp),
            (b"454 4.7.0 TLS not available\r\n", FirstBytes::Smtp),
            (b"500\r\n", FirstBytes::Smtp),
            (b"220 mx.example.net ESMTP, no ftp here\r\n", FirstBytes::Smtp),
            (b"\r\n220 late\r\n", FirstBytes::Smtp),
            (b"220 ProFTPD Server ready\r\n", FirstBytes::Ftp),
            (b"220-FileZilla Server 1.8\r\n", FirstBytes::Ftp),
            (b"200 news.example.net InterNetNews ready\r\n", FirstBytes::Nntp),
            (b"201 read only\r\n", FirstBytes::Nntp),
            (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", FirstBytes::Imap),
            (b"* BYE too many\r\n", FirstBytes::Imap),
            (b"+OK POP3 ready\r\n", FirstBytes::Pop3),
            (b"-ERR no\r\n", FirstBytes::Pop3),
            (b"SSH-2.0-OpenSSH_9.6\r\n", FirstBytes::Ssh),
            (b"HTTP/1.1 400 Bad Request\r\n", FirstBytes::Http),
            (b"<!DOCTYPE HTML PUBLIC", FirstBytes::Http),
            (&[0x16, 3, 3, 0, 0x7A, 2], FirstBytes::TlsHandshake),
            (&[0x15, 3, 1, 0, 2, 2, 70], FirstBytes::TlsAlert),
            (&[0x80, 0x2F, 4, 0, 1, 0, 2, 3, 0xE0], FirstBytes::Sslv2),
            (b"", FirstBytes::Unknown),
            (&[0x16], FirstBytes::Unknown),
            (&[0xFF, 0xFB, 1], FirstBytes::Unknown),
            (b"2200 no reply\r\n", FirstBytes::Unknown),
            (b"hello\r\n", FirstBytes::Unknown),
        ];
        for (bytes, kind) in known {
            assert_eq!(FirstBytes::of(bytes), *kind, "{}", String::from_utf8_lossy(bytes));
        }
        assert!(FirstBytes::TlsAlert.is_tls() && !FirstBytes::Sslv2.is_tls() && !FirstBytes::Smtp.is_tls());
    }
}
