//! TLS before any key exchange: a ClientHello that is never completed, and what a server answers to it.
//!
//! A TLS library refuses old versions, weak suites and odd servers, and says little about why. To *name* such a
//! server one question is enough: send a [`Hello`] that offers exactly one thing, read the [`Answer`], hang up. Up to
//! TLS 1.2 the answer carries certificates and key exchange in clear; a TLS 1.3 server that finds no key share names
//! its group in a HelloRetryRequest. So nothing here encrypts, verifies or keeps a secret, and nothing here may be
//! used to send mail. The caller gives the random bytes and owns the socket and the deadline.
//!
//! Read next: [`hello`] (what is sent), [`reader`] (bytes to one answer), [`answer`] (what is in it).

pub(crate) mod answer;
pub(crate) mod first_bytes;
#[cfg(test)]
mod flights;
pub(crate) mod hello;
pub(crate) mod names;
mod offers;
pub(crate) mod reader;
pub(crate) mod version;
pub(crate) mod weak;

pub use answer::{MAX_TEXT, ServerHello, TlsAnswer};
pub use first_bytes::FirstBytes;
pub use hello::{ClientHello, HelloShape};
pub use names::{alert_name, group_name, is_post_quantum, scheme_name, suite_name};
pub use reader::FlightReader;
pub use version::Version;
pub use weak::WeakClass;
