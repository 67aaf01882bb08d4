//! The facts of a completed TLS handshake. Read next: [`super::presented`], the certificates that the server sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Certificate, Presented};
use crate::wire::tls::ServerHello;

/// A completed handshake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Handshake {
    /// `1.2` or `1.3`.
    pub version: String,
    /// The IANA name of the cipher suite.
    pub cipher: String,
    /// The key exchange group; null for a resumed session.
    pub group: Option<String>,
    /// The signature scheme that the server used to prove that it has the private key, named as in RFC 8446 §4.2.3;
    /// null if it is not known.
    pub signature: Option<String>,
    /// The protocol selected by ALPN (RFC 7301). smtpcheck offers no protocol, so a server should select none.
    pub alpn: Option<String>,
    /// The kind of handshake.
    pub kind: HandshakeKind,
    /// The server name in the ClientHello (SNI); null if the target is an IP address (RFC 6066 §3).
    pub sni: Option<String>,
    /// Milliseconds from the ClientHello to the end of the handshake.
    pub ms: f64,
    /// Whether the server requested a client certificate.
    pub client_certificate_requested: bool,
    /// Whether smtpcheck sent one (`--cert`).
    pub client_certificate_sent: bool,
    /// The OCSP response that the server sent with the certificate (RFC 6066 §8); null if it sent none.
    pub staple: Option<Staple>,
    /// The certificates.
    #[serde(flatten)]
    pub presented: Presented,
    /// Why the signature of the handshake is not valid; null if it was made with the certificate's key.
    pub signature_fault: Option<String>,
    /// The unencrypted part of the server's first flight; null if it could not be parsed.
    #[serde(default)]
    pub server_hello: Option<ServerHello>,
}

/// The kind of handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HandshakeKind {
    /// A full handshake without an additional round trip.
    Full,
    /// The server first requested another key share, which takes one more round trip (RFC 8446 §4.1.4).
    FullWithRetry,
    /// An earlier session was resumed.
    Resumed,
}

/// An OCSP response that the server sent with its certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Staple {
    /// The status of the certificate.
    pub status: StapleStatus,
    /// The time until which the response is valid; null if it contains none.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub next_update: Option<Timestamp>,
    /// Why the response is not valid for this certificate; null if it is valid.
    #[serde(default)]
    pub fault: Option<StapleFault>,
}

/// Why an OCSP response is not valid (RFC 6960 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StapleFault {
    /// It is not an OCSP response.
    Unreadable,
    /// The responder returned an error (RFC 6960 §2.3).
    ResponderError,
    /// It is for another certificate, or its first entry is.
    OtherCertificate,
    /// The issuer's certificate is not known, so the response cannot be verified.
    UnknownIssuer,
    /// It is signed neither by the issuer nor by a responder that the issuer has authorized.
    WrongSignature,
    /// It has expired.
    OutOfDate,
}

impl StapleFault {
    /// Whether GnuTLS closes the connection because of this fault. GnuTLS accepts an error of the responder. If the
    /// issuer is unknown, the chain is not trusted in any case.
    pub fn is_refused(&self) -> bool {
        !matches!(self, StapleFault::ResponderError | StapleFault::UnknownIssuer)
    }
}

impl Staple {
    /// Whether this response states that the certificate is revoked.
    pub fn revokes(&self) -> bool {
        self.status == StapleStatus::Revoked && self.fault.is_none()
    }
}

/// The status of a certificate in an OCSP response (RFC 6960 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StapleStatus {
    /// The certificate is not revoked.
    Good,
    /// The certificate is revoked.
    Revoked,
    /// The responder has no information about the certificate.
    Unknown,
    /// The response is an error, or cannot be parsed.
    Unreadable,
}

impl Handshake {
    /// The server's own certificate.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.presented.leaf()
    }
}
