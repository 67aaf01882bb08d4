//! The unencrypted start of TLS: a ClientHello whose handshake is never completed, and the server's response to it.
//!
//! A TLS library rejects old versions, weak cipher suites and faulty servers, and its error messages rarely contain the
//! reason. One exchange is enough to find the reason: send a [`ClientHello`] that offers exactly one feature, parse the
//! [`TlsAnswer`], and close the connection. Up to TLS 1.2, the response contains the certificates and the key exchange
//! in clear text. A TLS 1.3 server that receives no key share sends its preferred group in a HelloRetryRequest.
//! Therefore this module does not encrypt, does not verify and does not handle secrets, and it must not be used to send
//! mail. The caller provides the random bytes and owns the socket and the deadline.
//!
//! Read next: [`hello`] (the bytes that are sent), [`reader`] (parsing the received bytes), [`answer`] (the contents of
//! the response).

pub(crate) mod answer;
mod fields;
pub(crate) mod first_bytes;
#[cfg(test)]
mod flights;
pub(crate) mod hello;
pub(crate) mod names;
mod offers;
pub(crate) mod reader;
mod suites;
pub(crate) mod version;
pub(crate) mod weak;

pub use answer::{MAX_TEXT, ServerHello, TlsAnswer};
pub use first_bytes::FirstBytes;
pub use hello::{ClientHello, HelloShape};
pub use names::{alert_name, group_name, is_post_quantum, scheme_name, suite_name};
pub use reader::FlightReader;
pub use version::Version;
pub use weak::WeakClass;
