//! The response of a web server to a GET request. This file contains facts only.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::presented::Presented;

/// The maximum number of bytes of a body that are read: the limit that RFC 8461 §3.2 suggests for MTA-STS policies.
pub const MAX_BODY: usize = 64 * 1024;

/// The response to a GET request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FetchSeen {
    /// The IP address and port that the request was sent to.
    pub address: SocketAddr,
    /// The TLS version; null without TLS.
    pub tls_version: Option<String>,
    /// The web server's certificates; null without TLS. If they fail verification, no request is sent.
    pub presented: Option<Box<Presented>>,
    /// The response; null if no request was sent, because the certificate fails verification.
    pub response: Option<HttpResponse>,
}

/// An HTTP response. Redirects are not followed (RFC 8461 §3.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The Content-Type header.
    pub content_type: Option<String>,
    /// The Location header.
    pub location: Option<String>,
    /// The body, at most [`MAX_BODY`] bytes. Bytes that are not UTF-8 are replaced with U+FFFD.
    pub body: String,
    /// The number of bytes of the body that were received.
    pub body_bytes: usize,
    /// Whether the body is longer than the limit.
    pub too_long: bool,
    /// Whether the server stopped before the body was complete, or the time limit was reached.
    pub is_cut: bool,
    /// Whether the body is not complete because the time limit was reached.
    #[serde(default)]
    pub timed_out: bool,
}
