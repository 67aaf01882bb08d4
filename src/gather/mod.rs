//! The network: sockets, names, TLS. [`Gatherer`] answers the questions of one inquiry.
//!
//! Sessions run concurrently as tasks of the gatherer, and end with it. It uses the runtime of its caller
//! (`run::Engine`), so that one thread can serve any number of inquiries. There is one deadline for each reply and each
//! handshake ([`session`]), one for connecting ([`dial`]), and one for the entire inquiry ([`gatherer`]).

mod anchor;
mod bundle;
mod certificate;
#[cfg(test)]
mod chains;
mod connecting;
mod context;
mod dial;
mod dns;
mod duration;
mod fetch;
mod gatherer;
mod hello;
mod identity;
mod names;
mod pace;
mod proxy;
mod proxy_header;
mod race;
mod roots;
mod session;
mod shared;
mod socket;
mod staple;
mod stream;
mod tap;
mod tls;
mod trust;
mod verify;

use rustls::pki_types::CertificateDer;

use crate::evidence::{Certificate, Staple};
use crate::pkix::SignatureCache;

pub(crate) use context::CheckSecrets;
pub(crate) use gatherer::Gatherer;
pub(crate) use names::{LookupCache, SharedLookups};
pub(crate) use shared::SharedFiles;

/// Parses a chain of certificates and its OCSP response in the same way as those of a handshake. Trust is not
/// evaluated.
pub fn certificates(chain: &[Vec<u8>], staple: &[u8]) -> (Vec<Certificate>, Option<Staple>) {
    let ders: Vec<CertificateDer<'_>> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    (certificate::read_chain(&ders, &SignatureCache::default()), staple::read(staple, ders.first(), None, None, 0))
}
