//! A TLS handshake as it was seen. Read next: [`super::presented`], the certificates that came with it.

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
    /// The cipher suite by its IANA name.
    pub cipher: String,
    /// The key exchange group; none on a resumed session.
    pub group: Option<String>,
    /// The signature scheme by which the server proved its key, as in RFC 8446 §4.2.3; none if none was seen.
    pub signature: Option<String>,
    /// The protocol by ALPN (RFC 7301); smtpcheck offers none, so a server should choose none.
    pub alpn: Option<String>,
    /// How it came about.
    pub kind: HandshakeKind,
    /// The name in our ClientHello; an address sends none (RFC 6066 §3).
    pub sni: Option<String>,
    /// Milliseconds from the ClientHello to the end of the handshake.
    pub ms: f64,
    /// Whether the server asked for a client certificate.
    pub client_certificate_requested: bool,
    /// Whether it got one (`--cert`).
    pub client_certificate_sent: bool,
    /// The OCSP response that came with the certificate (RFC 6066 §8); none if none came.
    pub staple: Option<Staple>,
    /// The certificates.
    #[serde(flatten)]
    pub presented: Presented,
    /// Why the handshake's signature does not count; none: the key of the certificate made it.
    pub signature_fault: Option<String>,
    /// What the server's first flight said in clear text; none if it could not be read.
    #[serde(default)]
    pub server_hello: Option<ServerHello>,
}

/// How a handshake came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HandshakeKind {
    /// In one round.
    Full,
    /// The server asked for another key share first, which costs a round trip (RFC 8446 §4.1.4).
    FullWithRetry,
    /// A session of before went on.
    Resumed,
}

/// An OCSP response that the server sent along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Staple {
    /// What it says of the certificate.
    pub status: StapleStatus,
    /// Until when it holds; none if it does not say.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub next_update: Option<Timestamp>,
    /// Why the response does not count for this certificate; none: it counts.
    #[serde(default)]
    pub fault: Option<StapleFault>,
}

/// Why an OCSP response does not count (RFC 6960 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StapleFault {
    /// It is no OCSP response.
    Unreadable,
    /// The responder had no answer (RFC 6960 §2.3).
    ResponderError,
    /// It is about another certificate, or about another one in the first place.
    OtherCertificate,
    /// The certificate of the issuer is not known, so that nothing can be verified.
    UnknownIssuer,
    /// It is signed neither by the issuer nor by a responder that the issuer authorized.
    WrongSignature,
    /// Its time has passed.
    OutOfDate,
}

impl StapleFault {
    /// Whether GnuTLS ends a connection for it. After an error of the responder it goes on; without the issuer the chain is not
    /// trusted anyway.
    pub fn is_refused(&self) -> bool {
        !matches!(self, StapleFault::ResponderError | StapleFault::UnknownIssuer)
    }
}

impl Staple {
    /// Whether the issuer says by it that the certificate is revoked.
    pub fn revokes(&self) -> bool {
        self.status == StapleStatus::Revoked && self.fault.is_none()
    }
}

/// What an OCSP response says of a certificate (RFC 6960 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StapleStatus {
    /// It is not revoked.
    Good,
    /// It is revoked.
    Revoked,
    /// The responder does not know it.
    Unknown,
    /// The response is an error, or no OCSP response.
    Unreadable,
}

impl Handshake {
    /// The certificate of the server itself.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.presented.leaf()
    }
}
