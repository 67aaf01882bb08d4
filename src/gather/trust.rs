//! The trust anchors: the certificates in the file that the user specified, those in the trust store of this machine,
//! or Mozilla's root certificates.
//!
//! A file that the user specified is read before any data is sent, so that mistakes in it are reported early. A
//! separate thread reads the system's trust store during the first handshake, because a variable can name a pipe.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::watch;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::anchor::StoredAnchor;
use super::roots;
use crate::evidence::TrustStore;
use crate::host::{SetupError, file};
use crate::pkix;
use crate::plan::Plan;

/// The trust anchors and their source.
pub(crate) struct Store {
    pub(crate) origin: TrustStore,
    pub(super) anchors: Vec<StoredAnchor>,
}

/// The trust store of a run, which is read at most once.
#[derive(Clone)]
pub(crate) struct Anchors(Arc<TrustStoreReading>);

struct TrustStoreReading {
    store: OnceLock<Store>,
    is_begun: AtomicBool,
    /// Wakes the tasks that are waiting for the store.
    done: watch::Sender<()>,
}

impl Anchors {
    pub(crate) fn new(plan: &Plan) -> Result<Anchors, SetupError> {
        let store = OnceLock::new();
        if let Some(path) = &plan.tls.cacert {
            let _ = store.set(from_file(path)?);
        }
        Ok(Anchors(Arc::new(TrustStoreReading {
            store,
            is_begun: AtomicBool::new(false),
            done: watch::Sender::new(()),
        })))
    }

    /// Starts reading, without waiting for the result.
    pub(crate) fn prefetch(&self) {
        if self.0.store.get().is_some() || self.0.is_begun.swap(true, Ordering::Relaxed) {
            return;
        }
        let read = |reading: &TrustStoreReading| {
            reading.store.get_or_init(from_system);
            reading.done.send_replace(());
        };
        let reading = Arc::clone(&self.0);
        // If a file never ends, the thread runs until the program ends. The wait for the thread ends at the overall
        // time limit.
        let begun = std::thread::Builder::new().name("trust store".to_owned()).spawn(move || read(&reading));
        if begun.is_err() {
            read(&self.0);
        }
    }

    /// Waits until the store has been read, and returns it.
    pub(crate) async fn wait(&self) -> &Store {
        self.prefetch();
        let mut done = self.0.done.subscribe();
        loop {
            if let Some(store) = self.0.store.get() {
                return store;
            }
            // The sender exists as long as this object exists.
            let _ = done.changed().await;
        }
    }
}

fn from_file(path: &Path) -> Result<Store, SetupError> {
    let fault = |why: String| SetupError::File { flag: "--cacert", path: path.to_owned(), why };
    let bytes = file::contents(path).map_err(|error| fault(file::reason(&error)))?;
    let looks_like_der = bytes.first() == Some(&0x30);
    let certs: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&in_one_form(&bytes)).filter_map(Result::ok).collect();
    if certs.is_empty() {
        return Err(fault(if looks_like_der {
            format!("is DER; convert it with: openssl x509 -inform der -in {} -out ca.pem", path.display())
        } else {
            "contains no certificate; a PEM certificate begins with the line -----BEGIN CERTIFICATE-----".to_owned()
        }));
    }
    // OpenSSL and GnuTLS reject a file if one of its certificates cannot be parsed.
    let is_unreadable = |der: &CertificateDer<'_>| {
        pkix::ParsedCertificate::read(der).is_none() && X509Certificate::from_der(der).is_err()
    };
    if let Some(place) = certs.iter().position(is_unreadable) {
        return Err(fault(format!("certificate {} of {} cannot be parsed", place + 1, certs.len())));
    }
    let origin = TrustStore::File { path: path.display().to_string(), anchors: certs.len() };
    Ok(Store { origin, anchors: certs.into_iter().map(StoredAnchor::Certificate).collect() })
}

/// Converts PEM to the form that the parser expects: without a UTF-8 byte order mark, and with the label of RFC 7468
/// §5.1. OpenSSL and GnuTLS also accept the label used by old versions of OpenSSL.
fn in_one_form(bytes: &[u8]) -> Vec<u8> {
    const OLD: &[u8] = b" X509 CERTIFICATE-----";
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines: Vec<u8> = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        match text.strip_suffix(OLD).filter(|start| matches!(*start, b"-----BEGIN" | b"-----END")) {
            Some(start) => {
                lines.extend(start);
                lines.extend(b" CERTIFICATE-----\n");
            }
            None => lines.extend(line),
        }
    }
    lines
}

fn from_system() -> Store {
    let anchors = roots::of_this_machine();
    if anchors.is_empty() {
        let anchors: Vec<StoredAnchor> = webpki_roots::TLS_SERVER_ROOTS.iter().map(compiled_in).collect();
        return Store { origin: TrustStore::Mozilla { anchors: anchors.len() }, anchors };
    }
    Store { origin: TrustStore::System { anchors: anchors.len() }, anchors }
}

/// Converts a root from webpki, which stores only the content of each SEQUENCE.
fn compiled_in(anchor: &rustls::pki_types::TrustAnchor<'_>) -> StoredAnchor {
    StoredAnchor::Key {
        subject: pkix::der::wrap(pkix::der::tag::SEQUENCE, &anchor.subject),
        key: pkix::der::wrap(pkix::der::tag::SEQUENCE, &anchor.subject_public_key_info),
        constraints: anchor.name_constraints.as_ref().map(|content| content.to_vec()),
    }
}
