//! The network: sockets, names, TLS. It answers the questions of one inquiry ([`Gatherer`]).
//!
//! Sessions run side by side as tasks of the gatherer, and end with it. It has no runtime: the caller's is used
//! (`run::Engine`), so that one thread can gather for any number of inquiries. Deadlines: one for each reply and each
//! handshake ([`session`]), one for connecting ([`dial`]), one for everything ([`gatherer`]).

mod certificate;
#[cfg(test)]
mod chains;
mod context;
mod dial;
mod duration;
mod gatherer;
mod hello;
mod identity;
mod names;
mod roots;
mod session;
mod shared;
mod staple;
mod tap;
mod tls;
mod trust;
mod verify;

use rustls::pki_types::CertificateDer;

use crate::evidence::{Certificate, Staple};

pub(crate) use gatherer::Gatherer;
pub(crate) use shared::SharedFiles;

/// What a chain of certificates and the OCSP response beside it contain, read as those of a handshake are; whether clients
/// trust them is not decided.
pub fn certificates(chain: &[Vec<u8>], staple: &[u8]) -> (Vec<Certificate>, Option<Staple>) {
    let ders: Vec<CertificateDer<'_>> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    (certificate::read_chain(&ders), staple::read(staple, ders.first(), None, None, 0))
}
