//! The parameters that common TLS clients offer by default, and those that they reject. Each client has one row, which
//! names its source. "Measured" means that a handshake of this client was tested with a suitably configured server
//! (`tests/real/with_odd_tls.rs` repeats some of these tests).
//!
//! Rows describe the defaults of the library. A program or a system-wide policy can be stricter or less strict. For
//! example, Postfix sets OpenSSL's security level to 0 if TLS is opportunistic.

use serde::{Deserialize, Serialize};

use crate::wire::tls::Version;

/// One client, by its TLS library.
#[derive(Debug)]
pub(crate) struct TlsClient {
    /// The library with its version.
    pub(crate) name: &'static str,
    /// Programs that use the library.
    pub(crate) programs: &'static str,
    /// The oldest TLS version that the client offers.
    pub(crate) least: Version,
    /// Whether old releases of the client offer older TLS versions.
    pub(crate) older_versions: Has,
    /// Whether the client requires renegotiation_info in TLS 1.2 (RFC 5746 §4.1 leaves this to the client).
    pub(crate) needs_renegotiation_info: bool,
    /// The size in bits of the shortest DHE prime that the client accepts; none if it does not offer DHE.
    pub(crate) shortest_prime: Option<u32>,
    pub(crate) static_rsa: Has,
    /// AES-CBC with HMAC-SHA1.
    pub(crate) cbc_sha1: Has,
    /// AES-CBC with HMAC-SHA256 or HMAC-SHA384.
    pub(crate) cbc_sha2: Has,
    pub(crate) groups: &'static [u16],
    /// Signatures with SHA-1 in the handshake.
    pub(crate) sha1: Has,
    /// Certificates with an Ed448 key.
    pub(crate) ed448: Has,
    /// Certificates whose key is for RSA-PSS only.
    pub(crate) pss_key: Has,
    pub(crate) words: Words,
    /// The source of the row.
    #[cfg_attr(not(test), expect(dead_code, reason = "documentation; a test checks that each row has a source"))]
    pub(crate) source: &'static str,
}

/// Whether a client supports a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Has {
    Yes,
    No,
    /// Only versions up to this one support it.
    Until(&'static str),
    /// It is not documented.
    Unknown,
}

/// The reason why a client does not connect to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Obstacle {
    /// The server's newest TLS version is too old.
    Version,
    /// The client does not offer the server's cipher suite.
    CipherSuite,
    /// The Diffie-Hellman prime is too short.
    DhPrime,
    /// The client does not offer the server's key exchange group.
    Group,
    /// The client does not support the certificate's key type, or the signature.
    KeyOrSignature,
    /// In TLS 1.2, the server does not send renegotiation_info.
    RenegotiationInfo,
}

/// The client's error messages.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) version: &'static str,
    /// The client and the server have no suite, group or signature in common.
    pub(crate) nothing_in_common: &'static str,
    pub(crate) prime: &'static str,
    pub(crate) renegotiation: &'static str,
}

impl TlsClient {
    /// The client's error message for an obstacle.
    pub(crate) fn words(&self, obstacle: Obstacle) -> &'static str {
        match obstacle {
            Obstacle::Version => self.words.version,
            Obstacle::CipherSuite | Obstacle::Group | Obstacle::KeyOrSignature => self.words.nothing_in_common,
            Obstacle::DhPrime => self.words.prime,
            Obstacle::RenegotiationInfo => self.words.renegotiation,
        }
    }
}

const X25519: u16 = 29;
const P256: u16 = 23;
const P384: u16 = 24;
const P521: u16 = 25;
const X448: u16 = 30;
const FFDHE: [u16; 5] = [0x0100, 0x0101, 0x0102, 0x0103, 0x0104];
const X25519_MLKEM: u16 = 0x11EC;
const ALL_GROUPS: &[u16] =
    &[X25519, P256, P384, P521, X448, FFDHE[0], FFDHE[1], FFDHE[2], FFDHE[3], FFDHE[4], X25519_MLKEM];

/// All clients. The first client is smtpcheck's own TLS library.
pub(crate) static CLIENTS: &[TlsClient] = &[
    TlsClient {
        name: "rustls",
        programs: "smtpcheck, Stalwart, lettre",
        least: Version::Tls12,
        older_versions: Has::No,
        needs_renegotiation_info: false,
        shortest_prime: None,
        static_rsa: Has::No,
        cbc_sha1: Has::No,
        cbc_sha2: Has::No,
        groups: &[X25519, P256, P384, X25519_MLKEM],
        sha1: Has::No,
        ed448: Has::No,
        pss_key: Has::No,
        words: Words {
            version: "peer is incompatible: ServerDoesNotSupportTls12Or13",
            nothing_in_common: "received fatal alert: HandshakeFailure",
            prime: "received fatal alert: HandshakeFailure",
            renegotiation: "",
        },
        source: "its default provider, which the test below compares with this row",
    },
    TlsClient {
        name: "OpenSSL 3",
        programs: "PHP, curl, Node.js, swaks",
        least: Version::Tls12,
        older_versions: Has::No,
        needs_renegotiation_info: true,
        // At security level 2, the default in Debian, Ubuntu, RHEL and OpenSSL 3.2 or later. Level 1 accepts 1024 bits.
        shortest_prime: Some(2048),
        static_rsa: Has::Yes,
        cbc_sha1: Has::Yes,
        cbc_sha2: Has::Yes,
        groups: ALL_GROUPS,
        sha1: Has::No,
        ed448: Has::Yes,
        pss_key: Has::Yes,
        words: Words {
            version: "unsupported protocol",
            nothing_in_common: "sslv3 alert handshake failure",
            prime: "dh key too small",
            renegotiation: "unsafe legacy renegotiation disabled",
        },
        source: "measured with openssl s_client and curl, 3.0.22 at security level 2; SSL_CTX_set_security_level(3), SSL_CTX_set_options(3) (SSL_OP_LEGACY_SERVER_CONNECT is off from 3.0 on)",
    },
    TlsClient {
        name: "Python",
        programs: "3.10 and later: smtplib, Django",
        least: Version::Tls12,
        older_versions: Has::No,
        needs_renegotiation_info: true,
        shortest_prime: Some(2048),
        static_rsa: Has::No,
        cbc_sha1: Has::No,
        cbc_sha2: Has::Yes,
        groups: ALL_GROUPS,
        sha1: Has::No,
        ed448: Has::Yes,
        pss_key: Has::Yes,
        words: Words {
            version: "UNSUPPORTED_PROTOCOL",
            nothing_in_common: "SSLV3_ALERT_HANDSHAKE_FAILURE",
            prime: "DH_KEY_TOO_SMALL",
            renegotiation: "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
        },
        source: "measured with ssl.create_default_context(), 3.11.7 with OpenSSL 3.0.22; its own cipher string excludes SHA-1 and RSA key exchange",
    },
    TlsClient {
        name: "GnuTLS",
        programs: "Exim on Debian, msmtp",
        least: Version::Tls10,
        older_versions: Has::No,
        needs_renegotiation_info: false,
        shortest_prime: Some(1008),
        static_rsa: Has::Yes,
        cbc_sha1: Has::Yes,
        cbc_sha2: Has::No,
        groups: ALL_GROUPS,
        sha1: Has::Yes,
        ed448: Has::Yes,
        pss_key: Has::Yes,
        words: Words {
            version: "A TLS fatal alert has been received",
            nothing_in_common: "A TLS fatal alert has been received",
            prime: "The Diffie-Hellman prime sent by the server is not acceptable (not long enough)",
            renegotiation: "",
        },
        source: "measured with gnutls-cli 3.7.9, priority NORMAL (primes of 1024 bits and more); gnutls_dh_set_prime_bits(3): the priority string sets the minimum",
    },
    TlsClient {
        name: "Java",
        programs: "Jakarta Mail, Spring, Jenkins",
        least: Version::Tls12,
        older_versions: Has::No,
        needs_renegotiation_info: false,
        shortest_prime: Some(1024),
        static_rsa: Has::Until("JDK 23"),
        cbc_sha1: Has::Yes,
        cbc_sha2: Has::Yes,
        groups: &[X25519, P256, P384, P521, X448, FFDHE[0], FFDHE[1], FFDHE[2], FFDHE[3], FFDHE[4]],
        sha1: Has::Until("JDK 24"),
        ed448: Has::Yes,
        pss_key: Has::Yes,
        words: Words {
            version: "Received fatal alert: protocol_version",
            nothing_in_common: "Received fatal alert: handshake_failure",
            prime: "DH ServerKeyExchange does not comply to algorithm constraints",
            renegotiation: "",
        },
        source: "measured with JDK 17.0.15; jdk.tls.disabledAlgorithms in java.security (DH keySize < 1024, TLSv1, TLSv1.1); JDK 24 adds TLS_RSA_*",
    },
    TlsClient {
        name: "Windows Schannel",
        programs: "Outlook, Exchange, .NET",
        least: Version::Tls12,
        older_versions: Has::Until("Windows 11 23H2 and Windows Server 2022"),
        needs_renegotiation_info: false,
        shortest_prime: Some(1024),
        static_rsa: Has::Yes,
        cbc_sha1: Has::Yes,
        cbc_sha2: Has::Yes,
        groups: &[X25519, P256, P384],
        sha1: Has::Unknown,
        ed448: Has::No,
        pss_key: Has::Unknown,
        words: Words {
            version: "The client and server cannot communicate, because they do not possess a common algorithm",
            nothing_in_common: "The client and server cannot communicate, because they do not possess a common algorithm",
            prime: "The client and server cannot communicate, because they do not possess a common algorithm",
            renegotiation: "",
        },
        source: "Microsoft Learn: TLS registry settings (ClientMinKeyBitLength, DisableRenegoOnClient), TLS cipher suites and elliptic curves by Windows version; not measured",
    },
    TlsClient {
        name: "Go",
        programs: "net/smtp, Gitea, Grafana",
        least: Version::Tls12,
        older_versions: Has::No,
        needs_renegotiation_info: false,
        shortest_prime: None,
        static_rsa: Has::Until("Go 1.21"),
        cbc_sha1: Has::Yes,
        cbc_sha2: Has::No,
        groups: &[X25519, P256, P384, P521, X25519_MLKEM],
        sha1: Has::Until("Go 1.24"),
        ed448: Has::No,
        pss_key: Has::No,
        words: Words {
            version: "tls: server selected unsupported protocol version",
            nothing_in_common: "remote error: tls: handshake failure",
            prime: "remote error: tls: handshake failure",
            renegotiation: "",
        },
        source: "measured with Go 1.19; release notes of Go 1.22 (RSA key exchange), crypto/tls cipher_suites.go (no DHE, CBC with SHA-256 off)",
    },
];

#[cfg(test)]
mod tests {
    use super::{CLIENTS, Has};
    use crate::wire::tls::group_name;

    #[test]
    fn every_row_has_a_source_and_named_groups() {
        for client in CLIENTS {
            assert!(client.source.len() > 20, "{}", client.name);
            assert!(client.groups.iter().all(|&group| !group_name(group).starts_with("0x")), "{}", client.name);
            assert_eq!(client.needs_renegotiation_info, !client.words.renegotiation.is_empty(), "{}", client.name);
        }
    }

    #[test]
    fn the_first_row_is_the_library_that_smtpcheck_uses() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let first = CLIENTS.first().expect("a first row");
        let mut groups: Vec<u16> = provider.kx_groups.iter().map(|group| u16::from(group.name())).collect();
        let mut row = first.groups.to_vec();
        groups.sort_unstable();
        row.sort_unstable();
        assert_eq!(groups, row);
        let suites: Vec<&str> = provider.cipher_suites.iter().filter_map(|suite| suite.suite().as_str()).collect();
        assert!(suites.iter().all(|name| name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_")), "{suites:?}");
        assert!(!suites.iter().any(|name| name.contains("_CBC_")), "{suites:?}");
        let schemes = provider.signature_verification_algorithms.supported_schemes();
        let has = |id: u16| if schemes.iter().any(|scheme| u16::from(*scheme) == id) { Has::Yes } else { Has::No };
        assert_eq!((has(0x0201), has(0x0808), has(0x0809)), (first.sha1, first.ed448, first.pss_key));
    }
}
