//! Verifies certificates according to RFC 5280: whether there is a path from the server certificate to a trust anchor,
//! which hosts the certificate covers, and whether the OCSP response sent with it is valid. All functions are pure:
//! they take bytes and a time and do no I/O.
//!
//! smtpcheck has its own verifier for three reasons. A diagnosis must report every fault, not only the first. The
//! verifier must accept certificates that mail clients accept. It must never accept a certificate that one of them
//! rejects. webpki stops at the first fault. It ignores keyUsage of CA certificates and the entire certificate of the
//! trust anchor. It rejects extensions that OpenSSL and GnuTLS support.
//!
//! Read [`path`] with [`issuer`] first, then [`certificate`], [`constraints`], [`names`], [`signature`] with [`cache`] and [`rare`],
//! and [`ocsp`]; [`der`] and [`directory`] parse the bytes. The results become `evidence`, from which `evidence::doubt`
//! decides whether a client may continue.

mod cache;
pub(crate) mod certificate;
mod constraints;
mod curve;
pub(crate) mod der;
mod directory;
mod form;
mod issuer;
pub(crate) mod names;
pub(crate) mod ocsp;
pub(crate) mod path;
mod rare;
mod rarity;
pub(crate) mod signature;

pub(crate) use cache::{CertificateSignature, SignatureCache};
pub(crate) use certificate::ParsedCertificate;
pub(crate) use issuer::{Anchor, ChainNames};
pub(crate) use path::{Found, find};
pub(crate) use rarity::rarities;
