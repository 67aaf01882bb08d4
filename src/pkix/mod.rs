//! Certificates judged as RFC 5280 says: whether a chain leads to a trust anchor, whom it names, what an OCSP response
//! that came with it is worth. Pure functions of bytes and a moment; no I/O, no clock, no store.
//!
//! The reason for code of our own: a diagnosis must see every fault and not the first, must accept what the clients of mail
//! accept and must never accept what one of them refuses. webpki stops at the first fault, leaves out keyUsage of
//! authorities and everything about the anchor's certificate, and refuses extensions that OpenSSL and GnuTLS process.
//!
//! Reading order: [`path`], then [`certificate`], [`constraints`], [`names`], [`signature`] with [`rare`], [`ocsp`]; [`der`] and
//! [`directory`] read the bytes. What was found becomes `evidence`, and `evidence::doubt` decides from it whether a client may go on.

pub(crate) mod certificate;
mod constraints;
mod curve;
pub(crate) mod der;
mod directory;
mod form;
pub(crate) mod names;
pub(crate) mod ocsp;
pub(crate) mod path;
mod rare;
mod rarity;
pub(crate) mod signature;

pub(crate) use certificate::ParsedCertificate;
pub(crate) use path::{Anchor, Found, find};
pub(crate) use rarity::rarities;
